/* base.h: the words every file uses: fixed-width integers, attributes, checked sizes.
 * base/ makes no system calls and depends on nothing. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODISCARD         __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED            __attribute__((unused))
#define COUNT_OF(a)       (sizeof(a) / sizeof((a)[0]))

/* Stops the program on a broken invariant: a bug of ours, never bad input. */
_Noreturn void base_panic(const char *file, int line, const char *what);

/* Assertions stay on in production: a wrong state must not be written to disk. */
#define ASSERT(x) ((x) ? (void)0 : base_panic(__FILE__, __LINE__, #x))

/* A branch believed impossible but still handled. Reads as a statement in the code. */
#define NEVER(x) __builtin_expect(!!(x), 0)

/* Checked size arithmetic: an overflow is a bug or an attack, both end the program. */
static inline size_t
size_add(size_t a, size_t b)
{
    size_t r = 0;
    ASSERT(!__builtin_add_overflow(a, b, &r));
    return r;
}

static inline size_t
size_mul(size_t a, size_t b)
{
    size_t r = 0;
    ASSERT(!__builtin_mul_overflow(a, b, &r));
    return r;
}

#endif
