/* tpl.h: what the C made by tools/tplgen.py calls. Only generated code and web/ use it. */
#ifndef WEB_TPL_H
#define WEB_TPL_H

#include "base/buf.h"
#include "web/web.h"

/* --- text tables made from text/vi.txt and text/en.txt; keys sorted bytewise ------------------ */
extern const size_t text_keys_n;
extern const struct str text_keys[], text_vi[], text_en[];

/* Text of a key by its place in the table, in cx->lang. */
struct str text_at(const struct ctx *cx, size_t index);

struct tpl_arg {
    struct str name, value;
};

/* Appends s with & < > " ' as references: safe in text and in quoted attributes. */
void tpl_esc(struct buf *b, struct str s);
/* As tpl_esc, for a whole URL attribute; anything but http, https, mailto, tel or a relative
 * reference becomes "#". */
void tpl_url(struct buf *b, struct str s);
/* A text with its placeholders filled, escaped. */
void tpl_text(struct buf *b, struct ctx *cx, size_t index, const struct tpl_arg *args, size_t n);
/* A number as people read it ("1.875"), and as machines do. */
struct str tpl_number(struct ctx *cx, int64_t n);
struct str tpl_plain(struct ctx *cx, int64_t n);

/* Form helpers: see "Pages" in HACKING.md. */
void tpl_csrf(struct buf *b, struct ctx *cx);
void tpl_errors(struct buf *b, struct ctx *cx);
void tpl_error(struct buf *b, struct ctx *cx, struct str name);
/* has_hint: the field's hint has the id "<name>-hint". */
void tpl_invalid(struct buf *b, struct ctx *cx, struct str name, struct str hint);
/* The same without aria-invalid: for a fieldset. */
void tpl_described(struct buf *b, struct ctx *cx, struct str name, struct str hint);
void tpl_input(struct buf *b, struct ctx *cx, struct str name, struct str value);
void tpl_checked(struct buf *b, struct ctx *cx, struct str name, struct str choice,
                 struct str value);
void tpl_selected(struct buf *b, struct ctx *cx, struct str name, struct str choice,
                  struct str value);

#endif
