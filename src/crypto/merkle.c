/* merkle.c: see merkle.h. The recursive definitions of RFC 9162 as loops: a proof is collected from
 * the root down and then turned round. */
#include "crypto/merkle.h"

#include <string.h>

struct digest
merkle_leaf(struct str entry)
{
    struct digest_stream *s = digest_begin();
    digest_add(s, STR("\x00"));
    digest_add(s, entry);
    return digest_end(s);
}

struct digest
merkle_node(const struct digest *left, const struct digest *right)
{
    char bytes[1 + 2 * sizeof(left->b)];
    bytes[0] = 1;
    memcpy(bytes + 1, left->b, sizeof(left->b));
    memcpy(bytes + 1 + sizeof(left->b), right->b, sizeof(right->b));
    return digest_sha256((struct str){ bytes, sizeof(bytes) });
}

struct digest
merkle_empty_root(void)
{
    return digest_sha256(STR(""));
}

void
merkle_init(struct merkle *m)
{
    memset(m, 0, sizeof(*m));
}

uint32_t
merkle_add(struct merkle *m, const struct digest *leaf, struct digest *nodes)
{
    struct digest h = *leaf;
    uint32_t made = 0;
    for (uint64_t bits = m->size; (bits & 1) != 0; bits >>= 1) {
        h = merkle_node(&m->peaks[--m->n], &h);
        if (nodes != NULL) {
            nodes[made] = h;
        }
        made++;
    }
    ASSERT(m->n < MERKLE_LEVELS_MAX);
    m->peaks[m->n++] = h;
    m->size++;
    return made;
}

struct digest
merkle_root(const struct merkle *m)
{
    if (m->n == 0) {
        return merkle_empty_root();
    }
    struct digest r = m->peaks[m->n - 1];
    for (uint32_t i = m->n - 1; i > 0; i--) {
        r = merkle_node(&m->peaks[i - 1], &r);
    }
    return r;
}

struct str
merkle_save(struct arena *a, const struct merkle *m)
{
    size_t n = 8 + m->n * sizeof(struct digest);
    unsigned char *p = arena_alloc(a, n);
    for (size_t i = 0; i < 8; i++) {
        p[i] = (unsigned char)(m->size >> (56 - 8 * i));
    }
    memcpy(p + 8, m->peaks, m->n * sizeof(struct digest));
    return (struct str){ (const char *)p, n };
}

bool
merkle_load(struct str bytes, struct merkle *ret)
{
    struct merkle m;
    merkle_init(&m);
    if (bytes.n < 8) {
        return false;
    }
    for (size_t i = 0; i < 8; i++) {
        m.size = (m.size << 8) | (unsigned char)bytes.p[i];
    }
    m.n = (uint32_t)__builtin_popcountll(m.size);
    if (bytes.n != 8 + m.n * sizeof(struct digest)) {
        return false;
    }
    memcpy(m.peaks, bytes.p + 8, m.n * sizeof(struct digest));
    *ret = m;
    return true;
}

/* Root of the leaves [from, from + n); from is a multiple of the largest power of two in n, or
 * more. */
static enum err
range_root(struct merkle_source src, uint64_t from, uint64_t n, struct digest *ret)
{
    struct merkle m;
    merkle_init(&m);
    m.size = n;
    uint64_t at = from;
    for (uint32_t level = 64; level > 0; level--) {
        uint64_t width = UINT64_C(1) << (level - 1);
        if ((n & width) != 0) {
            TRY(src.fn(src.arg, level - 1, at >> (level - 1), &m.peaks[m.n]));
            m.n++;
            at += width;
        }
    }
    *ret = merkle_root(&m);
    return ERR_OK;
}

enum err
merkle_root_at(struct merkle_source src, uint64_t size, struct digest *ret)
{
    return range_root(src, 0, size, ret);
}

/* The largest power of two smaller than n; n >= 2. */
static uint64_t
split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void
turn_round(struct merkle_proof *p)
{
    for (uint32_t i = 0; i < p->n / 2; i++) {
        struct digest d = p->path[i];
        p->path[i] = p->path[p->n - 1 - i];
        p->path[p->n - 1 - i] = d;
    }
}

