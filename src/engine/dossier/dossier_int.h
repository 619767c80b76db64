/* dossier_int.h: shared inside the module. */
#ifndef ENGINE_DOSSIER_DOSSIER_INT_H
#define ENGINE_DOSSIER_DOSSIER_INT_H

#include "engine/dossier/dossier.h"
#include "engine/pack/pack.h"
#include "web/web.h"

/* --- dossier_model.c: pure -------------------------------------------------------------------- */
/* May the national status go from one to the other? vietnam standards 2.1. */
bool dossier_status_may(int32_t from, int32_t to);
/* Is the dossier with the citizen while it has this status (5, 6)? */
bool dossier_status_waits(int32_t status);

/* --- dossier_clock.c: change d only; the caller saves ----------------------------------------- */
#define DOSSIER_REACT_S 28800 /* eight working hours to accept or not: Decree 45/2020 */
void dossier_clock_start(struct ctx *cx, struct dossier *d, const struct procedure *p);
void dossier_clock_pause(struct ctx *cx, struct dossier *d);
void dossier_clock_resume(struct ctx *cx, struct dossier *d);
void dossier_clock_stop(struct ctx *cx, struct dossier *d);

/* --- dossier_store.c -------------------------------------------------------------------------- */
/* Inside a transaction. ERR_CONFLICT: changed since it was read. d->version goes up. */
NODISCARD enum err dossier_save(struct ctx *cx, struct dossier *d);
/* Inside a transaction: history line. */
NODISCARD enum err dossier_note(struct ctx *cx, const struct dossier *d, const char *kind,
                                struct str note, bool is_public);
/* Inside a transaction: history, ledger at once. */
NODISCARD enum err dossier_record(struct ctx *cx, const struct dossier *d, const char *kind,
                                  struct str note, bool is_public);
/* Inside a transaction: message to the applicant; key "submitted" -> notice.submitted.*. */
NODISCARD enum err dossier_tell(struct ctx *cx, const struct dossier *d, const char *key,
                                struct str note);
/* Inside a transaction: counts one metric for the dossier's unit, field and procedure. */
NODISCARD enum err dossier_count(struct ctx *cx, const struct dossier *d, const char *metric,
                                 int64_t n);
/* Inside a transaction: the dossier is in a stock (open, waiting, unpaid) from now on, or no
 * longer. */
NODISCARD enum err dossier_stock(struct ctx *cx, const struct dossier *d, const char *metric,
                                 bool is_in);
/* Inside a transaction. Refuses moves that the table does not know; counts waiting. */
NODISCARD enum err dossier_set_status(struct ctx *cx, struct dossier *d, int32_t status);
/* After a commit: tells open pages that figures changed. */
void dossier_publish(struct ctx *cx, const struct dossier *d);
struct q_result_by_id;
NODISCARD enum err dossier_pack(struct ctx *cx, const struct dossier *d, const struct pack **ret);
/* Name of a member of the applicant's form answers as JSON. */
NODISCARD enum err dossier_answers(struct ctx *cx, const struct dossier *d,
                                   const struct json **ret);

/* --- dossier_flow.c --------------------------------------------------------------------------- */
/* State of one run of the process inside a transaction; d is shared by all handlers and saved at
 * the end. */
struct pdf_out;
struct dossier_run {
    struct dossier *d;
    const struct procedure *procedure;
    struct str outcome;   /* of the task just done */
    struct str consulted; /* unit asked by dossier_consult */
    int64_t opened;       /* the task opened last in this run; 0: none */
    bool is_changed;
};
NODISCARD enum err dossier_run_begin(struct ctx *cx, struct dossier *d, struct dossier_run *run,
                                     struct flow_env *ret);
NODISCARD enum err dossier_run_end(struct ctx *cx, struct dossier_run *run);
/* [tx] The open task of an act and its dossier. ERR_FORBIDDEN; ERR_CONFLICT: somebody was quicker.
 */
NODISCARD enum err dossier_load_task(struct ctx *cx, const struct dossier_act *act,
                                     struct flow_task *ret_task, struct dossier *ret);
