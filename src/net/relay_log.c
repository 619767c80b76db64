/* relay_log.c: see relay_log.h. A line is {...,"chain":"<hex>"}; chain is the SHA-256 of the chain
 * before it (32 bytes, zeros at first) and the line up to the comma before "chain". */
#include "net/relay_log.h"

#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096U
#define TAIL_BYTES     ((size_t)64 * 1024)
#define BATCH_BYTES    ((size_t)1 << 20)
#define CHAIN_TEXT     ",\"chain\":\""
#define CHAIN_N        (sizeof(CHAIN_TEXT) - 1 + 64 + 2) /* to the closing brace */
#define SYNC_US        1000000

struct relay_log {
    int fd;
    struct arena *arena;
    uint8_t chain[32];
    const struct sys_clock *clock;
    int64_t synced_us;
    _Atomic bool is_giving_up;
};

/* --- a line ----------------------------------------------------------------------------------- */
static void
put_text(struct json_out *o, const char *key, const char *text)
{
    if (text[0] != '\0') {
        json_put_str(o, key, str_of(text));
    }
}

static void
put_name(struct json_out *o, const char *key, struct str name)
{
    if (name.n != 0) {
        json_put_str(o, key, name);
    }
}

static void
put_steps(struct json_out *o, const struct relay_record *v)
{
    json_key(o, "steps_us");
    json_open(o);
    for (unsigned i = 0; i < RELAY_STEP_COUNT; i++) {
        if (v->step_us[i] != 0) {
            json_put_i64(o, relay_step_name((enum relay_step)i), v->step_us[i]);
        }
    }
    json_close(o);
}

static void
put_record(struct buf *b, const struct relay_record *v)
{
    struct json_out o = json_out(b);
    json_open(&o);
    json_put_i64(&o, "at_us", v->started_us);
    json_put_str(&o, "request", str_of(v->request_id));
    json_put_str(&o, "trace", str_of(v->trace_id));
    put_name(&o, "client", v->client);
    put_name(&o, "route", v->route);
    put_text(&o, "method", v->method);
    put_name(&o, "operation", v->operation);
    put_text(&o, "path", v->path);
    put_text(&o, "message", v->message_id);
    put_text(&o, "user", v->user_id);
    put_text(&o, "issue", v->issue);
    put_text(&o, "peer", v->peer);
    put_text(&o, "upstream", v->upstream);
    json_put_i64(&o, "status", v->status);
    if (v->error != RELAY_OK) {
        json_put_str(&o, "error", str_of(relay_error_name(v->error)));
    }
    if (v->is_cut) {
        json_put_bool(&o, "cut", true);
    }
    json_put_i64(&o, "in", (int64_t)v->bytes_in);
    json_put_i64(&o, "out", (int64_t)v->bytes_out);
    json_put_i64(&o, "tries", v->tries_n);
    json_put_i64(&o, "us", v->total_us);
    put_steps(&o, v);
}

static void
chain_next(uint8_t chain[32], char *work, struct str line)
{
    memcpy(work, chain, 32);
    memcpy(work + 32, line.p, line.n);
    struct digest d = digest_sha256((struct str){ work, 32 + line.n });
    memcpy(chain, d.b, 32);
}

static void
put_line(struct relay_log *log, struct buf *b, const struct relay_record *v)
{
    char work[32 + LINE_MAX_BYTES];
    char hex[64];
    size_t from = b->n;
    put_record(b, v);
    ASSERT(!b->is_failed && b->n - from <= LINE_MAX_BYTES); /* all its fields are bounded */
    chain_next(log->chain, work, (struct str){ b->p + from, b->n - from });
    hex_to(hex, log->chain, 32);
    BUF_LIT(b, CHAIN_TEXT);
    buf_add_bytes(b, hex, sizeof(hex));
    BUF_LIT(b, "\"}\n");
}

/* --- writing ---------------------------------------------------------------------------------- */
static void
write_all(struct relay_log *log, struct str s)
{
    const struct timespec pause = { .tv_nsec = 50000000 };
    while (s.n != 0) {
        ssize_t n = write(log->fd, s.p, s.n);
        if (n > 0) {
            s = str_slice(s, (size_t)n, s.n);
        } else if (errno != EINTR) {
            if (atomic_load(&log->is_giving_up)) {
                return;
            }
            (void)nanosleep(&pause, NULL); /* a full disk: somebody has to make room */
        }
    }
}

void
relay_log_records(void *arg, const struct relay_record *v, size_t n)
{
    struct relay_log *log = arg;
    for (size_t i = 0; i < n;) {
        struct buf b = buf_new(log->arena, BATCH_BYTES);
        for (; i < n && b.n < BATCH_BYTES - 2 * (size_t)LINE_MAX_BYTES; i++) {
            put_line(log, &b, &v[i]);
        }
        write_all(log, buf_str(&b));
        arena_reset(log->arena);
    }
    int64_t now = log->clock->mono_us(log->clock);
    if (now - log->synced_us >= SYNC_US) {
        log->synced_us = now;
        (void)fdatasync(log->fd);
    }
}

