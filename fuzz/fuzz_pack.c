/* fuzz_pack.c: pack files from outside. The first byte chooses which file the rest is; the other
 * files are those of a small right pack. Any bytes must give a pack and faults, never a crash. */
#include "engine/search/search.h"
#include "sys/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define HOURS "calendar,weekday,from,to,valid_from,valid_to\nchung,1,07:30,11:30,,\n"
#define UNITS "code,name,name_en,type,level,parent,valid_from,valid_to\n1,T,T,tỉnh,province,,,\n"
#define SITE                                                                                       \
    "{\"id\":\"x\",\"name\":{\"vi\":\"X\"},\"calendar\":\"chung\",\"province\":[{\"unit\":\"1\"}]" \
    "}"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static pack_part_fn *const parts[] = {
        pack_part_site,     pack_part_texts,     unit_pack_part,
        calendar_pack_part, procedure_pack_part, search_pack_part
    };
    struct pack_file files[] = {
        { STR("pack.json"), STR(SITE) },
        { STR("units/units.csv"), STR(UNITS) },
        { STR("calendar/hours.csv"), STR(HOURS) },
        { STR("units/successions.csv"), STR("") },
        { STR("calendar/holidays.json"), STR("{\"rules\":[]}") },
        { STR("calendar/overrides.csv"), STR("") },
        { STR("procedures/fields.csv"), STR("code,name_vi,name_en\nf,F,F\n") },
        { STR("procedures/life-events.csv"), STR("") },
        { STR("procedures/a.json"), STR("{}") },
        { STR("search/synonyms.csv"), STR("") },
        { STR("texts/vi.txt"), STR("") },
    };
    if (n == 0 || n > 100000) {
        return 0;
    }
    files[data[0] % COUNT_OF(files)].bytes = (struct str){ (const char *)data + 1, n - 1 };
    struct ctx cx = { .arena = arena_open(0), .clock = &sys_clock_real, .lang = STR("vi") };
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n_faults = 0;
    if (pack_read_files(&cx, files, COUNT_OF(files), parts, COUNT_OF(parts), &p, &faults,
                        &n_faults) == ERR_OK) {
        cx.pack = p;
        struct search_hits hits;
        struct str query = { (const char *)data, n < 100 ? n : 100 };
        if (search_procedures(&cx, query, NULL, 5, &hits) == ERR_OK && hits.n > 5) {
            __builtin_trap();
        }
        (void)calendar_add_work(&cx, STR_NULL, (int64_t)n * 86400 * DATE_US_PER_S, 3600);
    }
    pack_free(p);
    arena_close(cx.arena);
    return 0;
}
