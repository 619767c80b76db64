/* exchange_meta.c: what there is to call, for programs that ask: members and their subsystems, what
 * a subsystem offers, and what of it one may call (X-Road's metadata services, PR-META, PR-MREST).
 */
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "sys/sys.h"

#define OFFERS_MAX 200

static const char *const codes[] = { "listMethods", "allowedMethods", "getOpenAPI" };

size_t
exchange_meta_codes(const char *const **ret)
{
    *ret = codes;
    return COUNT_OF(codes);
}

bool
exchange_meta_is_code(struct str code)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (str_eq(code, str_of(codes[i]))) {
            return true;
        }
    }
    return false;
}

/* Keeps the operations that the agreement gives today, at whatever hour. */
static enum err
keep_allowed(struct ctx *cx, struct str consumer, struct exchange_offer *o)
{
    struct exchange_request rq = { .consumer = consumer,
                                   .service = o->service.path,
                                   .operation = STR("") };
    struct exchange_case c;
    int64_t now_us = sys_now_us(cx);
    size_t n = 0;
    TRY(exchange_case_get(cx, &rq, &c));
    for (size_t i = 0; i < o->n_operations; i++) {
        struct str fault =
            exchange_agreement_fault(c.agreement.id == 0 ? NULL : &c.agreement,
                                     o->operations[i].code, date_at_vn(now_us), now_us);
        if (str_is_empty(fault) || str_eq(fault, STR("hours"))) {
            o->operations[n++] = o->operations[i];
        }
    }
    o->n_operations = n;
    return ERR_OK;
}

enum err
exchange_offers(struct ctx *cx, const struct exchange_subsystem *provider, struct str consumer,
                struct exchange_offer **ret, size_t *ret_n)
{
    struct q_xservice_of_sub_list list;
    size_t n = 0;
    TRY(q_xservice_of_sub(cx, &list, .subsystem_id = provider->id, .limit_n = OFFERS_MAX));
    struct exchange_offer *v = ARENA_ARRAY(cx->arena, struct exchange_offer, list.n + 1);
    for (size_t i = 0; i < list.n; i++) {
        struct exchange_offer o = { .kind = list.v[i].kind };
        TRY(exchange_service_get(cx, list.v[i].id, &o.service));
        if (!str_eq(o.service.state, STR("published"))) {
            continue; /* its member is suspended */
        }
        TRY(exchange_operations(cx, o.service.version_id, &o.operations, &o.n_operations));
        if (consumer.p != NULL) {
            TRY(keep_allowed(cx, consumer, &o));
        }
        if (o.n_operations != 0) {
            v[n++] = o;
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}
