/* leader_draw.c: sparklines and the map of tiles as SVG. Positions are integers; words are escaped.
 */
#include "base/buf.h"
#include "codec/vn.h"
#include "office/leader/leader_int.h"

#define SVG_MAX   (256U * 1024U)
#define SPARK_W   120
#define SPARK_H   32
#define CELL_W    104
#define CELL_H    58
#define GRID_COLS 11
#define GRID_ROWS 9
#define NAME_MAX  14

static void
add_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            BUF_LIT(b, "&amp;");
            break;
        case '<':
            BUF_LIT(b, "&lt;");
            break;
        case '>':
            BUF_LIT(b, "&gt;");
            break;
        case '"':
            BUF_LIT(b, "&quot;");
            break;
        default:
            buf_add_char(b, s.p[i]);
        }
    }
}

struct str
leader_spark(struct ctx *cx, const int64_t *v, size_t n, struct str label)
{
    struct buf b = buf_new(cx->arena, SVG_MAX);
    int64_t max = 1;
    for (size_t i = 0; i < n; i++) {
        max = v[i] > max ? v[i] : max;
    }
    BUF_LIT(&b,
            "<svg class=\"spark\" viewBox=\"0 0 120 32\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"");
    add_escaped(&b, label);
    BUF_LIT(&b, "\"><polyline fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
                "vector-effect=\"non-scaling-stroke\" points=\"");
    for (size_t i = 0; i < n; i++) {
        int64_t x = n < 2 ? 0 : (int64_t)i * SPARK_W / (int64_t)(n - 1);
        int64_t at = v[i] < 0 ? 0 : v[i];
        int64_t y = SPARK_H - 2 - at * (SPARK_H - 4) / max;
        buf_addf(&b, "%s%" PRId64 ",%" PRId64, i == 0 ? "" : " ", x, y);
    }
    BUF_LIT(&b, "\"/></svg>");
    return buf_str(&b);
}

/* --- map ----------------------------------------------------------------------------------------
 */
struct frame {
    int32_t south, north, west, east;
};

static bool
has_place(const struct unit *u)
{
    return u != NULL && (u->lat_e6 != 0 || u->lon_e6 != 0);
}

static bool
frame_of(const struct leader_place *v, size_t n, struct frame *ret)
{
    bool is_any = false;
    for (size_t i = 0; i < n; i++) {
        const struct unit *u = v[i].unit;
        if (!has_place(u)) {
            continue;
        }
        if (!is_any) {
            *ret = (struct frame){ u->lat_e6, u->lat_e6, u->lon_e6, u->lon_e6 };
            is_any = true;
        }
        ret->south = u->lat_e6 < ret->south ? u->lat_e6 : ret->south;
        ret->north = u->lat_e6 > ret->north ? u->lat_e6 : ret->north;
        ret->west = u->lon_e6 < ret->west ? u->lon_e6 : ret->west;
        ret->east = u->lon_e6 > ret->east ? u->lon_e6 : ret->east;
    }
    return is_any;
}

static int32_t
cell_at(int32_t at, int32_t low, int32_t high, int32_t cells)
{
    return high == low ? 0 : (int32_t)((int64_t)(at - low) * (cells - 1) / (high - low));
}

/* The free cell nearest to the wanted one; false when the grid is full. */
static bool
nearest_free(bool (*taken)[GRID_COLS], int32_t row, int32_t col, int32_t *ret_row, int32_t *ret_col)
{
    int32_t best = INT32_MAX;
    for (int32_t r = 0; r < GRID_ROWS; r++) {
        for (int32_t c = 0; c < GRID_COLS; c++) {
            int32_t far = (r - row) * (r - row) + (c - col) * (c - col);
            if (!taken[r][c] && far < best) {
                best = far;
                *ret_row = r;
                *ret_col = c;
            }
        }
    }
    return best != INT32_MAX;
}

/* The name without its type word ("Xã", "Phường"), cut after whole characters. */
static struct str
short_name(struct ctx *cx, const struct leader_place *p)
{
    struct str s = unit_bare_name(cx->arena, p->name, p->unit->type);
    size_t chars = 0;
    size_t at = 0;
    while (at < s.n && chars < NAME_MAX) {
        at++;
        while (at < s.n && ((unsigned char)s.p[at] & 0xC0U) == 0x80U) {
            at++;
        }
        chars++;
    }
    return at == s.n ? s : str_cat(cx->arena, str_slice(s, 0, at), STR("…"));
}

static void
draw_tile(struct ctx *cx, struct buf *b, const struct leader_place *p, int32_t row, int32_t col)
{
    int32_t x = col * CELL_W;
    int32_t y = row * CELL_H;
    BUF_LIT(b, "<a href=\"");
    add_escaped(b, p->href);
    BUF_LIT(b, "\" class=\"geo-");
    add_escaped(b, p->kind);
    BUF_LIT(b, "\"><title>");
    add_escaped(b, p->name);
    buf_addf(b, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/>", x + 2,
             y + 2, CELL_W - 4, CELL_H - 4);
    buf_addf(b, "<text x=\"%d\" y=\"%d\">", x + 9, y + 23);
    add_escaped(b, short_name(cx, p));
    buf_addf(b, "</text><text class=\"geo-n\" x=\"%d\" y=\"%d\">", x + 9, y + 45);
    add_escaped(b, p->text);
    BUF_LIT(b, "</text></a>");
}

struct str
leader_map(struct ctx *cx, const struct leader_place *v, size_t n)
{
    struct frame f;
    bool taken[GRID_ROWS][GRID_COLS] = { 0 };
    struct buf b = buf_new(cx->arena, SVG_MAX);
    if (!frame_of(v, n, &f)) {
        return STR("");
    }
    buf_addf(&b, "<svg class=\"geo\" viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"",
             GRID_COLS * CELL_W, GRID_ROWS * CELL_H);
    add_escaped(&b, text(cx, "leader.map.label"));
    BUF_LIT(&b, "\">");
    for (size_t i = 0; i < n; i++) {
        int32_t row = 0;
        int32_t col = 0;
        if (!has_place(v[i].unit) ||
            !nearest_free(taken,
                          GRID_ROWS - 1 - cell_at(v[i].unit->lat_e6, f.south, f.north, GRID_ROWS),
                          cell_at(v[i].unit->lon_e6, f.west, f.east, GRID_COLS), &row, &col)) {
            continue;
        }
        taken[row][col] = true;
        draw_tile(cx, &b, &v[i], row, col);
    }
    BUF_LIT(&b, "</svg>");
    return buf_str(&b);
}
