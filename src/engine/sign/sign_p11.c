/* Keys in a PKCS#11 token: key_ref is "pkcs11:<label>". */
#include "crypto/p11.h"
#include "engine/sign/sign_int.h"
#include "sys/sys.h"

static enum err
token_open(struct ctx *cx, struct str key_ref, struct str pin, void **ret_key)
{
    struct p11_key *k = NULL;

    if (str_is_empty(cx->config->sign_module)) {
        return err_set(cx, ERR_UPSTREAM, "no PKCS#11 module is configured");
    }
    TRY(p11_open(cx, cx->config->sign_module, str_slice(key_ref, sizeof("pkcs11:") - 1, key_ref.n),
                 pin, &k));
    *ret_key = k;
    return ERR_OK;
}

static enum err
token_sign(struct ctx *cx, void *key, struct str digest, struct str *ret)
{
    return cms_key_sign(cx, p11_cms_key(key), digest, ret);
}

static struct cms_key *
token_key(void *key)
{
    return p11_cms_key(key);
}

static void
token_close(void *key)
{
    p11_close(key);
}

const struct sign_ops sign_ops_pkcs11 = { "pkcs11", token_open, token_sign, token_key,
                                          token_close };
