/* search.h: finding procedures by what people say, with or without marks, with typing errors; and
 * the tokenizer `vi` by which SQLite FTS5 finds dossiers.
 *
 * The procedure index is built when a pack loads and is immutable: any thread may search it, no
 * disk. */
#ifndef ENGINE_SEARCH_SEARCH_H
#define ENGINE_SEARCH_SEARCH_H

#include "engine/procedure/procedure.h"

#define SEARCH_QUERY_MAX 200 /* bytes looked at */
#define SEARCH_LIMIT_MAX 100

struct search_hit {
    const struct procedure *procedure;
    int32_t score;      /* higher is better; for tests and tuning */
    struct str matched; /* the everyday name or synonym that matched best, empty = official name */
};
struct search_hits {
    struct search_hit *v;
    size_t n;
    size_t n_total;       /* before the limit */
    struct str corrected; /* the query as understood when words were corrected, else null */
    bool is_suggestion;   /* nothing matched well: v holds at most three near ones */
};
/* Ranked procedures valid on the business date. An empty query lists by filter. */
NODISCARD enum err search_procedures(struct ctx *cx, struct str query,
                                     const struct procedure_filter *filter, size_t limit,
                                     struct search_hits *ret);
/* Completions while typing: at most limit names that begin with what was typed. */
size_t search_suggest(struct ctx *cx, struct str query, size_t limit, struct str **ret);

/* Pack part: search/synonyms.csv; after procedure_pack_part. */
void search_pack_part(struct pack_load *l);

/* --- SQLite FTS5 ------------------------------------------------------------------------------ */
struct sqlite3;
/* Registers the tokenizer `vi` on a connection: each word in its form with marks and in its folded
 * form at one position. One of store_config.on_connect. ERR_STORE. */
NODISCARD enum err search_on_connect(struct ctx *cx, struct sqlite3 *db);
/* A MATCH expression for what a person typed: words quoted, the last one as prefix; null when
 * nothing is left. */
struct str search_match(struct arena *a, struct str query);

#endif
