/* client.c: see client.h. One easy handle per call, which shares nothing with others; calls of a
 * pool take one that an earlier call left, with its connections, or, plain and from memory, go by
 * upcall.h. */
#include "net/client_int.h"

#include "base/buf.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MS   10000U
#define BODY_BYTES   ((size_t)1 << 20)
#define SLOW_BYTES_S 1024L /* less is as good as nothing */

/* --- handles that wait for the next call -------------------------------------------------------
 */
struct client_pool *
client_pool_open(void)
{
    struct client_pool *p = calloc(1, sizeof(*p));
    ASSERT(p != NULL && pthread_mutex_init(&p->lock, NULL) == 0);
    p->plain = upcall_pool_open();
    return p;
}

void
client_pool_close(struct client_pool *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        curl_easy_cleanup(p->idle[i]);
    }
    upcall_pool_close(p->plain);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

struct client_pool *
client_pool_of(const struct client_request *rq)
{
    return rq->is_public_only ? NULL : rq->pool;
}

/* The one that was used last: its connections are the warmest. */
static CURL *
handle_take(struct client_pool *p)
{
    CURL *h = NULL;
    if (p != NULL) {
        (void)pthread_mutex_lock(&p->lock);
        h = p->n == 0 ? NULL : p->idle[--p->n];
        (void)pthread_mutex_unlock(&p->lock);
    }
    return h != NULL ? h : curl_easy_init();
}

static void
handle_give(struct client_pool *p, CURL *h)
{
    bool is_kept = false;
    if (p != NULL && h != NULL) {
        curl_easy_reset(h); /* forgets the call, keeps connections */
        (void)pthread_mutex_lock(&p->lock);
        is_kept = p->n < CLIENT_POOL_MAX;
        if (is_kept) {
            p->idle[p->n++] = h;
        }
        (void)pthread_mutex_unlock(&p->lock);
    }
    if (!is_kept) {
        curl_easy_cleanup(h);
    }
}

struct str
client_header_get(const struct client_response *rs, struct str name)
{
    for (size_t i = 0; i < rs->n_headers; i++) {
        if (str_eq_nocase(rs->headers[i].name, name)) {
            return rs->headers[i].value;
        }
    }
    return STR_NULL;
}

/* --- what libcurl calls ----------------------------------------------------------------------- */
static bool
out_add(struct client_call *c, const char *p, size_t n)
{
    c->is_too_large = c->out_n + (int64_t)n > c->rq->file_max_bytes;
    while (n != 0 && !c->is_too_large) {
        ssize_t done = write(c->out, p, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            c->fault = errno;
            return false;
        }
        p += done;
        n -= (size_t)done;
        c->out_n += done;
    }
    return !c->is_too_large;
}

/* The answer is larger than memory may hold: what came so far goes to the file first. */
static bool
out_begin(struct client_call *c)
{
    c->out = open(str_z(c->cx->arena, c->rq->answer_path),
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    c->fault = c->out < 0 ? errno : 0;
    return c->out >= 0 && out_add(c, c->body.p, c->body.n);
}

/* False: no room for it. */
bool
client_body_add(struct client_call *c, const char *p, size_t all)
{
    if (c->out < 0 && (c->rq->answer_path.n == 0 || c->body.n + all <= c->body.max)) {
        buf_add_bytes(&c->body, p, all);
        c->is_too_large = c->body.is_failed;
        return !c->is_too_large;
    }
    return (c->out >= 0 || out_begin(c)) && out_add(c, p, all);
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    size_t all = size_mul(size, n);
    return client_body_add(arg, p, all) ? all : 0;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
    struct client_call *c = arg;
    ssize_t got = -1;
    do {
        got = read(c->in, p, size_mul(size, n));
    } while (got < 0 && errno == EINTR);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct client_call *c = arg;
    struct str line = { p, size_mul(size, n) }, name, value;
    c->heads_n = size_add(c->heads_n, line.n);
    if (c->heads_n > CLIENT_HEADS_BYTES) {
        return 0;
    }
    if (str_starts(line, STR("HTTP/"))) {
        c->rs.n_headers = 0; /* the head of an interim answer (100, 103) does not count */
        return line.n;
    }
    if (str_cut(str_trim(line), ':', &name, &value) && c->rs.n_headers < CLIENT_HEADERS_MAX) {
        c->rs.headers[c->rs.n_headers++] = (struct http_header){
            .name = str_dup(c->cx->arena, name),
            .value = str_dup(c->cx->arena, str_trim(value)),
        };
    }
    return line.n;
}

static bool
is_public_v4(uint32_t ip)
{
    static const struct {
        uint32_t net, mask;
    } ours[] = {
        { 0x00000000, 0xff000000 }, { 0x0a000000, 0xff000000 }, { 0x64400000, 0xffc00000 },
        { 0x7f000000, 0xff000000 }, { 0xa9fe0000, 0xffff0000 }, { 0xac100000, 0xfff00000 },
        { 0xc0000000, 0xffffff00 }, { 0xc0a80000, 0xffff0000 }, { 0xc6120000, 0xfffe0000 },
        { 0xe0000000, 0xe0000000 },
    };
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        if ((ip & ours[i].mask) == ours[i].net) {
            return false;
        }
    }
    return true;
}

