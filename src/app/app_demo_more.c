/* app_demo_more.c: families, businesses, other bodies, units of the past and papers of the
 * generated demo. */
#include "app/app_demo.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/paper/paper.h"
#include "store/store.h"

#define FAMILIES_N   12 /* for each commune */
#define BUSINESSES_N 3
#define PAST_LAST    "2025-06-30" /* the last day of the districts */
#define PAST_BATCH   30
#define PAST_SUFFIX  ".2025"

static struct str
surname_of(struct str name)
{
    struct str first;
    struct str rest;
    (void)str_cut(name, ' ', &first, &rest);
    return first;
}

/* A child of two parents, with the father's surname and their address. */
static enum err
child(struct ctx *cx, struct demo *demo, const struct party *mother, const struct party *father,
      int32_t year)
{
    struct party p = app_demo_person(cx, demo, year);
    struct str own = surname_of(p.name);
    struct date born = { 0 };
    (void)date_parse(p.birth_date, &born);
    p.ethnicity = father->ethnicity;
    p.name = str_cat(cx->arena, surname_of(father->name), str_slice(p.name, own.n, p.name.n));
    p.address = mother->address;
    p.phone = STR("");
    TRY(party_add(cx, &p));
    TRY(party_link_add(cx, "parent", mother->id, p.id, born, STR("generated")));
    return party_link_add(cx, "parent", father->id, p.id, born, STR("generated"));
}

/* Two people marry; both ways, as either may ask. */
static enum err
marry(struct ctx *cx, const struct party *a, const struct party *b, int32_t year)
{
    struct date day = date_of(year, 5, 12);
    TRY(party_link_add(cx, "spouse", a->id, b->id, day, STR("generated")));
    return party_link_add(cx, "spouse", b->id, a->id, day, STR("generated"));
}

static struct party
grown_up(struct ctx *cx, struct demo *demo, int32_t year, bool is_female)
{
    struct party p = app_demo_person(cx, demo, year);
    while (str_eq(p.sex, STR("female")) != is_female) {
        p = app_demo_person(cx, demo, year);
    }
    return p;
}

enum err
app_demo_families(struct ctx *cx, struct demo *demo)
{
    for (int i = 0; i < FAMILIES_N; i++) {
        int32_t year = 1970 + (int32_t)app_demo_draw(demo, 26);
        struct party father = grown_up(cx, demo, year, false);
        struct party mother = grown_up(cx, demo, year + 2, true);
        mother.address = father.address;
        TRY(party_add(cx, &father));
        TRY(party_add(cx, &mother));
        TRY(marry(cx, &father, &mother, year + 25));
        TRY(child(cx, demo, &mother, &father, year + 27));
        if (app_demo_draw(demo, 2) == 0) {
            TRY(child(cx, demo, &mother, &father, year + 30));
        }
    }
    return ERR_OK;
}

/* The next 10-digit tax code with a right check digit. */
static struct str
tax_code(struct ctx *cx, struct demo *demo)
{
    for (;;) {
        uint32_t base = 990000 + demo->n_businesses++;
        for (uint32_t digit = 0; digit < 10; digit++) {
            struct str code = str_fmt(cx->arena, "380%06u%u", base, digit);
            if (party_check_tax_code(code) == NULL) {
                return code;
            }
        }
    }
}

static enum err
business(struct ctx *cx, struct demo *demo, struct str name, int64_t owner)
{
    struct party org = { .kind = STR("org"),
                         .name = name,
                         .tax_code = tax_code(cx, demo),
                         .phone = STR("0900000000"),
                         .email = STR(""),
                         .unit = demo->unit->key,
                         .address = app_demo_pick(demo, HAMLET),
                         .source = STR("generated") };
    TRY(party_add(cx, &org));
    return party_link_add(cx, "represents", owner, org.id, date_of(2021, 3, 1), STR("generated"));
}

enum err
app_demo_businesses(struct ctx *cx, struct demo *demo)
{
    for (int i = 0; i < BUSINESSES_N; i++) {
        struct party owner = app_demo_person(cx, demo, 0);
        TRY(party_add(cx, &owner));
        TRY(business(cx, demo, app_demo_pick(demo, COMPANY), owner.id));
    }
    return ERR_OK;
}

#define HUSBAND_ID "070088000017"

