/* dossier.h: one person's case under a procedure, from the first answer of a draft to the returned
 * result.
 *
 * A draft is what a person (or an officer at the counter) is filling in. Submitting freezes it into
 * a dossier with a number and a tracking code and starts the procedure's process (engine/flow).
 * Officers act on tasks; every act is one transaction: task, dossier, history, ledger, outbox,
 * counters. A dossier keeps the pack version it was filed under.
 *
 * The clock keeps remaining working seconds: running between acceptance and result, paused while
 * the citizen's turn lasts. Units are unit keys (engine/unit). */
#ifndef ENGINE_DOSSIER_DOSSIER_H
#define ENGINE_DOSSIER_DOSSIER_H

#include "base/ctx.h"
#include "engine/flow/flow.h"
#include "engine/form/form.h"
#include "engine/indicator/indicator.h"
#include "engine/procedure/procedure.h"
#include "store/jobs.h"

/* --- drafts
 * ------------------------------------------------------------------------------------------------
 */
struct dossier_draft {
    int64_t id, version, party, account, session; /* party 0 until signed in */
    int64_t assisted_by; /* account of the officer or helper who fills in; 0 = the person */
    struct str procedure, pack_version;
    struct str unit;    /* key of the unit that will decide */
    struct str address; /* unit code that decided which unit is competent */
    struct str form;    /* form_state_save text */
    struct str channel; /* online, counter */
    struct str collect; /* counter, post, electronic; null = not chosen */
    struct str post_address, phone, email;
    int64_t n_copies;
    int64_t created_us, updated_us;
    int64_t dossier;       /* 0 until submitted */
    struct str moved_from; /* the unit was abolished while the draft was open: its key; else null */
};
struct dossier_draft_new {
    struct str procedure, unit, address, channel;
    int64_t party, account, session, assisted_by;
    struct str consent_how;   /* how the person agreed to be helped: present, paper, phone; null:
                               * not needed */
    struct str consent_words; /* what they said */
};
NODISCARD enum err dossier_draft_new(struct ctx *cx, const struct dossier_draft_new *in,
                                     int64_t *ret_id);
/* The draft if it belongs to the actor, to this session, or was made by the actor for another.
 * ERR_NOT_FOUND else. A unit that was abolished meanwhile is replaced by its successor (moved_from
 * says so). */
NODISCARD enum err dossier_draft_get(struct ctx *cx, int64_t id, int64_t session,
                                     struct dossier_draft *ret);
/* Saves everything that may change. ERR_CONFLICT: changed since d->version (other device): show
 * both. */
NODISCARD enum err dossier_draft_save(struct ctx *cx, struct dossier_draft *d);
NODISCARD enum err dossier_drafts_of(struct ctx *cx, int64_t account, int64_t session,
                                     struct dossier_draft **ret, size_t *ret_n);
NODISCARD enum err dossier_draft_drop(struct ctx *cx, int64_t id, int64_t session);
/* After signing in: drafts of the session become the account's. */
NODISCARD enum err dossier_drafts_claim(struct ctx *cx, int64_t session, int64_t account,
                                        int64_t party);
/* What the platform knows of a person for prefilling a form. */
size_t dossier_prefill_sources(struct ctx *cx, int64_t party, const struct form_source **ret);
/* Environment for form functions: today, unit choices, names channel/collect/copies. */
struct form_env dossier_form_env(struct ctx *cx, const struct dossier_draft *d);

/* --- consent (rows: engine/party)
 * ---------------------------------------------------------------------------------------------- */
/* Somebody else agreed to this draft being filled in for them, and still does. */
NODISCARD enum err dossier_is_helped(struct ctx *cx, int64_t draft, bool *ret);
/* Other adults in the answers of a form, without the applicant `own`. Filing asks each for consent.
 */
#define DOSSIER_OTHERS_MAX 24
struct party;
struct party_consent;
struct dossier;
struct dossier_other {
    const struct form_other *other;
    struct str name, number;
};
size_t dossier_others(struct ctx *cx, const struct form *form, struct str answers,
                      const struct party *own, struct dossier_other ret[DOSSIER_OTHERS_MAX]);
