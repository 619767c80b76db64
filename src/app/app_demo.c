/* app_demo.c: the generated demo: people and officers drawn from lists with a fixed seed, marked as
 * generated. Made once, in an empty data folder. */
#include "app/app_demo.h"
#include "app/app_simulate.h"
#include "crypto/password.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/indicator/indicator.h"
#include "engine/party/party.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "store/store.h"

#include <stdio.h>

#define NAMES_PATH      "packs/demo/names.csv"
#define NAMES_BYTES     (256U * 1024U)
#define PEOPLE_N        60 /* for each commune */
#define SEED            20261122
#define UNIT_NUMBERS    1000 /* personal numbers kept for each unit */
#define UNIT_BUSINESSES 20
#define PASSWORD        "giagao-bombo"
#define PIN             "246810"
#define CITIZEN_ID      "070190900018"
#define CERT_AGE_US                                                                                \
    (INT64_C(400) * 86400 * DATE_US_PER_S) /* generated dossiers are signed in the past */
#define SHOW_UNIT "25405"                  /* xã Bom Bo */

static const char *const kind_names[KIND_COUNT] = {
    "surname",       "male_middle", "female_middle", "male_given", "female_given", "stieng_male",
    "stieng_female", "khmer_male",  "khmer_female",  "hamlet",     "company",
};

static void
keep_name(struct demo *demo, struct str kind, struct str name)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        if (str_eq(kind, str_of(kind_names[k])) && demo->n[k] < LIST_MAX) {
            demo->lists[k][demo->n[k]++] = name;
        }
    }
}

static enum err
read_names(struct ctx *cx, struct demo *demo)
{
    struct str bytes;
    TRY(sys_file_read(cx, sys_share_path(cx, NAMES_PATH), NAMES_BYTES, &bytes));
    struct str rest = bytes;
    struct str line;
    while (str_next(&rest, '\n', &line)) {
        struct str kind;
        struct str name;
        if (str_cut(line, ',', &kind, &name)) {
            keep_name(demo, kind, str_trim(name));
        }
    }
    for (size_t k = 0; k < KIND_COUNT; k++) {
        if (demo->n[k] == 0) {
            return err_set(cx, ERR_INVALID, NAMES_PATH ": no line of kind %s", kind_names[k]);
        }
    }
    return ERR_OK;
}

uint32_t
app_demo_draw(struct demo *demo, uint32_t below)
{
    uint32_t v = 0;
    demo->random.base.fill(&demo->random.base, &v, sizeof(v));
    return v % below;
}

struct str
app_demo_pick(struct demo *demo, enum list_kind kind)
{
    return demo->lists[kind][app_demo_draw(demo, (uint32_t)demo->n[kind])];
}

/* One in eight S'tiêng, one in twenty Khmer: the area's large communities. */
static struct str
person_name(struct ctx *cx, struct demo *demo, bool is_female, struct str *ret_ethnicity)
{
    uint32_t r = app_demo_draw(demo, 40);
    if (r < 5) {
        *ret_ethnicity = STR("Xtiêng");
        return app_demo_pick(demo, is_female ? STIENG_FEMALE : STIENG_MALE);
    }
    if (r < 7) {
        *ret_ethnicity = STR("Khơ-me");
        return app_demo_pick(demo, is_female ? KHMER_FEMALE : KHMER_MALE);
    }
    *ret_ethnicity = STR("Kinh");
    struct str surname = app_demo_pick(demo, SURNAME);
    struct str middle = app_demo_pick(demo, is_female ? FEMALE_MIDDLE : MALE_MIDDLE);
    struct str given = app_demo_pick(demo, is_female ? FEMALE_GIVEN : MALE_GIVEN);
    return str_fmt(cx->arena, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(surname), STR_ARG(middle),
                   STR_ARG(given));
}

