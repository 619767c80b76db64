/* party.h: people and organisations that the offices serve: one record each, found by personal ID
 * number or tax code, merged when two records turn out to be one person, never deleted. */
#ifndef ENGINE_PARTY_PARTY_H
#define ENGINE_PARTY_PARTY_H

#include "base/ctx.h"
#include "base/date.h"

struct party {
    int64_t id, version;
    struct str kind; /* "person" or "org" */
    struct str name, personal_id, tax_code, birth_date, sex, ethnicity, nationality;
    struct str phone, email, unit, address;
    struct str source; /* population, counter, e-id, self, correction, generated */
    int64_t source_us; /* when the source said so */
    int64_t merged_into;
};

/* By id, following merges to the surviving record. ERR_NOT_FOUND. */
NODISCARD enum err party_get(struct ctx *cx, int64_t id, struct party *ret);
/* By 12-digit personal ID number, or by tax code. ERR_NOT_FOUND. */
NODISCARD enum err party_by_personal_id(struct ctx *cx, struct str personal_id, struct party *ret);
NODISCARD enum err party_by_tax_code(struct ctx *cx, struct str tax_code, struct party *ret);

/* Inside a transaction. Adds a record; p->id is set when it is 0. ERR_CONFLICT: the number is
 * taken. */
NODISCARD enum err party_add(struct ctx *cx, struct party *p);
/* Inside a transaction. Saves all fields but the numbers. ERR_CONFLICT: changed since p->version.
 */
NODISCARD enum err party_save(struct ctx *cx, const struct party *p);
/* Inside a transaction. Contact details for notices. */
NODISCARD enum err party_set_contact(struct ctx *cx, int64_t id, struct str phone,
                                     struct str email);
/* Inside a transaction: `id` lives on as `into`, which gets what it did not know. Links and
 * requests move here; other engines move what is theirs (access_party_merged ...); ids kept in the
 * ledger reach the survivor through party_get. ERR_INVALID: the same record, another kind, or
 * numbers that differ. ERR_CONFLICT: merged already. */
NODISCARD enum err party_merge(struct ctx *cx, int64_t id, int64_t into);

/* Is there a valid link of that kind (represents, parent, spouse, guardian) on that day? */
bool party_is_linked(struct ctx *cx, const char *kind, int64_t from, int64_t to, struct date on);
NODISCARD enum err party_link_add(struct ctx *cx, const char *kind, int64_t from, int64_t to,
                                  struct date from_date, struct str source);
struct party_link {
    int64_t id, to;
    struct str valid_from, valid_to;
};
NODISCARD enum err party_links(struct ctx *cx, const char *kind, int64_t from,
                               struct party_link **ret, size_t *ret_n);

/* People of a commune whose name begins so, marks ignored; at most 50. For the counter. */
NODISCARD enum err party_find(struct ctx *cx, struct str unit, struct str name, struct party **ret,
                              size_t *ret_n);

/* Records of people born that day whose name holds these words, marks ignored; at most 50. */
NODISCARD enum err party_find_born(struct ctx *cx, struct str name, struct str birth_date,
                                   struct party **ret, size_t *ret_n);
/* Two records with the same name and birth date that no two numbers tell apart: perhaps one person.
 * keep: the one with a number. Of three and more the first two. At most 50. */
struct party_double {
    struct party keep, gone;
};
NODISCARD enum err party_doubles(struct ctx *cx, struct party_double **ret, size_t *ret_n);

/* The fields a person may ask to have corrected, in the order they are shown; NULL-ended. */
extern const char *const party_correctable[];
/* Name of such a field in the reader's language; the field itself when it is none of them. */
struct str party_field_label(struct ctx *cx, struct str field);
/* What the record keeps in it, as it is kept; null when it is none of them. */
struct str party_field(const struct party *p, struct str field);
/* A value of that field as people read it: 02/05/1990, Nam. */
struct str party_field_text(struct ctx *cx, struct str field, struct str value);
/* Puts `wanted`, as a person writes it, into the field of *p in the form the record keeps. NULL
 * when fine, else a text key and *p is as it was: no such field, not a value of that field, or one
 * that does not agree with the personal ID number. Nothing is saved. */
const char *party_correct(struct arena *a, struct party *p, struct str field, struct str wanted,
                          struct date today);

