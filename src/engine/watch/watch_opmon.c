/* watch_opmon.c: what PR-OPMON asks for: records of calls as gzipped JSON, health of services. */
#include "base/date.h"
#include "codec/gzip.h"
#include "codec/json.h"
#include "engine/watch/watch.h"
#include "gen/q_watch.h"
#include "store/store.h"
#include "sys/sys.h"

#include <string.h>

#define GZIP_BYTES     ((size_t)32 << 20)
#define RECORD_BYTES   ((size_t)16 << 10)
#define US_PER_MS      1000
#define PERIOD_S       600
#define HEALTH_CALLS   200000 /* of the newest; where there are more the period is shorter */
#define SERVICES_FIRST 256
#define LAST_CALLS     1000 /* of a service, in which its last good and bad call are looked for */
#define SECONDS_MAX    INT64_C(100000000000)

/* --- fields ------------------------------------------------------------------------------------
 */
enum field {
    F_MONITORED,
    F_SERVER_TYPE,
    F_REQUEST_IN,
    F_REQUEST_OUT,
    F_RESPONSE_IN,
    F_RESPONSE_OUT,
    F_CLIENT_INSTANCE,
    F_CLIENT_CLASS,
    F_CLIENT_CODE,
    F_CLIENT_SYSTEM,
    F_SERVICE_INSTANCE,
    F_SERVICE_CLASS,
    F_SERVICE_MEMBER,
    F_SERVICE_SYSTEM,
    F_SERVICE_CODE,
    F_REST_PATH,
    F_MESSAGE_ID,
    F_REQUEST_ID,
    F_PROTOCOL,
    F_REQUEST_SIZE,
    F_RESPONSE_SIZE,
    F_SUCCEEDED,
    F_SERVICE_TYPE,
    F_FAULT_CODE,
    F_STATUS_CODE,
    F_KEPT /* those that follow may be asked for and are never there */
};
static const char *const field_names[] = { "monitoringDataTs",
                                           "securityServerType",
                                           "requestInTs",
                                           "requestOutTs",
                                           "responseInTs",
                                           "responseOutTs",
                                           "clientXRoadInstance",
                                           "clientMemberClass",
                                           "clientMemberCode",
                                           "clientSubsystemCode",
                                           "serviceXRoadInstance",
                                           "serviceMemberClass",
                                           "serviceMemberCode",
                                           "serviceSubsystemCode",
                                           "serviceCode",
                                           "restPath",
                                           "messageId",
                                           "xRequestId",
                                           "messageProtocolVersion",
                                           "requestSize",
                                           "responseSize",
                                           "succeeded",
                                           "serviceType",
                                           "faultCode",
                                           "statusCode",
                                           "securityServerInternalIp",
                                           "restMethod",
                                           "serviceVersion",
                                           "representedPartyClass",
                                           "representedPartyCode",
                                           "messageUserId",
                                           "messageIssue",
                                           "clientSecurityServerAddress",
                                           "serviceSecurityServerAddress",
                                           "requestMimeSize",
                                           "requestAttachmentCount",
                                           "responseMimeSize",
                                           "responseAttachmentCount",
                                           "faultString",
                                           "xRoadVersion" };

int
watch_opmon_field(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(field_names); i++) {
        if (str_eq(name, str_of(field_names[i]))) {
            return (int)i;
        }
    }
    return -1;
}

/* --- records -----------------------------------------------------------------------------------
 */
struct writing {
    const struct watch_opmon *q;
    struct gzip_out *gzip;
    struct buf record;
    int64_t n;
    int64_t before; /* ids from here on are left to the next query */
    int64_t next_s;
    struct buf out;
};

static bool
is_wanted(const struct writing *w, enum field f)
{
    return w->q->fields == 0 || (w->q->fields >> f & 1) != 0;
}

static void
put_text(const struct writing *w, struct json_out *o, enum field f, struct str s)
{
    if (is_wanted(w, f) && s.n != 0) {
        json_put_str(o, field_names[f], s);
    }
}

static void
put_number(const struct writing *w, struct json_out *o, enum field f, int64_t v)
{
    if (is_wanted(w, f)) {
        json_put_i64(o, field_names[f], v);
    }
}

static struct str
service_type(struct str kind)
{
    return str_eq(kind, STR("wsdl"))      ? STR("WSDL")
           : str_eq(kind, STR("openapi")) ? STR("OPENAPI3")
                                          : STR("REST");
}

