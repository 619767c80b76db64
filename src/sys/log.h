/* log.h: what the program writes for those who run it: one JSON object a line; at a terminal, one
 * line for people's eyes. Never personal data:
 * no names, numbers, addresses, typed text, query strings or paths with ids in them; routes are
 * named by their pattern. Library code does not log; the program's top floor does. */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include "base/ctx.h"

enum sys_log_level { SYS_LOG_ERROR, SYS_LOG_WARN, SYS_LOG_INFO, SYS_LOG_DEBUG };
/* "error", "warn", "info", "debug". False: none of these. */
bool sys_log_level_of(struct str name, enum sys_log_level *ret);
const char *sys_log_level_name(enum sys_log_level level);

struct sys_log;
/* Writes to a descriptor that stays open, e.g. 2. A terminal gets
 * "16:22:51 warn  check check=backup value=-1", local time; all else JSON. */
struct sys_log *sys_log_open(int fd, enum sys_log_level level);
void sys_log_close(struct sys_log *log); /* accepts NULL */
/* Takes effect at once, for all threads. Accepts NULL. */
void sys_log_level_set(struct sys_log *log, enum sys_log_level level);
bool sys_log_has(const struct ctx *cx, enum sys_log_level level);

struct sys_log_field {
    const char *name;
    struct str text; /* null: the number */
    int64_t n;
};
#define SYS_LOG_TEXT(nm, s) ((struct sys_log_field){ .name = (nm), .text = (s) })
#define SYS_LOG_N(nm, v)    ((struct sys_log_field){ .name = (nm), .n = (v) })

/* One line with at, level, event, trace (when cx has one) and the fields, in one write, so that
 * lines of several threads do not mix. Nothing when cx->log is NULL or its level is lower. A line
 * over 4 KiB loses its longest texts. */
void sys_log(struct ctx *cx, enum sys_log_level level, const char *event,
             const struct sys_log_field *fields, size_t n);

#endif
