/* box_store.c: rows of lines and messages, and what always changes together with them. */
#include "engine/box/box_int.h"

#define STREAM_OF(r)                                                                               \
    (struct box_stream)                                                                            \
    {                                                                                              \
        .id = (r).id, .sender = (r).sender, .receiver = (r).receiver, .topic = (r).topic,          \
        .way = (r).way, .member = (r).member, .last_seq = (r).last_seq, .sent_seq = (r).sent_seq,  \
        .n_waiting = (r).n_waiting, .n_bytes = (r).n_bytes, .n_sent = (r).n_sent,                  \
        .is_queued = (r).is_queued, .due_us = (r).due_us, .n_failed = (r).n_failed,                \
        .n_idle = (r).n_idle, .fault = (r).fault, .down_us = (r).down_us                           \
    }

#define ROW_OF(r)                                                                                  \
    (struct box_message)                                                                           \
    {                                                                                              \
        .id = (r).id, .seq = (r).seq, .put_us = (r).put_us, .n_bytes = (r).n_bytes,                \
        .due_us = (r).due_us, .tries = (r).tries, .ended_us = (r).ended_us, .name = (r).name,      \
        .type = (r).type, .issue = (r).issue, .body = (r).body, .state = (r).state,                \
        .fault = (r).fault, .hash = (r).hash                                                       \
    }

enum err
box_stream_get(struct ctx *cx, int64_t id, struct box_stream *ret)
{
    struct q_box_stream_get r;
    TRY(q_box_stream_get(cx, &r, .id = id));
    *ret = STREAM_OF(r);
    return ERR_OK;
}

enum err
box_stream_find(struct ctx *cx, struct str sender, struct str receiver, struct str topic,
                struct box_stream *ret)
{
    struct q_box_stream_find r;
    TRY(q_box_stream_find(cx, &r, .sender = sender, .receiver = receiver, .topic = topic));
    *ret = STREAM_OF(r);
    return ERR_OK;
}

