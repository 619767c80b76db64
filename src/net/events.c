/* events.c: server-sent events. One ring of recent events for all channels, filled by any thread
 * under one lock; each loop is told by message and hands the event to its own listeners. */
#include "net/server_int.h"

void
event_unref(struct event *ev)
{
    if (ev != NULL && atomic_fetch_sub(&ev->refs, 1) == 1) {
        free(ev);
    }
}

/* --- making an event -------------------------------------------------------------------------- */

/* Bytes of one field with its line ends; data may have many lines. */
static size_t
field_size(struct str name, struct str value)
{
    size_t lines = 1;
    for (size_t i = 0; i < value.n; i++) {
        lines += value.p[i] == '\n' ? 1U : 0U;
    }
    return value.p == NULL ? 0 : lines * (name.n + 3) + value.n;
}

static char *
put(char *p, struct str s)
{
    if (s.n != 0) {
        memcpy(p, s.p, s.n);
    }
    return p + s.n;
}

static char *
field_put(char *p, struct str name, struct str value)
{
    struct str line;
    while (str_next(&value, '\n', &line)) {
        p = put(put(put(p, name), STR(": ")), line);
        p = put(p, STR("\n"));
    }
    return p;
}

/* A CR would end a line for the browser, so would LF in a name or id: such an event is not ours. */
static bool
is_event_plain(struct str event, struct str id, struct str data)
{
    return !str_has_char(event, '\n') && !str_has_char(event, '\r') && !str_has_char(id, '\n') &&
           !str_has_char(id, '\r') && !str_has_char(data, '\r');
}

static struct event *
event_new(struct str channel, struct str event, struct str id, struct str data, uint32_t n_loops)
{
    struct str body = data.p == NULL ? STR("") : data;
    size_t text_n = field_size(STR("event"), event) + field_size(STR("id"), id) +
                    field_size(STR("data"), body) + 1;
    size_t before = sizeof(struct event) + n_loops * sizeof(struct msg);
    struct event *ev = malloc(before + channel.n + id.n + text_n);
    if (ev == NULL) {
        return NULL;
    }
    atomic_init(&ev->refs, 1);
    ev->channel_hash = str_hash(channel);
    char *p = (char *)ev + before;
    ev->channel = (struct str){ p, channel.n };
    p = put(p, channel);
    ev->id = (struct str){ p, id.n };
    p = put(p, id);
    char *from = p;
    p = field_put(field_put(field_put(p, STR("event"), event), STR("id"), id), STR("data"), body);
    *p++ = '\n';
    ev->text = (struct str){ from, (size_t)(p - from) };
    for (uint32_t i = 0; i < n_loops; i++) {
        ev->msgs[i] = (struct msg){ .owner = ev, .kind = MSG_EVENT };
    }
    return ev;
}

/* --- the ring; under lock --------------------------------------------------------------------- */
static void
ring_drop(struct hub *h)
{
    struct event *oldest = h->ring[h->at];
    h->at = (h->at + 1) % RING_EVENTS;
    h->n--;
    h->bytes -= oldest->text.n;
    event_unref(oldest);
}

static void
ring_add(struct hub *h, struct event *ev)
{
    while (h->n == RING_EVENTS || (h->n != 0 && h->bytes + ev->text.n > RING_BYTES)) {
        ring_drop(h);
    }
    ev->seq = ++h->seq;
    h->ring[(h->at + h->n) % RING_EVENTS] = ev;
    h->n++;
    h->bytes += ev->text.n;
}

void
hub_done(struct hub *h)
{
    while (h->n != 0) {
        ring_drop(h);
    }
    (void)pthread_mutex_destroy(&h->lock);
}

void
server_publish(struct server *s, struct str channel, struct str event, struct str id,
               struct str data)
{
    if (s == NULL || data.n > EVENT_MAX_BYTES || id.n > 255 || !is_event_plain(event, id, data)) {
        return;
    }
    struct event *ev = event_new(channel, event, id, data, s->n_loops);
    if (ev == NULL) {
        return;
    }
    struct hub *h = &s->hub;
    (void)pthread_mutex_lock(&h->lock);
    (void)atomic_fetch_add(&ev->refs, s->n_loops);
    ring_add(h, ev); /* owns the first reference */
    for (uint32_t i = 0; i < s->n_loops; i++) {
        loop_post(&s->loops[i], &ev->msgs[i]);
    }
    (void)pthread_mutex_unlock(&h->lock);
}

/* --- listeners: on the loop ------------------------------------------------------------------- */

