/* party_model.c: pure rules: well-formed numbers, masks. */
#include "engine/party/party.h"

#include "base/buf.h"

static bool
all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n != 0;
}

/* Place codes of birth registration: 001..096 in even and odd gaps; retired ones stay valid for
 * ever. The exact list is content; the form only refuses what no list ever had. */
static bool
is_place_code(struct str id)
{
    int64_t place = 0;
    return str_to_i64(str_slice(id, 0, 3), 1, 96, &place);
}

const char *
party_check_personal_id(struct str id, struct str sex, struct str birth_date)
{
    if (!all_digits(id)) {
        return "party.id_digits";
    }
    if (id.n != 12) {
        return "party.id_length";
    }
    if (!is_place_code(id)) {
        return "party.id_place";
    }
    int century_sex = id.p[3] - '0';
    if (!str_is_empty(sex) && (century_sex % 2 == 1) != str_eq(sex, STR("female"))) {
        return "party.id_sex";
    }
    int64_t year = 0;
    if (birth_date.n >= 4 && str_to_i64(str_slice(birth_date, 0, 4), 1900, 2399, &year)) {
        int64_t yy = 0;
        bool is_number = str_to_i64(str_slice(id, 4, 6), 0, 99, &yy);
        if (!is_number || year != 1900 + century_sex / 2 * 100 + yy) {
            return "party.id_birth";
        }
    }
    return NULL;
}

const char *
party_check_tax_code(struct str code)
{
    static const int weights[9] = { 31, 29, 23, 19, 17, 13, 7, 5, 3 };
    if (code.n == 12) {
        return party_check_personal_id(code, STR_NULL, STR_NULL);
    }
    bool is_branch = code.n == 14 && code.p[10] == '-' && all_digits(str_slice(code, 11, 14));
    if (!is_branch && code.n != 10) {
        return "party.tax_length";
    }
    if (!all_digits(str_slice(code, 0, 10))) {
        return "party.tax_length";
    }
    int sum = 0;
    for (size_t i = 0; i < COUNT_OF(weights); i++) {
        sum += weights[i] * (code.p[i] - '0');
    }
    int check = 10 - sum % 11;
    return check != 10 && check == code.p[9] - '0' ? NULL : "party.tax_check";
}

struct str
party_mask_id(struct arena *a, struct str number)
{
    if (number.n < 8) {
        return str_is_empty(number) ? STR("") : STR("***");
    }
    char *p = arena_copy(a, number.p, number.n);
    for (size_t i = 3; i + 4 < number.n; i++) {
        p[i] = '*';
    }
    return (struct str){ p, number.n };
}

/* Bytes of the first character of s. */
static size_t
first_char(struct str s)
{
    size_t n = s.n == 0 ? 0 : 1;
    while (n < s.n && ((unsigned char)s.p[n] & 0xC0U) == 0x80U) {
        n++;
    }
    return n;
}

struct str
party_mask_name(struct arena *a, struct str name)
{
    struct buf b = buf_new(a, 1024);
    struct str rest = name;
    struct str word;
    bool is_first = str_has_char(str_trim(name), ' '); /* a single word is masked as well */
    bool is_begun = false;
    while (str_next(&rest, ' ', &word)) {
        if (is_begun) {
            buf_add_char(&b, ' ');
        }
        is_begun = true;
        if (is_first) {
            buf_add(&b, word);
        } else {
            buf_add(&b, str_slice(word, 0, first_char(word)));
            BUF_LIT(&b, "***");
        }
        is_first = false;
    }
    return buf_str(&b);
}
