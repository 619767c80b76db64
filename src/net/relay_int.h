/* relay_int.h: shared inside the relay. Who owns what:
 * - a loop's thread owns its connections, calls, timers, buffers and token cache;
 * - a snapshot (rsnap) is immutable; each loop holds one reference per snapshot it still uses and
 *   counts its own calls on it (rhold), so that calls touch no shared counter; the last reference
 *   sends it to the accounting thread, which frees it after the records that borrow from it;
 * - live state (rlive) is shared by snapshots and loops: atomics only, found by name, counted
 *   references;
 * - records go through one ring per loop with one writer and one reader. */
#ifndef NET_RELAY_INT_H
#define NET_RELAY_INT_H

#include "base/buf.h"
#include "base/date.h"
#include "crypto/jose.h"
#include "net/parse.h"
#include "net/relay.h"
#include "sys/sys.h"

#include <netinet/in.h>
#include <openssl/types.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#define RELAY_PROGRESS_BYTES ((uint64_t)64 * 1024)
#define RELAY_BIG_BYTES      ((size_t)128 * 1024) /* buffer of a long body */
#define RELAY_ADDRESSES_MAX  64U
#define RELAY_DEPTH_MAX      16U  /* segments of a route's path */
#define RELAY_LINGER_MS      5000 /* as the server's: time to read the answer after what was sent */
#define RELAY_LINGER_BYTES   ((size_t)32 << 20)
#define RELAY_INTERIM_MAX    8U

/* --- tables ----------------------------------------------------------------------------------- */
struct rslot {
    uint64_t hash;
    struct str key;
    const void *value; /* NULL: empty */
};
/* Open addressing, at most half full, never changed after it was built. */
struct rtable {
    struct rslot *v;
    size_t mask;
};
struct rtable rtable_new(struct arena *a, size_t n_max);
/* False when the key is there already. Key and value are borrowed. */
bool rtable_add(struct rtable *t, struct str key, const void *value);
const void *rtable_get(const struct rtable *t, struct str key);
const void *rtable_get_hashed(const struct rtable *t, uint64_t hash, struct str key);

/* --- live state -------------------------------------------------------------------------------
 */
enum rlive_kind { LIVE_POOL, LIVE_ADDRESS, LIVE_LIMIT, LIVE_TLS };
struct rlive {
    struct rlive *next; /* bucket */
    uint64_t hash;
    struct str key;
    enum rlive_kind kind;
    uint32_t refs; /* under the registry's lock */
};
struct rlive_pool {
    struct rlive live;
    _Atomic uint32_t busy, turn;
};
struct rconn;
struct ridle {
    _Alignas(64) struct rconn *first; /* newest; touched by its loop only */
    uint32_t n;
};
union raddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};
struct rlive_address {
    struct rlive live;
    struct str text; /* "10.0.0.1:8080" */
    union raddr at;
    socklen_t at_n;
    _Atomic uint32_t busy, fails;
    _Atomic int64_t open_until_us; /* circuit; meaningful when fails has reached its limit */
    _Atomic bool is_down;          /* the last health check failed */
    _Atomic int64_t cert_until_s;  /* end of the certificate shown last; 0: none yet */
    /* of the health thread */
    int64_t check_due_us;
    uint32_t check_fails;
    bool is_checking;
    struct ridle idle[]; /* one per loop */
};
struct rlive_limit {
    struct rlive live;
    _Atomic int64_t due_us;  /* generic cell rate: when the bucket will be empty again, monotonic */
    _Atomic uint64_t window; /* number of the quota's window and, in the low 40 bits, calls in it */
};
struct rlive_tls {
    struct rlive live;
    SSL_CTX *tls;
};
#define LIVE_BUCKETS 16384U
struct rregistry {
    pthread_mutex_t lock;
    struct rlive *buckets[LIVE_BUCKETS];
};

