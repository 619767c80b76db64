/* exchange_wsdl.c: reads WSDL 1.1 documents (document/literal and rpc, schema inside) into
 * operations with flat fields. No document types, no entities, no imports from elsewhere. */
#include "codec/xml.h"
#include "engine/exchange/exchange_int.h"

#define WSDL      "http://schemas.xmlsoap.org/wsdl/"
#define WSDL_SOAP "http://schemas.xmlsoap.org/wsdl/soap/"
#define XSD       "http://www.w3.org/2001/XMLSchema"
#define STACK_MAX 400
#define DEPTH_MAX 8
#define STEPS_MAX 1000 /* types that hold themselves end here */

struct todo {
    const struct xml *element;
    struct str path;
    uint32_t depth;
};
struct walk {
    struct ctx *cx;
    const struct xml *root; /* definitions */
    struct exchange_fields *out;
    struct todo stack[STACK_MAX];
    size_t n;
};

/* "tns:Foo" without its prefix. */
static struct str
local(struct str qname)
{
    struct str head;
    struct str tail;
    return str_cut(qname, ':', &head, &tail) ? tail : qname;
}

/* The first element of that kind and name attribute below root. */
static const struct xml *
find_named(const struct xml *root, const char *ns, const char *kind, struct str name)
{
    for (const struct xml *at = xml_walk(root, root); at != NULL; at = xml_walk(root, at)) {
        if (xml_is(at, ns, kind) && str_eq(xml_get(at, "name"), name)) {
            return at;
        }
    }
    return NULL;
}

/* A schema's own top-level declaration, so that a local element of the same name is not taken. */
static const struct xml *
find_global(const struct xml *root, const char *kind, struct str name)
{
    for (const struct xml *at = xml_walk(root, root); at != NULL; at = xml_walk(root, at)) {
        if (xml_is(at, XSD, kind) && at->parent != NULL && xml_is(at->parent, XSD, "schema") &&
            str_eq(xml_get(at, "name"), name)) {
            return at;
        }
    }
    return NULL;
}

static void
push(struct walk *w, struct todo t)
{
    if (w->n < STACK_MAX && t.depth <= DEPTH_MAX) {
        w->stack[w->n++] = t;
    } else {
        w->out->is_over = true;
    }
}

static struct str
field_path(struct walk *w, const struct todo *t, const struct xml *element)
{
    struct str most = xml_get(element, "maxOccurs");
    bool is_many = !str_is_empty(most) && !str_eq(most, STR("1")) && !str_eq(most, STR("0"));
    struct str name = xml_get(element, "name");
    name = str_is_empty(name) ? local(xml_get(element, "ref")) : name;
    struct str own = str_cat(w->cx->arena, name, is_many ? STR("[]") : STR(""));
    return str_is_empty(t->path)
               ? own
               : str_fmt(w->cx->arena, STR_FMT "." STR_FMT, STR_ARG(t->path), STR_ARG(own));
}

/* Elements of a complex type, in document order, the last pushed first. */
static void
push_children(struct walk *w, const struct todo *t, const struct xml *type)
{
    const struct xml *found[EXCHANGE_FIELDS_MAX];
    size_t n = 0;
    for (const struct xml *at = xml_walk(type, type); at != NULL; at = xml_walk(type, at)) {
        bool is_inner = xml_is(at, XSD, "element");
        for (const struct xml *up = at->parent; is_inner && up != NULL && up != type;
             up = up->parent) {
            is_inner = !xml_is(up, XSD, "element");
        }
        if (is_inner && n < COUNT_OF(found)) {
            found[n++] = at;
        }
    }
    while (n > 0) {
        n--;
        push(w, (struct todo){ found[n], t->path, t->depth + 1 });
    }
}

static void
walk_one(struct walk *w, const struct todo *t)
{
    const struct xml *e = t->element;
    struct str ref = xml_get(e, "ref");
    const struct xml *declared =
        str_is_empty(ref) ? e : find_global(w->root, "element", local(ref));
    declared = declared == NULL ? e : declared;
    struct str path = field_path(w, t, e);
    struct str type = local(xml_get(declared, "type"));
    const struct xml *complex = str_is_empty(type) ? xml_child(declared, XSD, "complexType")
                                                   : find_global(w->root, "complexType", type);
    if (complex != NULL) {
        push_children(w, &(struct todo){ declared, path, t->depth }, complex);
        return;
    }
    const struct xml *note = xml_child(declared, XSD, "annotation");
    const struct xml *words = note == NULL ? NULL : xml_child(note, XSD, "documentation");
    exchange_fields_add(w->out,
                        (struct exchange_field){ path, str_is_empty(type) ? STR("string") : type,
                                                 words == NULL ? STR("") : words->text,
                                                 !str_eq(xml_get(e, "minOccurs"), STR("0")) });
}

