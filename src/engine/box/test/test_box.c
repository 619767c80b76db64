/* Message boxes without a network: bytes, order, doubles, what a restored store does, redelivery,
 * expiry, files. The receiving side is driven as another installation would, by cx->own. */
#include "engine/box/box_int.h"

#include "lib/harness.h"

#define X "VN/GOV/X1/MOT-CUA"
#define S "VN/GOV/S1/VAN-BAN"

struct world {
    struct test_env *env;
    struct ctx *cx;
};

static int64_t
system_new(struct ctx *cx, const char *member, const char *code, bool is_away)
{
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = str_of(member),
                                 .name = str_of(member),
                                 .name_en = STR(""),
                                 .contact = STR("") };
    int64_t service = 0;
    ASSERT_OK(cx, exchange_member_add(cx, &m));
    struct exchange_subsystem s = { .member_id = m.id,
                                    .code = str_of(code),
                                    .name = str_of(code),
                                    .contact = STR(""),
                                    .ip_allow = STR("") };
    ASSERT_OK(cx, exchange_subsystem_add(cx, &s));
    ASSERT_OK(cx, box_open(cx, s.id, is_away, &service));
    assert_int_equal(box_open(cx, s.id, is_away, &service), ERR_CONFLICT);
    return s.id;
}

/* quota_day 0: none */
static void
allow_daily(struct ctx *cx, const char *from, const char *to, int64_t quota_day)
{
    struct exchange_subsystem consumer;
    struct exchange_service service;
    ASSERT_OK(cx, exchange_subsystem_by_path(cx, str_of(from), &consumer));
    ASSERT_OK(cx, exchange_service_by_path(cx, box_service_of(cx, str_of(to)), &service));
    struct exchange_agreement a = { .consumer_id = consumer.id,
                                    .service_id = service.id,
                                    .purpose = STR("liên thông"),
                                    .legal_basis = STR("luật"),
                                    .operations = STR("gui theo-doi"),
                                    .removed = STR(""),
                                    .hours = STR(""),
                                    .note = STR("") };
    ASSERT_OK(cx, exchange_ask_access(cx, &a));
    ASSERT_OK(cx, exchange_agreement_get(cx, a.id, &a));
    a.state = STR("granted");
    a.quota_day = quota_day;
    ASSERT_OK(cx, exchange_agreement_decide(cx, &a));
}

static void
allow(struct ctx *cx, const char *from, const char *to)
{
    allow_daily(cx, from, to, 0);
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->env = test_env_new();
    w->cx = w->env->cx;
    w->cx->own = &box_own;
    (void)system_new(w->cx, "X1", "MOT-CUA", false);
    (void)system_new(w->cx, "S1", "VAN-BAN", false);
    allow(w->cx, X, S);
    allow(w->cx, S, X);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    test_env_free(w->env);
    free(w);
    return 0;
}

static struct ctx *
cx_of(void **state)
{
    return ((struct world *)*state)->cx;
}

static enum err
put(struct ctx *cx, const char *id, const char *body, bool *ret_again)
{
    struct box_message m = { .name = str_of(id),
                             .receiver = STR(S),
                             .topic = STR(""),
                             .type = STR("text/plain"),
                             .issue = STR(""),
                             .body = str_of(body) };
    size_t n = 0;
    return box_put(cx, STR(X), &m, &n, ret_again);
}

static void
must_put(struct ctx *cx, const char *id, const char *body)
{
    bool is_again = false;
    ASSERT_OK(cx, put(cx, id, body, &is_again));
    assert_false(is_again);
}

static size_t
fetched(struct ctx *cx, struct box_message **v)
{
    size_t n = 0;
    ASSERT_OK(cx, box_fetch(cx, STR(S), 0, v, &n));
    return n;
}

/* --- bytes ------------------------------------------------------------------------------------ */
static void
test_batch_written_is_read_again(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_attach f = { STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                            STR("quyết định.pdf"), STR("application/pdf"), 5 };
    struct box_message v[2] = { { .seq = 4, .put_us = 1, .name = STR("a"), .body = STR("\"\n") },
                                { .seq = 7, .put_us = 2, .name = STR("b"), .body = STR("") } };
    struct box_batch b = { .topic = STR("t"), .prev = 3, .after = 1, .v = v, .n = 2 };
    struct box_batch got;
    v[1].files = &f;
    v[1].n_files = 1;
    assert_true(box_batch_read(cx->arena, box_batch_write(cx->arena, &b), &got));
    assert_int_equal(got.n, 2);
    assert_int_equal(got.prev, 3);
    ASSERT_STR(got.v[0].body, "\"\n");
    ASSERT_STR(got.v[1].files[0].name, "quyết định.pdf");
    v[1].seq = 4; /* numbers must rise */
    assert_false(box_batch_read(cx->arena, box_batch_write(cx->arena, &b), &got));
}

