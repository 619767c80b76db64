/* xml.c: see xml.h. libxml2's SAX2 events build the tree; a document type ends the reading before
 * any of its declarations is seen, so entity tricks have no beginning. */
#include "codec/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#define ATTRS_MAX 100U

struct level {
    struct xml *node, *last;
    struct buf text;
};

struct reader {
    struct arena *arena;
    xmlParserCtxt *parser;
    struct xml_limits limits;
    struct level *stack;
    uint32_t depth, nodes_n;
    uint32_t pruned; /* depth from which nothing is kept; 0: none */
    bool is_enough;
    struct xml *root;
    struct xml_fault fault;
    enum err err;
};

static uint32_t
line_now(const struct reader *r)
{
    return r->parser->input == NULL ? 0 : (uint32_t)r->parser->input->line;
}

/* The first fault counts; the rest follows from it. */
static void
stop(struct reader *r, enum err e, const char *what)
{
    if (r->err == ERR_OK) {
        r->err = e;
        r->fault = (struct xml_fault){ line_now(r), what };
    }
    xmlStopParser(r->parser);
}

static struct str
copy(struct reader *r, const xmlChar *from, size_t n)
{
    return (struct str){ arena_copy(r->arena, from, n), n };
}

static struct str
copy_z(struct reader *r, const xmlChar *z)
{
    return z == NULL ? STR_NULL : copy(r, z, (size_t)xmlStrlen(z));
}

/* attributes: n times local name, prefix, URI, value begin, value end. */
static const struct xml_attr *
copy_attrs(struct reader *r, int n, const xmlChar **attributes)
{
    struct xml_attr *all = ARENA_ARRAY(r->arena, struct xml_attr, (size_t)n);
    for (int i = 0; i < n; i++) {
        const xmlChar **at = attributes + (size_t)i * 5;
        all[i].name = copy_z(r, at[0]);
        all[i].ns = copy_z(r, at[2]);
        all[i].value = copy(r, at[3], (size_t)(at[4] - at[3]));
        all[i].next = i + 1 < n ? &all[i + 1] : NULL;
    }
    return n == 0 ? NULL : all;
}

/* The node that was begun is one of those whose inside is not kept. */
static void
prune_below(struct reader *r)
{
    const char *prune = r->limits.prune;
    if (prune == NULL || r->depth < 2 || !xml_is(r->stack[r->depth - 2].node, NULL, prune)) {
        return;
    }
    r->pruned = r->depth;
    if (r->limits.ends_there) {
        r->is_enough = true;
        xmlStopParser(r->parser);
    }
}

/* True: this element is inside what is not kept, or one too many. */
static bool
is_passed_over(struct reader *r, int n_attrs)
{
    if (r->err != ERR_OK || r->is_enough) {
        return true;
    }
    if (r->depth >= r->limits.depth_max) {
        stop(r, ERR_TOO_LARGE, "nested too deeply");
        return true;
    }
    if (r->pruned != 0) {
        r->depth++;
        return true;
    }
    r->nodes_n += 1 + (uint32_t)n_attrs;
    if (r->nodes_n > r->limits.nodes_max) {
        stop(r, ERR_TOO_LARGE, "too many nodes");
        return true;
    }
    return false;
}

static void
/* NOLINTNEXTLINE(readability-function-size): libxml2 asks for these nine */
on_start(void *arg, const xmlChar *name, const xmlChar *prefix UNUSED, const xmlChar *uri,
         int n_ns UNUSED, const xmlChar **ns UNUSED, int n_attrs, int n_default UNUSED,
         const xmlChar **attrs)
{
    struct reader *r = arg;
    if (is_passed_over(r, n_attrs)) {
        return;
    }
    struct xml *node = ARENA_NEW(r->arena, struct xml);
    node->name = copy_z(r, name);
    node->ns = copy_z(r, uri);
    node->line = line_now(r);
    node->depth = r->depth;
    node->text = STR("");
    node->attrs = copy_attrs(r, n_attrs, attrs);
    if (r->depth == 0) {
        r->root = node;
    } else {
        struct level *up = &r->stack[r->depth - 1];
        node->parent = up->node;
        if (up->last == NULL) {
            up->node->child = node;
        } else {
            up->last->next = node;
        }
        up->last = node;
    }
    r->stack[r->depth++] =
        (struct level){ .node = node, .text = buf_new(r->arena, r->limits.bytes_max) };
    prune_below(r);
}

