/* dossier_model.c: pure rules of national statuses. */
#include "engine/dossier/dossier_int.h"

/* Rows: from; bits: to. Source: vietnam standards 2.1, allowed transitions. */
#define TO(n) (1U << (n))
static const uint32_t moves[11] = {
    [1] = TO(2) | TO(3) | TO(5) | TO(6) | TO(7),
    [2] = TO(4) | TO(5) | TO(6) | TO(7),
    [4] = TO(5) | TO(6) | TO(7) | TO(8) | TO(9),
    [5] = TO(2) | TO(4) | TO(7) | TO(8),
    [6] = TO(2) | TO(4) | TO(7) | TO(8),
    [8] = TO(4),
    [9] = TO(10),
};

bool
dossier_status_may(int32_t from, int32_t to)
{
    if (from < 1 || from > 10 || to < 1 || to > 10) {
        return false;
    }
    return (moves[from] & TO(to)) != 0;
}

bool
dossier_status_waits(int32_t status)
{
    return status == 5 || status == 6;
}
