/* box_model.c: messages as bytes, both from programs and from other installations, and the rules
 * that need no store. */
#include "codec/json.h"
#include "crypto/digest.h"
#include "engine/box/box_int.h"

#define NAME_MAX_N   100
#define TYPE_MAX     100
#define FILE_NAME    200
#define WHY_MAX      500
#define NODES_MAX    10000
#define ENDED_MAX    200
#define LEASE_US     (INT64_C(30) * DATE_US_PER_S)
#define LEASE_MAX_US (INT64_C(3600) * DATE_US_PER_S)
#define RETRY_US     (INT64_C(2) * DATE_US_PER_S)
#define RETRY_MAX_S  600
#define IDLE_US      (INT64_C(5) * DATE_US_PER_S)
#define DOUBLES_MAX  20

bool
box_is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c == '\0' || strchr("-_.:@", c) == NULL)) {
            return false;
        }
    }
    return s.n > 0 && s.n <= NAME_MAX_N;
}

bool
box_is_hash(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f')) {
            return false;
        }
    }
    return s.n == 64;
}

/* No control characters, UTF-8, not too long; may be empty. */
static bool
is_line(struct str s, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return false;
        }
    }
    return s.n <= max && str_is_utf8(s);
}

static struct str
word(const struct json *j, const char *key)
{
    struct str s = json_text(j, key);
    return s.p == NULL ? STR("") : s;
}

static bool
read_files(struct arena *a, const struct json *list, struct box_message *m)
{
    if (list == NULL) {
        return true;
    }
    if (list->type != JSON_LIST || list->n > BOX_FILES_MAX) {
        return false;
    }
    m->files = ARENA_ARRAY(a, struct box_attach, list->n + 1);
    for (JSON_EACH(list, it)) {
        struct box_attach *f = &m->files[m->n_files++];
        *f = (struct box_attach){ .hash = word(it, "hash"),
                                  .name = word(it, "name"),
                                  .type = word(it, "type"),
                                  .n_bytes = json_int(it, "bytes", 0) };
        if (!box_is_hash(f->hash) || f->name.n == 0 || !is_line(f->name, FILE_NAME) ||
            !is_line(f->type, TYPE_MAX) || f->n_bytes < 0 || f->n_bytes > BOX_FILE_BYTES) {
            return false;
        }
    }
    return true;
}

/* What programs and installations write alike; the fault, or NULL. */
static const char *
read_common(struct arena *a, const struct json *j, struct box_message *m)
{
    m->name = word(j, "id");
    m->type = word(j, "type");
    m->issue = word(j, "issue");
    m->body = word(j, "body");
    if (!box_is_name(m->name)) {
        return "\"id\" is 1 to 100 letters, digits and - _ . : @";
    }
    if (!is_line(m->type, TYPE_MAX) || !is_line(m->issue, TYPE_MAX)) {
        return "\"type\" and \"issue\" are one line of at most 100 bytes";
    }
    if (m->body.n > BOX_BODY_BYTES) {
        return "\"body\" is larger than 256 KiB; send it as a file";
    }
    if (!read_files(a, json_get(j, "files"), m)) {
        return "\"files\" are at most 20 of {\"hash\", \"name\", \"type\"}, up to 100 MB each";
    }
    return NULL;
}

static enum err
read_one(struct ctx *cx, const struct json *j, struct box_message *ret)
{
    struct box_message m = { 0 };
    if (j->type != JSON_OBJECT) {
        return err_set(cx, ERR_INVALID, "a message is a JSON object");
    }
    const char *fault = read_common(cx->arena, j, &m);
    m.receiver = word(j, "to");
    m.topic = word(j, "topic");
    if (fault == NULL && m.topic.n != 0 && !box_is_name(m.topic)) {
        fault = "\"topic\" is 1 to 100 letters, digits and - _ . : @";
    }
    if (fault == NULL && m.topic.n == 0 && m.receiver.n == 0) {
        fault = "\"to\" or \"topic\" is missing";
    }
    if (fault == NULL && !is_line(m.receiver, 260)) {
        fault = "\"to\" is the path of a system";
    }
    if (fault != NULL) {
        return err_set(cx, ERR_INVALID, "%s", fault);
    }
    *ret = m;
    return ERR_OK;
}

