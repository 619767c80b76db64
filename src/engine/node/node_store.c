/* node_store.c: rows: peers, keys, the card that nodes give each other. */
#include "engine/node/node_int.h"

#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/ledger/ledger.h"
#include "gen/q_node.h"

#define PEERS_MAX     200
#define KEYS_MAX      500
#define MEMBERS_MAX   200
#define PEER_NAME_MAX 100

static enum err
operator_only(struct ctx *cx)
{
    return access_may(cx, "exchange.manage") ? ERR_OK
                                             : err_set(cx, ERR_FORBIDDEN, "exchange.manage");
}

/* --- lists ------------------------------------------------------------------------------------ */
enum err
node_peers(struct ctx *cx, struct node_peer **ret, size_t *ret_n)
{
    struct q_node_peer_all_list list;
    TRY(q_node_peer_all(cx, &list, .limit_n = PEERS_MAX));
    struct node_peer *v = ARENA_ARRAY(cx->arena, struct node_peer, list.n + 1);
    for (size_t i = 0; i < list.n; i++) {
        struct cms_cert_info cert;
        bool is_read = cms_cert_read(cx, list.v[i].tls_pem, &cert) == ERR_OK;
        v[i] = (struct node_peer){ .id = list.v[i].id,
                                   .tls_until_us = is_read ? cert.to_us : 0,
                                   .added_us = list.v[i].added_us,
                                   .n_keys = list.v[i].n_keys,
                                   .name = list.v[i].name,
                                   .address = list.v[i].address,
                                   .thumb = list.v[i].thumb,
                                   .state = list.v[i].state };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

static struct str
key_state(int64_t from_us, int64_t to_us, bool is_revoked, int64_t now_us)
{
    return is_revoked                            ? STR("revoked")
           : now_us < from_us || now_us >= to_us ? STR("expired")
                                                 : STR("valid");
}

enum err
node_keys(struct ctx *cx, struct node_key **ret, size_t *ret_n)
{
    struct q_node_key_all_list list;
    struct sign_cert *own = NULL;
    size_t n_own = 0;
    int64_t now_us = sys_now_us(cx);
    TRY(q_node_key_all(cx, &list, .limit_n = KEYS_MAX));
    TRY(sign_cert_kind(cx, SIGN_EXCHANGE, KEYS_MAX, &own, &n_own));
    struct node_key *v = ARENA_ARRAY(cx->arena, struct node_key, list.n + n_own + 1);
    size_t n = 0;
    for (size_t i = 0; i < n_own; i++) {
        bool is_revoked = !str_eq(own[i].state, STR("valid"));
        v[n++] = (struct node_key){ .id = own[i].id,
                                    .from_us = own[i].valid_from_us,
                                    .to_us = own[i].valid_to_us,
                                    .revoked_us = own[i].revoked_us,
                                    .member = own[i].owner,
                                    .thumb = own[i].fingerprint,
                                    .name = own[i].name,
                                    .state = key_state(own[i].valid_from_us, own[i].valid_to_us,
                                                       is_revoked, now_us) };
    }
    for (size_t i = 0; i < list.n; i++) {
        const struct q_node_key_all *k = &list.v[i];
        v[n++] = (struct node_key){ .id = k->id,
                                    .from_us = k->from_us,
                                    .to_us = k->to_us,
                                    .revoked_us = k->revoked_us,
                                    .member = k->member,
                                    .thumb = k->thumb,
                                    .name = k->name,
                                    .peer = k->peer,
                                    .state = key_state(k->from_us, k->to_us, k->revoked_us != 0,
                                                       now_us) };
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
node_cert_pem(struct ctx *cx, struct str thumb, struct str *ret_pem, struct str *ret_member)
{
    struct q_node_key_by_thumb row;
    struct sign_cert own;
    enum err e = q_node_key_by_thumb(cx, &row, .thumb = thumb);
    if (e == ERR_OK) {
        *ret_pem = row.pem;
        *ret_member = row.member;
        return ERR_OK;
    }
    TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    TRY(sign_cert_by_thumb(cx, thumb, &own));
    *ret_pem = own.pem;
    *ret_member = own.owner;
    return str_eq(own.kind, SIGN_EXCHANGE) ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "another key");
}

/* --- the card --------------------------------------------------------------------------------- */
enum err
node_card(struct ctx *cx, struct str *ret_json)
{
    struct sign_cert *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, NODE_CARD_BYTES);
    if (cx->node == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no signed exchange here");
    }
    TRY(sign_cert_kind(cx, SIGN_EXCHANGE, KEYS_MAX, &v, &n));
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "node", cx->node->name);
    json_put_str(&o, "address",
                 str_fmt(cx->arena, STR_FMT ":%d", STR_ARG(cx->node->name), cx->config->node_port));
    json_put_str(&o, "tls", cx->node->tls_cert);
    json_key(&o, "members");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].state, STR("valid"))) {
            json_open(&o);
            json_put_str(&o, "member", v[i].owner);
            json_put_str(&o, "cert", v[i].pem);
            json_close(&o);
        }
    }
    json_close_list(&o);
    json_close(&o);
    *ret_json = buf_str(&b);
    return ERR_OK;
}

