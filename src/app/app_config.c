/* app_config.c: the command line. Every wrong word is told at once, with what to write instead. */
#include "app/app_int.h"
#include "engine/node/node.h"

#include "sys/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096
#define DAYS_MAX       1000
#define PACK           "packs/binh-phuoc"
#define DEMO_PACK      "build/demo-pack" /* made by tools/demogen.py */

struct option {
    const char *name, *help;
    enum { OPT_TEXT, OPT_NUMBER, OPT_FLAG } kind;
    size_t offset;
};

/* What a reload takes over. */
static const char *const live[] = { "--pack", "--tls-cert", "--tls-key", "--log-level" };

#define CONFIG(member) offsetof(struct app_options, config.member)

static const struct option options[] = {
    { "--config", "file with these options, one \"name = value\" a line (none); words win",
      OPT_TEXT, offsetof(struct app_options, config_file) },
    { "--address", "address to listen on (0.0.0.0)", OPT_TEXT, CONFIG(address) },
    { "--port", "port to listen on (8080)", OPT_NUMBER, CONFIG(port) },
    { "--data", "data folder (data)", OPT_TEXT, CONFIG(data_dir) },
    { "--store", "sqlite:PATH or postgres://USER@HOST/DATABASE (sqlite, in the data folder)",
      OPT_TEXT, CONFIG(store_url) },
    { "--blobs", "papers: s3:https://HOST/BUCKET[/FOLDER] (blobs/ in the data folder)", OPT_TEXT,
      CONFIG(blobs_url) },
    { "--blobs-key", "file with two lines: the id of the bucket's key, its secret", OPT_TEXT,
      CONFIG(blobs_key) },
    { "--blobs-region", "region of the bucket (us-east-1)", OPT_TEXT, CONFIG(blobs_region) },
    { "--store-connections", "PostgreSQL: connections at most (three per core)", OPT_NUMBER,
      CONFIG(n_store_connections) },
    { "--role", "what this process does: web, jobs, relay, ','-separated (all)", OPT_TEXT,
      offsetof(struct app_options, roles) },
    { "--pack",
      "pack folders, ':'-separated, the first wins (" PACK "; with --demo also " DEMO_PACK ")",
      OPT_TEXT, CONFIG(pack_dirs) },
    { "--base-url", "address people reach it by (http://localhost:PORT)", OPT_TEXT,
      CONFIG(base_url) },
    { "--today", "business date, YYYY-MM-DD (the real one)", OPT_TEXT, CONFIG(today) },
    { "--smtp", "mail server, smtp://host:port (none: mail waits)", OPT_TEXT, CONFIG(smtp_url) },
    { "--clamd", "socket of the virus scanner (none)", OPT_TEXT, CONFIG(clamd_socket) },
    { "--oidc-issuer", "e-ID provider (none)", OPT_TEXT, CONFIG(oidc_issuer) },
    { "--oidc-client", "client id at the e-ID provider", OPT_TEXT, CONFIG(oidc_client_id) },
    { "--oidc-secret", "client secret at the e-ID provider", OPT_TEXT, CONFIG(oidc_client_secret) },
    { "--oidc-claims", "claims of the e-ID provider (id=personal_id,name=name,birth=birthdate)",
      OPT_TEXT, CONFIG(oidc_claims) },
    { "--oidc-levels", "levels of assurance, acr=1 or acr=2, ','-separated", OPT_TEXT,
      CONFIG(oidc_levels) },
    { "--sign-module", "PKCS#11 module of the signing token (software keys)", OPT_TEXT,
      CONFIG(sign_module) },
    { "--sign-pin", "PIN of the signing token", OPT_TEXT, CONFIG(sign_pin) },
    { "--tls-cert", "certificate chain, PEM (none: plain HTTP)", OPT_TEXT, CONFIG(tls_cert) },
    { "--tls-key", "key of the certificate, PEM", OPT_TEXT, CONFIG(tls_key) },
    { "--sign-in-tries", "tries to sign in per 10 minutes, one login from one address (30)",
      OPT_NUMBER, CONFIG(sign_in_tries) },
    { "--sign-in-peer", "the same for all logins from one address (2000)", OPT_NUMBER,
      CONFIG(sign_in_peer) },
    { "--admin", "address:port of /metrics, /healthz, /readyz, e.g. 127.0.0.1:9108 (none)",
      OPT_TEXT, CONFIG(admin) },
    { "--log-level", "error, warn, info or debug: JSON lines on the error output (warn)", OPT_TEXT,
      CONFIG(log_level) },
    { "--log-file", "the log goes to the end of this file instead (none)", OPT_TEXT,
      offsetof(struct app_options, log_file) },
    { "--drain", "seconds between \"not ready\" and the end, for load balancers (0)", OPT_NUMBER,
      CONFIG(drain_s) },
    { "--passphrase-file", "its first line encrypts a backup, and opens it (none: not encrypted)",
      OPT_TEXT, offsetof(struct app_options, passphrase_file) },
    { "--keep", "backup to a folder: how many are kept (0: all)", OPT_NUMBER,
      offsetof(struct app_options, keep) },
    { "--workers", "worker threads (two per core)", OPT_NUMBER, CONFIG(n_workers) },
    { "--loops", "network loops (one per core)", OPT_NUMBER, CONFIG(n_loops) },
    { "--relay-port", "port of the exchange's relay (none)", OPT_NUMBER, CONFIG(relay_port) },
    { "--relay-address", "address of the relay (0.0.0.0)", OPT_TEXT, CONFIG(relay_address) },
    { "--relay-policy", "JSON file with the relay's policy (the exchange's own)", OPT_TEXT,
      CONFIG(relay_policy) },
    { "--relay-log", "file for the relay's chained log (none)", OPT_TEXT, CONFIG(relay_log) },
    { "--relay-cert", "the relay's certificate chain, PEM (none: plain HTTP)", OPT_TEXT,
      CONFIG(relay_cert) },
    { "--relay-key", "key of that certificate, PEM", OPT_TEXT, CONFIG(relay_key) },
    { "--relay-loops", "loops of the relay (one per core)", OPT_NUMBER, CONFIG(relay_loops) },
    { "--node-port", "port for signed exchange with other installations, mutual TLS (none)",
      OPT_NUMBER, CONFIG(node_port) },
    { "--node-address", "address of that port (0.0.0.0)", OPT_TEXT, CONFIG(node_address) },
    { "--node-name", "name of this installation among the others (the host of --base-url)",
      OPT_TEXT, CONFIG(node_name) },
    { "--node-tsa", "RFC 3161 time-stamp authority, http(s) (none; with --demo a simulator)",
      OPT_TEXT, CONFIG(node_tsa) },
    { "--node-tsa-ca", "root certificate of that authority, PEM", OPT_TEXT, CONFIG(node_tsa_ca) },
    { "--node-stamp-hours", "how long exchange goes on while the authority is away (4)", OPT_NUMBER,
      CONFIG(node_stamp_hours) },
    { "--box-retry-s", "longest wait before messages to another installation are tried again (600)",
      OPT_NUMBER, CONFIG(box_retry_s) },
    { "--node-log-gib", "room for the evidence log, GiB; when full no call passes (50)", OPT_NUMBER,
      CONFIG(node_log_gib) },
    { "--node-archive-days",
      "evidence older than so many days moves to evidence/archive each day (not by itself)",
      OPT_NUMBER, CONFIG(node_archive_days) },
    { "--node-archive-at", "when, in Vietnam (02:00)", OPT_TEXT, CONFIG(node_archive_at) },
    { "--queue", "requests that may wait for a worker, beyond: 503 (512)", OPT_NUMBER,
      CONFIG(queue_max) },
    { "--connections", "open connections, beyond: 503 (10000)", OPT_NUMBER,
      CONFIG(connections_max) },
    { "--demo", "generated people and officers, labelled simulators", OPT_FLAG, CONFIG(is_demo) },
    { "--secure-cookie", "cookies only over TLS", OPT_FLAG, CONFIG(is_secure_cookie) },
    { "--n", "how many generated dossiers (simulate: 100; run --demo: none)", OPT_NUMBER,
      offsetof(struct app_options, n) },
    { "--json", "the list as JSON (routes)", OPT_FLAG, offsetof(struct app_options, is_json) },
    { "--days", "over how many days until now (30)", OPT_NUMBER,
      offsetof(struct app_options, days) },
    { "--bulk", "how many more as copies of those, row by row (simulate; none)", OPT_NUMBER,
      offsetof(struct app_options, n_bulk) },
};

