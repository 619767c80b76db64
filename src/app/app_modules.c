/* app_modules.c: the one list of modules: their parts of a pack, jobs and routes. */
#include "app/app_int.h"
#include "engine/access/access.h"
#include "engine/box/box.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange.h"
#include "engine/flow/flow.h"
#include "engine/form/form.h"
#include "engine/indicator/indicator.h"
#include "engine/ledger/ledger.h"
#include "engine/node/node.h"
#include "engine/notice/notice.h"
#include "engine/print/print.h"
#include "engine/procedure/procedure.h"
#include "engine/search/search.h"
#include "engine/unit/unit.h"
#include "engine/watch/watch.h"
#include "office/account/account.h"
#include "office/counter/counter.h"
#include "office/filing/filing.h"
#include "office/gateway/gateway.h"
#include "office/guide/guide.h"
#include "office/leader/leader.h"
#include "office/mine/mine.h"
#include "office/onestop/onestop.h"
#include "office/operator/operator.h"
#include "office/portal/portal.h"
#include "web/web.h"

/* In this order: later parts check against earlier ones. */
static pack_part_fn *const parts[] = {
    pack_part_site,      pack_part_texts,  unit_pack_part,     calendar_pack_part,
    access_pack_part,    form_pack_part,   flow_pack_part,     print_pack_load,
    procedure_pack_part, search_pack_part, exchange_pack_part,
};

size_t
app_pack_parts(pack_part_fn *const **ret)
{
    *ret = parts;
    return COUNT_OF(parts);
}

static const struct jobs_topic *const topics[] = { notice_topics, dossier_topics, exchange_topics,
                                                   node_topics, box_topics };
static const struct jobs_timed *const timed[] = { ledger_timed,    access_timed,   dossier_timed,
                                                  indicator_timed, exchange_timed, box_timed,
                                                  watch_timed,     app_timed };

const struct jobs_config *
app_jobs(void)
{
    static const struct jobs_config config = { .topics = topics,
                                               .n_topics = COUNT_OF(topics),
                                               .timed = timed,
                                               .n_timed = COUNT_OF(timed),
                                               .n_threads = 2 };
    return &config;
}

store_connect_fn *const *
app_on_connect(void)
{
    static store_connect_fn *const list[] = { search_on_connect, NULL };
    return list;
}

/* One line an office. */
static const struct web_routes *const routes[] = {
    &web_own_routes, &account_routes,  &mine_routes,    &portal_routes,
    &guide_routes,   &onestop_routes,  &leader_routes,  &filing_routes,
    &counter_routes, &operator_routes, &gateway_routes,
};

size_t
app_routes(const struct web_routes *const **ret)
{
    *ret = routes;
    return COUNT_OF(routes);
}
