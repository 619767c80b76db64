/* app_store.c: `bombo store copy FROM TO`: moves an installation from one store to the other and
 * checks what came over: counts and contents of every table, then the whole ledger. */
#include "app/app_int.h"
#include "engine/ledger/ledger.h"
#include "store/copy.h"

#include <stdio.h>

struct side {
    struct ctx cx;
    struct store *store;
};

static bool
side_open(struct side *s, const struct app_options *o, struct str url)
{
    struct store_config sc = { .url = url, .on_connect = app_on_connect() };
    s->cx = (struct ctx){ .arena = arena_open(0),
                          .clock = &sys_clock_real,
                          .random = &sys_random_real,
                          .config = &o->config,
                          .lang = STR("vi"),
                          .trace_id = STR("copy") };
    enum err e = store_open(&s->cx, &sc, &s->store);
    if (e != ERR_OK) {
        (void)fprintf(stderr,
                      "bombo: the store cannot be opened: %s (%s)\n       Stop the program that "
                      "uses it; FROM and TO are sqlite:PATH or postgres://USER@HOST/DATABASE.\n",
                      s->cx.err.text, err_name(e));
        return false;
    }
    s->cx.store = s->store;
    return true;
}

static void
side_close(struct side *s)
{
    store_close(s->store);
    arena_close(s->cx.arena);
}

static bool
ledger_is_whole(struct side *to, struct ledger_report *ret)
{
    enum err e = ledger_verify(&to->cx, ret);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the copied ledger cannot be read: %s\n", to->cx.err.text);
        return false;
    }
    if (ret->n_faults != 0) {
        (void)fprintf(stderr,
                      "bombo: the copied ledger has %" PRId64 " faults, first: " STR_FMT "\n",
                      ret->n_faults, STR_ARG(ret->first_fault));
    }
    return ret->n_faults == 0;
}

static bool
copy(struct side *from, struct side *to)
{
    struct store_copied done;
    struct ledger_report ledger;
    enum err e = store_others(&from->cx, 0);
    e = e == ERR_OK ? store_others(&to->cx, 0) : e;
    if (e != ERR_OK) {
        (void)fprintf(stderr,
                      "bombo: %s\n       Stop them first: what they write meanwhile would be "
                      "lost.\n",
                      from->cx.err.text[0] != '\0' ? from->cx.err.text : to->cx.err.text);
        return false;
    }
    e = store_copy(&from->cx, &to->cx, &done);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: not copied: %s (%s)\n       %s\n", to->cx.err.text,
                      err_name(e),
                      e == ERR_CONFLICT ? "Nothing was changed. Give an empty database as TO."
                                        : "FROM is unchanged. Empty TO before the next try.");
        return false;
    }
    if (!ledger_is_whole(to, &ledger)) {
        return false;
    }
    (void)printf(
        "copied and compared: %" PRId64 " rows in %" PRId64 " tables\n"
        "ledger verified: %" PRId64 " entries, %" PRId64 " leaves, %" PRId64 " signed heads\n"
        "Papers and keys stay in the data folder: run with the same --data and --store TO.\n",
        done.n_rows, done.n_tables, ledger.n_entries, ledger.n_leaves, ledger.n_heads);
    return true;
}

int
app_store_copy(const struct app_options *o)
{
    struct side from = { 0 };
    struct side to = { 0 };
    bool is_done = false;
    if (o->path.p == NULL || o->path2.p == NULL) {
        (void)fprintf(stderr, "bombo: write `bombo store copy FROM TO --data FOLDER`, each as "
                              "sqlite:PATH or postgres://USER@HOST/DATABASE\n");
        return 2;
    }
    if (side_open(&from, o, o->path) && side_open(&to, o, o->path2)) {
        is_done = copy(&from, &to);
    }
    side_close(&to);
    side_close(&from);
    return is_done ? 0 : 1;
}
