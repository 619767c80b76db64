/* exchange_sim_queue.c: the simulated portal's side of handing dossiers over: citizens "file" there
 * (an operator of the demo chooses one of packs/demo/simulators/arrivals.json), we fetch them, and
 * the portal keeps what it was told. Only in the demo; everything is generated. */
#include "base/buf.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange_sim.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define FILE_BYTES (128U * 1024U)
#define BODY_BYTES ((size_t)256 << 10)
#define QUEUE_MAX  200
#define LIST_MAX   50

/* --- templates -------------------------------------------------------------------------------- */
static const struct json *
templates(struct ctx *cx)
{
    struct str text;
    struct json *file = NULL;
    struct str path = sys_share_path(cx, "packs/demo/simulators/arrivals.json");
    if (!cx->config->is_demo || sys_file_read(cx, path, FILE_BYTES, &text) != ERR_OK ||
        json_parse(cx->arena, text, (struct json_limits){ 0 }, &file, NULL) != ERR_OK) {
        return NULL;
    }
    return json_get(file, "arrivals");
}

static const struct json *
template_of(struct ctx *cx, struct str id)
{
    for (JSON_EACH(templates(cx), it)) {
        if (str_eq(json_text(it, "id"), id)) {
            return it;
        }
    }
    return NULL;
}

/* What a changed dossier has else, before what it had from the start. */
static const struct json *
member(const struct json *template, struct str change, const char *name)
{
    const struct json *changed =
        str_eq(change, STR("changed")) ? json_get(json_get(template, "changed"), name) : NULL;
    return changed != NULL ? changed : json_get(template, name);
}

size_t
exchange_sim_templates(struct ctx *cx, struct str service, struct exchange_sim_template **ret)
{
    const struct exchange_connector *c = exchange_connector(cx, service);
    bool hands_over = c != NULL && !str_is_empty(c->dossier.list);
    const struct json *list = hands_over ? templates(cx) : NULL;
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct exchange_sim_template, list == NULL ? 1 : list->n + 1);
    for (JSON_EACH(list, it)) {
        struct str vi = json_text(json_get(it, "text"), "vi");
        struct str own = json_text(json_get(it, "text"), str_z(cx->arena, cx->lang));
        (*ret)[n++] =
            (struct exchange_sim_template){ json_text(it, "id"), own.p == NULL ? vi : own };
    }
    return n;
}

/* --- a citizen files at the portal ------------------------------------------------------------ */
struct hand_job {
    const struct exchange_sim_hand *in;
    struct str national, template_id;
};

static enum err
hand_tx(struct ctx *cx, void *arg)
{
    struct hand_job *job = arg;
    const struct exchange_sim_hand *in = job->in;
    struct q_xsim_dossier_get have = { .outcome = STR(""), .number = STR("") };
    enum err e = ERR_NOT_FOUND;
    if (!str_is_empty(in->national)) {
        TRY(q_xsim_dossier_get(cx, &have, .service = in->service, .national = in->national));
        job->national = in->national;
        job->template_id = str_is_empty(in->template_id) ? have.template : in->template_id;
        e = ERR_OK;
    }
    bool is_same = e == ERR_OK && str_eq(in->change, STR("new")); /* handed over once more */
    TRY(q_xsim_dossier_put(cx, NULL, .service = in->service, .national = job->national,
                           .revision = is_same ? have.revision : have.revision + 1,
                           .change = is_same ? have.change : in->change,
                           .template = job->template_id, .is_told = 0, .outcome = have.outcome,
                           .number = have.number, .at_us = sys_now_us(cx)));
    return q_xline_poll(cx, NULL, .connector = in->service, .poll_us = 0);
}

enum err
exchange_sim_hand_over(struct ctx *cx, const struct exchange_sim_hand *in, struct str *ret_national)
{
    const struct exchange_connector *c = exchange_connector(cx, in->service);
    struct hand_job job = { .in = in, .template_id = in->template_id };
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_FORBIDDEN, "simulators exist in the demo only");
    }
    bool is_word = exchange_names(STR("new changed withdrawn"), in->change);
    bool is_known = str_is_empty(in->template_id) || template_of(cx, in->template_id) != NULL;
    if (c == NULL || str_is_empty(c->dossier.list) || !is_word || !is_known ||
        (str_is_empty(in->national) && str_is_empty(in->template_id))) {
        return err_set(cx, ERR_NOT_FOUND, "no such arrival");
    }
    job.national =
        str_fmt(cx->arena, "G22.99-%s-%07" PRId64,
                str_z(cx->arena, str_replace(cx->arena, date_iso(cx->arena, calendar_today(cx)),
                                             STR("-"), STR(""))),
                store_new_id(cx) % INT64_C(10000000));
    TRY(store_write(cx, hand_tx, &job));
    *ret_national = job.national;
    return ERR_OK;
}