void
app_help(void)
{
    static const struct {
        const char *line, *what;
    } commands[] = {
        { "bombo run [options]", "prepare the data folder and serve (default)" },
        { "bombo pack check [FOLDER]",
          "check a content pack: every fault with file, line, remedy" },
        { "bombo ledger verify [--data D]", "recompute the ledger and report" },
        { "bombo simulate --n N [--days D]", "file N generated dossiers and work on them" },
        { "bombo simulate --bulk N", "load N copies of such dossiers, for measuring" },
        { "bombo store copy FROM TO", "move all rows to an empty store; FROM and TO as --store" },
        { "bombo blobs push|pull", "copy papers from the data folder into the bucket, or back" },
        { "bombo routes [--json]", "list every route with its permission and fields" },
        { "bombo relay --relay-policy FILE", "the exchange's relay alone; SIGHUP reads FILE anew" },
        { "bombo relay verify --relay-log FILE", "check the chain of a relay's log" },
        { "bombo evidence export ID [FILE]", "a signed call as an ASiC-E container" },
        { "bombo evidence verify [--data D]", "check the chain of the evidence log" },
        { "bombo evidence archive DAYS", "move older segments of it to evidence/archive" },
        { "bombo backup FILE|FOLDER|-",
          "the whole installation in one file, also while it serves" },
        { "bombo restore FILE --data NEW", "a new data folder from a backup, verified" },
        { "bombo help", "this page" },
        { "bombo version", "version of the program" },
    };
    (void)printf("Bom Bo: one door for everything. Commands:\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        (void)printf("  %-34s %s\n", commands[i].line, commands[i].what);
    }
    (void)printf("\nOptions:\n\n");
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        (void)printf("  %-16s %s\n", options[i].name, options[i].help);
    }
    (void)printf(
        "\nGuides: doc/guide/ . Report faults with the trace number that the page shows.\n");
}

