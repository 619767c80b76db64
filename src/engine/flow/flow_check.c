/* flow_check.c: lays calls in, links the graph, and refuses what would stop a case on its way. */
#include "engine/flow/flow_int.h"

#define CALLS_MAX 4

struct checker {
    struct flow_loader *ld;
    struct flow_process *p;
    bool is_good;
};

static void
fault(struct checker *c, uint32_t line, const char *remedy, const char *what, struct str arg)
{
    c->is_good = false;
    pack_load_faultf(c->ld->l, c->p->file, line, remedy, "%s: " STR_FMT, what, STR_ARG(arg));
}

uint32_t
flow_node_find(const struct flow_process *p, struct str id)
{
    uint32_t i = 0;
    while (i < p->n_nodes && !(p->nodes[i].kind != FLOW_GONE && str_eq(p->nodes[i].id, id))) {
        i++;
    }
    return i;
}

/* --- calls ------------------------------------------------------------------------------------ */

static const struct flow_process *
raw_find(const struct flow_loader *ld, struct str id)
{
    for (size_t i = 0; i < ld->n_raw; i++) {
        if (str_eq(ld->raw[i]->id, id)) {
            return ld->raw[i];
        }
    }
    return NULL;
}

/* The one way out of a call; n_edges when it has not exactly one. */
static uint32_t
way_out(const struct flow_process *p, uint32_t node)
{
    uint32_t found = p->n_edges;
    for (uint32_t e = 0; e < p->n_edges; e++) {
        if (!p->edges[e].is_gone && p->edges[e].from == node) {
            if (found != p->n_edges) {
                return p->n_edges;
            }
            found = e;
        }
    }
    return found;
}

static void
copy_node(struct checker *c, const struct flow_process *inner, uint32_t i, struct str prefix,
          uint32_t depth)
{
    struct arena *a = c->ld->arena;
    struct flow_node *n = &c->p->nodes[c->p->n_nodes++];
    *n = inner->nodes[i];
    n->id = str_fmt(a, STR_FMT "." STR_FMT, STR_ARG(prefix), STR_ARG(n->id));
    n->depth = depth;
    if (n->attached_id.n > 0) {
        n->attached_id = str_fmt(a, STR_FMT "." STR_FMT, STR_ARG(prefix), STR_ARG(n->attached_id));
    }
    if (n->kind == FLOW_USER) {
        struct flow_step *st = &c->p->steps[c->p->n_steps];
        *st = inner->steps[n->step];
        st->id = n->id;
        st->may_return = ARENA_ARRAY(a, struct str, st->n_may_return + 1);
        for (size_t k = 0; k < st->n_may_return; k++) {
            struct str to = inner->steps[n->step].may_return[k];
            bool is_all = str_eq(to, STR("*"));
            st->may_return[k] =
                is_all ? to : str_fmt(a, STR_FMT "." STR_FMT, STR_ARG(prefix), STR_ARG(to));
        }
        n->step = c->p->n_steps++;
    }
}

/* The ways of a process that was laid in behind node `base`, named after the call. */
static void
copy_edges(struct checker *c, const struct flow_process *inner, struct str call, uint32_t base)
{
    struct flow_process *p = c->p;
    for (uint32_t e = 0; e < inner->n_edges; e++) {
        struct flow_edge *edge = &p->edges[p->n_edges++];
        *edge = inner->edges[e];
        edge->from += base;
        edge->to += base;
        edge->id =
            str_fmt(c->ld->arena, STR_FMT "." STR_FMT, STR_ARG(call), STR_ARG(inner->edges[e].id));
        struct flow_node *from = &p->nodes[edge->from];
        if (from->default_id.n > 0 && str_eq(from->default_id, inner->edges[e].id)) {
            from->default_id = edge->id;
        }
    }
}

/* Copies a process in place of a call; its start and ends become gateways that let everything pass.
 */
