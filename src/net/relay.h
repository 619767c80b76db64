/* relay.h: the data plane of the exchange: takes calls in, checks them against an immutable policy
 * snapshot, forwards them to a service, accounts for each. Event loops of its own on a port of its
 * own; no store and no files on the loop.
 *
 * Who owns what: the caller describes a policy in plain structs (relay_policy) and hands it over
 * with relay_apply, from any thread; the relay copies and compiles it, and swaps it in between two
 * turns of each loop. Calls in flight finish under the snapshot they began with. What must outlive
 * a snapshot (used-up rates and quotas, state of upstream addresses, kept connections, verified
 * tokens) is kept under the names given here: keep names stable from one policy to the next. */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include "net/http.h"

struct relay;

/* --- policy: what may call what ------------------------------------------------------------------
 * All strings and arrays are borrowed only until relay_apply returns. 0 and null mean the default
 * that is said, everywhere. */

/* How a service's addresses share the calls. HASH: the same client goes to the same address. */
enum relay_balance { RELAY_ROUND_ROBIN, RELAY_LEAST_BUSY, RELAY_HASH };

/* An upstream: one service's addresses. */
struct relay_pool {
    struct str name;             /* unique; state is kept under it */
    const struct str *addresses; /* "host:port"; names are resolved by relay_apply */
    size_t n_addresses;
    enum relay_balance balance;
    struct str host;        /* Host field; null: the address */
    bool is_tls;            /* certificate checked against ca_file and tls_name */
    struct str tls_name;    /* null: host without port */
    struct str ca_file;     /* PEM; null: the system's */
    struct str crl_file;    /* PEM lists of revoked certificates, one of each authority of the chain
                               but the root's own; a list that is over lets nobody in; null: none */
    struct str client_cert; /* PEM files for mutual TLS; null: none */
    struct str client_key;
    uint32_t idle_ms;        /* kept connections; 0 = 50 s; an answer's Keep-Alive lowers it */
    uint32_t idle_max;       /* kept per loop and address; 0 = 256 */
    uint32_t busy_max;       /* calls at once over all loops, beyond: 503; 0 = no limit */
    struct str check_path;   /* active health check by GET; null: none */
    uint32_t check_every_ms; /* 0 = 5 s */
    uint32_t fail_n;         /* failures in a row that open the circuit; 0 = 5 */
    uint32_t open_ms;        /* how long it stays open before one call may try; 0 = 10 s */
    bool is_5xx_failure;     /* 500..599 count as failures of the address too */
    bool may_lack_address;   /* a name without an address leads where it led before, else nowhere
                                (calls end as RELAY_CONNECT); else the policy is refused */
};

/* Who calls. Found by any of its proofs; a client without proofs is known by X-Road-Client alone
 * and then needs addresses. */
struct relay_client {
    int64_t id;                  /* the caller's own number, comes back in records */
    struct str name;             /* unique; for X-Road "INSTANCE/CLASS/MEMBER/SUBSYSTEM" */
    const struct str *token_ids; /* values of a token's client_id (or azp, or sub) claim */
    size_t n_token_ids;
    const struct str *cert_sha256; /* certificates of the client, 64 hex digits each */
    size_t n_cert_sha256;
    const struct str *networks; /* "10.1.0.0/16", "2001:db8::/32", single addresses; none: any */
    size_t n_networks;
    bool is_suspended;
};

/* Something callable. Found by the longest path that the request's path begins with (whole
 * segments, decoded); "/r1/INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE" makes it an X-Road service. */
struct relay_route {
    int64_t id;
    struct str name;          /* unique; the X-Road service id without "/r1/", or any */
    struct str path;          /* prefix, see above */
    struct str pool;          /* name of a pool */
    struct str target;        /* base path at the upstream, put in place of `path`; null: "" */
    bool is_open;             /* anybody may call, no grant needed (a token endpoint) */
    bool is_for_clients;      /* any client that proves itself may call, no grant needed */
    bool keeps_host;          /* passes the client's Host on */
    bool is_signed;           /* the pool is this program's own gate of signed exchange: its
                                 X-Road-Error and X-Road-Request-Hash pass down */
    bool keeps_authorization; /* else it ends here */
    /* A SOAP 1.1 service: only POST with text/xml, read before anything is sent. The element of the
     * body tells the operation; X-Road's fields in the envelope must name who calls and this
     * service, or be absent. */
    bool is_soap;
    bool is_fixed;  /* SOAP: the target is the one address; else the operation's path follows it */
    bool is_common; /* SOAP: its operations may be asked of any provider, at "/" (metadata of X-Road
                       has it so); a service's own of such a name is found by the service's code */
    const struct relay_soap *soap; /* operations; none: any, its path is "/" and the element */
    size_t n_soap;
    uint64_t body_max_bytes; /* of a request; 0 = 100 MiB */
    /* Time-outs per step; 0 = 3 s, 30 s, 60 s, 30 s, none. send and answer start anew with every
     * 64 KiB moved. */
    uint32_t connect_ms, send_ms, wait_ms, answer_ms, total_ms;
    uint32_t tries_max; /* 0 = 2; only calls that may be repeated, before a byte of answer */
};