static void
put_times(const struct writing *w, struct json_out *o, const struct q_opmon_calls *c)
{
    put_number(w, o, F_MONITORED, c->id / DATE_US_PER_S);
    put_number(w, o, F_REQUEST_IN, c->at_us / US_PER_MS);
    if (c->up_us != 0) {
        put_number(w, o, F_REQUEST_OUT, (c->at_us + c->up_us) / US_PER_MS);
    }
    if (c->back_us != 0) {
        put_number(w, o, F_RESPONSE_IN, (c->at_us + c->back_us) / US_PER_MS);
    }
    put_number(w, o, F_RESPONSE_OUT, (c->at_us + c->took_us) / US_PER_MS);
}

static void
put_who(const struct writing *w, struct json_out *o, const struct q_opmon_calls *c)
{
    if (c->client_class.n != 0) {
        put_text(w, o, F_CLIENT_INSTANCE, STR(EXCHANGE_INSTANCE));
        put_text(w, o, F_CLIENT_CLASS, c->client_class);
        put_text(w, o, F_CLIENT_CODE, c->client_code);
        put_text(w, o, F_CLIENT_SYSTEM, c->client_system);
    }
    if (c->owner_class.n != 0) {
        put_text(w, o, F_SERVICE_INSTANCE, STR(EXCHANGE_INSTANCE));
        put_text(w, o, F_SERVICE_CLASS, c->owner_class);
        put_text(w, o, F_SERVICE_MEMBER, c->owner_code);
        put_text(w, o, F_SERVICE_SYSTEM, c->owner_system);
        put_text(w, o, F_SERVICE_CODE, c->service_code);
        put_text(w, o, F_SERVICE_TYPE, service_type(c->kind));
    }
}

/* The path of the agreement's operation ("/ho/{so}"); one that was not agreed may name a person. */
static struct str
path_of(const struct q_opmon_calls *c)
{
    bool is_agreed = str_eq(c->way, STR("relay")) && str_eq(c->fault, STR(""));
    return is_agreed && str_starts(c->operation, STR("/")) ? c->operation : STR("");
}

static void
put_record(const struct writing *w, struct json_out *o, const struct q_opmon_calls *c)
{
    bool is_from_node = str_eq(c->way, STR("inbound"));
    json_open(o);
    put_times(w, o, c);
    put_text(w, o, F_SERVER_TYPE, is_from_node ? STR("Producer") : STR("Client"));
    put_who(w, o, c);
    put_text(w, o, F_REST_PATH, path_of(c));
    put_text(w, o, F_MESSAGE_ID, c->message_id);
    put_text(w, o, F_REQUEST_ID, c->request_id);
    if (str_eq(c->way, STR("relay"))) {
        put_text(w, o, F_PROTOCOL, STR("1")); /* of PR-REST */
    }
    put_number(w, o, F_REQUEST_SIZE, c->bytes_in);
    put_number(w, o, F_RESPONSE_SIZE, c->bytes_out);
    if (is_wanted(w, F_SUCCEEDED)) {
        json_put_bool(o, field_names[F_SUCCEEDED], c->fault.n == 0);
    }
    put_text(w, o, F_FAULT_CODE, c->fault);
    if (c->status != 0) {
        put_number(w, o, F_STATUS_CODE, c->status);
    }
    json_close(o);
}

/* Does INSTANCE/class/code/system lie at or below the path? */
static bool
is_of(struct str path, struct str class_code, struct str code, struct str system)
{
    const struct str parts[] = { STR(EXCHANGE_INSTANCE), class_code, code, system };
    struct str want;
    for (size_t i = 0; str_next(&path, '/', &want); i++) {
        if (i == COUNT_OF(parts) || !str_eq(want, parts[i])) {
            return false;
        }
    }
    return class_code.n != 0;
}

static enum err
on_call(struct ctx *cx, const void *row, void *arg)
{
    const struct q_opmon_calls *c = row;
    struct writing *w = arg;
    (void)cx;
    struct str partner = w->q->partner;
    if (partner.p != NULL && !is_of(partner, c->client_class, c->client_code, c->client_system) &&
        !is_of(partner, c->owner_class, c->owner_code, c->owner_system)) {
        return ERR_OK;
    }
    w->record.n = 0;
    if (w->n++ != 0) {
        buf_add(&w->record, STR(",\n"));
    }
    struct json_out o = json_out(&w->record);
    put_record(w, &o, c);
    gzip_write(w->gzip, buf_str(&w->record));
    return ERR_OK;
}

