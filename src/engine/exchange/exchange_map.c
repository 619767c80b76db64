/* exchange_map.c: between our fields and theirs: names, code lists, dates, nesting, both ways.
 * Conflicts between connectors (0 = citizen here, 1 = citizen there) are data of the pack. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/xml.h"
#include "engine/exchange/exchange_int.h"

#include <string.h>

#define DEPTH_MAX 6

/* --- dates ------------------------------------------------------------------------------------ */
/* Digits of value at the places where the format has that letter, or -1. */
static int64_t
date_part(struct str format, struct str value, char letter)
{
    int64_t n = 0;
    bool is_there = false;
    for (size_t i = 0; i < format.n && i < value.n; i++) {
        if (format.p[i] == letter) {
            if (value.p[i] < '0' || value.p[i] > '9') {
                return -1;
            }
            n = n * 10 + (value.p[i] - '0');
            is_there = true;
        }
    }
    return is_there ? n : 0;
}

struct instant {
    int64_t year, month, day, hour, minute, second;
};

static bool
read_instant(struct str format, struct str value, struct instant *ret)
{
    struct date d;
    if (value.n < format.n) {
        return false;
    }
    *ret = (struct instant){ date_part(format, value, 'y'), date_part(format, value, 'M'),
                             date_part(format, value, 'd'), date_part(format, value, 'H'),
                             date_part(format, value, 'm'), date_part(format, value, 's') };
    char iso[32];
    (void)snprintf(iso, sizeof(iso), "%04d-%02d-%02d", (int)ret->year, (int)ret->month,
                   (int)ret->day);
    return ret->year >= 0 && ret->hour >= 0 && ret->hour < 24 && ret->minute >= 0 &&
           ret->minute < 60 && ret->second >= 0 && ret->second < 60 && date_parse(str_of(iso), &d);
}

/* A number with leading zeros into as many places as the format has of the letter. */
static void
put_part(char *out, struct str format, char letter, int64_t v)
{
    for (size_t i = format.n; i > 0; i--) {
        if (format.p[i - 1] == letter) {
            out[i - 1] = (char)('0' + v % 10);
            v /= 10;
        }
    }
}

static struct str
write_instant(struct ctx *cx, struct str format, const struct instant *t)
{
    char *out = str_z(cx->arena, format);
    put_part(out, format, 'y', t->year);
    put_part(out, format, 'M', t->month);
    put_part(out, format, 'd', t->day);
    put_part(out, format, 'H', t->hour);
    put_part(out, format, 'm', t->minute);
    put_part(out, format, 's', t->second);
    return (struct str){ out, format.n };
}

struct str
exchange_date(struct ctx *cx, struct str format, struct str value, bool from_ours)
{
    struct instant t = { 0 };
    bool is_long = value.n >= 19;
    bool has_time = str_has_char(format, 'H');
    struct str own = is_long ? STR("yyyy-MM-ddTHH:mm:ss") : STR("yyyy-MM-dd");
    if (from_ours) {
        return read_instant(own, value, &t) ? write_instant(cx, format, &t) : STR_NULL;
    }
    if (!read_instant(format, value, &t)) {
        return STR_NULL;
    }
    struct str s = write_instant(cx, has_time ? STR("yyyy-MM-ddTHH:mm:ss") : STR("yyyy-MM-dd"), &t);
    return has_time ? str_cat(cx->arena, s, STR("+07:00")) : s;
}

/* --- one value -------------------------------------------------------------------------------- */
static struct str
code_of(const struct json *codes, struct str value, bool from_ours)
{
    for (JSON_EACH(codes, it)) {
        struct str theirs = it->key;
        struct str ours = it->text;
        if (from_ours ? str_eq(ours, value) : str_eq(theirs, value)) {
            return from_ours ? theirs : ours;
        }
    }
    return STR_NULL;
}

