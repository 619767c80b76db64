/* flow_bpmn.c: reads one BPMN 2.0 file into a graph whose ends are still named, not linked. */
#include "codec/xml.h"
#include "engine/flow/flow_int.h"

#define BPMN  "http://www.omg.org/spec/BPMN/20100524/MODEL"
#define BB    "urn:bombo:bpmn:1"
#define DAY_S (8 * 3600)

struct reader {
    struct flow_loader *ld;
    struct str file;
    struct arena *arena;
    const struct xml *root;
    struct flow_process *p;
};

static void
fault(struct reader *rd, const struct xml *at, const char *remedy, const char *what, struct str arg)
{
    pack_load_faultf(rd->ld->l, rd->file, at == NULL ? 0 : at->line, remedy, "%s: " STR_FMT, what,
                     STR_ARG(arg));
}

/* --- durations -------------------------------------------------------------------------------- */

static int64_t
unit_s(char unit, bool is_time, int64_t day_s)
{
    switch (unit) {
    case 'D':
    case 'd':
        return day_s;
    case 'H':
    case 'h':
        return 3600;
    case 'M':
    case 'm':
        return is_time ? 60 : 0;
    case 'S':
    case 's':
        return is_time ? 1 : 0;
    default:
        return 0;
    }
}

bool
flow_duration(struct str s, int64_t day_s, int64_t *ret_s)
{
    bool is_iso = str_starts(s, STR("P"));
    bool is_time = !is_iso;
    int64_t total = 0;
    size_t at = is_iso ? 1 : 0;
    size_t n_parts = 0;
    while (at < s.n) {
        if (is_iso && !is_time && s.p[at] == 'T') {
            is_time = true;
            at++;
            continue;
        }
        size_t from = at;
        while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9') {
            at++;
        }
        int64_t n = 0;
        int64_t unit = at < s.n ? unit_s(s.p[at], is_time, day_s) : 0;
        if (unit == 0 || !str_to_i64(str_slice(s, from, at), 0, 100000, &n)) {
            return false;
        }
        total += n * unit;
        n_parts++;
        at++;
    }
    *ret_s = total;
    return n_parts > 0 && total > 0;
}

/* --- attributes ------------------------------------------------------------------------------- */

static bool
is_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
        if (!is_word) {
            return false;
        }
    }
    return s.n > 0 && s.n <= 64;
}

static struct str
own(const struct xml *e, const char *name)
{
    return str_trim(xml_get_ns(e, BB, name));
}

static size_t
words(struct arena *a, struct str s, struct str **ret)
{
    struct str part;
    size_t n = 0;
    *ret = ARENA_ARRAY(a, struct str, s.n / 2 + 2);
    while (str_next(&s, ' ', &part)) {
        if (part.n > 0) {
            (*ret)[n++] = part;
        }
    }
    return n;
}

/* --- user tasks ------------------------------------------------------------------------------- */

static bool
is_known_role(const struct flow_loader *ld, struct str role)
{
    for (size_t i = 0; i < ld->n_roles; i++) {
        if (str_eq(ld->roles[i], role)) {
            return true;
        }
    }
    return str_eq(role, STR("citizen"));
}

static bool
is_one_of(struct str s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (str_eq(s, str_of(*list))) {
            return true;
        }
    }
    return false;
}

static void
check_outcomes(struct reader *rd, const struct xml *e, const struct flow_step *st)
{
    static const char *const plain[] = { "done",    "accept",  "refuse",  "supplement",
                                         "propose", "approve", "reject",  "sign",
                                         "return",  "confirm", "correct", "paid",
                                         "yes",     "no",      "consult", NULL };
    struct str labels = own(e, "outcome-labels");
    for (size_t i = 0; i < st->n_outcomes; i++) {
        struct str mark = str_cat(rd->arena, st->outcomes[i], STR("="));
        if (!is_one_of(st->outcomes[i], plain) && str_find(labels, mark) == labels.n) {
            fault(rd, e, "Thêm bb:outcome-labels=\"từ=Tên hiển thị\"",
                  "Kết quả chưa có tên hiển thị", st->outcomes[i]);
        }
    }
}

