/* node.c: beginning and end: the log, the two doors, the keeper. */
#include "engine/node/node_int.h"

#include "codec/json.h"
#include "codec/url.h"
#include "crypto/secret_file.h"
#include "gen/q_node.h"

#define GRACE_MS       10000
#define WORKERS        64
#define GIB            ((int64_t)1 << 30)
#define LOG_GIB        50
#define STAMP_HOURS    4
#define DISK_LEAST     ((int64_t)256 << 20)
#define TLS_YEARS_US   (INT64_C(10) * 365 * 86400 * DATE_US_PER_S)
#define KEY_FILE_MAX   ((size_t)16 << 10)
#define ENVELOPE_BYTES (8 + NODE_PROOF_MAX + 64 + NODE_HEAD_BYTES) /* around a body */
#define SEEN_SLOTS     ((uint32_t)1 << 21) /* of two tables, 64 MiB when full */
#define SEEN_LARGE     ((uint32_t)1 << 18)

/* --- keys for mutual TLS ---------------------------------------------------------------------- */

/* Made at the first start: the certificate names the node and is pinned by those who know it. */
/* Key first: a certificate without its key is of no use. */
enum err
node_pair_make(struct ctx *cx, struct cms_cert_wish *wish, struct str key_file,
               struct str cert_file)
{
    struct str key_pem;
    struct str cert_pem;
    struct cms_key *key = NULL;
    TRY(cms_key_make(cx, STR_NULL, &key_pem));
    TRY(cms_key_open(cx, key_pem, STR_NULL, &key));
    enum err e = cms_key_public(cx, key, &wish->public_pem);
    e = e == ERR_OK ? cms_cert_make(cx, wish, STR_NULL, key, &cert_pem) : e;
    cms_key_close(key);
    TRY(e);
    TRY(sys_mkdirs(cx, sys_path_dir(key_file)));
    TRY(secret_file_write(cx, str_z(cx->arena, key_file), key_pem));
    return sys_file_write(cx, cert_file, cert_pem);
}

static enum err
make_tls(struct ctx *cx, struct node *n)
{
    struct cms_cert_wish wish = { .subject = { .common = n->name, .org = STR("Bom Bo") },
                                  .from_us = sys_now_us(cx) - 3600 * DATE_US_PER_S,
                                  .to_us = sys_now_us(cx) + TLS_YEARS_US,
                                  .is_seal = true };
    return node_pair_make(cx, &wish, n->tls_key_file, n->tls_cert_file);
}

static enum err
load_tls(struct ctx *cx, struct node *n)
{
    struct str pem;
    n->tls_cert_file = str_cat(n->arena, cx->config->data_dir, STR("/node/tls.cert.pem"));
    n->tls_key_file = str_cat(n->arena, cx->config->data_dir, STR("/node/tls.key.pem"));
    if (!sys_file_exists(cx, n->tls_cert_file)) {
        TRY(make_tls(cx, n));
    }
    TRY(sys_file_read(cx, n->tls_cert_file, KEY_FILE_MAX, &pem));
    n->tls_cert = str_dup(n->arena, pem);
    TRY(sys_file_read(cx, n->tls_key_file, KEY_FILE_MAX, &pem));
    n->tls_key = str_dup(n->arena, pem);
    return ERR_OK;
}

/* --- doors ------------------------------------------------------------------------------------ */

/* Large bodies have workers of their own: however slow their lines, small calls pass them by. */
static void
on_head(void *arg, const struct http_request *rq, uint64_t *ret_body_max, uint32_t *ret_class)
{
    int64_t n = 0;
    struct str length = http_header_get(rq, STR("Content-Length"));
    (void)arg;
    (void)ret_body_max;
    bool is_small = length.p != NULL ? str_to_i64(length, 0, (int64_t)NODE_MEMORY_BYTES, &n)
                                     : http_header_get(rq, STR("Transfer-Encoding")).p == NULL;
    *ret_class = is_small ? 0 : 1;
}

