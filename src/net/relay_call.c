/* relay_call.c: one call as a walk through named steps, and its ends. */
#include "net/relay_int.h"

#include <unistd.h>

#define FREE_CALLS_MAX 512U

static enum rstate step_head(struct rcall *x);
static enum rstate step_check(struct rcall *x);
static enum rstate step_connect(struct rcall *x);
static enum rstate step_refuse(struct rcall *x);

/* What each step does, and which fault its time-out is. */
static const struct {
    enum rstate (*run)(struct rcall *x);
    enum relay_error late;
} steps[RELAY_STEP_COUNT] = {
    [RELAY_STEP_HEAD] = { step_head, RELAY_CLIENT_TIME },
    [RELAY_STEP_CHECK] = { step_check, RELAY_CLIENT_TIME },
    [RELAY_STEP_CONNECT] = { step_connect, RELAY_CONNECT_TIME },
    [RELAY_STEP_SEND] = { step_send, RELAY_SEND_TIME },
    [RELAY_STEP_WAIT] = { step_wait, RELAY_WAIT_TIME },
    [RELAY_STEP_ANSWER] = { step_answer, RELAY_ANSWER_TIME },
    [RELAY_STEP_REFUSE] = { step_refuse, RELAY_CLIENT_GONE },
};

/* --- begin ------------------------------------------------------------------------------------ */
struct rcall *
rcall_get(struct rloop *l, struct rconn *client)
{
    struct rcall *x = l->free_calls;
    if (x != NULL) {
        l->free_calls = x->next_free;
        l->n_free_calls--;
    } else {
        x = malloc(sizeof(*x));
        if (x == NULL) {
            base_panic(__FILE__, __LINE__, "out of memory");
        }
        x->arena = arena_open((size_t)1 << 20);
        x->loop = l;
    }
    size_t from = offsetof(struct rcall, client);
    memset((char *)x + from, 0, sizeof(*x) - from);
    x->client = client;
    x->rq.arena = x->arena;
    x->rq.path = STR("");
    x->rq.method = HTTP_GET;
    x->rq.method_name = STR("");
    x->rq.n_headers = 0;
    x->begun_us = l->now_us;
    x->step_us = l->now_us;
    l->n_calls++;
    rtimer_set(client, l->now_us + (int64_t)l->relay->config.head_timeout_ms * 1000);
    return x;
}

void
rcall_step(struct rcall *x, enum relay_step step)
{
    int64_t now = relay_mono_us(x->loop->relay);
    x->loop->now_us = now;
    x->steps_us[x->step] += (uint32_t)(now - x->step_us);
    x->step_us = now;
    x->step = step;
}

void
rcall_due(struct rcall *x, int64_t us)
{
    int64_t due = x->loop->now_us + us;
    due = x->total_due_us != 0 && x->total_due_us < due ? x->total_due_us : due;
    rtimer_set(x->client, due);
}

enum rstate
rcall_run(struct rcall *x)
{
    return steps[x->step].run(x);
}

/* --- the first steps -------------------------------------------------------------------------- */
static enum rstate
refuse_head(struct rcall *x, int status, struct str bytes)
{
    x->status_own = status;
    x->asked = str_dup(x->arena, parse_asked(bytes));
    x->closes_client = true; /* where this message ends, nobody can tell */
    x->has_record = record_reserve(x->loop);
    head_ids(x);
    return rcall_fail(x, RELAY_BAD_REQUEST);
}

static enum rstate
head_done(struct rcall *x, size_t head_n)
{
    struct rconn *c = x->client;
    struct str head = { arena_copy(x->arena, c->in + c->in_at, head_n), head_n };
    c->in_at += head_n;
    c->scan = (struct parse_scan){ 0 };
    rstat_add(&x->loop->n_all, 1);
    x->started_wall_us = relay_wall_us(x->loop->relay);
    int status = parse_head(head, &x->rq, &x->head);
    if (status != 0) {
        return refuse_head(x, status, head);
    }
    x->closes_client = x->head.is_close;
    rcall_step(x, RELAY_STEP_CHECK);
    return R_MORE;
}

