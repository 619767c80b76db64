/* relay_filter.c: takes members out of a JSON document as it streams by, in bounded memory. What is
 * not JSON stops the answer: no field slips through because it was written oddly. White space
 * between values goes too. */
#include "net/relay_int.h"

#define DEPTH_MAX 32U
#define KEY_MAX   256U

enum fstate {
    F_VALUE,      /* a value must begin */
    F_FIRST_ITEM, /* a value or ']' */
    F_FIRST_KEY,  /* a key or '}' */
    F_KEY,        /* a key must begin */
    F_IN_KEY,
    F_COLON,
    F_IN_STRING,
    F_IN_WORD, /* number, true, false, null */
    F_AFTER,   /* ',' or a closing bracket, or the end */
};

struct rfilter {
    const struct str *removed;
    size_t n_removed;
    enum fstate state;
    bool is_escaped;
    uint32_t depth;
    uint32_t removed_depth; /* depth of the object whose member is being taken out; 0: none */
    struct {
        bool is_object;
        bool has_kept;     /* a member or item has passed: the next needs a comma */
        uint64_t matching; /* names of the list that fit as far as this level, one bit each */
        uint64_t next;     /* those that fit as far as the member now being read */
    } level[DEPTH_MAX + 1];
    char key[KEY_MAX]; /* raw bytes of the key being read */
    size_t key_n;
    char *out;
    size_t n;
};

struct rfilter *
filter_new(struct arena *a, const struct str *removed, size_t n)
{
    struct rfilter *f = ARENA_NEW(a, struct rfilter);
    f->removed = removed;
    f->n_removed = n < 64 ? n : 64;
    f->level[0].next = n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
    f->out = arena_alloc(a, RELAY_BIG_BYTES + KEY_MAX + 16);
    return f;
}

static void
emit(struct rfilter *f, char c)
{
    if (f->removed_depth == 0) {
        f->out[f->n++] = c;
    }
}

/* --- names ------------------------------------------------------------------------------------ */
static int
hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) {
            return -1;
        }
        v = v * 16 + d;
    }
    return v;
}

static size_t
utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0U | c >> 6);
        to[1] = (char)(0x80U | (c & 63U));
        return 2;
    }
    to[0] = (char)(0xe0U | c >> 12);
    to[1] = (char)(0x80U | (c >> 6 & 63U));
    to[2] = (char)(0x80U | (c & 63U));
    return 3;
}

/* A key as it reads, so that "\u006eame" is "name". False: not a string of JSON. Characters beyond
 * the first plane written as two escapes come out as two halves, which fit no name of ours. */
static bool
key_decode(const struct rfilter *f, char *to, size_t *ret_n)
{
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    size_t n = 0;
    for (size_t i = 0; i < f->key_n; i++) {
        char c = f->key[i];
        if (c != '\\') {
            to[n++] = c;
            continue;
        }
        const char *found = i + 1 < f->key_n ? strchr(from, f->key[i + 1]) : NULL;
        if (found != NULL && *found != '\0') {
            to[n++] = into[found - from];
            i++;
            continue;
        }
        int code = i + 5 < f->key_n && f->key[i + 1] == 'u' ? hex4(f->key + i + 2) : -1;
        if (code < 0) {
            return false;
        }
        n += utf8_put(to + n, (uint32_t)code);
        i += 5;
    }
    *ret_n = n;
    return true;
}

static uint32_t
objects_above(const struct rfilter *f)
{
    uint32_t n = 0;
    for (uint32_t d = 1; d < f->depth; d++) {
        n += f->level[d].is_object ? 1U : 0U;
    }
    return n;
}

/* Part number i of "a.b.c"; null when there is none. */
static struct str
name_part(struct str name, uint32_t i)
{
    struct str part = STR_NULL;
    for (uint32_t k = 0; k <= i; k++) {
        if (!str_next(&name, '.', &part)) {
            return STR_NULL;
        }
    }
    return part;
}

/* Which names go on through this member. True when one ends here: the member is to go. */
static bool
key_match(struct rfilter *f, struct str key)
{
    uint32_t at = objects_above(f);
    uint64_t next = 0;
    bool is_removed = false;
    for (size_t i = 0; i < f->n_removed; i++) {
        if ((f->level[f->depth].matching >> i & 1U) != 0 &&
            str_eq(name_part(f->removed[i], at), key)) {
            next |= UINT64_C(1) << i;
            is_removed = is_removed || name_part(f->removed[i], at + 1).p == NULL;
        }
    }
    f->level[f->depth].next = next;
    return is_removed;
}

static void
comma_before(struct rfilter *f)
{
    if (f->level[f->depth].has_kept) {
        emit(f, ',');
    }
    if (f->removed_depth == 0) {
        f->level[f->depth].has_kept = true;
    }
}

