/* server.h: the HTTP core: epoll loops, a strict HTTP/1.1 parser (RFC 9110, 9112), TLS, limits and
 * deadlines on everything. The loop itself serves from memory only; every other request runs on a
 * bounded worker pool; bodies are spooled and files are read by file threads.
 *
 * What the server itself refuses, before any callback: malformed messages (400), HTTP/1.0 and other
 * versions (505), methods outside enum http_method (501), unknown transfer codings (501), targets
 * over 8 KiB (414), heads over head_max_bytes or HTTP_HEADERS_MAX fields (431), bodies over the
 * limit (413), bodies on GET and HEAD (400), unknown expectations (417). `OPTIONS *` is answered
 * with 204. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/hist.h"
#include "net/http.h"

struct server;

struct server_class { /* a limit of its own inside the pool, e.g. password hashing */
    struct str name;
    uint32_t running_max; /* workers it may hold at once */
    uint32_t queue_max;   /* waiting; beyond: 503 with Retry-After */
};

struct server_config {
    struct str address;          /* "127.0.0.1" or "0.0.0.0" or "::" */
    int32_t port;                /* 0 = any free port */
    uint32_t n_loops, n_workers; /* 0 = cores; 0 = 2 per core, at least 4 */
    uint32_t connections_max;    /* 0 = 10000 */
    uint32_t head_max_bytes;     /* 0 = 16 KiB */
    uint32_t body_memory_bytes;  /* larger bodies are spooled; 0 = 64 KiB */
    uint64_t body_max_bytes;     /* absolute limit, on_head lowers it; 0 = 64 MiB */
    uint64_t spool_max_bytes;    /* all spooled bodies together, beyond: 503; 0 = 4 GiB */
    size_t request_memory_bytes; /* quota of a request's arena (arena_is_over); 0 = 64 MiB */
    /* 0 = 10 s, 60 s, 75 s, 60 s. The head must arrive whole within its time; body and write times
     * start anew with every 64 KiB moved, so that slow lines can carry large files. */
    uint32_t head_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms;
    uint32_t request_deadline_ms; /* queue + handler; 0 = 30 s */
    struct str spool_dir;
    struct str tls_cert, tls_key; /* PEM paths; empty = plain */
    bool asks_cert; /* TLS: asks clients for a certificate (any; http_request.peer_cert says which)
                     */
    const struct server_class *classes; /* classes[0] is the default class */
    size_t n_classes;

    void *arg;
    /* On the loop, as soon as the head is parsed: the body limit for this request in bytes (preset
     * to body_max_bytes) and the class index it will run in (preset to 0). Must not block. */
    void (*on_head)(void *arg, const struct http_request *rq, uint64_t *ret_body_max,
                    uint32_t *ret_class);
    /* On the loop: answers from memory only (HTTP_WHOLE or HTTP_EVENTS; what the body points to
     * must be immutable and outlive the server, or be built in rq->arena). False hands the request
     * to the pool. Must not block. */
    bool (*on_loop)(void *arg, const struct http_request *rq, struct http_response *rs);
    /* On a worker: cx has arena, clock, deadline and trace id; blocking code is welcome. */
    void (*on_work)(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs);
    /* When a worker thread ends. */
    void (*on_thread_end)(void *arg);
    /* Body of an error the server itself answers (400, 408, 413, 431, 503 ...): sets body,
     * content_type and headers, not the status. May run on the loop: must not block. Strings static
     * or in rq->arena. When no head could be parsed rq->path is null, and rq->target what was
     * asked for as far as it could be seen (parse_asked). Without it: a line of plain text. */
    void (*on_error)(void *arg, int status, const struct http_request *rq,
                     struct http_response *rs);
};

/* Starts; cx_template (with clock; random may be NULL) is copied into each request's context, and
 * must not be used by others meanwhile. The config is copied. ERR_IO with detail when the port is
 * taken or a certificate cannot be used. Callers should ignore SIGPIPE only if they write sockets
 * themselves. */
NODISCARD enum err server_start(struct ctx *cx_template, const struct server_config *config,
                                struct server **ret);
int32_t server_port(const struct server *s);
/* Stops accepting, lets running requests finish (up to grace_ms), then cuts connections, waits for
 * handlers still running, ends the threads and frees everything. Accepts NULL. */
void server_stop(struct server *s, uint32_t grace_ms);

/* Takes certificate and key anew, for connections from now on; those that are open keep what they
 * have. ERR_IO with detail: nothing changed. ERR_UNSUPPORTED when the server was started without
 * TLS. */
NODISCARD enum err server_reload_tls(struct ctx *cx, struct server *s, struct str cert,
                                     struct str key);
/* True from server_stop on. */
bool server_is_stopping(const struct server *s);

/* Sends an event to every connection that listens to channel. Thread-safe; never blocks on a
 * client. event and id may be null; data may have several lines. The last 1024 events (8 MiB) are
 * kept: a client that comes back with Last-Event-ID gets what it missed, or an event named "resync"
 * when its id is no longer known, and should then load the whole anew. A listener more than 64
 * events behind is cut off. Events over 64 KiB are dropped. */
void server_publish(struct server *s, struct str channel, struct str event, struct str id,
                    struct str data);

#define SERVER_CLASSES_MAX 8
struct server_class_stats {
    struct str name;
    uint64_t running, running_max, queued, queue_max, n_refused;
};
struct server_stats {
    uint64_t n_requests, n_connections, n_open, n_refused_busy, n_bad, n_timeouts, bytes_in,
        bytes_out;
    uint64_t n_listeners_dropped;
    uint64_t queue_depth, loop_turn_us_max;
    uint64_t n_answers[6]; /* by the first digit of the status */
    uint64_t n_late;       /* refused because their deadline passed in the queue */
    struct hist_view
        work_us; /* answers of workers, from the last byte of the request until built */
    struct hist_view wait_us; /* the part of it spent in the queue */
    int64_t quiet_us;         /* since the slowest loop last turned: seconds mean that it hangs */
    int64_t tls_until_us;     /* end of the certificate, wall clock; 0: no TLS */
    struct server_class_stats classes[SERVER_CLASSES_MAX];
    size_t n_classes;
};
void server_stats(struct server *s, struct server_stats *ret);

#endif
