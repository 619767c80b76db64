/* box_int.h: shared inside the module. */
#ifndef ENGINE_BOX_BOX_INT_H
#define ENGINE_BOX_BOX_INT_H

#include "base/buf.h"
#include "base/date.h"
#include "engine/box/box.h"
#include "engine/ledger/ledger.h"
#include "gen/q_box.h"
#include "store/blobs.h"
#include "store/store.h"
#include "sys/sys.h"

/* --- box_model.c: bytes and rules, no store ----------------------------------------------------
 */
#define BOX_BATCH_MAX      64
#define BOX_BATCH_BYTES    ((size_t)1 << 20) /* of bodies in one batch */
#define BOX_ENVELOPE_BYTES ((size_t)6 << 20)
#define BOX_LINES_MAX      500
#define BOX_WAITING_MAX    100000 /* messages in one box, or of one line that waits to leave */
#define BOX_WAITING_BYTES  ((int64_t)10 << 30)
#define BOX_TRIES_MAX      20
#define BOX_KEEP_US        (INT64_C(30) * 86400 * DATE_US_PER_S)
#define BOX_EXPIRE_US      (INT64_C(90) * 86400 * DATE_US_PER_S)

struct box_batch {
    struct str topic;
    int64_t prev, after; /* known to be there; ended up to here as far as the sender knows */
    struct box_message *v;
    size_t n;
};
/* What one installation sends the other. False: malformed. */
bool box_batch_read(struct arena *a, struct str json, struct box_batch *ret);
struct str box_batch_write(struct arena *a, const struct box_batch *b);

struct box_ended {
    int64_t seq;
    struct str state, why;
};
/* What it answers. */
struct box_answer {
    int64_t have;
    struct str word; /* ok, gap, renumber, full */
    struct box_ended *v;
    size_t n;
};
bool box_answer_read(struct arena *a, struct str json, struct box_answer *ret);
struct str box_answer_write(struct arena *a, const struct box_answer *b);

/* The error at hand, with the message of a list that it is about. */
enum err box_fault_at(struct ctx *cx, enum err e, size_t at, struct str name);
/* Ids, topics: letters, digits and a few marks, 1 to 100. */
bool box_is_name(struct str s);
bool box_is_hash(struct str s);
/* What makes it this message: same id with another hash is another message. */
struct str box_hash(struct arena *a, const struct box_message *m);
/* Waiting after n times: hidden from the next fetch; before a line is tried again; before news are
 * asked for again. */
int64_t box_lease_us(int64_t n);
int64_t box_retry_us(const struct ctx *cx, int64_t n);
int64_t box_idle_us(const struct ctx *cx, int64_t n);
/* "VN/GOV/X1" of a system's path. */
struct str box_member_of(struct str path);

/* --- box_store.c -------------------------------------------------------------------------------
 */
struct box_stream {
    int64_t id;
    struct str sender, receiver, topic, way, member;
    int64_t last_seq, sent_seq, n_waiting, n_bytes, n_sent, is_queued, due_us, n_failed, n_idle;
    struct str fault;
    int64_t down_us;
};
NODISCARD enum err box_stream_get(struct ctx *cx, int64_t id, struct box_stream *ret);
NODISCARD enum err box_stream_find(struct ctx *cx, struct str sender, struct str receiver,
                                   struct str topic, struct box_stream *ret);
/* [tx] Finds or makes it. */
NODISCARD enum err box_stream_need(struct ctx *cx, struct str sender, struct str receiver,
                                   struct str topic, const char *way, struct box_stream *ret);
NODISCARD enum err box_stream_save(struct ctx *cx, const struct box_stream *s); /* [tx] */
NODISCARD enum err box_rows_of(struct ctx *cx, const struct box_stream *s, const char *state,
                               int64_t after, size_t max, struct box_message **ret, size_t *ret_n);
NODISCARD enum err box_row_get(struct ctx *cx, int64_t id, struct box_message *ret,
                               struct box_stream *ret_stream);
NODISCARD enum err box_row_find(struct ctx *cx, const struct box_stream *s, struct str name,
                                struct box_message *ret);
/* [tx] Inserts with files; m->seq, m->state are set; id comes back. */
NODISCARD enum err box_row_add(struct ctx *cx, const struct box_stream *s, struct box_message *m);
struct box_change {
    int64_t seq, due_us, tries;
    const char *state;
    struct str fault;
};
NODISCARD enum err box_row_set(struct ctx *cx, const struct box_message *m,
                               const struct box_change *c); /* [tx] */
NODISCARD enum err box_files_of(struct ctx *cx, struct box_message *m);
/* [tx] A message that waited ends as dead, refused, taken or dropped; counters follow. */
NODISCARD enum err box_end(struct ctx *cx, struct box_stream *s, const struct box_message *m,
                           const char *state, struct str why);
/* [tx] kind "box.put" ...; the object is the message's row. */
NODISCARD enum err box_note(struct ctx *cx, const char *kind, const struct box_stream *s,
                            const struct box_message *m, struct str more);
/* [tx] An outbox entry sends, unless one is there already. */
NODISCARD enum err box_queue(struct ctx *cx, struct box_stream *s);
/* [tx] Is there room for so much more? */
NODISCARD enum err box_has_room(struct ctx *cx, const struct box_stream *s, int64_t n_bytes,
                                bool *ret);
NODISCARD enum err box_has_files(struct ctx *cx, struct str owner, struct box_message *m,
                                 bool *ret);

/* A reader of a topic whose publisher is here. */
NODISCARD enum err box_sub_set(struct ctx *cx, struct str who, struct str owner, struct str topic,
                               bool is_on);
/* box_file.c: parts that nobody went on with. */
NODISCARD enum err box_parts_sweep(struct ctx *cx, int64_t before_us);

/* --- box_out.c ---------------------------------------------------------------------------------
 */
/* A signed call to a system's box at another installation. ERR_UPSTREAM, ERR_DEADLINE: it was not
 * reached; ERR_FORBIDDEN: it was, and refuses; ret_error: the X-Road-Error. */
struct box_call {
    struct str from, to, what, query, type, body, issue;
};
NODISCARD enum err box_call(struct ctx *cx, const struct box_call *c, struct str *ret_body);
NODISCARD enum err box_on_send(struct ctx *cx, struct str key, struct str payload);
NODISCARD enum err box_on_lines(struct ctx *cx, int64_t *ret_again_us);
/* box_admin.c */
NODISCARD enum err box_on_keep(struct ctx *cx, int64_t *ret_again_us);
#define BOX_SERVICE "/" EXCHANGE_BOX_CODE
struct str box_service_of(struct ctx *cx, struct str path);

#endif
