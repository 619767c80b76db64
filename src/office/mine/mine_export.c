/* mine_export.c: a copy of everything kept of a person: JSON for programs, CSV for spreadsheets. */
#include "codec/csv.h"
#include "codec/json.h"
#include "codec/zip.h"
#include "engine/dossier/dossier.h"
#include "engine/notice/notice.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "gen/tpl_mine.h"
#include "office/mine/mine_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define ZIP_MAX_BYTES  ((size_t)32 << 20)
#define PART_MAX_BYTES ((size_t)16 << 20)
#define PAGES_MAX      200 /* of each list: 200 pages hold 10,000 and more rows */

/* One list on its way out, as JSON and as CSV at once. */
struct table {
    struct ctx *cx;
    struct buf json_buf, csv_buf;
    struct json_out json;
    struct csv_out csv;
    const char *const *columns;
    size_t column;
};

static void
table_begin(struct table *t, struct ctx *cx, const char *const *columns)
{
    t->cx = cx;
    t->columns = columns;
    t->column = 0;
    t->json_buf = buf_new(cx->arena, PART_MAX_BYTES);
    t->csv_buf = buf_new(cx->arena, PART_MAX_BYTES);
    t->json = json_out(&t->json_buf);
    t->csv = csv_out(&t->csv_buf, true, true);
    json_open_list(&t->json);
    for (size_t i = 0; columns[i] != NULL; i++) {
        csv_put(&t->csv, str_of(columns[i]));
    }
    csv_end_row(&t->csv);
}

/* The next cell of the row; begins and ends rows by itself. */
static void
put(struct table *t, struct str value)
{
    if (t->column == 0) {
        json_open(&t->json);
    }
    json_put_str(&t->json, t->columns[t->column], value);
    csv_put(&t->csv, value.p == NULL ? STR("") : value);
    t->column++;
    if (t->columns[t->column] == NULL) {
        json_close(&t->json);
        csv_end_row(&t->csv);
        t->column = 0;
    }
}

/* ISO 8601 with the zone: the copy is for other systems too. Empty for 0. */
static void
put_at(struct table *t, int64_t at_us)
{
    put(t, at_us == 0 ? STR("") : date_iso_instant_vn(t->cx->arena, at_us));
}

static enum err
table_end(struct table *t, struct zip_out *z, const char *name)
{
    struct arena *a = t->cx->arena;
    int64_t now_us = sys_now_us(t->cx);
    json_close_list(&t->json);
    if (t->json_buf.is_failed || t->csv_buf.is_failed) {
        return err_set(t->cx, ERR_TOO_LARGE, "part %s of a copy", name);
    }
    TRY(zip_add(z, str_fmt(a, "%s.json", name), now_us, buf_str(&t->json_buf)));
    return zip_add(z, str_fmt(a, "%s.csv", name), now_us, buf_str(&t->csv_buf));
}

/* --- the parts
 * ---------------------------------------------------------------------------------------------- */
/* Puts the rows of one page of a list, those before *before; *ret_n: how many. */
typedef enum err page_fn(struct table *t, int64_t *before, size_t *ret_n);

static enum err
person_page(struct table *t, int64_t *before, size_t *ret_n)
{
    struct party p;
    (void)before;
    TRY(party_get(t->cx, mine_party(t->cx), &p));
    const struct str values[] = { p.name,  p.personal_id, p.tax_code,    p.birth_date,
                                  p.sex,   p.ethnicity,   p.nationality, p.phone,
                                  p.email, p.unit,        p.address,     p.source };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        put(t, values[i]);
    }
    put_at(t, p.source_us);
    *ret_n = 0; /* there is one */
    return ERR_OK;
}

static enum err
put_dossier(struct table *t, int64_t id)
{
    struct dossier d;
    TRY(dossier_get(t->cx, id, &d));
    put(t, d.number);
    put(t, d.procedure);
    put(t, d.unit);
    put(t, d.state);
    put_at(t, d.submitted_us);
    put_at(t, d.due_us);
    put_at(t, d.finished_us);
    put(t, d.answers);
    return ERR_OK;
}