/* given, refused or withdrawn; how: account (by themselves), present, paper. Ledger, history of the
 * dossier. ERR_CONFLICT: not from the state it is in. The caller knows whose it is. */
NODISCARD enum err dossier_consent_answer(struct ctx *cx, const struct party_consent *c,
                                          struct str state, struct str how, struct str words);
/* Somebody whose consent the pack requires before the signature has not answered, refused, or took
 * it back: the result is not signed. */
NODISCARD enum err dossier_lacks_consent(struct ctx *cx, const struct dossier *d, bool *ret);

/* What still stands between the draft and submission. */
struct dossier_need {
    struct procedure_paper paper;
    bool is_needed; /* its `when` holds for these answers and it is required */
    size_t n_given; /* papers handed in for it */
};
struct dossier_check {
    const struct procedure *procedure;
    struct dossier_need *papers;
    size_t n_papers;
    struct procedure_bill bill; /* fees with exemptions for these answers */
    bool is_form_done, are_papers_done, is_collect_done, is_complete;
};
NODISCARD enum err dossier_draft_check(struct ctx *cx, const struct dossier_draft *d,
                                       struct dossier_check *ret);

/* --- submitting
 * ---------------------------------------------------------------------------------------------- */
struct dossier_receipt {
    int64_t id;
    struct str number,
        code; /* code: tracking secret, shown once on the receipt and in the owner's pages */
    int64_t submitted_us, due_us; /* due_us: appointment if accepted at once; fixed at acceptance */
    struct str unit;
};
/* Durable when it returns. Submitting the same draft again gives the same receipt (double click,
 * retry). ERR_INVALID: incomplete (problems say what); ERR_CONFLICT: draft changed. */
NODISCARD enum err dossier_submit(struct ctx *cx, struct dossier_draft *d,
                                  struct dossier_receipt *ret);

/* --- a dossier
 * ---------------------------------------------------------------------------------------------------
 */
enum dossier_clock {
    DOSSIER_CLOCK_WAITING,
    DOSSIER_CLOCK_RUNNING,
    DOSSIER_CLOCK_PAUSED,
    DOSSIER_CLOCK_STOPPED
};
struct dossier {
    int64_t id, version, party, filed_by, assisted_by, case_id,
        parent;    /* filed_by: account; parent: one filing, several */
    int64_t draft; /* it was made of, 0: none */
    struct str number, code, procedure, pack_version, unit, channel, collect, post_address, phone,
        email;
    struct str state;     /* open, done, refused, withdrawn, stopped */
    int32_t status;       /* national portal 1..10 */
    struct str field;     /* field of the procedure */
    struct str answers;   /* JSON, frozen */
    struct str vars;      /* JSON, what the process learned */
    struct str applicant; /* name at filing */
    int64_t n_copies, n_supplements;
    enum dossier_clock clock;
    int64_t submitted_us, accepted_us, due_us, first_due_us, remaining_s, finished_us, returned_us;
    int64_t paused_us;  /* 0, or since when the time stands still */
    int64_t apology_us; /* 0: none given */
    int64_t react_us;   /* until when the office must have reacted */
    int64_t fee_vnd;    /* due in all */
    bool is_paid;       /* or nothing due */
    int32_t rating;     /* 0 = none, 1..5 */
};
NODISCARD enum err dossier_get(struct ctx *cx, int64_t id, struct dossier *ret);
NODISCARD enum err dossier_by_number(struct ctx *cx, struct str number, struct dossier *ret);
/* The national statuses a dossier had, oldest first, with ids above `after` (0: from the first).
 * Each is told by an outbox entry "dossier.status" {"dossier"} under the dossier's id as key. */
#define DOSSIER_STEPS_MAX 50
struct dossier_step {
    int64_t id, at_us, actor; /* actor: account, 0: the program */
    int32_t status;
};
NODISCARD enum err dossier_steps(struct ctx *cx, const struct dossier *d, int64_t after,
                                 struct dossier_step **ret, size_t *ret_n);
