/* node_log.c: the evidence log: numbered segments that only grow. A record is a head of 64 bytes
 * ("BBEV", type, length, number, instant, chain before), the body, and the chain after it:
 * SHA-256 of head and body, so that nothing can be changed, taken out or put in between unseen.
 *
 * Callers at the same time share one write and one sync: whoever finds no writer at work writes for
 * all, and hands the work on to the first of those who came meanwhile. Each waits for a semaphore
 * of its own, so nobody is woken but those whose records are there, and one who writes. What fails
 * is taken back whole, and everybody waiting is told. */
#include "engine/node/node_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define HEAD_BYTES    NODE_RECORD_HEAD
#define PENDING_BYTES ((size_t)256 << 20)
#define MARGIN_BYTES  (2 * NODE_BODY_BYTES) /* a call's request and answer */

struct node_log {
    pthread_mutex_t lock;
    struct arena *arena;
    struct str dir;
    int fd;
    int64_t max_bytes, segment_bytes;
    int64_t total_bytes;     /* of live segments */
    int64_t beside_bytes;    /* of files beside them, also those whose records are being written */
    int64_t first;           /* oldest live segment when these were counted */
    struct node_log_end end; /* durable */
    struct node_log_end pending; /* with what waits to be written */
    uint8_t *waiting;
    size_t waiting_n, waiting_cap;
    struct node_waiters waiters; /* whose records these are, but for who writes */
    uint64_t n_syncs;
    bool is_writing, is_failed;
};

struct str
node_log_dir(struct ctx *cx)
{
    return str_cat(cx->arena, cx->config->data_dir, STR("/evidence"));
}

struct str
node_log_path(struct arena *a, struct str dir, int64_t segment)
{
    return str_fmt(a, STR_FMT "/%08" PRId64 ".seg", STR_ARG(dir), segment);
}

enum err
node_log_segments(struct ctx *cx, struct str dir, int64_t **ret, size_t *ret_n)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    TRY(sys_dir_list(cx, dir, &v, &n));
    int64_t *out = ARENA_ARRAY(cx->arena, int64_t, n + 1);
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t number = 0;
        if (!v[i].is_dir && v[i].name.n == 12 && str_ends(v[i].name, STR(".seg")) &&
            str_to_i64(str_slice(v[i].name, 0, 8), 1, 99999999, &number)) {
            out[(*ret_n)++] = number;
        }
    }
    *ret = out;
    return ERR_OK;
}

/* --- one record ------------------------------------------------------------------------------- */
static void
number_put(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    }
}

static void
head_put(uint8_t head[HEAD_BYTES], const struct node_record *r, uint64_t seq,
         const struct digest *before)
{
    memset(head, 0, HEAD_BYTES);
    for (size_t i = 0; i < 4; i++) {
        head[i] = (uint8_t)NODE_RECORD_MAGIC[i];
    }
    head[4] = (uint8_t)r->type;
    number_put(head + 8, r->body.n, 4);
    number_put(head + 16, seq, 8);
    number_put(head + 24, (uint64_t)r->at_us, 8);
    memcpy(head + 32, before->b, 32);
}

/* Whole or not at all; 0 at the end of the file, -1 for a part. */
static int
read_all(int fd, void *p, size_t n, int64_t at)
{
    size_t have = 0;
    while (have < n) {
        ssize_t r = pread(fd, (char *)p + have, n - have, at + (int64_t)have);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return r == 0 && have == 0 ? 0 : -1;
        }
        have += (size_t)r;
    }
    return 1;
}

static enum err
record_at(struct ctx *cx, int fd, int64_t at, struct node_record *r, struct digest *before,
          struct digest *after)
{
    uint8_t head[HEAD_BYTES];
    struct digest have;
    int n = read_all(fd, head, sizeof(head), at);
    if (n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "end of a segment");
    }
    if (n < 0 || !node_record_head(head, r, before)) {
        return err_set(cx, ERR_CONFLICT, "no record at %" PRId64, at);
    }
    char *body = arena_alloc(cx->arena, r->body.n + sizeof(head) + 1);
    memcpy(body, head, sizeof(head));
    if ((r->body.n != 0 &&
         read_all(fd, body + sizeof(head), r->body.n, at + (int64_t)sizeof(head)) != 1) ||
        read_all(fd, have.b, sizeof(have.b), at + (int64_t)(sizeof(head) + r->body.n)) != 1) {
        return err_set(cx, ERR_CONFLICT, "half a record at %" PRId64, at);
    }
    *after = digest_sha256((struct str){ body, sizeof(head) + r->body.n });
    if (!digest_equal(after, &have)) {
        return err_set(cx, ERR_CONFLICT, "a changed record at %" PRId64, at);
    }
    r->body.p = body + sizeof(head);
    r->at = at;
    r->next = at + (int64_t)(sizeof(head) + r->body.n + sizeof(have.b));
    return ERR_OK;
}

