/* Uploads, the records store, custody. */
#include "engine/paper/paper.h"

#include "base/buf.h"
#include "codec/image.h"
#include "lib/harness.h"
#include "store/blobs.h"

#include <pthread.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

/* A picture whose upper left quarter is red, the rest blue. */
static struct image
picture(struct ctx *cx, uint32_t w, uint32_t h)
{
    struct image img = { w, h, arena_alloc(cx->arena, (size_t)w * h * 3) };
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            bool is_red = x < w / 2 && y < h / 2;
            img.rgb[((size_t)y * w + x) * 3 + (is_red ? 0 : 2)] = 255;
        }
    }
    return img;
}

static struct str
jpeg(struct ctx *cx, uint32_t w, uint32_t h)
{
    struct image img = picture(cx, w, h);
    struct str s = STR_NULL;
    ASSERT_OK(cx, image_to_jpeg(cx, &img, 90, &s));
    return s;
}

static void
expect_bad(struct ctx *cx, struct str bytes, const char *key)
{
    struct paper_file f;
    cx->n_problems = 0;
    assert_int_equal(paper_check(cx, STR("file"), bytes, &f), ERR_INVALID);
    if (!str_eq(cx->problems[0].key, str_of(key))) {
        fail_msg("%s instead of %s", cx->problems[0].key.p, key);
    }
    cx->n_problems = 0;
}

static bool
is_red(const struct image *img, uint32_t x, uint32_t y)
{
    const uint8_t *p = img->rgb + ((size_t)y * img->w + x) * 3;
    return p[0] > 180 && p[2] < 80;
}

static void
test_paper_check_turned_photo_comes_upright_and_bare(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    static const char exif[] =
        "\xff\xe1\x00\x22"
        "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    struct str plain = jpeg(cx, 400, 200);
    struct buf b = buf_new(cx->arena, 1 << 20);
    struct paper_file f;
    struct image img;

    buf_add(&b, str_slice(plain, 0, 2));
    buf_add_bytes(&b, exif, sizeof(exif) - 1);
    buf_add(&b, str_slice(plain, 2, plain.n));
    assert_int_equal(image_exif_orientation(buf_str(&b)), 6);
    ASSERT_OK(cx, paper_check(cx, STR("file"), buf_str(&b), &f));
    ASSERT_STR(f.media, "image/jpeg");
    assert_int_equal(f.pages, 1);
    assert_null(memmem(f.bytes.p, f.bytes.n, "Exif", 4));
    ASSERT_OK(cx, image_decode(cx, f.bytes, PAPER_PIXELS_MAX, 0, &img));
    assert_int_equal(img.w, 200); /* orientation 6: turned right by a quarter */
    assert_int_equal(img.h, 400);
    assert_true(is_red(&img, 150, 50));
    assert_false(is_red(&img, 50, 50));
    assert_false(is_red(&img, 150, 350));
}

static void
test_paper_check_large_photo_is_reduced(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct paper_file f;
    struct image img;

    ASSERT_OK(cx, paper_check(cx, STR("file"), jpeg(cx, 5000, 1000), &f));
    ASSERT_OK(cx, image_decode(cx, f.bytes, PAPER_PIXELS_MAX, 0, &img));
    assert_int_equal(img.w, PAPER_SIDE_PX_MAX);
    assert_int_equal(img.h, 480);
    assert_true(is_red(&img, 100, 100));
}

static struct str
file_bytes(struct ctx *cx, const char *path, size_t most)
{
    FILE *f = fopen(path, "rb");
    char *p = arena_alloc(cx->arena, most);
    assert_non_null(f);
    size_t n = fread(p, 1, most, f);
    assert_true(n < most);
    assert_int_equal(fclose(f), 0);
    return (struct str){ p, n };
}

/* photo.heic: 3,600 x 2,400 points, the same picture; made with heif-enc. */
static void
test_paper_check_heic_becomes_reduced_jpeg(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct str heic = file_bytes(cx, "test/data/photo.heic", 1 << 16);
    struct paper_file f;
    struct image img;

    assert_int_equal(image_kind_of(heic), IMAGE_HEIC);
    ASSERT_OK(cx, paper_check(cx, STR("file"), heic, &f));
    ASSERT_STR(f.media, "image/jpeg");
    assert_int_equal(f.pages, 1);
    ASSERT_OK(cx, image_decode(cx, f.bytes, PAPER_PIXELS_MAX, 0, &img));
    assert_int_equal(img.w, PAPER_SIDE_PX_MAX);
    assert_int_equal(img.h, 1600);
    assert_true(is_red(&img, 300, 200));
    assert_false(is_red(&img, 2000, 200));
    assert_false(is_red(&img, 300, 1400));
    expect_bad(cx, str_slice(heic, 0, heic.n / 2), "paper.bad.damaged");
    assert_int_equal(image_decode(cx, heic, 1000000, 0, &img), ERR_TOO_LARGE);
}

