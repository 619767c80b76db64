/* exchange_sim.c: LABELLED SIMULATORS of national services, driven by
 * packs/demo/simulators/<id>.json (doc/exchange.md part 6). They speak the connector's own style,
 * so that the way there and back is exercised; answers are generated and belong to nobody. Only in
 * the demo. */
#include "engine/exchange/exchange_sim.h"
#include "base/buf.h"
#include "base/date.h"
#include "codec/url.h"
#include "codec/vn.h"
#include "codec/xml.h"
#include "crypto/digest.h"
#include "engine/calendar/calendar.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#include <poll.h>

#define FILE_BYTES   (128U * 1024U)
#define BODY_BYTES   EXCHANGE_MESSAGE_MAX
#define SLOW_MS      1500
#define SLOW_MAX_MS  3000
#define FAULTY_OF_10 4

enum err
exchange_sim_parse(struct ctx *cx, struct str text, struct json **ret)
{
    struct json_limits limits = { 0 };
    return json_parse(cx->arena, text, limits, ret, NULL) == ERR_OK
               ? ERR_OK
               : err_set(cx, ERR_BAD_REQUEST, "not JSON");
}

struct str
exchange_sim_mode(struct ctx *cx, struct str service)
{
    struct q_xsim_mode_get r;
    return q_xsim_mode_get(cx, &r, .service = service) == ERR_OK ? r.mode : STR("normal");
}

struct str
exchange_sim_proof(struct ctx *cx, struct str uplink)
{
    struct digest d = digest_hmac(cx->config->data_dir, uplink);
    return str_fmt(cx->arena, "mo-phong-" STR_FMT "-" STR_FMT, STR_ARG(uplink),
                   STR_ARG(str_slice(digest_hex(cx->arena, &d), 0, 24)));
}

/* --- the request ------------------------------------------------------------------------------ */
static struct str
header_of(const struct exchange_sim_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (str_eq_nocase(rq->headers[i].name, str_of(name))) {
            return rq->headers[i].value;
        }
    }
    return STR_NULL;
}

/* Signed in at the uplink, in its way? */
static bool
is_signed_in(struct ctx *cx, const struct exchange_sim *s, const struct json *body)
{
    struct str proof = exchange_sim_proof(cx, s->rq->uplink);
    const struct exchange_uplink *u = exchange_uplink(cx, s->rq->uplink);
    if (u == NULL) {
        return false;
    }
    if (u->login == EXCHANGE_LOGIN_SESSION && s->connector->style == EXCHANGE_REST) {
        return str_eq(json_text(body, "session"), proof) &&
               !str_is_empty(json_text(body, "madonvi")) &&
               str_eq(header_of(s->rq, "dstcode"), u->dstcode);
    }
    return str_eq(header_of(s->rq, "Authorization"), str_cat(cx->arena, STR("Bearer "), proof));
}

static enum err
query_json(struct ctx *cx, struct str query, struct buf *b)
{
    struct url_pair *pairs = NULL;
    size_t n = 0;
    struct json_out o = json_out(b);
    TRY(url_query(cx->arena, query, 50, &pairs, &n));
    json_open(&o);
    for (size_t i = 0; i < n; i++) {
        json_key_str(&o, pairs[i].name);
        json_str(&o, pairs[i].value);
    }
    json_close(&o);
    return ERR_OK;
}

static enum err
read_soap(struct ctx *cx, struct exchange_sim *s, struct buf *fields)
{
    struct xml *root = NULL;
    struct xml_limits limits = { .bytes_max = BODY_BYTES };
    struct xml_fault fault;
    TRY(xml_parse(cx->arena, s->rq->body, limits, &root, &fault));
    const struct xml *body = xml_child(root, EXCHANGE_SOAP_NS, "Body");
    const struct xml *call = body == NULL ? NULL : body->child;
    if (call == NULL) {
        return err_set(cx, ERR_BAD_REQUEST, "no SOAP body");
    }
    return exchange_soap_read(cx, s->step->in, s->step->n_in, call, fields);
}

