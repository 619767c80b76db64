/* unit_pack.c: reads and checks units, departments and successions of a pack. */
#include "engine/unit/unit_int.h"

#include "codec/vn.h"

struct draft { /* a unit with what is needed only while loading */
    struct unit u;
    struct str file;
    uint32_t line;
    struct str sort;
};
struct drafts {
    struct draft *v;
    size_t n;
};

/* "11.5097" times a million. False: not a decimal within the limit. */
static bool
parse_micro(struct str s, int64_t max_whole, int64_t *ret)
{
    struct str whole = s;
    struct str part = STR_NULL;
    int64_t w = 0;
    int64_t f = 0;
    *ret = 0;
    if (s.n == 0) {
        return true;
    }
    (void)str_cut(s, '.', &whole, &part);
    if (!str_to_i64(whole, 0, max_whole, &w) || part.n > 6 ||
        (part.n > 0 && !str_to_i64(part, 0, 999999, &f))) {
        return false;
    }
    for (size_t i = part.n; part.n > 0 && i < 6; i++) {
        f *= 10;
    }
    *ret = w * 1000000 + f;
    return true;
}

static void
read_place(struct pack_at at, const struct pack_csv *csv, size_t r, struct unit *u)
{
    int64_t lat = 0;
    int64_t lon = 0;
    bool is_fine = parse_micro(pack_csv_get(csv, r, "lat"), 89, &lat) &&
                   parse_micro(pack_csv_get(csv, r, "lon"), 179, &lon) &&
                   parse_micro(pack_csv_get(csv, r, "area_km2"), 1000000, &u->area_m2);
    if (!is_fine) {
        pack_load_faultf(at.l, at.file, csv->lines[r],
                         "Ghi số thập phân với dấu chấm, như 11.5097 và 106.8765",
                         "Tọa độ hoặc diện tích không đọc được");
    }
    u->lat_e6 = (int32_t)lat;
    u->lon_e6 = (int32_t)lon;
}

static struct str
unit_key(struct arena *a, const struct unit *u)
{
    struct str from = u->from.day == PACK_DAY_MIN ? STR("") : date_iso(a, u->from);
    return str_fmt(a, STR_FMT "@" STR_FMT, STR_ARG(u->code), STR_ARG(from));
}

static void
read_unit(struct pack_at at, const struct pack_csv *csv, size_t r, struct draft *d)
{
    struct arena *a = pack_load_arena(at.l);
    uint32_t line = csv->lines[r];
    struct unit *u = &d->u;
    u->code = pack_csv_get(csv, r, "code");
    u->name.vi = pack_csv_get(csv, r, "name");
    u->name.en = pack_csv_get(csv, r, "name_en");
    u->name.en = u->name.en.n != 0 ? u->name.en : u->name.vi;
    u->type = pack_csv_get(csv, r, "type");
    u->parent = pack_csv_get(csv, r, "parent");
    u->from = pack_date(at, line, pack_csv_get(csv, r, "valid_from"), PACK_DAY_MIN);
    u->to = pack_date(at, line, pack_csv_get(csv, r, "valid_to"), PACK_DAY_MAX);
    u->agency_code = pack_csv_get(csv, r, "agency_code");
    u->is_check = pack_csv_get(csv, r, "check").n != 0;
    struct str level = pack_csv_get(csv, r, "level");
    if (!unit_level_parse(level, &u->level)) {
        pack_load_faultf(at.l, at.file, line,
                         "Dùng province, district, commune, department hoặc division",
                         "Cấp \"" STR_FMT "\" không có", STR_ARG(level));
    }
    if (!pack_is_code(u->code) || u->name.vi.n == 0) {
        pack_load_faultf(at.l, at.file, line, "Ghi mã (chữ không dấu, số, gạch nối) và tên đơn vị",
                         "Đơn vị thiếu mã, thiếu tên hoặc mã có ký tự lạ");
    }
    if (u->agency_code.n != 0 && !unit_agency_code_is_valid(u->agency_code)) {
        pack_load_faultf(at.l, at.file, line,
                         "Ghi mã định danh như H19.40 (Quyết định 20/2020/QĐ-TTg), hoặc để trống",
                         "Mã định danh \"" STR_FMT "\" sai mẫu", STR_ARG(u->agency_code));
    }
    if (u->from.day > u->to.day) {
        pack_load_faultf(at.l, at.file, line, "Sửa valid_from hoặc valid_to",
                         "Ngày bắt đầu sau ngày kết thúc");
    }
    u->kind = u->level >= UNIT_DEPARTMENT ? u->type : STR("");
    read_place(at, csv, r, u);
    u->key = unit_key(a, u);
    d->file = at.file;
    d->line = line;
    d->sort = vn_sort_key(a, unit_bare_name(a, u->name.vi, u->type));
}

