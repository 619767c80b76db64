/* reqs.h: closures on their way into the store, and the queue in which they wait: the same in both
 * engines. A mutex of the engine guards the queue and the states. */
#ifndef STORE_REQS_H
#define STORE_REQS_H

#include "store/store.h"

#include <pthread.h>

enum store_req_state {
    STORE_REQ_QUEUED, /* its caller may still give up */
    STORE_REQ_TAKEN,  /* somebody runs it, or is about to */
    STORE_REQ_LEADS,  /* its own caller is to run it (PostgreSQL) */
    STORE_REQ_DONE
};

/* One closure; lives on the stack of its caller, who waits for it or runs it. */
struct store_req {
    struct store_req *prev, *next;
    struct ctx *cx;
    store_tx_fn *fn;
    void *arg;
    enum store_req_state state;
    enum err err;
    bool is_left;  /* PostgreSQL: it has to run in a transaction of its own */
    bool has_lost; /* PostgreSQL: the connection was lost while it ran among others */
    uint32_t n_problems_before;
    int64_t asked_us; /* real monotonic clock */
    pthread_cond_t cond;
};

struct store_reqs {
    struct store_req *first, *last;
    uint32_t n;
};

/* A request about to be queued. ERR_DEADLINE when it is too late for that. End it in any case. */
NODISCARD enum err store_req_init(struct store_req *r, struct ctx *cx, store_tx_fn *fn, void *arg,
                                  const pthread_condattr_t *cond_attr);
void store_req_end(struct store_req *r);

void store_reqs_add(struct store_reqs *l, struct store_req *r);
void store_reqs_remove(struct store_reqs *l, struct store_req *r);
/* Takes the first one out; from here on its caller cannot give up any more. NULL: none waits. */
struct store_req *store_reqs_take(struct store_reqs *queue);
/* Waits until it is done or its caller is to lead; mutex is held, and guards the queue. False when
 * its deadline came while it still queued: it is out of the queue, and nobody runs it. */
bool store_req_wait(struct store_req *r, struct store_reqs *queue, pthread_mutex_t *mutex);

#endif