static void
test_message_read_names_what_is_wrong(void **state)
{
    static const char *const wrong[] = { "[]",
                                         "{\"to\":\"" S "\"}",
                                         "{\"id\":\"a b\",\"to\":\"" S "\"}",
                                         "{\"id\":\"a\"}",
                                         "{\"id\":\"a\",\"to\":\"" S
                                         "\",\"files\":[{\"hash\":\"12\",\"name\":\"x\"}]}",
                                         "{\"id\":\"a\",\"topic\":\"a/b\"}",
                                         "{\"messages\":[]}",
                                         "{\"messages\":{\"id\":\"a\",\"to\":\"" S "\"}}",
                                         "{\"messages\":[\"a\"]}",
                                         "{\"messages\":[{\"id\":\"a\",\"topic\":\"t\"}]}" };
    struct ctx *cx = cx_of(state);
    struct box_message *m = NULL;
    struct buf b = buf_new(cx->arena, (size_t)1 << 20);
    size_t n = 0;
    bool is_list = false;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(box_messages_read(cx, str_of(wrong[i]), &m, &n, &is_list), ERR_INVALID);
        assert_true(cx->err.text[0] != '\0');
    }
    for (size_t i = 0; i <= BOX_PUT_MAX; i++) { /* one more than a list may have */
        buf_addf(&b, "%s{\"id\":\"m-%zu\",\"to\":\"" S "\"}", i == 0 ? "{\"messages\":[" : ",", i);
    }
    struct str most = str_cat(cx->arena, buf_str(&b), STR("]}"));
    assert_int_equal(box_messages_read(cx, most, &m, &n, &is_list), ERR_INVALID);
    most = str_replace(cx->arena, most, STR(",{\"id\":\"m-100\",\"to\":\"" S "\"}"), STR(""));
    ASSERT_OK(cx, box_messages_read(cx, most, &m, &n, &is_list));
    assert_true(is_list && n == BOX_PUT_MAX);
    ASSERT_STR(m[99].name, "m-99");
}

/* --- a list ----------------------------------------------------------------------------------- */
static struct box_message
to_s(const char *id, const char *body)
{
    return (struct box_message){ .name = str_of(id),
                                 .receiver = STR(S),
                                 .topic = STR(""),
                                 .type = STR(""),
                                 .issue = STR(""),
                                 .body = str_of(body) };
}

static void
test_put_list_is_there_in_order_in_one_transaction(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_message v[] = { to_s("a", "1"), to_s("b", "2"), to_s("a", "1"), to_s("c", "3") };
    struct box_message *got = NULL;
    bool again[COUNT_OF(v)];
    int64_t n_commits = cx->n_commits;
    ASSERT_OK(cx, box_put_list(cx, STR(X), v, COUNT_OF(v), again));
    assert_int_equal(cx->n_commits, n_commits + 1);
    assert_true(!again[0] && !again[1] && again[2] && !again[3]);
    assert_int_equal(v[3].seq, 3);
    ASSERT_OK(cx, box_put_list(cx, STR(X), v, COUNT_OF(v), again)); /* the answer was lost */
    assert_true(again[0] && again[1] && again[2] && again[3]);
    assert_int_equal(v[3].seq, 3);
    assert_int_equal(fetched(cx, &got), 3);
    ASSERT_STR(got[0].name, "a");
    ASSERT_STR(got[2].body, "3");
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE way = 'box' AND "
                                  "operation = 'gui' AND status = 201"),
                     3); /* an account each */
}

