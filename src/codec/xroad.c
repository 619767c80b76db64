/* xroad.c: see xroad.h. */
#include "codec/xroad.h"

/* --- identifiers ------------------------------------------------------------------------------ */
static const char *const part_names[] = { "xRoadInstance", "memberClass", "memberCode",
                                          "subsystemCode", "serverCode",  "serviceCode",
                                          "serviceVersion" };
enum part { INSTANCE, CLASS, CODE, SUBSYSTEM, SERVER, SERVICE, VERSION, PARTS };

/* A part must not change what a path means. */
static bool
is_part(struct str s)
{
    if (s.n == 0 || s.n > XROAD_TEXT_BYTES || !str_is_utf8(s)) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == '/' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* Each part at most once, no others. */
static bool
parts_of(const struct xml *e, struct str v[PARTS])
{
    for (XML_EACH(e, it)) {
        size_t i = 0;
        while (i < PARTS && !xml_is(it, XROAD_IDENTIFIER_NS, part_names[i])) {
            i++;
        }
        if (i == PARTS || v[i].p != NULL || it->child != NULL || !is_part(it->text)) {
            return false;
        }
        v[i] = it->text;
    }
    return v[INSTANCE].p != NULL && v[CLASS].p != NULL && v[CODE].p != NULL;
}

static struct str
path_of(struct arena *a, const struct str v[PARTS], enum part last)
{
    struct str path = str_fmt(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(v[INSTANCE]),
                              STR_ARG(v[CLASS]), STR_ARG(v[CODE]));
    return v[last].p == NULL ? path
                             : str_fmt(a, STR_FMT "/" STR_FMT, STR_ARG(path), STR_ARG(v[last]));
}

struct str
xroad_client(struct arena *a, const struct xml *e)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SERVER].p != NULL || v[SERVICE].p != NULL || v[VERSION].p != NULL) {
        return STR_NULL;
    }
    return path_of(a, v, SUBSYSTEM);
}

static bool
read_service(struct arena *a, const struct xml *e, struct xroad *ret)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SERVER].p != NULL || v[SERVICE].p == NULL) {
        return false;
    }
    ret->provider = path_of(a, v, SUBSYSTEM);
    ret->code = v[SERVICE];
    ret->version = v[VERSION];
    return true;
}

static bool
read_server(struct arena *a, const struct xml *e, struct xroad *ret)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SUBSYSTEM].p != NULL || v[SERVICE].p != NULL || v[VERSION].p != NULL ||
        v[SERVER].p == NULL) {
        return false;
    }
    ret->server = path_of(a, v, SERVER);
    return true;
}

static void
put_part(struct buf *b, enum part part, struct str value)
{
    if (value.p != NULL) {
        buf_addf(b, "<id:%s>", part_names[part]);
        xml_escape_to(b, value);
        buf_addf(b, "</id:%s>", part_names[part]);
    }
}

void
xroad_put(struct buf *b, const char *tag, struct str path, bool is_server, struct str service,
          struct str version)
{
    struct str rest = path;
    struct str v[4] = { STR_NULL, STR_NULL, STR_NULL, STR_NULL };
    for (size_t i = 0; i < COUNT_OF(v) && str_next(&rest, '/', &v[i]); i++) {
    }
    buf_addf(b, "<%s id:objectType=\"%s\">", tag,
             service.p != NULL ? "SERVICE"
             : is_server       ? "SERVER"
             : v[3].p != NULL  ? "SUBSYSTEM"
                               : "MEMBER");
    put_part(b, INSTANCE, v[0]);
    put_part(b, CLASS, v[1]);
    put_part(b, CODE, v[2]);
    put_part(b, is_server ? SERVER : SUBSYSTEM, v[3]);
    put_part(b, SERVICE, service);
    put_part(b, VERSION, version);
    buf_addf(b, "</%s>", tag);
}

/* --- fields of HTTP --------------------------------------------------------------------------- */
bool
xroad_is_type(struct str type)
{
    struct str rest;
    struct str name;
    struct str value;
    struct str part;
    (void)str_cut(type, ';', &part, &rest);
    if (!str_eq_nocase(str_trim(part), STR("text/xml"))) {
        return false;
    }
    while (str_next(&rest, ';', &part)) {
        if (!str_cut(part, '=', &name, &value) || !str_eq_nocase(str_trim(name), STR("charset"))) {
            continue;
        }
        value = str_trim(value);
        if (value.n > 2 && value.p[0] == '"') {
            value = str_slice(value, 1, value.n - 1);
        }
        if (!str_eq_nocase(value, STR("utf-8")) && !str_eq_nocase(value, STR("us-ascii"))) {
            return false;
        }
    }
    return true;
}

bool
xroad_is_action(struct str given, struct str element, struct str action)
{
    given = str_trim(given);
    if (given.n >= 2 && given.p[0] == '"' && given.p[given.n - 1] == '"') {
        given = str_slice(given, 1, given.n - 1);
    }
    if (given.n == 0) {
        return true;
    }
    if (action.n != 0) {
        return str_eq(given, action);
    }
    size_t begin = given.n < element.n ? 0 : given.n - element.n;
    return str_eq(str_slice(given, begin, given.n), element) &&
           (begin == 0 || str_has_char(STR("/#:"), given.p[begin - 1]));
}

