/* box_out.c: lines to other installations. An outbox entry "box.send" says that a line has work;
 * the line's row says how far it is and when to try next. */
#include "codec/json.h"
#include "codec/url.h"
#include "engine/box/box_int.h"
#include "net/client.h"

#define TURNS_MAX    16 /* batches in one run of the job: other lines want the thread too */
#define FOLLOW_MAX   500
#define AGAIN_US     DATE_US_PER_S
#define DUE_MAX      100
#define CALL_MS      65000 /* above what the gate itself waits */
#define FAULT_MAX    120
#define CALL_HEADERS 5

/* --- a signed call -----------------------------------------------------------------------------
 */
static struct str
uuid(struct ctx *cx)
{
    unsigned char b[16];
    sys_random_bytes(cx, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0fU) | 0x40U);
    b[8] = (unsigned char)((b[8] & 0x3fU) | 0x80U);
    return str_fmt(cx->arena,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

/* Did it not get there, or did somebody there refuse it? */
static bool
is_line_fault(int status, struct str error)
{
    return status == 503 || (status >= 500 && str_is_empty(error)) ||
           str_find(error, STR("NetworkError")) < error.n ||
           str_find(error, STR("LoggingFailed")) < error.n ||
           str_find(error, STR("ServiceFailed")) < error.n;
}

enum err
box_call(struct ctx *cx, const struct box_call *c, struct str *ret_body)
{
    struct client_response rs;
    if (cx->gate == NULL) {
        return err_set(cx, ERR_UPSTREAM, "no signed exchange here");
    }
    struct http_header headers[CALL_HEADERS] = {
        { STR("Host"), cx->gate->host },   { STR("X-Road-Client"), c->from },
        { STR("X-Road-Id"), uuid(cx) },    { STR("X-Road-Request-Id"), uuid(cx) },
        { STR("X-Road-Issue"), c->issue },
    };
    struct client_request rq = { .method = STR("POST"),
                                 .headers = headers,
                                 .n_headers =
                                     str_is_empty(c->issue) ? CALL_HEADERS - 1 : CALL_HEADERS,
                                 .content_type = c->type,
                                 .body = c->body,
                                 .timeout_ms = CALL_MS,
                                 .body_max_bytes = BOX_ENVELOPE_BYTES };
    rq.url =
        str_fmt(cx->arena, "http://127.0.0.1:%d/r1/" STR_FMT BOX_SERVICE "/" STR_FMT "%s" STR_FMT,
                cx->gate->port, STR_ARG(c->to), STR_ARG(c->what), str_is_empty(c->query) ? "" : "?",
                STR_ARG(c->query));
    TRY(client_call(cx, &rq, &rs));
    struct str error = client_header_get(&rs, STR("X-Road-Error"));
    if (rs.status == 200) {
        *ret_body = rs.body;
        return ERR_OK;
    }
    return is_line_fault(rs.status, error)
               ? err_set(cx, ERR_UPSTREAM, STR_FMT " (%d)", STR_ARG(error), rs.status)
               : err_set(cx, ERR_FORBIDDEN, STR_FMT, STR_ARG(error));
}

/* --- files first -------------------------------------------------------------------------------
 */
static enum err
send_part(struct ctx *cx, const struct box_stream *s, const struct box_attach *f, struct str bytes,
          int64_t *at)
{
    struct str answer;
    struct json *j = NULL;
    struct json_limits limits = { 0 };
    struct box_call c = { .from = s->sender,
                          .to = s->receiver,
                          .what = STR("gui/tep"),
                          .type = STR("application/octet-stream"),
                          .body = bytes };
    c.query = str_fmt(cx->arena, "h=" STR_FMT "&o=%" PRId64 "&n=%" PRId64, STR_ARG(f->hash), *at,
                      f->n_bytes);
    TRY(box_call(cx, &c, &answer));
    if (json_parse(cx->arena, answer, limits, &j, NULL) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "answer to a part of a file");
    }
    int64_t have = json_int(j, "have", -1);
    if (have < 0 || have > f->n_bytes) {
        return err_set(cx, ERR_UPSTREAM, "answer to a part of a file");
    }
    *at = have;
    return ERR_OK;
}

