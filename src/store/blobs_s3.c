/* blobs_s3.c: see blobs_s3.h. */
#include "store/blobs_s3.h"

#include "base/date.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "crypto/digest.h"
#include "net/client.h"
#include "sys/sys.h"

#include <time.h>

#define HASH_LEN   64U
#define TRIES      3
#define REST_MS    150
#define CALL_MS    10000U
#define KEY_BYTES  4096
#define PAGE_BYTES ((size_t)2 << 20)
#define PAGE_N     1000
#define GONE_US    (INT64_C(3600) * 1000000) /* longer than any request between file and row */
#define FILE_BYTES ((size_t)64 << 20)

/* Where the bucket is and what opens it. */
struct place {
    struct str base;   /* https://host/bucket */
    struct str prefix; /* "" or "folder/" */
    struct str id, secret, sigv4;
};

bool
s3_is_on(const struct ctx *cx)
{
    return cx->config != NULL && str_starts(cx->config->blobs_url, STR("s3:"));
}

/* s3:https://host[:port]/bucket[/prefix] */
static enum err
place_of(struct ctx *cx, struct place *ret)
{
    struct arena *a = cx->arena;
    struct str url = str_slice(cx->config->blobs_url, 3, cx->config->blobs_url.n);
    size_t host = str_find(url, STR("://"));
    struct str rest = str_slice(url, host + 3, url.n);
    size_t slash = str_find_char(rest, '/');
    struct str path = str_slice(rest, slash + 1, rest.n);
    size_t end = str_find_char(path, '/');
    struct str prefix = str_slice(path, end + 1, path.n);
    struct str text;
    TRY(sys_file_read(cx, cx->config->blobs_key, KEY_BYTES, &text));
    if (slash >= rest.n || end == 0 || !str_next(&text, '\n', &ret->id) ||
        !str_next(&text, '\n', &ret->secret)) {
        return err_set(cx, ERR_INVALID, "--blobs or --blobs-key is not as it should be");
    }
    bool is_bare = prefix.n == 0 || prefix.p[prefix.n - 1] == '/';
    struct str region = cx->config->blobs_region;
    ret->base = str_slice(url, 0, host + 3 + slash + 1 + end);
    ret->prefix = str_cat(a, prefix, is_bare ? STR("") : STR("/"));
    ret->id = str_trim(ret->id);
    ret->secret = str_trim(ret->secret);
    ret->sigv4 = str_fmt(a, "aws:amz:" STR_FMT ":s3",
                         STR_ARG(str_is_empty(region) ? STR("us-east-1") : region));
    return ERR_OK;
}

/* --- one request ------------------------------------------------------------------------------ */

struct ask {
    const char *method, *folder; /* "blobs" or "gone" */
    struct str hash, query, body;
    size_t max_bytes;
};

static enum err
ask_once(struct ctx *cx, const struct ask *q, struct client_response *ret)
{
    struct place p;
    TRY(place_of(cx, &p));
    struct str url =
        q->query.n != 0
            ? str_fmt(cx->arena, STR_FMT "/?" STR_FMT, STR_ARG(p.base), STR_ARG(q->query))
            : str_fmt(cx->arena, STR_FMT "/" STR_FMT "%s/" STR_FMT, STR_ARG(p.base),
                      STR_ARG(p.prefix), q->folder, STR_ARG(q->hash));
    struct http_header digest = { STR("x-amz-content-sha256"),
                                  digest_sha256_hex(cx->arena, q->body) };
    struct client_request rq = { .method = str_of(q->method),
                                 .url = url,
                                 .headers = &digest,
                                 .n_headers = 1,
                                 .body = q->body,
                                 .content_type =
                                     q->body.n != 0 ? STR("application/octet-stream") : STR_NULL,
                                 .timeout_ms = CALL_MS,
                                 .body_max_bytes = q->max_bytes == 0 ? PAGE_BYTES : q->max_bytes,
                                 .user = p.id,
                                 .secret = p.secret,
                                 .sigv4 = p.sigv4 };
    return client_call(cx, &rq, ret);
}

