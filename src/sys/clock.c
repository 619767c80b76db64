/* clock.c: wall and monotonic time, real and standing still. */
#include "sys/sys.h"

#include <stdatomic.h>
#include <time.h>

static int64_t
clock_us(clockid_t id)
{
    struct timespec ts;
    ASSERT(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000000 + (int64_t)ts.tv_nsec / 1000;
}

static int64_t
real_wall_us(const struct sys_clock *c UNUSED)
{
    return clock_us(CLOCK_REALTIME);
}

static int64_t
real_mono_us(const struct sys_clock *c UNUSED)
{
    return clock_us(CLOCK_MONOTONIC);
}

const struct sys_clock sys_clock_real = { .wall_us = real_wall_us, .mono_us = real_mono_us };

/* base is the first member, so the clock and its fake have one address. */
static const struct sys_clock_fake *
fake_of(const struct sys_clock *c)
{
    return (const struct sys_clock_fake *)(const void *)c;
}

static int64_t
fake_wall_us(const struct sys_clock *c)
{
    return atomic_load(&fake_of(c)->wall);
}

static int64_t
fake_mono_us(const struct sys_clock *c)
{
    return atomic_load(&fake_of(c)->mono);
}

void
sys_clock_fake_init(struct sys_clock_fake *f, int64_t wall_us)
{
    f->base = (struct sys_clock){ .wall_us = fake_wall_us, .mono_us = fake_mono_us };
    atomic_store(&f->wall, wall_us);
    atomic_store(&f->mono, INT64_C(1000000));
}

void
sys_clock_fake_step(struct sys_clock_fake *f, int64_t by_us)
{
    atomic_fetch_add(&f->wall, by_us);
    if (by_us > 0) { /* monotonic time does not follow a clock that is set back */
        atomic_fetch_add(&f->mono, by_us);
    }
}

int64_t
sys_now_us(const struct ctx *cx)
{
    return cx->clock->wall_us(cx->clock);
}

int64_t
sys_mono_us(const struct ctx *cx)
{
    return cx->clock->mono_us(cx->clock);
}
