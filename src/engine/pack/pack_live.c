/* pack_live.c: which version is in force: checked first, recorded, then put in place of the one
 * before. A version that was in force stays in memory until the set closes: versions are few, and
 * readers need no lock and no count. */
#include "engine/pack/pack_int.h"

#include "gen/q_pack.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIVES_MAX 500

static const char *const kind_start = "start";
static const char *const kind_published = "published";
static const char *const kind_returned = "returned";

/* --- recording -------------------------------------------------------------------------------- */

struct live_row {
    struct str version, kind, folder;
    const struct pack_change *change; /* NULL: the program itself */
    int64_t at_us;
};

static enum err
live_tx(struct ctx *cx, void *arg)
{
    const struct live_row *r = arg;
    struct str reason = r->change == NULL ? STR("") : r->change->reason;
    TRY(q_pack_live_add(cx, NULL, .id = store_new_id(cx), .version = r->version, .kind = r->kind,
                        .at_us = r->at_us, .actor = cx->who.account,
                        .reason = reason.p == NULL ? STR("") : reason, .folder = r->folder));
    return r->change == NULL || r->change->on_live == NULL
               ? ERR_OK
               : r->change->on_live(cx, r->version, reason);
}

/* The last row; ERR_NOT_FOUND before the first. */
static enum err
newest(struct ctx *cx, struct q_pack_live_list *ret)
{
    struct q_pack_live_list_list rows;
    if (cx->store == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no store");
    }
    TRY(q_pack_live_list(cx, &rows, .before = INT64_MAX, .limit_n = 1));
    if (rows.n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "no version was in force yet");
    }
    *ret = rows.v[0];
    return ERR_OK;
}

static const struct pack *
in_force(struct set_state *st)
{
    return atomic_load_explicit(&st->now, memory_order_acquire);
}

