/* Loads templates/<id>.html of a pack. */
#include "engine/print/print.h"
#include "sys/sys.h"

#define TEMPLATES_MAX 500

struct print_set {
    struct str *ids, *sources;
    const struct pdf_template **templates;
    size_t n;
};

void
print_pack_load(struct pack_load *l)
{
    struct arena *a = pack_load_arena(l);
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("templates/"), STR(".html"), &paths);
    struct print_set *set = ARENA_NEW(a, struct print_set);

    if (n > TEMPLATES_MAX) {
        pack_load_fault(l, STR("templates/"), 0, STR("quá nhiều mẫu"),
                        STR("giữ tối đa 500 mẫu trong một gói"));
        n = TEMPLATES_MAX;
    }
    set->ids = ARENA_ARRAY(a, struct str, n + 1);
    set->sources = ARENA_ARRAY(a, struct str, n + 1);
    set->templates = ARENA_ARRAY(a, const struct pdf_template *, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct pdf_fault fault = { 0 };
        const size_t dir = sizeof("templates/") - 1;
        struct str source = pack_load_file(l, paths[i]);
        if (pdf_template_parse(a, source, &set->templates[set->n], &fault) != ERR_OK) {
            pack_load_fault(l, paths[i], fault.line, fault.what, fault.remedy);
            continue;
        }
        set->sources[set->n] = str_dup(a, source);
        set->ids[set->n++] = str_slice(paths[i], dir, paths[i].n - (sizeof(".html") - 1));
    }
    pack_load_target(l)->slot[PACK_TEMPLATES] = set;
}

const struct pdf_template *
print_template(const struct pack *pack, struct str id)
{
    const struct print_set *set = pack == NULL ? NULL : pack->slot[PACK_TEMPLATES];
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (str_eq(set->ids[i], id)) {
            return set->templates[i];
        }
    }
    return NULL;
}

struct str
print_source(const struct pack *pack, struct str id)
{
    const struct print_set *set = pack == NULL ? NULL : pack->slot[PACK_TEMPLATES];
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (str_eq(set->ids[i], id)) {
            return set->sources[i];
        }
    }
    return STR_NULL;
}

enum err
print_pdf(struct ctx *cx, const struct pack *pack, struct str id, struct str doc_json,
          struct pdf_out *ret)
{
    const struct pdf_template *t = print_template(pack, id);
    struct json *doc = NULL;
    struct json_fault fault = { 0 };

    if (t == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "pack has no template " STR_FMT,
                       STR_ARG(str_slice(id, 0, 60)));
    }
    if (json_parse(cx->arena, doc_json, (struct json_limits){ 0 }, &doc, &fault) != ERR_OK ||
        doc->type != JSON_OBJECT) {
        return err_set(cx, ERR_INTERNAL, "document of template " STR_FMT " is not a JSON object",
                       STR_ARG(str_slice(id, 0, 60)));
    }
    return pdf_render(cx, t, doc, sys_now_us(cx), ret);
}
