/* search_index.c: builds the index of a pack's procedures. */
#include "engine/search/search_int.h"

#include "codec/vn.h"

struct str
search_key(struct arena *a, struct str folded)
{
    if (folded.n < 2 || folded.p[folded.n - 1] != 'y') {
        return folded;
    }
    char before = folded.p[folded.n - 2];
    bool is_vowel = before == 'a' || before == 'e' || before == 'i' || before == 'o' ||
                    (before == 'u' && !(folded.n == 3 && folded.p[0] == 'q'));
    return is_vowel ? folded : str_cat(a, str_slice(folded, 0, folded.n - 1), STR("i"));
}

struct str
search_sound(struct arena *a, struct str key)
{
    static const struct {
        struct str from, to;
    } heads[] = { { STR_INIT("tr"), STR_INIT("ch") },
                  { STR_INIT("gi"), STR_INIT("d") },
                  { STR_INIT("x"), STR_INIT("s") },
                  { STR_INIT("r"), STR_INIT("d") } };
    struct str s = key;
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        if (str_starts(s, heads[i].from) && s.n > heads[i].from.n) {
            s = str_cat(a, heads[i].to, str_slice(s, heads[i].from.n, s.n));
            break;
        }
    }
    if (s.n > 2 && str_ends(s, STR("ng"))) {
        return str_slice(s, 0, s.n - 1);
    }
    if (s.n > 2 && str_ends(s, STR("c"))) {
        return str_cat(a, str_slice(s, 0, s.n - 1), STR("t"));
    }
    return s;
}

struct str
search_keys(struct arena *a, struct str text)
{
    struct str rest = vn_search_key(a, text);
    struct str word;
    struct buf b = buf_new(a, size_add(size_mul(rest.n, 2), 16));
    while (rest.n != 0 && str_next(&rest, ' ', &word)) {
        if (b.n > 0) {
            buf_add_char(&b, ' ');
        }
        buf_add(&b, search_key(a, word));
    }
    struct str r = buf_str(&b);
    return r.p != NULL ? r : STR("");
}

