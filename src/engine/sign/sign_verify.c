/* Verifying a PDF that somebody hands in. */
#include "codec/pdf_file.h"
#include "engine/sign/sign_int.h"
#include "gen/q_sign.h"
#include "sys/sys.h"

#define ROOTS_MAX ((size_t)1 << 20)

const char *
sign_verdict_key(enum sign_verdict v)
{
    static const char *const keys[] = {
        [SIGN_VALID] = "valid",     [SIGN_CHANGED] = "changed", [SIGN_UNTRUSTED] = "untrusted",
        [SIGN_EXPIRED] = "expired", [SIGN_REVOKED] = "revoked", [SIGN_MALFORMED] = "malformed"
    };
    return keys[v];
}

/* Our CA and whatever the operator put into data_dir/sign/roots. */
static enum err
roots(struct ctx *cx, struct str *ret)
{
    struct buf b = buf_new(cx->arena, ROOTS_MAX);
    struct sys_entry *files = NULL;
    size_t n = 0;
    struct str ca = STR_NULL;

    TRY(sign_ca_pem(cx, &ca));
    buf_add(&b, ca);
    if (sys_dir_list(cx, sign_path(cx, STR("roots")), &files, &n) == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            struct str pem = STR_NULL;
            if (!files[i].is_dir && str_ends(files[i].name, STR(".pem"))) {
                TRY(sys_file_read(cx,
                                  sign_path(cx, str_cat(cx->arena, STR("roots/"), files[i].name)),
                                  SIGN_FILE_MAX, &pem));
                buf_add_char(&b, '\n');
                buf_add(&b, pem);
            }
        }
    }
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "trusted roots exceed %zu bytes", ROOTS_MAX)
                       : ERR_OK;
}

/* What our own register says about the certificate: kind, position, revocation. A revocation counts
 * for signatures claimed to be made after it; the claim itself is the signer's. */
static enum err
consult_register(struct ctx *cx, struct sign_finding *f)
{
    struct q_sign_cert_by_fingerprint row;
    struct sign_cert cert;
    enum err e = q_sign_cert_by_fingerprint(cx, &row, .fingerprint = f->fingerprint);

    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    TRY(sign_cert_by_id(cx, row.id, &cert));
    f->is_seal = str_eq(cert.kind, SIGN_SEAL);
    f->is_demo = cert.is_demo;
    if (f->verdict == SIGN_VALID && cert.revoked_us != 0 && f->signed_us >= cert.revoked_us) {
        f->verdict = SIGN_REVOKED;
        f->detail = STR("certificate was revoked before the claimed time");
    }
    return ERR_OK;
}

static enum sign_verdict
verdict_of(enum cms_verdict v)
{
    switch (v) {
    case CMS_OK:
        return SIGN_VALID;
    case CMS_CHANGED:
        return SIGN_CHANGED;
    case CMS_UNTRUSTED:
        return SIGN_UNTRUSTED;
    case CMS_EXPIRED:
        return SIGN_EXPIRED;
    case CMS_BROKEN:
        break;
    }
    return SIGN_MALFORMED;
}

/* What the check says, and what our register knows beside it. */
static enum err
judge(struct ctx *cx, const struct cms_check *check, struct sign_finding *f)
{
    f->verdict = verdict_of(check->verdict);
    f->signer = check->signer.subject.common;
    f->org = check->signer.subject.org;
    f->position = check->signer.subject.title;
    f->issuer = check->signer.issuer;
    f->serial = check->signer.serial;
    f->fingerprint = check->signer.fingerprint;
    f->detail =
        check->verdict == CMS_EXPIRED ? STR("certificate not valid at the claimed time") : STR("");
    return f->fingerprint.n > 0 ? consult_register(cx, f) : ERR_OK;
}

static enum err
look_at(struct ctx *cx, struct str pdf, const struct pdf_sig *sig, struct str roots_pem,
        struct sign_finding *ret)
{
    struct sign_finding f = { .verdict = SIGN_MALFORMED, .signed_us = pdf_date_us(sig->when) };
    struct cms_check check;

    if (!sig->is_exact || f.signed_us == 0) {
        f.detail = STR("signature dictionary is not of the expected form");
        *ret = f;
        return ERR_OK;
    }
    struct str content[2] = { str_slice(pdf, 0, sig->from_n),
                              str_slice(pdf, sig->gap_end, sig->end) };
    cms_verify(cx, sig->cms, content, roots_pem, f.signed_us, &check);
    f.covers_whole = sig->end == pdf.n;
    TRY(judge(cx, &check, &f));
    *ret = f;
    return ERR_OK;
}

enum err
sign_verify_cert(struct ctx *cx, struct str pem, int64_t at_us, struct sign_finding *ret)
{
    struct sign_finding f = { .signed_us = at_us };
    struct cms_check check;
    struct str roots_pem = STR_NULL;

    TRY(roots(cx, &roots_pem));
    cms_cert_check(cx, pem, roots_pem, at_us, &check);
    if (check.verdict == CMS_BROKEN) {
        return err_set(cx, ERR_BAD_REQUEST, "not a certificate");
    }
    TRY(judge(cx, &check, &f));
    *ret = f;
    return ERR_OK;
}

enum err
sign_verify_pdf(struct ctx *cx, struct str pdf, struct sign_report *ret)
{
    struct sign_report report = { 0 };
    struct pdf_sig *sigs = NULL;
    struct str roots_pem = STR_NULL;
    size_t n = 0;

    if (pdf.n > SIGN_PDF_BYTES_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "PDF of %zu bytes", pdf.n);
    }
    if (!str_starts(pdf, STR("%PDF-"))) {
        return err_set(cx, ERR_UNSUPPORTED, "not a PDF");
    }
    TRY(roots(cx, &roots_pem));
    TRY(pdf_sigs_find(cx, pdf, &sigs, &n));
    report.v = ARENA_ARRAY(cx->arena, struct sign_finding, n + 1);
    report.n = n;
    report.is_intact = n > 0;
    for (size_t i = 0; i < n; i++) {
        TRY(look_at(cx, pdf, &sigs[i], roots_pem, &report.v[i]));
        report.is_intact = report.is_intact && report.v[i].verdict == SIGN_VALID;
    }
    report.is_extended = n > 0 && !report.v[n - 1].covers_whole;
    report.is_intact = report.is_intact && !report.is_extended;
    *ret = report;
    return ERR_OK;
}