static bool
key_done(struct rfilter *f)
{
    char text[KEY_MAX];
    size_t n = 0;
    f->state = F_COLON;
    if (!key_decode(f, text, &n)) {
        return false;
    }
    if (f->removed_depth != 0) {
        return true;
    }
    if (key_match(f, (struct str){ text, n })) {
        f->removed_depth = f->depth;
        return true;
    }
    comma_before(f);
    emit(f, '"');
    for (size_t i = 0; i < f->key_n; i++) {
        emit(f, f->key[i]);
    }
    emit(f, '"');
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */
static void
value_done(struct rfilter *f)
{
    if (f->removed_depth != 0 && f->removed_depth == f->depth) {
        f->removed_depth = 0;
    }
    f->state = F_AFTER;
}

static bool
open_level(struct rfilter *f, char c)
{
    if (f->depth == DEPTH_MAX) {
        return false;
    }
    uint64_t matching = f->level[f->depth].next;
    emit(f, c);
    f->depth++;
    f->level[f->depth].is_object = c == '{';
    f->level[f->depth].has_kept = false;
    f->level[f->depth].matching = matching;
    f->level[f->depth].next = matching; /* lists are passed through by names */
    f->state = c == '{' ? F_FIRST_KEY : F_FIRST_ITEM;
    return true;
}

static bool
close_level(struct rfilter *f, char c)
{
    if (f->depth == 0 || f->level[f->depth].is_object != (c == '}')) {
        return false;
    }
    f->depth--;
    emit(f, c);
    value_done(f);
    return true;
}

static bool
is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.' ||
           c == 'E';
}

static bool
value_begin(struct rfilter *f, char c)
{
    if (f->depth != 0 && !f->level[f->depth].is_object) {
        comma_before(f);
    }
    if (c == '{' || c == '[') {
        return open_level(f, c);
    }
    f->state = c == '"' ? F_IN_STRING : F_IN_WORD;
    emit(f, c);
    return c == '"' || c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
}

static bool
after_value(struct rfilter *f, char c)
{
    if (c == ',' && f->depth != 0) {
        f->state = f->level[f->depth].is_object ? F_KEY : F_VALUE;
        return true;
    }
    return (c == '}' || c == ']') && close_level(f, c);
}

/* One byte of a string; true in *ret_end at its closing quote. */
static bool
string_byte(struct rfilter *f, char c, bool *ret_end)
{
    *ret_end = false;
    if ((unsigned char)c < 0x20) {
        return false;
    }
    if (f->is_escaped) {
        f->is_escaped = false;
    } else if (c == '\\') {
        f->is_escaped = true;
    } else {
        *ret_end = c == '"';
    }
    return true;
}

static bool
key_byte(struct rfilter *f, char c)
{
    bool is_end = false;
    if (!string_byte(f, c, &is_end)) {
        return false;
    }
    if (is_end) {
        return key_done(f);
    }
    f->key[f->key_n++] = c;
    return f->key_n < KEY_MAX;
}

static bool
value_byte(struct rfilter *f, char c)
{
    bool is_end = false;
    if (!string_byte(f, c, &is_end)) {
        return false;
    }
    emit(f, c);
    if (is_end) {
        value_done(f);
    }
    return true;
}

static bool
key_begin(struct rfilter *f, char c)
{
    f->state = F_IN_KEY;
    f->key_n = 0;
    return c == '"';
}

/* A byte outside strings and words. */
static bool
plain_byte(struct rfilter *f, char c)
{
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        return true;
    }
    switch (f->state) {
    case F_FIRST_ITEM:
        return c == ']' ? close_level(f, c) : value_begin(f, c);
    case F_VALUE:
        return value_begin(f, c);
    case F_FIRST_KEY:
        return c == '}' ? close_level(f, c) : key_begin(f, c);
    case F_KEY:
        return key_begin(f, c);
    case F_COLON:
        f->state = F_VALUE;
        emit(f, ':');
        return c == ':';
    case F_AFTER:
        return after_value(f, c);
    case F_IN_KEY:
    case F_IN_STRING:
    case F_IN_WORD:
        break;
    }
    return false;
}

static bool
take_byte(struct rfilter *f, char c)
{
    if (f->state == F_IN_KEY) {
        return key_byte(f, c);
    }
    if (f->state == F_IN_STRING) {
        return value_byte(f, c);
    }
    if (f->state == F_IN_WORD) {
        if (is_word_byte(c)) {
            emit(f, c);
            return true;
        }
        value_done(f);
    }
    return plain_byte(f, c);
}

bool
filter_run(struct rfilter *f, struct str in, struct str *ret)
{
    ASSERT(in.n <= RELAY_BIG_BYTES);
    f->n = 0;
    for (size_t i = 0; i < in.n; i++) {
        if (!take_byte(f, in.p[i])) {
            return false;
        }
    }
    *ret = (struct str){ f->out, f->n };
    return true;
}

bool
filter_is_whole(const struct rfilter *f)
{
    return f->depth == 0 && (f->state == F_AFTER || f->state == F_IN_WORD);
}
