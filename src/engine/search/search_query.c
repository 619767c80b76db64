/* search_query.c: understands a query and ranks procedures. Pure but for the business date; no
 * disk, no lock.
 *
 * Every name of every procedure is scored by how much of the query it covers (weighted by rarity),
 * how much of the name the query covers, and word pairs kept together; the best name counts, what
 * the other names add counts a little. Some 15,000 names of eight words are walked in a fraction of
 * a millisecond: no postings needed. */
#include "engine/search/search_int.h"

#include "codec/vn.h"

#define SCORE_GOOD    380 /* below: only a suggestion */
#define SCORE_NOTHING 120
#define NEAR_MAX      6 /* corrections of one word */

struct query_word {
    struct str key, spelling;
    uint32_t mark; /* hash of the spelling, 0 when typed without marks */
    uint32_t near[NEAR_MAX];
    int32_t quality[NEAR_MAX]; /* percent */
    size_t n_near;
    int32_t weight;
    bool is_corrected;
};
struct query {
    struct query_word words[SEARCH_WORDS_MAX];
    size_t n;
    int32_t total;
};
struct match { /* of a word of the vocabulary with the query: place + 1 and quality; 0: none */
    uint8_t place, quality;
};

static bool
has_marks(struct str word)
{
    for (size_t i = 0; i < word.n; i++) {
        if ((unsigned char)word.p[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static void
add_near(struct query_word *w, uint32_t word, int32_t quality)
{
    size_t i = w->n_near < NEAR_MAX ? w->n_near++ : NEAR_MAX - 1;
    if (i == NEAR_MAX - 1 && w->n_near == NEAR_MAX && w->quality[i] >= quality && w->near[i] != 0) {
        return;
    }
    for (; i > 0 && w->quality[i - 1] < quality; i--) {
        w->near[i] = w->near[i - 1];
        w->quality[i] = w->quality[i - 1];
    }
    w->near[i] = word;
    w->quality[i] = quality;
}

/* How well v may stand for the word typed, of 100; 0: it may not. max: letters that may differ. */
static int32_t
nearness(const struct search_word *v, const struct query_word *w, uint32_t max, bool is_last)
{
    size_t longer = v->key.n > w->key.n ? v->key.n - w->key.n : w->key.n - v->key.n;
    if (is_last && w->key.n >= 2 && str_starts(v->key, w->key)) {
        return 75;
    }
    if (w->key.n >= 2 && longer <= max && vn_distance(v->key, w->key, max) <= max) {
        return (w->key.n <= 3 ? 50 : 64) + (v->key.p[0] == w->key.p[0] ? 8 : 0);
    }
    return 0;
}

/* Words that this one may have been meant to be. */
static void
correct(struct arena *a, const struct search_index *x, struct query_word *w, bool is_last)
{
    struct str sound = search_sound(a, w->key);
    uint32_t max = w->key.n >= 7 ? 2 : 1;
    for (size_t i = 0; i < x->n_words; i++) {
        const struct search_word *v = &x->words[i];
        int32_t near = str_eq(v->sound, sound) ? 85 : nearness(v, w, max, is_last);
        if (near > 0) {
            add_near(w, (uint32_t)i, near);
        }
    }
    w->is_corrected = w->n_near > 0;
}

static void
weigh(const struct search_index *x, struct query_word *w)
{
    w->weight = 60; /* a word nobody uses says little */
    if (w->n_near > 0) {
        w->weight = x->words[w->near[0]].weight;
    }
}

static bool
has_word(const struct query *q, struct str key)
{
    for (size_t i = 0; i < q->n; i++) {
        if (str_eq(q->words[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* Reads keys joined by blanks (spellings beside them when given). */
static void
read_query(struct arena *a, const struct search_index *x, struct str keys, struct str spelled,
           struct query *q)
{
    struct str rest = keys;
    struct str key;
    *q = (struct query){ 0 };
    while (rest.n != 0 && q->n < SEARCH_WORDS_MAX && str_next(&rest, ' ', &key)) {
        struct str spelling = STR_NULL;
        if (spelled.n != 0) {
            (void)str_next(&spelled, ' ', &spelling);
        }
        if (key.n == 0 || has_word(q, key)) {
            continue;
        }
        struct query_word *w = &q->words[q->n++];
        w->key = key;
        w->spelling = spelling;
        w->mark = spelling.n != 0 && has_marks(spelling) ? search_mark_hash(a, spelling) : 0;
        uint32_t word = search_find_word(x, key);
        if (word != SEARCH_NO_WORD) {
            add_near(w, word, 100);
        } else {
            correct(a, x, w, rest.n == 0);
        }
        weigh(x, w);
        q->total += w->weight;
    }
}

/* --- synonyms --------------------------------------------------------------------------------- */

static bool
is_at_words(struct str s, size_t at, size_t n)
{
    bool is_begin = at == 0 || s.p[at - 1] == ' ';
    return is_begin && (at + n == s.n || s.p[at + n] == ' ');
}

static size_t
find_words(struct str s, struct str phrase)
{
    for (size_t from = 0; from < s.n;) {
        size_t at = from + str_find(str_slice(s, from, s.n), phrase);
        if (at >= s.n) {
            return s.n;
        }
        if (is_at_words(s, at, phrase.n)) {
            return at;
        }
        from = at + 1;
    }
    return s.n;
}

/* The keys with each everyday phrase replaced by what it means; `skip` leaves out the first hits,
 * so that a phrase with two meanings gives two variants. False when nothing was replaced. */
static bool
replace_synonyms(struct arena *a, const struct search_index *x, struct str keys, size_t skip,
                 struct str *ret)
{
    struct str s = keys;
    size_t n_replaced = 0;
    size_t n_seen = 0;
    struct str before = STR_NULL;
    for (size_t i = 0; i < x->n_synonyms && n_replaced < 4; i++) {
        const struct search_synonym *y = &x->synonyms[i];
        size_t at = find_words(s, y->phrase);
        if (at >= s.n || str_eq(y->phrase, before)) {
            continue;
        }
        bool is_other_meaning =
            n_seen < skip && i + 1 < x->n_synonyms && str_eq(x->synonyms[i + 1].phrase, y->phrase);
        if (is_other_meaning) {
            n_seen++;
            continue;
        }
        before = y->phrase;
        s = str_fmt(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(s, 0, at)), STR_ARG(y->means),
                    STR_ARG(str_slice(s, at + y->phrase.n, s.n)));
        n_replaced++;
    }
    *ret = s;
    return n_replaced > 0 && n_seen == skip;
}

/* --- scoring ---------------------------------------------------------------------------------- */

struct best { /* of one procedure */
    int32_t score;
    uint32_t phrase;
    uint32_t mask; /* words of the query found in any of its names */
};

/* A word with other marks than were typed is worth less. */
static int32_t
quality_of(const struct query_word *word, uint32_t mark, int32_t quality)
{
    return word->mark != 0 && word->mark != mark && quality == 100 ? 72 : quality;
}

static int32_t
score_phrase(const struct search_index *x, const struct search_phrase *p, const struct query *q,
             const struct match *m, uint32_t *ret_mask)
{
    int32_t found = 0;
    int32_t covered = 0;
    int32_t pairs = 0;
    uint32_t mask = 0;
    uint32_t before = 0;
    for (uint32_t k = p->first; k < p->first + p->n; k++) {
        uint32_t w = x->tokens[k];
        struct match hit = m[w];
        if (hit.place != 0) {
            const struct query_word *word = &q->words[hit.place - 1];
            int32_t quality = quality_of(word, x->marks[k], hit.quality);
            bool is_new = (mask & 1U << (hit.place - 1)) == 0;
            found += is_new ? word->weight * quality / 100 : 0;
            covered += x->words[w].weight * quality / 100;
            pairs += before != 0 && hit.place == before + 1;
            mask |= 1U << (hit.place - 1);
        }
        before = hit.place;
    }
    *ret_mask = mask;
    if (found == 0 || p->total == 0) {
        return 0;
    }
    int32_t n_pairs = q->n > 1 ? (int32_t)q->n - 1 : 1;
    int32_t pair_share = q->n > 1 ? pairs * 150 / n_pairs : 150 * found / q->total;
    return (600 * found / q->total + 250 * covered / p->total +
            (pair_share < 150 ? pair_share : 150)) *
           p->weight / 100;
}

static void
score_variant(const struct search_index *x, const struct query *q, struct match *m,
              struct best *best, uint32_t *masks)
{
    for (size_t i = 0; i < q->n; i++) {
        for (size_t k = 0; k < q->words[i].n_near; k++) {
            struct match *hit = &m[q->words[i].near[k]];
            if (hit->quality < q->words[i].quality[k]) {
                *hit = (struct match){ (uint8_t)(i + 1), (uint8_t)q->words[i].quality[k] };
            }
        }
    }
    for (size_t i = 0; i < x->n_docs; i++) {
        masks[i] = 0;
    }
    for (size_t i = 0; i < x->n_phrases; i++) {
        const struct search_phrase *p = &x->phrases[i];
        uint32_t mask = 0;
        int32_t score = score_phrase(x, p, q, m, &mask);
        masks[p->doc] |= mask;
        if (score > best[p->doc].score) {
            best[p->doc].score = score;
            best[p->doc].phrase = (uint32_t)i;
            best[p->doc].mask = mask;
        }
    }
    for (size_t i = 0; i < q->n; i++) {
        for (size_t k = 0; k < q->words[i].n_near; k++) {
            m[q->words[i].near[k]] = (struct match){ 0, 0 };
        }
    }
}

/* What the other names of the procedure add. */
static int32_t
union_bonus(const struct query *q, uint32_t mask)
{
    int32_t sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        sum += (mask & 1U << i) != 0 ? q->words[i].weight : 0;
    }
    return q->total > 0 ? 120 * sum / q->total : 0;
}

static int
hit_cmp(const void *x, const void *y)
{
    const struct search_hit *a = x;
    const struct search_hit *b = y;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return str_cmp(a->procedure->code, b->procedure->code);
}

static void
collect(struct ctx *cx, const struct search_index *x, const struct best *best,
        const struct procedure_filter *f, struct search_hits *ret)
{
    struct date today = calendar_today(cx);
    ret->v = ARENA_ARRAY(cx->arena, struct search_hit, x->n_docs + 1);
    for (size_t i = 0; i < x->n_docs; i++) {
        const struct procedure *p = x->docs[i];
        bool is_valid = today.day >= p->from.day && today.day <= p->to.day;
        if (best[i].score < SCORE_NOTHING || !is_valid || (f != NULL && !procedure_matches(p, f))) {
            continue;
        }
        const struct search_phrase *phrase = &x->phrases[best[i].phrase];
        ret->v[ret->n++] =
            (struct search_hit){ p, best[i].score, phrase->is_everyday ? phrase->label : STR("") };
    }
    if (ret->n > 1) {
        qsort(ret->v, ret->n, sizeof(ret->v[0]), hit_cmp);
    }
}

/* Cuts the tail; says when even the best is only near. */
static void
cut(struct search_hits *hits, size_t limit)
{
    int32_t top = hits->n > 0 ? hits->v[0].score : 0;
    hits->is_suggestion = top < SCORE_GOOD;
    int32_t least = top * 45 / 100;
    while (hits->n > 0 && hits->v[hits->n - 1].score < least) {
        hits->n--;
    }
    if (hits->is_suggestion && hits->n > 3) {
        hits->n = 3;
    }
    hits->n_total = hits->n;
    hits->n = hits->n < limit ? hits->n : limit;
}

static struct str
corrected_text(struct ctx *cx, const struct search_index *x, const struct query *q)
{
    struct buf b = buf_new(cx->arena, 2000);
    bool is_changed = false;
    for (size_t i = 0; i < q->n; i++) {
        const struct query_word *w = &q->words[i];
        if (i > 0) {
            buf_add_char(&b, ' ');
        }
        buf_add(&b, w->is_corrected      ? x->words[w->near[0]].shown
                    : w->spelling.n != 0 ? w->spelling
                                         : w->key);
        is_changed = is_changed || w->is_corrected;
    }
    return is_changed ? buf_str(&b) : STR_NULL;
}

/* Lower-case words as typed, joined by single blanks, beside the keys. */
static struct str
spelled_words(struct arena *a, struct str query)
{
    struct str low = vn_lower(a, query);
    struct buf b = buf_new(a, size_add(size_mul(low.n, 2), 16));
    for (size_t i = 0; i < low.n;) {
        size_t at = i;
        uint32_t c = vn_next_point(low, &i);
        if (vn_plain_char(c) != 0 ||
            (c == '.' && i < low.n && low.p[i] >= '0' && low.p[i] <= '9')) {
            buf_add(&b, str_slice(low, at, i));
        } else if (b.n > 0 && b.p[b.n - 1] != ' ') {
            buf_add_char(&b, ' ');
        }
    }
    return str_trim(buf_str(&b));
}

static void
list_all(struct ctx *cx, const struct procedure_filter *f, size_t limit, struct search_hits *ret)
{
    static const struct procedure_filter any = { 0 };
    const struct procedure *const *v = NULL;
    const struct procedure_filter *use = f != NULL ? f : &any;
    struct date today = calendar_today(cx);
    size_t n = procedure_list(cx, use, today, STR_NULL, limit, &v);
    ret->v = ARENA_ARRAY(cx->arena, struct search_hit, n + 1);
    for (size_t i = 0; i < n; i++) {
        ret->v[ret->n++] = (struct search_hit){ v[i], 0, STR("") };
    }
    ret->n_total = procedure_count(cx, use, today);
}

/* Scores one reading of the query; each procedure keeps the better of this and what it had. */
static void
take_better(const struct search_index *x, const struct query *q, const uint32_t *masks,
            struct best *one, struct best *best)
{
    for (size_t i = 0; i < x->n_docs; i++) {
        one[i].score += one[i].score > 0 ? union_bonus(q, masks[i]) : 0;
        best[i] = one[i].score > best[i].score ? one[i] : best[i];
    }
}

static void
run(struct ctx *cx, const struct search_index *x, struct str query,
    const struct procedure_filter *f, size_t limit, struct search_hits *ret)
{
    struct arena *a = cx->arena;
    struct str keys = search_keys(a, query);
    struct best *best = ARENA_ARRAY(a, struct best, x->n_docs + 1);
    struct best *one = ARENA_ARRAY(a, struct best, x->n_docs + 1);
    uint32_t *masks = ARENA_ARRAY(a, uint32_t, x->n_docs + 1);
    struct match *m = ARENA_ARRAY(a, struct match, x->n_words + 1);
    struct query *q = ARENA_NEW(a, struct query);
    struct str spelled = spelled_words(a, query);
    for (size_t v = 0; v < SEARCH_VARIANTS_MAX; v++) {
        struct str variant = keys;
        if (v > 0 && !replace_synonyms(a, x, keys, v - 1, &variant)) {
            break;
        }
        read_query(a, x, variant, v == 0 ? spelled : STR_NULL, q);
        for (size_t i = 0; i < x->n_docs; i++) {
            one[i] = (struct best){ 0 };
        }
        score_variant(x, q, m, one, masks);
        take_better(x, q, masks, one, best);
        ret->corrected = v == 0 ? corrected_text(cx, x, q) : ret->corrected;
    }
    collect(cx, x, best, f, ret);
    cut(ret, limit);
}

enum err
search_procedures(struct ctx *cx, struct str query, const struct procedure_filter *filter,
                  size_t limit, struct search_hits *ret)
{
    const struct pack *p = pack_now(cx);
    const struct search_index *x = p != NULL ? p->slot[PACK_SEARCH] : NULL;
    *ret = (struct search_hits){ 0 };
    if (x == NULL) {
        return err_set(cx, ERR_INTERNAL, "no search index in force");
    }
    limit = limit < SEARCH_LIMIT_MAX ? limit : SEARCH_LIMIT_MAX;
    query = str_trim(str_slice(query, 0, SEARCH_QUERY_MAX));
    if (search_keys(cx->arena, query).n == 0) {
        list_all(cx, filter, limit, ret);
        ret->is_suggestion = query.n != 0;
        return ERR_OK;
    }
    run(cx, x, query, filter, limit, ret);
    return ERR_OK;
}

static bool
is_listed(const struct str *v, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i], s)) {
            return true;
        }
    }
    return false;
}

size_t
search_suggest(struct ctx *cx, struct str query, size_t limit, struct str **ret)
{
    const struct pack *p = pack_now(cx);
    const struct search_index *x = p != NULL ? p->slot[PACK_SEARCH] : NULL;
    limit = limit < SEARCH_LIMIT_MAX ? limit : SEARCH_LIMIT_MAX;
    *ret = ARENA_ARRAY(cx->arena, struct str, limit + 1);
    struct str keys = search_keys(cx->arena, str_slice(query, 0, SEARCH_QUERY_MAX));
    struct date today = calendar_today(cx);
    size_t n = 0;
    for (size_t i = 0; x != NULL && keys.n >= 2 && i < x->n_phrases && n < limit; i++) {
        const struct search_phrase *f = &x->phrases[i];
        const struct procedure *d = x->docs[f->doc];
        bool is_valid = today.day >= d->from.day && today.day <= d->to.day;
        if (f->is_name && is_valid && str_starts(f->folded, keys) &&
            !is_listed(*ret, n, f->label)) {
            (*ret)[n++] = f->label;
        }
    }
    return n;
}
