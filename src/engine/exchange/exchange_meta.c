/* exchange_meta.c: what there is to call, for programs that ask: members and their subsystems, what
 * a subsystem offers, and what of it one may call (X-Road's metadata services, PR-META, PR-MREST).
 */
#include "base/buf.h"
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "sys/sys.h"

#include <string.h>

#define OFFERS_MAX 200

static const char *const codes[] = { "listMethods", "allowedMethods", "getOpenAPI" };
static const char *const soap_codes[] = { "listMethods", "allowedMethods", "getWsdl" };

size_t
exchange_meta_codes(const char *const **ret)
{
    *ret = codes;
    return COUNT_OF(codes);
}

size_t
exchange_meta_soap_codes(const char *const **ret)
{
    *ret = soap_codes;
    return COUNT_OF(soap_codes);
}

bool
exchange_meta_is_code(struct str code)
{
    bool is = false;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        is = is || str_eq(code, str_of(codes[i]));
    }
    for (size_t i = 0; i < COUNT_OF(soap_codes); i++) {
        is = is || str_eq(code, str_of(soap_codes[i]));
    }
    return is;
}

/* Keeps the operations that the agreement gives today, at whatever hour. */
static enum err
keep_allowed(struct ctx *cx, struct str consumer, struct exchange_offer *o)
{
    struct exchange_request rq = { .consumer = consumer,
                                   .service = o->service.path,
                                   .operation = STR("") };
    struct exchange_case c;
    int64_t now_us = sys_now_us(cx);
    size_t n = 0;
    TRY(exchange_case_get(cx, &rq, &c));
    for (size_t i = 0; i < o->n_operations; i++) {
        struct str fault =
            exchange_agreement_fault(c.agreement.id == 0 ? NULL : &c.agreement,
                                     o->operations[i].code, date_at_vn(now_us), now_us);
        if (str_is_empty(fault) || str_eq(fault, STR("hours"))) {
            o->operations[n++] = o->operations[i];
        }
    }
    o->n_operations = n;
    return ERR_OK;
}

