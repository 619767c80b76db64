/* print.h: the pack's printed documents (templates/<id>.html, doc/documents.md). */
#ifndef ENGINE_PRINT_PRINT_H
#define ENGINE_PRINT_PRINT_H

#include "codec/pdf.h"
#include "engine/pack/pack.h"

/* Part loader of slot PACK_TEMPLATES: parses every templates/<id>.html, records faults. */
void print_pack_load(struct pack_load *l);

/* Template of a pack, NULL when the pack has none of this id. */
const struct pdf_template *print_template(const struct pack *pack, struct str id);

/* Text of a template file, null when the pack has none: which names it reads is asked of it. */
struct str print_source(const struct pack *pack, struct str id);

/* Renders template id of the pack with the JSON text doc (an object). ERR_NOT_FOUND when the pack
 * has no such template; else as pdf_render. Outside write transactions: takes milliseconds. */
NODISCARD enum err print_pdf(struct ctx *cx, const struct pack *pack, struct str id,
                             struct str doc_json, struct pdf_out *ret);

#endif
