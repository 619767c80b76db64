/* app_bulk_int.h: shared by the files that load in bulk: app_bulk.c plans, app_bulk_model.c reads
 * dossiers as models, app_bulk_rows.c writes copies of them, app_bulk_tally.c counts. */
#ifndef APP_APP_BULK_INT_H
#define APP_APP_BULK_INT_H

#include "app/app_bulk.h"
#include "base/buf.h"
#include "engine/ledger/ledger.h"
#include "store/bulk.h"

#define BULK_TEXT_MAX (1U << 20)

/* --- counters by key -------------------------------------------------------------------------- */
struct tally_slot {
    struct str key;
    uint64_t hash;
    int64_t n;
};
struct tally {
    struct arena *arena;
    struct tally_slot *slots;
    size_t n, cap;
};
void tally_init(struct tally *t, struct arena *a);
/* The counter of a key, 0 at first; borrowed until the next call. */
int64_t *tally_at(struct tally *t, struct str key);

/* --- a model: the rows of one filing ---------------------------------------------------------- */
/* What stands in the rows of a model and differs in each copy. */
enum token_kind {
    TOKEN_ID,       /* at: which id */
    TOKEN_NUMBER,   /* of a dossier */
    TOKEN_CODE,     /* random characters behind the first keep ones */
    TOKEN_REGISTER, /* "07/2026"; at: which entry */
    TOKEN_RECEIPT,  /* "0000123/2026" of the unit `agency`, paid on `day` */
    TOKEN_NAME,
    TOKEN_FOLD,
    TOKEN_PERSONAL
};
struct token {
    enum token_kind kind;
    struct str was;
    uint32_t at, keep;
    struct str agency;  /* number, receipt */
    struct date day;    /* number, receipt */
    bool has_long_year; /* number: yyyymmdd */
    bool is_used;
};

struct piece { /* of a text: as it was, or a token */
    struct str text;
    int32_t token; /* -1: text */
};

enum cell_kind {
    CELL_KEEP,
    CELL_ID,   /* at: which id */
    CELL_TIME, /* v.i moves with the copy */
    CELL_DAY,  /* a day number that moves */
    CELL_DAY_TEXT,
    CELL_HEX,     /* random, as long as v.s */
    CELL_TEXT,    /* pieces */
    CELL_YEAR,    /* of register entry at */
    CELL_SEQ,     /* of register entry at */
    CELL_SEQ_TEXT /* the same with at least two digits */
};
struct cell {
    enum cell_kind kind;
    struct store_value v;
    uint32_t at, n_pieces;
    struct piece *pieces;
};

struct model_row {
    const struct store_table *t;
    struct cell *cells;
    struct store_value *was;
    bool is_person; /* left out for a person who has come before */
};

struct register_slot {
    struct str unit, book;
    int64_t at_us, seq;
};

struct stock_move { /* a change of a stock, for the roll-ups */
    const char *metric;
    int64_t at_us, n;
    struct str unit, procedure, field;
};

#define MODEL_PERSON_IDS 3 /* party, account, ledger entry of its opening: the first ids */

struct model {
    struct model_row *rows;
    struct token *tokens;
    int64_t *ids; /* ascending behind those of the person */
    struct register_slot *registers;
    struct stock_move *moves;
    uint32_t n_rows, cap_rows, n_tokens, cap_tokens, n_ids, cap_ids, n_registers, n_moves;
    bool has_person;  /* a person with one account filed for themself: each copy gets one */
    bool is_finished; /* every dossier of the filing */
    uint32_t n_dossiers;
};

struct person {
    int64_t ids[MODEL_PERSON_IDS];
    struct str name, fold, personal;
    int64_t n_left; /* copies that still take this person */
};

struct bulk {
    struct ctx *cx;      /* arena emptied after each copy */
    struct arena *arena; /* of the run */
    struct store_bulk *store;
    struct ledger_sealer *sealer;
    struct model *models;
    size_t n_models;
    struct str *names, *folds; /* of the people there are */
    size_t n_names, cap_names;
    struct tally taken;     /* personal numbers that people have */
    struct tally numbers;   /* unit_counter by stem */
    struct tally registers; /* unit|book|year */
    struct tally figures;   /* metric|day|unit|procedure|field */
    struct person person;
    int64_t last_id, n_people;
    uint64_t n_codes; /* short ones made, from anywhere; 0: none yet */
    const struct store_table *entries, *leaves, *heads, *items;
};

/* Model of the filing whose first dossier this is. */
NODISCARD enum err bulk_model_read(struct bulk *b, int64_t dossier, struct model *ret);
/* Tables that belong to dossiers, for those who look them up and for tests. */
NODISCARD enum err bulk_look(struct bulk *b);
/* Was there each procedure of the filing, so much earlier? */
bool bulk_is_known(const struct bulk *b, const struct model *m, int64_t earlier_us);
/* One copy, so much earlier. */
NODISCARD enum err bulk_copy(struct bulk *b, struct model *m, int64_t earlier_us);
/* Signs what no head covers yet. */
NODISCARD enum err bulk_seal_rest(struct bulk *b);
/* Counters, before the first copy and after the last one. */
NODISCARD enum err bulk_tallies_read(struct bulk *b);
NODISCARD enum err bulk_tallies_write(struct bulk *b);

#endif
