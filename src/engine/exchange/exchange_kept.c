/* exchange_kept.c: what a door with many calls keeps from one call to the next: the rows that
 * decide about them, connections to services, accounts not stored yet.
 *
 * Every change of a member, subsystem, service or agreement adds to exchange_mark in its own
 * transaction. A call reads that one row; while it is the same, what was read of the others holds.
 */
#include "codec/url.h"
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "net/client.h"
#include "store/store.h"

#include <pthread.h>

#define CASES_MAX    256 /* pairs of consumer and service; a new one takes the place of another */
#define ACCOUNTS_MAX 4096
#define STORE_N      500
#define LIST_MAX     100

/* A pair's rows, in an arena of its own. */
struct kept_case {
    struct arena *arena; /* NULL: free */
    struct str consumer_path, service_path;
    int64_t mark;
    struct exchange_case at; /* operation: none */
    struct exchange_operation *operations;
    size_t n_operations;
};
struct accounts {
    struct arena *arena;
    struct exchange_call *v;
    size_t n;
};
struct exchange_kept {
    pthread_mutex_t lock;
    struct client_pool *pool;
    struct kept_case *cases;
    struct accounts coming; /* calls add here */
    struct accounts going;  /* of the one thread that stores */
};

static struct accounts
accounts_new(void)
{
    struct accounts a = { .arena = arena_open(0) };
    a.v = calloc(ACCOUNTS_MAX, sizeof(*a.v));
    ASSERT(a.v != NULL);
    return a;
}

static void
accounts_free(struct accounts *a)
{
    arena_close(a->arena);
    free(a->v);
}

struct exchange_kept *
exchange_kept_open(void)
{
    struct exchange_kept *k = calloc(1, sizeof(*k));
    ASSERT(k != NULL && pthread_mutex_init(&k->lock, NULL) == 0);
    k->cases = calloc(CASES_MAX, sizeof(*k->cases));
    ASSERT(k->cases != NULL);
    k->pool = client_pool_open();
    k->coming = accounts_new();
    k->going = accounts_new();
    return k;
}

void
exchange_kept_close(struct exchange_kept *k)
{
    if (k == NULL) {
        return;
    }
    for (size_t i = 0; i < CASES_MAX; i++) {
        if (k->cases[i].arena != NULL) {
            arena_close(k->cases[i].arena);
        }
    }
    free(k->cases);
    client_pool_close(k->pool);
    accounts_free(&k->coming);
    accounts_free(&k->going);
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

struct client_pool *
exchange_kept_pool(struct exchange_kept *k)
{
    return k == NULL ? NULL : k->pool;
}

/* --- accounts --------------------------------------------------------------------------------- */
bool
exchange_kept_account(struct exchange_kept *k, const struct exchange_call *c)
{
    (void)pthread_mutex_lock(&k->lock);
    struct accounts *to = &k->coming;
    bool has_room = to->n < ACCOUNTS_MAX;
    if (has_room) {
        struct exchange_call *v = &to->v[to->n++];
        *v = *c;
        v->way = str_dup(to->arena, c->way);
        v->operation = str_dup(to->arena, c->operation);
        v->fault = str_dup(to->arena, c->fault);
        v->trace_id = str_dup(to->arena, c->trace_id);
        v->request_id = str_dup(to->arena, c->request_id);
        v->consumer = v->service = STR_NULL;
    }
    (void)pthread_mutex_unlock(&k->lock);
    return has_room;
}

enum err
exchange_kept_store(struct ctx *cx, struct exchange_kept *k)
{
    if (k->going.n == 0) {
        (void)pthread_mutex_lock(&k->lock);
        struct accounts full = k->coming;
        k->coming = k->going;
        k->going = full;
        (void)pthread_mutex_unlock(&k->lock);
    }
    struct accounts *a = &k->going;
    size_t done = 0;
    enum err e = ERR_OK;
    while (done < a->n && e == ERR_OK) {
        size_t n = a->n - done < STORE_N ? a->n - done : STORE_N;
        e = exchange_calls_add(cx, a->v + done, n);
        done += e == ERR_OK ? n : 0;
    }
    a->n -= done;
    memmove(a->v, a->v + done, a->n * sizeof(*a->v));
    if (a->n == 0) {
        arena_reset(a->arena);
    }
    return e;
}

/* --- the rows that decide --------------------------------------------------------------------- */

/* Does a path fit an operation's, whose "{x}" stands for one segment? */
static bool
path_fits(struct str pattern, struct str path)
{
    struct str want;
    struct str have;
    while (str_next(&pattern, '/', &want)) {
        bool is_any = want.n > 2 && want.p[0] == '{' && want.p[want.n - 1] == '}';
        if (!str_next(&path, '/', &have) || (is_any ? have.n == 0 : !str_eq(want, have))) {
            return false;
        }
    }
    return path.p == NULL;
}

static const struct exchange_operation *
operation_find(const struct exchange_request *rq, const struct exchange_operation *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_it = rq->operation.p != NULL
                         ? str_eq(v[i].code, rq->operation)
                         : str_eq_nocase(v[i].method, rq->method) && path_fits(v[i].path, rq->path);
        if (is_it) {
            return &v[i];
        }
    }
    return NULL;
}