/* The value as text after code list and date; null when it cannot be said in the other's terms. */
static struct str
value_of(struct ctx *cx, const struct exchange_map *m, struct str value, bool from_ours)
{
    if (m->codes != NULL) {
        return code_of(m->codes, value, from_ours);
    }
    if (!str_is_empty(m->date)) {
        return exchange_date(cx, m->date, value, from_ours);
    }
    return value;
}

static struct str
text_of(const struct json *j)
{
    if (j == NULL || j->type == JSON_NULL) {
        return STR_NULL;
    }
    if (j->type == JSON_BOOL) {
        return j->is_true ? STR("true") : STR("false");
    }
    return j->type == JSON_STRING || j->type == JSON_NUMBER ? j->text : STR_NULL;
}

/* --- nesting: theirs is written with the parents opened as needed ----------------------------- */
struct nest {
    struct json_out o;
    struct str open[DEPTH_MAX];
    size_t n;
};

/* Opens and closes parents so that the last part of `their` may be written; gives that part. */
static struct str
nest_to(struct nest *nest, struct str their)
{
    struct str parts[DEPTH_MAX];
    struct str rest = their;
    struct str part;
    size_t n = 0;
    size_t same = 0;
    while (n < DEPTH_MAX && str_next(&rest, '.', &part)) {
        parts[n++] = part;
    }
    while (same < nest->n && same + 1 < n && str_eq(nest->open[same], parts[same])) {
        same++;
    }
    for (; nest->n > same; nest->n--) {
        json_close(&nest->o);
    }
    for (; nest->n + 1 < n; nest->n++) {
        json_key_str(&nest->o, parts[nest->n]);
        json_open(&nest->o);
        nest->open[nest->n] = parts[nest->n];
    }
    return n == 0 ? STR("") : parts[n - 1];
}

static const struct json *
reach(const struct json *j, struct str path)
{
    struct str part;
    while (j != NULL && str_next(&path, '.', &part)) {
        j = json_get_str_key(j, part);
    }
    return j;
}

static void
put_plain(struct ctx *cx, struct nest *nest, const struct exchange_map *m, const struct json *in,
          bool from_ours)
{
    struct str name = from_ours ? m->their : m->our;
    const struct json *value = from_ours ? json_get_str_key(in, m->our) : reach(in, m->their);
    struct str s = from_ours && !str_is_empty(m->fixed) ? m->fixed : STR_NULL;
    if (s.p == NULL && value != NULL && (value->type == JSON_OBJECT || value->type == JSON_LIST)) {
        json_key_str(&nest->o, nest_to(nest, name)); /* an address, a list of texts: as it is */
        json_write(&nest->o, value);
        return;
    }
    s = s.p != NULL ? s : text_of(value);
    s = s.p == NULL || !str_is_empty(m->fixed) ? s : value_of(cx, m, s, from_ours);
    if (s.p == NULL || str_is_empty(name)) {
        return;
    }
    json_key_str(&nest->o, from_ours ? nest_to(nest, name) : name);
    bool is_as_it_is = m->codes == NULL && value != NULL &&
                       (value->type == JSON_NUMBER || value->type == JSON_BOOL);
    if (is_as_it_is) {
        json_write(&nest->o, value);
    } else {
        json_str(&nest->o, s);
    }
}

static void
put_items(struct ctx *cx, struct nest *nest, const struct exchange_map *m, const struct json *in,
          bool from_ours)
{
    const struct json *list = from_ours ? json_get_str_key(in, m->our) : reach(in, m->their);
    if (list == NULL || list->type != JSON_LIST) {
        return;
    }
    json_key_str(&nest->o, from_ours ? nest_to(nest, m->their) : m->our);
    json_open_list(&nest->o);
    for (JSON_EACH(list, it)) {
        struct nest inner = { .o = nest->o };
        json_open(&inner.o);
        for (size_t i = 0; i < m->n_items; i++) {
            put_plain(cx, &inner, &m->items[i], it, from_ours);
        }
        for (; inner.n > 0; inner.n--) {
            json_close(&inner.o);
        }
        json_close(&inner.o);
        nest->o = inner.o;
    }
    json_close_list(&nest->o);
}

