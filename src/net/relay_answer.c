/* relay_answer.c: the steps of a call that is on its way: up with the request, down with the
 * answer. Both directions run at once: a service may answer before it has read everything. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <sys/socket.h>

/* --- a lost service --------------------------------------------------------------------------- */

/* Repeating is safe when nothing was sent, or when the method may be repeated (RFC 9110 9.2.2) and
 * no body is half gone. */
static bool
may_repeat(const struct rcall *x)
{
    bool is_repeatable =
        x->rq.method != HTTP_POST && x->rq.method != HTTP_PATCH && x->head.framing == PARSE_NO_BODY;
    bool is_late = x->total_due_us != 0 && x->loop->now_us >= x->total_due_us;
    return x->tries_n < x->route->tries_max && !x->downward.is_begun && !is_late &&
           !x->loop->is_draining && (!x->is_sending || is_repeatable);
}

enum rstate
rcall_up_lost(struct rcall *x, enum relay_error error)
{
    bool was_stale = x->up->is_reused && error == RELAY_CLOSED;
    if (!was_stale) {
        up_note(x, false);
    } else {
        x->wants_fresh = true;
        x->tried = 0; /* the address is not to blame */
    }
    /* after a time-out the service may still be at work: a second call would double its load */
    bool is_time =
        error == RELAY_WAIT_TIME || error == RELAY_SEND_TIME || error == RELAY_ANSWER_TIME;
    if (is_time || !may_repeat(x)) {
        return rcall_fail(x, error);
    }
    if ((uint32_t)__builtin_popcountll(x->tried) >= x->route->pool->n_addresses) {
        x->tried = 0; /* a second round */
    }
    rstat_add(&x->loop->n_retries, 1);
    up_give_back(x, false);
    x->error = error; /* stays when no other address may be called */
    x->is_sending = false;
    x->is_request_sent = false;
    x->n_interim = 0;
    x->answer_scan = (struct parse_scan){ 0 };
    rcall_step(x, RELAY_STEP_CONNECT);
    return R_MORE;
}

/* Why a handshake failed. A revoked certificate ends now: that raises the alarm of its end. */
static enum relay_error
tls_lost(struct rcall *x)
{
    switch (tls_peer_fault(x->up->ssl)) {
    case TLS_PEER_REVOKED:
        atomic_store(&x->up->address->cert_until_s, relay_wall_us(x->loop->relay) / 1000000);
        return RELAY_TLS_REVOKED;
    case TLS_PEER_NO_LIST:
        return RELAY_TLS_LIST;
    case TLS_PEER_OTHER:
        break;
    }
    return RELAY_TLS;
}

/* The connection is writable for the first time: TCP stands or has failed, TLS goes on. */
enum rstate
up_opened(struct rcall *x)
{
    struct rconn *up = x->up;
    int fault = 0;
    socklen_t n = sizeof(fault);
    if (getsockopt(up->fd, SOL_SOCKET, SO_ERROR, &fault, &n) != 0 || fault != 0) {
        return rcall_up_lost(x, RELAY_CONNECT);
    }
    if (up->ssl != NULL) {
        int r = tls_handshake(up->ssl);
        if (r == RIO_WAIT) {
            return R_WAIT;
        }
        if (r != 1) {
            return rcall_up_lost(x, tls_lost(x));
        }
        if (x->last_address != NULL) {
            atomic_store(&x->last_address->cert_until_s, tls_peer_until_s(up->ssl));
        }
    }
    up->state = RCONN_OPEN;
    return R_MORE;
}

