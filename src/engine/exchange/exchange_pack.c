/* exchange_pack.c: loads exchange/ of a pack: uplinks.json and connectors/<id>.json
 * (doc/exchange.md part 5). */
#include "engine/exchange/exchange_int.h"
#include "engine/form/form.h"

#define CONNECTORS_MAX 60
#define STEPS_MAX      30
#define MAPS_MAX       80
#define ARRIVAL_EVERY_S                                                                            \
    60 /* how often a portal is asked for dossiers, where the pack says nothing */

static const char *const map_names[] = { "our",   "their",    "date", "fixed", "codes",
                                         "items", "required", "text", NULL };
static const char *const step_names[] = { "id", "method", "path", "their", "text",
                                          "in", "out",    "key",  NULL };
static const char *const connector_names[] = { "id",        "service", "name",    "owner",
                                               "summary",   "legal",   "style",   "data_class",
                                               "namespace", "fault",   "uplinks", "operations",
                                               "dossier",   NULL };

struct reader {
    struct pack_at at;
    struct arena *arena;
};

static void
fault(const struct reader *r, const struct json *at, const char *remedy, const char *what,
      struct str arg)
{
    pack_load_faultf(r->at.l, r->at.file, at == NULL ? 0 : at->line, remedy, "%s: " STR_FMT, what,
                     STR_ARG(arg));
}

static bool
is_date_format(struct str s)
{
    return exchange_names(STR("yyyy-MM-dd yyyyMMdd dd/MM/yyyy yyyyMMddHHmmss "
                              "yyyy-MM-ddTHH:mm:ss"),
                          s);
}

static struct exchange_map
read_map(const struct reader *r, const struct json *j)
{
    struct str their = pack_json_str(r->at, j, "their", true);
    struct exchange_map m = {
        .our = pack_json_str(r->at, j, "our", false),
        .their = str_replace(r->arena, their, STR("[]"), STR("")),
        .date = pack_json_str(r->at, j, "date", false),
        .fixed = pack_json_str(r->at, j, "fixed", false),
        .codes = json_get(j, "codes"),
        .is_required = pack_json_bool(r->at, j, "required", false),
        .is_list = str_ends(their, STR("[]")),
        .text = pack_json_text(r->at, j, "text", false),
    };
    pack_json_known(r->at, j, map_names);
    if (str_is_empty(m.our) && str_is_empty(m.fixed)) {
        fault(r, j, "thêm \"our\" (tên trường của nền tảng) hoặc \"fixed\" (giá trị cố định)",
              "trường không có nguồn", their);
    }
    if (!str_is_empty(m.date) && !is_date_format(m.date)) {
        fault(r, j,
              "viết yyyy-MM-dd, yyyyMMdd, dd/MM/yyyy, yyyyMMddHHmmss hoặc "
              "yyyy-MM-ddTHH:mm:ss",
              "dạng ngày không có", m.date);
    }
    return m;
}

static struct str
parent_of(struct str their)
{
    size_t n = their.n;
    while (n > 0 && their.p[n - 1] != '.') {
        n--;
    }
    return str_slice(their, 0, n);
}

/* Fields of one parent stand together, so that the document can be written in one go. */
static void
check_order(const struct reader *r, const struct json *list, const struct exchange_map *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct str parent = parent_of(v[i].their);
        bool is_same = str_eq(parent, parent_of(v[i - 1].their));
        for (size_t k = 0; !is_same && !str_is_empty(parent) && k + 1 < i; k++) {
            if (str_eq(parent, parent_of(v[k].their))) {
                fault(r, list, "đặt các trường cùng cha cạnh nhau", "trường bị tách rời",
                      v[i].their);
                return;
            }
        }
    }
}