static const struct option *
find(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (str_eq(word, str_of(options[i].name))) {
            return &options[i];
        }
    }
    return NULL;
}

static bool
is_port(const struct option *opt)
{
    return opt->offset == CONFIG(port) || opt->offset == CONFIG(relay_port) ||
           opt->offset == CONFIG(node_port);
}

/* Stores one value; false with a message when it is not of the kind. */
static bool
store_value(struct app_options *o, const struct option *opt, struct str value)
{
    char *at = (char *)o + opt->offset;
    int64_t n = 0;
    switch (opt->kind) {
    case OPT_TEXT:
        memcpy(at, &value, sizeof(value));
        return true;
    case OPT_FLAG:
        *(bool *)at = true;
        return true;
    case OPT_NUMBER:
        break;
    }
    if (!str_to_i64(value, 0, 100000000, &n) || (is_port(opt) && n > 65535)) {
        (void)fprintf(stderr, "bombo: %s wants a number, not \"" STR_FMT "\"\n", opt->name,
                      STR_ARG(value));
        return false;
    }
    if (opt->offset == offsetof(struct app_options, n)) {
        o->n = n;
    } else if (opt->offset == offsetof(struct app_options, n_bulk)) {
        o->n_bulk = n;
    } else if (opt->offset == offsetof(struct app_options, days)) {
        o->days = n > DAYS_MAX ? DAYS_MAX : n;
    } else {
        int32_t small = (int32_t)n;
        memcpy(at, &small, sizeof(small));
    }
    return true;
}

bool
app_option_set(struct app_options *o, struct str name, struct str value, struct str where)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        const struct option *opt = &options[i];
        if (!str_eq(name, str_of(opt->name + 2)) || str_eq(name, STR("config"))) {
            continue;
        }
        bool is_no = str_eq(value, STR("no"));
        if (opt->kind != OPT_FLAG) {
            return store_value(o, opt, value);
        }
        if (!is_no && !str_eq(value, STR("yes"))) {
            (void)fprintf(stderr, "bombo: " STR_FMT ": " STR_FMT " wants yes or no\n",
                          STR_ARG(where), STR_ARG(name));
            return false;
        }
        return is_no || store_value(o, opt, STR_NULL);
    }
    (void)fprintf(stderr,
                  "bombo: " STR_FMT ": there is no option " STR_FMT "; `bombo help` lists them\n",
                  STR_ARG(where), STR_ARG(name));
    return false;
}

static bool
is_same(const struct option *opt, const struct app_options *x, const struct app_options *y)
{
    const char *px = (const char *)x + opt->offset;
    const char *py = (const char *)y + opt->offset;
    if (opt->kind == OPT_TEXT) {
        struct str sx;
        struct str sy;
        memcpy(&sx, px, sizeof(sx));
        memcpy(&sy, py, sizeof(sy));
        return str_eq(sx, sy);
    }
    return memcmp(px, py, opt->kind == OPT_FLAG ? sizeof(bool) : sizeof(int32_t)) == 0;
}

static bool
is_live(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(live); i++) {
        if (str_eq(str_of(name), str_of(live[i]))) {
            return true;
        }
    }
    return false;
}

