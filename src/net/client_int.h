/* client_int.h: shared by client.c and client_plain.c. */
#ifndef NET_CLIENT_INT_H
#define NET_CLIENT_INT_H

#include "base/buf.h"
#include "net/client.h"
#include "net/upcall.h"
#include "sys/sys.h"

#include <curl/curl.h>
#include <pthread.h>

#define CLIENT_HEADS_BYTES ((size_t)64 * 1024)

struct client_call {
    struct ctx *cx;
    const struct client_request *rq;
    CURL *curl;
    struct curl_slist *fields;
    struct buf body;
    int in, out; /* files of the bodies, -1: none */
    int64_t out_n;
    int fault; /* errno of a file */
    bool is_too_large;
    size_t heads_n;
    struct client_response rs;
};
struct client_pool {
    pthread_mutex_t lock;
    CURL *idle[CLIENT_POOL_MAX];
    size_t n;
    struct upcall_pool *plain;
};

/* The pool that the call may use; NULL: none. */
struct client_pool *client_pool_of(const struct client_request *rq);
bool client_is_line(struct str s);
/* May the request go out twice, when a kept connection was dead? */
bool client_may_repeat(const struct client_request *rq);
/* Milliseconds for the call: its own limit, or what the request's deadline leaves. 0: none. */
int64_t client_time_left_ms(const struct client_call *c);
/* A piece of the answer's body; false: no room for it. */
bool client_body_add(struct client_call *c, const char *p, size_t all);
/* What the answer's body did to us; ERR_OK: nothing. */
NODISCARD enum err client_result_of_body(struct client_call *c);
void client_body_done(struct client_call *c);

/* client_plain.c */
bool client_is_plain(const struct client_request *rq);
NODISCARD enum err client_call_plain(struct client_call *c);

#endif
