/* panic.c: the one way to stop on a bug. The supervisor restarts, the store rolls back. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

void
base_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "bombo: stopped at %s:%d: %s\n", file, line, what);
    abort();
}