enum err
exchange_sim_dossiers(struct ctx *cx, struct str service, struct exchange_sim_dossier **ret,
                      size_t *ret_n)
{
    struct q_xsim_dossiers_list l;
    TRY(q_xsim_dossiers(cx, &l, .service = service, .limit_n = QUEUE_MAX));
    *ret = ARENA_ARRAY(cx->arena, struct exchange_sim_dossier, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        (*ret)[i] = (struct exchange_sim_dossier){ .national = l.v[i].national,
                                                   .template_id = l.v[i].template,
                                                   .change = l.v[i].change,
                                                   .outcome = l.v[i].outcome,
                                                   .number = l.v[i].number,
                                                   .revision = l.v[i].revision,
                                                   .at_us = l.v[i].at_us,
                                                   .is_told = l.v[i].is_told != 0 };
    }
    *ret_n = l.n;
    return ERR_OK;
}

/* --- what it answers -------------------------------------------------------------------------- */
static struct str
list_answer(struct ctx *cx, const struct exchange_sim *s, struct str *ret)
{
    struct q_xsim_dossiers_list l;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    if (q_xsim_dossiers(cx, &l, .service = s->connector->id, .limit_n = QUEUE_MAX) != ERR_OK) {
        return STR("down");
    }
    json_open(&o);
    json_key(&o, "dossiers");
    json_open_list(&o);
    size_t n = 0;
    for (size_t i = 0; i < l.n && n < LIST_MAX; i++) {
        if (l.v[i].is_told != 0) {
            continue;
        }
        json_open(&o);
        json_put_str(&o, "national", l.v[i].national);
        json_put_i64(&o, "revision", l.v[i].revision);
        json_put_str(&o, "change", l.v[i].change);
        json_close(&o);
        n++;
    }
    json_close_list(&o);
    json_close(&o);
    *ret = buf_str(&b);
    return STR("");
}

/* The row and template of the dossier that is asked for. */
struct queued {
    struct q_xsim_dossier_get row;
    const struct json *template;
};

static bool
find_queued(struct ctx *cx, struct exchange_sim *s, struct queued *ret)
{
    struct str national = json_text(s->in, "national");
    if (national.p == NULL || q_xsim_dossier_get(cx, &ret->row, .service = s->connector->id,
                                                 .national = national) != ERR_OK) {
        return false;
    }
    ret->template = template_of(cx, ret->row.template);
    struct str id = json_text(ret->template, "personal_id");
    if (!str_is_empty(id) && party_by_personal_id(cx, id, &s->who) == ERR_OK) {
        struct date today = calendar_today(cx);
        const struct unit *u = str_is_empty(s->who.unit) ? NULL : unit_by_key(cx, s->who.unit);
        const struct unit *const *now = NULL;
        s->home = u != NULL && unit_resolve(cx, u, today, &now) == 1 ? now[0] : u;
    }
    return ret->template != NULL;
}

/* A page that says what it stands for. */
static struct str
page_of(struct ctx *cx, struct str words)
{
    struct buf b = buf_new(cx->arena, 4096);
    size_t at[6] = { 0 };
    struct str draw =
        str_fmt(cx->arena, "BT /F1 14 Tf 72 720 Td (" STR_FMT ") Tj ET", STR_ARG(words));
    static const char page[] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                               "/Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>";
    const char *const objects[] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        NULL,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    };
    BUF_LIT(&b, "%PDF-1.4\n");
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        at[i] = buf_str(&b).n;
        if (objects[i] == NULL) {
            buf_addf(&b, "%zu 0 obj\n<< /Length %zu >>\nstream\n" STR_FMT "\nendstream\nendobj\n",
                     i + 1, draw.n, STR_ARG(draw));
        } else {
            buf_addf(&b, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
        }
    }
    size_t table = buf_str(&b).n;
    BUF_LIT(&b, "xref\n0 6\n0000000000 65535 f \n");
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        buf_addf(&b, "%010zu 00000 n \n", at[i]);
    }
    buf_addf(&b, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
    return buf_str(&b);
}

static struct str
bytes_of(struct ctx *cx, const struct json *paper)
{
    struct str words = json_text(paper, "words");
    return words.p != NULL ? page_of(cx, words) : STR("%PDF-1.4 broken off in the mid");
}

