/* web.h: routes, typed input, pages and answers. A module's x_web.c ends with a const table of
 * routes; the dispatcher, the OpenAPI document and the generic route test read the same table.
 *
 * A page is a view of a document: `web_page(cx, rs, &tpl_X, &data)` records a compiled template and
 * its data. The dispatcher renders HTML, or, for the same route below /api/v1 (or with
 * Accept: application/json), the data as JSON. So pages and API cannot drift.
 *
 * Order of one request: route, session, one-time password, permission, origin, input, CSRF,
 * handler, readings recorded, page. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/date.h"
#include "net/http.h"

/* --- input ------------------------------------------------------------------------------------ */
enum web_type {
    WEB_TEXT,  /* one line, NFC, trimmed */
    WEB_LINES, /* several lines, NFC */
    WEB_INT,
    WEB_MONEY,  /* dong, digits with optional dots */
    WEB_DATE,   /* YYYY-MM-DD or d/m/yyyy, or three boxes name-d name-m name-y */
    WEB_BOOL,   /* present and "1", "true" or "on" */
    WEB_CHOICE, /* one of choices */
    WEB_ID,     /* a row id in decimal */
    WEB_SECRET, /* not trimmed, never echoed, never logged */
    WEB_FILE,   /* multipart part */
    WEB_LIST,   /* may repeat: ids of a bulk action */
    WEB_ANY,    /* free names with this prefix (form answers): "a." collects a.x, a.y */
};

struct web_field {
    const char *name;
    enum web_type type;
    bool is_required;
    uint32_t max;               /* characters; 0 = 200 (WEB_LINES: 4000); bytes for WEB_FILE */
    const char *const *choices; /* NULL-ended */
    const char *doc;            /* one line for OpenAPI */
    const char *label;          /* text key: names the field in the error summary */
};

struct web_file {
    struct str field, filename, path; /* path of the spooled part, or null when in bytes */
    struct str bytes;
    int64_t size_bytes;
};

struct web_pair {
    struct str name, value;
};

struct web_req {
    const struct http_request *http;
    const struct web_route *route;
    const char *module; /* whose route it is */
    bool is_api;
    struct str base;        /* "" or "/api/v1" */
    struct web_pair *pairs; /* checked fields (from query, form, multipart or JSON) */
    size_t n_pairs;
    struct web_pair *params; /* path parameters */
    size_t n_params;
    struct web_file *files;
    size_t n_files;
    struct web_pair
        *typed; /* all that came in, as typed, without secrets: for showing the form again */
    size_t n_typed;
    struct str csrf; /* secret of the session; pages carry it masked */
    bool is_again;   /* web_form_again was called: pages show what was typed */
};

/* Value of a field; null str / 0 / false when absent. Names are checked against the route's table:
 * asking for an undeclared name stops the program in tests. */
struct str web_text(const struct web_req *rq, const char *name);
int64_t web_int(const struct web_req *rq, const char *name); /* WEB_INT, WEB_MONEY, WEB_ID */
bool web_bool(const struct web_req *rq, const char *name);
/* All values of a repeated field. */
size_t web_list(struct ctx *cx, const struct web_req *rq, const char *name, struct str **ret);
const struct web_file *web_file(const struct web_req *rq, const char *name);
/* Path parameter "{id}". */
struct str web_param(const struct web_req *rq, const char *name);
/* Path parameter as row id. ERR_NOT_FOUND when it is not one. */
NODISCARD enum err web_param_id(struct ctx *cx, const struct web_req *rq, const char *name,
                                int64_t *ret);

/* --- templates: compiled by tools/tplgen.py --------------------------------------------------- */
struct buf;
struct tpl_desc { /* one declared variable, for JSON and OpenAPI */
    const char *name,
        *type; /* str words int bool html list obj; words: str in the reader's tongue */
    const struct tpl_desc *fields;
    size_t n_fields;
    uint32_t offset, size_bytes; /* place in the data struct; size of a list's element */
    bool is_page_only;           /* not part of the API document */
};
struct tpl {
    const char *name; /* "dossier/tracking" */
    void (*html)(struct buf *b, struct ctx *cx, const void *data);
    const struct tpl_desc *fields;
    size_t n_fields;
    size_t data_bytes;
    bool has_csrf; /* has a form that posts: a nobody gets a session before it is shown */
};

/* --- answers ---------------------------------------------------------------------------------- */
struct web_resp; /* opaque to handlers */