enum err
exchange_translate(struct ctx *cx, const struct exchange_map *maps, size_t n, bool from_ours,
                   const struct json *in, struct buf *out)
{
    struct nest nest = { .o = json_out(out) };
    json_open(&nest.o);
    for (size_t i = 0; i < n; i++) {
        if (maps[i].items != NULL) {
            put_items(cx, &nest, &maps[i], in, from_ours);
        } else {
            put_plain(cx, &nest, &maps[i], in, from_ours);
        }
    }
    for (; nest.n > 0; nest.n--) {
        json_close(&nest.o);
    }
    json_close(&nest.o);
    return out->is_failed ? err_set(cx, ERR_TOO_LARGE, "message") : ERR_OK;
}

/* --- SOAP ------------------------------------------------------------------------------------- */
struct tags {
    struct str open[DEPTH_MAX];
    size_t n;
};

static void
tag(struct buf *b, struct str name, bool is_end)
{
    buf_add(b, is_end ? STR("</t:") : STR("<t:"));
    buf_add(b, name);
    buf_add_char(b, '>');
}

static struct str
tags_to(struct tags *tags, struct buf *b, struct str their)
{
    struct str parts[DEPTH_MAX];
    struct str rest = their;
    struct str part;
    size_t n = 0;
    size_t same = 0;
    while (n < DEPTH_MAX && str_next(&rest, '.', &part)) {
        parts[n++] = part;
    }
    while (same < tags->n && same + 1 < n && str_eq(tags->open[same], parts[same])) {
        same++;
    }
    for (; tags->n > same; tags->n--) {
        tag(b, tags->open[tags->n - 1], true);
    }
    for (; tags->n + 1 < n; tags->n++) {
        tag(b, parts[tags->n], false);
        tags->open[tags->n] = parts[tags->n];
    }
    return n == 0 ? STR("") : parts[n - 1];
}

enum err
exchange_soap_write(struct ctx *cx, const struct exchange_map *maps, size_t n,
                    const struct json *in, struct buf *out)
{
    struct tags tags = { .n = 0 };
    for (size_t i = 0; i < n; i++) {
        const struct exchange_map *m = &maps[i];
        struct str s = !str_is_empty(m->fixed) ? m->fixed : text_of(json_get_str_key(in, m->our));
        s = s.p == NULL || !str_is_empty(m->fixed) ? s : value_of(cx, m, s, true);
        if (s.p == NULL) {
            continue;
        }
        struct str name = tags_to(&tags, out, m->their);
        tag(out, name, false);
        xml_escape_to(out, s);
        tag(out, name, true);
    }
    for (; tags.n > 0; tags.n--) {
        tag(out, tags.open[tags.n - 1], true);
    }
    return out->is_failed ? err_set(cx, ERR_TOO_LARGE, "message") : ERR_OK;
}

static const struct xml *
reach_xml(struct ctx *cx, const struct xml *e, struct str path)
{
    struct str part;
    while (e != NULL && str_next(&path, '.', &part)) {
        e = xml_child(e, NULL, str_z(cx->arena, part));
    }
    return e;
}

enum err
exchange_soap_read(struct ctx *cx, const struct exchange_map *maps, size_t n,
                   const struct xml *body, struct buf *out)
{
    struct json_out o = json_out(out);
    json_open(&o);
    for (size_t i = 0; i < n; i++) {
        const struct xml *e = reach_xml(cx, body, maps[i].their);
        struct str s =
            e == NULL || e->child != NULL ? STR_NULL : value_of(cx, &maps[i], e->text, false);
        if (s.p != NULL && !str_is_empty(maps[i].our)) {
            json_key_str(&o, maps[i].our);
            json_str(&o, s);
        }
    }
    json_close(&o);
    return out->is_failed ? err_set(cx, ERR_TOO_LARGE, "message") : ERR_OK;
}
