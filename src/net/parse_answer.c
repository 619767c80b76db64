/* parse_answer.c: the head of another server's answer (RFC 9112 4, 6.3). */
#include "net/parse.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason and the space before it may be missing. HTTP/1.0 is read because
 * old services speak it, and then never kept. */
static bool
status_line(struct str line, struct parse_answer *ret, bool *ret_is_old)
{
    if (line.n < 12 || !str_starts(line, STR("HTTP/1.")) || line.p[8] != ' ') {
        return false;
    }
    *ret_is_old = line.p[7] == '0';
    if ((line.p[7] != '0' && line.p[7] != '1') || (line.n > 12 && line.p[12] != ' ')) {
        return false;
    }
    ret->status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (!is_digit(line.p[i])) {
            return false;
        }
        ret->status = ret->status * 10 + (line.p[i] - '0');
    }
    ret->reason = line.n > 13 ? str_slice(line, 13, line.n) : STR("");
    return ret->status >= 100 && ret->status <= 599;
}

static bool
field(struct str line, struct http_header *ret)
{
    struct str value;
    if (!str_cut(line, ':', &ret->name, &value) || !parse_all(ret->name, PARSE_TOKEN)) {
        return false;
    }
    ret->value = str_trim(value);
    if (ret->value.p == NULL) {
        ret->value = STR("");
    }
    return true;
}

static bool
length_parse(struct str value, struct parse_answer *ret)
{
    int64_t n = 0;
    if (ret->has_length || value.n == 0 || value.n > 18 || !is_digit(value.p[0]) ||
        !str_to_i64(value, 0, INT64_MAX, &n)) {
        return false;
    }
    ret->has_length = true;
    ret->length = (uint64_t)n;
    return true;
}

static void
connection_note(struct str value, struct parse_answer *ret)
{
    struct str part;
    while (str_next(&value, ',', &part)) {
        struct str word = str_trim(part);
        ret->is_close = ret->is_close || str_eq_nocase(word, STR("close"));
    }
}

static void
keep_note(struct str value, struct parse_answer *ret)
{
    struct str part;
    int64_t s = 0;
    while (str_next(&value, ',', &part)) {
        struct str word = str_trim(part);
        if (word.n > 8 && str_eq_nocase(str_slice(word, 0, 8), STR("timeout=")) &&
            str_to_i64(str_slice(word, 8, word.n), 0, 86400, &s)) {
            ret->keep_ms = s * 1000;
        }
    }
}

/* Fields that the reader itself acts on. False when one is not good. */
static bool
field_note(const struct http_header *h, struct parse_answer *ret, bool *has_coding)
{
    switch (h->name.n) {
    case 10:
        if (str_eq_nocase(h->name, STR("Connection"))) {
            connection_note(h->value, ret);
        } else if (str_eq_nocase(h->name, STR("Keep-Alive"))) {
            keep_note(h->value, ret);
        }
        break;
    case 12:
        if (str_eq_nocase(h->name, STR("Content-Type"))) {
            ret->type = h->value;
        }
        break;
    case 14:
        if (str_eq_nocase(h->name, STR("Content-Length"))) {
            return length_parse(h->value, ret);
        }
        break;
    case 16:
        if (str_eq_nocase(h->name, STR("Content-Encoding"))) {
            ret->coding = h->value;
        }
        break;
    case 17:
        if (str_eq_nocase(h->name, STR("Transfer-Encoding"))) {
            bool is_good = !*has_coding && str_eq_nocase(h->value, STR("chunked"));
            *has_coding = true;
            return is_good;
        }
        break;
    default:
        break;
    }
    return true;
}

/* RFC 9112 6.3. */
static bool
until_of(struct parse_answer *ret, bool has_coding, bool is_old, bool is_to_head)
{
    if (has_coding && (ret->has_length || is_old)) {
        return false;
    }
    ret->is_interim = ret->status < 200;
    if (ret->status == 101) {
        return false; /* nobody asked to switch */
    }
    ret->is_close = ret->is_close || is_old;
    if (is_to_head || ret->is_interim || ret->status == 204 || ret->status == 304) {
        ret->until = PARSE_UNTIL_NOTHING;
        /* what cannot have a body but announces one is followed by who knows what */
        ret->is_close = ret->is_close || (!is_to_head && ret->status != 304 &&
                                          (has_coding || (ret->has_length && ret->length != 0)));
    } else if (has_coding) {
        ret->until = PARSE_UNTIL_CHUNKS;
    } else if (ret->has_length) {
        ret->until = ret->length == 0 ? PARSE_UNTIL_NOTHING : PARSE_UNTIL_LENGTH;
    } else {
        ret->until = PARSE_UNTIL_CLOSE;
        ret->is_close = true;
    }
    return true;
}

bool
parse_answer(struct str head, bool is_to_head, struct parse_answer *ret)
{
    bool has_coding = false;
    bool is_old = false;
    size_t end = str_find_char(head, '\r');
    ret->n_headers = 0;
    ret->length = 0;
    ret->has_length = false;
    ret->is_close = false;
    ret->type = STR_NULL;
    ret->coding = STR_NULL;
    ret->keep_ms = -1;
    if (!status_line(str_slice(head, 0, end), ret, &is_old)) {
        return false;
    }
    struct str rest = str_slice(head, end + 2, head.n);
    while (rest.n > 2) {
        end = str_find_char(rest, '\r');
        struct http_header *h = &ret->headers[ret->n_headers];
        if (ret->n_headers == HTTP_HEADERS_MAX || !field(str_slice(rest, 0, end), h) ||
            !field_note(h, ret, &has_coding)) {
            return false;
        }
        ret->n_headers++;
        rest = str_slice(rest, end + 2, rest.n);
    }
    return until_of(ret, has_coding, is_old, is_to_head);
}
