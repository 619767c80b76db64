/* Keys that the platform itself uses without a session: seals, members of signed exchange. */
#include "engine/sign/sign_int.h"
#include "sys/sys.h"

struct sign_key {
    const struct sign_ops *ops;
    void *key;
    bool is_ecdsa;
};

bool
sign_is_ours(struct str kind)
{
    return str_eq(kind, SIGN_SEAL) || str_eq(kind, SIGN_EXCHANGE) || str_eq(kind, SIGN_DESK);
}

struct str
sign_own_pass(const struct ctx *cx, bool is_token)
{
    bool has_pin = is_token && !str_is_empty(cx->config->sign_pin);
    return has_pin ? cx->config->sign_pin : cx->sign->seal_pass;
}

enum err
sign_key_open(struct ctx *cx, int64_t cert_id, struct sign_key **ret)
{
    struct sign_cert cert;
    struct str key_ref;
    int64_t failures = 0;
    int64_t now_us = sys_now_us(cx);
    enum cms_algorithm algorithm;
    void *key = NULL;
    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    TRY(sign_cert_load(cx, cert_id, &cert, &key_ref, &failures));
    if (!sign_is_ours(cert.kind) || !str_eq(cert.state, STR("valid")) ||
        now_us < cert.valid_from_us || now_us > cert.valid_to_us) {
        return err_set(cx, ERR_FORBIDDEN, "certificate is " STR_FMT " or out of its time",
                       STR_ARG(cert.state));
    }
    TRY(cms_cert_algorithm(cx, cert.pem, &algorithm));
    const struct sign_ops *ops = sign_ops_of(key_ref);
    TRY(ops->open(cx, key_ref, sign_own_pass(cx, ops == &sign_ops_pkcs11), &key));
    struct sign_key *k = calloc(1, sizeof(*k));
    ASSERT(k != NULL);
    *k = (struct sign_key){ ops, key, algorithm == CMS_ECDSA_SHA256 };
    *ret = k;
    return ERR_OK;
}

enum err
sign_key_digest(struct ctx *cx, struct sign_key *k, struct str digest, struct str *ret)
{
    struct str made = STR_NULL;
    TRY(k->ops->sign(cx, k->key, digest, &made));
    if (k->is_ecdsa) {
        return cms_ecdsa_raw(cx, made, ret);
    }
    *ret = made;
    return ERR_OK;
}

void
sign_key_close(struct sign_key *k)
{
    if (k != NULL) {
        k->ops->close(k->key);
        free(k);
    }
}
