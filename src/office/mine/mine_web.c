/* mine_web.c: dossiers, messages, records, who looked, corrections; the routes of this module. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/notice/notice.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/tpl_mine.h"
#include "office/mine/mine_int.h"
#include "store/blobs.h"
#include "store/store.h"

#define RECORD_BYTES   ((size_t)64 << 20)
#define HOME_NOTICES_N 3
#define RECORDS_N      100
#define PAGE_FULL_N    50
#define LEDGER_FULL_N  100

int64_t
mine_party(const struct ctx *cx)
{
    return cx->actor->for_party != 0 ? cx->actor->for_party : cx->actor->party;
}

static void
crumbs(struct ctx *cx, struct web_resp *rs, const char *title_key)
{
    struct str title = text_find(cx, str_of(title_key));
    web_title(rs, title);
    web_crumb(cx, rs, STR("/toi"), text(cx, "mine.title"));
    web_crumb(cx, rs, STR_NULL, title);
}

/* --- home: drafts and dossiers
 * ---------------------------------------------------------------------------------------------- */
static struct str
procedure_name(struct ctx *cx, struct str code)
{
    const struct procedure *p = procedure_at(cx, code, calendar_today(cx));
    return p == NULL ? code : procedure_short_name(cx, p);
}

static enum err
fill_drafts(struct ctx *cx, struct tpl_mine_home *data)
{
    struct dossier_draft *v = NULL;
    size_t n = 0;
    int64_t account = cx->actor == NULL ? 0 : cx->actor->account;
    TRY(dossier_drafts_of(cx, account, cx->who.session, &v, &n));
    data->drafts.v = ARENA_ARRAY(cx->arena, struct tpl_mine_home_drafts, n);
    for (size_t i = 0; i < n; i++) {
        if (v[i].dossier != 0) {
            continue;
        }
        struct tpl_mine_home_drafts *d = &data->drafts.v[data->drafts.n++];
        d->href = str_fmt(cx->arena, "/nhap/%" PRId64, v[i].id);
        d->name = procedure_name(cx, v[i].procedure);
        d->saved = text_instant(cx, v[i].updated_us);
    }
    return ERR_OK;
}

static struct str
row_kind(const struct dossier_row *r)
{
    if (!str_eq(r->state, STR("open"))) {
        return str_eq(r->state, STR("done")) ? STR("done") : STR("paused");
    }
    if (r->status == 5 || r->status == 6) {
        return STR("due");
    }
    return r->due_us != 0 && r->left_s < 0 ? STR("late") : STR("ontime");
}

static enum err
fill_dossiers(struct ctx *cx, int64_t before, struct tpl_mine_home *data)
{
    struct dossier_row *v = NULL;
    size_t n = 0;
    TRY(dossier_of_party(cx, mine_party(cx), before, &v, &n));
    data->dossiers.n = n;
    data->dossiers.v = ARENA_ARRAY(cx->arena, struct tpl_mine_home_dossiers, n);
    for (size_t i = 0; i < n; i++) {
        bool is_open = str_eq(v[i].state, STR("open"));
        struct str status = str_fmt(cx->arena, "dossier.status.%d", v[i].status);
        data->dossiers.v[i] = (struct tpl_mine_home_dossiers){
            .href = str_fmt(cx->arena, "/ho-so/%" PRId64, v[i].id),
            .number = v[i].number,
            .name = procedure_name(cx, v[i].procedure),
            .unit = unit_name(cx, v[i].unit),
            .state = text_find(cx, status),
            .kind = row_kind(&v[i]),
            .due = is_open && v[i].due_us != 0 ? text_instant(cx, v[i].due_us) : STR_NULL,
            .is_turn = is_open && (v[i].status == 5 || v[i].status == 6)
        };
    }
    if (n == PAGE_FULL_N) {
        data->more = str_fmt(cx->arena, "/toi?truoc=%" PRId64, v[n - 1].id);
    }
    return ERR_OK;
}

/* The same message by another way (mail, SMS) than the one before it in the list. */
static bool
is_same_message(const struct notice *v, size_t i)
{
    return i > 0 && v[i].at_us == v[i - 1].at_us && v[i].dossier == v[i - 1].dossier &&
           str_eq(v[i].subject, v[i - 1].subject);
}

