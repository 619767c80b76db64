/* Register of certificates, and opening keys with the PIN. */
#include "engine/sign/sign_int.h"

#include "gen/q_sign.h"
#include "sys/sys.h"

#define DAY_US (INT64_C(86400) * DATE_US_PER_S)

enum err
sign_cert_load(struct ctx *cx, int64_t id, struct sign_cert *ret, struct str *ret_key_ref,
               int64_t *ret_failures)
{
    struct q_sign_cert_by_id r;

    TRY(q_sign_cert_by_id(cx, &r, .id = id));
    *ret = (struct sign_cert){ .id = r.id,
                               .kind = r.kind,
                               .owner = r.owner,
                               .name = r.name,
                               .org = r.org,
                               .position = r.position,
                               .serial = r.serial,
                               .fingerprint = r.fingerprint,
                               .state = r.state,
                               .reason = r.reason,
                               .pem = r.pem,
                               .valid_from_us = r.valid_from_us,
                               .valid_to_us = r.valid_to_us,
                               .revoked_us = r.revoked_us,
                               .is_demo = r.is_demo != 0 };
    *ret_key_ref = r.key_ref;
    *ret_failures = r.pin_failures;
    return ERR_OK;
}

enum err
sign_cert_by_id(struct ctx *cx, int64_t id, struct sign_cert *ret)
{
    struct str key_ref;
    int64_t failures = 0;
    return sign_cert_load(cx, id, ret, &key_ref, &failures);
}

enum err
sign_cert_of(struct ctx *cx, struct str kind, struct str owner, struct sign_cert *ret)
{
    struct q_sign_cert_of row;
    TRY(q_sign_cert_of(cx, &row, .kind = kind, .owner = owner));
    return sign_cert_by_id(cx, row.id, ret);
}

