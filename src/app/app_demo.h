/* app_demo.h: shared by the files that make the generated demo. */
#ifndef APP_APP_DEMO_H
#define APP_APP_DEMO_H

#include "app/app_int.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"

#define LIST_MAX 64

enum list_kind {
    SURNAME,
    MALE_MIDDLE,
    FEMALE_MIDDLE,
    MALE_GIVEN,
    FEMALE_GIVEN,
    STIENG_MALE,
    STIENG_FEMALE,
    KHMER_MALE,
    KHMER_FEMALE,
    HAMLET,
    COMPANY,
    KIND_COUNT
};

struct demo {
    struct str lists[KIND_COUNT][LIST_MAX];
    size_t n[KIND_COUNT];
    struct sys_random_seeded random;
    struct str hash;
    const struct unit *unit;
    uint32_t n_units, serial, n_businesses;
    int64_t leader, shown; /* account; party */
    struct str leader_name;
};

uint32_t app_demo_draw(struct demo *demo, uint32_t below);
struct str app_demo_pick(struct demo *demo, enum list_kind kind);
/* A person of demo->unit, born in that year (0: any grown-up's). */
struct party app_demo_person(struct ctx *cx, struct demo *demo, int32_t year);
/* Turns to a unit. False when its officers are there already (their leader is then demo->leader).
 */
bool app_demo_begin(struct ctx *cx, struct demo *demo, const struct unit *u, const char *suffix);
/* store_write of a function over the demo, which may run twice: each run begins with the demo as it
 * is now, chance included; the last run's is kept. */
typedef enum err demo_tx_fn(struct ctx *cx, struct demo *demo);
NODISCARD enum err app_demo_write(struct ctx *cx, struct demo *demo, demo_tx_fn *fn);
struct demo_officer {
    const char *role, *slug, *title;
};
/* [tx] Person, account "slug.unit" and position; suffix (may be empty) makes the login of a unit
 * that lived before with the same code. */
NODISCARD enum err app_demo_officer(struct ctx *cx, struct demo *demo, const struct demo_officer *o,
                                    const char *suffix, struct str valid_to);

/* --- app_demo_more.c --- */
/* [tx] Families, businesses and who represents them, in demo->unit. */
NODISCARD enum err app_demo_families(struct ctx *cx, struct demo *demo);
NODISCARD enum err app_demo_businesses(struct ctx *cx, struct demo *demo);
/* [tx] A spouse, a child and a cooperative for the citizen that is shown first. */
NODISCARD enum err app_demo_household(struct ctx *cx, struct demo *demo, const struct party *who);
/* Bodies that decide beside the communes (departments, police, insurance), and the units of
 * 2025-06-30 with positions that ended then. made: called for each body of today. */
NODISCARD enum err app_demo_bodies(struct ctx *cx, struct demo *demo,
                                   enum err (*made)(struct ctx *cx, const struct demo *demo));
NODISCARD enum err app_demo_past(struct ctx *cx, struct demo *demo);
/* Communes with systems, agreements in each state and a day of calls, labelled as generated. */
NODISCARD enum err app_demo_exchange(struct ctx *cx, struct demo *demo);
/* Boxes of two systems, with messages taken, refused and waiting, labelled as generated. */
NODISCARD enum err app_demo_boxes(struct ctx *cx, int64_t sender, int64_t receiver);
/* [tx] The exchange in its whole size: 234 members and 200 services. */
NODISCARD enum err app_demo_province(struct ctx *cx, struct demo *demo);
/* Papers in the records store of one person. */
NODISCARD enum err app_demo_records(struct ctx *cx, int64_t party);

#endif
