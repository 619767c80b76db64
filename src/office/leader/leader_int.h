/* leader_int.h: shared inside the module. */
#ifndef OFFICE_LEADER_LEADER_INT_H
#define OFFICE_LEADER_LEADER_INT_H

#include "engine/dossier/dossier.h"
#include "engine/unit/unit.h"
#include "gen/tpl_leader.h"
#include "web/web.h"

/* What a page looks at. */
struct leader_view {
    const struct unit *unit;
    bool is_whole;     /* the province: all units together */
    struct str period; /* today, week, month, year */
    struct date from, to;
    struct date days_from;                   /* first day of the figures by day */
    const struct indicator_figures *figures; /* set by leader_overview */
};

/* --- leader_figures.c ------------------------------------------------------------------------- */
NODISCARD enum err leader_overview(struct ctx *cx, const struct leader_view *v,
                                   struct tpl_leader_overview *ret);

/* --- leader_words.c --------------------------------------------------------------------------- */
/* Address of the dossiers behind a figure. */
struct str leader_list_href(struct ctx *cx, const char *page, const struct dossier_figure *f);
/* Money in at most three figures and a word from ten million đồng on: "15,1 triệu". */
struct str leader_money_short(struct ctx *cx, int64_t dong);
/* "97,8 %" of done; "–" when nothing was done. */
struct str leader_percent(struct ctx *cx, int64_t n, int64_t whole);
/* Word of a metric in the request's language. */
struct str leader_word(struct ctx *cx, struct str metric);
/* One decimal, from tenths, and what follows it. */
struct str leader_tenths(struct ctx *cx, int64_t v, struct str after);

/* --- leader_draw.c: SVG, made of numbers and escaped words only ----------------------------------
 */
struct str leader_spark(struct ctx *cx, const int64_t *v, size_t n, struct str label);
struct leader_place {
    const struct unit *unit;
    struct str name, href, text, kind; /* kind: ontime, due, late, wait */
};
/* Units as tiles, each near its centroid's place; those without centroid are left out. Empty when
 * none has one. */
struct str leader_map(struct ctx *cx, const struct leader_place *v, size_t n);

/* --- leader_export.c
 * ------------------------------------------------------------------------------ */
struct leader_export {
    struct dossier_figure figure;
    bool has_amount;
};
http_stream_fn leader_csv;
http_stream_fn leader_xlsx;
/* Cells of one dossier, shared by page and files. */
struct str
leader_state(const struct dossier_figure_row *row); /* open, new, waiting, ready, late... */
struct str leader_left_text(struct ctx *cx, const struct dossier_figure_row *row); /* "" if none */
struct str leader_state_word(struct ctx *cx, const struct dossier_figure_row *row);

#endif
