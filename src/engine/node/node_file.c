/* node_file.c: large bodies. Each is a file in <log>/bodies, named by the SHA-256 of its message,
 * which is what was signed: the record in the log, the signature and the file prove one another. A
 * file is there, durable, before its record is; what a crash left without a record goes at the next
 * start. */
#include "engine/node/node_int.h"

#include "gen/q_node.h"

struct str
node_file_dir(struct ctx *cx, struct str log_dir)
{
    return str_cat(cx->arena, log_dir, STR("/bodies"));
}

struct str
node_file_part(struct ctx *cx, struct str log_dir)
{
    struct str dir = node_file_dir(cx, log_dir);
    struct str code = sys_random_code(cx, 26);
    return str_fmt(cx->arena, STR_FMT "/part-" STR_FMT, STR_ARG(dir), STR_ARG(code));
}

static struct str
path_of(struct ctx *cx, struct str log_dir, const struct digest *message)
{
    struct str dir = node_file_dir(cx, log_dir);
    struct str hex = digest_hex(cx->arena, message);
    return str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(hex));
}

/* --- digests ---------------------------------------------------------------------------------- */
struct hashing {
    struct digest_stream *message, *body; /* body may be NULL */
    int64_t n;
};

static enum err
hash_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    struct hashing *h = arg;
    (void)cx;
    digest_add(h->message, chunk);
    if (h->body != NULL) {
        digest_add(h->body, chunk);
    }
    h->n += (int64_t)chunk.n;
    return ERR_OK;
}

enum err
node_message_digest(struct ctx *cx, struct node_message *m)
{
    if (m->file.p == NULL) {
        m->digest = digest_sha256(m->bytes);
        return ERR_OK;
    }
    struct hashing h = { digest_begin(), digest512_begin(), 0 };
    digest_add(h.message, m->head);
    enum err e = sys_file_each(cx, m->file, hash_chunk, &h);
    m->digest = digest_end(h.message);
    m->body_digest = digest512_end(h.body);
    if (e == ERR_OK && h.n != m->body_bytes) {
        return err_set(cx, ERR_IO, "a body's file has %" PRId64 " bytes", h.n);
    }
    return e;
}

enum err
node_file_digest(struct ctx *cx, struct str head, struct str file, struct digest *ret)
{
    struct hashing h = { digest_begin(), NULL, 0 };
    digest_add(h.message, head);
    enum err e = sys_file_each(cx, file, hash_chunk, &h);
    *ret = digest_end(h.message);
    return e;
}

/* --- keeping ---------------------------------------------------------------------------------- */
enum err
node_file_keep(struct ctx *cx, struct str log_dir, struct node_message *m)
{
    if (m->file.p == NULL || m->is_head_kept) {
        return ERR_OK;
    }
    struct str to = path_of(cx, log_dir, &m->digest);
    enum err e = sys_file_move(cx, m->file, to);
    if (e == ERR_UNSUPPORTED) { /* evidence is on another disk than what is spooled */
        TRY(sys_file_copy(cx, m->file, to));
        e = sys_file_remove(cx, m->file);
    }
    if (e == ERR_OK) {
        m->file = to;
    }
    return e;
}

void
node_file_drop(struct ctx *cx, struct node_message *m)
{
    if (m->file.p != NULL) {
        enum err e = sys_file_remove(cx, m->file); /* else the next start takes it away */
        (void)e;
        m->file = STR_NULL;
    }
}

enum err
node_file_find(struct ctx *cx, struct str log_dir, const struct digest *message, struct str *ret)
{
    struct str here = path_of(cx, log_dir, message);
    struct str old = path_of(cx, node_log_archive_dir(cx, log_dir), message);
    if (!sys_file_exists(cx, here) && !sys_file_exists(cx, old)) {
        return err_set(cx, ERR_NOT_FOUND, "the body of message " STR_FMT " is not there",
                       STR_ARG(digest_hex(cx->arena, message)));
    }
    *ret = sys_file_exists(cx, here) ? here : old;
    return ERR_OK;
}

/* --- all of them ------------------------------------------------------------------------------ */
enum err
node_file_bytes(struct ctx *cx, struct str log_dir, int64_t *ret)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    struct str dir = node_file_dir(cx, log_dir);
    *ret = 0;
    if (!sys_file_exists(cx, dir)) {
        return ERR_OK;
    }
    TRY(sys_dir_list(cx, dir, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct sys_file_info info;
        struct str path = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(v[i].name));
        enum err e = sys_file_info(cx, path, &info);
        if (e != ERR_NOT_FOUND) { /* gone meanwhile */
            TRY(e);
            *ret += info.size_bytes;
        }
    }
    return ERR_OK;
}

enum err
node_file_sweep(struct ctx *cx, struct str log_dir)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    struct str dir = node_file_dir(cx, log_dir);
    TRY(sys_mkdirs(cx, dir));
    TRY(sys_dir_list(cx, dir, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct q_node_evidence_large row;
        struct digest d;
        bool is_named = digest_from_hex(v[i].name, &d);
        enum err e =
            is_named ? q_node_evidence_large(cx, &row, .digest = v[i].name) : ERR_NOT_FOUND;
        bool is_ours = is_named || str_starts(v[i].name, STR("part-"));
        if (e == ERR_NOT_FOUND && is_ours) {
            struct str path =
                str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(v[i].name));
            e = sys_file_remove(cx, path);
        }
        TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    }
    return ERR_OK;
}
