/* calendar_pack.c: reads and checks the calendar folder of a pack. */
#include "engine/calendar/calendar_int.h"
#include "engine/unit/unit.h"

/* "07:30" to seconds. */
static bool
parse_time(struct str s, int32_t *ret)
{
    struct str h;
    struct str m;
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!str_cut(s, ':', &h, &m) || h.n == 0 || h.n > 2 || m.n != 2 ||
        !str_to_i64(h, 0, 24, &hours) || !str_to_i64(m, 0, 59, &minutes) ||
        hours * 60 + minutes > 24 * 60) {
        return false;
    }
    *ret = (int32_t)(hours * 3600 + minutes * 60);
    return true;
}

static int32_t
parse_weekday(struct pack_at at, uint32_t line, struct str s, int64_t min)
{
    int64_t v = 0;
    if (s.n != 0 && !str_to_i64(s, min, 7, &v)) {
        pack_load_faultf(at.l, at.file, line, "Ghi 1 cho thứ Hai đến 7 cho Chủ nhật",
                         "Thứ \"" STR_FMT "\" không hợp lệ", STR_ARG(s));
    }
    return (int32_t)v;
}

static struct calendar_hours *
hours_named(struct calendar *c, struct str name)
{
    for (size_t i = 0; i < c->n_hours; i++) {
        if (str_eq(c->hours[i].name, name)) {
            return &c->hours[i];
        }
    }
    return NULL;
}

static bool
is_overlap(const struct hours_row *x, const struct hours_row *y)
{
    return x->weekday == y->weekday && x->span.from_s < y->span.to_s &&
           y->span.from_s < x->span.to_s && x->from_day <= y->to_day && y->from_day <= x->to_day;
}

/* Keeps rows by weekday, then time. */
static void
insert_row(struct pack_at at, uint32_t line, struct calendar_hours *h, struct hours_row row)
{
    for (size_t i = 0; i < h->n_rows; i++) {
        if (is_overlap(&h->rows[i], &row)) {
            pack_load_faultf(
                at.l, at.file, line, "Sửa giờ hoặc ngày hiệu lực để các khoảng không chồng nhau",
                "Khoảng giờ chồng lên khoảng khác của lịch \"" STR_FMT "\"", STR_ARG(h->name));
        }
    }
    size_t i = h->n_rows++;
    for (; i > 0; i--) {
        const struct hours_row *before = &h->rows[i - 1];
        bool is_right = before->weekday < row.weekday ||
                        (before->weekday == row.weekday && before->span.from_s <= row.span.from_s);
        if (is_right) {
            break;
        }
        h->rows[i] = *before;
    }
    h->rows[i] = row;
}

static void
read_hours(struct pack_load *l, struct calendar *c)
{
    static const char *const required[] = { "calendar",   "weekday",  "from", "to",
                                            "valid_from", "valid_to", NULL };
    struct pack_csv csv;
    struct pack_at at = { l, STR("calendar/hours.csv") };
    if (!pack_load_csv(l, at.file, required, &csv)) {
        return;
    }
    c->hours = ARENA_ARRAY(pack_load_arena(l), struct calendar_hours, csv.n_rows + 1);
    for (size_t r = 0; r < csv.n_rows; r++) {
        uint32_t line = csv.lines[r];
        struct str name = pack_csv_get(&csv, r, "calendar");
        struct hours_row row = { .weekday =
                                     parse_weekday(at, line, pack_csv_get(&csv, r, "weekday"), 1) };
        row.from_day = pack_date(at, line, pack_csv_get(&csv, r, "valid_from"), PACK_DAY_MIN).day;
        row.to_day = pack_date(at, line, pack_csv_get(&csv, r, "valid_to"), PACK_DAY_MAX).day;
        bool is_time = parse_time(pack_csv_get(&csv, r, "from"), &row.span.from_s) &&
                       parse_time(pack_csv_get(&csv, r, "to"), &row.span.to_s);
        if (!is_time || row.span.from_s >= row.span.to_s || !pack_is_code(name)) {
            pack_load_faultf(l, at.file, line, "Ghi như: chung,1,07:30,11:30,,",
                             "Giờ làm việc không đọc được");
            continue;
        }
        struct calendar_hours *h = hours_named(c, name);
        if (h == NULL) {
            h = &c->hours[c->n_hours++];
            h->name = name;
            h->rows = ARENA_ARRAY(pack_load_arena(l), struct hours_row, csv.n_rows);
        }
        insert_row(at, line, h, row);
    }
}

