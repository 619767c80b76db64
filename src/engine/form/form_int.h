/* form_int.h: the loaded form, shared inside the module. A page is a flat row of items; groups,
 * lists and addresses are pairs of OPEN and CLOSE, so that every walk is a loop. */
#ifndef ENGINE_FORM_FORM_INT_H
#define ENGINE_FORM_FORM_INT_H

#include "engine/form/form.h"
#include "engine/form/form_schema_int.h"

#define FORM_ITEMS_MAX 400
#define FORM_LIST_MAX  20

enum form_kind {
    FORM_GROUP_OPEN,
    FORM_GROUP_CLOSE,
    FORM_LIST_OPEN,
    FORM_LIST_CLOSE,
    FORM_ADDRESS_OPEN,
    FORM_ADDRESS_CLOSE,
    FORM_NOTE,
    FORM_LOOKUP,
    FORM_TEXT,
    FORM_LINES,
    FORM_DATE,
    FORM_RADIOS,
    FORM_SELECT,
    FORM_INT,
    FORM_MONEY,
    FORM_CHECK,
    FORM_YES_NO,
    FORM_BOXES
};

/* Where a field is filled from; `when` NULL: always. The first that holds and has a value counts.
 */
struct form_fill {
    struct str from;
    const struct expr *when;
};

struct form_rule {
    const struct expr *when; /* NULL: always shown */
    bool is_hide;
};

struct form_item {
    enum form_kind kind;
    int32_t parent; /* index of the OPEN it stands in, -1 = the page */
    int32_t list;   /* index of the LIST_OPEN it stands in, -1 = none */
    const struct form_page *page;
    struct form_rule rule;
    uint32_t line;
    struct pack_text label, hint, text; /* text: of a note; name of one item of a list */
    const char *label_key;              /* program text instead of label (parts of an address) */
    struct str tone;
    struct str path; /* "home.unit"; inside a list relative to the item; of groups empty */
    const struct json *schema; /* of the value, references followed */
    const struct json *labels, *messages;
    struct str choices; /* "list:dan-toc", "unit:commune"; null: the enum */
    const struct form_fill *fills;
    size_t n_fills;
    const struct form_lookup *lookup; /* of a FORM_LOOKUP */
    struct str autocomplete, format;
    int64_t width, max;    /* characters; items of a list */
    bool is_required;      /* by its parent's `required` */
    bool is_other_allowed; /* unit of an address: "other" is a choice */
    bool is_outside;       /* the words of an address outside the province */
};

struct form_page {
    struct str id;
    struct pack_text title, intro;
    struct form_rule rule;
    uint32_t from, to; /* items */
};

struct form_rule_check {
    struct str field;
    const struct expr *must;
    struct pack_text message;
};

struct form {
    struct str id;
    struct pack_text title;
    struct str schema_json;
    const struct json *schema_tree;
    const struct schema *schema;
    struct form_page *pages;
    size_t n_pages;
    struct form_item *items;
    uint32_t n_items;
    struct form_rule_check *checks;
    size_t n_checks;
    struct str *prefills;
    size_t n_prefills;
    struct form_lookup *lookups;
    size_t n_lookups;
    struct form_other *others;
    size_t n_others;
    const struct form_set *set;
};

struct form_code {
    struct str code;
    struct pack_text name;
    struct date from, to;
};
struct form_code_list {
    struct str id;
    struct form_code *v;
    size_t n;
};
struct form_set { /* value of the slot PACK_FORMS */
    const struct form **v;
    size_t n;
    struct form_code_list *lists;
    size_t n_lists;
};

/* Code of a list entry by its Vietnamese name, with or without the other name in brackets; the name
 * itself when there is none or `kind` is no list. */
struct str form_code_of_name(const struct form *f, struct str kind, struct str name);

static inline bool
form_is_control(const struct form_item *it)
{
    return it->kind >= FORM_TEXT;
}

/* --- JSON by path (form_json.c) --------------------------------------------------------------- */
struct json *form_json_new(struct arena *a, enum json_type type);
struct json *form_json_str(struct arena *a, struct str s);
struct json *form_json_i64(struct arena *a, int64_t v);
struct json *form_json_bool(struct arena *a, bool v);
struct json *form_json_copy(struct arena *a, const struct json *j);
const struct json *form_json_at(const struct json *root, struct str path);
/* Sets the value at a path, making objects on the way; a number in the path is an index of a list.
 */
void form_json_put(struct arena *a, struct json *root, struct str path, struct json *value);
void form_json_drop(struct json *root, struct str path);
/* Keeps the first n items of a list. */
void form_json_truncate(struct json *root, struct str path, size_t n);
/* A member directly, whatever its name ("home.unit" as one key). */
void form_json_set(struct arena *a, struct json *obj, struct str key, struct json *value);
void form_json_unset(struct json *obj, struct str key);
struct str form_json_text(struct arena *a, const struct json *j);

/* --- model ------------------------------------------------------------------------------------ */
struct form_view { /* who looks at which answers: what rules need */
    struct ctx *cx;
    const struct form_state *st;
    const struct form_env *env;
    struct expr_var *vars;
    size_t n_vars;
};
struct form_view form_view(struct ctx *cx, const struct form_state *st, const struct form_env *env);
bool form_page_is_shown(const struct form_view *v, const struct form_page *p);
bool form_item_is_shown(const struct form_view *v, const struct form_item *it);
struct str form_label(struct ctx *cx, const struct form_item *it);
/* Path of a control, in item `index` of its list when it stands in one. */
struct str form_path(struct arena *a, const struct form *f, const struct form_item *it,
                     size_t index);
/* Number of items of a list in the answers. */
size_t form_list_n(const struct form_state *st, const struct form_item *list);
/* The control a path belongs to; NULL when none. */
const struct form_item *form_item_of(const struct form *f, struct str path);
size_t form_choices(struct ctx *cx, const struct form_view *v, const struct form_item *it,
                    const struct form_choice **ret);
struct str form_choice_text(struct ctx *cx, const struct form_view *v, const struct form_item *it,
                            struct str value);

struct form_problem {
    const struct form_item *item;
    struct str path;
    const char *keyword;
    const struct json *limit;
    struct pack_text own; /* message of a check */
};
/* Everything wrong with visible fields. In cx->arena. */
size_t form_problems(const struct form_view *v, struct form_problem **ret);
/* Adds it to cx->problems with its message. */
void form_tell(struct ctx *cx, const struct form_view *v, const struct form_problem *p);
/* "CSDL dân cư, 25/11/2026", null when not prefilled. */
struct str form_source_text(struct ctx *cx, const struct form_state *st, struct str path);
/* "CSDL dân cư, 25/11/2026" of a mark; a mark without a day tells only what. */
struct str form_mark_text(struct ctx *cx, const struct json *mark);
/* Does the condition hold for the answers? NULL always does. */
bool form_holds(const struct form_view *v, const struct expr *when);
/* Fills one empty field; false when it is not empty or the value does not satisfy it. */
bool form_fill_one(const struct form_view *v, struct form_state *st, const struct form_item *it,
                   const struct form_source *s);
void form_drop_hidden(const struct form_view *v, struct form_state *st);
const struct form_set *form_set_of(const struct pack *p);

#endif
