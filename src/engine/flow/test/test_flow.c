/* Tests of processes: cases that run on the store. Test pack: test/data/formflow. */
#include "lib/harness.h"

#include "engine/flow/flow_int.h"

/* --- a caller that writes down what it is asked ----------------------------------------------- */

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack *pack;
    struct flow_env flow;
    char log[2000];
    const char *vars;
    int64_t case_id;
    /* arguments of the transaction to be run */
    struct flow_done done;
    struct str word;
    int64_t n_taken;
};

static void
note(struct world *w, const char *word, struct str s)
{
    size_t n = strlen(w->log);
    (void)snprintf(w->log + n, sizeof(w->log) - n, "%s%s:%.*s", n > 0 ? " " : "", word, STR_ARG(s));
}

static enum err
on_vars(struct ctx *cx, void *arg, const struct flow_case *c, const struct json **ret)
{
    struct world *w = arg;
    struct json *j = NULL;
    struct json_fault f;
    (void)c;
    assert_int_equal(json_parse(cx->arena, str_of(w->vars), (struct json_limits){ 0 }, &j, &f),
                     ERR_OK);
    *ret = j;
    return ERR_OK;
}

static enum err
on_unit(struct ctx *cx, void *arg, const struct flow_case *c, struct str word, struct str *ret)
{
    (void)arg;
    (void)c;
    *ret = str_cat(cx->arena, STR("u-"), word);
    return ERR_OK;
}

static enum err
on_due(struct ctx *cx, void *arg, struct str unit, int64_t from_us, int64_t budget_s, int64_t *ret)
{
    (void)cx;
    (void)arg;
    (void)unit;
    *ret = from_us + budget_s * 3 * DATE_US_PER_S;
    return ERR_OK;
}

static enum err
on_event(struct ctx *cx, void *arg, const struct flow_case *c, enum flow_event ev,
         const struct flow_task *t)
{
    static const char *const words[] = { "open", "close", "cancel", "end" };
    (void)cx;
    note(arg, words[ev], t == NULL ? c->result : t->step_id);
    return ERR_OK;
}

static enum err
on_service(struct ctx *cx, void *arg, const struct flow_case *c, struct str service_arg)
{
    (void)cx;
    (void)c;
    note(arg, "service", service_arg);
    return ERR_OK;
}

static const struct flow_service services[] = {
    { "accept", on_service }, { "bill", on_service },           { "close", on_service },
    { "notify", on_service }, { "publish-result", on_service }, { NULL, NULL },
};

static pack_part_fn *const parts[] = { flow_pack_part };

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct pack_fault *faults = NULL;
    size_t n = 0;
    w->env = test_env_new();
    w->cx = w->env->cx;
    ASSERT_OK(w->cx,
              pack_read_dir(w->cx, STR("test/data/formflow"), parts, 1, &w->pack, &faults, &n));
    for (size_t i = 0; i < n; i++) {
        fail_msg("%.*s:%u %.*s", STR_ARG(faults[i].file), faults[i].line, STR_ARG(faults[i].what));
    }
    w->vars = "{\"fee_due_vnd\": 0}";
    w->flow = (struct flow_env){ .pack = w->pack,
                                 .now_us = sys_now_us(w->cx),
                                 .arg = w,
                                 .vars = on_vars,
                                 .unit = on_unit,
                                 .due = on_due,
                                 .event = on_event,
                                 .services = services };
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    pack_free(w->pack);
    test_env_free(w->env);
    free(w);
    return 0;
}

static enum err
tx_start(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_start(cx, &w->flow, 77, STR("ho-tich"), &w->case_id);
}

static enum err
tx_complete(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_task_complete(cx, &w->flow, &w->done);
}

static enum err
tx_return(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_return_to(cx, &w->flow, &w->done, w->word);
}

static enum err
tx_message(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_message(cx, &w->flow, w->case_id, w->word, &w->n_taken);
}

