/* app_collect.c: files that no row names any more are removed. They come from papers that were
 * taken out of a draft again, from drafts that were thrown away, and from a program that ended
 * between writing a file and its row. */
#include "app/app_int.h"
#include "engine/box/box.h"
#include "engine/dossier/dossier.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "store/blobs.h"

#define DAY_US (INT64_C(24) * 3600 * 1000 * 1000)
#define AGE_US (2 * DAY_US) /* longer than any request between file and row */

/* Every module that stores blobs has a line here: what nobody knows is removed. */
static blobs_keep_fn *const keepers[] = { pack_keeps_blob, paper_keeps_blob, dossier_keeps_blob,
                                          box_keeps_blob };

static bool
is_known(struct ctx *cx, struct str hash)
{
    for (size_t i = 0; i < COUNT_OF(keepers); i++) {
        if (keepers[i](cx, hash)) {
            return true;
        }
    }
    return false;
}

enum err
app_collect_files(struct ctx *cx, int64_t *ret_again_us)
{
    int64_t n = 0;
    TRY(blobs_collect(cx, AGE_US, is_known, &n));
    *ret_again_us = DAY_US;
    return ERR_OK;
}

const struct jobs_timed app_timed[] = {
    { STR_INIT("files.collect"), app_collect_files },
    { { NULL, 0 }, NULL },
};