enum err
node_log_read(struct ctx *cx, struct str dir, int64_t segment, int64_t at, struct node_record *ret,
              struct digest *ret_before, struct digest *ret_after)
{
    int fd = open(str_z(cx->arena, node_log_path(cx->arena, dir, segment)), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        struct str old = node_log_path(cx->arena, node_log_archive_dir(cx, dir), segment);
        fd = open(str_z(cx->arena, old), O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return err_set(cx, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "segment %" PRId64, segment);
    }
    *ret = (struct node_record){ .segment = segment };
    enum err e = record_at(cx, fd, at, ret, ret_before, ret_after);
    ret->segment = segment;
    (void)close(fd);
    return e;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Goes to the end of a segment. What a cut of power left half is put aside, for it was never
 * acknowledged; anything else that does not fit is a fault. */
static enum err
segment_end(struct ctx *cx, struct node_log *l, int64_t segment, bool is_last)
{
    struct arena *a = arena_open(0);
    struct ctx mine = *cx;
    enum err e = ERR_OK;
    mine.arena = a;
    l->end.segment = segment;
    l->end.at = 0;
    for (bool is_first = l->end.seq == 0; e == ERR_OK;) {
        struct node_record r = { 0 };
        struct digest before;
        struct digest after;
        arena_reset(a);
        e = record_at(&mine, l->fd, l->end.at, &r, &before, &after);
        if (e == ERR_OK && !is_first &&
            (!digest_equal(&before, &l->end.chain) || r.seq != l->end.seq + 1)) {
            e = err_set(&mine, ERR_IO, "record %" PRIu64 " does not follow", r.seq);
        } else if (e == ERR_OK) {
            l->end = (struct node_log_end){ segment, r.next, r.seq, after };
            is_first = false;
        }
    }
    cx->err = mine.err;
    arena_close(a);
    bool is_torn = e == ERR_CONFLICT && is_last;
    return e == ERR_NOT_FOUND || is_torn ? ERR_OK
                                         : err_set(cx, ERR_IO, "segment %" PRId64, segment);
}

static enum err
segment_open(struct ctx *cx, struct node_log *l, int64_t segment)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC;
    l->fd = open(str_z(cx->arena, node_log_path(cx->arena, l->dir, segment)), flags, 0640);
    if (l->fd < 0) {
        return err_set(cx, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO, "segment %" PRId64, segment);
    }
    return sys_dir_sync(cx, l->dir);
}

/* Bytes behind the last whole record: kept beside, then cut off. */
static enum err
tail_cut(struct ctx *cx, struct node_log *l)
{
    off_t size = lseek(l->fd, 0, SEEK_END);
    if (size <= l->end.at) {
        return ERR_OK;
    }
    size_t n = (size_t)(size - l->end.at);
    if (n > NODE_RECORD_BYTES + PENDING_BYTES) {
        return err_set(cx, ERR_IO, "%zu bytes behind the last record", n);
    }
    char *tail = arena_alloc(cx->arena, n);
    if (read_all(l->fd, tail, n, l->end.at) != 1) {
        return err_set(cx, ERR_IO, "the log's tail");
    }
    TRY(sys_file_write(cx,
                       str_fmt(cx->arena, STR_FMT "/torn-%08" PRId64 "-%" PRId64, STR_ARG(l->dir),
                               l->end.segment, l->end.at),
                       (struct str){ tail, n }));
    return ftruncate(l->fd, l->end.at) == 0 && fsync(l->fd) == 0
               ? ERR_OK
               : err_set(cx, ERR_IO, "cutting the log's tail");
}

/* The chain goes on from the last two segments; bombo evidence verify reads them all. */
static enum err
log_load(struct ctx *cx, struct node_log *l)
{
    int64_t *v = NULL;
    size_t n = 0;
    TRY(node_log_segments(cx, l->dir, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct sys_file_info info;
        TRY(sys_file_info(cx, node_log_path(cx->arena, l->dir, v[i]), &info));
        l->total_bytes += info.size_bytes;
    }
    for (size_t i = n < 2 ? 0 : n - 2; i < n; i++) {
        if (l->fd >= 0) {
            (void)close(l->fd);
        }
        TRY(segment_open(cx, l, v[i]));
        TRY(segment_end(cx, l, v[i], i + 1 == n));
    }
    TRY(node_file_bytes(cx, l->dir, &l->beside_bytes));
    l->first = n == 0 ? 1 : v[0];
    if (n == 0) {
        l->end.segment = 1;
        return segment_open(cx, l, 1);
    }
    return tail_cut(cx, l);
}

enum err
node_log_open(struct ctx *cx, struct str dir, int64_t max_bytes, struct node_log **ret)
{
    TRY(sys_mkdirs(cx, dir));
    struct node_log *l = calloc(1, sizeof(*l));
    ASSERT(l != NULL);
    l->arena = arena_open(0);
    l->dir = str_dup(l->arena, dir);
    l->fd = -1;
    l->max_bytes = max_bytes;
    l->segment_bytes = NODE_SEGMENT_BYTES;
    ASSERT(pthread_mutex_init(&l->lock, NULL) == 0);
    enum err e = log_load(cx, l);
    l->pending = l->end;
    if (e != ERR_OK) {
        node_log_close(l);
        return e;
    }
    *ret = l;
    return ERR_OK;
}

void
node_log_close(struct node_log *l)
{
    if (l == NULL) {
        return;
    }
    if (l->fd >= 0) {
        (void)close(l->fd);
    }
    (void)pthread_mutex_destroy(&l->lock);
    free(l->waiting);
    arena_close(l->arena);
    free(l);
}

/* --- adding ----------------------------------------------------------------------------------- */
static void
waiting_add(struct node_log *l, const void *p, size_t n)
{
    if (l->waiting_n + n > l->waiting_cap) {
        l->waiting_cap = (l->waiting_n + n) * 2;
        l->waiting = realloc(l->waiting, l->waiting_cap);
        ASSERT(l->waiting != NULL);
    }
    memcpy(l->waiting + l->waiting_n, p, n);
    l->waiting_n += n;
}

static void
record_add(struct node_log *l, const struct node_record *r)
{
    uint8_t head[HEAD_BYTES];
    size_t from = l->waiting_n;
    head_put(head, r, ++l->pending.seq, &l->pending.chain);
    waiting_add(l, head, sizeof(head));
    if (r->body.n != 0) {
        waiting_add(l, r->body.p, r->body.n);
    }
    l->pending.chain =
        digest_sha256((struct str){ (const char *)l->waiting + from, l->waiting_n - from });
    waiting_add(l, l->pending.chain.b, sizeof(l->pending.chain.b));
    l->pending.at += (int64_t)(l->waiting_n - from);
}

static bool
write_all(int fd, const uint8_t *p, size_t n, int64_t at)
{
    while (n > 0) {
        ssize_t r = pwrite(fd, p, n, at);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return false;
        }
        p += r;
        n -= (size_t)r;
        at += r;
    }
    return true;
}

/* A fresh segment when this one is full; only between two writes. */
static bool
rotate(struct node_log *l, const struct node_log_end *from, struct node_log_end *to)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a };
    int old = l->fd;
    bool is_good = segment_open(&cx, l, from->segment + 1) == ERR_OK;
    if (is_good) {
        (void)close(old);
        *to = *from;
        to->segment++;
        to->at = 0;
    } else {
        l->fd = old;
    }
    arena_close(a);
    return is_good;
}

