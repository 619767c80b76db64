/* dossier_flow.c: what the process engine asks of a dossier: variables, units, due instants, clock
 * and status. */
#include "base/buf.h"
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/pack/pack.h"
#include "engine/unit/unit.h"

#define VARS_MAX_BYTES (256U * 1024U)

/* "{...}" without its braces; empty for "{}". */
static struct str
members(struct str object)
{
    struct str s = str_trim(object);
    return s.n > 2 ? str_trim(str_slice(s, 1, s.n - 1)) : STR("");
}

static enum err
vars(struct ctx *cx, void *arg, const struct flow_case *c, const struct json **ret)
{
    const struct dossier_run *run = arg;
    const struct dossier *d = run->d;
    struct buf b = buf_new(cx->arena, VARS_MAX_BYTES);
    struct json_out o = json_out(&b);
    const struct unit *u = unit_by_key(cx, d->unit);
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    (void)c;
    json_open(&o);
    json_put_str(&o, "outcome", run->outcome);
    json_key(&o, "a");
    json_raw(&o, d->answers);
    json_put_str(&o, "channel", d->channel);
    json_put_str(&o, "collect", d->collect);
    json_put_i64(&o, "fee_due_vnd", d->is_paid ? 0 : d->fee_vnd);
    json_put_bool(&o, "is_paid", d->is_paid);
    json_put_i64(&o, "n_supplements", d->n_supplements);
    json_put_str(&o, "result_type", run->procedure->result_type);
    json_put_str(&o, "unit_level", u == NULL ? STR_NULL : unit_level_name(u->level));
    json_put_bool(&o, "is_linked", d->parent != 0);
    struct str learned = members(d->vars);
    if (!str_is_empty(learned)) {
        buf_add_char(&b, ',');
        buf_add(&b, learned);
    }
    json_close(&o);
    if (json_parse(cx->arena, buf_str(&b), limits, &tree, &fault) != ERR_OK) {
        return err_set(cx, ERR_INTERNAL, "variables of dossier %" PRId64 ": %s", d->id, fault.what);
    }
    *ret = tree;
    return ERR_OK;
}

static enum err
unit_of_word(struct ctx *cx, void *arg, const struct flow_case *c, struct str word,
             struct str *ret_code)
{
    const struct dossier_run *run = arg;
    const struct unit *u = unit_by_key(cx, run->d->unit);
    const struct unit *found = NULL;
    (void)c;
    if (str_is_empty(word) || str_eq(word, STR("competent")) || str_eq(word, STR("intake"))) {
        *ret_code = run->d->unit;
        return ERR_OK;
    }
    if (str_eq(word, STR("consulted")) && !str_is_empty(run->consulted)) {
        *ret_code = run->consulted;
        return ERR_OK;
    }
    if (str_eq(word, STR("parent")) && u != NULL) {
        found = unit_parent(cx, u, calendar_today(cx));
    } else if (u != NULL) {
        struct unit_rule rule = { .level = UNIT_DEPARTMENT, .kind = word };
        if (unit_competent(cx, rule, u->key, calendar_today(cx), &found) != ERR_OK) {
            found = unit_at(cx, word, calendar_today(cx));
        }
    }
    /* a body the pack does not know yet must not stop a case: the deciding unit keeps it */
    *ret_code = found == NULL ? run->d->unit : found->key;
    return ERR_OK;
}

static enum err
due(struct ctx *cx, void *arg, struct str unit_code, int64_t from_us, int64_t budget_s,
    int64_t *ret_us)
{
    (void)arg;
    *ret_us = calendar_add_work(cx, unit_code, from_us, budget_s);
    return ERR_OK;
}

