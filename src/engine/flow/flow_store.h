/* flow_store.h: rows of the flow module as structs. */
#ifndef ENGINE_FLOW_FLOW_STORE_H
#define ENGINE_FLOW_FLOW_STORE_H

#include "engine/flow/flow_int.h"

struct flow_stored_token {
    int64_t id;
    struct str node, edge;
};
struct flow_stored_timer {
    int64_t id, case_id, token_id, due_us;
    struct str node;
};

NODISCARD enum err flow_store_case(struct ctx *cx, int64_t id, struct flow_case *ret);
NODISCARD enum err flow_store_case_insert(struct ctx *cx, const struct flow_case *c,
                                          int64_t now_us);
/* State and result; ERR_CONFLICT when the case changed since it was read. */
NODISCARD enum err flow_store_case_touch(struct ctx *cx, const struct flow_case *c,
                                         int64_t ended_us);
NODISCARD enum err flow_store_tokens(struct ctx *cx, int64_t case_id, size_t max,
                                     struct flow_stored_token **ret, size_t *ret_n);
NODISCARD enum err flow_store_token_put(struct ctx *cx, int64_t case_id,
                                        const struct flow_stored_token *t);
NODISCARD enum err flow_store_token_delete(struct ctx *cx, int64_t id);
NODISCARD enum err flow_store_task(struct ctx *cx, int64_t id, struct flow_task *ret,
                                   int64_t *ret_token);
NODISCARD enum err flow_store_task_of_token(struct ctx *cx, int64_t token_id,
                                            struct flow_task *ret);
NODISCARD enum err flow_store_task_insert(struct ctx *cx, const struct flow_task *t,
                                          int64_t token_id);
/* Writes state, outcome, note, done_by, closed_us of an open task; ERR_CONFLICT when it is no
 * longer the one read. */
NODISCARD enum err flow_store_task_close(struct ctx *cx, const struct flow_task *t);
NODISCARD enum err flow_store_timer(struct ctx *cx, int64_t id, struct flow_stored_timer *ret);
NODISCARD enum err flow_store_timer_insert(struct ctx *cx, const struct flow_case *c,
                                           int64_t token_id, struct str node, int64_t due_us);
NODISCARD enum err flow_store_timer_delete(struct ctx *cx, int64_t id);
NODISCARD enum err flow_store_timers_delete(struct ctx *cx, int64_t token_id);

#endif
