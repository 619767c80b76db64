/* Sign-in, growing delay, second factor, roles, acting for another, tokens, idempotency. */
#include "engine/access/access.h"

#include "crypto/password.h"
#include "crypto/totp.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"

#define PASSWORD "giã gạo Bom Bo"
#define SECOND   (INT64_C(1000) * 1000)
#define UNIT     "25405@2025-07-01"
#define OTHER    "25195@2025-07-01"

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack_set *packs;
    int64_t citizen, officer, colleague;
};

static pack_part_fn *const parts[] = { pack_part_site, unit_pack_part, calendar_pack_part,
                                       access_pack_part };

struct person {
    const char *name, *login;
    struct str hash;
    bool is_officer;
    int64_t account;
};

static enum err
person_tx(struct ctx *cx, void *arg)
{
    struct person *p = arg;
    struct party row = { .kind = STR("person"),
                         .name = str_of(p->name),
                         .source = STR("generated") };
    TRY(party_add(cx, &row));
    return access_account_add(cx, row.id, str_of(p->login), p->hash, p->is_officer, false,
                              &p->account);
}

static int64_t
person(struct ctx *cx, const char *name, const char *login, struct str hash, bool is_officer)
{
    struct person p = { name, login, hash, is_officer, 0 };
    ASSERT_OK(cx, store_write(cx, person_tx, &p));
    return p.account;
}

struct place {
    int64_t account;
    const char *unit, *role, *to;
};

static enum err
place_tx(struct ctx *cx, void *arg)
{
    const struct place *p = arg;
    return access_position_add(cx, p->account, str_of(p->unit), str_of(p->role), STR("Cán bộ"),
                               STR("2026-01-01"), str_of(p->to));
}

static void
place(struct ctx *cx, int64_t account, const char *unit, const char *role, const char *to)
{
    struct place p = { account, unit, role, to };
    ASSERT_OK(cx, store_write(cx, place_tx, &p));
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct str hash;
    assert_non_null(w);
    w->env = test_env_new();
    w->cx = w->env->cx;
    ASSERT_OK(w->cx,
              pack_set_open(w->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), &w->packs));
    w->cx->packs = w->packs;
    ASSERT_OK(w->cx, password_hash(w->cx, STR(PASSWORD), &hash));
    w->citizen = person(w->cx, "Thị Mơ", "070190000018", hash, false);
    w->officer = person(w->cx, "Lê Một", "motcua", hash, true);
    w->colleague = person(w->cx, "Trần Hai", "haicua", hash, true);
    place(w->cx, w->officer, UNIT, "receiver", "");
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    pack_set_close(w->packs);
    test_env_free(w->env);
    free(w);
    return 0;
}

static enum err
sign_in(struct world *w, const char *login, const char *password, struct str code,
        struct access_session *ret)
{
    struct access_sign_in in = { .login = str_of(login),
                                 .password = str_of(password),
                                 .code = code,
                                 .peer = STR("::1"),
                                 .agent = STR("test") };
    struct str secret;
    w->cx->n_problems = 0;
    enum err e = access_sign_in(w->cx, &in, ret, &secret);
    if (e == ERR_OK) {
        struct access_session found;
        ASSERT_OK(w->cx, access_session_find(w->cx, secret, &found));
        assert_int_equal(found.id, ret->id);
    }
    return e;
}

static void
be(struct world *w, int64_t account)
{
    struct actor *me = ARENA_NEW(w->cx->arena, struct actor);
    ASSERT_OK(w->cx, access_actor_of_account(w->cx, account, me));
    w->cx->actor = me;
    w->cx->who.account = account;
}

static void
test_sign_in_right_and_wrong(void **state)
{
    struct world *w = *state;
    struct access_session s;
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_OK);
    assert_int_equal(s.account, w->officer);
    assert_int_equal(s.level, 1);
    assert_int_equal(sign_in(w, "motcua", "sai mật khẩu", STR_NULL, &s), ERR_UNAUTHENTICATED);
    ASSERT_STR(w->cx->problems[0].key, "access.sign_in_wrong");
    assert_int_equal(sign_in(w, "khong-co", PASSWORD, STR_NULL, &s), ERR_UNAUTHENTICATED);
    ASSERT_STR(w->cx->problems[0].key, "access.sign_in_wrong"); /* the same words */
}

