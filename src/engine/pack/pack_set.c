/* pack_set.c: the versions of the content in this process, and the store's copy. A version that was
 * in force stays in memory until the set closes: versions are few (a province changes its content
 * some dozens of times a year), readers need no lock and no count. */
#include "engine/pack/pack_int.h"

#include "crypto/digest.h"
#include "gen/q_pack.h"
#include "store/blobs.h"
#include "sys/sys.h"

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

/* Frees it also when another thread was faster. */
const struct pack *
pack_keep(struct set_state *st, struct pack *take_p)
{
    (void)pthread_mutex_lock(&st->lock);
    const struct pack *have = find_locked(st, take_p->version);
    if (have == NULL && st->n < PACK_VERSIONS_MAX) {
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

enum err
pack_store_version(struct ctx *cx, const struct pack *p, const struct pack_file *files, size_t n)
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

enum err
pack_stored_files(struct ctx *cx, struct str version, struct arena *a, struct pack_file **ret,
                  size_t *ret_n)
{
    struct q_pack_version_get row;
    TRY(q_pack_version_get(cx, &row, .version = version));
    struct arena *request = cx->arena;
    struct str bundle;
    cx->arena = a;
    enum err e = blobs_get(cx, row.hash, PACK_MAX_BYTES * 2, &bundle);
    cx->arena = request;
    if (e == ERR_OK && !pack_unbundle(a, bundle, ret, ret_n)) {
        return err_set(cx, ERR_IO, "pack bundle damaged");
    }
    return e;
}

static enum err
load_version(struct ctx *cx, struct set_state *st, struct str version, struct arena *a,
             const struct pack **ret)
{
    struct pack_file *files = NULL;
    size_t n = 0;
    TRY(pack_stored_files(cx, version, a, &files, &n));
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n_faults = 0; /* it was accepted once; later stricter rules do not concern it */
    TRY(pack_read_files(cx, files, n, st->parts, st->n_parts, &p, &faults, &n_faults));
    *ret = pack_keep(st, p);
    return *ret != NULL ? ERR_OK : err_set(cx, ERR_BUSY, "too many pack versions in memory");
}

enum err
pack_load_stored(struct ctx *cx, struct set_state *st, struct str version, const struct pack **ret)
{
    struct arena *request = cx->arena;
    cx->arena = arena_open(0);
    enum err e = load_version(cx, st, version, cx->arena, ret);
    arena_close(cx->arena);
    cx->arena = request;
    return e;
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
    return pack_load_stored(cx, st, version, ret);
}

bool
pack_keeps_blob(struct ctx *cx, struct str hash)
{
    struct q_pack_version_by_hash row;
    return q_pack_version_by_hash(cx, &row, .hash = hash) != ERR_NOT_FOUND;
}

/* --- the set -------------------------------------------------------------------------------- */

enum err
pack_set_open(struct ctx *cx, struct str dir, pack_part_fn *const *parts, size_t n_parts,
              struct pack_set **ret)
{
    ASSERT(n_parts <= PACK_PARTS_MAX);
    struct pack_set *set = calloc(1, sizeof(*set));
    struct set_state *st = calloc(1, sizeof(*st));
    ASSERT(set != NULL && st != NULL);
    set->state = st;
    (void)pthread_mutex_init(&st->lock, NULL);
    (void)pthread_mutex_init(&st->going, NULL);
    st->n_parts = n_parts;
    for (size_t i = 0; i < n_parts; i++) {
        st->parts[i] = parts[i];
    }
    enum err e = pack_live_start(cx, st, dir);
    if (e != ERR_OK) {
        pack_set_close(set);
        return e;
    }
    *ret = set;
    return ERR_OK;
}

const void *
pack_overlay(const struct pack_set *set, enum pack_slot slot)
{
    const struct overlay *o =
        atomic_load_explicit(&set->state->overlays[slot], memory_order_acquire);
    return o == NULL ? NULL : o->p;
}

void
pack_overlay_set(const struct pack_set *set, enum pack_slot slot, void *take_p,
                 void (*free_fn)(void *))
{
    struct set_state *st = set->state;
    struct overlay *o = calloc(1, sizeof(*o));
    ASSERT(o != NULL);
    *o = (struct overlay){ .p = take_p, .free_fn = free_fn };
    (void)pthread_mutex_lock(&st->lock);
    o->next = st->all_overlays;
    st->all_overlays = o;
    atomic_store_explicit(&st->overlays[slot], o, memory_order_release);
    (void)pthread_mutex_unlock(&st->lock);
}

void
pack_set_close(struct pack_set *set)
{
    if (set == NULL) {
        return;
    }
    for (struct overlay *o = set->state->all_overlays; o != NULL;) {
        struct overlay *next = o->next;
        o->free_fn(o->p);
        free(o);
        o = next;
    }
    for (size_t i = 0; i < set->state->n; i++) {
        pack_free(set->state->packs[i]);
    }
    (void)pthread_mutex_destroy(&set->state->lock);
    (void)pthread_mutex_destroy(&set->state->going);
    free(set->state);
    free(set);
}