/* The request in our names; ERR_UNAUTHENTICATED when it is not signed in. */
static enum err
read_request(struct ctx *cx, struct exchange_sim *s)
{
    struct buf fields = buf_new(cx->arena, BODY_BYTES);
    struct buf query = buf_new(cx->arena, BODY_BYTES);
    struct json *body = NULL;
    struct json *in = NULL;
    if (s->connector->style == EXCHANGE_SOAP) {
        TRY(read_soap(cx, s, &fields));
    } else {
        struct str text = s->rq->body;
        if (str_is_empty(text)) {
            TRY(query_json(cx, s->rq->query, &query));
            text = buf_str(&query);
        }
        TRY(exchange_sim_parse(cx, text, &body));
        TRY(exchange_translate(cx, s->step->in, s->step->n_in, false, body, &fields));
    }
    if (s->rq->uplink.p != NULL && !is_signed_in(cx, s, body)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "not signed in at the uplink");
    }
    if (s->rq->uplink.p != NULL && str_is_empty(header_of(s->rq, "X-Purpose"))) {
        return err_set(cx, ERR_BAD_REQUEST, "a question without its purpose");
    }
    TRY(exchange_sim_parse(cx, buf_str(&fields), &in));
    s->in = in;
    struct str key = exchange_sim_key(cx, s);
    s->seed = str_hash(str_is_empty(key) ? buf_str(&fields) : key);
    return ERR_OK;
}

/* --- kinds of answers: each gives a word ("" fine) and our fields -------------------------------
 */
struct str
exchange_sim_key(struct ctx *cx, const struct exchange_sim *s)
{
    struct str rest = json_text(s->rule, "by");
    struct str name;
    struct str key = STR("");
    while (rest.p != NULL && str_next(&rest, ' ', &name)) {
        struct str v = json_text(s->in, str_z(cx->arena, name));
        key = key.n == 0 ? v : str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(key), STR_ARG(v));
    }
    return key.p == NULL ? STR("") : key;
}

/* What the rule asks of the person beyond being known: a link ("link": "spouse"), an age
 * ("age_min"). */
static bool
has_standing(struct ctx *cx, struct exchange_sim *s)
{
    struct str kind = json_text(s->rule, "link");
    int64_t age_min = json_int(s->rule, "age_min", 0);
    struct party_link *links = NULL;
    size_t n = 0;
    struct date born = { 0 };
    if (kind.p != NULL) {
        if (party_links(cx, str_z(cx->arena, kind), s->who.id, &links, &n) != ERR_OK || n == 0) {
            return false;
        }
        s->linked_from = links[n - 1].valid_from;
    }
    if (age_min == 0 || !date_parse(s->who.birth_date, &born)) {
        return true;
    }
    struct civil b = date_civil(born);
    struct civil now = date_civil(calendar_today(cx));
    bool is_before = now.month < b.month || (now.month == b.month && now.mday < b.mday);
    return now.year - b.year - (is_before ? 1 : 0) >= age_min;
}

/* A person or organisation of the demo stands for the one in the national database. */
static struct str
look_up(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct str key = exchange_sim_key(cx, s);
    bool is_org = str_eq(json_text(s->rule, "by"), STR("tax_code"));
    enum err e = str_is_empty(key) ? ERR_NOT_FOUND
                 : is_org          ? party_by_tax_code(cx, key, &s->who)
                                   : party_by_personal_id(cx, key, &s->who);
    if (e == ERR_NOT_FOUND && is_org && key.n == 12) {
        e = party_by_personal_id(cx, key, &s->who); /* a person's number is the tax code */
    }
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? STR("not_found") : STR("down");
    }
    const struct unit *u = str_is_empty(s->who.unit) ? NULL : unit_by_key(cx, s->who.unit);
    const struct unit *const *now = NULL;
    s->home = u != NULL && unit_resolve(cx, u, calendar_today(cx), &now) == 1 ? now[0] : u;
    for (JSON_EACH(json_get(s->rule, "agree"), it)) {
        struct str ours = json_text(s->in, str_z(cx->arena, it->text));
        struct str theirs =
            exchange_sim_party(cx, s, str_eq(it->text, STR("full_name")) ? STR("name") : it->text);
        if (!vn_equal(cx->arena, ours, theirs)) {
            return STR("mismatch");
        }
    }
    if (!has_standing(cx, s)) {
        return STR("not_found");
    }
    *ret = exchange_sim_fields(cx, s, json_get(s->rule, "answer"));
    return STR("");
}

static struct str
from_list(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct str by = json_text(s->rule, "by");
    struct str as = json_text(s->rule, "as");
    struct str key = vn_fold(cx->arena, exchange_sim_key(cx, s));
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    bool is_found = false;
    if (as.p != NULL) {
        json_open(&o);
        json_key_str(&o, as);
        json_open_list(&o);
    }
    for (JSON_EACH(json_get(s->rule, "rows"), it)) {
        struct str have = vn_fold(cx->arena, json_text(it, str_z(cx->arena, by)));
        bool is_like = as.p != NULL && str_find(have, key) < have.n;
        if (str_is_empty(key) || str_eq(have, key) || is_like) {
            json_write(&o, it);
            is_found = true;
            if (as.p == NULL) {
                break;
            }
        }
    }
    if (as.p != NULL) {
        json_close_list(&o);
        json_close(&o);
    }
    *ret = buf_str(&b);
    return is_found ? STR("") : STR("not_found");
}