static void
read_user_task(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    static const char *const actions[] = { "receive",  "examine", "consult",    "draft",
                                           "confirm",  "approve", "sign",       "seal",
                                           "register", "pay",     "supplement", "return",
                                           "task",     NULL };
    n->step = rd->p->n_steps;
    struct flow_step *st = &rd->p->steps[rd->p->n_steps++];
    *st = (struct flow_step){
        .id = n->id, .name = n->name, .name_en = n->name_en, .role = own(e, "role")
    };
    st->unit = own(e, "unit").n > 0 ? own(e, "unit") : STR("competent");
    st->action = own(e, "action").n > 0 ? own(e, "action") : STR("task");
    st->is_clock_paused = str_eq(own(e, "clock"), STR("paused"));
    struct str budget = own(e, "budget").n > 0 ? own(e, "budget") : STR("8h");
    struct str outcomes = own(e, "outcomes").n > 0 ? own(e, "outcomes") : STR("done");
    st->n_outcomes = words(rd->arena, outcomes, &st->outcomes);
    st->n_may_return = words(rd->arena, own(e, "may-return"), &st->may_return);
    n->outcome_labels = own(e, "outcome-labels");
    n->outcome_labels_en = own(e, "outcome-labels-en");
    int64_t status = 0;
    if (own(e, "status").n > 0 && !str_to_i64(own(e, "status"), 1, 10, &status)) {
        fault(rd, e, "Dùng mã từ 1 đến 10", "bb:status sai", own(e, "status"));
    }
    st->status = (int32_t)status;
    if (!is_known_role(rd->ld, st->role)) {
        fault(rd, e, "Dùng một vai trò có trong roles/roles.csv, hoặc citizen", "Vai trò không có",
              st->role);
    }
    if (!is_one_of(st->action, actions)) {
        fault(rd, e, "Xem bảng bb:action ở doc/bpmn.md", "bb:action không có", st->action);
    }
    if (!flow_duration(budget, DAY_S, &st->budget_s)) {
        fault(rd, e, "Viết như 8h, 2d hoặc PT30M", "bb:budget sai", budget);
    }
    check_outcomes(rd, e, st);
}

/* --- other nodes ------------------------------------------------------------------------------ */

static void
read_service_task(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    static const struct {
        struct str name;
        bool needs_arg;
    } services[] = {
#define SERVICE(name, needs_arg) { STR_INIT(name), needs_arg },
#include "engine/flow/services.def"
#undef SERVICE
    };
    n->service = own(e, "service");
    n->arg = own(e, "arg");
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        if (str_eq(n->service, services[i].name)) {
            if (services[i].needs_arg && n->arg.n == 0) {
                fault(rd, e, "Thêm bb:arg, xem doc/bpmn.md phần 2", "Dịch vụ này cần bb:arg",
                      n->service);
            }
            return;
        }
    }
    fault(rd, e, "Dùng một dịch vụ ở doc/bpmn.md phần 2", "Dịch vụ không có", n->service);
}

static struct str
message_name(const struct reader *rd, struct str ref)
{
    for (XML_EACH(rd->root, it)) {
        if (xml_is(it, BPMN, "message") && str_eq(xml_get(it, "id"), ref)) {
            return xml_get(it, "name");
        }
    }
    return STR_NULL;
}

static void
read_event(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    const struct xml *timer = xml_child(e, BPMN, "timerEventDefinition");
    const struct xml *message = xml_child(e, BPMN, "messageEventDefinition");
    const struct xml *duration = xml_child(timer, BPMN, "timeDuration");
    n->is_real_clock = str_eq(own(e, "clock"), STR("real"));
    if (message != NULL) {
        struct str ref = xml_get(message, "messageRef");
        n->message = message_name(rd, ref);
        if (n->message.n == 0) {
            fault(rd, e, "Thêm <message id=\"…\" name=\"…\"/> và messageRef trỏ tới nó",
                  "Sự kiện chờ một thông điệp không có", ref);
        }
        return;
    }
    struct str text_s = duration == NULL ? STR("") : str_trim(duration->text);
    if (!flow_duration(text_s, n->is_real_clock ? 86400 : DAY_S, &n->wait_s)) {
        fault(rd, e, "Thêm timerEventDefinition/timeDuration như PT8H hoặc P2D",
              "Thời gian chờ sai", text_s);
    }
}

