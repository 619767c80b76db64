/* ledger_store.c: adding entries and reading them. */
#include "engine/ledger/ledger.h"

#include "base/buf.h"
#include "crypto/digest.h"
#include "gen/q_ledger.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIST_MAX 100

struct str
ledger_object(struct ctx *cx, const char *kind, int64_t id)
{
    return str_fmt(cx->arena, "%s:%" PRId64, kind, id);
}

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

enum err
ledger_add(struct ctx *cx, const struct ledger_new *e)
{
    unsigned char salt[16];
    sys_random_bytes(cx, salt, sizeof(salt));
    struct digest as_hex = digest_sha256((struct str){ (const char *)salt, sizeof(salt) });
    struct str salt_hex = str_slice(digest_hex(cx->arena, &as_hex), 0, 32);
    struct str commitment = STR("");
    if (e->content.p != NULL) {
        commitment = digest_sha256_hex(cx->arena, str_cat(cx->arena, salt_hex, e->content));
    }
    int64_t id = store_new_id(cx);
    TRY(q_ledger_insert(cx, NULL, .id = id, .at_us = sys_now_us(cx), .kind = str_of(e->kind),
                        .actor = cx->who.account,
                        .acting_for = e->acting_for != 0 ? e->acting_for : cx->who.acting_for,
                        .unit = or_empty(e->unit.p != NULL ? e->unit : cx->who.unit),
                        .object = or_empty(e->object), .subject = e->subject,
                        .purpose = or_empty(e->purpose), .note = or_empty(e->note),
                        .salt = salt_hex, .commitment = commitment));
    return q_ledger_pending_insert(cx, NULL, .entry_id = id);
}

static enum err
reading_tx(struct ctx *cx, void *arg)
{
    return ledger_add(cx, arg);
}

enum err
ledger_reading(struct ctx *cx, int64_t subject, const char *purpose, struct str note)
{
    struct ledger_new e = {
        .kind = "person.read", .subject = subject, .purpose = str_of(purpose), .note = note
    };
    return store_write(cx, reading_tx, &e);
}

/* The three list statements give rows of the same shape under three names. */
#define COPY_ENTRIES(cx, list, ret, ret_n)                                                         \
    do {                                                                                           \
        struct ledger_entry *v_ = ARENA_ARRAY((cx)->arena, struct ledger_entry, (list).n);         \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            v_[i_] = (struct ledger_entry){ .id = (list).v[i_].id,                                 \
                                            .at_us = (list).v[i_].at_us,                           \
                                            .actor = (list).v[i_].actor,                           \
                                            .acting_for = (list).v[i_].acting_for,                 \
                                            .subject = (list).v[i_].subject,                       \
                                            .seq = (list).v[i_].seq,                               \
                                            .kind = (list).v[i_].kind,                             \
                                            .unit = (list).v[i_].unit,                             \
                                            .object = (list).v[i_].object,                         \
                                            .purpose = (list).v[i_].purpose,                       \
                                            .note = (list).v[i_].note,                             \
                                            .actor_name = (list).v[i_].actor_name };               \
        }                                                                                          \
        *(ret) = v_;                                                                               \
        *(ret_n) = (list).n;                                                                       \
    } while (0)

static int64_t
before_or_end(int64_t before)
{
    return before == 0 ? INT64_MAX : before;
}

enum err
ledger_of_subject(struct ctx *cx, int64_t subject, int64_t before, struct ledger_entry **ret,
                  size_t *ret_n)
{
    struct q_ledger_by_subject_list list;
    TRY(q_ledger_by_subject(cx, &list, .subject = subject, .before = before_or_end(before),
                            .limit_n = LIST_MAX));
    COPY_ENTRIES(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
ledger_of_object(struct ctx *cx, struct str object, int64_t before, struct ledger_entry **ret,
                 size_t *ret_n)
{
    struct q_ledger_by_object_list list;
    TRY(q_ledger_by_object(cx, &list, .object = object, .before = before_or_end(before),
                           .limit_n = LIST_MAX));
    COPY_ENTRIES(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
ledger_newest(struct ctx *cx, int64_t before, struct ledger_entry **ret, size_t *ret_n)
{
    struct q_ledger_list_list list;
    TRY(q_ledger_list(cx, &list, .before = before_or_end(before), .limit_n = LIST_MAX));
    COPY_ENTRIES(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
ledger_lag(struct ctx *cx, int64_t *ret_n, int64_t *ret_oldest_us)
{
    struct q_ledger_lag row;
    TRY(q_ledger_lag(cx, &row));
    *ret_n = row.n;
    *ret_oldest_us = row.oldest_us;
    return ERR_OK;
}

enum err
ledger_head(struct ctx *cx, struct ledger_head *ret)
{
    struct q_ledger_head_newest row;
    enum err e = q_ledger_head_newest(cx, &row);
    if (e == ERR_NOT_FOUND) {
        *ret = (struct ledger_head){ .root = STR(""), .key_id = STR(""), .signature = STR("") };
        return ERR_OK;
    }
    if (e == ERR_OK) {
        *ret = (struct ledger_head){ .size = row.size,
                                     .at_us = row.at_us,
                                     .root = row.root,
                                     .key_id = row.key_id,
                                     .signature = row.signature };
    }
    return e;
}
