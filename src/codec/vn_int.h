/* vn_int.h: letters taken apart, shared by the files of vn.h. */
#ifndef CODEC_VN_INT_H
#define CODEC_VN_INT_H

#include "codec/vn.h"

#define VN_RAW 0x200000U /* a byte that is not UTF-8 travels as VN_RAW | byte */

enum vn_mark {
    MARK_NONE,
    MARK_GRAVE,
    MARK_ACUTE,
    MARK_TILDE,
    MARK_HOOK,
    MARK_DOT,
    MARK_CIRCUMFLEX,
    MARK_BREVE,
    MARK_HORN
};

/* A letter taken apart. is_vowel false: base is the code point itself. */
struct vn_letter {
    uint32_t base; /* lower case */
    enum vn_mark letter_mark, tone;
    bool is_vowel, is_upper;
};

/* One code point at *i, which moves. */
uint32_t vn_point(struct str s, size_t *i);
uint32_t *vn_points(struct arena *a, struct str s, size_t *ret_n);
/* Writes c as UTF-8 to at most 4 bytes; how many. */
size_t vn_put_point(char *to, uint32_t c);
struct str vn_of_points(struct arena *a, const uint32_t *p, size_t n);
uint32_t vn_lower_point(uint32_t c);
uint32_t vn_upper_point(uint32_t c);
enum vn_mark vn_mark_of(uint32_t c);
bool vn_is_combining(uint32_t c);
struct vn_letter vn_take_apart(uint32_t c);
uint32_t vn_put_together(struct vn_letter l);
/* Is there a letter of this base with this mark? */
bool vn_vowel_takes(uint32_t base, enum vn_mark letter_mark);
/* Lower case without marks. */
uint32_t vn_fold_point(uint32_t c);

#endif
