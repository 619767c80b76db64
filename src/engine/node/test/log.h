/* log.h: a log of its own for each test of evidence. */
#ifndef ENGINE_NODE_TEST_LOG_H
#define ENGINE_NODE_TEST_LOG_H

#include "engine/node/test/fixture.h"

#include "gen/q_node.h"

static inline struct str
log_dir(struct ctx *cx)
{
    ASSERT_OK(cx, sys_mkdirs(cx, node_log_dir(cx)));
    return node_log_dir(cx);
}

static inline struct node_log *
log_of(struct ctx *cx, int64_t max_bytes)
{
    struct node_log *l = NULL;
    ASSERT_OK(cx, node_log_open(cx, log_dir(cx), max_bytes, &l));
    return l;
}

static inline enum err
add(struct ctx *cx, struct node_log *l, const char *words)
{
    const struct node_record r = { .type = NODE_REFUSAL, .at_us = 5, .body = str_of(words) };
    return node_log_add(cx, l, &r, 1);
}

static inline enum err
mark_tx(struct ctx *cx, void *arg)
{
    return q_node_mark_set(cx, NULL, .seq = *(const int64_t *)arg, .segment = 1, .at = 0);
}

#endif