void
relay_log_give_up(struct relay_log *log)
{
    if (log != NULL) {
        atomic_store(&log->is_giving_up, true);
    }
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The chain at the end of a line without its line end. */
static bool
chain_of(struct str line, uint8_t ret[32])
{
    return line.n > CHAIN_N &&
           str_starts(str_slice(line, line.n - CHAIN_N, line.n), STR(CHAIN_TEXT)) &&
           line.p[line.n - 1] == '}' && hex_from(str_slice(line, line.n - 66, line.n - 2), ret, 32);
}

/* Goes on where the last whole line ended. */
static enum err
resume(struct ctx *cx, struct relay_log *log)
{
    struct stat st;
    if (fstat(log->fd, &st) != 0) {
        return err_set(cx, ERR_IO, "relay log: errno %d", errno);
    }
    size_t want = st.st_size < (off_t)TAIL_BYTES ? (size_t)st.st_size : TAIL_BYTES;
    char *tail = arena_alloc(cx->arena, want);
    if (pread(log->fd, tail, want, st.st_size - (off_t)want) != (ssize_t)want) {
        return err_set(cx, ERR_IO, "relay log: cannot be read");
    }
    size_t end = want;
    while (end > 0 && tail[end - 1] != '\n') {
        end--;
    }
    if (end != want && ftruncate(log->fd, st.st_size - (off_t)(want - end)) != 0) {
        return err_set(cx, ERR_IO, "relay log: errno %d", errno);
    }
    if (end == 0) {
        return (off_t)want == st.st_size ? ERR_OK
                                         : err_set(cx, ERR_INVALID, "relay log: no line ends");
    }
    size_t begin = end - 1;
    while (begin > 0 && tail[begin - 1] != '\n') {
        begin--;
    }
    if (!chain_of((struct str){ tail + begin, end - 1 - begin }, log->chain)) {
        return err_set(cx, ERR_INVALID, "relay log: the last line has no chain");
    }
    return ERR_OK;
}

enum err
relay_log_open(struct ctx *cx, struct str path, struct relay_log **ret)
{
    int fd = open(str_z(cx->arena, path), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
        return err_set(cx, ERR_IO, "relay log " STR_FMT ": errno %d", STR_ARG(path), errno);
    }
    struct relay_log *log = calloc(1, sizeof(*log));
    ASSERT(log != NULL);
    log->fd = fd;
    log->clock = cx->clock;
    log->arena = arena_open(0);
    enum err e = resume(cx, log);
    if (e != ERR_OK) {
        relay_log_close(log);
        return e;
    }
    *ret = log;
    return ERR_OK;
}

void
relay_log_close(struct relay_log *log)
{
    if (log == NULL) {
        return;
    }
    (void)fdatasync(log->fd);
    (void)close(log->fd);
    arena_close(log->arena);
    free(log);
}

/* --- checking --------------------------------------------------------------------------------- */
struct check {
    uint8_t chain[32];
    char line[LINE_MAX_BYTES + CHAIN_N + 1];
    char work[32 + LINE_MAX_BYTES + CHAIN_N];
    size_t n;
    uint64_t n_lines, fault_line;
};

static void
check_line(struct check *k)
{
    uint8_t said[32];
    struct str line = { k->line, k->n };
    k->n_lines++;
    if (k->fault_line != 0) {
        return;
    }
    if (!chain_of(line, said)) {
        k->fault_line = k->n_lines;
        return;
    }
    chain_next(k->chain, k->work, str_slice(line, 0, line.n - CHAIN_N));
    if (memcmp(said, k->chain, 32) != 0) {
        k->fault_line = k->n_lines;
    }
}

static enum err
check_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    struct check *k = arg;
    (void)cx;
    for (size_t i = 0; i < chunk.n; i++) {
        if (chunk.p[i] == '\n') {
            check_line(k);
            k->n = 0;
        } else if (k->n < sizeof(k->line)) {
            k->line[k->n++] = chunk.p[i];
        }
    }
    return ERR_OK;
}

enum err
relay_log_verify(struct ctx *cx, struct str path, uint64_t *ret_n, uint64_t *ret_fault_line)
{
    struct check *k = ARENA_NEW(cx->arena, struct check);
    TRY(sys_file_each(cx, path, check_chunk, k));
    *ret_fault_line = k->fault_line;
    *ret_n = k->fault_line == 0 ? k->n_lines : k->fault_line - 1;
    return ERR_OK;
}
