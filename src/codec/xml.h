/* xml.h: a hardened reader of small XML documents (BPMN, DMN) over libxml2: no DOCTYPE, no entities
 * but the five of XML, no network. Gives a read-only tree in the arena. */
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "base/buf.h"
#include "base/err.h"

struct xml_attr {
    struct str ns, name, value; /* ns: namespace URI, null when none */
    const struct xml_attr *next;
};
struct xml {
    struct str ns;   /* namespace URI, null when none */
    struct str name; /* local name */
    struct str text; /* direct text and CDATA of this element, joined and trimmed; "" when none */
    const struct xml_attr *attrs;
    struct xml *child, *next, *parent;
    uint32_t line, depth;
};
/* An element has at most 100 attributes, declarations of namespaces among them. */
struct xml_limits {
    uint32_t bytes_max, depth_max, nodes_max; /* 0: 4 MiB, 64, 50000 */
    /* NULL: all is kept. Else what is inside the children of elements with this local name is read
     * and checked but not kept and not counted (the children themselves are, without text). */
    const char *prune;
    bool ends_there; /* the first such child ends the reading: what follows is not looked at */
};
struct xml_fault {
    uint32_t line;
    const char *what; /* English; in the arena or static */
};
/* ERR_BAD_REQUEST with *ret_fault for malformed or forbidden constructs; ERR_TOO_LARGE past a
 * limit. */
NODISCARD enum err xml_parse(struct arena *a, struct str bytes, struct xml_limits limits,
                             struct xml **ret, struct xml_fault *ret_fault);
/* Attribute without a namespace; null str when absent. */
struct str xml_get(const struct xml *e, const char *name);
struct str xml_get_ns(const struct xml *e, const char *ns, const char *name);
/* First child element of that local name (ns NULL: any namespace), NULL when none. */
const struct xml *xml_child(const struct xml *e, const char *ns, const char *name);
bool xml_is(const struct xml *e, const char *ns, const char *name);
/* Next element in document order below root, NULL at the end: walks a tree without recursion. */
const struct xml *xml_walk(const struct xml *root, const struct xml *at);
// NOLINTBEGIN(bugprone-macro-parentheses): `it` is a name that is declared here
#define XML_EACH(e, it)                                                                            \
    const struct xml *it = (e) == NULL ? NULL : (e)->child;                                        \
    it != NULL;                                                                                    \
    it = it->next
// NOLINTEND(bugprone-macro-parentheses)
/* Text and attribute values escaped for XML and HTML. */
void xml_escape_to(struct buf *b, struct str s);
/* <tag>text</tag>, the text escaped. */
void xml_element_to(struct buf *b, const char *tag, struct str text);

#endif
