/* exchange_describe.c: the catalogue's description of a connector, written from its field tables.
 */
#include "base/buf.h"
#include "codec/xml.h"
#include "engine/exchange/exchange_int.h"

#define DOC_BYTES ((size_t)256 << 10)
#define DEPTH_MAX 6

/* --- OpenAPI ---------------------------------------------------------------------------------- */
struct nest {
    struct json_out *o;
    struct str open[DEPTH_MAX];
    size_t n;
};

static void
close_one(struct nest *nest)
{
    json_close(nest->o); /* properties */
    json_close(nest->o); /* the object */
    nest->n--;
}

/* Opens the objects above the last part of the name; gives that part. */
static struct str
nest_to(struct nest *nest, struct str their)
{
    struct str parts[DEPTH_MAX];
    struct str part;
    size_t n = 0;
    size_t same = 0;
    while (n < DEPTH_MAX && str_next(&their, '.', &part)) {
        parts[n++] = part;
    }
    while (same < nest->n && same + 1 < n && str_eq(nest->open[same], parts[same])) {
        same++;
    }
    while (nest->n > same) {
        close_one(nest);
    }
    for (; nest->n + 1 < n; nest->n++) {
        json_key_str(nest->o, parts[nest->n]);
        json_open(nest->o);
        json_put_str(nest->o, "type", STR("object"));
        json_key(nest->o, "properties");
        json_open(nest->o);
        nest->open[nest->n] = parts[nest->n];
    }
    return n == 0 ? STR("") : parts[n - 1];
}

static void
plain_schema(struct ctx *cx, struct json_out *o, const struct exchange_map *m)
{
    json_open(o);
    json_put_str(o, "type", STR("string"));
    if (!str_is_empty(m->date)) {
        json_put_str(o, "format", m->date);
    }
    if (m->codes != NULL) {
        json_key(o, "enum");
        json_open_list(o);
        for (JSON_EACH(m->codes, it)) {
            json_str(o, it->key);
        }
        json_close_list(o);
    }
    if (!str_is_empty(m->text.vi)) {
        json_put_str(o, "description", pack_text(cx, m->text));
    }
    json_close(o);
}

static void
list_schema(struct ctx *cx, struct json_out *o, const struct exchange_map *m)
{
    json_open(o);
    json_put_str(o, "type", STR("array"));
    json_key(o, "items");
    json_open(o);
    json_put_str(o, "type", STR("object"));
    json_key(o, "properties");
    json_open(o);
    for (size_t i = 0; i < m->n_items; i++) {
        json_key_str(o, m->items[i].their);
        plain_schema(cx, o, &m->items[i]);
    }
    json_close(o);
    json_close(o);
    json_close(o);
}

static void
schema(struct ctx *cx, struct json_out *o, const struct exchange_map *v, size_t n)
{
    struct nest nest = { .o = o };
    json_open(o);
    json_put_str(o, "type", STR("object"));
    json_key(o, "required");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        if (v[i].is_required && !str_has_char(v[i].their, '.')) {
            json_str(o, v[i].their);
        }
    }
    json_close_list(o);
    json_key(o, "properties");
    json_open(o);
    for (size_t i = 0; i < n; i++) {
        json_key_str(o, nest_to(&nest, v[i].their));
        if (v[i].items != NULL) {
            list_schema(cx, o, &v[i]);
        } else {
            plain_schema(cx, o, &v[i]);
        }
    }
    while (nest.n > 0) {
        close_one(&nest);
    }
    json_close(o);
    json_close(o);
}

static void
json_content(struct ctx *cx, struct json_out *o, const struct exchange_map *v, size_t n)
{
    json_key(o, "content");
    json_open(o);
    json_key(o, "application/json");
    json_open(o);
    json_key(o, "schema");
    schema(cx, o, v, n);
    json_close(o);
    json_close(o);
}

static void
query_params(struct ctx *cx, struct json_out *o, const struct exchange_step *s)
{
    json_key(o, "parameters");
    json_open_list(o);
    for (size_t i = 0; i < s->n_in; i++) {
        json_open(o);
        json_put_str(o, "name", s->in[i].their);
        json_put_str(o, "in", STR("query"));
        json_put_bool(o, "required", s->in[i].is_required);
        json_key(o, "schema");
        plain_schema(cx, o, &s->in[i]);
        json_close(o);
    }
    json_close_list(o);
}

static void
operation(struct ctx *cx, struct json_out *o, const struct exchange_step *s)
{
    bool is_get = str_eq(s->method, STR("GET"));
    json_key_str(o, s->path);
    json_open(o);
    json_key(o, is_get ? "get" : "post");
    json_open(o);
    json_put_str(o, "operationId", s->id);
    json_put_str(o, "summary", pack_text(cx, s->text));
    if (is_get) {
        query_params(cx, o, s);
    } else {
        json_key(o, "requestBody");
        json_open(o);
        json_content(cx, o, s->in, s->n_in);
        json_close(o);
    }
    json_key(o, "responses");
    json_open(o);
    json_key(o, "200");
    json_open(o);
    json_put_str(o, "description", pack_text(cx, s->text));
    json_content(cx, o, s->out, s->n_out);
    json_close(o);
    json_close(o);
    json_close(o);
    json_close(o);
}

static void
openapi(struct ctx *cx, const struct exchange_connector *c, struct buf *b)
{
    struct json_out o = json_out(b);
    json_open(&o);
    json_put_str(&o, "openapi", STR("3.1.0"));
    json_key(&o, "info");
    json_open(&o);
    json_put_str(&o, "title", pack_text(cx, c->name));
    json_put_str(&o, "version", STR("1"));
    json_put_str(&o, "description", pack_text(cx, c->summary));
    json_close(&o);
    json_key(&o, "paths");
    json_open(&o);
    for (size_t i = 0; i < c->n_steps; i++) {
        operation(cx, &o, &c->steps[i]);
    }
    json_close(&o);
    json_close(&o);
}

