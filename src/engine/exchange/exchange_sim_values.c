/* exchange_sim_values.c: the values that a labelled simulator answers: of a person of the demo,
 * drawn from the question's key, or what was kept before. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange_sim.h"
#include "sys/sys.h"

#define BODY_BYTES ((size_t)256 << 10)

/* --- what comes in ---------------------------------------------------------------------------- */
static bool
is_all(struct str s, const char *allowed)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!str_has_char(str_of(allowed), s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

#define DIGITS "0123456789"

/* Two digits, a letter or two, four or five digits: 93A-123.45, 93-B1 123.45. */
static bool
is_plate(struct str s)
{
    return s.n >= 7 && s.n <= 12 && is_all(str_slice(s, 0, 2), DIGITS) &&
           is_all(str_slice(s, 2, s.n), DIGITS "ABCDEFGHKLMNPSTUVXYZ-. ") &&
           is_all(str_slice(s, s.n - 1, s.n), DIGITS) &&
           !is_all(str_slice(s, 2, s.n), DIGITS "-. ");
}

bool
exchange_sim_is_formed(struct ctx *cx, struct str name, const struct json *value)
{
    struct str v = value->text;
    (void)cx;
    if (value->type != JSON_STRING && value->type != JSON_NUMBER) {
        return true; /* a list */
    }
    if (str_eq(name, STR("personal_id"))) {
        return party_check_personal_id(v, STR_NULL, STR_NULL) == NULL;
    }
    if (str_eq(name, STR("tax_code"))) {
        return party_check_tax_code(v) == NULL;
    }
    if (str_eq(name, STR("amount"))) {
        int64_t vnd = 0;
        return str_to_i64(v, 1, INT64_C(1000000000000), &vnd);
    }
    if (str_eq(name, STR("sheet")) || str_eq(name, STR("parcel"))) {
        return is_all(v, DIGITS);
    }
    if (str_eq(name, STR("hash"))) {
        return v.n == 64 && is_all(v, DIGITS "abcdef");
    }
    return !str_eq(name, STR("plate")) || is_plate(v);
}

/* --- values ----------------------------------------------------------------------------------- */
static uint64_t
draw(struct exchange_sim *s, uint64_t below)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (s->seed >> 20) % below;
}

static struct str
pick(struct exchange_sim *s, struct str choices)
{
    struct str rest = choices;
    struct str part = STR("");
    uint64_t n = 1;
    for (size_t i = 0; i < choices.n; i++) {
        n += choices.p[i] == '|' ? 1 : 0;
    }
    for (uint64_t k = draw(s, n) + 1; k > 0; k--) {
        (void)str_next(&rest, '|', &part);
    }
    return part;
}

static struct str
digits(struct ctx *cx, struct exchange_sim *s, struct str count)
{
    int64_t n = 8;
    struct buf b = buf_new(cx->arena, 64);
    (void)str_to_i64(count, 1, 20, &n);
    for (int64_t i = 0; i < n; i++) {
        buf_add_char(&b, (char)('0' + draw(s, 10)));
    }
    return buf_str(&b);
}

/* "from:to" drawn, both ends included. */
static int64_t
between(struct exchange_sim *s, struct str range)
{
    struct str a;
    struct str b;
    int64_t from = 0;
    int64_t to = 0;
    if (!str_cut(range, ':', &a, &b) || !str_to_i64(a, -100000, INT64_C(1000000000000), &from) ||
        !str_to_i64(b, from, INT64_C(1000000000000), &to)) {
        return 0;
    }
    return from + (int64_t)draw(s, (uint64_t)(to - from) + 1);
}

struct str
exchange_sim_party(struct ctx *cx, const struct exchange_sim *s, struct str name)
{
    const struct {
        const char *name;
        struct str value;
    } all[] = {
        { "name", s->who.name },
        { "personal_id", s->who.personal_id },
        { "birth_date", s->who.birth_date },
        { "sex", s->who.sex },
        { "ethnicity", s->who.ethnicity },
        { "nationality", s->who.nationality },
        { "tax_code", s->who.tax_code },
        { "address", s->who.address },
        { "unit", s->home == NULL ? STR("") : s->home->code },
        { "unit_name", s->home == NULL ? STR("") : pack_text(cx, s->home->name) },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (str_eq(name, str_of(all[i].name))) {
            return all[i].value;
        }
    }
    return STR("");
}

