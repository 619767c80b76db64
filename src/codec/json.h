/* json.h: RFC 8259. A streaming writer (no tree) and a strict reader (a tree in the arena). */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 60 /* of writer and reader alike */

/* --- writer: commas and escapes by itself ----------------------------------------------------- */
struct json_out {
    struct buf *b;
    uint64_t has_item; /* one bit per depth; JSON_DEPTH_MAX levels */
    uint64_t is_list;
    uint32_t depth;
};
struct json_out json_out(struct buf *b);
void json_open(struct json_out *o);       /* { */
void json_close(struct json_out *o);      /* } */
void json_open_list(struct json_out *o);  /* [ */
void json_close_list(struct json_out *o); /* ] */
void json_key(struct json_out *o, const char *key);
void json_key_str(struct json_out *o, struct str key);
void json_str(struct json_out *o,
              struct str s); /* null str writes null; bad UTF-8 becomes U+FFFD */
void json_i64(struct json_out *o, int64_t v);
void json_bool(struct json_out *o, bool v);
void json_null(struct json_out *o);
void json_raw(struct json_out *o, struct str json); /* a value that is JSON already */
/* key and value at once */
void json_put_str(struct json_out *o, const char *key, struct str s);
void json_put_i64(struct json_out *o, const char *key, int64_t v);
void json_put_bool(struct json_out *o, const char *key, bool v);

/* --- reader ----------------------------------------------------------------------------------- */
enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT };
struct json {
    enum json_type type;
    bool is_true;
    bool is_int; /* the number has no fraction or exponent and fits */
    int64_t i64;
    struct str text;    /* string value (unescaped), or the number as written */
    struct str key;     /* when member of an object */
    struct json *child; /* first item or member */
    struct json *next;  /* next sibling */
    uint32_t n;         /* number of children */
    uint32_t line;      /* where it began, 1-based, for messages */
};
struct json_limits {
    uint32_t depth_max, nodes_max; /* 0: 32, 100000; depth_max at most JSON_DEPTH_MAX */
};
struct json_fault {
    uint32_t line, column;
    const char *what; /* English, for logs and pack check */
};
/* Parses one document into a tree that does not borrow s. Refuses duplicate keys, bad UTF-8,
 * \u0000, lone surrogates, a byte order mark, trailing bytes, and going over the depth and node
 * limits. ERR_BAD_REQUEST with *ret_fault (may be NULL) filled. */
NODISCARD enum err json_parse(struct arena *a, struct str s, struct json_limits limits,
                              struct json **ret, struct json_fault *ret_fault);
/* The same with the tree in one arena and its strings in another, for those who keep only these. */
NODISCARD enum err json_parse_in(struct arena *nodes, struct arena *texts, struct str s,
                                 struct json_limits limits, struct json **ret,
                                 struct json_fault *ret_fault);
/* Member of an object, NULL when absent or j is NULL or not an object. */
const struct json *json_get(const struct json *j, const char *key);
const struct json *json_get_str_key(const struct json *j, struct str key);
/* Member as text; null str when absent or of another type. */
struct str json_text(const struct json *j, const char *key);
int64_t json_int(const struct json *j, const char *key, int64_t otherwise);
bool json_flag(const struct json *j, const char *key, bool otherwise);
/* for (JSON_EACH(j, it)) */
// NOLINTBEGIN(bugprone-macro-parentheses): `it` is a name that is declared here
#define JSON_EACH(j, it)                                                                           \
    const struct json *it = (j) == NULL ? NULL : (j)->child;                                       \
    it != NULL;                                                                                    \
    it = it->next
// NOLINTEND(bugprone-macro-parentheses)
/* Serialises a tree. Keeps numbers as written. */
void json_write(struct json_out *o, const struct json *j);
/* Same value: member order ignored, numbers by value (1.0 equals 1). */
bool json_equal(const struct json *x, const struct json *y);

#endif
