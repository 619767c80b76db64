/* unit_number.c: dossier numbers and agency codes. */
#include "engine/unit/unit_int.h"

#include "gen/q_unit.h"
#include "store/store.h"

#define NUMBER_MAX_BYTES 120

static struct str
day_digits(struct arena *a, struct date on, bool is_short)
{
    struct civil c = date_civil(on);
    int32_t year = is_short ? c.year % 100 : c.year;
    return str_fmt(a, is_short ? "%02d%02d%02d" : "%04d%02d%02d", year, c.month, c.mday);
}

/* The format with everything but {seq} filled: the counter's key. */
static struct str
number_stem(struct ctx *cx, const struct pack_site *site, const struct unit *u, struct date on)
{
    struct arena *a = cx->arena;
    struct str agency = u->agency_code.n != 0 ? u->agency_code : u->code;
    struct str s = str_replace(a, site->number_format, STR("{agency}"), agency);
    s = str_replace(a, s, STR("{unit}"), u->code);
    s = str_replace(a, s, STR("{yymmdd}"), day_digits(a, on, true));
    return str_replace(a, s, STR("{yyyymmdd}"), day_digits(a, on, false));
}

enum err
unit_next_number(struct ctx *cx, const struct unit *u, struct date on, struct str *ret)
{
    const struct units *us = unit_all(cx);
    ASSERT(cx->is_writing);
    if (us == NULL || us->site == NULL) {
        return err_set(cx, ERR_INTERNAL, "no pack in force");
    }
    struct str stem = number_stem(cx, us->site, u, on);
    if (stem.n > NUMBER_MAX_BYTES) {
        return err_set(cx, ERR_INTERNAL, "dossier number too long");
    }
    struct q_unit_counter_next row;
    TRY(q_unit_counter_next(cx, &row, .stem = stem));
    struct str seq = str_fmt(cx->arena, "%0*" PRId64, us->site->number_digits, row.n);
    *ret = str_replace(cx->arena, stem, STR("{seq}"), seq);
    return ERR_OK;
}

static bool
is_digits(struct str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n >= min && s.n <= max;
}

/* Splits at the last '-'. */
static bool
cut_last(struct str s, struct str *ret_head, struct str *ret_tail)
{
    size_t i = s.n;
    while (i > 0 && s.p[i - 1] != '-') {
        i--;
    }
    if (i == 0) {
        return false;
    }
    *ret_head = str_slice(s, 0, i - 1);
    *ret_tail = str_slice(s, i, s.n);
    return true;
}

bool
unit_number_parse(struct str s, struct str *ret_agency, struct str *ret_day, int64_t *ret_seq)
{
    struct str head;
    struct str seq;
    struct str agency;
    struct str day;
    if (s.n > NUMBER_MAX_BYTES || !cut_last(s, &head, &seq) || !cut_last(head, &agency, &day)) {
        return false;
    }
    bool is_day = is_digits(day, 6, 6) || is_digits(day, 8, 8);
    if (agency.n == 0 || !is_day || !is_digits(seq, 4, 7) ||
        !str_to_i64(seq, 0, INT64_MAX, ret_seq)) {
        return false;
    }
    *ret_agency = agency;
    *ret_day = day;
    return true;
}

/* --- agency codes ----------------------------------------------------------------------------- */

static bool
is_letter_and_digits(struct str s)
{
    return s.n == 3 && s.p[0] >= 'A' && s.p[0] <= 'Z' && is_digits(str_slice(s, 1, 3), 2, 2);
}

bool
unit_agency_code_is_valid(struct str s)
{
    struct str rest = s;
    struct str part;
    struct str parts[5];
    size_t n = 0;
    while (n < COUNT_OF(parts) && str_next(&rest, '.', &part)) {
        parts[n++] = part;
    }
    if (n == 0 || rest.p != NULL) {
        return false;
    }
    if (n == 4 && is_letter_and_digits(parts[3])) { /* the old form, QCVN 102:2016 */
        return is_digits(parts[0], 3, 3) && is_digits(parts[1], 2, 2) && is_digits(parts[2], 2, 2);
    }
    if (n > 4 || !is_letter_and_digits(parts[0])) {
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        if (!is_digits(parts[i], 1, 3)) {
            return false;
        }
    }
    return true;
}

bool
unit_agency_code_eq(struct str a, struct str b)
{
    struct str x;
    struct str y;
    while (str_next(&a, '.', &x)) {
        int64_t i = 0;
        int64_t j = 0;
        if (!str_next(&b, '.', &y)) {
            return false;
        }
        bool is_number = str_to_i64(x, 0, 999, &i) && str_to_i64(y, 0, 999, &j);
        if (is_number ? i != j : !str_eq(x, y)) {
            return false;
        }
    }
    return !str_next(&b, '.', &y);
}

const struct unit *
unit_by_agency_code(const struct ctx *cx, struct str code, struct date on)
{
    const struct units *us = unit_all(cx);
    for (size_t i = 0; us != NULL && code.n != 0 && i < us->n; i++) {
        const struct unit *u = &us->v[i];
        if (u->agency_code.n != 0 && unit_is_valid(u, on) &&
            unit_agency_code_eq(u->agency_code, code)) {
            return u;
        }
    }
    return NULL;
}

/* The newest unit that ever had this agency code. */
static const struct unit *
ever_agency(const struct ctx *cx, struct str code)
{
    const struct units *us = unit_all(cx);
    const struct unit *found = NULL;
    for (size_t i = 0; us != NULL && i < us->n; i++) {
        const struct unit *u = &us->v[i];
        bool is_it = u->agency_code.n != 0 && unit_agency_code_eq(u->agency_code, code);
        if (is_it && (found == NULL || u->from.day > found->from.day)) {
            found = u;
        }
    }
    return found;
}

/* "25405" of "H19.25405": the part behind the agency code of a province that we know. */
static struct str
own_code(const struct ctx *cx, struct str code)
{
    struct str head;
    struct str tail;
    if (!str_cut(code, '.', &head, &tail) || str_has_char(tail, '.')) {
        return code;
    }
    return ever_agency(cx, head) != NULL ? tail : code;
}

size_t
unit_by_national_code(struct ctx *cx, struct str code, struct date on, const struct unit **ret_was,
                      const struct unit *const **ret)
{
    const struct unit *u = unit_by_agency_code(cx, code, on);
    *ret_was = NULL;
    *ret = NULL;
    if (u == NULL) {
        u = ever_agency(cx, code);
    }
    if (u == NULL) {
        struct str own = own_code(cx, code);
        u = unit_at(cx, own, on);
        u = u != NULL ? u : unit_by_key(cx, own);
    }
    *ret_was = u;
    return u == NULL ? 0 : unit_resolve(cx, u, on, ret);
}