/* A list of fields; lists of objects have their own one level deeper. */
static size_t
read_flat(const struct reader *r, const struct json *list, struct exchange_map **ret)
{
    size_t n = 0;
    struct exchange_map *v = ARENA_ARRAY(r->arena, struct exchange_map, MAPS_MAX);
    for (JSON_EACH(list, it)) {
        if (n == MAPS_MAX) {
            fault(r, it, "chia thành nhiều thao tác", "quá nhiều trường", STR_NULL);
            break;
        }
        v[n++] = read_map(r, it);
    }
    check_order(r, list, v, n);
    *ret = v;
    return n;
}

static size_t
read_maps(const struct reader *r, const struct json *list, const struct exchange_map **ret)
{
    struct exchange_map *v = NULL;
    size_t n = read_flat(r, list, &v);
    size_t i = 0;
    for (JSON_EACH(list, it)) {
        struct exchange_map *items = NULL;
        if (i < n && json_get(it, "items") != NULL) {
            v[i].n_items = read_flat(r, json_get(it, "items"), &items);
            v[i].items = items;
            v[i].is_list = true;
        }
        i++;
    }
    *ret = v;
    return n;
}

static struct exchange_step
read_step(const struct reader *r, const struct json *j)
{
    struct exchange_step s = {
        .id = pack_json_str(r->at, j, "id", true),
        .method = pack_json_str(r->at, j, "method", false),
        .path = pack_json_str(r->at, j, "path", false),
        .their = pack_json_str(r->at, j, "their", false),
        .text = pack_json_text(r->at, j, "text", true),
        .key = pack_json_str(r->at, j, "key", false),
    };
    pack_json_known(r->at, j, step_names);
    s.method = str_is_empty(s.method) ? STR("POST") : s.method;
    s.their = str_is_empty(s.their) ? s.id : s.their;
    s.path = str_is_empty(s.path) ? str_cat(r->arena, STR("/"), s.id) : s.path;
    s.n_in = read_maps(r, json_get(j, "in"), &s.in);
    s.n_out = read_maps(r, json_get(j, "out"), &s.out);
    return s;
}

static void
read_fault(const struct reader *r, const struct json *j, struct exchange_connector *c)
{
    static const char *const names[] = { "field", "text", "codes", NULL };
    if (j == NULL) {
        return;
    }
    pack_json_known(r->at, j, names);
    c->fault_field = pack_json_str(r->at, j, "field", true);
    c->fault_text = pack_json_str(r->at, j, "text", false);
    c->fault_codes = json_get(j, "codes");
}

static void
read_steps(const struct reader *r, const struct json *j, struct exchange_connector *c)
{
    struct exchange_step *v = ARENA_ARRAY(r->arena, struct exchange_step, STEPS_MAX);
    for (JSON_EACH(j, it)) {
        if (c->n_steps == STEPS_MAX) {
            fault(r, it, "chia thành nhiều kết nối", "quá nhiều thao tác", STR_NULL);
            break;
        }
        v[c->n_steps++] = read_step(r, it);
    }
    c->steps = v;
    if (c->n_steps == 0) {
        fault(r, j, "thêm \"operations\"", "kết nối không có thao tác", c->id);
    }
}

static struct str
dossier_step(const struct reader *r, const struct json *j, const struct exchange_connector *c,
             const char *name)
{
    struct str id = pack_json_str(r->at, j, name, false);
    if (!str_is_empty(id) && exchange_step(c, id) == NULL) {
        fault(r, j, "viết mã một thao tác trong \"operations\"", "không có thao tác này", id);
    }
    return id;
}

