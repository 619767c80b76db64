/* exchange_xroad.c: messages of the X-Road message protocol that the program itself answers. */
#include "codec/xroad.h"
#include "engine/exchange/exchange_int.h"

#define DEPTH_MAX 12
#define NODES_MAX 400

struct str
exchange_xroad_client(struct ctx *cx, const struct xml *e)
{
    return xroad_client(cx->arena, e);
}

void
exchange_xroad_put(struct buf *b, const char *tag, struct str path, bool is_server,
                   struct str service, struct str version)
{
    xroad_put(b, tag, path, is_server, service, version);
}

enum err
exchange_xroad_read(struct ctx *cx, struct str bytes, struct exchange_xroad *ret,
                    const char **ret_fault)
{
    const struct xml_limits limits = { .bytes_max = (uint32_t)EXCHANGE_XROAD_BYTES,
                                       .depth_max = DEPTH_MAX,
                                       .nodes_max = NODES_MAX };
    const char *what = NULL;
    struct xroad m;
    if (xroad_read(cx->arena, bytes, limits, XROAD_WHOLE, &m, ret_fault, &what) != ERR_OK) {
        return err_set(cx, ERR_INVALID, "%s", what);
    }
    if (m.has_must) {
        *ret_fault = "InvalidHeaderField";
        return err_set(cx, ERR_INVALID, "a field that must be understood");
    }
    *ret = (struct exchange_xroad){ m.client, m.provider, m.code,  m.version, m.server,
                                    m.id,     m.user_id,  m.issue, m.body };
    return ERR_OK;
}

enum err
exchange_owner(struct ctx *cx, struct str *ret)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    if (set == NULL || set->consumer.n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "the pack names no consumer");
    }
    size_t end = set->consumer.n;
    while (end > 0 && set->consumer.p[end - 1] != '/') {
        end--;
    }
    *ret = str_slice(set->consumer, 0, end == 0 ? 0 : end - 1);
    return ERR_OK;
}
