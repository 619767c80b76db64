/* form_schema_extra.c: formats, and the keywords of our own (doc/forms.md). */
#include "engine/form/form_schema_int.h"

static bool
all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0;
}

static int
digit(struct str s, size_t i)
{
    return s.p[i] - '0';
}

/* Province of birth registration: the 63 codes of 1999-2025 stay valid for ever; the 34 of today
 * are among them. Decree 137/2015 annex; vietnam-standards 1.4. */
static bool
is_province(int code)
{
    static const uint8_t known[] = { 1,  2,  4,  6,  8,  10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25,
                                     26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48,
                                     49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75,
                                     77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96 };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i] == code) {
            return true;
        }
    }
    return false;
}

static bool
is_personal_id(struct str s)
{
    return s.n == 12 && all_digits(s) &&
           is_province(digit(s, 0) * 100 + digit(s, 1) * 10 + digit(s, 2));
}

/* Ten digits, the last one a check digit modulo 11; a remainder that would need "10" does not
 * exist. */
static bool
is_tax_code(struct str s)
{
    static const int weights[] = { 31, 29, 23, 19, 17, 13, 7, 5, 3 };
    if (s.n == 12) {
        return is_personal_id(s);
    }
    if (s.n == 14 && (s.p[10] != '-' || !all_digits(str_slice(s, 11, 14)))) {
        return false;
    }
    if ((s.n != 10 && s.n != 14) || !all_digits(str_slice(s, 0, 10))) {
        return false;
    }
    int sum = 0;
    for (size_t i = 0; i < COUNT_OF(weights); i++) {
        sum += weights[i] * digit(s, i);
    }
    return 10 - sum % 11 == digit(s, 9);
}

/* Mobile: 0[35789] and 8 more digits; landline: 02 and 8 or 9 more; +84 for the first 0. */
static bool
is_phone(struct str s)
{
    bool is_abroad = str_starts(s, STR("+84"));
    struct str rest = is_abroad ? str_slice(s, 3, s.n) : str_slice(s, 1, s.n);
    if (!is_abroad && (s.n == 0 || s.p[0] != '0')) {
        return false;
    }
    if (!all_digits(rest)) {
        return false;
    }
    return rest.p[0] == '2' ? rest.n == 9 || rest.n == 10
                            : strchr("35789", rest.p[0]) != NULL && rest.n == 9;
}

static bool
is_host(struct str s)
{
    bool has_dot = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_edge = i == 0 || i + 1 == s.n;
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (is_edge || (c != '-' && c != '.') || (c == '.' && s.p[i - 1] == '.'))) {
            return false;
        }
        has_dot = has_dot || c == '.';
    }
    return s.n > 0 && s.n <= 253 && has_dot;
}

static bool
is_email(struct str s)
{
    struct str local;
    struct str host;
    if (s.n > 254 || !str_cut(s, '@', &local, &host) || local.n == 0 || local.n > 64 ||
        !is_host(host)) {
        return false;
    }
    for (size_t i = 0; i < local.n; i++) {
        unsigned char c = (unsigned char)local.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (c == 0 || c >= 0x80 || strchr("!#$%&'*+-/=?^_`{|}~.", c) == NULL)) {
            return false;
        }
        bool is_dot_wrong = c == '.' && (i == 0 || i + 1 == local.n || local.p[i - 1] == '.');
        if (is_dot_wrong) {
            return false;
        }
    }
    return true;
}

static bool
is_uri(struct str s)
{
    size_t colon = str_find_char(s, ':');
    if (colon == 0 || colon + 1 >= s.n) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (i == 0 ? !is_letter : c <= ' ' || c >= 0x7F || strchr("<>\"{}|\\^`", c) != NULL) {
            return false;
        }
        if (i < colon && !is_letter && (c < '0' || c > '9') && strchr("+-.", c) == NULL) {
            return false;
        }
    }
    return true;
}

static bool
is_date(struct str s)
{
    struct date d;
    return date_parse(s, &d);
}

static bool
is_date_time(struct str s)
{
    int64_t us = 0;
    return date_parse_instant(s, &us);
}

static bool
is_time(struct str s)
{
    if ((s.n != 5 && s.n != 8) || s.p[2] != ':' || (s.n == 8 && s.p[5] != ':')) {
        return false;
    }
    int64_t h = 0;
    return all_digits(str_slice(s, 0, 2)) && str_to_i64(str_slice(s, 0, 2), 0, 23, &h) &&
           all_digits(str_slice(s, 3, 5)) && str_to_i64(str_slice(s, 3, 5), 0, 59, &h) &&
           (s.n == 5 ||
            (all_digits(str_slice(s, 6, 8)) && str_to_i64(str_slice(s, 6, 8), 0, 59, &h)));
}