static void
read_rule(struct pack_at at, const struct json *j, struct rule *r)
{
    static const char *const known[] = { "id",     "name",  "kind",      "month",   "day",
                                         "offset", "days",  "from_year", "to_year", "substitute",
                                         "basis",  "check", NULL };
    pack_json_known(at, j, known);
    (void)pack_json_str(at, j, "id", true);
    struct str kind = pack_json_str(at, j, "kind", true);
    r->name = pack_json_text(at, j, "name", true);
    r->is_lunar = str_eq(kind, STR("lunar"));
    if (!r->is_lunar && !str_eq(kind, STR("solar"))) {
        pack_load_faultf(at.l, at.file, j->line,
                         "Ghi \"solar\" (dương lịch) hoặc \"lunar\" (âm lịch)",
                         "Loại lịch \"" STR_FMT "\" không có", STR_ARG(kind));
    }
    r->month = (int32_t)pack_json_int(at, j, "month", 1, 12, 1);
    r->mday = (int32_t)pack_json_int(at, j, "day", 1, r->is_lunar ? 30 : 31, 1);
    r->offset = (int32_t)pack_json_int(at, j, "offset", -15, 15, 0);
    r->n_days = (int32_t)pack_json_int(at, j, "days", 1, 15, 1);
    r->from_year = (int32_t)pack_json_int(at, j, "from_year", 1900, 2200, 1900);
    r->to_year = (int32_t)pack_json_int(at, j, "to_year", 1900, 2200, 2200);
    r->has_substitute = pack_json_bool(at, j, "substitute", true);
    r->is_check = pack_json_bool(at, j, "check", false);
    if (json_get(j, "month") == NULL || json_get(j, "day") == NULL) {
        pack_load_faultf(at.l, at.file, j->line, "Ghi \"month\" và \"day\"",
                         "Ngày lễ thiếu tháng hoặc ngày");
    }
}

static void
read_rules(struct pack_load *l, struct calendar *c)
{
    static const char *const known[] = { "rules", NULL };
    struct pack_at at = { l, STR("calendar/holidays.json") };
    const struct json *root = pack_load_json(l, at.file, false);
    if (root == NULL) {
        return;
    }
    pack_json_known(at, root, known);
    const struct json *list = json_get(root, "rules");
    if (list == NULL || list->type != JSON_LIST || list->n > 200) {
        pack_load_faultf(l, at.file, root->line, "Ghi {\"rules\": [...]}, nhiều nhất 200 ngày lễ",
                         "Thiếu danh sách ngày lễ");
        return;
    }
    c->rules = ARENA_ARRAY(pack_load_arena(l), struct rule, list->n + 1U);
    for (JSON_EACH(list, it)) {
        read_rule(at, it, &c->rules[c->n_rules++]);
    }
}

static int
override_cmp(const void *x, const void *y)
{
    const struct override *a = x;
    const struct override *b = y;
    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    return -str_cmp(a->calendar, b->calendar); /* the general one (empty) last */
}

static void
check_overrides(struct pack_at at, const struct calendar *c)
{
    for (size_t i = 1; i < c->n_overrides; i++) {
        const struct override *o = &c->overrides[i];
        if (override_cmp(o, o - 1) == 0) {
            pack_load_faultf(at.l, at.file, o->line > o[-1].line ? o->line : o[-1].line,
                             "Chỉ giữ một dòng cho mỗi ngày", "Ngày này đã có một dòng khác");
        }
    }
}

static struct override
read_override(struct pack_at at, const struct calendar *c, const struct pack_csv *csv, size_t r)
{
    static const char *const kinds[] = { "off", "work", "hours" };
    uint32_t line = csv->lines[r];
    struct str kind = pack_csv_get(csv, r, "kind");
    struct override o = { .line = line };
    size_t k = 0;
    while (k < COUNT_OF(kinds) && !str_eq(kind, str_of(kinds[k]))) {
        k++;
    }
    if (k == COUNT_OF(kinds)) {
        pack_load_faultf(at.l, at.file, line, "Ghi off (nghỉ), work (làm bù) hoặc hours (giờ khác)",
                         "Loại \"" STR_FMT "\" không có", STR_ARG(kind));
    }
    o.kind = k == 1 ? OVERRIDE_WORK : k == 2 ? OVERRIDE_HOURS : OVERRIDE_OFF;
    o.day = pack_date(at, line, pack_csv_get(csv, r, "date"), PACK_DAY_MIN).day;
    o.why.vi = pack_csv_get(csv, r, "name_vi");
    o.why.en = pack_csv_get(csv, r, "name_en");
    o.as = parse_weekday(at, line, pack_csv_get(csv, r, "as"), 1);
    o.calendar = pack_csv_get(csv, r, "calendar");
    o.is_check = pack_csv_get(csv, r, "check").n != 0;
    if (o.day == PACK_DAY_MIN || o.why.vi.n == 0) {
        pack_load_faultf(at.l, at.file, line, "Ghi cả ngày và tên", "Thiếu ngày hoặc tên ngày");
    }
    if (o.calendar.n != 0) {
        size_t i = 0;
        while (i < c->n_hours && !str_eq(c->hours[i].name, o.calendar)) {
            i++;
        }
        if (i == c->n_hours) {
            pack_load_faultf(at.l, at.file, line,
                             "Dùng tên lịch có trong hours.csv, hoặc để trống cho mọi lịch",
                             "Không có lịch \"" STR_FMT "\"", STR_ARG(o.calendar));
        }
    }
    return o;
}

