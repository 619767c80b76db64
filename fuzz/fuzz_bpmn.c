/* fuzz_bpmn.c: any bytes as processes/p.bpmn: refused with a fault, or a process that can be found.
 */
#include "fuzz.h"

#include "engine/flow/flow.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pack_part_fn *const parts[] = { flow_pack_part };
    struct ctx cx = { .arena = arena_open(0), .lang = STR("vi") };
    struct pack_file files[] = {
        { STR("processes/p.bpmn"), { (const char *)data, size } },
        { STR("roles/roles.csv"), STR("role,name_vi\nleader,L\nspecialist,S\none-stop,O\n") },
    };
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    if (pack_read_files(&cx, files, COUNT_OF(files), parts, 1, &p, &faults, &n) == ERR_OK) {
        ASSERT(n > 0 || flow_find(p, STR("p")) != NULL);
    }
    pack_free(p);
    arena_close(cx.arena);
    return 0;
}