/* Who is not known here fills no disk: it gets its refusal, but no room. */
static void
on_head_of_node(void *arg, const struct http_request *rq, uint64_t *ret_body_max,
                uint32_t *ret_class)
{
    struct node *n = arg;
    struct node_trust *trust = node_trust_now(n);
    on_head(arg, rq, ret_body_max, ret_class);
    if (rq->peer_cert.n == 0 || node_trust_peer_by_cert(trust, rq->peer_cert) == NULL) {
        *ret_body_max = NODE_MEMORY_BYTES;
    }
    node_trust_drop(trust);
}

/* What the doors themselves refuse, in the words of the exchange. */
static void
on_error(void *arg, int status, const struct http_request *rq, struct http_response *rs)
{
    const struct node *n = arg;
    bool is_inner = n->inner == NULL || !rq->is_tls;
    struct str type = STR("Client.BadRequest");
    const char *words = "The request is malformed.";
    if (status == 413) {
        type = STR("Client.TooLarge");
        words = "The request is larger than 100 MB.";
    } else if (status == 408) {
        type = STR("Client.BadRequest");
        words = "The request did not come whole in time.";
    } else if (status >= 500) {
        type = is_inner ? STR("Server.ClientProxy.LoggingFailed")
                        : STR("Server.ServerProxy.LoggingFailed");
        words = "The request cannot be taken in at the moment: no room, or too many at once.";
    }
    rs->content_type = NODE_ERROR_TYPE;
    http_response_header(rs, STR("X-Road-Error"), type);
    rs->body = node_error_body(rq->arena, type, str_of(words), STR_NULL);
}

/* What a process left that was killed while it took bodies in. */
static enum err
fresh_dir(struct ctx *cx, struct str path)
{
    TRY(sys_remove_tree(cx, path));
    return sys_mkdirs(cx, path);
}

static enum err
open_doors(struct ctx *cx, struct node *n)
{
    static const struct server_class classes[] = {
        { STR_INIT("signed"), WORKERS, 1024 },
        { STR_INIT("signed large"), WORKERS / 4, 256 },
    };
    struct server_config inner = { .address = STR("127.0.0.1"),
                                   .n_loops = 1,
                                   .n_workers = WORKERS,
                                   .body_memory_bytes = (uint32_t)NODE_MEMORY_BYTES,
                                   .body_max_bytes = (uint64_t)NODE_BODY_BYTES,
                                   .request_deadline_ms = 90000,
                                   .classes = classes,
                                   .n_classes = COUNT_OF(classes),
                                   .on_head = on_head,
                                   .on_error = on_error,
                                   .spool_dir = str_cat(n->arena, cx->config->data_dir,
                                                        STR("/spool-node-out")),
                                   .arg = n,
                                   .on_work = node_on_out };
    struct server_config outer = inner;
    outer.address =
        str_is_empty(cx->config->node_address) ? STR("0.0.0.0") : cx->config->node_address;
    outer.port = cx->config->node_port;
    outer.body_max_bytes = (uint64_t)NODE_BODY_BYTES + ENVELOPE_BYTES;
    outer.body_memory_bytes = (uint32_t)(NODE_MEMORY_BYTES + ENVELOPE_BYTES);
    outer.on_head = on_head_of_node;
    outer.tls_cert = n->tls_cert_file;
    outer.tls_key = n->tls_key_file;
    outer.asks_cert = true;
    outer.spool_dir = str_cat(n->arena, cx->config->data_dir, STR("/spool-node-in"));
    outer.on_work = node_on_in;
    TRY(fresh_dir(cx, inner.spool_dir));
    TRY(fresh_dir(cx, outer.spool_dir));
    TRY(server_start(&n->cx, &inner, &n->inner));
    TRY(server_start(&n->cx, &outer, &n->outer));
    struct ctx mine = n->cx;
    mine.arena = n->arena;
    n->gate = (struct exchange_gate){ server_port(n->inner),
                                      str_fmt(n->arena, "gate-" STR_FMT,
                                              STR_ARG(sys_random_code(&mine, 26))) };
    return ERR_OK;
}

