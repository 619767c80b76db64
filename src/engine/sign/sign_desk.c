/* The desk: demo CA, open keys, sessions. */
#include "engine/sign/sign_int.h"

#include "crypto/digest.h"
#include "sys/sys.h"

#define CA_YEARS 20
#define YEAR_US  (INT64_C(365) * 86400 * DATE_US_PER_S)

struct str
sign_path(struct ctx *cx, struct str name)
{
    return str_fmt(cx->arena, STR_FMT "/sign/" STR_FMT, STR_ARG(cx->config->data_dir),
                   STR_ARG(name));
}

/* First start: key and self-signed certificate that say what they are. */
static enum err
make_ca(struct ctx *cx)
{
    struct str key_pem = STR_NULL;
    struct str cert_pem = STR_NULL;
    struct cms_key *key = NULL;
    struct cms_cert_wish wish = {
        .subject = { .common = STR("Bom Bo Demo CA (BẢN THỬ NGHIỆM)"), .org = STR("Bom Bo") },
        .from_us = sys_now_us(cx) - 3600 * DATE_US_PER_S,
        .to_us = sys_now_us(cx) + CA_YEARS * YEAR_US,
        .is_ca = true,
    };

    TRY(cms_key_make(cx, STR_NULL, &key_pem));
    TRY(cms_key_open(cx, key_pem, STR_NULL, &key));
    enum err e = cms_key_public(cx, key, &wish.public_pem);
    if (e == ERR_OK) {
        e = cms_cert_make(cx, &wish, STR_NULL, key, &cert_pem);
    }
    cms_key_close(key);
    TRY(e);
    TRY(sys_mkdirs(cx, sign_path(cx, STR("keys"))));
    TRY(sys_mkdirs(cx, sign_path(cx, STR("roots"))));
    TRY(sys_file_write(cx, sign_path(cx, STR("seal.pass")), sys_random_code(cx, 32)));
    TRY(sys_file_write(cx, sign_path(cx, STR("ca.key.pem")), key_pem));
    /* the certificate last: its presence says that the CA is whole */
    return sys_file_write(cx, sign_path(cx, STR("ca.cert.pem")), cert_pem);
}

enum err
sign_desk_open(struct ctx *cx, struct sign_desk **ret)
{
    struct str key_pem = STR_NULL;
    struct str cert_pem = STR_NULL;
    struct str pass = STR_NULL;
    struct cms_key *key = NULL;

    if (!sys_file_exists(cx, sign_path(cx, STR("ca.cert.pem")))) {
        TRY(make_ca(cx));
    }
    TRY(sys_file_read(cx, sign_path(cx, STR("ca.cert.pem")), SIGN_FILE_MAX, &cert_pem));
    TRY(sys_file_read(cx, sign_path(cx, STR("ca.key.pem")), SIGN_FILE_MAX, &key_pem));
    TRY(sys_file_read(cx, sign_path(cx, STR("seal.pass")), 256, &pass));
    TRY(cms_key_open(cx, key_pem, STR_NULL, &key));

    struct arena *a = arena_open(0);
    struct sign_desk *d = ARENA_NEW(a, struct sign_desk);
    d->arena = a;
    d->ca_pem = str_dup(a, cert_pem);
    d->seal_pass = str_dup(a, pass);
    d->ca_key = key;
    ASSERT(pthread_mutex_init(&d->lock, NULL) == 0);
    *ret = d;
    return ERR_OK;
}

static void
session_end(struct sign_session *s)
{
    if (s->ops != NULL && s->key != NULL) {
        s->ops->close(s->key);
    }
    *s = (struct sign_session){ 0 };
}

void
sign_desk_close(struct sign_desk *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < SIGN_SESSIONS_MAX; i++) {
        session_end(&d->sessions[i]);
    }
    cms_key_close(d->ca_key);
    (void)pthread_mutex_destroy(&d->lock);
    arena_close(d->arena);
}

enum err
sign_ca_pem(struct ctx *cx, struct str *ret)
{
    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    *ret = cx->sign->ca_pem;
    return ERR_OK;
}

/* Ends what has run out; under the lock. */
static void
sweep(struct sign_desk *d, int64_t now_us)
{
    for (size_t i = 0; i < SIGN_SESSIONS_MAX; i++) {
        struct sign_session *s = &d->sessions[i];
        if (s->ops != NULL && s->n_busy == 0 &&
            (s->is_ended || s->until_us <= now_us || s->uses_left <= 0)) {
            session_end(s);
        }
    }
}

