/* relay_nets.c: network addresses and the lists of networks a client may call from. */
#include "net/relay_int.h"

#include <arpa/inet.h>

/* One IP address as 16 bytes; IPv4 becomes ::ffff:a.b.c.d. */
bool
net_address(struct str text, uint8_t ret[16])
{
    char z[64];
    struct in_addr v4;
    if (text.n == 0 || text.n >= sizeof(z)) {
        return false;
    }
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, &v4) == 1) {
        memset(ret, 0, 10);
        memset(ret + 10, 0xff, 2);
        memcpy(ret + 12, &v4, 4);
        return true;
    }
    return inet_pton(AF_INET6, z, ret) == 1;
}

static bool
net_parse(struct str text, struct rnet *ret)
{
    struct str at;
    struct str bits;
    int64_t n = 128;
    bool has_bits = str_cut(text, '/', &at, &bits);
    bool is_v4 = !str_has_char(at, ':');
    if (!net_address(at, ret->at) || (has_bits && !str_to_i64(bits, 0, is_v4 ? 32 : 128, &n))) {
        return false;
    }
    ret->bits = (uint32_t)(has_bits && is_v4 ? n + 96 : n);
    return true;
}

enum err
nets_parse(struct ctx *cx, struct arena *a, const char *what, size_t index, const struct str *texts,
           size_t n, struct rnets *ret)
{
    struct rnet *v = ARENA_ARRAY(a, struct rnet, n);
    for (size_t i = 0; i < n; i++) {
        if (!net_parse(texts[i], &v[i])) {
            return err_set(cx, ERR_INVALID,
                           "%s[%zu].networks: \"" STR_FMT "\" is not a network like 10.1.0.0/16",
                           what, index, STR_ARG(texts[i]));
        }
    }
    *ret = (struct rnets){ v, n };
    return ERR_OK;
}

static bool
net_has(const struct rnet *net, const uint8_t at[16])
{
    uint32_t whole = net->bits / 8;
    uint32_t rest = net->bits % 8;
    if (memcmp(net->at, at, whole) != 0) {
        return false;
    }
    return rest == 0 || ((net->at[whole] ^ at[whole]) >> (8 - rest)) == 0;
}

/* An empty list holds everybody. */
bool
nets_have(struct rnets nets, const uint8_t at[16])
{
    for (size_t i = 0; i < nets.n; i++) {
        if (net_has(&nets.v[i], at)) {
            return true;
        }
    }
    return nets.n == 0;
}
