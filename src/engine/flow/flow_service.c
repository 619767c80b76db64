/* flow_service.c: runs cases on rows. Everything here happens inside the caller's transaction. */
#include "engine/flow/flow_store.h"
#include "store/store.h"

struct run {
    const struct flow_env *env;
    struct flow_case c;
    const struct flow_process *p;
    struct flow_marking m;
    struct flow_marking before; /* as it was read, to write only what changed */
    struct str outcome;         /* of the task just done */
    int64_t from_task;          /* task that is sending back */
    const struct json *vars; /* for the conditions of one gateway; asked anew after each service */
    bool is_new;             /* the case was made in this run */
};

/* --- loading and saving ----------------------------------------------------------------------- */

static uint32_t
edge_find(const struct flow_process *p, struct str id)
{
    uint32_t i = 0;
    while (i < p->n_edges && (p->edges[i].is_gone || !str_eq(p->edges[i].id, id))) {
        i++;
    }
    return i;
}

static enum err
load_tokens(struct ctx *cx, int64_t case_id, struct run *r)
{
    r->p = flow_find(r->env->pack, r->c.process_id);
    if (r->p == NULL) {
        return err_set(cx, ERR_INTERNAL, "process " STR_FMT " is not in the pack",
                       STR_ARG(r->c.process_id));
    }
    struct flow_stored_token *tokens = NULL;
    size_t n = 0;
    TRY(flow_store_tokens(cx, case_id, FLOW_TOKENS_MAX, &tokens, &n));
    r->m.p = r->p;
    for (size_t i = 0; i < n; i++) {
        uint32_t node = flow_node_find(r->p, tokens[i].node);
        uint32_t edge = tokens[i].edge.p == NULL ? r->p->n_edges : edge_find(r->p, tokens[i].edge);
        if (node == r->p->n_nodes) {
            return err_set(cx, ERR_INTERNAL, "token on unknown node " STR_FMT,
                           STR_ARG(tokens[i].node));
        }
        r->m.tokens[r->m.n++] = (struct flow_token){
            .id = tokens[i].id, .node = node, .edge = edge == r->p->n_edges ? -1 : (int32_t)edge
        };
    }
    r->before = r->m;
    return ERR_OK;
}

static enum err
load_run(struct ctx *cx, const struct flow_env *env, int64_t case_id, struct run *r)
{
    *r = (struct run){ .env = env };
    TRY(flow_store_case(cx, case_id, &r->c));
    return str_eq(r->c.state, STR("open"))
               ? load_tokens(cx, case_id, r)
               : err_set(cx, ERR_CONFLICT, "case %" PRId64 " has ended", case_id);
}

/* The same for what no person does: messages and timers may come after the end; then the case has
 * no tokens, so nothing waits for them. */
static enum err
load_late(struct ctx *cx, const struct flow_env *env, int64_t case_id, struct run *r)
{
    *r = (struct run){ .env = env };
    TRY(flow_store_case(cx, case_id, &r->c));
    return str_eq(r->c.state, STR("open")) ? load_tokens(cx, case_id, r) : ERR_OK;
}

static const struct flow_token *
token_in(const struct flow_marking *m, int64_t id)
{
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->tokens[i].id == id) {
            return &m->tokens[i];
        }
    }
    return NULL;
}

static enum err
save_tokens(struct ctx *cx, const struct run *r)
{
    for (uint32_t i = 0; i < r->before.n; i++) {
        if (token_in(&r->m, r->before.tokens[i].id) == NULL) {
            TRY(flow_store_token_delete(cx, r->before.tokens[i].id));
        }
    }
    for (uint32_t i = 0; i < r->m.n; i++) {
        const struct flow_token *t = &r->m.tokens[i];
        const struct flow_token *old = token_in(&r->before, t->id);
        if (old == NULL || old->node != t->node || old->edge != t->edge) {
            struct str edge = t->edge < 0 ? STR_NULL : r->p->edges[t->edge].id;
            struct flow_stored_token row = { .id = t->id,
                                             .node = r->p->nodes[t->node].id,
                                             .edge = edge };
            TRY(flow_store_token_put(cx, r->c.id, &row));
        }
    }
    return ERR_OK;
}

static enum err
tell(struct ctx *cx, const struct run *r, enum flow_event ev, const struct flow_task *t)
{
    return r->env->event == NULL ? ERR_OK : r->env->event(cx, r->env->arg, &r->c, ev, t);
}

