/* app_blobs.c: `bombo blobs push` and `bombo blobs pull`: papers from the data folder into the
 * bucket that --blobs names, and back. */
#include "app/app_int.h"
#include "store/blobs.h"

#include <stdio.h>

int
app_blobs(const struct app_options *o)
{
    bool is_push = str_eq(o->sub, STR("push"));
    int64_t n = 0;
    if ((!is_push && !str_eq(o->sub, STR("pull"))) || str_is_empty(o->config.blobs_url)) {
        (void)fprintf(stderr,
                      "bombo: write `bombo blobs push` (into the bucket) or `bombo blobs "
                      "pull` (out of it), with --data FOLDER --blobs s3:https://HOST/BUCKET "
                      "--blobs-key FILE\n");
        return 2;
    }
    struct ctx cx = { .arena = arena_open(0),
                      .clock = &sys_clock_real,
                      .random = &sys_random_real,
                      .config = &o->config,
                      .lang = STR("vi"),
                      .trace_id = STR("blobs") };
    enum err e = is_push ? blobs_push(&cx, &n) : blobs_pull(&cx, &n);
    if (e != ERR_OK) {
        (void)fprintf(stderr,
                      "bombo: not all files are over: %s (%s)\n       Nothing was removed. Run the "
                      "same command again: what is there already is left.\n",
                      cx.err.text, err_name(e));
    } else {
        (void)printf("%s and proven: %" PRId64 " files\n", is_push ? "pushed" : "pulled", n);
    }
    arena_close(cx.arena);
    return e == ERR_OK ? 0 : 1;
}
