/* exchange_world.h: what the tests of the exchange begin with: the pack's national services
 * installed as simulators, and one person. */
#ifndef ENGINE_EXCHANGE_TEST_EXCHANGE_WORLD_H
#define ENGINE_EXCHANGE_TEST_EXCHANGE_WORLD_H

#include "engine/exchange/exchange_int.h"

#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/flow/flow.h"
#include "engine/form/form.h"
#include "engine/party/party.h"
#include "engine/print/print.h"
#include "engine/procedure/procedure.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"

#define MO      "070190900018"
#define SON     "070088000017" /* her husband, who has a household business */
#define CHILD   "070318000011"
#define COMPANY "3800000011"

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack_set *packs;
    int64_t mo;
};

static enum err
people_tx(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    struct party p = { .kind = STR("person"),
                       .name = STR("Thị Mơ"),
                       .personal_id = STR(MO),
                       .birth_date = STR("1990-03-08"),
                       .sex = STR("female"),
                       .ethnicity = STR("Xtiêng"),
                       .nationality = STR("Việt Nam"),
                       .phone = STR(""),
                       .email = STR(""),
                       .unit = unit_at(cx, STR("25405"), calendar_today(cx))->key,
                       .address = STR("Sóc Bom Bo"),
                       .source = STR("generated") };
    struct party son = p;
    struct party child = p;
    struct party company = { .kind = STR("org"),
                             .name = STR("Hợp tác xã Thổ cẩm Sóc Bom Bo"),
                             .tax_code = STR(COMPANY),
                             .phone = STR(""),
                             .email = STR(""),
                             .unit = p.unit,
                             .address = STR("Sóc Bom Bo"),
                             .source = STR("generated") };
    TRY(party_add(cx, &p));
    w->mo = p.id;
    son.id = 0;
    son.name = STR("Điểu Sơn");
    son.personal_id = STR(SON);
    son.birth_date = STR("1988-05-02");
    son.sex = STR("male");
    TRY(party_add(cx, &son));
    child.id = 0;
    child.name = STR("Thị Hoa");
    child.personal_id = STR(CHILD);
    child.birth_date = STR("2018-02-01");
    TRY(party_add(cx, &child));
    TRY(party_add(cx, &company));
    struct date day;
    ASSERT(date_parse(STR("2015-05-12"), &day));
    TRY(party_link_add(cx, "spouse", p.id, son.id, day, STR("generated")));
    return party_link_add(cx, "spouse", son.id, p.id, day, STR("generated"));
}

static int
set_up(void **state)
{
    static pack_part_fn *const parts[] = {
        pack_part_site, pack_part_texts, unit_pack_part,  calendar_pack_part,  access_pack_part,
        form_pack_part, flow_pack_part,  print_pack_load, procedure_pack_part, exchange_pack_part,
    };
    struct world *w = calloc(1, sizeof(*w));
    size_t n = 0;
    assert_non_null(w);
    w->env = test_env_new();
    w->cx = w->env->cx;
    w->env->config.is_demo = true;
    w->env->config.base_url = STR("http://localhost:8080");
    ASSERT_OK(w->cx,
              pack_set_open(w->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), &w->packs));
    w->cx->packs = w->packs;
    w->cx->texts = pack_texts(pack_now(w->cx));
    ASSERT_OK(w->cx, sign_desk_open(w->cx, &w->cx->sign));
    ASSERT_OK(w->cx, store_write(w->cx, people_tx, w));
    ASSERT_OK(w->cx, exchange_install(w->cx, &n));
    assert_int_equal(n, 20);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    sign_desk_close(w->cx->sign);
    w->cx->sign = NULL;
    test_env_free(w->env);
    pack_set_close(w->packs);
    free(w);
    return 0;
}

static struct ctx *
cx_of(void **state)
{
    struct ctx *cx = ((struct world *)*state)->cx;
    cx->n_problems = 0;
    return cx;
}

#endif
