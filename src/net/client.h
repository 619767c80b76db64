/* client.h: outbound HTTP calls (OpenID Connect, webhooks, time stamps) over libcurl. Blocking:
 * workers and jobs only. Plain and TLS 1.2+, certificates always checked, no redirects followed, no
 * proxy from the environment, every answer bounded in size and time. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "net/http.h"

#define CLIENT_HEADERS_MAX 64

struct client_request {
    struct str method; /* null = GET, or POST when there is a body */
    struct str url;    /* http:// or https:// only */
    const struct http_header *headers;
    size_t n_headers;
    struct str content_type;
    struct str body;
    struct str body_path; /* or a file that holds it, body_bytes long */
    int64_t body_bytes;
    uint32_t timeout_ms;   /* whole call; 0 = 10 s; never beyond cx->deadline_us */
    size_t body_max_bytes; /* of the answer in memory; 0 = 1 MiB */
    /* A new file that takes an answer above body_max_bytes, up to file_max_bytes. With it
     * timeout_ms is how long nothing may move, and the whole call may take as long as such a file
     * takes over a slow line. */
    struct str answer_path;
    int64_t file_max_bytes;
    struct str ca_file;             /* PEM; null = the system's */
    struct str user, secret, sigv4; /* signed as "aws:amz:REGION:s3" says (AWS Signature Version 4);
                                       null sigv4 = not */
    struct client_pool *pool; /* may use a connection that another call left open, for methods that
                                 may be repeated; NULL or is_public_only: a new one */
    bool is_public_only; /* refuses loopback, private and link-local addresses (URLs typed by users)
                          */
};

struct client_response {
    int status;
    struct http_header headers[CLIENT_HEADERS_MAX]; /* further ones are dropped */
    size_t n_headers;
    struct str body;
    struct str body_path; /* answer_path when the body is there; body is null then */
    int64_t body_bytes;
};

/* How long so many bytes may take on a slow line (128 KiB a second). */
#define CLIENT_TRANSFER_MS(bytes) ((int64_t)(bytes) / 128)

/* Connections that calls leave open for the next one, and what libcurl keeps with them: some 50 kB
 * each, at most CLIENT_POOL_MAX. Thread-safe. Only for addresses that the owner of the pool typed.
 */
#define CLIENT_POOL_MAX 64
struct client_pool;
struct client_pool *client_pool_open(void);
void client_pool_close(struct client_pool *p); /* accepts NULL; no call may be under way */

/* One call. Any HTTP status is ERR_OK. ret is borrowed from cx->arena.
 * ERR_INVALID the URL or a header is malformed; ERR_DEADLINE too slow; ERR_TOO_LARGE; ERR_UPSTREAM
 * anything else (name, connection, certificate, protocol, refused address), cause in cx->err;
 * ERR_DISK_FULL, ERR_IO: answer_path cannot be written. After an error there is no such file. */
NODISCARD enum err client_call(struct ctx *cx, const struct client_request *rq,
                               struct client_response *ret);

/* First header of that name, null when absent. */
struct str client_header_get(const struct client_response *rs, struct str name);

#endif