static void
test_sign_in_wrong_again_and_again_waits_longer(void **state)
{
    struct world *w = *state;
    struct access_session s;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sign_in(w, "motcua", "sai", STR_NULL, &s), ERR_UNAUTHENTICATED);
    }
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s),
                     ERR_RATE); /* even the right one */
    sys_clock_fake_step(&w->env->clock, 3 * SECOND);
    assert_int_equal(sign_in(w, "motcua", "sai", STR_NULL, &s), ERR_UNAUTHENTICATED);
    sys_clock_fake_step(&w->env->clock, 3 * SECOND);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_RATE); /* now 4 s */
    sys_clock_fake_step(&w->env->clock, 2 * SECOND);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_OK);
    assert_int_equal(test_i64(w->cx, "SELECT failed_n FROM account WHERE login = 'motcua'"), 0);
}

static void
test_sign_in_locked_account_is_refused_and_its_sessions_end(void **state)
{
    struct world *w = *state;
    struct access_session s;
    struct actor me;
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_OK);
    ASSERT_OK(w->cx, access_account_lock(w->cx, w->officer, true));
    assert_int_equal(access_actor_of_session(w->cx, &s, &me), ERR_UNAUTHENTICATED);
    assert_int_equal(
        test_i64(w->cx,
                 "SELECT COUNT(*) FROM session WHERE revoked_us IS NULL AND account_id <> 0"),
        0);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_UNAUTHENTICATED);
    assert_int_equal(access_account_lock(w->cx, 1, true), ERR_NOT_FOUND);
}

static struct str
code_now(struct world *w, struct str secret)
{
    return totp_code(w->cx->arena, secret, sys_now_us(w->cx) / SECOND / 30);
}

static void
test_sign_in_second_factor_is_wanted_and_counts_once(void **state)
{
    struct world *w = *state;
    struct str secret;
    struct access_session s;
    ASSERT_OK(w->cx, access_totp_begin(w->cx, &secret));
    assert_int_equal(access_totp_enable(w->cx, w->officer, secret, STR("000000")), ERR_INVALID);
    w->cx->n_problems = 0;
    ASSERT_OK(w->cx, access_totp_enable(w->cx, w->officer, secret, code_now(w, secret)));
    sys_clock_fake_step(&w->env->clock, 60 * SECOND);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, STR_NULL, &s), ERR_INVALID);
    ASSERT_STR(w->cx->problems[0].key, "access.code_wanted");
    struct str code = code_now(w, secret);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, code, &s), ERR_OK);
    assert_int_equal(s.level, 2);
    assert_int_equal(sign_in(w, "motcua", PASSWORD, code, &s), ERR_INVALID); /* replayed */
    ASSERT_STR(w->cx->problems[0].key, "access.code_wrong");
}

static void
test_set_password_short_or_with_the_login_is_invalid(void **state)
{
    struct world *w = *state;
    assert_int_equal(access_set_password(w->cx, w->officer, STR("ngắn"), false), ERR_INVALID);
    w->cx->n_problems = 0;
    assert_int_equal(access_set_password(w->cx, w->officer, STR("motcua-motcua"), false),
                     ERR_INVALID);
    w->cx->n_problems = 0;
    ASSERT_OK(w->cx, access_set_password(w->cx, w->officer, STR("một câu dài dễ nhớ"), false));
    ASSERT_OK(w->cx, access_check_password(w->cx, w->officer, STR("một câu dài dễ nhớ")));
}

static void
test_may_follows_role_unit_and_period(void **state)
{
    struct world *w = *state;
    be(w, w->officer);
    assert_true(access_may(w->cx, "dossier.receive"));
    assert_true(access_may_in(w->cx, "dossier.receive", STR(UNIT)));
    assert_false(access_may_in(w->cx, "dossier.receive", STR(OTHER)));
    assert_false(access_may(w->cx, "dossier.sign"));
    assert_false(access_may(w->cx, "no.such"));
    be(w, w->citizen);
    assert_true(access_may(w->cx, "dossier.file"));
    assert_false(access_may(w->cx, "dossier.read_unit"));
    place(w->cx, w->colleague, UNIT, "leader", "2026-11-22"); /* ended yesterday */
    be(w, w->colleague);
    assert_false(access_may(w->cx, "dossier.sign"));
    w->cx->actor = NULL;
    assert_false(access_may(w->cx, "signed-in"));
    assert_true(access_may(w->cx, "public"));
}

