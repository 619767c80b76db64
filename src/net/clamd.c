/* The INSTREAM command of clamd(8): chunks of length (4 bytes, big endian) and data, ended by
 * length 0. */
#include "net/clamd.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ANSWER_MAX  1024

static bool
send_all(int fd, const void *p, size_t n)
{
    const char *c = p;
    while (n > 0) {
        ssize_t k = send(fd, c, n, MSG_NOSIGNAL);
        if (k <= 0 && errno != EINTR) {
            return false;
        }
        if (k > 0) {
            c += k;
            n -= (size_t)k;
        }
    }
    return true;
}

static bool
send_stream(int fd, struct str bytes)
{
    const unsigned char zero[4] = { 0 };

    if (!send_all(fd, "zINSTREAM", 10)) {
        return false;
    }
    while (bytes.n > 0) {
        size_t n = bytes.n < CHUNK_BYTES ? bytes.n : CHUNK_BYTES;
        unsigned char head[4] = { 0, (unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                  (unsigned char)n };
        if (!send_all(fd, head, 4) || !send_all(fd, bytes.p, n)) {
            return false;
        }
        bytes = str_slice(bytes, n, bytes.n);
    }
    return send_all(fd, zero, 4);
}

/* Up to the closing NUL or end of stream. */
static struct str
receive(struct arena *a, int fd)
{
    char *p = arena_alloc(a, ANSWER_MAX);
    size_t n = 0;

    while (n < ANSWER_MAX) {
        ssize_t k = recv(fd, p + n, ANSWER_MAX - n, 0);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k <= 0) {
            break;
        }
        n += (size_t)k;
        if (p[n - 1] == '\0') {
            n--;
            break;
        }
    }
    return str_trim((struct str){ p, n });
}

static int
open_socket(struct str path, int32_t timeout_ms)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000 };

    if (path.n == 0 || path.n >= sizeof(at.sun_path)) {
        return -1;
    }
    memcpy(at.sun_path, path.p, path.n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool
clamd_answer(struct str answer, struct str *ret_found)
{
    static const struct str head = STR_INIT("stream: ");
    static const struct str tail = STR_INIT(" FOUND");
    if (answer.n > head.n + tail.n && str_starts(answer, head) && str_ends(answer, tail)) {
        *ret_found = str_slice(answer, head.n, answer.n - tail.n);
        return true;
    }
    *ret_found = STR_NULL;
    return str_eq(answer, STR("stream: OK"));
}

enum err
clamd_scan(struct ctx *cx, struct str socket_path, struct str bytes, int32_t timeout_ms,
           struct str *ret_found)
{
    int fd = open_socket(socket_path, timeout_ms);

    if (fd < 0) {
        return err_set(cx, ERR_UPSTREAM, "clamd does not answer at its socket");
    }
    bool is_sent = send_stream(fd, bytes);
    struct str answer =
        receive(cx->arena, fd); /* clamd may refuse before all is sent: its word counts */
    close(fd);
    bool is_answer = clamd_answer(answer, ret_found);
    if (!is_answer || (ret_found->p == NULL && !is_sent)) {
        return err_set(cx, ERR_UPSTREAM, "clamd answered neither OK nor FOUND");
    }
    return ERR_OK;
}
