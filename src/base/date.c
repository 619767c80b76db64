/* date.c: see date.h. Day numbers after the usual 400-year cycle arithmetic. */
#include "base/date.h"

#define DAY_S 86400

struct date
date_of(int32_t year, int32_t month, int32_t mday)
{
    int32_t y = month <= 2 ? year - 1 : year;
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t yoe = y - era * 400;
    int32_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
    int32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (struct date){ era * 146097 + doe - 719468 };
}

struct civil
date_civil(struct date d)
{
    int32_t z = d.day + 719468;
    int32_t era = (z >= 0 ? z : z - 146096) / 146097;
    int32_t doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;
    int32_t month = mp < 10 ? mp + 3 : mp - 9;
    return (struct civil){ .year = yoe + era * 400 + (month <= 2 ? 1 : 0),
                           .month = month,
                           .mday = doy - (153 * mp + 2) / 5 + 1 };
}

int
date_weekday(struct date d)
{
    int32_t w = (d.day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (w < 0 ? w + 7 : w) + 1;
}

bool
date_parse(struct str s, struct date *ret)
{
    int64_t y = 0;
    int64_t m = 0;
    int64_t d = 0;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' ||
        !str_to_i64(str_slice(s, 0, 4), 1800, 2300, &y) ||
        !str_to_i64(str_slice(s, 5, 7), 1, 12, &m) || !str_to_i64(str_slice(s, 8, 10), 1, 31, &d)) {
        return false;
    }
    struct date r = date_of((int32_t)y, (int32_t)m, (int32_t)d);
    if (date_civil(r).mday != (int32_t)d) {
        return false;
    }
    *ret = r;
    return true;
}

static void
digits(char *p, int n, int32_t v)
{
    while (n-- > 0) {
        p[n] = (char)('0' + v % 10);
        v /= 10;
    }
}

void
date_iso_to(char out[DATE_ISO_BYTES], struct date d)
{
    struct civil c = date_civil(d);
    ASSERT(c.year >= 0 && c.year <= 9999);
    digits(out, 4, c.year);
    out[4] = '-';
    digits(out + 5, 2, c.month);
    out[7] = '-';
    digits(out + 8, 2, c.mday);
}

struct str
date_iso(struct arena *a, struct date d)
{
    struct civil c = date_civil(d);
    if (c.year < 0 || c.year > 9999) {
        return str_fmt(a, "%04d-%02d-%02d", c.year, c.month, c.mday);
    }
    char out[DATE_ISO_BYTES];
    date_iso_to(out, d);
    return str_dup(a, (struct str){ out, sizeof(out) });
}

static int64_t
local_s(int64_t at_us)
{
    int64_t s = at_us / DATE_US_PER_S - (at_us % DATE_US_PER_S < 0 ? 1 : 0);
    return s + DATE_VN_OFFSET_S;
}

struct date
date_at_vn(int64_t at_us)
{
    int64_t s = local_s(at_us);
    return (struct date){ (int32_t)((s >= 0 ? s : s - (DAY_S - 1)) / DAY_S) };
}

int32_t
date_second_at_vn(int64_t at_us)
{
    return (int32_t)(local_s(at_us) - (int64_t)date_at_vn(at_us).day * DAY_S);
}

int64_t
date_to_us_vn(struct date d, int32_t second_of_day)
{
    return ((int64_t)d.day * DAY_S + second_of_day - DATE_VN_OFFSET_S) * DATE_US_PER_S;
}

struct str
date_iso_instant_vn(struct arena *a, int64_t at_us)
{
    struct civil c = date_civil(date_at_vn(at_us));
    int32_t s = date_second_at_vn(at_us);
    return str_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02d+07:00", c.year, c.month, c.mday, s / 3600,
                   s / 60 % 60, s % 60);
}

/* "Z" or "+hh:mm" as seconds. */
static bool
parse_offset(struct str s, int32_t *ret_s)
{
    int64_t h = 0;
    int64_t m = 0;
    if (str_eq(s, STR("Z"))) {
        *ret_s = 0;
        return true;
    }
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
        !str_to_i64(str_slice(s, 1, 3), 0, 23, &h) || !str_to_i64(str_slice(s, 4, 6), 0, 59, &m)) {
        return false;
    }
    *ret_s = (int32_t)(h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
    return true;
}

bool
date_parse_instant(struct str s, int64_t *ret_us)
{
    struct date d;
    int64_t h = 0;
    int64_t m = 0;
    int64_t sec = 0;
    int32_t offset_s = 0;
    if (s.n < 20 || s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':' ||
        !date_parse(str_slice(s, 0, 10), &d) || !str_to_i64(str_slice(s, 11, 13), 0, 23, &h) ||
        !str_to_i64(str_slice(s, 14, 16), 0, 59, &m) ||
        !str_to_i64(str_slice(s, 17, 19), 0, 59, &sec)) {
        return false;
    }
    size_t at = 19;
    if (s.p[at] == '.') {
        do {
            at++;
        } while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9');
    }
    if (!parse_offset(str_slice(s, at, s.n), &offset_s)) {
        return false;
    }
    *ret_us = ((int64_t)d.day * DAY_S + h * 3600 + m * 60 + sec - offset_s) * DATE_US_PER_S;
    return true;
}
