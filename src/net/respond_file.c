/* respond_file.c: conditional requests (RFC 9110 13) and single byte ranges (RFC 9110 14). */
#include "net/server_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct str
without_weak(struct str etag)
{
    return str_starts(etag, STR("W/")) ? str_slice(etag, 2, etag.n) : etag;
}

/* Does If-None-Match name the answer's entity tag? Weak comparison; GET and HEAD only. */
bool
respond_not_modified(const struct req *r)
{
    if (r->rs.etag.n == 0 || (r->rq.method != HTTP_GET && r->rq.method != HTTP_HEAD)) {
        return false;
    }
    struct str list = http_header_get(&r->rq, STR("If-None-Match"));
    struct str part;
    while (str_next(&list, ',', &part)) {
        part = str_trim(part);
        if (str_eq(part, STR("*")) || str_eq(without_weak(part), without_weak(r->rs.etag))) {
            return true;
        }
    }
    return false;
}

enum range
range_parse(struct str value, int64_t size, int64_t *ret_from, int64_t *ret_n)
{
    struct str first, last;
    if (!str_starts(value, STR("bytes=")) || str_has_char(value, ',')) {
        return RANGE_NONE;
    }
    if (!str_cut(str_slice(value, 6, value.n), '-', &first, &last)) {
        return RANGE_NONE;
    }
    int64_t from = 0, to = size - 1;
    if (first.n == 0) { /* the last n bytes */
        int64_t n = 0;
        if (!str_to_i64(last, 0, INT64_MAX, &n)) {
            return RANGE_NONE;
        }
        from = n < size ? size - n : 0;
        to = n == 0 ? -1 : size - 1;
    } else if (!str_to_i64(first, 0, INT64_MAX, &from) ||
               (last.n != 0 && !str_to_i64(last, from, INT64_MAX, &to))) {
        return RANGE_NONE;
    }
    to = to < size - 1 ? to : size - 1;
    if (from > to) {
        return RANGE_BAD;
    }
    *ret_from = from;
    *ret_n = to - from + 1;
    return RANGE_ONE;
}

/* If-Range with another tag than ours, or with a date (we send none): the whole file. */
static bool
range_applies(const struct req *r)
{
    struct str if_range = http_header_get(&r->rq, STR("If-Range"));
    if (r->rs.status != 200 || r->rq.method != HTTP_GET) {
        return false;
    }
    return if_range.p == NULL || (str_eq(if_range, r->rs.etag) && !str_starts(if_range, STR("W/")));
}

static void
range_apply(struct req *r, int64_t size)
{
    struct http_response *rs = &r->rs;
    int64_t from = 0, n = 0;
    struct str value = http_header_get(&r->rq, STR("Range"));
    if (value.p == NULL || !range_applies(r)) {
        return;
    }
    switch (range_parse(value, size, &from, &n)) {
    case RANGE_ONE:
        rs->status = 206;
        r->file_at = from;
        r->file_left = n;
        http_response_header(
            rs, STR("Content-Range"),
            str_fmt(r->arena, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, from, from + n - 1, size));
        break;
    case RANGE_BAD:
        rs->status = 416;
        r->file_left = 0;
        http_response_header(rs, STR("Content-Range"), str_fmt(r->arena, "bytes */%" PRId64, size));
        break;
    case RANGE_NONE:
        break;
    }
}

/* A body that is in a file, from its first byte to its last. 0, or the status of the error. A file
 * that was given away is gone from its folder afterwards, opened or not. */
int
respond_spooled_open(struct req *r)
{
    struct stat st;
    int fd = open(str_z(r->arena, r->rs.file_path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    respond_spooled_drop(r); /* what is open stays until it is sent */
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)(fd >= 0 ? close(fd) : 0);
        return 500;
    }
    r->fd = fd;
    r->file_at = 0;
    r->file_left = st.st_size;
    return 0;
}

void
respond_spooled_drop(struct req *r)
{
    if (r->rs.kind == HTTP_SPOOLED && r->rs.takes_file) {
        (void)unlink(str_z(r->arena, r->rs.file_path));
    }
}

/* Opens r->rs.file_path and sets status, range and tag. 0, or the status of the error. */
int
respond_file_open(struct req *r)
{
    struct http_response *rs = &r->rs;
    /* the spool file is closed by now: fd is free for the answer's */
    int fd = open(str_z(r->arena, rs->file_path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? 404 : 500;
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || rs->n_headers + 2 > COUNT_OF(rs->headers)) {
        (void)close(fd);
        return 500;
    }
    r->fd = fd;
    r->file_at = 0;
    r->file_left = st.st_size;
    if (rs->etag.n == 0) {
        rs->etag =
            str_fmt(r->arena, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"", (uint64_t)st.st_ino,
                    (uint64_t)st.st_size,
                    (uint64_t)st.st_mtim.tv_sec * 1000000U + (uint64_t)st.st_mtim.tv_nsec / 1000U);
    }
    if (rs->status == 200 && respond_not_modified(r)) {
        rs->status = 304;
        return 0;
    }
    http_response_header(rs, STR("Accept-Ranges"), STR("bytes"));
    range_apply(r, st.st_size);
    return 0;
}
