/* log.c: JSON lines, or plain ones at a terminal. */
#include "sys/log.h"

#include "sys/sys.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096U
#define TEXT_MAX_BYTES 600U

struct sys_log {
    int fd;
    bool is_plain;
    _Atomic int level;
};

static const char *const names[] = { "error", "warn", "info", "debug" };

bool
sys_log_level_of(struct str name, enum sys_log_level *ret)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(name, str_of(names[i]))) {
            *ret = (enum sys_log_level)i;
            return true;
        }
    }
    return false;
}

const char *
sys_log_level_name(enum sys_log_level level)
{
    return names[level];
}

struct sys_log *
sys_log_open(int fd, enum sys_log_level level)
{
    struct sys_log *log = calloc(1, sizeof(*log));
    ASSERT(log != NULL);
    log->fd = fd;
    log->is_plain = isatty(fd) != 0;
    atomic_init(&log->level, (int)level);
    return log;
}

void
sys_log_close(struct sys_log *log)
{
    free(log);
}

void
sys_log_level_set(struct sys_log *log, enum sys_log_level level)
{
    if (log != NULL) {
        atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
    }
}

bool
sys_log_has(const struct ctx *cx, enum sys_log_level level)
{
    return cx->log != NULL &&
           (int)level <= atomic_load_explicit(&cx->log->level, memory_order_relaxed);
}

/* --- one line on the stack: logging must work when memory is short ---------------------------- */
struct line {
    char p[LINE_MAX_BYTES];
    size_t n;
    bool is_plain;
};

static void
add(struct line *l, const char *p, size_t n)
{
    if (l->n + n < sizeof(l->p) - 2) { /* room for "}\n" */
        memcpy(l->p + l->n, p, n);
        l->n += n;
    }
}

static void
add_z(struct line *l, const char *z)
{
    add(l, z, strlen(z));
}

static void
add_byte(struct line *l, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        char two[2] = { '\\', (char)c };
        add(l, two, 2);
    } else if (c < 0x20) {
        char six[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15U] };
        add(l, six, 6);
    } else {
        char one = (char)c;
        add(l, &one, 1);
    }
}

/* A string, cut where it gets too long for one line; cut after whole characters. */
static void
add_text(struct line *l, struct str s)
{
    size_t n = s.n;
    if (!str_is_utf8(s)) {
        s = STR("(not text)");
        n = s.n;
    }
    if (n > TEXT_MAX_BYTES || l->n + n * 6 + 64 > sizeof(l->p)) {
        size_t room = l->n + 128 < sizeof(l->p) ? (sizeof(l->p) - l->n - 128) / 6 : 0;
        n = n > TEXT_MAX_BYTES ? TEXT_MAX_BYTES : n;
        n = n > room ? room : n;
        while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0U) == 0x80U) {
            n--;
        }
    }
    add_z(l, "\"");
    for (size_t i = 0; i < n; i++) {
        add_byte(l, (unsigned char)s.p[i]);
    }
    add_z(l, "\"");
}

static void
add_field(struct line *l, const struct sys_log_field *f)
{
    char number[32];
    add_z(l, l->is_plain ? " " : ",\"");
    add_z(l, f->name);
    add_z(l, l->is_plain ? "=" : "\":");
    if (f->text.p != NULL) {
        add_text(l, f->text);
        return;
    }
    int n = snprintf(number, sizeof(number), "%" PRId64, f->n);
    add(l, number, (size_t)n);
}

static void
add_time(struct line *l, int64_t wall_us)
{
    char day[40];
    char rest[16];
    time_t s = (time_t)(wall_us / 1000000);
    struct tm tm;
    (void)gmtime_r(&s, &tm);
    size_t n = strftime(day, sizeof(day), "{\"at\":\"%Y-%m-%dT%H:%M:%S", &tm);
    add(l, day, n);
    int m = snprintf(rest, sizeof(rest), ".%06dZ\"", (int)(wall_us % 1000000));
    add(l, rest, (size_t)m);
}

/* How a line begins: when, how grave, what. */
static void
begin(struct line *l, int64_t wall_us, enum sys_log_level level, const char *event)
{
    char text[64];
    time_t s = (time_t)(wall_us / 1000000);
    struct tm tm;
    if (l->is_plain) {
        (void)localtime_r(&s, &tm);
        size_t n = strftime(text, sizeof(text), "%H:%M:%S ", &tm);
        int m = snprintf(text + n, sizeof(text) - n, "%-5s ", names[level]);
        add(l, text, n + (size_t)m);
        add_z(l, event);
        return;
    }
    add_time(l, wall_us);
    add_field(l, &SYS_LOG_TEXT("level", str_of(names[level])));
    add_field(l, &SYS_LOG_TEXT("event", str_of(event)));
}

void
sys_log(struct ctx *cx, enum sys_log_level level, const char *event,
        const struct sys_log_field *fields, size_t n)
{
    struct line l;
    if (!sys_log_has(cx, level)) {
        return;
    }
    l.n = 0;
    l.is_plain = cx->log->is_plain;
    begin(&l, sys_now_us(cx), level, event);
    if (cx->trace_id.n != 0) {
        add_field(&l, &SYS_LOG_TEXT("trace", cx->trace_id));
    }
    for (size_t i = 0; i < n; i++) {
        add_field(&l, &fields[i]);
    }
    if (!l.is_plain) {
        l.p[l.n++] = '}';
    }
    l.p[l.n++] = '\n';
    while (write(cx->log->fd, l.p, l.n) < 0 && errno == EINTR) {
    }
}