static void
test_paper_check_png_stays_png(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct image img = picture(cx, 60, 40);
    struct str png = STR_NULL;
    struct paper_file f;

    ASSERT_OK(cx, image_to_png(cx, &img, &png));
    ASSERT_OK(cx, paper_check(cx, STR("file"), png, &f));
    ASSERT_STR(f.media, "image/png");
}

static void
test_paper_check_wrong_files_are_refused_with_reason(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct str good = jpeg(cx, 100, 100);

    expect_bad(cx, STR(""), "paper.bad.empty");
    expect_bad(cx, STR("MZ this is a program"), "paper.bad.type");
    expect_bad(cx, STR("<svg xmlns='http://www.w3.org/2000/svg'/>"), "paper.bad.type");
    expect_bad(cx, str_slice(good, 0, 60), "paper.bad.damaged");
    expect_bad(cx, STR("%PDF-1.5\nnothing"), "paper.bad.damaged");
    expect_bad(cx, (struct str){ arena_alloc(cx->arena, PAPER_BYTES_MAX + 1), PAPER_BYTES_MAX + 1 },
               "paper.bad.too_large");
}

/* A small PDF made by hand; qpdf mends the missing table. */
static struct str
pdf_with(struct ctx *cx, const char *extra)
{
    return str_fmt(cx->arena,
                   "%%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R %s >>\nendobj\n2 0 obj\n<< "
                   "/Type /Pages /Kids [3 0 R] /Count 1 "
                   ">>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] "
                   ">>\nendobj\ntrailer\n<< /Root 1 0 R /Size 4 "
                   ">>\n%%%%EOF\n",
                   extra);
}

static void
test_paper_check_pdf_is_normalised_or_refused(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct paper_file f;
    struct paper_file again;

    ASSERT_OK(cx, paper_check(cx, STR("file"), pdf_with(cx, ""), &f));
    ASSERT_STR(f.media, "application/pdf");
    assert_int_equal(f.pages, 1);
    ASSERT_OK(cx, paper_check(cx, STR("file"), pdf_with(cx, ""), &again));
    assert_true(str_eq(f.bytes, again.bytes));
    expect_bad(cx, pdf_with(cx, "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
               "paper.bad.pdf_active");
    expect_bad(cx, pdf_with(cx, "/OpenAction << /S /Java#53cript /JS (x) >>"),
               "paper.bad.pdf_active");
    if (access("/usr/bin/qpdf", X_OK) == 0) {
        struct str in = str_cat(cx->arena, env->data_dir, STR("/in.pdf"));
        struct str out = str_cat(cx->arena, env->data_dir, STR("/out.pdf"));
        struct str locked = STR_NULL;
        ASSERT_OK(cx, sys_file_write(cx, in, f.bytes));
        struct str cmd =
            str_fmt(cx->arena, "qpdf --encrypt secret secret 256 -- " STR_FMT " " STR_FMT,
                    STR_ARG(in), STR_ARG(out));
        assert_int_equal(system(str_z(cx->arena, cmd)), 0);
        ASSERT_OK(cx, sys_file_read(cx, out, 1 << 20, &locked));
        expect_bad(cx, locked, "paper.bad.pdf_encrypted");
    }
}

/* --- a clamd of the test's own ---------------------------------------------------------------- */
struct fake_clamd {
    int fd;
    const char *answer;
    size_t n_received;
};

static void *
fake_clamd_run(void *arg)
{
    struct fake_clamd *f = arg;
    int c = accept(f->fd, NULL, NULL);
    unsigned char b[4096];
    size_t tail = 0; /* zero bytes at the end so far: four of them close the stream */
    ssize_t n = 0;
    while (tail < 4 && (n = read(c, b, sizeof(b))) > 0) {
        f->n_received += (size_t)n;
        for (ssize_t i = 0; i < n; i++) {
            tail = b[i] == 0 ? tail + 1 : 0;
        }
    }
    (void)!write(c, f->answer, strlen(f->answer) + 1);
    close(c);
    return NULL;
}

static void
test_paper_check_virus_is_named(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct str path = str_cat(cx->arena, env->data_dir, STR("/clamd.sock"));
    struct fake_clamd fake = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                               .answer = "stream: Test.Signature FOUND" };
    struct str in = jpeg(cx, 50, 50);
    struct paper_file f;
    pthread_t t;

    memcpy(at.sun_path, path.p, path.n);
    assert_int_equal(bind(fake.fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fake.fd, 4), 0);
    env->config.clamd_socket = path;

    pthread_create(&t, NULL, fake_clamd_run, &fake);
    expect_bad(cx, in, "paper.bad.virus");
    pthread_join(t, NULL);
    assert_true(fake.n_received >= in.n + 18);

    fake.answer = "stream: OK";
    pthread_create(&t, NULL, fake_clamd_run, &fake);
    ASSERT_OK(cx, paper_check(cx, STR("file"), in, &f));
    pthread_join(t, NULL);

    fake.answer = "INSTREAM size limit exceeded. ERROR";
    pthread_create(&t, NULL, fake_clamd_run, &fake);
    assert_int_equal(paper_check(cx, STR("file"), in, &f), ERR_UPSTREAM);
    pthread_join(t, NULL);
    close(fake.fd);
    assert_int_equal(paper_check(cx, STR("file"), in, &f), ERR_UPSTREAM);
}