/* False when the listener is too far behind. */
static bool
listener_push(struct listener *li, struct event *ev)
{
    if (li->n == LISTENER_QUEUE) {
        return false;
    }
    (void)atomic_fetch_add(&ev->refs, 1);
    li->queue[(li->at + li->n) % LISTENER_QUEUE] = ev;
    li->n++;
    return true;
}

static bool
is_for(const struct listener *li, const struct event *ev)
{
    return li->channel_hash == ev->channel_hash && str_eq(li->channel, ev->channel);
}

/* Queues what the listener missed after last_id. False when that cannot be told any more. */
static bool
replay(struct hub *h, struct listener *li, struct str last_id)
{
    bool is_found = false;
    for (uint32_t i = 0; i < h->n; i++) {
        struct event *ev = h->ring[(h->at + i) % RING_EVENTS];
        if (!is_for(li, ev)) {
            continue;
        }
        if (is_found && !listener_push(li, ev)) {
            return false;
        }
        is_found = is_found || (ev->id.n != 0 && str_eq(ev->id, last_id));
    }
    return is_found;
}

static void
queue_empty(struct listener *li)
{
    for (; li->n != 0; li->n--) {
        event_unref(li->queue[li->at]);
        li->at = (li->at + 1) % LISTENER_QUEUE;
    }
}

void
events_begin(struct conn *c)
{
    struct req *r = c->req;
    struct hub *h = &c->loop->server->hub;
    struct listener *li = calloc(1, size_add(sizeof(*li), r->rs.event_channel.n));
    if (li == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    char *name = (char *)(li + 1);
    (void)put(name, r->rs.event_channel);
    li->conn = c;
    li->channel = (struct str){ name, r->rs.event_channel.n };
    li->channel_hash = str_hash(li->channel);
    struct listener **bucket = &c->loop->listeners[li->channel_hash % LISTENER_BUCKETS];
    li->next = *bucket;
    if (*bucket != NULL) {
        (*bucket)->prev = li;
    }
    *bucket = li;
    c->listener = li;
    c->state = CONN_EVENTS;
    timer_arm(c, TIMER_PING);
    (void)pthread_mutex_lock(&h->lock);
    li->seen_seq = h->seq; /* later ones come by message */
    bool is_complete = r->rs.event_last_id.n == 0 || replay(h, li, r->rs.event_last_id);
    (void)pthread_mutex_unlock(&h->lock);
    if (!is_complete) {
        queue_empty(li);
        conn_out(c, STR("event: resync\ndata: \n\n"), STR(""));
    } else {
        conn_out(c, STR(":\n\n"), STR("")); /* the client sees at once that the stream stands */
    }
    req_release(r);
    c->req = NULL;
}

/* Takes the next event into the connection's output when that is empty. */
void
events_pump(struct conn *c)
{
    struct listener *li = c->listener;
    if (c->iov_at != c->iov_n) {
        return;
    }
    event_unref(li->sending);
    li->sending = NULL;
    if (li->n == 0) {
        if (c->timer != TIMER_PING) {
            timer_arm(c, TIMER_PING);
        }
        return;
    }
    li->sending = li->queue[li->at];
    li->at = (li->at + 1) % LISTENER_QUEUE;
    li->n--;
    conn_out(c, li->sending->text, STR(""));
}

/* The connection ends. */
void
events_end(struct conn *c)
{
    struct listener *li = c->listener;
    if (li == NULL) {
        return;
    }
    if (li->prev != NULL) {
        li->prev->next = li->next;
    } else {
        c->loop->listeners[li->channel_hash % LISTENER_BUCKETS] = li->next;
    }
    if (li->next != NULL) {
        li->next->prev = li->prev;
    }
    queue_empty(li);
    event_unref(li->sending);
    free(li);
    c->listener = NULL;
}

static void
listener_tell(struct loop *l, struct listener *li, struct event *ev)
{
    if (listener_push(li, ev)) {
        conn_run(li->conn); /* may kill it, and with it li, but nobody else */
        return;
    }
    stat_add(&l->n_listeners_dropped, 1);
    conn_kill(li->conn);
}

/* A message has come: to every listener of this loop that has not got it by replay. */
void
events_deliver(struct loop *l, struct event *ev)
{
    struct listener *li = l->listeners[ev->channel_hash % LISTENER_BUCKETS];
    while (li != NULL) {
        struct listener *next = li->next;
        if (is_for(li, ev) && ev->seq > li->seen_seq) {
            listener_tell(l, li, ev);
        }
        li = next;
    }
    event_unref(ev);
}
