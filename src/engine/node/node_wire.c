/* node_wire.c: calls to other nodes over mutual TLS, on kept connections. A peer is who it is by
 * its pinned certificate: that certificate alone is the authority, so no name is checked. Messages
 * in memory go by net/upcall.h; those whose body is a file by libcurl, whose handles are kept with
 * their connections and lent to one call at a time. */
#include "base/buf.h"
#include "codec/url.h"
#include "engine/node/node_int.h"
#include "net/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define HANDLES_MAX 256
#define CONNECT_MS  5000
#define SILENCE_S   60 /* nothing moves: the other node asks its service */
#define HASHED_S                                                                                   \
    ((int64_t)4 << 20)     /* bytes that a slow machine has read and hashed in a second            \
                            */
#define SLOW_BYTES_S 1024L /* less is as good as nothing */
#define ERROR_BYTES  ((size_t)200)

struct peer_tls { /* one for each certificate of a peer that was ever called; these are few */
    struct peer_tls *next;
    struct str thumb;
    SSL_CTX *tls;
};
struct node_wire {
    pthread_mutex_t lock;
    CURL *idle[HANDLES_MAX];
    size_t n;
    struct arena *arena; /* of the list below */
    struct peer_tls *peers;
    struct upcall_pool *pool;
};

struct node_wire *
node_wire_open(void)
{
    struct node_wire *w = calloc(1, sizeof(*w));
    ASSERT(w != NULL && pthread_mutex_init(&w->lock, NULL) == 0);
    w->arena = arena_open(0);
    w->pool = upcall_pool_open();
    return w;
}

void
node_wire_close(struct node_wire *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        curl_easy_cleanup(w->idle[i]);
    }
    upcall_pool_close(w->pool);
    for (const struct peer_tls *p = w->peers; p != NULL; p = p->next) {
        upcall_tls_close(p->tls);
    }
    arena_close(w->arena);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

/* --- from memory ------------------------------------------------------------------------------ */
static enum err
tls_of(struct ctx *cx, struct node_wire *w, const struct node_call *call, SSL_CTX **ret)
{
    enum err e = ERR_OK;
    (void)pthread_mutex_lock(&w->lock);
    struct peer_tls *p = w->peers;
    while (p != NULL && !str_eq(p->thumb, call->to->thumb)) {
        p = p->next;
    }
    if (p == NULL) {
        SSL_CTX *tls = NULL;
        e = upcall_tls_pinned(cx, call->to->tls_pem, call->own_cert, call->own_key, &tls);
        if (e == ERR_OK) {
            p = ARENA_NEW(w->arena, struct peer_tls);
            *p = (struct peer_tls){ w->peers, str_dup(w->arena, call->to->thumb), tls };
            w->peers = p;
        }
    }
    *ret = p == NULL ? NULL : p->tls;
    (void)pthread_mutex_unlock(&w->lock);
    return e;
}

static enum err
leg_sink(void *arg, struct str bytes)
{
    return node_intake_add(arg, bytes);
}

/* What moves may take as long as a slow line does; what stands still, a minute. */
static int64_t
all_ms_of(int64_t silence_s, int64_t out_bytes)
{
    return silence_s * 1000 + CLIENT_TRANSFER_MS(out_bytes + NODE_BODY_BYTES);
}

