/* replay_main.c: runs a fuzz target over all files of the given folders, without a fuzzer. */
#include "fuzz.h"

#include <dirent.h>

#define INPUT_MAX (1U << 20)

static bool
run_file(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        return false;
    }
    uint8_t *bytes = malloc(INPUT_MAX);
    ASSERT(bytes != NULL);
    size_t n = fread(bytes, 1, INPUT_MAX, f);
    (void)fclose(f);
    uint8_t *exact = malloc(n == 0 ? 1 : n); /* so that reading past the end is seen */
    ASSERT(exact != NULL);
    memcpy(exact, bytes, n);
    free(bytes);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return true;
}

int
main(int argc, char **argv)
{
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        if (d == NULL) {
            (void)fprintf(stderr, "no corpus %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
            if (e->d_name[0] != '.') {
                n += run_file(argv[i], e->d_name) ? 1 : 0;
            }
        }
        (void)closedir(d);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    (void)printf("%zu\n", n);
    return n == 0;
}
