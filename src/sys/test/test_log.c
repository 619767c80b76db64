/* test_log.c: lines stay whole JSON whatever is put into them. */
#include "sys/log.h"
#include "sys/sys.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static struct str
logged(struct arena *a, enum sys_log_level at, const struct sys_log_field *f, size_t n)
{
    struct sys_clock_fake clock;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    struct sys_log *log = sys_log_open(pipes[1], SYS_LOG_WARN);
    sys_clock_fake_init(&clock, INT64_C(1795327200000042));
    struct ctx cx = { .arena = a, .clock = &clock.base, .log = log, .trace_id = STR("ab") };
    sys_log(&cx, at, "test", f, n);
    sys_log_close(log);
    (void)close(pipes[1]);
    char *room = arena_alloc(a, 8192);
    ssize_t got = read(pipes[0], room, 8192);
    (void)close(pipes[0]);
    return (struct str){ room, (size_t)got };
}

static void
test_sys_log_escapes_what_would_end_the_string(void **state)
{
    struct arena *a = arena_open(0);
    const struct sys_log_field f[] = { SYS_LOG_TEXT("x", STR("a\"b\\c\nd")), SYS_LOG_N("n", -7) };
    (void)state;
    struct str s = logged(a, SYS_LOG_WARN, f, 2);
    assert_true(
        str_eq(s, STR("{\"at\":\"2026-11-22T06:00:00.000042Z\",\"level\":\"warn\",\"event\":"
                      "\"test\",\"trace\":\"ab\",\"x\":\"a\\\"b\\\\c\\u000ad\",\"n\":-7}\n")));
    arena_close(a);
}

static void
test_sys_log_below_its_level_writes_nothing(void **state)
{
    struct arena *a = arena_open(0);
    (void)state;
    assert_int_equal(logged(a, SYS_LOG_INFO, NULL, 0).n, 0);
    arena_close(a);
}

static void
test_sys_log_long_texts_are_cut_after_whole_characters(void **state)
{
    struct arena *a = arena_open(0);
    struct sys_log_field f[12];
    char *p = arena_alloc(a, 2000);
    (void)state;
    for (size_t i = 0; i < 2000; i += 2) {
        memcpy(p + i, "\xc4\x91", 2); /* đ */
    }
    for (size_t i = 0; i < COUNT_OF(f); i++) {
        f[i] = SYS_LOG_TEXT("t", ((struct str){ p, 2000 }));
    }
    struct str s = logged(a, SYS_LOG_ERROR, f, COUNT_OF(f));
    assert_true(s.n <= 4096);
    assert_true(str_ends(s, STR("\"}\n")));
    assert_true(str_is_utf8(s));
    arena_close(a);
}

static void
test_sys_log_bytes_that_are_no_text_are_not_copied(void **state)
{
    struct arena *a = arena_open(0);
    const struct sys_log_field f[] = { SYS_LOG_TEXT("x", STR("\xff\xfe")) };
    (void)state;
    struct str s = logged(a, SYS_LOG_ERROR, f, 1);
    assert_true(str_find(s, STR("(not text)")) < s.n);
    arena_close(a);
}

/* People at a terminal read words, not JSON; what is put in still cannot break the line. */
static void
test_sys_log_at_a_terminal_is_a_plain_line(void **state)
{
    struct arena *a = arena_open(0);
    struct sys_clock_fake clock;
    char text[512];
    int master = -1;
    int terminal = -1;
    (void)state;
    assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
    struct sys_log *log = sys_log_open(terminal, SYS_LOG_WARN);
    sys_clock_fake_init(&clock, INT64_C(1795327200000042));
    struct ctx cx = { .arena = a, .clock = &clock.base, .log = log };
    const struct sys_log_field f[] = { SYS_LOG_TEXT("x", STR("a\nb")), SYS_LOG_N("n", -7) };
    sys_log(&cx, SYS_LOG_WARN, "test", f, COUNT_OF(f));
    sys_log_close(log);
    ssize_t got = read(master, text, sizeof(text) - 1);
    assert_true(got > 9);
    text[got] = '\0';
    assert_string_equal(text + 8, " warn  test x=\"a\\u000ab\" n=-7\r\n");
    (void)close(terminal);
    (void)close(master);
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sys_log_escapes_what_would_end_the_string),
        cmocka_unit_test(test_sys_log_below_its_level_writes_nothing),
        cmocka_unit_test(test_sys_log_long_texts_are_cut_after_whole_characters),
        cmocka_unit_test(test_sys_log_at_a_terminal_is_a_plain_line),
        cmocka_unit_test(test_sys_log_bytes_that_are_no_text_are_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
