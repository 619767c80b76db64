/* onestop_view.c: small things that all pages of the desk share. */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"

struct str
onestop_id(struct ctx *cx, int64_t id)
{
    return str_fmt(cx->arena, "%" PRId64, id);
}

struct str
onestop_kind(int64_t left_s, bool is_paused)
{
    if (is_paused) {
        return STR("paused");
    }
    if (left_s < 0) {
        return STR("late");
    }
    return left_s < CALENDAR_WORK_DAY_S ? STR("due") : STR("ontime");
}

struct str
onestop_kind_word(struct ctx *cx, struct str kind)
{
    return text_find(cx, str_cat(cx->arena, STR("onestop.kind."), kind));
}

enum err
onestop_open(struct ctx *cx, int64_t id, struct dossier *ret)
{
    TRY(dossier_get(cx, id, ret));
    if (!dossier_may_read(cx, ret) || cx->actor == NULL || !cx->actor->is_officer) {
        return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " is not for this officer", id);
    }
    return ERR_OK;
}

struct str
onestop_typed(const struct web_req *rq, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < rq->n_typed; i++) {
        if (str_eq(rq->typed[i].name, wanted)) {
            return rq->typed[i].value;
        }
    }
    return STR_NULL;
}

const struct flow_step *
onestop_step(struct ctx *cx, const struct dossier *d, struct str step_id,
             const struct flow_process **ret_process)
{
    const struct pack *pack = NULL;
    struct flow_case c;
    if (pack_by_version(cx, d->pack_version, &pack) != ERR_OK ||
        flow_case_by_subject(cx, d->id, &c) != ERR_OK) {
        return NULL;
    }
    const struct flow_process *process = flow_find(pack, c.process_id);
    if (process == NULL) {
        return NULL;
    }
    if (ret_process != NULL) {
        *ret_process = process;
    }
    return flow_step_find(process, step_id);
}

struct str
onestop_step_name(const struct ctx *cx, const struct flow_step *s)
{
    bool is_english = str_eq(cx->lang, STR("en")) && !str_is_empty(s->name_en);
    return is_english ? s->name_en : s->name;
}
