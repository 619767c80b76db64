/* procedure.h: administrative procedures of the pack: everything a page shows and a dossier needs.
 * Values are immutable and live as long as their pack version. */
#ifndef ENGINE_PROCEDURE_PROCEDURE_H
#define ENGINE_PROCEDURE_PROCEDURE_H

#include "codec/expr.h"
#include "engine/calendar/calendar.h"
#include "engine/pack/pack.h"
#include "engine/unit/unit.h"

enum procedure_online { PROCEDURE_COUNTER, PROCEDURE_PART, PROCEDURE_FULL };
enum procedure_audience {
    PROCEDURE_CITIZEN = 1,
    PROCEDURE_BUSINESS = 2,
    PROCEDURE_AGENCY = 4,
    PROCEDURE_FOREIGNER = 8
};
enum procedure_collect {
    PROCEDURE_AT_COUNTER = 1,
    PROCEDURE_BY_POST = 2,
    PROCEDURE_ELECTRONIC = 4
};
/* What is marked "cần kiểm tra". */
enum procedure_check {
    PROCEDURE_CHECK_ALL = 1,
    PROCEDURE_CHECK_FEES = 2,
    PROCEDURE_CHECK_TIME = 4,
    PROCEDURE_CHECK_PAPERS = 8,
    PROCEDURE_CHECK_STEPS = 16,
    PROCEDURE_CHECK_RESULT = 32,
    PROCEDURE_CHECK_BASIS = 64,
    PROCEDURE_CHECK_DECIDES = 128,
    PROCEDURE_CHECK_ONLINE = 256,
    PROCEDURE_CHECK_CODE = 512
};

struct procedure_paper {
    struct str id; /* unique in the procedure */
    struct pack_text name, note;
    struct str type; /* code of the national list, may be empty */
    int32_t n_originals, n_copies;
    bool is_required, may_reuse;
    bool is_by_form;    /* the online form takes its place: listed, never asked for as a file */
    bool is_shown;      /* shown at the counter, not handed in */
    bool is_given_back; /* the original is given back once compared */
    struct str when;    /* condition over the form's answers; empty = always */
    const struct expr *when_expr; /* compiled; NULL when empty */
};
struct procedure_tier {
    int32_t from;       /* first page or copy of the tier, from 1 */
    int64_t amount_vnd; /* for each */
};
enum procedure_per { PROCEDURE_PER_CASE, PROCEDURE_PER_COPY, PROCEDURE_PER_PAGE };
struct procedure_fee {
    struct str id;
    struct pack_text name, exempt; /* exempt: who need not pay, in words */
    int64_t amount_vnd; /* per case, copy or page; of the first tier when there are tiers */
    int64_t online_vnd; /* when filed online; -1 = the same */
    int64_t max_vnd;    /* of this row; 0 = no maximum */
    enum procedure_per per;
    const struct procedure_tier *tiers;
    size_t n_tiers;
    struct str when, exempt_when, basis;
    const struct expr *when_expr, *exempt_expr; /* compiled; NULL when empty */
    bool is_check;
};
struct procedure_basis {
    struct str name, article;
};
struct procedure_field { /* lĩnh vực */
    struct str code;
    struct pack_text name;
    int32_t rank; /* place in fields.csv */
};
struct procedure_decides { /* who decided until a day */
    struct date to;
    struct unit_rule rule;
};
struct procedure_life_event {
    struct str id, icon;
    struct pack_text name;
    int32_t rank;
    uint32_t audience; /* of enum procedure_audience, 0 = all */
};

/* One of several documents that a procedure ends with. */
struct procedure_document {
    struct str template_id, type; /* type: of lists/paper-types.csv */
    struct pack_text name;
    struct str
        number; /* variable with the number that another system gave it; null: our own book */
};
struct procedure {
    struct str code; /* "1.004873" */
    struct date from, to;
    struct pack_text name;                       /* official */
    const struct str *everyday_vi, *everyday_en; /* what people say; the first is shown */
    size_t n_everyday_vi, n_everyday_en;
    const struct procedure_field *field;
    uint32_t audience; /* of enum procedure_audience */
    const struct procedure_life_event *const *life_events;
    size_t n_life_events;
    struct unit_rule decides;                       /* now; see procedure_decides_on */
    const struct procedure_decides *decides_before; /* by day, earliest first */
    size_t n_decides_before;
    struct pack_text who, conditions;
    enum procedure_online online;
    int32_t minutes; /* to fill the form */
    const struct procedure_paper *papers;
    size_t n_papers;
    const struct procedure_fee *fees;
    size_t n_fees;
    struct calendar_limit time;
    struct pack_text time_note;
    const struct pack_text *steps;
    size_t n_steps;
    struct pack_text result_name;
    struct str result_type, result_template;
    const struct procedure_document *documents; /* what it is made of, when it is several */
    size_t n_documents;
    uint32_t collect;         /* of enum procedure_collect */
    bool is_identity_checked; /* when the result is collected */
    const struct procedure_basis *basis;
    size_t n_basis;
    const struct str
        *components; /* what a linked procedure settles: procedure codes or paper types */
    size_t n_components;
    struct str form, process; /* "chung" when the pack names none */
    bool has_own_form;        /* false: the generic form */
    uint32_t check;           /* of enum procedure_check */
    bool is_generated;        /* demo filler, shown as such */
    uint32_t index;           /* place in the pack's list */
};

