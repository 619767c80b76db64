/* err.c: tables made from errors.def. */
#include "base/err.h"

static const struct {
    const char *name, *key;
    int status;
    bool may_retry;
} errors[ERR_COUNT] = {
    [ERR_OK] = { "ERR_OK", "ok", 200, false },
#define ERR(name, status, key, retry) [name] = { #name, key, status, retry },
#include "base/errors.def"
#undef ERR
};

int
err_status(enum err e)
{
    return errors[e].status;
}

const char *
err_key(enum err e)
{
    return errors[e].key;
}

const char *
err_name(enum err e)
{
    return errors[e].name;
}

bool
err_may_retry(enum err e)
{
    return errors[e].may_retry;
}
