/* node_keeper.c: one thread that follows the log: makes the index's rows, and time-stamps what has
 * come since the last stamp. The log is the record; rows are made from it, also after a crash. */
#include "engine/node/node_int.h"

#include "gen/q_node.h"

#define ROWS_MAX       200
#define PAUSE_NS       100000000L
#define COUNT_EVERY_US (INT64_C(60) * DATE_US_PER_S)

struct indexing {
    struct q_node_evidence_insert_in *v; /* messages */
    struct q_node_stamp_insert_in *stamps;
    size_t n, n_stamps;
    int64_t seq, segment, at;
};

/* What was signed, where the head alone stands in the record. */
static struct digest
signed_digest(struct ctx *cx, const struct node_stored *s)
{
    struct node_batch *b = ARENA_NEW(cx->arena, struct node_batch);
    uint32_t index = 0;
    return node_proof_read(s->proof, b, &index) ? b->v[index] : (struct digest){ 0 };
}

static void
message_row(struct ctx *cx, const struct node_record *r, struct indexing *x)
{
    struct node_stored s;
    struct node_message m;
    struct str empty = STR("");
    if (!node_stored_read(r->body, &s)) {
        return; /* the chain is whole, so we wrote it so: node_log_verify tells */
    }
    bool is_whole = s.form == NODE_WITH_BODY;
    bool is_read = is_whole ? node_message_read(s.message, s.kind, &m)
                            : node_message_read_head(s.message, s.kind, &m);
    struct digest d = is_whole ? digest_sha256(s.message) : signed_digest(cx, &s);
    x->v[x->n++] = (struct q_node_evidence_insert_in){
        .id = store_new_id(cx),
        .seq = (int64_t)r->seq,
        .at_us = r->at_us,
        .kind = s.kind == NODE_REQUEST ? STR("request") : STR("answer"),
        .way = s.way == 's' ? STR("sent") : STR("received"),
        .request_id = is_read ? m.request_id : empty,
        .message_id = is_read ? m.message_id : empty,
        .client = is_read ? m.client : empty,
        .service = is_read ? m.service : empty,
        .issue = is_read && m.issue.p != NULL ? m.issue : empty,
        .user_id = is_read && m.user_id.p != NULL ? m.user_id : empty,
        .peer = str_dup(cx->arena, s.peer),
        .status = m.status,
        .digest = digest_hex(cx->arena, &d),
        .n_bytes = (int64_t)s.message.n + (is_read && !is_whole ? m.body_bytes : 0),
        .has_body = s.form != NODE_HEAD_ONLY,
        .segment = r->segment,
        .at = r->at,
    };
}

/* A stamp's record says which messages it covers. */
static void
stamp_row(const struct node_record *r, struct indexing *x)
{
    struct node_stamp s;
    if (node_stamp_read(r->body, &s)) {
        x->stamps[x->n_stamps++] = (struct q_node_stamp_insert_in){ .to_seq = (int64_t)s.to_seq,
                                                                    .from_seq = (int64_t)s.from_seq,
                                                                    .at_us = r->at_us,
                                                                    .segment = r->segment,
                                                                    .at = r->at };
    }
}

static enum err
index_tx(struct ctx *cx, void *arg)
{
    const struct indexing *x = arg;
    for (size_t i = 0; i < x->n; i++) {
        TRY(q_node_evidence_insert_run(cx, NULL, &x->v[i]));
    }
    for (size_t i = 0; i < x->n_stamps; i++) {
        TRY(q_node_stamp_insert_run(cx, NULL, &x->stamps[i]));
    }
    return q_node_mark_set(cx, NULL, .seq = x->seq, .segment = x->segment, .at = x->at);
}

/* Reads on from the mark: at most ROWS_MAX records, only what is on the disk for sure. */
static enum err
read_some(struct ctx *cx, struct node *n, uint64_t durable, struct indexing *x)
{
    struct node_log_view view = { .fd = 0 };
    enum err e = ERR_OK;
    while (e == ERR_OK && (uint64_t)x->seq < durable && x->n + x->n_stamps < ROWS_MAX) {
        struct node_record r;
        e = node_log_view_read(cx, &view, n->dir, x->segment, x->at, &r);
        if (e == ERR_NOT_FOUND) {
            x->segment++;
            x->at = 0;
            e = ERR_OK;
            continue;
        }
        if (e != ERR_OK) {
            break;
        }
        if (r.type == NODE_MESSAGE) {
            message_row(cx, &r, x);
        } else if (r.type == NODE_STAMP) {
            stamp_row(&r, x);
        }
        x->seq = (int64_t)r.seq;
        x->at = r.next;
    }
    node_log_view_close(&view);
    return e;
}

