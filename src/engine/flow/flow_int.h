/* flow_int.h: the process graph and the pure engine, shared inside the module. */
#ifndef ENGINE_FLOW_FLOW_INT_H
#define ENGINE_FLOW_FLOW_INT_H

#include "engine/flow/flow.h"

#define FLOW_NODES_MAX  200
#define FLOW_EDGES_MAX  400
#define FLOW_TOKENS_MAX 64
#define FLOW_STEPS_MAX  2000

enum flow_kind {
    FLOW_START,
    FLOW_END,
    FLOW_USER,
    FLOW_SERVICE,
    FLOW_EXCLUSIVE,
    FLOW_PARALLEL,
    FLOW_CATCH,
    FLOW_BOUNDARY,
    FLOW_CALL,
    FLOW_GONE /* a call after its process was laid in */
};

struct flow_edge {
    struct str id;
    uint32_t from, to;
    const struct expr *condition; /* NULL: always */
    bool is_gone;
    uint32_t line;
};

struct flow_node {
    enum flow_kind kind;
    struct str id, name, name_en;
    uint32_t line;
    uint32_t step;           /* FLOW_USER: index into steps */
    struct str service, arg; /* FLOW_SERVICE */
    struct str called;       /* FLOW_CALL */
    struct str message;      /* FLOW_CATCH, FLOW_BOUNDARY: null = a timer */
    int64_t wait_s;          /* timer */
    bool is_real_clock;      /* timer counts all time, not working time */
    bool is_terminate;       /* FLOW_END */
    struct str result;       /* FLOW_END */
    struct str attached_id;  /* FLOW_BOUNDARY */
    uint32_t attached;
    bool is_interrupting;
    struct str default_id; /* FLOW_EXCLUSIVE */
    int32_t default_edge;  /* -1 = none */
    uint32_t depth;        /* of calls */
    uint32_t n_in, n_out;
    uint32_t *outs; /* edges in file order */
    int32_t region; /* parallel branch the node lies in; -1 = not reached */
    struct str outcome_labels, outcome_labels_en;
};

struct flow_process {
    struct str id, name, name_en, file;
    struct flow_node *nodes;
    uint32_t n_nodes;
    struct flow_edge *edges;
    uint32_t n_edges;
    struct flow_step *steps;
    uint32_t n_steps;
    uint32_t start;
};

struct flow_set {
    const struct flow_process **v;
    size_t n;
};

/* --- reading (flow_bpmn.c) and checking (flow_check.c) ---------------------------------------- */
struct flow_loader {
    struct pack_load *l;
    struct arena *arena, *work; /* of the pack; of this loading */
    struct flow_process **raw;  /* as read, calls not yet laid in */
    size_t n_raw;
    struct str *roles;
    size_t n_roles;
};
struct flow_process *flow_bpmn_read(struct flow_loader *ld, struct str path);
/* Links edges, finds everything that would stop a case on its way. False when it cannot be run. */
bool flow_check_process(struct flow_loader *ld, struct flow_process *p);
/* Node index by id; n_nodes when there is none. */
uint32_t flow_node_find(const struct flow_process *p, struct str id);
/* "PT8H", "P2D", "30m", "8h", "2d" to seconds; a day is day_s. False when not one. */
bool flow_duration(struct str s, int64_t day_s, int64_t *ret_s);
/* True when a task may be sent back from one user task to an earlier one. */
bool flow_may_return(const struct flow_process *p, uint32_t from, uint32_t to);

/* --- the pure engine (flow_model.c) ----------------------------------------------------------- */
struct flow_token {
    int64_t id;
    uint32_t node;
    int32_t edge;   /* by which it came to a join, else -1 */
    bool is_active; /* moves in this run */
};
struct flow_marking {
    const struct flow_process *p;
    struct flow_token tokens[FLOW_TOKENS_MAX];
    uint32_t n;
    struct str result; /* of the end event that was reached last */
};
/* What the engine asks of the world: rows in production, a record in tests. */
struct flow_ops {
    void *arg;
    int64_t (*new_id)(struct ctx *cx, void *arg);
    bool (*holds)(struct ctx *cx, void *arg, const struct flow_edge *e, enum err *ret_err);
    enum err (*service)(struct ctx *cx, void *arg, const struct flow_node *n);
    enum err (*wait)(struct ctx *cx, void *arg,
                     const struct flow_token *t); /* arrived at a task or event */
    enum err (*leave)(struct ctx *cx, void *arg,
                      const struct flow_token *t); /* taken away from it unfinished */
};
/* Puts a token on a node, to be moved by flow_run. */
NODISCARD enum err flow_put(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m,
                            uint32_t node);
/* The work at a token's node is done: it goes on by the way out. */
NODISCARD enum err flow_pass(struct ctx *cx, struct flow_marking *m, int64_t token_id);
/* A boundary event happened: interrupting takes the token along, else a new one is made. */
NODISCARD enum err flow_boundary(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m,
                                 int64_t token_id, uint32_t boundary);
/* Moves a waiting token to an earlier node. */
NODISCARD enum err flow_jump(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m,
                             int64_t token_id, uint32_t node);
/* Moves all active tokens until every one waits. ERR_CONFLICT: no way out, too many tokens or
 * steps. */
NODISCARD enum err flow_run(struct ctx *cx, const struct flow_ops *ops, struct flow_marking *m);

#endif