static void
test_paper_add_same_file_twice_is_one_row(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct paper_new in = { .owner_id = 5,
                            .dossier_id = 9,
                            .requirement = STR("giay-chung-sinh"),
                            .name = STR("C:\\anh\\giấy.jpg"),
                            .captured_by = STR("citizen"),
                            .bytes = jpeg(cx, 300, 200),
                            .field = STR("file") };
    struct paper a;
    struct paper b;
    struct paper *all = NULL;
    struct str bytes = STR_NULL;
    size_t n = 0;

    ASSERT_OK(cx, paper_add(cx, &in, &a));
    ASSERT_OK(cx, paper_add(cx, &in, &b));
    assert_int_equal(a.id, b.id);
    ASSERT_STR(a.name, "giấy.jpg");
    assert_int_equal(a.hash.n, 64);
    ASSERT_OK(cx, paper_view(cx, a.id, &b, &bytes));
    assert_int_equal(bytes.n, a.size_bytes);
    ASSERT_OK(cx, paper_thumbnail(cx, a.id, 100, &bytes));
    assert_int_equal(paper_remove(cx, a.id, 8), ERR_NOT_FOUND); /* of another dossier */
    ASSERT_OK(cx, paper_remove(cx, a.id, 9));
    ASSERT_OK(cx, paper_list(cx, 9, &all, &n));
    assert_int_equal(n, 0);
    assert_int_equal(test_count(cx, "paper"), 1);
}

static void
test_record_reuse_only_by_owner_and_in_force(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct date today = date_at_vn(sys_now_us(cx));
    struct record in = { .owner_id = 5,
                         .type = STR("KQ.G15.000033"),
                         .title = STR("Giấy xác nhận"),
                         .media = STR("application/pdf"),
                         .pages = 1,
                         .issued = today };
    struct paper_new use = { .owner_id = 5, .dossier_id = 11, .requirement = STR("giay") };
    struct record r;
    struct record found;
    struct paper p;
    struct record *list = NULL;
    size_t n = 0;

    ASSERT_OK(cx, record_add(cx, &in, pdf_with(cx, ""), &r));
    ASSERT_OK(cx, record_by_hash(cx, r.hash, &found));
    assert_int_equal(found.id, r.id);
    ASSERT_OK(cx, record_list(cx, 5, STR_NULL, 0, 10, &list, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, paper_reuse(cx, &use, r.id, &p));
    assert_int_equal(p.record_id, r.id);
    use.owner_id = 6;
    assert_int_equal(paper_reuse(cx, &use, r.id, &p), ERR_FORBIDDEN);
    use.owner_id = 5;
    ASSERT_OK(cx, record_revoke(cx, r.id, STR("sai tên"), 0));
    assert_int_equal(record_revoke(cx, r.id, STR("sai tên"), 0), ERR_CONFLICT);
    assert_int_equal(paper_reuse(cx, &use, r.id, &p), ERR_FORBIDDEN);
    ASSERT_OK(cx, record_by_id(cx, r.id, &found));
    ASSERT_STR(found.revoke_reason, "sai tên");
    found = (struct record){ .issued = today, .expires = { today.day - 1 } };
    assert_false(record_is_usable(&found, today));
}

static void
test_custody_return_twice_is_conflict(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct custody in = { .dossier_id = 9,
                          .unit = STR("u1"),
                          .what = STR("Giấy chứng sinh"),
                          .n_copies = 1,
                          .taken_by = STR("3") };
    struct custody *v = NULL;
    size_t n = 0;
    int64_t id = 0;

    ASSERT_OK(cx, custody_take(cx, &in, &id));
    in.id = id;
    in.given_by = STR("3");
    in.given_to = STR("Điểu Thị Sréy");
    ASSERT_OK(cx, custody_held(cx, STR("u1"), 0, 10, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, custody_return(cx, &in, 1));
    assert_int_equal(custody_return(cx, &in, 1), ERR_CONFLICT);
    ASSERT_OK(cx, custody_held(cx, STR("u1"), 0, 10, &v, &n));
    assert_int_equal(n, 0);
    ASSERT_OK(cx, custody_list(cx, 9, &v, &n));
    assert_int_equal(n, 1);
    assert_true(v[0].returned_us > 0);
    ASSERT_STR(v[0].given_to, "Điểu Thị Sréy");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paper_check_turned_photo_comes_upright_and_bare,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_large_photo_is_reduced, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_heic_becomes_reduced_jpeg, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_png_stays_png, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_wrong_files_are_refused_with_reason,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_pdf_is_normalised_or_refused,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_check_virus_is_named, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_paper_add_same_file_twice_is_one_row, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_record_reuse_only_by_owner_and_in_force,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_custody_return_twice_is_conflict, test_env_set_up,
                                        test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
