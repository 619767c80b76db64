/* exchange_fields.c: sets of fields of answers, as agreements name them: paths with spaces between,
 * below lists as below objects ("items.so"). No store. */
#include "base/buf.h"
#include "engine/exchange/exchange_int.h"

#define FIELDS_BYTES 65536

/* Is the path the container, or within it? */
static bool
is_within(struct str path, struct str container)
{
    return str_starts(path, container) && (path.n == container.n || path.p[container.n] == '.');
}

bool
exchange_overlaps(struct str path, struct str set)
{
    struct str one;
    while (str_next(&set, ' ', &one)) {
        if (!str_is_empty(one) && (is_within(path, one) || is_within(one, path))) {
            return true;
        }
    }
    return false;
}

static bool
is_part_of(struct str path, struct str set)
{
    struct str one;
    while (str_next(&set, ' ', &one)) {
        if (!str_is_empty(one) && is_within(path, one)) {
            return true;
        }
    }
    return false;
}

static bool
contains_one_of(struct str path, struct str set)
{
    struct str one;
    while (str_next(&set, ' ', &one)) {
        if (!str_is_empty(one) && is_within(one, path)) {
            return true;
        }
    }
    return false;
}

/* A set that had no room is none at all, never a shorter one. */
static struct str
set_of(const struct buf *b)
{
    return b->is_failed ? STR_NULL : b->n == 0 ? STR("") : buf_str(b);
}

static void
add_word(struct buf *b, struct str word)
{
    if (!str_is_empty(word) && !exchange_names(buf_str(b), word)) {
        buf_add(b, b->n == 0 ? STR("") : STR(" "));
        buf_add(b, word);
    }
}

struct str
exchange_answered_by(struct ctx *cx, const struct exchange_operation *v, size_t n,
                     struct str operations)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    for (size_t i = 0; i < n; i++) {
        bool is_asked = exchange_names(operations, v[i].code);
        for (size_t k = 0; is_asked && k < v[i].n_outputs; k++) {
            add_word(&b, exchange_removed_of(cx->arena, v[i].outputs[k].path));
        }
    }
    return set_of(&b);
}

/* The shortest beginning of a path that has nothing to do with the set; else all of it. */
static struct str
outermost(struct str path, struct str set)
{
    for (size_t i = 0; i < path.n; i++) {
        struct str head = str_slice(path, 0, i);
        if (path.p[i] == '.' && !exchange_overlaps(head, set)) {
            return head;
        }
    }
    return path;
}

struct str
exchange_beyond(struct ctx *cx, struct str all, struct str set)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct str one;
    while (str_next(&all, ' ', &one)) {
        if (!str_is_empty(one) && !exchange_overlaps(one, set)) {
            add_word(&b, outermost(one, set));
        }
    }
    return set_of(&b);
}

struct str
exchange_unseen(struct ctx *cx, struct str now, struct str seen, struct str removed)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct str one;
    while (str_next(&now, ' ', &one)) {
        bool is_known = str_is_empty(one) || exchange_names(seen, one);
        if (!is_known && !exchange_overlaps(one, seen)) {
            add_word(&b, outermost(one, seen));
        } else if (!is_known && contains_one_of(one, removed)) {
            add_word(&b, one); /* an object has become a value: what was taken out of it is in it */
        }
    }
    return set_of(&b);
}

struct str
exchange_joined(struct ctx *cx, struct str set, struct str more)
{
    struct buf b = buf_new(cx->arena, 2 * FIELDS_BYTES);
    struct str one;
    buf_add(&b, set);
    while (str_next(&more, ' ', &one)) {
        if (!is_part_of(one, set)) {
            add_word(&b, one);
        }
    }
    return set_of(&b);
}

size_t
exchange_n_words(struct str set)
{
    size_t n = 0;
    struct str one;
    while (str_next(&set, ' ', &one)) {
        n += str_is_empty(one) ? 0 : 1;
    }
    return n;
}