/* An operation of a SOAP service. */
struct relay_soap {
    struct str element; /* local name of the body's element; also X-Road's serviceCode */
    struct str action;  /* what SOAPAction may say; null: what ends with the element's name */
    struct str path;    /* as operations of grants have it */
};

/* A named operation: a method and a path below the route's; "*" and "{x}" stand for one segment, a
 * last "**" for any rest. */
struct relay_operation {
    struct str method; /* null: any */
    struct str path;
};

/* An agreement: this client may call this route. No grant, no call. */
struct relay_grant {
    int64_t id;
    struct str client, route;                 /* names */
    const struct relay_operation *operations; /* none: all */
    size_t n_operations;
    uint32_t rate_n, rate_ms, rate_burst; /* n calls per rate_ms; n 0: no limit; burst 0: n */
    uint64_t quota_n;                     /* calls in quota_window; 0: no limit */
    enum relay_window { RELAY_DAY, RELAY_MONTH } quota_window; /* of UTC+7 */
    uint64_t quota_used; /* already used, taken when the relay knows of none (after a start) */
    uint32_t hours[7]; /* bit h set: may call from h:00 to h:59, UTC+7; Monday first; all 0: any */
    int64_t from_us, until_us;  /* real time; 0: open */
    const struct str *networks; /* additionally to the client's; none: any */
    size_t n_networks;
    const struct str
        *removed; /* members taken out of JSON answers: "a.b" below objects and lists */
    size_t n_removed;
};

/* Who may sign tokens, and for whom. Without keys no token is taken. */
struct relay_tokens {
    struct str jwks;             /* JWK set; ES256, RS256, EdDSA; algorithm fixed by the key */
    struct str issuer, audience; /* null: not checked */
    const struct str *revoked;   /* jti values */
    size_t n_revoked;
};

struct relay_policy {
    struct str version; /* for the log */
    struct relay_tokens tokens;
    const struct relay_pool *pools;
    size_t n_pools;
    const struct relay_client *clients;
    size_t n_clients;
    const struct relay_route *routes;
    size_t n_routes;
    const struct relay_grant *grants;
    size_t n_grants;
};

/* --- accounting -------------------------------------------------------------------------------
 */

/* Why a call ended as it did; 0 = answered by the service. Codes are stable; names by
 * relay_error_name. */
enum relay_error {
    RELAY_OK,
#define RELAY_ERROR(name, code, status, xroad_status, type, text) name,
#include "net/relay_errors.def"
#undef RELAY_ERROR
    RELAY_ERROR_COUNT
};

/* Steps of a call, in the order in which they are passed. */
enum relay_step {
    RELAY_STEP_HEAD,    /* the request's head comes in */
    RELAY_STEP_CHECK,   /* who, whereto, allowed, within limits */
    RELAY_STEP_CONNECT, /* a connection to the service, kept or new */
    RELAY_STEP_SEND,    /* head and body go up */
    RELAY_STEP_WAIT,    /* for the first byte of the answer */
    RELAY_STEP_ANSWER,  /* the answer goes down */
    RELAY_STEP_REFUSE,  /* an answer of our own goes down */
    RELAY_STEP_COUNT
};

enum relay_proof { RELAY_NOBODY, RELAY_BY_TOKEN, RELAY_BY_CERT, RELAY_BY_NETWORK };

/* One call, told when it has ended. Texts over their room are cut. */
struct relay_record {
    int64_t started_us;                    /* wall clock */
    int64_t client_id, route_id, grant_id; /* 0: not known */
    struct str client, route, pool;        /* names; null: not known; valid during the callback */
    char request_id[37]; /* UUID made here, X-Road-Request-Id; NUL-terminated like all below */
    char trace_id[33];
    char message_id[64], user_id[40], issue[40]; /* X-Road-Id, -UserId, -Issue */
    char peer[48], upstream[56];
    char method[8];
    struct str operation; /* of the grant, that allowed it; null when it names none */
    char path[120];       /* below the route's, without query; may name persons */
    enum relay_proof proof;
    enum relay_error error;
    uint16_t status; /* sent to the client; 0: none went out */
    uint8_t tries_n;
    bool is_cut;                  /* the client did not get the whole answer */
    uint64_t bytes_in, bytes_out; /* bodies */
    uint32_t step_us[RELAY_STEP_COUNT];
    uint32_t total_us;
};