static struct sign_session *
find(struct sign_desk *d, struct str token)
{
    for (size_t i = 0; i < SIGN_SESSIONS_MAX; i++) {
        struct sign_session *s = &d->sessions[i];
        if (s->ops != NULL && !s->is_ended && digest_same(s->token, token)) {
            return s;
        }
    }
    return NULL;
}

enum err
sign_session_new(struct ctx *cx, const struct sign_ops *ops, void *take_key, int64_t cert_id,
                 int32_t max_s, int32_t max_uses, struct str *ret_token)
{
    struct sign_desk *d = cx->sign;
    struct str token = sys_random_code(cx, 26);
    struct sign_session *free_one = NULL;
    int64_t now_us = sys_mono_us(cx);

    max_s = max_s > 0 && max_s < SIGN_SESSION_S_MAX ? max_s : SIGN_SESSION_S_MAX;
    max_uses = max_uses > 0 && max_uses < SIGN_SESSION_USES_MAX ? max_uses : SIGN_SESSION_USES_MAX;
    pthread_mutex_lock(&d->lock);
    sweep(d, now_us);
    for (size_t i = 0; i < SIGN_SESSIONS_MAX && free_one == NULL; i++) {
        free_one = d->sessions[i].ops == NULL ? &d->sessions[i] : NULL;
    }
    if (free_one != NULL) {
        *free_one = (struct sign_session){ .cert_id = cert_id,
                                           .until_us = now_us + (int64_t)max_s * DATE_US_PER_S,
                                           .uses_left = max_uses,
                                           .ops = ops,
                                           .key = take_key };
        for (size_t i = 0; i < token.n; i++) {
            free_one->token_bytes[i] = token.p[i];
        }
        free_one->token = (struct str){ free_one->token_bytes, token.n };
    }
    pthread_mutex_unlock(&d->lock);
    if (free_one == NULL) {
        ops->close(take_key);
        return err_set(cx, ERR_BUSY, "all %d signing sessions are open", SIGN_SESSIONS_MAX);
    }
    *ret_token = token;
    return ERR_OK;
}

enum err
sign_session_take(struct ctx *cx, struct str token, struct sign_session **ret)
{
    struct sign_desk *d = cx->sign;
    if (d == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    pthread_mutex_lock(&d->lock);
    sweep(d, sys_mono_us(cx));
    struct sign_session *s = find(d, token);
    bool is_open = s != NULL && s->uses_left > 0 && s->until_us > sys_mono_us(cx);
    if (is_open) {
        s->uses_left--;
        s->n_busy++;
    }
    pthread_mutex_unlock(&d->lock);
    if (!is_open) {
        return err_set(cx, ERR_UNAUTHENTICATED, "signing session is not open");
    }
    *ret = s;
    return ERR_OK;
}

void
sign_session_done(struct ctx *cx, struct sign_session *s)
{
    pthread_mutex_lock(&cx->sign->lock);
    s->n_busy--;
    sweep(cx->sign, sys_mono_us(cx));
    pthread_mutex_unlock(&cx->sign->lock);
}

void
sign_lock(struct ctx *cx, struct str token)
{
    if (cx->sign == NULL) {
        return;
    }
    pthread_mutex_lock(&cx->sign->lock);
    struct sign_session *s = find(cx->sign, token);
    if (s != NULL) {
        s->is_ended = true;
    }
    sweep(cx->sign, sys_mono_us(cx));
    pthread_mutex_unlock(&cx->sign->lock);
}

/* --- keys in files, encrypted under the PIN --------------------------------------------------- */

static enum err
file_open(struct ctx *cx, struct str key_ref, struct str pin, void **ret_key)
{
    struct str pem = STR_NULL;
    struct cms_key *key = NULL;

    TRY(sys_file_read(cx, sign_path(cx, str_slice(key_ref, sizeof("file:") - 1, key_ref.n)),
                      SIGN_FILE_MAX, &pem));
    TRY(cms_key_open(cx, pem, pin, &key));
    *ret_key = key;
    return ERR_OK;
}

static struct cms_key *
file_key(void *key)
{
    return key;
}

static void
file_close(void *key)
{
    cms_key_close(key);
}

const struct sign_ops sign_ops_file = { "file", file_open, cms_key_sign, file_key, file_close };

const struct sign_ops *
sign_ops_of(struct str key_ref)
{
    return str_starts(key_ref, STR("pkcs11:")) ? &sign_ops_pkcs11 : &sign_ops_file;
}
