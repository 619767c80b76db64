/* search_fts.c: the FTS5 tokenizer `vi`: each word in its form with marks and in its folded form at
 * one position, so that a query with marks finds what has those marks and one without finds both.
 */
#include "engine/search/search.h"

#include "codec/vn.h"

#include <sqlite3.h>

#define WORD_MAX_BYTES 256

static int
tokenizer_create(void *arg, const char **args, int n_args, Fts5Tokenizer **ret)
{
    (void)args;
    (void)n_args;
    *ret = arg; /* it has no state; any address that is not NULL will do */
    return SQLITE_OK;
}

static void
tokenizer_delete(Fts5Tokenizer *t)
{
    (void)t;
}

typedef int token_fn(void *arg, int flags, const char *p, int n, int from, int to);

struct giver {
    void *arg;
    token_fn *give;
    bool is_query; /* then the word stands as it was typed */
};

static int
give_word(struct arena *a, struct str word, int from, int to, const struct giver *g)
{
    struct str low = vn_lower(a, word);
    struct str folded = vn_search_key(a, word);
    low = str_slice(low, 0, WORD_MAX_BYTES);
    int rc = g->give(g->arg, 0, low.p, (int)low.n, from, to);
    if (rc == SQLITE_OK && !g->is_query && folded.n > 0 && !str_eq(folded, low)) {
        rc = g->give(g->arg, FTS5_TOKEN_COLOCATED, folded.p, (int)folded.n, from, to);
    }
    return rc;
}

static int
tokenizer_run(Fts5Tokenizer *t, void *arg, int flags, const char *p, int n, token_fn *give)
{
    (void)t;
    struct giver g = { arg, give, (flags & FTS5_TOKENIZE_QUERY) != 0 };
    struct str s = { p, p != NULL && n > 0 ? (size_t)n : 0 };
    struct arena *a = arena_open(0);
    size_t from = SIZE_MAX;
    int rc = SQLITE_OK;
    for (size_t i = 0; i <= s.n && rc == SQLITE_OK;) {
        size_t at = i;
        uint32_t c = i < s.n ? vn_next_point(s, &i) : (i++, 0U);
        bool is_word = vn_plain_char(c) != 0 || (c >= 0x300 && c <= 0x36F && from != SIZE_MAX);
        if (is_word && from == SIZE_MAX) {
            from = at;
        } else if (!is_word && from != SIZE_MAX) {
            rc = give_word(a, str_slice(s, from, at), (int)from, (int)at, &g);
            from = SIZE_MAX;
        }
    }
    arena_close(a);
    return rc;
}

enum err
search_on_connect(struct ctx *cx, struct sqlite3 *db)
{
    static const fts5_tokenizer vi = { tokenizer_create, tokenizer_delete, tokenizer_run };
    fts5_api *api = NULL;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL) != SQLITE_OK) {
        return err_set(cx, ERR_STORE, "no FTS5: %s", sqlite3_errmsg(db));
    }
    (void)sqlite3_bind_pointer(st, 1, (void *)&api, "fts5_api_ptr", NULL);
    (void)sqlite3_step(st);
    (void)sqlite3_finalize(st);
    fts5_tokenizer copy = vi;
    if (api == NULL || api->xCreateTokenizer(api, "vi", api, &copy, NULL) != SQLITE_OK) {
        return err_set(cx, ERR_STORE, "tokenizer vi not registered");
    }
    return ERR_OK;
}

/* Words with marks ask for those marks; words without find both, since the folded form is indexed
 * too. */
struct str
search_match(struct arena *a, struct str query)
{
    struct str low = vn_lower(a, str_slice(query, 0, SEARCH_QUERY_MAX));
    struct buf b = buf_new(a, 4 * SEARCH_QUERY_MAX + 64);
    size_t from = SIZE_MAX;
    for (size_t i = 0; i <= low.n;) {
        size_t at = i;
        uint32_t c = i < low.n ? vn_next_point(low, &i) : (i++, 0U);
        bool is_word = vn_plain_char(c) != 0;
        if (is_word && from == SIZE_MAX) {
            from = at;
        } else if (!is_word && from != SIZE_MAX) {
            buf_addf(&b, "%s\"" STR_FMT "\"", b.n > 0 ? " " : "",
                     STR_ARG(str_slice(low, from, at)));
            from = SIZE_MAX;
        }
    }
    if (b.n == 0) {
        return STR_NULL;
    }
    buf_add_char(&b, '*');
    return buf_str(&b);
}
