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
    WATCH_TLS,     /* days until a TLS certificate ends: of the relay, of a service, of a node */
    WATCH_PAIR,    /* as WATCH_ERRORS, of one system's calls at a service that is well for others */
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
/* Those that are on, newest first, then those that ended, last ended first; below `after`, the
 * last one shown (all zero: from the first); at most `most`. */
NODISCARD enum err watch_alarms(struct ctx *cx, const struct watch_alarm *after, size_t most,
                                struct watch_alarm **ret, size_t *ret_n);
NODISCARD enum err watch_alarms_on(struct ctx *cx, int64_t *ret_n);

/* TLS certificates that this program shows or was shown: of the relay, of services at the last
 * handshake, of other installations as pinned, of systems that call with one (their last). */
struct watch_tls {
    struct str name;
    int64_t until_us;
};
NODISCARD enum err watch_tls(struct ctx *cx, struct watch_tls **ret, size_t *ret_n);

/* What is seen of a service in a window of time. */
struct watch_service {
    int64_t id, n, n_faults, took_us, sla_ms;
};
/* The value by which a rule judges, and whether it breaks the limit. Few calls break nothing. */
bool watch_breaks(enum watch_rule rule, int64_t limit, const struct watch_service *s,
                  int64_t *ret_value);
/* Faults per thousand calls; mean time in percent of the promise. 0 of other rules. */
int64_t watch_value(enum watch_rule rule, const struct watch_service *s);

/* --- who talks to whom (watch_pairs.c) ----------------------------------------------------------
 * Every pair of a system and a service in a window of time is looked at, however many there are;
 * what is shown of them is a part, and the counts are of all. The window is of when calls were
 * written down, and the same for all parts of one list. */
struct watch_pair {
    int64_t consumer_id, service_id, n, n_faults, took_us, bytes; /* id 0: unknown */
    struct str consumer, service;                                 /* names */
};
struct watch_window {
    int64_t from_us, to_us;
    struct str words; /* part of the name of one of both; null or empty: any */
    bool is_faulty;   /* only where calls failed */
    size_t most;
};
struct watch_pairs {
    struct watch_pair *v; /* busiest first */
    size_t n;
    int64_t n_pairs, n_calls, n_faults; /* of all that were asked for */
    bool has_more;                      /* below the last of v */
};
/* after: n, consumer_id and service_id of the last one shown; all zero: from the first. */
NODISCARD enum err watch_pairs(struct ctx *cx, const struct watch_window *w,
                               const struct watch_pair *after, struct watch_pairs *ret);
struct watch_seen {
    struct watch_service sum;
    int64_t faults_permille, slow_percent; /* of its promise */
    bool is_failing, is_slow;              /* breaks the limit of an alarm */
    struct str name, owner;
};
struct watch_services {
    struct watch_seen *v; /* those that break a limit first, then the more faulty, the slower */
    size_t n;
    int64_t n_called, n_failing, n_slow; /* of all that were asked for */
    bool has_more;
};
/* after: id of the last one shown; 0: from the first. */
NODISCARD enum err watch_services(struct ctx *cx, const struct watch_window *w, int64_t after,
                                  struct watch_services *ret);

/* --- sums --------------------------------------------------------------------------------------
 */
struct watch_sum {
    struct str month; /* 2026-11 */
    int64_t consumer_id, service_id, agreement_id, n, n_faults, bytes, took_us;
    struct str consumer, service; /* names */
};
struct watch_sums {
    struct watch_sum *v; /* most calls first */
    size_t n;
    int64_t n_sums, n_calls, n_faults; /* of all that were asked for */
    bool has_more;
};
/* Of a month; words as in watch_window. after: n, consumer, service and agreement of the last one
 * shown; all zero: from the first. The sums of a running month grow: what passes the last one
 * shown meanwhile stands above it. */
NODISCARD enum err watch_sums(struct ctx *cx, struct str month, struct str words,
                              const struct watch_sum *after, size_t most, struct watch_sums *ret);
/* The month of an instant, as 2026-11, of Vietnam; or the one that was n_back months before it. */
struct str watch_month(struct ctx *cx, int64_t at_us, int32_t n_back);
/* Calls of a month, of all together. */
NODISCARD enum err watch_month_n(struct ctx *cx, struct str month, int64_t *ret_n);
/* The open figures: per month and service, without consumers, only months that ended at least a
 * week ago; newest first, below a month and service (null, 0: from the first); at most `most`. */
NODISCARD enum err watch_open(struct ctx *cx, struct str month, int64_t after, size_t most,
                              struct watch_sum **ret, size_t *ret_n);

/* --- the map -----------------------------------------------------------------------------------
 */
#define WATCH_MAP_MAX 30 /* lines drawn; the list beside it has all */
/* SVG of who calls whom: systems left, services right; thickness by number, dashed where calls
 * fail. Words are escaped; has a title. */
struct str watch_draw(struct ctx *cx, const struct watch_pair *v, size_t n, struct str title);

/* --- the query of X-Road's operational monitoring (PR-OPMON; watch_opmon.c) --------------------
 * Records are the accounts of calls, one a call. */
#define WATCH_OPMON_DELAY_S 60    /* younger calls may not all be stored yet */
#define WATCH_OPMON_CALLS   20000 /* looked at for one answer, then to the end of that second */
struct watch_opmon {
    int64_t from_s, to_s; /* Unix time, both inclusive */
    int64_t system_id;    /* only calls in which it takes part; 0: all (the owner asks) */
    struct str partner;   /* path of a member or subsystem that takes part too; null: any */
    uint64_t fields;      /* 1 << watch_opmon_field(); 0: all */
};
struct watch_opmon_records {
    int64_t n, next_s; /* next_s: recordsFrom of the query that goes on; 0: that was all */
    struct str gzip;   /* {"records": [...]} */
};
/* Number of an output field; -1: there is none of that name. */
int watch_opmon_field(struct str name);
/* ERR_INVALID with words for the asker. */
NODISCARD enum err watch_opmon_records(struct ctx *cx, const struct watch_opmon *q,
                                       struct watch_opmon_records *ret);
struct watch_spread { /* of a number over calls */
    int64_t min, max;
    int64_t mean_tenths, deviation_tenths;
};
struct watch_opmon_service {
    struct str provider, code, kind; /* kind: WSDL, REST, OPENAPI3 */
    int64_t good_us, bad_us;         /* last calls of each kind since `since_us`; 0: none */
    int64_t n_good, n_bad;           /* in the period */
    struct watch_spread took_ms, bytes_in, bytes_out; /* of good and bad ones together */
};
struct watch_opmon_health {
    int64_t period_s;
    struct watch_opmon_service *v;
    size_t n;
};
/* Published services (of a member or subsystem, with partner), calls of the last ten minutes; a
 * shorter period, which is told, where they were very many. */
NODISCARD enum err watch_opmon_health(struct ctx *cx, struct str partner, int64_t since_us,
                                      struct watch_opmon_health *ret);

extern const struct jobs_timed watch_timed[];

#endif