/* Where this answer ends: whole seconds, at the end of that in which the last call is that may be
 * looked at. */
static enum err
find_end(struct ctx *cx, struct writing *w, int64_t to_s)
{
    struct q_opmon_stop stop;
    int64_t after = w->q->from_s * DATE_US_PER_S - 1;
    w->before = (to_s + 1) * DATE_US_PER_S;
    TRY(q_opmon_stop(cx, &stop, .after = after, .before = w->before, .limit_n = WATCH_OPMON_CALLS));
    if (stop.n < WATCH_OPMON_CALLS) {
        return ERR_OK;
    }
    int64_t end_s = stop.id / DATE_US_PER_S + 1;
    if (end_s <= to_s) {
        w->next_s = end_s;
        w->before = end_s * DATE_US_PER_S;
    }
    return ERR_OK;
}

static enum err
records_read(struct ctx *cx, void *arg)
{
    struct writing *w = arg;
    int64_t ready_s = sys_now_us(cx) / DATE_US_PER_S - WATCH_OPMON_DELAY_S; /* not yet */
    int64_t to_s = w->q->to_s;
    if (w->q->from_s >= ready_s) {
        return err_set(cx, ERR_INVALID, "recordsFrom must be before %" PRId64, ready_s);
    }
    if (to_s >= ready_s) {
        to_s = ready_s - 1;
        w->next_s = ready_s;
    }
    TRY(find_end(cx, w, to_s));
    return q_opmon_calls(cx, on_call, w, .after = w->q->from_s * DATE_US_PER_S - 1,
                         .before = w->before, .system_id = w->q->system_id);
}

enum err
watch_opmon_records(struct ctx *cx, const struct watch_opmon *q, struct watch_opmon_records *ret)
{
    struct writing w = { .q = q, .out = buf_new(cx->arena, GZIP_BYTES) };
    if (q->from_s < 0 || q->to_s > SECONDS_MAX || q->to_s < q->from_s) {
        return err_set(cx, ERR_INVALID, "recordsTo must not be before recordsFrom");
    }
    w.record = buf_new(cx->arena, RECORD_BYTES);
    w.gzip = gzip_begin(cx->arena, &w.out);
    gzip_write(w.gzip, STR("{\"records\":["));
    enum err e = store_read(cx, records_read, &w);
    gzip_write(w.gzip, STR("]}\n"));
    enum err end = gzip_end(w.gzip);
    TRY(e);
    TRY(end);
    *ret = (struct watch_opmon_records){ w.n, w.next_s, buf_str(&w.out) };
    return ERR_OK;
}

/* --- health ------------------------------------------------------------------------------------
 */
struct summing { /* of one number */
    int64_t min, max, sum;
    unsigned __int128 squares;
};
struct judged {
    int64_t id, n_good, n_bad;
    struct summing v[3]; /* time in ms, bytes in, bytes out */
};
struct judging {
    struct str partner;
    int64_t since_us;
    struct watch_opmon_health *ret;
    struct judged *v; /* in order of id, as ret->v */
    size_t n, room;
};

static void
sum_add(struct summing *s, int64_t v, bool is_first)
{
    s->min = is_first || v < s->min ? v : s->min;
    s->max = is_first || v > s->max ? v : s->max;
    s->sum += v;
    s->squares += (unsigned __int128)v * (unsigned __int128)v;
}

/* Largest whole number whose square is at most v. */
static int64_t
root(unsigned __int128 v)
{
    unsigned __int128 lo = 0;
    unsigned __int128 hi = (unsigned __int128)1 << 62;
    while (lo < hi) {
        unsigned __int128 mid = lo + (hi - lo + 1) / 2;
        if (mid * mid <= v) {
            lo = mid;
        } else {
            hi = mid - 1;
        }
    }
    return (int64_t)lo;
}

