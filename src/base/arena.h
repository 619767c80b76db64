/* arena.h: memory by lifetime. One arena per request or job, released as a whole.
 * Not thread-safe: an arena belongs to one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;

/* Opens an arena. quota_bytes 0 means no quota. Never NULL: exhaustion ends the program. */
struct arena *arena_open(size_t quota_bytes);

/* Frees everything. Accepts NULL. */
void arena_close(struct arena *a);

/* Forgets all contents and the over-quota mark; keeps one block for reuse. */
void arena_reset(struct arena *a);

/* Zeroed memory, aligned for any type, never NULL. Passing the quota sets a sticky mark
 * (arena_is_over) that callers at the edge turn into ERR_TOO_LARGE. */
void *arena_alloc(struct arena *a, size_t size_bytes);

/* Copies n bytes. */
void *arena_copy(struct arena *a, const void *p, size_t n);

/* Room for to_bytes (more than from_bytes) beginning with what stands at p, which came from this
 * arena: in place when p was its last allocation, else a copy. The new bytes hold anything. */
void *arena_grow(struct arena *a, void *p, size_t from_bytes, size_t to_bytes);

/* True once more than the quota was handed out. */
bool arena_is_over(const struct arena *a);

/* Bytes handed out since the last reset. */
size_t arena_used_bytes(const struct arena *a);

#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), size_mul(sizeof(type), (n))))

#endif
