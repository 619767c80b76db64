/* fuzz_jwt.c: nothing but the one well-signed message passes; key sets are read without harm. */
#include "fuzz.h"

#include "codec/base64.h"
#include "crypto/jose.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0) };
    struct key *k = NULL;
    struct jose_set *set = NULL;
    struct str x;
    struct str payload;
    struct str s = fuzz_str(data, n);
    ASSERT(base64_url_decode(cx.arena, STR("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), &x));
    ASSERT(key_from_ed25519(&cx, x, &k) == ERR_OK);
    if (jose_verify(&cx, k, s, &payload) == ERR_OK) { /* RFC 8037, A.4 */
        ASSERT(str_eq(payload, STR("Example of Ed25519 signing")));
    }
    if (jose_set_parse(&cx, s, &set) == ERR_OK) {
        ASSERT(jose_set_verify(&cx, set, STR("eyJhbGciOiJub25lIn0.e30."), &payload) != ERR_OK);
        jose_set_free(set);
    }
    key_free(k);
    arena_close(cx.arena);
    return 0;
}