/* How dossiers go to the portal and come from it. */
static void
read_dossier(const struct reader *r, const struct json *j, struct exchange_connector *c)
{
    static const char *const names[] = { "look", "number", "upload", "create", "progress", "update",
                                         "list", "get",    "file",   "taken",  "every_s",  NULL };
    if (j == NULL) {
        return;
    }
    pack_json_known(r->at, j, names);
    c->dossier = (struct exchange_dossier_api){
        .look = dossier_step(r, j, c, "look"),
        .number = dossier_step(r, j, c, "number"),
        .upload = dossier_step(r, j, c, "upload"),
        .create = dossier_step(r, j, c, "create"),
        .progress = dossier_step(r, j, c, "progress"),
        .update = dossier_step(r, j, c, "update"),
        .list = dossier_step(r, j, c, "list"),
        .get = dossier_step(r, j, c, "get"),
        .file = dossier_step(r, j, c, "file"),
        .taken = dossier_step(r, j, c, "taken"),
        .every_s = json_int(j, "every_s", ARRIVAL_EVERY_S),
    };
    const struct exchange_dossier_api *d = &c->dossier;
    bool is_half = str_is_empty(d->get) || str_is_empty(d->file) || str_is_empty(d->taken);
    if (!str_is_empty(d->list) && (is_half || d->every_s < 1)) {
        fault(r, j, "thêm \"get\", \"file\", \"taken\"; \"every_s\" từ 1 giây",
              "cổng thiếu thao tác giao hồ sơ", c->id);
    }
    if (str_is_empty(c->dossier.create) || str_is_empty(c->dossier.progress)) {
        fault(r, j, "thêm \"create\" và \"progress\"", "cổng thiếu thao tác gửi hồ sơ", c->id);
    }
}

static struct exchange_connector
read_connector(const struct reader *r, const struct json *j)
{
    struct str parts[5];
    struct str style = pack_json_str(r->at, j, "style", false);
    struct exchange_connector c = {
        .id = pack_json_str(r->at, j, "id", true),
        .service = pack_json_str(r->at, j, "service", true),
        .name = pack_json_text(r->at, j, "name", true),
        .owner = pack_json_text(r->at, j, "owner", true),
        .summary = pack_json_text(r->at, j, "summary", false),
        .legal = pack_json_text(r->at, j, "legal", false),
        .data_class = pack_json_str(r->at, j, "data_class", true),
        .ns = pack_json_str(r->at, j, "namespace", false),
        .style = str_eq(style, STR("soap")) ? EXCHANGE_SOAP : EXCHANGE_REST,
    };
    pack_json_known(r->at, j, connector_names);
    if (exchange_path_parts(c.service, parts) != 5) {
        fault(r, j, "viết VN/LỚP/MÃ/HỆ-THỐNG/dịch-vụ", "tên dịch vụ không đúng dạng", c.service);
    }
    if (!exchange_names(STR("open internal personal sensitive"), c.data_class)) {
        fault(r, j, "viết open, internal, personal hoặc sensitive", "loại dữ liệu không có",
              c.data_class);
    }
    if (c.style == EXCHANGE_SOAP && str_is_empty(c.ns)) {
        fault(r, j, "thêm \"namespace\"", "dịch vụ SOAP không có không gian tên", c.id);
    }
    c.n_uplinks = pack_json_strs(r->at, j, "uplinks", &c.uplinks);
    read_fault(r, json_get(j, "fault"), &c);
    read_steps(r, json_get(j, "operations"), &c);
    read_dossier(r, json_get(j, "dossier"), &c);
    return c;
}

static void
read_uplinks(const struct reader *r, const struct json *list, struct exchange_set *set)
{
    static const char *const names[] = { "id",         "name",      "login",     "dstcode",
                                         "login_path", "call_path", "unit_code", NULL };
    struct exchange_uplink *v = ARENA_ARRAY(r->arena, struct exchange_uplink, CONNECTORS_MAX);
    for (JSON_EACH(list, it)) {
        struct str login = pack_json_str(r->at, it, "login", true);
        pack_json_known(r->at, it, names);
        if (set->n_uplinks == CONNECTORS_MAX) {
            break;
        }
        if (!exchange_names(STR("token session"), login)) {
            fault(r, it, "viết token hoặc session", "cách đăng nhập không có", login);
        }
        v[set->n_uplinks++] = (struct exchange_uplink){
            .id = pack_json_str(r->at, it, "id", true),
            .dstcode = pack_json_str(r->at, it, "dstcode", false),
            .unit_code = pack_json_str(r->at, it, "unit_code", false),
            .name = pack_json_text(r->at, it, "name", true),
            .login = str_eq(login, STR("session")) ? EXCHANGE_LOGIN_SESSION : EXCHANGE_LOGIN_TOKEN,
            .login_path = pack_json_str(r->at, it, "login_path", false),
            .call_path = pack_json_str(r->at, it, "call_path", false),
        };
    }
    set->uplinks = v;
}

