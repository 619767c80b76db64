/* form.h: forms of the content pack: definition, answers, checks, pages. doc/forms.md is the
 * format.
 *
 * A form definition is immutable and belongs to a pack. A `struct form_state` is one person's
 * filling of it: a value in the request's arena, loaded from and saved to one JSON text (the
 * draft). Nothing here touches the store. */
#ifndef ENGINE_FORM_FORM_H
#define ENGINE_FORM_FORM_H

#include "base/date.h"
#include "codec/expr.h"
#include "engine/pack/pack.h"
#include "web/web.h"

struct form;
struct form_page;

/* Loader of forms/ and lists/: slot PACK_FORMS. */
void form_pack_part(struct pack_load *l);
/* NULL when there is none. */
const struct form *form_find(const struct pack *p, struct str id);
/* The forms of a pack, one after another; NULL behind the last. */
const struct form *form_at(const struct pack *p, size_t i);
struct str form_id(const struct form *f);
struct str form_title(const struct ctx *cx, const struct form *f);
size_t form_n_pages(const struct form *f);
/* NULL when there is none. */
const struct form_page *form_page_at(const struct form *f, size_t i);
const struct form_page *form_page_find(const struct form *f, struct str page_id);
struct str form_page_id(const struct form_page *p);
struct str form_page_title(const struct ctx *cx, const struct form_page *p);
/* Other adults whose data the form asks for: they are asked for their consent (doc/forms.md). */
struct form_other {
    struct str id;
    struct str list;                 /* array whose items name them; null: the form itself */
    struct str name, number;         /* members that hold name and personal ID */
    struct pack_text title;          /* "Người cha" */
    struct pack_text purpose, basis; /* why their data is used, and after which law */
    bool is_needed; /* required_before signature: the result waits for their consent */
};
size_t form_others(const struct form *f, const struct form_other **ret);
/* The schema as JSON text, for the API. */
struct str form_schema_json(const struct form *f);

/* --- what the caller knows -------------------------------------------------------------------- */
struct form_choice {
    struct str value, text;
};
/* Choices of `x-unit` (kind = "unit:commune" ...); code lists come from the pack itself. Sorted as
 * they shall be shown; in cx->arena. */
typedef size_t form_choices_fn(struct ctx *cx, void *arg, struct str kind,
                               const struct form_choice **ret);
struct form_env {
    struct date today; /* the business date */
    form_choices_fn *choices;
    void *arg;
    const struct expr_var *vars; /* further names for rules: channel, collect ... */
    size_t n_vars;
};

/* --- answers ---------------------------------------------------------------------------------- */
struct form_state {
    const struct form *form;
    struct json *answers; /* values of the right type */
    struct json *wrong;   /* path -> text as typed that is not one */
    struct json *marks;   /* path -> {"from", "label", "at"} of prefilled values */
    struct json *seen;    /* page id -> true: saved at least once */
    struct json *looked;  /* lookup id -> {"state", "source", "at", "of"} */
};

/* Reads a draft (null or empty text: a new one). ERR_BAD_REQUEST when it is not one. */
NODISCARD enum err form_state_load(struct ctx *cx, const struct form *f, struct str draft,
                                   struct form_state *ret);
struct str form_state_save(struct ctx *cx, const struct form_state *st);
/* Answers alone, as JSON text: what is submitted, frozen and given to rules. */
struct str form_answers_json(struct ctx *cx, const struct form_state *st);

/* Takes what was typed on one page (names begin with "a.", pairs as web gives them) into st, drops
 * answers of hidden fields, marks the page seen. Adds one problem per wrong field to cx (field =
 * "a.path"). Always keeps what was typed. *ret_is_button is true when an add or remove button was
 * pressed: then nothing is checked and the same page is to be shown again. ERR_INVALID when
 * problems were found; the caller stores the draft in both cases. */
NODISCARD enum err form_read_page(struct ctx *cx, struct form_state *st, const struct form_page *p,
                                  const struct form_env *env, const struct web_pair *pairs,
                                  size_t n_pairs, bool *ret_is_button);
/* Checks everything before submission; problems as above. ERR_INVALID. */
NODISCARD enum err form_check(struct ctx *cx, const struct form_state *st,
                              const struct form_env *env);
/* API: a whole answers document at once replaces the answers; then like form_check. */
NODISCARD enum err form_read_json(struct ctx *cx, struct form_state *st, const struct form_env *env,
                                  struct str answers);

/* --- prefill ---------------------------------------------------------------------------------- */
struct form_source {
    struct str name;  /* "person.full_name" */
    struct str value; /* as text; or JSON when is_json (an address object, a number, a bool) */
    bool is_json;
    struct str label; /* "CSDL dân cư": shown as "Lấy từ ..." */
    struct date at;
};
/* Fills empty fields that have a matching source. Never overwrites. Values that do not satisfy the
 * field are left out. Returns how many fields were filled. */
/* "answer.<path>" takes what was answered elsewhere in the form, with its source. */
size_t form_prefill(struct ctx *cx, struct form_state *st, const struct form_env *env,
                    const struct form_source *v, size_t n);
/* After a page was saved: fields whose `prefill` has a condition are filled on pages that nobody
 * saved yet, and emptied again where the condition no longer holds and nobody touched them. */
