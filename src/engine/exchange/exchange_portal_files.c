/* exchange_portal_files.c: the papers of a dossier on their way to the national portal. A portal
 * that takes files gets each once and gives it a number of its own; another is told a link, by
 * which it fetches the file while the link stands. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "crypto/aead.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_int.h"
#include "engine/paper/paper.h"
#include "engine/procedure/procedure.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define FILES_MAX  PAPER_PER_DOSSIER_MAX
#define LINK_US    (INT64_C(30) * 86400 * DATE_US_PER_S)
#define LINK_LABEL "portal-file"

/* --- what the portal has ---------------------------------------------------------------------- */
struct file_job {
    int64_t paper, dossier;
    struct str connector, file;
};

static enum err
file_tx(struct ctx *cx, void *arg)
{
    const struct file_job *job = arg;
    return q_xfile_put(cx, NULL, .paper_id = job->paper, .dossier_id = job->dossier,
                       .connector = job->connector, .file = job->file, .at_us = sys_now_us(cx));
}

enum err
exchange_portal_file_known(struct ctx *cx, const struct paper *p, struct str connector,
                           struct str file)
{
    struct file_job job = { p->id, p->dossier_id, connector, file };
    return store_write(cx, file_tx, &job);
}

/* --- which ones ------------------------------------------------------------------------------- */
/* What officers put beside it (opinions of other units) is not the portal's. */
static bool
is_handed_in(const struct paper *p)
{
    return !str_starts(p->captured_by, STR("officer:"));
}

static enum err
handed_in(struct ctx *cx, int64_t dossier, struct paper **ret, size_t *ret_n)
{
    struct paper *v = NULL;
    size_t n_all = 0;
    size_t n = 0;
    TRY(paper_list(cx, dossier, &v, &n_all));
    for (size_t i = 0; i < n_all; i++) {
        if (is_handed_in(&v[i])) {
            v[n++] = v[i];
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

/* --- sending ---------------------------------------------------------------------------------- */
static enum err
ask(struct ctx *cx, const struct exchange_told *t, const struct exchange_connector *c,
    const struct paper *p, struct exchange_reply *ret)
{
    struct paper same;
    struct str bytes;
    struct buf b = buf_new(cx->arena, EXCHANGE_MESSAGE_MAX);
    struct json_out o = json_out(&b);
    TRY(paper_view(cx, p->id, &same, &bytes));
    json_open(&o);
    json_put_str(&o, "number", t->d->number);
    json_put_str(&o, "national", t->national);
    json_put_str(&o, "name", p->name);
    json_put_str(&o, "media", p->media);
    json_put_str(&o, "hash", p->hash);
    json_put_str(&o, "bytes", base64_encode(cx->arena, bytes));
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "paper %" PRId64 " for the portal", p->id);
    }
    struct exchange_question q = { .connector = c->id,
                                   .operation = c->dossier.upload,
                                   .purpose = STR("portal"),
                                   .dossier = t->d->id,
                                   .subject = t->d->party,
                                   .fields = buf_str(&b),
                                   .key = str_fmt(cx->arena, "portal:%" PRId64 ":file:%" PRId64,
                                                  t->d->id, p->id) };
    *ret = (struct exchange_reply){ .fields = STR("{}"), .fault = STR("") };
    enum err e = exchange_ask(cx, &q, ret);
    if (e != ERR_OK && str_is_empty(ret->fault)) {
        ret->fault = STR("down");
    }
    return str_is_empty(ret->fault) ? e : ERR_OK;
}

/* One paper goes; the portal must say the number it has it under, and the hash it read. */
static enum err
send_one(struct ctx *cx, const struct exchange_told *t, const struct exchange_connector *c,
         const struct paper *p, struct str *ret_fault)
{
    struct exchange_reply reply;
    struct json *got = NULL;
    TRY(ask(cx, t, c, p, &reply));
    *ret_fault = reply.fault;
    if (!str_is_empty(reply.fault)) {
        return ERR_OK;
    }
    TRY(json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &got, NULL));
    struct str hash = json_text(got, "hash");
    struct str file = json_text(got, "file");
    if (str_is_empty(file) || (hash.p != NULL && !str_eq_nocase(hash, p->hash))) {
        *ret_fault = STR("broken");
        return ERR_OK;
    }
    return exchange_portal_file_known(cx, p, c->id, file);
}

enum err
exchange_portal_files_send(struct ctx *cx, const struct exchange_told *t,
                           const struct exchange_connector *c, struct str *ret_fault)
{
    struct paper *v = NULL;
    struct arena *was = cx->arena;
    enum err e = ERR_OK;
    size_t n = 0;
    *ret_fault = STR("");
    if (str_is_empty(c->dossier.upload)) {
        return ERR_OK;
    }
    TRY(handed_in(cx, t->d->id, &v, &n));
    for (size_t i = 0; i < n && e == ERR_OK && str_is_empty(*ret_fault); i++) {
        struct q_xfile_get have;
        e = q_xfile_get(cx, &have, .paper_id = v[i].id);
        if (e != ERR_NOT_FOUND) {
            continue; /* it has that one, or the store fails */
        }
        struct str fault = STR("");
        cx->arena = arena_open(0); /* a file is large: its memory goes with it */
        e = send_one(cx, t, c, &v[i], &fault);
        *ret_fault = str_dup(was, fault);
        arena_close(cx->arena);
        cx->arena = was;
    }
    return e;
}

