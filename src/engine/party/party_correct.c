/* party_correct.c: which fields of a record may be corrected, and what fits into them. */
#include "base/buf.h"
#include "codec/vn.h"
#include "engine/party/party.h"
#include "web/web.h"

#define NAME_CHARS    80
#define WORDS_CHARS   60
#define ADDRESS_CHARS 300
#define PHONE_DIGITS  10
#define EMAIL_BYTES   254

const char *const party_correctable[] = { "name",      "birth_date",  "sex",
                                          "ethnicity", "nationality", "address",
                                          "phone",     "email",       NULL };

static struct str *
slot(struct party *p, struct str field)
{
    struct str *const slots[] = { &p->name,        &p->birth_date, &p->sex,   &p->ethnicity,
                                  &p->nationality, &p->address,    &p->phone, &p->email };
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        if (str_eq(field, str_of(party_correctable[i]))) {
            return slots[i];
        }
    }
    return NULL;
}

struct str
party_field(const struct party *p, struct str field)
{
    struct party copy = *p;
    const struct str *at = slot(&copy, field);
    return at == NULL ? STR_NULL : at->p == NULL ? STR("") : *at;
}

struct str
party_field_label(struct ctx *cx, struct str field)
{
    struct str s = text_find(cx, str_cat(cx->arena, STR("party.field."), field));
    return s.p == NULL ? field : s;
}

struct str
party_field_text(struct ctx *cx, struct str field, struct str value)
{
    struct date day;
    if (str_eq(field, STR("birth_date")) && date_parse(value, &day)) {
        return text_date_of(cx, day);
    }
    struct str sex = str_eq(field, STR("sex"))
                         ? text_find(cx, str_cat(cx->arena, STR("party.sex."), value))
                         : STR_NULL;
    return sex.p != NULL ? sex : value.p == NULL ? STR("") : value;
}

/* --- what fits --------------------------------------------------------------------------------
 * Each takes a squeezed text and gives the value as it is kept, null when it is none. */
typedef struct str fit_fn(struct arena *a, struct str s, struct date today);

static struct str
fit_name(struct arena *a, struct str s, struct date today)
{
    (void)a;
    (void)today;
    return vn_is_name(s, NAME_CHARS) ? s : STR_NULL;
}

static struct str
fit_words(struct arena *a, struct str s, struct date today)
{
    (void)a;
    (void)today;
    return vn_is_name(s, WORDS_CHARS) ? s : STR_NULL;
}

static struct str
fit_address(struct arena *a, struct str s, struct date today)
{
    (void)a;
    (void)today;
    return s.n > 0 && vn_length(s) <= ADDRESS_CHARS ? s : STR_NULL;
}

/* 1990-05-02 or as people write it, 2/5/1990. */
static struct str
fit_day(struct arena *a, struct str s, struct date today)
{
    struct date day;
    struct str d;
    struct str m;
    struct str y;
    struct str rest;
    int64_t mday = 0;
    int64_t month = 0;
    if (str_cut(s, '/', &d, &rest) && str_cut(rest, '/', &m, &y) && str_to_i64(d, 1, 31, &mday) &&
        str_to_i64(m, 1, 12, &month)) {
        s = str_fmt(a, STR_FMT "-%02" PRId64 "-%02" PRId64, STR_ARG(y), month, mday);
    }
    return date_parse(s, &day) && day.day <= today.day ? s : STR_NULL;
}

static struct str
fit_sex(struct arena *a, struct str s, struct date today)
{
    (void)today;
    struct str word = vn_fold(a, s);
    bool is_male = str_eq(word, STR("nam")) || str_eq(word, STR("male"));
    bool is_female = str_eq(word, STR("nu")) || str_eq(word, STR("female"));
    return is_male ? STR("male") : is_female ? STR("female") : STR_NULL;
}

/* 0912 345 678, +84912345678. */
static struct str
fit_phone(struct arena *a, struct str s, struct date today)
{
    (void)today;
    bool is_abroad = str_starts(s, STR("+84"));
    struct buf b = buf_new(a, 64);
    if (is_abroad) {
        buf_add_char(&b, '0');
    }
    for (size_t i = is_abroad ? 3 : 0; i < s.n && b.n <= PHONE_DIGITS; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9') {
            buf_add_char(&b, s.p[i]);
        } else if (s.p[i] != ' ' && s.p[i] != '.') {
            return STR_NULL;
        }
    }
    struct str number = buf_str(&b);
    return number.n == PHONE_DIGITS && number.p[0] == '0' ? number : STR_NULL;
}

static struct str
fit_email(struct arena *a, struct str s, struct date today)
{
    struct str name;
    struct str host;
    (void)a;
    (void)today;
    bool is_fine = s.n <= EMAIL_BYTES && str_cut(s, '@', &name, &host) && name.n > 0 &&
                   host.n > 3 && str_has_char(host, '.') && !str_has_char(host, '@') &&
                   !str_has_char(s, ' ');
    return is_fine ? s : STR_NULL;
}

/* In the order of party_correctable. */
static const struct {
    fit_fn *fit;
    const char *wrong;
    bool is_of_person; /* an organisation has none */
} rules[] = {
    { fit_name, "party.wrong.name", false },   { fit_day, "party.wrong.birth_date", true },
    { fit_sex, "party.wrong.sex", true },      { fit_words, "party.wrong.words", true },
    { fit_words, "party.wrong.words", true },  { fit_address, "party.wrong.address", false },
    { fit_phone, "party.wrong.phone", false }, { fit_email, "party.wrong.email", false },
};

const char *
party_correct(struct arena *a, struct party *p, struct str field, struct str wanted,
              struct date today)
{
    struct party next = *p;
    struct str *at = slot(&next, field);
    bool is_org = str_eq(p->kind, STR("org"));
    size_t i = 0;
    while (at != NULL && !str_eq(field, str_of(party_correctable[i]))) {
        i++;
    }
    if (at == NULL || (is_org && rules[i].is_of_person)) {
        return "party.wrong.field";
    }
    struct str typed = vn_squeeze(a, wanted.p == NULL ? STR("") : wanted);
    bool is_org_name = is_org && at == &next.name; /* letters, digits, signs: free words */
    *at = is_org_name ? fit_address(a, typed, today) : rules[i].fit(a, typed, today);
    if (at->p == NULL) {
        return rules[i].wrong;
    }
    const char *wrong = is_org || !rules[i].is_of_person || str_is_empty(next.personal_id)
                            ? NULL
                            : party_check_personal_id(next.personal_id, next.sex, next.birth_date);
    if (wrong == NULL) {
        *p = next;
    }
    return wrong;
}
