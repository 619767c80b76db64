/* parse_body.c: bodies by length and by chunks (RFC 9112 6, 7.1). */
#include "net/parse.h"

static enum parse_state
take_data(struct parse_body *b, const char *p, size_t n, size_t *ret_used, struct str *ret_data)
{
    size_t take = b->left < n ? (size_t)b->left : n;
    b->left -= take;
    *ret_used = take;
    *ret_data = (struct str){ p, take };
    return PARSE_MORE;
}

static int
size_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of a chunk's size line. Extensions are refused: nobody sends them but who probes. */
static bool
size_byte(struct parse_body *b, char c)
{
    int digit = size_digit(c);
    if (digit >= 0) {
        b->left = b->left * 16 + (uint64_t)digit;
        b->at = CHUNK_SIZE;
        return ++b->digits_n <= 15;
    }
    if (c != '\r' || b->at == CHUNK_SIZE_FIRST) {
        return false;
    }
    b->at = CHUNK_SIZE_LF;
    return true;
}

static bool
trailer_byte(struct parse_body *b, char c)
{
    if (++b->trailer_n > PARSE_TRAILER_MAX) {
        return false;
    }
    bool is_first = b->at == TRAILER_FIRST;
    if (b->at == TRAILER_VALUE) {
        b->at = c == '\r' ? TRAILER_LF : TRAILER_VALUE;
        return c == '\r' || parse_is(c, PARSE_VALUE);
    }
    if (is_first && c == '\r') {
        b->at = TRAILER_END_LF;
        return true;
    }
    if (!is_first && c == ':') {
        b->at = TRAILER_VALUE;
        return true;
    }
    b->at = TRAILER_NAME;
    return parse_is(c, PARSE_TOKEN);
}

static bool
expect_byte(struct parse_body *b, char c, char want, enum parse_chunk next)
{
    b->at = next;
    return c == want;
}

static void
size_begin(struct parse_body *b)
{
    b->left = 0;
    b->digits_n = 0;
}

/* One byte of framing. False when it does not fit. */
static bool
frame_byte(struct parse_body *b, char c)
{
    switch (b->at) {
    case CHUNK_SIZE_FIRST:
    case CHUNK_SIZE:
        return size_byte(b, c);
    case CHUNK_SIZE_LF:
        return expect_byte(b, c, '\n', b->left == 0 ? TRAILER_FIRST : CHUNK_DATA);
    case CHUNK_DATA_CR:
        return expect_byte(b, c, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF:
        size_begin(b);
        return expect_byte(b, c, '\n', CHUNK_SIZE_FIRST);
    case TRAILER_FIRST:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return trailer_byte(b, c);
    case TRAILER_LF:
        return expect_byte(b, c, '\n', TRAILER_FIRST);
    case TRAILER_END_LF:
        return expect_byte(b, c, '\n', CHUNK_DONE);
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return false;
}

static enum parse_state
body_chunked(struct parse_body *b, const char *p, size_t n, size_t *ret_used, struct str *ret_data)
{
    size_t i = 0;
    while (i < n && b->at != CHUNK_DATA && b->at != CHUNK_DONE) {
        if (!frame_byte(b, p[i])) {
            return PARSE_BAD;
        }
        i++;
    }
    if (b->at == CHUNK_DATA && i < n) {
        size_t used = 0;
        (void)take_data(b, p + i, n - i, &used, ret_data);
        i += used;
        if (b->left == 0) {
            b->at = CHUNK_DATA_CR;
        }
    }
    *ret_used = i;
    return b->at == CHUNK_DONE ? PARSE_DONE : PARSE_MORE;
}

enum parse_state
parse_body(struct parse_body *b, const char *p, size_t n, size_t *ret_used, struct str *ret_data)
{
    *ret_used = 0;
    *ret_data = (struct str){ p, 0 };
    switch (b->framing) {
    case PARSE_LENGTH:
        (void)take_data(b, p, n, ret_used, ret_data);
        return b->left == 0 ? PARSE_DONE : PARSE_MORE;
    case PARSE_CHUNKED:
        return body_chunked(b, p, n, ret_used, ret_data);
    case PARSE_NO_BODY:
        break;
    }
    return PARSE_DONE;
}