/* All that the operation asks for is there, and well-formed. */
static bool
is_complete(struct ctx *cx, const struct exchange_sim *s)
{
    for (size_t i = 0; i < s->step->n_in; i++) {
        const struct exchange_map *m = &s->step->in[i];
        const struct json *v = json_get_str_key(s->in, m->our);
        bool has_text = v != NULL && (v->type != JSON_STRING || !str_is_empty(str_trim(v->text)));
        if ((m->is_required && !has_text && str_is_empty(m->fixed)) ||
            (has_text && !exchange_sim_is_formed(cx, m->our, v))) {
            return false;
        }
    }
    return true;
}

static struct str
work(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    static const struct {
        const char *kind;
        struct str (*answer)(struct ctx *cx, struct exchange_sim *s, struct str *ret);
    } kinds[] = {
        { "party", look_up },
        { "list", from_list },
        { "store", exchange_sim_keep },
        { "stored", exchange_sim_recall },
        { "certificate", exchange_sim_certificate },
        { "signed-document", exchange_sim_document },
        { "queue", exchange_sim_queue },
        { "queue_one", exchange_sim_queue },
        { "queue_file", exchange_sim_queue },
    };
    struct str kind = json_text(s->rule, "kind");
    if (!is_complete(cx, s)) {
        return STR("invalid");
    }
    int64_t lacks_n = json_int(s->rule, "lacks_one_in", 0); /* the same ones each time */
    if (lacks_n > 0 && s->seed % (uint64_t)lacks_n == 0) {
        return STR("not_found");
    }
    struct str unit = json_text(s->in, "unit"); /* of a unit that is none nobody knows anything */
    if (!str_is_empty(unit) && unit_at(cx, unit, calendar_today(cx)) == NULL) {
        return STR("not_found");
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_eq(kind, str_of(kinds[i].kind))) {
            return kinds[i].answer(cx, s, ret);
        }
    }
    *ret = exchange_sim_fields(cx, s, json_get(s->rule, "answer"));
    return STR("");
}

/* --- the answer in their style ---------------------------------------------------------------- */
static struct str
code_for(const struct exchange_connector *c, struct str word)
{
    struct str other = STR("99");
    for (JSON_EACH(c->fault_codes, it)) {
        if (str_eq(it->text, word)) {
            return it->key;
        }
    }
    return other;
}

static int
status_for(struct str word)
{
    static const struct {
        const char *word;
        int status;
    } all[] = { { "", 200 },        { "not_found", 404 }, { "mismatch", 409 },
                { "invalid", 400 }, { "refused", 403 },   { "unauthenticated", 401 } };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (str_eq(word, str_of(all[i].word))) {
            return all[i].status;
        }
    }
    return 500;
}

static enum err
write_rest(struct ctx *cx, const struct exchange_sim *s, struct str word, const struct json *fields,
           struct exchange_answer *ret)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct buf all = buf_new(cx->arena, BODY_BYTES);
    const struct exchange_connector *c = s->connector;
    struct json_out o = json_out(&all);
    bool has_field = !str_is_empty(c->fault_field);
    TRY(exchange_translate(cx, s->step->out, str_is_empty(word) ? s->step->n_out : 0, true, fields,
                           &b));
    json_open(&o);
    if (has_field) {
        json_key_str(&o, c->fault_field);
        json_str(&o, code_for(c, word));
    }
    if (!str_is_empty(c->fault_text)) {
        json_key_str(&o, c->fault_text);
        json_str(&o, str_is_empty(word) ? STR("Thành công") : word);
    }
    struct str inner = buf_str(&b);
    if (inner.n > 2) {
        buf_add(&all, has_field || !str_is_empty(c->fault_text) ? STR(",") : STR(""));
        buf_add(&all, str_slice(inner, 1, inner.n - 1));
    }
    json_close(&o);
    ret->status = has_field && !str_eq(word, STR("down")) ? 200 : status_for(word);
    ret->body = buf_str(&all);
    ret->content_type = STR("application/json; charset=utf-8");
    return ERR_OK;
}

/* A call by X-Road's protocol is answered with its own header. */
static void
put_header(struct ctx *cx, const struct exchange_sim *s, struct buf *b)
{
    const struct xml_limits limits = { .bytes_max = BODY_BYTES };
    struct xroad m = { .has_fields = false };
    const char *fault = NULL;
    const char *what = NULL;
    enum err e = xroad_read(cx->arena, s->rq->body, limits, XROAD_REQUEST, &m, &fault, &what);
    if (e == ERR_OK && m.has_fields) {
        xroad_put_header(b, &m);
    }
}