bool
xroad_is_addressed(const struct xroad *m, struct str action)
{
    struct str given = m->wsa_action;
    if (given.p == NULL || xroad_is_action(given, m->body->name, action)) {
        return true;
    }
    struct str tail = STR("Request"); /* WS-Addressing's own way when a WSDL says nothing */
    return action.n == 0 && str_ends(given, tail) &&
           xroad_is_action(str_slice(given, 0, given.n - tail.n), m->body->name, action);
}

/* --- messages --------------------------------------------------------------------------------- */
struct reading {
    struct arena *arena;
    const char *fault, *what; /* NULL: none */
};

static enum err
wrong(struct reading *r, const char *fault, const char *what)
{
    r->fault = fault;
    r->what = what;
    return ERR_BAD_REQUEST;
}

enum field { CLIENT, SERVICE_FIELD, SERVER_FIELD, ID, USER, ISSUE, PROTOCOL, FIELDS };
static const char *const field_names[FIELDS] = { "client", "service", "securityServer", "id",
                                                 "userId", "issue",   "protocolVersion" };

/* Services may go by this instead of the body. */
static bool
is_wsa_action(const struct xml *e)
{
    return xml_is(e, "http://www.w3.org/2005/08/addressing", "Action") ||
           xml_is(e, "http://schemas.xmlsoap.org/ws/2004/08/addressing", "Action");
}

/* The fields of ours; others, of extensions, are passed over. */
static enum err
fields_of(struct reading *r, const struct xml *header, const struct xml *v[FIELDS],
          struct xroad *ret)
{
    for (XML_EACH(header, it)) {
        size_t i = 0;
        while (i < FIELDS && !xml_is(it, XROAD_NS, field_names[i])) {
            i++;
        }
        if (i == FIELDS) {
            ret->has_must =
                ret->has_must || str_eq(xml_get_ns(it, XROAD_SOAP_NS, "mustUnderstand"), STR("1"));
            if (is_wsa_action(it) && (ret->wsa_action.p != NULL || it->child != NULL)) {
                return wrong(r, "DuplicateHeaderField", "Action");
            }
            ret->wsa_action = is_wsa_action(it) ? it->text : ret->wsa_action;
            continue;
        }
        if (v[i] != NULL) {
            return wrong(r, "DuplicateHeaderField", field_names[i]);
        }
        v[i] = it;
        ret->has_fields = true;
    }
    return ERR_OK;
}

/* Plain text without bytes that would end a line of a log or a field of HTTP. */
static bool
is_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return s.n != 0 && s.n <= XROAD_TEXT_BYTES;
}

static enum err
read_texts(struct reading *r, const struct xml *v[FIELDS], struct xroad *ret)
{
    struct str *const texts[] = { &ret->id, &ret->user_id, &ret->issue };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct xml *e = v[ID + i];
        if (e != NULL && (e->child != NULL || !is_line(e->text))) {
            return wrong(r, "InvalidHeaderField", field_names[ID + i]);
        }
        *texts[i] = e == NULL ? STR_NULL : e->text;
    }
    return ERR_OK;
}

static enum err
read_header(struct reading *r, const struct xml *v[FIELDS], struct xroad *ret)
{
    static const enum field needed[] = { CLIENT, SERVICE_FIELD, ID, PROTOCOL };
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (v[needed[i]] == NULL) {
            return wrong(r, "MissingHeaderField", field_names[needed[i]]);
        }
    }
    if (!str_eq(v[PROTOCOL]->text, STR("4.0"))) {
        return wrong(r, "InvalidProtocolVersion", "protocolVersion must be 4.0");
    }
    ret->client = xroad_client(r->arena, v[CLIENT]);
    if (ret->client.p == NULL) {
        return wrong(r, "InvalidHeaderField", "client");
    }
    if (!read_service(r->arena, v[SERVICE_FIELD], ret)) {
        return wrong(r, "InvalidHeaderField", "service");
    }
    if (v[SERVER_FIELD] != NULL && !read_server(r->arena, v[SERVER_FIELD], ret)) {
        return wrong(r, "InvalidHeaderField", "securityServer");
    }
    return read_texts(r, v, ret);
}

/* Bytes are read as UTF-8 here; who reads them next must not be told otherwise. */
static bool
says_utf8(struct str bytes)
{
    struct str s = str_starts(bytes, STR("\xef\xbb\xbf")) ? str_slice(bytes, 3, bytes.n) : bytes;
    if (!str_starts(s, STR("<?xml"))) {
        return true;
    }
    s = str_slice(s, 0, str_find(s, STR("?>")));
    size_t at = str_find(s, STR("encoding"));
    s = str_slice(s, at, s.n);
    struct str name;
    struct str value;
    if (s.n == 0) {
        return true;
    }
    if (!str_cut(s, '=', &name, &value)) {
        return false;
    }
    value = str_trim(value);
    if (value.n < 2) {
        return false;
    }
    size_t end = str_find_char(str_slice(value, 1, value.n), value.p[0]); /* the other quote */
    value = str_slice(value, 1, 1 + end);
    return str_eq_nocase(value, STR("UTF-8")) || str_eq_nocase(value, STR("US-ASCII"));
}