static enum err
fill_newest(struct ctx *cx, struct tpl_mine_home *data)
{
    struct notice *v = NULL;
    size_t n = 0;
    TRY(notice_of_party(cx, mine_party(cx), 0, &v, &n));
    data->notices.v = ARENA_ARRAY(cx->arena, struct tpl_mine_home_notices, HOME_NOTICES_N);
    for (size_t i = 0; i < n && data->notices.n < HOME_NOTICES_N; i++) {
        if (!is_same_message(v, i)) {
            data->notices.v[data->notices.n++] =
                (struct tpl_mine_home_notices){ .subject = v[i].subject,
                                                .at = text_instant(cx, v[i].at_us) };
        }
    }
    return ERR_OK;
}

static enum err
home(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_mine_home *data = ARENA_NEW(cx->arena, struct tpl_mine_home);
    struct party org;
    web_title(rs, text(cx, "mine.title"));
    TRY(fill_drafts(cx, data));
    data->signin = cx->actor == NULL ? web_signin_href(cx, STR("/toi")) : STR_NULL;
    if (cx->actor == NULL) {
        return web_page(cx, rs, &tpl_mine_home_t, data);
    }
    if (!access_may(cx, "account.own")) { /* a program that may do something else */
        return err_set(cx, ERR_FORBIDDEN, "/toi needs account.own");
    }
    data->is_signed_in = true;
    if (cx->actor->for_party != 0) {
        TRY(party_get(cx, cx->actor->for_party, &org));
        data->represented = org.name;
    }
    TRY(fill_dossiers(cx, web_int(rq, "truoc"), data));
    TRY(fill_newest(cx, data));
    size_t n_asked = 0;
    TRY(mine_consents_open(cx, &n_asked));
    if (n_asked > 0) {
        data->consents =
            text_fill(cx, "mine.consents_open", "n", text_number(cx, (int64_t)n_asked), NULL);
    }
    return web_page(cx, rs, &tpl_mine_home_t, data);
}

/* --- messages
 * ---------------------------------------------------------------------------------------------- */
static enum err
notices(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_mine_notices *data = ARENA_NEW(cx->arena, struct tpl_mine_notices);
    struct notice *v = NULL;
    size_t n = 0;
    TRY(notice_of_party(cx, mine_party(cx), web_int(rq, "truoc"), &v, &n));
    data->notices.v = ARENA_ARRAY(cx->arena, struct tpl_mine_notices_notices, n);
    for (size_t i = 0; i < n; i++) {
        struct str way = text_find(cx, str_cat(cx->arena, STR("mine.way."), v[i].way));
        struct str sent = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(way), STR_ARG(v[i].to));
        if (is_same_message(v, i)) { /* the longer text is kept: an SMS is cut short */
            struct tpl_mine_notices_notices *one = &data->notices.v[data->notices.n - 1];
            one->ways = str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(one->ways), STR_ARG(sent));
            one->body = v[i].body.n > one->body.n ? v[i].body : one->body;
            continue;
        }
        data->notices.v[data->notices.n++] = (struct tpl_mine_notices_notices){
            .subject = v[i].subject,
            .body = v[i].body,
            .at = text_instant(cx, v[i].at_us),
            .ways = sent,
            .href =
                v[i].dossier == 0 ? STR_NULL : str_fmt(cx->arena, "/ho-so/%" PRId64, v[i].dossier)
        };
    }
    if (n == PAGE_FULL_N) {
        data->more = str_fmt(cx->arena, "/toi/thong-bao?truoc=%" PRId64, v[n - 1].id);
    }
    crumbs(cx, rs, "mine.notices");
    return web_page(cx, rs, &tpl_mine_notices_t, data);
}

/* --- records
 * ---------------------------------------------------------------------------------------------- */
