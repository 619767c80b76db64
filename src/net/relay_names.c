/* relay_names.c: names of errors and steps, for records, logs and answers. */
#include "net/relay.h"

const char *
relay_error_name(enum relay_error e)
{
    static const char *const names[RELAY_ERROR_COUNT] = {
        [RELAY_OK] = "ok",
#define RELAY_ERROR(name, code, status, xroad_status, type, text) [name] = (code),
#include "net/relay_errors.def"
#undef RELAY_ERROR
    };
    return (unsigned)e < RELAY_ERROR_COUNT ? names[e] : "unknown";
}

const char *
relay_step_name(enum relay_step s)
{
    static const char *const names[RELAY_STEP_COUNT] = {
        [RELAY_STEP_HEAD] = "head",       [RELAY_STEP_CHECK] = "check",
        [RELAY_STEP_CONNECT] = "connect", [RELAY_STEP_SEND] = "send",
        [RELAY_STEP_WAIT] = "wait",       [RELAY_STEP_ANSWER] = "answer",
        [RELAY_STEP_REFUSE] = "refuse",
    };
    return (unsigned)s < RELAY_STEP_COUNT ? names[s] : "unknown";
}
