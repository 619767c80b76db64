/* err.h: the one error type. Functions that can fail return enum err; ERR_OK is 0. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"
#include "base/str.h"

enum err {
    ERR_OK = 0,
#define ERR(name, status, key, retry) name,
#include "base/errors.def"
#undef ERR
    ERR_COUNT
};

/* What the log needs to know about a failure. Users see only the translated text of the code. */
struct err_detail {
    enum err code;
    const char *file;
    int line;
    char text[240];
};

/* One field's problem, shown beside the field and in the error summary. key is a text key;
 * arg fills {arg} in it, arg2 fills {arg2}. */
struct problem {
    struct str field, key, arg, arg2;
};

int err_status(enum err e);       /* HTTP status, 200 for ERR_OK */
const char *err_key(enum err e);  /* text key suffix, "ok" for ERR_OK */
const char *err_name(enum err e); /* "ERR_CONFLICT" */
bool err_may_retry(enum err e);

/* Returns early on error. The only macro that hides a return: use it only where nothing but
 * arena memory or the open transaction is owned. Written as a loop that never turns, so that the
 * size checks do not count its braces as nesting. */
#define TRY(call)                                                                                  \
    for (enum err try_err_ = (call); try_err_ != ERR_OK; try_err_ = ERR_OK)                        \
    return try_err_

#endif
