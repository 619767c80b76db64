/* watch.h: operational monitoring of the exchange: sums by month, the map, slow and failing
 * services, alarms, open figures. Derived from the accounts of calls; no content. */
#ifndef ENGINE_WATCH_WATCH_H
#define ENGINE_WATCH_WATCH_H

#include "engine/exchange/exchange.h"

/* --- limits and alarms -------------------------------------------------------------------------
 */
enum watch_rule {
    WATCH_ERRORS, /* failed calls of a service in the last 15 minutes, per thousand */
    WATCH_SLOW, /* mean time of a service's calls in the last 15 minutes, percent of its promise */
    WATCH_SILENCE, /* minutes without a call at a service that is called every day */
    WATCH_CERT,    /* days until a member's signing certificate ends */
    WATCH_RULES
};
extern const char *const watch_rule_names[WATCH_RULES];
struct watch_limits {
    int64_t v[WATCH_RULES]; /* 0: the rule is off */
};
NODISCARD enum err watch_limits(struct ctx *cx, struct watch_limits *ret);
/* ERR_INVALID with a problem on the rule's name. */
NODISCARD enum err watch_limit_set(struct ctx *cx, enum watch_rule rule, int64_t value);
struct watch_alarm {
    int64_t id, since_us, ended_us, value, limit_n; /* ended_us 0: it is on */
    struct str rule, object, name;
};
/* Those that are on first, then newest; at most 100. */
NODISCARD enum err watch_alarms(struct ctx *cx, struct watch_alarm **ret, size_t *ret_n);
NODISCARD enum err watch_alarms_on(struct ctx *cx, int64_t *ret_n);

/* What is seen of a service in a window of time. */
struct watch_service {
    int64_t id, n, n_faults, took_us, sla_ms;
};
/* The value by which a rule judges, and whether it breaks the limit. Few calls break nothing. */
bool watch_breaks(enum watch_rule rule, int64_t limit, const struct watch_service *s,
                  int64_t *ret_value);

/* --- sums --------------------------------------------------------------------------------------
 */
struct watch_sum {
    struct str month; /* 2026-11 */
    int64_t consumer_id, service_id, agreement_id, n, n_faults, bytes, took_us;
    struct str consumer, service; /* names */
};
/* Of a month, most calls first; at most 200. */
NODISCARD enum err watch_sums(struct ctx *cx, struct str month, struct watch_sum **ret,
                              size_t *ret_n);
/* The open figures: per month and service, without consumers, only months that ended at least a
 * week ago; newest first, at most 500. */
NODISCARD enum err watch_open(struct ctx *cx, struct watch_sum **ret, size_t *ret_n);

/* --- the map -----------------------------------------------------------------------------------
 */
#define WATCH_MAP_MAX 60 /* lines drawn; the table beside it has all */
/* SVG of who calls whom: systems left, services right; thickness by number, dashed where calls
 * fail. Words are escaped; has a title. */
struct str watch_draw(struct ctx *cx, const struct exchange_count *v, size_t n, struct str title);

extern const struct jobs_timed watch_timed[];

#endif
