/* mine_int.h: what the files of this module share. */
#ifndef OFFICE_MINE_MINE_INT_H
#define OFFICE_MINE_MINE_INT_H

#include "engine/ledger/ledger.h"
#include "office/mine/mine.h"

/* Whose pages: the organisation represented, else the person. */
int64_t mine_party(const struct ctx *cx);
/* What happened, in plain words; the kind itself when nobody wrote words for it. */
struct str mine_kind_text(struct ctx *cx, const struct ledger_entry *e);
/* Why; null when no purpose was named. */
struct str mine_purpose_text(struct ctx *cx, const struct ledger_entry *e);
/* Who: "Chính bạn", the officer's name, or the system itself. */
struct str mine_actor_text(struct ctx *cx, const struct ledger_entry *e);

web_fn mine_export_page, mine_export;

/* --- mine_consent.c */
/* Questions that wait for one's answer. */
NODISCARD enum err mine_consents_open(struct ctx *cx, size_t *ret);
web_fn mine_consents, mine_consent_answer;

#endif
