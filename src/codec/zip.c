/* zip.c: see zip.h. Sizes and sums follow each entry (data descriptor), so nothing is written
 * twice. */
#include "codec/zip.h"

#include "base/date.h"

#include <string.h>
#include <zlib.h>

#define ENTRIES_MAX    65535
#define NAME_MAX_BYTES 1024
#define FLAGS          0x0808 /* data descriptor, UTF-8 names */
#define CHUNK_BYTES    16384

struct entry {
    struct entry *next;
    struct str name;
    uint32_t crc, packed_n, plain_n, at, dos_time;
    uint16_t method;
};

struct zip_out {
    struct arena *arena;
    zip_sink_fn *sink;
    void *arg;
    struct entry *first, *last, *open;
    uint32_t entries_n;
    uint64_t written_n;
    z_stream deflate;
    bool is_deflating;
    unsigned char chunk[CHUNK_BYTES];
};

struct zip_out *
zip_open(struct arena *a, zip_sink_fn *sink, void *arg)
{
    struct zip_out *z = ARENA_NEW(a, struct zip_out);
    z->arena = a;
    z->sink = sink;
    z->arg = arg;
    return z;
}

static enum err
emit(struct zip_out *z, const void *p, size_t n)
{
    z->written_n += n;
    if (z->written_n > UINT32_MAX) {
        return ERR_TOO_LARGE; /* ZIP64 is not written */
    }
    return n == 0 ? ERR_OK : z->sink(z->arg, (struct str){ p, n });
}

/* Little-endian fields of a header. */
struct record {
    unsigned char b[64];
    size_t n;
};

static void
put16(struct record *r, uint32_t v)
{
    r->b[r->n++] = (unsigned char)(v & 255);
    r->b[r->n++] = (unsigned char)((v >> 8) & 255);
}

static void
put32(struct record *r, uint32_t v)
{
    put16(r, v & 0xFFFF);
    put16(r, v >> 16);
}

/* MS-DOS date and time, Vietnam civil time. */
static uint32_t
dos_time(int64_t at_us)
{
    struct civil c = date_civil(date_at_vn(at_us));
    uint32_t s = (uint32_t)date_second_at_vn(at_us);
    if (c.year < 1980 || c.year > 2107) {
        return (1U << 21) | (1U << 16);
    }
    uint32_t day = ((uint32_t)(c.year - 1980) << 9) | ((uint32_t)c.month << 5) | (uint32_t)c.mday;
    return (day << 16) | ((s / 3600) << 11) | ((s / 60 % 60) << 5) | (s % 60 / 2);
}

static bool
is_name(struct str s)
{
    struct str rest = s;
    struct str part;
    if (s.n == 0 || s.n > NAME_MAX_BYTES || !str_is_utf8(s) || str_has_char(s, '\\') ||
        str_has_char(s, '\0')) {
        return false;
    }
    while (str_next(&rest, '/', &part)) {
        if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR(".."))) {
            return false;
        }
    }
    return true;
}

