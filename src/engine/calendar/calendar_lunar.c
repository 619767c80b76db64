/* calendar_lunar.c: the Vietnamese lunar calendar at UTC+7.
 *
 * Astronomy: mean new moon with its periodic terms, and the Sun's longitude, from J. Meeus,
 * "Astronomical Algorithms" (chapters on the Moon's phases and the Sun); rules of the calendar as
 * described by Hồ Ngọc Đức: month 11 holds the winter solstice; in a year of 13 months the first
 * one without a major solar term is the leap month.
 *
 * Rule zero: floating point. Trigonometric series need it; results are whole days, exact for
 * 1900-2199 by the known dates of the tests, and holidays are computed once when a pack loads. */
#include "engine/calendar/calendar.h"

#include <math.h>

#define SYNODIC   29.530588853
#define EPOCH_JD  2415021.076998695 /* new moon of 1900-01-01 */
#define UNIX_JDN  2440588           /* Julian day number of 1970-01-01 */
#define ZONE_DAYS (7.0 / 24.0)
#define DEGREE    (M_PI / 180.0)

/* Day (Julian day number at UTC+7) of the k-th new moon after 1900-01-01. */
static int32_t
new_moon_day(int32_t k)
{
    double t = k / 1236.85;
    double t2 = t * t;
    double t3 = t2 * t;
    double mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t2 - 0.000000155 * t3 +
                  0.00033 * sin((166.56 + 132.87 * t - 0.009173 * t2) * DEGREE);
    double sun = (359.2242 + 29.10535608 * k - 0.0000333 * t2 - 0.00000347 * t3) * DEGREE;
    double moon = (306.0253 + 385.81691806 * k + 0.0107306 * t2 + 0.00001236 * t3) * DEGREE;
    double node = (21.2964 + 390.67050646 * k - 0.0016528 * t2 - 0.00000239 * t3) * DEGREE;
    double terms = (0.1734 - 0.000393 * t) * sin(sun) + 0.0021 * sin(2 * sun) - 0.4068 * sin(moon) +
                   0.0161 * sin(2 * moon) - 0.0004 * sin(3 * moon) + 0.0104 * sin(2 * node) -
                   0.0051 * sin(sun + moon) - 0.0074 * sin(sun - moon) +
                   0.0004 * sin(2 * node + sun) - 0.0004 * sin(2 * node - sun) -
                   0.0006 * sin(2 * node + moon) + 0.0010 * sin(2 * node - moon) +
                   0.0005 * sin(2 * moon + sun);
    double clock =
        -0.000278 + 0.000265 * t + 0.000262 * t2; /* dynamical minus universal time, days */
    return (int32_t)floor(mean + terms - clock + 0.5 + ZONE_DAYS);
}

/* Twelfth of the ecliptic (0..11, 0 at the spring equinox) in which the Sun stands at midnight of
 * the day. */
static int32_t
sun_sector(int32_t jdn)
{
    double t = (jdn - 2451545.5 - ZONE_DAYS) / 36525.0;
    double t2 = t * t;
    double anomaly = (357.52910 + 35999.05030 * t - 0.0001559 * t2 - 0.00000048 * t * t2) * DEGREE;
    double mean = 280.46645 + 36000.76983 * t + 0.0003032 * t2;
    double centre = (1.914600 - 0.004817 * t - 0.000014 * t2) * sin(anomaly) +
                    (0.019993 - 0.000101 * t) * sin(2 * anomaly) + 0.000290 * sin(3 * anomaly);
    double degrees = fmod(mean + centre, 360.0);
    return (int32_t)floor((degrees < 0 ? degrees + 360.0 : degrees) / 30.0);
}

/* First day of lunar month 11 of the year: the month of the winter solstice. */
static int32_t
month_11(int32_t year)
{
    int32_t end = date_of(year, 12, 31).day + UNIX_JDN;
    int32_t k = (int32_t)floor((end - 2415021) / SYNODIC);
    int32_t day = new_moon_day(k);
    return sun_sector(day) >= 9 ? new_moon_day(k - 1) : day;
}

static int32_t
moon_index(int32_t first_day)
{
    return (int32_t)floor((first_day - EPOCH_JD) / SYNODIC + 0.5);
}

/* How many months after month 11 the leap month comes, for a year of 13 months. */
static int32_t
leap_offset(int32_t k11)
{
    int32_t last = sun_sector(new_moon_day(k11 + 1));
    for (int32_t i = 2; i < 14; i++) {
        int32_t now = sun_sector(new_moon_day(k11 + i));
        if (now == last) {
            return i - 1;
        }
        last = now;
    }
    return 13;
}

/* Months from one month 11 to the next: 12 or 13, and which is the leap one (0: none). */
struct moon_year {
    int32_t k11; /* index of the new moon of month 11 */
    int32_t leap;
};

static struct moon_year
moon_year(int32_t base)
{
    struct moon_year y = { .k11 = moon_index(month_11(base)) };
    if (moon_index(month_11(base + 1)) - y.k11 == 13) {
        y.leap = leap_offset(y.k11);
    }
    return y;
}

struct lunar
calendar_lunar(struct date d)
{
    int32_t jdn = d.day + UNIX_JDN;
    int32_t k = moon_index(jdn) + 1;
    while (new_moon_day(k) > jdn) {
        k--;
    }
    int32_t base = date_civil(d).year;
    if (new_moon_day(k) < month_11(base)) {
        base--;
    }
    struct moon_year y = moon_year(base);
    int32_t months = k - y.k11;
    struct lunar r = { .mday = jdn - new_moon_day(k) + 1 };
    if (y.leap != 0 && months >= y.leap) {
        r.is_leap = months == y.leap;
        months--;
    }
    r.month = (months + 10) % 12 + 1;
    r.year = base + (months >= 2 ? 1 : 0);
    return r;
}

bool
calendar_from_lunar(struct lunar l, struct date *ret)
{
    if (l.month < 1 || l.month > 12 || l.mday < 1 || l.mday > 30) {
        return false;
    }
    struct moon_year y = moon_year(l.month >= 11 ? l.year : l.year - 1);
    int32_t months = l.month >= 11 ? l.month - 11 : l.month + 1;
    if (l.is_leap && (y.leap == 0 || months != y.leap - 1)) {
        return false;
    }
    if (y.leap != 0 && (months >= y.leap || l.is_leap)) {
        months++;
    }
    int32_t first = new_moon_day(y.k11 + months);
    if (first + l.mday > new_moon_day(y.k11 + months + 1)) {
        return false;
    }
    *ret = (struct date){ first + l.mday - 1 - UNIX_JDN };
    return true;
}
