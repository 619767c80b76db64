/* upcall.h: outbound HTTP/1.1 calls on kept connections, many at once by one thread: for the data
 * plane, where client.h (libcurl, one call at a time) costs more than the call. Plain or TLS 1.2+
 * to addresses that the program's owner typed. The answer is read by the relay's strict parser.
 *
 * A kept connection that turns out to be dead before a byte of an answer came is replaced once: use
 * it only for requests that may come twice, or that the other side takes once. */
#ifndef NET_UPCALL_H
#define NET_UPCALL_H

#include "net/parse.h"

#include <openssl/types.h>

/* Where calls go. Lives as long as calls to it run. */
struct upcall_to {
    struct str host; /* name or address, without brackets */
    int32_t port;
    SSL_CTX *tls;    /* NULL: plain. Its own rules decide whom it believes; no name is checked */
    struct str same; /* connections are shared among calls with the same text */
};

/* Connections that wait for the next call. Thread-safe. */
#define UPCALL_IDLE_MAX 256U
struct upcall_pool;
struct upcall_pool *upcall_pool_open(void);
void upcall_pool_close(struct upcall_pool *p); /* accepts NULL; no call may be under way */

typedef enum err upcall_sink_fn(void *arg, struct str bytes);
enum upcall_state {
    UPCALL_OPENING,
    UPCALL_HANDSHAKE,
    UPCALL_SEND,
    UPCALL_HEAD,
    UPCALL_BODY,
    UPCALL_DONE
};
struct upcall_conn;
struct upcall {
    /* set by the caller */
    const struct upcall_to *to;
    struct str out;       /* the whole request */
    bool is_to_head;      /* method HEAD: no body follows */
    bool is_fresh;        /* a connection of its own, not kept after it */
    int64_t opening_ms;   /* for connecting, to whichever address of the host answers: each has an
                             equal share of what is left; then again for shaking hands */
    int64_t silence_ms;   /* how long less than 64 KiB may move in one direction */
    int64_t due_us;       /* monotonic: end of it all; 0: none */
    upcall_sink_fn *sink; /* gets the body as it comes; what it returns ends the call */
    void *arg;
    /* set when state is UPCALL_DONE; the head lives in the arena of upcall_begin's context */
    enum err result; /* ERR_UPSTREAM, ERR_DEADLINE, what the sink said; detail says more */
    const char *detail;
    struct parse_answer answer;
    /* its own */
    enum upcall_state state;
    struct upcall_conn *conn;
    size_t sent, in_at, in_n;
    char *in;
    struct parse_scan scan;
    struct parse_body body;
    int64_t quiet_due_us;
    uint64_t moved;
    uint32_t n_tried, n_addresses; /* of the host */
    int64_t opening_due_us;        /* monotonic: of all its addresses */
    uint32_t n_interim;
    bool has_answer, is_again;
};
/* Sends what can be sent at once, and does not wait (but for the name's address). */
void upcall_begin(struct ctx *cx, struct upcall_pool *p, struct upcall *u);
/* Waits until at least one of these that was not done is done, at most for max_ms (-1: as long as
 * it takes), and works on all. */
void upcall_wait(struct ctx *cx, struct upcall_pool *p, struct upcall *const *v, size_t n,
                 int max_ms);
/* Gives one up that is not done. */
void upcall_drop(struct upcall *u);

/* A client's TLS that believes exactly this certificate (PEM), and shows its own. */
NODISCARD enum err upcall_tls_pinned(struct ctx *cx, struct str peer_pem, struct str own_pem,
                                     struct str key_pem, SSL_CTX **ret);
void upcall_tls_close(SSL_CTX *tls); /* accepts NULL */

#endif
