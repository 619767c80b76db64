/* server_int.h: shared inside the server. Who owns what:
 * - a loop's thread owns its connections, timers, buffers and free requests; nobody else touches
 * them;
 * - a request belongs to its loop, except between job/file submission and the message that brings
 * it back (is_out); the connection waits for that message even when the client is gone;
 * - threads talk by messages (loop_post), never by shared state; counters are atomics with one
 * writer. */
#ifndef NET_SERVER_INT_H
#define NET_SERVER_INT_H

#include "base/buf.h"
#include "base/date.h"
#include "net/parse.h"
#include "net/server.h"
#include "sys/sys.h"

#include <openssl/types.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#define SPOOL_BLOCK_BYTES  ((size_t)128 * 1024)
#define FILE_BLOCK_BYTES   ((size_t)128 * 1024)
#define STREAM_BLOCK_BYTES ((size_t)64 * 1024)
#define PROGRESS_BYTES                                                                             \
    ((size_t)64 * 1024) /* moved within body or write time, else the peer is cut off               \
                         */
#define LISTENER_QUEUE  64U
#define RING_EVENTS     1024U
#define RING_BYTES      ((size_t)8 << 20)
#define EVENT_MAX_BYTES ((size_t)64 * 1024)
#define PING_MS         15000
#define LINGER_MS       5000 /* who is still sending what was refused reads the answer after it */
#define LINGER_BYTES    ((size_t)32 << 20)

/* --- messages to a loop -------------------------------------------------------------------------
 */
enum msg_kind { MSG_DONE, MSG_CHUNK, MSG_FILE, MSG_EVENT };
struct msg {
    struct msg *next;
    void *owner; /* struct req, or struct event */
    enum msg_kind kind;
};

/* --- work for the file threads -------------------------------------------------------------------
 */
enum file_kind { FILE_SPOOL, FILE_READ, FILE_CLEAN };
struct file_op {
    struct file_op *next;
    struct req *req;
    enum file_kind kind;
    char *p; /* block to write from or read into */
    size_t n;
    bool is_last; /* FILE_SPOOL: close the file after this block */
    int result;   /* 0 or an errno */
};

/* --- a request -------------------------------------------------------------------------------- */
struct http_stream {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct req *req;
    struct ctx *cx;
    char *blocks[2];   /* room for the chunk's size line, content, room for its end */
    uint32_t filling;  /* block the worker writes to */
    size_t n;          /* content bytes in it */
    bool is_flying;    /* the other block is at the loop; under lock */
    enum err fault;    /* sticky; under lock */
    uint32_t n_posted; /* blocks handed to the loop; the head goes with the first */
    struct str chunk;  /* what flies */
};

struct req {
    struct req *next; /* in a queue or free list */
    struct arena *arena;
    struct loop *loop;
    struct conn *conn;
    struct msg msg;
    struct file_op op;
    struct http_request rq;
    struct parse_head head;
    struct http_response rs;
    bool has_rq; /* a head was parsed */
    bool is_out; /* at a worker or a file thread */
    bool keep_alive;
    bool is_bodiless; /* HEAD, 204, 304: nothing after the head */
    uint32_t class_index;
    uint64_t body_max;
    /* spooling */
    char *block; /* SPOOL_BLOCK_BYTES and more, or FILE_BLOCK_BYTES */
    size_t block_n, block_cap;
    char *spool_path;
    int64_t spooled; /* bytes counted against spool_max_bytes */
    int fd;          /* spool file while written, or the file being sent; -1 */
    /* answer */
    struct buf out; /* head */
    int64_t file_at, file_left;
    struct http_stream *stream;
    enum err stream_end; /* what the stream's function returned */
};

/* --- a connection ----------------------------------------------------------------------------- */
enum source_kind { SOURCE_LISTEN, SOURCE_MAIL, SOURCE_CONN };
enum timer_kind {
    TIMER_NONE,
    TIMER_HEAD,
    TIMER_BODY,
    TIMER_IDLE,
    TIMER_WRITE,
    TIMER_PING,
    TIMER_LINGER,
    TIMER_COUNT
};
enum conn_state {
    CONN_HANDSHAKE, /* TLS */
    CONN_HEAD,      /* waiting for a head; idle while nothing has come */
    CONN_BODY,
    CONN_WAIT, /* the request is out */
    CONN_SEND,
    CONN_EVENTS,
    CONN_LINGER /* answered and closing: reads what still comes, so that the answer is not reset */
};
enum step { STEP_MORE, STEP_WAIT };

struct listener;
struct conn {
    enum source_kind source; /* first: epoll hands back a pointer to it */
    enum conn_state state;
    int fd;
    bool can_read, can_write, is_read_closed, is_dead, in_again;
    bool has_chunk; /* a block of a stream is here: its worker waits for stream_settle */
    enum timer_kind timer;
    int64_t timer_due_us;
    struct conn *timer_prev, *timer_next;
    struct conn *prev, *next; /* all of the loop */
    struct conn *again_next, *grave_next;
    struct loop *loop;
    SSL *ssl;
    char *in; /* from the loop's pool; NULL while idle */
    size_t in_at, in_n;
    struct parse_scan scan;
    struct parse_body body;
    struct buf body_mem;
    uint64_t body_n;
    uint64_t moved; /* bytes since the timer was armed */
    struct req *req;
    struct iovec iov[2];
    size_t iov_at, iov_n;
    struct listener *listener;
    uint64_t n_served;
    char peer[48];
    bool has_cert;
    char cert[64]; /* hex digits of the certificate's SHA-256 */
};

