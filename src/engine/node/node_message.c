/* node_message.c: the message that is signed. One HTTP/1.1 message as bytes, in one form only: a
 * start line, "Name: value" lines, an empty line, the body; Content-Length says how long it is. */
#include "codec/base64.h"
#include "codec/url.h"
#include "engine/node/node_int.h"

struct str
node_member_of(struct str path)
{
    size_t at = 0;
    for (int n = 0; at < path.n; at++) {
        if (path.p[at] == '/' && ++n == 3) {
            break;
        }
    }
    struct str member = str_slice(path, 0, at);
    struct str rest = member;
    struct str part;
    size_t n = 0;
    while (str_next(&rest, '/', &part)) {
        n += part.n != 0;
    }
    return n == 3 ? member : STR_NULL;
}

struct str
node_service_of(struct str target, struct str *ret_rest)
{
    size_t n = 0;
    size_t at = 0;
    if (!str_starts(target, STR("/r1/"))) {
        return STR_NULL;
    }
    struct str path = str_slice(target, 4, target.n);
    for (; at < path.n && path.p[at] != '?'; at++) {
        if (path.p[at] == '/' && ++n == 5) {
            break;
        }
    }
    *ret_rest = str_slice(path, at, path.n);
    return n >= 4 ? str_slice(path, 0, at) : STR_NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */
static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static bool
is_text(struct str s)
{
    for (size_t i = 0; s.p != NULL && i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* Takes a line that ends with CR LF. */
static bool
line_next(struct str *rest, struct str *ret)
{
    size_t at = str_find(*rest, STR("\r\n"));
    if (at >= rest->n) {
        return false;
    }
    *ret = str_slice(*rest, 0, at);
    *rest = str_slice(*rest, at + 2, rest->n);
    return is_text(*ret);
}

static struct str *
known_field(struct node_message *m, struct str name)
{
    const struct {
        struct str name;
        struct str *to;
    } known[] = {
        { STR("X-Road-Client"), &m->client },
        { STR("X-Road-Service"), &m->service },
        { STR("X-Road-Id"), &m->message_id },
        { STR("X-Road-Request-Id"), &m->request_id },
        { STR("X-Road-Request-Hash"), &m->request_hash },
        { STR("X-Road-Issue"), &m->issue },
        { STR("X-Road-UserId"), &m->user_id },
        { STR("Content-Type"), &m->content_type },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (str_eq_nocase(name, known[i].name)) {
            return known[i].to;
        }
    }
    return NULL;
}

static bool
field_read(struct node_message *m, struct str line)
{
    size_t colon = str_find(line, STR(": "));
    if (colon == 0 || colon >= line.n || m->n_headers >= HTTP_HEADERS_MAX) {
        return false;
    }
    struct http_header h = { str_slice(line, 0, colon), str_slice(line, colon + 2, line.n) };
    for (size_t i = 0; i < h.name.n; i++) {
        if (!is_name_char(h.name.p[i])) {
            return false;
        }
    }
    struct str *known = known_field(m, h.name);
    if (known != NULL) {
        if (known->p != NULL || h.value.n > 1024) {
            return false; /* twice, or too long to be kept */
        }
        *known = h.value;
    }
    m->headers[m->n_headers++] = h;
    return true;
}

static bool
start_read(struct node_message *m, struct str line, enum node_kind kind)
{
    if (kind == NODE_ANSWER) {
        int64_t status = 0;
        if (line.n != 12 || !str_starts(line, STR("HTTP/1.1 ")) ||
            !str_to_i64(str_slice(line, 9, 12), 200, 599, &status)) {
            return false;
        }
        m->status = (int)status;
        return true;
    }
    struct str rest;
    return str_cut(line, ' ', &m->method, &rest) && str_ends(rest, STR(" HTTP/1.1")) &&
           (m->target = str_slice(rest, 0, rest.n - 9)).n != 0 && m->target.p[0] == '/' &&
           !str_has_char(m->target, ' ') && m->method.n != 0 && m->method.n <= 7;
}

/* The one Content-Length that a message has. */
static bool
length_of(const struct node_message *m, int64_t *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_headers; i++) {
        if (str_eq_nocase(m->headers[i].name, STR("Content-Length"))) {
            if (!str_to_i64(m->headers[i].value, 0, NODE_BODY_BYTES, ret)) {
                return false;
            }
            n++;
        }
    }
    return n == 1;
}

bool
node_message_read_head(struct str head, enum node_kind kind, struct node_message *ret)
{
    struct str line;
    *ret = (struct node_message){ .bytes = head, .head = head, .body = STR("") };
    size_t end = str_find(str_slice(head, 0, NODE_HEAD_BYTES), STR("\r\n\r\n"));
    if (end + 4 != head.n || head.n > NODE_HEAD_BYTES) {
        return false;
    }
    struct str rest = str_slice(head, 0, end + 2);
    if (!str_is_utf8(head) || !line_next(&rest, &line) || !start_read(ret, line, kind)) {
        return false;
    }
    while (rest.n != 0) {
        if (!line_next(&rest, &line) || !field_read(ret, line)) {
            return false;
        }
    }
    return length_of(ret, &ret->body_bytes) && ret->client.n != 0 && ret->service.n != 0 &&
           ret->request_id.n != 0 && ret->message_id.n != 0;
}

bool
node_message_read(struct str bytes, enum node_kind kind, struct node_message *ret)
{
    size_t end = str_find(str_slice(bytes, 0, NODE_HEAD_BYTES), STR("\r\n\r\n"));
    *ret = (struct node_message){ .bytes = bytes };
    if (end + 4 > bytes.n || !node_message_read_head(str_slice(bytes, 0, end + 4), kind, ret)) {
        return false;
    }
    ret->bytes = bytes;
    ret->body = str_slice(bytes, end + 4, bytes.n);
    return (size_t)ret->body_bytes == ret->body.n;
}

/* --- writing ---------------------------------------------------------------------------------- */
bool
node_message_is_own(struct str name)
{
    struct node_message none = { .status = 0 };
    return known_field(&none, name) != NULL || str_eq_nocase(name, STR("Content-Length"));
}

void
node_message_add(struct node_message *m, const struct http_header *h)
{
    bool is_name = h->name.n != 0;
    for (size_t i = 0; i < h->name.n; i++) {
        is_name = is_name && is_name_char(h->name.p[i]);
    }
    if (is_name && is_text(h->value) && str_is_utf8(h->value) && !node_message_is_own(h->name) &&
        m->n_headers < HTTP_HEADERS_MAX - 12) {
        m->headers[m->n_headers++] = *h;
    }
}

static bool
put(struct buf *b, const char *name, struct str value)
{
    if (value.p != NULL) {
        buf_addf(b, "%s: " STR_FMT "\r\n", name, STR_ARG(value));
    }
    return is_text(value);
}

bool
node_message_write(struct buf *b, const struct node_message *m, enum node_kind kind)
{
    bool is_good = is_text(m->method) && is_text(m->target);
    if (kind == NODE_REQUEST) {
        buf_addf(b, STR_FMT " " STR_FMT " HTTP/1.1\r\n", STR_ARG(m->method), STR_ARG(m->target));
    } else {
        buf_addf(b, "HTTP/1.1 %03d\r\n", m->status);
    }
    is_good = put(b, "X-Road-Client", m->client) && put(b, "X-Road-Service", m->service) &&
              put(b, "X-Road-Id", m->message_id) && put(b, "X-Road-Request-Id", m->request_id) &&
              put(b, "X-Road-Request-Hash", m->request_hash) &&
              put(b, "X-Road-UserId", m->user_id) && put(b, "X-Road-Issue", m->issue) &&
              put(b, "Content-Type", m->content_type) && is_good;
    for (size_t i = 0; i < m->n_headers; i++) {
        buf_addf(b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(m->headers[i].name),
                 STR_ARG(m->headers[i].value));
        is_good = is_good && is_text(m->headers[i].value);
    }
    int64_t n = m->file.p != NULL ? m->body_bytes : (int64_t)m->body.n;
    buf_addf(b, "Content-Length: %" PRId64 "\r\n\r\n", n);
    if (m->file.p == NULL) {
        buf_add(b, m->body);
    }
    return is_good && !b->is_failed;
}

/* --- PR-REST 4.3 ------------------------------------------------------------------------------ */
struct str
node_request_hash(struct arena *a, const struct node_message *m)
{
    struct digest512 head = digest_sha512(m->head);
    if (m->body_bytes != 0) {
        uint8_t both[2 * sizeof(head.b)];
        struct digest512 body = m->file.p != NULL ? m->body_digest : digest_sha512(m->body);
        memcpy(both, head.b, sizeof(head.b));
        memcpy(both + sizeof(head.b), body.b, sizeof(body.b));
        head = digest_sha512((struct str){ (const char *)both, sizeof(both) });
    }
    return base64_encode(a, (struct str){ (const char *)head.b, sizeof(head.b) });
}