/* The other dossiers of the same filing: those that this one opened, or the one that opened it. At
 * most 20. */
NODISCARD enum err dossier_linked(struct ctx *cx, const struct dossier *d, struct dossier **ret,
                                  size_t *ret_n);
/* The way of a dossier as its applicant may know it: what was done, where it is now and who has it,
 * what usually follows. Titles are in cx->lang. */
struct dossier_mark {
    struct str title, who, note;
    struct str state; /* done, now, next */
    int64_t at_us;    /* done: when; now: since when, or until when a period runs; next: 0 */
    bool is_until;
};
NODISCARD enum err dossier_course(struct ctx *cx, const struct dossier *d,
                                  struct dossier_mark **ret, size_t *ret_n);
/* "since ..", "until .." or the instant. */
struct str dossier_mark_time(struct ctx *cx, const struct dossier_mark *m);
/* Public tracking: number and code must both be right; tries are counted per address.
 * ERR_NOT_FOUND, ERR_RATE. */
NODISCARD enum err dossier_track(struct ctx *cx, struct str number, struct str code,
                                 struct str peer, struct dossier *ret);
/* May the actor see it: applicant, filer, or officer with dossier.read_unit in its unit or with a
 * task on it. */
bool dossier_may_read(struct ctx *cx, const struct dossier *d);
NODISCARD enum err dossier_procedure(struct ctx *cx, const struct dossier *d,
                                     const struct procedure **ret);
/* Form with the frozen answers, for rows and texts. */
NODISCARD enum err dossier_form(struct ctx *cx, const struct dossier *d, struct form_state *ret);
/* Puts beside the answers where they came from, and what look-ups said, as it was at filing. */
NODISCARD enum err dossier_form_sources(struct ctx *cx, const struct dossier *d,
                                        struct form_state *st);
/* Papers that these frozen answers ask for, required or not, and how many were handed in for each.
 */
NODISCARD enum err dossier_needs(struct ctx *cx, const struct dossier *d, struct dossier_need **ret,
                                 size_t *ret_n);
/* Working seconds left until due (negative: late); of a paused clock what is kept. */
int64_t dossier_left_s(struct ctx *cx, const struct dossier *d);

/* Does the time stand still: the applicant's turn, or another's, also before acceptance; since
 * paused_us. */
bool dossier_is_paused(const struct dossier *d);
/* The appointment has passed and nobody apologised: neither signed nor handed over until then. */
bool dossier_lacks_apology(struct ctx *cx, const struct dossier *d);
/* Such dossiers of a unit, longest late first, at most n. Right: dossier.apologise there. */
NODISCARD enum err dossier_late_silent(struct ctx *cx, struct str unit, int64_t n,
                                       struct dossier **ret, size_t *ret_n);

struct dossier_row { /* one line of a list */
    int64_t id, task, due_us, submitted_us;
    struct str number, applicant, procedure, state, step, holder, unit, task_action;
    int32_t status;
    int64_t left_s, version, task_version, assignee;
};
/* Dossiers of a person, newest first, ids below before (0 = newest), at most 50. */
NODISCARD enum err dossier_of_party(struct ctx *cx, int64_t party, int64_t before,
                                    struct dossier_row **ret, size_t *ret_n);
/* Officer's inbox: open tasks of a role in a unit. tab: all, mine, free, late, soon, waiting.
 * Applicant masked. */
struct dossier_inbox {
    struct str unit, role, tab;
    int64_t after_due_us, after_id, n;
};
NODISCARD enum err dossier_inbox(struct ctx *cx, const struct dossier_inbox *q,
                                 struct dossier_row **ret, size_t *ret_n);
/* Search in one unit by number, applicant's name (folded prefix) or personal ID; newest first, at
 * most 50. */
NODISCARD enum err dossier_search(struct ctx *cx, struct str unit, struct str text,
                                  struct dossier_row **ret, size_t *ret_n);