static bool
lay_in(struct checker *c, uint32_t call)
{
    struct flow_process *p = c->p;
    struct flow_node at = p->nodes[call];
    const struct flow_process *inner = raw_find(c->ld, at.called);
    uint32_t out = way_out(p, call);
    if (inner == NULL || at.depth >= CALLS_MAX || out == p->n_edges) {
        fault(c, at.line,
              "calledElement phải là quy trình có trong gói; gọi lồng nhau nhiều nhất 4 lần; đúng "
              "một lối ra",
              "Không gọi được quy trình", at.called);
        return false;
    }
    uint32_t base = p->n_nodes;
    if (base + inner->n_nodes > FLOW_NODES_MAX ||
        p->n_edges + inner->n_edges + inner->n_nodes > FLOW_EDGES_MAX) {
        fault(c, at.line, "Bớt bước hoặc bớt quy trình con", "Quy trình quá lớn", p->id);
        return false;
    }
    for (uint32_t i = 0; i < inner->n_nodes; i++) {
        copy_node(c, inner, i, at.id, at.depth + 1);
    }
    copy_edges(c, inner, at.id, base);
    uint32_t after = p->edges[out].to;
    p->edges[out].is_gone = true;
    p->nodes[call].kind = FLOW_GONE;
    uint32_t n_inner_edges = p->n_edges;
    for (uint32_t i = base; i < base + inner->n_nodes; i++) {
        struct flow_node *n = &p->nodes[i];
        if (n->kind == FLOW_START) {
            n->kind = FLOW_EXCLUSIVE;
            for (uint32_t e = 0; e < n_inner_edges; e++) {
                p->edges[e].to = p->edges[e].to == call ? i : p->edges[e].to;
            }
        } else if (n->kind == FLOW_END) {
            n->kind = FLOW_EXCLUSIVE;
            p->edges[p->n_edges++] =
                (struct flow_edge){ .id =
                                        str_fmt(c->ld->arena, STR_FMT ".out%u", STR_ARG(at.id), i),
                                    .from = i,
                                    .to = after,
                                    .line = at.line };
        }
    }
    return true;
}

static void
lay_in_all(struct checker *c)
{
    for (uint32_t i = 0; i < c->p->n_nodes && c->is_good; i++) {
        if (c->p->nodes[i].kind == FLOW_CALL) {
            (void)lay_in(c, i);
        }
    }
}

/* --- links ------------------------------------------------------------------------------------ */

static void
link_edges(struct checker *c)
{
    struct flow_process *p = c->p;
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        p->nodes[i].outs = ARENA_ARRAY(c->ld->arena, uint32_t, 8);
    }
    for (uint32_t e = 0; e < p->n_edges; e++) {
        const struct flow_edge *edge = &p->edges[e];
        if (edge->is_gone) {
            continue;
        }
        struct flow_node *from = &p->nodes[edge->from];
        p->nodes[edge->to].n_in++;
        if (from->n_out % 8 == 0 && from->n_out > 0) {
            uint32_t *more = ARENA_ARRAY(c->ld->arena, uint32_t, from->n_out + 8);
            memcpy(more, from->outs, sizeof(*more) * from->n_out);
            from->outs = more;
        }
        if (from->default_id.n > 0 && str_eq(from->default_id, edge->id)) {
            from->default_edge = (int32_t)e;
        }
        from->outs[from->n_out++] = e;
    }
}

static void
check_ways(struct checker *c, struct flow_node *n)
{
    bool is_end = n->kind == FLOW_END;
    bool is_gateway = n->kind == FLOW_EXCLUSIVE || n->kind == FLOW_PARALLEL;
    if (is_end ? n->n_out != 0 : n->n_out == 0) {
        fault(c, n->line, "Nối bước này tới bước sau (endEvent thì không có lối ra)", "Lối ra sai",
              n->id);
    }
    if (!is_gateway && !is_end && n->n_out > 1) {
        fault(c, n->line, "Dùng exclusiveGateway hoặc parallelGateway để rẽ nhánh", "Nhiều lối ra",
              n->id);
    }
    if (n->kind == FLOW_EXCLUSIVE && n->n_out > 1 && n->default_edge < 0) {
        fault(c, n->line, "Thêm default=\"id của sequenceFlow\"",
              "exclusiveGateway thiếu lối mặc định", n->id);
    }
    if (n->kind == FLOW_EXCLUSIVE && n->n_out == 1) {
        n->default_edge = (int32_t)n->outs[0]; /* a joining gateway lets every token pass */
    }
    if (n->kind == FLOW_BOUNDARY) {
        n->attached = flow_node_find(c->p, n->attached_id);
        if (n->attached == c->p->n_nodes || c->p->nodes[n->attached].kind != FLOW_USER) {
            fault(c, n->line, "attachedToRef phải là id của một userTask",
                  "boundaryEvent gắn sai chỗ", n->attached_id);
            n->attached = 0;
        }
    }
}

