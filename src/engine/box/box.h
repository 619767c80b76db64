/* box.h: message boxes: store-and-forward between systems of the exchange. Messages of one line
 * (sender, receiver, topic) stay in order, each gets into the box once, is fetched until it is
 * acknowledged, and never disappears without a reason. doc/boxes.md, doc/decisions/message-boxes.md
 */
#ifndef ENGINE_BOX_BOX_H
#define ENGINE_BOX_BOX_H

#include "engine/exchange/exchange.h"

#define BOX_BODY_BYTES  ((size_t)256 << 10) /* of one message; what is larger goes as a file */
#define BOX_REFUSED     "refused: "         /* a dead letter whose receiver said why, behind this */
#define BOX_FILES_MAX   20
#define BOX_FILE_BYTES  ((int64_t)100 << 20)
#define BOX_PART_BYTES  ((size_t)1 << 20) /* of a file, in one request */
#define BOX_PUT_MAX     100               /* messages put by one request */
#define BOX_FETCH_MAX   100
#define BOX_ACK_MAX     100               /* messages acknowledged by one request */
#define BOX_FETCH_BYTES ((size_t)2 << 20) /* of bodies in one answer */

struct box_attach {
    struct str hash, name, type;
    int64_t n_bytes;
};
struct box_message {
    int64_t id, seq, put_us, n_bytes, due_us, tries, ended_us;
    struct str name; /* the sender's id of it */
    struct str sender, receiver, topic;
    struct str type, issue, body;
    struct str state; /* waiting, sent, taken, refused, dead, dropped */
    struct str fault, hash;
    struct box_attach *files;
    size_t n_files;
};

/* --- programs (box_put.c, box_take.c): who is the token's system -------------------------------
 */
/* Reads what a program puts, JSON: {"id", "to" or "topic", "type", "issue", "body", "files": [{
 * "hash", "name", "type"}]}; or {"messages": [...]}: up to BOX_PUT_MAX addressed ones; *ret_is_list
 * says which it was. ERR_INVALID: cx->err.text says what is wrong. */
NODISCARD enum err box_messages_read(struct ctx *cx, struct str json, struct box_message **ret,
                                     size_t *ret_n, bool *ret_is_list);
/* Puts a message; durable when it returns. With "topic" and no receiver: one for each reader.
 * *ret_n: how many boxes or lines it went to; *ret_again: it had been put before, nothing was done.
 * ERR_FORBIDDEN: no agreement; ERR_NOT_FOUND: no such box; ERR_CONFLICT: the id is another
 * message's; ERR_INVALID: a file is not there; ERR_RATE: agreement's limit; ERR_BUSY: the box is
 * full. */
NODISCARD enum err box_put(struct ctx *cx, struct str who, struct box_message *m, size_t *ret_n,
                           bool *ret_again);
/* All of a list in one transaction, in their order, or none: errors of box_put, cx->err.text says
 * which message. id, seq of each; ret_again[i]: it had been put before. */
NODISCARD enum err box_put_list(struct ctx *cx, struct str who, struct box_message *v, size_t n,
                                bool *ret_again);
/* What is in the box and may be fetched now, each line in order; hidden from the next fetch for a
 * while. At most max (BOX_FETCH_MAX). */
NODISCARD enum err box_fetch(struct ctx *cx, struct str who, size_t max, struct box_message **ret,
                             size_t *ret_n);
/* The receiver has it, or does not want it and says why. Doing it again is fine. ERR_NOT_FOUND;
 * ERR_CONFLICT: it ended in another way. */
NODISCARD enum err box_acknowledge(struct ctx *cx, struct str who, int64_t id);
NODISCARD enum err box_refuse(struct ctx *cx, struct str who, int64_t id, struct str why);
/* Reads what a program acknowledges, JSON: {"messages": ["9", "12"]}, 1 to BOX_ACK_MAX as fetched.
 * ERR_INVALID: cx->err.text says what is wrong. */
struct box_ack {
    int64_t id;
    enum err e;      /* what box_acknowledge would have answered */
    struct str text; /* why, when it is not ERR_OK */
};
NODISCARD enum err box_acks_read(struct ctx *cx, struct str json, struct box_ack **ret,
                                 size_t *ret_n);
/* All of them in one transaction, each with its own outcome: one that is not in the box, or ended
 * in another way, holds none of the others up. */
