/* flow.h: processes of the content pack (BPMN 2.0 subset, doc/bpmn.md) and the engine that runs
 * them.
 *
 * A process definition is immutable and belongs to a pack. A case is one run of it for one subject
 * (a dossier). Functions marked [tx] are called inside the caller's store_write; they write only
 * rows. What must happen beside the rows of this module is done by the caller's handlers, in the
 * same transaction. */
#ifndef ENGINE_FLOW_FLOW_H
#define ENGINE_FLOW_FLOW_H

#include "codec/expr.h"
#include "engine/pack/pack.h"

/* --- definitions ------------------------------------------------------------------------------ */
struct flow_process;

/* Loader of processes/: slot PACK_PROCESSES. */
void flow_pack_part(struct pack_load *l);
/* NULL when there is none. */
const struct flow_process *flow_find(const struct pack *p, struct str process_id);
struct str flow_name(const struct flow_process *p);

/* One user task of the definition, for pages ("what comes next"). */
struct flow_step {
    struct str id, name, name_en;
    struct str role, unit, action;
    int64_t budget_s; /* working seconds */
    struct str *outcomes;
    size_t n_outcomes;
    struct str *may_return; /* ids of steps */
    size_t n_may_return;
    int32_t status; /* national status code while open, 0 = none */
    bool is_clock_paused;
};
/* All user tasks in file order; borrowed from the process. */
size_t flow_steps(const struct flow_process *p, const struct flow_step **ret);
/* The user task that usually follows: along default ways out; NULL at an end. For pages only. */
const struct flow_step *flow_step_after(const struct flow_process *p, struct str step_id);
const struct flow_step *flow_step_find(const struct flow_process *p, struct str step_id);
/* Text of an outcome in cx->lang: the pack's label, else the program's text. */
struct str flow_outcome_text(struct ctx *cx, const struct flow_process *p, struct str step_id,
                             struct str outcome);

/* --- what the caller supplies ----------------------------------------------------------------- */
struct flow_case {
    int64_t id, subject_id; /* subject: the dossier */
    struct str process_id, pack_version;
    struct str state;  /* "open", "done", "cancelled" */
    struct str result; /* of the end event that ended it */
    int64_t version;
};

/* [tx] A service task. May set variables only through the caller's own rows. An error rolls all
 * back. */
typedef enum err flow_service_fn(struct ctx *cx, void *arg, const struct flow_case *c,
                                 struct str service_arg);
struct flow_service {
    const char *name;
    flow_service_fn *fn;
};
/* Told of tasks [tx]: OPENED, CLOSED, CANCELLED. */
enum flow_event { FLOW_TASK_OPENED, FLOW_TASK_CLOSED, FLOW_TASK_CANCELLED, FLOW_CASE_ENDED };
struct flow_task {
    int64_t id, case_id, subject_id;
    int64_t token; /* the branch it stands on: tasks that follow each other on it have the same */
    struct str step_id, role, unit, action;
    int64_t assignee; /* account id, 0 = nobody */
    int64_t budget_s, opened_us, due_us, closed_us;
    struct str state; /* "open", "done", "cancelled" */
    struct str outcome, note;
    int64_t done_by;
    int64_t from_task;   /* task it was sent back from, 0 = none */
    int64_t handed_from; /* account that is away and gets it back, 0 = nobody */
    int64_t version;
};

struct flow_env {
    const struct pack *pack; /* the version the case was started under */
    int64_t now_us;
    void *arg;
    /* [tx] JSON document of the variables for conditions; asked anew before each gateway. Required.
     */
    enum err (*vars)(struct ctx *cx, void *arg, const struct flow_case *c, const struct json **ret);
    /* [tx] Unit code for a step's `bb:unit`. Required. */
    enum err (*unit)(struct ctx *cx, void *arg, const struct flow_case *c, struct str unit_word,
                     struct str *ret_code);
    /* [tx] Instant when budget_s working seconds of that unit have passed. Required. */
    enum err (*due)(struct ctx *cx, void *arg, struct str unit_code, int64_t from_us,
                    int64_t budget_s, int64_t *ret_us);
    /* Optional. */
    enum err (*event)(struct ctx *cx, void *arg, const struct flow_case *c, enum flow_event ev,
                      const struct flow_task *t);
    const struct flow_service *services; /* ended by a NULL name */
};

/* --- running [tx] ----------------------------------------------------------------------------- */
/* Starts a case and walks to the first tasks. ERR_NOT_FOUND: no such process. */
NODISCARD enum err flow_start(struct ctx *cx, const struct flow_env *env, int64_t subject_id,
                              struct str process_id, int64_t *ret_case_id);
struct flow_done {
    int64_t task_id, version; /* version as the officer saw it; 0 = any */
    int64_t by;               /* account */
    struct str outcome;       /* one of the step's outcomes */
    struct str note;
};
/* Closes a task and walks on. ERR_CONFLICT: closed already, or changed since; ERR_INVALID: not an
 * outcome of it. */
