/* node_archive.c: old segments of the evidence log move to <data>/evidence/archive, which may be
 * another disk. Their records stay findable and provable; the room they took is free again. */
#include "engine/node/node_int.h"

#include "base/date.h"
#include "gen/q_node.h"

#define DAY_US     (INT64_C(86400) * DATE_US_PER_S)
#define LIVE_LEAST 2 /* the log opens its last two segments */

struct str
node_log_archive_dir(struct ctx *cx, struct str dir)
{
    return str_cat(cx->arena, dir, STR("/archive"));
}

enum err
node_log_archived(struct ctx *cx, struct str dir, int64_t **ret, size_t *ret_n)
{
    struct str at = node_log_archive_dir(cx, dir);
    *ret = NULL;
    *ret_n = 0;
    return sys_file_exists(cx, at) ? node_log_segments(cx, at, ret, ret_n) : ERR_OK;
}

static enum err
hash_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    (void)cx;
    digest_add(arg, chunk);
    return ERR_OK;
}

static enum err
hash_file(struct ctx *cx, struct str path, struct digest *ret)
{
    struct digest_stream *s = digest_begin();
    enum err e = sys_file_each(cx, path, hash_chunk, s);
    *ret = digest_end(s);
    return e;
}

/* --- bodies of a segment's messages -------------------------------------------------------------
 */
typedef enum err body_fn(struct ctx *cx, struct str dir, const struct node_stored *s,
                         const struct digest *message);

/* Copied and read again: the copy must be what was signed. */
static enum err
body_copy(struct ctx *cx, struct str dir, const struct node_stored *s, const struct digest *message)
{
    struct str from;
    struct digest there;
    struct str to_dir = node_file_dir(cx, node_log_archive_dir(cx, dir));
    TRY(node_file_find(cx, dir, message, &from));
    if (str_starts(from, to_dir)) {
        return ERR_OK; /* an earlier turn was cut short */
    }
    struct str to = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(to_dir),
                            STR_ARG(digest_hex(cx->arena, message)));
    TRY(sys_file_copy(cx, from, to));
    TRY(node_file_digest(cx, s->message, to, &there));
    return digest_equal(&there, message)
               ? ERR_OK
               : err_set(cx, ERR_IO, "the body of message " STR_FMT " is changed",
                         STR_ARG(digest_hex(cx->arena, message)));
}

static enum err
body_remove(struct ctx *cx, struct str dir, const struct node_stored *s,
            const struct digest *message)
{
    (void)s;
    return sys_file_remove(cx,
                           str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(node_file_dir(cx, dir)),
                                   STR_ARG(digest_hex(cx->arena, message))));
}

static enum err
body_of(struct ctx *cx, struct str dir, const struct node_record *r, body_fn *fn)
{
    struct node_stored s;
    struct node_batch b;
    uint32_t index = 0;
    if (r->type != NODE_MESSAGE || !node_stored_read(r->body, &s) || s.form != NODE_WITH_FILE) {
        return ERR_OK;
    }
    return node_proof_read(s.proof, &b, &index)
               ? fn(cx, dir, &s, &b.v[index])
               : err_set(cx, ERR_CONFLICT, "record %" PRIu64 " is no message", r->seq);
}

