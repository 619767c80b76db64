/* pack_site.c: the parts this module owns: pack.json and texts/<lang>.txt. */
#include "engine/pack/pack_int.h"

#include "web/web.h"

/* --- pack.json -------------------------------------------------------------------------------- */

static const char *const site_keys[] = {
    "id",
    "name",
    "short_name",
    "line",
    "notes",
    "province",
    "default_unit",
    "languages",
    "time_zone",
    "dossier_number",
    "tracking_code_length",
    "calendar",
    "react_working_hours",
    "hotline",
    "emergency",
    "contact",
    "national_portal",
    "level_kinds",
    "bank_accounts",
    "generated",
    "check",
    NULL,
};

static void
read_provinces(struct pack_at at, const struct json *root, struct pack_site *s)
{
    static const char *const known[] = { "unit", "valid_from", "valid_to", NULL };
    const struct json *list = json_get(root, "province");
    if (list == NULL || list->type != JSON_LIST || list->n == 0) {
        pack_load_faultf(at.l, at.file, root->line,
                         "Ghi \"province\": [{\"unit\": \"75\", \"valid_from\": \"2025-07-01\"}]",
                         "Thiếu mã đơn vị cấp tỉnh");
        return;
    }
    struct pack_province *v = ARENA_ARRAY(pack_load_arena(at.l), struct pack_province, list->n);
    size_t n = 0;
    for (JSON_EACH(list, it)) {
        pack_json_known(at, it, known);
        v[n].unit = pack_json_str(at, it, "unit", true);
        v[n].from_day =
            pack_date(at, it->line, pack_json_str(at, it, "valid_from", false), PACK_DAY_MIN).day;
        v[n++].to_day =
            pack_date(at, it->line, pack_json_str(at, it, "valid_to", false), PACK_DAY_MAX).day;
    }
    s->provinces = v;
    s->n_provinces = n;
}

static void
read_number(struct pack_at at, const struct json *root, struct pack_site *s)
{
    static const char *const known[] = { "format", "seq_digits", "valid_from", "check", NULL };
    const struct json *j = json_get(root, "dossier_number");
    s->number_format = STR("{agency}-{yymmdd}-{seq}");
    s->number_digits = 4;
    if (j == NULL) {
        return;
    }
    pack_json_known(at, j, known);
    struct str format = pack_json_str(at, j, "format", false);
    s->number_format = format.n != 0 ? format : s->number_format;
    s->number_digits = (int32_t)pack_json_int(at, j, "seq_digits", 4, 7, 4);
    s->is_number_check = pack_json_bool(at, j, "check", false);
    struct str f = s->number_format;
    bool has_day = str_find(f, STR("{yymmdd}")) < f.n || str_find(f, STR("{yyyymmdd}")) < f.n;
    bool has_unit = str_find(f, STR("{agency}")) < f.n || str_find(f, STR("{unit}")) < f.n;
    if (!has_day || !has_unit || str_find(f, STR("{seq}")) == f.n) {
        pack_load_faultf(at.l, at.file, j->line, "Ghi như \"{agency}-{yymmdd}-{seq}\"",
                         "Mẫu số hồ sơ phải có đơn vị, ngày và số thứ tự");
    }
}

static void
read_contact(struct pack_at at, const struct json *root, struct pack_site *s)
{
    static const char *const known[] = { "address", "email", "phone", "check", NULL };
    const struct json *j = json_get(root, "contact");
    pack_json_known(at, j, known);
    s->address = pack_json_text(at, j, "address", false);
    s->email = pack_json_str(at, j, "email", false);
    s->phone = pack_json_str(at, j, "phone", false);
    s->is_contact_check = pack_json_bool(at, j, "check", false);
}

static bool
is_digits(struct str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n >= min && s.n <= max;
}

static void
read_banks(struct pack_at at, const struct json *root, struct pack_site *s)
{
    static const char *const known[] = { "unit", "bank_bin", "number", "name", "check", NULL };
    const struct json *list = json_get(root, "bank_accounts");
    if (list == NULL || list->type != JSON_LIST) {
        return;
    }
    struct pack_bank *v = ARENA_ARRAY(pack_load_arena(at.l), struct pack_bank, list->n + 1U);
    for (JSON_EACH(list, it)) {
        struct pack_bank *b = &v[s->n_banks++];
        pack_json_known(at, it, known);
        *b = (struct pack_bank){ .unit = pack_json_str(at, it, "unit", false),
                                 .bin = pack_json_str(at, it, "bank_bin", true),
                                 .number = pack_json_str(at, it, "number", true),
                                 .name = pack_json_str(at, it, "name", true),
                                 .is_check = pack_json_bool(at, it, "check", false) };
        if (!is_digits(b->bin, 6, 6) || !is_digits(b->number, 1, 19)) {
            pack_load_faultf(at.l, at.file, it->line,
                             "bank_bin có 6 chữ số, number có 1 đến 19 chữ số",
                             "Tài khoản ngân hàng \"" STR_FMT "\" sai", STR_ARG(b->number));
        }
    }
    s->banks = v;
}

const struct pack_bank *
pack_bank_of(const struct pack *p, struct str unit_code)
{
    const struct pack_site *s = pack_site(p);
    const struct pack_bank *common = NULL;
    for (size_t i = 0; s != NULL && i < s->n_banks; i++) {
        if (str_eq(s->banks[i].unit, unit_code)) {
            return &s->banks[i];
        }
        common = str_is_empty(s->banks[i].unit) ? &s->banks[i] : common;
    }
    return common;
}