static enum err
tx_cancel(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_cancel(cx, &w->flow, w->case_id, w->word);
}

static enum err
tx_timer(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_timer_fire(cx, &w->flow, w->n_taken);
}

static struct flow_task
open_task(struct world *w, const char *step)
{
    struct flow_task *t = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, flow_tasks_of_case(w->cx, w->case_id, &t, &n));
    for (size_t i = n; i > 0; i--) {
        if (str_eq(t[i - 1].step_id, str_of(step)) && str_eq(t[i - 1].state, STR("open"))) {
            return t[i - 1];
        }
    }
    fail_msg("no open task %s; log: %s", step, w->log);
    return (struct flow_task){ 0 };
}

static enum err
complete(struct world *w, const char *step, const char *outcome)
{
    struct flow_task t = open_task(w, step);
    w->done = (struct flow_done){
        .task_id = t.id, .version = t.version, .by = 5, .outcome = str_of(outcome)
    };
    return store_write(w->cx, tx_complete, w);
}

/* --- cases ------------------------------------------------------------------------------------ */

static void
test_flow_start_plain_process_opens_first_task(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    assert_string_equal(w->log, "open:receive");
    struct flow_task t = open_task(w, "receive");
    ASSERT_STR(t.unit, "u-intake");
    ASSERT_STR(t.role, "one-stop");
    assert_int_equal(t.due_us, w->flow.now_us + INT64_C(8) * 3600 * 3 * DATE_US_PER_S);
}

static void
test_flow_complete_refusal_takes_condition_and_ends(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    ASSERT_OK(w->cx, complete(w, "receive", "refuse"));
    assert_string_equal(w->log, "open:receive close:receive service:refused end:refused");
    assert_int_equal(test_count(w->cx, "flow_token"), 0);
    struct flow_case c;
    ASSERT_OK(w->cx, flow_case_by_subject(w->cx, 77, &c));
    ASSERT_STR(c.state, "done");
    ASSERT_STR(c.result, "refused");
}

static void
test_flow_run_fee_and_parallel_branches_to_the_end(void **state)
{
    struct world *w = *state;
    w->vars = "{\"fee_due_vnd\": 15000}";
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    ASSERT_OK(w->cx, complete(w, "receive", "accept"));
    assert_string_equal(w->log, "open:receive close:receive service: service:");
    w->log[0] = '\0';
    w->word = STR("nonsense");
    ASSERT_OK(w->cx, store_write(w->cx, tx_message, w));
    assert_int_equal(w->n_taken, 0);
    w->word = STR("paid");
    ASSERT_OK(w->cx, store_write(w->cx, tx_message, w));
    assert_int_equal(w->n_taken, 1);
    assert_string_equal(w->log, "open:examine open:consult");
    ASSERT_OK(w->cx, complete(w, "consult", "done"));
    ASSERT_OK(w->cx, complete(w, "examine", "propose"));
    ASSERT_OK(w->cx, complete(w, "sign.draft", "done"));
    w->log[0] = '\0';
    ASSERT_OK(w->cx, complete(w, "sign.approve", "sign"));
    assert_string_equal(w->log, "close:sign.approve service: end:done");
    assert_int_equal(test_count(w->cx, "flow_token"), 0);
    assert_int_equal(test_count(w->cx, "flow_timer"), 0);
}

static void
to_signing(struct world *w)
{
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    ASSERT_OK(w->cx, complete(w, "receive", "accept"));
    ASSERT_OK(w->cx, complete(w, "consult", "done"));
    ASSERT_OK(w->cx, complete(w, "examine", "propose"));
    ASSERT_OK(w->cx, complete(w, "sign.draft", "done"));
}

