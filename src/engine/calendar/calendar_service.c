/* calendar_service.c: the business date. The demo's switch is a row, because the demo may run as
 * several processes; a context reads it anew after a twentieth of a second, since one page asks for
 * the date many times. */
#include "engine/calendar/calendar_int.h"

#include "gen/q_calendar.h"
#include "store/store.h"
#include "sys/sys.h"

#define SWITCH_ID      1
#define SWITCH_KEPT_US 50000

/* The day that the switch sets; 0 when it sets none. */
static int32_t
switch_day(struct ctx *cx)
{
    struct q_calendar_switch_get row;
    struct date set;
    int64_t now_us = sys_mono_us(cx);
    if (cx->demo_day_read_us != 0 && now_us - cx->demo_day_read_us < SWITCH_KEPT_US) {
        return cx->demo_day;
    }
    bool is_set =
        q_calendar_switch_get(cx, &row, .id = SWITCH_ID) == ERR_OK && date_parse(row.today, &set);
    cx->demo_day = is_set ? set.day : 0;
    cx->demo_day_read_us = now_us;
    return cx->demo_day;
}

struct date
calendar_today(struct ctx *cx)
{
    struct date d = date_at_vn(sys_now_us(cx));
    if (cx->config == NULL) {
        return d;
    }
    if (cx->config->is_demo && cx->store != NULL) {
        int32_t day = switch_day(cx);
        if (day != 0) {
            return (struct date){ day };
        }
    }
    struct date fixed;
    return cx->config->today.n != 0 && date_parse(cx->config->today, &fixed) ? fixed : d;
}

int64_t
calendar_now_us(struct ctx *cx)
{
    int64_t now = sys_now_us(cx);
    int64_t shift_days = calendar_today(cx).day - date_at_vn(now).day;
    return now + shift_days * DAY_S * DATE_US_PER_S;
}

enum err
calendar_set_today(struct ctx *cx, struct str iso)
{
    struct date d;
    if (cx->config == NULL || !cx->config->is_demo) {
        return err_set(cx, ERR_FORBIDDEN, "the business date moves in the demo only");
    }
    cx->demo_day_read_us = 0;
    if (iso.n == 0) {
        return q_calendar_switch_drop(cx, NULL, .id = SWITCH_ID);
    }
    if (!date_parse(iso, &d)) {
        return err_set(cx, ERR_INVALID, "not a date");
    }
    return q_calendar_switch_set(cx, NULL, .id = SWITCH_ID, .today = iso, .set_us = sys_now_us(cx));
}