/* [tx] Closes the task on the running case and writes what every act writes. consulted: unit asked,
 * else null. *ret_opened may be NULL: the task opened last by it, 0 when none was. */
NODISCARD enum err dossier_finish_task(struct ctx *cx, struct dossier *d,
                                       const struct dossier_act *act, const struct flow_task *t,
                                       struct str consulted, int64_t *ret_opened);
/* [tx] A signed result goes into its owner's records store. */
NODISCARD enum err dossier_publish_result(struct ctx *cx, const struct dossier *d,
                                          const struct procedure *p, int64_t result,
                                          int64_t *ret_record);
/* --- dossier_result.c ------------------------------------------------------------------------- */
/* "ABCDEFGHJKMN" -> "ABCD-EFGH-JKMN", as it is printed. */
struct str dossier_code_text(struct arena *a, struct str code);
/* The newest result of a dossier in a state; ERR_NOT_FOUND. */
NODISCARD enum err dossier_result_in(struct ctx *cx, int64_t dossier, struct str state,
                                     struct dossier_result *ret);
/* The actor's key is opened for n signatures; sign_lock ends it. ERR_INVALID: problem on "pin". */
NODISCARD enum err dossier_sign_unlock(struct ctx *cx, struct str pin, size_t n,
                                       struct str *ret_token);
/* Outside transactions: renders, signs for the leader, seals; the file is kept. */
NODISCARD enum err dossier_sign_file(struct ctx *cx, const struct dossier *d,
                                     struct dossier_result *r, struct str token,
                                     struct str *ret_hash);

/* Outside transactions: the document as it is now. */
NODISCARD enum err dossier_render(struct ctx *cx, const struct dossier *d,
                                  const struct dossier_result *r, struct pdf_out *ret);

/* --- dossier_partner.c ------------------------------------------------------------------------ */
/* [tx] What another system answered becomes a result of its own, sealed by the agency a moment
 * later. Nothing while that system gave no number, or when the result is there. */
NODISCARD enum err dossier_partner_draft(struct ctx *cx, const struct dossier *d,
                                         const struct procedure *p, struct str template_id);
/* Topic "dossier.seal": renders, seals, keeps. Told twice it does it once. */
NODISCARD enum err dossier_partner_seal(struct ctx *cx, struct str key, struct str payload);

/* --- dossier_scan.c --------------------------------------------------------------------------- */
/* [tx] The accepting officer's signature on what was handed in, and its way into the owner's
 * records store, are asked for; a moment later they are there. Right: record.store in the unit;
 * without it nothing is filed. */
NODISCARD enum err dossier_file_papers(struct ctx *cx, const struct dossier *d);
/* Topic "dossier.papers". Told twice it does it once. */
NODISCARD enum err dossier_papers_job(struct ctx *cx, struct str key, struct str payload);

/* --- dossier_absence.c ------------------------------------------------------------------------ */
/* [tx] Who works for an officer in a unit and role now: the officer, or while away a stand-in with
 * the fewest open tasks; *ret 0: away and nobody has the role. */
NODISCARD enum err dossier_stand_in(struct ctx *cx, int64_t account, struct str unit,
                                    struct str role, int64_t *ret);
/* Timed job: absences that begin or end now. */
NODISCARD enum err dossier_absences_turn(struct ctx *cx, int64_t *ret_again_us);

/* After a commit: tells the open inboxes of a unit. */
void dossier_publish_inbox(struct ctx *cx, struct str unit);
/* ERR_FORBIDDEN unless the actor may do this task now; notes the position used in cx->who. */
NODISCARD enum err dossier_require_task(struct ctx *cx, const struct flow_task *t,
                                        const struct dossier *d);
/* Handlers of service tasks (dossier_service.c). */
extern const struct flow_service dossier_services[];
/* [tx] Goes to a national status, through one other when the direct move is not allowed. */
/* [tx] Tells who follows dossiers that it has a new status (outbox "dossier.status"). */
NODISCARD enum err dossier_step_tell(struct ctx *cx, const struct dossier *d);
NODISCARD enum err dossier_status_advance(struct ctx *cx, struct dossier *d, int32_t to);
/* [tx] Keeps a variable that the process learned (text). */
NODISCARD enum err dossier_learn(struct ctx *cx, struct dossier *d, struct str name,
                                 struct str value);