static enum rstate
step_head(struct rcall *x)
{
    struct rconn *c = x->client;
    size_t have = c->in_n - c->in_at;
    size_t head_n = 0;
    switch (parse_scan(&c->scan, c->in + c->in_at, have, &head_n)) {
    case PARSE_DONE:
        return head_done(x, head_n);
    case PARSE_BAD:
        x->started_wall_us = relay_wall_us(x->loop->relay);
        return refuse_head(x, 400, (struct str){ c->in + c->in_at, have });
    case PARSE_MORE:
        break;
    }
    if (have == c->in_cap || (!c->scan.has_line && have > PARSE_TARGET_MAX + 64)) {
        x->started_wall_us = relay_wall_us(x->loop->relay);
        return refuse_head(x, c->scan.has_line ? 431 : 414, (struct str){ c->in + c->in_at, have });
    }
    int64_t n = rconn_fill(c);
    if (n > 0) {
        return R_MORE;
    }
    if (n != RIO_WAIT) {
        rconn_kill(c);
        return R_OVER;
    }
    return R_WAIT;
}

static enum rstate
step_check(struct rcall *x)
{
    enum relay_error why = RELAY_OK;
    if (x->soap == NULL) {
        x->has_record = record_reserve(x->loop);
        if (!x->has_record) {
            head_ids(x);
            return rcall_fail(x, RELAY_RECORDS_FULL);
        }
        why = rcall_check(x);
    }
    if (x->soap != NULL && why == RELAY_OK) {
        enum rstate state = soap_read(x, &why);
        if (state != R_MORE) {
            return state;
        }
    }
    if (why != RELAY_OK) {
        return rcall_fail(x, why);
    }
    if (x->route->total_us != 0) {
        x->total_due_us = x->begun_us + x->route->total_us;
    }
    rcall_step(x, RELAY_STEP_CONNECT);
    return R_MORE;
}

static enum rstate
connect_begin(struct rcall *x)
{
    enum relay_error why = up_take(x);
    if (why != RELAY_OK) {
        return rcall_fail(x, why);
    }
    if (x->up->state == RCONN_OPENING) {
        rcall_due(x, x->route->connect_us);
    }
    return R_MORE;
}

static enum rstate
connect_done(struct rcall *x)
{
    rcall_step(x, RELAY_STEP_SEND);
    send_begin(x);
    return R_MORE;
}

static enum rstate
step_connect(struct rcall *x)
{
    struct rconn *up = x->up;
    if (up == NULL) {
        return connect_begin(x);
    }
    if (up->state == RCONN_OPEN) {
        return connect_done(x);
    }
    if (!up->can_write) {
        return R_WAIT;
    }
    return up_opened(x);
}

/* --- ends ------------------------------------------------------------------------------------- */
static enum rstate
step_refuse(struct rcall *x)
{
    struct rconn *c = x->client;
    x->downward.is_done = true;
    enum rpump_end end = pump_run(&x->downward, c, c);
    if (end == PUMP_WAIT_TO) {
        return R_WAIT;
    }
    if (end == PUMP_DONE) {
        rcall_end(x);
    } else {
        rconn_kill(c);
    }
    return R_OVER;
}

enum rstate
rcall_fail(struct rcall *x, enum relay_error error)
{
    x->error = error;
    up_give_back(x, false);
    if (x->downward.is_begun) {
        x->is_cut = true;
        rconn_kill(x->client); /* ends this call */
        return R_OVER;
    }
    /* an unread body would be taken for the next request */
    bool has_body = x->head.framing != PARSE_NO_BODY && !x->is_request_sent && !soap_is_read(x);
    x->closes_client = x->closes_client || has_body || x->loop->is_draining;
    rcall_step(x, RELAY_STEP_REFUSE);
    rcall_due(x, (int64_t)30 * 1000000);
    head_build_refusal(x);
    x->downward = (struct rpump){ 0 };
    pump_begin(&x->downward, x->head_down);
    return R_MORE;
}

