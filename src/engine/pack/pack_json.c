/* pack_json.c: checked readers of values in a pack; each fault says what to write instead. */
#include "engine/pack/pack_int.h"

void
pack_json_known(struct pack_at at, const struct json *obj, const char *const *known)
{
    for (JSON_EACH(obj, it)) {
        size_t i = 0;
        while (known[i] != NULL && !str_eq(it->key, str_of(known[i]))) {
            i++;
        }
        if (known[i] == NULL) {
            pack_load_faultf(at.l, at.file, it->line,
                             "Sửa chính tả tên mục hoặc bỏ mục này; doc/pack.md ghi đủ tên mục",
                             "Không có mục tên \"" STR_FMT "\"", STR_ARG(it->key));
        }
    }
}

static bool
is_absent(const struct json *j)
{
    return j == NULL || j->type == JSON_NULL;
}

static uint32_t
line_near(const struct json *j, const struct json *obj)
{
    return j != NULL ? j->line : obj != NULL ? obj->line : 0;
}

static void
fault_missing(struct pack_at at, const struct json *obj, const char *key)
{
    pack_load_faultf(at.l, at.file, line_near(NULL, obj), "Ghi thêm mục này", "Thiếu mục \"%s\"",
                     key);
}

struct pack_text
pack_json_text(struct pack_at at, const struct json *obj, const char *key, bool is_required)
{
    static const char *const known[] = { "vi", "en", NULL };
    struct pack_text t = { STR(""), STR("") };
    const struct json *j = json_get(obj, key);
    if (is_absent(j)) {
        if (is_required) {
            fault_missing(at, obj, key);
        }
        return t;
    }
    if (j->type != JSON_OBJECT) {
        pack_load_faultf(at.l, at.file, j->line, "Viết thành {\"vi\": \"...\", \"en\": \"...\"}",
                         "Mục \"%s\" phải có hai thứ tiếng", key);
        return t;
    }
    pack_json_known(at, j, known);
    t.vi = pack_json_str(at, j, "vi", is_required);
    t.en = pack_json_str(at, j, "en", false);
    if (is_required && t.vi.n == 0 && !is_absent(json_get(j, "vi"))) {
        pack_load_faultf(at.l, at.file, j->line, "Ghi lời tiếng Việt vào \"vi\"",
                         "Mục \"%s\" để trống", key);
    }
    t.en = t.en.n == 0 ? t.vi : t.en;
    return t;
}

struct str
pack_json_str(struct pack_at at, const struct json *obj, const char *key, bool is_required)
{
    const struct json *j = json_get(obj, key);
    if (is_absent(j)) {
        if (is_required) {
            fault_missing(at, obj, key);
        }
        return STR("");
    }
    if (j->type != JSON_STRING) {
        pack_load_faultf(at.l, at.file, j->line, "Đặt giá trị trong dấu nháy kép",
                         "Mục \"%s\" phải là chữ", key);
        return STR("");
    }
    return j->text;
}

int64_t
pack_json_int(struct pack_at at, const struct json *obj, const char *key, int64_t min, int64_t max,
              int64_t otherwise)
{
    const struct json *j = json_get(obj, key);
    if (is_absent(j)) {
        return otherwise;
    }
    if (j->type != JSON_NUMBER || !j->is_int || j->i64 < min || j->i64 > max) {
        struct str what =
            str_fmt(at.l->fault_arena, "Mục \"%s\" phải là số nguyên từ %" PRId64 " đến %" PRId64,
                    key, min, max);
        pack_load_fault(
            at.l, at.file, j->line, what,
            STR("Ghi một số trong khoảng ấy, không đặt trong dấu nháy, không chấm phân nhóm"));
        return otherwise;
    }
    return j->i64;
}

bool
pack_json_bool(struct pack_at at, const struct json *obj, const char *key, bool otherwise)
{
    const struct json *j = json_get(obj, key);
    if (is_absent(j)) {
        return otherwise;
    }
    if (j->type != JSON_BOOL) {
        pack_load_faultf(at.l, at.file, j->line, "Ghi true hoặc false, không đặt trong dấu nháy",
                         "Mục \"%s\" phải là đúng hoặc sai", key);
        return otherwise;
    }
    return j->is_true;
}

size_t
pack_json_strs(struct pack_at at, const struct json *obj, const char *key, const struct str **ret)
{
    const struct json *j = json_get(obj, key);
    *ret = NULL;
    if (is_absent(j)) {
        return 0;
    }
    if (j->type != JSON_LIST) {
        pack_load_faultf(at.l, at.file, j->line, "Viết thành [\"...\", \"...\"]",
                         "Mục \"%s\" phải là danh sách", key);
        return 0;
    }
    struct str *v = ARENA_ARRAY(at.l->pack->arena, struct str, j->n + 1U);
    size_t n = 0;
    for (JSON_EACH(j, it)) {
        if (it->type == JSON_STRING) {
            v[n++] = it->text;
        } else {
            pack_load_faultf(at.l, at.file, it->line, "Đặt giá trị trong dấu nháy kép",
                             "Phần tử của \"%s\" phải là chữ", key);
        }
    }
    *ret = v;
    return n;
}

struct date
pack_date(struct pack_at at, uint32_t line, struct str s, int32_t otherwise_day)
{
    struct date d = { otherwise_day };
    if (s.n != 0 && !date_parse(s, &d)) {
        pack_load_faultf(at.l, at.file, line, "Ghi ngày dạng 2026-11-24 (năm-tháng-ngày)",
                         "\"" STR_FMT "\" không phải là ngày", STR_ARG(s));
    }
    return d;
}

bool
pack_is_code(struct str s)
{
    if (s.n == 0 || s.n > 60) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '.' || c == '-' || c == '_';
        if (!is_ok) {
            return false;
        }
    }
    return true;
}

struct str
pack_text(const struct ctx *cx, struct pack_text t)
{
    return str_eq(cx->lang, STR("en")) && t.en.n != 0 ? t.en : t.vi;
}
