/* operator_queues.c: the first page (health as sentences), message queues, dead outbox entries. */
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "office/operator/operator_int.h"
#include "store/jobs.h"
#include "sys/sys.h"

#define DEAD_MAX 50

static enum err
say_queues(struct ctx *cx, struct tpl_operator_page *p)
{
    struct jobs_count *v = NULL;
    size_t n = 0;
    int64_t dead = 0;
    int64_t waiting = 0;
    TRY(jobs_counts(cx, &v, &n));
    for (size_t i = 0; i < n; i++) {
        dead += v[i].n_dead;
        waiting += v[i].n_waiting;
    }
    op_say(cx, p, dead == 0 ? "ontime" : "late",
           dead == 0 ? text_fill(cx, "operator.health.queues", "n", text_number(cx, waiting), NULL)
                     : text_fill(cx, "operator.health.dead", "n", text_number(cx, dead), NULL),
           "/quan-tri/hang-doi");
    return ERR_OK;
}

enum err
op_home(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.home");
    struct dossier_figure late = { .metric = STR("late") };
    struct ledger_head head;
    int64_t n = 0;
    (void)rq;
    TRY(say_queues(cx, p));
    TRY(ledger_head(cx, &head));
    op_say(cx, p, "ontime",
           text_fill(cx, "operator.health.ledger", "n", text_number(cx, head.size), "at",
                     op_when(cx, head.at_us), NULL),
           "/quan-tri/nhat-ky");
    TRY(dossier_figure_count(cx, &late, &n));
    op_say(cx, p, n == 0 ? "ontime" : "due",
           text_fill(cx, "operator.health.late", "n", text_number(cx, n), NULL), NULL);
    if (str_is_empty(cx->config->smtp_url)) {
        op_say(cx, p, "due",
               text(cx, cx->config->is_demo ? "operator.health.mail_simulated"
                                            : "operator.health.no_mail"),
               NULL);
    }
    op_link(cx, p, "/quan-tri/suc-khoe", "operator.health", "chart");
    op_link(cx, p, "/quan-tri/nguoi-dung", "operator.users", "users");
    op_link(cx, p, "/quan-tri/vai-tro", "operator.roles", "key");
    op_link(cx, p, "/quan-tri/hang-doi", "operator.queues", "mail");
    op_link(cx, p, "/quan-tri/goi-noi-dung", "operator.packs", "book");
    op_link(cx, p, "/quan-tri/lich", "operator.calendar", "calendar");
    op_link(cx, p, "/quan-tri/don-vi", "operator.units", "office");
    op_link(cx, p, "/quan-tri/gop-nguoi", "operator.merge", "user");
    op_link(cx, p, "/quan-tri/sua-thong-tin", "operator.corrections", "edit");
    op_link(cx, p, "/quan-tri/chung-thu", "operator.certs", "certificate");
    op_link(cx, p, "/quan-tri/nhat-ky", "operator.ledger", "history");
    web_title(rs, p->title);
    return web_page(cx, rs, &tpl_operator_page_t, p);
}

static enum err
list_notices(struct ctx *cx, struct tpl_operator_page *p, struct str way, struct str state)
{
    static const char *const heads[] = { "operator.col.at",    "operator.col.subject",
                                         "operator.col.state", "operator.col.tries",
                                         "operator.col.error", NULL };
    struct notice *v = NULL;
    size_t n = 0;
    TRY(notice_queue(cx, way, state, 0, &v, &n));
    struct str key =
        str_fmt(cx->arena, "operator.notices." STR_FMT "." STR_FMT, STR_ARG(way), STR_ARG(state));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, str_z(cx->arena, key), "operator.notices.none", heads, n);
    bool is_failed = str_eq(state, STR("failed"));
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_failed ? "late" : "wait");
        op_cell(cx, r, op_when(cx, v[i].at_us), STR_NULL);
        op_cell(cx, r, v[i].subject, STR_NULL);
        op_cell(cx, r, text_find(cx, str_cat(cx->arena, STR("operator.state."), v[i].state)),
                STR_NULL);
        op_cell(cx, r, text_number(cx, v[i].tries), STR_NULL);
        op_cell(cx, r, v[i].error, STR_NULL);
        if (is_failed) {
            op_button(cx, r, "/quan-tri/hang-doi/gui-lai", "operator.again", v[i].id);
        }
    }
    return ERR_OK;
}