/* 12 digits that agree with birth date and sex: place 075, century and sex, year, random. */
static struct str
new_personal_id(struct ctx *cx, struct exchange_sim *s)
{
    struct date d;
    if (!date_parse(json_text(s->in, "birth_date"), &d)) {
        return STR("");
    }
    struct civil c = date_civil(d);
    bool is_female = str_eq(json_text(s->in, "sex"), STR("female"));
    uint32_t six = 0;
    sys_random_bytes(cx, &six, sizeof(six));
    return str_fmt(cx->arena, "075%d%02d%06u", (c.year / 100 - 19) * 2 + (is_female ? 1 : 0),
                   c.year % 100, six % 1000000U);
}

static struct str
made(struct ctx *cx, struct exchange_sim *s, struct str how, struct str arg)
{
    if (str_eq(how, STR("in"))) {
        return json_text(s->in, str_z(cx->arena, arg));
    }
    if (str_eq(how, STR("party"))) {
        return exchange_sim_party(cx, s, arg);
    }
    if (str_eq(how, STR("linked"))) {
        return str_eq(arg, STR("year")) ? str_slice(s->linked_from, 0, 4) : s->linked_from;
    }
    if (str_eq(how, STR("stored"))) {
        return json_text(s->stored, str_z(cx->arena, arg));
    }
    if (str_eq(how, STR("pick"))) {
        return pick(s, arg);
    }
    if (str_eq(how, STR("digits"))) {
        return digits(cx, s, arg);
    }
    if (str_eq(how, STR("number"))) {
        return str_fmt(cx->arena, "%" PRId64, between(s, arg));
    }
    if (str_eq(how, STR("date"))) {
        struct date d = { calendar_today(cx).day + (int32_t)between(s, arg) };
        return date_iso(cx->arena, d);
    }
    if (str_eq(how, STR("now"))) {
        return date_iso_instant_vn(cx->arena, sys_now_us(cx));
    }
    if (str_eq(how, STR("code"))) {
        return sys_random_code(cx, 12);
    }
    return str_eq(how, STR("personal-id")) ? new_personal_id(cx, s) : STR_NULL;
}

/* "=party:name" is made; anything else stands as it is. Several parts are joined: "CD-{digits:6}".
 */
struct str
exchange_sim_value(struct ctx *cx, struct exchange_sim *s, struct str text)
{
    struct buf b = buf_new(cx->arena, 4096);
    struct str rest = text;
    if (str_starts(text, STR("="))) {
        struct str how = str_slice(text, 1, text.n);
        struct str arg = STR("");
        (void)str_cut(how, ':', &how, &arg);
        return made(cx, s, how, arg.p == NULL ? STR("") : arg);
    }
    while (rest.n > 0) {
        size_t open = str_find_char(rest, '{');
        size_t end = str_find_char(rest, '}');
        buf_add(&b, str_slice(rest, 0, open < end ? open : rest.n));
        if (open >= end || end == rest.n) {
            break;
        }
        struct str how = str_slice(rest, open + 1, end);
        struct str arg = STR("");
        (void)str_cut(how, ':', &how, &arg);
        buf_add(&b, made(cx, s, how, arg.p == NULL ? STR("") : arg));
        rest = str_slice(rest, end + 1, rest.n);
    }
    return buf_str(&b);
}

/* The address of a person as a form's answer. */
static void
put_address(struct json_out *o, const struct exchange_sim *s)
{
    json_open(o);
    json_put_str(o, "unit", s->home == NULL ? STR("") : s->home->code);
    json_put_str(o, "line", s->who.address.p == NULL ? STR("") : s->who.address);
    json_close(o);
}

struct str
exchange_sim_fields(struct ctx *cx, struct exchange_sim *s, const struct json *shape)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    for (JSON_EACH(shape, it)) {
        json_key_str(&o, it->key);
        if (it->type == JSON_STRING && str_eq(it->text, STR("=address"))) {
            put_address(&o, s);
        } else if (it->type == JSON_STRING) {
            json_str(&o, exchange_sim_value(cx, s, it->text));
        } else {
            json_write(&o, it);
        }
    }
    json_close(&o);
    return buf_str(&b);
}