/* The index has seen records that the log no longer has: evidence was lost or taken away. */
static enum err
check_log(struct ctx *cx, const struct node *n)
{
    struct q_node_mark_get mark;
    enum err e = q_node_mark_get(cx, &mark);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    if ((uint64_t)mark.seq > node_log_seq(n->log)) {
        return err_set(cx, ERR_CONFLICT,
                       "the evidence log ends at record %" PRIu64 ", before record %" PRId64
                       " that was there: put the missing segments back",
                       node_log_seq(n->log), mark.seq);
    }
    return ERR_OK;
}

static enum err
open_all(struct ctx *cx, struct node *n)
{
    struct url_parts url;
    int64_t gib = cx->config->node_log_gib == 0 ? LOG_GIB : cx->config->node_log_gib;
    n->name = !str_is_empty(cx->config->node_name)    ? cx->config->node_name
              : url_split(cx->config->base_url, &url) ? str_dup(n->arena, url.host)
                                                      : STR("node");
    n->dir = str_dup(n->arena, node_log_dir(cx));
    TRY(load_tls(cx, n));
    TRY(node_stamp_sim_open(cx));
    TRY(node_archive_open(cx, n));
    TRY(node_log_open(cx, n->dir, gib * GIB, &n->log));
    TRY(check_log(cx, n));
    TRY(node_trust_load(cx, NULL, &n->trust));
    TRY(node_keeper_begin(cx, n));
    TRY(node_file_sweep(cx, n->dir));
    TRY(open_doors(cx, n));
    if (pthread_create(&n->keeper, NULL, node_keeper_main, n) != 0) {
        return err_set(cx, ERR_INTERNAL, "no thread for the evidence's index");
    }
    n->has_keeper = true;
    return ERR_OK;
}

enum err
node_open(struct ctx *cx, struct node **ret)
{
    struct node *n = calloc(1, sizeof(*n));
    ASSERT(n != NULL && pthread_mutex_init(&n->trust_lock, NULL) == 0);
    n->arena = arena_open(0);
    n->cx = *cx;
    n->cx.arena = n->arena;
    n->cx.node = n;
    n->lanes = node_lanes_open();
    n->seen = node_seen_open(2 * NODE_SKEW_US, SEEN_SLOTS);
    n->seen_large = node_seen_open(NODE_SKEW_US + NODE_AGE_MOST_US, SEEN_LARGE);
    n->wire = node_wire_open();
    n->kept = exchange_kept_open();
    enum err e = open_all(cx, n);
    if (e != ERR_OK) {
        node_close(n);
        return e;
    }
    *ret = n;
    return ERR_OK;
}

void
node_close(struct node *n)
{
    if (n == NULL) {
        return;
    }
    server_stop(n->outer, GRACE_MS);
    server_stop(n->inner, GRACE_MS);
    atomic_store(&n->is_ending, true);
    if (n->has_keeper) {
        (void)pthread_join(n->keeper, NULL);
    }
    node_log_close(n->log);
    node_trust_drop(n->trust);
    node_wire_close(n->wire);
    exchange_kept_close(n->kept);
    node_seen_close(n->seen);
    node_seen_close(n->seen_large);
    node_lanes_close(n->lanes);
    (void)pthread_mutex_destroy(&n->trust_lock);
    arena_close(n->arena);
    free(n);
}

const struct exchange_gate *
node_gate(const struct node *n)
{
    return &n->gate;
}

struct node_trust *
node_trust_now(struct node *n)
{
    (void)pthread_mutex_lock(&n->trust_lock);
    struct node_trust *t = n->trust;
    (void)atomic_fetch_add(&t->refs, 1);
    (void)pthread_mutex_unlock(&n->trust_lock);
    return t;
}

