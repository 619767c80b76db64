/* watch_model.c: rules without the store, and the map as a drawing. */
#include "base/buf.h"
#include "engine/watch/watch.h"

#include <inttypes.h>

#define FEW         10 /* calls: fewer say nothing */
#define SVG_BYTES   ((size_t)256 << 10)
#define ROW_PX      26
#define WORDS_MAX   34
#define LEFT_X      300
#define RIGHT_X     620
#define WIDTH       920
#define ENDS_MAX    64
#define SLA_MS      1000
#define PERMILLE    1000
#define LINE_PX_MAX 9

const char *const watch_rule_names[WATCH_RULES] = { "faults", "slow", "silence",
                                                    "cert",   "tls",  "pair" };

int64_t
watch_value(enum watch_rule rule, const struct watch_service *s)
{
    int64_t sla_ms = s->sla_ms > 0 ? s->sla_ms : SLA_MS;
    if (s->n == 0) {
        return 0;
    }
    return rule == WATCH_ERRORS || rule == WATCH_PAIR ? s->n_faults * PERMILLE / s->n
           : rule == WATCH_SLOW ? s->took_us / s->n / (sla_ms * 10) /* us a call to percent of ms */
                                : 0;
}

bool
watch_breaks(enum watch_rule rule, int64_t limit, const struct watch_service *s, int64_t *ret_value)
{
    *ret_value = 0;
    if (limit <= 0 || s->n < FEW) {
        return false;
    }
    *ret_value = watch_value(rule, s);
    return *ret_value > limit;
}

/* --- the map -----------------------------------------------------------------------------------
 */
struct ends { /* systems of one side, in the order in which they come */
    struct str v[ENDS_MAX];
    size_t n;
};

static size_t
place(struct ends *e, struct str name)
{
    for (size_t i = 0; i < e->n; i++) {
        if (str_eq(e->v[i], name)) {
            return i;
        }
    }
    if (e->n < ENDS_MAX) {
        e->v[e->n] = name;
        return e->n++;
    }
    return ENDS_MAX;
}

static void
escaped(struct buf *b, struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool is_start = ((unsigned char)s.p[i] & 0xc0U) != 0x80;
        if (is_start && ++n > WORDS_MAX) {
            buf_add(b, STR("…"));
            return;
        }
        switch (s.p[i]) {
        case '<':
            buf_add(b, STR("&lt;"));
            break;
        case '>':
            buf_add(b, STR("&gt;"));
            break;
        case '&':
            buf_add(b, STR("&amp;"));
            break;
        case '"':
            buf_add(b, STR("&quot;"));
            break;
        default:
            buf_add_char(b, s.p[i]);
        }
    }
}

static void
words(struct buf *b, const struct ends *e, int x, const char *anchor)
{
    for (size_t i = 0; i < e->n; i++) {
        buf_addf(
            b,
            "<text x=\"%d\" y=\"%zu\" text-anchor=\"%s\" fill=\"currentColor\" font-size=\"13\">",
            x, i * ROW_PX + ROW_PX, anchor);
        escaped(b, e->v[i]);
        buf_add(b, STR("</text>"));
    }
}

/* One pixel, and one more with each fourfold of calls. */
static int
thickness(int64_t n)
{
    int px = 1;
    for (; n >= 4 && px < LINE_PX_MAX; n /= 4) {
        px++;
    }
    return px;
}

struct str
watch_draw(struct ctx *cx, const struct watch_pair *v, size_t n, struct str title)
{
    struct ends *from = ARENA_NEW(cx->arena, struct ends);
    struct ends *to = ARENA_NEW(cx->arena, struct ends);
    struct buf lines = buf_new(cx->arena, SVG_BYTES);
    struct buf b = buf_new(cx->arena, SVG_BYTES);
    for (size_t i = 0; i < n && i < WATCH_MAP_MAX; i++) {
        size_t y1 = place(from, v[i].consumer);
        size_t y2 = place(to, v[i].service);
        if (y1 == ENDS_MAX || y2 == ENDS_MAX) {
            continue;
        }
        buf_addf(&lines,
                 "<line x1=\"%d\" y1=\"%zu\" x2=\"%d\" y2=\"%zu\" stroke=\"currentColor\" "
                 "stroke-opacity=\"0.55\" stroke-width=\"%d\"%s/>",
                 LEFT_X + 8, y1 * ROW_PX + 22, RIGHT_X - 8, y2 * ROW_PX + 22, thickness(v[i].n),
                 v[i].n_faults * 10 > v[i].n ? " stroke-dasharray=\"6 5\"" : "");
    }
    size_t rows = from->n > to->n ? from->n : to->n;
    buf_addf(&b, "<svg class=\"map\" viewBox=\"0 0 %d %zu\" role=\"img\" width=\"100%%\"><title>",
             WIDTH, rows * ROW_PX + ROW_PX);
    escaped(&b, title);
    buf_add(&b, STR("</title>"));
    buf_add(&b, buf_str(&lines));
    words(&b, from, LEFT_X, "end");
    words(&b, to, RIGHT_X, "start");
    buf_add(&b, STR("</svg>"));
    return buf_str(&b);
}