static enum err
dossiers_page(struct table *t, int64_t *before, size_t *ret_n)
{
    struct dossier_row *v = NULL;
    TRY(dossier_of_party(t->cx, mine_party(t->cx), *before, &v, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        TRY(put_dossier(t, v[i].id));
        *before = v[i].id;
    }
    return ERR_OK;
}

static enum err
notices_page(struct table *t, int64_t *before, size_t *ret_n)
{
    struct notice *v = NULL;
    TRY(notice_of_party(t->cx, mine_party(t->cx), *before, &v, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        put_at(t, v[i].at_us);
        put(t, v[i].way);
        put(t, v[i].to);
        put(t, v[i].subject);
        put(t, v[i].body);
        put(t, v[i].state);
        *before = v[i].id;
    }
    return ERR_OK;
}

static struct str
day_text(struct table *t, struct date d)
{
    return d.day == 0 ? STR("") : date_iso(t->cx->arena, d);
}

static enum err
records_page(struct table *t, int64_t *before, size_t *ret_n)
{
    struct ctx *cx = t->cx;
    struct record *v = NULL;
    TRY(record_list(cx, mine_party(cx), STR_NULL, *before, 200, &v, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        put(t, v[i].title);
        put(t, v[i].number);
        put(t, v[i].type);
        put(t, v[i].issuer);
        put(t, day_text(t, v[i].issued));
        put(t, day_text(t, v[i].expires));
        put_at(t, v[i].revoked_us);
        put(t, v[i].hash);
        put(t, str_fmt(cx->arena, STR_FMT "/toi/giay-to/%" PRId64, STR_ARG(cx->config->base_url),
                       v[i].id));
        *before = v[i].id;
    }
    return ERR_OK;
}

static enum err
looks_page(struct table *t, int64_t *before, size_t *ret_n)
{
    struct ctx *cx = t->cx;
    struct ledger_entry *v = NULL;
    TRY(ledger_of_subject(cx, mine_party(cx), *before, &v, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        put_at(t, v[i].at_us);
        put(t, mine_kind_text(cx, &v[i]));
        put(t, mine_purpose_text(cx, &v[i]));
        put(t, mine_actor_text(cx, &v[i]));
        put(t, v[i].unit);
        put(t, v[i].kind);
        *before = v[i].id;
    }
    return ERR_OK;
}

/* --- the whole
 * ---------------------------------------------------------------------------------------------- */
#define COLUMNS_MAX 16
static const struct part {
    const char *name;
    page_fn *page;
    const char *columns[COLUMNS_MAX]; /* NULL-ended */
} parts[] = {
    { "person",
      person_page,
      { "name", "personal_id", "tax_code", "birth_date", "sex", "ethnicity", "nationality", "phone",
        "email", "unit", "address", "source", "source_at" } },
    { "dossiers",
      dossiers_page,
      { "number", "procedure", "unit", "state", "submitted_at", "due_at", "finished_at",
        "answers" } },
    { "messages", notices_page, { "at", "way", "to", "subject", "body", "state" } },
    { "records",
      records_page,
      { "title", "number", "type", "issuer", "issued", "expires", "revoked_at", "sha256",
        "href" } },
    { "who-looked", looks_page, { "at", "what", "why", "who", "unit", "kind" } },
};

static enum err
add_part(struct ctx *cx, struct zip_out *z, const struct part *p)
{
    struct table t;
    int64_t before = 0;
    size_t n = 1;
    table_begin(&t, cx, p->columns);
    for (int page = 0; page < PAGES_MAX && n > 0; page++) {
        TRY(p->page(&t, &before, &n));
    }
    return table_end(&t, z, p->name);
}

static enum err
add_all(struct ctx *cx, struct zip_out *z)
{
    struct str readme = text(cx, "mine.export_readme");
    TRY(zip_add(z, STR("README.txt"), sys_now_us(cx), readme));
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        TRY(add_part(cx, z, &parts[i]));
    }
    return zip_finish(z);
}

static enum err
note_tx(struct ctx *cx, void *arg)
{
    const int64_t *party = arg;
    struct ledger_new e = { .kind = "person.exported", .subject = *party };
    return ledger_add(cx, &e);
}

enum err
mine_export_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_mine_export *data = ARENA_NEW(cx->arena, struct tpl_mine_export);
    data->today = text_date(cx, sys_now_us(cx));
    web_title(rs, text(cx, "mine.export"));
    web_crumb(cx, rs, STR("/toi"), text(cx, "mine.title"));
    web_crumb(cx, rs, STR_NULL, text(cx, "mine.export"));
    return web_page(cx, rs, &tpl_mine_export_t, data);
}

enum err
mine_export(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    int64_t party = mine_party(cx);
    struct buf out = buf_new(cx->arena, ZIP_MAX_BYTES);
    struct zip_out *z = zip_open(cx->arena, zip_sink_buf, &out);
    enum err e = add_all(cx, z);
    if (e != ERR_OK) {
        zip_abandon(z);
        return e;
    }
    TRY(store_write(cx, note_tx, &party));
    struct str day = date_iso(cx->arena, date_at_vn(sys_now_us(cx)));
    struct str name = str_fmt(cx->arena, "bom-bo-" STR_FMT ".zip", STR_ARG(day));
    return web_bytes(cx, rs, buf_str(&out), STR("application/zip"), name);
}