static void
check_nodes(struct checker *c)
{
    struct flow_process *p = c->p;
    uint32_t n_starts = 0;
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        if (p->nodes[i].kind == FLOW_GONE) {
            continue;
        }
        check_ways(c, &p->nodes[i]);
        if (p->nodes[i].kind == FLOW_START) {
            p->start = i;
            n_starts++;
        }
    }
    if (n_starts != 1) {
        fault(c, 0, "Để đúng một startEvent", "Số startEvent sai", p->id);
    }
}

/* --- reach ------------------------------------------------------------------------------------ */

struct walk { /* nodes seen, and those whose neighbours are still to be looked at */
    const struct flow_process *p;
    bool *seen;
    uint32_t todo[FLOW_NODES_MAX];
    uint32_t n;
};

static void
walk_to(struct walk *w, uint32_t node)
{
    if (!w->seen[node]) {
        w->seen[node] = true;
        w->todo[w->n++] = node;
    }
}

static void
walk_edges(struct walk *w, uint32_t at, bool is_backward)
{
    for (uint32_t e = 0; e < w->p->n_edges; e++) {
        const struct flow_edge *edge = &w->p->edges[e];
        if (!edge->is_gone && (is_backward ? edge->to : edge->from) == at) {
            walk_to(w, is_backward ? edge->from : edge->to);
        }
    }
}

static void
walk_boundaries(struct walk *w, uint32_t at, bool is_backward)
{
    for (uint32_t i = 0; i < w->p->n_nodes; i++) {
        const struct flow_node *b = &w->p->nodes[i];
        if (b->kind == FLOW_BOUNDARY && (is_backward ? i : b->attached) == at) {
            walk_to(w, is_backward ? b->attached : i);
        }
    }
}

/* Marks all nodes reachable from `from` (backward: that reach it); boundary events count with their
 * task. */
static void
spread(const struct flow_process *p, uint32_t from, bool is_backward, bool *seen)
{
    struct walk w = { .p = p, .seen = seen };
    walk_to(&w, from);
    while (w.n > 0) {
        uint32_t at = w.todo[--w.n];
        walk_edges(&w, at, is_backward);
        walk_boundaries(&w, at, is_backward);
    }
}

static void
check_reach(struct checker *c)
{
    struct flow_process *p = c->p;
    bool forward[FLOW_NODES_MAX] = { false };
    bool backward[FLOW_NODES_MAX] = { false };
    spread(p, p->start, false, forward);
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        if (p->nodes[i].kind == FLOW_END) {
            spread(p, i, true, backward);
        }
    }
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct flow_node *n = &p->nodes[i];
        if (n->kind != FLOW_GONE && !forward[i]) {
            fault(c, n->line, "Nối bước này vào quy trình hoặc xóa nó",
                  "Không có đường đi tới bước", n->id);
        } else if (n->kind != FLOW_GONE && !backward[i]) {
            fault(c, n->line, "Thêm đường đi tới một endEvent", "Bước này không bao giờ kết thúc",
                  n->id);
        }
    }
}

static bool
is_waiting(const struct flow_node *n)
{
    return n->kind == FLOW_USER || n->kind == FLOW_CATCH;
}

/* How many ways in each node has from nodes that do not wait. */
static void
count_moving(const struct flow_process *p, uint32_t *n_in)
{
    for (uint32_t e = 0; e < p->n_edges; e++) {
        bool is_moving = !p->edges[e].is_gone && !is_waiting(&p->nodes[p->edges[e].from]);
        n_in[p->edges[e].to] += is_moving;
    }
}

/* A circle in which nobody and nothing is waited for would run for ever: takes away nodes that have
 * no way in from a moving node, until none is left or a circle is. */
static void
check_circles(struct checker *c)
{
    struct flow_process *p = c->p;
    uint32_t n_in[FLOW_NODES_MAX] = { 0 };
    bool is_done[FLOW_NODES_MAX] = { false };
    count_moving(p, n_in);
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (uint32_t i = 0; i < p->n_nodes; i++) {
            if (is_done[i] || n_in[i] > 0) {
                continue;
            }
            is_done[i] = is_changed = true;
            for (uint32_t k = 0; !is_waiting(&p->nodes[i]) && k < p->nodes[i].n_out; k++) {
                n_in[p->edges[p->nodes[i].outs[k]].to]--;
            }
        }
    }
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        if (!is_done[i] && !is_waiting(&p->nodes[i])) {
            fault(c, p->nodes[i].line, "Đặt một userTask hoặc sự kiện chờ vào vòng lặp",
                  "Vòng lặp không dừng ở", p->nodes[i].id);
            return;
        }
    }
}