/* Holds a hash or code that a narrow column breaks anywhere: else it leaves the others no room. */
bool web_has_long_word(struct str s);
/* 200 with a page. data is a `struct tpl_NAME` in cx->arena or on the handler's caller's stack kept
 * until it returns: it is rendered after the handler. Put it in the arena. */
enum err web_page(struct ctx *cx, struct web_resp *rs, const struct tpl *tpl, const void *data);
/* Page title (document title and h1 of the layout), already translated. */
void web_title(struct web_resp *rs, struct str title);
void web_status(struct web_resp *rs, int status);
/* 303 to a local path built with printf. API: 200/201 with {"location": ...}. */
enum err web_see_other(struct ctx *cx, struct web_resp *rs, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* 422: the same page again with the error summary from cx->problems and what was typed kept.
 * API: problem document with errors[]. */
enum err web_form_again(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                        const struct tpl *tpl, const void *data);
/* A text shown once on the next page ("Đã lưu"). key is a text key. */
void web_flash(struct ctx *cx, struct web_resp *rs, const char *key);
/* Other bodies: a stored file, bytes, a stream (CSV, XLSX), live events. */
enum err web_file_send(struct ctx *cx, struct web_resp *rs, struct str path,
                       struct str content_type, struct str filename);
enum err web_bytes(struct ctx *cx, struct web_resp *rs, struct str bytes, struct str content_type,
                   struct str filename);
enum err web_stream(struct ctx *cx, struct web_resp *rs, http_stream_fn *fn, void *arg,
                    struct str content_type, struct str filename);
enum err web_events(struct ctx *cx, struct web_resp *rs, struct str channel);
/* A list that a page shows, as a file for spreadsheets: kind "csv" (UTF-8 with its mark, no cell
 * becomes a formula) or "xlsx". name: of the sheet; file: its name without suffix, null = made of
 * the sheet's. cells: row by row. For lists that fit into the arena; longer ones stream their own.
 */
struct web_sheet {
    struct str kind, name, file;
    const struct str *heads;
    size_t n_heads;
    struct str *cells;
    size_t n_rows;
    size_t n_cells, max_rows; /* of web_sheet_begin and web_sheet_put */
    bool is_cut;              /* rows are missing: the last line of the file says so */
};
extern const char *const web_sheet_kinds[3];
#define WEB_SHEET_FIELD                                                                            \
    {                                                                                              \
        .name = "dang", .type = WEB_CHOICE, .choices = web_sheet_kinds,                            \
        .doc = "the list as a file"                                                                \
    }
/* Asked for as a file: by the field WEB_SHEET_FIELD, or by a path that ends with the kind. Null:
 * the page. */
struct str web_sheet_kind(const struct web_req *rq);
/* head_keys: text keys, NULL-ended. Then cell after cell; rows beyond max_rows are left out. */
void web_sheet_begin(struct ctx *cx, const struct web_req *rq, struct web_sheet *s,
                     const char *const *head_keys, size_t max_rows);
void web_sheet_put(struct web_sheet *s, struct str cell);
enum err web_sheet(struct ctx *cx, struct web_resp *rs, const struct web_sheet *sheet);
/* Names the person whose data this page reads, and why: the dispatcher commits the entry to the
 * ledger before the page leaves; when that fails the page does not leave. subject is the party id
 * (0: a list of masked names, then note says the filter and count). */
void web_reads_person(struct ctx *cx, struct web_resp *rs, int64_t subject, const char *purpose,
                      struct str note);
/* Adds a step to the breadcrumbs, outermost first; the page itself last with a null href. */
void web_crumb(struct ctx *cx, struct web_resp *rs, struct str href, struct str text);
void web_set_cookie(struct ctx *cx, struct web_resp *rs, struct str name, struct str value,
                    int64_t max_age_s);
struct http_response *web_http(struct web_resp *rs); /* for what the above do not cover */

/* --- routes ----------------------------------------------------------------------------------- */
typedef enum err web_fn(struct ctx *cx, const struct web_req *rq, struct web_resp *rs);

enum web_flag {
    WEB_API = 1, /* also below /api/v1 */
    WEB_API_ONLY = 2,
    WEB_NO_CSRF =
        4, /* only for routes that carry their own proof (signed callbacks); say why beside it */
    WEB_OFFICE = 8,      /* office layout and style sheet */
    WEB_IDEMPOTENT = 16, /* honours Idempotency-Key (API) */
    WEB_CACHE = 32, /* same for everyone without a sign-in: cached compressed per pack version */
    WEB_NO_LAYOUT = 64,
    WEB_RAW = 128,      /* the body is not parsed: the handler reads rq->http->body */
    WEB_NO_STORE = 256, /* never kept by a browser or proxy, even when public */
    WEB_FRAMED = 512,   /* a document that our own pages may show in a frame (papers, drafts) */
    WEB_HELD = 1024, /* open to somebody who must change a one-time password first: hooks.is_held */
    WEB_PROGRAM = 2048, /* for programs: what fails is told as a problem document, also a wrong path
                           beside it, unless HTML is asked for */
    WEB_XROAD = 4096,   /* as X-Road's PR-REST 4.6 tells failures, whatever is asked for */
};

struct web_route {
    enum http_method method;
    const char *path; /* "/ho-so/{id}/nop" */
    const char *perm; /* name in engine/access, or "public" / "signed-in": never NULL */
    web_fn *fn;
    const struct web_field *fields;
    size_t n_fields;
    uint32_t body_max; /* bytes; 0 = 64 KiB for POST */
    uint32_t flags;
    const char *work_class; /* NULL = default; "password", "pdf", "report" */
    const char *doc;        /* one line for OpenAPI and doc/routes.md */
    /* What the API answers: the document of a page, or a media type ("application/pdf"). Neither: a
     * POST that answers where to go on. A GET of the API must name one. */
    const struct tpl *reply;
    const char *media;
    web_fn *again; /* shows the form again when fields are wrong: usually the GET handler. It
                    * runs after fn failed with ERR_INVALID, or instead of fn when the field
                    * table refused something; NULL: an error page that keeps what was typed */
};

#define WEB_FIELDS(f) .fields = (f), .n_fields = COUNT_OF(f)

struct web_routes {
    const char *module;
    const struct web_route *v;
    size_t n;
};

/* --- what upper floors plug in ---------------------------------------------------------------- */
struct web_session { /* what the web floor knows of the caller */
    int64_t id;      /* 0: none */
    struct str csrf; /* secret, masked per response */
    struct str lang;
    bool is_token; /* bearer token: no CSRF */
};
/* A session that is over: whose it was (0: nobody's), for which organisation, and its secret. */
struct web_ended {
    int64_t account, for_party;
    struct str csrf;
};
struct web_signin {
    struct str login, password, code;
};
struct web_nav_item {
    struct str href, text, icon;
    bool is_current;
    int64_t count; /* -1: none */
};
struct web_hooks {
    /* Reads cookie or bearer token; sets cx->actor. Never fails: no or a bad session is "nobody".
     */
    /* Nobody known is ERR_OK with an empty session; an error when nobody could look. */
    enum err (*session_load)(struct ctx *cx, const struct http_request *rq,
                             struct web_session *ret);
    /* Gives a nobody a session before the first form (draft, CSRF). ret_cookie: a whole Set-Cookie
     * value. */
    enum err (*session_start)(struct ctx *cx, struct web_session *ret, struct str *ret_cookie);
    /* The session that the cookie named while it was good; nothing when it never was. */
    void (*session_ended)(struct ctx *cx, const struct http_request *rq, struct web_ended *ret);
    /* Signs in with a password inside a form whose session ended; sets cx->actor. Problems on
     * login, password, code. */
    enum err (*sign_in)(struct ctx *cx, const struct http_request *rq, const struct web_signin *in,
                        struct web_session *ret, struct str *ret_cookie);
    /* Lets the new session represent the organisation that the ended one represented. */
    enum err (*represent)(struct ctx *cx, int64_t session, int64_t party);
    bool (*may)(struct ctx *cx, const char *perm);
    /* Signed in with a one-time password: only routes with WEB_HELD answer. */
    bool (*is_held)(struct ctx *cx);
    bool (*perm_exists)(const char *perm);
    /* Commits one reading. */
    enum err (*record_reading)(struct ctx *cx, int64_t subject, const char *purpose,
                               struct str note);
    /* Navigation for the current actor. */
    size_t (*nav)(struct ctx *cx, struct str path, bool is_office, struct web_nav_item **ret);
    /* Name of the province or unit under the mark; name of who is signed in; notice bar; demo
     * banner. */
    struct str (*site_name)(struct ctx *cx);
    struct str (*actor_name)(struct ctx *cx);
    struct str (*notice)(struct ctx *cx);
    /* Idempotency: ret_found with the stored answer, or claims the key. */
    enum err (*idem_begin)(struct ctx *cx, struct str key, struct str fingerprint, bool *ret_found,
                           int *ret_status, struct str *ret_body);
    enum err (*idem_end)(struct ctx *cx, struct str key, int status, struct str body);
    const char *pack_version; /* part of cache keys */
    /* An answer failed: for the log. cx->err has the detail. May be NULL, as every hook. */
    void (*failed)(struct ctx *cx, const struct web_req *rq, enum err e);
    /* A worker's answer is built: for the log and the figures. rq->route is NULL when no route
     * fits.
     */
    void (*answered)(struct ctx *cx, const struct web_req *rq, int status);
};

/* Pages of the web floor itself (/bo-mau). */
extern const struct web_routes web_own_routes;

struct web; /* the dispatcher */
struct web_config {
    /* On the loop, before anything else: answers paths that stand outside all tables (health checks
     * of a load balancer) from memory. May be NULL. */
    bool (*on_probe)(void *arg, const struct http_request *rq, struct http_response *rs);
    void *probe_arg;
    const struct web_routes *const *routes;
    size_t n_routes;
    const struct web_hooks *hooks;
    struct str static_dir; /* NULL str: built-in files only */
};
/* Checks the tables (unknown permission, path twice, field twice: all problems at once on stderr).
 */
NODISCARD enum err web_open(struct ctx *cx, const struct web_config *config, struct web **ret);
void web_close(struct web *w);
/* Fills the server's callbacks. */
struct server_config;
void web_attach(struct web *w, struct server_config *config);
/* One request without a network: for tests. */
void web_handle(struct web *w, struct ctx *cx, struct http_request *rq, struct http_response *rs);
/* Forgets all cached pages: a new pack version, a new notice. Accepts NULL. */
void web_cache_clear(struct web *w);
/* The same from a handler. */
void web_forget_pages(struct web_resp *rs);
/* Sends every route of w what it must refuse (nobody signed in, no CSRF token, a foreign origin,
 * another method, an unknown field, a wrong type, a field twice, a value or body too large, too
 * many fields or parts, a content that nobody reads) and reports each that did not. For tests over
 * the real tables; n_faults 0 = fine. hooks.may must answer false for the context given, except for
 * "public". Takes some memory a route from cx->arena. */
struct web_check {
    size_t n_routes, n_requests, n_faults;
    struct str report; /* one line a fault */
};
void web_check_routes(struct web *w, struct ctx *cx, struct web_check *ret);
/* Paths of the pages that the web floor links to itself. */
#define WEB_SIGNIN_PATH   "/dang-nhap"
#define WEB_SIGNOUT_PATH  "/dang-xuat"
#define WEB_PASSWORD_PATH "/tai-khoan/mat-khau"
/* "/dang-nhap?tiep=<path>": where to send somebody who must sign in first and come back. */
struct str web_signin_href(struct ctx *cx, struct str path);
/* The OpenAPI 3.1 document of the tables. */
struct str web_openapi(struct ctx *cx, struct web *w);
/* All routes with their fields as JSON, and as lines for people. */
struct str web_routes_json(struct ctx *cx, const struct web *w);
struct str web_routes_text(struct ctx *cx, const struct web *w);

/* --- texts ------------------------------------------------------------------------------------ */
/* Text of a key in cx->lang (falls back to vi). Unknown keys in C code are found by `make lint`:
 * write the key as a literal: text(cx, "dossier.submitted"). */
struct str text(struct ctx *cx, const char *key);
/* With {name} replaced: text_fill(cx, "x.y", "n", STR("3"), "who", name, NULL). */
struct str text_fill(struct ctx *cx, const char *key, ...);
/* For keys made at run time (status.<code>); null when unknown. */
struct str text_find(struct ctx *cx, struct str key);
/* Message of one field problem, {arg}, {arg2} and {field} filled. */
struct str web_problem_text(struct ctx *cx, const struct problem *p);

/* Texts of packs: built once at start, then immutable and given to every context as cx->texts. */
struct texts *web_texts_new(struct arena *a);
/* Overrides one text, or adds one of a new language. False: unknown key, a placeholder that the
 * built-in text does not have, or more than 8 languages. */
bool web_texts_set(struct texts *t, struct str lang, struct str key, struct str value);
bool web_texts_has_lang(const struct texts *t, struct str lang);

/* Formats after design.md part 2: "thứ Tư, 25/11/2026, 15:00", "25/11/2026", "8.000 đ", "1.875". */
struct str text_instant(struct ctx *cx, int64_t at_us);
struct str text_moment(struct ctx *cx, int64_t at_us); /* dd/mm/yyyy hh:mm, for tables; "" for 0 */
struct str text_date(struct ctx *cx, int64_t at_us);
struct str text_date_of(struct ctx *cx, struct date d);
struct str text_money(struct ctx *cx, int64_t dong);
struct str text_number(struct ctx *cx, int64_t n);

#endif
