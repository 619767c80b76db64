/* inside.h: what the files of web/ share; nobody else includes it. */
#ifndef WEB_INSIDE_H
#define WEB_INSIDE_H

#include "base/buf.h"
#include "codec/json.h"
#include "web/tpl.h"
#include "web/web.h"

#include <pthread.h>

#define WEB_PARAMS_MAX   8
#define WEB_PAIRS_MAX    2000
#define WEB_READINGS_MAX 16
#define WEB_CRUMBS_MAX   8
#define WEB_COOKIES_MAX  4
#define WEB_PAGE_MAX     (16U * 1024U * 1024U)
#define WEB_BODY_MAX     (64U * 1024U)
#define WEB_BUCKETS      256U

struct web_reading {
    int64_t subject;
    const char *purpose;
    struct str note;
};

struct web_call;
struct web_resp {
    struct web *w;
    struct web_call *call;
    struct http_response *http;
    const struct tpl *tpl;
    const void *data;
    struct str title;
    int status;
    bool is_sent; /* bytes, file, stream, events: http is complete but for headers */
    struct str location;
    struct web_reading readings[WEB_READINGS_MAX];
    size_t n_readings;
    bool has_too_many_readings;
    struct {
        struct str href, text;
    } crumbs[WEB_CRUMBS_MAX];
    size_t n_crumbs;
    struct str cookies[WEB_COOKIES_MAX];
    size_t n_cookies;
    const char *flash;
};

/* One known route with its path cut in segments. */
struct web_entry {
    const struct web_route *route;
    const char *module;
    struct str segs[16];
    size_t n_segs;
    const struct web_entry *next; /* same bucket */
};

struct cache;

struct web {
    struct arena *arena;
    const struct web_hooks *hooks;
    struct web_entry *entries;
    size_t n_entries;
    const struct web_entry *buckets[WEB_BUCKETS];
    struct cache *cache;
    const struct server_class *classes;
    size_t n_classes;
    const struct texts *texts;
    bool (*on_probe)(void *arg, const struct http_request *rq, struct http_response *rs);
    void *probe_arg;
};

/* Everything about one request, kept together while it is answered. */
struct web_call {
    struct web *w;
    struct ctx *cx;
    struct http_request *http;
    struct web_req rq;
    struct web_resp rs;
    struct web_session session;
    struct web_pair params[WEB_PARAMS_MAX];
    struct str path;      /* without /api/v1 */
    struct web_pair *raw; /* all that came in, before any check */
    size_t n_raw;
    struct str mapped;    /* spooled body as mapped, or null */
    struct str allow;     /* methods of a path that exists */
    bool is_bare;         /* made on the loop: no hooks, no layout data from the store */
    struct str flash_key; /* came with the request */
    int status_own;       /* of a failure that the server itself tells; 0: the error's own */
    bool is_other;        /* signed in inside a form that somebody else may have written */
};

/* route.c */
NODISCARD enum err route_table(struct ctx *cx, struct web *w, const struct web_config *config);
/* The best match. NULL: no such path (*ret_allow null) or not by that method (*ret_allow lists what
 * is). */
const struct web_entry *route_find(const struct web *w, struct arena *a, enum http_method m,
                                   struct str path, bool is_api, struct str *ret_allow);
/* Values of {params} in the order of the path. */
size_t route_params(struct arena *a, const struct web_entry *e, struct str path,
                    struct web_pair *ret);
const char *route_method(enum http_method m);

/* input.c */
/* Reads query and body after the route's table. Field problems go to cx; an error only for messages
 * that cannot be read at all. */
NODISCARD enum err input_read(struct web_call *c);
struct str input_raw(const struct web_call *c, struct str name); /* as typed, before any check */
#define INPUT_FILE_MAX (10U << 20)
/* Most characters of a field, bytes of a file. */
size_t input_max(const struct web_field *f);

/* guard.c */
NODISCARD enum err guard_held(struct web_call *c);
NODISCARD enum err guard_permission(struct web_call *c);
NODISCARD enum err guard_origin(struct web_call *c);
NODISCARD enum err guard_csrf(struct web_call *c);
bool guard_is_unsafe(enum http_method m);
bool guard_is_known(const struct web_call *c); /* somebody is signed in */
void guard_headers(struct web_call *c);

/* resume.c */
#define RESUME_QUERY "signin=1"
struct tpl_web_error;
/* Sent by the sign-in form inside a refused form. */
bool resume_is_sign_in(const struct http_request *rq);
/* And nobody is signed in yet. */
bool resume_is_asked(const struct web_call *c);
/* Signs in with what came along; ERR_OK: the request may be done now. ERR_UNAUTHENTICATED with
 * problems: wrong password; ERR_CONFLICT with is_other: the answers must be seen first. */
NODISCARD enum err resume_sign_in(struct web_call *c);
/* Who wrote the refused form, when its token shows it. Before a new session is begun. */
bool resume_who(struct web_call *c, struct web_ended *ret);
/* The sign-in form of the page; who: NULL when not known. */
void resume_fill(struct web_call *c, const struct web_ended *who, struct tpl_web_error *d);

/* render.c */
struct str render_json(struct ctx *cx, const struct tpl *t, const void *data);
/* Page with layout, or the document; sets body, content type, caching headers. */
NODISCARD enum err render_answer(struct web_call *c);
void render_failure(struct web_call *c, enum err e);

/* lang.c: ?lang=, cookie, session, Accept-Language; else Vietnamese */
struct str lang_choose(const struct texts *texts, const struct http_request *rq,
                       struct str preferred, bool *ret_from_query);
#define WEB_LANGS_MAX 10
/* texts.c: codes of all languages, vi and en first. */
size_t texts_langs(const struct texts *t, struct str *ret);

/* cache.c */
struct cache *cache_open(size_t max_bytes);
void cache_close(struct cache *k);
void cache_clear(struct cache *k);
struct cache_page {
    struct str plain, gzip, etag;
    bool is_office;
};
/* Copies out into a; false when it is not there. */
bool cache_get(struct cache *k, struct arena *a, struct str key, bool wants_gzip,
               struct cache_page *ret);
void cache_put(struct cache *k, struct str key, const struct cache_page *page);
struct str cache_key(struct arena *a, const struct web *w, const struct http_request *rq,
                     struct str lang);

/* openapi.c */
#define WEB_TYPES_N 12
extern const char *const web_type_names[WEB_TYPES_N]; /* list.c: "text", "lines", ... */

/* static.c */
bool static_answer(const struct http_request *rq, struct http_response *rs);
/* gzip bytes in a; null when it did not get smaller. */
struct str static_gzip(struct arena *a, struct str bytes, int level);
struct str static_etag(struct arena *a, struct str bytes);

#endif
