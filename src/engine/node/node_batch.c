/* node_batch.c: signing together. A lane gathers messages of one member for one peer; while a
 * signature is being made the next batch gathers, so a slow key (a token takes milliseconds) makes
 * large batches. A fast one would make small ones, and each costs the other side a verification:
 * so a lane that has just signed gathers for GATHER_US first. Who comes alone is signed at once.
 *
 * The first in a batch signs it, and has the records of all in the log together, when they are to
 * be kept; the others sleep meanwhile, each for itself, and are woken once. */
#include "engine/node/node_int.h"

#define LANES_MAX 4096
#define GATHER_US 2000

struct together { /* a batch and those who wait for it */
    struct node_batch batch;
    struct node_waiters waiters;                      /* under the lane's lock, all but the first */
    const struct node_signing *which[NODE_BATCH_MAX]; /* theirs: there until they are told */
    _Atomic uint32_t refs;
    enum err result;
};
struct lane {
    struct lane *next;
    struct digest thumb;
    char peer[128];
    size_t peer_n;
    enum node_kind kind;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the first in the open batch, and who finds it full */
    struct together *open;
    int64_t next_us; /* not signed before, but when full; monotonic */
    bool is_signing;
};
struct node_lanes {
    pthread_mutex_t lock;
    struct lane *first;
    uint32_t n;
    _Atomic uint64_t n_batches, n_signed;
};

struct node_lanes *
node_lanes_open(void)
{
    struct node_lanes *l = calloc(1, sizeof(*l));
    ASSERT(l != NULL && pthread_mutex_init(&l->lock, NULL) == 0);
    return l;
}

