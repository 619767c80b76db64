/* relay_timer.c: one timer per connection on a hashed wheel. Setting a later time only notes it:
 * the entry moves when its old slot comes up, so that a call's steps cost no list work. */
#include "net/relay_int.h"

#define WAIT_MAX_MS 250

static uint32_t
slot_of(int64_t due_us)
{
    return (uint32_t)((uint64_t)(due_us / RELAY_TICK_US + 1) % RELAY_WHEEL_SLOTS);
}

static void
link_in(struct rconn *c, int64_t due_us)
{
    struct rloop *l = c->loop;
    uint32_t slot = slot_of(due_us);
    c->timer_slot = slot;
    c->timer_prev = NULL;
    c->timer_next = l->wheel[slot];
    if (c->timer_next != NULL) {
        c->timer_next->timer_prev = c;
    }
    l->wheel[slot] = c;
    l->wheel_bits[slot / 64] |= UINT64_C(1) << (slot % 64);
    c->is_armed = true;
}

void
rtimer_unlink(struct rconn *c)
{
    struct rloop *l = c->loop;
    if (!c->is_armed) {
        return;
    }
    if (c->timer_prev != NULL) {
        c->timer_prev->timer_next = c->timer_next;
    } else {
        l->wheel[c->timer_slot] = c->timer_next;
    }
    if (c->timer_next != NULL) {
        c->timer_next->timer_prev = c->timer_prev;
    }
    if (l->wheel[c->timer_slot] == NULL) {
        l->wheel_bits[c->timer_slot / 64] &= ~(UINT64_C(1) << (c->timer_slot % 64));
    }
    c->is_armed = false;
}

void
rtimer_set(struct rconn *c, int64_t due_us)
{
    int64_t before = c->due_us;
    c->due_us = due_us;
    if (due_us == 0 || (c->is_armed && before != 0 && due_us >= before)) {
        return; /* the entry may stay where it is: it comes up early and looks again */
    }
    rtimer_unlink(c);
    link_in(c, due_us);
}

/* Empties the slot first, since what fires may set, clear or end other timers of the same slot. */
static void
slot_run(struct rloop *l, uint32_t slot)
{
    struct rconn *all = NULL;
    while (l->wheel[slot] != NULL) {
        struct rconn *c = l->wheel[slot];
        rtimer_unlink(c);
        c->fire_next = all;
        all = c;
    }
    for (struct rconn *c = all; c != NULL; c = c->fire_next) {
        if (c->due_us > l->now_us) {
            link_in(c, c->due_us);
        }
    }
    for (struct rconn *c = all; c != NULL; c = c->fire_next) {
        if (!c->is_dead && c->due_us != 0 && c->due_us <= l->now_us) {
            rtimer_unlink(c);
            c->due_us = 0;
            rconn_timeout(c);
        }
    }
}

void
rtimers_run(struct rloop *l)
{
    int64_t tick = l->now_us / RELAY_TICK_US;
    int64_t from = l->wheel_tick + 1;
    if (tick - from >= (int64_t)RELAY_WHEEL_SLOTS) {
        from = tick - (int64_t)RELAY_WHEEL_SLOTS + 1;
    }
    for (int64_t t = from; t <= tick; t++) {
        uint32_t slot = (uint32_t)((uint64_t)t % RELAY_WHEEL_SLOTS);
        if (l->wheel[slot] != NULL) {
            slot_run(l, slot);
        }
    }
    l->wheel_tick = tick > l->wheel_tick ? tick : l->wheel_tick;
}

/* Milliseconds until the next slot that holds something, at most WAIT_MAX_MS. */
int
rtimers_wait_ms(const struct rloop *l)
{
    int64_t at = (l->wheel_tick + 1) * RELAY_TICK_US;
    for (int64_t t = l->wheel_tick + 1; t < l->wheel_tick + 1 + WAIT_MAX_MS * 1000 / RELAY_TICK_US;
         t++) {
        uint32_t slot = (uint32_t)((uint64_t)t % RELAY_WHEEL_SLOTS);
        if ((l->wheel_bits[slot / 64] >> (slot % 64) & 1U) != 0) {
            int64_t ms = (at - l->now_us + 999) / 1000;
            return ms < 0 ? 0 : (int)ms;
        }
        at += RELAY_TICK_US;
    }
    return WAIT_MAX_MS;
}
