/* procedure_read.c: one procedure from JSON; every value is checked, every fault says what to
 * write. */
#include "engine/procedure/procedure_int.h"

#define AMOUNT_MAX 1000000000000

static const char *const procedure_keys[] = {
    "code",        "valid_from", "valid_to",  "name",   "everyday",   "field",  "audience",
    "life_events", "decides",    "who",       "online", "minutes",    "papers", "fees",
    "time",        "steps",      "result",    "basis",  "conditions", "form",   "process",
    "check",       "components", "generated", NULL,
};

/* Place of s in names (NULL-ended), with a fault when it is not there. */
static size_t
choose(struct pack_at at, uint32_t line, struct str s, const char *const *names, const char *what)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (str_eq(s, str_of(names[i]))) {
            return i;
        }
    }
    struct buf all = buf_new(pack_load_arena(at.l), 1000);
    for (size_t i = 0; names[i] != NULL; i++) {
        buf_addf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    pack_load_fault(
        at.l, at.file, line,
        str_fmt(pack_load_arena(at.l), "%s \"" STR_FMT "\" không có", what, STR_ARG(s)),
        str_fmt(pack_load_arena(at.l), "Dùng một trong: " STR_FMT, STR_ARG(buf_str(&all))));
    return SIZE_MAX;
}

static uint32_t
choose_bits(struct pack_at at, const struct json *j, const char *key, const char *const *names,
            const char *what)
{
    const struct str *v = NULL;
    size_t n = pack_json_strs(at, j, key, &v);
    const struct json *list = json_get(j, key);
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = choose(at, list->line, v[i], names, what);
        bits |= k < 32 ? 1U << k : 0U;
    }
    return bits;
}

static uint32_t
line_of(const struct json *obj, const char *key)
{
    const struct json *j = json_get(obj, key);
    return j != NULL ? j->line : obj->line;
}

/* Members that are lists of objects; an absent one is empty. */
static const struct json *
list_of(struct pack_at at, const struct json *obj, const char *key)
{
    const struct json *j = json_get(obj, key);
    if (j == NULL || j->type == JSON_NULL) {
        return NULL;
    }
    if (j->type != JSON_LIST) {
        pack_load_faultf(at.l, at.file, j->line, "Viết thành [ {...}, {...} ]",
                         "Mục \"%s\" phải là danh sách", key);
        return NULL;
    }
    return j;
}

static const struct expr *
read_when(struct pack_at at, const struct json *j, const char *key, struct str *ret_text)
{
    const struct expr *e = NULL;
    struct expr_fault fault = { 0 };
    *ret_text = str_trim(pack_json_str(at, j, key, false));
    if (ret_text->n != 0 && expr_compile(pack_load_arena(at.l), *ret_text, &e, &fault) != ERR_OK) {
        pack_load_faultf(at.l, at.file, line_of(j, key),
                         "Viết điều kiện như: marital_history = \"divorced\" (doc/bpmn.md)",
                         "Điều kiện \"%s\" sai ở ký tự %u: %s", key, fault.column, fault.what);
        e = NULL;
    }
    return e;
}

/* --- papers ----------------------------------------------------------------------------------- */

static void
read_paper(struct pack_at at, const struct json *j, struct procedure_paper *p)
{
    static const char *const known[] = { "id",     "name",     "type",    "originals",
                                         "copies", "required", "when",    "reuse",
                                         "note",   "by_form",  "present", "return_original",
                                         "check",  NULL };
    pack_json_known(at, j, known);
    p->id = pack_json_str(at, j, "id", true);
    p->name = pack_json_text(at, j, "name", true);
    p->note = pack_json_text(at, j, "note", false);
    p->type = pack_json_str(at, j, "type", false);
    p->n_originals = (int32_t)pack_json_int(at, j, "originals", 0, 100, 0);
    p->n_copies = (int32_t)pack_json_int(at, j, "copies", 0, 100, 0);
    p->is_required = pack_json_bool(at, j, "required", true);
    p->may_reuse = pack_json_bool(at, j, "reuse", false);
    p->is_by_form = pack_json_bool(at, j, "by_form", false);
    p->is_shown = pack_json_bool(at, j, "present", false);
    p->is_given_back = pack_json_bool(at, j, "return_original", false);
    p->when_expr = read_when(at, j, "when", &p->when);
    if (p->id.n != 0 && !pack_is_code(p->id)) {
        pack_load_faultf(at.l, at.file, j->line, "Dùng chữ không dấu, số và gạch nối",
                         "Mã giấy tờ \"" STR_FMT "\" có ký tự lạ", STR_ARG(p->id));
    }
    if (p->type.n != 0 && !procedure_knows_paper_type(at.l, p->type)) {
        pack_load_faultf(at.l, at.file, line_of(j, "type"),
                         "Dùng mã có trong lists/paper-types.csv, hoặc thêm vào đó",
                         "Không có loại giấy tờ \"" STR_FMT "\"", STR_ARG(p->type));
    }
}