static void
read_overrides(struct pack_load *l, struct calendar *c)
{
    static const char *const required[] = { "date", "kind",     "name_vi", "name_en",
                                            "as",   "calendar", "check",   NULL };
    struct pack_csv csv;
    struct pack_at at = { l, STR("calendar/overrides.csv") };
    if (!pack_load_csv(l, at.file, required, &csv)) {
        return;
    }
    c->overrides = ARENA_ARRAY(pack_load_arena(l), struct override, csv.n_rows + 1);
    for (size_t r = 0; r < csv.n_rows; r++) {
        c->overrides[c->n_overrides++] = read_override(at, c, &csv, r);
    }
    if (c->n_overrides > 1) {
        qsort(c->overrides, c->n_overrides, sizeof(c->overrides[0]), override_cmp);
    }
    check_overrides(at, c);
}

static int
unit_cmp(const void *x, const void *y)
{
    const struct unit_calendar *a = x;
    const struct unit_calendar *b = y;
    int by_unit = str_cmp(a->unit, b->unit);
    return by_unit != 0 ? by_unit : a->from_day < b->from_day ? -1 : a->from_day > b->from_day;
}

static void
read_units(struct pack_load *l, struct calendar *c)
{
    static const char *const required[] = { "unit", "calendar", "valid_from", "valid_to", NULL };
    struct pack_csv csv;
    struct pack_at at = { l, STR("calendar/unit-calendars.csv") };
    if (!pack_load_csv(l, at.file, required, &csv)) {
        return;
    }
    c->units = ARENA_ARRAY(pack_load_arena(l), struct unit_calendar, csv.n_rows + 1);
    for (size_t r = 0; r < csv.n_rows; r++) {
        uint32_t line = csv.lines[r];
        struct unit_calendar *u = &c->units[c->n_units];
        struct str name = pack_csv_get(&csv, r, "calendar");
        u->unit = pack_csv_get(&csv, r, "unit");
        u->hours = hours_named(c, name);
        u->from_day = pack_date(at, line, pack_csv_get(&csv, r, "valid_from"), PACK_DAY_MIN).day;
        u->to_day = pack_date(at, line, pack_csv_get(&csv, r, "valid_to"), PACK_DAY_MAX).day;
        if (u->hours == NULL) {
            pack_load_faultf(l, at.file, line, "Dùng tên lịch có trong hours.csv",
                             "Không có lịch \"" STR_FMT "\"", STR_ARG(name));
            continue;
        }
        if (!unit_pack_has_code(l, u->unit)) {
            pack_load_faultf(l, at.file, line,
                             "Dùng mã đơn vị có trong units.csv hoặc departments.csv",
                             "Không có đơn vị \"" STR_FMT "\"", STR_ARG(u->unit));
        }
        c->n_units++;
    }
    if (c->n_units > 1) {
        qsort(c->units, c->n_units, sizeof(c->units[0]), unit_cmp);
    }
}

void
calendar_pack_part(struct pack_load *l)
{
    struct calendar *c = ARENA_NEW(pack_load_arena(l), struct calendar);
    read_hours(l, c);
    const struct pack_site *site = pack_site(pack_load_target(l));
    struct str standard = site != NULL ? site->calendar : STR("");
    c->standard = hours_named(c, standard);
    if (c->standard == NULL) {
        pack_load_faultf(l, STR("pack.json"), 0,
                         "Ghi \"calendar\" bằng một tên lịch trong calendar/hours.csv",
                         "Không có lịch \"" STR_FMT "\"", STR_ARG(standard));
    }
    read_rules(l, c);
    read_overrides(l, c);
    read_units(l, c);
    calendar_compute_specials(pack_load_arena(l), c);
    pack_load_target(l)->slot[PACK_CALENDAR] = c;
}