static enum err
save_run(struct ctx *cx, struct run *r)
{
    bool is_done = r->m.n == 0;
    TRY(save_tokens(cx, r));
    r->c.state = is_done ? STR("done") : STR("open");
    r->c.result = is_done ? r->m.result : STR_NULL;
    if (!r->is_new || is_done) { /* a case just begun stands as it was inserted */
        TRY(flow_store_case_touch(cx, &r->c, is_done ? r->env->now_us : 0));
        r->c.version++;
    }
    return is_done ? tell(cx, r, FLOW_CASE_ENDED, NULL) : ERR_OK;
}

/* --- what the engine asks for ----------------------------------------------------------------- */

static int64_t
op_new_id(struct ctx *cx, void *arg)
{
    (void)arg;
    return store_new_id(cx);
}

static bool
op_holds(struct ctx *cx, void *arg, const struct flow_edge *e, enum err *ret_err)
{
    struct run *r = arg;
    if (r->vars == NULL) {
        *ret_err = r->env->vars(cx, r->env->arg, &r->c, &r->vars);
    }
    if (*ret_err != ERR_OK) {
        return false;
    }
    struct expr_var outcome = { .name = STR("outcome"), .value = expr_of_str(r->outcome) };
    struct expr_scope scope = { .doc = r->vars, .vars = &outcome, .n_vars = 1 };
    return expr_is_true(e->condition, &scope);
}

static enum err
op_service(struct ctx *cx, void *arg, const struct flow_node *n)
{
    struct run *r = arg;
    r->vars = NULL;
    for (const struct flow_service *s = r->env->services; s != NULL && s->name != NULL; s++) {
        if (str_eq(str_of(s->name), n->service)) {
            return s->fn(cx, r->env->arg, &r->c, n->arg);
        }
    }
    return err_set(cx, ERR_INTERNAL, "no handler for service " STR_FMT, STR_ARG(n->service));
}

static enum err
add_timer(struct ctx *cx, struct run *r, const struct flow_token *t, const struct flow_node *n,
          struct str unit)
{
    int64_t due_us = r->env->now_us + n->wait_s * DATE_US_PER_S;
    if (n->message.p != NULL) {
        return ERR_OK;
    }
    if (!n->is_real_clock) {
        TRY(r->env->due(cx, r->env->arg, unit, r->env->now_us, n->wait_s, &due_us));
    }
    return flow_store_timer_insert(cx, &r->c, t->id, n->id, due_us);
}

static enum err
open_task(struct ctx *cx, struct run *r, const struct flow_token *t, struct str *ret_unit)
{
    const struct flow_step *st = &r->p->steps[r->p->nodes[t->node].step];
    struct flow_task task = {
        .id = store_new_id(cx),
        .case_id = r->c.id,
        .subject_id = r->c.subject_id,
        .token = t->id,
        .step_id = st->id,
        .role = st->role,
        .action = st->action,
        .budget_s = st->budget_s,
        .opened_us = r->env->now_us,
        .state = STR("open"),
        .from_task = r->from_task,
        .version = 1,
    };
    r->from_task = 0;
    TRY(r->env->unit(cx, r->env->arg, &r->c, st->unit, &task.unit));
    TRY(r->env->due(cx, r->env->arg, task.unit, r->env->now_us, st->budget_s, &task.due_us));
    TRY(flow_store_task_insert(cx, &task, t->id));
    *ret_unit = task.unit;
    return tell(cx, r, FLOW_TASK_OPENED, &task);
}

static enum err
op_wait(struct ctx *cx, void *arg, const struct flow_token *t)
{
    struct run *r = arg;
    struct str unit = STR_NULL;
    if (r->p->nodes[t->node].kind == FLOW_CATCH) {
        TRY(r->env->unit(cx, r->env->arg, &r->c, STR("competent"), &unit));
        return add_timer(cx, r, t, &r->p->nodes[t->node], unit);
    }
    TRY(open_task(cx, r, t, &unit));
    for (uint32_t i = 0; i < r->p->n_nodes; i++) {
        const struct flow_node *n = &r->p->nodes[i];
        if (n->kind == FLOW_BOUNDARY && n->attached == t->node) {
            TRY(add_timer(cx, r, t, n, unit));
        }
    }
    return ERR_OK;
}

/* A token is taken away from where it waits: its open task is cancelled, its timers go. */
static enum err
op_leave(struct ctx *cx, void *arg, const struct flow_token *t)
{
    struct run *r = arg;
    struct flow_task task;
    TRY(flow_store_timers_delete(cx, t->id));
    enum err e = flow_store_task_of_token(cx, t->id, &task);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    task.state = STR("cancelled");
    task.closed_us = r->env->now_us;
    TRY(flow_store_task_close(cx, &task));
    return tell(cx, r, FLOW_TASK_CANCELLED, &task);
}

