/* box_put.c: a program puts a message: to one system, or for all who read a topic. Durable, with
 * its number, account and ledger entry, before the program is answered. */
#include "engine/box/box_int.h"

#define READERS_MAX 500

struct put_job {
    struct box_message m; /* a copy: each line sets its own number */
    struct exchange_pass pass;
    struct str who;
    bool is_again, is_conflict, is_full, is_missing;
    bool is_over; /* of a list: its quota is used up by those before it */
};

struct str
box_service_of(struct ctx *cx, struct str path)
{
    return str_cat(cx->arena, path, STR(BOX_SERVICE));
}

/* More than the agreement allows? Such a refusal is none of the calls that its quota counts. */
static bool
is_much(struct str fault)
{
    return str_eq(fault, STR("rate")) || str_eq(fault, STR("quota"));
}

static enum err
account(struct ctx *cx, const struct put_job *j, struct str fault)
{
    struct exchange_call row = { .at_us = sys_now_us(cx),
                                 .way = STR("box"),
                                 .consumer_id = j->pass.consumer_id,
                                 .service_id = j->pass.service_id,
                                 .agreement_id = j->pass.agreement_id,
                                 .operation = STR("gui"),
                                 .status = str_is_empty(fault) ? 201
                                           : is_much(fault)    ? 429
                                                               : 403,
                                 .fault = fault,
                                 .bytes_in = j->m.n_bytes,
                                 .trace_id = cx->trace_id,
                                 .request_id = j->m.name };
    return exchange_calls_add(cx, &row, 1);
}

static enum err
add(struct ctx *cx, struct put_job *j, struct box_stream *s)
{
    struct box_message *m = &j->m;
    m->seq = s->last_seq + 1;
    m->put_us = sys_now_us(cx);
    m->state = STR("waiting");
    TRY(box_row_add(cx, s, m));
    s->last_seq = m->seq;
    s->n_waiting++;
    s->n_bytes += m->n_bytes;
    if (str_eq(s->way, STR("out")) && s->n_failed == 0) {
        s->due_us = 0;
        TRY(box_queue(cx, s));
    }
    TRY(box_stream_save(cx, s));
    TRY(account(cx, j, STR("")));
    return box_note(cx, "box.put", s, m, STR(""));
}