struct party
app_demo_person(struct ctx *cx, struct demo *demo, int32_t year)
{
    bool is_female = app_demo_draw(demo, 2) == 1;
    year = year != 0 ? year : 1955 + (int32_t)app_demo_draw(demo, 50);
    int32_t century = year >= 2000 ? 2 : 0;
    struct str ethnicity;
    struct str name = person_name(cx, demo, is_female, &ethnicity);
    demo->serial++;
    return (struct party){
        .kind = STR("person"),
        .name = name,
        .personal_id = str_fmt(cx->arena, "070%d%02d%06u", century + (is_female ? 1 : 0),
                               year % 100, demo->serial),
        .birth_date = str_fmt(cx->arena, "%04d-%02u-%02u", year, 1 + app_demo_draw(demo, 12),
                              1 + app_demo_draw(demo, 28)),
        .sex = is_female ? STR("female") : STR("male"),
        .ethnicity = ethnicity,
        .nationality = STR("Việt Nam"),
        .phone = str_fmt(cx->arena, "09000%05u", demo->serial % 100000),
        .email = STR(""),
        .unit = demo->unit->key,
        .address = app_demo_pick(demo, HAMLET),
        .source = STR("generated"),
    };
}

/* Each unit has numbers and chance of its own, so that a preparation that was broken off goes on.
 */
bool
app_demo_begin(struct ctx *cx, struct demo *demo, const struct unit *u, const char *suffix)
{
    struct access_account leader;
    struct str login = str_fmt(cx->arena, "lanhdao." STR_FMT "%s", STR_ARG(u->code), suffix);
    demo->n_units++;
    demo->unit = u;
    demo->serial = demo->n_units * UNIT_NUMBERS;
    demo->n_businesses = demo->n_units * UNIT_BUSINESSES;
    sys_random_seed(&demo->random, SEED + demo->n_units);
    if (access_account_by_login(cx, str_lower(cx->arena, login), &leader) != ERR_OK) {
        return true;
    }
    demo->leader = leader.id;
    demo->leader_name = leader.name;
    return false;
}

enum err
app_demo_officer(struct ctx *cx, struct demo *demo, const struct demo_officer *o,
                 const char *suffix, struct str valid_to)
{
    struct party p = app_demo_person(cx, demo, 0);
    int64_t account = 0;
    struct str unit = demo->unit->code;
    struct str login = str_fmt(cx->arena, "%s." STR_FMT "%s", o->slug, STR_ARG(unit), suffix);
    TRY(party_add(cx, &p));
    TRY(access_account_add(cx, p.id, str_lower(cx->arena, login), demo->hash, true, false,
                           &account));
    TRY(access_position_add(cx, account, demo->unit->key, str_of(o->role), str_of(o->title),
                            STR("2020-01-01"), valid_to));
    if (str_eq(str_of(o->role), STR("leader"))) {
        demo->leader = account;
        demo->leader_name = p.name;
    }
    return ERR_OK;
}

static enum err
officer(struct ctx *cx, struct demo *demo, const char *role, const char *slug, const char *title)
{
    struct demo_officer o = { role, slug, title };
    return app_demo_officer(cx, demo, &o, "", STR_NULL);
}

struct demo_job {
    const struct demo *before;
    struct demo after;
    demo_tx_fn *fn;
};

static enum err
demo_tx(struct ctx *cx, void *arg)
{
    struct demo_job *job = arg;
    job->after = *job->before;
    return job->fn(cx, &job->after);
}

enum err
app_demo_write(struct ctx *cx, struct demo *demo, demo_tx_fn *fn)
{
    struct demo_job job = { .before = demo, .fn = fn };
    TRY(store_write(cx, demo_tx, &job));
    *demo = job.after;
    return ERR_OK;
}

static enum err
commune_tx(struct ctx *cx, struct demo *demo)
{
    TRY(officer(cx, demo, "receiver", "motcua", "Cán bộ một cửa"));
    TRY(officer(cx, demo, "specialist", "chuyenvien", "Công chức tư pháp - hộ tịch"));
    TRY(officer(cx, demo, "leader", "lanhdao", "Phó Chủ tịch Ủy ban nhân dân"));
    TRY(officer(cx, demo, "clerk", "vanthu", "Văn thư"));
    TRY(officer(cx, demo, "cashier", "thuphi", "Cán bộ thu phí"));
    for (int i = 0; i < PEOPLE_N; i++) {
        struct party p = app_demo_person(cx, demo, 0);
        TRY(party_add(cx, &p));
    }
    TRY(app_demo_families(cx, demo));
    return app_demo_businesses(cx, demo);
}