/* A figure: a metric of engine/indicator, or one that depends on the time of day:
 *   late       open, clock running, due instant passed
 *   due_today  open, clock running, due between now and the end of this business day
 * Null unit, procedure and field mean all; from and to are days, both included (day 0: open).
 * Stocks, late and due_today tell of now. */
struct dossier_figure {
    struct str metric, unit, procedure, field;
    struct date from, to;
};
bool dossier_figure_exists(struct str metric);
/* How many (or how much: paid_vnd, rating_sum). */
NODISCARD enum err dossier_figure_count(struct ctx *cx, const struct dossier_figure *f,
                                        int64_t *ret);
/* By unit, field, procedure or day (flows only); at most 2,000 rows by key. */
NODISCARD enum err dossier_figure_group(struct ctx *cx, const struct dossier_figure *f,
                                        enum indicator_group by, struct indicator_row **ret,
                                        size_t *ret_n);
/* All metrics of a unit (null: all) at once, for a leaders' page: columns in this order, flows of
 * the days from..to; by day from days_from on. The same numbers as above. */
enum dossier_metric {
    DOSSIER_RECEIVED,
    DOSSIER_REFUSED,
    DOSSIER_WITHDRAWN,
    DOSSIER_DONE,
    DOSSIER_DONE_ONTIME,
    DOSSIER_DONE_LATE,
    DOSSIER_PAID,
    DOSSIER_PAID_VND,
    DOSSIER_RATED,
    DOSSIER_RATING_SUM,
    DOSSIER_SUPPLEMENT_ASKED,
    DOSSIER_OPEN,
    DOSSIER_WAITING,
    DOSSIER_UNPAID,
    DOSSIER_LATE,
    DOSSIER_DUE_TODAY,
    DOSSIER_METRICS
};
const char *dossier_metric_name(enum dossier_metric m);
struct dossier_figures {
    struct str unit;
    struct date from, to, days_from; /* days_from at most from */
};
NODISCARD enum err dossier_figures(struct ctx *cx, const struct dossier_figures *f,
                                   struct indicator_figures **ret);
struct dossier_figure_row {
    int64_t key;                                              /* for paging */
    int64_t id, n, submitted_us, due_us, finished_us, left_s; /* n: what it adds to the figure */
    struct str number, applicant, procedure, procedure_code, state, unit; /* applicant masked */
    int32_t status;
    enum dossier_clock clock; /* stopped: left_s is what was left, below 0 = so late */
};
/* Exactly the dossiers that were counted, newest first (late and due_today: oldest first); `after`
 * is the key of the last one shown, 0 = from the start; at most 50. */
NODISCARD enum err dossier_figure_list(struct ctx *cx, const struct dossier_figure *f,
                                       int64_t after, struct dossier_figure_row **ret,
                                       size_t *ret_n);

/* Open dossiers whose clock runs and whose appointment lies in [from_us, to_us), of a unit (key;
 * null: all): how many, and the first of them, at most 50. Without the applicants' names. */
NODISCARD enum err dossier_appointments(struct ctx *cx, struct str unit, int64_t from_us,
                                        int64_t to_us, int64_t *ret_count,
                                        struct dossier_figure_row **ret, size_t *ret_n);

/* When the oldest open dossier of all units was filed; 0 when none is open. */
NODISCARD enum err dossier_oldest_open(struct ctx *cx, int64_t *ret_submitted_us);

struct dossier_event { /* history, oldest first */
    int64_t id, at_us, actor;
    struct str kind; /* text key dossier.event.<kind> */
    struct str actor_name, unit, note;
    bool is_public; /* shown to the applicant and on the tracking page */
};
NODISCARD enum err dossier_history(struct ctx *cx, int64_t id, struct dossier_event **ret,
                                   size_t *ret_n);

/* --- officers' acts
 * ------------------------------------------------------------------------------------------------
 */