struct card_key {
    struct str member, pem;
    struct cms_cert_info info;
};
struct card {
    struct str name, address, tls, thumb;
    struct card_key *keys;
    size_t n_keys;
    int64_t id;
};

static enum err
card_wrong(struct ctx *cx, const char *key, struct str where)
{
    ctx_problem(cx, STR("card"), str_of(key), where);
    return ctx_check(cx);
}

static bool
is_address(struct str s)
{
    struct str port;
    int64_t n = 0;
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != ':') {
        at--;
    }
    port = str_slice(s, at, s.n);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
        if (!is_fine) {
            return false;
        }
    }
    return at > 1 && s.n <= 255 && str_to_i64(port, 1, 65535, &n);
}

static enum err
card_key_read(struct ctx *cx, const struct json *j, struct card_key *ret)
{
    struct str pub;
    struct key *key = NULL;
    *ret = (struct card_key){ .member = json_text(j, "member"), .pem = json_text(j, "cert") };
    if (ret->member.n > PEER_NAME_MAX || !str_eq(node_member_of(ret->member), ret->member)) {
        return card_wrong(cx, "node.card_member", ret->member);
    }
    if (cms_cert_read(cx, ret->pem, &ret->info) != ERR_OK ||
        cms_cert_public(cx, ret->pem, &pub) != ERR_OK || key_from_pem(cx, pub, &key) != ERR_OK ||
        key_type(key) == KEY_ED25519) {
        key_free(key);
        return card_wrong(cx, "node.card_cert", ret->member);
    }
    key_free(key);
    return ERR_OK;
}

enum err
node_card_read(struct ctx *cx, struct str text, struct card **ret)
{
    struct json *j = NULL;
    struct cms_cert_info info;
    struct card *c = ARENA_NEW(cx->arena, struct card);
    const struct json_limits limits = { .depth_max = 8, .nodes_max = 5000 };
    *ret = c;
    if (text.n > NODE_CARD_BYTES || json_parse(cx->arena, text, limits, &j, NULL) != ERR_OK) {
        return card_wrong(cx, "node.card_json", STR_NULL);
    }
    c->name = json_text(j, "node");
    c->address = json_text(j, "address");
    c->tls = json_text(j, "tls");
    if (c->name.n == 0 || c->name.n > PEER_NAME_MAX || !is_address(c->address)) {
        return card_wrong(cx, "node.card_address", c->address);
    }
    if (cms_cert_read(cx, c->tls, &info) != ERR_OK) {
        return card_wrong(cx, "node.card_cert", c->name);
    }
    c->thumb = info.fingerprint;
    const struct json *members = json_get(j, "members");
    size_t n = members == NULL || members->type != JSON_LIST ? 0 : members->n;
    if (n == 0 || n > MEMBERS_MAX) {
        return card_wrong(cx, "node.card_member", c->name);
    }
    c->keys = ARENA_ARRAY(cx->arena, struct card_key, n);
    for (JSON_EACH(members, one)) {
        TRY(card_key_read(cx, one, &c->keys[c->n_keys++]));
    }
    return ERR_OK;
}

/* --- changes ---------------------------------------------------------------------------------- */
static enum err
changed(struct ctx *cx, const char *kind, int64_t id, struct str words)
{
    struct ledger_new e = { .kind = kind,
                            .object = ledger_object(cx, "node_peer", id),
                            .note = words };
    TRY(ledger_add(cx, &e));
    return exchange_changed(cx); /* the relay names other installations' services */
}