static void
test_put_list_with_one_refused_takes_none(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_attach f = { STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                            STR("x"), STR(""), 0 };
    struct box_message v[] = { to_s("b", "2"), to_s("a", "other"), to_s("c", "3") };
    struct box_message *got = NULL;
    bool again[COUNT_OF(v)];
    must_put(cx, "a", "1");
    assert_int_equal(box_put_list(cx, STR(X), v, COUNT_OF(v), again), ERR_CONFLICT);
    assert_non_null(strstr(cx->err.text, "message 2 (a)"));
    v[1] = to_s("d", "4");
    v[1].files = &f; /* was not brought */
    v[1].n_files = 1;
    assert_int_equal(box_put_list(cx, STR(X), v, COUNT_OF(v), again), ERR_INVALID);
    v[1] = to_s("d", "4");
    v[1].receiver = STR("VN/GOV/S1/KHONG-CO");
    assert_int_equal(box_put_list(cx, STR(X), v, COUNT_OF(v), again), ERR_NOT_FOUND);
    assert_int_equal(fetched(cx, &got), 1);
    ASSERT_STR(got[0].name, "a");
    ASSERT_OK(cx, box_put_list(cx, STR(X), v, 1, again));
    assert_int_equal(v[0].seq, 2); /* none of those refused took a number */
}

static void
test_put_list_goes_no_further_than_the_quota_of_the_day(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_message v[] = { to_s("a", "1"), to_s("b", "2"), to_s("a", "1"), to_s("c", "3") };
    struct box_message *got = NULL;
    bool again[COUNT_OF(v)];
    (void)system_new(cx, "Y1", "MOT-CUA", false);
    allow_daily(cx, "VN/GOV/Y1/MOT-CUA", S, 3);
    must_put(cx, "x", "of another agreement");
    ASSERT_OK(cx, box_put_list(cx, STR("VN/GOV/Y1/MOT-CUA"), v, 1, again));
    struct box_message more[] = { to_s("a", "1"), to_s("b", "2"), to_s("c", "3"), to_s("d", "4") };
    assert_int_equal(box_put_list(cx, STR("VN/GOV/Y1/MOT-CUA"), more, 4, again), ERR_RATE);
    assert_non_null(strstr(cx->err.text, "message 4 (d): quota"));
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE fault = 'quota'"), 1);
    assert_int_equal(fetched(cx, &got), 2); /* none of those refused */
    ASSERT_OK(cx, box_put_list(cx, STR("VN/GOV/Y1/MOT-CUA"), v, COUNT_OF(v), again));
    assert_true(again[0] && !again[1] && again[2] && !again[3]); /* what is there does not count */
}

/* --- within one installation ------------------------------------------------------------------ */
static void
test_put_twice_is_there_once(void **state)
{
    struct ctx *cx = cx_of(state);
    bool is_again = false;
    must_put(cx, "a-1", "một");
    ASSERT_OK(cx, put(cx, "a-1", "một", &is_again));
    assert_true(is_again);
    assert_int_equal(put(cx, "a-1", "hai", &is_again), ERR_CONFLICT);
    assert_int_equal(test_count(cx, "box_message"), 1);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 1);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE way = 'box'"), 1);
}

static void
test_put_without_agreement_is_refused_and_accounted_for(void **state)
{
    struct ctx *cx = cx_of(state);
    bool is_again = false;
    ASSERT_OK(cx, test_sql(cx, "UPDATE exchange_agreement SET state = 'suspended'"));
    assert_int_equal(put(cx, "a-1", "một", &is_again), ERR_FORBIDDEN);
    assert_int_equal(test_count(cx, "box_message"), 0);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE fault = 'no_grant'"),
                     1);
}

static void
test_fetch_hides_holds_the_line_and_gives_again(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct box_message *v = NULL;
    must_put(cx, "a-1", "một");
    must_put(cx, "a-2", "hai");
    assert_int_equal(fetched(cx, &v), 2);
    ASSERT_STR(v[0].name, "a-1");
    ASSERT_STR(v[1].name, "a-2");
    must_put(cx, "a-3", "ba");
    assert_int_equal(fetched(cx, &v), 0); /* a-3 waits behind a-1 */
    ASSERT_OK(
        cx, box_acknowledge(cx, STR(S), test_i64(cx, "SELECT id FROM box_message WHERE seq = 1")));
    assert_int_equal(fetched(cx, &v), 0);
    sys_clock_fake_step(&w->env->clock, box_lease_us(0) + 1);
    assert_int_equal(fetched(cx, &v), 2);
    ASSERT_STR(v[0].name, "a-2");
    assert_int_equal(v[0].tries, 2);
}

