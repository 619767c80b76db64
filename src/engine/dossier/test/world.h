/* world.h: the world of the dossier's tests: real pack, a commune with its officers, certificates,
 * and the acts that every test needs. */
#ifndef ENGINE_DOSSIER_TEST_WORLD_H
#define ENGINE_DOSSIER_TEST_WORLD_H

#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/flow/flow.h"
#include "engine/indicator/indicator.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "engine/print/print.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"

/* no test file needs every help below */
#pragma GCC diagnostic ignored "-Wunused-function"

#define UNIT      "25405"
#define PIN       "246810"
#define PROCEDURE "1.004873"
#define HOUR_US   (INT64_C(3600) * DATE_US_PER_S)

enum who { CITIZEN, STRANGER, RECEIVER, SECOND_RECEIVER, SPECIALIST, LEADER, CASHIER, N_WHO };

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack_set *packs;
    const struct unit *unit;
    struct actor actors[N_WHO];
    int64_t account[N_WHO], party[N_WHO];
};

static const struct {
    const char *name, *id, *role;
} people[N_WHO] = {
    { "Thị Mơ", "070190000018", NULL },
    { "Điểu Bình", "070090000029", NULL },
    { "Nguyễn Thị Lan", "070190000030", "receiver" },
    { "Trần Văn Hai", "070090000031", "receiver" },
    { "Lê Thị Sáu", "070190000032", "specialist" },
    { "Phạm Văn Bảy", "070090000033", "leader" },
    { "Võ Thị Tám", "070190000034", "cashier" },
};

static enum err
people_tx(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    for (size_t i = 0; i < N_WHO; i++) {
        struct party p = { .kind = STR("person"),
                           .name = str_of(people[i].name),
                           .personal_id = str_of(people[i].id),
                           .birth_date = STR("1990-03-08"),
                           .sex = people[i].id[3] == '1' ? STR("female") : STR("male"),
                           .ethnicity = STR("Kinh"),
                           .nationality = STR("Việt Nam"),
                           .phone = STR("0900012345"),
                           .email = STR(""),
                           .unit = w->unit->key,
                           .address = STR("Sóc Bom Bo"),
                           .source = STR("generated") };
        TRY(party_add(cx, &p));
        w->party[i] = p.id;
        TRY(access_account_add(cx, p.id, p.personal_id, STR("x"), people[i].role != NULL, false,
                               &w->account[i]));
        if (people[i].role != NULL) {
            TRY(access_position_add(cx, w->account[i], w->unit->key, str_of(people[i].role),
                                    STR(""), STR("2020-01-01"), STR_NULL));
        }
    }
    return ERR_OK;
}

static void
certificates(struct world *w)
{
    int64_t id = 0;
    struct sign_cert_wish leader = { .kind = SIGN_PERSON,
                                     .owner = str_fmt(w->cx->arena, "%" PRId64, w->account[LEADER]),
                                     .name = str_of(people[LEADER].name),
                                     .org = STR("Xã Bom Bo"),
                                     .position = STR("Chủ tịch"),
                                     .pin = STR(PIN) };
    struct sign_cert_wish seal = { .kind = SIGN_SEAL,
                                   .owner = w->unit->key,
                                   .name = STR("Ủy ban nhân dân xã Bom Bo"),
                                   .org = STR("Xã Bom Bo") };
    ASSERT_OK(w->cx, sign_desk_open(w->cx, &w->cx->sign));
    ASSERT_OK(w->cx, sign_cert_issue(w->cx, &leader, &id));
    ASSERT_OK(w->cx, sign_cert_issue(w->cx, &seal, &id));
}

static void
be(struct world *w, enum who who)
{
    w->cx->actor = &w->actors[who];
    w->cx->who = (struct ctx_who){ .account = w->account[who],
                                   .party = w->party[who],
                                   .unit = w->actors[who].unit };
    w->cx->n_problems = 0;
}

static int
set_up_with(void **state, const struct store_config *config)
{
    static pack_part_fn *const parts[] = {
        pack_part_site, pack_part_texts, unit_pack_part,  calendar_pack_part,  access_pack_part,
        form_pack_part, flow_pack_part,  print_pack_load, procedure_pack_part,
    };
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->env = test_env_new_with(config);
    w->cx = w->env->cx;
    ASSERT_OK(w->cx,
              pack_set_open(w->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), &w->packs));
    w->cx->packs = w->packs;
    w->cx->texts = pack_texts(pack_now(w->cx));
    w->unit = unit_at(w->cx, STR(UNIT), calendar_today(w->cx));
    assert_non_null(w->unit);
    ASSERT_OK(w->cx, store_write(w->cx, people_tx, w));
    for (size_t i = 0; i < N_WHO; i++) {
        ASSERT_OK(w->cx, access_actor_of_account(w->cx, w->account[i], &w->actors[i]));
    }
    certificates(w);
    *state = w;
    return 0;
}

UNUSED static int
set_up(void **state)
{
    return set_up_with(state, &(struct store_config){ 0 });
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    sign_desk_close(w->cx->sign);
    pack_set_close(w->packs);
    test_env_free(w->env);
    free(w);
    return 0;
}

