/* md.c: see md.h. libmd4c parses; the HTML is written here, so that only what is known comes out.
 */
#include "codec/md.h"

#include "codec/xml.h"

#include <md4c.h>
#include <string.h>

#define PADDING 64

struct writer {
    struct buf b;
    struct str source; /* the copy that the parser sees */
    int heading_base;
    int image_depth; /* inside an image: only its alternative text is kept */
};

static struct str
attribute(const MD_ATTRIBUTE *a)
{
    return (struct str){ a->text, a->size };
}

/* Relative, http, https, mailto. A colon before the first slash means a scheme. */
static bool
is_safe_link(struct str s)
{
    size_t colon = str_find_char(s, ':');
    size_t slash = str_find_char(s, '/');
    struct str scheme = str_slice(s, 0, colon);
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == '\\' || s.p[i] == '&') {
            return false;
        }
    }
    if (str_starts(s, STR("//"))) {
        return false;
    }
    if (colon == s.n || slash < colon) {
        return true;
    }
    return str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https")) ||
           str_eq_nocase(scheme, STR("mailto"));
}

/* An address may hold "&" of a query; entities in it are not decoded, so "&" is only let through as
 * "&amp;". */
static bool
is_link(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '&' && str_find_char(str_slice(s, i, s.n), ';') < s.n - i) {
            return false;
        }
    }
    size_t amp = str_find_char(s, '&');
    return is_safe_link(str_slice(s, 0, amp));
}

static void
heading(struct writer *w, unsigned level, bool is_end)
{
    int n = w->heading_base + (int)level - 1;
    buf_addf(&w->b, "<%sh%d>", is_end ? "/" : "", n > 6 ? 6 : n);
}

static void
cell(struct writer *w, const char *name, const MD_BLOCK_TD_DETAIL *d)
{
    static const char *const classes[] = { "", "", " class=\"center\"", " class=\"right\"" };
    buf_addf(&w->b, "<%s%s>", name, classes[d->align]);
}

static const char *
plain_block(MD_BLOCKTYPE type)
{
    switch (type) {
    case MD_BLOCK_QUOTE:
        return "blockquote";
    case MD_BLOCK_UL:
        return "ul";
    case MD_BLOCK_LI:
        return "li";
    case MD_BLOCK_P:
        return "p";
    case MD_BLOCK_TABLE:
        return "table";
    case MD_BLOCK_THEAD:
        return "thead";
    case MD_BLOCK_TBODY:
        return "tbody";
    case MD_BLOCK_TR:
        return "tr";
    case MD_BLOCK_DOC:
    case MD_BLOCK_OL:
    case MD_BLOCK_HR:
    case MD_BLOCK_H:
    case MD_BLOCK_CODE:
    case MD_BLOCK_HTML:
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        return NULL;
    }
    return NULL;
}

static void
open_special(struct writer *w, MD_BLOCKTYPE type, void *detail)
{
    if (type == MD_BLOCK_H) {
        heading(w, ((MD_BLOCK_H_DETAIL *)detail)->level, false);
    } else if (type == MD_BLOCK_OL) {
        unsigned start = ((MD_BLOCK_OL_DETAIL *)detail)->start;
        if (start == 1) {
            BUF_LIT(&w->b, "<ol>");
        } else {
            buf_addf(&w->b, "<ol start=\"%u\">", start);
        }
    } else if (type == MD_BLOCK_HR) {
        BUF_LIT(&w->b, "<hr>");
    } else if (type == MD_BLOCK_CODE) {
        BUF_LIT(&w->b, "<pre><code>");
    } else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
        cell(w, type == MD_BLOCK_TH ? "th" : "td", detail);
    }
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct writer *w = arg;
    const char *name = plain_block(type);
    if (name != NULL) {
        buf_addf(&w->b, "<%s>", name);
    } else {
        open_special(w, type, detail);
    }
    return w->b.is_failed ? 1 : 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct writer *w = arg;
    const char *name = plain_block(type);
    if (name != NULL) {
        buf_addf(&w->b, "</%s>", name);
    } else if (type == MD_BLOCK_H) {
        heading(w, ((MD_BLOCK_H_DETAIL *)detail)->level, true);
    } else if (type == MD_BLOCK_OL) {
        BUF_LIT(&w->b, "</ol>");
    } else if (type == MD_BLOCK_CODE) {
        BUF_LIT(&w->b, "</code></pre>");
    } else if (type == MD_BLOCK_TH) {
        BUF_LIT(&w->b, "</th>");
    } else if (type == MD_BLOCK_TD) {
        BUF_LIT(&w->b, "</td>");
    }
    return w->b.is_failed ? 1 : 0;
}