/* --- server-sent events ----------------------------------------------------------------------- */
struct event {
    _Atomic uint32_t refs;
    uint64_t seq;
    uint64_t channel_hash;
    struct str channel, id, text; /* in the same allocation */
    struct msg msgs[];            /* one per loop */
};

struct listener {
    struct conn *conn;
    struct listener *prev, *next; /* bucket of the loop */
    uint64_t channel_hash, seen_seq;
    struct str channel;
    struct event *queue[LISTENER_QUEUE];
    uint32_t at, n;
    struct event *sending;
};
#define LISTENER_BUCKETS 256U

struct hub {
    pthread_mutex_t lock;
    uint64_t seq;
    struct event *ring[RING_EVENTS];
    uint32_t at, n;
    size_t bytes;
};

/* --- a loop ----------------------------------------------------------------------------------- */
struct loop {
    struct server *server;
    pthread_t thread;
    int epoll_fd, listen_fd, mail_fd, spare_fd;
    enum source_kind listen_source, mail_source;
    int64_t now_us;
    pthread_mutex_t mail_lock;
    struct msg *mail_first, *mail_last;
    uint32_t mail_events; /* events waiting in the mailbox; bounded */
    _Atomic bool has_lost_events;
    struct conn *conns, *again, *graves;
    uint32_t n_conns; /* with those that wait for their request to come home */
    struct conn *timer_first[TIMER_COUNT], *timer_last[TIMER_COUNT];
    int64_t timer_us[TIMER_COUNT];
    char *free_in; /* buffers, linked through their first bytes */
    uint32_t n_free_in;
    size_t in_cap;
    struct req *free_reqs;
    uint32_t n_free_reqs;
    struct listener *listeners[LISTENER_BUCKETS];
    uint64_t trace_hi, trace_lo;
    int64_t date_s;
    char date[32];
    bool is_draining;
    _Atomic int64_t turned_us; /* when the last turn began */
    _Atomic uint64_t n_answers[6];
    _Atomic uint64_t n_requests, n_connections, n_refused_busy, n_bad, n_timeouts, bytes_in,
        bytes_out, turn_us_max, n_listeners_dropped;
};

/* --- the pool --------------------------------------------------------------------------------- */
struct pool_class {
    uint32_t running, running_max, queued, queue_max;
    uint64_t n_refused;
    struct req *first, *last;
};
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pool_class *classes;
    size_t n_classes, turn;
    pthread_t *threads;
    uint32_t n_threads;
    bool is_ending, is_dropping;
};
struct files {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct file_op *first, *last;
    pthread_t threads[2];
    uint32_t n_threads;
    bool is_ending;
};

struct server {
    struct server_config config; /* with defaults filled in */
    struct ctx cx;               /* template */
    struct arena *arena;
    int32_t port;
    struct loop *loops;
    uint32_t n_loops; /* threads started */
    struct pool pool;
    struct files files;
    struct hub hub;
    pthread_mutex_t tls_lock; /* guards the pointer, which a reload swaps */
    SSL_CTX *tls;
    bool has_tls; /* fixed from the start */
    struct hist work_us, wait_us;
    _Atomic uint64_t n_late;
    _Atomic uint32_t n_open;
    _Atomic uint64_t spooled;
    _Atomic uint64_t spool_serial;
    _Atomic bool is_stopping, is_cutting;
};

static inline int64_t
server_mono_us(const struct server *s)
{
    return s->cx.clock->mono_us(s->cx.clock);
}

/* Adds to a counter that only this thread writes. */
static inline void
stat_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* loop.c */
void *loop_main(void *arg);
void loop_post(struct loop *l, struct msg *m);
void loop_init(struct loop *l, struct server *s);
void loop_done(struct loop *l);
void timer_arm(struct conn *c, enum timer_kind kind);
char *loop_in_get(struct loop *l);
void loop_in_put(struct loop *l, char *p);
struct req *req_get(struct loop *l, struct conn *c);
/* Gives a request back; its files are cleaned up by a file thread first. */
void req_release(struct req *r);

