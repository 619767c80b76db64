/* app_demo_box.c: message boxes of the demo: one commune's system writes to another's; some
 * messages are taken, one is refused, one waits. All of it is generated and says so. */
#include "app/app_demo.h"
#include "engine/box/box.h"
#include "engine/exchange/exchange.h"

#define TAKEN 3

static enum err
may_write(struct ctx *cx, int64_t from, int64_t service)
{
    struct exchange_agreement a = { .consumer_id = from,
                                    .service_id = service,
                                    .operations = STR("gui"),
                                    .purpose = text(cx, "app.demo.box.purpose"),
                                    .legal_basis = text(cx, "exchange.install.legal") };
    TRY(exchange_ask_access(cx, &a));
    a.state = STR("granted");
    a.note = text(cx, "app.demo.exchange.note");
    return exchange_agreement_decide(cx, &a);
}

static enum err
put(struct ctx *cx, struct str from, struct str to, int i)
{
    size_t n = 0;
    bool is_again = false;
    struct box_message m = { .name = str_fmt(cx->arena, "mau-%d", i),
                             .receiver = to,
                             .topic = STR(""),
                             .type = STR("text/plain"),
                             .issue = STR(""),
                             .body = text(cx, "app.demo.box.body") };
    m.n_bytes = (int64_t)m.body.n;
    return box_put(cx, from, &m, &n, &is_again);
}

/* What was fetched is taken, but for the last, which is refused. */
static enum err
take(struct ctx *cx, struct str who)
{
    struct box_message *v = NULL;
    size_t n = 0;
    TRY(box_fetch(cx, who, TAKEN + 1, &v, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(i < TAKEN ? box_acknowledge(cx, who, v[i].id)
                      : box_refuse(cx, who, v[i].id, text(cx, "app.demo.box.refused")));
    }
    return ERR_OK;
}

enum err
app_demo_boxes(struct ctx *cx, int64_t sender, int64_t receiver)
{
    struct exchange_subsystem from;
    struct exchange_subsystem to;
    int64_t service = 0;
    int64_t back = 0;
    TRY(exchange_subsystem_get(cx, sender, &from));
    TRY(exchange_subsystem_get(cx, receiver, &to));
    TRY(box_open(cx, to.id, false, &service));
    TRY(box_open(cx, from.id, false, &back));
    TRY(may_write(cx, from.id, service));
    TRY(may_write(cx, to.id, back));
    for (int i = 1; i <= TAKEN + 1; i++) {
        TRY(put(cx, from.path, to.path, i));
    }
    TRY(take(cx, to.path));
    TRY(put(cx, from.path, to.path, TAKEN + 2)); /* waits */
    TRY(put(cx, to.path, from.path, 1));
    return take(cx, from.path);
}
