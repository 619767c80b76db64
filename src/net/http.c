/* http.c: small helpers of http.h. */
#include "net/http.h"

struct str
http_header_get(const struct http_request *rq, struct str name)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (rq->headers[i].name.n == name.n && str_eq_nocase(rq->headers[i].name, name)) {
            return rq->headers[i].value;
        }
    }
    return STR_NULL;
}

void
http_response_header(struct http_response *rs, struct str name, struct str value)
{
    /* counts on beyond the end: the server sees it and answers 500 instead of dropping a header */
    if (rs->n_headers < COUNT_OF(rs->headers)) {
        rs->headers[rs->n_headers] = (struct http_header){ name, value };
    }
    rs->n_headers++;
}

static const struct {
    int status;
    struct str text;
} reasons[] = {
    { 200, STR_INIT("OK") },
    { 201, STR_INIT("Created") },
    { 202, STR_INIT("Accepted") },
    { 204, STR_INIT("No Content") },
    { 206, STR_INIT("Partial Content") },
    { 301, STR_INIT("Moved Permanently") },
    { 302, STR_INIT("Found") },
    { 303, STR_INIT("See Other") },
    { 304, STR_INIT("Not Modified") },
    { 307, STR_INIT("Temporary Redirect") },
    { 308, STR_INIT("Permanent Redirect") },
    { 400, STR_INIT("Bad Request") },
    { 401, STR_INIT("Unauthorized") },
    { 403, STR_INIT("Forbidden") },
    { 404, STR_INIT("Not Found") },
    { 405, STR_INIT("Method Not Allowed") },
    { 406, STR_INIT("Not Acceptable") },
    { 408, STR_INIT("Request Timeout") },
    { 409, STR_INIT("Conflict") },
    { 410, STR_INIT("Gone") },
    { 412, STR_INIT("Precondition Failed") },
    { 413, STR_INIT("Content Too Large") },
    { 414, STR_INIT("URI Too Long") },
    { 415, STR_INIT("Unsupported Media Type") },
    { 416, STR_INIT("Range Not Satisfiable") },
    { 417, STR_INIT("Expectation Failed") },
    { 421, STR_INIT("Misdirected Request") },
    { 422, STR_INIT("Unprocessable Content") },
    { 428, STR_INIT("Precondition Required") },
    { 429, STR_INIT("Too Many Requests") },
    { 431, STR_INIT("Request Header Fields Too Large") },
    { 500, STR_INIT("Internal Server Error") },
    { 501, STR_INIT("Not Implemented") },
    { 502, STR_INIT("Bad Gateway") },
    { 503, STR_INIT("Service Unavailable") },
    { 504, STR_INIT("Gateway Timeout") },
    { 505, STR_INIT("HTTP Version Not Supported") },
    { 507, STR_INIT("Insufficient Storage") },
};

struct str
http_reason(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return STR("Unknown");
}