enum err
box_stream_need(struct ctx *cx, struct str sender, struct str receiver, struct str topic,
                const char *way, struct box_stream *ret)
{
    enum err e = box_stream_find(cx, sender, receiver, topic, ret);
    if (e == ERR_OK) {
        ret->way = str_of(way); /* the system may have moved to another installation */
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    *ret = (struct box_stream){ .id = store_new_id(cx),
                                .sender = sender,
                                .receiver = receiver,
                                .topic = topic,
                                .way = str_of(way),
                                .member = box_member_of(receiver),
                                .fault = STR("") };
    return q_box_stream_insert(cx, NULL, .id = ret->id, .sender = sender, .receiver = receiver,
                               .topic = topic, .way = ret->way, .member = ret->member,
                               .fault = ret->fault);
}

enum err
box_stream_save(struct ctx *cx, const struct box_stream *s)
{
    ASSERT(s->n_waiting >= 0 && s->n_sent >= 0);
    return q_box_stream_set(cx, NULL, .id = s->id, .way = s->way, .last_seq = s->last_seq,
                            .sent_seq = s->sent_seq, .n_waiting = s->n_waiting,
                            .n_bytes = s->n_bytes, .n_sent = s->n_sent, .is_queued = s->is_queued,
                            .due_us = s->due_us, .n_failed = s->n_failed, .n_idle = s->n_idle,
                            .fault = s->fault, .down_us = s->down_us);
}

static void
whose(struct box_message *m, const struct box_stream *s)
{
    m->sender = s->sender;
    m->receiver = s->receiver;
    m->topic = s->topic;
}

enum err
box_rows_of(struct ctx *cx, const struct box_stream *s, const char *state, int64_t after,
            size_t max, struct box_message **ret, size_t *ret_n)
{
    struct q_box_message_next_list l;
    TRY(q_box_message_next(cx, &l, .stream_id = s->id, .state = str_of(state), .after_seq = after,
                           .limit_n = (int64_t)max));
    struct box_message *v = ARENA_ARRAY(cx->arena, struct box_message, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        v[i] = ROW_OF(l.v[i]);
        whose(&v[i], s);
    }
    *ret = v;
    *ret_n = l.n;
    return ERR_OK;
}

enum err
box_row_get(struct ctx *cx, int64_t id, struct box_message *ret, struct box_stream *ret_stream)
{
    struct q_box_message_get r;
    TRY(q_box_message_get(cx, &r, .id = id));
    TRY(box_stream_get(cx, r.stream_id, ret_stream));
    *ret = ROW_OF(r);
    whose(ret, ret_stream);
    return ERR_OK;
}

enum err
box_row_find(struct ctx *cx, const struct box_stream *s, struct str name, struct box_message *ret)
{
    struct q_box_message_find r;
    TRY(q_box_message_find(cx, &r, .stream_id = s->id, .name = name));
    *ret = ROW_OF(r);
    whose(ret, s);
    return ERR_OK;
}

enum err
box_row_add(struct ctx *cx, const struct box_stream *s, struct box_message *m)
{
    m->id = store_new_id(cx);
    TRY(q_box_message_insert(cx, NULL, .id = m->id, .stream_id = s->id, .seq = m->seq,
                             .name = m->name, .put_us = m->put_us, .type = m->type,
                             .issue = m->issue, .body = m->body, .hash = m->hash,
                             .n_bytes = m->n_bytes, .state = m->state, .fault = STR("")));
    for (size_t i = 0; i < m->n_files; i++) {
        const struct box_attach *f = &m->files[i];
        TRY(q_box_attach_insert(cx, NULL, .message_id = m->id, .place = (int64_t)i, .hash = f->hash,
                                .name = f->name, .type = f->type, .n_bytes = f->n_bytes));
    }
    return ERR_OK;
}

enum err
box_row_set(struct ctx *cx, const struct box_message *m, const struct box_change *c)
{
    bool is_open = strcmp(c->state, "waiting") == 0 || strcmp(c->state, "sent") == 0;
    return q_box_message_set(cx, NULL, .id = m->id, .seq = c->seq, .state = str_of(c->state),
                             .due_us = c->due_us, .tries = c->tries,
                             .fault = c->fault.p == NULL ? STR("") : c->fault,
                             .ended_us = is_open ? 0 : sys_now_us(cx));
}

enum err
box_files_of(struct ctx *cx, struct box_message *m)
{
    struct q_box_attach_of_list l;
    TRY(q_box_attach_of(cx, &l, .message_id = m->id, .limit_n = BOX_FILES_MAX));
    m->files = ARENA_ARRAY(cx->arena, struct box_attach, l.n + 1);
    m->n_files = l.n;
    for (size_t i = 0; i < l.n; i++) {
        m->files[i] = (struct box_attach){ l.v[i].hash, l.v[i].name, l.v[i].type, l.v[i].n_bytes };
    }
    return ERR_OK;
}

enum err
box_end(struct ctx *cx, struct box_stream *s, const struct box_message *m, const char *state,
        struct str why)
{
    const struct box_change c = { m->seq, 0, m->tries, state, why };
    if (str_eq(m->state, STR("waiting"))) {
        s->n_waiting--;
        s->n_bytes -= m->n_bytes;
    } else if (str_eq(m->state, STR("sent"))) {
        s->n_sent--;
    }
    TRY(box_row_set(cx, m, &c));
    return box_stream_save(cx, s);
}

enum err
box_note(struct ctx *cx, const char *kind, const struct box_stream *s, const struct box_message *m,
         struct str more)
{
    struct ledger_new e = { .kind = kind, .object = ledger_object(cx, "box_message", m->id) };
    e.note =
        str_fmt(cx->arena, STR_FMT " > " STR_FMT " " STR_FMT " %" PRId64 " " STR_FMT " " STR_FMT,
                STR_ARG(s->sender), STR_ARG(s->receiver), STR_ARG(s->topic), m->seq,
                STR_ARG(m->name), STR_ARG(more));
    return ledger_add(cx, &e);
}

enum err
box_queue(struct ctx *cx, struct box_stream *s)
{
    if (s->is_queued != 0) {
        return ERR_OK;
    }
    struct str id = str_fmt(cx->arena, "%" PRId64, s->id);
    s->is_queued = 1;
    TRY(store_outbox_put(cx, STR("box.send"), id,
                         str_fmt(cx->arena, "{\"line\":" STR_FMT "}", STR_ARG(id))));
    return box_stream_save(cx, s);
}

enum err
box_has_room(struct ctx *cx, const struct box_stream *s, int64_t n_bytes, bool *ret)
{
    struct q_box_room r = { .n = s->n_waiting, .n_bytes = s->n_bytes };
    if (!str_eq(s->way, STR("out"))) {
        TRY(q_box_room(cx, &r, .receiver = s->receiver));
    }
    *ret = r.n < BOX_WAITING_MAX && r.n_bytes + n_bytes <= BOX_WAITING_BYTES;
    return ERR_OK;
}

enum err
box_has_files(struct ctx *cx, struct str owner, struct box_message *m, bool *ret)
{
    *ret = true;
    m->n_bytes = (int64_t)m->body.n;
    for (size_t i = 0; i < m->n_files; i++) {
        struct q_box_file_get f;
        enum err e = q_box_file_get(cx, &f, .owner = owner, .hash = m->files[i].hash);
        if (e == ERR_NOT_FOUND) {
            *ret = false;
            return ERR_OK;
        }
        TRY(e);
        m->files[i].n_bytes = f.n_bytes;
        m->n_bytes += f.n_bytes;
    }
    return ERR_OK;
}