static enum err
put_tx(struct ctx *cx, void *arg)
{
    struct put_job *j = arg;
    struct box_stream s;
    struct box_message have;
    bool is_fine = false;
    bool is_away = str_eq(j->pass.endpoint, STR(EXCHANGE_NODE_ENDPOINT));
    j->is_again = j->is_conflict = j->is_full = j->is_missing = false;
    TRY(box_stream_need(cx, j->who, j->m.receiver, j->m.topic, is_away ? "out" : "here", &s));
    enum err e = box_row_find(cx, &s, j->m.name, &have);
    if (e == ERR_OK) {
        j->is_again = str_eq(have.hash, j->m.hash);
        j->is_conflict = !j->is_again;
        j->m.id = have.id;
        j->m.seq = have.seq;
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(box_has_files(cx, j->who, &j->m, &is_fine));
    j->is_missing = !is_fine;
    TRY(box_has_room(cx, &s, j->m.n_bytes, &is_fine));
    j->is_full = !is_fine;
    return j->is_missing || j->is_full ? ERR_OK : add(cx, j, &s);
}

static enum err
refused_tx(struct ctx *cx, void *arg)
{
    const struct put_job *j = arg;
    return account(cx, j, j->pass.fault);
}

/* What keeps it out, once and for all calls of this form. */
static enum err
verdict(struct ctx *cx, const struct put_job *j)
{
    if (j->is_conflict) {
        return err_set(cx, ERR_CONFLICT, "another message has this id");
    }
    if (j->is_missing) {
        return err_set(cx, ERR_INVALID, "a file of \"files\" has not been brought whole");
    }
    if (j->is_over) {
        return err_set(cx, ERR_RATE, "quota");
    }
    if (j->is_full) {
        return err_set(cx, ERR_BUSY, "the box is full");
    }
    return ERR_OK;
}

/* The agreement of this message; a refusal is accounted for. */
static enum err
pass(struct ctx *cx, struct put_job *j, const char *operation)
{
    bool is_topic = operation[0] == 't';
    struct str consumer = is_topic ? j->m.receiver : j->who;
    struct str service = box_service_of(cx, is_topic ? j->who : j->m.receiver);
    TRY(exchange_may_pass(cx, consumer, service, str_of(operation), &j->pass));
    if (!str_is_empty(j->pass.fault)) {
        struct str fault = j->pass.fault;
        TRY(store_write(cx, refused_tx, j));
        return is_much(fault) ? err_set(cx, ERR_RATE, STR_FMT, STR_ARG(fault))
                              : err_set(cx, ERR_FORBIDDEN, STR_FMT, STR_ARG(fault));
    }
    return ERR_OK;
}

static enum err
put_one(struct ctx *cx, struct put_job *j, const char *operation)
{
    TRY(pass(cx, j, operation));
    TRY(store_write(cx, put_tx, j));
    return verdict(cx, j);
}

/* The reader's own box says where it is; a reader here needs no agreement with itself. */
static enum err
put_for_reader(struct ctx *cx, struct put_job *j)
{
    struct exchange_service own;
    TRY(exchange_service_by_path(cx, box_service_of(cx, j->m.receiver), &own));
    if (str_eq(own.endpoint, STR(EXCHANGE_NODE_ENDPOINT))) {
        return put_one(cx, j, "gui");
    }
    return put_one(cx, j, "theo-doi");
}

/* One reader who may not does not keep it from the others. */
static enum err
put_topic(struct ctx *cx, struct put_job *j, size_t *ret_n, bool *ret_again)
{
    struct q_box_sub_of_list readers;
    TRY(q_box_sub_of(cx, &readers, .owner = j->who, .topic = j->m.topic, .limit_n = READERS_MAX));
    *ret_again = readers.n != 0;
    for (size_t i = 0; i < readers.n; i++) {
        j->m.receiver = readers.v[i].reader;
        enum err e = put_for_reader(cx, j);
        if (e != ERR_OK && e != ERR_FORBIDDEN && e != ERR_RATE && e != ERR_NOT_FOUND &&
            e != ERR_BUSY) {
            return e;
        }
        *ret_again = *ret_again && (e != ERR_OK || j->is_again);
        *ret_n += e == ERR_OK ? 1 : 0;
    }
    return ERR_OK;
}

enum err
box_put(struct ctx *cx, struct str who, struct box_message *m, size_t *ret_n, bool *ret_again)
{
    struct put_job j = { .m = *m, .who = who };
    enum err e = ERR_OK;
    size_t n = 0;
    bool is_again = false;
    j.m.hash = box_hash(cx->arena, &j.m);
    j.m.sender = who;
    if (str_is_empty(j.m.receiver)) {
        e = put_topic(cx, &j, &n, &is_again);
    } else {
        e = put_one(cx, &j, "gui");
        n = 1;
        is_again = j.is_again;
    }
    TRY(e);
    m->id = j.m.id;
    m->seq = j.m.seq;
    *ret_n = n;
    *ret_again = is_again;
    return ERR_OK;
}

/* --- a list ----------------------------------------------------------------------------------- */
struct list_job {
    struct put_job *v;
    size_t n, at; /* at: the one that is refused, n: none */
};

/* Do those before v[at] leave nothing of its agreement's quota? What had been put before is not
 * counted again. */
static bool
is_over(const struct put_job *v, size_t at)
{
    int64_t n = 0;
    for (size_t i = 0; i < at; i++) {
        n += !v[i].is_again && v[i].pass.agreement_id == v[at].pass.agreement_id;
    }
    return !v[at].is_again && n >= v[at].pass.left;
}

static enum err
list_tx(struct ctx *cx, void *arg)
{
    struct list_job *l = arg;
    l->at = l->n;
    for (size_t i = 0; i < l->n; i++) {
        struct put_job *j = &l->v[i];
        TRY(put_tx(cx, j));
        j->is_over = is_over(l->v, i);
        if (j->is_conflict || j->is_missing || j->is_full || j->is_over) {
            l->at = i;
            return err_set(cx, ERR_CONFLICT, "refused"); /* takes back those before it */
        }
    }
    return ERR_OK;
}

enum err
box_put_list(struct ctx *cx, struct str who, struct box_message *v, size_t n, bool *ret_again)
{
    struct list_job l = { .v = ARENA_ARRAY(cx->arena, struct put_job, n), .n = n };
    for (size_t i = 0; i < n; i++) {
        struct put_job *j = &l.v[i];
        *j = (struct put_job){ .m = v[i], .who = who };
        j->m.hash = box_hash(cx->arena, &j->m);
        j->m.sender = who;
        enum err e = pass(cx, j, "gui");
        if (e != ERR_OK) {
            return box_fault_at(cx, e, i, v[i].name);
        }
    }
    enum err e = store_write(cx, list_tx, &l);
    if (e == ERR_CONFLICT && l.at < n) {
        if (l.v[l.at].is_over) {
            l.v[l.at].pass.fault = STR("quota");
            TRY(store_write(cx, refused_tx, &l.v[l.at]));
        }
        return box_fault_at(cx, verdict(cx, &l.v[l.at]), l.at, v[l.at].name);
    }
    TRY(e);
    for (size_t i = 0; i < n; i++) {
        v[i].id = l.v[i].m.id;
        v[i].seq = l.v[i].m.seq;
        ret_again[i] = l.v[i].is_again;
    }
    return ERR_OK;
}

/* --- topics ------------------------------------------------------------------------------------
 */
struct sub_job {
    struct str who, owner, topic;
    bool is_on;
};

static enum err
sub_tx(struct ctx *cx, void *arg)
{
    const struct sub_job *j = arg;
    struct ledger_new e = { .kind = j->is_on ? "box.subscribed" : "box.unsubscribed",
                            .object = str_cat(cx->arena, STR("box:"), j->owner) };
    e.note = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(j->who), STR_ARG(j->topic));
    if (j->is_on) {
        TRY(q_box_sub_put(cx, NULL, .id = store_new_id(cx), .owner = j->owner, .topic = j->topic,
                          .reader = j->who, .from_us = sys_now_us(cx)));
    } else {
        TRY(q_box_sub_drop(cx, NULL, .owner = j->owner, .topic = j->topic, .reader = j->who));
    }
    return ledger_add(cx, &e);
}

