/* Messages are put, sent once, told when they fail. */
#include "engine/notice/notice.h"

#include "lib/harness.h"

static const char *const names[] = { "number", "code", "procedure", "unit", "link", NULL };

static enum err
put_tx(struct ctx *cx, void *arg)
{
    return notice_put(cx, arg);
}

static void
put(struct ctx *cx, const char *number, const char *email, const char *phone)
{
    const struct str values[] = { str_of(number), STR("MẬT-MÃ"), STR("Khai sinh"), STR("Xã Bom Bo"),
                                  STR("http://x") };
    struct notice_new in = { .party = 7,
                             .key = "submitted",
                             .email = str_of(email),
                             .phone = str_of(phone),
                             .names = names,
                             .values = values };
    ASSERT_OK(cx, store_write(cx, put_tx, &in));
}

static const struct jobs_topic *const topics[] = { notice_topics };
static const struct jobs_config config = { .topics = topics, .n_topics = 1 };

static void
test_notice_put_sms_is_sent_by_the_job(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct notice *v = NULL;
    size_t n = 0;
    put(cx, "H19.1", "", "0900000001");
    ASSERT_OK(cx, notice_queue(cx, STR("sms"), STR("waiting"), 0, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, jobs_drain(cx, &config));
    ASSERT_OK(cx, notice_queue(cx, STR("sms"), STR("sent"), 0, &v, &n));
    assert_int_equal(n, 1);
    assert_true(str_find(v[0].body, STR("H19.1")) < v[0].body.n);
    ASSERT_OK(cx, notice_of_party(cx, 7, 0, &v, &n));
    assert_int_equal(n, 1);
}

/* A value that looks like a placeholder is not filled again. */
static void
test_notice_put_placeholder_in_value_stays(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct notice *v = NULL;
    size_t n = 0;
    put(cx, "{link}", "", "0900000001");
    ASSERT_OK(cx, notice_of_party(cx, 7, 0, &v, &n));
    assert_true(str_find(v[0].subject, STR("{link}")) < v[0].subject.n);
}

static void
test_notice_mail_without_server_waits(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    env->config.is_demo = false;
    struct notice *v = NULL;
    size_t n = 0;
    put(cx, "H19.1", "mo@vidu.example", "");
    ASSERT_OK(cx, jobs_drain(cx, &config));
    ASSERT_OK(cx, notice_queue(cx, STR("mail"), STR("waiting"), 0, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(test_count(cx, "outbox"), 1);
    assert_int_equal(notice_again(cx, v[0].id), ERR_CONFLICT);
}

static void
test_notice_mail_in_the_demo_without_server_is_simulated(void **state)
{
    struct test_env *env = *state;
    struct notice *v = NULL;
    size_t n = 0;
    put(env->cx, "H19.1", "mo@vidu.example", "");
    ASSERT_OK(env->cx, jobs_drain(env->cx, &config));
    ASSERT_OK(env->cx, notice_queue(env->cx, STR("mail"), STR("sent"), 0, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(test_count(env->cx, "outbox"), 0);
}

/* An address that could end the SMTP line is never sent, and may be tried again by hand. */
static void
test_notice_mail_to_hostile_address_fails(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct notice *v = NULL;
    size_t n = 0;
    put(cx, "H19.1", "a@b>\r\nRCPT TO:<c@d", "");
    ASSERT_OK(cx, jobs_drain(cx, &config));
    ASSERT_OK(cx, notice_queue(cx, STR("mail"), STR("failed"), 0, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, notice_again(cx, v[0].id));
    ASSERT_OK(cx, notice_queue(cx, STR("mail"), STR("waiting"), 0, &v, &n));
    assert_int_equal(n, 1);
}

static enum err
put_unknown_tx(struct ctx *cx, void *arg)
{
    struct notice_new in = { .party = 7, .key = "no_such", .phone = STR("0900000001") };
    (void)arg;
    return notice_put(cx, &in);
}

static void
test_notice_put_unknown_text_is_refused(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    assert_int_equal(store_write(cx, put_unknown_tx, NULL), ERR_INTERNAL);
    assert_int_equal(test_count(cx, "notice"), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, test_env_set_up, test_env_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_notice_put_sms_is_sent_by_the_job),
        T(test_notice_put_placeholder_in_value_stays),
        T(test_notice_mail_without_server_waits),
        T(test_notice_mail_to_hostile_address_fails),
        T(test_notice_put_unknown_text_is_refused),
        T(test_notice_mail_in_the_demo_without_server_is_simulated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
