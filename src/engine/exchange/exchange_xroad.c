/* exchange_xroad.c: reads SOAP messages with the header of the X-Road message protocol 4.0
 * (PR-MESS), and writes identifiers. No store. */
#include "base/buf.h"
#include "codec/xml.h"
#include "engine/exchange/exchange_int.h"

#define PART_BYTES 255 /* of one part of an identifier, and of the other header fields */
#define DEPTH_MAX  12
#define NODES_MAX  400

/* --- identifiers ------------------------------------------------------------------------------ */
static const char *const part_names[] = { "xRoadInstance", "memberClass", "memberCode",
                                          "subsystemCode", "serverCode",  "serviceCode",
                                          "serviceVersion" };
enum part { INSTANCE, CLASS, CODE, SUBSYSTEM, SERVER, SERVICE, VERSION, PARTS };

/* A part must not change what a path means. */
static bool
is_part(struct str s)
{
    if (s.n == 0 || s.n > PART_BYTES || !str_is_utf8(s)) {
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
        while (i < PARTS && !xml_is(it, EXCHANGE_IDENTIFIER_NS, part_names[i])) {
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
path_of(struct ctx *cx, const struct str v[PARTS], enum part last)
{
    struct str path = str_fmt(cx->arena, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(v[INSTANCE]),
                              STR_ARG(v[CLASS]), STR_ARG(v[CODE]));
    return v[last].p == NULL
               ? path
               : str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(path), STR_ARG(v[last]));
}

struct str
exchange_xroad_client(struct ctx *cx, const struct xml *e)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SERVER].p != NULL || v[SERVICE].p != NULL || v[VERSION].p != NULL) {
        return STR_NULL;
    }
    return path_of(cx, v, SUBSYSTEM);
}

static bool
read_service(struct ctx *cx, const struct xml *e, struct exchange_xroad *ret)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SERVER].p != NULL || v[SERVICE].p == NULL) {
        return false;
    }
    ret->provider = path_of(cx, v, SUBSYSTEM);
    ret->code = v[SERVICE];
    ret->version = v[VERSION];
    return true;
}

static bool
read_server(struct ctx *cx, const struct xml *e, struct exchange_xroad *ret)
{
    struct str v[PARTS] = { 0 };
    if (!parts_of(e, v) || v[SUBSYSTEM].p != NULL || v[SERVICE].p != NULL || v[VERSION].p != NULL ||
        v[SERVER].p == NULL) {
        return false;
    }
    ret->server = path_of(cx, v, SERVER);
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
exchange_xroad_put(struct buf *b, const char *tag, struct str path, bool is_server,
                   struct str service, struct str version)
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

/* --- messages --------------------------------------------------------------------------------- */
static enum err
wrong(struct ctx *cx, const char **ret_fault, const char *fault, const char *what)
{
    *ret_fault = fault;
    return err_set(cx, ERR_INVALID, "%s", what);
}

enum field { CLIENT, SERVICE_FIELD, SERVER_FIELD, ID, USER, ISSUE, PROTOCOL, FIELDS };
static const char *const field_names[FIELDS] = { "client", "service", "securityServer", "id",
                                                 "userId", "issue",   "protocolVersion" };

/* The fields of ours; others, of extensions, are passed over unless they must be understood. */
static enum err
fields_of(struct ctx *cx, const struct xml *header, const struct xml *v[FIELDS],
          const char **ret_fault)
{
    for (XML_EACH(header, it)) {
        size_t i = 0;
        while (i < FIELDS && !xml_is(it, EXCHANGE_XROAD_NS, field_names[i])) {
            i++;
        }
        if (i == FIELDS) {
            if (str_eq(xml_get_ns(it, EXCHANGE_SOAP_NS, "mustUnderstand"), STR("1"))) {
                return wrong(cx, ret_fault, "InvalidHeaderField",
                             "a field that must be understood");
            }
            continue;
        }
        if (v[i] != NULL) {
            return wrong(cx, ret_fault, "DuplicateHeaderField", field_names[i]);
        }
        v[i] = it;
    }
    static const enum field needed[] = { CLIENT, SERVICE_FIELD, ID, PROTOCOL };
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (v[needed[i]] == NULL) {
            return wrong(cx, ret_fault, "MissingHeaderField", field_names[needed[i]]);
        }
    }
    return ERR_OK;
}

static enum err
read_header(struct ctx *cx, const struct xml *header, struct exchange_xroad *ret,
            const char **ret_fault)
{
    const struct xml *v[FIELDS] = { NULL };
    TRY(fields_of(cx, header, v, ret_fault));
    if (!str_eq(v[PROTOCOL]->text, STR("4.0"))) {
        return wrong(cx, ret_fault, "InvalidProtocolVersion", "protocolVersion must be 4.0");
    }
    ret->client = exchange_xroad_client(cx, v[CLIENT]);
    if (ret->client.p == NULL) {
        return wrong(cx, ret_fault, "InvalidHeaderField", "client");
    }
    if (!read_service(cx, v[SERVICE_FIELD], ret)) {
        return wrong(cx, ret_fault, "InvalidHeaderField", "service");
    }
    if (v[SERVER_FIELD] != NULL && !read_server(cx, v[SERVER_FIELD], ret)) {
        return wrong(cx, ret_fault, "InvalidHeaderField", "securityServer");
    }
    struct str *const texts[] = { &ret->id, &ret->user_id, &ret->issue };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct xml *e = v[ID + i];
        if (e != NULL && (e->child != NULL || e->text.n == 0 || e->text.n > PART_BYTES)) {
            return wrong(cx, ret_fault, "InvalidHeaderField", field_names[ID + i]);
        }
        *texts[i] = e == NULL ? STR_NULL : e->text;
    }
    return ERR_OK;
}

enum err
exchange_xroad_read(struct ctx *cx, struct str bytes, struct exchange_xroad *ret,
                    const char **ret_fault)
{
    const struct xml_limits limits = { (uint32_t)EXCHANGE_XROAD_BYTES, DEPTH_MAX, NODES_MAX };
    struct xml_fault fault = { 0 };
    struct xml *root = NULL;
    *ret = (struct exchange_xroad){ .client = STR_NULL };
    if (xml_parse(cx->arena, bytes, limits, &root, &fault) != ERR_OK) {
        return wrong(cx, ret_fault, "InvalidSoap",
                     fault.what == NULL ? "the message is too large" : fault.what);
    }
    if (!xml_is(root, EXCHANGE_SOAP_NS, "Envelope")) {
        return wrong(cx, ret_fault, "InvalidSoap", "the root is not a SOAP 1.1 Envelope");
    }
    const struct xml *header = xml_child(root, EXCHANGE_SOAP_NS, "Header");
    const struct xml *body = xml_child(root, EXCHANGE_SOAP_NS, "Body");
    if (header == NULL) {
        return wrong(cx, ret_fault, "MissingHeader", "the message has no header");
    }
    if (body == NULL || body->child == NULL || body->child->next != NULL) {
        return wrong(cx, ret_fault, "MissingBody", "the body must hold one element");
    }
    ret->body = body->child;
    return read_header(cx, header, ret, ret_fault);
}

enum err
exchange_owner(struct ctx *cx, struct str *ret)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    if (set == NULL || set->consumer.n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "the pack names no consumer");
    }
    size_t end = set->consumer.n;
    while (end > 0 && set->consumer.p[end - 1] != '/') {
        end--;
    }
    *ret = str_slice(set->consumer, 0, end == 0 ? 0 : end - 1);
    return ERR_OK;
}