/* Without the beginning of a character whose end has not come yet. */
static struct str
whole_characters(struct str s)
{
    for (size_t n = 1; n <= 3 && n <= s.n; n++) {
        unsigned char c = (unsigned char)s.p[s.n - n];
        size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (c < 0x80 || want > 1) {
            return want > n ? str_slice(s, 0, s.n - n) : s;
        }
    }
    return s;
}

/* One header at most, before the one body, and nothing else. */
static enum err
parts_of_envelope(struct reading *r, const struct xml *root, enum xroad_read how,
                  const struct xml **ret_header, const struct xml **ret_body)
{
    const struct xml *first = root->child;
    bool has_header = xml_is(first, XROAD_SOAP_NS, "Header");
    const struct xml *body = has_header ? first->next : first;
    if (!xml_is(root, XROAD_SOAP_NS, "Envelope")) {
        return wrong(r, "InvalidSoap", "the root is not a SOAP 1.1 Envelope");
    }
    if (!has_header && how == XROAD_WHOLE) {
        return wrong(r, "MissingHeader", "the message has no header");
    }
    if (!xml_is(body, XROAD_SOAP_NS, "Body") || body->child == NULL || body->child->next != NULL) {
        return wrong(r, "MissingBody", "the body must hold one element");
    }
    if (body->next != NULL) {
        return wrong(r, "InvalidSoap", "the envelope holds more than a header and a body");
    }
    *ret_header = has_header ? first : NULL;
    *ret_body = body;
    return ERR_OK;
}

static enum err
read_all(struct reading *r, struct str bytes, struct xml_limits limits, enum xroad_read how,
         struct xroad *ret)
{
    struct xml_fault fault = { 0 };
    struct xml *root = NULL;
    const struct xml *header = NULL;
    const struct xml *body = NULL;
    const struct xml *v[FIELDS] = { NULL };
    limits.prune = how == XROAD_WHOLE ? NULL : "Body";
    limits.ends_there = how == XROAD_ANSWER;
    bytes = how == XROAD_ANSWER ? whole_characters(bytes) : bytes;
    if (!says_utf8(bytes)) {
        return wrong(r, "InvalidSoap", "the message must be UTF-8");
    }
    if (xml_parse(r->arena, bytes, limits, &root, &fault) != ERR_OK) {
        return wrong(r, "InvalidSoap",
                     fault.what == NULL ? "the message is too large" : fault.what);
    }
    TRY(parts_of_envelope(r, root, how, &header, &body));
    ret->body = body->child;
    ret->is_fault = xml_is(body->child, XROAD_SOAP_NS, "Fault");
    TRY(fields_of(r, header, v, ret));
    return ret->has_fields || how == XROAD_WHOLE ? read_header(r, v, ret) : ERR_OK;
}

enum err
xroad_read(struct arena *a, struct str bytes, struct xml_limits limits, enum xroad_read how,
           struct xroad *ret, const char **ret_fault, const char **ret_what)
{
    struct reading r = { .arena = a };
    struct xroad m = { .client = STR_NULL };
    enum err e = read_all(&r, bytes, limits, how, &m);
    if (e != ERR_OK) {
        *ret_fault = r.fault;
        *ret_what = r.what;
        return e;
    }
    *ret = m;
    return ERR_OK;
}

void
xroad_put_header(struct buf *b, const struct xroad *m)
{
    BUF_LIT(b, "<s:Header xmlns:s=\"" XROAD_SOAP_NS "\" xmlns:x=\"" XROAD_NS
               "\" xmlns:id=\"" XROAD_IDENTIFIER_NS "\">");
    xroad_put(b, "x:client", m->client, false, STR_NULL, STR_NULL);
    xroad_put(b, "x:service", m->provider, false, m->code, m->version);
    if (m->user_id.p != NULL) {
        xml_element_to(b, "x:userId", m->user_id);
    }
    xml_element_to(b, "x:id", m->id);
    if (m->issue.p != NULL) {
        xml_element_to(b, "x:issue", m->issue);
    }
    BUF_LIT(b, "<x:protocolVersion>4.0</x:protocolVersion></s:Header>");
}

bool
xroad_is_same(const struct xroad *a, const struct xroad *b)
{
    return str_eq(a->client, b->client) && str_eq(a->provider, b->provider) &&
           str_eq(a->code, b->code) && str_eq(a->version, b->version) && str_eq(a->id, b->id) &&
           str_eq(a->user_id, b->user_id) && str_eq(a->issue, b->issue);
}