void
app_options_compare(const struct app_options *x, const struct app_options *y, app_changed_fn *fn,
                    void *arg)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (!is_same(&options[i], x, y)) {
            fn(arg, options[i].name, is_live(options[i].name));
        }
    }
}

static bool
read_words(int argc, char **argv, struct app_options *o)
{
    bool is_good = true;
    for (int i = 1; i < argc; i++) {
        struct str word = str_of(argv[i]);
        const struct option *opt = find(word);
        if (opt != NULL && opt->kind == OPT_FLAG) {
            (void)store_value(o, opt, STR_NULL);
        } else if (opt != NULL && i + 1 < argc) {
            is_good = store_value(o, opt, str_of(argv[++i])) && is_good;
        } else if (opt != NULL) {
            (void)fprintf(stderr, "bombo: %s wants a value: %s\n", opt->name, opt->help);
            is_good = false;
        } else if (str_eq(word, STR("--help")) || str_eq(word, STR("-h"))) {
            o->is_help = true;
        } else if (str_starts(word, STR("--"))) {
            (void)fprintf(stderr, "bombo: there is no option %s; `bombo help` lists them\n",
                          argv[i]);
            is_good = false;
        } else if (o->command.p == NULL) {
            o->command = word;
        } else if (o->sub.p == NULL) {
            o->sub = word;
        } else if (o->path.p == NULL) {
            o->path = word;
        } else {
            o->path2 = word;
        }
    }
    return is_good;
}

/* Which roles this process has. Alone on the embedded store it has to have them all. */
static bool
read_roles(struct app_options *o)
{
    struct app_config *c = &o->config;
    struct str rest = o->roles;
    struct str word;
    if (str_is_empty(o->roles)) {
        c->is_web = c->is_jobs = c->is_relay = true;
        return true;
    }
    while (str_next(&rest, ',', &word)) {
        bool *role = str_eq(word, STR("web"))     ? &c->is_web
                     : str_eq(word, STR("jobs"))  ? &c->is_jobs
                     : str_eq(word, STR("relay")) ? &c->is_relay
                                                  : NULL;
        if (role == NULL) {
            (void)fprintf(stderr, "bombo: --role knows web, jobs and relay, not \"" STR_FMT "\"\n",
                          STR_ARG(word));
            return false;
        }
        *role = true;
    }
    if (!str_starts(c->store_url, STR("postgres")) && (!c->is_web || !c->is_jobs)) {
        (void)fprintf(stderr,
                      "bombo: --role %.*s needs --store postgres://...: one process alone "
                      "uses the embedded store, and it must do everything\n",
                      STR_ARG(o->roles));
        return false;
    }
    return true;
}

/* Where the program's own content stands: here, above the folder it was built in, or where a
 * package puts it. None: the current folder, and reading the pack tells what is missing. */
static struct str
find_share(struct arena *a)
{
    static const char *const beside[] = { "..", ".", "../share/bombo" };
    char exe[PATH_MAX_BYTES];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (access(PACK, R_OK) == 0 || n <= 0) {
        return STR("");
    }
    struct str dir = sys_path_dir((struct str){ exe, (size_t)n });
    for (size_t i = 0; i < COUNT_OF(beside); i++) {
        struct str share = str_fmt(a, STR_FMT "/%s", STR_ARG(dir), beside[i]);
        if (access(str_z(a, str_cat(a, share, STR("/" PACK))), R_OK) == 0) {
            return share;
        }
    }
    return STR("");
}

/* The content of the province; in the demo also the generated half, where it was made. */
static struct str
default_packs(struct arena *a, const struct app_config *c)
{
    struct str begin = str_is_empty(c->share_dir) ? STR("") : str_cat(a, c->share_dir, STR("/"));
    struct str demo = str_cat(a, begin, STR(DEMO_PACK));
    bool has_demo = c->is_demo && access(str_z(a, str_cat(a, demo, STR("/procedures"))), R_OK) == 0;
    struct str packs = str_cat(a, begin, STR(PACK));
    return has_demo ? str_fmt(a, STR_FMT ":" STR_FMT, STR_ARG(packs), STR_ARG(demo)) : packs;
}

