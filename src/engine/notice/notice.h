/* notice.h: messages to people: put into the outbox in the transaction of what they tell of, sent
 * by jobs through mail (SMTP by libcurl) and SMS (a labelled simulated gateway until a real one is
 * configured); kept, so that a person sees them in their pages and an operator sees what waits or
 * failed. */
#ifndef ENGINE_NOTICE_NOTICE_H
#define ENGINE_NOTICE_NOTICE_H

#include "base/ctx.h"
#include "store/jobs.h"

struct notice_new {
    int64_t party, dossier;   /* 0: none */
    const char *key;          /* text keys notice.<key>.subject and notice.<key>.body */
    struct str phone, email;  /* null: that way is not used */
    struct str lang;          /* null: vi */
    const char *const *names; /* placeholders of the texts, NULL-ended; values beside them */
    const struct str *values;
};
/* Inside a transaction. */
NODISCARD enum err notice_put(struct ctx *cx, const struct notice_new *in);

struct notice {
    int64_t id, at_us, sent_us, party, dossier, tries;
    struct str way, to, subject, body, state,
        error; /* way: mail, sms; state: waiting, sent, failed */
};
/* Messages of a person, newest first, ids below before (0 = newest), at most 50. */
NODISCARD enum err notice_of_party(struct ctx *cx, int64_t party, int64_t before,
                                   struct notice **ret, size_t *ret_n);
/* For the operator: by way and state, newest first. */
NODISCARD enum err notice_queue(struct ctx *cx, struct str way, struct str state, int64_t before,
                                struct notice **ret, size_t *ret_n);
/* Inside a transaction: messages of a merged record belong to the survivor. */
NODISCARD enum err notice_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party);
/* Puts a failed one back. ERR_CONFLICT: it did not fail. */
NODISCARD enum err notice_again(struct ctx *cx, int64_t id);

extern const struct jobs_topic notice_topics[];

#endif
