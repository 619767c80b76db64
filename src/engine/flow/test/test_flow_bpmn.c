/* Tests of reading processes: faulty ones are told, durations in all their forms. */
#include "lib/harness.h"

#include "engine/flow/flow_int.h"

static pack_part_fn *const parts[] = { flow_pack_part };

#define HEAD                                                                                       \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "                            \
    "xmlns:bb='urn:bombo:bpmn:1'><process id='p' name='P'>"                                        \
    "<startEvent id='s'/><endEvent id='e'/>"
#define FOOT               "</process></definitions>"
#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"

/* How many faults a process with these nodes has. */
static size_t
faults_of(struct ctx *cx, const char *inside)
{
    struct pack_file files[] = {
        { STR("processes/p.bpmn"), str_fmt(cx->arena, "%s%s%s", HEAD, inside, FOOT) },
        { STR("roles/roles.csv"), STR("role,name_vi,name_en,perms\nleader,L,L,\n") },
    };
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    enum err e = pack_read_files(cx, files, COUNT_OF(files), parts, 1, &p, &faults, &n);
    if (e == ERR_OK) {
        assert_true(n > 0 || flow_find(p, STR("p")) != NULL);
    }
    pack_free(p);
    return n;
}

static void
test_flow_pack_faulty_process_is_told(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    static const char *const good =
        "<userTask id='t' bb:role='leader'/>" FLOW("a", "s", "t") FLOW("b", "t", "e");
    static const char *const bad[] = {
        "", /* no way out of the start */
        FLOW("a", "s", "nowhere"),
        "<userTask id='t' bb:role='king'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"), /* unknown role */
        "<userTask id='t' bb:role='leader' bb:budget='soon'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"),
        "<userTask id='t' bb:role='leader' bb:outcomes='maybe'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"),
        "<serviceTask id='t' bb:service='magic'/>" FLOW("a", "s", "t") FLOW("b", "t", "e"),
        "<serviceTask id='t' bb:service='notify'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"), /* needs bb:arg */
        "<scriptTask id='t'/>" FLOW("a", "s", "e"),
        "<userTask id='t' bb:role='leader'/>" FLOW("a", "s", "e")
            FLOW("b", "t", "e"), /* unreachable */
        "<exclusiveGateway id='t'/>" FLOW("a", "s", "t") FLOW("b", "t", "e")
            FLOW("c", "t", "e"), /* no default */
        "<exclusiveGateway id='t' default='b'/>" FLOW("a", "s", "t") FLOW("b", "t", "t")
            FLOW("c", "t", "e"), /* circle */
        "<callActivity id='t' calledElement='p'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"), /* calls itself */
        "<startEvent id='s2'/>" FLOW("a", "s", "e") FLOW("b", "s2", "e"),
        "<intermediateCatchEvent id='t'/>" FLOW("a", "s", "t") FLOW("b", "t", "e"),
        "<userTask id='t' bb:role='leader' bb:may-return='x'/>" FLOW("a", "s", "t")
            FLOW("b", "t", "e"),
        "<exclusiveGateway id='t' default='b'/>" FLOW("a", "s", "t")
            FLOW("b", "t",
                 "e") "<sequenceFlow id='c' sourceRef='t' targetRef='e'><conditionExpression>1 "
                      "+</conditionExpression></sequenceFlow>",
    };
    assert_int_equal(faults_of(env->cx, good), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (faults_of(env->cx, bad[i]) == 0) {
            fail_msg("no fault in: %s", bad[i]);
        }
    }
    test_env_free(env);
}

static void
test_flow_duration_forms(void **state)
{
    (void)state;
    int64_t s = 0;
    assert_true(flow_duration(STR("PT30M"), 28800, &s) && s == 1800);
    assert_true(flow_duration(STR("P2DT4H"), 28800, &s) && s == 2 * 28800 + 4 * 3600);
    assert_true(flow_duration(STR("2d"), 28800, &s) && s == 57600);
    assert_true(flow_duration(STR("90m"), 28800, &s) && s == 5400);
    assert_false(flow_duration(STR("P1M"), 28800, &s));
    assert_false(flow_duration(STR("P"), 28800, &s));
    assert_false(flow_duration(STR(""), 28800, &s));
    assert_false(flow_duration(STR("8"), 28800, &s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow_duration_forms),
        cmocka_unit_test(test_flow_pack_faulty_process_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