static void
read_processes(const struct reader *r, const struct json *list, struct exchange_set *set)
{
    static const char *const names[] = { "id",   "connector", "operation", "answer",
                                         "from", "send",      NULL };
    struct exchange_process *v = ARENA_ARRAY(r->arena, struct exchange_process, CONNECTORS_MAX);
    for (JSON_EACH(list, it)) {
        pack_json_known(r->at, it, names);
        if (set->n_processes == CONNECTORS_MAX) {
            break;
        }
        v[set->n_processes++] = (struct exchange_process){
            .id = pack_json_str(r->at, it, "id", true),
            .connector = pack_json_str(r->at, it, "connector", true),
            .operation = pack_json_str(r->at, it, "operation", true),
            .answer = pack_json_str(r->at, it, "answer", true),
            .from = pack_json_str(r->at, it, "from", true),
            .send = json_get(it, "send"),
        };
    }
    set->processes = v;
}

/* Whatever names a connector must name one that is there, with that operation. */
static void
check_use(const struct reader *r, const struct exchange_set *set, struct str connector,
          struct str operation)
{
    for (size_t i = 0; i < set->n_connectors; i++) {
        const struct exchange_connector *c = &set->connectors[i];
        if (str_eq(c->id, connector) &&
            (operation.p == NULL || exchange_step(c, operation) != NULL)) {
            return;
        }
    }
    fault(r, NULL, "xem exchange/connectors", "không có kết nối hoặc thao tác này",
          str_fmt(r->arena, STR_FMT "/" STR_FMT, STR_ARG(connector), STR_ARG(operation)));
}

static void
check_uses(const struct reader *r, const struct exchange_set *set)
{
    for (size_t i = 0; i < set->n_processes; i++) {
        check_use(r, set, set->processes[i].connector, set->processes[i].operation);
    }
    for (size_t i = 0; i < set->n_portals; i++) {
        check_use(r, set, set->portals[i], STR_NULL);
    }
    for (size_t i = 0; i < set->n_connectors; i++) {
        for (size_t k = 0; k < set->connectors[i].n_uplinks; k++) {
            bool is_known = false;
            for (size_t u = 0; u < set->n_uplinks; u++) {
                is_known = is_known || str_eq(set->uplinks[u].id, set->connectors[i].uplinks[k]);
            }
            if (!is_known) {
                fault(r, NULL, "xem \"uplinks\" trong exchange/exchange.json",
                      "không có đường lên này", set->connectors[i].uplinks[k]);
            }
        }
    }
}

/* A field of the service that a look-up names must be one of the operation's. */
static void
check_fields(const struct reader *r, const struct form_lookup *l, const struct exchange_step *step,
             bool is_in)
{
    const struct form_lookup_pair *v = is_in ? l->send : l->fill;
    size_t n = is_in ? l->n_send : l->n_fill;
    const struct exchange_map *maps = is_in ? step->in : step->out;
    size_t n_maps = is_in ? step->n_in : step->n_out;
    for (size_t i = 0; i < n; i++) {
        bool is_known = false;
        for (size_t k = 0; k < n_maps; k++) {
            is_known = is_known || str_eq(maps[k].our, v[i].name);
        }
        if (!is_known) {
            fault(r, NULL, "xem \"in\", \"out\" của thao tác trong exchange/connectors",
                  "thao tác không có trường này", v[i].name);
        }
    }
}