static void
call_free(struct rcall *x)
{
    struct rloop *l = x->loop;
    if (x->is_pool_busy) {
        (void)atomic_fetch_sub(&x->route->pool->live->busy, 1);
    }
    if (x->hold != NULL) {
        rhold_drop(l, x->hold);
    }
    if (x->soap != NULL) {
        soap_free(x);
    }
    l->n_calls--;
    if (l->n_free_calls >= FREE_CALLS_MAX) {
        arena_close(x->arena);
        free(x);
        return;
    }
    arena_reset(x->arena);
    x->next_free = l->free_calls;
    l->free_calls = x;
    l->n_free_calls++;
}

static void
account(struct rcall *x)
{
    struct rloop *l = x->loop;
    if (x->error != RELAY_OK) {
        rstat_add(x->error < RELAY_CIRCUIT ? &l->n_refused : &l->n_failed, 1);
    }
    rcall_step(x, x->step);
    rstat_add(&l->bytes_in, x->upward.bytes);
    rstat_add(&l->bytes_out, x->downward.bytes);
    record_push(x);
}

/* The whole answer is with the client. */
void
rcall_end(struct rcall *x)
{
    struct rconn *c = x->client;
    struct rloop *l = x->loop;
    bool is_closing = x->closes_client || l->is_draining;
    account(x);
    up_give_back(x, false);
    c->call = NULL;
    call_free(x);
    c->n_served++;
    if (is_closing) {
        rconn_linger(c);
        return;
    }
    if (c->in_cap == RELAY_BIG_BYTES && c->in_at == c->in_n) {
        rconn_in_drop(c);
        c->in_cap = 0;
    }
    rtimer_set(c, l->now_us + (int64_t)l->relay->config.idle_timeout_ms * 1000);
}

/* Called while the client's connection closes, whoever closes it. */
void
rcall_client_gone(struct rcall *x)
{
    bool has_begun = x->step != RELAY_STEP_HEAD;
    if (x->error == RELAY_OK) {
        x->error = RELAY_CLIENT_GONE;
    }
    x->is_cut = true;
    if (has_begun) {
        account(x);
    }
    up_give_back(x, false);
    x->client->call = NULL;
    call_free(x);
}

/* Whom the step was waiting for decides whose fault it is. */
static enum relay_error
late_error(const struct rcall *x)
{
    if (x->total_due_us != 0 && x->loop->now_us >= x->total_due_us) {
        return RELAY_TOTAL_TIME;
    }
    if (x->step == RELAY_STEP_SEND && x->upward.n == 0) {
        return RELAY_CLIENT_TIME; /* nothing waits to be sent: the client sends no body */
    }
    if (x->step == RELAY_STEP_ANSWER && x->downward.n != 0) {
        return RELAY_CLIENT_GONE; /* the client does not read */
    }
    return steps[x->step].late;
}

void
rcall_timeout(struct rcall *x)
{
    enum relay_error why = late_error(x);
    if (x->step == RELAY_STEP_HEAD && x->client->in_n == 0) {
        rconn_kill(x->client);
        return;
    }
    if (x->step == RELAY_STEP_HEAD) {
        x->started_wall_us = relay_wall_us(x->loop->relay);
        head_ids(x);
        x->has_record = record_reserve(x->loop);
        x->closes_client = true;
        (void)rcall_fail(x, why);
        return;
    }
    if (why == RELAY_CLIENT_GONE) {
        x->error = why;
        rconn_kill(x->client);
        return;
    }
    if (why == RELAY_CLIENT_TIME || why == RELAY_TOTAL_TIME) {
        x->closes_client = true;
        (void)rcall_fail(x, why);
        return;
    }
    (void)rcall_up_lost(x, why);
}
