/* box_in.c: what other installations bring: batches, parts of files, readers of topics. Verified
 * and under an agreement before it comes here (engine/node, exchange_forward). */
#include "codec/form.h"
#include "codec/json.h"
#include "codec/url.h"
#include "engine/box/box_int.h"

#define ENDED_EACH 60
#define QUERY_MAX  8

struct in_job {
    struct str sender, receiver;
    struct box_batch batch;
    struct box_answer answer;
};

/* One message; false in *ret_on: no more of this batch. */
static enum err
take_one(struct ctx *cx, struct in_job *j, struct box_stream *s, struct box_message *m,
         int64_t prev, bool *ret_on)
{
    struct box_message have;
    bool is_fine = false;
    *ret_on = false;
    enum err e = box_row_find(cx, s, m->name, &have);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool is_known = e == ERR_OK;
    if (m->seq <= s->last_seq) {
        *ret_on = is_known;
        j->answer.word = is_known ? j->answer.word : STR("renumber");
        return ERR_OK;
    }
    if (prev < s->last_seq && !is_known) {
        j->answer.word = STR("renumber"); /* numbers were given to others meanwhile */
        return ERR_OK;
    }
    if (prev > s->last_seq) {
        j->answer.word = STR("gap");
        return ERR_OK;
    }
    if (!is_known) {
        TRY(box_has_files(cx, j->sender, m, &is_fine));
        if (!is_fine) {
            j->answer.word = STR("files");
            return ERR_OK;
        }
        TRY(box_has_room(cx, s, m->n_bytes, &is_fine));
        if (!is_fine) {
            j->answer.word = STR("full");
            return ERR_OK;
        }
        m->hash = box_hash(cx->arena, m);
        m->state = STR("waiting");
        TRY(box_row_add(cx, s, m));
        s->n_waiting++;
        s->n_bytes += m->n_bytes;
        TRY(box_note(cx, "box.came", s, m, STR("")));
    }
    s->last_seq = m->seq;
    *ret_on = true;
    return ERR_OK;
}

static enum err
add_ended(struct ctx *cx, struct in_job *j, const struct box_stream *s, const char *state)
{
    struct q_box_message_range_list l;
    TRY(q_box_message_range(cx, &l, .stream_id = s->id, .state = str_of(state),
                            .after_seq = j->batch.after, .to_seq = s->last_seq,
                            .limit_n = ENDED_EACH));
    for (size_t i = 0; i < l.n; i++) {
        bool is_dead = str_eq(l.v[i].state, STR("dead"));
        j->answer.v[j->answer.n++] =
            (struct box_ended){ l.v[i].seq, is_dead ? STR("refused") : l.v[i].state, l.v[i].fault };
    }
    return ERR_OK;
}

static enum err
batch_tx(struct ctx *cx, void *arg)
{
    struct in_job *j = arg;
    struct box_stream s;
    bool is_on = true;
    j->answer = (struct box_answer){ .word = STR("ok") };
    j->answer.v = ARENA_ARRAY(cx->arena, struct box_ended, (size_t)3 * ENDED_EACH);
    TRY(box_stream_need(cx, j->sender, j->receiver, j->batch.topic, "in", &s));
    int64_t prev = j->batch.prev;
    if (prev > s.last_seq) {
        j->answer.word = STR("gap");
        is_on = false;
    }
    for (size_t i = 0; i < j->batch.n && is_on; i++) {
        TRY(take_one(cx, j, &s, &j->batch.v[i], prev, &is_on));
        prev = j->batch.v[i].seq;
    }
    TRY(box_stream_save(cx, &s));
    TRY(add_ended(cx, j, &s, "taken"));
    TRY(add_ended(cx, j, &s, "dropped"));
    TRY(add_ended(cx, j, &s, "dead"));
    j->answer.have = s.last_seq;
    /* who can reach us can be reached: our own lines to that member are tried at once */
    return q_box_stream_wake(cx, NULL, .member = box_member_of(j->sender),
                             .now_us = sys_now_us(cx));
}

static enum err
on_batch(struct ctx *cx, struct in_job *j, const struct exchange_request *rq, struct str *ret)
{
    if (!box_batch_read(cx->arena, rq->body, &j->batch)) {
        return err_set(cx, ERR_BAD_REQUEST, "the batch is malformed");
    }
    TRY(store_write(cx, batch_tx, j));
    *ret = box_answer_write(cx->arena, &j->answer);
    return ERR_OK;
}

static enum err
on_part(struct ctx *cx, struct in_job *j, const struct exchange_request *rq, struct str *ret)
{
    struct url_pair *v = NULL;
    struct form_limits limits = { .pairs_max = QUERY_MAX };
    struct box_part p = { .bytes = rq->body.p == NULL ? STR("") : rq->body };
    size_t n = 0;
    int64_t have = 0;
    if (form_parse(cx->arena, rq->query, limits, &v, &n) != ERR_OK ||
        !str_to_i64(url_query_get(v, n, STR("o")), 0, BOX_FILE_BYTES, &p.at) ||
        !str_to_i64(url_query_get(v, n, STR("n")), 1, BOX_FILE_BYTES, &p.total)) {
        return err_set(cx, ERR_BAD_REQUEST, "the part is malformed");
    }
    p.hash = url_query_get(v, n, STR("h"));
    TRY(box_file_part(cx, j->sender, &p, &have));
    *ret = str_fmt(cx->arena, "{\"have\":%" PRId64 "}", have);
    return ERR_OK;
}

static enum err
on_reader(struct ctx *cx, struct in_job *j, const struct exchange_request *rq, struct str *ret)
{
    struct json *body = NULL;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, rq->body, limits, &body, NULL) != ERR_OK ||
        !box_is_name(json_text(body, "topic"))) {
        return err_set(cx, ERR_BAD_REQUEST, "the subscription is malformed");
    }
    TRY(box_sub_set(cx, j->sender, j->receiver, json_text(body, "topic"),
                    json_flag(body, "on", true)));
    *ret = STR("{}");
    return ERR_OK;
}

static enum err
answer(struct ctx *cx, const struct exchange_request *rq, struct exchange_answer *ret)
{
    struct in_job j = { .sender = rq->consumer };
    struct str body = STR("{}");
    enum err e = ERR_NOT_FOUND;
    struct str path = rq->path.p == NULL ? STR("") : rq->path;
    j.receiver = str_slice(rq->service, 0, rq->service.n - strlen(BOX_SERVICE));
    if (strcmp(rq->way, "node") != 0) {
        e = err_set(cx, ERR_NOT_FOUND, "boxes have an address of their own: /boxes");
    } else if (str_eq(path, STR("/gui/tin"))) {
        e = on_batch(cx, &j, rq, &body);
    } else if (str_eq(path, STR("/gui/tep"))) {
        e = on_part(cx, &j, rq, &body);
    } else if (str_eq(path, STR("/theo-doi"))) {
        e = on_reader(cx, &j, rq, &body);
    }
    bool is_theirs = e == ERR_BAD_REQUEST || e == ERR_INVALID || e == ERR_NOT_FOUND;
    if (e != ERR_OK && !is_theirs) {
        return ERR_UPSTREAM; /* not now: the other side tries again */
    }
    ret->status = e == ERR_OK ? 200 : 400;
    ret->body = body;
    ret->content_type = STR("application/json");
    return ERR_OK;
}

const struct exchange_own box_own = { answer };
