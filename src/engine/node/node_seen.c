/* node_seen.c: messages that came already, by digest. Two tables take turns: each takes what comes
 * during one window and is emptied after two, so a message is remembered at least as long as its
 * signing time is accepted. */
#include "engine/node/node_int.h"

#include "gen/q_node.h"

struct table {
    uint64_t (*v)[2]; /* half a digest; 0 0: free */
    uint32_t n;
    int64_t begun_us;
};
struct node_seen {
    pthread_mutex_t lock;
    struct table tables[2];
    int64_t window_us;
    uint32_t n_slots;
    int now;
};

struct node_seen *
node_seen_open(int64_t window_us, uint32_t n_slots)
{
    struct node_seen *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL && pthread_mutex_init(&s->lock, NULL) == 0);
    s->window_us = window_us;
    s->n_slots = n_slots;
    return s;
}

void
node_seen_close(struct node_seen *s)
{
    if (s == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&s->lock);
    free(s->tables[0].v);
    free(s->tables[1].v);
    free(s);
}

/* The slot where it is, or where it would go. */
static uint32_t
slot_of(const struct node_seen *s, const struct table *t, const uint64_t key[2])
{
    uint32_t at = (uint32_t)key[0] & (s->n_slots - 1);
    while ((t->v[at][0] | t->v[at][1]) != 0 && (t->v[at][0] != key[0] || t->v[at][1] != key[1])) {
        at = (at + 1) & (s->n_slots - 1);
    }
    return at;
}

static bool
has(const struct node_seen *s, const struct table *t, const uint64_t key[2])
{
    if (t->n == 0) {
        return false;
    }
    uint32_t at = slot_of(s, t, key);
    return (t->v[at][0] | t->v[at][1]) != 0;
}

static void
turn(struct node_seen *s, int64_t now_us)
{
    struct table *t = &s->tables[s->now];
    if (t->v != NULL && now_us - t->begun_us < s->window_us) {
        return;
    }
    s->now = t->v == NULL ? s->now : 1 - s->now;
    t = &s->tables[s->now];
    free(t->v);
    *t = (struct table){ .v = calloc(s->n_slots, sizeof(*t->v)), .begun_us = now_us };
    ASSERT(t->v != NULL);
}

enum node_seen_word
node_seen_add(struct node_seen *s, const struct digest *message, int64_t now_us)
{
    uint64_t key[2];
    enum node_seen_word word = NODE_SEEN_NEW;
    memcpy(key, message->b, sizeof(key));
    (void)pthread_mutex_lock(&s->lock);
    turn(s, now_us);
    struct table *t = &s->tables[s->now];
    if (has(s, &s->tables[0], key) || has(s, &s->tables[1], key)) {
        word = NODE_SEEN_AGAIN;
    } else if (t->n >= s->n_slots / 4 * 3) {
        word = NODE_SEEN_FULL;
    } else {
        memcpy(t->v[slot_of(s, t, key)], key, sizeof(key));
        t->n++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return word;
}

/* --- after a start: what came within the window ------------------------------------------------
 */
#define LOAD_MAX 1000000

struct loading {
    struct node_seen *to;
    int64_t now_us;
};

static enum err
seen_row(struct ctx *cx, const void *row, void *arg)
{
    const struct q_node_evidence_received *r = row;
    const struct loading *l = arg;
    struct digest d;
    (void)cx;
    if (digest_from_hex(r->digest, &d)) {
        (void)node_seen_add(l->to, &d, l->now_us);
    }
    return ERR_OK;
}

enum err
node_seen_load(struct ctx *cx, struct node *n)
{
    int64_t now_us = sys_now_us(cx);
    struct loading all = { n->seen, now_us };
    struct loading large = { n->seen_large, now_us };
    TRY(q_node_evidence_received(cx, seen_row, &all, .from_us = now_us - n->seen->window_us,
                                 .least_bytes = 0, .limit_n = LOAD_MAX));
    return q_node_evidence_received(cx, seen_row, &large,
                                    .from_us = now_us - n->seen_large->window_us,
                                    .least_bytes = (int64_t)NODE_MEMORY_BYTES, .limit_n = LOAD_MAX);
}
