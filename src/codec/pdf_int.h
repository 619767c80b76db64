/* pdf_int.h: shared by the template parser, the filler and the layout of codec/pdf. */
#ifndef CODEC_PDF_INT_H
#define CODEC_PDF_INT_H

#include "codec/pdf.h"

/* TAG(name, where it may stand, holds text, is empty, attributes) */
#define PDF_TAGS(TAG)                                                                              \
    TAG(document, 0, false, false, "title size margin-right")                                      \
    TAG(heading, IN(document), false, false, "motto")                                              \
    TAG(parent, IN(heading), true, false, "")                                                      \
    TAG(agency, IN(heading), true, false, "")                                                      \
    TAG(number, IN(heading), true, false, "")                                                      \
    TAG(subject, IN(heading), true, false, "")                                                     \
    TAG(place, IN(heading), true, false, "")                                                       \
    TAG(form, IN(heading), true, false, "")                                                        \
    TAG(title, LEAF, true, false, "")                                                              \
    TAG(subtitle, LEAF, true, false, "line")                                                       \
    TAG(p, LEAF, true, false, "align indent size before")                                          \
    TAG(item, LEAF, true, false, "mark")                                                           \
    TAG(field, LEAF, true, false, "label bold")                                                    \
    TAG(columns, IN(document), false, false, "widths")                                             \
    TAG(column, IN(columns), false, false, "")                                                     \
    TAG(table, IN(document), false, false, "widths lines size")                                    \
    TAG(row, IN(table), false, false, "head")                                                      \
    TAG(cell, IN(row), true, false, "align bold")                                                  \
    TAG(qr, LEAF, false, true, "value mm align")                                                   \
    TAG(space, LEAF, false, true, "mm")                                                            \
    TAG(rule, LEAF, false, true, "")                                                               \
    TAG(page, IN(document), false, true, "")                                                       \
    TAG(keep, IN(document), false, false, "")                                                      \
    TAG(signature, IN(document), false, false, "left left-note left-name")                         \
    TAG(receivers, IN(signature), true, false, "")                                                 \
    TAG(capacity, IN(signature), true, false, "")                                                  \
    TAG(position, IN(signature), true, false, "")                                                  \
    TAG(note, IN(signature), true, false, "")                                                      \
    TAG(name, IN(signature), true, false, "")                                                      \
    TAG(foot, IN(document), true, false, "qr")                                                     \
    TAG(b, INLINE, true, false, "")                                                                \
    TAG(i, INLINE, true, false, "")                                                                \
    TAG(u, INLINE, true, false, "")                                                                \
    TAG(br, INLINE, false, true, "")

enum pdf_tag {
#define TAG(n, p, t, e, a) PDF_##n,
    PDF_TAGS(TAG)
#undef TAG
        PDF_TAG_COUNT
};

struct pdf_tag_def {
    struct str name;
    uint64_t parents; /* bits of the tags it may stand in; 0 = the root; ALL = inside any text */
    bool holds_text, is_empty;
    const char *attrs; /* names, space-separated */
};
extern const struct pdf_tag_def pdf_tag_defs[PDF_TAG_COUNT];
#define PDF_PARENTS_INLINE UINT64_MAX

enum pdf_help {
    PDF_HELP_NONE,
    PDF_HELP_UPPER,
    PDF_HELP_DATE,
    PDF_HELP_DAY,
    PDF_HELP_TIME,
    PDF_HELP_MONEY,
    PDF_HELP_WORDS,
    PDF_HELP_BLANK,
    PDF_HELP_COUNT
};

/* A literal piece (path null) or a value. */
struct pdf_piece {
    struct str text, path;
    enum pdf_help help;
    struct pdf_piece *next;
};

struct pdf_attr {
    struct str name;
    struct pdf_piece *value;
};

enum pdf_op_kind {
    PDF_OP_TEXT,
    PDF_OP_OPEN,
    PDF_OP_CLOSE,
    PDF_OP_IF,
    PDF_OP_JUMP,
    PDF_OP_EACH,
    PDF_OP_NEXT
};

/* One step of the flat program a template becomes. */
struct pdf_op {
    enum pdf_op_kind kind;
    enum pdf_tag tag;
    bool is_not, has_compare;
    uint32_t line, jump, n_attrs;
    struct str path, compare;
    struct pdf_piece piece; /* TEXT */
    struct pdf_attr *attrs; /* OPEN */
};

struct pdf_template {
    struct pdf_op *ops;
    uint32_t n_ops;
};

/* The filled document: a tree of elements whose text is Pango markup. */
struct pdf_el {
    enum pdf_tag tag;
    uint32_t line;
    struct buf text; /* markup of the element's own text */
    struct str *attr_values;
    const struct pdf_attr *attrs;
    uint32_t n_attrs, n_children;
    struct pdf_el *parent, *child, *last, *next;
};

/* Runs the program over doc. The text is collapsed like HTML and escaped for Pango. */
NODISCARD enum err pdf_fill(struct ctx *cx, const struct pdf_template *t, const struct json *doc,
                            struct pdf_el **ret_root);
/* Attribute's value, or null. */
struct str pdf_attr_of(const struct pdf_el *e, const char *name);
int64_t pdf_attr_int(const struct pdf_el *e, const char *name, int64_t otherwise, int64_t min,
                     int64_t max);

#endif
