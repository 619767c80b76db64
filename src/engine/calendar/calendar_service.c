/* calendar_service.c: the business date. The switch is read from its row at each call: the demo may
 * run as several processes, and one indexed read of one row costs some microseconds. */
#include "engine/calendar/calendar_int.h"

#include "gen/q_calendar.h"
#include "store/store.h"
#include "sys/sys.h"

#define SWITCH_ID 1

struct date
calendar_today(struct ctx *cx)
{
    struct date d = date_at_vn(sys_now_us(cx));
    if (cx->config == NULL) {
        return d;
    }
    if (cx->config->is_demo && cx->store != NULL) {
        struct q_calendar_switch_get row;
        struct date set;
        if (q_calendar_switch_get(cx, &row, .id = SWITCH_ID) == ERR_OK &&
            date_parse(row.today, &set)) {
            return set;
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
    if (iso.n == 0) {
        return q_calendar_switch_drop(cx, NULL, .id = SWITCH_ID);
    }
    if (!date_parse(iso, &d)) {
        return err_set(cx, ERR_INVALID, "not a date");
    }
    return q_calendar_switch_set(cx, NULL, .id = SWITCH_ID, .today = iso, .set_us = sys_now_us(cx));
}