size_t form_refill(struct ctx *cx, struct form_state *st, const struct form_env *env,
                   const struct form_source *v, size_t n);
/* Has the form such fields? */
bool form_is_refilled(const struct form *f);
/* Source names the form asks for, e.g. to fetch only those. */
size_t form_prefill_names(struct ctx *cx, const struct form *f, const struct str **ret);
struct form_counts {
    uint32_t n_fields;    /* visible with these answers */
    uint32_t n_required;  /* of them required */
    uint32_t n_prefilled; /* of n_fields, came from a source */
    uint32_t n_typed;     /* n_required - prefilled required: what a person must type */
};
void form_count(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                struct form_counts *ret);

/* --- task list, check-your-answers ------------------------------------------------------------ */
enum form_page_state { FORM_HIDDEN, FORM_NOT_STARTED, FORM_IN_PROGRESS, FORM_DONE };
struct form_task {
    const struct form_page *page;
    struct str id, title;
    enum form_page_state state;
    uint32_t n_missing; /* problems left on the page */
};
/* All pages in order (hidden ones too). In cx->arena. */
size_t form_tasks(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                  struct form_task **ret);
/* First visible page after p (NULL: from the start) that is not done; then any; NULL when all are
 * done. */
const struct form_page *form_next_page(struct ctx *cx, const struct form_state *st,
                                       const struct form_env *env, const struct form_page *p);

struct form_row {
    const struct form_page *page;
    struct str page_id, page_title; /* the same for all rows of a page */
    struct str path;                /* "home.unit"; anchor on the page is "a.home.unit" */
    struct str label;
    struct str value;  /* formatted for people; several lines joined by \n */
    struct str source; /* "CSDL dân cư, 25/11/2026" or null */
    struct str held; /* form_rows_against: what the sources hold instead; null: the same, nothing */
    bool is_missing;
};
/* What was answered, in order of the pages, hidden fields left out. */
size_t form_rows(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                 struct form_row **ret);
/* The same, and beside each answer that differs from what these sources would fill in, what they
 * hold. Case, tone placement and blanks make no difference. */
struct form_known {
    const struct form_source *v;
    size_t n;
};
size_t form_rows_against(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                         const struct form_known *known, struct form_row **ret);
/* One answer as people read it (also for templates of documents). Null when absent. */
struct str form_answer_text(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                            struct str path);

/* --- look-ups: what a page may ask another register (doc/forms.md part 6) --------------------- */
struct form_lookup_pair {
    struct str name; /* field of the other service, in the connector's words */
    struct str path; /* of an answer; in `expect`: the value wanted */
};
struct form_lookup {
    const struct form_page *page;
    struct str id, connector, operation, purpose;
    struct pack_text label, hint;
    const struct form_lookup_pair *send, *fill, *expect;
    size_t n_send, n_fill, n_expect;
};
size_t form_lookups(const struct form *f, const struct form_lookup **ret);
/* NULL when the page has none of that id. */
const struct form_lookup *form_lookup_find(const struct form_page *p, struct str id,
                                           const struct form *f);
/* What to ask, a JSON object in the service's words. ERR_INVALID with a problem for each answer
 * that is missing or wrong. */
NODISCARD enum err form_lookup_question(struct ctx *cx, const struct form_state *st,
                                        const struct form_env *env, const struct form_lookup *l,
                                        struct str *ret);
/* How a look-up ended: "found", "unmatched" (nobody with these data), "away", "busy". */
struct form_looked {
    struct str state, source;
    struct date at;
};
/* Notes the outcome for the answers as they are now; of "found" the fields of the reply fill what
 * nobody typed. "found" becomes "unmatched" when the reply is not as the pack expects. Returns how
 * many fields were filled. */
size_t form_lookup_take(struct ctx *cx, struct form_state *st, const struct form_env *env,
                        const struct form_lookup *l, struct form_looked outcome,
                        struct str reply_fields);
/* The outcome that still tells of the answers as they are; state null: not asked, or the answers
 * changed since. */
struct form_looked form_lookup_state(struct ctx *cx, const struct form_state *st,
                                     const struct form_lookup *l);
/* Is it on a page and under rules that these answers show? */
bool form_lookup_is_shown(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                          const struct form_lookup *l);
/* What a draft keeps when its answers were submitted and frozen: marks and look-ups, each source
 * named once. form_state_load and form_state_sources read it like a draft. */
struct str form_sources_save(struct ctx *cx, const struct form_state *st);
/* Marks and look-ups of a draft, for answers that were frozen without them. */
NODISCARD enum err form_state_sources(struct ctx *cx, struct form_state *st, struct str draft);

/* --- HTML ------------------------------------------------------------------------------------- */
/* The fields of one page (inside of <form>): labels, hints, errors of cx->problems, source marks,
 * repeated groups with buttons, look-ups. */
struct form_links {
    struct str contest; /* link of "Không đúng?", "{path}" replaced; null = none */
    struct str lookup;  /* where a look-up is sent, "{id}" replaced; null = none offered */
};
void form_render_page(struct ctx *cx, const struct form_state *st, const struct form_page *p,
                      const struct form_env *env, const struct form_links *links, struct buf *b);

#endif