NODISCARD enum err box_acknowledge_list(struct ctx *cx, struct str who, struct box_ack *v,
                                        size_t n);
/* What became of a message that one has put; to: its receiver. ERR_NOT_FOUND. */
NODISCARD enum err box_sent(struct ctx *cx, struct str who, struct str to, struct str topic,
                            struct str name, struct box_message *ret);
/* Reads, or reads no more, a topic of a system, which may be at another installation.
 * ERR_FORBIDDEN: no agreement for "theo-doi". */
NODISCARD enum err box_subscribe(struct ctx *cx, struct str who, struct str owner, struct str topic,
                                 bool is_on);
struct box_sub {
    struct str owner, topic;
    int64_t from_us;
};
NODISCARD enum err box_subs(struct ctx *cx, struct str who, struct box_sub **ret, size_t *ret_n);

/* --- files (box_file.c) ------------------------------------------------------------------------
 */
struct box_part {
    struct str hash;   /* SHA-256 of the whole file, 64 hex digits */
    int64_t at, total; /* where this part begins; size of the file */
    struct str bytes;  /* may be empty: only asks */
};
/* Adds a part. *ret_have: how much is there now, which is where the next part must begin; equal to
 * total: the file is whole, durable and its hash is right. ERR_INVALID: hash, sizes, or the content
 * is not what the hash says (it begins anew). */
NODISCARD enum err box_file_part(struct ctx *cx, struct str who, const struct box_part *p,
                                 int64_t *ret_have);
/* Path of a file that this system brought or was sent. ERR_NOT_FOUND. */
NODISCARD enum err box_file_path(struct ctx *cx, struct str who, struct str hash,
                                 struct str *ret_path);
/* The member "files" of a message, for documents of the API and between installations. */
struct json_out;
void box_files_put(struct json_out *o, const struct box_message *m);
/* For app/app_collect.c. */
bool box_keeps_blob(struct ctx *cx, struct str hash);

/* --- pages (box_admin.c) -----------------------------------------------------------------------
 */
/* Gives a system its box: the service "hop-thu". is_away: the system is at another installation.
 * ERR_CONFLICT: it has one. */
NODISCARD enum err box_open(struct ctx *cx, int64_t subsystem, bool is_away, int64_t *ret_service);
struct box_line {
    int64_t id, last_seq, n_waiting, n_bytes, n_sent, due_us, n_failed, down_us;
    struct str sender, receiver, topic, way, member, fault;
};
/* In order of id, after an id; path null: all; at most 100. */
NODISCARD enum err box_lines(struct ctx *cx, struct str path, int64_t after, struct box_line **ret,
                             size_t *ret_n);
NODISCARD enum err box_line(struct ctx *cx, int64_t id, struct box_line *ret);
/* Heads of a line's messages (no bodies), newest first, before an id; at most 100. */
NODISCARD enum err box_heads(struct ctx *cx, int64_t line, int64_t before, struct box_message **ret,
                             size_t *ret_n);
/* Heads of dead messages of a system's lines (path null: of all), the last to die first, behind one
 * (its ended_us and id; id 0: from the first); at most 100. */
NODISCARD enum err box_dead(struct ctx *cx, struct str path, const struct box_message *before,
                            struct box_message **ret, size_t *ret_n);
/* Head of one message, without body. ERR_NOT_FOUND. */
NODISCARD enum err box_head(struct ctx *cx, int64_t id, struct box_message *ret);
/* A dead message back into its line, at the end; or ended for good. ERR_INVALID with a problem on
 * "why"; ERR_CONFLICT: not dead. */
NODISCARD enum err box_put_back(struct ctx *cx, int64_t id, struct str why);
NODISCARD enum err box_drop(struct ctx *cx, int64_t id, struct str why);
/* Tries a member's lines now. */
NODISCARD enum err box_try(struct ctx *cx, struct str member);
struct box_figures {
    int64_t n_waiting, n_leaving, n_sent, n_bytes, n_down, down_us, n_dead;
};
NODISCARD enum err box_figures(struct ctx *cx, struct box_figures *ret);

extern const struct jobs_topic box_topics[];
extern const struct jobs_timed box_timed[];
/* What the exchange hands calls to "box:" to. */
extern const struct exchange_own box_own;

#endif