enum err
exchange_offers(struct ctx *cx, const struct exchange_subsystem *provider, struct str consumer,
                struct exchange_offer **ret, size_t *ret_n)
{
    struct q_xservice_of_sub_list list;
    size_t n = 0;
    TRY(q_xservice_of_sub(cx, &list, .subsystem_id = provider->id, .limit_n = OFFERS_MAX));
    struct exchange_offer *v = ARENA_ARRAY(cx->arena, struct exchange_offer, list.n + 1);
    for (size_t i = 0; i < list.n; i++) {
        struct exchange_offer o = { .kind = list.v[i].kind, .version = list.v[i].version };
        TRY(exchange_service_get(cx, list.v[i].id, &o.service));
        if (!str_eq(o.service.state, STR("published"))) {
            continue; /* its member is suspended */
        }
        TRY(exchange_operations(cx, o.service.version_id, &o.operations, &o.n_operations));
        if (consumer.p != NULL) {
            TRY(keep_allowed(cx, consumer, &o));
        }
        if (o.n_operations != 0) {
            v[n++] = o;
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

/* --- SOAP -------------------------------------------------------------------------------------
 */
static bool
has_element(const struct exchange_offer *o, struct str element)
{
    for (size_t i = 0; i < o->n_operations; i++) {
        if (str_eq(o->operations[i].element, element)) {
            return true;
        }
    }
    return false;
}

/* Does the relay find the operation of offers[at] by the provider and the element? Another
 * service's code or operation of that name, or a metadata service, comes first. */
static bool
is_told_by_element(const struct exchange_offer *offers, size_t n, int64_t service,
                   struct str element)
{
    bool is_told = !exchange_meta_is_code(element);
    for (size_t i = 0; i < n && is_told; i++) {
        is_told = offers[i].service.id == service ||
                  (!str_eq(offers[i].service.code, element) && !has_element(&offers[i], element));
    }
    return is_told;
}

enum err
exchange_soap_methods(struct ctx *cx, const struct exchange_subsystem *provider,
                      struct str consumer, struct exchange_method **ret, size_t *ret_n)
{
    struct exchange_offer *all = NULL;
    struct exchange_offer *offers = NULL;
    size_t n_all = 0;
    size_t n_offers = 0;
    size_t n = 0;
    TRY(exchange_offers(cx, provider, STR_NULL, &all, &n_all));
    TRY(exchange_offers(cx, provider, consumer, &offers, &n_offers));
    for (size_t i = 0; i < n_offers; i++) {
        n += offers[i].n_operations;
    }
    struct exchange_method *v = ARENA_ARRAY(cx->arena, struct exchange_method, n + 1);
    n = 0;
    for (size_t i = 0; i < n_offers; i++) {
        const struct exchange_offer *o = &offers[i];
        bool has_own = false; /* the service's own code stands there once */
        for (size_t k = 0; k < o->n_operations && str_eq(o->kind, STR("wsdl")); k++) {
            struct str element = o->operations[k].element;
            bool is_told = is_told_by_element(all, n_all, o->service.id, element);
            if (is_told || !has_own) {
                v[n++] =
                    (struct exchange_method){ is_told ? element : o->service.code, o->version };
            }
            has_own = has_own || !is_told;
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

/* By the service's own code, or by that of one operation. */
static const struct exchange_offer *
offer_named(const struct exchange_offer *v, size_t n, struct str code)
{
    const struct exchange_offer *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].service.code, code)) {
            return &v[i];
        }
        found = found == NULL && has_element(&v[i], code) ? &v[i] : found;
    }
    return found;
}

enum err
exchange_wsdl_of(struct ctx *cx, const struct exchange_subsystem *provider, struct str code,
                 struct str version, struct str *ret)
{
    struct exchange_offer *v = NULL;
    size_t n = 0;
    struct str kind;
    struct str document;
    TRY(exchange_offers(cx, provider, STR_NULL, &v, &n));
    const struct exchange_offer *o = offer_named(v, n, code);
    if (o == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "the provider offers no service of that code");
    }
    int64_t id = o->service.version_id;
    if (version.p != NULL && !str_eq(version, o->version)) {
        struct q_xversion_find older;
        if (q_xversion_find(cx, &older, .service_id = o->service.id, .version = version) !=
            ERR_OK) {
            return err_set(cx, ERR_NOT_FOUND,
                           "the service has no such version; in force is " STR_FMT,
                           STR_ARG(o->version));
        }
        id = older.id;
    }
    TRY(exchange_document(cx, id, &kind, &document));
    if (!str_eq(kind, STR("wsdl"))) {
        return err_set(cx, ERR_NOT_FOUND, "the service is described by OpenAPI: ask getOpenAPI");
    }
    *ret = exchange_wsdl_hidden(cx, document);
    return ERR_OK;
}

/* --- the addresses of a WSDL ------------------------------------------------------------------
 */
/* What is no start tag, from a "<" on: its length; 0: it is one. */
static size_t
passed_over(struct str s)
{
    static const struct {
        const char *begin, *end;
    } kinds[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" }, { "<", ">" } };
    if (s.n > 1 && s.p[1] != '!' && s.p[1] != '?' && s.p[1] != '/') {
        return 0;
    }
    size_t i = 0;
    while (!str_starts(s, str_of(kinds[i].begin))) {
        i++;
    }
    size_t from = strlen(kinds[i].begin);
    size_t at = from + str_find(str_slice(s, from, s.n), str_of(kinds[i].end));
    at += strlen(kinds[i].end);
    return at > s.n ? s.n : at;
}

/* The length of a start tag; a ">" inside quotes does not end it. */
static size_t
tag_length(struct str s)
{
    char quote = 0;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        if (quote != 0) {
            quote = c == quote ? (char)0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return i + 1;
        }
    }
    return s.n;
}

static bool
is_address(struct str tag)
{
    size_t end = 1;
    while (end < tag.n && !str_has_char(STR(" \t\r\n/>"), tag.p[end])) {
        end++;
    }
    struct str name = str_slice(tag, 1, end);
    size_t colon = str_find_char(name, ':');
    return str_eq(colon < name.n ? str_slice(name, colon + 1, name.n) : name, STR("address"));
}

/* The tag with another value of location. */
static void
put_hidden(struct buf *b, struct str tag)
{
    size_t at = 0;
    while (at < tag.n) {
        size_t open = at; /* of the next value */
        while (open < tag.n && tag.p[open] != '"' && tag.p[open] != '\'') {
            open++;
        }
        if (open == tag.n) {
            break;
        }
        size_t end = open + 1 + str_find_char(str_slice(tag, open + 1, tag.n), tag.p[open]);
        struct str before = str_trim(str_slice(tag, at, open)); /* name and = */
        bool has_sign = before.n != 0 && before.p[before.n - 1] == '=';
        struct str name = has_sign ? str_trim(str_slice(before, 0, before.n - 1)) : before;
        bool is_it = str_ends(name, STR("location")) &&
                     (name.n == 8 || str_has_char(STR(" \t\r\n"), name.p[name.n - 9]));
        buf_add(b, str_slice(tag, at, open + 1));
        buf_add(b, is_it ? STR(EXCHANGE_HIDDEN_ENDPOINT) : str_slice(tag, open + 1, end));
        at = end;
        if (at < tag.n) {
            buf_add_char(b, tag.p[at++]); /* the quote that closes it */
        }
    }
    buf_add(b, str_slice(tag, at, tag.n));
}

struct str
exchange_wsdl_hidden(struct ctx *cx, struct str document)
{
    /* the shortest attribute that is made longer has 11 bytes, the address 33 */
    struct buf b = buf_new(cx->arena, size_mul(document.n, 5) + 64);
    size_t at = 0;
    while (at < document.n) {
        size_t open = at + str_find_char(str_slice(document, at, document.n), '<');
        buf_add(&b, str_slice(document, at, open));
        if (open == document.n) {
            break;
        }
        struct str rest = str_slice(document, open, document.n);
        size_t n = passed_over(rest);
        bool is_tag = n == 0;
        n = is_tag ? tag_length(rest) : n;
        struct str part = str_slice(rest, 0, n);
        if (is_tag && is_address(part)) {
            put_hidden(&b, part);
        } else {
            buf_add(&b, part);
        }
        at = open + n;
    }
    return buf_str(&b);
}
