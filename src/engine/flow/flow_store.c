/* flow_store.c: rows of the flow module; the only file that names its statements. */
#include "engine/flow/flow_store.h"
#include "gen/q_flow.h"

#define INBOX_MAX   200
#define HISTORY_MAX 500
#define PERSON_MAX  1000

/* The task columns are the same in every statement, but each has a row type of its own. */
#define TASK_OF(r)                                                                                 \
    ((struct flow_task){ .id = (r).id,                                                             \
                         .case_id = (r).case_id,                                                   \
                         .subject_id = (r).subject_id,                                             \
                         .token = (r).token_id,                                                    \
                         .step_id = (r).step_id,                                                   \
                         .role = (r).role,                                                         \
                         .unit = (r).unit,                                                         \
                         .action = (r).action,                                                     \
                         .assignee = (r).assignee,                                                 \
                         .budget_s = (r).budget_s,                                                 \
                         .opened_us = (r).opened_us,                                               \
                         .due_us = (r).due_us,                                                     \
                         .closed_us = (r).closed_us,                                               \
                         .state = (r).state,                                                       \
                         .outcome = (r).outcome,                                                   \
                         .note = (r).note,                                                         \
                         .done_by = (r).done_by,                                                   \
                         .from_task = (r).from_task,                                               \
                         .handed_from = (r).handed_from,                                           \
                         .version = (r).version })
#define CASE_OF(r)                                                                                 \
    ((struct flow_case){ .id = (r).id,                                                             \
                         .subject_id = (r).subject_id,                                             \
                         .process_id = (r).process_id,                                             \
                         .pack_version = (r).pack_version,                                         \
                         .state = (r).state,                                                       \
                         .result = (r).result,                                                     \
                         .version = (r).version })

/* --- cases and tokens ------------------------------------------------------------------------- */

enum err
flow_store_case(struct ctx *cx, int64_t id, struct flow_case *ret)
{
    struct q_flow_case_by_id row;
    TRY(q_flow_case_by_id(cx, &row, .id = id));
    *ret = CASE_OF(row);
    return ERR_OK;
}

enum err
flow_case_by_subject(struct ctx *cx, int64_t subject_id, struct flow_case *ret)
{
    struct q_flow_case_by_subject row;
    TRY(q_flow_case_by_subject(cx, &row, .subject_id = subject_id));
    *ret = CASE_OF(row);
    return ERR_OK;
}

enum err
flow_store_case_insert(struct ctx *cx, const struct flow_case *c, int64_t now_us)
{
    return q_flow_case_insert(cx, NULL, .id = c->id, .subject_id = c->subject_id,
                              .process_id = c->process_id, .pack_version = c->pack_version,
                              .now_us = now_us);
}

enum err
flow_store_case_touch(struct ctx *cx, const struct flow_case *c, int64_t ended_us)
{
    int64_t n = 0;
    TRY(q_flow_case_touch(cx, &n, .id = c->id, .version = c->version, .state = c->state,
                          .result = c->result, .ended_us = ended_us));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "case %" PRId64 " changed", c->id);
}

