/* exchange_model.c: rules of agreements, without the store: hours, addresses, fields taken out. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/exchange/exchange_int.h"

#include <arpa/inet.h>
#include <string.h>

#define DEPTH_MAX 40
#define WALK_MAX  4000

/* --- hours ------------------------------------------------------------------------------------ */
struct hours {
    int64_t day_from, day_to, from_h, to_h;
};

static bool
read_hours(struct str s, struct hours *ret)
{
    struct str days;
    struct str span;
    struct str a;
    struct str b;
    if (!str_cut(str_trim(s), ' ', &days, &span) || !str_cut(days, '-', &a, &b) ||
        !str_to_i64(a, 1, 7, &ret->day_from) || !str_to_i64(b, 1, 7, &ret->day_to)) {
        return false;
    }
    return str_cut(str_trim(span), '-', &a, &b) && str_to_i64(a, 0, 23, &ret->from_h) &&
           str_to_i64(b, 1, 24, &ret->to_h) && ret->day_from <= ret->day_to &&
           ret->from_h < ret->to_h;
}

bool
exchange_hours_are_valid(struct str hours)
{
    struct hours h;
    return str_is_empty(str_trim(hours)) || read_hours(hours, &h);
}

bool
exchange_hours_allow(struct str hours, int64_t at_us)
{
    struct hours h;
    if (str_is_empty(str_trim(hours))) {
        return true;
    }
    if (!read_hours(hours, &h)) {
        return false;
    }
    int64_t day = date_weekday(date_at_vn(at_us));
    int64_t hour = date_second_at_vn(at_us) / 3600;
    return day >= h.day_from && day <= h.day_to && hour >= h.from_h && hour < h.to_h;
}

void
exchange_hours_bits(struct str hours, uint32_t ret[7])
{
    struct hours h;
    memset(ret, 0, 7 * sizeof(ret[0]));
    if (!read_hours(hours, &h)) {
        return;
    }
    for (int64_t day = h.day_from; day <= h.day_to; day++) {
        for (int64_t hour = h.from_h; hour < h.to_h; hour++) {
            ret[day - 1] |= UINT32_C(1) << hour;
        }
    }
}

/* --- addresses -------------------------------------------------------------------------------- */
struct network {
    uint8_t b[16]; /* IPv4 as ::ffff:a.b.c.d, so that both kinds compare alike */
    int64_t bits;
};

static bool
read_address(struct str s, struct network *ret)
{
    char z[64];
    struct in_addr v4;
    struct in6_addr v6;
    if (s.n == 0 || s.n >= sizeof(z)) {
        return false;
    }
    memcpy(z, s.p, s.n);
    z[s.n] = 0;
    memset(ret->b, 0, sizeof(ret->b));
    if (inet_pton(AF_INET, z, &v4) == 1) {
        ret->b[10] = 0xff;
        ret->b[11] = 0xff;
        memcpy(ret->b + 12, &v4, 4);
        ret->bits = 96;
        return true;
    }
    if (inet_pton(AF_INET6, z, &v6) == 1) {
        memcpy(ret->b, &v6, 16);
        ret->bits = 0;
        return true;
    }
    return false;
}

static bool
read_network(struct str s, struct network *ret)
{
    struct str address;
    struct str bits;
    int64_t n = 0;
    bool has_bits = str_cut(s, '/', &address, &bits);
    if (!read_address(address, ret)) {
        return false;
    }
    int64_t base = ret->bits;
    if (has_bits && !str_to_i64(bits, 0, 128 - base, &n)) {
        return false;
    }
    ret->bits = has_bits ? base + n : 128;
    return true;
}

static bool
is_inside(const struct network *net, const struct network *one)
{
    for (int64_t bit = 0; bit < net->bits; bit += 8) {
        int64_t left = net->bits - bit;
        uint32_t mask = left >= 8 ? 0xffU : (0xffU << (8 - left)) & 0xffU;
        uint32_t a = net->b[bit / 8];
        uint32_t b = one->b[bit / 8];
        if ((a & mask) != (b & mask)) {
            return false;
        }
    }
    return true;
}

bool
exchange_ip_is_valid(struct str list)
{
    struct str rest = str_trim(list);
    struct str part;
    struct network net;
    while (str_next(&rest, ' ', &part)) {
        if (!str_is_empty(part) && !read_network(part, &net)) {
            return false;
        }
    }
    return true;
}