static enum err
agreement_find(struct ctx *cx, struct exchange_case *c)
{
    struct q_xagree_between_list list;
    TRY(q_xagree_between(cx, &list, .consumer_id = c->consumer.id, .service_id = c->service.id,
                         .limit_n = LIST_MAX));
    for (size_t i = 0; i < list.n; i++) {
        if (str_eq(list.v[i].state, STR("granted"))) {
            return exchange_agreement_get(cx, list.v[i].id, &c->agreement);
        }
    }
    return ERR_OK;
}

static enum err
case_read(struct ctx *cx, const struct exchange_request *rq, struct exchange_case *ret,
          struct exchange_operation **ret_v, size_t *ret_n)
{
    struct exchange_case c = { 0 };
    TRY(exchange_subsystem_by_path(cx, rq->consumer, &c.consumer));
    TRY(exchange_service_by_path(cx, rq->service, &c.service));
    TRY(agreement_find(cx, &c));
    TRY(exchange_operations(cx, c.service.version_id, ret_v, ret_n));
    *ret = c;
    return ERR_OK;
}

/* What a call needs of the rows, copied to another arena; the rest stays empty. */
static struct exchange_case
case_copy(struct arena *a, const struct exchange_case *from)
{
    struct exchange_case c = {
        .consumer = { .id = from->consumer.id,
                      .state = str_dup(a, from->consumer.state),
                      .member_state = str_dup(a, from->consumer.member_state) },
        .service = { .id = from->service.id,
                     .version_id = from->service.version_id,
                     .timeout_ms = from->service.timeout_ms,
                     .state = str_dup(a, from->service.state),
                     .endpoint = str_dup(a, from->service.endpoint) },
        .agreement = { .id = from->agreement.id,
                       .rate_s = from->agreement.rate_s,
                       .quota_day = from->agreement.quota_day,
                       .state = str_dup(a, from->agreement.state),
                       .operations = str_dup(a, from->agreement.operations),
                       .removed = str_dup(a, from->agreement.removed),
                       .hours = str_dup(a, from->agreement.hours),
                       .valid_from = str_dup(a, from->agreement.valid_from),
                       .valid_to = str_dup(a, from->agreement.valid_to) },
    };
    return c;
}

static struct exchange_operation
operation_copy(struct arena *a, const struct exchange_operation *from)
{
    return (struct exchange_operation){ .code = str_dup(a, from->code),
                                        .method = str_dup(a, from->method),
                                        .path = str_dup(a, from->path),
                                        .element = str_dup(a, from->element),
                                        .action = str_dup(a, from->action) };
}

static struct kept_case *
slot_of(const struct exchange_kept *k, const struct exchange_request *rq)
{
    uint64_t h = 14695981039346656037U; /* FNV-1a */
    for (size_t i = 0; i < rq->consumer.n; i++) {
        h = (h ^ (unsigned char)rq->consumer.p[i]) * 1099511628211U;
    }
    for (size_t i = 0; i < rq->service.n; i++) {
        h = (h ^ (unsigned char)rq->service.p[i]) * 1099511628211U;
    }
    return &k->cases[(h ^ h >> 32) % CASES_MAX];
}

static bool
case_recall(struct ctx *cx, struct exchange_kept *k, const struct exchange_request *rq,
            int64_t mark, struct exchange_case *ret)
{
    (void)pthread_mutex_lock(&k->lock);
    const struct kept_case *s = slot_of(k, rq);
    bool is_it = s->arena != NULL && s->mark == mark && str_eq(s->consumer_path, rq->consumer) &&
                 str_eq(s->service_path, rq->service);
    if (is_it) {
        *ret = case_copy(cx->arena, &s->at);
        const struct exchange_operation *o = operation_find(rq, s->operations, s->n_operations);
        ret->operation = o == NULL ? ret->operation : operation_copy(cx->arena, o);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return is_it;
}

static void
case_keep(struct exchange_kept *k, const struct exchange_request *rq, struct kept_case new)
{
    (void)pthread_mutex_lock(&k->lock);
    struct kept_case *s = slot_of(k, rq);
    struct exchange_operation *v = new.operations;
    struct exchange_case at = new.at;
    new.arena = s->arena == NULL ? arena_open(0) : s->arena;
    arena_reset(new.arena);
    new.consumer_path = str_dup(new.arena, rq->consumer);
    new.service_path = str_dup(new.arena, rq->service);
    new.at = case_copy(new.arena, &at);
    new.operations = ARENA_ARRAY(new.arena, struct exchange_operation, new.n_operations);
    for (size_t i = 0; i < new.n_operations; i++) {
        new.operations[i] = operation_copy(new.arena, &v[i]);
    }
    *s = new;
    (void)pthread_mutex_unlock(&k->lock);
}

enum err
exchange_case_get(struct ctx *cx, const struct exchange_request *rq, struct exchange_case *ret)
{
    int64_t mark = 0;
    struct kept_case got = { .mark = 0 };
    if (rq->kept != NULL) {
        TRY(exchange_mark(cx, &mark)); /* before the rows, so that it is never too new */
        if (case_recall(cx, rq->kept, rq, mark, ret)) {
            return ERR_OK;
        }
    }
    TRY(case_read(cx, rq, &got.at, &got.operations, &got.n_operations));
    *ret = got.at;
    const struct exchange_operation *o = operation_find(rq, got.operations, got.n_operations);
    if (o != NULL) {
        ret->operation = *o;
    }
    if (rq->kept != NULL) {
        got.mark = mark;
        case_keep(rq->kept, rq, got);
    }
    return ERR_OK;
}