/* Somebody known twice: once with a number, once written down at a counter without one. */
static enum err
twice(struct ctx *cx, struct demo *demo)
{
    struct party p = app_demo_person(cx, demo, 1988);
    p.unit = STR(SHOW_UNIT);
    TRY(party_add(cx, &p));
    struct party again = p;
    again.id = 0;
    again.personal_id = STR_NULL;
    again.email = STR("");
    again.source = STR("counter");
    return party_add(cx, &again);
}

static enum err
shown_tx(struct ctx *cx, struct demo *demo)
{
    int64_t account = 0;
    struct party p = { .kind = STR("person"),
                       .name = STR("Thị Mơ"),
                       .personal_id = STR(CITIZEN_ID),
                       .birth_date = STR("1990-03-08"),
                       .sex = STR("female"),
                       .ethnicity = STR("Xtiêng"),
                       .nationality = STR("Việt Nam"),
                       .phone = STR("0900012345"),
                       .email = STR("mo@vidu.example"),
                       .unit = demo->unit->key,
                       .address = STR("Sóc Bom Bo"),
                       .source = STR("generated") };
    TRY(party_add(cx, &p));
    TRY(access_account_add(cx, p.id, p.personal_id, demo->hash, false, false, &account));
    TRY(app_demo_household(cx, demo, &p));
    demo->shown = p.id;
    TRY(officer(cx, demo, "operator", "quantri", "Quản trị hệ thống"));
    TRY(officer(cx, demo, "inspector", "giamsat", "Cán bộ kiểm tra, giám sát"));
    TRY(officer(cx, demo, "integrator", "tichhop", "Cán bộ tích hợp dữ liệu"));
    struct str province = pack_province_at(pack_now(cx), calendar_today(cx));
    struct str operator_login =
        str_fmt(cx->arena, "quantri." STR_FMT, STR_ARG(str_lower(cx->arena, demo->unit->code)));
    demo->unit = unit_at(cx, province, calendar_today(cx));
    if (demo->unit == NULL) {
        return ERR_OK; /* a pack without a province */
    }
    /* the demo has one operator for all units */
    struct access_account op;
    TRY(access_account_by_login(cx, operator_login, &op));
    TRY(access_position_add(cx, op.id, demo->unit->key, STR("operator"), STR("Quản trị hệ thống"),
                            STR("2020-01-01"), STR_NULL));
    TRY(officer(cx, demo, "leader", "lanhdao", "Phó Chủ tịch Ủy ban nhân dân thành phố"));
    return twice(cx, demo);
}

/* Certificate of the leader and the commune's seal, from the demo authority. */
static enum err
certificates(struct ctx *cx, const struct demo *demo)
{
    int64_t id = 0;
    struct sign_cert have;
    if (sign_cert_of(cx, SIGN_SEAL, demo->unit->key, &have) == ERR_OK) {
        return ERR_OK;
    }
    bool is_council = demo->unit->level <= UNIT_COMMUNE; /* else a body under one */
    struct sign_cert_wish leader = { .kind = STR("person"),
                                     .owner = str_fmt(cx->arena, "%" PRId64, demo->leader),
                                     .name = demo->leader_name,
                                     .org = demo->unit->name.vi,
                                     .position = is_council ? STR("Phó Chủ tịch")
                                                            : STR("Phó thủ trưởng cơ quan"),
                                     .pin = STR(PIN),
                                     .valid_from_us = sys_now_us(cx) - CERT_AGE_US };
    struct sign_cert_wish seal = { .kind = STR("seal"),
                                   .owner = demo->unit->key,
                                   .name = is_council ? str_cat(cx->arena, STR("Ủy ban nhân dân "),
                                                                demo->unit->name.vi)
                                                      : demo->unit->name.vi,
                                   .org = demo->unit->name.vi,
                                   .valid_from_us = sys_now_us(cx) - CERT_AGE_US };
    TRY(sign_cert_issue(cx, &leader, &id));
    return sign_cert_issue(cx, &seal, &id);
}