/* Fields of a message: of its parts' elements (without the wrapping name) or simple types. */
static enum err
flatten(struct ctx *cx, const struct xml *root, struct str message, struct exchange_fields *out)
{
    const struct xml *m = find_named(root, WSDL, "message", local(message));
    struct walk *w = ARENA_NEW(cx->arena, struct walk);
    w->cx = cx;
    w->root = root;
    w->out = out;
    for (XML_EACH(m, part)) {
        if (!xml_is(part, WSDL, "part")) {
            continue;
        }
        struct str name = local(xml_get(part, "element"));
        const struct xml *e = str_is_empty(name) ? NULL : find_global(root, "element", name);
        struct str type = e == NULL ? STR_NULL : local(xml_get(e, "type"));
        const struct xml *complex = e == NULL            ? NULL
                                    : str_is_empty(type) ? xml_child(e, XSD, "complexType")
                                                         : find_global(root, "complexType", type);
        if (complex != NULL) {
            push_children(w, &(struct todo){ e, STR(""), 0 }, complex);
        } else {
            exchange_fields_add(out, (struct exchange_field){ xml_get(part, "name"),
                                                              local(xml_get(part, "type")), STR(""),
                                                              true });
        }
    }
    for (uint32_t steps = 0; w->n > 0 && !out->is_over; steps++) {
        struct todo t = w->stack[--w->n];
        out->is_over = steps == STEPS_MAX;
        walk_one(w, &t);
    }
    return out->is_over ? exchange_doc_wrong(cx, "exchange.doc.too_many_fields", message) : ERR_OK;
}

static struct str
message_of(const struct xml *operation, const char *way)
{
    const struct xml *e = xml_child(operation, WSDL, way);
    return e == NULL ? STR_NULL : xml_get(e, "message");
}

/* The element that stands in the body: of the input's part (document), or the operation (rpc). */
static struct str
element_of(const struct xml *root, const struct xml *operation, struct str name)
{
    const struct xml *m = find_named(root, WSDL, "message", local(message_of(operation, "input")));
    const struct xml *part = xml_child(m, WSDL, "part");
    struct str element = part == NULL ? STR_NULL : local(xml_get(part, "element"));
    return str_is_empty(element) ? name : element;
}

/* soapAction of the binding's operation of that name; "" when there is none. */
static struct str
action_of(const struct xml *root, struct str name)
{
    for (const struct xml *at = xml_walk(root, root); at != NULL; at = xml_walk(root, at)) {
        bool is_it = xml_is(at, WSDL, "operation") && xml_is(at->parent, WSDL, "binding") &&
                     str_eq(xml_get(at, "name"), name);
        const struct xml *soap = is_it ? xml_child(at, WSDL_SOAP, "operation") : NULL;
        if (soap != NULL) {
            struct str action = xml_get(soap, "soapAction");
            return action.p == NULL ? STR("") : action;
        }
    }
    return STR("");
}

static enum err
read_operation(struct ctx *cx, const struct xml *root, const struct xml *e,
               struct exchange_operation *ret)
{
    struct exchange_fields in = exchange_fields_new(cx);
    struct exchange_fields out = exchange_fields_new(cx);
    const struct xml *words = xml_child(e, WSDL, "documentation");
    struct str name = xml_get(e, "name");
    if (str_is_empty(name)) {
        return exchange_doc_wrong(cx, "exchange.doc.operation", str_fmt(cx->arena, "%u", e->line));
    }
    TRY(flatten(cx, root, message_of(e, "input"), &in));
    TRY(flatten(cx, root, message_of(e, "output"), &out));
    *ret = (struct exchange_operation){ .code = exchange_code_of(cx, name),
                                        .method = STR("POST"),
                                        .path = str_cat(cx->arena, STR("/"), name),
                                        .summary = words == NULL ? STR("") : words->text,
                                        .element = element_of(root, e, name),
                                        .action = action_of(root, name),
                                        .inputs = in.v,
                                        .n_inputs = in.n,
                                        .outputs = out.v,
                                        .n_outputs = out.n };
    return ERR_OK;
}

