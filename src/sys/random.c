/* random.c: bytes from the kernel, or repeatable ones for tests and demo data. */
#include "sys/sys.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

static void
real_fill(struct sys_random *r UNUSED, void *p, size_t n)
{
    unsigned char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ASSERT(got > 0); /* never go on with guessable keys */
        at += got;
        n -= (size_t)got;
    }
}

/* Writable only because contexts hold a plain pointer that also fits the seeded twin; it has no
 * state. */
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
struct sys_random sys_random_real = { .fill = real_fill };

/* SplitMix64 (Steele, Lea, Flood 2014): a counter and a mixing function, so one atomic add per
 * draw. */
static uint64_t
seeded_next(struct sys_random_seeded *r)
{
    uint64_t z =
        atomic_fetch_add(&r->state, UINT64_C(0x9E3779B97F4A7C15)) + UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void
seeded_fill(struct sys_random *r, void *p, size_t n)
{
    unsigned char *at = p;
    while (n > 0) {
        uint64_t v = seeded_next((struct sys_random_seeded *)(void *)r);
        size_t take = n < sizeof(v) ? n : sizeof(v);
        memcpy(at, &v, take);
        at += take;
        n -= take;
    }
}

void
sys_random_seed(struct sys_random_seeded *r, uint64_t seed)
{
    r->base.fill = seeded_fill;
    atomic_store(&r->state, seed);
}

void
sys_random_bytes(struct ctx *cx, void *p, size_t n)
{
    cx->random->fill(cx->random, p, n);
}

struct str
sys_random_code(struct ctx *cx, size_t n)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    _Static_assert(sizeof(letters) == 33, "32 letters, so that 5 bits choose one without bias");
    unsigned char *p = arena_alloc(cx->arena, size_add(n, 1));
    sys_random_bytes(cx, p, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = (unsigned char)letters[p[i] & 31U];
    }
    return (struct str){ (const char *)p, n };
}
