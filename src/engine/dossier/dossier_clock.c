/* dossier_clock.c: the clock of a dossier. Keeps remaining working seconds, never only a due date.
 */
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"

void
dossier_clock_start(struct ctx *cx, struct dossier *d, const struct procedure *p)
{
    int64_t now_us = calendar_now_us(cx);
    if (d->clock != DOSSIER_CLOCK_WAITING) {
        return;
    }
    d->accepted_us = now_us;
    d->paused_us = 0;
    d->clock = DOSSIER_CLOCK_RUNNING;
    d->due_us = calendar_add_limit(cx, d->unit, now_us, p->time);
    d->first_due_us = d->due_us;
    d->remaining_s = calendar_work_between(cx, d->unit, now_us, d->due_us);
}

void
dossier_clock_pause(struct ctx *cx, struct dossier *d)
{
    if (d->clock == DOSSIER_CLOCK_WAITING && d->paused_us == 0) {
        d->paused_us = calendar_now_us(cx); /* not accepted: what stands is the time to answer */
    }
    if (d->clock != DOSSIER_CLOCK_RUNNING) {
        return;
    }
    d->paused_us = calendar_now_us(cx);
    d->remaining_s = calendar_work_between(cx, d->unit, d->paused_us, d->due_us);
    d->clock = DOSSIER_CLOCK_PAUSED;
}

void
dossier_clock_resume(struct ctx *cx, struct dossier *d)
{
    if (d->clock == DOSSIER_CLOCK_WAITING && d->paused_us != 0) {
        /* completed now: the office has its eight working hours again */
        d->react_us = calendar_add_work(cx, d->unit, calendar_now_us(cx), DOSSIER_REACT_S);
        d->paused_us = 0;
    }
    if (d->clock != DOSSIER_CLOCK_PAUSED) {
        return;
    }
    d->due_us = calendar_add_work(cx, d->unit, calendar_now_us(cx), d->remaining_s);
    d->paused_us = 0;
    d->clock = DOSSIER_CLOCK_RUNNING;
}

void
dossier_clock_stop(struct ctx *cx, struct dossier *d)
{
    if (d->clock == DOSSIER_CLOCK_STOPPED) {
        return;
    }
    if (d->clock != DOSSIER_CLOCK_PAUSED) {
        d->remaining_s = d->clock == DOSSIER_CLOCK_WAITING
                             ? 0
                             : calendar_work_between(cx, d->unit, calendar_now_us(cx), d->due_us);
    }
    d->finished_us = calendar_now_us(cx);
    d->clock = DOSSIER_CLOCK_STOPPED;
}

int64_t
dossier_left_s(struct ctx *cx, const struct dossier *d)
{
    if (d->clock == DOSSIER_CLOCK_RUNNING) {
        return calendar_work_between(cx, d->unit, calendar_now_us(cx), d->due_us);
    }
    if (d->clock == DOSSIER_CLOCK_WAITING) {
        int64_t at_us = d->paused_us == 0 ? calendar_now_us(cx) : d->paused_us;
        return calendar_work_between(cx, d->unit, at_us, d->react_us);
    }
    return d->remaining_s;
}

bool
dossier_is_paused(const struct dossier *d)
{
    bool is_before = d->clock == DOSSIER_CLOCK_WAITING && d->paused_us != 0;
    return str_eq(d->state, STR("open")) && (is_before || d->clock == DOSSIER_CLOCK_PAUSED);
}

bool
dossier_lacks_apology(struct ctx *cx, const struct dossier *d)
{
    return str_eq(d->state, STR("open")) && d->clock == DOSSIER_CLOCK_RUNNING &&
           d->apology_us == 0 && dossier_left_s(cx, d) < 0;
}
