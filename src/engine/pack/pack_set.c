/* pack_set.c: the versions of the content in this process, which one is in force, and the store's
 * copy. A version that was in force stays in memory until the set closes: versions are few (a
 * province changes its content some dozens of times a year), readers need no lock and no count. */
#include "engine/pack/pack_int.h"

#include "crypto/digest.h"
#include "gen/q_pack.h"
#include "store/blobs.h"
#include "sys/sys.h"

#include <pthread.h>
#include <stdatomic.h>

#define VERSIONS_MAX 4096
#define PARTS_MAX    32

struct set_state {
    pthread_mutex_t lock; /* guards packs and n */
    _Atomic(const struct pack *) now;
    struct pack *packs[VERSIONS_MAX];
    size_t n;
    pack_part_fn *parts[PARTS_MAX];
    size_t n_parts;
};

/* cx->packs is const; what changes lies behind this pointer. */
struct pack_set {
    struct set_state *state;
};

const struct pack *
pack_now(const struct ctx *cx)
{
    if (cx->pack != NULL || cx->packs == NULL) {
        return cx->pack;
    }
    return atomic_load_explicit(&cx->packs->state->now, memory_order_acquire);
}

void
pack_pin(struct ctx *cx)
{
    cx->pack = NULL;
    cx->pack = pack_now(cx);
    cx->texts = pack_texts(cx->pack);
}

/* --- versions in memory ----------------------------------------------------------------------- */

static const struct pack *
find_locked(struct set_state *st, struct str version)
{
    for (size_t i = 0; i < st->n; i++) {
        if (str_eq(st->packs[i]->version, version)) {
            return st->packs[i];
        }
    }
    return NULL;
}

static const struct pack *
find(struct set_state *st, struct str version)
{
    (void)pthread_mutex_lock(&st->lock);
    const struct pack *p = find_locked(st, version);
    (void)pthread_mutex_unlock(&st->lock);
    return p;
}

/* Keeps p, or frees it when another thread was faster. NULL when the set is full. */
static const struct pack *
keep(struct set_state *st, struct pack *take_p)
{
    (void)pthread_mutex_lock(&st->lock);
    const struct pack *have = find_locked(st, take_p->version);
    if (have == NULL && st->n < VERSIONS_MAX) {
        st->packs[st->n++] = take_p;
        have = take_p;
    }
    (void)pthread_mutex_unlock(&st->lock);
    if (have != take_p) {
        pack_free(take_p);
    }
    return have;
}

/* --- versions in the store -------------------------------------------------------------------- */

struct version_row {
    struct str version, hash, id, name;
    int64_t at_us, n_files, size_bytes;
};

static enum err
version_tx(struct ctx *cx, void *arg)
{
    const struct version_row *r = arg;
    return q_pack_version_add(cx, NULL, .version = r->version, .hash = r->hash, .id = r->id,
                              .name = r->name, .stored_us = r->at_us, .n_files = r->n_files,
                              .size_bytes = r->size_bytes);
}

static enum err
store_version(struct ctx *cx, const struct pack *p, const struct pack_file *files, size_t n)
{
    struct q_pack_version_get row;
    if (cx->store == NULL || q_pack_version_get(cx, &row, .version = p->version) == ERR_OK) {
        return ERR_OK;
    }
    struct arena *a = arena_open(0);
    struct str bundle = pack_bundle(a, files, n);
    struct version_row r = { .version = p->version,
                             .id = p->id,
                             .name = p->name,
                             .at_us = sys_now_us(cx),
                             .n_files = (int64_t)n,
                             .size_bytes = (int64_t)bundle.n };
    enum err e = blobs_put(cx, bundle, &r.hash);
    if (e == ERR_OK) {
        e = store_write(cx, version_tx, &r);
    }
    arena_close(a);
    return e;
}

static enum err
load_version(struct ctx *cx, struct set_state *st, struct str version, struct arena *a,
             const struct pack **ret)
{
    struct q_pack_version_get row;
    TRY(q_pack_version_get(cx, &row, .version = version));
    struct str bundle;
    struct pack_file *files = NULL;
    size_t n = 0;
    TRY(blobs_get(cx, row.hash, PACK_MAX_BYTES * 2, &bundle));
    if (!pack_unbundle(a, bundle, &files, &n)) {
        return err_set(cx, ERR_IO, "pack bundle damaged");
    }
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n_faults = 0; /* it was accepted once; later stricter rules do not concern it */
    TRY(pack_read_files(cx, files, n, st->parts, st->n_parts, &p, &faults, &n_faults));
    *ret = keep(st, p);
    return *ret != NULL ? ERR_OK : err_set(cx, ERR_BUSY, "too many pack versions in memory");
}

