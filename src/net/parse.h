/* parse.h: bytes of HTTP/1.1 requests to values, pure: no input or output, no clock. Inside net/
 * only. Strict: what RFC 9110 and 9112 let a server refuse is refused, because two readers that
 * disagree about one message are how requests are smuggled. */
#ifndef NET_PARSE_H
#define NET_PARSE_H

#include "net/http.h"

#define PARSE_TARGET_MAX  8192U
#define PARSE_TRAILER_MAX 4096U

/* Classes of bytes, a set in each entry of parse_class. */
enum parse_byte {
    PARSE_TOKEN = 1, /* RFC 9110 5.6.2 tchar */
    PARSE_PATH = 2,  /* RFC 3986 pchar, '/', and '%' */
    PARSE_QUERY = 4, /* what browsers send unescaped in a query */
    PARSE_HOST = 8,  /* host names, addresses, ports */
    PARSE_VALUE = 16 /* field values: visible, space, tab, obs-text */
};
extern const uint8_t parse_class[256];

static inline bool
parse_is(char c, enum parse_byte kind)
{
    return (parse_class[(unsigned char)c] & (unsigned)kind) != 0;
}

/* Not empty, and every byte of that kind. */
bool parse_all(struct str s, enum parse_byte kind);

/* Looks for the end of a head in bytes that arrive in pieces. Zero-initialised per message. */
struct parse_scan {
    size_t at;     /* bytes already looked at */
    size_t line_n; /* bytes of the line being looked at */
    bool has_line; /* the request line is complete */
};
enum parse_state { PARSE_MORE, PARSE_DONE, PARSE_BAD };

/* p[0, n) are all bytes of the message so far. PARSE_DONE sets *ret_head_n, the head's length with
 * its closing empty line. PARSE_BAD as soon as a byte is seen that no head may hold. */
enum parse_state parse_scan(struct parse_scan *scan, const char *p, size_t n, size_t *ret_head_n);

enum parse_framing { PARSE_NO_BODY, PARSE_LENGTH, PARSE_CHUNKED };

/* What the server needs to know beside the request. */
struct parse_head {
    enum parse_framing framing;
    uint64_t length; /* PARSE_LENGTH */
    bool is_close;   /* the client wants the connection closed */
    bool expects_continue;
    bool is_asterisk; /* OPTIONS *: path is "*" */
};

/* Parses one whole head. head must live in rq->arena: the request borrows from it. 0, or the status
 * to refuse with (400, 414, 417, 431, 501, 505); rq's fields may then be half filled. */
int parse_head(struct str head, struct http_request *rq, struct parse_head *ret);

/* What a head that cannot be parsed asked for, as far as it can be seen: the target of its first
 * line up to '?', as written, plain ASCII. Empty: not to be seen. Borrows from bytes. */
struct str parse_asked(struct str bytes);

/* Fills rq->path and rq->query from an origin-form target. 0 or 400. */
int parse_target(struct str target, struct http_request *rq);

/* Host and optional port as RFC 9110 7.2 allows them. */
bool parse_is_host(struct str s);

/* --- answers of other servers -----------------------------------------------------------------
 * As strict: an answer that two readers could take apart differently poisons a kept connection. */
enum parse_until { PARSE_UNTIL_NOTHING, PARSE_UNTIL_LENGTH, PARSE_UNTIL_CHUNKS, PARSE_UNTIL_CLOSE };

struct parse_answer {
    int status;
    struct str reason; /* as sent, may be empty */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    enum parse_until until;
    uint64_t length;   /* of Content-Length, also where no body follows (HEAD, 304) */
    bool has_length;   /* Content-Length was there */
    bool is_close;     /* the connection cannot be used again */
    bool is_interim;   /* 100..199: another head follows */
    struct str type;   /* Content-Type, null when absent */
    struct str coding; /* Content-Encoding, null when absent */
    int64_t keep_ms;   /* Keep-Alive: timeout=; -1 when absent */
};

/* Parses one whole head of an answer to a request of that method, as found by parse_scan; borrows
 * from head. False when it is malformed or says two things about its length: 101, a transfer coding
 * other than chunked, Content-Length twice or with a coding, HTTP/1.0 with a coding, other
 * versions.
 */
bool parse_answer(struct str head, bool is_to_head, struct parse_answer *ret);

enum parse_chunk {
    CHUNK_SIZE_FIRST,
    CHUNK_SIZE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    TRAILER_END_LF,
    CHUNK_DONE
};

/* Takes a body apart. Zero-initialised, then framing and left (PARSE_LENGTH) set. */
struct parse_body {
    enum parse_framing framing;
    enum parse_chunk at;
    uint64_t left; /* bytes until the end of the body or of the chunk */
    uint32_t digits_n, trailer_n;
};

/* Eats from p[0, n): *ret_used bytes, of which *ret_data (borrowed from p, may be empty) are
 * content. PARSE_MORE: call again with the rest or with more bytes. Chunk extensions and malformed
 * trailers are PARSE_BAD; well-formed trailers are dropped. */
enum parse_state parse_body(struct parse_body *b, const char *p, size_t n, size_t *ret_used,
                            struct str *ret_data);

#endif