/* Records, then swaps: what is in force and its last row never differ for longer than this. */
static enum err
go_live(struct ctx *cx, struct set_state *st, const struct pack *p, struct live_row *row)
{
    row->version = p->version;
    row->at_us = sys_now_us(cx);
    if (cx->store != NULL) {
        TRY(store_write(cx, live_tx, row));
    }
    atomic_store_explicit(&st->now, p, memory_order_release);
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads and checks files. With faults the pack is gone and ERR_INVALID says the first. */
static enum err
read_checked(struct ctx *cx, struct set_state *st, const struct pack_file *files, size_t n,
             struct pack **ret, struct pack_fault **ret_faults, size_t *ret_n)
{
    struct pack *p = NULL;
    TRY(pack_read_files(cx, files, n, st->parts, st->n_parts, &p, ret_faults, ret_n));
    if (*ret_n != 0) {
        const struct pack_fault *f = &(*ret_faults)[0];
        pack_free(p);
        return err_set(cx, ERR_INVALID, "pack has %zu faults; first: " STR_FMT ":%u: " STR_FMT,
                       *ret_n, STR_ARG(f->file), f->line, STR_ARG(f->what));
    }
    *ret = p;
    return ERR_OK;
}

static enum err
keep(struct ctx *cx, struct set_state *st, struct pack *take_p, const struct pack **ret)
{
    *ret = pack_keep(st, take_p);
    return *ret != NULL ? ERR_OK : err_set(cx, ERR_BUSY, "too many pack versions in memory");
}

/* The folder's pack: checked, stored, kept in memory, not yet in force. */
static enum err
take_folder(struct ctx *cx, struct set_state *st, struct str dir, const struct pack **ret,
            struct pack_fault **ret_faults, size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_file *files = NULL;
    size_t n = 0;
    struct pack *p = NULL;
    enum err e = pack_dir_read(cx, dir, a, &files, &n);
    if (e == ERR_OK) {
        e = read_checked(cx, st, files, n, &p, ret_faults, ret_n);
    }
    if (e == ERR_OK) {
        e = pack_store_version(cx, p, files, n);
    }
    arena_close(a);
    if (e != ERR_OK) {
        pack_free(p);
        return e;
    }
    return keep(cx, st, p, ret);
}

/* A version of the store, checked as if it were new: it was made when other rules held. */
static enum err
take_stored(struct ctx *cx, struct set_state *st, struct str version, const struct pack **ret,
            struct pack_fault **ret_faults, size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_file *files = NULL;
    size_t n = 0;
    struct pack *p = NULL;
    enum err e = pack_stored_files(cx, version, a, &files, &n);
    if (e == ERR_OK) {
        e = read_checked(cx, st, files, n, &p, ret_faults, ret_n);
    }
    arena_close(a);
    return e != ERR_OK ? e : keep(cx, st, p, ret);
}

/* --- going live ------------------------------------------------------------------------------- */

/* The folder is as it was when an earlier version was put in force again. */
static bool
is_returned(struct ctx *cx, struct str folder, struct q_pack_live_list *ret)
{
    return newest(cx, ret) == ERR_OK && str_eq(ret->kind, str_of(kind_returned)) &&
           str_eq(ret->folder, folder);
}

enum err
pack_live_start(struct ctx *cx, struct set_state *st, struct str dir)
{
    struct pack_fault *faults = NULL;
    size_t n = 0;
    const struct pack *p = NULL;
    struct q_pack_live_list last;
    TRY(take_folder(cx, st, dir, &p, &faults, &n));
    if (is_returned(cx, p->version, &last)) {
        const struct pack *back = NULL;
        TRY(pack_load_stored(cx, st, last.version, &back));
        atomic_store_explicit(&st->now, back, memory_order_release);
        return ERR_OK;
    }
    if (newest(cx, &last) == ERR_OK && str_eq(last.version, p->version)) {
        atomic_store_explicit(&st->now, p, memory_order_release);
        return ERR_OK;
    }
    struct live_row row = { .kind = str_of(kind_start), .folder = STR("") };
    return go_live(cx, st, p, &row);
}

static enum err
publish(struct ctx *cx, struct set_state *st, struct str dir, const struct pack_change *change,
        struct pack_fault **ret_faults, size_t *ret_n)
{
    const struct pack *p = NULL;
    struct q_pack_live_list last;
    TRY(take_folder(cx, st, dir, &p, ret_faults, ret_n));
    bool is_kept = !change->is_asked && is_returned(cx, p->version, &last);
    if (p == in_force(st) || is_kept) {
        return ERR_OK;
    }
    struct live_row row = { .kind = str_of(kind_published), .folder = STR(""), .change = change };
    return go_live(cx, st, p, &row);
}

enum err
pack_set_publish(struct ctx *cx, const struct pack_set *set, struct str dir,
                 const struct pack_change *change, struct pack_fault **ret_faults, size_t *ret_n)
{
    *ret_faults = NULL;
    *ret_n = 0;
    (void)pthread_mutex_lock(&set->state->going);
    enum err e = publish(cx, set->state, dir, change, ret_faults, ret_n);
    (void)pthread_mutex_unlock(&set->state->going);
    return e;
}

enum err
pack_set_check(struct ctx *cx, const struct pack_set *set, struct str dir, struct pack **ret,
               struct pack_fault **ret_faults, size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_file *files = NULL;
    size_t n = 0;
    *ret_faults = NULL;
    *ret_n = 0;
    enum err e = pack_dir_read(cx, dir, a, &files, &n);
    if (e == ERR_OK) {
        e = read_checked(cx, set->state, files, n, ret, ret_faults, ret_n);
    }
    arena_close(a);
    return e;
}

/* The version of the folder as it is now; empty when it cannot be read. */
static struct str
folder_version(struct ctx *cx, struct str dir)
{
    struct arena *a = arena_open(0);
    struct pack_file *files = NULL;
    size_t n = 0;
    struct str version = STR("");
    if (pack_dir_read(cx, dir, a, &files, &n) == ERR_OK) {
        version = str_dup(cx->arena, pack_files_version(a, files, n));
    }
    arena_close(a);
    return version;
}

static enum err
return_to(struct ctx *cx, struct set_state *st, struct live_row *row,
          struct pack_fault **ret_faults, size_t *ret_n)
{
    const struct pack *p = NULL;
    TRY(take_stored(cx, st, row->version, &p, ret_faults, ret_n));
    return p == in_force(st) ? ERR_OK : go_live(cx, st, p, row);
}

enum err
pack_set_return(struct ctx *cx, const struct pack_set *set, struct str dir, struct str version,
                const struct pack_change *change, struct pack_fault **ret_faults, size_t *ret_n)
{
    struct live_row row = { .version = version,
                            .kind = str_of(kind_returned),
                            .folder = folder_version(cx, dir),
                            .change = change };
    *ret_faults = NULL;
    *ret_n = 0;
    (void)pthread_mutex_lock(&set->state->going);
    enum err e = return_to(cx, set->state, &row, ret_faults, ret_n);
    (void)pthread_mutex_unlock(&set->state->going);
    return e;
}

enum err
pack_set_follow(struct ctx *cx, const struct pack_set *set, bool *ret_changed)
{
    struct set_state *st = set->state;
    struct q_pack_live_list last;
    const struct pack *p = NULL;
    *ret_changed = false;
    TRY(newest(cx, &last));
    if (str_eq(last.version, in_force(st)->version)) {
        return ERR_OK;
    }
    TRY(pack_by_version(cx, last.version, &p));
    (void)pthread_mutex_lock(&st->going);
    atomic_store_explicit(&st->now, p, memory_order_release);
    (void)pthread_mutex_unlock(&st->going);
    *ret_changed = true;
    return ERR_OK;
}

/* --- for the operator's page ------------------------------------------------------------------ */

static void
add_life(struct pack_version *v, const struct q_pack_live_list_list *lives)
{
    for (size_t i = 0; i < lives->n; i++) {
        if (str_eq(lives->v[i].version, v->version)) {
            v->live_us = lives->v[i].at_us;
            v->live_kind = lives->v[i].kind;
            v->live_by = lives->v[i].actor_name;
            v->reason = lives->v[i].reason;
            return;
        }
    }
}

enum err
pack_versions(struct ctx *cx, struct pack_version **ret, size_t *ret_n)
{
    struct q_pack_version_list_list rows;
    struct q_pack_live_list_list lives;
    TRY(q_pack_version_list(cx, &rows, .before_us = INT64_MAX));
    TRY(q_pack_live_list(cx, &lives, .before = INT64_MAX, .limit_n = LIVES_MAX));
    const struct pack *now = pack_now(cx);
    struct pack_version *v = ARENA_ARRAY(cx->arena, struct pack_version, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        v[i] = (struct pack_version){ .version = rows.v[i].version,
                                      .id = rows.v[i].id,
                                      .name = rows.v[i].name,
                                      .at_us = rows.v[i].stored_us,
                                      .is_now =
                                          now != NULL && str_eq(now->version, rows.v[i].version) };
        add_life(&v[i], &lives);
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

/* --- what differs ----------------------------------------------------------------------------- */

static enum err
files_of(struct ctx *cx, struct str dir, struct str version, struct arena *a,
         struct pack_file **ret, size_t *ret_n)
{
    return version.p == NULL ? pack_dir_read(cx, dir, a, ret, ret_n)
                             : pack_stored_files(cx, version, a, ret, ret_n);
}

struct two {
    const struct pack_file *from, *to;
    size_t n_from, n_to;
};

/* Below 0: the next file is only in the old version, above 0: only in the new one. */
static int
order_of(const struct two *t, size_t i, size_t k)
{
    if (i == t->n_from || k == t->n_to) {
        return i == t->n_from ? 1 : -1;
    }
    return str_cmp(t->from[i].path, t->to[k].path);
}

/* Both are sorted by path. */
static size_t
changes_of(struct ctx *cx, const struct two *t, struct pack_file_change *v)
{
    size_t n = 0;
    size_t i = 0;
    size_t k = 0;
    while (i < t->n_from || k < t->n_to) {
        int order = order_of(t, i, k);
        struct str path = order <= 0 ? t->from[i].path : t->to[k].path;
        bool is_same = order == 0 && str_eq(t->from[i].bytes, t->to[k].bytes);
        if (!is_same) {
            v[n].path = str_dup(cx->arena, path);
            v[n++].kind = order < 0 ? '-' : order > 0 ? '+' : '*';
        }
        i += order <= 0 ? 1U : 0U;
        k += order >= 0 ? 1U : 0U;
    }
    return n;
}

enum err
pack_compare(struct ctx *cx, struct str dir, struct str from, struct str to,
             struct pack_file_change **ret, size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_file *old = NULL;
    struct pack_file *new = NULL;
    struct two t = { 0 };
    enum err e = files_of(cx, dir, from, a, &old, &t.n_from);
    if (e == ERR_OK) {
        e = files_of(cx, dir, to, a, &new, &t.n_to);
    }
    if (e == ERR_OK) {
        t.from = old;
        t.to = new;
        *ret = ARENA_ARRAY(cx->arena, struct pack_file_change, t.n_from + t.n_to + 1);
        *ret_n = changes_of(cx, &t, *ret);
    }
    arena_close(a);
    return e;
}
