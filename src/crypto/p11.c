/* PKCS#11 by libp11. */
#include "crypto/p11.h"

#include <libp11.h>
#include <openssl/err.h>

struct p11_key {
    PKCS11_CTX *module;
    PKCS11_SLOT *slots;
    unsigned int n_slots;
    EVP_PKEY *key;
};

static enum err
find_key(struct ctx *cx, struct p11_key *k, PKCS11_SLOT *slot, struct str label)
{
    PKCS11_KEY *keys = NULL;
    unsigned int n = 0;

    if (PKCS11_enumerate_keys(slot->token, &keys, &n) != 0) {
        return err_set(cx, ERR_UPSTREAM, "PKCS#11: keys cannot be listed");
    }
    for (unsigned int i = 0; i < n; i++) {
        if (keys[i].label != NULL && str_eq(str_of(keys[i].label), label)) {
            k->key = PKCS11_get_private_key(&keys[i]);
            return k->key != NULL ? ERR_OK
                                  : err_set(cx, ERR_UPSTREAM, "PKCS#11: key cannot be used");
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "PKCS#11: no key of this label");
}

static enum err
open_parts(struct ctx *cx, struct p11_key *k, struct str module, struct str label, struct str pin)
{
    if (k->module == NULL || PKCS11_CTX_load(k->module, str_z(cx->arena, module)) != 0) {
        return err_set(cx, ERR_UPSTREAM, "PKCS#11 module does not load");
    }
    if (PKCS11_enumerate_slots(k->module, &k->slots, &k->n_slots) != 0) {
        return err_set(cx, ERR_UPSTREAM, "PKCS#11: slots cannot be listed");
    }
    PKCS11_SLOT *slot = PKCS11_find_token(k->module, k->slots, k->n_slots);
    enum err e = ERR_NOT_FOUND;
    while (slot != NULL && slot->token != NULL && e == ERR_NOT_FOUND) {
        if (slot->token->initialized && PKCS11_login(slot, 0, str_z(cx->arena, pin)) != 0) {
            return err_set(cx, ERR_FORBIDDEN, "PKCS#11: token refuses the PIN");
        }
        e = find_key(cx, k, slot, label);
        slot = PKCS11_find_next_token(k->module, k->slots, k->n_slots, slot);
        slot = slot != NULL && slot->token != NULL && slot->token->initialized ? slot : NULL;
    }
    return e == ERR_NOT_FOUND
               ? err_set(cx, ERR_NOT_FOUND, "PKCS#11: no token has a key of this label")
               : e;
}

enum err
p11_open(struct ctx *cx, struct str module, struct str label, struct str pin, struct p11_key **ret)
{
    struct p11_key *k = calloc(1, sizeof(*k)); /* outlives the request's arena */
    ASSERT(k != NULL);
    k->module = PKCS11_CTX_new();
    enum err e = open_parts(cx, k, module, label, pin);
    ERR_clear_error();
    if (e != ERR_OK) {
        p11_close(k);
        return e;
    }
    *ret = k;
    return ERR_OK;
}

void
p11_close(struct p11_key *k)
{
    if (k == NULL) {
        return;
    }
    EVP_PKEY_free(k->key);
    if (k->slots != NULL) {
        PKCS11_release_all_slots(k->module, k->slots, k->n_slots);
    }
    if (k->module != NULL) {
        PKCS11_CTX_unload(k->module);
        PKCS11_CTX_free(k->module);
    }
    free(k);
}

struct cms_key *
p11_cms_key(const struct p11_key *k)
{
    return (struct cms_key *)k->key;
}