static struct watch_spread
spread_of(const struct summing *s, int64_t n)
{
    if (n == 0) {
        return (struct watch_spread){ 0 };
    }
    unsigned __int128 n2 = (unsigned __int128)n * (unsigned __int128)n;
    unsigned __int128 sum = (unsigned __int128)s->sum;
    unsigned __int128 spread = (unsigned __int128)n * s->squares - sum * sum; /* n^2 variances */
    return (struct watch_spread){ s->min, s->max, s->sum * 10 / n, root(spread * 100 / n2) };
}

static enum err
on_window(struct ctx *cx, const void *row, void *arg)
{
    const struct q_opmon_window *c = row;
    struct judging *j = arg;
    (void)cx;
    size_t lo = 0;
    size_t hi = j->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (j->v[mid].id < c->service_id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo == j->n || j->v[lo].id != c->service_id) {
        return ERR_OK; /* retired since, or not asked for */
    }
    struct judged *s = &j->v[lo];
    bool is_first = s->n_good + s->n_bad == 0;
    *(c->is_faulty != 0 ? &s->n_bad : &s->n_good) += 1;
    sum_add(&s->v[0], c->took_us / US_PER_MS, is_first);
    sum_add(&s->v[1], c->bytes_in, is_first);
    sum_add(&s->v[2], c->bytes_out, is_first);
    return ERR_OK;
}

static enum err
on_service(struct ctx *cx, const void *row, void *arg)
{
    const struct q_opmon_services *s = row;
    struct judging *j = arg;
    if (j->partner.p != NULL && !is_of(j->partner, s->class, s->member, s->subsystem)) {
        return ERR_OK;
    }
    if (j->n == j->room) { /* rooms double: what is left behind is as much again at most */
        size_t room = j->room == 0 ? SERVICES_FIRST : 2 * j->room;
        struct judged *v = ARENA_ARRAY(cx->arena, struct judged, room);
        struct watch_opmon_service *told = ARENA_ARRAY(cx->arena, struct watch_opmon_service, room);
        for (size_t i = 0; i < j->n; i++) {
            v[i] = j->v[i];
            told[i] = j->ret->v[i];
        }
        j->v = v;
        j->ret->v = told;
        j->room = room;
    }
    j->v[j->n] = (struct judged){ .id = s->id };
    j->ret->v[j->n++] = (struct watch_opmon_service){
        .provider = str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                            STR_ARG(s->class), STR_ARG(s->member), STR_ARG(s->subsystem)),
        .code = str_dup(cx->arena, s->code),
        .kind = service_type(s->kind),
    };
    return ERR_OK;
}

static enum err
health_read(struct ctx *cx, void *arg)
{
    struct judging *j = arg;
    struct q_opmon_back back;
    int64_t now_us = sys_now_us(cx);
    int64_t after = now_us - PERIOD_S * DATE_US_PER_S;
    j->n = j->room = 0;
    TRY(q_opmon_services(cx, on_service, j));
    TRY(q_opmon_back(cx, &back, .after = after, .before = now_us + DATE_US_PER_S,
                     .limit_n = HEALTH_CALLS));
    after = back.n == HEALTH_CALLS ? back.id - 1 : after;
    TRY(q_opmon_window(cx, on_window, j, .after = after, .before = now_us + DATE_US_PER_S));
    j->ret->period_s = (now_us - after) / DATE_US_PER_S;
    j->ret->n = j->n;
    for (size_t i = 0; i < j->n; i++) {
        struct watch_opmon_service *s = &j->ret->v[i];
        const struct judged *g = &j->v[i];
        struct q_opmon_last last;
        TRY(q_opmon_last(cx, &last, .service_id = g->id, .after = j->since_us,
                         .newest_n = LAST_CALLS));
        s->good_us = last.good_us;
        s->bad_us = last.bad_us;
        s->n_good = g->n_good;
        s->n_bad = g->n_bad;
        s->took_ms = spread_of(&g->v[0], g->n_good + g->n_bad);
        s->bytes_in = spread_of(&g->v[1], g->n_good + g->n_bad);
        s->bytes_out = spread_of(&g->v[2], g->n_good + g->n_bad);
    }
    return ERR_OK;
}

enum err
watch_opmon_health(struct ctx *cx, struct str partner, int64_t since_us,
                   struct watch_opmon_health *ret)
{
    struct judging j = { .partner = partner, .since_us = since_us, .ret = ret };
    *ret = (struct watch_opmon_health){ 0 };
    return store_read(cx, health_read, &j);
}