static void
read_papers(struct pack_at at, const struct json *j, struct procedure *p)
{
    const struct json *list = list_of(at, j, "papers");
    if (list == NULL) {
        return;
    }
    struct procedure_paper *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct procedure_paper, list->n + 1U);
    for (JSON_EACH(list, it)) {
        read_paper(at, it, &v[p->n_papers]);
        for (size_t i = 0; i < p->n_papers; i++) {
            if (str_eq(v[i].id, v[p->n_papers].id)) {
                pack_load_faultf(at.l, at.file, it->line, "Đặt cho mỗi giấy tờ một mã riêng",
                                 "Mã giấy tờ \"" STR_FMT "\" có hai lần", STR_ARG(v[i].id));
            }
        }
        p->n_papers++;
    }
    p->papers = v;
}

/* --- fees ------------------------------------------------------------------------------------- */

static void
read_tiers(struct pack_at at, const struct json *j, struct procedure_fee *f)
{
    static const char *const known[] = { "from", "amount_vnd", NULL };
    const struct json *list = list_of(at, j, "tiers");
    if (list == NULL || list->n == 0) {
        return;
    }
    struct procedure_tier *v = ARENA_ARRAY(pack_load_arena(at.l), struct procedure_tier, list->n);
    int32_t next = 1;
    for (JSON_EACH(list, it)) {
        pack_json_known(at, it, known);
        struct procedure_tier *t = &v[f->n_tiers++];
        t->from = (int32_t)pack_json_int(at, it, "from", 1, 100000, next);
        t->amount_vnd = pack_json_int(at, it, "amount_vnd", 0, AMOUNT_MAX, 0);
        if ((f->n_tiers == 1 && t->from != 1) || t->from < next) {
            pack_load_faultf(at.l, at.file, it->line, "Bắt đầu từ 1 và tăng dần",
                             "Bậc lệ phí không tăng dần từ 1");
        }
        next = t->from + 1;
    }
    f->tiers = v;
    f->amount_vnd = v[0].amount_vnd;
}

static void
read_fee(struct pack_at at, const struct json *j, struct procedure_fee *f)
{
    static const char *const known[] = { "id",    "name",       "amount_vnd",  "per",
                                         "when",  "exempt",     "exempt_when", "basis",
                                         "check", "online_vnd", "tiers",       "max_vnd",
                                         NULL };
    static const char *const pers[] = { "case", "copy", "page", NULL };
    pack_json_known(at, j, known);
    f->id = pack_json_str(at, j, "id", true);
    f->name = pack_json_text(at, j, "name", true);
    f->exempt = pack_json_text(at, j, "exempt", false);
    f->amount_vnd = pack_json_int(at, j, "amount_vnd", 0, AMOUNT_MAX, 0);
    f->online_vnd = pack_json_int(at, j, "online_vnd", 0, AMOUNT_MAX, -1);
    f->max_vnd = pack_json_int(at, j, "max_vnd", 0, AMOUNT_MAX, 0);
    struct str per = pack_json_str(at, j, "per", false);
    size_t k = per.n == 0 ? 0 : choose(at, line_of(j, "per"), per, pers, "Cách tính lệ phí");
    f->per = k < COUNT_OF(pers) - 1 ? (enum procedure_per)k : PROCEDURE_PER_CASE;
    f->when_expr = read_when(at, j, "when", &f->when);
    f->exempt_expr = read_when(at, j, "exempt_when", &f->exempt_when);
    f->basis = pack_json_str(at, j, "basis", false);
    f->is_check = pack_json_bool(at, j, "check", false);
    read_tiers(at, j, f);
    if (f->exempt_when.n != 0 && f->exempt.vi.n == 0) {
        pack_load_faultf(at.l, at.file, j->line,
                         "Ghi vào \"exempt\" ai được miễn, để người dân đọc được",
                         "Lệ phí có điều kiện miễn mà không có lời giải thích");
    }
}