static void
fill_defaults(struct arena *a, struct app_options *o)
{
    struct app_config *c = &o->config;
    char cwd[PATH_MAX_BYTES];
    if (str_is_empty(c->data_dir)) {
        c->data_dir = STR("data");
    }
    if (c->is_demo && str_is_empty(c->node_tsa)) {
        c->node_tsa = STR(NODE_TSA_SIMULATED);
    }
    c->address = str_is_empty(c->address) ? STR("0.0.0.0") : c->address;
    c->log_level = str_is_empty(c->log_level) ? STR("warn") : c->log_level;
    if (c->data_dir.p[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL) {
        c->data_dir = str_fmt(a, "%s/" STR_FMT, cwd, STR_ARG(c->data_dir));
    }
    c->share_dir = find_share(a);
    if (str_is_empty(c->pack_dirs)) {
        c->pack_dirs = default_packs(a, c);
    }
    if (str_is_empty(c->store_url)) {
        c->store_url = str_fmt(a, "sqlite:" STR_FMT "/bombo.db", STR_ARG(c->data_dir));
    }
    bool is_tls = !str_is_empty(c->tls_cert);
    c->is_secure_cookie = c->is_secure_cookie || is_tls;
    if (str_is_empty(c->base_url)) {
        c->base_url = str_fmt(a, "%s://localhost:%d", is_tls ? "https" : "http", c->port);
    }
}

static bool
is_store_url(struct str url)
{
    return str_is_empty(url) || str_starts(url, STR("sqlite:")) ||
           str_starts(url, STR("postgres://")) || str_starts(url, STR("postgresql://"));
}

/* s3:, http or https, a host, a bucket; and a key that is there. */
static bool
is_blobs_good(const struct app_config *c)
{
    struct str url = c->blobs_url;
    if (str_is_empty(url)) {
        return true;
    }
    struct str rest = str_slice(url, str_find(url, STR("://")) + 3, url.n);
    size_t slash = str_find_char(rest, '/');
    bool is_scheme = str_starts(url, STR("s3:https://")) || str_starts(url, STR("s3:http://"));
    if (!is_scheme || slash == 0 || slash + 1 >= rest.n || rest.p[slash + 1] == '/') {
        (void)fprintf(
            stderr,
            "bombo: --blobs wants s3:https://HOST/BUCKET or s3:https://HOST/BUCKET/FOLDER, "
            "not \"" STR_FMT "\"\n",
            STR_ARG(url));
        return false;
    }
    if (str_is_empty(c->blobs_key)) {
        (void)fprintf(stderr, "bombo: --blobs needs --blobs-key: a file with two lines, the id of "
                              "the bucket's key and its secret\n");
        return false;
    }
    return true;
}

/* The configuration file comes first, wherever the words name it: they win over it. */
static bool
read_file(struct arena *a, int argc, char **argv, struct app_options *o)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (str_eq(str_of(argv[i]), STR("--config"))) {
            return app_conf_read(a, str_of(argv[i + 1]), o);
        }
    }
    return true;
}

bool
app_options_read(struct arena *a, int argc, char **argv, struct app_options *ret)
{
    *ret = (struct app_options){
        .config = { .port = 8080 }, .n = -1, .days = 30, .argc = argc, .argv = argv
    };
    enum sys_log_level level;
    bool is_good = read_file(a, argc, argv, ret);
    is_good = read_words(argc, argv, ret) && is_good;
    if (!str_is_empty(ret->config.log_level) && !sys_log_level_of(ret->config.log_level, &level)) {
        (void)fprintf(stderr, "bombo: --log-level wants error, warn, info or debug\n");
        is_good = false;
    }
    struct date today;
    if (!str_is_empty(ret->config.today) && !date_parse(ret->config.today, &today)) {
        (void)fprintf(stderr, "bombo: --today wants a date like 2026-11-25, not \"" STR_FMT "\"\n",
                      STR_ARG(ret->config.today));
        is_good = false;
    }
    if (!is_store_url(ret->config.store_url)) {
        (void)fprintf(stderr,
                      "bombo: --store wants sqlite:PATH or postgres://USER@HOST/DATABASE, "
                      "not \"" STR_FMT "\"\n",
                      STR_ARG(ret->config.store_url));
        is_good = false;
    }
    is_good = is_blobs_good(&ret->config) && is_good;
    if (str_is_empty(ret->config.tls_cert) != str_is_empty(ret->config.tls_key)) {
        (void)fprintf(stderr, "bombo: --tls-cert and --tls-key go together\n");
        is_good = false;
    }
    if (str_is_empty(ret->config.relay_cert) != str_is_empty(ret->config.relay_key)) {
        (void)fprintf(stderr, "bombo: --relay-cert and --relay-key go together\n");
        is_good = false;
    }
    fill_defaults(a, ret);
    is_good = read_roles(ret) && is_good;
    return is_good;
}
