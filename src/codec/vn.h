/* vn.h: Vietnamese text. Works on the letters of the Vietnamese alphabet (TCVN 6909:2001, Unicode):
 * the precomposed letters and the combining marks grave 0300, acute 0301, circumflex 0302, tilde
 * 0303, breve 0306, hook above 0309, horn 031B, dot below 0323. Other text passes unchanged, so for
 * text made of these letters and of anything already composed the result is NFC. All input must be
 * UTF-8; broken bytes pass unchanged. */
#ifndef CODEC_VN_H
#define CODEC_VN_H

#include "base/str.h"

/* Composes base letters and marks in any order ("e" + acute + circumflex as well as "e" +
 * circumflex + acute) to the precomposed letter. Returns s itself when nothing changes. */
struct str vn_nfc(struct arena *a, struct str s);
/* NFC, then lower case of ASCII and Vietnamese letters. */
struct str vn_lower(struct arena *a, struct str s);
struct str vn_upper(struct arena *a, struct str s);
/* For search: NFC, lower case, marks removed, d for đ; other Latin letters with these marks
 * (S'tiêng: ŏ, ĕ, ŭ, ñ, č) lose them too; curly apostrophes become '. "Đồng Xoài" gives "dong
 * xoai". */
struct str vn_fold(struct arena *a, struct str s);
/* One spelling of tone placement: "hoà", "thuỷ" become "hòa", "thủy" (old style, the commoner one
 * in names and addresses). Input NFC or not; the result is NFC. Case is kept. */
struct str vn_tone_place(struct arena *a, struct str s);
/* Same text but for case, tone placement, outer and doubled spaces. */
bool vn_equal(struct arena *a, struct str x, struct str y);
/* Trimmed, inner white space runs become one space, NFC. */
struct str vn_squeeze(struct arena *a, struct str s);

/* A person's name: letters (Vietnamese and other Latin with marks), single spaces, and ' ’ - .
 * inside, 2 letters at least, at most max_chars characters. The rule is about form: one word is a
 * name too. */
bool vn_is_name(struct str s, size_t max_chars);

/* Code points in s (broken bytes count one each). */
size_t vn_length(struct str s);

/* For comparing names: lower case, one blank between words, tone mark at one place ("Thanh Hoá" and
 * "Thanh Hóa" give the same), hyphens as blanks. Letters keep their marks. */
struct str vn_name_key(struct arena *a, struct str s);
/* For sorting by bytes in the order of the Vietnamese alphabet (a ă â b c d đ e ê ...), the tone
 * deciding last. Not for people's eyes. */
struct str vn_sort_key(struct arena *a, struct str s);
/* For searching without marks: lower case a-z, 0-9 and single blanks; "Đăng ký" -> "dang ky".
 * Punctuation becomes a blank, but '.' between digits stays ("1.004873"). Malformed bytes are
 * dropped. */
struct str vn_search_key(struct arena *a, struct str s);
/* Folds one character to lower-case ASCII; 0 when it is not a letter or digit we know. */
char vn_plain_char(uint32_t c);
/* One code point; moves *pos. 0xFFFD for malformed bytes. */
uint32_t vn_next_point(struct str s, size_t *pos);

/* Edit distance (insert, delete, change, swap of neighbours; optimal string alignment) by code
 * points; max + 1 when larger than max or when a word is longer than 64 code points. */
uint32_t vn_distance(struct str x, struct str y, uint32_t max);

#endif
