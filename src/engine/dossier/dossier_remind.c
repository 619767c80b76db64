/* dossier_remind.c: leaders are told once a working day how many dossiers of their unit are late.
 * Nothing is sent when nothing is late, outside working hours, or to somebody without phone and
 * mail. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/notice/notice.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define REMIND_EVERY_US (INT64_C(30) * 60 * 1000 * 1000)
#define HOLDERS_MAX     200
#define LEADER_PERM     " dossier.apologise "

struct remind_job {
    const struct access_post *who;
    struct party party;
    int64_t late_n, today_n, day;
};

static enum err
remind_tx(struct ctx *cx, void *arg)
{
    static const char *const names[] = { "unit", "late", "today", "link", "apology", NULL };
    const struct remind_job *job = arg;
    int64_t n = 0;
    TRY(q_reminder_insert(cx, &n, .account_id = job->who->account, .day = job->day,
                          .unit = job->who->unit, .late_n = job->late_n, .at_us = sys_now_us(cx)));
    if (n != 1) {
        return ERR_OK; /* another process was quicker */
    }
    struct str values[] = { unit_name(cx, job->who->unit), text_number(cx, job->late_n),
                            text_number(cx, job->today_n),
                            str_fmt(cx->arena,
                                    STR_FMT "/lanh-dao/danh-sach?chi-so=late&don-vi=" STR_FMT,
                                    STR_ARG(cx->config->base_url), STR_ARG(job->who->unit)),
                            str_cat(cx->arena, cx->config->base_url, STR("/can-bo/xin-loi")) };
    struct notice_new in = { .party = job->party.id,
                             .key = "late_reminder",
                             .phone = job->party.phone,
                             .email = job->party.email,
                             .names = names,
                             .values = values };
    return notice_put(cx, &in);
}

static enum err
remind(struct ctx *cx, const struct access_post *who)
{
    struct q_reminder_of row;
    struct remind_job job = { .who = who, .day = calendar_today(cx).day };
    struct dossier_figure f = { .metric = STR("late"), .unit = who->unit };
    if (!calendar_is_open(cx, who->unit, calendar_now_us(cx))) {
        return ERR_OK;
    }
    enum err e = q_reminder_of(cx, &row, .account_id = who->account, .day = job.day);
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(dossier_figure_count(cx, &f, &job.late_n));
    if (job.late_n == 0) {
        return ERR_OK;
    }
    f.metric = STR("due_today");
    TRY(dossier_figure_count(cx, &f, &job.today_n));
    TRY(party_get(cx, who->party, &job.party));
    if (str_is_empty(job.party.phone) && str_is_empty(job.party.email)) {
        return ERR_OK;
    }
    return store_write(cx, remind_tx, &job);
}

enum err
dossier_remind_leaders(struct ctx *cx, int64_t *ret_again_us)
{
    const struct access_role *roles = NULL;
    size_t n_roles = access_roles(cx, &roles);
    *ret_again_us = REMIND_EVERY_US;
    for (size_t i = 0; i < n_roles; i++) {
        struct access_post *v = NULL;
        size_t n = HOLDERS_MAX;
        int64_t after = 0;
        bool is_leader = str_find(roles[i].perms, STR(LEADER_PERM)) < roles[i].perms.n;
        while (is_leader && n == HOLDERS_MAX) {
            TRY(access_posts(cx, roles[i].id, after, HOLDERS_MAX, &v, &n));
            for (size_t k = 0; k < n; k++) {
                TRY(remind(cx, &v[k]));
                after = v[k].position;
            }
        }
    }
    return ERR_OK;
}
