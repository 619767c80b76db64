/* pdf_file.h: the little of the PDF format (ISO 32000-1) that signing needs: classic
 * cross-reference tables, dictionaries, incremental updates, and finding signatures in a file
 * handed in. */
#ifndef CODEC_PDF_FILE_H
#define CODEC_PDF_FILE_H

#include "base/buf.h"
#include "base/ctx.h"

#define PDF_OBJECTS_MAX 200000
#define PDF_SIGS_MAX    16
#define PDF_SIG_HOLE    16384 /* hex digits kept for one signature */

struct pdf_file {
    struct str bytes;
    uint64_t *offsets; /* of object n; 0 = free */
    uint32_t n_objects;
    uint64_t startxref;
    struct str trailer; /* dictionary of the newest trailer, with << >> */
    uint32_t root;
};

/* Reads the cross-reference chain. ERR_UNSUPPORTED: not a PDF, or one with cross-reference streams
 * or encryption; ERR_BAD_REQUEST: damaged. */
NODISCARD enum err pdf_file_open(struct ctx *cx, struct str bytes, struct pdf_file *ret);
/* Dictionary of an object, with its << >>; null when absent or something else. */
struct str pdf_file_dict(const struct pdf_file *f, uint32_t object);
/* Value of a key at the top level of a dictionary, null when absent. */
struct str pdf_dict_get(struct str dict, struct str key);
/* The dictionary's inside without that key. */
struct str pdf_dict_without(struct arena *a, struct str dict, struct str key);
/* "12 0 R" -> 12; 0 otherwise. */
uint32_t pdf_ref(struct str value);
/* Object number of page i (0-based), 0 when there is none. */
uint32_t pdf_file_page(const struct pdf_file *f, uint32_t i);

/* Objects appended to a file as one incremental update. */
struct pdf_update {
    struct buf out; /* the whole new file */
    uint32_t *numbers;
    uint64_t *offsets;
    uint32_t n, max, next_object;
    const struct pdf_file *file;
};
struct pdf_update pdf_update_begin(struct ctx *cx, const struct pdf_file *f, size_t grow_bytes,
                                   uint32_t objects_max);
/* Number for a new object. */
uint32_t pdf_update_number(struct pdf_update *u);
/* Opens object n ("n 0 obj\n"); write its body into u->out, then pdf_update_end_object. */
void pdf_update_object(struct pdf_update *u, uint32_t n);
void pdf_update_end_object(struct pdf_update *u);
/* A stream object with these dictionary entries, compressed. */
void pdf_update_stream(struct pdf_update *u, uint32_t n, struct str entries, struct str bytes);
/* Cross-reference section and trailer. ERR_TOO_LARGE when grow_bytes was too small. */
NODISCARD enum err pdf_update_end(struct ctx *cx, struct pdf_update *u);
/* PDF text string: <FEFF...> (UTF-16BE), so that every letter survives. */
void pdf_put_text(struct buf *b, struct str utf8);

/* A signature dictionary as found: what it signs, and its bytes. */
struct pdf_sig {
    uint64_t from_n, gap_end, end; /* signed: [0, from_n) and [gap_end, end) */
    struct str cms;                /* decoded /Contents, zero padding included */
    struct str when;               /* /M as written */
    bool is_exact;                 /* the gap holds one hex string and nothing else */
};
/* All signature dictionaries in file order (by end of the signed range). */
NODISCARD enum err pdf_sigs_find(struct ctx *cx, struct str bytes, struct pdf_sig **ret,
                                 size_t *ret_n);
/* "D:20261122101530+07'00'" -> instant; 0 when it cannot be read. */
int64_t pdf_date_us(struct str s);
/* Instant -> the same, in Vietnam time. */
struct str pdf_date_of(struct arena *a, int64_t at_us);

#endif
