/* search_int.h: shared inside the module. */
#ifndef ENGINE_SEARCH_SEARCH_INT_H
#define ENGINE_SEARCH_SEARCH_INT_H

#include "engine/search/search.h"

#define SEARCH_WORDS_MAX    20 /* of a query */
#define SEARCH_VARIANTS_MAX 4  /* the query and what synonyms make of it */
#define SEARCH_NO_WORD      UINT32_MAX

struct search_word {  /* one word of the vocabulary, folded */
    struct str key;   /* as compared: see search_key */
    struct str sound; /* letters that are often confused made equal */
    struct str shown; /* a spelling with marks, for corrections */
    uint32_t n_docs;
    int32_t weight; /* rarer words weigh more, hundredths */
};
struct search_phrase { /* one name of one procedure */
    uint32_t first, n; /* in tokens */
    uint32_t doc;
    int32_t weight;   /* percent */
    int32_t total;    /* sum of the words' weights */
    struct str label; /* as written */
    struct str folded;
    bool is_everyday, is_name;
};
struct search_synonym {
    struct str phrase, means; /* keys with single blanks; means empty: the words say nothing */
};
struct search_index {
    const struct procedure *const *docs;
    size_t n_docs;
    struct search_word *words; /* by key */
    size_t n_words;
    uint32_t *tokens;              /* word numbers of all phrases */
    uint32_t *marks;               /* hash of the spelling with marks, beside tokens */
    struct search_phrase *phrases; /* by doc */
    size_t n_phrases;
    struct search_synonym *synonyms; /* longest phrase first */
    size_t n_synonyms;
};

/* A folded word as compared: final y after a consonant is i ("ký", "kí"). */
struct str search_key(struct arena *a, struct str folded);
/* Confusable letters made equal: x s, tr ch, gi r d, final t c, n ng. */
struct str search_sound(struct arena *a, struct str key);
/* Words of a text as keys joined by blanks. */
struct str search_keys(struct arena *a, struct str text);
uint32_t search_find_word(const struct search_index *x, struct str key);
uint32_t search_mark_hash(struct arena *a, struct str word);

#endif