enum err
sign_cert_list(struct ctx *cx, int64_t before_id, int64_t n, struct sign_cert **ret, size_t *ret_n)
{
    struct q_sign_cert_list_list rows;

    TRY(q_sign_cert_list(cx, &rows, .before = before_id > 0 ? before_id : INT64_MAX,
                         .n = n > 0 && n < 200 ? n : 200));
    struct sign_cert *v = ARENA_ARRAY(cx->arena, struct sign_cert, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_sign_cert_list *r = &rows.v[i];
        v[i] = (struct sign_cert){ .id = r->id,
                                   .kind = r->kind,
                                   .owner = r->owner,
                                   .name = r->name,
                                   .org = r->org,
                                   .position = r->position,
                                   .serial = r->serial,
                                   .fingerprint = r->fingerprint,
                                   .state = r->state,
                                   .reason = r->reason,
                                   .pem = r->pem,
                                   .valid_from_us = r->valid_from_us,
                                   .valid_to_us = r->valid_to_us,
                                   .revoked_us = r->revoked_us,
                                   .is_demo = r->is_demo != 0 };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
sign_cert_kind(struct ctx *cx, struct str kind, int64_t n, struct sign_cert **ret, size_t *ret_n)
{
    struct q_sign_cert_of_kind_list rows;
    TRY(q_sign_cert_of_kind(cx, &rows, .kind = kind, .limit_n = n));
    struct sign_cert *v = ARENA_ARRAY(cx->arena, struct sign_cert, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_sign_cert_of_kind *r = &rows.v[i];
        v[i] = (struct sign_cert){ .id = r->id,
                                   .kind = kind,
                                   .owner = r->owner,
                                   .name = r->name,
                                   .fingerprint = r->fingerprint,
                                   .state = r->state,
                                   .pem = r->pem,
                                   .valid_from_us = r->valid_from_us,
                                   .valid_to_us = r->valid_to_us,
                                   .revoked_us = r->revoked_us };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
sign_cert_by_thumb(struct ctx *cx, struct str fingerprint, struct sign_cert *ret)
{
    struct q_sign_cert_by_fingerprint row;
    TRY(q_sign_cert_by_fingerprint(cx, &row, .fingerprint = fingerprint));
    return sign_cert_by_id(cx, row.id, ret);
}

struct issue {
    const struct sign_cert_wish *wish;
    struct cms_cert_info info;
    int64_t id;
    struct str pem, key_ref;
};

static enum err
issue_tx(struct ctx *cx, void *arg)
{
    const struct issue *in = arg;
    const struct sign_cert_wish *w = in->wish;

    TRY(q_sign_cert_replace(cx, NULL, .kind = w->kind, .owner = w->owner,
                            .now_us = sys_now_us(cx)));
    return q_sign_cert_insert(cx, NULL, .id = in->id, .kind = w->kind, .owner = w->owner,
                              .name = w->name, .org = w->org.p != NULL ? w->org : STR(""),
                              .position = w->position, .serial = in->info.serial,
                              .fingerprint = in->info.fingerprint, .pem = in->pem,
                              .key_ref = in->key_ref, .valid_from_us = in->info.from_us,
                              .valid_to_us = in->info.to_us, .is_demo = 1);
}

/* Certificate of the demo CA over the wish's name and this public key. */
static enum err
certify(struct ctx *cx, struct issue *in, const struct cms_key *key)
{
    const struct sign_cert_wish *w = in->wish;
    int64_t from_us =
        w->valid_from_us != 0 ? w->valid_from_us : sys_now_us(cx) - 60 * DATE_US_PER_S;
    struct cms_cert_wish wish = {
        .subject = { w->name, w->org, w->position },
        .from_us = from_us,
        .to_us = from_us + (w->valid_days > 0 ? w->valid_days : 1095) * DAY_US,
        .is_seal = sign_is_ours(w->kind),
    };

    TRY(cms_key_public(cx, key, &wish.public_pem));
    TRY(cms_cert_make(cx, &wish, cx->sign->ca_pem, cx->sign->ca_key, &in->pem));
    return cms_cert_read(cx, in->pem, &in->info);
}

/* Makes a software key, or names the token's; in->key_ref says where it lives. */
static enum err
place_key(struct ctx *cx, struct issue *in, struct str pass)
{
    struct str key_pem = STR_NULL;

    if (in->wish->token_label.n > 0) {
        in->key_ref = str_cat(cx->arena, STR("pkcs11:"), in->wish->token_label);
        return ERR_OK;
    }
    struct str name = str_fmt(cx->arena, "keys/%" PRId64 ".pem", in->id);
    in->key_ref = str_cat(cx->arena, STR("file:"), name);
    TRY(cms_key_make(cx, pass, &key_pem));
    return sys_file_write(cx, sign_path(cx, name), key_pem);
}

enum err
sign_cert_issue(struct ctx *cx, const struct sign_cert_wish *wish, int64_t *ret_id)
{
    struct issue in = { .wish = wish, .id = store_new_id(cx) };
    bool is_seal = sign_is_ours(wish->kind);
    void *key = NULL;

    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    if (!is_seal && wish->token_label.n == 0 && wish->pin.n < SIGN_PIN_MIN) {
        ctx_problem(cx, STR("pin"), STR("sign.pin.short"), str_fmt(cx->arena, "%d", SIGN_PIN_MIN));
        return ctx_check(cx);
    }
    struct str pass = is_seal ? sign_own_pass(cx, wish->token_label.n > 0) : wish->pin;
    TRY(place_key(cx, &in, pass));
    const struct sign_ops *ops = sign_ops_of(in.key_ref);
    TRY(ops->open(cx, in.key_ref, pass, &key));
    enum err e = certify(cx, &in, ops->public_of(key));
    ops->close(key);
    TRY(e);
    TRY(store_write(cx, issue_tx, &in));
    *ret_id = in.id;
    return ERR_OK;
}

struct revoke {
    int64_t id;
    struct str reason;
};

static enum err
revoke_tx(struct ctx *cx, void *arg)
{
    const struct revoke *in = arg;
    int64_t n = 0;
    TRY(q_sign_cert_revoke(cx, &n, .id = in->id, .reason = in->reason, .now_us = sys_now_us(cx)));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "certificate is unknown or revoked already");
}

enum err
sign_cert_revoke(struct ctx *cx, int64_t id, struct str reason)
{
    struct revoke in = { id, reason };
    return store_write(cx, revoke_tx, &in);
}

static enum err
pin_failed_tx(struct ctx *cx, void *arg)
{
    return q_sign_pin_failed(cx, NULL, .id = *(const int64_t *)arg, .max = SIGN_PIN_TRIES_MAX);
}

static enum err
pin_right_tx(struct ctx *cx, void *arg)
{
    return q_sign_pin_right(cx, NULL, .id = *(const int64_t *)arg);
}

static enum err
unlock(struct ctx *cx, int64_t cert_id, struct str pin, int32_t max_s, int32_t max_uses,
       struct str *ret_token)
{
    struct sign_cert cert;
    struct str key_ref;
    int64_t failures = 0;
    int64_t now_us = sys_now_us(cx);
    void *key = NULL;

    TRY(sign_cert_load(cx, cert_id, &cert, &key_ref, &failures));
    if (!str_eq(cert.state, STR("valid")) || now_us < cert.valid_from_us ||
        now_us > cert.valid_to_us) {
        return err_set(cx, ERR_FORBIDDEN, "certificate is " STR_FMT " or out of its time",
                       STR_ARG(cert.state));
    }
    const struct sign_ops *ops = sign_ops_of(key_ref);
    enum err e = ops->open(cx, key_ref, pin, &key);
    if (e == ERR_FORBIDDEN) {
        TRY(store_write(cx, pin_failed_tx, &cert_id));
        int64_t left = SIGN_PIN_TRIES_MAX - failures - 1;
        ctx_problem(cx, STR("pin"), STR("sign.pin.wrong"),
                    str_fmt(cx->arena, "%" PRId64, left > 0 ? left : 0));
        return ctx_check(cx);
    }
    TRY(e);
    if (failures > 0) {
        e = store_write(cx, pin_right_tx, &cert_id);
        if (e != ERR_OK) {
            ops->close(key);
            return e;
        }
    }
    return sign_session_new(cx, ops, key, cert_id, max_s, max_uses, ret_token);
}

enum err
sign_unlock(struct ctx *cx, int64_t cert_id, struct str pin, int32_t max_s, int32_t max_uses,
            struct str *ret_token)
{
    struct sign_cert cert;

    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    TRY(sign_cert_by_id(cx, cert_id, &cert));
    if (sign_is_ours(cert.kind)) {
        return err_set(cx, ERR_FORBIDDEN, "a seal is not opened with a PIN");
    }
    return unlock(cx, cert_id, pin, max_s, max_uses, ret_token);
}

enum err
sign_unlock_seal(struct ctx *cx, struct str unit_code, int32_t max_uses, struct str *ret_token)
{
    struct sign_cert cert;

    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    TRY(sign_cert_of(cx, SIGN_SEAL, unit_code, &cert));
    return unlock(cx, cert.id, cx->sign->seal_pass, 0, max_uses, ret_token);
}

enum err
sign_unlock_desk(struct ctx *cx, const struct sign_cert_wish *officer, int32_t max_uses,
                 struct str *ret_token)
{
    struct sign_cert cert;
    struct sign_cert_wish wish = *officer;
    int64_t id = 0;

    if (cx->sign == NULL) {
        return err_set(cx, ERR_NOT_IMPLEMENTED, "no signing desk");
    }
    wish.kind = SIGN_DESK;
    enum err e = sign_cert_of(cx, SIGN_DESK, wish.owner, &cert);
    int64_t now_us = sys_now_us(cx);
    /* a clock that was set back must not keep papers from being signed */
    bool is_untimely = e == ERR_OK && (now_us < cert.valid_from_us || now_us > cert.valid_to_us);
    if (e == ERR_NOT_FOUND || is_untimely) {
        TRY(sign_cert_issue(cx, &wish, &id));
    } else {
        TRY(e);
        id = cert.id;
    }
    return unlock(cx, id, cx->sign->seal_pass, 0, max_uses, ret_token);
}
