/* form_schema.h: JSON Schema 2020-12 validator (inside the form module; used by form.h's functions,
 * and by others for API documents). Compiled once, immutable, evaluated without recursion over a
 * bounded stack. Not supported, refused at compile time: remote $ref, $dynamicRef, custom
 * vocabularies. */
#ifndef ENGINE_FORM_SCHEMA_H
#define ENGINE_FORM_SCHEMA_H

#include "base/date.h"
#include "codec/json.h"

struct schema;

struct schema_fault {
    uint32_t line;
    struct str what; /* English */
};

/* Compiles the schema tree, which is kept by reference: it must live as long as the arena.
 * Everything is in the arena. ERR_BAD_REQUEST with *ret_fault. */
NODISCARD enum err schema_compile(struct arena *a, const struct json *root, struct schema **ret,
                                  struct schema_fault *ret_fault);

/* One violated rule. */
struct schema_problem {
    struct str path;           /* "home.unit", "past_homes.0.place"; empty for the root */
    const char *keyword;       /* "required", "minLength", "format", "x-date" ... */
    const struct json *schema; /* the violated keyword's value */
};

/* Checks a code of a list (`x-list`) or unit (`x-unit`); kind as in form_choices_fn. */
typedef bool schema_code_fn(void *arg, struct str kind, struct str code);
struct schema_env {
    struct date today;
    schema_code_fn *is_code; /* NULL: codes are not checked */
    void *arg;
};

/* Validates; problems (at most max) in the arena, in document order. True when valid.
 * ERR_TOO_LARGE-like exhaustion (steps, nesting) counts as invalid with keyword "limit". */
bool schema_validate(struct arena *a, const struct schema *s, const struct json *doc,
                     const struct schema_env *env, struct schema_problem **ret, size_t *ret_n);

/* True when s is in the named format; unknown names are true. */
bool schema_format_ok(struct str format, struct str s);

/* True when the format is one of ours. */
bool schema_format_known(struct str format);

#endif