static void
test_fetch_too_often_ends_as_dead_and_lets_the_next_pass(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct box_message *v = NULL;
    must_put(cx, "a-1", "một");
    for (int i = 0; i < BOX_TRIES_MAX; i++) {
        assert_int_equal(fetched(cx, &v), 1);
        sys_clock_fake_step(&w->env->clock, box_lease_us(BOX_TRIES_MAX) + 1);
    }
    must_put(cx, "a-2", "hai");
    assert_int_equal(fetched(cx, &v), 1);
    ASSERT_STR(v[0].name, "a-2");
    struct box_message *dead = NULL;
    size_t n = 0;
    const struct box_message first = { .id = 0 };
    ASSERT_OK(cx, box_dead(cx, STR_NULL, &first, &dead, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(dead[0].fault, "not_acknowledged");
    int64_t id = dead[0].id;
    assert_int_equal(box_put_back(cx, id, STR(" ")), ERR_INVALID);
    cx->n_problems = 0;
    ASSERT_OK(cx, box_put_back(cx, id, STR("đã sửa máy")));
    assert_int_equal(box_put_back(cx, id, STR("x")), ERR_CONFLICT);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 2);
}

static void
test_acknowledge_is_the_receivers_alone_and_may_be_said_again(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_message *v = NULL;
    must_put(cx, "a-1", "một");
    assert_int_equal(fetched(cx, &v), 1);
    assert_int_equal(box_acknowledge(cx, STR(X), v[0].id), ERR_NOT_FOUND);
    ASSERT_OK(cx, box_acknowledge(cx, STR(S), v[0].id));
    ASSERT_OK(cx, box_acknowledge(cx, STR(S), v[0].id));
    assert_int_equal(box_refuse(cx, STR(S), v[0].id, STR("không")), ERR_CONFLICT);
    assert_int_equal(test_i64(cx, "SELECT n_waiting + n_bytes FROM box_stream"), 0);
}

static void
test_acks_read_takes_ids_as_fetched_and_nothing_else(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"messages\":\"1\"}",
        "{\"messages\":[]}",
        "{\"messages\":[1]}",
        "{\"messages\":[\"\"]}",
        "{\"messages\":[\"0\"]}",
        "{\"messages\":[\"-3\"]}",
        "{\"messages\":[\"1\",\"x\"]}",
        "{\"messages\":[\"9223372036854775808\"]}",
    };
    struct ctx *cx = cx_of(state);
    struct box_ack *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, 8192);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(box_acks_read(cx, str_of(wrong[i]), &v, &n), ERR_INVALID);
    }
    assert_non_null(strstr(cx->err.text, "number 1"));
    for (size_t i = 1; i <= BOX_ACK_MAX; i++) {
        buf_addf(&b, "%s\"%zu\"", i == 1 ? "{\"messages\":[" : ",", i);
    }
    ASSERT_OK(cx, box_acks_read(cx, str_cat(cx->arena, buf_str(&b), STR("]}")), &v, &n));
    assert_true(n == BOX_ACK_MAX && v[99].id == 100);
    struct str more = str_cat(cx->arena, buf_str(&b), STR(",\"7\"]}"));
    assert_int_equal(box_acks_read(cx, more, &v, &n), ERR_INVALID);
}

static void
test_acknowledge_list_is_one_commit_with_an_outcome_each(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_message *v = NULL;
    must_put(cx, "a-1", "một");
    must_put(cx, "a-2", "hai");
    must_put(cx, "a-3", "ba");
    must_put(cx, "a-4", "bốn");
    assert_int_equal(fetched(cx, &v), 4);
    ASSERT_OK(cx, box_refuse(cx, STR(S), v[1].id, STR("không")));
    struct box_ack acks[] = {
        { .id = v[0].id }, { .id = v[1].id }, { .id = 12345 }, { .id = v[2].id }, { .id = v[0].id }
    };
    int64_t n_commits = cx->n_commits;
    ASSERT_OK(cx, box_acknowledge_list(cx, STR(S), acks, COUNT_OF(acks)));
    assert_int_equal(cx->n_commits, n_commits + 1);
    assert_int_equal(acks[0].e, ERR_OK);
    assert_int_equal(acks[1].e, ERR_CONFLICT);
    assert_true(str_find(acks[1].text, STR("dead")) < acks[1].text.n);
    assert_int_equal(acks[2].e, ERR_NOT_FOUND);
    assert_int_equal(acks[3].e, ERR_OK); /* not held up by those before it */
    assert_int_equal(acks[4].e, ERR_OK); /* said twice */
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM box_message WHERE state = 'taken'"), 2);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 1);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM ledger_entry WHERE kind = 'box.taken'"), 2);

    struct box_ack theirs[] = { { .id = v[3].id } };
    ASSERT_OK(cx, box_acknowledge_list(cx, STR(X), theirs, 1)); /* the sender's */
    assert_int_equal(theirs[0].e, ERR_NOT_FOUND);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 1);
}