static enum err
meaning(struct ctx *cx, const struct ask *q, int status)
{
    if (status >= 200 && status < 300) {
        return ERR_OK;
    }
    return status == 404
               ? err_set(cx, ERR_NOT_FOUND, "no file " STR_FMT, STR_ARG(q->hash))
               : err_set(cx, ERR_UPSTREAM, "the file store answered %s with %d", q->method, status);
}

/* Every request may be sent again: each says what is to be there afterwards. */
static enum err
ask(struct ctx *cx, const struct ask *q, struct client_response *ret)
{
    enum err e = ERR_OK;
    for (int i = 0; i < TRIES; i++) {
        struct timespec ts = { .tv_nsec = INT64_C(1000000) * REST_MS * i };
        (void)nanosleep(&ts, NULL);
        e = ask_once(cx, q, ret);
        if (e == ERR_OK) {
            e = meaning(cx, q, ret->status);
        }
        if (e != ERR_UPSTREAM || (ret->status >= 400 && ret->status < 500)) {
            return e;
        }
    }
    return e;
}

/* --- files ------------------------------------------------------------------------------------ */

static enum err
put(struct ctx *cx, const char *folder, struct str hash, struct str bytes)
{
    struct client_response rs = { 0 };
    return ask(cx, &(struct ask){ .method = "PUT", .folder = folder, .hash = hash, .body = bytes },
               &rs);
}

static enum err
get(struct ctx *cx, const char *folder, struct str hash, size_t max_bytes, struct str *ret)
{
    struct client_response rs = { 0 };
    struct ask q = { .method = "GET", .folder = folder, .hash = hash, .max_bytes = max_bytes + 1 };
    TRY(ask(cx, &q, &rs));
    if (rs.body.n > max_bytes) {
        return err_set(cx, ERR_TOO_LARGE, "file beyond %zu bytes", max_bytes);
    }
    if (!str_eq(digest_sha256_hex(cx->arena, rs.body), hash)) {
        return err_set(cx, ERR_IO, "content differs from its hash " STR_FMT, STR_ARG(hash));
    }
    *ret = rs.body;
    return ERR_OK;
}

static enum err
drop(struct ctx *cx, const char *folder, struct str hash)
{
    struct client_response rs = { 0 };
    enum err e = ask(cx, &(struct ask){ .method = "DELETE", .folder = folder, .hash = hash }, &rs);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
s3_put(struct ctx *cx, struct str hash, struct str bytes)
{
    return put(cx, "blobs", hash, bytes);
}

/* What the collector took out of the way too early is put back by the first who asks for it. */
enum err
s3_get(struct ctx *cx, struct str hash, size_t max_bytes, struct str *ret_bytes)
{
    enum err e = get(cx, "blobs", hash, max_bytes, ret_bytes);
    if (e == ERR_NOT_FOUND) {
        TRY(get(cx, "gone", hash, max_bytes, ret_bytes));
        return put(cx, "blobs", hash, *ret_bytes);
    }
    return e;
}

enum err
s3_has(struct ctx *cx, struct str hash)
{
    struct client_response rs = { 0 };
    struct ask q = { .method = "HEAD", .folder = "blobs", .hash = hash };
    enum err e = ask(cx, &q, &rs);
    if (e == ERR_NOT_FOUND) {
        q.folder = "gone";
        e = ask(cx, &q, &rs);
    }
    return e;
}

/* --- lists ------------------------------------------------------------------------------------ */

struct page {
    struct str after; /* the last key seen, relative to nothing; "" at first */
    bool is_last;
};

static enum err
page_item(struct ctx *cx, const struct xml *e, struct str folder, blobs_each_fn *fn, void *arg,
          struct str *ret_key)
{
    const struct xml *key = xml_child(e, NULL, "Key");
    const struct xml *at = xml_child(e, NULL, "LastModified");
    int64_t changed_us = 0;
    if (key == NULL || at == NULL || !date_parse_instant(at->text, &changed_us)) {
        return err_set(cx, ERR_UPSTREAM, "the file store's list has a form not known");
    }
    *ret_key = key->text;
    struct str hash = str_slice(key->text, folder.n, key->text.n);
    bool is_ours = str_starts(key->text, folder) && hash.n == HASH_LEN;
    return is_ours ? fn(cx, hash, changed_us, arg) : ERR_OK;
}

static enum err
page_read(struct ctx *cx, const char *name, struct page *page, struct arena *keep,
          blobs_each_fn *fn, void *arg)
{
    struct place p;
    struct client_response rs = { 0 };
    struct xml *root = NULL;
    struct xml_fault fault;
    TRY(place_of(cx, &p));
    struct str folder = str_fmt(cx->arena, STR_FMT "%s/", STR_ARG(p.prefix), name);
    /* the signature wants the names in order */
    struct str query = str_fmt(
        cx->arena, "list-type=2&max-keys=%d&prefix=" STR_FMT "&start-after=" STR_FMT, PAGE_N,
        STR_ARG(url_encode(cx->arena, folder)), STR_ARG(url_encode(cx->arena, page->after)));
    TRY(ask(cx, &(struct ask){ .method = "GET", .folder = name, .query = query }, &rs));
    if (xml_parse(cx->arena, rs.body, (struct xml_limits){ 0 }, &root, &fault) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "the file store's list: %s", fault.what);
    }
    struct str last = page->after;
    int n = 0;
    for (XML_EACH(root, e)) {
        if (xml_is(e, NULL, "Contents")) {
            TRY(page_item(cx, e, folder, fn, arg, &last));
            n++;
        }
    }
    const struct xml *more = xml_child(root, NULL, "IsTruncated");
    page->is_last = n == 0 || more == NULL || !str_eq(more->text, STR("true"));
    page->after = str_dup(keep, last);
    return ERR_OK;
}