static void
on_end(void *arg, const xmlChar *name UNUSED, const xmlChar *prefix UNUSED,
       const xmlChar *uri UNUSED)
{
    struct reader *r = arg;
    if (r->pruned != 0 && r->depth > r->pruned) {
        r->depth--;
        return;
    }
    r->pruned = 0;
    if (r->err == ERR_OK && r->depth > 0) {
        struct level *top = &r->stack[--r->depth];
        top->node->text = str_trim(buf_str(&top->text));
    }
}

static void
on_text(void *arg, const xmlChar *text, int n)
{
    struct reader *r = arg;
    if (r->err != ERR_OK || r->depth == 0 || r->pruned != 0 || n <= 0) {
        return;
    }
    struct buf *b = &r->stack[r->depth - 1].text;
    union {
        const xmlChar *in;
        const char *out;
    } p = { .in = text };
    struct str s = { p.out, (size_t)n };
    if (b->n > 0 || str_trim(s).n > 0) {
        buf_add(b, s);
    }
}

static void
on_doctype(void *arg, const xmlChar *name UNUSED, const xmlChar *external UNUSED,
           const xmlChar *system UNUSED)
{
    stop(arg, ERR_BAD_REQUEST, "a document type (DOCTYPE) is not allowed");
}

static void
on_error(void *arg, xmlError *e)
{
    struct reader *r = arg;
    if (e != NULL && e->level >= XML_ERR_ERROR && r->err == ERR_OK && !r->is_enough) {
        struct str text = str_trim(str_of(e->message));
        stop(r, ERR_BAD_REQUEST, text.n == 0 ? "malformed" : str_z(r->arena, text));
        r->fault.line = e->line > 0 ? (uint32_t)e->line : r->fault.line;
    }
}

static struct xml_limits
with_defaults(struct xml_limits l)
{
    l.bytes_max = l.bytes_max == 0 ? 4U << 20 : l.bytes_max;
    l.depth_max = l.depth_max == 0 || l.depth_max > 250 ? 64 : l.depth_max;
    l.nodes_max = l.nodes_max == 0 ? 50000 : l.nodes_max;
    return l;
}

static void
read_all(struct reader *r, struct str bytes)
{
    xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC,
                          .startElementNs = on_start,
                          .endElementNs = on_end,
                          .characters = on_text,
                          .ignorableWhitespace = on_text,
                          .cdataBlock = on_text,
                          .internalSubset = on_doctype,
                          .serror = on_error };
    *r->parser->sax = sax;
    r->parser->userData = r;
    /* NOENT: only so that "&amp;" in attributes arrives as "&"; no other entity can exist. */
    xmlDoc *doc = xmlCtxtReadMemory(r->parser, bytes.p, (int)bytes.n, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOENT);
    if (doc != NULL) {
        xmlFreeDoc(doc);
    }
    if (r->err == ERR_OK && !r->is_enough &&
        (r->parser->wellFormed == 0 || r->root == NULL || r->depth != 0)) {
        stop(r, ERR_BAD_REQUEST, "malformed");
    }
}

/* --- attributes, before anything is parsed -----------------------------------------------------
 */
static size_t
behind(struct str s, size_t at, struct str mark)
{
    size_t n = str_find(str_slice(s, at, s.n), mark);
    return at + n + mark.n < s.n ? at + n + mark.n : s.n;
}

/* The start tag at s.p[at]: where it ends, and how many values in quotes it has. */
static size_t
tag_end(struct str s, size_t at, uint32_t *ret_values)
{
    char quote = 0;
    for (*ret_values = 0; at < s.n && (quote != 0 || s.p[at] != '>'); at++) {
        char c = s.p[at];
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
            *ret_values += 1;
        }
    }
    return at;
}

/* libxml2 compares each attribute with all others of its element: 250 KB of them are most of a
 * second, and the limit on nodes is asked only after that. */