static const struct {
    struct str name;
    bool (*is_good)(struct str s);
} formats[] = {
    { STR_INIT("date"), is_date },
    { STR_INIT("date-time"), is_date_time },
    { STR_INIT("time"), is_time },
    { STR_INIT("email"), is_email },
    { STR_INIT("uri"), is_uri },
    { STR_INIT("phone-vn"), is_phone },
    { STR_INIT("personal-id"), is_personal_id },
    { STR_INIT("tax-code"), is_tax_code },
};

bool
schema_format_ok(struct str format, struct str s)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (str_eq(format, formats[i].name)) {
            return formats[i].is_good(s);
        }
    }
    return true;
}

bool
schema_format_known(struct str format)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (str_eq(format, formats[i].name)) {
            return true;
        }
    }
    return false;
}

/* --- dates ------------------------------------------------------------------------------------ */

bool
schema_kw_x_date(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    struct date d;
    if (r->env == NULL || !date_parse(at->v->text, &d)) {
        return true; /* the format keyword tells of that */
    }
    int c = date_cmp(d, r->env->today);
    bool is_good = (c < 0 && str_starts(kw->text, STR("past"))) ||
                   (c > 0 && str_ends(kw->text, STR("future"))) ||
                   (c == 0 && str_find(kw->text, STR("today")) < kw->text.n);
    return is_good || schema_problem(r, at, kw);
}

/* Full years from a birthday to a day; the birthday itself counts. */
static int32_t
age_at(struct date birth, struct date on)
{
    struct civil b = date_civil(birth);
    struct civil t = date_civil(on);
    bool is_before = t.month < b.month || (t.month == b.month && t.mday < b.mday);
    return t.year - b.year - (is_before ? 1 : 0);
}

static bool
age_ok(struct schema_run *r, struct schema_at *at, const struct json *kw, bool is_min)
{
    struct date d;
    if (r->env == NULL || !date_parse(at->v->text, &d)) {
        return true;
    }
    int32_t age = age_at(d, r->env->today);
    return (is_min ? age >= kw->i64 : age <= kw->i64) || schema_problem(r, at, kw);
}

bool
schema_kw_x_age_min(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return age_ok(r, at, kw, true);
}

bool
schema_kw_x_age_max(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return age_ok(r, at, kw, false);
}

/* --- codes ------------------------------------------------------------------------------------ */

static bool
code_ok(struct schema_run *r, struct schema_at *at, const struct json *kw, const char *kind)
{
    if (r->env == NULL || r->env->is_code == NULL) {
        return true;
    }
    struct str name = str_fmt(r->arena, "%s:" STR_FMT, kind, STR_ARG(kw->text));
    return r->env->is_code(r->env->arg, name, at->v->text) || schema_problem(r, at, kw);
}

bool
schema_kw_x_list(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return code_ok(r, at, kw, "list");
}

bool
schema_kw_x_unit(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    return code_ok(r, at, kw, "unit");
}

/* --- personal number -------------------------------------------------------------------------- */

static struct str
answer_at(const struct json *doc, struct str path)
{
    struct str part;
    while (doc != NULL && str_next(&path, '.', &part)) {
        doc = json_get_str_key(doc, part);
    }
    return doc != NULL && doc->type == JSON_STRING ? doc->text : STR_NULL;
}

/* Digit 4 tells century and sex (1900s 0 male 1 female, 2000s 2 3, ...), digits 5-6 the year of
 * birth. */
bool
schema_kw_x_agrees(struct schema_run *r, struct schema_at *at, const struct json *kw)
{
    struct str id = at->v->text;
    if (!is_personal_id(id)) {
        return true;
    }
    struct date birth;
    if (date_parse(answer_at(r->doc, json_text(kw, "birth")), &birth)) {
        int32_t year = 1900 + digit(id, 3) / 2 * 100 + digit(id, 4) * 10 + digit(id, 5);
        if (date_civil(birth).year != year) {
            return schema_problem(r, at, kw);
        }
    }
    struct str sex = answer_at(r->doc, json_text(kw, "sex"));
    bool is_female = digit(id, 3) % 2 == 1;
    if ((str_eq(sex, STR("male")) && is_female) || (str_eq(sex, STR("female")) && !is_female)) {
        return schema_problem(r, at, kw);
    }
    return true;
}
