/* portal_track.c: public tracking by number and code; checking whether a result is genuine. */
#include "codec/hex.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/party/party.h"
#include "engine/sign/sign.h"
#include "gen/tpl_portal.h"
#include "office/portal/portal_int.h"
#include "sys/sys.h"

#define FILE_MAX_BYTES ((size_t)20 << 20)
#define HASH_CHARS     64U

const struct web_field portal_track_fields[2] = {
    { .name = "so",
      .type = WEB_TEXT,
      .max = 40,
      .doc = "dossier number",
      .label = "portal.track.number" },
    { .name = "ma",
      .type = WEB_TEXT,
      .max = 20,
      .doc = "tracking code",
      .label = "portal.track.code" },
};
const struct web_field portal_verify_fields[2] = {
    { .name = "ma",
      .type = WEB_TEXT,
      .max = 40,
      .doc = "code printed on the result",
      .label = "portal.verify.code" },
    { .name = "ma-bam",
      .type = WEB_TEXT,
      .max = 200,
      .doc = "SHA-256 of the file",
      .label = "portal.verify.hash" },
};
const struct web_field portal_file_fields[1] = {
    { .name = "tep",
      .type = WEB_FILE,
      .is_required = true,
      .max = 20U << 20,
      .doc = "the file",
      .label = "portal.verify.file" },
};

/* --- tracking
 * ---------------------------------------------------------------------------------------------- */
static struct str
numbered(struct ctx *cx, const char *prefix, int64_t n)
{
    return text_find(cx, str_fmt(cx->arena, "%s%" PRId64, prefix, n));
}

static struct str
tag_kind(struct ctx *cx, const struct dossier *d)
{
    if (!str_eq(d->state, STR("open"))) {
        return str_eq(d->state, STR("done")) ? STR("done") : STR("paused");
    }
    if (d->clock == DOSSIER_CLOCK_PAUSED || d->due_us == 0) {
        return STR("wait");
    }
    switch (calendar_due_state(cx, d->unit, calendar_now_us(cx), d->due_us)) {
    case CALENDAR_LATE:
        return STR("late");
    case CALENDAR_SOON:
        return STR("due");
    case CALENDAR_FINE:
        break;
    }
    return STR("ontime");
}

static enum err
fill_history(struct ctx *cx, const struct dossier *d, struct tpl_portal_track *data)
{
    struct dossier_mark *v = NULL;
    size_t n = 0;
    TRY(dossier_course(cx, d, &v, &n));
    data->steps.v = ARENA_ARRAY(cx->arena, struct tpl_portal_track_steps, n + 1);
    for (size_t i = 0; i < n; i++) { /* notes may tell of the applicant: not here */
        data->steps.v[data->steps.n++] =
            (struct tpl_portal_track_steps){ .title = v[i].title,
                                             .state = v[i].state,
                                             .at = dossier_mark_time(cx, &v[i]),
                                             .who = v[i].who };
        if (str_eq(v[i].state, STR("now"))) {
            data->holder = v[i].title;
        }
    }
    return ERR_OK;
}

static enum err
fill_tracking(struct ctx *cx, const struct dossier *d, struct tpl_portal_track *data)
{
    const struct procedure *p = NULL;
    TRY(dossier_procedure(cx, d, &p));
    data->is_found = true;
    data->number = d->number;
    data->procedure = procedure_short_name(cx, p);
    data->procedure_href = portal_procedure_href(cx, p);
    data->unit = unit_name(cx, d->unit);
    data->state = numbered(cx, "dossier.status.", d->status);
    data->kind = tag_kind(cx, d);
    data->submitted = text_instant(cx, d->submitted_us);
    if (d->due_us != 0 && str_eq(d->state, STR("open"))) {
        data->due = text_instant(cx, d->due_us);
        data->left = calendar_left_text(cx, dossier_left_s(cx, d));
    }
    data->next = numbered(cx, "portal.track.next.", d->status);
    return fill_history(cx, d, data);
}

static void
track_crumbs(struct ctx *cx, struct web_resp *rs)
{
    web_title(rs, text(cx, "portal.track.title"));
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, text(cx, "portal.track.title"));
}

