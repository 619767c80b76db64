/* app_start.c: opens what a command needs, in order, and says plainly what is wrong. */
#include "app/app_int.h"
#include "base/buf.h"
#include "codec/pdf.h"
#include "engine/box/box.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange.h"
#include "engine/health/health.h"
#include "engine/indicator/indicator.h"
#include "engine/sign/sign.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/log.h"

#include <stdio.h>

#define FAULTS_TEXT_MAX (1U << 20)

static bool
complain(const struct app *app, const char *what, const char *remedy, enum err e)
{
    (void)fprintf(stderr, "bombo: %s: %s (%s)\n       %s\n", what, app->cx.err.text, err_name(e),
                  remedy);
    return false;
}

/* A faulty pack is shown whole before the program gives up. */
static bool
complain_pack(struct app *app)
{
    pack_part_fn *const *parts = NULL;
    size_t n_parts = app_pack_parts(&parts);
    struct pack *pack = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    struct buf b = buf_new(app->arena, FAULTS_TEXT_MAX);
    if (pack_read_dir(&app->cx, app->cx.config->pack_dirs, parts, n_parts, &pack, &faults, &n) ==
        ERR_OK) {
        pack_check_print(&b, faults, n);
        pack_free(pack);
    }
    (void)fprintf(stderr, STR_FMT, STR_ARG(buf_str(&b)));
    return complain(app, "the content pack cannot be used",
                    "Mend the lines above, or give another folder with --pack.", ERR_INVALID);
}

static bool
open_rest(struct app *app)
{
    pack_part_fn *const *parts = NULL;
    size_t n_parts = app_pack_parts(&parts);
    enum err e = pack_set_open(&app->cx, app->cx.config->pack_dirs, parts, n_parts, &app->packs);
    if (e == ERR_INVALID) {
        return complain_pack(app);
    }
    if (e != ERR_OK) {
        return complain(app, "the content pack cannot be read",
                        "It is looked for in the current folder, beside the program and in "
                        "../share/bombo: give its folder with --pack.",
                        e);
    }
    app->cx.packs = app->packs;
    app->cx.texts = pack_texts(pack_now(&app->cx));
    e = dossier_load_packs(&app->cx);
    if (e != ERR_OK) {
        return complain(app, "an older version of the content cannot be read",
                        "Restore the data folder from its backup.", e);
    }
    e = calendar_overrides_load(&app->cx);
    if (e != ERR_OK) {
        return complain(app, "the days that operators set cannot be read",
                        "Restore the data folder from its backup.", e);
    }
    e = pdf_check_fonts(&app->cx);
    if (e != ERR_OK) {
        return complain(app, "the font for documents is not usable",
                        "Install the Debian package fonts-liberation2.", e);
    }
    e = sign_desk_open(&app->cx, &app->sign);
    if (e != ERR_OK) {
        return complain(app, "the signing keys cannot be opened",
                        "Check --sign-module, --sign-pin and the data folder.", e);
    }
    app->cx.sign = app->sign;
    app->cx.own = &box_own;
    app->figures = indicator_cube_open();
    app->cx.figures = app->figures;
    return true;
}

static void
begin(struct app *app, const struct app_config *config)
{
    *app = (struct app){ .arena = arena_open(0) };
    struct app_config *kept = ARENA_NEW(app->arena, struct app_config);
    *kept = *config;
    app->cx = (struct ctx){ .arena = app->arena,
                            .clock = &sys_clock_real,
                            .random = &sys_random_real,
                            .config = kept,
                            .lang = STR("vi"),
                            .trace_id = STR("start") };
}

static bool
is_postgres(const struct app_config *config)
{
    return str_starts(config->store_url, STR("postgres"));
}

static const char *
store_remedy(const struct app_config *config, enum err e)
{
    if (is_postgres(config) && err_status(e) != 415) {
        return "Is PostgreSQL running, does the database exist, may this user create tables in it? "
               "`psql URL` with the URL of --store must connect.";
    }
    switch (err_status(e)) {
    case 503:
        return "Another bombo uses this data folder: stop it, or choose another with --data.";
    case 415:
        return "Nothing was changed. Run the program that fits, or choose another folder with "
               "--data or another database with --store.";
    default:
        return "Check the data folder and the free space on its disk.";
    }
}

bool
app_open_reading(struct app *app, const struct app_config *config)
{
    begin(app, config);
    struct store_config sc = { .url = app->cx.config->store_url,
                               .connections_n = (uint32_t)config->n_store_connections,
                               .on_connect = app_on_connect(),
                               .is_read_only = true };
    enum err e = store_open(&app->cx, &sc, &app->store);
    if (e != ERR_OK) {
        return complain(app, "the store cannot be read", store_remedy(config, e), e);
    }
    app->cx.store = app->store;
    return true;
}

bool
app_open(struct app *app, const struct app_config *config)
{
    begin(app, config);
    const struct app_config *kept = app->cx.config;
    struct store_config sc = { .url = kept->store_url,
                               .connections_n = (uint32_t)kept->n_store_connections,
                               .on_connect = app_on_connect() };
    enum err e = sys_mkdirs(&app->cx, kept->data_dir);
    if (e != ERR_OK) {
        return complain(app, "the data folder cannot be made",
                        "Choose a folder you may write to with --data.", e);
    }
    e = store_open(&app->cx, &sc, &app->store);
    if (e != ERR_OK) {
        return complain(app, "the store cannot be opened", store_remedy(config, e), e);
    }
    app->cx.store = app->store;
    return open_rest(app);
}

void
app_close(struct app *app)
{
    sign_desk_close(app->sign);
    exchange_keys_close(app->token_keys);
    pack_set_close(app->packs);
    store_close(app->store);
    indicator_cube_close(app->figures);
    health_close(app->health);
    sys_log_close(app->log);
    arena_close(app->arena);
}