static bool
is_public(const struct sockaddr *any)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    memset(&at, 0, sizeof(at));
    memcpy(&at, any, any->sa_family == AF_INET6 ? sizeof(at.v6) : sizeof(at.v4));
    if (at.any.sa_family == AF_INET) {
        return is_public_v4(ntohl(at.v4.sin_addr.s_addr));
    }
    const uint8_t *b = at.v6.sin6_addr.s6_addr;
    return at.any.sa_family == AF_INET6 && (b[0] & 0xe0) == 0x20; /* 2000::/3, global unicast */
}

/* Checked at the very connection, so that a name cannot point elsewhere the second time. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    const struct client_call *c = arg;
    (void)purpose;
    if (c->rq->is_public_only && !is_public(&at->addr)) {
        return CURL_SOCKET_BAD;
    }
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* --- setting up ------------------------------------------------------------------------------- */
bool
client_is_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum err
field_add(struct client_call *c, struct str name, struct str value)
{
    if (name.n == 0 || !client_is_line(name) || !client_is_line(value)) {
        return err_set(c->cx, ERR_INVALID, "header of an outbound call");
    }
    struct str line = str_fmt(c->cx->arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(value));
    struct curl_slist *list = curl_slist_append(c->fields, str_z(c->cx->arena, line));
    if (list == NULL) {
        return err_set(c->cx, ERR_INTERNAL, "out of memory");
    }
    c->fields = list;
    return ERR_OK;
}

static enum err
fields_add(struct client_call *c)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < c->rq->n_headers && e == ERR_OK; i++) {
        e = field_add(c, c->rq->headers[i].name, c->rq->headers[i].value);
    }
    if (e == ERR_OK && c->rq->content_type.n != 0) {
        e = field_add(c, STR("Content-Type"), c->rq->content_type);
    }
    if (e == ERR_OK && c->in >= 0) { /* no round trip before a large body */
        struct curl_slist *list = curl_slist_append(c->fields, "Expect:");
        e = list == NULL ? err_set(c->cx, ERR_INTERNAL, "out of memory") : ERR_OK;
        c->fields = list == NULL ? c->fields : list;
    }
    return e;
}

/* Milliseconds for the call: its own limit, or what the request's deadline leaves. 0: none. */
int64_t
client_time_left_ms(const struct client_call *c)
{
    int64_t ms = c->rq->timeout_ms == 0 ? TIMEOUT_MS : c->rq->timeout_ms;
    if (c->cx->deadline_us != 0 && c->cx->clock != NULL) {
        int64_t left = (c->cx->deadline_us - sys_mono_us(c->cx)) / 1000;
        ms = left < ms ? left : ms;
    }
    return ms < 0 ? 0 : ms;
}

static void
options_of_files(struct client_call *c, int64_t ms)
{
    CURL *h = c->curl;
    if (c->in >= 0) {
        (void)curl_easy_setopt(h, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, NULL);
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->rq->body_bytes);
        (void)curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(h, CURLOPT_READDATA, c);
    }
    if (c->rq->answer_path.n != 0) {
        int64_t all = ms + CLIENT_TRANSFER_MS(c->rq->body_bytes + c->rq->file_max_bytes);
        (void)curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)all);
        (void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
        (void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)((ms + 999) / 1000));
    }
}

static void
options_fixed(struct client_call *c)
{
    CURL *h = c->curl;
    (void)curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(h, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(h, CURLOPT_HTTP09_ALLOWED, 0L);
    (void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
    (void)curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
    (void)curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    (void)curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, c);
}

static void
options_of_call(struct client_call *c, int64_t ms)
{
    CURL *h = c->curl;
    struct arena *a = c->cx->arena;
    bool has_body = c->rq->body.n != 0;
    (void)curl_easy_setopt(h, CURLOPT_URL, str_z(a, c->rq->url));
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)ms);
    (void)curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)(ms < 5000 ? ms : 5000));
    (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, c->fields);
    if (has_body || str_eq(c->rq->method, STR("POST")) || str_eq(c->rq->method, STR("PUT"))) {
        (void)curl_easy_setopt(h, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->rq->body.n);
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, has_body ? c->rq->body.p : "");
    }
    if (str_eq(c->rq->method, STR("HEAD"))) {
        (void)curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    } else if (c->rq->method.n != 0) {
        (void)curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, str_z(a, c->rq->method));
    }
    if (c->rq->ca_file.n != 0) {
        (void)curl_easy_setopt(h, CURLOPT_CAINFO, str_z(a, c->rq->ca_file));
    }
}