/* Requests to correct what is kept; asking is done inside a transaction. */
struct party_correction {
    int64_t id, party, asked_us, answered_us;
    struct str field, wanted, reason, state, answer;
    struct str held;    /* what the record said when it was asked, later: what was replaced */
    struct str written; /* what the record says since; null unless it was corrected */
};
NODISCARD enum err party_correction_ask(struct ctx *cx, int64_t party, struct str field,
                                        struct str wanted, struct str reason);
NODISCARD enum err party_corrections_of(struct ctx *cx, int64_t party,
                                        struct party_correction **ret, size_t *ret_n);
NODISCARD enum err party_corrections_open(struct ctx *cx, int64_t after,
                                          struct party_correction **ret, size_t *ret_n);
/* ERR_NOT_FOUND. */
NODISCARD enum err party_correction_get(struct ctx *cx, int64_t id, struct party_correction *ret);
/* Inside a transaction. Keeps c->state ("done" or "refused"), c->answer, and when it was corrected
 * c->held and c->written; the record itself is party_save's. ERR_CONFLICT: answered already. */
NODISCARD enum err party_correction_answer(struct ctx *cx, const struct party_correction *c,
                                           int64_t account);

/* --- consent: one store for all of it ----------------------------------------------------------
 */
struct party_consent {
    int64_t id, draft, dossier; /* dossier: 0 until it is filed */
    struct str number; /* of who is asked; empty: name and number do not agree, or unknown */
    struct str name;
    struct str
        kind; /* helped: somebody fills in for them; named: they stand in another's dossier */
    struct str part, part_en;             /* named: which person of the form */
    struct str asker;                     /* who files or helps */
    struct str wording, wording_en;       /* what was put to them; the Vietnamese counts */
    struct str state;                     /* asked, given, refused, withdrawn */
    struct str how;                       /* account, present, paper, phone; empty while asked */
    struct str words;                     /* what they said, or which paper they signed */
    bool is_needed;                       /* the result is not signed before it is given */
    int64_t account;                      /* who wrote the last state down */
    int64_t asked_us, given_us, ended_us; /* ended: refused or withdrawn; 0: not */
};
/* Inside a transaction. state is "asked", or "given" with how; sets id. The ledger is the
 * caller's. */
NODISCARD enum err party_consent_add(struct ctx *cx, struct party_consent *c);
/* The words in the language of the page: those of then, not of now. */
struct str party_consent_wording(const struct ctx *cx, const struct party_consent *c);
struct str party_consent_part(const struct ctx *cx, const struct party_consent *c);
/* ERR_NOT_FOUND. */
NODISCARD enum err party_consent_get(struct ctx *cx, int64_t id, struct party_consent *ret);
/* What a person was asked, newest first; of a draft or of a dossier, oldest first. At most 50. */
NODISCARD enum err party_consents_of(struct ctx *cx, struct str number, struct party_consent **ret,
                                     size_t *ret_n);
NODISCARD enum err party_consents_of_draft(struct ctx *cx, int64_t draft,
                                           struct party_consent **ret, size_t *ret_n);
NODISCARD enum err party_consents_of_dossier(struct ctx *cx, int64_t dossier,
                                             struct party_consent **ret, size_t *ret_n);
/* Inside a transaction: the draft became this dossier. */
NODISCARD enum err party_consent_filed(struct ctx *cx, int64_t draft, int64_t dossier);
/* asked -> given, refused; given -> withdrawn; refused, withdrawn -> given. */
bool party_consent_may(struct str from, struct str to);
/* Inside a transaction. ERR_CONFLICT: not from the state it is in. */
NODISCARD enum err party_consent_answer(struct ctx *cx, const struct party_consent *c,
                                        struct str state, struct str how, struct str words);

/* "Nguyễn T*** H*" and "070*****1234": what lists show before a record is opened. */
struct str party_mask_name(struct arena *a, struct str name);
struct str party_mask_id(struct arena *a, struct str number);

/* 12 digits with a known place code and, when given (else null), agreeing with sex
 * ("male"/"female") and birth date. Returns NULL when fine, else a text key. Source:
 * vietnam-standards 1.4 (Decree 137/2015 art. 7). */
const char *party_check_personal_id(struct str id, struct str sex, struct str birth_date);
/* 10 digits with check digit, 10-3 for branches, or 12 digits of a person. NULL when fine, else a
 * text key. */
const char *party_check_tax_code(struct str code);

#endif