enum err
app_demo_prepare(struct ctx *cx)
{
    struct access_account have;
    const struct unit *const *units = NULL;
    struct demo *demo = ARENA_NEW(cx->arena, struct demo);
    enum err e = access_account_by_login(cx, STR(CITIZEN_ID), &have);
    if (e != ERR_NOT_FOUND) {
        return e; /* prepared already, or the store is broken */
    }
    (void)printf("Preparing generated demo data ...\n");
    TRY(read_names(cx, demo));
    TRY(password_hash(cx, STR(PASSWORD), &demo->hash));
    size_t n = unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &units);
    for (size_t i = 0; i < n; i++) {
        if (app_demo_begin(cx, demo, units[i], "")) {
            TRY(app_demo_write(cx, demo, commune_tx));
        }
        TRY(certificates(cx, demo));
    }
    TRY(app_demo_bodies(cx, demo, certificates));
    TRY(app_demo_past(cx, demo));
    const struct unit *shown = unit_at(cx, STR(SHOW_UNIT), calendar_today(cx));
    if (shown == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "unit " SHOW_UNIT " is not in the pack");
    }
    (void)app_demo_begin(cx, demo, shown, "");
    TRY(app_demo_write(cx, demo, shown_tx));
    TRY(exchange_install(cx, &n));
    demo->unit = shown; /* the day's other accounts made it the province */
    TRY(app_demo_exchange(cx, demo));
    TRY(app_demo_write(cx, demo, app_demo_province));
    return app_demo_records(cx, demo->shown);
}

enum err
app_demo_paper(struct ctx *cx, const char *title, struct str *ret)
{
    struct str source =
        str_fmt(cx->arena,
                "<document title=\"%s\" size=\"14\"><title>%s</title>"
                "<p>Tài liệu do chương trình tạo ra để thử, không có giá trị.</p></document>",
                title, title);
    const struct pdf_template *t = NULL;
    struct pdf_fault fault = { 0 };
    struct pdf_out out;
    struct json *doc = NULL;
    struct json_limits limits = { 0 };
    TRY(pdf_template_parse(cx->arena, source, &t, &fault));
    TRY(json_parse(cx->arena, STR("{}"), limits, &doc, NULL));
    TRY(pdf_render(cx, t, doc, 0, &out));
    *ret = out.bytes;
    return ERR_OK;
}

enum err
app_demo_simulate(struct ctx *cx, int64_t n, int32_t days)
{
    struct app_simulation what = { .n = n, .days = days, .pin = STR(PIN), .shown = STR(SHOW_UNIT) };
    TRY(app_demo_paper(cx, "Giấy tờ mẫu", &what.paper));
    TRY(password_hash(cx, STR(PASSWORD), &what.hash));
    (void)printf("Filing %" PRId64 " generated dossiers over %d days ...\n", n, days);
    return app_simulate(cx, &what);
}

enum err
app_demo_fill_up(struct ctx *cx, int64_t n, int32_t days)
{
    struct indicator_query all = { 0 };
    int64_t have = 0;
    TRY(indicator_sum(cx, &all, "received", &have));
    return have >= n ? ERR_OK : app_demo_simulate(cx, n - have, days);
}

void
app_demo_print(struct ctx *cx)
{
    struct str province = pack_province_at(pack_now(cx), calendar_today(cx));
    (void)printf(
        "\nGenerated demo accounts (password of all: %s)\n"
        "  citizen      %s   Thị Mơ, xã Bom Bo\n"
        "  one-stop     motcua.%s\n  specialist   chuyenvien.%s\n  leader       lanhdao.%s   "
        "signing PIN %s\n"
        "  clerk        vanthu.%s\n  cashier      thuphi.%s\n  inspector    giamsat.%s\n  operator "
        "    quantri.%s\n  integrator   tichhop.%s   the exchange: /truc\n  leader above all units "
        "  lanhdao." STR_FMT "\n"
        "\nFirst things to try\n"
        "  1. Type \"giay doc than\" into the search box, begin, sign in as the citizen and file.\n"
        "  2. In another browser, as the one-stop officer, accept it at /can-bo. Pay as the "
        "citizen; "
        "as the specialist, propose.\n"
        "  3. As the leader, sign it at /can-bo/ky, and see the figures move at /lanh-dao.\n"
        "Signed evidence (/truc/bang-chung) needs two installations: `make run-two` runs both.\n\n",
        PASSWORD, CITIZEN_ID, SHOW_UNIT, SHOW_UNIT, SHOW_UNIT, PIN, SHOW_UNIT, SHOW_UNIT, SHOW_UNIT,
        SHOW_UNIT, SHOW_UNIT, STR_ARG(province));
}
