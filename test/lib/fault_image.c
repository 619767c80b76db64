/* fault_image.c: see fault_image.h. */
#include "lib/fault_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECTOR_BYTES 512U

static void
put(struct fault_image *im, int64_t offset, const unsigned char *p, size_t n)
{
    size_t end = (size_t)offset + n;
    if (end > im->n_synced) {
        im->synced = realloc(im->synced, end + 1);
        ASSERT(im->synced != NULL);
        memset(im->synced + im->n_synced, 0, end - im->n_synced);
        im->n_synced = end;
    }
    if (n > 0) {
        memcpy(im->synced + offset, p, n);
    }
}

static void
apply(struct fault_image *im, const struct fault_write *o, size_t n)
{
    if (!o->is_truncate) {
        put(im, o->offset, o->bytes, n);
    } else if ((size_t)o->offset < im->n_synced) {
        im->n_synced = (size_t)o->offset;
    }
}

static struct fault_write *
pop(struct fault_image *im)
{
    struct fault_write *o = im->first;
    if (o != NULL) {
        im->first = o->next;
        im->last = im->first == NULL ? NULL : im->last;
        im->n_ops--;
    }
    return o;
}

void
fault_image_add(struct fault_image *im, int64_t offset, const void *p, size_t n, bool is_truncate)
{
    struct fault_write *o = malloc(sizeof(*o) + n);
    ASSERT(o != NULL);
    *o = (struct fault_write){ .offset = offset, .n = n, .is_truncate = is_truncate };
    if (n > 0) {
        memcpy(o->bytes, p, n);
    }
    if (im->last != NULL) {
        im->last->next = o;
    } else {
        im->first = o;
    }
    im->last = o;
    im->n_ops++;
}

void
fault_image_sync(struct fault_image *im)
{
    for (struct fault_write *o = pop(im); o != NULL; o = pop(im)) {
        apply(im, o, o->n);
        free(o);
    }
}

/* What is on disk already when the file is first seen counts as synced. */
static void
load(struct fault_image *im)
{
    FILE *f = fopen(im->name, "rbe");
    unsigned char buf[8192];
    size_t got = 0;
    while (f != NULL && (got = fread(buf, 1, sizeof(buf), f)) > 0) {
        put(im, (int64_t)im->n_synced, buf, got);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
}

struct fault_image *
fault_image_find(struct fault_image **list, const char *name)
{
    for (struct fault_image *im = *list; im != NULL; im = im->next) {
        if (strcmp(im->name, name) == 0) {
            return im;
        }
    }
    struct fault_image *im = calloc(1, sizeof(*im));
    ASSERT(im != NULL);
    im->name = strdup(name);
    im->next = *list;
    *list = im;
    load(im);
    return im;
}

void
fault_image_forget(struct fault_image *im)
{
    fault_image_sync(im);
    im->n_synced = 0;
}

void
fault_image_free(struct fault_image *im)
{
    fault_image_sync(im);
    free(im->synced);
    free(im->name);
    free(im);
}

static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Some sectors of a write that was under way hold anything. */
static void
garble(struct fault_write *o, uint64_t *seed)
{
    for (size_t at = 0; at < o->n; at += SECTOR_BYTES) {
        size_t end = at + SECTOR_BYTES < o->n ? at + SECTOR_BYTES : o->n;
        bool is_hit = next_random(seed) % 4 == 0;
        for (size_t i = at; is_hit && i < end; i++) {
            o->bytes[i] = (unsigned char)next_random(seed);
        }
    }
}

void
fault_image_crash(struct fault_image *im, enum fault_crash how, uint64_t *seed)
{
    for (struct fault_write *o = pop(im); o != NULL; o = pop(im)) {
        uint64_t luck = how == FAULT_DROP ? 0 : next_random(seed) % 3;
        if (how == FAULT_GARBLE && !o->is_truncate) {
            garble(o, seed);
        }
        if (luck == 1 || (luck == 2 && o->is_truncate)) {
            apply(im, o, o->n);
        } else if (luck == 2) {
            apply(im, o, (size_t)(next_random(seed) % (o->n + 1)));
        }
        free(o);
    }
}

void
fault_image_restore(const struct fault_image *im)
{
    char shm[4096];
    (void)snprintf(shm, sizeof(shm), "%s-shm", im->name);
    (void)unlink(shm); /* shared memory does not survive */
    if (im->n_synced == 0) {
        (void)unlink(im->name);
        return;
    }
    FILE *f = fopen(im->name, "wbe");
    ASSERT(f != NULL && fwrite(im->synced, 1, im->n_synced, f) == im->n_synced && fclose(f) == 0);
}