static void
test_keep_ends_what_is_too_old_and_forgets_what_ended(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct box_message *v = NULL;
    int64_t again_us = 0;
    must_put(cx, "a-1", "một");
    assert_int_equal(fetched(cx, &v), 1);
    ASSERT_OK(cx, box_acknowledge(cx, STR(S), v[0].id));
    must_put(cx, "a-2", "hai");
    sys_clock_fake_step(&w->env->clock, BOX_KEEP_US + 1);
    ASSERT_OK(cx, box_on_keep(cx, &again_us));
    assert_int_equal(test_count(cx, "box_message"), 1);
    sys_clock_fake_step(&w->env->clock, BOX_EXPIRE_US);
    ASSERT_OK(cx, box_on_keep(cx, &again_us));
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM box_message WHERE fault = 'expired'"), 1);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 0);
}

/* --- as another installation brings it -------------------------------------------------------- */
static struct box_answer
bring(struct ctx *cx, int64_t prev, int64_t from, int64_t to, const char *stem)
{
    struct box_batch b = { .topic = STR(""), .prev = prev };
    struct box_answer got;
    struct exchange_answer rs = { .fault = STR("") };
    b.v = ARENA_ARRAY(cx->arena, struct box_message, BOX_BATCH_MAX);
    for (int64_t i = from; i <= to; i++) {
        b.v[b.n++] = (struct box_message){ .seq = i,
                                           .put_us = 1,
                                           .name = str_fmt(cx->arena, "%s-%" PRId64, stem, i),
                                           .type = STR(""),
                                           .issue = STR(""),
                                           .body = STR("x") };
    }
    const struct exchange_request rq = { .way = "node",
                                         .consumer = STR(X),
                                         .service = box_service_of(cx, STR(S)),
                                         .operation = STR("gui"),
                                         .path = STR("/gui/tin"),
                                         .body = box_batch_write(cx->arena, &b) };
    ASSERT_OK(cx, exchange_forward(cx, &rq, &rs));
    assert_int_equal(rs.status, 200);
    assert_true(box_answer_read(cx->arena, rs.body, &got));
    return got;
}

#define ASSERT_ANSWER(a, n, w)                                                                     \
    do {                                                                                           \
        struct box_answer answer_ = (a);                                                           \
        assert_int_equal(answer_.have, n);                                                         \
        ASSERT_STR(answer_.word, w);                                                               \
    } while (0)

static void
test_batch_again_changes_nothing(void **state)
{
    struct ctx *cx = cx_of(state);
    ASSERT_ANSWER(bring(cx, 0, 1, 3, "a"), 3, "ok");
    ASSERT_ANSWER(bring(cx, 0, 1, 3, "a"), 3, "ok");
    ASSERT_ANSWER(bring(cx, 0, 1, 5, "a"), 5, "ok");
    assert_int_equal(test_count(cx, "box_message"), 5);
    assert_int_equal(test_i64(cx, "SELECT n_waiting FROM box_stream"), 5);
}

static void
test_batch_after_a_hole_by_decision_is_taken_and_by_loss_is_not(void **state)
{
    struct ctx *cx = cx_of(state);
    ASSERT_ANSWER(bring(cx, 0, 1, 2, "a"), 2, "ok");
    ASSERT_ANSWER(bring(cx, 2, 5, 6, "a"), 6, "ok"); /* 3 and 4 were given up by the sender */
    ASSERT_ANSWER(bring(cx, 8, 9, 9, "a"), 6, "gap");
    ASSERT_ANSWER(bring(cx, 6, 7, 9, "a"), 9, "ok");
    assert_int_equal(test_count(cx, "box_message"), 7);
}

static void
test_batch_of_a_restored_sender_is_told_to_renumber(void **state)
{
    struct ctx *cx = cx_of(state);
    ASSERT_ANSWER(bring(cx, 0, 1, 5, "a"), 5, "ok");
    ASSERT_ANSWER(bring(cx, 3, 4, 4, "b"), 5, "renumber");
    ASSERT_ANSWER(bring(cx, 3, 6, 6, "b"), 5, "renumber");
    ASSERT_ANSWER(bring(cx, 5, 6, 6, "b"), 6, "ok");
    assert_int_equal(test_count(cx, "box_message"), 6);
}