static void
test_may_in_below_reaches_units_of_the_province(void **state)
{
    struct world *w = *state;
    const struct unit *province = unit_at(w->cx, STR("75"), calendar_today(w->cx));
    assert_non_null(province);
    place(w->cx, w->colleague, str_z(w->cx->arena, province->key), "leader", "");
    be(w, w->colleague);
    assert_true(access_may_in(w->cx, "stats.read", STR(UNIT)));
    place(w->cx, w->officer, str_z(w->cx->arena, province->key), "specialist", "");
    be(w, w->officer);
    assert_false(
        access_may_in(w->cx, "dossier.process", STR(UNIT))); /* that role stays in its unit */
}

static int64_t
own_position(struct world *w)
{
    struct access_position_row *v = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, access_positions_of(w->cx, w->officer, &v, &n));
    assert_int_equal(n, 1);
    return v[0].id;
}

static void
test_act_lend_gives_the_position_for_the_period_only(void **state)
{
    struct world *w = *state;
    int64_t now_us = sys_now_us(w->cx);
    int64_t position = own_position(w);
    be(w, w->officer);
    assert_int_equal(
        access_act_lend(w->cx, position, w->officer, now_us, now_us + SECOND, STR("x")),
        ERR_INVALID);
    w->cx->n_problems = 0;
    assert_int_equal(
        access_act_lend(w->cx, position, w->citizen, now_us, now_us + SECOND, STR("x")),
        ERR_INVALID);
    ASSERT_OK(w->cx, access_act_lend(w->cx, position, w->colleague, now_us, now_us + 60 * SECOND,
                                     STR("nghỉ phép")));
    be(w, w->colleague);
    assert_true(access_may_in(w->cx, "dossier.receive", STR(UNIT)));
    assert_int_equal(w->cx->actor->positions[0].owner, w->officer);
    assert_int_equal(
        access_act_lend(w->cx, position, w->officer, now_us, now_us + SECOND, STR("x")),
        ERR_FORBIDDEN);
    sys_clock_fake_step(&w->env->clock, 61 * SECOND);
    be(w, w->colleague);
    assert_false(access_may_in(w->cx, "dossier.receive", STR(UNIT)));
}

static void
test_act_lend_ends_with_the_account_that_lent(void **state)
{
    struct world *w = *state;
    int64_t now_us = sys_now_us(w->cx);
    be(w, w->officer);
    ASSERT_OK(w->cx, access_act_lend(w->cx, own_position(w), w->colleague, now_us,
                                     now_us + 60 * SECOND, STR("x")));
    ASSERT_OK(w->cx, access_account_lock(w->cx, w->officer, true));
    be(w, w->colleague);
    assert_false(access_may(w->cx, "dossier.receive"));
}

static void
test_token_has_only_its_permissions_until_revoked(void **state)
{
    struct world *w = *state;
    struct str token;
    struct actor me;
    struct access_token *v = NULL;
    size_t n = 0;
    be(w, w->officer);
    assert_int_equal(access_token_new(w->cx, STR("x"), STR("dossier.sign"), 30, &token),
                     ERR_INVALID);
    w->cx->n_problems = 0;
    ASSERT_OK(w->cx, access_token_new(w->cx, STR("máy quét"), STR("dossier.search"), 30, &token));
    assert_true(str_starts(token, STR("bb_")));
    ASSERT_OK(w->cx, access_actor_of_token(w->cx, token, &me));
    w->cx->actor = &me;
    assert_true(access_may(w->cx, "dossier.search"));
    assert_false(access_may(w->cx, "dossier.receive"));
    assert_false(access_may(w->cx, "signed-in"));
    ASSERT_OK(w->cx, access_tokens(w->cx, w->officer, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(access_token_revoke(w->cx, w->colleague, v[0].id), ERR_NOT_FOUND);
    ASSERT_OK(w->cx, access_token_revoke(w->cx, w->officer, v[0].id));
    assert_int_equal(access_actor_of_token(w->cx, token, &me), ERR_NOT_FOUND);
}

static void
test_token_ends_with_its_time(void **state)
{
    struct world *w = *state;
    struct str token;
    struct actor me;
    be(w, w->officer);
    ASSERT_OK(w->cx, access_token_new(w->cx, STR("x"), STR("dossier.search"), 1, &token));
    sys_clock_fake_step(&w->env->clock, 86401 * SECOND);
    assert_int_equal(access_actor_of_token(w->cx, token, &me), ERR_NOT_FOUND);
}

static void
test_idem_same_key_gives_the_first_answer(void **state)
{
    struct world *w = *state;
    bool is_found = true;
    int status = 0;
    struct str body;
    ASSERT_OK(w->cx, access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body));
    assert_false(is_found);
    assert_int_equal(access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body),
                     ERR_CONFLICT);
    ASSERT_OK(w->cx, access_idem_end(w->cx, STR("k"), 201, STR("{\"id\":1}")));
    ASSERT_OK(w->cx, access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body));
    assert_true(is_found);
    assert_int_equal(status, 201);
    ASSERT_STR(body, "{\"id\":1}");
    assert_int_equal(access_idem_begin(w->cx, STR("k"), STR("other"), &is_found, &status, &body),
                     ERR_INVALID);
}

