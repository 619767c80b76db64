/* fuzz_box.c: what programs put into a box, and what installations send each other: whatever comes,
 * what is taken is in its bounds, and a batch that was taken is written the same again. */
#include "fuzz.h"

#include "engine/box/box_int.h"

static void
check(const struct box_message *m)
{
    ASSERT(box_is_name(m->name) && m->type.n <= 100 && m->issue.n <= 100);
    ASSERT(m->body.n <= BOX_BODY_BYTES && m->n_files <= BOX_FILES_MAX);
    for (size_t i = 0; i < m->n_files; i++) {
        ASSERT(box_is_hash(m->files[i].hash) && m->files[i].n_bytes >= 0);
        ASSERT(m->files[i].name.n > 0 && m->files[i].name.n <= 200);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0) };
    struct str in = fuzz_str(data, n);
    struct box_message *m = NULL;
    size_t n_put = 0;
    bool is_list = false;
    struct box_batch batch;
    struct box_answer answer;
    if (box_messages_read(&cx, in, &m, &n_put, &is_list) == ERR_OK) {
        ASSERT(n_put >= 1 && n_put <= BOX_PUT_MAX && (is_list || n_put == 1));
        for (size_t i = 0; i < n_put; i++) {
            check(&m[i]);
            ASSERT(m[i].receiver.n != 0 || (!is_list && m[i].topic.n != 0));
        }
    }
    struct box_ack *acks = NULL;
    size_t n_acks = 0;
    if (box_acks_read(&cx, in, &acks, &n_acks) == ERR_OK) {
        ASSERT(n_acks >= 1 && n_acks <= BOX_ACK_MAX);
        for (size_t i = 0; i < n_acks; i++) {
            ASSERT(acks[i].id > 0);
        }
    }
    if (box_batch_read(cx.arena, in, &batch)) {
        struct box_batch again;
        ASSERT(batch.n <= BOX_BATCH_MAX);
        for (size_t i = 0; i < batch.n; i++) {
            check(&batch.v[i]);
            ASSERT(batch.v[i].seq > (i == 0 ? 0 : batch.v[i - 1].seq));
        }
        ASSERT(box_batch_read(cx.arena, box_batch_write(cx.arena, &batch), &again));
        ASSERT(again.n == batch.n && again.prev == batch.prev && again.after == batch.after);
    }
    if (box_answer_read(cx.arena, in, &answer)) {
        ASSERT(answer.have >= 0 && answer.word.n > 0);
    }
    arena_close(cx.arena);
    return 0;
}
