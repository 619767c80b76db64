/* memory.c: how the allocator keeps and gives back memory. */
#include "sys/sys.h"

#include <malloc.h>

/* glibc raises both bounds to what was freed last, and reading a pack frees 16 MiB at once: then
 * each thread would keep that much for ever. */
#define LARGE_BYTES (256 * 1024)
#define KEPT_BYTES  (1024 * 1024)

void
sys_memory_bound(void)
{
    // NOLINTBEGIN(concurrency-mt-unsafe): called before the first thread is started
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    // NOLINTEND(concurrency-mt-unsafe)
}

void
sys_memory_trim(void)
{
    (void)malloc_trim(0);
}
