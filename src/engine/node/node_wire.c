/* node_wire.c: calls to other nodes over mutual TLS, on kept connections. A peer is who it is by
 * its pinned certificate: that certificate alone is the authority, so no name is checked. Handles
 * of libcurl are kept with their connections and lent to one call at a time. */
#include "base/buf.h"
#include "engine/node/node_int.h"

#include <curl/curl.h>

#define HANDLES_MAX  256
#define TIMEOUT_MS   60000
#define CONNECT_MS   5000
#define ANSWER_BYTES (NODE_MESSAGE_BYTES + NODE_PROOF_MAX + 64)

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
    struct buf body;
    struct str error;
};

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    buf_add_bytes(&c->body, p, size_mul(size, n));
    return c->body.is_failed ? 0 : size * n;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    struct str name;
    struct str value;
    struct str line = { p, size_mul(size, n) };
    if (str_cut(str_trim(line), ':', &name, &value) && str_eq_nocase(name, STR("X-Road-Error")) &&
        value.n <= 200) {
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
options(CURL *h, struct call *c, const struct node_trust_peer *to, struct str body)
{
    struct curl_blob ca = blob(to->tls_pem);
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
    (void)curl_easy_setopt(h, CURLOPT_URL, str_z(c->cx->arena, to->url));
    (void)curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    (void)curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(h, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.p);
    (void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
    (void)curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
}

enum err
node_wire_call(struct ctx *cx, struct node_wire *w, const struct node_trust_peer *to,
               struct str own_cert, struct str own_key, struct str body, struct node_reply *ret)
{
    struct call c = { .cx = cx, .body = buf_new(cx->arena, ANSWER_BYTES) };
    struct curl_blob cert = blob(own_cert);
    struct curl_blob key = blob(own_key);
    CURL *h = take(w);
    if (h == NULL) {
        return err_set(cx, ERR_INTERNAL, "libcurl");
    }
    struct curl_slist *fields =
        curl_slist_append(NULL, "Content-Type: application/vnd.bombo.signed");
    fields = curl_slist_append(fields, "Expect:"); /* no round trip before the body */
    options(h, &c, to, body);
    (void)curl_easy_setopt(h, CURLOPT_SSLCERT_BLOB, &cert);
    (void)curl_easy_setopt(h, CURLOPT_SSLKEY_BLOB, &key);
    (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, fields);
    CURLcode code = curl_easy_perform(h);
    long status = 0;
    (void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    give_back(w, h);
    curl_slist_free_all(fields);
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return err_set(cx, ERR_DEADLINE, "the other node: no answer in time");
    }
    if (code != CURLE_OK || c.body.is_failed) {
        return err_set(cx, ERR_UPSTREAM, "the other node: %s", curl_easy_strerror(code));
    }
    *ret = (struct node_reply){ (int)status, buf_str(&c.body), c.error };
    return ERR_OK;
}