static enum err
write_soap(struct ctx *cx, const struct exchange_sim *s, struct str word, const struct json *fields,
           struct exchange_answer *ret)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    BUF_LIT(&b, "<s:Envelope xmlns:s=\"" EXCHANGE_SOAP_NS "\">");
    put_header(cx, s, &b);
    BUF_LIT(&b, "<s:Body>");
    if (str_is_empty(word)) {
        buf_addf(&b, "<t:" STR_FMT "Response xmlns:t=\"" STR_FMT "\">", STR_ARG(s->step->their),
                 STR_ARG(s->connector->ns));
        TRY(exchange_soap_write(cx, s->step->out, s->step->n_out, fields, &b));
        buf_addf(&b, "</t:" STR_FMT "Response>", STR_ARG(s->step->their));
    } else {
        buf_addf(&b,
                 "<s:Fault><faultcode>s:Server</faultcode><faultstring>" STR_FMT
                 "</faultstring><detail><code>" STR_FMT "</code></detail></s:Fault>",
                 STR_ARG(word), STR_ARG(code_for(s->connector, word)));
    }
    BUF_LIT(&b, "</s:Body></s:Envelope>");
    ret->status = str_is_empty(word) ? 200 : 500;
    ret->body = buf_str(&b);
    ret->content_type = STR("text/xml; charset=utf-8");
    return ERR_OK;
}

static enum err
find(struct ctx *cx, struct exchange_sim *s)
{
    struct json *file = NULL;
    struct str text;
    s->connector = exchange_connector(cx, s->rq->service);
    s->step = exchange_step(s->connector, s->rq->operation);
    if (s->step == NULL || !cx->config->is_demo) {
        return err_set(cx, ERR_UPSTREAM, "no simulator of this name");
    }
    struct str name =
        str_fmt(cx->arena, "packs/demo/simulators/" STR_FMT ".json", STR_ARG(s->rq->service));
    TRY(sys_file_read(cx, sys_share_path(cx, str_z(cx->arena, name)), FILE_BYTES, &text));
    TRY(exchange_sim_parse(cx, text, &file));
    s->rule = json_get_str_key(json_get(file, "operations"), s->rq->operation);
    s->seeds = json_get(file, "seeds");
    return s->rule == NULL ? err_set(cx, ERR_UPSTREAM, "the simulator lacks this operation")
                           : ERR_OK;
}

/* "down" gives no answer, "slow" one that is late, "faulty" now and then an error. */
static enum err
behave(struct ctx *cx, const struct exchange_sim_request *rq, struct str *ret_word)
{
    struct str mode = exchange_sim_mode(cx, rq->service);
    if (str_eq(mode, STR("down"))) {
        return err_set(cx, ERR_UPSTREAM, "simulated outage");
    }
    if (str_eq(mode, STR("slow"))) {
        if (rq->timeout_ms > 0 && rq->timeout_ms <= SLOW_MS) {
            return err_set(cx, ERR_DEADLINE, "simulated slowness");
        }
        (void)poll(NULL, 0, SLOW_MS < SLOW_MAX_MS ? SLOW_MS : SLOW_MAX_MS);
    }
    if (str_eq(mode, STR("faulty"))) {
        uint8_t v = 0;
        sys_random_bytes(cx, &v, sizeof(v));
        *ret_word = v % 10 < FAULTY_OF_10 ? STR("down") : STR("");
    }
    return ERR_OK;
}

enum err
exchange_simulate(struct ctx *cx, const struct exchange_sim_request *rq,
                  struct exchange_answer *ret)
{
    struct exchange_sim *s = ARENA_NEW(cx->arena, struct exchange_sim);
    struct str word = STR("");
    struct str fields = STR("{}");
    struct json *tree = NULL;
    bool is_lossy = str_eq(exchange_sim_mode(cx, rq->service), STR("lossy"));
    s->rq = rq;
    TRY(find(cx, s));
    TRY(behave(cx, rq, &word));
    if (str_is_empty(word)) {
        enum err e = read_request(cx, s);
        word = e == ERR_OK                ? work(cx, s, &fields)
               : e == ERR_UNAUTHENTICATED ? STR("unauthenticated")
                                          : STR("invalid");
    }
    if (is_lossy) {
        return err_set(cx, ERR_UPSTREAM, "simulated: acted, and lost the answer");
    }
    if (!str_is_empty(word)) {
        fields = STR("{}");
    }
    TRY(exchange_sim_parse(cx, fields, &tree));
    return s->connector->style == EXCHANGE_SOAP ? write_soap(cx, s, word, tree, ret)
                                                : write_rest(cx, s, word, tree, ret);
}
