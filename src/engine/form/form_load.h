/* form_load.h: what the two halves of the loader share: form_control.c reads one element of a page,
 * form_pack.c the pages, lists and checks around it. */
#ifndef ENGINE_FORM_FORM_LOAD_H
#define ENGINE_FORM_FORM_LOAD_H

#include "engine/form/form_int.h"

#define FORM_DEPTH_MAX 3 /* objects inside objects that a form may show */

struct form_loader {
    struct pack_load *l;
    struct pack_at at;
    struct arena *arena;
    struct form_set *set;
    struct form *f;
    struct form_item items[FORM_ITEMS_MAX];
    uint32_t n_items;
    int32_t parent, list;
    struct form_page *page;
    const struct json *scope; /* schema in which scopes are looked up */
};

#define FORM_FAULT(ld, node, remedy, ...)                                                          \
    pack_load_faultf((ld)->l, (ld)->at.file, (node) == NULL ? 0 : (node)->line, remedy, __VA_ARGS__)

const struct json *form_load_follow(const struct form_loader *ld, const struct json *schema);
/* "#/properties/a/properties/b" or "a.b" to "a.b". */
struct str form_load_scope_path(struct arena *a, struct str scope);
const struct json *form_load_find_schema(struct form_loader *ld, struct str path,
                                         bool *ret_required);
struct form_item *form_load_add_item(struct form_loader *ld, enum form_kind kind,
                                     const struct json *j);
bool form_load_is_type(const struct json *schema, const char *name);
struct form_rule form_load_read_rule(struct form_loader *ld, const struct json *j);
const struct expr *form_load_read_expr(struct form_loader *ld, const struct json *j);
void form_load_read_control(struct form_loader *ld, const struct json *j);
void form_load_read_note(struct form_loader *ld, const struct json *j);
void form_load_read_lookup(struct form_loader *ld, const struct json *j);
bool form_load_is_member_path(struct str path);

#endif