/* Those that stand for a paper of the procedure, or the other files. */
static void
put_papers(struct ctx *cx, struct json_out *o, const struct json *papers, bool is_required)
{
    json_open_list(o);
    for (JSON_EACH(papers, it)) {
        if (str_is_empty(json_text(it, "requirement")) == is_required) {
            continue;
        }
        struct str altered = json_text(it, "altered"); /* says another hash than the file's */
        struct str hash =
            digest_sha256_hex(cx->arena, altered.p == NULL ? bytes_of(cx, it) : altered);
        json_open(o);
        json_put_str(o, "id", json_text(it, "id"));
        json_put_str(o, "name", json_text(it, "name"));
        json_put_str(o, "requirement", json_text(it, "requirement"));
        json_put_str(o, "hash", hash);
        json_put_str(o, "deleted", STR("false"));
        json_close(o);
    }
    json_close_list(o);
}

static struct str
one_answer(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct queued q;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    if (!find_queued(cx, s, &q)) {
        return STR("not_found");
    }
    static const char *const plain[] = { "procedure",   "unit_code", "applicant", "kind",
                                         "personal_id", "phone",     "email",     "note" };
    json_open(&o);
    json_put_str(&o, "national", json_text(s->in, "national"));
    json_put_i64(&o, "revision", q.row.revision);
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        const struct json *v = member(q.template, q.row.change, plain[i]);
        if (v != NULL && v->type == JSON_STRING) {
            json_put_str(&o, plain[i], exchange_sim_value(cx, s, v->text));
        }
    }
    json_put_str(&o, "submitted", date_iso_instant_vn(cx->arena, q.row.at_us));
    json_key(&o, "answers");
    json_raw(&o, exchange_sim_fields(cx, s, member(q.template, q.row.change, "answers")));
    json_key(&o, "papers");
    put_papers(cx, &o, member(q.template, q.row.change, "papers"), true);
    json_key(&o, "others");
    put_papers(cx, &o, member(q.template, q.row.change, "papers"), false);
    json_close(&o);
    *ret = buf_str(&b);
    return STR("");
}

static struct str
file_answer(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct queued q;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    if (!find_queued(cx, s, &q)) {
        return STR("not_found");
    }
    for (JSON_EACH(member(q.template, q.row.change, "papers"), it)) {
        if (!str_eq(json_text(it, "id"), json_text(s->in, "file")) ||
            json_flag(it, "absent", false)) {
            continue;
        }
        json_open(&o);
        json_put_str(&o, "name", json_text(it, "name"));
        json_put_str(&o, "bytes", base64_encode(cx->arena, bytes_of(cx, it)));
        json_close(&o);
        *ret = buf_str(&b);
        return STR("");
    }
    return STR("not_found");
}

struct told_job {
    struct str service, national, outcome, number;
    int64_t revision;
};

static enum err
told_tx(struct ctx *cx, void *arg)
{
    const struct told_job *job = arg;
    struct q_xsim_dossier_get row;
    TRY(q_xsim_dossier_get(cx, &row, .service = job->service, .national = job->national));
    bool is_last = job->revision >= row.revision;
    return q_xsim_dossier_put(
        cx, NULL, .service = job->service, .national = job->national, .revision = row.revision,
        .change = row.change, .template = row.template, .is_told = is_last ? 1 : row.is_told,
        .outcome = job->outcome, .number = str_is_empty(job->number) ? row.number : job->number,
        .at_us = row.at_us);
}

struct str
exchange_sim_told(struct ctx *cx, const struct exchange_sim *s)
{
    struct str number = json_text(s->in, "number");
    struct told_job job = { .service = s->connector->id,
                            .national = json_text(s->in, "national"),
                            .outcome = json_text(s->in, "outcome"),
                            .number = number.p == NULL ? STR("") : number };
    const struct json *revision = json_get(s->in, "revision");
    if (revision == NULL || !str_to_i64(revision->text, 1, INT64_MAX, &job.revision) ||
        job.outcome.p == NULL) {
        return STR("invalid");
    }
    enum err e = store_write(cx, told_tx, &job);
    return e == ERR_OK ? STR("") : e == ERR_NOT_FOUND ? STR("not_found") : STR("down");
}

struct str
exchange_sim_queue(struct ctx *cx, struct exchange_sim *s, struct str *ret)
{
    struct str kind = json_text(s->rule, "kind");
    if (str_eq(kind, STR("queue"))) {
        return list_answer(cx, s, ret);
    }
    return str_eq(kind, STR("queue_file")) ? file_answer(cx, s, ret) : one_answer(cx, s, ret);
}