enum err
portal_track(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_track *data = ARENA_NEW(cx->arena, struct tpl_portal_track);
    struct dossier d;
    data->so = web_text(rq, "so");
    data->ma = web_text(rq, "ma");
    data->hotline = portal_hotline(cx);
    track_crumbs(cx, rs);
    if (str_is_empty(data->so) && str_is_empty(data->ma)) {
        return web_page(cx, rs, &tpl_portal_track_t, data);
    }
    enum err e = dossier_track(cx, data->so, data->ma, rq->http->peer, &d);
    if (e == ERR_NOT_FOUND) {
        ctx_problem(cx, STR("so"), STR("portal.track.not_found"), STR_NULL);
        return web_form_again(cx, rq, rs, &tpl_portal_track_t, data);
    }
    TRY(e);
    web_reads_person(cx, rs, d.party, "track", d.number);
    TRY(fill_tracking(cx, &d, data));
    return web_page(cx, rs, &tpl_portal_track_t, data);
}

/* --- checking a result
 * ---------------------------------------------------------------------------------------------- */
/* 64 hex digits, spaces and capitals forgiven; null when it is no such thing. */
static struct str
clean_hash(struct ctx *cx, struct str s)
{
    struct buf b = buf_new(cx->arena, 300);
    for (size_t i = 0; i < s.n && i < 200; i++) {
        if (s.p[i] != ' ' && s.p[i] != ':') {
            buf_add_char(&b, s.p[i]);
        }
    }
    struct str low = str_lower(cx->arena, buf_str(&b));
    struct digest d;
    return low.n == HASH_CHARS && digest_from_hex(low, &d) ? low : STR_NULL;
}

enum err
portal_verify(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_verify *data = ARENA_NEW(cx->arena, struct tpl_portal_verify);
    bool is_get = rq->http->method != HTTP_POST;
    data->hash = is_get ? web_text(rq, "ma-bam") : STR_NULL;
    struct str code = is_get ? web_text(rq, "ma") : STR_NULL;
    data->hotline = portal_hotline(cx);
    web_title(rs, text(cx, "portal.verify.title"));
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR_NULL, text(cx, "portal.verify.title"));
    if (!str_is_empty(code)) {
        return web_see_other(cx, rs, "/kiem-tra/k/" STR_FMT, STR_ARG(url_encode(cx->arena, code)));
    }
    if (str_is_empty(data->hash)) {
        return web_page(cx, rs, &tpl_portal_verify_t, data);
    }
    struct str hash = clean_hash(cx, data->hash);
    if (hash.p != NULL) {
        return web_see_other(cx, rs, "/kiem-tra/" STR_FMT, STR_ARG(hash));
    }
    ctx_problem(cx, STR("ma-bam"), STR("portal.verify.bad_hash"), STR_NULL);
    return web_form_again(cx, rq, rs, &tpl_portal_verify_t, data);
}

static void
say(struct ctx *cx, struct tpl_portal_result *data, const char *word, struct str kind)
{
    data->verdict = text_find(cx, str_fmt(cx->arena, "portal.verdict.%s", word));
    data->explain = text_find(cx, str_fmt(cx->arena, "portal.verdict.%s.help", word));
    data->kind = kind;
    data->is_valid = str_eq(kind, STR("ontime"));
}

static enum err
fill_known(struct ctx *cx, const struct dossier_result *r, struct tpl_portal_result *data)
{
    struct dossier d;
    struct dossier_result newer;
    TRY(dossier_get(cx, r->dossier, &d));
    data->is_known = true;
    data->title = r->title;
    data->number = r->number;
    data->unit = unit_name(cx, d.unit);
    data->holder = party_mask_name(cx->arena, d.applicant);
    data->signer = r->signer;
    data->signed_at = text_instant(cx, r->signed_us);
    if (r->revoked_us == 0) {
        say(cx, data, data->is_by_code ? "issued" : "valid", STR("ontime"));
        return ERR_OK;
    }
    data->revoked_at = text_instant(cx, r->revoked_us);
    data->reason = r->revoke_reason;
    if (r->replaced_by != 0 && dossier_result_get(cx, r->replaced_by, &newer) == ERR_OK) {
        data->replaced = newer.hash;
    }
    say(cx, data, "revoked", STR("late"));
    return ERR_OK;
}

