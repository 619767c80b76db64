/* node_waiters.c: who waits for the log: each for a semaphore of its own, on its own stack, so that
 * nobody is woken but who is meant, and nobody needs the log's lock to go on. */
#include "engine/node/node_int.h"

#include <errno.h>

void
node_waiters_add(struct node_waiters *list, struct node_waiter *w)
{
    ASSERT(sem_init(&w->told, 0, 0) == 0);
    if (list->last == NULL) {
        list->first = w;
    } else {
        list->last->next = w;
    }
    list->last = w;
}

struct node_waiter *
node_waiters_take(struct node_waiters *list)
{
    struct node_waiter *w = list->first;
    if (w != NULL) {
        list->first = w->next;
        list->last = list->first == NULL ? NULL : list->last;
        w->next = NULL;
    }
    return w;
}

void
node_waiters_tell(struct node_waiters *list, bool is_good, int fault)
{
    for (struct node_waiter *w = node_waiters_take(list); w != NULL; w = node_waiters_take(list)) {
        w->is_good = is_good;
        w->fault = fault;
        (void)sem_post(&w->told);
    }
}

void
node_waiter_call(struct node_waiter *w)
{
    w->is_writer = true;
    (void)sem_post(&w->told);
}

void
node_waiter_wait(struct node_waiter *w)
{
    while (sem_wait(&w->told) != 0 && errno == EINTR) {
    }
    (void)sem_destroy(&w->told);
}