/* Each of a list has its own address: what readers of a topic get is put by itself. */
static enum err
read_list(struct ctx *cx, const struct json *list, struct box_message **ret, size_t *ret_n)
{
    if (list->type != JSON_LIST || list->n == 0 || list->n > BOX_PUT_MAX) {
        return err_set(cx, ERR_INVALID, "\"messages\" is a list of 1 to %d messages", BOX_PUT_MAX);
    }
    struct box_message *v = ARENA_ARRAY(cx->arena, struct box_message, list->n);
    size_t n = 0;
    for (JSON_EACH(list, it)) {
        enum err e = read_one(cx, it, &v[n]);
        if (e == ERR_OK && v[n].receiver.n == 0) {
            e = err_set(cx, ERR_INVALID, "\"to\" is missing; a topic is put by itself");
        }
        if (e != ERR_OK) {
            return box_fault_at(cx, e, n, json_text(it, "id"));
        }
        n++;
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
box_messages_read(struct ctx *cx, struct str json, struct box_message **ret, size_t *ret_n,
                  bool *ret_is_list)
{
    struct json *j = NULL;
    struct json_limits limits = { .nodes_max = NODES_MAX };
    if (json_parse(cx->arena, json, limits, &j, NULL) != ERR_OK || j->type != JSON_OBJECT) {
        return err_set(cx, ERR_INVALID, "the body is no JSON object");
    }
    const struct json *list = json_get(j, "messages");
    *ret_is_list = list != NULL;
    if (list != NULL) {
        return read_list(cx, list, ret, ret_n);
    }
    *ret = ARENA_NEW(cx->arena, struct box_message);
    *ret_n = 1;
    return read_one(cx, j, *ret);
}

/* An id as fetched: the digits of a number above 0. */
static bool
read_id(const struct json *j, int64_t *ret)
{
    return j->type == JSON_STRING && str_to_i64(j->text, 1, INT64_MAX, ret);
}

enum err
box_acks_read(struct ctx *cx, struct str json, struct box_ack **ret, size_t *ret_n)
{
    struct json *j = NULL;
    struct json_limits limits = { .depth_max = 4, .nodes_max = 2 * BOX_ACK_MAX };
    bool is_good = json_parse(cx->arena, json, limits, &j, NULL) == ERR_OK;
    const struct json *list = is_good ? json_get(j, "messages") : NULL;
    size_t n = 0;
    if (list == NULL || list->type != JSON_LIST || list->n == 0 || list->n > BOX_ACK_MAX) {
        return err_set(cx, ERR_INVALID,
                       "the body is {\"messages\": [...]}, a list of 1 to %d ids as fetched",
                       BOX_ACK_MAX);
    }
    struct box_ack *v = ARENA_ARRAY(cx->arena, struct box_ack, list->n);
    for (JSON_EACH(list, it)) {
        if (!read_id(it, &v[n].id)) {
            return err_set(cx, ERR_INVALID, "number %zu of \"messages\" is no id as fetched",
                           n + 1);
        }
        n++;
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
box_fault_at(struct ctx *cx, enum err e, size_t at, struct str name)
{
    struct str why = str_dup(cx->arena, str_of(cx->err.text));
    return err_set(cx, e, "message %zu (" STR_FMT "): " STR_FMT, at + 1,
                   STR_ARG(str_slice(name, 0, name.n < 100 ? name.n : 100)), STR_ARG(why));
}

/* --- between installations ---------------------------------------------------------------------
 */
bool
box_batch_read(struct arena *a, struct str json, struct box_batch *ret)
{
    struct json *j = NULL;
    struct json_limits limits = { .nodes_max = NODES_MAX };
    struct box_batch b = { 0 };
    if (json_parse(a, json, limits, &j, NULL) != ERR_OK || j->type != JSON_OBJECT) {
        return false;
    }
    const struct json *list = json_get(j, "messages");
    b.topic = word(j, "topic");
    b.prev = json_int(j, "prev", -1);
    b.after = json_int(j, "after", -1);
    if (b.prev < 0 || b.after < 0 || list == NULL || list->type != JSON_LIST ||
        list->n > BOX_BATCH_MAX || (b.topic.n != 0 && !box_is_name(b.topic))) {
        return false;
    }
    b.v = ARENA_ARRAY(a, struct box_message, list->n + 1);
    int64_t before = 0;
    for (JSON_EACH(list, it)) {
        struct box_message *m = &b.v[b.n++];
        m->seq = json_int(it, "seq", 0);
        m->put_us = json_int(it, "at", 0);
        if (read_common(a, it, m) != NULL || m->seq <= before || m->put_us <= 0) {
            return false;
        }
        before = m->seq;
    }
    *ret = b;
    return true;
}

void
box_files_put(struct json_out *o, const struct box_message *m)
{
    json_key(o, "files");
    json_open_list(o);
    for (size_t i = 0; i < m->n_files; i++) {
        json_open(o);
        json_put_str(o, "hash", m->files[i].hash);
        json_put_str(o, "name", m->files[i].name);
        json_put_str(o, "type", m->files[i].type);
        json_put_i64(o, "bytes", m->files[i].n_bytes);
        json_close(o);
    }
    json_close_list(o);
}

static void
write_message(struct json_out *o, const struct box_message *m)
{
    json_open(o);
    json_put_i64(o, "seq", m->seq);
    json_put_str(o, "id", m->name);
    json_put_i64(o, "at", m->put_us);
    json_put_str(o, "type", m->type);
    json_put_str(o, "issue", m->issue);
    json_put_str(o, "body", m->body);
    box_files_put(o, m);
    json_close(o);
}

struct str
box_batch_write(struct arena *a, const struct box_batch *b)
{
    struct buf out = buf_new(a, BOX_ENVELOPE_BYTES);
    struct json_out o = json_out(&out);
    json_open(&o);
    json_put_str(&o, "topic", b->topic);
    json_put_i64(&o, "prev", b->prev);
    json_put_i64(&o, "after", b->after);
    json_key(&o, "messages");
    json_open_list(&o);
    for (size_t i = 0; i < b->n; i++) {
        write_message(&o, &b->v[i]);
    }
    json_close_list(&o);
    json_close(&o);
    return buf_str(&out);
}

static bool
is_end(struct str state)
{
    return str_eq(state, STR("taken")) || str_eq(state, STR("refused")) ||
           str_eq(state, STR("dropped"));
}

bool
box_answer_read(struct arena *a, struct str json, struct box_answer *ret)
{
    struct json *j = NULL;
    struct json_limits limits = { .nodes_max = NODES_MAX };
    struct box_answer b = { 0 };
    if (json_parse(a, json, limits, &j, NULL) != ERR_OK || j->type != JSON_OBJECT) {
        return false;
    }
    const struct json *list = json_get(j, "ended");
    b.have = json_int(j, "have", -1);
    b.word = word(j, "word");
    if (b.have < 0 || list == NULL || list->type != JSON_LIST || list->n > ENDED_MAX ||
        !box_is_name(b.word)) {
        return false;
    }
    b.v = ARENA_ARRAY(a, struct box_ended, list->n + 1);
    for (JSON_EACH(list, it)) {
        struct box_ended *e = &b.v[b.n++];
        *e = (struct box_ended){ json_int(it, "seq", 0), word(it, "state"), word(it, "why") };
        if (e->seq <= 0 || !is_end(e->state) || !is_line(e->why, WHY_MAX)) {
            return false;
        }
    }
    *ret = b;
    return true;
}

struct str
box_answer_write(struct arena *a, const struct box_answer *b)
{
    struct buf out = buf_new(a, BOX_ENVELOPE_BYTES);
    struct json_out o = json_out(&out);
    json_open(&o);
    json_put_i64(&o, "have", b->have);
    json_put_str(&o, "word", b->word);
    json_key(&o, "ended");
    json_open_list(&o);
    for (size_t i = 0; i < b->n; i++) {
        json_open(&o);
        json_put_i64(&o, "seq", b->v[i].seq);
        json_put_str(&o, "state", b->v[i].state);
        json_put_str(&o, "why", b->v[i].why);
        json_close(&o);
    }
    json_close_list(&o);
    json_close(&o);
    return buf_str(&out);
}

struct str
box_hash(struct arena *a, const struct box_message *m)
{
    struct buf b = buf_new(a, BOX_BODY_BYTES + (64U << 10));
    buf_addf(&b, "%zu %zu %zu ", m->type.n, m->issue.n, m->body.n);
    buf_add(&b, m->type);
    buf_add(&b, m->issue);
    buf_add(&b, m->body);
    for (size_t i = 0; i < m->n_files; i++) {
        buf_add(&b, m->files[i].hash);
        buf_addf(&b, "%zu ", m->files[i].name.n);
        buf_add(&b, m->files[i].name);
    }
    return digest_sha256_hex(a, buf_str(&b));
}

/* --- times -------------------------------------------------------------------------------------
 */
static int64_t
doubled(int64_t first_us, int64_t n, int64_t max_us)
{
    int64_t us = first_us << (n < DOUBLES_MAX ? n : DOUBLES_MAX);
    return us < max_us ? us : max_us;
}

int64_t
box_lease_us(int64_t n)
{
    return doubled(LEASE_US, n, LEASE_MAX_US);
}

static int64_t
retry_max_us(const struct ctx *cx)
{
    int64_t s = cx->config->box_retry_s == 0 ? RETRY_MAX_S : cx->config->box_retry_s;
    return s * DATE_US_PER_S;
}

int64_t
box_retry_us(const struct ctx *cx, int64_t n)
{
    return doubled(RETRY_US, n, retry_max_us(cx));
}

int64_t
box_idle_us(const struct ctx *cx, int64_t n)
{
    return doubled(IDLE_US, n, retry_max_us(cx));
}

struct str
box_member_of(struct str path)
{
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        n += path.p[i] == '/' ? 1 : 0;
        if (n == 3) {
            return str_slice(path, 0, i);
        }
    }
    return path;
}
