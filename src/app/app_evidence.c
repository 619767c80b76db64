/* app_evidence.c: `bombo evidence`: containers and checks of signed exchange, beside a running
 * program or without one. */
#include "app/app_int.h"
#include "engine/node/node.h"

#include <stdio.h>

static int
export_one(struct app *app, const struct app_options *o)
{
    struct str bytes;
    struct str to = str_is_empty(o->path2) ? str_cat(app->arena, o->path, STR(".asice")) : o->path2;
    enum err e = node_container(&app->cx, o->path, &bytes);
    e = e == ERR_OK ? sys_file_write(&app->cx, to, bytes) : e;
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: evidence of " STR_FMT ": %s (%s)\n", STR_ARG(o->path),
                      app->cx.err.text, err_name(e));
        return 1;
    }
    (void)printf(STR_FMT ": %zu bytes; unzip it and read README.txt\n", STR_ARG(to), bytes.n);
    return 0;
}

/* `bombo evidence export REQUEST-ID [FILE]` */
int
app_evidence_export(const struct app_options *o)
{
    struct app app;
    int rc = 1;
    if (str_is_empty(o->path)) {
        (void)fprintf(stderr, "bombo: evidence export wants the call's X-Road-Request-Id\n");
        return 2;
    }
    if (app_open_reading(&app, &o->config)) {
        rc = export_one(&app, o);
    }
    app_close(&app);
    return rc;
}

/* `bombo evidence verify`: every record of the log, its chain, its numbers. */
int
app_evidence_verify(const struct app_options *o)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a, .clock = &sys_clock_real, .config = &o->config };
    struct node_log_report r;
    enum err e = node_log_verify(&cx, &r);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the evidence log cannot be read: %s\n", cx.err.text);
    } else {
        struct str said = str_is_empty(r.fault) ? STR("all good") : r.fault;
        (void)printf("segments %" PRIu64 ", records %" PRIu64 ", messages %" PRIu64
                     ", time-stamps %" PRIu64 ", bytes %" PRId64 ": " STR_FMT "\n",
                     r.n_segments, r.n_records, r.n_messages, r.n_stamps, r.n_bytes, STR_ARG(said));
    }
    bool is_good = e == ERR_OK && str_is_empty(r.fault);
    arena_close(a);
    return is_good ? 0 : 1;
}

/* `bombo evidence archive DAYS`: old segments move to <data>/evidence/archive. */
int
app_evidence_archive(const struct app_options *o)
{
    struct app app;
    int64_t days = 0;
    size_t n = 0;
    int rc = 1;
    if (!str_to_i64(o->path, 0, 36500, &days)) {
        (void)fprintf(stderr, "bombo: evidence archive wants how many days stay in the log\n");
        return 2;
    }
    if (app_open_reading(&app, &o->config)) {
        enum err e = node_log_archive(&app.cx, days, &n);
        (void)printf("segments moved to the archive: %zu\n", n);
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bombo: evidence archive: %s (%s)\n", app.cx.err.text,
                          err_name(e));
        }
        rc = e == ERR_OK ? 0 : 1;
    }
    app_close(&app);
    return rc;
}
