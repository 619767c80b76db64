/* app_evidence.c: `bombo evidence`: containers and checks of signed exchange, beside a running
 * program or without one. */
#include "app/app_int.h"
#include "engine/node/node.h"

#include <stdio.h>

struct writing {
    struct ctx *cx;
    struct str path;
    int64_t n;
};

static enum err
write_piece(void *arg, struct str bytes)
{
    struct writing *w = arg;
    TRY(sys_file_add(w->cx, w->path, w->n, bytes));
    w->n += (int64_t)bytes.n;
    return ERR_OK;
}

/* Beside its name first: a container is whole or not there. */
static enum err
export_to(struct ctx *cx, struct str id, struct str to, int64_t *ret_n)
{
    struct node_container *c = NULL;
    struct writing w = { cx, str_cat(cx->arena, to, STR(".part")), 0 };
    TRY(node_container_open(cx, id, &c));
    TRY(sys_file_remove(cx, w.path));
    enum err e = node_container_write(cx, c, write_piece, &w);
    e = e == ERR_OK ? sys_file_move(cx, w.path, to) : e;
    if (e != ERR_OK) {
        struct err_detail why = cx->err;
        enum err gone = sys_file_remove(cx, w.path);
        (void)gone;
        cx->err = why;
        return e;
    }
    *ret_n = w.n;
    return ERR_OK;
}

static int
export_one(struct app *app, const struct app_options *o)
{
    int64_t n = 0;
    struct str to = str_is_empty(o->path2) ? str_cat(app->arena, o->path, STR(".asice")) : o->path2;
    enum err e = export_to(&app->cx, o->path, to, &n);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: evidence of " STR_FMT ": %s (%s)\n", STR_ARG(o->path),
                      app->cx.err.text, err_name(e));
        return 1;
    }
    (void)printf(STR_FMT ": %" PRId64 " bytes; unzip it and read README.txt\n", STR_ARG(to), n);
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
        enum err e = node_log_archive(&app.cx, days, SIZE_MAX, &n);
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