struct dossier_act {
    int64_t task, version; /* version of the task as the officer saw it; 0 = any */
    struct str outcome, note;
    struct str back_to; /* step id: send back instead of outcome */
};
/* Does a task. Rights: the task's role in its unit. ERR_CONFLICT: somebody was quicker (cx problems
 * say who and when); ERR_INVALID: a reason is missing. */
NODISCARD enum err dossier_do(struct ctx *cx, const struct dossier_act *act);
/* May the actor do this task now? Changes nothing. */
bool dossier_may_do(struct ctx *cx, const struct flow_task *t, const struct dossier *d);
NODISCARD enum err dossier_claim(struct ctx *cx, int64_t task);
NODISCARD enum err dossier_assign(struct ctx *cx, int64_t task, int64_t version,
                                  int64_t to_account);
/* The one request for everything missing: items are paper ids or own words. A second one needs the
 * leader's permission dossier.supplement_again and a reason. */
struct dossier_supplement {
    int64_t id, asked_us, answered_us, asked_by;
    struct str items; /* JSON list of {"paper": id or null, "text": words} */
    struct str reason, answer;
};
/* A leader lets the officer ask once more, with a reason; used up by the next request.
 * Right: dossier.supplement_again. */
NODISCARD enum err dossier_allow_supplement(struct ctx *cx, int64_t dossier, struct str reason);
/* The reason of a permission that is not used up; null when there is none. */
struct str dossier_supplement_allowed(struct ctx *cx, const struct dossier *d);
NODISCARD enum err dossier_ask_supplement(struct ctx *cx, const struct dossier_act *act,
                                          struct str items_json);
NODISCARD enum err dossier_supplements(struct ctx *cx, int64_t dossier,
                                       struct dossier_supplement **ret, size_t *ret_n);
/* Applicant: papers were added, text says what; the clock runs on. */
NODISCARD enum err dossier_answer_supplement(struct ctx *cx, int64_t dossier, struct str answer);
/* Applicant: confirms or corrects a draft the office sent (birth certificate); corrections is null
 * when confirmed. */
NODISCARD enum err dossier_answer_draft(struct ctx *cx, int64_t dossier, struct str corrections);
NODISCARD enum err dossier_withdraw(struct ctx *cx, int64_t dossier, struct str reason);
/* A line of the history that another system caused: kind is a text key dossier.event.<kind>. */
NODISCARD enum err dossier_remark(struct ctx *cx, int64_t dossier, const char *kind,
                                  struct str note);
/* Overdue, or due within a working day: apology with reason and new date, once. first_due_us keeps
 * the appointment that was missed: the result is measured against it. ERR_CONFLICT: there is time
 * left. Source: Decree 61/2018 art. 19 as kept by Decree 118/2025. */
NODISCARD enum err dossier_apologise(struct ctx *cx, int64_t dossier, struct str reason,
                                     int64_t new_due_us);
/* Asks a unit (another, or one's own) for an opinion, where the process offers the outcome
 * "consult": opens a task there and waits. until_us: by when the answer is wanted; 0 = the budget
 * of the step. Whether the clock runs meanwhile is the step's bb:clock. ERR_INVALID. */
struct dossier_question {
    int64_t task, version, until_us;
    struct str unit, question;
};
NODISCARD enum err dossier_consult(struct ctx *cx, const struct dossier_question *in);
/* The asked unit's answer (required); the dossier goes back to the step that asked. */
NODISCARD enum err dossier_give_opinion(struct ctx *cx, int64_t task, int64_t version,
                                        struct str answer);
/* The asker goes on without an answer; the process must listen to the message "recalled". */
NODISCARD enum err dossier_consult_recall(struct ctx *cx, int64_t task, int64_t version,
                                          struct str reason);