static void
test_flow_return_earlier_step_opens_it_again(void **state)
{
    struct world *w = *state;
    to_signing(w);
    struct flow_task t = open_task(w, "sign.approve");
    w->done = (struct flow_done){
        .task_id = t.id, .version = t.version, .by = 9, .note = STR("Sai ngày sinh")
    };
    w->word = STR("receive");
    assert_int_equal(store_write(w->cx, tx_return, w), ERR_INVALID);
    w->cx->n_problems = 0;
    w->word = STR("sign.draft");
    ASSERT_OK(w->cx, store_write(w->cx, tx_return, w));
    struct flow_task again = open_task(w, "sign.draft");
    assert_int_equal(again.from_task, t.id);
    w->done.note = STR("  ");
    assert_int_equal(store_write(w->cx, tx_return, w), ERR_CONFLICT);
    ASSERT_OK(w->cx, complete(w, "sign.draft", "done"));
    ASSERT_OK(w->cx, complete(w, "sign.approve", "sign"));
}

static void
test_flow_complete_stale_or_wrong_is_refused(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    struct flow_task t = open_task(w, "receive");
    w->done =
        (struct flow_done){ .task_id = t.id, .version = t.version + 1, .outcome = STR("accept") };
    assert_int_equal(store_write(w->cx, tx_complete, w), ERR_CONFLICT);
    w->done =
        (struct flow_done){ .task_id = t.id, .version = t.version, .outcome = STR("approve") };
    assert_int_equal(store_write(w->cx, tx_complete, w), ERR_INVALID);
    w->cx->n_problems = 0;
    ASSERT_OK(w->cx, complete(w, "receive", "accept"));
    w->done = (struct flow_done){ .task_id = t.id, .outcome = STR("accept") };
    assert_int_equal(store_write(w->cx, tx_complete, w), ERR_CONFLICT);
}

static void
test_flow_timer_due_fires_once_beside_the_task(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    ASSERT_OK(w->cx, complete(w, "receive", "accept"));
    struct flow_due *due = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, flow_timers_due(w->cx, w->flow.now_us, 10, &due, &n));
    assert_int_equal(n, 0);
    w->flow.now_us += INT64_C(24) * 3600 * DATE_US_PER_S;
    ASSERT_OK(w->cx, flow_timers_due(w->cx, w->flow.now_us, 10, &due, &n));
    assert_int_equal(n, 1);
    w->n_taken = due[0].timer_id;
    w->log[0] = '\0';
    ASSERT_OK(w->cx, store_write(w->cx, tx_timer, w));
    ASSERT_OK(w->cx, store_write(w->cx, tx_timer, w));
    assert_string_equal(w->log, "service:late");
    (void)open_task(w, "examine");
}

/* --- a question to another unit ----------------------------------------------------------------
 */
static enum err
tx_start_asking(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_start(cx, &w->flow, 78, STR("hoi"), &w->case_id);
}

static enum err
tx_due(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_set_due(cx, w->done.task_id, w->n_taken);
}

static enum err
tx_message_at(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    return flow_message_at(cx, &w->flow, w->done.task_id, w->word, &w->n_taken);
}

static struct flow_task
ask(struct world *w)
{
    ASSERT_OK(w->cx, store_write(w->cx, tx_start_asking, w));
    struct flow_task first = open_task(w, "examine");
    ASSERT_OK(w->cx, complete(w, "examine", "consult"));
    struct flow_task t = open_task(w, "ask.answer");
    ASSERT_STR(t.unit, "u-consulted");
    assert_int_equal(t.token, first.token);
    w->log[0] = '\0';
    return t;
}

static void
test_flow_set_due_moves_the_timer_that_ends_the_wait(void **state)
{
    struct world *w = *state;
    struct flow_due *due = NULL;
    size_t n = 0;
    struct flow_task t = ask(w);
    w->done.task_id = t.id;
    w->n_taken = t.due_us + INT64_C(5) * 86400 * DATE_US_PER_S;
    ASSERT_OK(w->cx, store_write(w->cx, tx_due, w));
    w->flow.now_us = t.due_us;
    ASSERT_OK(w->cx, flow_timers_due(w->cx, w->flow.now_us, 10, &due, &n));
    assert_int_equal(n, 0);
    w->flow.now_us += INT64_C(5) * 86400 * DATE_US_PER_S;
    ASSERT_OK(w->cx, flow_timers_due(w->cx, w->flow.now_us, 10, &due, &n));
    assert_int_equal(n, 1);
    w->n_taken = due[0].timer_id;
    ASSERT_OK(w->cx, store_write(w->cx, tx_timer, w));
    assert_string_equal(w->log, "cancel:ask.answer open:examine");
    ASSERT_OK(w->cx, complete(w, "examine", "propose"));
}