static void
read_fees(struct pack_at at, const struct json *j, struct procedure *p)
{
    const struct json *list = list_of(at, j, "fees");
    if (list == NULL) {
        return;
    }
    struct procedure_fee *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct procedure_fee, list->n + 1U);
    for (JSON_EACH(list, it)) {
        read_fee(at, it, &v[p->n_fees++]);
    }
    p->fees = v;
}

/* --- time, result, basis, steps --------------------------------------------------------------- */

static bool
parse_cutoff(struct str s, int32_t *ret)
{
    int64_t h = 0;
    int64_t m = 0;
    bool is_form = s.n == 5 && s.p[2] == ':';
    if (!is_form || !str_to_i64(str_slice(s, 0, 2), 0, 23, &h) ||
        !str_to_i64(str_slice(s, 3, 5), 0, 59, &m)) {
        return false;
    }
    *ret = (int32_t)(h * 3600 + m * 60);
    return true;
}

static void
read_time(struct pack_at at, const struct json *root, struct procedure *p)
{
    static const char *const known[] = {
        "amount", "unit", "same_day_cutoff", "check", "note", NULL
    };
    static const char *const units[] = { "wd", "day", "hour", "month", NULL };
    const struct json *j = json_get(root, "time");
    if (j == NULL || j->type != JSON_OBJECT) {
        pack_load_faultf(at.l, at.file, root->line,
                         "Ghi \"time\": {\"amount\": 3, \"unit\": \"wd\"}",
                         "Thiếu thời hạn giải quyết");
        return;
    }
    pack_json_known(at, j, known);
    p->time.amount = (int32_t)pack_json_int(at, j, "amount", 0, 2000, 0);
    struct str unit = pack_json_str(at, j, "unit", true);
    size_t k = unit.n == 0 ? 0 : choose(at, line_of(j, "unit"), unit, units, "Đơn vị thời hạn");
    p->time.unit = k < COUNT_OF(units) - 1 ? (enum calendar_limit_unit)k : CALENDAR_WD;
    p->time_note = pack_json_text(at, j, "note", false);
    p->check |= pack_json_bool(at, j, "check", false) ? PROCEDURE_CHECK_TIME : 0U;
    struct str cutoff = pack_json_str(at, j, "same_day_cutoff", false);
    if (cutoff.n != 0 && !parse_cutoff(cutoff, &p->time.cutoff_s)) {
        pack_load_faultf(at.l, at.file, line_of(j, "same_day_cutoff"), "Ghi giờ như \"15:00\"",
                         "Giờ chốt \"" STR_FMT "\" sai mẫu", STR_ARG(cutoff));
    }
    if (cutoff.n != 0 && p->time.amount != 0) {
        pack_load_faultf(at.l, at.file, j->line, "Để amount là 0, hoặc bỏ same_day_cutoff",
                         "Giờ chốt chỉ dùng khi giải quyết trong ngày");
    }
}

static void
check_file(struct pack_at at, uint32_t line, struct str path, const char *what)
{
    if (pack_load_file(at.l, path).p == NULL) {
        pack_load_fault(
            at.l, at.file, line, str_fmt(pack_load_arena(at.l), "Không có %s", what),
            str_fmt(pack_load_arena(at.l), "Thêm tệp " STR_FMT " hoặc sửa tên", STR_ARG(path)));
    }
}

static void
check_template(struct pack_at at, const struct json *j, struct str id)
{
    if (id.n != 0) {
        check_file(at, line_of(j, "template"),
                   str_fmt(pack_load_arena(at.l), "templates/" STR_FMT ".html", STR_ARG(id)),
                   "mẫu kết quả");
    }
}