/* May the actor recall this question: it is open, and the actor's unit asked. */
bool dossier_may_recall(struct ctx *cx, const struct flow_task *t);
/* A question put to a unit and what came of it, oldest first. */
struct dossier_opinion {
    int64_t task, version; /* the asked unit's task */
    struct str from_unit, unit, question, answer;
    struct str asked_by, answered_by; /* names */
    int64_t asked_us, due_us, answered_us;
    bool is_open, is_answered; /* neither: recalled, or silent until the end */
};
NODISCARD enum err dossier_opinions(struct ctx *cx, const struct dossier *d,
                                    struct dossier_opinion **ret, size_t *ret_n);
NODISCARD enum err dossier_rate(struct ctx *cx, int64_t dossier, int32_t stars, struct str words);
/* Officer's additions for the result document (JSON object of texts), before signing. */
NODISCARD enum err dossier_set_result_fields(struct ctx *cx, int64_t dossier,
                                             struct str fields_json);

/* --- results
 * -------------------------------------------------------------------------------------------------------------
 */
struct dossier_result {
    int64_t id, dossier, record; /* record: in the owner's records store, 0 until published */
    struct str template_id, title, number, state; /* draft, signed, published, revoked */
    struct str hash, fields; /* SHA-256 of the signed PDF; fields: officer's additions, JSON */
    struct str code; /* DOSSIER_RESULT_CODE_N random characters that stand on the document */
    struct str signer;
    int64_t signed_us, revoked_us;
    struct str revoke_reason;
    int64_t replaced_by;
    int64_t corrects; /* the wrong result this one takes the place of, 0: none */
    struct str correct_reason;
};
NODISCARD enum err dossier_results(struct ctx *cx, int64_t dossier, struct dossier_result **ret,
                                   size_t *ret_n);
/* The unsigned document as it would look. Milliseconds; outside transactions; worker class "pdf".
 */
NODISCARD enum err dossier_result_preview(struct ctx *cx, int64_t dossier, struct str *ret_pdf);
/* Signs the drafts of the given tasks (action "sign") with one PIN: leader's signature, then the
 * agency's seal, each dossier its own transaction. *ret_done counts; problems name the numbers that
 * failed. */
NODISCARD enum err dossier_sign(struct ctx *cx, const int64_t *tasks, size_t n, struct str pin,
                                size_t *ret_done);
NODISCARD enum err dossier_result_pdf(struct ctx *cx, int64_t result, struct str *ret_pdf);
NODISCARD enum err dossier_result_revoke(struct ctx *cx, int64_t result, struct str reason);
/* A wrong result is corrected: a new draft with the same number and additions is made (its fields
 * can be changed), then signed; at that moment the wrong one is revoked with the reason and points
 * to the new one, in the records store and where results are verified. Rights: result.revoke, and
 * dossier.sign to sign. ERR_CONFLICT: not in force, or a draft is open already. */
NODISCARD enum err dossier_correct_begin(struct ctx *cx, int64_t result, struct str reason,
                                         int64_t *ret_draft);
NODISCARD enum err dossier_correct_sign(struct ctx *cx, int64_t draft, struct str pin);
NODISCARD enum err dossier_correct_drop(struct ctx *cx, int64_t draft);
/* By the hash of a file: what the public verify page asks. ERR_NOT_FOUND. */
NODISCARD enum err dossier_result_by_hash(struct ctx *cx, struct str hash,
                                          struct dossier_result *ret);
/* By the code printed on a document, as a person types it: small letters, spaces and hyphens are
 * forgiven. Tries are counted per address. ERR_NOT_FOUND (also while it is not signed), ERR_RATE.
 */
#define DOSSIER_RESULT_CODE_N 12
NODISCARD enum err dossier_result_by_code(struct ctx *cx, struct str code, struct str peer,
                                          struct dossier_result *ret);
NODISCARD enum err dossier_result_get(struct ctx *cx, int64_t result, struct dossier_result *ret);
/* Result handed over at the counter (identity checked by the officer) or sent. */
NODISCARD enum err dossier_hand_over(struct ctx *cx, int64_t task, int64_t version,
                                     struct str to_whom, struct str how);