uint32_t
search_find_word(const struct search_index *x, struct str key)
{
    size_t lo = 0;
    size_t hi = x->n_words;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(x->words[mid].key, key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < x->n_words && str_eq(x->words[lo].key, key) ? (uint32_t)lo : SEARCH_NO_WORD;
}

uint32_t
search_mark_hash(struct arena *a, struct str word)
{
    struct str k = vn_name_key(a, word);
    return (uint32_t)(str_hash(k) >> 16);
}

/* --- gathering -------------------------------------------------------------------------------- */

struct raw_token {
    struct str key, spelling;
};
struct gather {
    struct arena *a; /* the pack's */
    struct arena *scratch;
    struct search_index *x;
    struct raw_token *tokens;
    size_t n_tokens, cap_tokens, cap_phrases;
};

static void
push_token(struct gather *g, struct raw_token t)
{
    if (g->n_tokens == g->cap_tokens) {
        g->cap_tokens = g->cap_tokens == 0 ? 4096 : size_mul(g->cap_tokens, 2);
        struct raw_token *v = ARENA_ARRAY(g->scratch, struct raw_token, g->cap_tokens);
        for (size_t i = 0; i < g->n_tokens; i++) {
            v[i] = g->tokens[i];
        }
        g->tokens = v;
    }
    g->tokens[g->n_tokens++] = t;
}

static struct search_phrase *
push_phrase(struct gather *g)
{
    struct search_index *x = g->x;
    if (x->n_phrases == g->cap_phrases) {
        g->cap_phrases = g->cap_phrases == 0 ? 1024 : size_mul(g->cap_phrases, 2);
        struct search_phrase *v = ARENA_ARRAY(g->a, struct search_phrase, g->cap_phrases);
        for (size_t i = 0; i < x->n_phrases; i++) {
            v[i] = x->phrases[i];
        }
        x->phrases = v;
    }
    return &x->phrases[x->n_phrases++];
}

/* Splits a lower-case text into words with marks the way vn_search_key splits it. */
static bool
next_word(struct str s, size_t *pos, struct str *ret)
{
    size_t from = SIZE_MAX;
    while (*pos < s.n) {
        size_t at = *pos;
        uint32_t c = vn_next_point(s, pos);
        bool is_digit_dot = c == '.' && from != SIZE_MAX && *pos < s.n && s.p[*pos] >= '0' &&
                            s.p[*pos] <= '9' && s.p[at - 1] >= '0' && s.p[at - 1] <= '9';
        bool is_letter = vn_plain_char(c) != 0 || is_digit_dot;
        if (is_letter && from == SIZE_MAX) {
            from = at;
        } else if (!is_letter && from != SIZE_MAX) {
            *ret = str_slice(s, from, at);
            return true;
        }
    }
    if (from == SIZE_MAX) {
        return false;
    }
    *ret = str_slice(s, from, s.n);
    return true;
}

static void
add_phrase(struct gather *g, uint32_t doc, struct str s, int32_t weight, bool is_name,
           bool is_everyday)
{
    if (s.n == 0 || s.n > 500) {
        return;
    }
    struct str low = vn_lower(g->scratch, s);
    struct search_phrase *p = push_phrase(g);
    *p = (struct search_phrase){ .first = (uint32_t)g->n_tokens,
                                 .doc = doc,
                                 .weight = weight,
                                 .label = s,
                                 .folded = str_dup(g->a, search_keys(g->scratch, s)),
                                 .is_everyday = is_everyday,
                                 .is_name = is_name };
    size_t pos = 0;
    struct str word;
    while (next_word(low, &pos, &word)) {
        struct str key = search_key(g->scratch, vn_search_key(g->scratch, word));
        push_token(g, (struct raw_token){ key, word });
        p->n++;
    }
}

static void
gather_one(struct gather *g, uint32_t doc, const struct procedure *p)
{
    add_phrase(g, doc, p->code, 100, false, false);
    for (size_t i = 0; i < p->n_everyday_vi; i++) {
        add_phrase(g, doc, p->everyday_vi[i], 100, true, true);
    }
    add_phrase(g, doc, p->name.vi, 97, true, false);
    for (size_t i = 0; i < p->n_everyday_en; i++) {
        add_phrase(g, doc, p->everyday_en[i], 90, false, true);
    }
    add_phrase(g, doc, p->name.en, 88, false, false);
    add_phrase(g, doc, p->result_name.vi, 70, false, false);
    if (p->field != NULL) {
        add_phrase(g, doc, p->field->name.vi, 45, false, false);
    }
    for (size_t i = 0; i < p->n_life_events; i++) {
        add_phrase(g, doc, p->life_events[i]->name.vi, 45, false, false);
    }
}

/* --- vocabulary ------------------------------------------------------------------------------- */

static int
token_cmp(const void *x, const void *y)
{
    const struct raw_token *a = x;
    const struct raw_token *b = y;
    int c = str_cmp(a->key, b->key);
    return c != 0 ? c : str_cmp(a->spelling, b->spelling);
}

/* log2 in hundredths, by halving; good to one part in eight. */
static int32_t
log2_hundredths(uint64_t num, uint64_t den)
{
    int32_t r = 0;
    while (num >= 2 * den) {
        den *= 2;
        r += 100;
    }
    return r + (int32_t)((num - den) * 100 / den);
}

static void
make_words(struct gather *g)
{
    struct search_index *x = g->x;
    struct raw_token *sorted = ARENA_ARRAY(g->scratch, struct raw_token, g->n_tokens + 1);
    for (size_t i = 0; i < g->n_tokens; i++) {
        sorted[i] = g->tokens[i];
    }
    if (g->n_tokens > 1) {
        qsort(sorted, g->n_tokens, sizeof(sorted[0]), token_cmp);
    }
    size_t n = 0; /* words that differ come first: they are some thousand of a hundred thousand */
    for (size_t i = 0; i < g->n_tokens; i++) {
        if (n == 0 || !str_eq(sorted[i].key, sorted[n - 1].key)) {
            sorted[n++] = sorted[i];
        }
    }
    x->words = ARENA_ARRAY(g->a, struct search_word, n + 1);
    for (; x->n_words < n; x->n_words++) {
        struct search_word *w = &x->words[x->n_words];
        w->key = str_dup(g->a, sorted[x->n_words].key);
        w->sound = search_sound(g->a, w->key);
        w->shown = str_dup(g->a, sorted[x->n_words].spelling);
    }
}

static void
number_tokens(struct gather *g)
{
    struct search_index *x = g->x;
    x->tokens = ARENA_ARRAY(g->a, uint32_t, g->n_tokens + 1);
    x->marks = ARENA_ARRAY(g->a, uint32_t, g->n_tokens + 1);
    for (size_t i = 0; i < g->n_tokens; i++) {
        x->tokens[i] = search_find_word(x, g->tokens[i].key);
        x->marks[i] = search_mark_hash(g->scratch, g->tokens[i].spelling);
    }
    uint32_t *last_doc = ARENA_ARRAY(g->scratch, uint32_t, x->n_words + 1);
    for (size_t i = 0; i < x->n_phrases; i++) {
        const struct search_phrase *p = &x->phrases[i];
        for (uint32_t k = p->first; k < p->first + p->n; k++) {
            uint32_t w = x->tokens[k];
            x->words[w].n_docs += last_doc[w] != p->doc + 1;
            last_doc[w] = p->doc + 1;
        }
    }
    for (size_t i = 0; i < x->n_words; i++) {
        x->words[i].weight = 30 + log2_hundredths(x->n_docs + 1, x->words[i].n_docs);
    }
    for (size_t i = 0; i < x->n_phrases; i++) {
        struct search_phrase *p = &x->phrases[i];
        for (uint32_t k = p->first; k < p->first + p->n; k++) {
            p->total += x->words[x->tokens[k]].weight;
        }
    }
}

/* --- synonyms --------------------------------------------------------------------------------- */

static int
synonym_cmp(const void *x, const void *y)
{
    const struct search_synonym *a = x;
    const struct search_synonym *b = y;
    if (a->phrase.n != b->phrase.n) {
        return a->phrase.n > b->phrase.n ? -1 : 1;
    }
    int c = str_cmp(a->phrase, b->phrase);
    return c != 0 ? c : str_cmp(a->means, b->means);
}

static void
read_synonyms(struct pack_load *l, struct search_index *x)
{
    static const char *const required[] = { "phrase", "means", NULL };
    struct pack_csv csv;
    struct arena *a = pack_load_arena(l);
    if (!pack_load_csv(l, STR("search/synonyms.csv"), required, &csv)) {
        return;
    }
    x->synonyms = ARENA_ARRAY(a, struct search_synonym, csv.n_rows + 1);
    for (size_t r = 0; r < csv.n_rows; r++) {
        struct search_synonym *s = &x->synonyms[x->n_synonyms];
        s->phrase = search_keys(a, pack_csv_get(&csv, r, "phrase"));
        s->means = search_keys(a, pack_csv_get(&csv, r, "means"));
        if (s->phrase.n == 0) {
            pack_load_faultf(l, csv.file, csv.lines[r],
                             "Ghi cụm từ người dân hay dùng vào cột phrase", "Thiếu cụm từ");
            continue;
        }
        x->n_synonyms++;
    }
    if (x->n_synonyms > 1) {
        qsort(x->synonyms, x->n_synonyms, sizeof(x->synonyms[0]), synonym_cmp);
    }
}

void
search_pack_part(struct pack_load *l)
{
    struct gather g = { .a = pack_load_arena(l), .scratch = arena_open(0) };
    g.x = ARENA_NEW(g.a, struct search_index);
    g.x->n_docs = procedure_all(pack_load_target(l), &g.x->docs);
    for (size_t i = 0; i < g.x->n_docs; i++) {
        gather_one(&g, (uint32_t)i, g.x->docs[i]);
    }
    make_words(&g);
    number_tokens(&g);
    read_synonyms(l, g.x);
    arena_close(g.scratch);
    pack_load_target(l)->slot[PACK_SEARCH] = g.x;
}
