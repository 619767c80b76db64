/* date.h: civil dates and instants, proleptic Gregorian, without a time zone database.
 * Vietnam has kept UTC+7 without daylight saving since 1975: DATE_VN_OFFSET_S is used for all
 * civil times. Instants are microseconds since 1970-01-01T00:00:00Z, named ..._us. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/str.h"

#define DATE_VN_OFFSET_S 25200
#define DATE_US_PER_S    INT64_C(1000000)

/* Days since 1970-01-01. A struct of its own so that days and instants cannot be mixed. */
struct date {
    int32_t day;
};

struct civil {
    int32_t year;
    int32_t month, mday; /* 1..12, 1..31 */
};

struct date date_of(int32_t year, int32_t month, int32_t mday);
struct civil date_civil(struct date d);
int date_weekday(struct date d); /* 1 Monday .. 7 Sunday (ISO 8601) */
/* YYYY-MM-DD, a real calendar day, years 1800..2300. */
bool date_parse(struct str s, struct date *ret);
struct str date_iso(struct arena *a, struct date d);
/* The same into a place of the caller's, without a NUL; years 0..9999. */
#define DATE_ISO_BYTES 10
void date_iso_to(char out[DATE_ISO_BYTES], struct date d);

/* Vietnam civil date and second of the day of an instant. */
struct date date_at_vn(int64_t at_us);
int32_t date_second_at_vn(int64_t at_us);
int64_t date_to_us_vn(struct date d, int32_t second_of_day);
/* 2026-11-22T08:30:00+07:00 */
struct str date_iso_instant_vn(struct arena *a, int64_t at_us);
/* RFC 3339 instant with offset or Z. */
bool date_parse_instant(struct str s, int64_t *ret_us);

static inline int
date_cmp(struct date a, struct date b)
{
    return a.day < b.day ? -1 : a.day > b.day;
}

#endif