static void
check_result_type(struct pack_at at, const struct json *j, struct str type)
{
    if (type.n != 0 && !procedure_knows_paper_type(at.l, type)) {
        pack_load_faultf(at.l, at.file, line_of(j, "type"),
                         "Dùng mã có trong lists/paper-types.csv, hoặc thêm vào đó",
                         "Không có loại kết quả \"" STR_FMT "\"", STR_ARG(type));
    }
}

/* What a result of several documents is made of; each is kept and downloaded for itself. */
static void
read_documents(struct pack_at at, const struct json *result, struct procedure *p)
{
    static const char *const known[] = { "name", "type", "template", "number", NULL };
    const struct json *list = json_get(result, "documents");
    if (list == NULL || list->type != JSON_LIST) {
        return;
    }
    struct procedure_document *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct procedure_document, list->n + 1U);
    for (JSON_EACH(list, it)) {
        struct procedure_document *d = &v[p->n_documents++];
        pack_json_known(at, it, known);
        d->name = pack_json_text(at, it, "name", true);
        d->type = pack_json_str(at, it, "type", true);
        d->template_id = pack_json_str(at, it, "template", true);
        d->number = pack_json_str(at, it, "number", false);
        check_template(at, it, d->template_id);
        check_result_type(at, it, d->type);
    }
    p->documents = v;
}

static void
read_result(struct pack_at at, const struct json *root, struct procedure *p)
{
    static const char *const known[] = { "name",           "type",      "template", "collect",
                                         "identity_check", "documents", NULL };
    static const char *const ways[] = { "counter", "post", "electronic", NULL };
    const struct json *j = json_get(root, "result");
    if (j == NULL || j->type != JSON_OBJECT) {
        pack_load_faultf(at.l, at.file, root->line,
                         "Ghi \"result\": {\"name\": {...}, \"collect\": [\"counter\"]}",
                         "Thiếu kết quả");
        return;
    }
    pack_json_known(at, j, known);
    p->result_name = pack_json_text(at, j, "name", true);
    p->result_type = pack_json_str(at, j, "type", false);
    p->result_template = pack_json_str(at, j, "template", false);
    p->collect = choose_bits(at, j, "collect", ways, "Cách nhận kết quả");
    p->is_identity_checked = pack_json_bool(at, j, "identity_check", false);
    check_template(at, j, p->result_template);
    check_result_type(at, j, p->result_type);
    read_documents(at, j, p);
}

static void
read_basis(struct pack_at at, const struct json *root, struct procedure *p)
{
    static const char *const known[] = { "name", "article", NULL };
    const struct json *list = list_of(at, root, "basis");
    if (list == NULL) {
        return;
    }
    struct procedure_basis *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct procedure_basis, list->n + 1U);
    for (JSON_EACH(list, it)) {
        pack_json_known(at, it, known);
        v[p->n_basis].name = pack_json_str(at, it, "name", true);
        v[p->n_basis++].article = pack_json_str(at, it, "article", false);
    }
    p->basis = v;
}

static void
read_steps(struct pack_at at, const struct json *root, struct procedure *p)
{
    const struct json *list = list_of(at, root, "steps");
    if (list == NULL) {
        return;
    }
    struct pack_text *v = ARENA_ARRAY(pack_load_arena(at.l), struct pack_text, list->n + 1U);
    for (JSON_EACH(list, it)) {
        struct pack_text t = { json_text(it, "vi"), json_text(it, "en") };
        if (t.vi.n == 0) {
            pack_load_faultf(at.l, at.file, it->line,
                             "Viết thành {\"vi\": \"...\", \"en\": \"...\"}",
                             "Một bước không có lời");
            continue;
        }
        t.en = t.en.n != 0 ? t.en : t.vi;
        v[p->n_steps++] = t;
    }
    p->steps = v;
}

/* --- who decides, where it belongs ------------------------------------------------------------ */

