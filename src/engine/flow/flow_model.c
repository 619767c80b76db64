/* flow_model.c: tokens on a graph. Pure: knows rows, tasks and people only through struct flow_ops.
 * Deterministic: the active token with the smallest place moves first. */
#include "engine/flow/flow_int.h"

static struct flow_token *
token_by_id(struct flow_marking *m, int64_t id)
{
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->tokens[i].id == id) {
            return &m->tokens[i];
        }
    }
    return NULL;
}

static void
token_remove(struct flow_marking *m, uint32_t at)
{
    memmove(&m->tokens[at], &m->tokens[at + 1], sizeof(m->tokens[0]) * (m->n - at - 1));
    m->n--;
}

enum err
flow_put(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, uint32_t node)
{
    if (m->n >= FLOW_TOKENS_MAX) {
        return err_set(cx, ERR_CONFLICT, "process " STR_FMT ": too many tokens", STR_ARG(m->p->id));
    }
    m->tokens[m->n++] = (struct flow_token){
        .id = ops->new_id(cx, ops->arg), .node = node, .edge = -1, .is_active = true
    };
    return ERR_OK;
}

static void
follow(struct flow_marking *m, struct flow_token *t, uint32_t edge)
{
    t->node = m->p->edges[edge].to;
    t->edge = (int32_t)edge;
    t->is_active = true;
}

enum err
flow_pass(struct ctx *cx, struct flow_marking *m, int64_t token_id)
{
    struct flow_token *t = token_by_id(m, token_id);
    if (t == NULL || m->p->nodes[t->node].n_out == 0) {
        return err_set(cx, ERR_CONFLICT, "token %" PRId64 " is not waiting", token_id);
    }
    follow(m, t, m->p->nodes[t->node].outs[0]);
    return ERR_OK;
}

enum err
flow_boundary(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, int64_t token_id,
              uint32_t boundary)
{
    struct flow_token *t = token_by_id(m, token_id);
    const struct flow_node *b = &m->p->nodes[boundary];
    if (t == NULL || b->kind != FLOW_BOUNDARY || b->attached != t->node) {
        return err_set(cx, ERR_CONFLICT, "token %" PRId64 " is elsewhere", token_id);
    }
    if (!b->is_interrupting) {
        TRY(flow_put(cx, ops, m, m->p->edges[b->outs[0]].to));
        m->tokens[m->n - 1].edge = (int32_t)b->outs[0];
        return ERR_OK;
    }
    TRY(ops->leave(cx, ops->arg, t));
    follow(m, t, b->outs[0]);
    return ERR_OK;
}

enum err
flow_jump(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, int64_t token_id,
          uint32_t node)
{
    struct flow_token *t = token_by_id(m, token_id);
    if (t == NULL) {
        return err_set(cx, ERR_CONFLICT, "token %" PRId64 " is gone", token_id);
    }
    TRY(ops->leave(cx, ops->arg, t));
    t->node = node;
    t->edge = -1;
    t->is_active = true;
    return ERR_OK;
}

/* --- gateways --------------------------------------------------------------------------------- */

static enum err
choose(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, struct flow_token *t)
{
    const struct flow_node *n = &m->p->nodes[t->node];
    for (uint32_t i = 0; i < n->n_out; i++) {
        enum err e = ERR_OK;
        bool is_default = (int32_t)n->outs[i] == n->default_edge;
        bool is_taken = !is_default && ops->holds(cx, ops->arg, &m->p->edges[n->outs[i]], &e);
        if (e != ERR_OK) {
            return e;
        }
        if (is_taken) {
            follow(m, t, n->outs[i]);
            return ERR_OK;
        }
    }
    if (n->default_edge < 0) {
        return err_set(cx, ERR_CONFLICT, "no way out of " STR_FMT, STR_ARG(n->id));
    }
    follow(m, t, (uint32_t)n->default_edge);
    return ERR_OK;
}

