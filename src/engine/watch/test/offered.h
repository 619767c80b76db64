/* offered.h: a member of the exchange whose system offers a service, for tests of the monitoring.
 */
#ifndef ENGINE_WATCH_TEST_OFFERED_H
#define ENGINE_WATCH_TEST_OFFERED_H

#include "engine/watch/watch.h"
#include "lib/harness.h"

/* The service; sla_ms 0: it promises nothing. */
static inline int64_t
offered(struct ctx *cx, const char *member, int64_t sla_ms, int64_t *ret_system)
{
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = str_of(member),
                                 .name = STR("Sở"),
                                 .name_en = STR(""),
                                 .contact = STR("") };
    ASSERT_OK(cx, exchange_member_add(cx, &m));
    struct exchange_subsystem s = { .member_id = m.id,
                                    .code = STR("DAT"),
                                    .name = STR("Đất"),
                                    .contact = STR(""),
                                    .ip_allow = STR("") };
    ASSERT_OK(cx, exchange_subsystem_add(cx, &s));
    struct exchange_service v = { .subsystem_id = s.id,
                                  .code = STR("so-dat"),
                                  .name = STR("Sổ đất"),
                                  .data_class = STR("personal"),
                                  .endpoint = STR("http://127.0.0.1:1"),
                                  .sla_ms = sla_ms,
                                  .timeout_ms = 1000 };
    ASSERT_OK(cx, exchange_service_add(cx, &v));
    *ret_system = s.id;
    return v.id;
}

#endif
