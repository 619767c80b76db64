/* exchange_sim.h: shared by the files of the labelled simulators. */
#ifndef ENGINE_EXCHANGE_EXCHANGE_SIM_H
#define ENGINE_EXCHANGE_EXCHANGE_SIM_H

#include "engine/exchange/exchange_int.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"

struct exchange_sim {
    const struct exchange_sim_request *rq;
    const struct exchange_connector *connector;
    const struct exchange_step *step;
    const struct json *rule;
    const struct json *seeds; /* its file's "seeds": what stood there from the start, by key */
    const struct json *in;    /* our fields */
    struct party who;         /* of kind "party" */
    const struct unit *home;
    struct str linked_from; /* day of the link that the rule asks for */
    const struct json *stored;
    uint64_t seed; /* from the case's key: the same question gets the same answer */
};
/* One rule's text: "=party:name" is made, "CD-{digits:6}" joined, anything else stands as it is. */
struct str exchange_sim_value(struct ctx *cx, struct exchange_sim *s, struct str text);
/* A JSON object of our fields, each made by its rule. */
struct str exchange_sim_fields(struct ctx *cx, struct exchange_sim *s, const struct json *shape);
/* The case that the question is about: the fields that the rule's "by" names. */
struct str exchange_sim_key(struct ctx *cx, const struct exchange_sim *s);
enum err exchange_sim_parse(struct ctx *cx, struct str text, struct json **ret);
/* Is a value of that name what a service would take: a number of a person, a licence plate ...? */
bool exchange_sim_is_formed(struct ctx *cx, struct str name, const struct json *value);
/* Kinds "store" and "stored" (exchange_sim_store.c): each gives a word ("" fine) and our fields. */
struct str exchange_sim_keep(struct ctx *cx, struct exchange_sim *s, struct str *ret);
struct str exchange_sim_recall(struct ctx *cx, struct exchange_sim *s, struct str *ret);
/* Kinds "certificate" and "signed-document" (exchange_sim_sign.c), by engine/sign. */
struct str exchange_sim_certificate(struct ctx *cx, struct exchange_sim *s, struct str *ret);
struct str exchange_sim_document(struct ctx *cx, struct exchange_sim *s, struct str *ret);
struct str exchange_sim_party(struct ctx *cx, const struct exchange_sim *s, struct str name);
/* Dossiers that wait at a simulated portal (exchange_sim_queue.c): kinds queue, queue_one,
 * queue_file.
 */
struct str exchange_sim_queue(struct ctx *cx, struct exchange_sim *s, struct str *ret);
/* It was told what became of one (a "store" rule with "queue": true). */
struct str exchange_sim_told(struct ctx *cx, const struct exchange_sim *s);

#endif
