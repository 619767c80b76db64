/* notice_store.c: messages as rows. The text is made when the message is put, so that it says what
 * was true then. */
#include "engine/notice/notice_int.h"

#include "base/buf.h"
#include "gen/q_notice.h"
#include "store/store.h"
#include "sys/sys.h"
#include "web/web.h"

#define LIST_MAX  50
#define NAMES_MAX 16
#define TEXT_MAX  (32U * 1024U)

static struct str
value_of(const struct notice_new *in, struct str name)
{
    for (size_t i = 0; in->names != NULL && i < NAMES_MAX && in->names[i] != NULL; i++) {
        if (str_eq(name, str_of(in->names[i]))) {
            return in->values[i];
        }
    }
    return STR_NULL;
}

/* In one pass: a value that looks like a placeholder stays as it is. */
static struct str
filled(struct ctx *cx, const struct notice_new *in, const char *part)
{
    struct str rest = text_find(cx, str_fmt(cx->arena, "notice.%s.%s", in->key, part));
    struct buf b = buf_new(cx->arena, TEXT_MAX);
    while (rest.n > 0) {
        size_t open = str_find(rest, STR("{"));
        buf_add(&b, str_slice(rest, 0, open));
        rest = str_slice(rest, open, rest.n);
        size_t close = str_find(rest, STR("}"));
        if (close < rest.n) {
            buf_add(&b, value_of(in, str_slice(rest, 1, close)));
            rest = str_slice(rest, close + 1, rest.n);
        } else {
            buf_add(&b, rest);
            rest = STR("");
        }
    }
    return buf_str(&b);
}

static enum err
put_one(struct ctx *cx, const struct notice_new *in, struct str way, struct str to, int64_t at_us)
{
    int64_t id = store_new_id(cx);
    struct str body = filled(cx, in, str_eq(way, STR("sms")) ? "sms" : "body");
    TRY(q_notice_insert(cx, NULL, .id = id, .party_id = in->party, .dossier_id = in->dossier,
                        .way = way, .sent_to = to, .subject = filled(cx, in, "subject"),
                        .body = body, .at_us = at_us));
    struct str topic = str_cat(cx->arena, STR("notice."), way);
    return store_outbox_put(cx, topic, str_fmt(cx->arena, "%" PRId64, id), STR("{}"));
}

enum err
notice_put(struct ctx *cx, const struct notice_new *in)
{
    struct str lang = cx->lang;
    int64_t at_us = sys_now_us(cx); /* the same on every way: one message */
    enum err e = ERR_OK;
    cx->lang = str_is_empty(in->lang) ? STR("vi") : in->lang;
    if (text_find(cx, str_fmt(cx->arena, "notice.%s.subject", in->key)).p == NULL) {
        e = err_set(cx, ERR_INTERNAL, "there is no text notice.%s.subject", in->key);
    }
    if (e == ERR_OK && !str_is_empty(in->email)) {
        e = put_one(cx, in, STR("mail"), in->email, at_us);
    }
    if (e == ERR_OK && !str_is_empty(in->phone)) {
        e = put_one(cx, in, STR("sms"), in->phone, at_us);
    }
    cx->lang = lang;
    return e;
}

static struct notice
from_row(const struct q_notice_by_id *r)
{
    return (struct notice){ .id = r->id,
                            .at_us = r->at_us,
                            .sent_us = r->sent_us,
                            .party = r->party_id,
                            .dossier = r->dossier_id,
                            .tries = r->tries,
                            .way = r->way,
                            .to = r->sent_to,
                            .subject = r->subject,
                            .body = r->body,
                            .state = r->state,
                            .error = r->error };
}

enum err
notice_get(struct ctx *cx, int64_t id, struct notice *ret)
{
    struct q_notice_by_id row;
    TRY(q_notice_by_id(cx, &row, .id = id));
    *ret = from_row(&row);
    return ERR_OK;
}

enum err
notice_of_party(struct ctx *cx, int64_t party, int64_t before, struct notice **ret, size_t *ret_n)
{
    struct q_notice_list_party_list list;
    TRY(q_notice_list_party(cx, &list, .party_id = party,
                            .before = before == 0 ? INT64_MAX : before, .limit_n = LIST_MAX));
    struct notice *v = ARENA_ARRAY(cx->arena, struct notice, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = from_row(
            (const struct q_notice_by_id *)(const void *)&list.v[i]); /* same columns, same row */
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
notice_queue(struct ctx *cx, struct str way, struct str state, int64_t before, struct notice **ret,
             size_t *ret_n)
{
    struct q_notice_list_state_list list;
    TRY(q_notice_list_state(cx, &list, .way = way, .state = state,
                            .before = before == 0 ? INT64_MAX : before, .limit_n = LIST_MAX));
    struct notice *v = ARENA_ARRAY(cx->arena, struct notice, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = from_row(
            (const struct q_notice_by_id *)(const void *)&list.v[i]); /* same columns, same row */
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

_Static_assert(sizeof(struct q_notice_by_id) == sizeof(struct q_notice_list_party),
               "the rows are the same");
_Static_assert(sizeof(struct q_notice_by_id) == sizeof(struct q_notice_list_state),
               "the rows are the same");

static enum err
again_tx(struct ctx *cx, void *arg)
{
    int64_t id = *(int64_t *)arg;
    struct notice n;
    TRY(notice_get(cx, id, &n));
    if (!str_eq(n.state, STR("failed"))) {
        return err_set(cx, ERR_CONFLICT, "message %" PRId64 " did not fail", id);
    }
    TRY(q_notice_failed(cx, NULL, .id = id, .state = STR("waiting"), .error = STR("")));
    return store_outbox_put(cx, str_cat(cx->arena, STR("notice."), n.way),
                            str_fmt(cx->arena, "%" PRId64, id), STR("{}"));
}

enum err
notice_again(struct ctx *cx, int64_t id)
{
    return store_write(cx, again_tx, &id);
}

enum err
notice_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party)
{
    return q_notice_party_moved(cx, NULL, .from_id = from_party, .to_id = to_party);
}