/* A token of this join that came by this edge and waits, other than `except`; m->n when none. */
static uint32_t
parked(const struct flow_marking *m, uint32_t node, uint32_t edge, uint32_t except)
{
    for (uint32_t i = 0; i < m->n; i++) {
        const struct flow_token *t = &m->tokens[i];
        if (i != except && t->node == node && t->edge == (int32_t)edge && !t->is_active) {
            return i;
        }
    }
    return m->n;
}

/* True when a token is there for every way in; takes all but token `at` away. */
static bool
join(struct flow_marking *m, uint32_t *at)
{
    uint32_t node = m->tokens[*at].node;
    int32_t own = m->tokens[*at].edge;
    m->tokens[*at].is_active = false;
    for (uint32_t e = 0; e < m->p->n_edges; e++) {
        const struct flow_edge *edge = &m->p->edges[e];
        bool is_in = !edge->is_gone && edge->to == node && (int32_t)e != own;
        if (is_in && parked(m, node, e, *at) == m->n) {
            return false;
        }
    }
    for (uint32_t e = 0; e < m->p->n_edges; e++) {
        const struct flow_edge *edge = &m->p->edges[e];
        if (edge->is_gone || edge->to != node || (int32_t)e == own) {
            continue;
        }
        uint32_t other = parked(m, node, e, *at);
        token_remove(m, other);
        *at -= other < *at;
    }
    return true;
}

static enum err
fork_token(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, uint32_t at)
{
    const struct flow_node *n = &m->p->nodes[m->tokens[at].node];
    for (uint32_t i = 1; i < n->n_out; i++) {
        TRY(flow_put(cx, ops, m, m->p->edges[n->outs[i]].to));
        m->tokens[m->n - 1].edge = (int32_t)n->outs[i];
    }
    follow(m, &m->tokens[at], n->outs[0]);
    return ERR_OK;
}

static enum err
end(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, uint32_t at)
{
    const struct flow_node *n = &m->p->nodes[m->tokens[at].node];
    m->result = n->result;
    token_remove(m, at);
    while (n->is_terminate && m->n > 0) {
        TRY(ops->leave(cx, ops->arg, &m->tokens[m->n - 1]));
        m->n--;
    }
    return ERR_OK;
}

/* --- the run ---------------------------------------------------------------------------------- */

static enum err
step(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m, uint32_t at)
{
    struct flow_token *t = &m->tokens[at];
    const struct flow_node *n = &m->p->nodes[t->node];
    switch (n->kind) {
    case FLOW_USER:
    case FLOW_CATCH:
        t->is_active = false;
        return ops->wait(cx, ops->arg, t);
    case FLOW_SERVICE:
        TRY(ops->service(cx, ops->arg, n));
        follow(m, t, n->outs[0]);
        return ERR_OK;
    case FLOW_EXCLUSIVE:
        return choose(cx, ops, m, t);
    case FLOW_PARALLEL:
        if (n->n_in > 1 && !join(m, &at)) {
            return ERR_OK;
        }
        return fork_token(cx, ops, m, at);
    case FLOW_END:
        return end(cx, ops, m, at);
    case FLOW_START:
    case FLOW_BOUNDARY:
        follow(m, t, n->outs[0]);
        return ERR_OK;
    case FLOW_CALL:
    case FLOW_GONE:
        break;
    }
    return err_set(cx, ERR_INTERNAL, "token on a node that does not run");
}

static uint32_t
first_active(const struct flow_marking *m)
{
    uint32_t i = 0;
    while (i < m->n && !m->tokens[i].is_active) {
        i++;
    }
    return i;
}

enum err
flow_run(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m)
{
    uint32_t n_steps = 0;
    for (uint32_t at = first_active(m); at < m->n; at = first_active(m)) {
        if (++n_steps > FLOW_STEPS_MAX) {
            return err_set(cx, ERR_CONFLICT, "process " STR_FMT " does not come to rest",
                           STR_ARG(m->p->id));
        }
        TRY(step(cx, ops, m, at));
    }
    return ERR_OK;
}
