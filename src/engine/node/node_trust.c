/* node_trust.c: who is trusted: an immutable picture of peers, members' keys and whether members
 * may take part, made of rows; calls hold a reference to the one they began with. A certificate is
 * who it is by its fingerprint, as in the relay. */
#include "crypto/digest.h"
#include "engine/node/node_int.h"
#include "gen/q_node.h"

#define PEERS_MAX  200
#define KEYS_MAX   2000
#define PROVEN_MAX 512

struct node_proven {
    pthread_mutex_t lock;
    struct digest v[PROVEN_MAX]; /* zeros: free */
};

/* --- the picture ------------------------------------------------------------------------------ */
static void
own_drop(struct node_own *o)
{
    if (o != NULL && atomic_fetch_sub(&o->refs, 1) == 1) {
        sign_key_close(o->key);
        free(o);
    }
}

void
node_trust_drop(struct node_trust *t)
{
    if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < t->n_keys; i++) {
        key_free(t->keys[i].key);
        own_drop(t->keys[i].own);
    }
    (void)pthread_mutex_destroy(&t->proven->lock);
    free(t->proven);
    arena_close(t->arena);
    free(t);
}

/* --- batches that were good --------------------------------------------------------------------
 */
static struct digest *
proven_slot(const struct node_trust *t, const struct digest *proof)
{
    return &t->proven->v[(proof->b[0] | (unsigned)proof->b[1] << 8) % PROVEN_MAX];
}

bool
node_trust_is_proven(const struct node_trust *t, const struct digest *proof)
{
    (void)pthread_mutex_lock(&t->proven->lock);
    bool is_proven = digest_equal(proven_slot(t, proof), proof);
    (void)pthread_mutex_unlock(&t->proven->lock);
    return is_proven;
}

void
node_trust_proven(const struct node_trust *t, const struct digest *proof)
{
    (void)pthread_mutex_lock(&t->proven->lock);
    *proven_slot(t, proof) = *proof;
    (void)pthread_mutex_unlock(&t->proven->lock);
}

const struct node_trust_key *
node_trust_key(const struct node_trust *t, const struct digest *thumb)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        if (digest_equal(&t->keys[i].digest, thumb)) {
            return &t->keys[i];
        }
    }
    return NULL;
}

const struct node_trust_key *
node_trust_own(const struct node_trust *t, struct str member, int64_t now_us)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct node_trust_key *k = &t->keys[i];
        if (k->own != NULL && str_eq(k->member, member) && !k->is_revoked && now_us >= k->from_us &&
            now_us < k->to_us) {
            return k;
        }
    }
    return NULL;
}

const struct node_trust_peer *
node_trust_home(const struct node_trust *t, struct str member)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        if (t->keys[i].peer != NULL && str_eq(t->keys[i].member, member)) {
            return t->keys[i].peer;
        }
    }
    return NULL;
}

const struct node_trust_peer *
node_trust_peer_by_cert(const struct node_trust *t, struct str thumb)
{
    for (size_t i = 0; i < t->n_peers; i++) {
        if (str_eq(t->peers[i].thumb, thumb)) {
            return &t->peers[i];
        }
    }
    return NULL;
}

/* --- which bodies are kept ---------------------------------------------------------------------
 */
static int
rule_cmp(const struct exchange_body_rule *r, struct str consumer, struct str service)
{
    int c = str_cmp(r->service, service);
    return c != 0 ? c : str_cmp(r->consumer, consumer);
}

static int
rules_cmp(const void *x, const void *y)
{
    const struct exchange_body_rule *b = y;
    return rule_cmp(x, b->consumer, b->service);
}

static const struct exchange_body_rule *
rule_of(const struct node_trust *t, struct str consumer, struct str service)
{
    size_t low = 0;
    size_t high = t->n_rules;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = rule_cmp(&t->rules[middle], consumer, service);
        if (c == 0) {
            return &t->rules[middle];
        }
        low = c < 0 ? middle + 1 : low;
        high = c < 0 ? high : middle;
    }
    return NULL;
}

bool
node_trust_keeps_body(const struct node_trust *t, struct str consumer, struct str service)
{
    const struct exchange_body_rule *r = rule_of(t, consumer, service);
    r = r != NULL ? r : rule_of(t, STR(""), service);
    return r == NULL || r->is_kept;
}

static enum err
rules_take(struct ctx *cx, struct node_trust *t)
{
    struct exchange_body_rule *v = NULL;
    size_t n = 0;
    TRY(exchange_body_rules(cx, &v, &n));
    t->rules = ARENA_ARRAY(t->arena, struct exchange_body_rule, n + 1);
    for (size_t i = 0; i < n; i++) {
        t->rules[t->n_rules++] =
            (struct exchange_body_rule){ str_dup(t->arena, v[i].consumer),
                                         str_dup(t->arena, v[i].service), v[i].is_kept };
    }
    qsort(t->rules, n, sizeof(*t->rules), rules_cmp);
    return ERR_OK;
}