/* --- helps ------------------------------------------------------------------------------------ */
static struct dossier_draft
draft_of(struct world *w, const char *history)
{
    struct ctx *cx = w->cx;
    struct dossier_draft d;
    struct form_state st;
    struct dossier_draft_new in = { .procedure = STR(PROCEDURE),
                                    .unit = w->unit->key,
                                    .address = STR(UNIT),
                                    .channel = STR("online"),
                                    .party = w->party[CITIZEN],
                                    .account = w->account[CITIZEN] };
    int64_t id = 0;
    struct str answers = str_fmt(
        cx->arena,
        "{\"full_name\":\"Thị Mơ\",\"birth_date\":\"1990-03-08\",\"sex\":\"female\","
        "\"personal_id\":\"070190000018\",\"home\":{\"unit\":\"" UNIT "\",\"line\":\"Sóc Bom Bo\"},"
        "\"ethnicity\":\"01\",\"nationality\":\"VN\",\"phone\":\"0900012345\","
        "\"files_for\":\"self\",\"marital_history\":\"%s\",\"period_kind\":\"now\","
        "\"lived_elsewhere\":false,\"purpose\":\"other\",\"purpose_text\":\"vay "
        "vốn\",\"n_wanted\":1,"
        "\"has_old_confirmation\":false,\"fee_group\":\"none\"}",
        history);
    be(w, CITIZEN);
    ASSERT_OK(cx, dossier_draft_new(cx, &in, &id));
    ASSERT_OK(cx, dossier_draft_get(cx, id, 0, &d));
    struct form_env env = dossier_form_env(cx, &d);
    ASSERT_OK(
        cx, form_state_load(cx, form_find(pack_now(cx), STR("xac-nhan-hon-nhan")), STR_NULL, &st));
    enum err e = form_read_json(cx, &st, &env, answers);
    for (size_t i = 0; i < cx->n_problems; i++) {
        print_message("problem " STR_FMT ": " STR_FMT "\n", STR_ARG(cx->problems[i].field),
                      STR_ARG(cx->problems[i].key));
    }
    ASSERT_OK(cx, e);
    d.form = form_state_save(cx, &st);
    d.collect = STR("counter");
    ASSERT_OK(cx, dossier_draft_save(cx, &d));
    return d;
}

UNUSED static int64_t
file(struct world *w)
{
    struct dossier_draft d = draft_of(w, "never");
    struct dossier_receipt r;
    ASSERT_OK(w->cx, dossier_submit(w->cx, &d, &r));
    return r.id;
}

static struct dossier
get(struct world *w, int64_t id)
{
    struct dossier d;
    ASSERT_OK(w->cx, dossier_get(w->cx, id, &d));
    return d;
}

static struct flow_task
open_task(struct world *w, int64_t id)
{
    struct flow_task *v = NULL;
    size_t n = 0;
    struct dossier d = get(w, id);
    ASSERT_OK(w->cx, flow_tasks_of_case(w->cx, d.case_id, &v, &n));
    for (size_t i = n; i > 0; i--) {
        if (str_eq(v[i - 1].state, STR("open"))) {
            return v[i - 1];
        }
    }
    fail_msg("dossier %s has no open task", str_z(w->cx->arena, d.number));
    return (struct flow_task){ 0 };
}

UNUSED static void
act(struct world *w, enum who who, int64_t id, const char *outcome, const char *note)
{
    struct flow_task t = open_task(w, id);
    struct dossier_act a = {
        .task = t.id, .version = t.version, .outcome = str_of(outcome), .note = str_of(note)
    };
    be(w, who);
    ASSERT_OK(w->cx, dossier_do(w->cx, &a));
}

UNUSED static void
work_hours(struct world *w, int64_t hours)
{
    sys_clock_fake_step(&w->env->clock, hours * HOUR_US);
}

/* The bank pays; the job that the payment put into the outbox runs. */
UNUSED static void
pay(struct world *w, int64_t id)
{
    struct ctx *cx = w->cx;
    struct pay_bill *b = NULL;
    struct pay_bill paid;
    size_t n = 0;
    ASSERT_OK(cx, pay_bill_list(cx, id, &b, &n));
    assert_int_equal(n, 1);
    be(w, CASHIER);
    ASSERT_OK(cx, pay_cash(cx, b[0].id, STR("Võ Thị Tám"), &paid));
    struct str payload = str_fmt(cx->arena, "{\"dossier_id\":%" PRId64 "}", id);
    ASSERT_OK(cx, dossier_topics[0].fn(cx, str_fmt(cx->arena, "%" PRId64, id), payload));
    ASSERT_OK(cx, dossier_topics[0].fn(cx, str_fmt(cx->arena, "%" PRId64, id), payload));
}

UNUSED static void
to_signature(struct world *w, int64_t id)
{
    act(w, RECEIVER, id, "accept", "");
    if (!get(w, id).is_paid) {
        pay(w, id);
    }
    act(w, SPECIALIST, id, "propose", "đủ điều kiện");
}

UNUSED static void
sign(struct world *w, int64_t id)
{
    int64_t task = open_task(w, id).id;
    size_t done = 0;
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_sign(w->cx, &task, 1, STR(PIN), &done));
    assert_int_equal(done, 1);
}

UNUSED static int64_t
sum(struct world *w, const char *metric)
{
    int64_t n = 0;
    struct indicator_query q = { .unit = w->unit->key,
                                 .from = date_of(2026, 1, 1),
                                 .to = date_of(2026, 12, 31) };
    ASSERT_OK(w->cx, indicator_sum(w->cx, &q, metric, &n));
    return n;
}

/* Is this reason among what the applicant may read? */
UNUSED static bool
knows_reason(struct world *w, int64_t id, struct str reason)
{
    struct dossier_event *e = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, dossier_history(w->cx, id, &e, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(e[i].kind, STR("reason")) && e[i].is_public && str_eq(e[i].note, reason)) {
            return true;
        }
    }
    return false;
}

#endif