/* Signatures inside the file, ours or anybody's. */
static enum err
fill_signatures(struct ctx *cx, struct str pdf, struct tpl_portal_result *data)
{
    struct sign_report report = { 0 };
    enum err e = cx->sign == NULL ? ERR_UNSUPPORTED : sign_verify_pdf(cx, pdf, &report);
    if (e == ERR_UNSUPPORTED) {
        return ERR_OK;
    }
    TRY(e);
    data->is_read = true;
    data->extended = report.is_extended;
    data->signatures.n = report.n;
    data->signatures.v = ARENA_ARRAY(cx->arena, struct tpl_portal_result_signatures, report.n);
    for (size_t i = 0; i < report.n; i++) {
        const struct sign_finding *f = &report.v[i];
        struct str key = str_fmt(cx->arena, "sign.verdict.%s", sign_verdict_key(f->verdict));
        data->signatures.v[i] =
            (struct tpl_portal_result_signatures){ .signer = f->signer,
                                                   .org = f->org,
                                                   .position = f->position,
                                                   .verdict = text_find(cx, key),
                                                   .kind = f->verdict == SIGN_VALID ? STR("ontime")
                                                                                    : STR("late"),
                                                   .is_demo = f->is_demo };
    }
    if (!data->is_known && report.n > 0 && report.is_intact) {
        say(cx, data, "other", STR("wait"));
    }
    return ERR_OK;
}

static enum err
result_page(struct ctx *cx, struct web_resp *rs, struct tpl_portal_result *data)
{
    data->hotline = portal_hotline(cx);
    web_title(rs, text(cx, "portal.verify.outcome"));
    web_crumb(cx, rs, STR("/"), text(cx, "web.home"));
    web_crumb(cx, rs, STR("/kiem-tra"), text(cx, "portal.verify.title"));
    web_crumb(cx, rs, STR_NULL, text(cx, "portal.verify.outcome"));
    return web_page(cx, rs, &tpl_portal_result_t, data);
}

static enum err
show_result(struct ctx *cx, struct web_resp *rs, struct str hash, struct str pdf)
{
    struct tpl_portal_result *data = ARENA_NEW(cx->arena, struct tpl_portal_result);
    struct dossier_result r;
    data->hash = hash;
    enum err e = dossier_result_by_hash(cx, hash, &r);
    if (e == ERR_OK) {
        TRY(fill_known(cx, &r, data));
    } else if (e == ERR_NOT_FOUND) {
        say(cx, data, "unknown", STR("late"));
    } else {
        return e;
    }
    if (pdf.p != NULL) {
        TRY(fill_signatures(cx, pdf, data));
    }
    return result_page(cx, rs, data);
}

enum err
portal_verify_file(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct web_file *f = web_file(rq, "tep");
    struct str bytes = f == NULL ? STR_NULL : f->bytes;
    if (f != NULL && bytes.p == NULL && f->path.p != NULL) {
        TRY(sys_file_read(cx, f->path, FILE_MAX_BYTES, &bytes));
    }
    if (str_is_empty(bytes)) {
        ctx_problem(cx, STR("tep"), STR("portal.verify.no_file"), STR_NULL);
        return ctx_check(cx);
    }
    return show_result(cx, rs, digest_sha256_hex(cx->arena, bytes), bytes);
}

enum err
portal_verify_hash(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str hash = clean_hash(cx, web_param(rq, "hash"));
    if (hash.p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "not a SHA-256");
    }
    return show_result(cx, rs, hash, STR_NULL);
}

/* What the QR on a result opens: whoever holds the paper compares it with what stands here. */
enum err
portal_verify_code(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_result *data = ARENA_NEW(cx->arena, struct tpl_portal_result);
    struct dossier_result r;
    enum err e = dossier_result_by_code(cx, web_param(rq, "code"), rq->http->peer, &r);
    if (e == ERR_NOT_FOUND) {
        say(cx, data, "no_code", STR("late"));
        return result_page(cx, rs, data);
    }
    TRY(e);
    data->is_by_code = true;
    data->hash = r.hash;
    TRY(fill_known(cx, &r, data));
    return result_page(cx, rs, data);
}