static enum err
records(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_mine_records *data = ARENA_NEW(cx->arena, struct tpl_mine_records);
    struct record *v = NULL;
    size_t n = 0;
    struct date today = calendar_today(cx);
    TRY(record_list(cx, mine_party(cx), STR_NULL, web_int(rq, "truoc"), RECORDS_N, &v, &n));
    data->records.n = n;
    data->records.v = ARENA_ARRAY(cx->arena, struct tpl_mine_records_records, n);
    for (size_t i = 0; i < n; i++) {
        data->records.v[i] = (struct tpl_mine_records_records){
            .href = str_fmt(cx->arena, "/toi/giay-to/%" PRId64, v[i].id),
            .check = str_cat(cx->arena, STR("/kiem-tra/"), v[i].hash),
            .title = v[i].title,
            .number = v[i].number,
            .issuer = unit_name(cx, v[i].issuer),
            .issued = v[i].issued.day == 0 ? STR_NULL : text_date_of(cx, v[i].issued),
            .expires = v[i].expires.day == 0 ? STR_NULL : text_date_of(cx, v[i].expires),
            .is_usable = record_is_usable(&v[i], today),
            .attest = str_is_empty(v[i].attest)
                          ? STR_NULL
                          : str_fmt(cx->arena, "/toi/giay-to/%" PRId64 "/phieu", v[i].id),
            .attest_by = v[i].attest_by,
            .is_revoked = v[i].revoked_us != 0,
            .reason = v[i].revoke_reason
        };
    }
    if (n == RECORDS_N) {
        data->more = str_fmt(cx->arena, "/toi/giay-to?truoc=%" PRId64, v[n - 1].id);
    }
    crumbs(cx, rs, "mine.records");
    return web_page(cx, rs, &tpl_mine_records_t, data);
}

static enum err
record_file(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct record r;
    struct str bytes;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(record_by_id(cx, id, &r));
    if (r.owner_id != mine_party(cx)) {
        return err_set(cx, ERR_NOT_FOUND, "a record of somebody else");
    }
    TRY(blobs_get(cx, r.hash, RECORD_BYTES, &bytes));
    struct str end = str_eq(r.media, STR("application/pdf")) ? STR(".pdf")
                     : str_eq(r.media, STR("image/png"))     ? STR(".png")
                                                             : STR(".jpg");
    return web_bytes(cx, rs, bytes, r.media, str_cat(cx->arena, r.title, end));
}

/* The sheet with which an officer signed for a paper that was handed in. */
static enum err
record_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct record r;
    struct str path;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(record_by_id(cx, id, &r));
    if (r.owner_id != mine_party(cx) || str_is_empty(r.attest)) {
        return err_set(cx, ERR_NOT_FOUND, "no signed sheet of one's own");
    }
    TRY(blobs_path(cx, r.attest, &path));
    return web_file_send(cx, rs, path, STR("application/pdf"), STR("phieu-so-hoa.pdf"));
}

/* --- who looked
 * ---------------------------------------------------------------------------------------------- */
struct str
mine_kind_text(struct ctx *cx, const struct ledger_entry *e)
{
    struct str s = text_find(cx, str_cat(cx->arena, STR("ledger.kind."), e->kind));
    return s.p == NULL ? e->kind : s;
}

struct str
mine_purpose_text(struct ctx *cx, const struct ledger_entry *e)
{
    if (str_is_empty(e->purpose)) {
        return STR_NULL;
    }
    struct str s = text_find(cx, str_cat(cx->arena, STR("ledger.purpose."), e->purpose));
    return s.p == NULL ? e->purpose : s;
}

struct str
mine_actor_text(struct ctx *cx, const struct ledger_entry *e)
{
    if (e->actor != 0 && e->actor == cx->actor->account) {
        return text(cx, "mine.you");
    }
    if (!str_is_empty(e->actor_name)) {
        return e->actor_name;
    }
    bool is_reading = str_eq(e->kind, STR("person.read"));
    return text_find(cx, is_reading ? STR("mine.somebody") : STR("mine.system"));
}

