/* onestop_int.h: shared inside the officers' pages. */
#ifndef OFFICE_ONESTOP_ONESTOP_INT_H
#define OFFICE_ONESTOP_ONESTOP_INT_H

#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "gen/tpl_onestop.h"
#include "web/web.h"

/* --- onestop_view.c
 * ------------------------------------------------------------------------------------------------
 */
/* A row id as text: JSON numbers cannot carry all of its 64 bits. */
struct str onestop_id(struct ctx *cx, int64_t id);
/* Colour of a time left: ontime, due, late; paused when the clock stands. */
struct str onestop_kind(int64_t left_s, bool is_paused);
/* Its word: "Trong hạn" ... */
struct str onestop_kind_word(struct ctx *cx, struct str kind);
/* ERR_NOT_FOUND unless the dossier is there and the actor may read it as an officer. */
NODISCARD enum err onestop_open(struct ctx *cx, int64_t id, struct dossier *ret);
/* What was typed into a field, whichever route it belongs to; null when nothing. */
struct str onestop_typed(const struct web_req *rq, const char *name);
/* The step of the process that a task stands at; NULL when the pack does not know it. */
const struct flow_step *onestop_step(struct ctx *cx, const struct dossier *d, struct str step_id,
                                     const struct flow_process **ret_process);
/* Name of a step in the request's language. */
struct str onestop_step_name(const struct ctx *cx, const struct flow_step *s);

/* --- onestop_case.c
 * ------------------------------------------------------------------------------------------------
 */
/* The dossier page. is_conflict: somebody was quicker; says what changed since the form was shown.
 */
NODISCARD enum err onestop_case_show(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                                     int64_t dossier, bool is_conflict);
web_fn onestop_case, onestop_task_again;

/* Requirement under which the paper of an answer to another unit is kept. */
#define ONESTOP_OPINION "y-kien"

/* --- onestop_case_parts.c: fill one part of the page each
 * ------------------------------------------------------------ */
struct onestop_view {
    struct dossier d;
    const struct procedure *procedure;
    struct flow_task *tasks;
    size_t n_tasks;
    const struct flow_task *mine; /* the open task the actor may do; NULL: none */
    struct paper *papers;
    size_t n_papers;
    struct tpl_onestop_dossier *page;
};
struct paper;
NODISCARD enum err onestop_part_summary(struct ctx *cx, struct onestop_view *v);
NODISCARD enum err onestop_part_papers(struct ctx *cx, const struct web_req *rq,
                                       struct onestop_view *v);
NODISCARD enum err onestop_part_actions(struct ctx *cx, struct onestop_view *v);
/* Questions to other units with their answers; the form of the answer when it is this officer's. */
NODISCARD enum err onestop_part_opinions(struct ctx *cx, struct onestop_view *v);
/* The form of a question: units, one's own first, and what the process says of the time. */
NODISCARD enum err onestop_part_question(struct ctx *cx, struct onestop_view *v,
                                         const struct flow_process *process);
NODISCARD enum err onestop_part_results(struct ctx *cx, struct onestop_view *v);
/* onestop_consent.c: other people in the dossier, and whether they agreed. */
NODISCARD enum err onestop_part_consents(struct ctx *cx, struct onestop_view *v);
web_fn onestop_consent;
/* The printed forms that have something to say. */
void onestop_part_prints(struct ctx *cx, struct onestop_view *v);
NODISCARD enum err onestop_part_history(struct ctx *cx, const struct web_req *rq,
                                        struct onestop_view *v, bool is_conflict);

/* --- onestop_act.c
 * -------------------------------------------------------------------------------- */
/* The end of every act: on to the inbox, or the page again with what changed meanwhile. */
NODISCARD enum err onestop_finish(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                                  enum err e, const char *flash);

/* --- handlers of the table
 * ---------------------------------------------------------------------------------------- */
web_fn onestop_inbox, onestop_inbox_sheet, onestop_live, onestop_accept, onestop_search;
web_fn onestop_do, onestop_back, onestop_supplement, onestop_claim, onestop_assign, onestop_consult,
    onestop_opinion, onestop_recall, onestop_hand, onestop_apologise, onestop_fields,
    onestop_revoke;
/* How many dossiers of the desk's unit are late without apology; 0 for who may not apologise. */
NODISCARD enum err onestop_late_count(struct ctx *cx, struct str unit, struct str *ret);
web_fn onestop_late;
web_fn onestop_paper, onestop_draft_pdf, onestop_result_pdf, onestop_print;
web_fn onestop_correct, onestop_correct_sign, onestop_correct_drop, onestop_allow,
    onestop_result_again;
web_fn onestop_absences, onestop_absence_add, onestop_absence_end;
web_fn onestop_sign_list, onestop_sign, onestop_sign_back;

#endif