enum err
node_trust_reload(struct ctx *cx)
{
    struct node *n = cx->node;
    struct node_trust *fresh = NULL;
    if (n == NULL) {
        return ERR_OK;
    }
    struct node_trust *old = node_trust_now(n);
    enum err e = node_trust_load(cx, old, &fresh);
    if (e == ERR_OK) {
        (void)pthread_mutex_lock(&n->trust_lock);
        struct node_trust *before = n->trust;
        n->trust = fresh;
        (void)pthread_mutex_unlock(&n->trust_lock);
        node_trust_drop(before);
    }
    node_trust_drop(old);
    return e;
}

static enum err
on_trust(struct ctx *cx, struct str key, struct str payload)
{
    (void)key;
    (void)payload;
    return node_trust_reload(cx);
}

const struct jobs_topic node_topics[] = {
    { STR_INIT("node.trust"), on_trust },
    { { NULL, 0 }, NULL },
};

/* --- for both doors --------------------------------------------------------------------------- */
const char *
node_may_pass(struct node *n, int64_t now_us)
{
    int64_t hours =
        n->cx.config->node_stamp_hours == 0 ? STAMP_HOURS : n->cx.config->node_stamp_hours;
    int64_t since_us = atomic_load(&n->unstamped_since_us);
    if (node_log_is_full(n->log)) {
        return "LoggingFailed.LogFull";
    }
    if (since_us != 0 && now_us - since_us > hours * 3600 * DATE_US_PER_S) {
        return "LoggingFailed.TimestamperFailed";
    }
    return "";
}

struct str
node_error_body(struct arena *a, struct str type, struct str text, struct str detail)
{
    struct buf b = buf_new(a, 4096);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "type", type);
    json_put_str(&o, "message", text);
    json_put_str(&o, "detail", detail.p == NULL ? STR("") : detail);
    json_close(&o);
    return buf_str(&b);
}

void
node_answer_error(struct http_response *rs, struct arena *a, int status, struct str type,
                  const char *text, struct str detail)
{
    rs->status = status;
    rs->content_type = NODE_ERROR_TYPE;
    rs->body = node_error_body(a, type, str_of(text), detail);
    http_response_header(rs, STR("X-Road-Error"), str_dup(a, type));
    if (status == 503 || status == 429) {
        http_response_header(rs, STR("Retry-After"), STR("1"));
    }
}

enum err
node_state(struct ctx *cx, struct node_state *ret)
{
    struct node *n = cx->node;
    if (n == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no signed exchange here");
    }
    int64_t gib = cx->config->node_log_gib == 0 ? LOG_GIB : cx->config->node_log_gib;
    *ret = (struct node_state){ .log_bytes = node_log_bytes(n->log),
                                .log_max_bytes = gib * GIB,
                                .unstamped_since_us = atomic_load(&n->unstamped_since_us),
                                .stamped_us = atomic_load(&n->stamped_us),
                                .indexed_seq = atomic_load(&n->index_seq),
                                .seq = (int64_t)node_log_seq(n->log),
                                .n_sent = atomic_load(&n->n_sent),
                                .n_received = atomic_load(&n->n_received),
                                .n_refused = atomic_load(&n->n_refused),
                                .n_syncs = node_log_syncs(n->log),
                                .is_log_failed = node_log_is_failed(n->log) };
    node_lanes_count(n->lanes, &ret->n_batches, &ret->n_signed);
    TRY(sys_disk_free(cx, n->dir, &ret->disk_free_bytes));
    ret->is_full = node_log_is_full(n->log) || ret->disk_free_bytes < DISK_LEAST;
    ret->is_stamp_late =
        str_starts(str_of(node_may_pass(n, sys_now_us(cx))), STR("LoggingFailed.Timestamper"));
    ret->is_archive_failed = atomic_load(&n->is_archive_failed);
    ret->is_stamp_simulated = node_stamp_is_simulated(cx);
    ret->has_authority = !str_is_empty(cx->config->node_tsa);
    return ERR_OK;
}
