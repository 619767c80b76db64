/* exchange_simulated.c: SIMULATED national services: each answers with one well-formed value that
 * belongs to nobody. */
#include "engine/exchange/exchange.h"

#include "base/date.h"
#include "codec/json.h"
#include "engine/dossier/dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define FILE_PATH  "packs/demo/simulators.json"
#define FILE_BYTES (64U * 1024U)
#define TEXT_BYTES 4096

static enum err
parse(struct ctx *cx, struct str text, struct json **ret)
{
    struct json_fault fault;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, text, limits, ret, &fault) != ERR_OK) {
        return err_set(cx, ERR_BAD_REQUEST, "line %u: %s", fault.line, fault.what);
    }
    return ERR_OK;
}

static uint32_t
digits(struct ctx *cx, uint32_t below)
{
    uint32_t v = 0;
    sys_random_bytes(cx, &v, sizeof(v));
    return v % below;
}

/* 12 digits that agree with birth date and sex: place 075, century and sex, year, random. */
static struct str
personal_id(struct ctx *cx, const struct json *rule, const struct json *answers)
{
    struct str birth = json_text(answers, str_z(cx->arena, json_text(rule, "birth")));
    struct str sex = json_text(answers, str_z(cx->arena, json_text(rule, "sex")));
    struct date d;
    if (!date_parse(birth, &d)) {
        return STR_NULL;
    }
    struct civil c = date_civil(d);
    int32_t century = (c.year / 100 - 19) * 2 + (str_eq(sex, STR("female")) ? 1 : 0);
    return str_fmt(cx->arena, "075%d%02d%06u", century, c.year % 100, digits(cx, 1000000));
}

static struct str
make(struct ctx *cx, const struct json *rule, const struct json *answers)
{
    struct str how = json_text(rule, "make");
    if (str_eq(how, STR("personal-id"))) {
        return personal_id(cx, rule, answers);
    }
    if (str_eq(how, STR("copy"))) {
        return json_text(answers, str_z(cx->arena, json_text(rule, "from")));
    }
    return str_fmt(cx->arena, "TE1%012u", digits(cx, 1000000000));
}

struct answer {
    struct str key, payload;
};

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    const struct answer *a = arg;
    return store_outbox_put(cx, STR("exchange.answer"), a->key, a->payload);
}

static enum err
on_call(struct ctx *cx, struct str key, struct str payload)
{
    struct json *call = NULL;
    struct json *rules = NULL;
    struct json *answers = NULL;
    struct str file;
    struct dossier d;
    int64_t id = 0;
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_UPSTREAM, "no connection to this service is set up");
    }
    TRY(parse(cx, payload, &call));
    if (!str_to_i64(json_text(call, "dossier"), 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_BAD_REQUEST, "the call names no dossier");
    }
    TRY(sys_file_read(cx, STR(FILE_PATH), FILE_BYTES, &file));
    TRY(parse(cx, file, &rules));
    const struct json *rule = json_get_str_key(rules, json_text(call, "service"));
    if (rule == NULL) {
        return err_set(cx, ERR_UPSTREAM, "no simulated service of this name");
    }
    TRY(dossier_get(cx, id, &d));
    TRY(parse(cx, d.answers, &answers));
    struct buf b = buf_new(cx->arena, TEXT_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "dossier", json_text(call, "dossier"));
    json_put_str(&o, "service", json_text(call, "service"));
    json_put_str(&o, "name", json_text(rule, "answer"));
    json_put_str(&o, "value", make(cx, rule, answers));
    json_close(&o);
    struct answer a = { key, buf_str(&b) };
    return store_write(cx, answer_tx, &a);
}

const struct jobs_topic exchange_topics[] = {
    { STR_INIT("exchange.call"), on_call },
    { { NULL, 0 }, NULL },
};