enum err
exchange_portal_files_new(struct ctx *cx, const struct exchange_told *t,
                          const struct exchange_connector *c, struct paper **ret, size_t *ret_n)
{
    struct paper *v = NULL;
    size_t n = 0;
    *ret_n = 0;
    if (!str_is_empty(c->dossier.upload)) {
        return ERR_OK;
    }
    TRY(handed_in(cx, t->d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct q_xfile_get have;
        enum err e = q_xfile_get(cx, &have, .paper_id = v[i].id);
        if (e == ERR_NOT_FOUND) {
            v[(*ret_n)++] = v[i];
        } else if (e != ERR_OK) {
            return e;
        }
    }
    *ret = v;
    return ERR_OK;
}

enum err
exchange_portal_files_told(struct ctx *cx, const struct exchange_connector *c,
                           const struct paper *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        TRY(exchange_portal_file_known(cx, &v[i], c->id, str_fmt(cx->arena, "%" PRId64, v[i].id)));
    }
    return ERR_OK;
}

/* --- telling ---------------------------------------------------------------------------------- */
static struct str
link_to(struct ctx *cx, const struct paper *p)
{
    struct aead_key key;
    struct str token;
    struct str plain = str_fmt(cx->arena, "%" PRId64 " %" PRId64, p->id, sys_now_us(cx) + LINK_US);
    if (exchange_seal_key(cx, &key) != ERR_OK ||
        aead_seal(cx, &key, STR(LINK_LABEL), plain, &token) != ERR_OK) {
        return STR("");
    }
    return str_fmt(cx->arena, STR_FMT EXCHANGE_FILE_PATH "/" STR_FMT, STR_ARG(cx->config->base_url),
                   STR_ARG(token));
}

/* A paper that the procedure asks for, by its own name for it. */
static bool
is_of_procedure(const struct procedure *p, struct str requirement)
{
    for (size_t i = 0; i < p->n_papers; i++) {
        if (!str_is_empty(requirement) && str_eq(p->papers[i].id, requirement)) {
            return true;
        }
    }
    return false;
}

static void
put_paper(struct ctx *cx, struct json_out *o, const struct paper *p, struct str file)
{
    bool is_deleted = !str_eq(p->state, STR("kept"));
    json_open(o);
    json_put_str(o, "id", file);
    json_put_str(o, "file", file);
    json_put_str(o, "name", p->name);
    json_put_str(o, "hash", p->hash);
    if (!str_is_empty(p->requirement)) {
        json_put_str(o, "requirement", p->requirement);
    }
    json_put_str(o, "copy", STR("electronic"));
    json_put_str(o, "deleted", is_deleted ? STR("true") : STR("false"));
    if (!is_deleted) {
        json_put_str(o, "url", link_to(cx, p));
    }
    json_close(o);
}

/* Papers that the procedure asks for, or the others; those that are gone are told once more as
 * gone, where the portal had them. */
static void
put_list(struct ctx *cx, struct json_out *o, const struct procedure *procedure,
         const struct paper *v, size_t n, bool is_required)
{
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        struct q_xfile_get have;
        bool is_known = q_xfile_get(cx, &have, .paper_id = v[i].id) == ERR_OK;
        if (is_of_procedure(procedure, v[i].requirement) == is_required) {
            put_paper(cx, o, &v[i], is_known ? have.file : str_fmt(cx->arena, "%" PRId64, v[i].id));
        }
    }
    json_close_list(o);
}

enum err
exchange_portal_papers(struct ctx *cx, const struct exchange_told *t, struct json_out *o)
{
    struct q_xfile_of_list told;
    struct paper *kept = NULL;
    size_t n = 0;
    TRY(handed_in(cx, t->d->id, &kept, &n));
    TRY(q_xfile_of(cx, &told, .dossier_id = t->d->id, .draft_id = t->d->draft,
                   .limit_n = FILES_MAX));
    struct paper *v = ARENA_ARRAY(cx->arena, struct paper, n + told.n + 1);
    for (size_t i = 0; i < n; i++) {
        v[i] = kept[i];
    }
    for (size_t i = 0; i < told.n; i++) {
        if (paper_by_id(cx, told.v[i].paper_id, &v[n]) == ERR_OK &&
            !str_eq(v[n].state, STR("kept"))) {
            n++;
        }
    }
    json_key(o, "papers");
    put_list(cx, o, t->procedure, v, n, true);
    json_key(o, "others");
    put_list(cx, o, t->procedure, v, n, false);
    return ERR_OK;
}

/* --- fetched by a link ------------------------------------------------------------------------ */
enum err
exchange_portal_file(struct ctx *cx, struct str token, struct paper *ret, struct str *ret_bytes)
{
    struct aead_key key;
    struct str plain;
    struct str id;
    struct str until;
    int64_t paper = 0;
    int64_t until_us = 0;
    TRY(exchange_seal_key(cx, &key));
    enum err e = aead_open(cx, &key, STR(LINK_LABEL), token, &plain);
    bool is_ours = e == ERR_OK && str_cut(plain, ' ', &id, &until) &&
                   str_to_i64(id, 1, INT64_MAX, &paper) &&
                   str_to_i64(until, 1, INT64_MAX, &until_us);
    if (!is_ours) {
        return err_set(cx, ERR_NOT_FOUND, "no such file");
    }
    TRY(paper_by_id(cx, paper, ret));
    bool is_there = str_eq(ret->state, STR("kept")) && is_handed_in(ret);
    if (until_us < sys_now_us(cx) || !is_there) {
        return err_set(cx, ERR_GONE, "the link to paper %" PRId64 " has ended", paper);
    }
    return paper_view(cx, paper, ret, ret_bytes);
}