static enum err
looked(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_mine_looked *data = ARENA_NEW(cx->arena, struct tpl_mine_looked);
    struct ledger_entry *v = NULL;
    size_t n = 0;
    TRY(ledger_of_subject(cx, cx->actor->party, web_int(rq, "truoc"), &v, &n));
    data->entries.n = n;
    data->entries.v = ARENA_ARRAY(cx->arena, struct tpl_mine_looked_entries, n);
    for (size_t i = 0; i < n; i++) {
        data->entries.v[i] = (struct tpl_mine_looked_entries){
            .at = text_instant(cx, v[i].at_us),
            .what = mine_kind_text(cx, &v[i]),
            .why = mine_purpose_text(cx, &v[i]),
            .who = mine_actor_text(cx, &v[i]),
            .unit = str_is_empty(v[i].unit) ? STR_NULL : unit_name(cx, v[i].unit),
            .seq = v[i].seq < 0 ? STR_NULL : text_number(cx, v[i].seq)
        };
    }
    if (n == LEDGER_FULL_N) {
        data->more = str_fmt(cx->arena, "/toi/ai-da-xem?truoc=%" PRId64, v[n - 1].id);
    }
    crumbs(cx, rs, "mine.looked");
    return web_page(cx, rs, &tpl_mine_looked_t, data);
}

/* --- corrections
 * ---------------------------------------------------------------------------------------------- */
static const struct web_field before_fields[] = {
    { .name = "truoc", .type = WEB_ID, .doc = "id of the last one seen" },
};
static const struct web_field correction_fields[] = {
    { .name = "field",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = party_correctable,
      .doc = "what is wrong",
      .label = "mine.correct_field" },
    { .name = "wanted",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 300,
      .doc = "what is right",
      .label = "mine.correct_wanted" },
    { .name = "reason",
      .type = WEB_LINES,
      .is_required = true,
      .max = 1000,
      .doc = "how one can see that",
      .label = "mine.correct_reason" },
};

static void
fill_known(struct ctx *cx, const struct party *p, struct tpl_mine_correct *data)
{
    size_t n = 0;
    while (party_correctable[n] != NULL) {
        n++;
    }
    data->known.v = ARENA_ARRAY(cx->arena, struct tpl_mine_correct_known, n);
    data->fields.v = ARENA_ARRAY(cx->arena, struct tpl_mine_correct_fields, n);
    data->known.n = n;
    data->fields.n = n;
    for (size_t i = 0; i < n; i++) {
        struct str field = str_of(party_correctable[i]);
        struct str value = party_field_text(cx, field, party_field(p, field));
        data->known.v[i].key = party_field_label(cx, field);
        data->known.v[i].value = str_is_empty(value) ? text(cx, "mine.not_known") : value;
        data->fields.v[i].value = field;
        data->fields.v[i].label = data->known.v[i].key;
    }
}

/* "1/2/1990 → 02/01/1990": what was recorded, and what it shall be or has become. */
static struct str
change_text(struct ctx *cx, const struct party_correction *c)
{
    struct str next = c->written.p == NULL ? c->wanted : c->written;
    struct str held = party_field_text(cx, c->field, c->held);
    return text_fill(cx, "mine.correct_change", "old",
                     str_is_empty(held) ? text(cx, "mine.not_known") : held, "new",
                     party_field_text(cx, c->field, next), NULL);
}

static enum err
correct_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_mine_correct *data = ARENA_NEW(cx->arena, struct tpl_mine_correct);
    struct party p;
    struct party_correction *v = NULL;
    size_t n = 0;
    TRY(party_get(cx, cx->actor->party, &p));
    TRY(party_corrections_of(cx, p.id, &v, &n));
    fill_known(cx, &p, data);
    data->source = text_find(cx, str_cat(cx->arena, STR("dossier.source."), p.source));
    data->asked.n = n;
    data->asked.v = ARENA_ARRAY(cx->arena, struct tpl_mine_correct_asked, n);
    for (size_t i = 0; i < n; i++) {
        struct str key = str_cat(cx->arena, STR("mine.correction."), v[i].state);
        data->asked.v[i] =
            (struct tpl_mine_correct_asked){ .field = party_field_label(cx, v[i].field),
                                             .wanted = v[i].wanted,
                                             .change = change_text(cx, &v[i]),
                                             .at = text_instant(cx, v[i].asked_us),
                                             .state = text_find(cx, key),
                                             .answer = v[i].answer };
    }
    crumbs(cx, rs, "mine.correct");
    return web_page(cx, rs, &tpl_mine_correct_t, data);
}