void
node_lanes_close(struct node_lanes *l)
{
    struct lane *next = NULL;
    if (l == NULL) {
        return;
    }
    for (struct lane *one = l->first; one != NULL; one = next) {
        next = one->next;
        (void)pthread_mutex_destroy(&one->lock);
        (void)pthread_cond_destroy(&one->wake);
        free(one);
    }
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

void
node_lanes_count(struct node_lanes *l, uint64_t *ret_batches, uint64_t *ret_signed)
{
    *ret_batches = atomic_load(&l->n_batches);
    *ret_signed = atomic_load(&l->n_signed);
}

static bool
is_lane(const struct lane *one, const struct node_own *own, struct str peer, enum node_kind kind)
{
    return one->kind == kind && digest_equal(&one->thumb, &own->thumb) &&
           str_eq((struct str){ one->peer, one->peer_n }, peer);
}

static void
cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    ASSERT(pthread_condattr_init(&attr) == 0 &&
           pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(c, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
}

/* Lanes are few (members of ours times peers) and stay. NULL: too many. */
static struct lane *
lane_of(struct node_lanes *l, const struct node_own *own, struct str peer, enum node_kind kind)
{
    (void)pthread_mutex_lock(&l->lock);
    struct lane *one = l->first;
    while (one != NULL && !is_lane(one, own, peer, kind)) {
        one = one->next;
    }
    if (one == NULL && l->n < LANES_MAX && peer.n <= sizeof(one->peer)) {
        one = calloc(1, sizeof(*one));
        ASSERT(one != NULL && pthread_mutex_init(&one->lock, NULL) == 0);
        cond_init(&one->wake);
        one->thumb = own->thumb;
        memcpy(one->peer, peer.p, peer.n);
        one->peer_n = peer.n;
        one->kind = kind;
        one->next = l->first;
        l->first = one;
        l->n++;
    }
    (void)pthread_mutex_unlock(&l->lock);
    return one;
}

static enum err
sign_now(struct ctx *cx, const struct node_own *own, struct node_batch *b)
{
    struct str made = STR_NULL;
    b->signed_us = sys_now_us(cx) / DATE_US_PER_S * DATE_US_PER_S;
    struct digest d = digest_sha256(node_signed_info(cx->arena, b));
    TRY(sign_key_digest(cx, own->key, (struct str){ (const char *)d.b, sizeof(d.b) }, &made));
    if (made.n > sizeof(b->signature)) {
        return err_set(cx, ERR_INTERNAL, "a signature of %zu bytes", made.n);
    }
    memcpy(b->signature, made.p, made.n);
    b->signature_n = (uint32_t)made.n;
    return ERR_OK;
}

/* Under the lane's lock: until the batch is full or its time has come. Nobody else signs. */
static void
lane_gather(struct lane *lane, const struct together *t)
{
    const struct timespec until = { .tv_sec = lane->next_us / DATE_US_PER_S,
                                    .tv_nsec = lane->next_us % DATE_US_PER_S * 1000 };
    while (lane->is_signing) {
        (void)pthread_cond_wait(&lane->wake, &lane->lock);
    }
    while (t->batch.n < NODE_BATCH_MAX && sys_clock_real.mono_us(&sys_clock_real) < lane->next_us) {
        (void)pthread_cond_timedwait(&lane->wake, &lane->lock, &until);
    }
}

/* The records of all in the batch, in one go. */
static enum err
records_add(struct ctx *cx, const struct together *t)
{
    struct arena *a = arena_open(0); /* others' messages are not this call's to hold */
    struct ctx mine = *cx;
    struct node_log *log = NULL;
    struct node_record v[NODE_BATCH_MAX];
    size_t n = 0;
    mine.arena = a;
    for (uint32_t i = 0; i < t->batch.n; i++) {
        const struct node_signing *s = t->which[i];
        if (s->log != NULL) {
            struct str proof = node_proof_write(a, &t->batch, i);
            v[n++] = node_stored_record(&mine, s->peer, 's', proof, s->message, s->kind);
            log = s->log;
        }
    }
    enum err e = n == 0 ? ERR_OK : node_log_add(&mine, log, v, n);
    arena_close(a);
    return e;
}

/* Under the lane's lock; let go while signing and storing, and not taken again. */
static void
lane_sign(struct ctx *cx, struct node_lanes *l, struct lane *lane, const struct node_own *own)
{
    struct together *t = lane->open;
    struct node_waiters waiters = t->waiters; /* nobody joins any more */
    lane->open = NULL;
    lane->is_signing = true;
    lane->next_us = sys_clock_real.mono_us(&sys_clock_real) + GATHER_US;
    (void)pthread_cond_broadcast(&lane->wake); /* there is room */
    (void)pthread_mutex_unlock(&lane->lock);
    enum err e = sign_now(cx, own, &t->batch);
    (void)atomic_fetch_add(&l->n_batches, 1);
    (void)atomic_fetch_add(&l->n_signed, t->batch.n);
    (void)pthread_mutex_lock(&lane->lock);
    lane->is_signing = false;
    (void)pthread_cond_broadcast(&lane->wake);
    (void)pthread_mutex_unlock(&lane->lock);
    t->result = e == ERR_OK ? records_add(cx, t) : ERR_INTERNAL;
    node_waiters_tell(&waiters, t->result == ERR_OK, 0);
}

/* Under the lane's lock: a place in the open batch. */
static struct together *
lane_join(struct lane *lane, const struct node_own *own, const struct node_signing *s,
          uint32_t *ret_index)
{
    while (lane->open != NULL && lane->open->batch.n == NODE_BATCH_MAX) {
        (void)pthread_cond_wait(&lane->wake, &lane->lock);
    }
    if (lane->open == NULL) {
        lane->open = calloc(1, sizeof(*lane->open));
        ASSERT(lane->open != NULL);
        lane->open->batch.kind = s->kind;
        lane->open->batch.algorithm = own->algorithm;
        lane->open->batch.cert = own->thumb;
    }
    struct together *t = lane->open;
    *ret_index = t->batch.n;
    t->which[t->batch.n] = s;
    t->batch.v[t->batch.n++] = s->message->digest;
    (void)atomic_fetch_add(&t->refs, 1);
    if (t->batch.n == NODE_BATCH_MAX) {
        (void)pthread_cond_broadcast(&lane->wake);
    }
    return t;
}

enum err
node_sign(struct ctx *cx, struct node_lanes *l, struct node_own *own, const struct node_signing *s,
          struct str *ret_proof)
{
    uint32_t index = 0;
    struct node_waiter me = { .is_writer = false };
    struct lane *lane = lane_of(l, own, s->peer, s->kind);
    if (lane == NULL) {
        return err_set(cx, ERR_BUSY, "too many pairs of members and peers");
    }
    (void)pthread_mutex_lock(&lane->lock);
    struct together *t = lane_join(lane, own, s, &index);
    if (index == 0) {
        lane_gather(lane, t);
        lane_sign(cx, l, lane, own);
    } else {
        node_waiters_add(&t->waiters, &me);
        (void)pthread_mutex_unlock(&lane->lock);
        node_waiter_wait(&me);
    }
    enum err e = t->result; /* nobody changes it any more */
    if (e == ERR_OK) {
        *ret_proof = node_proof_write(cx->arena, &t->batch, index);
    }
    if (atomic_fetch_sub(&t->refs, 1) == 1) {
        free(t);
    }
    return e == ERR_OK         ? ERR_OK
           : e == ERR_INTERNAL ? err_set(cx, e, "the member's key does not sign")
                               : err_set(cx, e, "the evidence log");
}