/* The publisher's installation keeps who reads. */
static enum err
sub_away(struct ctx *cx, const struct sub_job *j)
{
    struct str answer;
    struct box_call c = { .from = j->who,
                          .to = j->owner,
                          .what = STR("theo-doi"),
                          .type = STR("application/json"),
                          .issue = STR("") };
    c.body = str_fmt(cx->arena, "{\"topic\":\"" STR_FMT "\",\"on\":%s}", STR_ARG(j->topic),
                     j->is_on ? "true" : "false");
    return box_call(cx, &c, &answer);
}

enum err
box_sub_set(struct ctx *cx, struct str who, struct str owner, struct str topic, bool is_on)
{
    struct sub_job j = { who, owner, topic, is_on };
    return store_write(cx, sub_tx, &j);
}

enum err
box_subscribe(struct ctx *cx, struct str who, struct str owner, struct str topic, bool is_on)
{
    struct sub_job j = { who, owner, topic, is_on };
    struct exchange_pass pass;
    if (!box_is_name(topic)) {
        return err_set(cx, ERR_INVALID, "\"topic\" is 1 to 100 letters, digits and - _ . : @");
    }
    TRY(exchange_may_pass(cx, who, box_service_of(cx, owner), STR("theo-doi"), &pass));
    if (is_on && !str_is_empty(pass.fault)) {
        return err_set(cx, ERR_FORBIDDEN, STR_FMT, STR_ARG(pass.fault));
    }
    if (str_eq(pass.endpoint, STR(EXCHANGE_NODE_ENDPOINT))) {
        TRY(sub_away(cx, &j));
    }
    return store_write(cx, sub_tx, &j);
}

enum err
box_subs(struct ctx *cx, struct str who, struct box_sub **ret, size_t *ret_n)
{
    struct q_box_sub_by_reader_list l;
    TRY(q_box_sub_by_reader(cx, &l, .reader = who, .limit_n = READERS_MAX));
    struct box_sub *v = ARENA_ARRAY(cx->arena, struct box_sub, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        v[i] = (struct box_sub){ l.v[i].owner, l.v[i].topic, l.v[i].from_us };
    }
    *ret = v;
    *ret_n = l.n;
    return ERR_OK;
}
