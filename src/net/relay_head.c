/* relay_head.c: heads: what the relay reads of a request's, and the heads it writes to both sides.
 * Hop-by-hop fields end here (RFC 9110 7.6.1), framing is always the relay's own, and no field that
 * the relay vouches for passes from outside, not even spelt with '_' (which some services read as
 * '-'). */
#include "codec/xroad.h"
#include "net/relay_int.h"
#include "net/server_int.h"

enum {
    DROP_UP = 1,
    DROP_DOWN = 2,
    XROAD_UP = 4,   /* only of X-Road services */
    XROAD_DOWN = 8, /* likewise */
    SPELLING = 16,  /* only when spelt with '_' */
    FILTER_UP = 32, /* where answers are filtered */
    FILTER_DOWN = 64,
    SIGNED_DOWN = 128 /* passes where the answer comes from the gate of signed exchange */
};
static const struct {
    struct str name;
    unsigned what;
} fields[] = {
    { STR_INIT("te"), DROP_UP | DROP_DOWN },
    { STR_INIT("host"), DROP_UP },
    { STR_INIT("etag"), FILTER_DOWN },
    { STR_INIT("range"), FILTER_UP },
    { STR_INIT("digest"), FILTER_DOWN },
    { STR_INIT("server"), XROAD_DOWN },
    { STR_INIT("expect"), DROP_UP },
    { STR_INIT("alt-svc"), DROP_DOWN },
    { STR_INIT("trailer"), DROP_UP | DROP_DOWN },
    { STR_INIT("upgrade"), DROP_UP | DROP_DOWN },
    { STR_INIT("if-range"), FILTER_UP },
    { STR_INIT("forwarded"), DROP_UP },
    { STR_INIT("x-real-ip"), DROP_UP },
    { STR_INIT("x-road-id"), DROP_UP | DROP_DOWN },
    { STR_INIT("connection"), DROP_UP | DROP_DOWN },
    { STR_INIT("keep-alive"), DROP_UP | DROP_DOWN },
    { STR_INIT("user-agent"), XROAD_UP },
    { STR_INIT("traceparent"), DROP_UP },
    { STR_INIT("content-md5"), FILTER_DOWN },
    { STR_INIT("repr-digest"), FILTER_DOWN },
    { STR_INIT("x-road-issue"), SPELLING },
    { STR_INIT("x-road-error"), DROP_UP | DROP_DOWN | SIGNED_DOWN },
    { STR_INIT("authorization"), SPELLING },
    { STR_INIT("accept-ranges"), FILTER_DOWN },
    { STR_INIT("x-road-client"), DROP_UP | DROP_DOWN },
    { STR_INIT("x-road-userid"), SPELLING },
    { STR_INIT("x-road-service"), DROP_UP | DROP_DOWN },
    { STR_INIT("content-digest"), FILTER_DOWN },
    { STR_INIT("content-length"), DROP_UP | DROP_DOWN },
    { STR_INIT("http2-settings"), DROP_UP },
    { STR_INIT("accept-encoding"), FILTER_UP },
    { STR_INIT("x-forwarded-for"), DROP_UP },
    { STR_INIT("x-forwarded-host"), DROP_UP },
    { STR_INIT("x-forwarded-port"), DROP_UP },
    { STR_INIT("proxy-connection"), DROP_UP | DROP_DOWN },
    { STR_INIT("transfer-encoding"), DROP_UP | DROP_DOWN },
    { STR_INIT("x-forwarded-proto"), DROP_UP },
    { STR_INIT("x-road-request-id"), DROP_UP | DROP_DOWN },
    { STR_INIT("x-forwarded-server"), DROP_UP },
    { STR_INIT("x-forwarded-prefix"), DROP_UP },
    { STR_INIT("proxy-authenticate"), DROP_UP | DROP_DOWN },
    { STR_INIT("proxy-authorization"), DROP_UP | DROP_DOWN },
    { STR_INIT("x-road-request-hash"), DROP_UP | DROP_DOWN | SIGNED_DOWN },
    { STR_INIT("information-mediator-client"), DROP_UP | DROP_DOWN },
};

/* Without case, '_' as '-'. want is in lower case. */
bool
head_name_is(struct str name, struct str want)
{
    if (name.n != want.n) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == '_' ? '-' : c;
        if (c != want.p[i]) {
            return false;
        }
    }
    return true;
}

/* What to do with a field of that name; the table is in order of length. */
static unsigned
field_rule(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(fields) && fields[i].name.n <= name.n; i++) {
        if (fields[i].name.n == name.n && head_name_is(name, fields[i].name)) {
            bool is_spelling = (fields[i].what & SPELLING) != 0 && str_has_char(name, '_');
            return is_spelling ? DROP_UP | DROP_DOWN : fields[i].what;
        }
    }
    return 0;
}

