/* app_simulate_int.h: shared by the files that simulate: app_simulate.c plans and plays,
 * app_simulate_act.c files and works on dossiers. */
#ifndef APP_APP_SIMULATE_INT_H
#define APP_APP_SIMULATE_INT_H

#include "app/app_simulate.h"
#include "engine/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#define HOUR_US   (INT64_C(3600) * DATE_US_PER_S)
#define TRIES_MAX 40

struct event {
    int64_t at_us;
    int64_t dossier; /* 0: file a new one */
    int32_t n_acts;
};

struct weighted {
    struct str key;
    int64_t weight;
};

struct shared {           /* by all lanes */
    pthread_mutex_t jobs; /* one drains the queue at a time */
    pthread_mutex_t
        desk; /* one signs at a time: a clock ahead would end the others' key sessions */
    _Atomic int64_t n_filed;
    int64_t n_wanted;
};

/* One lane: some communes and their cases, on a thread and clock of its own. Lanes share commits.
 */
struct simulation {
    struct ctx *cx; /* with the clock of the lane; its arena is emptied after each event */
    struct ctx own;
    struct shared *shared;
    const struct app_simulation *what;
    size_t lane;
    enum err result;
    struct arena *arena;
    struct sys_clock_fake clock;
    struct sys_random_seeded random;
    struct event *heap;
    size_t n_events, cap;
    struct weighted *procedures;
    size_t n_procedures;
    int64_t hours[24], weekdays[8], months[13];
    const struct unit *const *communes;
    size_t n_communes;
    const struct unit *shown; /* of this lane, or NULL */
    int64_t end_us;
    int64_t n_filed, n_done, n_failed;
};
void sim_push(struct simulation *s, struct event e);
uint32_t sim_draw(struct simulation *s, uint32_t below);
/* Code of a procedure by the weights of the list. */
struct str sim_pick_procedure(struct simulation *s);

/* --- app_simulate_act.c --- */
/* A draft with everything given that submitting wants, by somebody who is then the actor. */
NODISCARD enum err sim_draft_one(struct simulation *s, struct dossier_draft *ret);
NODISCARD enum err sim_file_one(struct simulation *s, int64_t *ret_id);
/* Plans when the next task of a dossier will be done. */
void sim_plan_next(struct simulation *s, int64_t id, int32_t n_acts);
/* Works on a dossier of the shown commune until its open task is one of role (a leader's: to sign).
 * *ret_waits false: it ended, went elsewhere, or waits for something else. */
NODISCARD enum err sim_bring_to(struct simulation *s, int64_t id, struct str role, bool *ret_waits);
/* Does the open task of a dossier, as the one whose task it is. */
NODISCARD enum err sim_work_on(struct simulation *s, int64_t id);

#endif