static void
test_idem_failed_or_stuck_may_run_again(void **state)
{
    struct world *w = *state;
    bool is_found = true;
    int status = 0;
    struct str body;
    ASSERT_OK(w->cx, access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body));
    ASSERT_OK(w->cx, access_idem_end(w->cx, STR("k"), 503, STR("")));
    ASSERT_OK(w->cx, access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body));
    assert_false(is_found);
    sys_clock_fake_step(&w->env->clock, 61 * SECOND); /* its process died */
    ASSERT_OK(w->cx, access_idem_begin(w->cx, STR("k"), STR("f"), &is_found, &status, &body));
    assert_false(is_found);
}

static void
test_rate_over_the_limit_is_refused_until_the_next_window(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(w->cx, access_rate(w->cx, STR("k"), 60 * SECOND, 3));
    }
    assert_int_equal(access_rate(w->cx, STR("k"), 60 * SECOND, 3), ERR_RATE);
    ASSERT_OK(w->cx, access_rate(w->cx, STR("other"), 60 * SECOND, 3));
    sys_clock_fake_step(&w->env->clock, 60 * SECOND);
    ASSERT_OK(w->cx, access_rate(w->cx, STR("k"), 60 * SECOND, 3));
}

static void
test_session_unused_ends_used_lives_on(void **state)
{
    struct world *w = *state;
    struct access_session s;
    struct access_session found;
    struct str secret;
    ASSERT_OK(w->cx, access_session_start(w->cx, STR("::1"), STR("x"), &s, &secret));
    sys_clock_fake_step(&w->env->clock, 6 * 86400 * SECOND);
    ASSERT_OK(w->cx, access_session_find(w->cx, secret, &found));
    sys_clock_fake_step(&w->env->clock, 6 * 86400 * SECOND);
    ASSERT_OK(w->cx, access_session_find(w->cx, secret, &found));
    sys_clock_fake_step(&w->env->clock, 8 * 86400 * SECOND);
    assert_int_equal(access_session_find(w->cx, secret, &found), ERR_NOT_FOUND);
}

static enum err
move_tx(struct ctx *cx, void *arg)
{
    return access_positions_move(cx, STR(UNIT), STR(OTHER), arg);
}

static void
test_positions_move_ends_the_old_and_begins_the_new(void **state)
{
    struct world *w = *state;
    int64_t n = 0;
    ASSERT_OK(w->cx, store_write(w->cx, move_tx, &n));
    assert_int_equal(n, 1);
    be(w, w->officer);
    assert_int_equal(w->cx->actor->n_positions, 1);
    assert_true(access_may_in(w->cx, "dossier.receive", STR(OTHER)));
    assert_false(access_may_in(w->cx, "dossier.receive", STR(UNIT)));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_sign_in_right_and_wrong),
        T(test_sign_in_wrong_again_and_again_waits_longer),
        T(test_sign_in_locked_account_is_refused_and_its_sessions_end),
        T(test_sign_in_second_factor_is_wanted_and_counts_once),
        T(test_set_password_short_or_with_the_login_is_invalid),
        T(test_may_follows_role_unit_and_period),
        T(test_may_in_below_reaches_units_of_the_province),
        T(test_act_lend_gives_the_position_for_the_period_only),
        T(test_act_lend_ends_with_the_account_that_lent),
        T(test_token_has_only_its_permissions_until_revoked),
        T(test_token_ends_with_its_time),
        T(test_idem_same_key_gives_the_first_answer),
        T(test_idem_failed_or_stuck_may_run_again),
        T(test_rate_over_the_limit_is_refused_until_the_next_window),
        T(test_session_unused_ends_used_lives_on),
        T(test_positions_move_ends_the_old_and_begins_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