static enum err
send_file(struct ctx *cx, const struct box_stream *s, const struct box_attach *f)
{
    struct str path;
    int64_t at = 0;
    enum err e = blobs_path(cx, f->hash, &path);
    if (e == ERR_NOT_FOUND) {
        return err_set(cx, ERR_CONFLICT, "file " STR_FMT " is not here", STR_ARG(f->hash));
    }
    TRY(e);
    TRY(send_part(cx, s, f, STR(""), &at)); /* where it stopped last time */
    struct arena *arena = cx->arena;
    struct arena *own = arena_open(0); /* 100 MB pass through one part's memory */
    cx->arena = own;
    while (e == ERR_OK && at < f->n_bytes) {
        struct str part;
        e = sys_file_part(cx, path, at, BOX_PART_BYTES, &part);
        e = e == ERR_OK ? send_part(cx, s, f, part, &at) : e;
        arena_reset(own);
    }
    cx->arena = arena;
    arena_close(own);
    return e;
}

/* --- a batch -----------------------------------------------------------------------------------
 */
struct turn {
    struct box_stream s;
    struct box_batch batch;
    struct box_answer answer;
    struct str fault;
    bool is_on; /* there is more to send now */
};

/* What waits, as far as it fits; nothing waits: only asks what became of what was sent. */
static enum err
collect(struct ctx *cx, struct turn *t)
{
    struct box_message *sent = NULL;
    struct box_batch *b = &t->batch;
    size_t n_sent = 0;
    size_t n_bytes = 0;
    size_t n = 0;
    TRY(box_rows_of(cx, &t->s, "waiting", 0, BOX_BATCH_MAX, &b->v, &b->n));
    TRY(box_rows_of(cx, &t->s, "sent", 0, 1, &sent, &n_sent));
    for (; n < b->n && (n == 0 || n_bytes + b->v[n].body.n <= BOX_BATCH_BYTES); n++) {
        n_bytes += b->v[n].body.n;
        TRY(box_files_of(cx, &b->v[n]));
    }
    b->n = n;
    b->topic = t->s.topic;
    b->prev = t->s.sent_seq;
    b->after = n_sent == 0 ? t->s.sent_seq : sent[0].seq - 1;
    return ERR_OK;
}

static enum err
deliver(struct ctx *cx, struct turn *t)
{
    struct str answer;
    for (size_t i = 0; i < t->batch.n; i++) {
        for (size_t k = 0; k < t->batch.v[i].n_files; k++) {
            TRY(send_file(cx, &t->s, &t->batch.v[i].files[k]));
        }
    }
    struct box_call c = { .from = t->s.sender,
                          .to = t->s.receiver,
                          .what = STR("gui/tin"),
                          .type = STR("application/json"),
                          .issue = t->batch.n == 0 ? STR("") : t->batch.v[0].issue };
    c.body = box_batch_write(cx->arena, &t->batch);
    TRY(box_call(cx, &c, &answer));
    return box_answer_read(cx->arena, answer, &t->answer)
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, "the answer is malformed");
}

/* --- what the answer means ---------------------------------------------------------------------
 */
static enum err
to_sent(struct ctx *cx, struct turn *t)
{
    for (size_t i = 0; i < t->batch.n && t->batch.v[i].seq <= t->answer.have; i++) {
        struct box_message m;
        enum err e = box_row_find(cx, &t->s, t->batch.v[i].name, &m);
        if (e == ERR_NOT_FOUND) {
            continue;
        }
        TRY(e);
        if (!str_eq(m.state, STR("waiting"))) {
            continue;
        }
        const struct box_change c = { m.seq, 0, 0, "sent", STR("") };
        TRY(box_row_set(cx, &m, &c));
        t->s.n_waiting--;
        t->s.n_bytes -= m.n_bytes;
        t->s.n_sent++;
    }
    t->s.sent_seq = t->answer.have;
    return ERR_OK;
}

