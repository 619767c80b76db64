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
    d->clock = DOSSIER_CLOCK_RUNNING;
    d->due_us = calendar_add_limit(cx, d->unit, now_us, p->time);
    d->first_due_us = d->due_us;
    d->remaining_s = calendar_work_between(cx, d->unit, now_us, d->due_us);
}

void
dossier_clock_pause(struct ctx *cx, struct dossier *d)
{
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
        return calendar_work_between(cx, d->unit, calendar_now_us(cx), d->react_us);
    }
    return d->remaining_s;
}