static void
test_flow_message_at_reaches_one_task_only(void **state)
{
    struct world *w = *state;
    struct flow_task t = ask(w);
    w->done.task_id = t.id;
    w->word = STR("paid");
    ASSERT_OK(w->cx, store_write(w->cx, tx_message_at, w));
    assert_int_equal(w->n_taken, 0);
    w->word = STR("recalled");
    ASSERT_OK(w->cx, store_write(w->cx, tx_message_at, w));
    assert_int_equal(w->n_taken, 1);
    assert_string_equal(w->log, "cancel:ask.answer open:examine");
    assert_int_equal(test_count(w->cx, "flow_timer"), 0);
}

static void
test_flow_cancel_open_case_leaves_nothing_waiting(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    ASSERT_OK(w->cx, complete(w, "receive", "accept"));
    w->word = STR("withdrawn");
    ASSERT_OK(w->cx, store_write(w->cx, tx_cancel, w));
    assert_int_equal(test_count(w->cx, "flow_token"), 0);
    assert_int_equal(test_count(w->cx, "flow_timer"), 0);
    assert_int_equal(test_i64(w->cx, "SELECT COUNT(*) FROM flow_task WHERE state = 'open'"), 0);
    assert_int_equal(store_write(w->cx, tx_cancel, w), ERR_CONFLICT);
}

static enum err
tx_claims(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    int64_t id = w->done.task_id;
    TRY(flow_claim(cx, id, 5));
    assert_int_equal(flow_claim(cx, id, 6), ERR_CONFLICT);
    struct flow_task *t = NULL;
    size_t n = 0;
    TRY(flow_hand(cx, id, 6, 5));
    TRY(flow_tasks_of_person(cx, 5, STR("u-intake"), false, &t, &n));
    assert_int_equal(n, 0);
    TRY(flow_tasks_of_person(cx, 5, STR("u-intake"), true, &t, &n));
    assert_int_equal(n, 1);
    assert_int_equal(t[0].assignee, 6);
    return ERR_OK;
}

static enum err
tx_move(struct ctx *cx, void *arg)
{
    (void)arg;
    int64_t n = 0;
    TRY(flow_move_unit(cx, STR("u-intake"), STR("u-new"), &n));
    assert_int_equal(n, 3);
    return ERR_OK;
}