/* [tx] Takes the next number of a printed form ("02") in the unit and year and keeps it under name
 * ("07/2026"); the caller saves d. */
NODISCARD enum err dossier_number_form(struct ctx *cx, struct dossier *d, const char *form,
                                       const char *name);
/* [tx] Opens a further dossier of one filing under another procedure. */
NODISCARD enum err dossier_open_linked(struct ctx *cx, const struct dossier *from,
                                       struct str procedure);
/* [tx] Ends a dossier: state, clock, counters. */
NODISCARD enum err dossier_close(struct ctx *cx, struct dossier *d, const char *state);

/* --- dossier_doc.c ---------------------------------------------------------------------------- */
/* JSON text of everything a printed document of this dossier may show; result may be NULL. */
NODISCARD enum err dossier_document(struct ctx *cx, const struct dossier *d,
                                    const struct dossier_result *result, struct str *ret);

/* --- dossier_forms.c -------------------------------------------------------------------------- */
#define FORM_RECEIPT    "tiep-nhan-hen-tra"
#define FORM_SUPPLEMENT "yeu-cau-bo-sung"
#define FORM_REFUSAL    "tu-choi"
#define FORM_APOLOGY    "xin-loi"
#define FORM_CONTROL    "kiem-soat"
#define FORM_FEE        "bien-lai"
/* Writes what one form says beyond the common part; bill only for FORM_FEE. */
struct pay_bill;
NODISCARD enum err dossier_put_form(struct ctx *cx, struct json_out *o, const struct dossier *d,
                                    struct str form, const struct pay_bill *bill);
/* [tx] Keeps who apologised, in what capacity, and the number of form 04; the caller saves d. */
NODISCARD enum err dossier_learn_apology(struct ctx *cx, struct dossier *d);

/* --- dossier_signer.c ------------------------------------------------------------------------- */
struct dossier_signer {
    struct str capacity; /* "TM. ỦY BAN NHÂN DÂN", or empty */
    struct str instead;  /* "KT. CHỦ TỊCH", "TUQ. CHỦ TỊCH", or empty */
    struct str position; /* "PHÓ CHỦ TỊCH" */
};
/* Pure. title: of the position that signs; lent_to: title of the one it was lent to, null when it
 * is the signer's own; is_council: a people's committee. */
struct dossier_signer dossier_signer_of(struct arena *a, struct str title, struct str lent_to,
                                        bool is_council);
/* For the actor who signs, or would, in the dossier's unit; position empty when it is nobody's. */
struct dossier_signer dossier_signer_now(struct ctx *cx, const struct dossier *d);

/* --- dossier_fees.c --------------------------------------------------------------------------- */
/* Fees and papers for these answers. vars: channel, collect, copies, pages. */
struct dossier_case {
    const struct json *answers;
    struct str channel, collect, today;
    int64_t n_copies, n_pages;
};
NODISCARD enum err dossier_bill_of(struct ctx *cx, const struct procedure *p,
                                   const struct dossier_case *c, struct procedure_bill *ret);
NODISCARD enum err dossier_papers_of(struct ctx *cx, const struct procedure *p,
                                     const struct dossier_case *c,
                                     const struct procedure_paper *const **ret, size_t *ret_n);
/* [tx] Makes the bill in engine/pay for what is due; sets fee_vnd, is_paid. */
NODISCARD enum err dossier_bill_make(struct ctx *cx, struct dossier *d, const struct procedure *p);

/* dossier_remind.c: a jobs_timed_fn. */
NODISCARD enum err dossier_remind_leaders(struct ctx *cx, int64_t *ret_again_us);
/* dossier_consent.c: inside a transaction. */
NODISCARD enum err dossier_consent_helped(struct ctx *cx, const struct dossier_draft_new *in,
                                          int64_t draft, const struct party *p);
NODISCARD enum err dossier_consent_ask(struct ctx *cx, const struct dossier *d, int64_t draft,
                                       const struct party *own);

#endif
