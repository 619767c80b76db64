/* ledger_tree.c: the sequencer and the verifier. A leaf is the hash of the entry's canonical text.
 */
#include "engine/ledger/ledger.h"

#include "base/date.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/merkle.h"
#include "gen/q_ledger.h"
#include "store/store.h"
#include "sys/sys.h"

#include <stdlib.h>

#define BATCH_MAX         2000
#define SEQUENCE_EVERY_US (INT64_C(1) * 1000 * 1000)
#define WITNESS_EVERY_US  (INT64_C(24) * 3600 * 1000 * 1000)
#define TEXT_MAX          (64U * 1024U)

/* The bytes that a leaf commits to: one JSON object, members in this order. */
static struct str
canonical(struct arena *a, const struct q_ledger_unsequenced *e)
{
    struct buf b = buf_new(a, TEXT_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_i64(&o, "id", e->id);
    json_put_i64(&o, "at_us", e->at_us);
    json_put_str(&o, "kind", e->kind);
    json_put_i64(&o, "actor", e->actor);
    json_put_i64(&o, "acting_for", e->acting_for);
    json_put_str(&o, "unit", e->unit);
    json_put_str(&o, "object", e->object);
    json_put_i64(&o, "subject", e->subject);
    json_put_str(&o, "purpose", e->purpose);
    json_put_str(&o, "note", e->note);
    json_put_str(&o, "salt", e->salt);
    json_put_str(&o, "commitment", e->commitment);
    json_close(&o);
    return buf_str(&b);
}

static enum err
signing_key(struct ctx *cx, struct key **ret)
{
    struct str path = str_fmt(cx->arena, STR_FMT "/keys/ledger.pem", STR_ARG(cx->config->data_dir));
    TRY(sys_mkdirs(cx, str_fmt(cx->arena, STR_FMT "/keys", STR_ARG(cx->config->data_dir))));
    return key_load_or_make(cx, str_z(cx->arena, path), KEY_ED25519, ret);
}

/* The signed text of a head. */
static struct str
head_text(struct arena *a, int64_t size, struct str root, int64_t at_us)
{
    return str_fmt(a, "bombo ledger head v1\n%" PRId64 "\n" STR_FMT "\n%" PRId64 "\n", size,
                   STR_ARG(root), at_us);
}

static enum err
key_name(struct ctx *cx, const struct key *k, struct str *ret)
{
    struct str raw;
    TRY(key_public_raw(cx, k, &raw));
    *ret = str_slice(digest_sha256_hex(cx->arena, raw), 0, 16);
    return ERR_OK;
}

static enum err
tree_load(struct ctx *cx, struct merkle *m)
{
    struct q_ledger_head_newest head;
    enum err e = q_ledger_head_newest(cx, &head);
    merkle_init(m);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    struct str bytes;
    if (!hex_decode(cx->arena, head.frontier, &bytes) || !merkle_load(bytes, m)) {
        return err_set(cx, ERR_INTERNAL, "ledger head %" PRId64 " has a broken frontier",
                       head.size);
    }
    return ERR_OK;
}

struct sequence_job {
    const struct key *key;
    int64_t n;
};

static enum err
sign_head(struct ctx *cx, const struct key *key, const struct merkle *m,
          struct ledger_head_row *ret)
{
    struct digest root = merkle_root(m);
    struct ledger_head_row h = { .size = (int64_t)m->size,
                                 .at_us = sys_now_us(cx),
                                 .root = digest_hex(cx->arena, &root) };
    struct str signature;
    TRY(key_sign(cx, key, head_text(cx->arena, h.size, h.root, h.at_us), &signature));
    TRY(key_name(cx, key, &h.key_id));
    h.signature = hex_encode(cx->arena, signature);
    h.frontier = hex_encode(cx->arena, merkle_save(cx->arena, m));
    *ret = h;
    return ERR_OK;
}

static enum err
sequence_tx(struct ctx *cx, void *arg)
{
    struct sequence_job *job = arg;
    struct q_ledger_unsequenced_list list;
    struct ledger_head_row h;
    struct merkle m;
    job->n = 0;
    TRY(q_ledger_unsequenced(cx, &list, .limit_n = BATCH_MAX));
    if (list.n == 0) {
        return ERR_OK;
    }
    TRY(tree_load(cx, &m));
    for (size_t i = 0; i < list.n; i++) {
        struct digest leaf = merkle_leaf(canonical(cx->arena, &list.v[i]));
        TRY(q_ledger_leaf_insert(cx, NULL, .seq = (int64_t)m.size, .entry_id = list.v[i].id,
                                 .hash = digest_hex(cx->arena, &leaf)));
        TRY(q_ledger_pending_drop(cx, NULL, .entry_id = list.v[i].id));
        (void)merkle_add(&m, &leaf, NULL);
    }
    TRY(sign_head(cx, job->key, &m, &h));
    job->n = (int64_t)list.n;
    return q_ledger_head_insert(cx, NULL, .size = h.size, .root = h.root, .at_us = h.at_us,
                                .frontier = h.frontier, .key_id = h.key_id,
                                .signature = h.signature);
}

enum err
ledger_sequence(struct ctx *cx, int64_t *ret_n)
{
    struct key *key = NULL;
    struct sequence_job job = { 0 };
    TRY(signing_key(cx, &key));
    job.key = key;
    enum err e = store_write(cx, sequence_tx, &job);
    key_free(key);
    if (e == ERR_OK && ret_n != NULL) {
        *ret_n = job.n;
    }
    return e;
}

/* --- for loaders ------------------------------------------------------------------------------ */
struct ledger_sealer {
    struct merkle tree;
    struct key *key;
    uint64_t n_signed;
};

enum err
ledger_sealer_open(struct ctx *cx, struct ledger_sealer **ret)
{
    struct ledger_sealer *s = calloc(1, sizeof(*s));
    struct q_ledger_unsequenced_list list;
    ASSERT(s != NULL);
    enum err e = q_ledger_unsequenced(cx, &list, .limit_n = 1);
    if (e == ERR_OK && list.n > 0) {
        e = err_set(cx, ERR_CONFLICT, "entries of the ledger wait for their leaves");
    }
    if (e == ERR_OK) {
        e = tree_load(cx, &s->tree);
    }
    if (e == ERR_OK) {
        e = signing_key(cx, &s->key);
    }
    if (e != ERR_OK) {
        ledger_sealer_close(s);
        return e;
    }
    s->n_signed = s->tree.size;
    *ret = s;
    return ERR_OK;
}

void
ledger_sealer_close(struct ledger_sealer *s)
{
    if (s != NULL) {
        key_free(s->key);
        free(s);
    }
}

void
ledger_seal(struct ledger_sealer *s, struct arena *arena, const struct ledger_row *e,
            int64_t *ret_seq, struct str *ret_hash)
{
    struct q_ledger_unsequenced row = { .id = e->id,
                                        .at_us = e->at_us,
                                        .kind = e->kind,
                                        .actor = e->actor,
                                        .acting_for = e->acting_for,
                                        .unit = e->unit,
                                        .object = e->object,
                                        .subject = e->subject,
                                        .purpose = e->purpose,
                                        .note = e->note,
                                        .salt = e->salt,
                                        .commitment = e->commitment };
    struct digest leaf = merkle_leaf(canonical(arena, &row));
    *ret_seq = (int64_t)s->tree.size;
    *ret_hash = digest_hex(arena, &leaf);
    (void)merkle_add(&s->tree, &leaf, NULL);
}

bool
ledger_seal_has_rest(const struct ledger_sealer *s)
{
    return s->tree.size > s->n_signed;
}

bool
ledger_seal_is_due(const struct ledger_sealer *s)
{
    return s->tree.size - s->n_signed >= BATCH_MAX;
}

enum err
ledger_seal_head(struct ctx *cx, struct ledger_sealer *s, struct ledger_head_row *ret)
{
    TRY(sign_head(cx, s->key, &s->tree, ret));
    s->n_signed = s->tree.size;
    return ERR_OK;
}

static enum err
sequence_timed(struct ctx *cx, int64_t *ret_again_us)
{
    int64_t n = 0;
    *ret_again_us = SEQUENCE_EVERY_US;
    TRY(ledger_sequence(cx, &n));
    if (n == BATCH_MAX) {
        *ret_again_us = 1;
    }
    return ERR_OK;
}

/* One file a day for a witness outside: an operator with the key could rewrite all else. */
static enum err
witness_timed(struct ctx *cx, int64_t *ret_again_us)
{
    struct ledger_head head;
    *ret_again_us = WITNESS_EVERY_US;
    TRY(ledger_head(cx, &head));
    struct buf b = buf_new(cx->arena, TEXT_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_i64(&o, "size", head.size);
    json_put_str(&o, "root", head.root);
    json_put_i64(&o, "at_us", head.at_us);
    json_put_str(&o, "key_id", head.key_id);
    json_put_str(&o, "signature", head.signature);
    json_close(&o);
    struct str dir = str_fmt(cx->arena, STR_FMT "/witness", STR_ARG(cx->config->data_dir));
    struct str day = date_iso(cx->arena, date_at_vn(sys_now_us(cx)));
    TRY(sys_mkdirs(cx, dir));
    return sys_file_write(
        cx, str_fmt(cx->arena, STR_FMT "/head-" STR_FMT ".json", STR_ARG(dir), STR_ARG(day)),
        buf_str(&b));
}

const struct jobs_timed ledger_timed[] = {
    { STR_INIT("ledger.sequence"), sequence_timed },
    { STR_INIT("ledger.witness"), witness_timed },
    { { NULL, 0 }, NULL },
};

/* --- verification: from the rows alone, nothing believed -------------------------------------- */
struct verify {
    struct ctx *cx;                 /* the caller's: the report lives there */
    struct ctx heads_cx, leaves_cx; /* each batch in an arena that is emptied before the next */
    struct ledger_report *report;
    struct merkle tree;
    struct key *key;
    struct str key_id;
    struct q_ledger_heads_after_list heads;
    size_t next_head;
};

static void
fault(struct verify *v, const char *what, int64_t at)
{
    if (v->report->n_faults++ == 0) {
        v->report->first_fault = str_fmt(v->cx->arena, "%s (at %" PRId64 ")", what, at);
    }
}

static enum err
next_heads(struct verify *v, int64_t size)
{
    arena_reset(v->heads_cx.arena);
    v->next_head = 0;
    return q_ledger_heads_after(&v->heads_cx, &v->heads, .size = size, .limit_n = BATCH_MAX);
}

static enum err
check_head(struct verify *v)
{
    struct ctx *cx = &v->leaves_cx;
    const struct q_ledger_heads_after *h = &v->heads.v[v->next_head];
    struct digest root = merkle_root(&v->tree);
    struct str signature;
    if (!str_eq(digest_hex(cx->arena, &root), h->root)) {
        fault(v, "signed root differs from the leaves", h->size);
    }
    if (!str_eq(h->key_id, v->key_id) || !hex_decode(cx->arena, h->signature, &signature) ||
        key_verify(cx, v->key, head_text(cx->arena, h->size, h->root, h->at_us), signature) !=
            ERR_OK) {
        fault(v, "signature of a head is wrong", h->size);
    }
    v->report->n_heads++;
    v->next_head++;
    if (v->next_head == v->heads.n) {
        TRY(next_heads(v, h->size));
    }
    return ERR_OK;
}

static enum err
check_leaf(struct verify *v, const struct q_ledger_leaves_after *l)
{
    struct ctx *cx = &v->leaves_cx;
    struct q_ledger_unsequenced e = { .id = l->id,
                                      .at_us = l->at_us,
                                      .kind = l->kind,
                                      .actor = l->actor,
                                      .acting_for = l->acting_for,
                                      .unit = l->unit,
                                      .object = l->object,
                                      .subject = l->subject,
                                      .purpose = l->purpose,
                                      .note = l->note,
                                      .salt = l->salt,
                                      .commitment = l->commitment };
    struct digest leaf = merkle_leaf(canonical(cx->arena, &e));
    if (l->seq != (int64_t)v->tree.size) {
        fault(v, "a leaf is missing", l->seq);
    }
    if (l->kind.p == NULL) {
        fault(v, "the entry of a leaf is missing", l->seq);
    } else if (!str_eq(digest_hex(cx->arena, &leaf), l->hash)) {
        fault(v, "an entry was changed after it was sealed", l->entry_id);
    }
    struct digest stored;
    (void)merkle_add(&v->tree, digest_from_hex(l->hash, &stored) ? &stored : &leaf, NULL);
    v->report->n_leaves++;
    while (v->next_head < v->heads.n && v->heads.v[v->next_head].size == (int64_t)v->tree.size) {
        TRY(check_head(v));
    }
    return ERR_OK;
}

static enum err
verify_leaves(struct verify *v)
{
    int64_t after = -1;
    for (;;) {
        struct q_ledger_leaves_after_list list;
        arena_reset(v->leaves_cx.arena);
        TRY(q_ledger_leaves_after(&v->leaves_cx, &list, .seq = after, .limit_n = BATCH_MAX));
        for (size_t i = 0; i < list.n; i++) {
            TRY(check_leaf(v, &list.v[i]));
        }
        if (list.n == 0) {
            return ERR_OK;
        }
        after = list.v[list.n - 1].seq;
    }
}

/* Every entry has a leaf or waits for one, and there are as many as leaves. */
static enum err
verify_entries(struct verify *v)
{
    struct q_ledger_part part = { 0 };
    int64_t n_missing = 0;
    int64_t n_lost = 0;
    do {
        TRY(q_ledger_part(&v->leaves_cx, &part, .after = part.id, .limit_n = BATCH_MAX));
        v->report->n_entries += part.n;
        n_missing += part.n_missing;
        n_lost += part.n_lost;
    } while (part.n == BATCH_MAX);
    v->report->n_pending = n_missing - n_lost;
    if (n_lost != 0) {
        fault(v, "entries have neither a leaf nor wait for one", n_lost);
    }
    if (v->report->n_entries - n_missing < v->report->n_leaves) {
        fault(v, "fewer entries than leaves", v->report->n_entries);
    }
    return ERR_OK;
}

static enum err
verify_tx(struct ctx *cx, void *arg)
{
    struct verify *v = arg;
    v->heads_cx.conn = v->leaves_cx.conn = cx->conn; /* one snapshot for all */
    TRY(next_heads(v, 0));
    TRY(verify_leaves(v));
    if (v->next_head < v->heads.n) {
        fault(v, "a signed head covers more leaves than there are", v->heads.v[v->next_head].size);
    }
    return verify_entries(v);
}

enum err
ledger_verify(struct ctx *cx, struct ledger_report *ret)
{
    struct verify v = { .cx = cx, .heads_cx = *cx, .leaves_cx = *cx, .report = ret };
    *ret = (struct ledger_report){ 0 };
    merkle_init(&v.tree);
    v.heads_cx.arena = arena_open(0);
    v.leaves_cx.arena = arena_open(0);
    /* never makes a key: a lost one must show, as wrong signatures */
    struct str path = str_fmt(cx->arena, STR_FMT "/keys/ledger.pem", STR_ARG(cx->config->data_dir));
    enum err e = key_load(cx, str_z(cx->arena, path), &v.key);
    if (e == ERR_OK) {
        e = key_name(cx, v.key, &v.key_id);
    } else if (e == ERR_NOT_FOUND) {
        e = ERR_OK;
    }
    if (e == ERR_OK) {
        e = store_read(cx, verify_tx, &v);
    }
    arena_close(v.leaves_cx.arena);
    arena_close(v.heads_cx.arena);
    key_free(v.key);
    return e;
}