static enum err
index_some(struct ctx *cx, struct node *n, bool *ret_more)
{
    uint64_t durable = node_log_seq(n->log);
    struct indexing x = { .seq = atomic_load(&n->index_seq),
                          .segment = n->index_segment,
                          .at = n->index_at };
    x.v = ARENA_ARRAY(cx->arena, struct q_node_evidence_insert_in, ROWS_MAX);
    x.stamps = ARENA_ARRAY(cx->arena, struct q_node_stamp_insert_in, ROWS_MAX);
    *ret_more = false;
    TRY(read_some(cx, n, durable, &x));
    if (x.seq == atomic_load(&n->index_seq)) {
        return ERR_OK;
    }
    TRY(store_write(cx, index_tx, &x));
    n->index_segment = x.segment;
    n->index_at = x.at;
    atomic_store(&n->index_seq, x.seq);
    *ret_more = (uint64_t)x.seq < durable;
    return ERR_OK;
}

/* Where the index stands, and which messages must not come again. */
enum err
node_keeper_begin(struct ctx *cx, struct node *n)
{
    struct q_node_mark_get mark = { .seq = 0, .segment = 0, .at = 0 };
    struct q_node_stamp_last last = { .to_seq = 0 };
    int64_t *segments = NULL;
    size_t n_segments = 0;
    enum err e = q_node_mark_get(cx, &mark);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(node_log_archived(cx, n->dir, &segments, &n_segments)); /* a fresh index begins there */
    if (n_segments == 0) {
        TRY(node_log_segments(cx, n->dir, &segments, &n_segments));
    }
    bool is_fresh = e == ERR_NOT_FOUND;
    n->index_segment = is_fresh ? (n_segments == 0 ? 1 : segments[0]) : mark.segment;
    n->index_at = is_fresh ? 0 : mark.at;
    atomic_store(&n->index_seq, is_fresh ? 0 : mark.seq);
    e = q_node_stamp_last(cx, &last);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    atomic_store(&n->stamped_us, last.at_us);
    for (bool is_more = true; is_more;) {
        TRY(index_some(cx, n, &is_more));
    }
    return node_seen_load(cx, n);
}

enum err
node_keep(struct ctx *cx, struct node *n)
{
    bool is_more = false;
    int64_t now_us = sys_mono_us(cx);
    if (now_us - n->counted_us > COUNT_EVERY_US) {
        n->counted_us = now_us;
        TRY(node_log_recount(cx, n->log));
    }
    TRY(index_some(cx, n, &is_more));
    TRY(exchange_kept_store(cx, n->kept));
    if (is_more) {
        return ERR_OK;
    }
    enum err e = node_archive_turn(cx, n, sys_now_us(cx));
    TRY(node_stamp_turn(cx, n)); /* stamps come also when the archive's disk is full */
    return e;
}

static void
pause_a_little(void)
{
    const struct timespec t = { .tv_nsec = PAUSE_NS };
    (void)nanosleep(&t, NULL);
}

void *
node_keeper_main(void *arg)
{
    struct node *n = arg;
    struct ctx cx = n->cx;
    cx.arena = arena_open(0);
    cx.trace_id = STR("node");
    while (!atomic_load(&n->is_ending)) {
        enum err e = node_keep(&cx, n);
        if (e != ERR_OK || atomic_load(&n->index_seq) + ROWS_MAX > (int64_t)node_log_seq(n->log)) {
            pause_a_little(); /* many rows share a commit; what failed is tried again: the log keeps
                                 everything */
        }
        cx.n_problems = 0;
        arena_reset(cx.arena);
    }
    enum err last = node_keep(&cx, n); /* what is not indexed now is indexed after the start */
    (void)last;
    store_thread_done(cx.store);
    arena_close(cx.arena);
    return NULL;
}