NODISCARD enum err flow_task_complete(struct ctx *cx, const struct flow_env *env,
                                      const struct flow_done *done);
/* Delivers a message to the case's waiting catch or boundary events. *ret_n_taken may be NULL; 0 =
 * nobody waited, or the case has ended: a message that comes late is not an error. */
NODISCARD enum err flow_message(struct ctx *cx, const struct flow_env *env, int64_t case_id,
                                struct str name, int64_t *ret_n_taken);
/* Delivers it to one open task alone (its boundary events). */
NODISCARD enum err flow_message_at(struct ctx *cx, const struct flow_env *env, int64_t task_id,
                                   struct str name, int64_t *ret_n_taken);
/* Sends an open task back to an earlier user task, with reason (required). ERR_INVALID: not allowed
 * from here. */
NODISCARD enum err flow_return_to(struct ctx *cx, const struct flow_env *env,
                                  const struct flow_done *done, struct str step_id);
/* Gives an open task to a person of its role and unit (to 0: back to the pool), or hands it to
 * another unit. */
NODISCARD enum err flow_assign(struct ctx *cx, int64_t task_id, int64_t version, int64_t to);
/* Takes a task nobody has. ERR_CONFLICT: somebody else was quicker. */
NODISCARD enum err flow_claim(struct ctx *cx, int64_t task_id, int64_t by);
/* Gives an open task to somebody who stands in for a person that is away; to 0: to the pool.
 * handed_from 0: it is given back, or for good. */
NODISCARD enum err flow_hand(struct ctx *cx, int64_t task_id, int64_t to, int64_t handed_from);
/* Open tasks of a unit to its successor (reorganisation). */
NODISCARD enum err flow_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit,
                                  int64_t *ret_n);
/* New due instant (after the clock stood, or an extension); the timers at the task move by as much.
 */
NODISCARD enum err flow_set_due(struct ctx *cx, int64_t task_id, int64_t due_us);
/* Ends the case: open tasks are cancelled, tokens and timers removed. */
NODISCARD enum err flow_cancel(struct ctx *cx, const struct flow_env *env, int64_t case_id,
                               struct str reason);

/* Timers: cases that have one due, oldest first. Then, one transaction per case, flow_timer_fire.
 */
struct flow_due {
    int64_t case_id, subject_id, timer_id;
};
NODISCARD enum err flow_timers_due(struct ctx *cx, int64_t now_us, size_t max,
                                   struct flow_due **ret, size_t *ret_n);
/* [tx] Fires one timer when it is still there, due at env->now_us and its case goes on; otherwise
 * does nothing. */
NODISCARD enum err flow_timer_fire(struct ctx *cx, const struct flow_env *env, int64_t timer_id);

/* --- reading ---------------------------------------------------------------------------------- */
NODISCARD enum err flow_case_by_subject(struct ctx *cx, int64_t subject_id, struct flow_case *ret);
NODISCARD enum err flow_task_by_id(struct ctx *cx, int64_t task_id, struct flow_task *ret);
/* All tasks of a case in the order they were opened (history and current). */
NODISCARD enum err flow_tasks_of_case(struct ctx *cx, int64_t case_id, struct flow_task **ret,
                                      size_t *ret_n);
/* What a case waits for by itself: a period that runs, such as a public posting. */
#define FLOW_WAITS_MAX 50
struct flow_wait {
    struct str name, name_en;
    int64_t until_us;
};
NODISCARD enum err flow_waits_of_case(struct ctx *cx, const struct flow_process *p, int64_t case_id,
                                      struct flow_wait **ret, size_t *ret_n);

/* Open tasks of a person in a unit, by due instant; at most 1,000. is_handed: those that others
 * have in the person's stead. */
NODISCARD enum err flow_tasks_of_person(struct ctx *cx, int64_t account, struct str unit,
                                        bool is_handed, struct flow_task **ret, size_t *ret_n);
/* How many open tasks a person holds. */
NODISCARD enum err flow_load(struct ctx *cx, int64_t account, int64_t *ret_n);

struct flow_inbox {
    struct str unit, role;          /* both required */
    int64_t assignee;               /* 0 = all, -1 = nobody's, else this person's */
    int64_t after_due_us, after_id; /* key of the last row seen; 0 0 = from the start */
    int64_t due_before_us;          /* 0 = any */
    int64_t n;                      /* rows; at most 200 */
};
/* Open tasks ordered by due instant, then id. */
NODISCARD enum err flow_inbox(struct ctx *cx, const struct flow_inbox *q, struct flow_task **ret,
                              size_t *ret_n);
struct flow_inbox_counts {
    int64_t n_open, n_late, n_due_soon, n_mine, n_unassigned;
};
/* Counts of the same list; late: due before now_us; soon: due before soon_us. */
NODISCARD enum err flow_inbox_count(struct ctx *cx, struct str unit, struct str role, int64_t me,
                                    int64_t now_us, int64_t soon_us, struct flow_inbox_counts *ret);

#endif