/* --- from rows -------------------------------------------------------------------------------- */
static enum err
key_take(struct ctx *cx, struct node_trust *t, struct node_trust_key k)
{
    struct exchange_member m;
    struct str pem;
    if (!digest_from_hex(k.thumb, &k.digest)) {
        return err_set(cx, ERR_STORE, "fingerprint of a key");
    }
    TRY(cms_cert_public(cx, k.pem, &pem));
    enum err e = exchange_member_by_path(cx, k.member, &m);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    k.is_member_suspended = e == ERR_OK && !str_eq(m.state, STR("active"));
    TRY(key_from_pem(cx, pem, &k.key));
    k.member = str_dup(t->arena, k.member);
    k.thumb = str_dup(t->arena, k.thumb);
    k.pem = str_dup(t->arena, k.pem);
    t->keys[t->n_keys++] = k;
    return ERR_OK;
}

static enum err
peers_take(struct ctx *cx, struct node_trust *t)
{
    struct q_node_peer_all_list list;
    TRY(q_node_peer_all(cx, &list, .limit_n = PEERS_MAX));
    t->peers = ARENA_ARRAY(t->arena, struct node_trust_peer, list.n + 1);
    for (size_t i = 0; i < list.n; i++) {
        t->peers[t->n_peers++] = (struct node_trust_peer){
            .name = str_dup(t->arena, list.v[i].name),
            .url = str_fmt(t->arena, "https://" STR_FMT "/node/1", STR_ARG(list.v[i].address)),
            .tls_pem = str_dup(t->arena, list.v[i].tls_pem),
            .thumb = str_dup(t->arena, list.v[i].thumb),
            .is_suspended = !str_eq(list.v[i].state, STR("active")),
        };
    }
    return ERR_OK;
}

static const struct node_trust_peer *
peer_named(const struct node_trust *t, struct str name)
{
    for (size_t i = 0; i < t->n_peers; i++) {
        if (str_eq(t->peers[i].name, name)) {
            return &t->peers[i];
        }
    }
    return NULL;
}

static enum err
others_take(struct ctx *cx, struct node_trust *t)
{
    struct q_node_key_all_list list;
    TRY(q_node_key_all(cx, &list, .limit_n = KEYS_MAX));
    for (size_t i = 0; i < list.n; i++) {
        TRY(key_take(cx, t,
                     (struct node_trust_key){ .member = list.v[i].member,
                                              .thumb = list.v[i].thumb,
                                              .pem = list.v[i].pem,
                                              .from_us = list.v[i].from_us,
                                              .to_us = list.v[i].to_us,
                                              .is_revoked = list.v[i].revoked_us != 0,
                                              .peer = peer_named(t, list.v[i].peer) }));
    }
    return ERR_OK;
}

/* The open key of the picture before, or opened now. A key that does not open signs nothing; the
 * pages say so. */
static struct node_own *
own_open(struct ctx *cx, const struct node_trust *old, const struct sign_cert *r,
         const struct digest *thumb)
{
    for (size_t i = 0; old != NULL && i < old->n_keys; i++) {
        if (old->keys[i].own != NULL && digest_equal(&old->keys[i].digest, thumb)) {
            (void)atomic_fetch_add(&old->keys[i].own->refs, 1);
            return old->keys[i].own;
        }
    }
    struct sign_key *key = NULL;
    struct node_own *o = NULL;
    if (sign_key_open(cx, r->id, &key) == ERR_OK) {
        o = calloc(1, sizeof(*o));
        ASSERT(o != NULL);
        o->refs = 1;
        o->key = key;
        o->cert_id = r->id;
        o->thumb = *thumb;
    }
    if (o != NULL && cms_cert_algorithm(cx, r->pem, &o->algorithm) != ERR_OK) {
        own_drop(o);
        o = NULL;
    }
    return o;
}

static enum err
ours_take(struct ctx *cx, const struct node_trust *old, struct node_trust *t)
{
    struct sign_cert *v = NULL;
    size_t n = 0;
    TRY(sign_cert_kind(cx, SIGN_EXCHANGE, KEYS_MAX, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const struct sign_cert *r = &v[i];
        bool is_revoked = !str_eq(r->state, STR("valid"));
        TRY(key_take(cx, t,
                     (struct node_trust_key){ .member = r->owner,
                                              .thumb = r->fingerprint,
                                              .pem = r->pem,
                                              .from_us = r->valid_from_us,
                                              .to_us = r->valid_to_us,
                                              .is_revoked = is_revoked }));
        struct node_trust_key *k = &t->keys[t->n_keys - 1];
        k->own = is_revoked ? NULL : own_open(cx, old, r, &k->digest);
    }
    return ERR_OK;
}

enum err
node_trust_load(struct ctx *cx, const struct node_trust *old, struct node_trust **ret)
{
    struct node_trust *t = calloc(1, sizeof(*t));
    ASSERT(t != NULL);
    t->refs = 1;
    t->arena = arena_open(0);
    t->proven = calloc(1, sizeof(*t->proven));
    ASSERT(t->proven != NULL && pthread_mutex_init(&t->proven->lock, NULL) == 0);
    t->keys = ARENA_ARRAY(t->arena, struct node_trust_key, (size_t)2 * KEYS_MAX + 1);
    enum err e = peers_take(cx, t);
    e = e == ERR_OK ? others_take(cx, t) : e;
    e = e == ERR_OK ? ours_take(cx, old, t) : e;
    e = e == ERR_OK ? rules_take(cx, t) : e;
    if (e != ERR_OK) {
        node_trust_drop(t);
        return e;
    }
    *ret = t;
    return ERR_OK;
}
