/* watch_int.h: shared inside the module. */
#ifndef ENGINE_WATCH_WATCH_INT_H
#define ENGINE_WATCH_WATCH_INT_H

#include "engine/watch/watch.h"

/* --- watch_pairs.c -----------------------------------------------------------------------------
 */
struct watch_ids { /* in order */
    int64_t *v;
    size_t n, room;
};
/* Of all services. */
NODISCARD enum err watch_service_ids(struct ctx *cx, struct watch_ids *ret);
struct watch_names; /* systems and services whose name has some words */
/* Null when there are no words. */
NODISCARD enum err watch_names_find(struct ctx *cx, struct str words,
                                    const struct watch_names **ret);
/* Is one of both among them? Of no words: always. */
bool watch_names_have(const struct watch_names *names, int64_t consumer_id, int64_t service_id);
/* Names once asked for are kept while a list is made: a long one has few different ones. */
#define NAMES_KEPT 509
struct watch_names_of {
    struct watch_name {
        int64_t id;
        struct str name;
    } systems[NAMES_KEPT], services[NAMES_KEPT];
};
struct watch_names_of *watch_names_of(struct ctx *cx);
/* Empty: unknown. */
struct str watch_system_name(struct ctx *cx, struct watch_names_of *names, int64_t id);
struct str watch_service_name(struct ctx *cx, struct watch_names_of *names, int64_t id,
                              bool is_path);
/* All pairs of a window, busiest first, without names. */
NODISCARD enum err watch_pairs_all(struct ctx *cx, int64_t from_us, int64_t to_us,
                                   struct watch_pair **ret, size_t *ret_n);
/* The same added up by service, in order of their ids; calls of no known service are left out. */
NODISCARD enum err watch_services_of(struct ctx *cx, const struct watch_pair *v, size_t n,
                                     struct watch_service **ret, size_t *ret_n);

/* --- watch_alarm.c -----------------------------------------------------------------------------
 */
NODISCARD enum err watch_alarms_look(struct ctx *cx, int64_t *ret_again_us); /* timed */

#endif