/* A member is at one node only: ours, or the one that told of it first. */
static enum err
card_key_add(struct ctx *cx, const struct card *c, const struct card_key *k)
{
    struct q_node_key_by_thumb have;
    struct q_node_key_of_member home;
    struct sign_cert own;
    enum err e = q_node_key_by_thumb(cx, &have, .thumb = k->info.fingerprint);
    if (e == ERR_OK) {
        return have.peer_id == c->id && str_eq(have.member, k->member)
                   ? ERR_OK
                   : err_set(cx, ERR_CONFLICT, "a certificate of another node");
    }
    TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    e = sign_cert_of(cx, SIGN_EXCHANGE, k->member, &own);
    if (e == ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "a member of ours");
    }
    TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    e = q_node_key_of_member(cx, &home, .member = k->member);
    if (e == ERR_OK && home.peer_id != c->id) {
        return err_set(cx, ERR_CONFLICT, "a member of another node");
    }
    TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    return q_node_key_insert(
        cx, NULL, .id = store_new_id(cx), .peer_id = c->id, .member = k->member,
        .thumb = k->info.fingerprint, .name = k->info.subject.common, .pem = k->pem,
        .from_us = k->info.from_us, .to_us = k->info.to_us, .added_us = sys_now_us(cx));
}

static enum err
card_tx(struct ctx *cx, void *arg)
{
    struct card *c = arg;
    struct q_node_peer_by_name have;
    enum err e = q_node_peer_by_name(cx, &have, .name = c->name);
    if (e == ERR_NOT_FOUND) {
        c->id = store_new_id(cx);
        TRY(q_node_peer_insert(cx, NULL, .id = c->id, .name = c->name, .address = c->address,
                               .tls_pem = c->tls, .thumb = c->thumb, .added_us = sys_now_us(cx)));
    } else {
        TRY(e);
        c->id = have.id;
        if (!str_eq(have.thumb, c->thumb)) {
            return err_set(cx, ERR_CONFLICT, "known with another certificate");
        }
        TRY(q_node_peer_set_address(cx, NULL, .id = c->id, .address = c->address));
    }
    for (size_t i = 0; i < c->n_keys; i++) {
        TRY(card_key_add(cx, c, &c->keys[i]));
    }
    return changed(cx, "node.peer_added", c->id, c->name);
}

enum err
node_peer_add(struct ctx *cx, struct str card, int64_t *ret_id)
{
    struct card *c = NULL;
    TRY(operator_only(cx));
    TRY(node_card_read(cx, card, &c));
    TRY(store_write(cx, card_tx, c));
    *ret_id = c->id;
    return ERR_OK;
}

struct setting {
    int64_t id;
    bool is_suspended;
};

static enum err
set_tx(struct ctx *cx, void *arg)
{
    const struct setting *s = arg;
    int64_t n = 0;
    TRY(q_node_peer_set_state(cx, &n, .id = s->id,
                              .state = s->is_suspended ? STR("suspended") : STR("active")));
    return n == 1 ? changed(cx, s->is_suspended ? "node.peer_suspended" : "node.peer_admitted",
                            s->id, STR(""))
                  : err_set(cx, ERR_NOT_FOUND, "no such node");
}

enum err
node_peer_set(struct ctx *cx, int64_t id, bool is_suspended)
{
    struct setting s = { id, is_suspended };
    TRY(operator_only(cx));
    return store_write(cx, set_tx, &s);
}

static enum err
revoke_tx(struct ctx *cx, void *arg)
{
    const int64_t *id = arg;
    int64_t n = 0;
    TRY(q_node_key_revoke(cx, &n, .id = *id, .now_us = sys_now_us(cx)));
    return n == 1 ? changed(cx, "node.key_revoked", *id, STR(""))
                  : err_set(cx, ERR_NOT_FOUND, "no such key, or revoked");
}

static enum err
tell_tx(struct ctx *cx, void *arg)
{
    const int64_t *id = arg;
    return changed(cx, "node.key_changed", *id, STR(""));
}

enum err
node_key_revoke(struct ctx *cx, int64_t id)
{
    struct sign_cert own;
    TRY(operator_only(cx));
    if (sign_cert_by_id(cx, id, &own) == ERR_OK && str_eq(own.kind, SIGN_EXCHANGE)) {
        TRY(sign_cert_revoke(cx, id, STR("revoked")));
        return store_write(cx, tell_tx, &id);
    }
    return store_write(cx, revoke_tx, &id);
}

enum err
node_key_make(struct ctx *cx, struct str member, struct str token_label)
{
    struct exchange_member m;
    struct q_node_key_of_member home;
    int64_t id = 0;
    TRY(operator_only(cx));
    if (exchange_member_by_path(cx, member, &m) != ERR_OK ||
        q_node_key_of_member(cx, &home, .member = member) == ERR_OK) {
        ctx_problem(cx, STR("member"), STR("node.member_unknown"), member);
        return ctx_check(cx);
    }
    const struct sign_cert_wish wish = { .kind = SIGN_EXCHANGE,
                                         .owner = member,
                                         .name = m.name,
                                         .org = member,
                                         .token_label = token_label };
    TRY(sign_cert_issue(cx, &wish, &id));
    return store_write(cx, tell_tx, &id);
}
