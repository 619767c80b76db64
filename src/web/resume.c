/* resume.c: a form whose session ended in the middle. The page that refuses it asks for the
 * password and carries the answers along; the same request then signs in and does what was asked,
 * once.
 *
 * Nothing of it is kept by the server and nothing stands in an address. The page carries a mark:
 * who wrote it and for which organisation, under the secret of the nameless session that the
 * browser was given with the page. Only what came with the token of the ended session gets one, so
 * that a page of another site cannot have its own words done by somebody's password. Without a mark
 * that fits whoever signs in, nothing is done: the answers are shown first. */
#include "crypto/digest.h"
#include "crypto/token.h"
#include "gen/tpl_web.h"
#include "sys/sys.h"
#include "web/inside.h"

#define FIELD(name)  STR("signin." name)
#define SECRET_BYTES 1024

/* In the address of the sign-in form, for the queue of passwords is chosen before the body is read.
 */
static bool
has_sign(const struct http_request *rq)
{
    return str_eq(rq->query, STR(RESUME_QUERY));
}

bool
resume_is_sign_in(const struct http_request *rq)
{
    return guard_is_unsafe(rq->method) && has_sign(rq);
}

bool
resume_is_asked(const struct web_call *c)
{
    const struct web_hooks *h = c->w->hooks;
    return resume_is_sign_in(c->http) && !c->rq.is_api && !c->session.is_token &&
           h->sign_in != NULL && !guard_is_known(c);
}

static struct str
mark_of(struct web_call *c, struct str secret, const struct web_ended *who)
{
    struct arena *a = c->cx->arena;
    struct str words = str_fmt(a, "resume " STR_FMT " %" PRId64 " %" PRId64, STR_ARG(c->http->path),
                               who->account, who->for_party);
    struct digest d = digest_hmac(secret, words);
    struct str hex = digest_hex(a, &d);
    return str_fmt(a, "%" PRId64 "." STR_FMT, who->for_party, STR_ARG(hex));
}

/* Whether the form came with the token of the session it was shown to. Before a new session is
 * made: afterwards nobody knows. */
bool
resume_who(struct web_call *c, struct web_ended *ret)
{
    struct str sent = input_raw(c, STR("csrf"));
    *ret = (struct web_ended){ 0 };
    if (c->w->hooks->session_ended != NULL) {
        c->w->hooks->session_ended(c->cx, c->http, ret);
    }
    struct str secret = ret->csrf.n != 0 ? ret->csrf : c->session.csrf; /* nobody's so far */
    return secret.n != 0 && token_mask_matches(c->cx->arena, sent, secret);
}

void
resume_fill(struct web_call *c, const struct web_ended *who, struct tpl_web_error *d)
{
    struct arena *a = c->cx->arena;
    bool is_again = c->session.csrf.n != 0 && input_raw(c, FIELD("mark")).n != 0;
    d->is_resumed = true;
    d->resend = str_cat(a, d->resend, STR("?" RESUME_QUERY));
    d->login = input_raw(c, FIELD("login"));
    d->mark = is_again      ? input_raw(c, FIELD("mark"))
              : who != NULL ? mark_of(c, c->session.csrf, who)
                            : STR_NULL;
    d->has_eid = c->cx->config != NULL && c->cx->config->oidc_issuer.n != 0;
    d->files.v = ARENA_ARRAY(a, struct tpl_web_error_files, c->rq.n_files);
    for (size_t i = 0; i < c->rq.n_files; i++) {
        const struct web_file *f = &c->rq.files[i];
        bool is_more = i > 0 && str_eq(f->field, c->rq.files[i - 1].field);
        if (is_more) {
            struct tpl_web_error_files *last = &d->files.v[d->files.n - 1];
            last->names =
                str_fmt(a, STR_FMT ", " STR_FMT, STR_ARG(last->names), STR_ARG(f->filename));
            last->is_many = true;
        } else {
            d->files.v[d->files.n++] =
                (struct tpl_web_error_files){ .field = f->field, .names = f->filename };
        }
    }
}

/* The answers' own problems wait until somebody is known: the page of the password shows its own.
 */
static enum err
sign_in(struct web_call *c, struct web_session *ret, struct str *ret_cookie)
{
    struct ctx *cx = c->cx;
    struct web_signin in = { .login = input_raw(c, FIELD("login")),
                             .password = input_raw(c, FIELD("password")),
                             .code = input_raw(c, FIELD("code")) };
    uint32_t n_kept = cx->n_problems;
    struct problem *kept = ARENA_ARRAY(cx->arena, struct problem, CTX_PROBLEMS_MAX);
    memcpy(kept, cx->problems, sizeof(cx->problems));
    cx->n_problems = 0;
    if (in.login.n > SECRET_BYTES || in.password.n > SECRET_BYTES || in.code.n > SECRET_BYTES) {
        return err_set(cx, ERR_BAD_REQUEST, "sign-in fields too long");
    }
    enum err e = c->w->hooks->sign_in(cx, c->http, &in, ret, ret_cookie);
    if (e == ERR_OK) {
        memcpy(cx->problems, kept, sizeof(cx->problems));
        cx->n_problems = n_kept;
        return ERR_OK;
    }
    for (uint32_t i = 0; i < cx->n_problems; i++) {
        cx->problems[i].field = str_cat(cx->arena, STR("signin."), cx->problems[i].field);
    }
    if (e != ERR_RATE && e != ERR_INVALID && e != ERR_UNAUTHENTICATED) {
        return e;
    }
    if (cx->n_problems == 0) {
        ctx_problem(cx, FIELD("password"), STR("web.resume.rate"), STR_NULL);
    }
    return err_set(cx, ERR_UNAUTHENTICATED, "sign-in inside a form failed");
}

/* Whoever signed in is who wrote it, also for the same organisation. */
static bool
is_writer(struct web_call *c, struct str secret)
{
    struct str sent = input_raw(c, FIELD("mark"));
    struct web_ended who = { .account = c->cx->who.account };
    struct web_ended nobody = { 0 };
    int64_t for_party = 0;
    if (!str_to_i64(str_slice(sent, 0, str_find_char(sent, '.')), 0, INT64_MAX, &for_party)) {
        return false;
    }
    who.for_party = for_party;
    if (digest_same(sent, mark_of(c, secret, &nobody))) {
        return true;
    }
    return digest_same(sent, mark_of(c, secret, &who)) &&
           (for_party == 0 || (c->w->hooks->represent != NULL &&
                               c->w->hooks->represent(c->cx, c->session.id, for_party) == ERR_OK));
}

enum err
resume_sign_in(struct web_call *c)
{
    struct str secret = c->session.csrf;
    struct web_session fresh = { 0 };
    struct str cookie = STR_NULL;
    TRY(guard_csrf(c));
    TRY(sign_in(c, &fresh, &cookie));
    c->session = fresh;
    c->rq.csrf = fresh.csrf;
    c->rs.cookies[c->rs.n_cookies++] = cookie;
    c->is_other = !is_writer(c, secret);
    TRY(guard_held(c));
    TRY(guard_permission(c));
    return c->is_other ? err_set(c->cx, ERR_CONFLICT, "somebody else signed in") : ERR_OK;
}