/* --- up --------------------------------------------------------------------------------------- */
void
continue_send(struct rcall *x)
{
    struct rconn *c = x->client;
    char word[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec v = { .iov_base = word, .iov_len = sizeof(word) - 1 };
    if (x->head.expects_continue && c->in_at == c->in_n) {
        x->head.expects_continue = false;
        (void)rconn_write(c, &v, 1); /* fits into an empty socket buffer or the peer is odd */
    }
}

void
send_begin(struct rcall *x)
{
    x->error = RELAY_OK;
    if (x->head_up.p == NULL) {
        head_build_up(x);
    }
    if (x->soap != NULL) {
        soap_send_begin(x);
        return;
    }
    x->upward = (struct rpump){
        .body = { .framing = x->head.framing, .left = x->head.length },
        .is_done = x->head.framing == PARSE_NO_BODY,
        .is_chunked_out = x->head.framing == PARSE_CHUNKED,
        .bytes_max = x->route->body_max,
    };
    pump_begin(&x->upward, x->head_up);
    rcall_due(x, x->route->send_us);
    continue_send(x);
    x->is_sending = true;
}

/* Bytes moved renew the time of the step. False when the call may not go on. */
static bool
progress(struct rcall *x, struct rpump *p, int64_t step_us)
{
    if (p->moved < RELAY_PROGRESS_BYTES) {
        return true;
    }
    p->moved = 0;
    rcall_due(x, step_us);
    return rcall_may_go_on(x);
}

static enum rstate
revoke(struct rcall *x)
{
    x->closes_client = true;
    return rcall_fail(x, RELAY_REVOKED);
}

static enum rstate answer_look(struct rcall *x);

/* The service does not read on. It may have said why before it closed. */
static enum rstate
send_broken(struct rcall *x)
{
    x->up->can_read = true;
    x->up->is_end = true;
    enum rstate state = answer_look(x);
    return state == R_WAIT ? rcall_up_lost(x, RELAY_CLOSED) : state;
}

enum rstate
step_send(struct rcall *x)
{
    switch (pump_run(&x->upward, x->client, x->up)) {
    case PUMP_AGAIN:
        return progress(x, &x->upward, x->route->send_us) ? R_MORE : revoke(x);
    case PUMP_WAIT_FROM:
    case PUMP_WAIT_TO:
        return progress(x, &x->upward, x->route->send_us) ? answer_look(x) : revoke(x);
    case PUMP_DONE:
        x->is_request_sent = true;
        rconn_in_drop(x->client);
        rcall_step(x, RELAY_STEP_WAIT);
        rcall_due(x, x->route->wait_us);
        return R_MORE;
    case PUMP_BAD:
        x->closes_client = true;
        return rcall_fail(x, RELAY_BAD_REQUEST);
    case PUMP_TOO_BIG:
        x->closes_client = true;
        return rcall_fail(x, RELAY_TOO_LARGE);
    case PUMP_BROKEN:
        return send_broken(x);
    case PUMP_CUT:
    case PUMP_FILTER:
        break;
    }
    rconn_kill(x->client);
    return R_OVER;
}

/* --- the answer's head ------------------------------------------------------------------------ */
static bool
is_json(struct str type)
{
    struct str name;
    struct str rest;
    (void)str_cut(type, ';', &name, &rest);
    struct str t = str_trim(name);
    return str_eq_nocase(t, STR("application/json")) ||
           (t.n > 5 && str_eq_nocase(str_slice(t, t.n - 5, t.n), STR("+json")));
}

/* Where fields are to be removed, only whole plain JSON may pass. False: this may not. */
static bool
filter_begin(struct rcall *x)
{
    const struct parse_answer *a = &x->answer;
    if (x->grant == NULL || x->grant->n_removed == 0 || a->until == PARSE_UNTIL_NOTHING) {
        return true;
    }
    if (!is_json(a->type) || a->status == 206 ||
        (a->coding.n != 0 && !str_eq_nocase(a->coding, STR("identity")))) {
        return false;
    }
    x->downward.filter = filter_new(x->arena, x->grant->removed, x->grant->n_removed);
    return true;
}

void
answer_pass(struct rcall *x)
{
    x->closes_client = x->closes_client || !x->is_request_sent || x->loop->is_draining;
    head_build_down(x);
    pump_begin(&x->downward, x->head_down);
}

static enum rstate
answer_begin(struct rcall *x)
{
    const struct parse_answer *a = &x->answer;
    bool is_fault = a->status >= 500 && x->route->pool->is_5xx_failure;
    up_note(x, !is_fault);
    x->downward = (struct rpump){ .bytes_max = UINT64_MAX };
    if (!filter_begin(x)) {
        return rcall_fail(x, RELAY_NO_FILTER);
    }
    struct rpump *p = &x->downward;
    p->is_until_close = a->until == PARSE_UNTIL_CLOSE;
    p->is_done = a->until == PARSE_UNTIL_NOTHING;
    p->is_chunked_out = a->until == PARSE_UNTIL_CHUNKS || p->is_until_close || p->filter != NULL;
    p->body.framing = a->until == PARSE_UNTIL_CHUNKS ? PARSE_CHUNKED : PARSE_LENGTH;
    p->body.left = a->length;
    rcall_step(x, RELAY_STEP_ANSWER);
    rcall_due(x, x->route->answer_us);
    if (x->soap == NULL || !soap_holds_answer(x)) {
        answer_pass(x);
    }
    return R_MORE;
}

/* A head has come. 100, 102 and 103 tell the client nothing that it needs. */
static enum rstate
head_taken(struct rcall *x, size_t head_n)
{
    struct rconn *up = x->up;
    struct str head = { up->in + up->in_at, head_n };
    if (x->soap != NULL) { /* may have to wait while more is read */
        head.p = arena_copy(x->arena, head.p, head.n);
    }
    if (!parse_answer(head, x->rq.method == HTTP_HEAD, &x->answer)) {
        return rcall_up_lost(x, RELAY_BAD_ANSWER);
    }
    x->answer_scan = (struct parse_scan){ 0 };
    if (x->answer.is_interim) {
        up->in_at += head_n;
        return ++x->n_interim > RELAY_INTERIM_MAX ? rcall_up_lost(x, RELAY_BAD_ANSWER) : R_MORE;
    }
    up->keep_us = x->answer.keep_ms < 0 ? INT64_MAX : (x->answer.keep_ms - 1000) * 1000;
    enum rstate state = answer_begin(x);
    if (x->step == RELAY_STEP_ANSWER) {
        up->in_at += head_n;
    }
    return state;
}

/* Reads what the service has said so far. R_WAIT: not yet a whole head. */
static enum rstate
answer_look(struct rcall *x)
{
    struct rconn *up = x->up;
    for (;;) {
        size_t have = up->in_n - up->in_at;
        size_t head_n = 0;
        enum parse_state state =
            have == 0 ? PARSE_MORE : parse_scan(&x->answer_scan, up->in + up->in_at, have, &head_n);
        if (state == PARSE_DONE) {
            return head_taken(x, head_n);
        }
        if (state == PARSE_BAD || (have != 0 && have == up->in_cap)) {
            return rcall_up_lost(x, RELAY_BAD_ANSWER);
        }
        int64_t n = rconn_fill(up);
        if (n == RIO_WAIT) {
            return R_WAIT;
        }
        if (n <= 0) {
            return rcall_up_lost(x, have == 0 ? RELAY_CLOSED : RELAY_BAD_ANSWER);
        }
    }
}

enum rstate
step_wait(struct rcall *x)
{
    return answer_look(x);
}

/* --- down ------------------------------------------------------------------------------------- */

/* What is left of the request goes on meanwhile; its faults no longer matter to the answer. */
static void
send_on(struct rcall *x)
{
    if (x->is_request_sent || x->up->is_broken) {
        return;
    }
    for (int i = 0; i < 16; i++) {
        enum rpump_end end = pump_run(&x->upward, x->client, x->up);
        if (end == PUMP_DONE) {
            x->is_request_sent = true;
        }
        if (end != PUMP_AGAIN) {
            x->up->is_broken = x->up->is_broken || end == PUMP_BAD || end == PUMP_CUT ||
                               end == PUMP_TOO_BIG || end == PUMP_BROKEN;
            return;
        }
        (void)progress(x, &x->upward, x->route->answer_us);
    }
}

static enum rstate
answer_done(struct rcall *x)
{
    struct rconn *up = x->up;
    bool is_clean = !x->answer.is_close && x->is_request_sent && up->in_at == up->in_n &&
                    !up->is_end && !up->is_broken;
    x->closes_client = x->closes_client || !x->is_request_sent;
    up_give_back(x, is_clean);
    rcall_end(x);
    return R_OVER;
}

enum rstate
step_answer(struct rcall *x)
{
    if (x->soap != NULL && soap_is_holding(x)) {
        return soap_answer(x);
    }
    send_on(x);
    switch (pump_run(&x->downward, x->up, x->client)) {
    case PUMP_AGAIN:
        return progress(x, &x->downward, x->route->answer_us) ? R_MORE : revoke(x);
    case PUMP_WAIT_FROM:
    case PUMP_WAIT_TO:
        return progress(x, &x->downward, x->route->answer_us) ? R_WAIT : revoke(x);
    case PUMP_DONE:
        return answer_done(x);
    case PUMP_BAD:
        up_note(x, false);
        return rcall_fail(x, RELAY_BAD_ANSWER);
    case PUMP_CUT:
        up_note(x, false);
        return rcall_fail(x, RELAY_ANSWER_CUT);
    case PUMP_FILTER:
        return rcall_fail(x, RELAY_NO_FILTER);
    case PUMP_BROKEN:
    case PUMP_TOO_BIG:
        break;
    }
    rconn_kill(x->client);
    return R_OVER;
}