/* Under the lock, after a write: what is there now, and what is not. */
static void
settle(struct node_log *l, struct node_log_end end, const struct node_log_end *begin, size_t n,
       bool is_good)
{
    l->is_failed = !is_good;
    l->n_syncs++;
    if (is_good) {
        l->total_bytes += (int64_t)n;
        end.segment = begin->segment;
        end.at = begin->at + (int64_t)n;
        l->pending.segment = end.segment;
        l->end = end;
        /* what came meanwhile stands behind it */
        l->pending.at = end.at + (int64_t)l->waiting_n;
    } else {
        l->waiting_n = 0;
        l->end.segment = begin->segment;
        l->end.at = begin->at;
        l->pending = l->end;
    }
}

/* Writes what waits; the lock is held, but not while writing. Nobody else writes meanwhile. Tells
 * those whose records these were, and the next who is to write. */
static void
write_waiting(struct node_log *l, struct node_waiter *me)
{
    uint8_t *p = l->waiting;
    size_t n = l->waiting_n;
    struct node_log_end begin = l->end;
    struct node_log_end end = l->pending;
    struct node_waiters mine = l->waiters;
    l->waiters = (struct node_waiters){ NULL, NULL };
    l->waiting = NULL;
    l->waiting_n = l->waiting_cap = 0;
    (void)pthread_mutex_unlock(&l->lock);
    bool is_good = begin.at < l->segment_bytes || rotate(l, &begin, &begin);
    is_good = is_good && write_all(l->fd, p, n, begin.at) && fdatasync(l->fd) == 0;
    int fault = is_good ? 0 : errno;
    if (!is_good) {
        (void)(ftruncate(l->fd, begin.at) == 0 ? fdatasync(l->fd) : 0);
    }
    free(p);
    (void)pthread_mutex_lock(&l->lock);
    settle(l, end, &begin, n, is_good);
    struct node_waiters lost = { NULL, NULL };
    if (!is_good) { /* theirs stood behind what is not there */
        lost = l->waiters;
        l->waiters = (struct node_waiters){ NULL, NULL };
    }
    struct node_waiter *next = node_waiters_take(&l->waiters);
    l->is_writing = next != NULL;
    (void)pthread_mutex_unlock(&l->lock);
    if (next != NULL) {
        node_waiter_call(next);
    }
    node_waiters_tell(&mine, is_good, fault);
    node_waiters_tell(&lost, false, fault);
    me->is_good = is_good;
    me->fault = fault;
}