/* Does a printed form have something to say about this dossier: 01 (tiep-nhan-hen-tra) and 05
 * (kiem-soat) always, 02 (yeu-cau-bo-sung) when something was asked for, 03 (tu-choi) when it was
 * refused or stopped, 04 (xin-loi) when an apology was given. */
bool dossier_form_stands(const struct dossier *d, struct str form);
/* One of these forms as PDF, in Vietnamese. ERR_NOT_FOUND when it does not stand. Outside write
 * transactions: takes milliseconds. */
NODISCARD enum err dossier_print(struct ctx *cx, const struct dossier *d, struct str form,
                                 struct str *ret_pdf);
/* Receipt of a paid bill of this dossier (template bien-lai). ERR_NOT_FOUND: of another dossier, or
 * not paid. */
NODISCARD enum err dossier_print_fee(struct ctx *cx, const struct dossier *d, int64_t bill,
                                     struct str *ret_pdf);

/* --- absence ---------------------------------------------------------------------------------- */
/* An officer is away from a unit on the days from..to: open tasks there go to the stand-ins by
 * turns (those that have the role), so do tasks that would come meanwhile; what is still open then
 * comes back. lends: the officer's positions in the unit are lent to the stand-ins, needed when
 * they lack a role; a position that may sign only by whoever has dossier.delegate. Every dossier
 * and the ledger keep a trace. Right: absence.manage in the unit. ERR_INVALID, ERR_FORBIDDEN. */
struct dossier_absence_new {
    int64_t account;
    struct str unit, reason;
    struct date from, to;
    const int64_t *stand_ins;
    size_t n_stand_ins;
    bool lends;
};
NODISCARD enum err dossier_absence_add(struct ctx *cx, const struct dossier_absence_new *in,
                                       int64_t *ret_id);
/* Ends a running absence now (tasks come back), or cancels a planned one. */
NODISCARD enum err dossier_absence_end(struct ctx *cx, int64_t id);
struct dossier_absence {
    int64_t id, account, from_us, to_us, n_handed;     /* n_handed: tasks others have now */
    struct str name, unit, reason, made_by, stand_ins; /* stand_ins: names */
    bool is_running, lends;
};
/* Running and planned ones of a unit. Right: absence.manage in the unit. */
NODISCARD enum err dossier_absences(struct ctx *cx, struct str unit, struct dossier_absence **ret,
                                    size_t *ret_n);

/* --- jobs, handlers
 * ----------------------------------------------------------------------------------------------------------
 */
/* Loads every pack version that open dossiers still use: at start, before the first write. */
NODISCARD enum err dossier_load_packs(struct ctx *cx);
/* Open and closed dossiers that were filed under a version of the pack. */
NODISCARD enum err dossier_pack_counts(struct ctx *cx, struct str version, int64_t *ret_open,
                                       int64_t *ret_closed);
/* What another process said by store_signal after a change, for the listeners of this one's server
 * (NULL: it has none). */
void dossier_signalled(struct server *server, struct str text);
extern const struct jobs_topic dossier_topics[]; /* pay.paid, exchange answers */
extern const struct jobs_timed dossier_timed[];  /* timers of processes, overdue marks */
/* Moves open dossiers, their tasks and stocks, drafts and officers' positions of a unit to its
 * successor, in one transaction with one ledger entry. ERR_INVALID: the same or an unknown unit. */
NODISCARD enum err dossier_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit,
                                     int64_t *ret_n);
/* What dossier_move_unit would move. */
NODISCARD enum err dossier_unit_counts(struct ctx *cx, struct str unit, int64_t *ret_open,
                                       int64_t *ret_drafts);
/* Inside a transaction: dossiers and drafts of a merged record, and the papers handed in for them,
 * belong to the survivor. */
NODISCARD enum err dossier_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party);

/* The head of a document of the unit, into an open object: agency, unit_name, parent, province,
 * place. */
void dossier_put_agency(struct ctx *cx, struct json_out *o, struct str unit);

/* For blobs_collect: is this blob a result? Yes also when the store cannot answer. */
bool dossier_keeps_blob(struct ctx *cx, struct str hash);

#endif
