/* exchange_sim_sign.c: the simulated national signature validation. It judges what it is sent, by
 * the means of engine/sign: the roots that this installation trusts stand for the national ones. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "engine/exchange/exchange_sim.h"
#include "engine/sign/sign.h"
#include "sys/sys.h"

#define ANSWER_BYTES ((size_t)256 << 10)

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

/* A DER certificate in base64, with or without line ends, as PEM. */
static struct str
pem_of(struct ctx *cx, struct str base64)
{
    struct str der = STR_NULL;
    struct str plain = str_replace(cx->arena, base64, STR("\r"), STR(""));
    plain = str_replace(cx->arena, plain, STR("\n"), STR(""));
    if (!base64_decode(cx->arena, plain, &der) || der.n == 0) {
        return STR_NULL;
    }
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    BUF_LIT(&b, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < plain.n; i += 64) {
        buf_add(&b, str_slice(plain, i, i + 64 < plain.n ? i + 64 : plain.n));
        BUF_LIT(&b, "\n");
    }
    BUF_LIT(&b, "-----END CERTIFICATE-----\n");
    return buf_str(&b);
}

static void
put_finding(struct ctx *cx, struct json_out *o, const struct sign_finding *f)
{
    json_put_str(o, "subject", or_empty(f->signer));
    json_put_str(o, "org", or_empty(f->org));
    json_put_str(o, "issuer", or_empty(f->issuer));
    json_put_str(o, "serial", or_empty(f->serial));
    json_put_str(o, "at", date_iso_instant_vn(cx->arena, f->signed_us));
}

struct str
exchange_sim_certificate(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct sign_finding f;
    struct str at = json_text(s->in, "at");
    struct str pem = pem_of(cx, json_text(s->in, "certificate"));
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    struct json_out o = json_out(&b);
    int64_t at_us = sys_now_us(cx);
    if (pem.p == NULL || (!str_is_empty(at) && !date_parse_instant(at, &at_us))) {
        return STR("invalid");
    }
    enum err e = sign_verify_cert(cx, pem, at_us, &f);
    if (e != ERR_OK) {
        return e == ERR_BAD_REQUEST ? STR("invalid") : STR("down");
    }
    json_open(&o);
    json_put_str(&o, "state", str_of(sign_verdict_key(f.verdict)));
    put_finding(cx, &o, &f);
    json_close(&o);
    *ret = buf_str(&b);
    return STR("");
}

/* What stands for the whole document: the first signature that is not right; bytes behind the last
 * one are an alteration too. */
static const char *
state_of(const struct sign_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].verdict != SIGN_VALID) {
            return sign_verdict_key(r->v[i].verdict);
        }
    }
    return r->n == 0 ? "unsigned" : sign_verdict_key(r->is_extended ? SIGN_CHANGED : SIGN_VALID);
}

struct str
exchange_sim_document(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct sign_report report;
    struct str pdf = STR_NULL;
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    struct json_out o = json_out(&b);
    if (!base64_decode(cx->arena, json_text(s->in, "document"), &pdf)) {
        return STR("invalid");
    }
    if (!str_eq(digest_sha256_hex(cx->arena, pdf), json_text(s->in, "hash"))) {
        return STR("mismatch"); /* broken on the way */
    }
    enum err e = sign_verify_pdf(cx, pdf, &report);
    if (e != ERR_OK) {
        return e == ERR_UNSUPPORTED || e == ERR_TOO_LARGE ? STR("invalid") : STR("down");
    }
    json_open(&o);
    json_put_str(&o, "state", str_of(state_of(&report)));
    json_key(&o, "signatures");
    json_open_list(&o);
    for (size_t i = 0; i < report.n; i++) {
        json_open(&o);
        json_put_str(&o, "state", str_of(sign_verdict_key(report.v[i].verdict)));
        put_finding(cx, &o, &report.v[i]);
        json_close(&o);
    }
    json_close_list(&o);
    json_close(&o);
    *ret = buf_str(&b);
    return STR("");
}
