/* app_int.h: shared inside the program's top floor. */
#ifndef APP_APP_INT_H
#define APP_APP_INT_H

#include "base/date.h"
#include "engine/pack/pack.h"
#include "net/relay_log.h"
#include "store/jobs.h"
#include "store/store.h"
#include "sys/sys.h"
#include "web/web.h"

#define APP_VERSION "0.1.0"

/* --- app_modules.c: the one list of modules
 * ------------------------------------------------------------------ */
size_t app_pack_parts(pack_part_fn *const **ret);
const struct jobs_config *app_jobs(void);
/* What each new store connection gets (tokenizers, functions). */
store_connect_fn *const *app_on_connect(void);
size_t app_routes(const struct web_routes *const **ret);

/* --- app_collect.c: files that no row names
 * ---------------------------------------------------------------------------- */
extern const struct jobs_timed app_timed[];
/* One sweep: a jobs_timed_fn. */
enum err app_collect_files(struct ctx *cx, int64_t *ret_again_us);

/* --- app_hooks.c
 * --------------------------------------------------------------------------------------------- */
/* Hooks of the web floor for the pack in force. */
struct web_hooks app_hooks_for(const struct pack *pack);

/* --- app_config.c
 * -------------------------------------------------------------------------------------------- */
struct app_options {
    struct app_config config;
    struct str command, sub, path; /* "pack" "check" "packs/x" */
    struct str passphrase_file;    /* of backup and restore */
    int32_t keep;                  /* backups kept in a folder; 0: all */
    struct str path2;              /* "store" "copy" path path2 */
    struct str roles;              /* --role */
    struct str config_file;        /* --config; empty: none */
    struct str log_file;           /* --log-file; empty: the error output */
    int argc;                      /* the words themselves, for reading them again */
    char **argv;
    int64_t n;      /* --n of simulate and run; -1 = not given */
    int64_t days;   /* --days of simulate and run */
    int64_t n_bulk; /* --bulk of simulate */
    bool is_help, is_json;
};
/* Reads words of the command line over defaults. Problems are written to stderr, all at once; false
 * then. */
bool app_options_read(struct arena *a, int argc, char **argv, struct app_options *ret);
void app_help(void);
/* Sets an option by its name without "--", as a line of a configuration file does. False with a
 * message on stderr that begins with `where`. */
bool app_option_set(struct app_options *o, struct str name, struct str value, struct str where);
/* Tells fn each option whose value differs; is_live: a running program takes it over. */
typedef void app_changed_fn(void *arg, const char *name, bool is_live);
void app_options_compare(const struct app_options *x, const struct app_options *y,
                         app_changed_fn *fn, void *arg);

/* --- app_conf.c: configuration files -----------------------------------------------------------
 */
/* "name = value" lines, # comments; every fault on stderr at once. */
bool app_conf_read(struct arena *a, struct str path, struct app_options *o);

/* The data plane of the exchange; both NULL when there is none. */
struct app_relay {
    struct relay *relay;
    struct relay_log *log;
    struct ctx cx; /* of the accounting thread; store NULL: calls are in the log only */
    bool is_ending;
};

/* --- app_start.c: everything that a command needs, opened in order and closed backwards
 * ------------------------- */
struct app {
    struct arena *arena;
    struct ctx cx; /* template of every context */
    struct pack_set *packs;
    struct store *store;
    struct server *server;
    struct web *web;
    struct jobs *jobs;
    struct sign_desk *sign;
    struct exchange_keys *token_keys;
    struct node *node;
    struct app_relay relay;
    struct sys_log *log;
    struct health *health;
    struct indicator_cube *figures;
    struct server *admin;
};
/* Opens store, packs, texts, signer. Prints what is wrong and what to do; false then. */
bool app_open(struct app *app, const struct app_config *config);
/* Only the store, for reading, also beside a running program. */
bool app_open_reading(struct app *app, const struct app_config *config);
void app_close(struct app *app);
/* --- app_backup.c: commands ---------------------------------------------------------------------
 */
int app_backup(const struct app_options *o);
int app_restore(const struct app_options *o);

/* --- app_admin.c: figures and health checks ----------------------------------------------------
 */
/* The admin server at config's address, when it names one. */
NODISCARD enum err app_admin_start(struct app *app);
/* /healthz and /readyz from memory; a web_config.on_probe with a struct health. */
bool app_probe(void *health, const struct http_request *rq, struct http_response *rs);

/* --- app_watch.c: what the main thread does while others serve ----------------------------------
 */
/* Before any thread is started. */
void app_watch_signals(void);
/* Samples, tells the supervisor that all is well, reloads on SIGHUP; returns at SIGTERM or SIGINT.
 */
void app_watch(struct app *app, const struct app_options *options);
/* --- app_reload.c: takes over what may change while the program runs. Faults leave what was. */
void app_reload(struct app *app, const struct app_options *options);

/* Serves until SIGTERM or SIGINT; exit code. */
int app_serve(const struct app_options *options);

/* --- app_store.c
 * --------------------------------------------------------------------------------------------- */
int app_blobs(const struct app_options *options);      /* `bombo blobs push|pull` */
int app_store_copy(const struct app_options *options); /* `bombo store copy FROM TO` */

/* --- app_relay.c
 * --------------------------------------------------------------------------------------------- */
/* Starts the relay as configured, with its log and policy file if given; prints what is wrong. */
bool app_relay_start(struct ctx *cx, const struct app_config *config, struct app_relay *ret);
bool app_relay_load(struct ctx *cx, struct relay *r, struct str path);
void app_relay_stop(struct app_relay *r);                /* also after a start that failed */
int app_relay(const struct app_options *options);        /* `bombo relay` */
int app_relay_verify(const struct app_options *options); /* `bombo relay verify` */

/* --- app_evidence.c
 * --------------------------------------------------------------------------------------------- */
int app_evidence_export(const struct app_options *options);  /* `bombo evidence export ID [FILE]` */
int app_evidence_archive(const struct app_options *options); /* `bombo evidence archive DAYS` */
int app_evidence_verify(const struct app_options *options);  /* `bombo evidence verify` */

/* --- app_demo.c
 * --------------------------------------------------------------------------------------------------
 */
/* Fills an empty data folder with the generated demo: people, officers, certificates. Once. */
enum err app_demo_prepare(struct ctx *cx);
/* A sample document (PDF) with this title: what generated dossiers hand in. */
enum err app_demo_paper(struct ctx *cx, const char *title, struct str *ret);
/* Files n generated dossiers over the last days and works on them until now. */
enum err app_demo_simulate(struct ctx *cx, int64_t n, int32_t days);
/* The same for as many as are missing to n dossiers in all: so a start that was broken off goes on.
 */
enum err app_demo_fill_up(struct ctx *cx, int64_t n, int32_t days);
/* Prints accounts and the first things to try. */
void app_demo_print(struct ctx *cx);

#endif