static const struct xml *
operation_named(struct ctx *cx, const struct xml *root, struct str code)
{
    for (const struct xml *at = xml_walk(root, root); at != NULL; at = xml_walk(root, at)) {
        if (xml_is(at, WSDL, "operation") && at->parent != NULL &&
            xml_is(at->parent, WSDL, "portType") &&
            str_eq(exchange_code_of(cx, xml_get(at, "name")), code)) {
            return at;
        }
    }
    return NULL;
}

/* The element that a message's part names; NULL: it names a type. */
static const struct xml *
part_element(const struct xml *root, struct str message)
{
    const struct xml *m = find_named(root, WSDL, "message", local(message));
    for (XML_EACH(m, part)) {
        struct str name = local(xml_get(part, "element"));
        if (xml_is(part, WSDL, "part") && !str_is_empty(name)) {
            return find_global(root, "element", name);
        }
    }
    return NULL;
}

enum err
exchange_wsdl_wrapper(struct ctx *cx, struct str bytes, struct str code,
                      struct exchange_wrapper *ret)
{
    struct xml *root = NULL;
    struct xml_limits limits = { .bytes_max = EXCHANGE_DOC_BYTES, .nodes_max = 8000 };
    struct xml_fault fault = { 0 };
    TRY(xml_parse(cx->arena, bytes, limits, &root, &fault));
    const struct xml *operation = operation_named(cx, root, code);
    if (operation == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such operation");
    }
    const struct xml *e = part_element(root, message_of(operation, "output"));
    if (e == NULL) { /* rpc: the operation's name, by WSDL 1.1 3.5 */
        *ret = (struct exchange_wrapper){ str_cat(cx->arena, xml_get(operation, "name"),
                                                  STR("Response")),
                                          xml_get(root, "targetNamespace"), false };
        return ERR_OK;
    }
    *ret = (struct exchange_wrapper){ xml_get(e, "name"), xml_get(e->parent, "targetNamespace"),
                                      str_eq(xml_get(e->parent, "elementFormDefault"),
                                             STR("qualified")) };
    return ERR_OK;
}

/* soap:address or soap12:address of the first port. */
static struct str
address_of(const struct xml *root)
{
    for (const struct xml *at = xml_walk(root, root); at != NULL; at = xml_walk(root, at)) {
        if (str_eq(at->name, STR("address")) && at->parent != NULL &&
            xml_is(at->parent, WSDL, "port")) {
            return xml_get(at, "location");
        }
    }
    return STR_NULL;
}

static enum err
read_port_type(struct ctx *cx, const struct xml *root, const struct xml *port,
               struct exchange_doc *d)
{
    for (XML_EACH(port, e)) {
        if (!xml_is(e, WSDL, "operation")) {
            continue;
        }
        if (d->n == EXCHANGE_OPERATIONS_MAX) {
            return exchange_doc_wrong(cx, "exchange.doc.too_many_operations", xml_get(e, "name"));
        }
        TRY(read_operation(cx, root, e, &d->v[d->n]));
        d->n++;
    }
    return ERR_OK;
}

enum err
exchange_wsdl_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret)
{
    struct xml *root = NULL;
    struct xml_fault fault = { 0 };
    struct xml_limits limits = { .bytes_max = EXCHANGE_DOC_BYTES, .nodes_max = 8000 };
    if (xml_parse(cx->arena, bytes, limits, &root, &fault) != ERR_OK) {
        return exchange_doc_wrong(cx, "exchange.doc.xml",
                                  str_fmt(cx->arena, "%u: %s", fault.line, fault.what));
    }
    if (!xml_is(root, WSDL, "definitions")) {
        return exchange_doc_wrong(cx, "exchange.doc.wsdl_version", root->name);
    }
    const struct xml *words = xml_child(root, WSDL, "documentation");
    const struct xml *service = xml_child(root, WSDL, "service");
    struct str name = xml_get(root, "name");
    struct exchange_doc d = {
        .kind = STR("wsdl"),
        .title = !str_is_empty(name) ? name
                 : service != NULL   ? xml_get(service, "name")
                                     : STR_NULL,
        .version = STR("1"),
        .summary = words == NULL ? STR("") : words->text,
        .server = address_of(root),
        .v = ARENA_ARRAY(cx->arena, struct exchange_operation, EXCHANGE_OPERATIONS_MAX),
    };
    d.title = d.title.p == NULL ? STR("WSDL") : d.title;
    for (XML_EACH(root, e)) {
        if (xml_is(e, WSDL, "portType")) {
            TRY(read_port_type(cx, root, e, &d));
        }
    }
    *ret = d;
    return ERR_OK;
}
