/* fuzz_node_message.c: messages of signed exchange: what is read is bounded and is all of the
 * bytes; nothing that matters can stand twice. */
#include "fuzz.h"

#include "engine/node/node_int.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct node_message m;
    struct str s = fuzz_str(data, n);
    for (int i = 0; i < 2; i++) {
        enum node_kind kind = i == 0 ? NODE_REQUEST : NODE_ANSWER;
        if (node_message_read_head(s, kind, &m)) { /* a large body is elsewhere */
            ASSERT(m.head.n == s.n && m.body.n == 0 && m.body_bytes >= 0);
            ASSERT(m.body_bytes <= NODE_BODY_BYTES);
        }
        if (node_message_read(s, kind, &m)) {
            ASSERT(m.head.n + m.body.n == s.n && m.n_headers <= HTTP_HEADERS_MAX);
            ASSERT(m.client.n != 0 && m.client.n <= 1024 && m.request_id.n != 0);
            ASSERT(kind == NODE_REQUEST ? m.target.n != 0 && m.target.p[0] == '/'
                                        : m.status >= 200 && m.status <= 599);
        }
    }
    return 0;
}
