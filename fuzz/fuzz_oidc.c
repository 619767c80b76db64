/* fuzz_oidc.c: an e-ID provider's discovery document and its claims. */
#include "fuzz.h"

#include "crypto/jose.h"
#include "office/account/account_oidc.h"
#include "sys/sys.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0), .clock = &sys_clock_real };
    struct oidc_provider p;
    struct json *claims = NULL;
    struct json_fault fault;
    struct str s = fuzz_str(data, n);
    if (oidc_provider_read(&cx, STR("https://eid.example"), s, &p) == ERR_OK) {
        ASSERT(str_eq(p.issuer, STR("https://eid.example")));
        ASSERT(p.authorize.n > 0 && p.token.n > 0 && p.keys.n > 0);
    }
    if (json_parse(cx.arena, s, (struct json_limits){ .depth_max = 8, .nodes_max = 4000 }, &claims,
                   &fault) == ERR_OK) {
        struct jose_claims want = { .issuer = STR("https://eid.example"),
                                    .audience = STR("bombo"),
                                    .nonce = STR("n-1") };
        if (jose_check_claims(&cx, claims, want) == ERR_OK) {
            ASSERT(str_eq(json_text(claims, "iss"), want.issuer));
            ASSERT(str_eq(json_text(claims, "nonce"), want.nonce));
        }
    }
    arena_close(cx.arena);
    return 0;
}