static enum err
each_in(struct ctx *cx, const char *name, blobs_each_fn *fn, void *arg)
{
    struct arena *outer = cx->arena;
    struct arena *keep = arena_open(0);
    struct page page = { .after = STR("") };
    enum err e = ERR_OK;
    while (e == ERR_OK && !page.is_last) {
        cx->arena = arena_open(0);
        e = page_read(cx, name, &page, keep, fn, arg);
        arena_close(cx->arena);
    }
    cx->arena = outer;
    arena_close(keep);
    return e;
}

enum err
s3_each(struct ctx *cx, blobs_each_fn *fn, void *arg)
{
    return each_in(cx, "blobs", fn, arg);
}

/* --- collection ------------------------------------------------------------------------------- */

struct sweep {
    int64_t before_us;
    blobs_keep_fn *keep;
    int64_t n;
};

static enum err
move(struct ctx *cx, struct str hash, const char *from, const char *to)
{
    struct str bytes;
    enum err e = get(cx, from, hash, FILE_BYTES, &bytes);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK; /* somebody else was here */
    }
    TRY(e);
    TRY(put(cx, to, hash, bytes));
    return drop(cx, from, hash);
}

/* A put of the same content may come between looking and removing, and its row later: so the file
 * only goes out of the way, where reading still finds it. */
static enum err
sweep_old(struct ctx *cx, struct str hash, int64_t changed_us, void *arg)
{
    struct sweep *s = arg;
    if (changed_us > s->before_us || s->keep(cx, hash)) {
        return ERR_OK;
    }
    return move(cx, hash, "blobs", "gone");
}

static enum err
sweep_gone(struct ctx *cx, struct str hash, int64_t changed_us, void *arg)
{
    struct sweep *s = arg;
    if (changed_us > sys_now_us(cx) - GONE_US) {
        return ERR_OK;
    }
    if (s->keep(cx, hash)) {
        return move(cx, hash, "gone", "blobs");
    }
    s->n++;
    return drop(cx, "gone", hash);
}

enum err
s3_collect(struct ctx *cx, int64_t before_us, blobs_keep_fn *keep, int64_t *ret_n)
{
    struct sweep s = { .before_us = before_us, .keep = keep };
    TRY(each_in(cx, "gone", sweep_gone, &s));
    TRY(each_in(cx, "blobs", sweep_old, &s));
    *ret_n = s.n;
    return ERR_OK;
}
