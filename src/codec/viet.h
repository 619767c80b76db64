/* viet.h: Vietnamese words as keys: for comparing names, for sorting, for searching without marks.
 * Letters and their composition are vn.h's. Input is UTF-8, composed or not; malformed bytes are
 * dropped. */
#ifndef CODEC_VIET_H
#define CODEC_VIET_H

#include "base/str.h"

/* For comparing names: lower case, one blank between words, tone mark at one place ("Thanh Hoá" and
 * "Thanh Hóa" give the same), hyphens as blanks. Letters keep their marks. */
struct str viet_name_key(struct arena *a, struct str s);
/* For sorting by bytes in the order of the Vietnamese alphabet (a ă â b c d đ e ê ...), the tone
 * deciding last. Not for people's eyes. */
struct str viet_sort_key(struct arena *a, struct str s);
/* For searching without marks: lower case a-z, 0-9 and single blanks; "Đăng ký" -> "dang ky".
 * Punctuation becomes a blank, but '.' between digits stays ("1.004873"). */
struct str viet_fold(struct arena *a, struct str s);
/* Folds one character to lower-case ASCII; 0 when it is not a letter or digit we know. */
char viet_fold_char(uint32_t c);

/* One code point; moves *pos. 0xFFFD for malformed bytes. */
uint32_t viet_utf8_next(struct str s, size_t *pos);

#endif