static struct flow_ops
ops_of(struct run *r)
{
    return (struct flow_ops){ .arg = r,
                              .new_id = op_new_id,
                              .holds = op_holds,
                              .service = op_service,
                              .wait = op_wait,
                              .leave = op_leave };
}

static enum err
go_on(struct ctx *cx, struct run *r)
{
    struct flow_ops ops = ops_of(r);
    TRY(flow_run(cx, &ops, &r->m));
    return save_run(cx, r);
}

/* --- use cases -------------------------------------------------------------------------------- */

enum err
flow_start(struct ctx *cx, const struct flow_env *env, int64_t subject_id, struct str process_id,
           int64_t *ret_case_id)
{
    struct run r = { .env = env, .p = flow_find(env->pack, process_id), .is_new = true };
    if (r.p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no process " STR_FMT, STR_ARG(process_id));
    }
    r.c = (struct flow_case){
        .id = store_new_id(cx),
        .subject_id = subject_id,
        .process_id = r.p->id,
        .pack_version = env->pack->version,
        .state = STR("open"),
        .version = 1,
    };
    TRY(flow_store_case_insert(cx, &r.c, env->now_us));
    r.m.p = r.p;
    struct flow_ops ops = ops_of(&r);
    TRY(flow_put(cx, &ops, &r.m, r.p->start));
    TRY(go_on(cx, &r));
    *ret_case_id = r.c.id;
    return ERR_OK;
}

/* Loads the open task that an officer works on. */
static enum err
load_task(struct ctx *cx, const struct flow_done *done, struct flow_task *ret, int64_t *ret_token)
{
    TRY(flow_store_task(cx, done->task_id, ret, ret_token));
    bool is_stale = done->version != 0 && done->version != ret->version;
    if (is_stale || !str_eq(ret->state, STR("open"))) {
        return err_set(cx, ERR_CONFLICT, "task %" PRId64 " is %.*s, version %" PRId64, ret->id,
                       STR_ARG(ret->state), ret->version);
    }
    return ERR_OK;
}

static bool
is_outcome(const struct flow_step *st, struct str outcome)
{
    for (size_t i = 0; i < st->n_outcomes; i++) {
        if (str_eq(st->outcomes[i], outcome)) {
            return true;
        }
    }
    return false;
}

enum err
flow_task_complete(struct ctx *cx, const struct flow_env *env, const struct flow_done *done)
{
    struct flow_task task;
    struct run r;
    int64_t token = 0;
    TRY(load_task(cx, done, &task, &token));
    TRY(load_run(cx, env, task.case_id, &r));
    const struct flow_step *st = flow_step_find(r.p, task.step_id);
    if (st == NULL || !is_outcome(st, done->outcome)) {
        ctx_problem(cx, STR("outcome"), STR("flow.problem.outcome"), STR_NULL);
        return err_set(cx, ERR_INVALID, "not an outcome of " STR_FMT, STR_ARG(task.step_id));
    }
    task.state = STR("done");
    task.outcome = done->outcome;
    task.note = done->note;
    task.done_by = done->by;
    task.closed_us = env->now_us;
    TRY(flow_store_task_close(cx, &task));
    TRY(flow_store_timers_delete(cx, token));
    TRY(tell(cx, &r, FLOW_TASK_CLOSED, &task));
    r.outcome = done->outcome;
    TRY(flow_pass(cx, &r.m, token));
    return go_on(cx, &r);
}

enum err
flow_return_to(struct ctx *cx, const struct flow_env *env, const struct flow_done *done,
               struct str step_id)
{
    struct flow_task task;
    struct run r;
    int64_t token = 0;
    TRY(load_task(cx, done, &task, &token));
    TRY(load_run(cx, env, task.case_id, &r));
    uint32_t from = flow_node_find(r.p, task.step_id);
    uint32_t to = flow_node_find(r.p, step_id);
    if (str_trim(done->note).n == 0) {
        ctx_problem(cx, STR("note"), STR("flow.problem.reason"), STR_NULL);
    }
    if (from == r.p->n_nodes || to == r.p->n_nodes || !flow_may_return(r.p, from, to)) {
        ctx_problem(cx, STR("step"), STR("flow.problem.return"), STR_NULL);
    }
    TRY(ctx_check(cx));
    task.state = STR("done");
    task.outcome = STR("returned");
    task.note = done->note;
    task.done_by = done->by;
    task.closed_us = env->now_us;
    TRY(flow_store_task_close(cx, &task));
    TRY(tell(cx, &r, FLOW_TASK_CLOSED, &task));
    r.from_task = task.id;
    struct flow_ops ops = ops_of(&r);
    TRY(flow_jump(cx, &ops, &r.m, token, to));
    return go_on(cx, &r);
}