enum err
pack_by_version(struct ctx *cx, struct str version, const struct pack **ret)
{
    const struct pack *now = pack_now(cx);
    if (now != NULL && str_eq(now->version, version)) {
        *ret = now;
        return ERR_OK;
    }
    struct set_state *st = cx->packs != NULL ? cx->packs->state : NULL;
    const struct pack *p = st != NULL ? find(st, version) : NULL;
    if (p != NULL) {
        *ret = p;
        return ERR_OK;
    }
    if (st == NULL || cx->store == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "pack version");
    }
    if (cx->is_writing) { /* reads files and builds indexes: never on the writer */
        return err_set(cx, ERR_INTERNAL, "pack version is not loaded and a write is running");
    }
    struct arena *request = cx->arena;
    cx->arena = arena_open(0);
    enum err e = load_version(cx, st, version, cx->arena, ret);
    arena_close(cx->arena);
    cx->arena = request;
    return e;
}

enum err
pack_versions(struct ctx *cx, struct pack_version **ret, size_t *ret_n)
{
    struct q_pack_version_list_list rows;
    TRY(q_pack_version_list(cx, &rows, .before_us = INT64_MAX));
    const struct pack *now = pack_now(cx);
    struct pack_version *v = ARENA_ARRAY(cx->arena, struct pack_version, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        v[i] = (struct pack_version){ .version = rows.v[i].version,
                                      .id = rows.v[i].id,
                                      .name = rows.v[i].name,
                                      .at_us = rows.v[i].stored_us,
                                      .is_now =
                                          now != NULL && str_eq(now->version, rows.v[i].version) };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

bool
pack_keeps_blob(struct ctx *cx, struct str hash)
{
    struct q_pack_version_by_hash row;
    return q_pack_version_by_hash(cx, &row, .hash = hash) != ERR_NOT_FOUND;
}

/* --- going live ------------------------------------------------------------------------------- */

static enum err
publish(struct ctx *cx, struct set_state *st, struct str dir, struct pack_fault **ret_faults,
        size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_file *files = NULL;
    size_t n = 0;
    struct pack *p = NULL;
    enum err e = pack_dir_read(cx, dir, a, &files, &n);
    if (e == ERR_OK) {
        e = pack_read_files(cx, files, n, st->parts, st->n_parts, &p, ret_faults, ret_n);
    }
    if (e == ERR_OK && *ret_n != 0) {
        const struct pack_fault *f = &(*ret_faults)[0];
        e = err_set(cx, ERR_INVALID, "pack has %zu faults; first: " STR_FMT ":%u: " STR_FMT, *ret_n,
                    STR_ARG(f->file), f->line, STR_ARG(f->what));
    }
    if (e == ERR_OK) {
        e = store_version(cx, p, files, n);
    }
    arena_close(a);
    if (e != ERR_OK) {
        pack_free(p);
        return e;
    }
    const struct pack *kept = keep(st, p);
    if (kept == NULL) {
        return err_set(cx, ERR_BUSY, "too many pack versions in memory");
    }
    atomic_store_explicit(&st->now, kept, memory_order_release);
    return ERR_OK;
}

enum err
pack_set_open(struct ctx *cx, struct str dir, pack_part_fn *const *parts, size_t n_parts,
              struct pack_set **ret)
{
    ASSERT(n_parts <= PARTS_MAX);
    struct pack_set *set = calloc(1, sizeof(*set));
    struct set_state *st = calloc(1, sizeof(*st));
    ASSERT(set != NULL && st != NULL);
    set->state = st;
    (void)pthread_mutex_init(&st->lock, NULL);
    st->n_parts = n_parts;
    for (size_t i = 0; i < n_parts; i++) {
        st->parts[i] = parts[i];
    }
    struct pack_fault *faults = NULL;
    size_t n_faults = 0;
    enum err e = publish(cx, st, dir, &faults, &n_faults);
    if (e != ERR_OK) {
        pack_set_close(set);
        return e;
    }
    *ret = set;
    return ERR_OK;
}

enum err
pack_set_publish(struct ctx *cx, const struct pack_set *set, struct str dir,
                 struct pack_fault **ret_faults, size_t *ret_n)
{
    *ret_faults = NULL;
    *ret_n = 0;
    return publish(cx, set->state, dir, ret_faults, ret_n);
}

void
pack_set_close(struct pack_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->state->n; i++) {
        pack_free(set->state->packs[i]);
    }
    (void)pthread_mutex_destroy(&set->state->lock);
    free(set->state);
    free(set);
}