/* --- a snapshot ------------------------------------------------------------------------------- */
struct rnet {
    uint8_t at[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint32_t bits;
};
struct rnets {
    const struct rnet *v;
    size_t n;
};
struct rpool {
    struct str name, host;
    char *tls_name; /* NULL: plain */
    bool tls_is_ip;
    enum relay_balance balance;
    struct rlive_address **addresses;
    uint32_t n_addresses;
    struct rlive_pool *live;
    struct rlive_tls *tls;
    int64_t idle_us, open_us, check_every_us;
    uint32_t idle_max, busy_max, fail_n;
    struct str check_path;
    char *ca_file, *crl_file, *client_cert, *client_key; /* for checks; NULL: none */
    bool is_5xx_failure;
};
struct rclient {
    int64_t id;
    uint32_t index;
    struct str name, header; /* header: percent-encoded, as X-Road-Client */
    struct rnets nets;
    bool is_suspended, has_proofs;
};
struct rroute {
    int64_t id;
    uint32_t index, n_segments;
    struct str name, path, target, header; /* header: percent-encoded, as X-Road-Service */
    const struct rpool *pool;
    bool is_open, is_for_clients, keeps_host, keeps_authorization, is_xroad, is_signed;
    bool is_soap, is_fixed, is_common;
    const struct relay_soap *soap;
    size_t n_soap;
    uint64_t body_max;
    int64_t connect_us, send_us, wait_us, answer_us, total_us;
    uint32_t tries_max;
};
struct roperation {
    struct str method, path;
};
struct rgrant {
    int64_t id;
    const struct rclient *client;
    const struct rroute *route;
    const struct roperation *operations;
    size_t n_operations;
    struct rlive_limit *limit; /* NULL: no rate, no quota */
    int64_t rate_step_us, rate_burst_us;
    uint64_t quota_n;
    enum relay_window quota_window;
    uint32_t hours[7];
    bool has_hours;
    int64_t from_us, until_us;
    struct rnets nets;
    const struct str *removed;
    size_t n_removed;
    uint64_t key; /* client and route, where its table's key points to */
};
struct rsnap {
    struct relay *relay;
    struct arena *arena;
    struct rsnap *next_grave;
    _Atomic uint32_t refs;
    uint64_t serial;
    struct str version;
    struct rtable routes, route_names, clients, tokens, certs, grants, revoked;
    struct rtable soap;        /* "PROVIDER/ELEMENT" to its route; not in it when two claim it */
    struct rtable soap_common; /* "ELEMENT" that any provider may be asked for */
    bool has_unproven;         /* a client is known by its network alone */
    bool has_open_soap;        /* a SOAP service is open to everybody */
    struct rpool *pools;
    size_t n_pools;
    bool lacks_address;    /* a name has none; where may_lack_address */
    bool is_resolver_away; /* while it is built: a name server did not answer, no more are asked */
    struct jose_set *keys;
    uint64_t keys_serial; /* same keys, issuer and audience: same number */
    struct str jwks, issuer, audience;
    struct rlive **lives; /* what it holds references to */
    size_t n_lives;
};
/* A loop's use of a snapshot. */
struct rhold {
    struct rsnap *snap;
    uint32_t n; /* calls of this loop */
};

/* --- connections ------------------------------------------------------------------------------ */
enum rsource { RSOURCE_LISTEN, RSOURCE_WAKE, RSOURCE_CLIENT, RSOURCE_UPSTREAM };
enum rconn_state {
    RCONN_OPENING, /* TCP or TLS */
    RCONN_OPEN,
    RCONN_LINGER /* answered and closing: reads what still comes, so that the answer is not reset */
};
struct rloop;
struct rcall;
struct rconn {
    enum rsource source; /* first: epoll hands back a pointer to it */
    enum rconn_state state;
    int fd;
    bool can_read, can_write, is_end, is_hung, is_dead, in_again, is_reused;
    bool is_broken; /* writing failed */
    SSL *ssl;
    struct rloop *loop;
    struct rcall *call;
    char *in;
    size_t in_at, in_n, in_cap;
    struct rconn *prev, *next, *again_next, *grave_next;
    struct rconn *timer_prev, *timer_next, *fire_next;
    int64_t due_us; /* 0: no timer */
    uint32_t timer_slot;
    bool is_armed;
    /* of a client */
    struct parse_scan scan;
    bool has_cert;
    char cert[64]; /* hex digits of the certificate's SHA-256 */
    uint8_t peer_at[16];
    char peer[48];
    uint64_t n_served;
    size_t linger_n;
    /* of an upstream */
    struct rlive_address *address;
    struct rconn *idle_prev, *idle_next;
    bool is_idle;
    int64_t keep_us; /* how long it may idle */
};

/* --- a call ----------------------------------------------------------------------------------- */
enum rstate { R_MORE, R_WAIT, R_OVER };
enum rpump_end {
    PUMP_AGAIN,
    PUMP_WAIT_FROM, /* nothing to read */
    PUMP_WAIT_TO,   /* nothing can be written */
    PUMP_DONE,
    PUMP_BAD,     /* malformed body */
    PUMP_CUT,     /* the source ended too early */
    PUMP_BROKEN,  /* the sink is gone */
    PUMP_TOO_BIG, /* over the limit */
    PUMP_FILTER   /* the filter cannot go on */
};
struct rfilter;
struct rpump {
    struct parse_body body;
    bool is_until_close, is_chunked_out, is_done;
    bool is_begun; /* bytes may be out */
    struct iovec iov[4];
    uint32_t at, n;
    char size_line[24];
    uint64_t bytes, bytes_max; /* content passed; most that may pass */
    uint64_t moved;            /* bytes written since the timer was set */
    struct rfilter *filter;
};

struct rsoap; /* relay_soap.c: the message of a SOAP call */
struct rcall {
    struct rcall *next_free;
    struct rloop *loop;
    struct arena *arena;
    struct http_request rq;
    struct parse_answer answer;
    /* zeroed for each call from here */
    struct rconn *client, *up;
    struct rhold *hold;
    enum relay_step step;
    int64_t step_us, begun_us, started_wall_us;
    struct parse_head head;
    const struct rroute *route;
    const struct rclient *who;
    const struct rgrant *grant;
    enum relay_proof proof;
    struct rpump upward, downward;
    struct str rest; /* raw target below the route's path, with query */
    struct str head_up, head_down;
    /* fields of the request; null when absent */
    struct str message_id, user_id, issue, x_client, authorization, upgrade, trace_parent;
    struct str connection; /* what Connection names: not passed on */
    struct str operation;
    struct rsoap *soap;                 /* NULL: not a SOAP call */
    struct rlive_address *last_address; /* the snapshot holds it */
    char request_id[37], trace_id[33];
    struct parse_scan answer_scan;
    uint64_t tried; /* addresses, one bit each */
    uint32_t n_interim;
    int64_t retry_after_s, total_due_us;
    uint64_t reviewed; /* serial of the snapshot that was asked whether this may go on */
    enum relay_error error;
    int status_own;   /* of a refusal by the parser */
    struct str asked; /* then: parse_asked */
    int status;       /* sent */
    uint8_t tries_n;
    bool has_record;   /* room for it is reserved */
    bool is_pool_busy; /* counted in its pool */
    bool is_sending;   /* bytes may have gone up in this try */
    bool is_request_sent;
    bool wants_fresh; /* no kept connection: one was stale */
    bool closes_client;
    bool is_cut;
    bool wants_fault; /* a SOAP caller: refusals are Faults */
    uint32_t steps_us[RELAY_STEP_COUNT];
};

/* --- verified tokens -------------------------------------------------------------------------- */
#define RELAY_TOKENS_N    4096U /* per loop, a power of two */
#define RELAY_TOKEN_BYTES 4096U
struct rtoken {
    char *text; /* the token, then client id, jti and certificate; NULL: empty */
    uint32_t n, client_n, jti_n;
    uint32_t cert_n;      /* hex digits of the SHA-256 that it is bound to; 0: to none */
    int64_t until_us;     /* wall clock */
    uint64_t serial;      /* of the snapshot under which it was looked up */
    uint64_t keys_serial; /* of the keys that checked it */
    const struct rclient *client;
};

/* --- records ---------------------------------------------------------------------------------- */
struct rring {
    struct relay_record *v;
    uint32_t mask;
    _Alignas(64) _Atomic uint32_t head; /* written by the loop */
    _Alignas(64) _Atomic uint32_t tail; /* written by the accounting thread */
};

/* A buffer while nobody uses it. */
struct rblock {
    struct rblock *next;
};

/* --- a loop ----------------------------------------------------------------------------------- */
#define RELAY_WHEEL_SLOTS 1024U
#define RELAY_TICK_US     10000
struct rloop {
    struct relay *relay;
    pthread_t thread;
    uint32_t index;
    int epoll_fd, listen_fd, wake_fd, spare_fd;
    enum rsource listen_source, wake_source;
    int64_t now_us;
    struct rhold *hold; /* of the snapshot in force; NULL before the first */
    uint64_t serial;
    struct rconn *conns, *again, *graves;
    uint32_t n_conns, n_calls;
    struct rconn *wheel[RELAY_WHEEL_SLOTS];
    uint64_t wheel_bits[RELAY_WHEEL_SLOTS / 64];
    int64_t wheel_tick; /* last tick that was looked at */
    struct rblock *free_in, *free_big;
    uint32_t n_free_in, n_free_big;
    size_t soap_bytes; /* of SOAP messages under way, and of what was read of them */
    size_t in_cap;
    char *scratch; /* RELAY_BIG_BYTES: gathers small pieces for one TLS record */
    struct rcall *free_calls;
    uint32_t n_free_calls;
    struct rtoken *tokens;
    struct ctx cx; /* for verifying: its arena is reset after each use */
    uint64_t id_hi, id_lo;
    int64_t date_s;
    char date[32];
    struct rring ring;
    uint32_t n_reserved; /* records that running calls will need */
    bool is_draining;
    _Atomic uint64_t n_all, n_refused, n_failed, n_accepted, n_upstream, n_reused, n_retries,
        n_verified, n_cached, bytes_in, bytes_out, turn_us_max;
    _Atomic uint64_t turns[RELAY_TURN_BUCKETS];
};

struct relay {
    struct relay_config config;
    struct ctx cx;
    struct arena *arena;
    int32_t port;
    SSL_CTX *tls;
    struct rregistry registry;
    pthread_mutex_t snap_lock; /* snap, graves, and applying one at a time via apply_lock */
    pthread_mutex_t apply_lock;
    struct rsnap *snap;
    struct rsnap *graves;
    _Atomic uint64_t serial;
    struct rloop *loops;
    uint32_t n_loops;
    _Atomic uint32_t n_open;
    _Atomic bool is_stopping, is_cutting;
    /* accounting and health */
    pthread_t account_thread, health_thread;
    pthread_mutex_t account_lock;
    pthread_cond_t account_wake;
    bool is_account_ending;
    _Atomic bool is_health_ending;
    _Atomic uint64_t n_records;
};

static inline int64_t
relay_mono_us(const struct relay *r)
{
    return r->cx.clock->mono_us(r->cx.clock);
}

static inline int64_t
relay_wall_us(const struct relay *r)
{
    return r->cx.clock->wall_us(r->cx.clock);
}

static inline void
rstat_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* relay.c: the snapshot in force with a reference for the caller (snap_drop); NULL before the first
 */
struct rsnap *relay_snap_now(struct relay *r);

/* relay_live.c */
void registry_init(struct rregistry *g);
void registry_done(struct rregistry *g);
/* Finds or makes; one reference more. size_bytes of the struct that begins with struct rlive. */
struct rlive *live_get(struct rregistry *g, enum rlive_kind kind, struct str key, size_t size_bytes,
                       bool *ret_is_new);
void live_keep(struct rregistry *g, struct rlive *live);
void live_drop(struct rregistry *g, struct rlive *live);
/* For looking only; NULL when there is none. Takes a reference. */
struct rlive *live_find(struct rregistry *g, enum rlive_kind kind, struct str key);

/* relay_policy.c: compiling; relay_nets.c: addresses */
NODISCARD enum err snap_build(struct ctx *cx, struct relay *r, const struct relay_policy *p,
                              struct rsnap **ret);
void snap_free(struct rsnap *s);
NODISCARD enum err snap_pools(struct ctx *cx, struct rsnap *s, const struct relay_policy *p);
void snap_hold_live(struct rsnap *s, struct rlive *live);
struct str limit_key(struct arena *a, struct str client, struct str route);
NODISCARD enum err nets_parse(struct ctx *cx, struct arena *a, const char *what, size_t index,
                              const struct str *texts, size_t n, struct rnets *ret);
bool nets_have(struct rnets nets, const uint8_t at[16]);
bool net_address(struct str text, uint8_t ret[16]);
const struct rroute *snap_route(const struct rsnap *s, struct str path);
/* "PROVIDER" of a route named "PROVIDER/SERVICE". */
struct str snap_provider(const struct rroute *r);
const struct rgrant *snap_grant(const struct rsnap *s, const struct rclient *c,
                                const struct rroute *route);
/* By the route's name; not for loops. */
const struct rgrant *snap_grant_named(const struct rsnap *s, const struct rclient *c,
                                      struct str route);
bool operation_fits(const struct roperation *o, struct str method, struct str path);

/* relay_limit.c */
/* Takes one call out of rate and quota. RELAY_OK, RELAY_RATE, RELAY_QUOTA; *ret_after_s is when to
 * try again. */
enum relay_error limit_take(const struct rgrant *g, int64_t mono_us, int64_t wall_us,
                            int64_t *ret_after_s);
uint64_t limit_window(enum relay_window kind, int64_t wall_us);
bool hours_allow(const struct rgrant *g, int64_t wall_us);
#define LIMIT_COUNT_BITS 40U
#define LIMIT_COUNT_MASK ((UINT64_C(1) << LIMIT_COUNT_BITS) - 1)

/* relay_loop.c */
void *rloop_main(void *arg);
void rloop_init(struct rloop *l, struct relay *r, uint32_t index);
void rloop_done(struct rloop *l);
void rloop_wake(struct rloop *l);
void rloop_snapshot(struct rloop *l);
void rhold_drop(struct rloop *l, struct rhold *h);
void snap_drop(struct rsnap *s);
char *rbuf_get(struct rloop *l, size_t cap);
void rbuf_put(struct rloop *l, char *p, size_t cap);
/* relay_timer.c */
void rtimer_set(struct rconn *c, int64_t due_us); /* 0: none */
void rtimer_unlink(struct rconn *c);
void rtimers_run(struct rloop *l);
int rtimers_wait_ms(const struct rloop *l);

/* relay_conn.c */
void raccept_all(struct rloop *l);
struct rconn *rconn_new(struct rloop *l, enum rsource source, int fd);
void rconn_event(struct rconn *c, uint32_t events);
void rconn_run(struct rconn *c);
void rconn_kill(struct rconn *c);
void rconn_linger(struct rconn *c);
void rconn_timeout(struct rconn *c);
void rconn_again(struct rconn *c);
/* relay_io.c */
enum { RIO_END = 0, RIO_WAIT = -1, RIO_BROKEN = -2 };
/* More bytes into c->in: their number, or RIO_. */
int64_t rconn_fill(struct rconn *c);
int64_t rconn_write(struct rconn *c, struct iovec *iov, size_t n);
void rconn_in_drop(struct rconn *c); /* gives the buffer back when it is empty */

/* relay_up.c: connections to services */
/* Sets x->up, kept or opening. RELAY_OK, or why there is none. */
enum relay_error up_take(struct rcall *x);
void up_give_back(struct rcall *x, bool is_reusable);
void up_idle_event(struct rconn *c);
void up_idle_drop(struct rconn *c); /* out of the idle list */
void up_note(struct rcall *x, bool is_good);

/* relay_call.c */
struct rcall *rcall_get(struct rloop *l, struct rconn *client);
enum rstate rcall_run(struct rcall *x);
void rcall_timeout(struct rcall *x);
void rcall_step(struct rcall *x, enum relay_step step);
void rcall_due(struct rcall *x, int64_t us); /* sets the step's time */
/* Refuses, or cuts what has begun. */
enum rstate rcall_fail(struct rcall *x, enum relay_error error);
void rcall_end(struct rcall *x); /* accounts and lets go */
void rcall_client_gone(struct rcall *x);
/* relay_answer.c: the steps after a request is on its way */
void send_begin(struct rcall *x);
void continue_send(struct rcall *x); /* 100 Continue, where it is waited for */
void answer_pass(struct rcall *x);   /* the answer's head is good: it goes down */
enum rstate up_opened(struct rcall *x);
enum rstate step_send(struct rcall *x);
enum rstate step_wait(struct rcall *x);
enum rstate step_answer(struct rcall *x);
/* Tries another address when the call may be repeated; else fails. */
enum rstate rcall_up_lost(struct rcall *x, enum relay_error error);

/* relay_check.c */
enum relay_error rcall_check(struct rcall *x);
bool rcall_may_go_on(struct rcall *x);
/* relay_token.c */
/* c: the connection that it came by. */
enum relay_error token_client(const struct rconn *c, const struct rsnap *s, struct str token,
                              const struct rclient **ret);
/* With a name of its own (null: X-Road-Client's), the operation's path and method. */
enum relay_error check_who(struct rcall *x, const struct rsnap *s, struct str name);
enum relay_error check_proof(struct rcall *x, const struct rsnap *s); /* token or certificate */
enum relay_error check_grant(struct rcall *x, const struct rsnap *s, struct str path);
struct str path_below(const struct rcall *x);      /* the route's, decoded */
bool check_name(struct rcall *x, struct str *ret); /* X-Road-Client; null when absent */

/* relay_soap.c: calls of SOAP services */
/* Of a call to a SOAP service, or to no address: the body is to be read first (x->soap), or why
 * not. */
enum relay_error soap_begin(struct rcall *x);
/* Reads on. R_MORE with *ret RELAY_OK: may be sent; else refused for that reason. */
enum rstate soap_read(struct rcall *x, enum relay_error *ret);
void soap_send_begin(struct rcall *x);
bool soap_is_read(const struct rcall *x);
/* Must the head of the answer be held until its envelope was looked at? Begins that. */
bool soap_holds_answer(struct rcall *x);
bool soap_is_holding(const struct rcall *x);
enum rstate soap_answer(struct rcall *x);
bool soap_drops(const struct rcall *x, struct str name); /* field that the relay writes anew */
/* The refusal as a SOAP Fault: body, type and message of what was found. */
struct str soap_fault(struct rcall *x, const char *type, const char *text);
const char *soap_fault_type(const struct rcall *x, const char *otherwise);
void soap_free(struct rcall *x);

/* relay_head.c */
void head_ids(struct rcall *x);  /* fresh request id, trace id */
bool head_note(struct rcall *x); /* what the relay itself reads; false: malformed */
void head_build_up(struct rcall *x);
void head_build_down(struct rcall *x);
/* Of now, as HTTP says it. */
struct str head_date(struct rloop *l);
bool head_name_is(struct str name, struct str want); /* without case, '_' as '-' */
/* relay_refuse.c */
void head_build_refusal(struct rcall *x);

/* relay_pump.c */
void pump_begin(struct rpump *p, struct str head);
enum rpump_end pump_run(struct rpump *p, struct rconn *from, struct rconn *to);
/* Content for whoever reads it before it passes; nothing is sent. *ret (may be empty) is valid
 * until the next call. PUMP_DONE: it was the last. */
enum rpump_end pump_take(struct rpump *p, struct rconn *from, struct str *ret);
/* Content that is at hand, behind the head. Borrowed until it is sent. */
void pump_give(struct rpump *p, struct str content);

/* relay_filter.c: takes members out of JSON as it streams by */
struct rfilter *filter_new(struct arena *a, const struct str *removed, size_t n);
/* *ret is what may pass of the bytes so far, valid until the next run. False: not JSON, or too
 * deep. in.n at most RELAY_BIG_BYTES. */
bool filter_run(struct rfilter *f, struct str in, struct str *ret);
bool filter_is_whole(const struct rfilter *f); /* exactly one document has passed */

/* relay_account.c */
bool record_reserve(struct rloop *l);
void record_push(struct rcall *x);
NODISCARD enum err account_start(struct relay *r);
void account_wake(struct relay *r);
void account_stop(struct relay *r);
NODISCARD enum err ring_open(struct rloop *l, uint32_t n);

/* relay_health.c */
NODISCARD enum err health_start(struct relay *r);
void health_stop(struct relay *r);

#endif