static bool
is_named(struct str list, struct str name)
{
    struct str part;
    while (list.n != 0 && str_next(&list, ',', &part)) {
        if (str_eq_nocase(str_trim(part), name)) {
            return true;
        }
    }
    return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* 00-<32 hex>-<16 hex>-<2 hex>, lower case, ids not all zero (W3C Trace Context 3.2). */
static bool
is_trace_parent(struct str v)
{
    static const char form[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (v.n != sizeof(form) - 1) {
        return false;
    }
    for (size_t i = 0; i < v.n; i++) {
        bool is_hex = (v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] >= 'a' && v.p[i] <= 'f');
        if (form[i] == 'x' ? !is_hex : v.p[i] != form[i]) {
            return false;
        }
    }
    return !str_eq(str_slice(v, 3, 35), STR("00000000000000000000000000000000")) &&
           !str_eq(str_slice(v, 36, 52), STR("0000000000000000"));
}

static bool
once(struct str *to, struct str value)
{
    bool is_first = to->p == NULL;
    *to = value;
    return is_first;
}

static bool
connection_note(struct rcall *x, struct str value)
{
    struct str v = str_trim(value);
    if (str_eq_nocase(v, STR("keep-alive")) || str_eq_nocase(v, STR("close"))) {
        return true;
    }
    return once(&x->connection, v);
}

static bool
field_note(struct rcall *x, const struct http_header *h)
{
    switch (h->name.n) {
    case 7:
        return !str_eq_nocase(h->name, STR("Upgrade")) || once(&x->upgrade, h->value);
    case 9:
        return !str_eq_nocase(h->name, STR("X-Road-Id")) || once(&x->message_id, h->value);
    case 10:
        return !str_eq_nocase(h->name, STR("Connection")) || connection_note(x, h->value);
    case 11:
        if (str_eq_nocase(h->name, STR("traceparent")) && is_trace_parent(h->value)) {
            x->trace_parent = h->value;
        }
        return true;
    case 12:
        return !str_eq_nocase(h->name, STR("X-Road-Issue")) || once(&x->issue, h->value);
    case 13:
        if (str_eq_nocase(h->name, STR("Authorization"))) {
            x->authorization = h->value;
        }
        if (str_eq_nocase(h->name, STR("X-Road-UserId"))) {
            return once(&x->user_id, h->value);
        }
        return !str_eq_nocase(h->name, STR("X-Road-Client")) || once(&x->x_client, h->value);
    case 27: /* the name GovStack's Information Mediator gives it */
        return !str_eq_nocase(h->name, STR("Information-Mediator-Client")) ||
               once(&x->x_client, h->value);
    default:
        return true;
    }
}

bool
head_note(struct rcall *x)
{
    for (size_t i = 0; i < x->rq.n_headers; i++) {
        if (!field_note(x, &x->rq.headers[i])) {
            return false;
        }
    }
    return x->message_id.n <= 255 && x->user_id.n <= 255 && x->issue.n <= 255;
}

/* --- ids -------------------------------------------------------------------------------------- */

/* xorshift128+: ids that do not repeat; nothing secret hangs on them. */
static uint64_t
id_next(struct rloop *l)
{
    uint64_t a = l->id_hi;
    uint64_t b = l->id_lo;
    l->id_hi = b;
    a ^= a << 23;
    l->id_lo = a ^ b ^ (a >> 17) ^ (b >> 26);
    return l->id_lo + b;
}

static char *
hex(char *p, uint64_t v, unsigned digits)
{
    static const char text[] = "0123456789abcdef";
    for (unsigned i = 0; i < digits; i++) {
        p[i] = text[(v >> (4 * (digits - 1 - i))) & 15U];
    }
    return p + digits;
}

/* A random UUID (RFC 9562, version 4). */
static void
uuid(struct rloop *l, char out[37])
{
    uint64_t hi = (id_next(l) & ~UINT64_C(0xf000)) | 0x4000;
    uint64_t lo = (id_next(l) & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    char *p = hex(out, hi >> 32, 8);
    *p++ = '-';
    p = hex(p, hi >> 16, 4);
    *p++ = '-';
    p = hex(p, hi, 4);
    *p++ = '-';
    p = hex(p, lo >> 48, 4);
    *p++ = '-';
    p = hex(p, lo, 12);
    *p = '\0';
}

void
head_ids(struct rcall *x)
{
    uuid(x->loop, x->request_id);
    if (x->trace_parent.p != NULL) {
        memcpy(x->trace_id, x->trace_parent.p + 3, 32);
    } else {
        (void)hex(hex(x->trace_id, id_next(x->loop) | 1U, 16), id_next(x->loop), 16);
    }
    x->trace_id[32] = '\0';
}

/* --- writing ---------------------------------------------------------------------------------- */
static char *
put(char *p, struct str s)
{
    if (s.n != 0) {
        memcpy(p, s.p, s.n);
    }
    return p + s.n;
}

static char *
put_field(char *p, struct str name, struct str value)
{
    p = put(put(p, name), STR(": "));
    return put(put(p, value), STR("\r\n"));
}

static char *
put_number(char *p, uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%" PRIu64, v);
    return put(p, (struct str){ digits, (size_t)n });
}

static char *
put_length(char *p, uint64_t length)
{
    p = put_number(put(p, STR("Content-Length: ")), length);
    return put(p, STR("\r\n"));
}

static struct str
message_id(const struct rcall *x)
{
    return x->message_id.n != 0 ? x->message_id : (struct str){ x->request_id, 36 };
}

static struct str
client_name(const struct rcall *x)
{
    return x->x_client.n != 0 || x->who == NULL ? x->x_client : x->who->header;
}

static bool
passes_up(const struct rcall *x, const struct http_header *h)
{
    unsigned rule = field_rule(h->name);
    bool is_filtered = x->grant != NULL && x->grant->n_removed != 0;
    if ((rule & DROP_UP) != 0 || ((rule & XROAD_UP) != 0 && x->route->is_xroad) ||
        ((rule & FILTER_UP) != 0 && is_filtered)) {
        return false;
    }
    if (x->soap != NULL && soap_drops(x, h->name)) {
        return false;
    }
    if (h->name.n == 13 && str_eq_nocase(h->name, STR("Authorization"))) {
        return x->route->keeps_authorization || x->proof != RELAY_BY_TOKEN;
    }
    if (h->name.n == 10 && str_eq_nocase(h->name, STR("tracestate"))) {
        return x->trace_parent.p != NULL;
    }
    return x->connection.p == NULL || !is_named(x->connection, h->name);
}

static char *
put_trace(struct rcall *x, char *p)
{
    p = put(p, STR("traceparent: 00-"));
    p = put(p, (struct str){ x->trace_id, 32 });
    *p++ = '-';
    p = hex(p, id_next(x->loop) | 1U, 16);
    p = put(p, x->trace_parent.p == NULL ? STR("-00") : str_slice(x->trace_parent, 52, 55));
    return put(p, STR("\r\n"));
}

/* What the envelope says of the user and the issue, or what the fields said. */
static char *
put_soap_up(const struct rcall *x, char *p)
{
    p = x->user_id.n != 0 ? put_field(p, STR("X-Road-UserId"), x->user_id) : p;
    return x->issue.n != 0 ? put_field(p, STR("X-Road-Issue"), x->issue) : p;
}

static char *
put_own_up(struct rcall *x, char *p, bool has_accept)
{
    p = put_field(p, STR("X-Forwarded-For"), str_of(x->client->peer));
    p = put_field(p, STR("X-Forwarded-Proto"), x->client->ssl != NULL ? STR("https") : STR("http"));
    p = put(p, STR("Via: 1.1 bombo\r\n"));
    p = put_trace(x, p);
    if (x->who != NULL) {
        p = put_field(p, STR("X-Road-Client"), client_name(x));
    }
    if (x->route->is_xroad) {
        p = put_field(p, STR("X-Road-Id"), message_id(x));
        p = put_field(p, STR("X-Road-Request-Id"), (struct str){ x->request_id, 36 });
        if (x->soap != NULL) {
            return put_soap_up(x, p);
        }
        if (!has_accept) {
            p = put(p, STR("Accept: application/json\r\n"));
        }
    }
    return p;
}

static size_t
fields_size(const struct http_header *v, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size += v[i].name.n + v[i].value.n + 4;
    }
    return size;
}

void
head_build_up(struct rcall *x)
{
    const struct rroute *route = x->route;
    struct str host = route->keeps_host ? http_header_get(&x->rq, STR("Host")) : route->pool->host;
    size_t cap = fields_size(x->rq.headers, x->rq.n_headers) + route->target.n + x->rest.n +
                 host.n + client_name(x).n + message_id(x).n + x->user_id.n + x->issue.n + 1024;
    char *begin = arena_alloc(x->arena, cap);
    char *p = put(put(begin, x->rq.method_name), STR(" "));
    p = put(p, route->target);
    if (route->target.n == 0 && (x->rest.n == 0 || x->rest.p[0] != '/')) {
        *p++ = '/';
    }
    p = put(put(p, x->rest), STR(" HTTP/1.1\r\n"));
    p = put_field(p, STR("Host"), host);
    bool has_accept = false;
    for (size_t i = 0; i < x->rq.n_headers; i++) {
        const struct http_header *h = &x->rq.headers[i];
        if (passes_up(x, h)) {
            p = put_field(p, h->name, h->value);
            has_accept = has_accept || (h->name.n == 6 && str_eq_nocase(h->name, STR("Accept")));
        }
    }
    if (x->head.framing == PARSE_CHUNKED) {
        p = put(p, STR("Transfer-Encoding: chunked\r\n"));
    } else if (x->head.framing == PARSE_LENGTH ||
               http_header_get(&x->rq, STR("Content-Length")).p) {
        p = put_length(p, x->head.length);
    }
    p = put(put_own_up(x, p, has_accept), STR("\r\n"));
    ASSERT((size_t)(p - begin) <= cap);
    x->head_up = (struct str){ begin, (size_t)(p - begin) };
}

bool
relay_passes_down(struct str name, struct str connection, bool is_changed)
{
    unsigned rule = field_rule(name);
    return (rule & (DROP_DOWN | XROAD_DOWN)) == 0 && !(is_changed && (rule & FILTER_DOWN) != 0) &&
           (connection.p == NULL || !is_named(connection, name));
}

static bool
passes_down(const struct rcall *x, const struct http_header *h, struct str connection)
{
    unsigned rule = field_rule(h->name);
    if ((rule & SIGNED_DOWN) != 0 && x->route->is_signed) {
        return !str_has_char(h->name, '_');
    }
    return (rule & DROP_DOWN) == 0 && ((rule & XROAD_DOWN) == 0 || !x->route->is_xroad) &&
           ((rule & FILTER_DOWN) == 0 || x->downward.filter == NULL) &&
           (connection.p == NULL || !is_named(connection, h->name));
}

struct str
head_date(struct rloop *l)
{
    int64_t wall_us = relay_wall_us(l->relay);
    if (wall_us / DATE_US_PER_S != l->date_s) {
        l->date_s = wall_us / DATE_US_PER_S;
        respond_date(wall_us, l->date);
    }
    return (struct str){ l->date, 29 };
}

static char *
put_xroad_down(const struct rcall *x, char *p)
{
    struct str client = client_name(x);
    if (client.n != 0) {
        p = put_field(p, STR("X-Road-Client"), client);
    }
    if (x->route != NULL) {
        p = put_field(p, STR("X-Road-Service"), x->route->header);
    }
    p = put_field(p, STR("X-Road-Id"), message_id(x));
    return put_field(p, STR("X-Road-Request-Id"), (struct str){ x->request_id, 36 });
}

/* The framing that fits the body: as the service gave it, or chunks where only the end tells. */
static char *
put_framing_down(const struct rcall *x, char *p)
{
    const struct parse_answer *a = &x->answer;
    if (x->downward.is_chunked_out) {
        return put(p, STR("Transfer-Encoding: chunked\r\n"));
    }
    bool is_said = a->has_length && (a->until != PARSE_UNTIL_NOTHING || a->length == 0 ||
                                     x->rq.method == HTTP_HEAD || a->status == 304);
    return is_said && a->status != 204 ? put_length(p, a->length) : p;
}

void
head_build_down(struct rcall *x)
{
    const struct parse_answer *a = &x->answer;
    size_t cap = fields_size(a->headers, a->n_headers) + a->reason.n + client_name(x).n +
                 x->route->header.n + message_id(x).n + 512;
    char *begin = arena_alloc(x->arena, cap);
    char *p = put_number(put(begin, STR("HTTP/1.1 ")), (uint64_t)a->status);
    p = put(put(put(p, STR(" ")), a->reason), STR("\r\n"));
    struct str connection = STR_NULL;
    bool has_date = false;
    for (size_t i = 0; i < a->n_headers; i++) {
        const struct http_header *h = &a->headers[i];
        if (h->name.n == 10 && str_eq_nocase(h->name, STR("Connection"))) {
            connection = h->value;
        }
        has_date = has_date || (h->name.n == 4 && str_eq_nocase(h->name, STR("Date")));
    }
    for (size_t i = 0; i < a->n_headers; i++) {
        if (passes_down(x, &a->headers[i], connection)) {
            p = put_field(p, a->headers[i].name, a->headers[i].value);
        }
    }
    p = put_framing_down(x, p);
    p = has_date ? p : put_field(p, STR("Date"), head_date(x->loop));
    p = put(p, STR("Via: 1.1 bombo\r\n"));
    p = x->route->is_xroad ? put_xroad_down(x, p) : p;
    p = x->closes_client ? put(p, STR("Connection: close\r\n")) : p;
    p = put(p, STR("\r\n"));
    ASSERT((size_t)(p - begin) <= cap);
    x->status = a->status;
    x->head_down = (struct str){ begin, (size_t)(p - begin) };
}