static void
read_emergency(struct pack_at at, const struct json *root, struct pack_site *s)
{
    static const char *const known[] = { "number", "name", NULL };
    const struct json *list = json_get(root, "emergency");
    if (list == NULL || list->type != JSON_LIST) {
        return;
    }
    struct pack_emergency *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct pack_emergency, list->n + 1U);
    for (JSON_EACH(list, it)) {
        pack_json_known(at, it, known);
        v[s->n_emergency].number = pack_json_str(at, it, "number", true);
        v[s->n_emergency++].name = pack_json_text(at, it, "name", true);
    }
    s->emergency = v;
}

static void
read_level_kinds(struct pack_at at, const struct json *root, struct pack_site *s)
{
    const struct json *obj = json_get(root, "level_kinds");
    if (obj == NULL || obj->type != JSON_OBJECT) {
        return;
    }
    struct pack_level_kinds *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct pack_level_kinds, obj->n + 1U);
    for (JSON_EACH(obj, it)) {
        struct pack_level_kinds *k = &v[s->n_level_kinds++];
        k->level = it->key;
        char *key = str_z(pack_load_arena(at.l), it->key);
        k->n = pack_json_strs(at, obj, key, &k->kinds);
    }
    s->level_kinds = v;
}

static void
read_head(struct pack_at at, const struct json *root, struct pack_site *s)
{
    s->id = pack_json_str(at, root, "id", true);
    if (s->id.n != 0 && !pack_is_code(s->id)) {
        pack_load_faultf(at.l, at.file, root->line,
                         "Dùng chữ không dấu, số và gạch nối: \"binh-phuoc\"",
                         "Mã gói \"" STR_FMT "\" có ký tự lạ", STR_ARG(s->id));
    }
    s->name = pack_json_text(at, root, "name", true);
    s->short_name = pack_json_text(at, root, "short_name", false);
    s->short_name = s->short_name.vi.n != 0 ? s->short_name : s->name;
    s->line = pack_json_text(at, root, "line", false);
    s->notes = pack_json_text(at, root, "notes", false);
    s->default_unit = pack_json_str(at, root, "default_unit", false);
    s->calendar = pack_json_str(at, root, "calendar", true);
    s->tracking_code_length = (int32_t)pack_json_int(at, root, "tracking_code_length", 8, 20, 8);
    s->react_work_s = (int32_t)pack_json_int(at, root, "react_working_hours", 1, 80, 8) * 3600;
    s->hotline = pack_json_str(at, root, "hotline", false);
    s->national_portal = pack_json_str(at, root, "national_portal", false);
    s->is_generated = pack_json_bool(at, root, "generated", false);
}

void
pack_part_site(struct pack_load *l)
{
    struct pack_at at = { l, STR("pack.json") };
    const struct json *root = pack_load_json(l, at.file, true);
    struct pack_site *s = ARENA_NEW(l->pack->arena, struct pack_site);
    *s = (struct pack_site){ .calendar = STR(""),
                             .number_format = STR("{agency}-{yymmdd}-{seq}"),
                             .number_digits = 4,
                             .tracking_code_length = 8,
                             .react_work_s = 8 * 3600 };
    l->pack->slot[PACK_SITE] = s;
    if (root == NULL) {
        return;
    }
    pack_json_known(at, root, site_keys);
    read_head(at, root, s);
    read_provinces(at, root, s);
    read_number(at, root, s);
    read_contact(at, root, s);
    read_emergency(at, root, s);
    read_banks(at, root, s);
    read_level_kinds(at, root, s);
}

const struct pack_site *
pack_site(const struct pack *p)
{
    return p != NULL ? p->slot[PACK_SITE] : NULL;
}

struct str
pack_province_at(const struct pack *p, struct date on)
{
    const struct pack_site *s = pack_site(p);
    for (size_t i = 0; s != NULL && i < s->n_provinces; i++) {
        if (on.day >= s->provinces[i].from_day && on.day <= s->provinces[i].to_day) {
            return s->provinces[i].unit;
        }
    }
    return STR_NULL;
}

/* --- texts/<lang>.txt: "key = text" lines ----------------------------------------------------- */

static void
read_texts(struct pack_load *l, struct texts *t, struct str path)
{
    struct str lang = str_slice(path, sizeof("texts/") - 1, path.n - 4);
    struct str rest = pack_load_file(l, path);
    struct str line;
    uint32_t no = 0;
    while (str_next(&rest, '\n', &line)) {
        no++;
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        struct str key;
        struct str value;
        if (!str_cut(line, '=', &key, &value) || !pack_is_code(str_trim(key))) {
            pack_load_faultf(l, path, no, "Ghi dạng: tên.mục = lời văn",
                             "Dòng không có tên mục và dấu =");
        } else if (!web_texts_set(t, lang, str_trim(key), str_trim(value))) {
            pack_load_faultf(l, path, no,
                             "Chép đúng tên mục và các chỗ {…} từ lời văn có sẵn của chương trình",
                             "Không thay được \"" STR_FMT "\": không có mục này, hoặc thừa chỗ {…}",
                             STR_ARG(str_trim(key)));
        }
    }
}

void
pack_part_texts(struct pack_load *l)
{
    struct texts *t = web_texts_new(l->pack->arena);
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("texts/"), STR(".txt"), &paths);
    for (size_t i = 0; i < n; i++) {
        read_texts(l, t, paths[i]);
    }
    l->pack->slot[PACK_TEXTS] = t;
}

const struct texts *
pack_texts(const struct pack *p)
{
    return p != NULL ? p->slot[PACK_TEXTS] : NULL;
}