enum err
node_log_add(struct ctx *cx, struct node_log *l, const struct node_record *v, size_t n)
{
    struct node_waiter me = { .is_writer = false };
    size_t size = 0;
    int64_t beside = 0;
    for (size_t i = 0; i < n; i++) {
        size += v[i].body.n + HEAD_BYTES + 32;
        beside += v[i].beside_bytes;
    }
    (void)pthread_mutex_lock(&l->lock);
    if (l->total_bytes + l->beside_bytes + beside + (int64_t)(l->waiting_n + size) > l->max_bytes ||
        l->waiting_n + size > PENDING_BYTES) {
        (void)pthread_mutex_unlock(&l->lock);
        return err_set(cx, ERR_DISK_FULL, "the evidence log has no room");
    }
    for (size_t i = 0; i < n; i++) {
        record_add(l, &v[i]);
    }
    l->beside_bytes += beside;
    if (l->is_writing) {
        node_waiters_add(&l->waiters, &me);
        (void)pthread_mutex_unlock(&l->lock);
        node_waiter_wait(&me);
        if (me.is_writer) {
            (void)pthread_mutex_lock(&l->lock);
        }
    } else {
        l->is_writing = me.is_writer = true;
    }
    if (me.is_writer) {
        write_waiting(l, &me);
    }
    if (me.is_good) {
        return ERR_OK;
    }
    if (beside != 0) {
        (void)pthread_mutex_lock(&l->lock);
        l->beside_bytes -= beside;
        (void)pthread_mutex_unlock(&l->lock);
    }
    return err_set(cx, me.fault == ENOSPC || me.fault == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                   "the evidence log: errno %d", me.fault);
}

/* --- the archive takes segments away -----------------------------------------------------------
 */
void
node_log_set_segment(struct node_log *l, int64_t bytes)
{
    l->segment_bytes = bytes;
}

/* Files went to the archive with their segments. Counted from the folder, so only then. */
static enum err
recount_beside(struct ctx *cx, struct node_log *l, int64_t first)
{
    int64_t bytes = 0;
    TRY(node_file_bytes(cx, l->dir, &bytes));
    (void)pthread_mutex_lock(&l->lock);
    l->beside_bytes = bytes;
    l->first = first;
    (void)pthread_mutex_unlock(&l->lock);
    return ERR_OK;
}

enum err
node_log_recount(struct ctx *cx, struct node_log *l)
{
    int64_t *v = NULL;
    size_t n = 0;
    int64_t closed = 0;
    TRY(node_log_segments(cx, l->dir, &v, &n));
    for (size_t i = 0; i + 1 < n; i++) {
        struct sys_file_info info;
        TRY(sys_file_info(cx, node_log_path(cx->arena, l->dir, v[i]), &info));
        closed += info.size_bytes;
    }
    (void)pthread_mutex_lock(&l->lock);
    if (n != 0 && v[n - 1] == l->end.segment && !l->is_writing) { /* else the next time */
        l->total_bytes = closed + l->end.at;
    }
    bool has_moved = n != 0 && v[0] != l->first;
    (void)pthread_mutex_unlock(&l->lock);
    return has_moved ? recount_beside(cx, l, v[0]) : ERR_OK;
}

/* --- figures ---------------------------------------------------------------------------------- */
int64_t
node_log_bytes(struct node_log *l)
{
    (void)pthread_mutex_lock(&l->lock);
    int64_t n = l->total_bytes + l->beside_bytes;
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}

bool
node_log_is_full(struct node_log *l)
{
    int64_t margin = MARGIN_BYTES < l->max_bytes / 4 ? MARGIN_BYTES : l->max_bytes / 4;
    return node_log_bytes(l) > l->max_bytes - margin;
}

bool
node_log_is_failed(struct node_log *l)
{
    (void)pthread_mutex_lock(&l->lock);
    bool is_failed = l->is_failed;
    (void)pthread_mutex_unlock(&l->lock);
    return is_failed;
}

uint64_t
node_log_syncs(struct node_log *l)
{
    (void)pthread_mutex_lock(&l->lock);
    uint64_t n = l->n_syncs;
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}

uint64_t
node_log_seq(struct node_log *l)
{
    (void)pthread_mutex_lock(&l->lock);
    uint64_t n = l->end.seq;
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}