static enum err
push_range(struct merkle_source src, uint64_t from, uint64_t n, struct merkle_proof *p)
{
    ASSERT(p->n < MERKLE_PROOF_MAX);
    TRY(range_root(src, from, n, &p->path[p->n]));
    p->n++;
    return ERR_OK;
}

enum err
merkle_prove_inclusion(struct merkle_source src, uint64_t index, uint64_t size,
                       struct merkle_proof *ret)
{
    uint64_t from = 0;
    uint64_t n = size;
    ret->n = 0;
    if (index >= size) {
        return ERR_INVALID;
    }
    while (n > 1) {
        uint64_t k = split(n);
        if (index - from < k) {
            TRY(push_range(src, from + k, n - k, ret));
            n = k;
        } else {
            TRY(push_range(src, from, k, ret));
            from += k;
            n -= k;
        }
    }
    turn_round(ret);
    return ERR_OK;
}

enum err
merkle_prove_consistency(struct merkle_source src, uint64_t first, uint64_t second,
                         struct merkle_proof *ret)
{
    uint64_t from = 0;
    uint64_t m = first;
    uint64_t n = second;
    bool is_whole_first = true;
    ret->n = 0;
    if (first == 0 || first > second) {
        return ERR_INVALID;
    }
    while (m < n) {
        uint64_t k = split(n);
        if (m <= k) {
            TRY(push_range(src, from + k, n - k, ret));
            n = k;
        } else {
            TRY(push_range(src, from, k, ret));
            from += k;
            m -= k;
            n -= k;
            is_whole_first = false;
        }
    }
    if (!is_whole_first) {
        TRY(push_range(src, from, n, ret));
    }
    turn_round(ret);
    return ERR_OK;
}

/* The walk of both verifications: node number on its level, and the last number there. */
struct walk {
    uint64_t fn, sn;
};

/* True when the next path element stands to the left; moves up past levels without a sibling. */
static bool
is_left(struct walk *w)
{
    bool left = (w->fn & 1) != 0 || w->fn == w->sn;
    while (left && (w->fn & 1) == 0 && w->fn != 0) {
        w->fn >>= 1;
        w->sn >>= 1;
    }
    return left;
}

static void
go_up(struct walk *w)
{
    w->fn >>= 1;
    w->sn >>= 1;
}

bool
merkle_verify_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                        const struct merkle_proof *proof, const struct digest *root)
{
    if (index >= size || proof->n > MERKLE_PROOF_MAX) {
        return false;
    }
    struct walk w = { index, size - 1 };
    struct digest r = *leaf;
    for (uint32_t i = 0; i < proof->n; i++) {
        if (w.sn == 0) {
            return false;
        }
        r = is_left(&w) ? merkle_node(&proof->path[i], &r) : merkle_node(&r, &proof->path[i]);
        go_up(&w);
    }
    return w.sn == 0 && digest_equal(&r, root);
}

static bool
verify_growth(struct walk w, struct digest start, const struct digest *path, uint32_t n,
              const struct digest roots[2])
{
    struct digest fr = start;
    struct digest sr = start;
    while ((w.fn & 1) != 0) {
        go_up(&w);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (w.sn == 0) {
            return false;
        }
        if (is_left(&w)) {
            fr = merkle_node(&path[i], &fr);
            sr = merkle_node(&path[i], &sr);
        } else {
            sr = merkle_node(&sr, &path[i]);
        }
        go_up(&w);
    }
    return w.sn == 0 && digest_equal(&fr, &roots[0]) && digest_equal(&sr, &roots[1]);
}

bool
merkle_verify_consistency(uint64_t first, uint64_t second, const struct digest *first_root,
                          const struct digest *second_root, const struct merkle_proof *proof)
{
    if (first == 0 || first > second || proof->n > MERKLE_PROOF_MAX) {
        return false;
    }
    if (first == second) {
        return proof->n == 0 && digest_equal(first_root, second_root);
    }
    if (proof->n == 0) {
        return false;
    }
    const struct digest roots[2] = { *first_root, *second_root };
    struct walk w = { first - 1, second - 1 };
    if ((first & (first - 1)) == 0) {
        return verify_growth(w, *first_root, proof->path, proof->n, roots);
    }
    return verify_growth(w, proof->path[0], proof->path + 1, proof->n - 1, roots);
}