/* --- finding ---------------------------------------------------------------------------------- */
/* "1.004873" of a code as national systems write it: "1.004873.000.00.00.H19", "1.004873.01"; null
 * when it is none. */
struct str procedure_code_of(struct str s);
/* The version of a procedure valid on a day, from the pack in force. NULL when there is none. */
const struct procedure *procedure_at(const struct ctx *cx, struct str code, struct date on);
/* From a given pack version: for dossiers in flight. */
const struct procedure *procedure_in(const struct pack *p, struct str code, struct date on);
/* Which unit level or kind decides it on a day: for unit_competent. */
struct unit_rule procedure_decides_on(const struct procedure *p, struct date on);
/* Name as shown first: the first everyday name, else the official one. */
struct str procedure_short_name(const struct ctx *cx, const struct procedure *p);

struct procedure_filter {
    struct str field, life_event; /* null or empty = any */
    uint32_t audience;            /* any of these; 0 = any */
    struct str level;             /* "commune", "province" ...; null = any */
    int32_t online;               /* -1 or 0 = any, else 1 + enum procedure_online */
    struct str kind;              /* department kind; null = any */
};
bool procedure_matches(const struct procedure *p, const struct procedure_filter *f);
/* One page of the list valid on a day: those with a form of their own, the others, those made up
 * for the demo; each by field, then code. after = code of the last one shown (null: from the
 * start); at most limit. In cx->arena. */
size_t procedure_list(struct ctx *cx, const struct procedure_filter *f, struct date on,
                      struct str after, size_t limit, const struct procedure *const **ret);
size_t procedure_count(struct ctx *cx, const struct procedure_filter *f, struct date on);
/* All of a pack, for the search index. */
size_t procedure_all(const struct pack *p, const struct procedure *const **ret);
size_t procedure_fields(const struct ctx *cx, const struct procedure_field *const **ret);
const struct procedure_field *procedure_field(const struct ctx *cx, struct str code);
size_t procedure_life_events(const struct ctx *cx,
                             const struct procedure_life_event *const **ret); /* by rank */
const struct procedure_life_event *procedure_life_event(const struct ctx *cx, struct str id);

/* --- fees and papers for one case ------------------------------------------------------------- */

/* One person's case. Conditions are the small language of doc/bpmn.md over its answers. */
struct procedure_case {
    int64_t n_copies, n_pages; /* 0 counts as 1 */
    bool is_online;
    const struct expr_scope
        *answers; /* NULL: conditions count as not met, exemptions as not granted */
};
struct procedure_fee_line {
    const struct procedure_fee *fee;
    int64_t n, amount_vnd; /* amount 0 when exempt */
    bool is_exempt;
};
struct procedure_bill {
    struct procedure_fee_line *lines;
    size_t n;
    int64_t total_vnd;
};
/* What this case costs: rows whose condition holds. A maximum is per copy. In cx->arena. */
void procedure_bill(struct ctx *cx, const struct procedure *p, const struct procedure_case *c,
                    struct procedure_bill *ret);
/* Papers that this case needs (condition met), required or not. In cx->arena. */
size_t procedure_papers(struct ctx *cx, const struct procedure *p, const struct procedure_case *c,
                        const struct procedure_paper *const **ret);
/* "15.000 đ", "miễn phí", "2.000 đ mỗi trang; từ trang thứ 3: 1.000 đ" for lists and pages. */
struct str procedure_fee_text(struct ctx *cx, const struct procedure_fee *f);
/* For all rows of a procedure in one line: "miễn phí", "15.000 đ", "từ 8.000 đ". */
struct str procedure_fees_text(struct ctx *cx, const struct procedure *p);
struct str procedure_time_text(struct ctx *cx, const struct procedure *p);

/* --- what changes between two versions of the pack -------------------------------------------- */
struct procedure_change {
    struct str code, name; /* name in the request's language */
    char kind;             /* '+' only in `to`, '-' only in `from`, '*' differs */
    struct str what;       /* what differs, in words: "Thời hạn: 5 ngày → 3 ngày; …" */
};
/* By code, then first day. In cx->arena, as all strings in it. */
size_t procedure_compare(struct ctx *cx, const struct pack *from, const struct pack *to,
                         struct procedure_change **ret);

/* Pack part: procedures/fields….csv, life-events….csv, and procedures/<any>.json, each one
 * procedure or a list of them. After unit_pack_part. Forms, processes and templates must be files
 * of the pack. */
void procedure_pack_part(struct pack_load *l);

/* The document made by a template; NULL when the procedure ends with one result only. */
const struct procedure_document *procedure_document(const struct procedure *p,
                                                    struct str template_id);

#endif
