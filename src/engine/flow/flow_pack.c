/* flow_pack.c: loads processes/ of a pack. */
#include "engine/flow/flow_int.h"
#include "web/web.h"

static void
read_roles(struct flow_loader *ld)
{
    static const char *const columns[] = { "role", NULL };
    struct pack_csv csv;
    if (pack_load_file(ld->l, STR("roles/roles.csv")).p == NULL ||
        !pack_load_csv(ld->l, STR("roles/roles.csv"), columns, &csv)) {
        return;
    }
    ld->roles = ARENA_ARRAY(ld->arena, struct str, csv.n_rows + 1);
    for (size_t i = 0; i < csv.n_rows; i++) {
        ld->roles[ld->n_roles++] = pack_csv_get(&csv, i, "role");
    }
}

/* A process of its own to lay calls into: others may call the raw one. */
static struct flow_process *
copy_of(struct arena *a, const struct flow_process *raw)
{
    struct flow_process *p = arena_copy(a, raw, sizeof(*raw));
    p->nodes = arena_copy(a, raw->nodes, sizeof(*raw->nodes) * FLOW_NODES_MAX);
    p->edges = arena_copy(a, raw->edges, sizeof(*raw->edges) * FLOW_EDGES_MAX);
    p->steps = arena_copy(a, raw->steps, sizeof(*raw->steps) * FLOW_NODES_MAX);
    return p;
}

/* Moves the graph out of the loader's work arena, at its real size. */
static const struct flow_process *
keep(struct arena *a, const struct flow_process *p)
{
    struct flow_process *kept = arena_copy(a, p, sizeof(*p));
    kept->nodes = arena_copy(a, p->nodes, sizeof(*p->nodes) * p->n_nodes);
    kept->edges = arena_copy(a, p->edges, sizeof(*p->edges) * p->n_edges);
    kept->steps = arena_copy(a, p->steps, sizeof(*p->steps) * p->n_steps);
    return kept;
}

void
flow_pack_part(struct pack_load *l)
{
    struct flow_loader ld = { .l = l, .arena = pack_load_arena(l), .work = arena_open(0) };
    struct flow_set *set = ARENA_NEW(ld.arena, struct flow_set);
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("processes/"), STR(".bpmn"), &paths);
    read_roles(&ld);
    ld.raw = ARENA_ARRAY(ld.arena, struct flow_process *, n + 1);
    set->v = ARENA_ARRAY(ld.arena, const struct flow_process *, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct flow_process *p = flow_bpmn_read(&ld, paths[i]);
        if (p != NULL) {
            ld.raw[ld.n_raw++] = p;
        }
    }
    for (size_t i = 0; i < ld.n_raw; i++) {
        struct flow_process *p = copy_of(ld.work, ld.raw[i]);
        if (flow_check_process(&ld, p)) {
            set->v[set->n++] = keep(ld.arena, p);
        }
    }
    arena_close(ld.work);
    pack_load_target(l)->slot[PACK_PROCESSES] = set;
}

const struct flow_process *
flow_find(const struct pack *p, struct str process_id)
{
    const struct flow_set *set = p == NULL ? NULL : p->slot[PACK_PROCESSES];
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (str_eq(set->v[i]->id, process_id)) {
            return set->v[i];
        }
    }
    return NULL;
}

struct str
flow_name(const struct flow_process *p)
{
    return p->name;
}

size_t
flow_steps(const struct flow_process *p, const struct flow_step **ret)
{
    *ret = p->steps;
    return p->n_steps;
}

const struct flow_step *
flow_step_find(const struct flow_process *p, struct str step_id)
{
    uint32_t i = flow_node_find(p, step_id);
    return i == p->n_nodes || p->nodes[i].kind != FLOW_USER ? NULL : &p->steps[p->nodes[i].step];
}

/* "word=Text;word2=Text": the text of a word, null when it is not there. */
static struct str
label_of(struct str labels, struct str word)
{
    struct str part;
    while (str_next(&labels, ';', &part)) {
        struct str name;
        struct str value;
        if (str_cut(part, '=', &name, &value) && str_eq(str_trim(name), word)) {
            return str_trim(value);
        }
    }
    return STR_NULL;
}

struct str
flow_outcome_text(struct ctx *cx, const struct flow_process *p, struct str step_id,
                  struct str outcome)
{
    uint32_t i = flow_node_find(p, step_id);
    struct str own = STR_NULL;
    if (i < p->n_nodes) {
        bool is_english = str_eq(cx->lang, STR("en"));
        own = is_english ? label_of(p->nodes[i].outcome_labels_en, outcome) : STR_NULL;
        own = own.p == NULL ? label_of(p->nodes[i].outcome_labels, outcome) : own;
    }
    if (own.p != NULL) {
        return own;
    }
    struct str known = text_find(cx, str_fmt(cx->arena, "flow.outcome." STR_FMT, STR_ARG(outcome)));
    return known.p == NULL ? outcome : known;
}

const struct flow_step *
flow_step_after(const struct flow_process *p, struct str step_id)
{
    if (p == NULL) {
        return NULL;
    }
    uint32_t at = flow_node_find(p, step_id);
    /* a loop of gateways and services cannot be longer than the process */
    for (uint32_t i = 0; at < p->n_nodes && i < FLOW_NODES_MAX; i++) {
        const struct flow_node *n = &p->nodes[at];
        if (n->kind == FLOW_USER && i > 0) {
            return &p->steps[n->step];
        }
        if (n->n_out == 0) {
            return NULL;
        }
        bool has_default = n->kind == FLOW_EXCLUSIVE && n->default_edge >= 0;
        at = p->edges[has_default ? (uint32_t)n->default_edge : n->outs[0]].to;
    }
    return NULL;
}