static void
read_file(struct pack_load *l, struct str path, struct drafts *all)
{
    static const char *const required[] = { "code",   "name",       "name_en",  "type", "level",
                                            "parent", "valid_from", "valid_to", NULL };
    struct pack_csv csv;
    struct pack_at at = { l, path };
    if (!pack_load_csv(l, path, required, &csv)) {
        return;
    }
    struct draft *v =
        ARENA_ARRAY(pack_load_arena(l), struct draft, size_add(all->n, csv.n_rows + 1));
    for (size_t i = 0; i < all->n; i++) {
        v[i] = all->v[i];
    }
    all->v = v;
    for (size_t r = 0; r < csv.n_rows; r++) {
        read_unit(at, &csv, r, &v[all->n++]);
    }
}

static int
draft_cmp(const void *x, const void *y)
{
    const struct draft *a = x;
    const struct draft *b = y;
    int by_code = str_cmp(a->u.code, b->u.code);
    return by_code != 0 ? by_code : date_cmp(a->u.from, b->u.from);
}

/* --- checks ----------------------------------------------------------------------------------- */

static void
check_overlap(struct pack_load *l, const struct drafts *all)
{
    for (size_t i = 1; i < all->n; i++) {
        const struct draft *d = &all->v[i];
        const struct draft *before = d - 1;
        if (str_eq(d->u.code, before->u.code) && d->u.from.day <= before->u.to.day) {
            pack_load_faultf(
                l, d->file, d->line,
                "Ghi valid_to của dòng cũ là ngày ngay trước valid_from của dòng mới, hoặc đổi mã",
                "Mã \"" STR_FMT "\" có hai đơn vị cùng một thời gian", STR_ARG(d->u.code));
        }
    }
}

static void
check_parent(struct pack_load *l, const struct units *us, const struct draft *d)
{
    if (d->u.parent.n == 0) {
        if (d->u.level != UNIT_PROVINCE) {
            pack_load_faultf(l, d->file, d->line, "Ghi mã đơn vị cấp trên vào cột parent",
                             "Đơn vị \"" STR_FMT "\" không có cấp trên", STR_ARG(d->u.code));
        }
        return;
    }
    /* An open beginning means "known since the records begin": the parent of its last day will do.
     */
    struct date first = { d->u.from.day == PACK_DAY_MIN ? d->u.to.day : d->u.from.day };
    const struct unit *p = unit_find(us, d->u.parent, first);
    if (p == NULL || unit_find(us, d->u.parent, d->u.to) == NULL) {
        pack_load_faultf(
            l, d->file, d->line, "Sửa mã ở cột parent hoặc ngày hiệu lực của một trong hai đơn vị",
            "Cấp trên \"" STR_FMT "\" không có hoặc không còn hiệu lực trong thời gian của đơn vị",
            STR_ARG(d->u.parent));
    } else if (p->level >= d->u.level) {
        pack_load_faultf(l, d->file, d->line, "Cấp trên phải ở cấp cao hơn",
                         "Cấp trên \"" STR_FMT "\" không cao hơn đơn vị", STR_ARG(d->u.parent));
    }
}

static void
check_successor(struct pack_load *l, const struct units *us, const struct draft *d, uint32_t at)
{
    if (d->u.to.day >= PACK_DAY_MAX || d->u.level > UNIT_COMMUNE) {
        return;
    }
    size_t i = unit_first_link(us, false, at);
    bool has_row = i < us->n_links && us->forward[i].from == at;
    bool goes_on = at + 1U < us->n && str_eq(us->v[at + 1U].code, d->u.code);
    if (!has_row && !goes_on) {
        pack_load_faultf(
            l, d->file, d->line, "Ghi các đơn vị nhận bàn giao vào units/successions.csv",
            "Đơn vị \"" STR_FMT "\" kết thúc mà không có đơn vị kế tục", STR_ARG(d->u.code));
    }
}

/* --- successions ------------------------------------------------------------------------------ */

/* The unit with this code whose last (or first) day is the given one. */
static const struct unit *
find_end(const struct units *us, struct str code, struct date day, bool is_last)
{
    for (size_t i = unit_first(us, code); i < us->n && str_eq(us->v[i].code, code); i++) {
        if ((is_last ? us->v[i].to.day : us->v[i].from.day) == day.day) {
            return &us->v[i];
        }
    }
    return NULL;
}