static struct unit_rule
read_rule(struct pack_at at, const struct json *j)
{
    struct unit_rule r = { UNIT_COMMUNE, STR("") };
    struct str level = pack_json_str(at, j, "level", true);
    if (level.n != 0 && !unit_level_parse(level, &r.level)) {
        pack_load_faultf(
            at.l, at.file, j->line,
            "Dùng commune, district, province, department, police hoặc social-insurance",
            "Cấp giải quyết \"" STR_FMT "\" không có", STR_ARG(level));
    }
    r.kind = pack_json_str(at, j, "unit_kind", false);
    if (r.kind.n != 0 && !unit_pack_has_kind(at.l, r.kind)) {
        pack_load_faultf(at.l, at.file, j->line,
                         "Dùng loại cơ quan có ở cột type của units/departments.csv",
                         "Không có cơ quan loại \"" STR_FMT "\"", STR_ARG(r.kind));
    }
    if (r.kind.n == 0 && (r.level == UNIT_DEPARTMENT || r.level == UNIT_DIVISION)) {
        pack_load_faultf(at.l, at.file, j->line, "Ghi thêm \"unit_kind\": \"so-tu-phap\"",
                         "Chưa rõ sở, ngành nào giải quyết");
    }
    return r;
}

static void
read_decides(struct pack_at at, const struct json *root, struct procedure *p)
{
    static const char *const known[] = { "level", "unit_kind", "before", NULL };
    static const char *const known_before[] = { "level", "unit_kind", "valid_to", NULL };
    const struct json *j = json_get(root, "decides");
    if (j == NULL || j->type != JSON_OBJECT) {
        pack_load_faultf(at.l, at.file, root->line, "Ghi \"decides\": {\"level\": \"commune\"}",
                         "Thiếu cấp giải quyết");
        return;
    }
    pack_json_known(at, j, known);
    p->decides = read_rule(at, j);
    const struct json *list = list_of(at, j, "before");
    if (list == NULL) {
        return;
    }
    struct procedure_decides *v =
        ARENA_ARRAY(pack_load_arena(at.l), struct procedure_decides, list->n + 1U);
    for (JSON_EACH(list, it)) {
        pack_json_known(at, it, known_before);
        struct procedure_decides *d = &v[p->n_decides_before++];
        d->rule = read_rule(at, it);
        d->to = pack_date(at, it->line, pack_json_str(at, it, "valid_to", true), PACK_DAY_MIN);
        if (p->n_decides_before > 1 && d->to.day <= d[-1].to.day) {
            pack_load_faultf(at.l, at.file, it->line, "Xếp từ ngày sớm đến ngày muộn",
                             "Các dòng \"before\" không theo thứ tự ngày");
        }
    }
    p->decides_before = v;
}

static void
read_place(struct pack_at at, const struct json *j, const struct procedures *ps,
           struct procedure *p)
{
    struct str field = pack_json_str(at, j, "field", true);
    for (size_t i = 0; i < ps->n_fields && p->field == NULL; i++) {
        p->field = str_eq(ps->fields[i]->code, field) ? ps->fields[i] : NULL;
    }
    if (p->field == NULL && field.n != 0) {
        pack_load_faultf(at.l, at.file, line_of(j, "field"),
                         "Dùng mã có trong procedures/fields.csv, hoặc thêm vào đó",
                         "Không có lĩnh vực \"" STR_FMT "\"", STR_ARG(field));
    }
    const struct str *ids = NULL;
    size_t n = pack_json_strs(at, j, "life_events", &ids);
    const struct procedure_life_event **v =
        ARENA_ARRAY(pack_load_arena(at.l), const struct procedure_life_event *, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < ps->n_events && !str_eq(ps->events[k]->id, ids[i])) {
            k++;
        }
        if (k < ps->n_events) {
            v[p->n_life_events++] = ps->events[k];
        } else {
            pack_load_faultf(at.l, at.file, line_of(j, "life_events"),
                             "Dùng mã có trong procedures/life-events.csv",
                             "Không có sự kiện \"" STR_FMT "\"", STR_ARG(ids[i]));
        }
    }
    p->life_events = v;
}