/* The other side has less than it had: what it may have lost goes again. */
static enum err
go_back(struct ctx *cx, struct turn *t)
{
    struct box_message *v = NULL;
    size_t n = 0;
    TRY(box_rows_of(cx, &t->s, "sent", t->answer.have, FOLLOW_MAX, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const struct box_change c = { v[i].seq, 0, 0, "waiting", STR("") };
        TRY(box_row_set(cx, &v[i], &c));
        t->s.n_sent--;
        t->s.n_waiting++;
        t->s.n_bytes += v[i].n_bytes;
    }
    struct box_message none = { .id = 0, .seq = t->answer.have, .name = STR("") };
    t->s.sent_seq = n == FOLLOW_MAX ? t->s.sent_seq : t->answer.have;
    return box_note(cx, "box.gap", &t->s, &none, str_fmt(cx->arena, "%zu", n));
}

/* The other side has numbers that this one gave to other messages: this store is an old copy. */
static enum err
renumber(struct ctx *cx, struct turn *t)
{
    struct q_box_message_range_list l;
    int64_t last = t->answer.have > t->s.last_seq ? t->answer.have : t->s.last_seq;
    TRY(q_box_message_range(cx, &l, .stream_id = t->s.id, .state = STR("waiting"),
                            .to_seq = INT64_MAX, .limit_n = BOX_WAITING_MAX));
    for (size_t i = 0; i < l.n; i++) {
        const struct box_message m = { .id = l.v[i].id };
        const struct box_change c = { ++last, 0, 0, "waiting", STR("") };
        TRY(box_row_set(cx, &m, &c));
    }
    struct box_message none = { .id = 0, .seq = t->answer.have, .name = STR("") };
    t->s.last_seq = last;
    t->s.sent_seq = t->answer.have;
    return box_note(cx, "box.renumbered", &t->s, &none, str_fmt(cx->arena, "%zu", l.n));
}

static enum err
note_ends(struct ctx *cx, struct turn *t)
{
    for (size_t i = 0; i < t->answer.n; i++) {
        const struct box_ended *e = &t->answer.v[i];
        struct box_message *v = NULL;
        size_t n = 0;
        TRY(box_rows_of(cx, &t->s, "sent", e->seq - 1, 1, &v, &n));
        if (n == 0 || v[0].seq != e->seq) {
            continue;
        }
        if (str_eq(e->state, STR("refused"))) { /* there it waits for a person's decision */
            const struct box_change c = { e->seq, 0, 0, "sent", e->why };
            TRY(box_row_set(cx, &v[0], &c));
            continue;
        }
        bool is_taken = str_eq(e->state, STR("taken"));
        TRY(box_end(cx, &t->s, &v[0], is_taken ? "taken" : "dropped", e->why));
        t->s.n_idle = 0;
    }
    return ERR_OK;
}

/* The line is good again: the member's other lines follow. */
static enum err
revive(struct ctx *cx, const struct box_stream *first)
{
    struct q_box_stream_of_member_list l;
    TRY(q_box_stream_of_member(cx, &l, .member = first->member, .limit_n = FOLLOW_MAX));
    for (size_t i = 0; i < l.n; i++) {
        struct box_stream s;
        TRY(box_stream_get(cx, l.v[i].id, &s));
        if (s.id == first->id || !str_eq(s.fault, STR("line"))) {
            continue;
        }
        s.due_us = s.n_failed = s.down_us = 0;
        s.fault = STR("");
        TRY(box_queue(cx, &s));
    }
    return ERR_OK;
}

/* How the line stands after an answer, and when it is next looked at. */
static void
settle(const struct ctx *cx, struct turn *t, bool is_stuck)
{
    int64_t now_us = sys_now_us(cx);
    struct box_stream *s = &t->s;
    t->is_on = s->n_waiting > 0 && !is_stuck;
    if (is_stuck) {
        s->due_us = now_us + box_retry_us(cx, s->n_failed++);
        s->down_us = s->down_us == 0 ? now_us : s->down_us;
        s->fault = t->answer.word;
        return;
    }
    s->n_failed = s->down_us = 0;
    s->fault = STR("");
    s->due_us = t->is_on ? 0 : now_us + box_idle_us(cx, s->n_idle);
    s->n_idle = t->batch.n != 0 ? 0 : s->n_idle + 1;
}

static enum err
answered_tx(struct ctx *cx, void *arg)
{
    struct turn *t = arg;
    struct str word = t->answer.word;
    TRY(box_stream_get(cx, t->s.id, &t->s)); /* as it is now: more may have been put */
    bool was_down = t->s.n_failed > 0;
    bool is_stuck = str_eq(word, STR("full")) || str_eq(word, STR("files"));
    if (str_eq(word, STR("gap"))) {
        TRY(go_back(cx, t));
    } else if (str_eq(word, STR("renumber"))) {
        TRY(renumber(cx, t));
    } else {
        TRY(to_sent(cx, t));
    }
    TRY(note_ends(cx, t));
    settle(cx, t, is_stuck);
    TRY(box_stream_save(cx, &t->s));
    return was_down && !is_stuck ? revive(cx, &t->s) : ERR_OK;
}

/* --- when it did not get there -----------------------------------------------------------------
 */
static enum err
failed_tx(struct ctx *cx, void *arg)
{
    const struct turn *t = arg;
    struct box_stream s;
    int64_t now_us = sys_now_us(cx);
    TRY(box_stream_get(cx, t->s.id, &s));
    int64_t due_us = now_us + box_retry_us(cx, s.n_failed);
    if (str_eq(t->fault, STR("line"))) {
        return q_box_stream_down(cx, NULL, .member = s.member, .due_us = due_us, .now_us = now_us);
    }
    s.fault = t->fault;
    s.n_failed++;
    s.due_us = due_us;
    s.down_us = s.down_us == 0 ? now_us : s.down_us;
    return box_stream_save(cx, &s);
}

static enum err
failed(struct ctx *cx, struct turn *t, enum err e)
{
    bool is_line = e == ERR_UPSTREAM || e == ERR_DEADLINE || e == ERR_RATE;
    struct str text = str_of(cx->err.text);
    t->is_on = false;
    t->fault =
        is_line ? STR("line")
                : str_dup(cx->arena, str_slice(text, 0, text.n < FAULT_MAX ? text.n : FAULT_MAX));
    return store_write(cx, failed_tx, t);
}

static enum err
turn(struct ctx *cx, int64_t line, struct turn *t)
{
    *t = (struct turn){ .fault = STR("") };
    TRY(box_stream_get(cx, line, &t->s));
    bool has_work = t->s.n_waiting > 0 || t->s.n_sent > 0;
    if (!has_work || t->s.due_us > sys_now_us(cx) || !str_eq(t->s.way, STR("out"))) {
        return ERR_OK;
    }
    TRY(collect(cx, t));
    enum err e = deliver(cx, t);
    if (e == ERR_STORE || e == ERR_IO || e == ERR_DISK_FULL) {
        return e; /* ours: the entry is tried again */
    }
    return e == ERR_OK ? store_write(cx, answered_tx, t) : failed(cx, t, e);
}

static enum err
begin_tx(struct ctx *cx, void *arg)
{
    struct box_stream s;
    TRY(box_stream_get(cx, *(const int64_t *)arg, &s));
    s.is_queued = 0;
    return box_stream_save(cx, &s);
}

static enum err
again_tx(struct ctx *cx, void *arg)
{
    struct box_stream s;
    TRY(box_stream_get(cx, *(const int64_t *)arg, &s));
    return box_queue(cx, &s);
}

enum err
box_on_send(struct ctx *cx, struct str key, struct str payload)
{
    int64_t line = 0;
    struct turn t = { .is_on = true };
    (void)payload;
    if (!str_to_i64(key, 1, INT64_MAX, &line)) {
        return err_set(cx, ERR_BAD_REQUEST, "not a line");
    }
    TRY(store_write(cx, begin_tx, &line));
    for (int i = 0; i < TURNS_MAX && t.is_on; i++) {
        TRY(turn(cx, line, &t));
    }
    return t.is_on ? store_write(cx, again_tx, &line) : ERR_OK;
}

enum err
box_on_lines(struct ctx *cx, int64_t *ret_again_us)
{
    struct q_box_stream_due_list l;
    *ret_again_us = AGAIN_US;
    TRY(q_box_stream_due(cx, &l, .now_us = sys_now_us(cx), .limit_n = DUE_MAX));
    for (size_t i = 0; i < l.n; i++) {
        TRY(store_write(cx, again_tx, &l.v[i].id));
    }
    return ERR_OK;
}
