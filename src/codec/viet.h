/* viet.h: Vietnamese letters. Composition (NFC), tone placement, folding to plain letters.
 * Only the Latin letters of Vietnamese and the five tone and three letter marks are touched; all
 * other characters pass unchanged. Input is UTF-8; malformed bytes are dropped. */
#ifndef CODEC_VIET_H
#define CODEC_VIET_H

#include "base/str.h"

/* Composed form: letter + combining marks become one character ("a" + U+0302 + U+0301 -> "ấ").
 * Equal to NFC for every Vietnamese text; marks on other letters stay as they are. */
struct str viet_nfc(struct arena *a, struct str s);
/* Lower case of ASCII and Vietnamese letters, composed. */
struct str viet_lower(struct arena *a, struct str s);
/* For comparing names: composed, lower case, one blank between words, tone mark moved to one place
 * ("Thanh Hoá" and "Thanh Hóa" give the same), hyphens as blanks. Letters keep their marks. */
struct str viet_name_key(struct arena *a, struct str s);
/* For searching without marks: lower case a-z, 0-9 and single blanks; "Đăng ký" -> "dang ky".
 * Punctuation becomes a blank, but '.' between digits stays ("1.004873"). */
struct str viet_fold(struct arena *a, struct str s);
/* Folds one character to lower-case ASCII; 0 when it is not a letter or digit we know. */
char viet_fold_char(uint32_t c);

/* One code point; moves *pos. 0xFFFD for malformed bytes. */
uint32_t viet_utf8_next(struct str s, size_t *pos);

#endif