static enum err
list_dead(struct ctx *cx, struct tpl_operator_page *p)
{
    static const char *const heads[] = { "operator.col.topic", "operator.col.key",
                                         "operator.col.at",    "operator.col.tries",
                                         "operator.col.error", NULL };
    struct jobs_dead *v = NULL;
    size_t n = 0;
    TRY(jobs_dead_list(cx, 0, DEAD_MAX, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.dead", "operator.dead.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "late");
        op_cell(cx, r, v[i].topic, STR_NULL);
        op_cell(cx, r, v[i].key, STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].put_us), STR_NULL);
        op_cell(cx, r, text_number(cx, v[i].tries), STR_NULL);
        op_cell(cx, r, v[i].last_error, STR_NULL);
        op_button(cx, r, "/quan-tri/hang-doi/thu-lai", "operator.again", v[i].id);
        op_button(cx, r, "/quan-tri/hang-doi/bo", "operator.discard", v[i].id);
    }
    return ERR_OK;
}

enum err
op_queues(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.topic", "operator.col.waiting",
                                         "operator.col.dead", "operator.col.oldest", NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.queues");
    struct jobs_count *v = NULL;
    size_t n = 0;
    (void)rq;
    TRY(say_queues(cx, p));
    TRY(jobs_counts(cx, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.topics", "operator.topics.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r =
            op_row(cx, t, v[i].n_dead > 0 ? "late" : "ontime");
        op_cell(cx, r, v[i].topic, STR_NULL);
        op_cell(cx, r, text_number(cx, v[i].n_waiting), STR_NULL);
        op_cell(cx, r, text_number(cx, v[i].n_dead), STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].oldest_us), STR_NULL);
    }
    TRY(list_dead(cx, p));
    TRY(list_notices(cx, p, STR("mail"), STR("waiting")));
    TRY(list_notices(cx, p, STR("mail"), STR("failed")));
    if (cx->config->is_demo && str_is_empty(cx->config->smtp_url)) {
        TRY(list_notices(cx, p, STR("mail"), STR("sent")));
    }
    TRY(list_notices(cx, p, STR("sms"), STR("waiting")));
    TRY(list_notices(cx, p, STR("sms"), STR("sent")));
    return op_show(cx, rs, p);
}

static enum err
back(struct ctx *cx, struct web_resp *rs)
{
    web_flash(cx, rs, "operator.queued");
    return web_see_other(cx, rs, "/quan-tri/hang-doi");
}

enum err
op_notice_again(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(notice_again(cx, web_int(rq, "id")));
    return back(cx, rs);
}

struct dead_job {
    int64_t id;
    bool is_discarded;
};

static enum err
dead_tx(struct ctx *cx, void *arg)
{
    const struct dead_job *j = arg;
    struct ledger_new e = { .kind = j->is_discarded ? "outbox.discarded" : "outbox.retried",
                            .object = ledger_object(cx, "outbox", j->id) };
    TRY(j->is_discarded ? jobs_discard(cx, j->id) : jobs_retry(cx, j->id));
    return ledger_add(cx, &e);
}

enum err
op_dead_retry(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dead_job j = { web_int(rq, "id"), false };
    TRY(store_write(cx, dead_tx, &j));
    return back(cx, rs);
}

enum err
op_dead_discard(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dead_job j = { web_int(rq, "id"), true };
    TRY(store_write(cx, dead_tx, &j));
    return back(cx, rs);
}