enum err
node_wire_begin(struct ctx *cx, struct node_wire *w, const struct node_call *call,
                struct node_leg *leg)
{
    struct url_parts url;
    SSL_CTX *tls = NULL;
    if (!url_split(call->to->url, &url)) {
        return err_set(cx, ERR_UPSTREAM, "the other node's address");
    }
    TRY(tls_of(cx, w, call, &tls));
    struct str front = call->parcel.front;
    struct buf b = buf_new(cx->arena, front.n + url.host.n + url.path.n + 256);
    bool is_v6 = str_has_char(url.host, ':');
    buf_addf(&b,
             "POST " STR_FMT " HTTP/1.1\r\nHost: %s" STR_FMT "%s:%d\r\n"
             "Content-Type: application/vnd.bombo.signed\r\nContent-Length: %zu\r\n\r\n",
             STR_ARG(url.path), is_v6 ? "[" : "", STR_ARG(url.host), is_v6 ? "]" : "",
             url.port == 0 ? 443 : url.port, front.n);
    buf_add(&b, front);
    leg->to =
        (struct upcall_to){ .host = str_dup(cx->arena, url.host),
                            .port = url.port == 0 ? 443 : url.port,
                            .tls = tls,
                            .same = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(call->to->url),
                                            STR_ARG(call->to->thumb)) };
    leg->up = (struct upcall){ .to = &leg->to,
                               .out = buf_str(&b),
                               .opening_ms = CONNECT_MS,
                               .silence_ms = SILENCE_S * 1000,
                               .due_us = sys_mono_us(cx) + all_ms_of(SILENCE_S, 0) * 1000,
                               .sink = leg_sink,
                               .arg = call->intake };
    upcall_begin(cx, w->pool, &leg->up);
    return ERR_OK;
}

void
node_wire_wait(struct ctx *cx, struct node_wire *w, struct upcall *const *v, size_t n)
{
    upcall_wait(cx, w->pool, v, n, -1);
}

enum err
node_wire_end(struct ctx *cx, const struct node_leg *leg, struct node_reply *ret)
{
    const struct upcall *u = &leg->up;
    if (u->result != ERR_OK) {
        return err_set(cx, u->result, "the other node: %s", u->detail);
    }
    *ret = (struct node_reply){ .status = u->answer.status };
    for (size_t i = 0; i < u->answer.n_headers; i++) {
        const struct http_header *h = &u->answer.headers[i];
        if (str_eq_nocase(h->name, STR("X-Road-Error")) && h->value.n <= ERROR_BYTES) {
            ret->error = h->value;
        }
    }
    return ERR_OK;
}

static enum err
call_from_memory(struct ctx *cx, struct node_wire *w, const struct node_call *call,
                 struct node_reply *ret)
{
    struct node_leg *leg = ARENA_NEW(cx->arena, struct node_leg);
    struct upcall *up = &leg->up;
    TRY(node_wire_begin(cx, w, call, leg));
    while (up->state != UPCALL_DONE) {
        node_wire_wait(cx, w, &up, 1);
    }
    return node_wire_end(cx, leg, ret);
}

/* --- from files ------------------------------------------------------------------------------- */

/* The one that was used last: its connections are the warmest. */
static CURL *
take(struct node_wire *w)
{
    (void)pthread_mutex_lock(&w->lock);
    CURL *h = w->n == 0 ? NULL : w->idle[--w->n];
    (void)pthread_mutex_unlock(&w->lock);
    return h != NULL ? h : curl_easy_init();
}

static void
give_back(struct node_wire *w, CURL *h)
{
    curl_easy_reset(h); /* keeps connections and TLS sessions */
    (void)pthread_mutex_lock(&w->lock);
    bool is_kept = w->n < HANDLES_MAX;
    if (is_kept) {
        w->idle[w->n++] = h;
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (!is_kept) {
        curl_easy_cleanup(h);
    }
}

struct call {
    struct ctx *cx;
    const struct node_call *call;
    struct str error;
    enum err fault; /* of the intake */
    int fd;         /* of the file that is sent */
    int64_t sent;
};

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    struct str bytes = { p, size_mul(size, n) };
    c->fault = node_intake_add(c->call->intake, bytes);
    return c->fault == ERR_OK ? bytes.n : 0;
}

/* What goes out: the front from memory, then the file. */
static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    const struct node_parcel *out = &c->call->parcel;
    size_t room = size_mul(size, n);
    if ((size_t)c->sent < out->front.n) {
        size_t left = out->front.n - (size_t)c->sent;
        size_t take = left < room ? left : room;
        memcpy(p, out->front.p + c->sent, take);
        c->sent += (int64_t)take;
        return take;
    }
    ssize_t got = -1;
    do {
        got = pread(c->fd, p, room, (off_t)(c->sent - (int64_t)out->front.n));
    } while (got < 0 && errno == EINTR);
    c->sent += got > 0 ? got : 0;
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* A kept connection was dead: the request begins anew on another one. */
static int
on_seek(void *arg, curl_off_t at, int from)
{
    struct call *c = arg;
    if (from != SEEK_SET || at < 0) {
        return CURL_SEEKFUNC_CANTSEEK;
    }
    c->sent = at;
    return CURL_SEEKFUNC_OK;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    struct str name;
    struct str value;
    struct str line = { p, size_mul(size, n) };
    if (str_cut(str_trim(line), ':', &name, &value) && str_eq_nocase(name, STR("X-Road-Error")) &&
        value.n <= ERROR_BYTES) {
        c->error = str_dup(c->cx->arena, str_trim(value));
    }
    return line.n;
}

