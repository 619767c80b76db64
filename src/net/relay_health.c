/* relay_health.c: active health checks: a thread of its own asks each address that wants it, all at
 * once by libcurl's multi interface, and notes who is down. Two failures in a row make an address
 * down, one good answer (200..399) brings it back and closes its circuit. */
#include "net/relay_int.h"

#include <curl/curl.h>

#define ROUND_MS   100
#define TIMEOUT_MS 2000L
#define CHECKS_MAX 1024U
#define DOWN_AFTER 2U

struct check {
    CURL *curl;
    struct curl_slist *fields, *connect_to;
    struct rlive_address *address;
    size_t n_body;
    char url[1024], host[512], to[512];
};

struct health {
    struct relay *relay;
    CURLM *multi;
    uint32_t n_running;
};

static size_t
drop_body(char *p, size_t size, size_t n, void *arg)
{
    size_t *have = arg;
    (void)p;
    *have += size * n;
    return *have > (size_t)1 << 20 ? 0 : size * n; /* a check's answer is small */
}

/* The address by its number, the name as the service knows itself. */
static void
check_target(struct check *k, const struct rpool *pool)
{
    const char *scheme = pool->tls == NULL ? "http" : "https";
    struct str at = k->address->text;
    (void)snprintf(k->url, sizeof(k->url), "%s://" STR_FMT STR_FMT, scheme, STR_ARG(at),
                   STR_ARG(pool->check_path));
    (void)snprintf(k->host, sizeof(k->host), "Host: " STR_FMT, STR_ARG(pool->host));
    if (pool->tls != NULL && !pool->tls_is_ip) {
        size_t colon = at.n;
        while (colon > 0 && at.p[colon - 1] != ':') {
            colon--;
        }
        (void)snprintf(k->url, sizeof(k->url), "https://%s:" STR_FMT STR_FMT, pool->tls_name,
                       STR_ARG(str_slice(at, colon, at.n)), STR_ARG(pool->check_path));
        (void)snprintf(k->to, sizeof(k->to), "::" STR_FMT, STR_ARG(at));
        k->connect_to = curl_slist_append(NULL, k->to);
        (void)curl_easy_setopt(k->curl, CURLOPT_CONNECT_TO, k->connect_to);
    }
    k->fields = curl_slist_append(NULL, k->host);
}

static void
check_options(struct check *k, const struct rpool *pool)
{
    CURL *h = k->curl;
    (void)curl_easy_setopt(h, CURLOPT_URL, k->url);
    (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, k->fields);
    (void)curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(h, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    (void)curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, drop_body);
    (void)curl_easy_setopt(h, CURLOPT_PRIVATE, k);
    if (pool->ca_file != NULL) {
        (void)curl_easy_setopt(h, CURLOPT_CAINFO, pool->ca_file);
    }
    if (pool->crl_file != NULL) {
        (void)curl_easy_setopt(h, CURLOPT_CRLFILE, pool->crl_file);
    }
    if (pool->client_cert != NULL) {
        (void)curl_easy_setopt(h, CURLOPT_SSLCERT, pool->client_cert);
        (void)curl_easy_setopt(h, CURLOPT_SSLKEY, pool->client_key);
    }
}

static void
check_free(struct health *h, struct check *k)
{
    curl_slist_free_all(k->fields);
    curl_slist_free_all(k->connect_to);
    curl_easy_cleanup(k->curl);
    k->address->is_checking = false;
    live_drop(&h->relay->registry, &k->address->live);
    free(k);
    h->n_running--;
}

static void
check_begin(struct health *h, const struct rpool *pool, struct rlive_address *a, int64_t now_us)
{
    struct check *k = calloc(1, sizeof(*k));
    ASSERT(k != NULL);
    live_keep(&h->relay->registry, &a->live);
    a->is_checking = true;
    a->check_due_us = now_us + pool->check_every_us;
    k->address = a;
    k->curl = curl_easy_init();
    h->n_running++;
    if (k->curl == NULL) {
        check_free(h, k);
        return;
    }
    check_target(k, pool);
    check_options(k, pool);
    (void)curl_easy_setopt(k->curl, CURLOPT_WRITEDATA, &k->n_body);
    if (curl_multi_add_handle(h->multi, k->curl) != CURLM_OK) {
        check_free(h, k);
    }
}

static void
check_end(struct health *h, struct check *k, CURLcode code)
{
    struct rlive_address *a = k->address;
    long status = 0;
    (void)curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status >= 200 && status < 400) {
        a->check_fails = 0;
        atomic_store(&a->is_down, false);
        atomic_store(&a->fails, 0);
    } else if (++a->check_fails >= DOWN_AFTER) {
        atomic_store(&a->is_down, true);
    }
    (void)curl_multi_remove_handle(h->multi, k->curl);
    check_free(h, k);
}

static void
due_begin(struct health *h, const struct rsnap *s)
{
    int64_t now = relay_mono_us(h->relay);
    for (size_t i = 0; i < s->n_pools; i++) {
        const struct rpool *pool = &s->pools[i];
        for (uint32_t k = 0; pool->check_path.n != 0 && k < pool->n_addresses; k++) {
            struct rlive_address *a = pool->addresses[k];
            if (!a->is_checking && now >= a->check_due_us && h->n_running < CHECKS_MAX) {
                check_begin(h, pool, a, now);
            }
        }
    }
}

static void
ended_take(struct health *h)
{
    int left = 0;
    for (CURLMsg *m = curl_multi_info_read(h->multi, &left); m != NULL;
         m = curl_multi_info_read(h->multi, &left)) {
        struct check *k = NULL;
        CURLcode code = m->data.result;
        if (m->msg == CURLMSG_DONE &&
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &k) == CURLE_OK) {
            check_end(h, k, code);
        }
    }
}

static void *
health_main(void *arg)
{
    struct health h = { .relay = arg, .multi = curl_multi_init() };
    ASSERT(h.multi != NULL);
    while (!atomic_load(&h.relay->is_health_ending) || h.n_running != 0) {
        struct rsnap *s = relay_snap_now(h.relay);
        int n = 0;
        if (s != NULL && !atomic_load(&h.relay->is_health_ending)) {
            due_begin(&h, s);
        }
        if (s != NULL) {
            snap_drop(s);
        }
        (void)curl_multi_perform(h.multi, &n);
        ended_take(&h);
        (void)curl_multi_poll(h.multi, NULL, 0, ROUND_MS, NULL);
    }
    (void)curl_multi_cleanup(h.multi);
    return NULL;
}

enum err
health_start(struct relay *r)
{
    return pthread_create(&r->health_thread, NULL, health_main, r) == 0 ? ERR_OK : ERR_IO;
}

/* Checks that run are waited for: they end by their own time-out. */
void
health_stop(struct relay *r)
{
    atomic_store(&r->is_health_ending, true);
    (void)pthread_join(r->health_thread, NULL);
}
