/* steps.h: officers' steps on many dossiers at once, for measuring. */
#ifndef BENCH_STEPS_H
#define BENCH_STEPS_H

#include "app/app_int.h"

struct steps_took {
    size_t n, n_failed;
    int64_t took_us;
};
struct steps_result {
    struct steps_took accepted; /* receiving: papers are signed for and kept */
    struct steps_took others;   /* what follows, up to the signature of the leader */
};
/* Takes the dossiers as far as officers bring them with dossier_do, n_threads at a time; payments
 * and what follows a commit happen between the rounds and are not counted. False: cx->err. */
bool steps_run(struct app *app, const int64_t *ids, size_t n, size_t n_threads,
               struct steps_result *ret);

#endif