static void
read_names(struct pack_at at, const struct json *j, struct procedure *p)
{
    static const char *const known[] = { "vi", "en", NULL };
    p->name = pack_json_text(at, j, "name", true);
    p->who = pack_json_text(at, j, "who", false);
    p->conditions = pack_json_text(at, j, "conditions", false);
    const struct json *everyday = json_get(j, "everyday");
    if (everyday != NULL && everyday->type == JSON_OBJECT) {
        pack_json_known(at, everyday, known);
        p->n_everyday_vi = pack_json_strs(at, everyday, "vi", &p->everyday_vi);
        p->n_everyday_en = pack_json_strs(at, everyday, "en", &p->everyday_en);
    }
}

static void
read_form_and_process(struct pack_at at, const struct json *j, struct procedure *p)
{
    struct arena *a = pack_load_arena(at.l);
    p->form = pack_json_str(at, j, "form", false);
    p->process = pack_json_str(at, j, "process", false);
    p->has_own_form = p->form.n != 0 && !str_eq(p->form, STR("chung"));
    p->form = p->form.n != 0 ? p->form : STR("chung");
    p->process = p->process.n != 0 ? p->process : STR("chung");
    check_file(at, line_of(j, "form"), str_fmt(a, "forms/" STR_FMT ".json", STR_ARG(p->form)),
               "biểu mẫu");
    check_file(at, line_of(j, "process"),
               str_fmt(a, "processes/" STR_FMT ".bpmn", STR_ARG(p->process)), "quy trình");
}

struct procedure *
procedure_read(struct pack_at at, const struct json *j, const struct procedures *ps)
{
    static const char *const audiences[] = { "citizen", "business", "agency", "foreigner", NULL };
    static const char *const onlines[] = { "counter", "part", "full", NULL };
    static const char *const checks[] = { "all",   "fees",    "time",   "papers", "steps", "result",
                                          "basis", "decides", "online", "code",   NULL };
    if (j->type != JSON_OBJECT) {
        pack_load_faultf(at.l, at.file, j->line, "Viết thành { \"code\": ... }",
                         "Thủ tục phải là một đối tượng JSON");
        return NULL;
    }
    struct procedure *p = ARENA_NEW(pack_load_arena(at.l), struct procedure);
    pack_json_known(at, j, procedure_keys);
    p->code = pack_json_str(at, j, "code", true);
    p->from = pack_date(at, line_of(j, "valid_from"), pack_json_str(at, j, "valid_from", false),
                        PACK_DAY_MIN);
    p->to = pack_date(at, line_of(j, "valid_to"), pack_json_str(at, j, "valid_to", false),
                      PACK_DAY_MAX);
    read_names(at, j, p);
    read_place(at, j, ps, p);
    p->audience = choose_bits(at, j, "audience", audiences, "Đối tượng");
    p->check = choose_bits(at, j, "check", checks, "Phần cần kiểm tra");
    read_decides(at, j, p);
    struct str online = pack_json_str(at, j, "online", true);
    size_t k = online.n == 0 ? 0 : choose(at, line_of(j, "online"), online, onlines, "Hình thức");
    p->online = k < COUNT_OF(onlines) - 1 ? (enum procedure_online)k : PROCEDURE_COUNTER;
    p->minutes = (int32_t)pack_json_int(at, j, "minutes", 1, 600, 10);
    read_papers(at, j, p);
    read_fees(at, j, p);
    read_time(at, j, p);
    read_steps(at, j, p);
    read_result(at, j, p);
    read_basis(at, j, p);
    read_form_and_process(at, j, p);
    p->n_components = pack_json_strs(at, j, "components", &p->components);
    p->is_generated = pack_json_bool(at, j, "generated", false);
    if (!pack_is_code(p->code)) {
        pack_load_faultf(at.l, at.file, line_of(j, "code"), "Ghi mã như \"1.004873\"",
                         "Mã thủ tục \"" STR_FMT "\" có ký tự lạ", STR_ARG(p->code));
    }
    if (p->audience == 0) {
        pack_load_faultf(at.l, at.file, line_of(j, "audience"), "Ghi \"audience\": [\"citizen\"]",
                         "Chưa ghi ai được nộp");
    }
    return p;
}