/* --- parallel branches ------------------------------------------------------------------------ */

struct regions {
    struct flow_process *p;
    int32_t parent[FLOW_EDGES_MAX + FLOW_NODES_MAX + 1];
    int32_t n;
    uint32_t todo[FLOW_NODES_MAX];
    uint32_t n_todo;
};

/* The next node along one way out. */
static void
regions_along(struct regions *r, const struct flow_node *from, uint32_t to)
{
    struct flow_node *next = &r->p->nodes[to];
    int32_t region = from->region;
    if (from->kind == FLOW_PARALLEL && from->n_out > 1) {
        r->parent[r->n] = from->region;
        region = r->n++;
    }
    if (next->kind == FLOW_PARALLEL && next->n_in > 1) {
        region = r->parent[region];
    }
    if (next->region < 0) {
        next->region = region;
        r->todo[r->n_todo++] = to;
    }
}

/* Boundary events of a task: one that does not interrupt opens a branch of its own. */
static void
regions_at_boundary(struct regions *r, uint32_t at)
{
    const struct flow_node *from = &r->p->nodes[at];
    for (uint32_t i = 0; i < r->p->n_nodes; i++) {
        struct flow_node *b = &r->p->nodes[i];
        if (b->kind == FLOW_BOUNDARY && b->attached == at && b->region < 0) {
            r->parent[r->n] = from->region;
            b->region = b->is_interrupting ? from->region : r->n++;
            r->todo[r->n_todo++] = i;
        }
    }
}

/* Region: 0 outside all branches; each way out of a fork opens a new one, the join goes back to its
 * parent. A task may be sent back only inside its region: no branch is then entered twice or left
 * out. */
static void
find_regions(struct checker *c)
{
    struct flow_process *p = c->p;
    struct regions r = { .p = p, .n = 1 };
    p->nodes[p->start].region = 0;
    r.todo[r.n_todo++] = p->start;
    while (r.n_todo > 0) {
        uint32_t at = r.todo[--r.n_todo];
        const struct flow_node *from = &p->nodes[at];
        for (uint32_t k = 0; k < from->n_out; k++) {
            regions_along(&r, from, p->edges[from->outs[k]].to);
        }
        regions_at_boundary(&r, at);
    }
}

bool
flow_may_return(const struct flow_process *p, uint32_t from, uint32_t to)
{
    bool seen[FLOW_NODES_MAX] = { false };
    if (from == to || p->nodes[from].kind != FLOW_USER || p->nodes[to].kind != FLOW_USER ||
        p->nodes[from].region != p->nodes[to].region) {
        return false;
    }
    const struct flow_step *st = &p->steps[p->nodes[from].step];
    bool is_named = false;
    for (size_t i = 0; i < st->n_may_return; i++) {
        is_named = is_named || str_eq(st->may_return[i], STR("*")) ||
                   str_eq(st->may_return[i], p->nodes[to].id);
    }
    spread(p, to, false, seen);
    return is_named && seen[from];
}

static void
check_returns(struct checker *c)
{
    struct flow_process *p = c->p;
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct flow_node *n = &p->nodes[i];
        const struct flow_step *st = n->kind == FLOW_USER ? &p->steps[n->step] : NULL;
        for (size_t k = 0; st != NULL && k < st->n_may_return; k++) {
            uint32_t to = flow_node_find(p, st->may_return[k]);
            bool is_all = str_eq(st->may_return[k], STR("*"));
            if (!is_all && (to == p->n_nodes || !flow_may_return(p, i, to))) {
                fault(c, n->line, "Dùng id của userTask ở trước, cùng nhánh; hoặc *",
                      "bb:may-return không dùng được", st->may_return[k]);
            }
        }
    }
}

bool
flow_check_process(struct flow_loader *ld, struct flow_process *p)
{
    struct checker c = { .ld = ld, .p = p, .is_good = true };
    lay_in_all(&c);
    link_edges(&c);
    check_nodes(&c);
    if (c.is_good) {
        check_reach(&c);
        check_circles(&c);
    }
    if (c.is_good) {
        find_regions(&c);
        check_returns(&c);
    }
    return c.is_good;
}
