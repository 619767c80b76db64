/* node_wire.c: calls to other nodes over mutual TLS, on kept connections. A peer is who it is by
 * its pinned certificate: that certificate alone is the authority, so no name is checked. Handles
 * of libcurl are kept with their connections and lent to one call at a time. */
#include "base/buf.h"
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

struct node_wire {
    pthread_mutex_t lock;
    CURL *idle[HANDLES_MAX];
    size_t n;
};

struct node_wire *
node_wire_open(void)
{
    struct node_wire *w = calloc(1, sizeof(*w));
    ASSERT(w != NULL && pthread_mutex_init(&w->lock, NULL) == 0);
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
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

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
    int fd;         /* of the file that is sent, -1: none */
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
    if (c->fd < 0) {
        return 0;
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

/* What moves may take as long as a slow line does; what stands still, a minute. */
static void
options_of_time(CURL *h, const struct call *c)
{
    int64_t out = c->call->parcel.file_bytes;
    int64_t silence_s = SILENCE_S + out / HASHED_S;
    int64_t all_ms = silence_s * 1000 + CLIENT_TRANSFER_MS(out + NODE_BODY_BYTES);
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
    if (c->fd < 0) {
        (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, out->front.p);
        return;
    }
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
    struct call c = { .cx = cx, .call = call, .fd = -1 };
    int status = 0;
    if (call->parcel.file.p != NULL) {
        c.fd = open(str_z(cx->arena, call->parcel.file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (c.fd < 0) {
            return err_set(cx, ERR_IO, "file of a body, errno %d", errno);
        }
    }
    enum err e = perform(w, &c, &status);
    if (c.fd >= 0) {
        (void)close(c.fd);
    }
    if (e == ERR_OK) {
        *ret = (struct node_reply){ status, c.error };
    }
    return e;
}
