/* Prints what the calendar of packs/binh-phuoc says: `lunar DATE Y M D LEAP` for each day of
 * 1901..2099, `day DATE work|off|substitute NAME` for the named days of 2013..2060. */
#include "engine/calendar/calendar.h"
#include "engine/unit/unit.h"
#include "sys/sys.h"

#include <inttypes.h>
#include <stdio.h>

static pack_part_fn *const parts[] = { pack_part_site, pack_part_texts, unit_pack_part,
                                       calendar_pack_part };

static void
dump_lunar(struct arena *a)
{
    struct date end = date_of(2100, 1, 1);
    for (struct date d = date_of(1901, 1, 1); date_cmp(d, end) < 0; d.day++) {
        struct lunar l = calendar_lunar(d);
        (void)printf("lunar " STR_FMT " %d %d %d %d\n", STR_ARG(date_iso(a, d)), l.year, l.month,
                     l.mday, l.is_leap);
    }
}

static const char *
kind(const struct calendar_day *d)
{
    if (d->n_spans != 0) {
        return "work";
    }
    return d->is_substitute ? "substitute" : "off";
}

static void
dump_specials(struct ctx *cx)
{
    for (int32_t year = 2013; year <= 2060; year++) {
        struct calendar_special *v = NULL;
        size_t n = calendar_specials(cx, STR_NULL, year, &v);
        for (size_t i = 0; i < n; i++) {
            (void)printf("day " STR_FMT " %s " STR_FMT "\n",
                         STR_ARG(date_iso(cx->arena, v[i].date)), kind(&v[i].day),
                         STR_ARG(v[i].day.why.vi));
        }
    }
}

int
main(void)
{
    struct arena *a = arena_open(0);
    struct app_config config = { .pack_dirs = STR("packs/binh-phuoc") };
    struct ctx cx = { .arena = a,
                      .clock = &sys_clock_real,
                      .random = &sys_random_real,
                      .config = &config,
                      .lang = STR("vi") };
    struct pack *pack = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    int rc = 1;
    if (pack_read_dir(&cx, config.pack_dirs, parts, COUNT_OF(parts), &pack, &faults, &n) ==
            ERR_OK &&
        n == 0) {
        cx.pack = pack;
        dump_lunar(a);
        dump_specials(&cx);
        rc = 0;
    }
    pack_free(pack);
    arena_close(a);
    return rc;
}