enum err
app_demo_household(struct ctx *cx, struct demo *demo, const struct party *who)
{
    struct party husband = grown_up(cx, demo, 1988, false);
    husband.name = STR("Điểu Sơn"); /* known by name, for the look-up of the birth form */
    husband.personal_id = STR(HUSBAND_ID);
    husband.birth_date = STR("1988-05-02");
    husband.ethnicity = STR("Xtiêng");
    husband.address = who->address;
    TRY(party_add(cx, &husband));
    TRY(marry(cx, who, &husband, 2015));
    TRY(child(cx, demo, who, &husband, 2018));
    return business(cx, demo, STR("Hợp tác xã Thổ cẩm Sóc Bom Bo"), who->id);
}

/* --- other bodies --------------------------------------------------------------------------------
 */
static enum err
body_tx(struct ctx *cx, struct demo *demo)
{
    static const struct demo_officer officers[] = {
        { "receiver", "motcua", "Cán bộ tiếp nhận" },
        { "specialist", "chuyenvien", "Chuyên viên" },
        { "leader", "lanhdao", "Phó thủ trưởng cơ quan" },
    };
    for (size_t i = 0; i < COUNT_OF(officers); i++) {
        TRY(app_demo_officer(cx, demo, &officers[i], "", STR_NULL));
    }
    return ERR_OK;
}

enum err
app_demo_bodies(struct ctx *cx, struct demo *demo,
                enum err (*made)(struct ctx *cx, const struct demo *demo))
{
    static const enum unit_level levels[] = { UNIT_DEPARTMENT, UNIT_POLICE, UNIT_SOCIAL_INSURANCE };
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *units = NULL;
        size_t n = unit_list(cx, levels[k], calendar_today(cx), &units);
        for (size_t i = 0; i < n; i++) {
            if (app_demo_begin(cx, demo, units[i], "")) {
                TRY(app_demo_write(cx, demo, body_tx));
            }
            TRY(made(cx, demo));
        }
    }
    return ERR_OK;
}

/* --- the units of 2025-06-30
 * ------------------------------------------------------------------------ */
struct past_job {
    struct demo *demo;
    const struct unit *const *units;
    size_t n;
    uint32_t first; /* units before: a transaction may run twice */
};

static enum err
past_tx(struct ctx *cx, void *arg)
{
    static const struct demo_officer officers[] = {
        { "receiver", "motcua", "Cán bộ một cửa" },
        { "specialist", "chuyenvien", "Công chức chuyên môn" },
        { "leader", "lanhdao", "Phó Chủ tịch Ủy ban nhân dân" },
    };
    struct past_job *job = arg;
    job->demo->n_units = job->first;
    for (size_t i = 0; i < job->n; i++) {
        bool is_new = app_demo_begin(cx, job->demo, job->units[i], PAST_SUFFIX);
        for (size_t k = 0; is_new && k < COUNT_OF(officers); k++) {
            TRY(app_demo_officer(cx, job->demo, &officers[k], PAST_SUFFIX, STR(PAST_LAST)));
        }
    }
    return ERR_OK;
}

enum err
app_demo_past(struct ctx *cx, struct demo *demo)
{
    static const enum unit_level levels[] = { UNIT_COMMUNE, UNIT_DISTRICT };
    struct date last = { 0 };
    (void)date_parse(STR(PAST_LAST), &last);
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *units = NULL;
        size_t n = unit_list(cx, levels[k], last, &units);
        for (size_t i = 0; i < n; i += PAST_BATCH) {
            struct past_job job = { demo, units + i, n - i < PAST_BATCH ? n - i : PAST_BATCH,
                                    demo->n_units };
            TRY(store_write(cx, past_tx, &job));
        }
    }
    return ERR_OK;
}

/* --- papers
 * ------------------------------------------------------------------------------------------ */
enum err
app_demo_records(struct ctx *cx, int64_t party)
{
    static const struct {
        const char *type, *title, *number;
    } papers[] = {
        { "giay-khai-sinh", "Giấy khai sinh (mẫu)", "90/1990" },
        { "giay-chung-nhan-ket-hon", "Giấy chứng nhận kết hôn (mẫu)", "21/2015" },
        { "giay-to-cho-o", "Giấy tờ chứng minh chỗ ở hợp pháp (mẫu)", "07/2019" },
    };
    for (size_t i = 0; i < COUNT_OF(papers); i++) {
        struct record kept;
        struct str pdf;
        struct record in = { .owner_id = party,
                             .type = str_of(papers[i].type),
                             .title = str_of(papers[i].title),
                             .number = str_of(papers[i].number),
                             .media = STR("application/pdf"),
                             .issuer = STR("Dữ liệu mẫu"),
                             .pages = 1,
                             .issued = date_of(2020, 1, 15) };
        TRY(app_demo_paper(cx, papers[i].title, &pdf));
        TRY(record_add(cx, &in, pdf, &kept));
    }
    return ERR_OK;
}