struct correction_job {
    int64_t party;
    struct str field, wanted, reason;
};

static enum err
correct_tx(struct ctx *cx, void *arg)
{
    const struct correction_job *job = arg;
    struct ledger_new e = { .kind = "person.correction_asked",
                            .subject = job->party,
                            .note = job->field };
    TRY(party_correction_ask(cx, job->party, job->field, job->wanted, job->reason));
    return ledger_add(cx, &e);
}

static enum err
correct_ask(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct correction_job job = { .party = cx->actor->party,
                                  .field = web_text(rq, "field"),
                                  .wanted = web_text(rq, "wanted"),
                                  .reason = web_text(rq, "reason") };
    struct party p;
    TRY(party_get(cx, job.party, &p));
    const char *wrong = party_correct(cx->arena, &p, job.field, job.wanted, calendar_today(cx));
    if (wrong != NULL) {
        ctx_problem(cx, STR("wanted"), str_of(wrong), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, correct_tx, &job));
    web_flash(cx, rs, "mine.correct_sent");
    return web_see_other(cx, rs, "/toi/sua");
}

static const char *const consent_answers[] = { "given", "refused", "withdrawn", NULL };
static const struct web_field consent_fields[] = {
    { .name = "answer",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = consent_answers,
      .doc = "the answer" },
    { .name = "words", .type = WEB_TEXT, .max = 300, .doc = "in one's own words" },
};

static const struct web_route routes[] = {
    { HTTP_GET, "/toi", "public", home, WEB_FIELDS(before_fields),
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_mine_home_t,
      .doc = "One's drafts and dossiers" },
    { HTTP_GET, "/toi/thong-bao", "account.own", notices, WEB_FIELDS(before_fields),
      .flags = WEB_API, .reply = &tpl_mine_notices_t, .doc = "Messages sent to one" },
    { HTTP_GET, "/toi/giay-to", "record.own", records, WEB_FIELDS(before_fields), .flags = WEB_API,
      .reply = &tpl_mine_records_t, .doc = "One's records" },
    { HTTP_GET, "/toi/giay-to/{id}", "record.own", record_file, .flags = WEB_API, .media = "*/*",
      .doc = "The file of a record" },
    { HTTP_GET, "/toi/giay-to/{id}/phieu", "record.own", record_sheet, .flags = WEB_API,
      .media = "application/pdf", .doc = "The sheet an officer signed for a paper handed in" },
    { HTTP_GET, "/toi/ai-da-xem", "account.own", looked, WEB_FIELDS(before_fields),
      .flags = WEB_API, .reply = &tpl_mine_looked_t, .doc = "Who looked at one's data, and why" },
    { HTTP_GET, "/toi/du-lieu", "signed-in", mine_export_page, .doc = "What the copy contains" },
    { HTTP_POST, "/toi/du-lieu", "signed-in", mine_export, .work_class = "report",
      .doc = "A copy of one's data: ZIP of JSON and CSV" },
    { HTTP_GET, "/toi/dong-y", "account.own", mine_consents, .flags = WEB_API,
      .reply = &tpl_mine_consents_t, .doc = "What one was asked to agree to, and the answers" },
    { HTTP_POST, "/toi/dong-y/{id}", "account.own", mine_consent_answer, WEB_FIELDS(consent_fields),
      .flags = WEB_API, .doc = "Agree, refuse, or take it back" },
    { HTTP_GET, "/toi/sua", "correction.ask", correct_page, .flags = WEB_API,
      .reply = &tpl_mine_correct_t, .doc = "What is kept of one, requests to correct it" },
    { HTTP_POST, "/toi/sua", "correction.ask", correct_ask, WEB_FIELDS(correction_fields),
      .flags = WEB_API, .again = correct_page, .doc = "Ask for a correction" },
};

const struct web_routes mine_routes = { "mine", routes, COUNT_OF(routes) };