static bool
is_kind(struct str s)
{
    return str_eq(s, STR("merge")) || str_eq(s, STR("split")) || str_eq(s, STR("retype")) ||
           str_eq(s, STR("abolish"));
}

static void
read_link(struct pack_at at, const struct pack_csv *csv, size_t r, struct units *us)
{
    uint32_t line = csv->lines[r];
    struct str from_code = pack_csv_get(csv, r, "from_code");
    struct str to_code = pack_csv_get(csv, r, "to_code");
    struct date last = pack_date(at, line, pack_csv_get(csv, r, "from_valid_to"), PACK_DAY_MAX);
    struct date first = pack_date(at, line, pack_csv_get(csv, r, "to_valid_from"), PACK_DAY_MIN);
    const struct unit *from = find_end(us, from_code, last, true);
    const struct unit *to = find_end(us, to_code, first, false);
    struct str kind = pack_csv_get(csv, r, "kind");
    if (!is_kind(kind)) {
        pack_load_faultf(at.l, at.file, line, "Dùng merge, split, retype hoặc abolish",
                         "Loại \"" STR_FMT "\" không có", STR_ARG(kind));
    }
    if (from == NULL || to == NULL) {
        pack_load_faultf(at.l, at.file, line, "Mã và ngày phải trùng với một dòng trong units.csv",
                         "Không có đơn vị \"" STR_FMT "\" %s ngày ấy",
                         STR_ARG(from == NULL ? from_code : to_code),
                         from == NULL ? "kết thúc" : "bắt đầu");
        return;
    }
    if (last.day + 1 != first.day) {
        pack_load_faultf(at.l, at.file, line,
                         "Đơn vị mới bắt đầu vào ngày ngay sau ngày cuối của đơn vị cũ",
                         "Có khoảng trống hoặc chồng ngày giữa hai đơn vị");
    }
    us->forward[us->n_links++] =
        (struct unit_link){ (uint32_t)(from - us->v), (uint32_t)(to - us->v), kind };
}

static int
forward_cmp(const void *x, const void *y)
{
    const struct unit_link *a = x;
    const struct unit_link *b = y;
    if (a->from != b->from) {
        return a->from < b->from ? -1 : 1;
    }
    return a->to < b->to ? -1 : a->to > b->to;
}

static int
backward_cmp(const void *x, const void *y)
{
    const struct unit_link *a = x;
    const struct unit_link *b = y;
    if (a->to != b->to) {
        return a->to < b->to ? -1 : 1;
    }
    return a->from < b->from ? -1 : a->from > b->from;
}

static void
read_links(struct pack_load *l, struct units *us)
{
    static const char *const required[] = { "from_code",     "from_valid_to", "to_code",
                                            "to_valid_from", "kind",          NULL };
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("units/successions"), STR(".csv"), &paths);
    for (size_t i = 0; i < n; i++) {
        struct pack_csv csv;
        if (!pack_load_csv(l, paths[i], required, &csv)) {
            continue;
        }
        struct unit_link *v =
            ARENA_ARRAY(pack_load_arena(l), struct unit_link, us->n_links + csv.n_rows + 1);
        for (size_t k = 0; k < us->n_links; k++) {
            v[k] = us->forward[k];
        }
        us->forward = v;
        for (size_t r = 0; r < csv.n_rows; r++) {
            read_link((struct pack_at){ l, paths[i] }, &csv, r, us);
        }
    }
    us->backward = ARENA_ARRAY(pack_load_arena(l), struct unit_link, us->n_links + 1);
    for (size_t i = 0; i < us->n_links; i++) {
        us->backward[i] = us->forward[i];
    }
    if (us->n_links > 1) {
        qsort(us->forward, us->n_links, sizeof(us->forward[0]), forward_cmp);
        qsort(us->backward, us->n_links, sizeof(us->backward[0]), backward_cmp);
    }
}

/* --- indexes ---------------------------------------------------------------------------------- */

struct sort_entry {
    struct str first, second;
    uint32_t at;
};

static int
sort_entry_cmp(const void *x, const void *y)
{
    const struct sort_entry *a = x;
    const struct sort_entry *b = y;
    int c = str_cmp(a->first, b->first);
    c = c != 0 ? c : str_cmp(a->second, b->second);
    return c != 0 ? c : a->at < b->at ? -1 : a->at > b->at;
}

