/* fuzz_json.c: the reader agrees with jansson where the rules are the same; printing is stable. */
#include "fuzz.h"

#include "codec/json.h"

#include <dlfcn.h>

/* jansson's names are also ours, so it is loaded apart and never linked. */
struct oracle {
    void *(*loadb)(const char *text, size_t n, size_t flags, void *error);
    void (*delete)(void *json);
};
#define REJECT_DUPLICATES 1U
#define DECODE_ANY        4U
/* json_error_t: 3 int, char[80], char[160] whose last byte is the error code. */
#define ERROR_BYTES      252
#define NUMERIC_OVERFLOW 15

static struct oracle
oracle_open(void)
{
    void *lib = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);
    ASSERT(lib != NULL);
    union {
        void *in;
        void *(*loadb)(const char *, size_t, size_t, void *);
        void (*delete)(void *);
    } a = { .in = dlsym(lib, "json_loadb") }, b = { .in = dlsym(lib, "json_delete") };
    ASSERT(a.in != NULL && b.in != NULL);
    return (struct oracle){ a.loadb, b.delete };
}

/* Our verdict against theirs. Ours knows limits of depth and count that theirs does not; theirs
 * refuses numbers that do not fit its types. */
static void
compare(struct str s, enum err ours, const struct json_fault *fault)
{
    static struct oracle oracle;
    unsigned char error[ERROR_BYTES] = { 0 };
    if (str_has_char(s, '\0')) { /* jansson takes a raw NUL for the end of the text */
        ASSERT(ours != ERR_OK);
        return;
    }
    if (oracle.loadb == NULL) {
        oracle = oracle_open();
    }
    void *theirs = oracle.loadb(s.p, s.n, REJECT_DUPLICATES | DECODE_ANY, error);
    bool is_limit = ours != ERR_OK && (str_eq(str_of(fault->what), STR("nested too deeply")) ||
                                       str_eq(str_of(fault->what), STR("too many values")));
    if (theirs == NULL) {
        ASSERT(ours != ERR_OK || error[ERROR_BYTES - 1] == NUMERIC_OVERFLOW);
        return;
    }
    oracle.delete(theirs);
    ASSERT(ours == ERR_OK || is_limit);
}

static struct str
print(struct arena *a, const struct json *j)
{
    struct buf b = buf_new(a, 1U << 26);
    struct json_out o = json_out(&b);
    json_write(&o, j);
    ASSERT(!b.is_failed && o.depth == 0);
    return buf_str(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct json_limits limits = { .depth_max = JSON_DEPTH_MAX };
    struct json_fault fault = { 0 };
    struct json *j = NULL;
    struct str s = fuzz_str(data, n);
    enum err e = json_parse(a, s, limits, &j, &fault);
    ASSERT((e == ERR_OK) == (j != NULL) && (e == ERR_OK) == (fault.what == NULL));
    compare(s, e, &fault);
    if (e == ERR_OK) {
        struct json *again = NULL;
        struct str once = print(a, j);
        ASSERT(json_parse(a, once, limits, &again, &fault) == ERR_OK);
        ASSERT(json_equal(j, again) && str_eq(once, print(a, again)));
    }
    arena_close(a);
    return 0;
}
