/* client.h: outbound HTTP calls (OpenID Connect, webhooks, time stamps) over libcurl. Blocking:
 * workers and jobs only. Plain and TLS 1.2+, certificates always checked, no redirects followed, no
 * proxy from the environment, every answer bounded in size and time. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "net/http.h"

#define CLIENT_HEADERS_MAX 40

struct client_request {
    struct str method; /* null = GET, or POST when there is a body */
    struct str url;    /* http:// or https:// only */
    const struct http_header *headers;
    size_t n_headers;
    struct str content_type;
    struct str body;
    uint32_t timeout_ms;            /* whole call; 0 = 10 s; never beyond cx->deadline_us */
    size_t body_max_bytes;          /* of the answer; 0 = 1 MiB */
    struct str ca_file;             /* PEM; null = the system's */
    struct str user, secret, sigv4; /* signed as "aws:amz:REGION:s3" says (AWS Signature Version 4);
                                       null sigv4 = not */
    bool is_public_only; /* refuses loopback, private and link-local addresses (URLs typed by users)
                          */
};

struct client_response {
    int status;
    struct http_header headers[CLIENT_HEADERS_MAX]; /* further ones are dropped */
    size_t n_headers;
    struct str body;
};

/* One call. Any HTTP status is ERR_OK. ret is borrowed from cx->arena.
 * ERR_INVALID the URL or a header is malformed; ERR_DEADLINE too slow; ERR_TOO_LARGE; ERR_UPSTREAM
 * anything else (name, connection, certificate, protocol, refused address), cause in cx->err. */
NODISCARD enum err client_call(struct ctx *cx, const struct client_request *rq,
                               struct client_response *ret);

/* First header of that name, null when absent. */
struct str client_header_get(const struct client_response *rs, struct str name);

#endif