bool
exchange_ip_allows(struct str list, struct str peer)
{
    struct str rest = str_trim(list);
    struct str part;
    struct network one;
    struct network net;
    if (str_is_empty(rest)) {
        return true;
    }
    if (!read_address(peer, &one)) {
        return false;
    }
    while (str_next(&rest, ' ', &part)) {
        if (!str_is_empty(part) && read_network(part, &net) && is_inside(&net, &one)) {
            return true;
        }
    }
    return false;
}

/* --- fields taken out of answers -------------------------------------------------------------- */
struct str
exchange_removed_of(struct arena *arena, struct str removed)
{
    return str_replace(arena, removed, STR("[]"), STR(""));
}

bool
exchange_names(struct str codes, struct str code)
{
    struct str rest = codes;
    struct str part;
    while (str_next(&rest, ' ', &part)) {
        if (!str_is_empty(part) && str_eq(part, code)) {
            return true;
        }
    }
    return false;
}

struct frame {
    const struct json *at; /* the member or item being written */
    struct str path;       /* of its container */
    bool is_list;
};

static struct str
path_of(struct arena *arena, const struct frame *f)
{
    if (f->is_list) {
        return f->path; /* what holds for a list holds for each of its items */
    }
    return str_is_empty(f->path)
               ? f->at->key
               : str_fmt(arena, STR_FMT "." STR_FMT, STR_ARG(f->path), STR_ARG(f->at->key));
}

static void
open_value(struct json_out *o, const struct json *j)
{
    if (j->type == JSON_OBJECT) {
        json_open(o);
    } else if (j->type == JSON_LIST) {
        json_open_list(o);
    } else {
        json_write(o, j);
    }
}

static void
close_value(struct json_out *o, bool is_list)
{
    if (is_list) {
        json_close_list(o);
    } else {
        json_close(o);
    }
}

/* Writes the tree again without the removed paths; a list's items share one path. */
static void
write_without(struct arena *arena, struct json_out *o, const struct json *root, struct str removed)
{
    struct frame stack[DEPTH_MAX + 1];
    size_t n = 0;
    open_value(o, root);
    if (root->type != JSON_OBJECT && root->type != JSON_LIST) {
        return;
    }
    stack[n++] = (struct frame){ root->child, STR(""), root->type == JSON_LIST };
    while (n > 0) {
        struct frame *top = &stack[n - 1];
        const struct json *it = top->at;
        if (it == NULL) {
            close_value(o, top->is_list);
            n--;
            continue;
        }
        struct str path = path_of(arena, top);
        bool is_list = top->is_list;
        top->at = it->next;
        if (!is_list && exchange_names(removed, path)) {
            continue;
        }
        if (!is_list) {
            json_key_str(o, it->key);
        }
        open_value(o, it);
        if ((it->type == JSON_OBJECT || it->type == JSON_LIST) && n <= DEPTH_MAX) {
            stack[n++] = (struct frame){ it->child, path, it->type == JSON_LIST };
        }
    }
}

struct str
exchange_without(struct arena *arena, struct str json, struct str removed)
{
    struct json *tree = NULL;
    struct json_limits limits = { .depth_max = DEPTH_MAX, .nodes_max = 200000 };
    struct buf b = buf_new(arena, size_add(size_mul(json.n, 2), 64));
    struct json_out o = json_out(&b);
    if (str_is_empty(str_trim(removed))) {
        return json;
    }
    if (json_parse(arena, json, limits, &tree, NULL) != ERR_OK) {
        return STR_NULL;
    }
    write_without(arena, &o, tree, removed);
    return b.is_failed ? STR_NULL : buf_str(&b);
}

/* --- may a call pass? ------------------------------------------------------------------------- */
struct str
exchange_agreement_fault(const struct exchange_agreement *a, struct str operation,
                         struct date today, int64_t at_us)
{
    struct date day;
    if (a == NULL || !str_eq(a->state, STR("granted"))) {
        return STR("no_grant");
    }
    bool is_early =
        !str_is_empty(a->valid_from) && date_parse(a->valid_from, &day) && date_cmp(today, day) < 0;
    bool is_late =
        !str_is_empty(a->valid_to) && date_parse(a->valid_to, &day) && date_cmp(today, day) > 0;
    if (is_early || is_late) {
        return STR("expired");
    }
    if (!exchange_names(a->operations, operation)) {
        return STR("no_operation");
    }
    return exchange_hours_allow(a->hours, at_us) ? STR("") : STR("hours");
}