/* --- WSDL ------------------------------------------------------------------------------------- */
static void
open_element(struct buf *b, struct str name)
{
    BUF_LIT(b, "<xs:element name=\"");
    xml_escape_to(b, name);
    BUF_LIT(b, "\"");
}

/* One message: an element of that name with the fields inside; nested ones are closed in order. */
static void
wsdl_element(struct ctx *cx, struct buf *b, struct str name, const struct exchange_map *v, size_t n)
{
    struct str open = STR("");
    open_element(b, name);
    BUF_LIT(b, "><xs:complexType><xs:sequence>");
    for (size_t i = 0; i < n; i++) {
        struct str parent;
        struct str leaf;
        if (!str_cut(v[i].their, '.', &parent, &leaf)) {
            leaf = parent;
            parent = STR("");
        }
        if (!str_eq(parent, open) && !str_is_empty(open)) {
            BUF_LIT(b, "</xs:sequence></xs:complexType></xs:element>");
        }
        if (!str_eq(parent, open) && !str_is_empty(parent)) {
            open_element(b, parent);
            BUF_LIT(b, "><xs:complexType><xs:sequence>");
        }
        open = parent;
        open_element(b, leaf);
        buf_addf(b, " type=\"xs:string\" minOccurs=\"%d\">", v[i].is_required ? 1 : 0);
        BUF_LIT(b, "<xs:annotation><xs:documentation>");
        xml_escape_to(b, pack_text(cx, v[i].text));
        BUF_LIT(b, "</xs:documentation></xs:annotation></xs:element>");
    }
    if (!str_is_empty(open)) {
        BUF_LIT(b, "</xs:sequence></xs:complexType></xs:element>");
    }
    BUF_LIT(b, "</xs:sequence></xs:complexType></xs:element>");
}

/* How it is called and where: by SOAP, through the exchange. */
static void
wsdl_service(const struct exchange_connector *c, struct buf *b)
{
    BUF_LIT(b, "<binding name=\"Binding\" type=\"t:Port\"><s:binding "
               "transport=\"http://schemas.xmlsoap.org/soap/http\"/>");
    for (size_t i = 0; i < c->n_steps; i++) {
        buf_addf(b,
                 "<operation name=\"" STR_FMT "\"><s:operation soapAction=\"\"/><input><s:body "
                 "use=\"literal\"/></input><output><s:body use=\"literal\"/></output></operation>",
                 STR_ARG(c->steps[i].id));
    }
    BUF_LIT(b, "</binding><service name=\"Service\"><port name=\"Port\" "
               "binding=\"t:Binding\"><s:address location=\"" EXCHANGE_HIDDEN_ENDPOINT
               "\"/></port></service>");
}

static void
wsdl(struct ctx *cx, const struct exchange_connector *c, struct buf *b)
{
    BUF_LIT(b, "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\" "
               "xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\" "
               "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"");
    xml_escape_to(b, c->ns);
    BUF_LIT(b, "\" targetNamespace=\"");
    xml_escape_to(b, c->ns);
    BUF_LIT(b, "\" name=\"");
    xml_escape_to(b, pack_text(cx, c->name));
    BUF_LIT(b, "\"><documentation>");
    xml_escape_to(b, pack_text(cx, c->summary));
    BUF_LIT(b, "</documentation><types><xs:schema targetNamespace=\"");
    xml_escape_to(b, c->ns);
    BUF_LIT(b, "\" elementFormDefault=\"qualified\">");
    for (size_t i = 0; i < c->n_steps; i++) {
        const struct exchange_step *s = &c->steps[i];
        wsdl_element(cx, b, s->id, s->in, s->n_in);
        wsdl_element(cx, b, str_cat(cx->arena, s->id, STR("Response")), s->out, s->n_out);
    }
    BUF_LIT(b, "</xs:schema></types>");
    for (size_t i = 0; i < c->n_steps; i++) {
        struct str id = c->steps[i].id;
        buf_addf(b,
                 "<message name=\"" STR_FMT "In\"><part name=\"p\" element=\"t:" STR_FMT
                 "\"/></message><message name=\"" STR_FMT
                 "Out\"><part name=\"p\" element=\"t:" STR_FMT "Response\"/></message>",
                 STR_ARG(id), STR_ARG(id), STR_ARG(id), STR_ARG(id));
    }
    BUF_LIT(b, "<portType name=\"Port\">");
    for (size_t i = 0; i < c->n_steps; i++) {
        struct str id = c->steps[i].id;
        buf_addf(b, "<operation name=\"" STR_FMT "\"><documentation>", STR_ARG(id));
        xml_escape_to(b, pack_text(cx, c->steps[i].text));
        buf_addf(b,
                 "</documentation><input message=\"t:" STR_FMT "In\"/><output message=\"t:" STR_FMT
                 "Out\"/></operation>",
                 STR_ARG(id), STR_ARG(id));
    }
    BUF_LIT(b, "</portType>");
    wsdl_service(c, b);
    BUF_LIT(b, "</definitions>");
}

enum err
exchange_describe(struct ctx *cx, const struct exchange_connector *c, struct str *ret)
{
    struct buf b = buf_new(cx->arena, DOC_BYTES);
    if (c->style == EXCHANGE_SOAP) {
        wsdl(cx, c, &b);
    } else {
        openapi(cx, c, &b);
    }
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "description") : ERR_OK;
}