static struct curl_blob
blob(struct str s)
{
    union { /* read only: CURL_BLOB_NOCOPY */
        const char *from;
        void *to;
    } p = { .from = s.p };
    return (struct curl_blob){ .data = p.to, .len = s.n, .flags = CURL_BLOB_NOCOPY };
}

static void
options_of_time(CURL *h, const struct call *c)
{
    int64_t out = c->call->parcel.file_bytes;
    int64_t silence_s = SILENCE_S + out / HASHED_S;
    int64_t all_ms = all_ms_of(silence_s, out);
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)all_ms);
    (void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
    (void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)silence_s);
}

static void
options_of_request(CURL *h, struct call *c)
{
    const struct node_parcel *out = &c->call->parcel;
    curl_off_t all = (curl_off_t)out->front.n + (curl_off_t)out->file_bytes;
    (void)curl_easy_setopt(h, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, all);
    (void)curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
    (void)curl_easy_setopt(h, CURLOPT_READDATA, c);
    (void)curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, on_seek);
    (void)curl_easy_setopt(h, CURLOPT_SEEKDATA, c);
}

static void
options(CURL *h, struct call *c)
{
    struct curl_blob ca = blob(c->call->to->tls_pem);
    (void)curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(h, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &ca);
    (void)curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(h, CURLOPT_URL, str_z(c->cx->arena, c->call->to->url));
    (void)curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    options_of_time(h, c);
    options_of_request(h, c);
    (void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
    (void)curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
}

static enum err
result_of(const struct call *c, CURLcode code)
{
    if (c->fault != ERR_OK) {
        return c->fault;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return err_set(c->cx, ERR_DEADLINE, "the other node: no answer in time");
    }
    return code == CURLE_OK
               ? ERR_OK
               : err_set(c->cx, ERR_UPSTREAM, "the other node: %s", curl_easy_strerror(code));
}

static enum err
perform(struct node_wire *w, struct call *c, int *ret_status)
{
    struct curl_blob cert = blob(c->call->own_cert);
    struct curl_blob key = blob(c->call->own_key);
    CURL *h = take(w);
    if (h == NULL) {
        return err_set(c->cx, ERR_INTERNAL, "libcurl");
    }
    struct curl_slist *fields =
        curl_slist_append(NULL, "Content-Type: application/vnd.bombo.signed");
    fields = curl_slist_append(fields, "Expect:"); /* no round trip before the body */
    options(h, c);
    (void)curl_easy_setopt(h, CURLOPT_SSLCERT_BLOB, &cert);
    (void)curl_easy_setopt(h, CURLOPT_SSLKEY_BLOB, &key);
    (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, fields);
    CURLcode code = curl_easy_perform(h);
    long status = 0;
    (void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    give_back(w, h);
    curl_slist_free_all(fields);
    *ret_status = (int)status;
    return result_of(c, code);
}

enum err
node_wire_call(struct ctx *cx, struct node_wire *w, const struct node_call *call,
               struct node_reply *ret)
{
    if (call->parcel.file.p == NULL) {
        return call_from_memory(cx, w, call, ret);
    }
    struct call c = { .cx = cx, .call = call };
    int status = 0;
    c.fd = open(str_z(cx->arena, call->parcel.file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (c.fd < 0) {
        return err_set(cx, ERR_IO, "file of a body, errno %d", errno);
    }
    enum err e = perform(w, &c, &status);
    (void)close(c.fd);
    if (e == ERR_OK) {
        *ret = (struct node_reply){ status, c.error };
    }
    return e;
}