/* libcurl sends a request again, on a new connection, when a kept one turns out to be dead. Whether
 * the other side had read it then is not known. */
bool
client_may_repeat(const struct client_request *rq)
{
    return str_eq(rq->method, STR("GET")) || str_eq(rq->method, STR("HEAD")) ||
           (rq->method.n == 0 && rq->body.n == 0);
}

static void
options_kept(struct client_call *c)
{
    if (client_pool_of(c->rq) != NULL && !client_may_repeat(c->rq)) {
        (void)curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, 1L);
    }
}

static void
options_signed(struct client_call *c)
{
    struct arena *a = c->cx->arena;
    if (c->rq->sigv4.n != 0) {
        (void)curl_easy_setopt(c->curl, CURLOPT_AWS_SIGV4, str_z(a, c->rq->sigv4));
        (void)curl_easy_setopt(c->curl, CURLOPT_USERNAME, str_z(a, c->rq->user));
        (void)curl_easy_setopt(c->curl, CURLOPT_PASSWORD, str_z(a, c->rq->secret));
    }
}

/* What the answer's body did to us; ERR_OK: nothing. */
enum err
client_result_of_body(struct client_call *c)
{
    if (c->is_too_large || c->heads_n > CLIENT_HEADS_BYTES) {
        return err_set(c->cx, ERR_TOO_LARGE, "answer beyond its limit");
    }
    if (c->fault != 0) {
        return err_set(c->cx, c->fault == ENOSPC || c->fault == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                       "outbound call: file of the answer, errno %d", c->fault);
    }
    return ERR_OK;
}

static enum err
result_of(struct client_call *c, CURLcode code)
{
    TRY(client_result_of_body(c));
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return err_set(c->cx, ERR_DEADLINE, "outbound call: no answer in time");
    }
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        return err_set(c->cx, ERR_INVALID, "outbound call: %s", curl_easy_strerror(code));
    }
    if (code != CURLE_OK) {
        return err_set(c->cx, ERR_UPSTREAM, "outbound call: %s", curl_easy_strerror(code));
    }
    return ERR_OK;
}

void
client_body_done(struct client_call *c)
{
    if (c->out < 0) {
        c->rs.body = buf_str(&c->body);
        c->rs.body_bytes = (int64_t)c->body.n;
    } else {
        c->rs.body_path = c->rq->answer_path;
        c->rs.body_bytes = c->out_n;
    }
}

static enum err
call_run(struct client_call *c)
{
    int64_t ms = client_time_left_ms(c);
    if (ms == 0) {
        return err_set(c->cx, ERR_DEADLINE, "outbound call: no time left");
    }
    if (!client_is_line(c->rq->url) || !client_is_line(c->rq->method)) {
        return err_set(c->cx, ERR_INVALID, "outbound call: control character");
    }
    TRY(fields_add(c)); /* client_call frees handle and list */
    options_fixed(c);
    options_of_call(c, ms);
    options_of_files(c, ms);
    options_kept(c);
    options_signed(c);
    TRY(result_of(c, curl_easy_perform(c->curl)));
    long status = 0;
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    c->rs.status = (int)status;
    client_body_done(c);
    return ERR_OK;
}

static enum err
call_by_curl(struct client_call *c)
{
    c->curl = handle_take(client_pool_of(c->rq));
    enum err e = c->curl == NULL ? err_set(c->cx, ERR_INTERNAL, "libcurl") : call_run(c);
    handle_give(client_pool_of(c->rq), c->curl);
    curl_slist_free_all(c->fields);
    return e;
}

static enum err
files_open(struct client_call *c)
{
    c->in = c->out = -1;
    if (c->rq->body_path.n == 0) {
        return ERR_OK;
    }
    c->in = open(str_z(c->cx->arena, c->rq->body_path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return c->in >= 0 ? ERR_OK : err_set(c->cx, ERR_IO, "file of a body, errno %d", errno);
}

static void
files_close(struct client_call *c, enum err e)
{
    if (c->in >= 0) {
        (void)close(c->in);
    }
    if (c->out >= 0) {
        (void)close(c->out);
        if (e != ERR_OK) {
            (void)unlink(str_z(c->cx->arena, c->rq->answer_path));
        }
    }
}

enum err
client_call(struct ctx *cx, const struct client_request *rq, struct client_response *ret)
{
    struct client_call *c = ARENA_NEW(cx->arena, struct client_call);
    c->cx = cx;
    c->rq = rq;
    c->body = buf_new(cx->arena, rq->body_max_bytes == 0 ? BODY_BYTES : rq->body_max_bytes);
    TRY(files_open(c));
    enum err e = client_is_plain(rq) ? client_call_plain(c) : call_by_curl(c);
    files_close(c, e);
    if (e == ERR_OK) {
        *ret = c->rs;
    }
    return e;
}