/* accept.c */
enum err listen_check(struct ctx *cx, struct str address, int32_t port);
enum err listen_open(struct ctx *cx, struct str address, int32_t port, int *ret_fd);
int32_t listen_port(int fd);
struct sockaddr;
/* Text of a peer's address; an IPv4 address that came as IPv6 is written as IPv4. */
void listen_peer(const struct sockaddr *any, char out[48]);
void conn_accept_all(struct loop *l);
/* conn_head.c */
enum step conn_step_head(struct conn *c);
void conn_dispatch(struct conn *c);
struct str loop_date(struct loop *l);
/* conn.c: the states of a connection */
void conn_run(struct conn *c);
void conn_bury(struct conn *c); /* frees a dead connection once nothing refers to it */
void conn_event(struct conn *c, uint32_t events);
void conn_kill(struct conn *c);
void conn_timeout(struct conn *c);
/* Answers with an error of the server's own and closes. */
enum step conn_refuse(struct conn *c, int status);
void conn_deliver(struct conn *c); /* the answer in c->req is built: send it */
void conn_message(struct msg *m);  /* MSG_DONE, MSG_CHUNK, MSG_FILE */
/* conn_body.c */
enum step conn_step_body(struct conn *c);
enum step conn_body_begin(struct conn *c);
void conn_spooled(struct conn *c);
/* conn_io.c */
enum step conn_fill(struct conn *c);
enum step conn_step_send(struct conn *c);
enum step conn_step_linger(struct conn *c);
enum step conn_step_handshake(struct conn *c);
bool conn_send_now(struct conn *c, struct str bytes);
void conn_out(struct conn *c, struct str first, struct str second);
/* conn_send.c: what follows when all bytes are out */
enum step conn_sent(struct conn *c);
void conn_linger(struct conn *c);

/* tls.c */
enum err tls_open(struct ctx *cx, struct str cert, struct str key, SSL_CTX **ret);
void tls_close(SSL_CTX *tls);
SSL *tls_conn_new(SSL_CTX *tls, int fd);
/* Clients are asked for a certificate; any is taken, what it is worth is decided by whoever reads
 * its fingerprint. */
void tls_ask_cert(SSL_CTX *tls);
/* The SHA-256 of the peer's certificate in lower case hex digits; false when there is none, or when
 * it is not valid at this time. */
bool tls_peer_cert(const SSL *ssl, char ret_hex[64]);
/* For connections that we open: PEM files, each may be empty: the system's authorities, no lists of
 * revoked certificates, no certificate of our own. */
struct tls_files {
    struct str ca, crl, cert, key;
};
enum err tls_client_open(struct ctx *cx, const struct tls_files *f, SSL_CTX **ret);
/* After a handshake of ours that failed. */
enum tls_peer_fault { TLS_PEER_OTHER, TLS_PEER_REVOKED, TLS_PEER_NO_LIST };
enum tls_peer_fault tls_peer_fault(const SSL *ssl);
/* The server's certificate must be good for name. */
SSL *tls_client_new(SSL_CTX *tls, int fd, const char *name, bool is_ip);
/* End of the certificate's validity in seconds since 1970, 0 when unknown. */
int64_t tls_until_s(const SSL_CTX *tls);
/* The same of the other side's certificate. */
int64_t tls_peer_until_s(const SSL *ssl);
void tls_conn_free(SSL *ssl, bool is_clean);
/* >0 bytes, 0 end, -1 would block, -2 broken */
int64_t tls_read(SSL *ssl, char *p, size_t n);
int64_t tls_write(SSL *ssl, const char *p, size_t n);
int tls_handshake(SSL *ssl); /* 1 done, -1 would block, -2 broken */

/* respond.c: builds r->out and what follows it from r->rs. Runs on the loop or a worker. */
void respond_build(struct req *r, bool may_block, struct str date);
void respond_error(struct req *r, int status, struct str date);
/* The Date field's text for a second, written to out (29 bytes and NUL). */
void respond_date(int64_t wall_us, char out[32]);
/* respond_file.c */
int respond_file_open(struct req *r);
int respond_spooled_open(struct req *r);
/* A file that the answer gave away goes, though it is not sent. */
void respond_spooled_drop(struct req *r);
bool respond_not_modified(const struct req *r);

/* pool.c */
enum err pool_start(struct server *s);
bool pool_submit(struct server *s, struct req *r);
void pool_drop(struct server *s); /* queued jobs are answered without running */
void pool_stop(struct server *s);
uint64_t pool_depth(struct server *s);
void pool_stats(struct server *s, struct server_stats *ret);

/* stream.c */
enum err stream_run(struct req *r, struct ctx *cx);
void stream_settle(struct http_stream *st,
                   enum err fault); /* the loop's word about the flying block */
void stream_free(struct http_stream *st);

/* files.c */
enum err files_start(struct server *s);
void files_submit(struct server *s, struct file_op *op);
void files_stop(struct server *s);
void files_sweep(struct server *s); /* removes spool files of an earlier run */

/* events.c */
void events_begin(struct conn *c); /* the head is out: listen and replay */
void events_pump(struct conn *c);  /* next event into c->iov */
void events_end(struct conn *c);
void events_deliver(struct loop *l, struct event *ev);
void event_unref(struct event *ev);
void hub_done(struct hub *h);

/* "bytes=a-b", "bytes=a-", "bytes=-n" of a file of that size. Several ranges, other units and
 * malformed ones are ignored (RANGE_NONE), as RFC 9110 14.2 allows. */
enum range { RANGE_NONE, RANGE_ONE, RANGE_BAD };
enum range range_parse(struct str value, int64_t size, int64_t *ret_from, int64_t *ret_n);

#endif
