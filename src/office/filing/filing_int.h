/* filing_int.h: what the files of this office share. */
#ifndef OFFICE_FILING_FILING_INT_H
#define OFFICE_FILING_FILING_INT_H

#include "engine/dossier/dossier.h"
#include "engine/paper/paper.h"
#include "office/filing/filing.h"

/* A draft with everything its pages need. */
struct filing {
    struct dossier_draft d;
    const struct procedure *p; /* NULL once the draft is filed */
    const struct form *form;
    struct form_state st;
    struct form_env env;
};
/* The draft of the path's {id}, if it is the caller's; names the reading when it is about somebody
 * else. When d.dossier is set it was filed already: filing_is_over says where to go. ERR_NOT_FOUND,
 * ERR_GONE: the procedure ended. */
NODISCARD enum err filing_open(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                               struct filing *ret);
enum err filing_is_over(struct ctx *cx, struct web_resp *rs, const struct filing *f);
/* Stores the form state and whatever else changed. ERR_CONFLICT: changed elsewhere meanwhile. */
NODISCARD enum err filing_save(struct ctx *cx, struct filing *f);
/* Where to go on: the next page that is not done, papers, collect, check. after may be NULL. */
NODISCARD enum err filing_next(struct ctx *cx, struct filing *f, const struct form_page *after,
                               struct str *ret);
/* What the platform may fill in: the actor's own data, an organisation's that the actor represents,
 * a relative's on record. A neighbour's number typed into a form opens nothing. */
bool filing_may_know(struct ctx *cx, int64_t party);
size_t filing_sources(struct ctx *cx, int64_t party, const struct form_source **ret);
/* Does the caller have a valid link of some kind to that party? */
bool filing_is_linked(struct ctx *cx, int64_t party);
/* Unit's name when the draft's first unit was abolished meanwhile, else null. */
struct str filing_moved(struct ctx *cx, const struct filing *f);
/* What one page holds now, as a short code: two devices that see the same code saw the same. */
struct str filing_mark(struct ctx *cx, const struct filing *f, const struct form_page *page);

/* The draft and the page of the path. *ret is NULL when the draft was filed already. */
NODISCARD enum err filing_open_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                                    struct filing *f, const struct form_page **ret);
/* Was the page saved from another device since it was shown? Then filing_conflict shows both. */
bool filing_is_changed_elsewhere(struct ctx *cx, const struct web_req *rq, const struct filing *f,
                                 const struct form_page *page);
enum err filing_conflict(struct ctx *cx, struct web_resp *rs, struct filing *f,
                         const struct form_page *page, const struct web_req *rq);

/* The left column of the steps; `here` is the path below the draft. */
struct filing_step {
    struct str title, href, state, word;
    bool is_current;
};
NODISCARD enum err filing_steps(struct ctx *cx, struct filing *f, struct str here,
                                struct filing_step **ret, size_t *ret_n);
#define FILING_STEPS(cx, f, here, data, type)                                                      \
    do {                                                                                           \
        struct filing_step *steps_ = NULL;                                                         \
        size_t n_ = 0;                                                                             \
        TRY(filing_steps((cx), (f), (here), &steps_, &n_));                                        \
        (data)->steps.v = ARENA_ARRAY((cx)->arena, type, n_);                                      \
        for ((data)->steps.n = 0; (data)->steps.n < n_; (data)->steps.n++) {                       \
            const struct filing_step *s_ = &steps_[(data)->steps.n];                               \
            (data)->steps.v[(data)->steps.n] = (type){ .title = s_->title,                         \
                                                       .href = s_->href,                           \
                                                       .state = s_->state,                         \
                                                       .word = s_->word,                           \
                                                       .is_current = s_->is_current };             \
        }                                                                                          \
    } while (0)

/* The owner's dossier of the path's {id}. ERR_NOT_FOUND also for somebody else's. */
NODISCARD enum err filing_dossier(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                                  struct dossier *ret);
/* The open task that waits for the applicant with this action ("supplement", "confirm", "pay"). */
bool filing_waits(struct ctx *cx, const struct dossier *d, const char *action);
struct str filing_procedure_name(struct ctx *cx, const struct dossier *d);
/* "2 trang, 340 kB, mã 3f2a 77c1" under a file. */
struct str filing_paper_facts(struct ctx *cx, const struct paper *p);
/* All files of the request become papers; problems on `field`. *ret_n: how many were taken. */
NODISCARD enum err filing_take_files(struct ctx *cx, const struct web_req *rq,
                                     const struct paper_new *like, size_t *ret_n);

/* handlers, by file */
web_fn filing_link;                                                       /* filing_link.c */
web_fn filing_start, filing_start_post;                                   /* filing_start.c */
web_fn filing_tasks, filing_drop, filing_page, filing_page_post;          /* filing_page.c */
web_fn filing_autosave, filing_contest, filing_contest_post;              /* filing_page.c */
web_fn filing_lookup;                                                     /* filing_lookup.c */
web_fn filing_papers, filing_papers_post, filing_paper_remove;            /* filing_papers.c */
web_fn filing_paper_reuse, filing_paper_view;                             /* filing_papers.c */
web_fn filing_collect, filing_collect_post, filing_check, filing_submit;  /* filing_check.c */
web_fn filing_own, filing_receipt, filing_receipt_pdf, filing_result;     /* filing_own.c */
web_fn filing_supplement, filing_supplement_post, filing_supplement_file; /* filing_act.c */
web_fn filing_schema, filing_answers, filing_answers_post;                /* filing_answers.c */
web_fn filing_confirm, filing_confirm_post, filing_confirm_pdf;           /* filing_act.c */
web_fn filing_withdraw, filing_withdraw_post, filing_rate, filing_rate_post;
web_fn filing_pay, filing_pay_receipt, filing_bank, filing_bank_post,
    filing_callback; /* filing_pay.c */

#endif