static void
read_boundary(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    n->attached_id = xml_get(e, "attachedToRef");
    n->is_interrupting = !str_eq(xml_get(e, "cancelActivity"), STR("false"));
    read_event(rd, e, n);
}

static void
read_end(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    n->is_terminate = xml_child(e, BPMN, "terminateEventDefinition") != NULL;
    n->result = own(e, "result").n > 0 ? own(e, "result") : STR("done");
    bool is_other = xml_child(e, BPMN, "errorEventDefinition") != NULL ||
                    xml_child(e, BPMN, "messageEventDefinition") != NULL;
    if (is_other) {
        fault(rd, e, "Dùng endEvent thường hoặc terminateEventDefinition",
              "Loại kết thúc không dùng được", n->id);
    }
}

static void
read_gateway(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    (void)rd;
    n->default_id = xml_get(e, "default");
}

static void
read_call(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    (void)rd;
    n->called = xml_get(e, "calledElement");
}

static void
read_start(struct reader *rd, const struct xml *e, struct flow_node *n)
{
    bool is_plain = xml_child(e, BPMN, "timerEventDefinition") == NULL &&
                    xml_child(e, BPMN, "messageEventDefinition") == NULL;
    if (!is_plain) {
        fault(rd, e, "Bỏ định nghĩa sự kiện khỏi startEvent", "startEvent phải là loại thường",
              n->id);
    }
}

typedef void node_fn(struct reader *rd, const struct xml *e, struct flow_node *n);
static const struct {
    const char *name;
    enum flow_kind kind;
    node_fn *fn;
} node_kinds[] = {
    { "startEvent", FLOW_START, read_start },
    { "endEvent", FLOW_END, read_end },
    { "userTask", FLOW_USER, read_user_task },
    { "serviceTask", FLOW_SERVICE, read_service_task },
    { "exclusiveGateway", FLOW_EXCLUSIVE, read_gateway },
    { "parallelGateway", FLOW_PARALLEL, read_gateway },
    { "intermediateCatchEvent", FLOW_CATCH, read_event },
    { "boundaryEvent", FLOW_BOUNDARY, read_boundary },
    { "callActivity", FLOW_CALL, read_call },
};

static void
read_node(struct reader *rd, const struct xml *e, size_t kind)
{
    if (rd->p->n_nodes >= FLOW_NODES_MAX) {
        fault(rd, e, "Chia thành nhiều quy trình bằng callActivity", "Quy trình quá lớn",
              rd->p->id);
        return;
    }
    struct flow_node *n = &rd->p->nodes[rd->p->n_nodes];
    *n = (struct flow_node){ .kind = node_kinds[kind].kind,
                             .id = xml_get(e, "id"),
                             .line = e->line,
                             .default_edge = -1,
                             .region = -1 };
    n->name = xml_get(e, "name").n > 0 ? xml_get(e, "name") : n->id;
    n->name_en = own(e, "name-en").n > 0 ? own(e, "name-en") : n->name;
    if (!is_id(n->id) || flow_node_find(rd->p, n->id) < rd->p->n_nodes) {
        fault(rd, e, "Đặt id riêng, chỉ gồm chữ cái không dấu, số, _ và -", "id sai hoặc trùng",
              n->id);
    }
    rd->p->n_nodes++;
    node_kinds[kind].fn(rd, e, n);
}

/* --- flows ------------------------------------------------------------------------------------ */