static enum err
each_body(struct ctx *cx, struct str dir, int64_t segment, body_fn *fn)
{
    struct arena *a = arena_open(0);
    struct ctx mine = *cx;
    enum err e = ERR_OK;
    mine.arena = a;
    for (int64_t at = 0; e == ERR_OK;) {
        struct node_record r = { .seq = 0 };
        struct digest before;
        struct digest after;
        arena_reset(a);
        e = node_log_read(&mine, dir, segment, at, &r, &before, &after);
        at = r.next;
        e = e == ERR_OK ? body_of(&mine, dir, &r, fn) : e;
    }
    cx->err = mine.err;
    arena_close(a);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Copied, read again and compared, and only then taken away: cut short anywhere it is in both. */
static enum err
move_one(struct ctx *cx, struct str dir, int64_t segment)
{
    TRY(each_body(cx, dir, segment, body_copy));
    struct digest here;
    struct digest there;
    struct str name = str_fmt(cx->arena, "/%08" PRId64 ".seg", segment);
    struct str from = str_cat(cx->arena, dir, name);
    struct str to = str_cat(cx->arena, node_log_archive_dir(cx, dir), name);
    TRY(sys_file_copy(cx, from, to));
    TRY(hash_file(cx, from, &here));
    TRY(hash_file(cx, to, &there));
    if (!digest_equal(&here, &there)) {
        return err_set(cx, ERR_IO, "the copy of segment %" PRId64 " differs", segment);
    }
    TRY(each_body(cx, dir, segment, body_remove));
    TRY(sys_file_remove(cx, from));
    return sys_dir_sync(cx, dir);
}

/* Up to which record the index has everything, and stamps have been given. */
static enum err
settled_seq(struct ctx *cx, uint64_t *ret)
{
    struct q_node_mark_get mark = { .seq = 0 };
    struct q_node_stamp_last stamp = { .to_seq = 0 };
    enum err e = q_node_mark_get(cx, &mark);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    e = q_node_stamp_last(cx, &stamp);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool waits_for_stamps = e == ERR_OK || !str_is_empty(cx->config->node_tsa);
    int64_t seq = waits_for_stamps && stamp.to_seq < mark.seq ? stamp.to_seq : mark.seq;
    *ret = (uint64_t)seq;
    return ERR_OK;
}

enum err
node_log_archive(struct ctx *cx, int64_t keep_days, size_t max, size_t *ret_n)
{
    struct str dir = node_log_dir(cx);
    int64_t *v = NULL;
    size_t n = 0;
    uint64_t settled = 0;
    *ret_n = 0;
    TRY(settled_seq(cx, &settled));
    TRY(node_log_segments(cx, dir, &v, &n));
    TRY(sys_mkdirs(cx, node_file_dir(cx, node_log_archive_dir(cx, dir))));
    for (size_t i = 0; i + LIVE_LEAST < n && *ret_n < max; i++) {
        struct node_record next; /* the first record behind the segment */
        struct digest before;
        struct digest after;
        TRY(node_log_read(cx, dir, v[i + 1], 0, &next, &before, &after));
        bool is_old = next.at_us <= sys_now_us(cx) - keep_days * DAY_US;
        if (!is_old || next.seq > settled) {
            return ERR_OK;
        }
        TRY(move_one(cx, dir, v[i]));
        (*ret_n)++;
    }
    return ERR_OK;
}

/* --- by itself ---------------------------------------------------------------------------------
 */
#define AT_DEFAULT "02:00"
#define AGAIN_US   (INT64_C(3600) * DATE_US_PER_S)
#define US_PER_MIN (INT64_C(60) * DATE_US_PER_S)

enum err
node_archive_open(struct ctx *cx, struct node *n)
{
    struct str at =
        str_is_empty(cx->config->node_archive_at) ? STR(AT_DEFAULT) : cx->config->node_archive_at;
    struct str hour;
    struct str minute;
    int64_t h = 0;
    int64_t m = 0;
    if (at.n != 5 || !str_cut(at, ':', &hour, &minute) || !str_to_i64(hour, 0, 23, &h) ||
        !str_to_i64(minute, 0, 59, &m) || cx->config->node_archive_days < 0) {
        return err_set(cx, ERR_INVALID,
                       "--node-archive-at wants a time like 02:00, "
                       "--node-archive-days a number of days");
    }
    n->archive_minute = h * 60 + m;
    n->archived_day = INT32_MIN;
    return ERR_OK;
}

/* One segment a turn, so that index and stamps go on between them. What fails is said, and tried
 * again within the hour. */
enum err
node_archive_turn(struct ctx *cx, struct node *n, int64_t now_us)
{
    size_t moved = 0;
    struct date today = date_at_vn(now_us);
    int64_t minute = (now_us - date_to_us_vn(today, 0)) / US_PER_MIN;
    bool is_due = cx->config->node_archive_days > 0 && today.day != n->archived_day &&
                  minute >= n->archive_minute;
    bool waits = atomic_load(&n->is_archive_failed) && now_us - n->archive_tried_us < AGAIN_US;
    if (!is_due || waits) {
        return ERR_OK;
    }
    n->archive_tried_us = now_us;
    enum err e = node_log_archive(cx, cx->config->node_archive_days, 1, &moved);
    atomic_store(&n->is_archive_failed, e != ERR_OK);
    if (e == ERR_OK && moved == 0) {
        n->archived_day = today.day;
    }
    return e;
}
