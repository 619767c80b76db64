/* ctx.h: what a use case may touch, handed down as the first parameter. No globals exist because
 * this does. Holds pointers to forward-declared types only: base depends on nothing. */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/err.h"

struct actor;         /* engine/access: who acts, in which position */
struct pack;          /* engine/pack: one immutable version of the content */
struct pack_set;      /* engine/pack: the versions of the content and which is in force */
struct store;         /* store/: the whole store */
struct store_conn;    /* store/: the connection this thread may use now */
struct sys_clock;     /* sys/: wall and monotonic time, real or fake */
struct sys_random;    /* sys/: random bytes, real or seeded */
struct app_config;    /* sys/: the configuration, immutable after start */
struct server;        /* net/: the running server, for live events; NULL in tests */
struct relay;         /* net/: the running relay of the exchange; NULL when there is none */
struct node;          /* engine/node: signed exchange with other installations; NULL: none */
struct exchange_gate; /* engine/exchange: where calls to other installations leave; NULL: nowhere */
struct exchange_keys; /* engine/exchange: keys of access tokens */
struct exchange_own;  /* engine/exchange: services that the program itself offers; NULL: none */
struct sign_desk;     /* engine/sign: open keys and sessions of this process */
struct web_req;       /* web/: the request being answered */
struct sys_log;       /* sys/: where lines for the operator go */
struct health;        /* engine/health: figures and checks of this process */
struct texts;         /* web/: texts of the packs over the built-in ones, immutable */
/* engine/indicator: this process's copy of the counts */
struct indicator_cube;

#define CTX_PROBLEMS_MAX 64

/* The actor as far as accounts of acts need it; all 0 for nobody and for the program itself. */
struct ctx_who {
    int64_t account;    /* who acted */
    int64_t acting_for; /* whose position was lent, 0: own */
    int64_t party;
    int64_t session; /* of the browser, also when nobody is signed in; 0: none */
    struct str unit; /* unit key of the position, or null */
};

struct ctx {
    struct arena *arena;
    const struct sys_clock *clock;
    struct sys_random *random;
    const struct app_config *config;
    const struct pack_set *packs;
    const struct pack *pack; /* pinned for this request by pack_pin, so that it sees one version */
    struct store *store;
    struct store_conn *conn; /* set by the store while a transaction or read runs */
    const struct actor *actor;
    struct ctx_who who;
    struct server *server;
    struct relay *relay;
    struct node *node;
    const struct exchange_gate *gate;
    const struct exchange_own *own;
    struct exchange_keys *token_keys; /* NULL: read from their files each time */
    struct sign_desk *sign;           /* NULL where nothing is signed */
    struct sys_log *log;              /* NULL: nothing is written */
    struct health *health;            /* NULL in tests and commands */
    /* NULL: figures are added up from the store each time */
    struct indicator_cube *figures;
    const struct web_req *req; /* set by the dispatcher; NULL in jobs */
    const struct texts *texts; /* NULL: built-in texts only */
    struct str lang;           /* "vi" or "en" or an added language */
    struct str trace_id;       /* of the request or job */
    int64_t deadline_us;       /* monotonic; 0 = none */
    int64_t demo_day_read_us;  /* monotonic; when demo_day was read, 0: not yet (calendar_today) */
    int32_t demo_day;          /* business day that the demo's switch sets, 0: none */
    bool is_writing;           /* true inside store_write */
    uint32_t n_statements;     /* counted by the store, read by tests and metrics */
    uint32_t n_commits;        /* counted by the store: writes that are done, whatever follows */
    enum err unread; /* set by the store: the last failure that another try may mend, or ERR_OK */
    uint32_t n_problems;
    struct problem problems[CTX_PROBLEMS_MAX];
    struct err_detail err;
};

/* Stores detail for the log; returns code. Use through err_set. */
enum err ctx_fail(struct ctx *cx, enum err code, const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* return err_set(cx, ERR_CONFLICT, "stored version %d", v);  The value is the literal code, so
 * analysers know it is not ERR_OK. No personal data in the detail. */
#define err_set(cx, code, ...)                                                                     \
    ((void)ctx_fail((cx), (code), __FILE__, __LINE__, __VA_ARGS__), (enum err)(code))

/* Adds one field problem (kept up to CTX_PROBLEMS_MAX). Strings are borrowed: static or arena. */
void ctx_problem(struct ctx *cx, struct str field, struct str key, struct str arg);
void ctx_problem2(struct ctx *cx, struct str field, struct str key, struct str arg,
                  struct str arg2);

/* ERR_INVALID when problems were added, else ERR_OK. */
NODISCARD enum err ctx_check(struct ctx *cx);

#endif