enum err
flow_store_tokens(struct ctx *cx, int64_t case_id, size_t max, struct flow_stored_token **ret,
                  size_t *ret_n)
{
    struct q_flow_tokens_of_case_list rows;
    TRY(q_flow_tokens_of_case(cx, &rows, .case_id = case_id, .limit_n = (int64_t)max));
    struct flow_stored_token *t = ARENA_ARRAY(cx->arena, struct flow_stored_token, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        t[i] = (struct flow_stored_token){ .id = rows.v[i].id,
                                           .node = rows.v[i].node,
                                           .edge = rows.v[i].edge };
    }
    *ret = t;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
flow_store_token_put(struct ctx *cx, int64_t case_id, const struct flow_stored_token *t)
{
    return q_flow_token_put(cx, NULL, .id = t->id, .case_id = case_id, .node = t->node,
                            .edge = t->edge);
}

enum err
flow_store_token_delete(struct ctx *cx, int64_t id)
{
    return q_flow_token_delete(cx, NULL, .id = id);
}

/* --- tasks ------------------------------------------------------------------------------------ */

enum err
flow_store_task(struct ctx *cx, int64_t id, struct flow_task *ret, int64_t *ret_token)
{
    struct q_flow_task_by_id row;
    TRY(q_flow_task_by_id(cx, &row, .id = id));
    *ret = TASK_OF(row);
    *ret_token = row.token_id;
    return ERR_OK;
}

enum err
flow_task_by_id(struct ctx *cx, int64_t task_id, struct flow_task *ret)
{
    int64_t token = 0;
    return flow_store_task(cx, task_id, ret, &token);
}

enum err
flow_store_task_of_token(struct ctx *cx, int64_t token_id, struct flow_task *ret)
{
    struct q_flow_task_of_token row;
    TRY(q_flow_task_of_token(cx, &row, .token_id = token_id));
    *ret = TASK_OF(row);
    return ERR_OK;
}

enum err
flow_store_task_insert(struct ctx *cx, const struct flow_task *t, int64_t token_id)
{
    return q_flow_task_insert(
        cx, NULL, .id = t->id, .case_id = t->case_id, .subject_id = t->subject_id,
        .token_id = token_id, .step_id = t->step_id, .role = t->role, .unit = t->unit,
        .action = t->action, .budget_s = t->budget_s, .opened_us = t->opened_us,
        .due_us = t->due_us, .from_task = t->from_task);
}

enum err
flow_store_task_close(struct ctx *cx, const struct flow_task *t)
{
    int64_t n = 0;
    TRY(q_flow_task_close(cx, &n, .id = t->id, .version = t->version, .state = t->state,
                          .outcome = t->outcome, .note = t->note, .done_by = t->done_by,
                          .closed_us = t->closed_us));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "task %" PRId64 " changed", t->id);
}

enum err
flow_assign(struct ctx *cx, int64_t task_id, int64_t version, int64_t to)
{
    int64_t n = 0;
    TRY(q_flow_task_assign(cx, &n, .id = task_id, .version = version, .assignee = to));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "task %" PRId64 " changed", task_id);
}

enum err
flow_claim(struct ctx *cx, int64_t task_id, int64_t by)
{
    int64_t n = 0;
    TRY(q_flow_task_claim(cx, &n, .id = task_id, .assignee = by));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "task %" PRId64 " is taken", task_id);
}

enum err
flow_hand(struct ctx *cx, int64_t task_id, int64_t to, int64_t handed_from)
{
    return q_flow_task_hand(cx, NULL, .id = task_id, .assignee = to, .handed_from = handed_from);
}

enum err
flow_tasks_of_person(struct ctx *cx, int64_t account, struct str unit, bool is_handed,
                     struct flow_task **ret, size_t *ret_n)
{
    struct q_flow_tasks_of_assignee_list own = { 0 };
    struct q_flow_tasks_handed_from_list handed = { 0 };
    if (is_handed) {
        TRY(q_flow_tasks_handed_from(cx, &handed, .handed_from = account, .unit = unit,
                                     .limit_n = PERSON_MAX));
    } else {
        TRY(q_flow_tasks_of_assignee(cx, &own, .assignee = account, .unit = unit,
                                     .limit_n = PERSON_MAX));
    }
    struct flow_task *t = ARENA_ARRAY(cx->arena, struct flow_task, own.n + handed.n + 1);
    for (size_t i = 0; i < own.n; i++) {
        t[i] = TASK_OF(own.v[i]);
    }
    for (size_t i = 0; i < handed.n; i++) {
        t[i] = TASK_OF(handed.v[i]);
    }
    *ret = t;
    *ret_n = own.n + handed.n;
    return ERR_OK;
}

enum err
flow_load(struct ctx *cx, int64_t account, int64_t *ret_n)
{
    struct q_flow_assigned_n row;
    TRY(q_flow_assigned_n(cx, &row, .assignee = account));
    *ret_n = row.n;
    return ERR_OK;
}

enum err
flow_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit, int64_t *ret_n)
{
    return q_flow_task_move_unit(cx, ret_n, .from_unit = from_unit, .to_unit = to_unit);
}

enum err
flow_set_due(struct ctx *cx, int64_t task_id, int64_t due_us)
{
    struct flow_task t;
    int64_t token = 0;
    TRY(flow_store_task(cx, task_id, &t, &token));
    TRY(q_flow_timers_shift(cx, NULL, .token_id = token, .by_us = due_us - t.due_us));
    return q_flow_task_set_due(cx, NULL, .id = task_id, .due_us = due_us);
}