static uint32_t *
sorted_places(struct arena *a, const struct drafts *all, bool is_by_parent)
{
    struct sort_entry *v = ARENA_ARRAY(a, struct sort_entry, all->n + 1);
    uint32_t *places = ARENA_ARRAY(a, uint32_t, all->n + 1);
    for (size_t i = 0; i < all->n; i++) {
        struct str parent = is_by_parent ? all->v[i].u.parent : STR("");
        v[i] = (struct sort_entry){ parent, all->v[i].sort, (uint32_t)i };
    }
    if (all->n > 1) {
        qsort(v, all->n, sizeof(v[0]), sort_entry_cmp);
    }
    for (size_t i = 0; i < all->n; i++) {
        places[i] = v[i].at;
    }
    return places;
}

static int
name_cmp(const void *x, const void *y)
{
    const struct unit_name_entry *a = x;
    const struct unit_name_entry *b = y;
    int c = str_cmp(a->key, b->key);
    return c != 0 ? c : a->at < b->at ? -1 : a->at > b->at;
}

static void
index_names(struct arena *a, struct units *us)
{
    us->names = ARENA_ARRAY(a, struct unit_name_entry, us->n * 4 + 1);
    struct arena *work = arena_open(0);
    for (size_t i = 0; i < us->n; i++) {
        const struct unit *u = &us->v[i];
        arena_reset(work);
        struct str bare = unit_bare_name(work, u->name.vi, u->type);
        struct str keys[] = { vn_name_key(work, u->name.vi), vn_name_key(work, bare),
                              vn_search_key(work, u->name.vi), vn_search_key(work, bare) };
        for (size_t k = 0; k < COUNT_OF(keys); k++) {
            us->names[us->n_names++] = (struct unit_name_entry){ str_dup(a, keys[k]), (uint32_t)i };
        }
    }
    arena_close(work);
    if (us->n_names > 1) {
        qsort(us->names, us->n_names, sizeof(us->names[0]), name_cmp);
    }
}

static void
check_all(struct pack_load *l, const struct units *us, const struct drafts *all)
{
    check_overlap(l, all);
    for (size_t i = 0; i < all->n; i++) {
        check_parent(l, us, &all->v[i]);
        check_successor(l, us, &all->v[i], (uint32_t)i);
    }
    for (size_t i = 0; us->site != NULL && i < us->site->n_provinces; i++) {
        struct str code = us->site->provinces[i].unit;
        if (!unit_pack_has_code(l, code)) {
            pack_load_faultf(l, STR("pack.json"), 0, "Dùng mã có trong units.csv",
                             "Không có đơn vị cấp tỉnh \"" STR_FMT "\"", STR_ARG(code));
        }
    }
}

void
unit_pack_part(struct pack_load *l)
{
    struct arena *a = pack_load_arena(l);
    struct units *us = ARENA_NEW(a, struct units);
    struct drafts all = { 0 };
    struct str *paths = NULL;
    if (pack_load_file(l, STR("units/units.csv")).p == NULL) {
        pack_load_faultf(l, STR("units/units.csv"), 0, "Thêm tệp này; doc/pack.md ghi các cột",
                         "Thiếu tệp");
    }
    size_t n = pack_load_list(l, STR("units/units"), STR(".csv"), &paths);
    for (size_t i = 0; i < n; i++) {
        read_file(l, paths[i], &all);
    }
    n = pack_load_list(l, STR("units/departments"), STR(".csv"), &paths);
    for (size_t i = 0; i < n; i++) {
        read_file(l, paths[i], &all);
    }
    if (all.n > 1) {
        qsort(all.v, all.n, sizeof(all.v[0]), draft_cmp);
    }
    us->site = pack_site(pack_load_target(l));
    us->n = all.n;
    us->v = ARENA_ARRAY(a, struct unit, all.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        us->v[i] = all.v[i].u;
    }
    us->by_name = sorted_places(a, &all, false);
    us->by_parent = sorted_places(a, &all, true);
    index_names(a, us);
    read_links(l, us);
    pack_load_target(l)->slot[PACK_UNITS] = us;
    check_all(l, us, &all);
}

bool
unit_pack_has_code(struct pack_load *l, struct str code)
{
    const struct units *us = pack_load_target(l)->slot[PACK_UNITS];
    size_t i = us != NULL ? unit_first(us, code) : 0;
    return us != NULL && i < us->n && str_eq(us->v[i].code, code);
}

bool
unit_pack_has_kind(struct pack_load *l, struct str kind)
{
    const struct units *us = pack_load_target(l)->slot[PACK_UNITS];
    for (size_t i = 0; us != NULL && i < us->n; i++) {
        if (str_eq(us->v[i].kind, kind)) {
            return true;
        }
    }
    return false;
}