const char *relay_error_name(enum relay_error e); /* "access_denied" */
const char *relay_step_name(enum relay_step s);   /* "connect" */

/* --- running ----------------------------------------------------------------------------------
 */
struct relay_config {
    struct str address;                        /* null: "127.0.0.1" */
    int32_t port;                              /* 0: any free one */
    uint32_t n_loops;                          /* 0: one per core */
    uint32_t connections_max;                  /* of clients; 0 = 10000 */
    uint32_t head_max_bytes;                   /* 0 = 16 KiB; of requests and answers */
    uint32_t head_timeout_ms, idle_timeout_ms; /* of clients; 0 = 10 s, 75 s */
    uint32_t records_max;         /* per loop, waiting to be accounted for; 0 = 16384 */
    struct str tls_cert, tls_key; /* PEM paths; null: plain */
    bool asks_cert; /* TLS: asks clients for a certificate (any; the policy names the good ones) */
    /* On the accounting thread: some calls that have ended, each told once, in order per loop. May
     * block: calls beyond records_max are refused with 503 (records_full), never dropped unseen. */
    void (*on_records)(void *arg, const struct relay_record *v, size_t n);
    void *arg;
};

/* Starts without a policy: every call is refused with 503 (no_policy) until relay_apply.
 * cx (clock; random may be NULL) is copied. ERR_IO with detail when the port is taken or a
 * certificate cannot be used; ERR_INVALID. */
NODISCARD enum err relay_start(struct ctx *cx, const struct relay_config *config,
                               struct relay **ret);
int32_t relay_port(const struct relay *r);
/* End of its own certificate, wall clock; 0: plain. */
int64_t relay_cert_until_us(const struct relay *r);
/* Lets calls finish (up to grace_ms), ends the threads, hands over the last records. NULL is fine.
 */
void relay_stop(struct relay *r, uint32_t grace_ms);

/* Compiles and swaps: calls that come after it has returned meet the new policy. Thread-safe. May
 * block (names, certificate files): not on a loop. ERR_INVALID: nothing was changed, cx->err.text
 * names the first fault ("route[3].pool: ..."). */
NODISCARD enum err relay_apply(struct ctx *cx, struct relay *r, const struct relay_policy *p);

/* Is a name of the policy in force without an address? Then apply it again after a while. */
bool relay_lacks_address(struct relay *r);
/* May the path of a service's address be this? Not empty, and no '/' at its end. */
bool relay_is_target(struct str path);

/* Reads a policy from JSON (doc/relay.md). The result borrows from cx->arena. ERR_INVALID with all
 * faults in *ret_faults as lines "file:line: fault; remedy". */
NODISCARD enum err relay_policy_read(struct ctx *cx, struct str file_name, struct str json,
                                     struct relay_policy *ret, struct str *ret_faults);

/* Reads and applies; faults of either are told with file and line. */
NODISCARD enum err relay_apply_json(struct ctx *cx, struct relay *r, struct str file_name,
                                    struct str json, struct str *ret_faults);

/* State of one upstream address. */
struct relay_address {
    struct str pool, address;
    bool is_up; /* may be called: circuit closed and the last health check good */
    uint32_t fails_n, busy_n;
    int64_t cert_until_us; /* end of the certificate it showed last, of a revoked one the
                              moment when that was seen; 0: no TLS, or not called yet */
};
/* All addresses of the policy in force; borrows from cx->arena. */
/* Can these be a pool's ca_file and crl_file (either null)? ERR_IO with what is wrong. */
NODISCARD enum err relay_trust_check(struct ctx *cx, struct str ca_file, struct str crl_file);
NODISCARD enum err relay_addresses(struct ctx *cx, struct relay *r, struct relay_address **ret,
                                   size_t *ret_n);
/* Calls counted for a grant in its present window; 0 when unknown. */
uint64_t relay_quota_used(struct relay *r, struct str client, struct str route);

#define RELAY_TURN_BUCKETS 24
struct relay_stats {
    uint64_t n_calls, n_refused, n_failed, n_connections, n_open, n_upstream_opened, n_reused,
        n_retries, n_tokens_verified, n_tokens_cached, n_records, n_swaps;
    uint64_t bytes_in, bytes_out;
    uint64_t turns[RELAY_TURN_BUCKETS]; /* turns of a loop that took under 2^i microseconds */
    uint64_t turn_us_max;
};
void relay_stats(struct relay *r, struct relay_stats *ret);

/* May this field of a service's answer go on to the caller? Not what belongs to one connection (RFC
 * 9110 7.6.1; connection: what its Connection field says), nor framing, nor what the exchange
 * vouches for; is_changed: nor what describes the body as the service sent it. */
bool relay_passes_down(struct str name, struct str connection, bool is_changed);

#endif