static void
read_flow(struct reader *rd, const struct xml *e)
{
    uint32_t from = flow_node_find(rd->p, xml_get(e, "sourceRef"));
    uint32_t to = flow_node_find(rd->p, xml_get(e, "targetRef"));
    if (from == rd->p->n_nodes || to == rd->p->n_nodes || rd->p->n_edges >= FLOW_EDGES_MAX) {
        fault(rd, e, "Sửa sourceRef và targetRef thành id có trong tệp",
              "sequenceFlow nối vào chỗ không có", xml_get(e, "id"));
        return;
    }
    struct flow_edge *edge = &rd->p->edges[rd->p->n_edges++];
    *edge = (struct flow_edge){ .id = xml_get(e, "id"), .from = from, .to = to, .line = e->line };
    const struct xml *condition = xml_child(e, BPMN, "conditionExpression");
    if (condition == NULL) {
        return;
    }
    struct expr_fault f = { 0 };
    if (expr_compile(rd->arena, str_trim(condition->text), &edge->condition, &f) != ERR_OK) {
        pack_load_faultf(rd->ld->l, rd->file, condition->line,
                         "Sửa biểu thức theo doc/bpmn.md phần 3", "Điều kiện sai ở cột %u: %s",
                         f.column, f.what);
    }
    if (rd->p->nodes[from].kind != FLOW_EXCLUSIVE) {
        fault(rd, e, "Đặt điều kiện sau một exclusiveGateway", "Điều kiện ở chỗ không dùng được",
              edge->id);
    }
}

static void
read_elements(struct reader *rd, const struct xml *process)
{
    static const char *const ignored[] = { "documentation",      "laneSet",
                                           "textAnnotation",     "association",
                                           "extensionElements",  "group",
                                           "dataObject",         "dataObjectReference",
                                           "dataStoreReference", NULL };
    for (XML_EACH(process, e)) {
        size_t kind = 0;
        while (kind < COUNT_OF(node_kinds) && !xml_is(e, BPMN, node_kinds[kind].name)) {
            kind++;
        }
        if (kind < COUNT_OF(node_kinds)) {
            read_node(rd, e, kind);
        } else if (!xml_is(e, BPMN, "sequenceFlow") && !is_one_of(e->name, ignored)) {
            fault(rd, e, "Dùng các phần tử ở doc/bpmn.md phần 1", "Phần tử BPMN không được hỗ trợ",
                  e->name);
        }
    }
    for (XML_EACH(process, e)) {
        if (xml_is(e, BPMN, "sequenceFlow")) {
            read_flow(rd, e);
        }
    }
}

struct flow_process *
flow_bpmn_read(struct flow_loader *ld, struct str path)
{
    struct reader rd = { .ld = ld, .file = path, .arena = ld->arena };
    struct xml *root = NULL;
    struct xml_fault f = { 0 };
    struct xml_limits limits = { .bytes_max = 1u << 20, .depth_max = 16, .nodes_max = 10000 };
    if (xml_parse(ld->arena, pack_load_file(ld->l, path), limits, &root, &f) != ERR_OK) {
        pack_load_faultf(ld->l, path, f.line, "Sửa lỗi XML", "XML sai: %s",
                         f.what == NULL ? "?" : f.what);
        return NULL;
    }
    rd.root = root;
    const struct xml *process = xml_child(root, BPMN, "process");
    if (!xml_is(root, BPMN, "definitions") || process == NULL) {
        fault(&rd, root, "Tệp phải có definitions và đúng một process", "Không phải BPMN 2.0",
              path);
        return NULL;
    }
    struct flow_process *p = ARENA_NEW(ld->arena, struct flow_process);
    rd.p = p;
    p->file = path;
    p->id = xml_get(process, "id");
    p->name = xml_get(process, "name");
    p->name_en = own(process, "name-en").n > 0 ? own(process, "name-en") : p->name;
    p->nodes = ARENA_ARRAY(ld->work, struct flow_node, FLOW_NODES_MAX);
    p->edges = ARENA_ARRAY(ld->work, struct flow_edge, FLOW_EDGES_MAX);
    p->steps = ARENA_ARRAY(ld->work, struct flow_step, FLOW_NODES_MAX);
    if (!str_eq(p->id, str_slice(path, 10, path.n - 5))) { /* processes/<id>.bpmn */
        fault(&rd, process, "Đặt id của process bằng tên tệp", "id khác tên tệp", p->id);
    }
    read_elements(&rd, process);
    return p;
}