static const char *
span_name(MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM:
        return "em";
    case MD_SPAN_STRONG:
        return "strong";
    case MD_SPAN_CODE:
        return "code";
    case MD_SPAN_A:
        return "a";
    case MD_SPAN_DEL:
        return "del";
    case MD_SPAN_IMG:
    case MD_SPAN_LATEXMATH:
    case MD_SPAN_LATEXMATH_DISPLAY:
    case MD_SPAN_WIKILINK:
    case MD_SPAN_U:
        return NULL;
    }
    return NULL;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct writer *w = arg;
    const char *name = span_name(type);
    w->image_depth += type == MD_SPAN_IMG ? 1 : 0;
    if (name == NULL || w->image_depth > 0) {
        return 0;
    }
    struct str href = type == MD_SPAN_A ? attribute(&((MD_SPAN_A_DETAIL *)detail)->href) : STR_NULL;
    if (type == MD_SPAN_A && is_link(href)) {
        BUF_LIT(&w->b, "<a href=\"");
        xml_escape_to(&w->b, href);
        BUF_LIT(&w->b, "\">");
    } else {
        buf_addf(&w->b, "<%s>", name); /* a refused link stays as <a> without address: plain text */
    }
    return w->b.is_failed ? 1 : 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail UNUSED, void *arg)
{
    struct writer *w = arg;
    const char *name = span_name(type);
    if (name != NULL && w->image_depth == 0) {
        buf_addf(&w->b, "</%s>", name);
    }
    w->image_depth -= type == MD_SPAN_IMG ? 1 : 0;
    return w->b.is_failed ? 1 : 0;
}

/* libmd4c 0.4.8 sometimes hands out a range that ends behind the text ("<http![a](http://x/y.png").
 */
static struct str
inside(const struct writer *w, const MD_CHAR *text, MD_SIZE n)
{
    const char *end = w->source.p + w->source.n;
    if (text < w->source.p || text > end || n <= (size_t)(end - text)) {
        return (struct str){ text, n };
    }
    return (struct str){ text, (size_t)(end - text) };
}

static int
on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE n, void *arg)
{
    struct writer *w = arg;
    struct str s = inside(w, text, n);
    switch (type) {
    case MD_TEXT_BR:
        BUF_LIT(&w->b, "<br>");
        break;
    case MD_TEXT_SOFTBR:
        buf_add_char(&w->b, '\n');
        break;
    case MD_TEXT_NULLCHAR:
        BUF_LIT(&w->b, "\xEF\xBF\xBD");
        break;
    case MD_TEXT_ENTITY: /* "&name;": letters, digits and # only, checked by the parser */
        buf_add(&w->b, s);
        break;
    case MD_TEXT_NORMAL:
    case MD_TEXT_CODE:
    case MD_TEXT_HTML:
    case MD_TEXT_LATEXMATH:
        xml_escape_to(&w->b, s);
        break;
    }
    return w->b.is_failed ? 1 : 0;
}

enum err
md_html(struct arena *a, struct str markdown, int heading_base, size_t max_bytes, struct str *ret)
{
    struct writer w = { .b = buf_new(a, max_bytes), .heading_base = heading_base };
    static const MD_PARSER parser = {
        .flags = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = on_text,
    };
    if (!str_is_utf8(markdown)) {
        return ERR_BAD_REQUEST;
    }
    if (markdown.n > max_bytes || markdown.n > UINT32_MAX) {
        return ERR_TOO_LARGE;
    }
    char *copy =
        arena_alloc(a, markdown.n + PADDING); /* zeroed: what is read behind the end is harmless */
    if (markdown.n > 0) {
        memcpy(copy, markdown.p, markdown.n);
    }
    w.source = (struct str){ copy, markdown.n };
    int rc = md_parse(copy, (MD_SIZE)markdown.n, &parser, &w);
    if (w.b.is_failed) {
        return ERR_TOO_LARGE;
    }
    if (rc != 0) {
        return ERR_INTERNAL;
    }
    *ret = buf_str(&w.b);
    return ERR_OK;
}