static void
test_flow_inbox_pages_by_key_and_counts(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        w->flow.now_us += DATE_US_PER_S * (i % 2);
        ASSERT_OK(w->cx, store_write(w->cx, tx_start, w));
    }
    struct flow_inbox q = { .unit = STR("u-intake"), .role = STR("one-stop"), .n = 2 };
    struct flow_task *t = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, flow_inbox(w->cx, &q, &t, &n));
    assert_int_equal(n, 2);
    q.after_due_us = t[1].due_us;
    q.after_id = t[1].id;
    w->done.task_id = t[0].id;
    ASSERT_OK(w->cx, flow_inbox(w->cx, &q, &t, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(w->cx, store_write(w->cx, tx_claims, w));
    struct flow_inbox_counts c;
    ASSERT_OK(w->cx, flow_inbox_count(w->cx, STR("u-intake"), STR("one-stop"), 6, t[0].due_us,
                                      INT64_MAX, &c));
    assert_int_equal(c.n_open, 3);
    assert_int_equal(c.n_mine, 1);
    assert_int_equal(c.n_unassigned, 2);
    assert_int_equal(c.n_late, 1);
    assert_int_equal(c.n_due_soon, 2);
    ASSERT_OK(w->cx, store_write(w->cx, tx_move, w));
    ASSERT_OK(w->cx, flow_inbox_count(w->cx, STR("u-intake"), STR("one-stop"), 6, 0, 0, &c));
    assert_int_equal(c.n_open, 0);
}

/* --- property: whatever people choose, no token is lost, and the same choices give the same end */

struct play {
    uint64_t seed;
    int64_t next_id;
    uint32_t n_waits;
};

static int64_t
play_id(struct ctx *cx, void *arg)
{
    (void)cx;
    return ++((struct play *)arg)->next_id;
}

static uint32_t
play_roll(struct play *p, uint32_t n)
{
    p->seed = p->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(p->seed >> 33) % n;
}

static bool
play_holds(struct ctx *cx, void *arg, const struct flow_edge *e, enum err *ret)
{
    (void)cx;
    (void)e;
    (void)ret;
    return play_roll(arg, 2) == 1;
}

static enum err
play_service(struct ctx *cx, void *arg, const struct flow_node *n)
{
    (void)cx;
    (void)arg;
    (void)n;
    return ERR_OK;
}

static enum err
play_wait(struct ctx *cx, void *arg, const struct flow_token *t)
{
    (void)cx;
    (void)t;
    ((struct play *)arg)->n_waits++;
    return ERR_OK;
}

/* One random case to its end; returns a fingerprint of the way it took. */
static uint64_t
play_once(struct ctx *cx, const struct flow_process *p, uint64_t seed)
{
    struct play play = { .seed = seed };
    struct flow_ops ops = { .arg = &play,
                            .new_id = play_id,
                            .holds = play_holds,
                            .service = play_service,
                            .wait = play_wait,
                            .leave = play_wait };
    struct flow_marking m = { .p = p };
    uint64_t print = 1;
    assert_int_equal(flow_put(cx, &ops, &m, p->start), ERR_OK);
    assert_int_equal(flow_run(cx, &ops, &m), ERR_OK);
    for (int i = 0; m.n > 0; i++) {
        assert_true(i < 1000);
        uint32_t n_waiting = 0;
        for (uint32_t k = 0; k < m.n; k++) {
            enum flow_kind kind = p->nodes[m.tokens[k].node].kind;
            assert_true(kind == FLOW_USER || kind == FLOW_CATCH || kind == FLOW_PARALLEL);
            n_waiting += kind != FLOW_PARALLEL;
        }
        assert_true(n_waiting > 0); /* never stuck at a join alone */
        uint32_t pick = play_roll(&play, m.n);
        while (p->nodes[m.tokens[pick].node].kind == FLOW_PARALLEL) {
            pick = (pick + 1) % m.n;
        }
        print = print * 31 + m.tokens[pick].node;
        assert_int_equal(flow_pass(cx, &m, m.tokens[pick].id), ERR_OK);
        assert_int_equal(flow_run(cx, &ops, &m), ERR_OK);
    }
    return print;
}

static void
test_flow_run_random_choices_always_reach_an_end(void **state)
{
    struct world *w = *state;
    const struct flow_process *p = flow_find(w->pack, STR("ho-tich"));
    for (uint64_t seed = 1; seed <= 300; seed++) {
        assert_true(play_once(w->cx, p, seed) == play_once(w->cx, p, seed));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flow_run_random_choices_always_reach_an_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_start_plain_process_opens_first_task, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_complete_refusal_takes_condition_and_ends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_run_fee_and_parallel_branches_to_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_return_earlier_step_opens_it_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_complete_stale_or_wrong_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_timer_due_fires_once_beside_the_task, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_set_due_moves_the_timer_that_ends_the_wait,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flow_message_at_reaches_one_task_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_cancel_open_case_leaves_nothing_waiting, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_flow_inbox_pages_by_key_and_counts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