/* Goes to a status, through one other when the direct move is not allowed (1 -> 2 -> 4). */
static enum err
advance_status(struct ctx *cx, struct dossier *d, int32_t to)
{
    if (d->status == to || dossier_status_may(d->status, to)) {
        return dossier_set_status(cx, d, to);
    }
    for (int32_t via = 2; via <= 9; via++) {
        if (dossier_status_may(d->status, via) && dossier_status_may(via, to)) {
            TRY(dossier_set_status(cx, d, via));
            return dossier_set_status(cx, d, to);
        }
    }
    return dossier_set_status(cx, d, to); /* refused with the reason */
}

enum err
dossier_status_advance(struct ctx *cx, struct dossier *d, int32_t to)
{
    return advance_status(cx, d, to);
}

/* A step that comes again (sent back, answered, brought in) goes to the hands that had it last, as
 * long as they are still there; everybody of the role may take it all the same. */
static enum err
same_hands(struct ctx *cx, const struct dossier *d, const struct flow_task *t)
{
    struct flow_task *v = NULL;
    struct access_officer *o = NULL;
    size_t n = 0;
    size_t n_officers = 0;
    int64_t who = 0;
    if (d->case_id == 0) {
        return ERR_OK; /* the process begins: nobody had anything in hand */
    }
    TRY(flow_tasks_of_case(cx, t->case_id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        bool is_same = str_eq(v[i].step_id, t->step_id) && str_eq(v[i].unit, t->unit);
        who = is_same && v[i].done_by != 0 ? v[i].done_by : who;
    }
    if (who == 0) {
        return ERR_OK;
    }
    TRY(access_officers(cx, t->unit, t->role, &o, &n_officers));
    for (size_t i = 0; i < n_officers; i++) {
        if (o[i].account == who) {
            int64_t to = 0;
            TRY(dossier_stand_in(cx, who, t->unit, t->role, &to));
            return to == who ? flow_assign(cx, t->id, t->version, who)
                             : flow_hand(cx, t->id, to, who);
        }
    }
    return ERR_OK;
}

static enum err
on_opened(struct ctx *cx, struct dossier_run *run, const struct flow_step *step,
          const struct flow_task *t)
{
    run->opened = t->id;
    if (!str_eq(step->role, STR("citizen"))) {
        TRY(same_hands(cx, run->d, t));
    }
    if (step->is_clock_paused) {
        dossier_clock_pause(cx, run->d);
    }
    /* 1 is where every dossier begins; a second look at the door does not go back to it */
    return step->status <= 1 ? ERR_OK : advance_status(cx, run->d, step->status);
}

static enum err
event(struct ctx *cx, void *arg, const struct flow_case *c, enum flow_event ev,
      const struct flow_task *t)
{
    struct dossier_run *run = arg;
    const struct pack *pack = NULL;
    TRY(dossier_pack(cx, run->d, &pack));
    const struct flow_process *process = flow_find(pack, c->process_id);
    const struct flow_step *step =
        process == NULL || t == NULL ? NULL : flow_step_find(process, t->step_id);
    run->is_changed = true;
    if (step == NULL) {
        return ERR_OK;
    }
    if (ev == FLOW_TASK_OPENED) {
        return on_opened(cx, run, step, t);
    }
    if (step->is_clock_paused) {
        dossier_clock_resume(cx, run->d);
    }
    return ERR_OK;
}

enum err
dossier_run_begin(struct ctx *cx, struct dossier *d, struct dossier_run *run, struct flow_env *ret)
{
    const struct pack *pack = NULL;
    *run = (struct dossier_run){ .d = d, .outcome = STR_NULL };
    TRY(dossier_pack(cx, d, &pack));
    TRY(dossier_procedure(cx, d, &run->procedure));
    *ret = (struct flow_env){ .pack = pack,
                              .now_us = calendar_now_us(cx),
                              .arg = run,
                              .vars = vars,
                              .unit = unit_of_word,
                              .due = due,
                              .event = event,
                              .services = dossier_services };
    return ERR_OK;
}

enum err
dossier_run_end(struct ctx *cx, struct dossier_run *run)
{
    return run->is_changed ? dossier_save(cx, run->d) : ERR_OK;
}