enum err
flow_tasks_of_case(struct ctx *cx, int64_t case_id, struct flow_task **ret, size_t *ret_n)
{
    struct q_flow_tasks_of_case_list rows;
    TRY(q_flow_tasks_of_case(cx, &rows, .case_id = case_id, .limit_n = HISTORY_MAX));
    struct flow_task *t = ARENA_ARRAY(cx->arena, struct flow_task, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        t[i] = TASK_OF(rows.v[i]);
    }
    *ret = t;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
flow_waits_of_case(struct ctx *cx, const struct flow_process *p, int64_t case_id,
                   struct flow_wait **ret, size_t *ret_n)
{
    struct q_flow_timers_of_case_list rows;
    TRY(q_flow_timers_of_case(cx, &rows, .case_id = case_id));
    *ret = ARENA_ARRAY(cx->arena, struct flow_wait, rows.n + 1);
    *ret_n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        uint32_t at = flow_node_find(p, rows.v[i].node);
        if (at < p->n_nodes && p->nodes[at].kind == FLOW_CATCH) {
            (*ret)[(*ret_n)++] =
                (struct flow_wait){ p->nodes[at].name, p->nodes[at].name_en, rows.v[i].due_us };
        }
    }
    return ERR_OK;
}

/* --- inbox ------------------------------------------------------------------------------------ */

enum err
flow_inbox(struct ctx *cx, const struct flow_inbox *q, struct flow_task **ret, size_t *ret_n)
{
    struct q_flow_inbox_list rows;
    int64_t limit = q->n < 1 || q->n > INBOX_MAX ? INBOX_MAX : q->n;
    int64_t before_us = q->due_before_us == 0 ? INT64_MAX : q->due_before_us;
    TRY(q_flow_inbox(cx, &rows, .unit = q->unit, .role = q->role, .assignee = q->assignee,
                     .after_due_us = q->after_due_us, .after_id = q->after_id,
                     .before_us = before_us, .limit_n = limit));
    struct flow_task *t = ARENA_ARRAY(cx->arena, struct flow_task, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        t[i] = TASK_OF(rows.v[i]);
    }
    *ret = t;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
flow_inbox_count(struct ctx *cx, struct str unit, struct str role, int64_t me, int64_t now_us,
                 int64_t soon_us, struct flow_inbox_counts *ret)
{
    struct q_flow_inbox_count row;
    TRY(q_flow_inbox_count(cx, &row, .unit = unit, .role = role, .me = me, .now_us = now_us,
                           .soon_us = soon_us));
    *ret = (struct flow_inbox_counts){ .n_open = row.n_open,
                                       .n_late = row.n_late,
                                       .n_due_soon = row.n_due_soon,
                                       .n_mine = row.n_mine,
                                       .n_unassigned = row.n_unassigned };
    return ERR_OK;
}

/* --- timers ----------------------------------------------------------------------------------- */

enum err
flow_store_timer(struct ctx *cx, int64_t id, struct flow_stored_timer *ret)
{
    struct q_flow_timer_by_id row;
    TRY(q_flow_timer_by_id(cx, &row, .id = id));
    *ret = (struct flow_stored_timer){ .id = row.id,
                                       .case_id = row.case_id,
                                       .token_id = row.token_id,
                                       .due_us = row.due_us,
                                       .node = row.node };
    return ERR_OK;
}

enum err
flow_store_timer_insert(struct ctx *cx, const struct flow_case *c, int64_t token_id,
                        struct str node, int64_t due_us)
{
    return q_flow_timer_insert(cx, NULL, .id = store_new_id(cx), .case_id = c->id,
                               .subject_id = c->subject_id, .token_id = token_id, .node = node,
                               .due_us = due_us);
}

enum err
flow_store_timer_delete(struct ctx *cx, int64_t id)
{
    return q_flow_timer_delete(cx, NULL, .id = id);
}

enum err
flow_store_timers_delete(struct ctx *cx, int64_t token_id)
{
    return q_flow_timers_of_token_delete(cx, NULL, .token_id = token_id);
}

enum err
flow_timers_due(struct ctx *cx, int64_t now_us, size_t max, struct flow_due **ret, size_t *ret_n)
{
    struct q_flow_timers_due_list rows;
    TRY(q_flow_timers_due(cx, &rows, .now_us = now_us, .limit_n = (int64_t)max));
    struct flow_due *d = ARENA_ARRAY(cx->arena, struct flow_due, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        d[i] = (struct flow_due){ .case_id = rows.v[i].case_id,
                                  .subject_id = rows.v[i].subject_id,
                                  .timer_id = rows.v[i].id };
    }
    *ret = d;
    *ret_n = rows.n;
    return ERR_OK;
}
