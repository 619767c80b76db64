/* exchange_sim_store.c: what a labelled simulator keeps of what it was told, and gives back: kinds
 * "store" and "stored". What stood there before anybody told it anything is in its file
 * (packs/demo/simulators/<id>.json, "seeds"). */
#include "base/buf.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "engine/exchange/exchange_sim.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define BODY_BYTES ((size_t)1 << 20)

struct store_job {
    struct str service, key, message, body, status;
    const struct json *seed; /* what stood there before, may be NULL */
    bool is_once;            /* a key takes one message, until it ended */
    bool is_again, is_taken;
};

/* Does it still stand, by what is known of it? */
static bool
stands(const struct json *held)
{
    return held != NULL && !str_eq(json_text(held, "state"), STR("ended"));
}

/* What is known of a case: what the newest message says, and of the older ones what it does not. */
static struct str
merged(struct ctx *cx, struct str older, struct str newer)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    struct json *have = NULL;
    struct json *now = NULL;
    if (exchange_sim_parse(cx, older, &have) != ERR_OK ||
        exchange_sim_parse(cx, newer, &now) != ERR_OK) {
        return newer;
    }
    json_open(&o);
    for (JSON_EACH(now, it)) {
        json_key_str(&o, it->key);
        json_write(&o, it);
    }
    for (JSON_EACH(have, it)) {
        if (json_get_str_key(now, it->key) == NULL) {
            json_key_str(&o, it->key);
            json_write(&o, it);
        }
    }
    json_close(&o);
    return b.is_failed ? newer : buf_str(&b);
}

/* A case of the simulator's file. */
static const struct json *
seed_of(const struct exchange_sim *s, struct str key)
{
    return json_get_str_key(s->seeds, key);
}

/* What was taken once is not taken twice: the message's own number says so. */
static enum err
store_tx(struct ctx *cx, void *arg)
{
    struct store_job *job = arg;
    struct q_xsim_message_find seen;
    struct q_xsim_row_get row = { 0 };
    enum err e =
        str_is_empty(job->message)
            ? ERR_NOT_FOUND
            : q_xsim_message_find(cx, &seen, .service = job->service, .message = job->message);
    job->is_again = e == ERR_OK;
    if (e == ERR_OK) {
        return q_xsim_message_again(cx, NULL, .id = seen.id);
    }
    e = q_xsim_row_get(cx, &row, .service = job->service, .key = job->key);
    job->is_taken = job->is_once && (e == ERR_OK || stands(job->seed));
    if (job->is_taken) {
        return ERR_OK;
    }
    int64_t id = store_new_id(cx);
    if (str_is_empty(job->message)) {
        job->message = str_fmt(cx->arena, "%" PRId64, id);
    }
    TRY(q_xsim_message_insert(cx, NULL, .id = id, .service = job->service, .key = job->key,
                              .message = job->message, .status = job->status,
                              .at_us = sys_now_us(cx)));
    struct str body = e == ERR_OK ? merged(cx, row.body, job->body) : job->body;
    return q_xsim_row_put(cx, NULL, .service = job->service, .key = job->key, .body = body,
                          .n = e == ERR_OK ? row.n + 1 : 1, .at_us = sys_now_us(cx));
}

/* What the rule keeps of the message: of a file its size in place of its bytes. */
static struct str
body_of(struct ctx *cx, struct exchange_sim *s, const struct str *file)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    for (JSON_EACH(s->in, it)) {
        if (file == NULL || !str_eq(it->key, STR("bytes"))) {
            json_key_str(&o, it->key);
            json_write(&o, it);
        }
    }
    for (JSON_EACH(json_get(s->rule, "keep"), it)) {
        json_key_str(&o, it->key);
        json_str(&o, exchange_sim_value(cx, s, it->text));
    }
    if (file != NULL) {
        json_put_i64(&o, "size", (int64_t)file->n);
    }
    json_close(&o);
    return buf_str(&b);
}

/* Of the papers that a message names those that came from us must have come before. */
static bool
has_files(struct ctx *cx, const struct exchange_sim *s)
{
    static const char *const lists[] = { "papers", "others" };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (JSON_EACH(json_get(s->in, lists[i]), it)) {
            struct q_xsim_row_get row;
            struct str file = json_text(it, "file");
            bool is_ours = str_starts(file, STR("T-"));
            if (is_ours && q_xsim_row_get(cx, &row, .service = s->connector->id,
                                          .key = str_slice(file, 2, file.n)) != ERR_OK) {
                return false;
            }
        }
    }
    return true;
}

struct str
exchange_sim_keep(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    bool is_file = json_flag(s->rule, "file", false);
    struct str file = STR("");
    if (is_file && !base64_decode(cx->arena, json_text(s->in, "bytes"), &file)) {
        return STR("invalid");
    }
    if (is_file && !str_eq(digest_sha256_hex(cx->arena, file), json_text(s->in, "hash"))) {
        return STR("mismatch"); /* broken on the way */
    }
    if (!has_files(cx, s)) {
        return STR("invalid");
    }
    struct str status = json_text(s->in, "status");
    struct str rule = json_text(s->rule, "message"); /* what makes a second message the same one */
    struct str message = rule.p == NULL ? STR("") : exchange_sim_value(cx, s, rule);
    struct store_job job = { .service = s->connector->id,
                             .key = exchange_sim_key(cx, s),
                             .message = message,
                             .body = body_of(cx, s, is_file ? &file : NULL),
                             .status = status.p == NULL ? STR("") : status,
                             .is_once = json_flag(s->rule, "once", false) };
    if (str_is_empty(job.key)) {
        return STR("invalid");
    }
    job.seed = seed_of(s, job.key);
    if (json_flag(s->rule, "queue", false)) {
        struct str word = exchange_sim_told(cx, s);
        job.status = json_text(s->in, "outcome");
        if (!str_is_empty(word)) {
            return word;
        }
    }
    if (store_write(cx, store_tx, &job) != ERR_OK) {
        return STR("down");
    }
    if (job.is_taken) {
        return STR("mismatch");
    }
    *ret = exchange_sim_fields(cx, s, json_get(s->rule, "answer"));
    return STR("");
}

/* What it was told, or what stood there before; a rule's "none" answers for a person whom everybody
 * knows and of whom this one has nothing. */
struct str
exchange_sim_recall(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct q_xsim_row_get row;
    struct json *stored = NULL;
    struct str key = exchange_sim_key(cx, s);
    const struct json *none = json_get(s->rule, "none");
    enum err e = q_xsim_row_get(cx, &row, .service = s->connector->id, .key = key);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return STR("down");
    }
    s->stored = seed_of(s, key);
    if (e == ERR_OK && exchange_sim_parse(cx, row.body, &stored) == ERR_OK) {
        s->stored = stored;
    }
    if (s->stored == NULL && (none == NULL || party_by_personal_id(cx, key, &s->who) != ERR_OK)) {
        return STR("not_found");
    }
    *ret = exchange_sim_fields(cx, s, s->stored == NULL ? none : json_get(s->rule, "answer"));
    return STR("");
}