static void
test_answer_tells_what_ended(void **state)
{
    struct ctx *cx = cx_of(state);
    struct box_message *v = NULL;
    ASSERT_ANSWER(bring(cx, 0, 1, 2, "a"), 2, "ok");
    assert_int_equal(fetched(cx, &v), 2);
    ASSERT_OK(cx, box_acknowledge(cx, STR(S), v[0].id));
    ASSERT_OK(cx, box_refuse(cx, STR(S), v[1].id, STR("nhầm")));
    struct box_answer a = bring(cx, 2, 3, 3, "a");
    assert_int_equal(a.n, 2);
    ASSERT_STR(a.v[0].state, "taken");
    ASSERT_STR(a.v[1].state, "refused");
    ASSERT_STR(a.v[1].why, "refused: nhầm");
}

/* --- files ------------------------------------------------------------------------------------ */
static void
test_file_part_by_part_is_whole_only_with_its_hash(void **state)
{
    struct ctx *cx = cx_of(state);
    int64_t have = 0;
    struct str path;
    struct box_part p = {
        .hash = STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), /* abc */
        .total = 3,
        .bytes = STR("ab")
    };
    ASSERT_OK(cx, box_file_part(cx, STR(X), &p, &have));
    assert_int_equal(have, 2);
    ASSERT_OK(cx, box_file_part(cx, STR(X), &p, &have)); /* again: nothing is added */
    assert_int_equal(have, 2);
    assert_int_equal(box_file_path(cx, STR(X), p.hash, &path), ERR_NOT_FOUND);
    p.at = 2;
    p.bytes = STR("x");
    assert_int_equal(box_file_part(cx, STR(X), &p, &have), ERR_INVALID);
    p.at = 0;
    p.bytes = STR("abc");
    ASSERT_OK(cx, box_file_part(cx, STR(X), &p, &have));
    assert_int_equal(have, 3);
    ASSERT_OK(cx, box_file_path(cx, STR(X), p.hash, &path));
    assert_int_equal(box_file_path(cx, STR(S), p.hash, &path), ERR_NOT_FOUND);
    assert_true(box_keeps_blob(cx, p.hash));
}

/* --- a line that does not get through --------------------------------------------------------- */
static void
test_send_without_line_waits_and_keeps_all(void **state)
{
    struct ctx *cx = cx_of(state);
    int64_t again_us = 0;
    ASSERT_OK(cx, test_sql(cx, "UPDATE exchange_service SET endpoint = 'node:' WHERE id = (SELECT "
                               "max(id) FROM exchange_service)"));
    must_put(cx, "a-1", "một");
    must_put(cx, "a-2", "hai");
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM outbox WHERE topic = 'box.send'"), 1);
    int64_t line = test_i64(cx, "SELECT id FROM box_stream");
    struct str key = str_fmt(cx->arena, "%" PRId64, line);
    ASSERT_OK(cx, box_on_send(cx, key, STR("{}")));
    struct box_line l;
    ASSERT_OK(cx, box_line(cx, line, &l));
    ASSERT_STR(l.fault, "line");
    assert_int_equal(l.n_waiting, 2);
    assert_int_equal(l.n_failed, 1);
    assert_true(l.due_us > sys_now_us(cx));
    ASSERT_OK(cx, box_on_send(cx, key, STR("{}"))); /* not before it is due */
    ASSERT_OK(cx, box_line(cx, line, &l));
    assert_int_equal(l.n_failed, 1);
    ASSERT_OK(cx, box_try(cx, STR("VN/GOV/S1")));
    ASSERT_OK(cx, box_on_lines(cx, &again_us));
    assert_int_equal(test_i64(cx, "SELECT is_queued FROM box_stream"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_batch_written_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_message_read_names_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_list_is_there_in_order_in_one_transaction, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_put_list_goes_no_further_than_the_quota_of_the_day,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_list_with_one_refused_takes_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_put_twice_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_without_agreement_is_refused_and_accounted_for,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fetch_hides_holds_the_line_and_gives_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fetch_too_often_ends_as_dead_and_lets_the_next_pass,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_acknowledge_is_the_receivers_alone_and_may_be_said_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_acks_read_takes_ids_as_fetched_and_nothing_else,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_acknowledge_list_is_one_commit_with_an_outcome_each,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keep_ends_what_is_too_old_and_forgets_what_ended,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_batch_again_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_batch_after_a_hole_by_decision_is_taken_and_by_loss_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_batch_of_a_restored_sender_is_told_to_renumber, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_answer_tells_what_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_part_by_part_is_whole_only_with_its_hash, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_send_without_line_waits_and_keeps_all, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
