/* http.h: one HTTP/1.1 message as net/ hands it up and takes it down. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/ctx.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http_header {
    struct str name, value; /* name as sent; compare with str_eq_nocase */
};

#define HTTP_HEADERS_MAX 100

/* A whole, parsed, bounded request. Everything lives in the request's arena. */
struct http_request {
    enum http_method method;
    struct str method_name;
    struct str target; /* as sent */
    struct str path;   /* percent-decoded once, UTF-8, no "." or ".." segment, no "//", no "\\", no
                        * control character, no encoded '/'; starts with '/' */
    struct str query;  /* raw, without '?' */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    struct str body;      /* small bodies; null when spooled */
    struct str body_path; /* large bodies: a spool file, unlinked after the response */
    int64_t body_bytes;
    struct str peer;     /* address text */
    struct str trace_id; /* 32 hex digits, made by the server */
    struct arena *arena; /* the request's arena: what an answer points to may live there */
    bool is_tls;
    struct str peer_cert; /* SHA-256 of the client's certificate, 64 hex digits; null: none */
    int64_t received_us;  /* monotonic, when the last byte arrived */
};

/* Value of the first header of that name, null when absent. */
struct str http_header_get(const struct http_request *rq, struct str name);

enum http_kind { HTTP_WHOLE, HTTP_FILE, HTTP_SPOOLED, HTTP_STREAM, HTTP_EVENTS };

/* Writes one piece of a streamed body; blocks the worker while the client is slow.
 * ERR_IO when the client is gone, ERR_DEADLINE when it is too slow. */
struct http_stream;
NODISCARD enum err http_stream_write(struct http_stream *s, struct str bytes);
/* Sends what was written so far without waiting for a full block (64 KiB). */
NODISCARD enum err http_stream_flush(struct http_stream *s);
/* Runs on the worker after the handler. An error before the first block left becomes an error
 * answer; later it cuts the connection, so that half an export is never taken for a whole one. Each
 * write renews cx->deadline_us. */
typedef enum err http_stream_fn(struct ctx *cx, void *arg, struct http_stream *s);

/* As many as a service may answer through the program (CLIENT_HEADERS_MAX), and its own. */
#define HTTP_ANSWER_HEADERS_MAX 80

struct http_response {
    int status; /* 0 = 500 */
    enum http_kind kind;
    struct http_header headers[HTTP_ANSWER_HEADERS_MAX];
    size_t n_headers;
    struct str content_type;
    struct str body;           /* WHOLE; SPOOLED: what stands before the file */
    struct str file_path;      /* FILE: sent with Range and If-None-Match; SPOOLED: as it is */
    bool takes_file;           /* SPOOLED: the file is the server's now, and goes */
    struct str etag;           /* FILE and WHOLE, quoted, or null */
    http_stream_fn *stream_fn; /* STREAM: chunked */
    void *stream_arg;
    struct str event_channel; /* EVENTS: the connection listens to this channel (server_publish) */
    struct str event_last_id; /* EVENTS: Last-Event-ID to resume from */
    bool must_close;
};

/* Strings are borrowed and must live in the request's arena or be static. The server itself writes
 * Date, Content-Type, Content-Length, Transfer-Encoding, Connection, ETag, Accept-Ranges and
 * Content-Range: do not add those. A value with control characters, or more than
 * HTTP_ANSWER_HEADERS_MAX headers, turns the answer into a 500. */
void http_response_header(struct http_response *rs, struct str name, struct str value);

/* "Not Found"; "Unknown" for codes we never send. */
struct str http_reason(int status);

#endif