static const struct exchange_step *
step_of(const struct exchange_set *set, const struct form_lookup *l)
{
    for (size_t i = 0; set != NULL && i < set->n_connectors; i++) {
        if (str_eq(set->connectors[i].id, l->connector)) {
            return exchange_step(&set->connectors[i], l->operation);
        }
    }
    return NULL;
}

/* What forms want to look up must be there. */
static void
check_lookups(struct pack_load *l, const struct exchange_set *set)
{
    const struct form *f = NULL;
    struct reader r = { { l, STR_NULL }, pack_load_arena(l) };
    for (size_t i = 0; (f = form_at(pack_load_target(l), i)) != NULL; i++) {
        const struct form_lookup *v = NULL;
        size_t n = form_lookups(f, &v);
        r.at.file = str_fmt(r.arena, "forms/" STR_FMT ".json", STR_ARG(form_id(f)));
        for (size_t k = 0; k < n; k++) {
            const struct exchange_step *step = step_of(set, &v[k]);
            if (step == NULL) {
                fault(&r, NULL, "xem exchange/connectors", "không có kết nối hoặc thao tác này",
                      v[k].connector);
                continue;
            }
            check_fields(&r, &v[k], step, true);
            check_fields(&r, &v[k], step, false);
        }
    }
}

void
exchange_pack_part(struct pack_load *l)
{
    static const char *const names[] = { "consumer", "consumer_name", "portal",
                                         "uplinks",  "processes",     NULL };
    struct arena *a = pack_load_arena(l);
    struct reader r = { { l, STR("exchange/exchange.json") }, a };
    struct exchange_set *set = ARENA_NEW(a, struct exchange_set);
    struct str *paths = NULL;
    const struct json *top = pack_load_json(l, r.at.file, false);
    if (top == NULL) {
        check_lookups(l, NULL);
        return; /* a pack without national connectors */
    }
    pack_json_known(r.at, top, names);
    set->consumer = pack_json_str(r.at, top, "consumer", true);
    set->consumer_name = pack_json_text(r.at, top, "consumer_name", true);
    set->n_portals = pack_json_strs(r.at, top, "portal", &set->portals);
    read_uplinks(&r, json_get(top, "uplinks"), set);
    read_processes(&r, json_get(top, "processes"), set);
    size_t n = pack_load_list(l, STR("exchange/connectors/"), STR(".json"), &paths);
    struct exchange_connector *v = ARENA_ARRAY(a, struct exchange_connector, CONNECTORS_MAX);
    for (size_t i = 0; i < n && set->n_connectors < CONNECTORS_MAX; i++) {
        struct reader one = { { l, paths[i] }, a };
        const struct json *j = pack_load_json(l, paths[i], true);
        if (j != NULL) {
            v[set->n_connectors++] = read_connector(&one, j);
        }
    }
    set->connectors = v;
    check_uses(&r, set);
    check_lookups(l, set);
    pack_load_target(l)->slot[PACK_EXCHANGE] = set;
}

const struct exchange_set *
exchange_of_pack(const struct ctx *cx)
{
    const struct pack *p = pack_now(cx);
    return p == NULL ? NULL : p->slot[PACK_EXCHANGE];
}

const struct exchange_connector *
exchange_connector(const struct ctx *cx, struct str id)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    for (size_t i = 0; set != NULL && i < set->n_connectors; i++) {
        if (str_eq(set->connectors[i].id, id)) {
            return &set->connectors[i];
        }
    }
    return NULL;
}

const struct exchange_step *
exchange_step(const struct exchange_connector *c, struct str id)
{
    for (size_t i = 0; c != NULL && i < c->n_steps; i++) {
        if (str_eq(c->steps[i].id, id)) {
            return &c->steps[i];
        }
    }
    return NULL;
}

const struct exchange_uplink *
exchange_uplink(const struct ctx *cx, struct str id)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    for (size_t i = 0; set != NULL && i < set->n_uplinks; i++) {
        if (str_eq(set->uplinks[i].id, id)) {
            return &set->uplinks[i];
        }
    }
    return NULL;
}