enum err
zip_begin(struct zip_out *z, struct str name, int64_t at_us, bool is_stored)
{
    struct record r = { .n = 0 };
    ASSERT(z->open == NULL);
    if (!is_name(name)) {
        return ERR_INVALID;
    }
    if (z->entries_n >= ENTRIES_MAX) {
        return ERR_TOO_LARGE;
    }
    struct entry *e = ARENA_NEW(z->arena, struct entry);
    *e = (struct entry){ .name = str_dup(z->arena, name),
                         .at = (uint32_t)z->written_n,
                         .dos_time = dos_time(at_us),
                         .method = is_stored ? 0 : 8 };
    put32(&r, 0x04034b50);
    put16(&r, 20);
    put16(&r, FLAGS);
    put16(&r, e->method);
    put32(&r, e->dos_time);
    put32(&r, 0);
    put32(&r, 0);
    put32(&r, 0);
    put16(&r, (uint32_t)name.n);
    put16(&r, 0);
    TRY(emit(z, r.b, r.n));
    TRY(emit(z, name.p, name.n));
    if (!is_stored) {
        memset(&z->deflate, 0, sizeof(z->deflate));
        ASSERT(deflateInit2(&z->deflate, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        z->is_deflating = true;
    }
    z->open = e;
    z->entries_n++;
    if (z->last == NULL) {
        z->first = e;
    } else {
        z->last->next = e;
    }
    z->last = e;
    return ERR_OK;
}

static enum err
pack(struct zip_out *z, struct str bytes, int flush)
{
    union {
        const char *in;
        unsigned char *out;
    } next = { .in = bytes.p };
    z->deflate.next_in = next.out;
    z->deflate.avail_in = (unsigned)bytes.n;
    do {
        z->deflate.next_out = z->chunk;
        z->deflate.avail_out = CHUNK_BYTES;
        ASSERT(deflate(&z->deflate, flush) != Z_STREAM_ERROR);
        size_t n = CHUNK_BYTES - z->deflate.avail_out;
        z->open->packed_n += (uint32_t)n;
        TRY(emit(z, z->chunk, n));
    } while (z->deflate.avail_out == 0);
    return ERR_OK;
}

enum err
zip_write(struct zip_out *z, struct str bytes)
{
    ASSERT(z->open != NULL);
    if (bytes.n > UINT32_MAX - z->open->plain_n) {
        return ERR_TOO_LARGE;
    }
    if (bytes.n == 0) {
        return ERR_OK;
    }
    union {
        const char *in;
        const unsigned char *out;
    } p = { .in = bytes.p };
    z->open->crc = (uint32_t)crc32(z->open->crc, p.out, (unsigned)bytes.n);
    z->open->plain_n += (uint32_t)bytes.n;
    if (z->is_deflating) {
        return pack(z, bytes, Z_NO_FLUSH);
    }
    z->open->packed_n += (uint32_t)bytes.n;
    return emit(z, bytes.p, bytes.n);
}

static void
end_deflate(struct zip_out *z)
{
    if (z->is_deflating) {
        (void)deflateEnd(&z->deflate);
        z->is_deflating = false;
    }
}

enum err
zip_end(struct zip_out *z)
{
    struct record r = { .n = 0 };
    ASSERT(z->open != NULL);
    if (z->is_deflating) {
        TRY(pack(z, STR(""), Z_FINISH));
        end_deflate(z);
    }
    put32(&r, 0x08074b50);
    put32(&r, z->open->crc);
    put32(&r, z->open->packed_n);
    put32(&r, z->open->plain_n);
    z->open = NULL;
    return emit(z, r.b, r.n);
}

enum err
zip_add(struct zip_out *z, struct str name, int64_t at_us, struct str bytes)
{
    TRY(zip_begin(z, name, at_us, false));
    TRY(zip_write(z, bytes));
    return zip_end(z);
}

static enum err
write_central(struct zip_out *z, const struct entry *e)
{
    struct record r = { .n = 0 };
    put32(&r, 0x02014b50);
    put16(&r, 0x0314); /* made on Unix */
    put16(&r, 20);
    put16(&r, FLAGS);
    put16(&r, e->method);
    put32(&r, e->dos_time);
    put32(&r, e->crc);
    put32(&r, e->packed_n);
    put32(&r, e->plain_n);
    put16(&r, (uint32_t)e->name.n);
    put16(&r, 0);
    put16(&r, 0);
    put16(&r, 0);
    put16(&r, 0);
    put32(&r, 0100644U << 16);
    put32(&r, e->at);
    TRY(emit(z, r.b, r.n));
    return emit(z, e->name.p, e->name.n);
}

enum err
zip_finish(struct zip_out *z)
{
    struct record r = { .n = 0 };
    uint64_t from = z->written_n;
    ASSERT(z->open == NULL);
    for (const struct entry *e = z->first; e != NULL; e = e->next) {
        TRY(write_central(z, e));
    }
    put32(&r, 0x06054b50);
    put16(&r, 0);
    put16(&r, 0);
    put16(&r, z->entries_n);
    put16(&r, z->entries_n);
    put32(&r, (uint32_t)(z->written_n - from));
    put32(&r, (uint32_t)from);
    put16(&r, 0);
    return emit(z, r.b, r.n);
}

void
zip_abandon(struct zip_out *z)
{
    end_deflate(z);
    z->open = NULL;
}

enum err
zip_sink_buf(void *arg, struct str bytes)
{
    struct buf *b = arg;
    buf_add(b, bytes);
    return b->is_failed ? ERR_TOO_LARGE : ERR_OK;
}