/* Boundary event of a waiting token that listens to this message; n_nodes when none. */
static uint32_t
listener(const struct flow_process *p, uint32_t node, struct str name)
{
    uint32_t i = 0;
    while (i < p->n_nodes) {
        const struct flow_node *n = &p->nodes[i];
        bool is_own = (n->kind == FLOW_CATCH && i == node) ||
                      (n->kind == FLOW_BOUNDARY && n->attached == node);
        if (is_own && n->message.p != NULL && str_eq(n->message, name)) {
            break;
        }
        i++;
    }
    return i;
}

static enum err
deliver(struct ctx *cx, struct run *r, int64_t token, struct str name, int64_t *n_taken)
{
    const struct flow_token *t = token_in(&r->m, token);
    uint32_t node = t == NULL ? r->p->n_nodes : listener(r->p, t->node, name);
    if (node == r->p->n_nodes) {
        return ERR_OK;
    }
    (*n_taken)++;
    if (r->p->nodes[node].kind == FLOW_CATCH) {
        return flow_pass(cx, &r->m, token);
    }
    struct flow_ops ops = ops_of(r);
    return flow_boundary(cx, &ops, &r->m, token, node);
}

enum err
flow_message(struct ctx *cx, const struct flow_env *env, int64_t case_id, struct str name,
             int64_t *ret_n_taken)
{
    struct run r;
    int64_t n_taken = 0;
    TRY(load_late(cx, env, case_id, &r));
    for (uint32_t i = 0; i < r.before.n; i++) {
        TRY(deliver(cx, &r, r.before.tokens[i].id, name, &n_taken));
    }
    if (ret_n_taken != NULL) {
        *ret_n_taken = n_taken;
    }
    r.outcome = name;
    return n_taken == 0 ? ERR_OK : go_on(cx, &r);
}

enum err
flow_message_at(struct ctx *cx, const struct flow_env *env, int64_t task_id, struct str name,
                int64_t *ret_n_taken)
{
    struct run r;
    struct flow_task t;
    int64_t token = 0;
    int64_t n_taken = 0;
    TRY(flow_store_task(cx, task_id, &t, &token));
    TRY(load_run(cx, env, t.case_id, &r));
    TRY(deliver(cx, &r, token, name, &n_taken));
    *ret_n_taken = n_taken;
    r.outcome = name;
    return n_taken == 0 ? ERR_OK : go_on(cx, &r);
}

enum err
flow_timer_fire(struct ctx *cx, const struct flow_env *env, int64_t timer_id)
{
    struct flow_stored_timer timer;
    struct run r;
    enum err e = flow_store_timer(cx, timer_id, &timer);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && timer.due_us > env->now_us)) {
        return ERR_OK; /* fired or withdrawn meanwhile */
    }
    TRY(e);
    TRY(flow_store_timer_delete(cx, timer_id));
    TRY(load_late(cx, env, timer.case_id, &r));
    if (token_in(&r.m, timer.token_id) == NULL) {
        return ERR_OK;
    }
    uint32_t node = flow_node_find(r.p, timer.node);
    if (node == r.p->n_nodes) {
        return ERR_OK;
    }
    if (r.p->nodes[node].kind == FLOW_CATCH) {
        TRY(flow_pass(cx, &r.m, timer.token_id));
    } else {
        struct flow_ops ops = ops_of(&r);
        TRY(flow_boundary(cx, &ops, &r.m, timer.token_id, node));
    }
    return go_on(cx, &r);
}

enum err
flow_cancel(struct ctx *cx, const struct flow_env *env, int64_t case_id, struct str reason)
{
    struct run r;
    TRY(load_run(cx, env, case_id, &r));
    while (r.m.n > 0) {
        TRY(op_leave(cx, &r, &r.m.tokens[r.m.n - 1]));
        r.m.n--;
    }
    TRY(save_tokens(cx, &r));
    r.c.state = STR("cancelled");
    r.c.result = reason;
    TRY(flow_store_case_touch(cx, &r.c, env->now_us));
    return tell(cx, &r, FLOW_CASE_ENDED, NULL);
}
