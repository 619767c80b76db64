/* What people agreed to: which answer may follow which, whose list it stands in, the words of then.
 */
#include "engine/party/party.h"

#include "lib/harness.h"

#define NUMBER "070088000017"

static enum err
add_tx(struct ctx *cx, void *arg)
{
    return party_consent_add(cx, arg);
}

static struct party_consent
asked(struct ctx *cx, int64_t draft, int64_t dossier)
{
    struct party_consent c = { .draft = draft,
                               .dossier = dossier,
                               .number = STR(NUMBER),
                               .name = STR("Điểu Sơn"),
                               .kind = STR("named"),
                               .part = STR("Người cha"),
                               .part_en = STR("The father"),
                               .asker = STR("Thị Mơ"),
                               .wording = STR("Thị Mơ nộp hồ sơ"),
                               .wording_en = STR("Thị Mơ files"),
                               .state = STR("asked"),
                               .is_needed = true };
    ASSERT_OK(cx, store_write(cx, add_tx, &c));
    return c;
}

struct answer {
    struct party_consent *c;
    const char *state;
};

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    const struct answer *a = arg;
    return party_consent_answer(cx, a->c, str_of(a->state), STR("account"), STR_NULL);
}

static enum err
answer(struct ctx *cx, struct party_consent *c, const char *state)
{
    struct answer a = { c, state };
    return store_write(cx, answer_tx, &a);
}

static struct party_consent
again(struct ctx *cx, int64_t id)
{
    struct party_consent c;
    ASSERT_OK(cx, party_consent_get(cx, id, &c));
    return c;
}

static void
test_may_follows_only_an_open_question_or_a_given_word(void **state)
{
    static const struct {
        const char *from, *to;
        bool may;
    } steps[] = {
        { "asked", "given", true },      { "asked", "refused", true },
        { "asked", "withdrawn", false }, { "given", "withdrawn", true },
        { "given", "refused", false },   { "given", "given", false },
        { "refused", "given", true },    { "refused", "withdrawn", false },
        { "withdrawn", "given", true },  { "withdrawn", "refused", false },
        { "asked", "asked", false },     { "given", "perhaps", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (party_consent_may(str_of(steps[i].from), str_of(steps[i].to)) != steps[i].may) {
            fail_msg("%s to %s", steps[i].from, steps[i].to);
        }
    }
}

static void
test_answer_keeps_when_and_how_and_each_step_once(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party_consent c = asked(cx, 7, 70);
    ASSERT_OK(cx, answer(cx, &c, "given"));
    assert_int_equal(answer(cx, &c, "refused"), ERR_CONFLICT); /* asked on another screen */
    struct party_consent got = again(cx, c.id);
    ASSERT_STR(got.state, "given");
    ASSERT_STR(got.how, "account");
    assert_true(got.given_us >= got.asked_us && got.asked_us > 0);
    assert_int_equal(got.ended_us, 0);
    assert_true(got.is_needed);
    assert_int_equal(answer(cx, &got, "refused"), ERR_CONFLICT);
    ASSERT_OK(cx, answer(cx, &got, "withdrawn"));
    got = again(cx, c.id);
    ASSERT_STR(got.state, "withdrawn");
    assert_true(got.ended_us > 0);
    ASSERT_OK(cx, answer(cx, &got, "given"));
    assert_int_equal(again(cx, c.id).ended_us, 0);
}

static void
test_lists_are_of_the_number_the_draft_and_the_dossier(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party_consent *v = NULL;
    size_t n = 0;
    int64_t first = asked(cx, 7, 70).id;
    int64_t second = asked(cx, 8, 80).id;
    ASSERT_OK(cx, party_consents_of(cx, STR(NUMBER), &v, &n));
    assert_int_equal(n, 2);
    assert_int_equal(v[0].id, second); /* newest first */
    ASSERT_OK(cx, party_consents_of(cx, STR(""), &v, &n));
    assert_int_equal(n, 0); /* questions that reach nobody are nobody's */
    ASSERT_OK(cx, party_consents_of_draft(cx, 7, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].id, first);
    ASSERT_OK(cx, party_consents_of_dossier(cx, 80, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].id, second);
}

static void
test_words_are_given_in_the_language_of_the_page(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party_consent c = again(cx, asked(cx, 7, 70).id);
    cx->lang = STR("vi");
    ASSERT_STR(party_consent_wording(cx, &c), "Thị Mơ nộp hồ sơ");
    ASSERT_STR(party_consent_part(cx, &c), "Người cha");
    cx->lang = STR("en");
    ASSERT_STR(party_consent_wording(cx, &c), "Thị Mơ files");
    ASSERT_STR(party_consent_part(cx, &c), "The father");
    c.wording_en = STR("");
    ASSERT_STR(party_consent_wording(cx, &c), "Thị Mơ nộp hồ sơ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_may_follows_only_an_open_question_or_a_given_word),
        cmocka_unit_test_setup_teardown(test_answer_keeps_when_and_how_and_each_step_once,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_lists_are_of_the_number_the_draft_and_the_dossier,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_words_are_given_in_the_language_of_the_page,
                                        test_env_set_up, test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