static bool
is_crowded(struct str s)
{
    size_t at = 0;
    while ((at += str_find_char(str_slice(s, at, s.n), '<')) < s.n) {
        struct str rest = str_slice(s, at, s.n);
        uint32_t n = 0;
        if (str_starts(rest, STR("<!--"))) {
            at = behind(s, at + 4, STR("-->"));
        } else if (str_starts(rest, STR("<![CDATA["))) {
            at = behind(s, at, STR("]]>"));
        } else if (str_starts(rest, STR("<?"))) {
            at = behind(s, at, STR("?>"));
        } else {
            at = tag_end(s, at, &n);
        }
        if (n > ATTRS_MAX) {
            return true;
        }
    }
    return false;
}

enum err
xml_parse(struct arena *a, struct str bytes, struct xml_limits limits, struct xml **ret,
          struct xml_fault *ret_fault)
{
    struct reader r = { .arena = a, .limits = with_defaults(limits) };
    if (bytes.n > r.limits.bytes_max) {
        *ret_fault = (struct xml_fault){ 0, "too many bytes" };
        return ERR_TOO_LARGE;
    }
    if (!str_is_utf8(bytes) || str_has_char(bytes, '\0')) {
        *ret_fault = (struct xml_fault){ 0, "not UTF-8" };
        return ERR_BAD_REQUEST;
    }
    if (is_crowded(bytes)) {
        *ret_fault = (struct xml_fault){ 0, "too many attributes" };
        return ERR_TOO_LARGE;
    }
    r.stack = ARENA_ARRAY(a, struct level, r.limits.depth_max);
    r.parser = xmlNewParserCtxt();
    ASSERT(r.parser != NULL);
    read_all(&r, bytes);
    xmlFreeParserCtxt(r.parser);
    if (r.err != ERR_OK) {
        *ret_fault = r.fault;
        return r.err;
    }
    *ret = r.root;
    return ERR_OK;
}

struct str
xml_get_ns(const struct xml *e, const char *ns, const char *name)
{
    for (const struct xml_attr *at = e == NULL ? NULL : e->attrs; at != NULL; at = at->next) {
        if (str_eq(at->name, str_of(name)) && str_eq(at->ns, str_of(ns))) {
            return at->value;
        }
    }
    return STR_NULL;
}

struct str
xml_get(const struct xml *e, const char *name)
{
    return xml_get_ns(e, NULL, name);
}

bool
xml_is(const struct xml *e, const char *ns, const char *name)
{
    return e != NULL && str_eq(e->name, str_of(name)) && (ns == NULL || str_eq(e->ns, str_of(ns)));
}

const struct xml *
xml_child(const struct xml *e, const char *ns, const char *name)
{
    for (XML_EACH(e, it)) {
        if (xml_is(it, ns, name)) {
            return it;
        }
    }
    return NULL;
}

const struct xml *
xml_walk(const struct xml *root, const struct xml *at)
{
    if (at->child != NULL) {
        return at->child;
    }
    while (at != root && at->next == NULL) {
        at = at->parent;
    }
    return at == root ? NULL : at->next;
}

void
xml_escape_to(struct buf *b, struct str s)
{
    static const struct {
        char c;
        struct str as;
    } escapes[] = { { '&', STR_INIT("&amp;") },
                    { '<', STR_INIT("&lt;") },
                    { '>', STR_INIT("&gt;") },
                    { '"', STR_INIT("&quot;") },
                    { '\'', STR_INIT("&#39;") } };
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        for (size_t k = 0; k < COUNT_OF(escapes); k++) {
            if (s.p[i] == escapes[k].c) {
                buf_add_bytes(b, s.p + from, i - from);
                buf_add(b, escapes[k].as);
                from = i + 1;
            }
        }
    }
    if (from < s.n) {
        buf_add_bytes(b, s.p + from, s.n - from);
    }
}

void
xml_element_to(struct buf *b, const char *tag, struct str text)
{
    buf_addf(b, "<%s>", tag);
    xml_escape_to(b, text);
    buf_addf(b, "</%s>", tag);
}
