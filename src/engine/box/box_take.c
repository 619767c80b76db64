/* box_take.c: a program fetches what is in its box, acknowledges or refuses it. What is fetched is
 * hidden for a while and holds what comes behind it in its line. */
#include "engine/box/box_int.h"

struct fetch_job {
    struct str who;
    struct box_message *v;
    size_t n, max, n_bytes;
};

static enum err
give_up(struct ctx *cx, struct box_stream *s, const struct box_message *m)
{
    TRY(box_end(cx, s, m, "dead", STR("not_acknowledged")));
    return box_note(cx, "box.dead", s, m, STR("not_acknowledged"));
}

static enum err
take_line(struct ctx *cx, struct fetch_job *j, struct box_stream *s)
{
    struct box_message *rows = NULL;
    size_t n = 0;
    int64_t now_us = sys_now_us(cx);
    TRY(box_rows_of(cx, s, "waiting", 0, j->max - j->n, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct box_message *m = &rows[i];
        bool is_large = j->n != 0 && j->n_bytes + m->body.n > BOX_FETCH_BYTES;
        if (m->due_us > now_us || is_large) {
            break; /* fetched and not acknowledged yet: what is behind it waits */
        }
        if (m->tries >= BOX_TRIES_MAX) {
            TRY(give_up(cx, s, m));
            continue;
        }
        const struct box_change c = { m->seq, now_us + box_lease_us(m->tries), m->tries + 1,
                                      "waiting", STR("") };
        TRY(box_row_set(cx, m, &c));
        TRY(box_files_of(cx, m));
        m->tries++;
        j->n_bytes += m->body.n;
        j->v[j->n++] = *m;
    }
    return ERR_OK;
}

static enum err
fetch_tx(struct ctx *cx, void *arg)
{
    struct fetch_job *j = arg;
    struct q_box_stream_full_list lines;
    j->n = 0;
    j->n_bytes = 0;
    TRY(q_box_stream_full(cx, &lines, .receiver = j->who, .limit_n = BOX_LINES_MAX));
    for (size_t i = 0; i < lines.n && j->n < j->max && j->n_bytes < BOX_FETCH_BYTES; i++) {
        struct box_stream s;
        TRY(box_stream_get(cx, lines.v[i].id, &s));
        TRY(take_line(cx, j, &s));
    }
    return ERR_OK;
}

enum err
box_fetch(struct ctx *cx, struct str who, size_t max, struct box_message **ret, size_t *ret_n)
{
    struct fetch_job j = { .who = who,
                           .max = max == 0 || max > BOX_FETCH_MAX ? BOX_FETCH_MAX : max };
    struct q_box_stream_full_list lines;
    *ret_n = 0;
    TRY(q_box_stream_full(cx, &lines, .receiver = who, .limit_n = 1));
    if (lines.n == 0) {
        return ERR_OK; /* an empty box costs no write */
    }
    j.v = ARENA_ARRAY(cx->arena, struct box_message, j.max);
    TRY(store_write(cx, fetch_tx, &j));
    *ret = j.v;
    *ret_n = j.n;
    return ERR_OK;
}

/* --- its end -----------------------------------------------------------------------------------
 */
struct end_job {
    struct str who, why;
    int64_t id;
    const char *state;
};

/* ERR_NOT_FOUND, ERR_CONFLICT: nothing was written. */
static enum err
end_tx(struct ctx *cx, void *arg)
{
    const struct end_job *j = arg;
    struct box_message m;
    struct box_stream s;
    bool is_refusal = strcmp(j->state, "dead") == 0;
    TRY(box_row_get(cx, j->id, &m, &s));
    if (!str_eq(s.receiver, j->who) || str_eq(s.way, STR("out"))) {
        return err_set(cx, ERR_NOT_FOUND, "no such message in this box");
    }
    if (str_eq(m.state, str_of(j->state))) {
        return ERR_OK;
    }
    if (!str_eq(m.state, STR("waiting"))) {
        return err_set(cx, ERR_CONFLICT, "the message is " STR_FMT, STR_ARG(m.state));
    }
    TRY(box_end(cx, &s, &m, j->state, j->why));
    return box_note(cx, is_refusal ? "box.refused" : "box.taken", &s, &m, STR(""));
}

enum err
box_acknowledge(struct ctx *cx, struct str who, int64_t id)
{
    struct end_job j = { who, STR(""), id, "taken" };
    return store_write(cx, end_tx, &j);
}

struct acks_job {
    struct str who;
    struct box_ack *v;
    size_t n;
};

static enum err
acks_tx(struct ctx *cx, void *arg)
{
    const struct acks_job *l = arg;
    for (size_t i = 0; i < l->n; i++) {
        struct end_job j = { l->who, STR(""), l->v[i].id, "taken" };
        enum err e = end_tx(cx, &j);
        if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_CONFLICT) {
            return e;
        }
        l->v[i].e = e;
        l->v[i].text = e == ERR_OK ? STR("") : str_dup(cx->arena, str_of(cx->err.text));
    }
    return ERR_OK;
}

enum err
box_acknowledge_list(struct ctx *cx, struct str who, struct box_ack *v, size_t n)
{
    struct acks_job j = { who, v, n };
    return store_write(cx, acks_tx, &j);
}

enum err
box_refuse(struct ctx *cx, struct str who, int64_t id, struct str why)
{
    struct str reason = str_trim(why);
    if (reason.n == 0 || reason.n > 500 || !str_is_utf8(reason)) {
        return err_set(cx, ERR_INVALID, "\"reason\" is 1 to 500 bytes");
    }
    struct end_job j = { who, str_cat(cx->arena, STR(BOX_REFUSED), reason), id, "dead" };
    return store_write(cx, end_tx, &j);
}

enum err
box_sent(struct ctx *cx, struct str who, struct str to, struct str topic, struct str name,
         struct box_message *ret)
{
    struct box_stream s;
    TRY(box_stream_find(cx, who, to, topic.p == NULL ? STR("") : topic, &s));
    TRY(box_row_find(cx, &s, name, ret));
    return box_files_of(cx, ret);
}
