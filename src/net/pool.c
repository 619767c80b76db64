/* pool.c: the bounded worker pool. Each class has a queue and a number of workers it may hold, so
 * that a class of slow work can fill neither the queue nor the workers of another. */
#include "net/server_int.h"

/* --- queues; under lock ----------------------------------------------------------------------- */
static struct req *
class_take(struct pool_class *k)
{
    struct req *r = k->first;
    k->first = r->next;
    if (k->first == NULL) {
        k->last = NULL;
    }
    k->queued--;
    k->running++;
    return r;
}

/* The next job, class after class in turn. NULL when none may run. */
static struct req *
pool_take(struct pool *p)
{
    for (size_t i = 0; i < p->n_classes; i++) {
        struct pool_class *k = &p->classes[p->turn];
        p->turn = (p->turn + 1) % p->n_classes;
        if (k->first != NULL && k->running < k->running_max) {
            return class_take(k);
        }
    }
    return NULL;
}

/* Hands a job to its class. False when the queue is full: the caller keeps it. */
bool
pool_submit(struct server *s, struct req *r)
{
    struct pool *p = &s->pool;
    struct pool_class *k = &p->classes[r->class_index];
    (void)pthread_mutex_lock(&p->lock);
    bool is_taken = k->queued < k->queue_max && !p->is_ending;
    if (is_taken) {
        r->next = NULL;
        if (k->last == NULL) {
            k->first = r;
        } else {
            k->last->next = r;
        }
        k->last = r;
        k->queued++;
    } else {
        k->n_refused++;
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (is_taken) { /* after the unlock, else the woken thread would wait for the lock at once */
        (void)pthread_cond_signal(&p->wake);
    }
    return is_taken;
}

uint64_t
pool_depth(struct server *s)
{
    uint64_t n = 0;
    (void)pthread_mutex_lock(&s->pool.lock);
    for (size_t i = 0; i < s->pool.n_classes; i++) {
        n += s->pool.classes[i].queued;
    }
    (void)pthread_mutex_unlock(&s->pool.lock);
    return n;
}

void
pool_stats(struct server *s, struct server_stats *ret)
{
    const struct pool *p = &s->pool;
    (void)pthread_mutex_lock(&s->pool.lock);
    ret->n_classes = p->n_classes < SERVER_CLASSES_MAX ? p->n_classes : SERVER_CLASSES_MAX;
    for (size_t i = 0; i < ret->n_classes; i++) {
        const struct pool_class *k = &p->classes[i];
        ret->classes[i] = (struct server_class_stats){
            .name = s->config.n_classes == 0 ? STR("default") : s->config.classes[i].name,
            .running = k->running,
            .running_max = k->running_max,
            .queued = k->queued,
            .queue_max = k->queue_max,
            .n_refused = k->n_refused,
        };
    }
    (void)pthread_mutex_unlock(&s->pool.lock);
}

/* --- workers ---------------------------------------------------------------------------------- */
struct worker {
    struct ctx cx;
    int64_t date_s;
    char date[32];
};

static struct str
worker_date(struct worker *w)
{
    int64_t wall_us = w->cx.clock->wall_us(w->cx.clock);
    if (wall_us / DATE_US_PER_S != w->date_s) {
        w->date_s = wall_us / DATE_US_PER_S;
        respond_date(wall_us, w->date);
    }
    return (struct str){ w->date, 29 };
}

static void
job_run(struct server *s, struct worker *w, struct req *r, bool is_dropping)
{
    w->cx = s->cx;
    w->cx.arena = r->arena;
    w->cx.server = s;
    w->cx.trace_id = r->rq.trace_id;
    w->cx.n_statements = 0;
    w->cx.deadline_us = r->rq.received_us + (int64_t)s->config.request_deadline_ms * 1000;
    int64_t begun_us = server_mono_us(s);
    hist_add(&s->wait_us, begun_us - r->rq.received_us);
    if (is_dropping || begun_us >= w->cx.deadline_us) {
        (void)atomic_fetch_add_explicit(&s->n_late, 1, memory_order_relaxed);
        respond_error(r, 503, worker_date(w)); /* its time went by in the queue */
    } else {
        r->rs = (struct http_response){ 0 };
        s->config.on_work(s->config.arg, &w->cx, &r->rq, &r->rs);
        respond_build(r, true, worker_date(w));
    }
    hist_add(&s->work_us, server_mono_us(s) - r->rq.received_us);
    if (r->rs.kind == HTTP_STREAM && !r->is_bodiless) {
        r->stream_end = stream_run(r, &w->cx);
        if (r->stream_end != ERR_OK && r->stream->n_posted == 0) {
            respond_error(r, err_status(r->stream_end), worker_date(w));
        }
    }
    r->msg.kind = MSG_DONE;
    loop_post(r->loop, &r->msg);
}

static void *
worker_main(void *arg)
{
    struct server *s = arg;
    struct pool *p = &s->pool;
    struct worker *w = calloc(1, sizeof(*w));
    ASSERT(w != NULL);
    w->date_s = -1;
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        struct req *r = pool_take(p);
        if (r == NULL && p->is_ending) {
            break;
        }
        if (r == NULL) {
            (void)pthread_cond_wait(&p->wake, &p->lock);
            continue;
        }
        bool is_dropping = p->is_dropping;
        uint32_t class_index = r->class_index;
        (void)pthread_mutex_unlock(&p->lock);
        job_run(s, w, r, is_dropping);
        (void)pthread_mutex_lock(&p->lock);
        struct pool_class *k = &p->classes[class_index];
        if (k->running-- == k->running_max && k->first != NULL) {
            (void)pthread_cond_signal(
                &p->wake); /* the class may run again; we may take another's job */
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (s->config.on_thread_end != NULL) {
        s->config.on_thread_end(s->config.arg);
    }
    free(w);
    return NULL;
}

/* --- begin and end ---------------------------------------------------------------------------- */
enum err
pool_start(struct server *s)
{
    struct pool *p = &s->pool;
    const struct server_config *config = &s->config;
    ASSERT(pthread_mutex_init(&p->lock, NULL) == 0 && pthread_cond_init(&p->wake, NULL) == 0);
    p->n_classes = config->n_classes == 0 ? 1 : config->n_classes;
    p->classes = ARENA_ARRAY(s->arena, struct pool_class, p->n_classes);
    for (size_t i = 0; i < p->n_classes; i++) {
        struct server_class of =
            config->n_classes == 0 ? (struct server_class){ 0 } : config->classes[i];
        p->classes[i].running_max = of.running_max == 0 ? config->n_workers : of.running_max;
        p->classes[i].queue_max = of.queue_max == 0 ? 64 * config->n_workers : of.queue_max;
    }
    p->threads = ARENA_ARRAY(s->arena, pthread_t, config->n_workers);
    for (uint32_t i = 0; i < config->n_workers; i++) {
        if (pthread_create(&p->threads[i], NULL, worker_main, s) != 0) {
            return ERR_IO;
        }
        p->n_threads++;
    }
    return ERR_OK;
}

void
pool_drop(struct server *s)
{
    (void)pthread_mutex_lock(&s->pool.lock);
    s->pool.is_dropping = true;
    (void)pthread_mutex_unlock(&s->pool.lock);
}

/* Waits for running handlers, then for the threads. */
void
pool_stop(struct server *s)
{
    struct pool *p = &s->pool;
    (void)pthread_mutex_lock(&p->lock);
    p->is_ending = true;
    (void)pthread_cond_broadcast(&p->wake);
    (void)pthread_mutex_unlock(&p->lock);
    for (uint32_t i = 0; i < p->n_threads; i++) {
        (void)pthread_join(p->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->lock);
}
