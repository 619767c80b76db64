/* box_admin.c: what pages show and do: opening a box, lines, dead messages; keeping and expiry. */
#include "engine/box/box_int.h"

#define LIST_MAX   100
#define SWEEP_MAX  500
#define PARTS_US   (INT64_C(7) * 86400 * DATE_US_PER_S)
#define FILES_US   (INT64_C(2) * 86400 * DATE_US_PER_S)
#define HOUR_US    (INT64_C(3600) * DATE_US_PER_S)
#define TIMEOUT_MS 60000

/* The description of every box's service: agreements name its operations. */
static const char description[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Hộp thư\",\"version\":\"1\"},\"paths\":{"
    "\"/gui/{phan}\":{\"post\":{\"operationId\":\"gui\",\"summary\":\"Gửi tin vào hộp thư\","
    "\"parameters\":[{\"name\":\"phan\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
    "\"string\"}}],\"responses\":{\"200\":{\"description\":\"đã nhận\"}}}},"
    "\"/theo-doi\":{\"post\":{\"operationId\":\"theo-doi\",\"summary\":\"Theo dõi chủ đề của hệ "
    "thống này\",\"responses\":{\"200\":{\"description\":\"đã ghi\"}}}}}}";

struct open_job {
    struct exchange_service service;
    int64_t version;
};

static enum err
open_tx(struct ctx *cx, void *arg)
{
    struct open_job *j = arg;
    TRY(exchange_service_add(cx, &j->service));
    return exchange_service_import(cx, j->service.id, str_of(description), &j->version);
}

enum err
box_open(struct ctx *cx, int64_t subsystem, bool is_away, int64_t *ret_service)
{
    struct open_job j = { .service = { .subsystem_id = subsystem,
                                       .code = STR(EXCHANGE_BOX_CODE),
                                       .data_class = STR("personal"),
                                       .sla_ms = 1000,
                                       .sla_permille = 990,
                                       .timeout_ms = TIMEOUT_MS } };
    struct exchange_subsystem sub;
    TRY(exchange_subsystem_get(cx, subsystem, &sub));
    j.service.name = str_cat(cx->arena, STR("Hộp thư "), sub.name);
    j.service.endpoint = is_away ? STR(EXCHANGE_NODE_ENDPOINT) : STR(EXCHANGE_BOX_ENDPOINT);
    TRY(store_write(cx, open_tx, &j));
    *ret_service = j.service.id;
    return ERR_OK;
}

/* --- lists -------------------------------------------------------------------------------------
 */
#define LINE_OF(r)                                                                                 \
    (struct box_line)                                                                              \
    {                                                                                              \
        .id = (r).id, .last_seq = (r).last_seq, .n_waiting = (r).n_waiting,                        \
        .n_bytes = (r).n_bytes, .n_sent = (r).n_sent, .due_us = (r).due_us,                        \
        .n_failed = (r).n_failed, .down_us = (r).down_us, .sender = (r).sender,                    \
        .receiver = (r).receiver, .topic = (r).topic, .way = (r).way, .member = (r).member,        \
        .fault = (r).fault                                                                         \
    }

enum err
box_lines(struct ctx *cx, struct str path, int64_t after, struct box_line **ret, size_t *ret_n)
{
    struct q_box_stream_list_list all = { 0 };
    struct q_box_stream_between_list some = { 0 };
    if (str_is_empty(path)) {
        TRY(q_box_stream_list(cx, &all, .after = after, .limit_n = LIST_MAX));
    } else {
        TRY(q_box_stream_between(cx, &some, .path = path, .after = after, .limit_n = LIST_MAX));
    }
    struct box_line *v = ARENA_ARRAY(cx->arena, struct box_line, all.n + some.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        v[i] = LINE_OF(all.v[i]);
    }
    for (size_t i = 0; i < some.n; i++) {
        v[i] = LINE_OF(some.v[i]);
    }
    *ret = v;
    *ret_n = all.n + some.n;
    return ERR_OK;
}

enum err
box_line(struct ctx *cx, int64_t id, struct box_line *ret)
{
    struct box_stream s;
    TRY(box_stream_get(cx, id, &s));
    *ret = LINE_OF(s);
    return ERR_OK;
}

#define HEAD_OF(r)                                                                                 \
    (struct box_message)                                                                           \
    {                                                                                              \
        .id = (r).id, .seq = (r).seq, .put_us = (r).put_us, .n_bytes = (r).n_bytes,                \
        .tries = (r).tries, .ended_us = (r).ended_us, .name = (r).name, .type = (r).type,          \
        .issue = (r).issue, .state = (r).state, .fault = (r).fault                                 \
    }

enum err
box_heads(struct ctx *cx, int64_t line, int64_t before, struct box_message **ret, size_t *ret_n)
{
    struct q_box_message_heads_list l;
    TRY(q_box_message_heads(cx, &l, .stream_id = line, .before = before == 0 ? INT64_MAX : before,
                            .limit_n = LIST_MAX));
    struct box_message *v = ARENA_ARRAY(cx->arena, struct box_message, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        v[i] = HEAD_OF(l.v[i]);
    }
    *ret = v;
    *ret_n = l.n;
    return ERR_OK;
}

/* A head and between whom it went. */
static enum err
head_of(struct ctx *cx, int64_t stream, struct box_message head, struct box_message *ret)
{
    struct box_stream s;
    TRY(box_stream_get(cx, stream, &s));
    *ret = head;
    ret->sender = s.sender;
    ret->receiver = s.receiver;
    ret->topic = s.topic;
    return ERR_OK;
}

enum err
box_dead(struct ctx *cx, struct str path, const struct box_message *before,
         struct box_message **ret, size_t *ret_n)
{
    struct q_box_message_dead_list all = { 0 };
    struct q_box_message_dead_of_list some = { 0 };
    int64_t before_us = before->id == 0 ? INT64_MAX : before->ended_us;
    if (str_is_empty(path)) {
        TRY(q_box_message_dead(cx, &all, .before_us = before_us, .before = before->id,
                               .limit_n = LIST_MAX));
    } else {
        TRY(q_box_message_dead_of(cx, &some, .path = path, .before_us = before_us,
                                  .before = before->id, .limit_n = LIST_MAX));
    }
    struct box_message *v = ARENA_ARRAY(cx->arena, struct box_message, all.n + some.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        TRY(head_of(cx, all.v[i].stream_id, HEAD_OF(all.v[i]), &v[i]));
    }
    for (size_t i = 0; i < some.n; i++) {
        TRY(head_of(cx, some.v[i].stream_id, HEAD_OF(some.v[i]), &v[i]));
    }
    *ret = v;
    *ret_n = all.n + some.n;
    return ERR_OK;
}

enum err
box_head(struct ctx *cx, int64_t id, struct box_message *ret)
{
    struct box_stream s;
    TRY(box_row_get(cx, id, ret, &s));
    ret->body = STR_NULL;
    return box_files_of(cx, ret);
}

enum err
box_figures(struct ctx *cx, struct box_figures *ret)
{
    struct q_box_figures r;
    struct q_box_message_dead_n dead;
    TRY(q_box_figures(cx, &r));
    TRY(q_box_message_dead_n(cx, &dead));
    *ret = (struct box_figures){ r.n_waiting, r.n_leaving, r.n_sent, r.n_bytes,
                                 r.n_down,    r.down_us,   dead.n };
    return ERR_OK;
}

/* --- dead messages -----------------------------------------------------------------------------
 */
struct decide_job {
    int64_t id;
    struct str why;
    bool is_back;
};

/* One that has to travel gets a number after all that went before; in a box it takes its old place.
 */
static enum err
back(struct ctx *cx, struct box_stream *s, struct box_message *m)
{
    bool is_out = str_eq(s->way, STR("out"));
    struct box_change c = { is_out ? ++s->last_seq : m->seq, 0, 0, "waiting", STR("") };
    TRY(box_row_set(cx, m, &c));
    s->n_waiting++;
    s->n_bytes += m->n_bytes;
    s->due_us = 0;
    return is_out ? box_queue(cx, s) : ERR_OK;
}

static enum err
decide_tx(struct ctx *cx, void *arg)
{
    const struct decide_job *j = arg;
    struct box_message m;
    struct box_stream s;
    TRY(box_row_get(cx, j->id, &m, &s));
    if (!str_eq(m.state, STR("dead"))) {
        return err_set(cx, ERR_CONFLICT, "the message is " STR_FMT, STR_ARG(m.state));
    }
    if (j->is_back) {
        TRY(back(cx, &s, &m));
        TRY(box_stream_save(cx, &s));
        return box_note(cx, "box.put_back", &s, &m, j->why);
    }
    TRY(box_end(cx, &s, &m, "dropped", j->why));
    return box_note(cx, "box.dropped", &s, &m, j->why);
}

static enum err
decide(struct ctx *cx, int64_t id, struct str why, bool is_back)
{
    struct decide_job j = { id, str_trim(why), is_back };
    if (str_is_empty(j.why)) {
        ctx_problem(cx, STR("why"), STR("exchange.why_missing"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return store_write(cx, decide_tx, &j);
}

enum err
box_put_back(struct ctx *cx, int64_t id, struct str why)
{
    return decide(cx, id, why, true);
}

enum err
box_drop(struct ctx *cx, int64_t id, struct str why)
{
    return decide(cx, id, why, false);
}

static enum err
try_tx(struct ctx *cx, void *arg)
{
    const struct str *member = arg;
    return q_box_stream_wake(cx, NULL, .member = *member, .now_us = sys_now_us(cx));
}

enum err
box_try(struct ctx *cx, struct str member)
{
    return store_write(cx, try_tx, &member);
}

/* --- keeping and expiry ------------------------------------------------------------------------
 */
struct keep_job {
    int64_t now_us;
    size_t n;
};

static enum err
drop_ended(struct ctx *cx, struct keep_job *j, const char *state)
{
    struct q_box_message_ended_list l;
    TRY(q_box_message_ended(cx, &l, .state = str_of(state), .before_us = j->now_us - BOX_KEEP_US,
                            .limit_n = SWEEP_MAX));
    for (size_t i = 0; i < l.n; i++) {
        TRY(q_box_attach_drop(cx, NULL, .message_id = l.v[i].id));
        TRY(q_box_message_drop(cx, NULL, .id = l.v[i].id));
    }
    j->n += l.n;
    return ERR_OK;
}

static enum err
expire(struct ctx *cx, struct keep_job *j)
{
    struct q_box_message_old_list l;
    TRY(q_box_message_old(cx, &l, .state = STR("waiting"), .before_us = j->now_us - BOX_EXPIRE_US,
                          .limit_n = SWEEP_MAX));
    for (size_t i = 0; i < l.n; i++) {
        struct box_message m;
        struct box_stream s;
        TRY(box_row_get(cx, l.v[i].id, &m, &s));
        TRY(box_end(cx, &s, &m, "dead", STR("expired")));
        TRY(box_note(cx, "box.dead", &s, &m, STR("expired")));
    }
    j->n += l.n;
    return ERR_OK;
}

/* Files that no message names any more go; the others are looked at again after as long. */
static enum err
sweep_files(struct ctx *cx, struct keep_job *j)
{
    struct q_box_file_old_list l;
    struct q_box_attach_any used;
    TRY(q_box_file_old(cx, &l, .before_us = j->now_us - FILES_US, .limit_n = SWEEP_MAX));
    for (size_t i = 0; i < l.n; i++) {
        enum err e = q_box_attach_any(cx, &used, .hash = l.v[i].hash);
        if (e == ERR_OK) {
            e = q_box_file_seen(cx, NULL, .id = l.v[i].id, .at_us = j->now_us);
        } else if (e == ERR_NOT_FOUND) {
            e = q_box_file_drop(cx, NULL, .id = l.v[i].id);
        }
        TRY(e);
    }
    j->n += l.n;
    return ERR_OK;
}

static enum err
keep_tx(struct ctx *cx, void *arg)
{
    struct keep_job *j = arg;
    j->n = 0;
    TRY(drop_ended(cx, j, "taken"));
    TRY(drop_ended(cx, j, "dropped"));
    TRY(expire(cx, j));
    return j->n != 0 ? ERR_OK : sweep_files(cx, j);
}

enum err
box_on_keep(struct ctx *cx, int64_t *ret_again_us)
{
    struct keep_job j = { .now_us = sys_now_us(cx), .n = 1 };
    while (j.n != 0) {
        TRY(store_write(cx, keep_tx, &j));
    }
    *ret_again_us = HOUR_US;
    return box_parts_sweep(cx, j.now_us - PARTS_US);
}

const struct jobs_topic box_topics[] = {
    { STR_INIT("box.send"), box_on_send },
    { { NULL, 0 }, NULL },
};

const struct jobs_timed box_timed[] = {
    { STR_INIT("box.lines"), box_on_lines },
    { STR_INIT("box.keep"), box_on_keep },
    { { NULL, 0 }, NULL },
};
