/* backup_check.c: names of what belongs to an installation, the manifest, and the last proof. */
#include "codec/json.h"
#include "engine/backup/backup_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_backup.h"
#include "store/blobs.h"

#include <stdio.h>

#define PART_MAX 100
#define HASHES_N 500
#define HASH_HEX 65 /* SHA-256 in hex and NUL */

bool
backup_is_left_out(struct str path)
{
    static const char *const names[] = { "bombo.db",         "bombo.db-wal", "bombo.db-shm",
                                         "bombo.db-journal", "bombo.lock",   "backup.lock",
                                         "backup.last" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(path, str_of(names[i]))) {
            return true;
        }
    }
    return str_eq(path, STR("spool")) || str_starts(path, STR("spool/")) ||
           str_starts(path, STR("backup.tmp")) || str_ends(path, STR(".part"));
}

static bool
is_part(struct str part)
{
    bool is_good = part.n != 0 && part.n <= PART_MAX && part.p[0] != '.';
    for (size_t i = 0; is_good && i < part.n; i++) {
        char c = part.p[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_' || c == '@' || c == '+';
    }
    return is_good;
}

bool
backup_is_path(struct str path)
{
    struct str rest = path;
    struct str part;
    size_t depth = 0;
    while (str_next(&rest, '/', &part)) {
        if (!is_part(part)) {
            return false;
        }
        depth++;
    }
    return path.n <= ENTRY_PATH_MAX && depth >= 1 && depth <= DEPTH_MAX;
}

/* --- the manifest -------------------------------------------------------------------------------
 */
struct str
backup_manifest_write(struct ctx *cx, const struct backup_manifest *m)
{
    struct buf b = buf_new(cx->arena, MANIFEST_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_i64(&o, "format", 1);
    json_put_str(&o, "program", m->program);
    json_put_i64(&o, "taken_us", m->taken_us);
    json_put_i64(&o, "files", m->n_files);
    json_put_i64(&o, "blobs", m->n_blobs);
    json_put_i64(&o, "bytes", m->n_bytes);
    json_put_i64(&o, "ledger_size", m->ledger_size);
    json_put_str(&o, "ledger_root", m->ledger_root);
    json_key(&o, "tables");
    json_open(&o);
    for (size_t i = 0; i < m->n_tables; i++) {
        json_key_str(&o, m->tables[i].name);
        json_i64(&o, m->tables[i].n_rows);
    }
    json_close(&o);
    json_close(&o);
    return buf_str(&b);
}

enum err
backup_manifest_read(struct ctx *cx, struct str text, struct backup_manifest *ret)
{
    struct json *tree = NULL;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, text, limits, &tree, NULL) != ERR_OK ||
        json_int(tree, "format", 0) != 1) {
        return err_set(cx, ERR_UNSUPPORTED, "a manifest of another format: use a newer program");
    }
    const struct json *tables = json_get(tree, "tables");
    struct backup_manifest m = { .program = json_text(tree, "program"),
                                 .taken_us = json_int(tree, "taken_us", 0),
                                 .n_files = json_int(tree, "files", 0),
                                 .n_blobs = json_int(tree, "blobs", 0),
                                 .n_bytes = json_int(tree, "bytes", 0),
                                 .ledger_size = json_int(tree, "ledger_size", 0),
                                 .ledger_root = json_text(tree, "ledger_root") };
    m.tables = ARENA_ARRAY(cx->arena, struct store_count, BACKUP_TABLES_MAX);
    for (JSON_EACH(tables, it)) {
        if (m.n_tables == BACKUP_TABLES_MAX) {
            return err_set(cx, ERR_TOO_LARGE, "more than %d tables", BACKUP_TABLES_MAX);
        }
        m.tables[m.n_tables++] = (struct store_count){ it->key, it->i64 };
    }
    *ret = m;
    return ERR_OK;
}

/* --- the last proof -----------------------------------------------------------------------------
 */
static enum err
check_tables(struct ctx *cx, void *arg)
{
    const struct backup_manifest *m = arg;
    struct store_count *v = NULL;
    size_t n = 0;
    TRY(store_counts(cx, &v, &n));
    for (size_t i = 0; i < m->n_tables && i < n; i++) {
        if (!str_eq(v[i].name, m->tables[i].name) || v[i].n_rows != m->tables[i].n_rows) {
            return err_set(cx, ERR_CONFLICT,
                           "table " STR_FMT " has %" PRId64 " rows, " STR_FMT " had %" PRId64,
                           STR_ARG(v[i].name), v[i].n_rows, STR_ARG(m->tables[i].name),
                           m->tables[i].n_rows);
        }
    }
    return n == m->n_tables
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, "%zu tables, there were %zu", n, m->n_tables);
}

static enum err
check_ledger(struct ctx *cx, const struct backup_manifest *m)
{
    struct ledger_report r;
    struct ledger_head head;
    TRY(ledger_head(cx, &head));
    if (head.size != m->ledger_size || !str_eq(head.root, m->ledger_root)) {
        return err_set(cx, ERR_CONFLICT, "the ledger has another head");
    }
    TRY(ledger_verify(cx, &r));
    return r.n_faults == 0
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, "the ledger has %" PRId64 " faults: " STR_FMT,
                         r.n_faults, STR_ARG(r.first_fault));
}

static enum err
check_blob(struct ctx *cx, struct str hash)
{
    struct arena *outer = cx->arena;
    cx->arena = arena_open(0);
    enum err e = blobs_has(cx, hash);
    arena_close(cx->arena);
    cx->arena = outer;
    return e == ERR_NOT_FOUND ? err_set(cx, ERR_CONFLICT,
                                        "a file named by a row is missing: " STR_FMT, STR_ARG(hash))
                              : e;
}

/* Every file that papers, records and results name. */
static enum err
check_blobs(struct ctx *cx)
{
    struct ctx part = *cx;
    struct q_backup_hashes_list list;
    char last[HASH_HEX] = "";
    enum err e = ERR_OK;
    part.arena = arena_open(0);
    do {
        struct str after = str_of(last);
        e = q_backup_hashes(&part, &list, .after = after, .limit_n = HASHES_N);
        for (size_t i = 0; e == ERR_OK && i < list.n; i++) {
            e = check_blob(cx, list.v[i].hash);
        }
        if (e == ERR_OK && list.n > 0) {
            (void)snprintf(last, sizeof(last), STR_FMT, STR_ARG(list.v[list.n - 1].hash));
        }
        arena_reset(part.arena);
    } while (e == ERR_OK && list.n == HASHES_N);
    arena_close(part.arena);
    return e;
}

static enum err
pack_blob(struct ctx *cx, const void *row, void *arg UNUSED)
{
    return check_blob(cx, ((const struct q_backup_pack_hashes *)row)->hash);
}

enum err
backup_check_rows(struct ctx *cx, const struct backup_manifest *m)
{
    struct backup_manifest copy = *m;
    return store_read(cx, check_tables, &copy);
}

enum err
backup_check(struct ctx *cx, const struct backup_manifest *m)
{
    TRY(check_ledger(cx, m));
    TRY(check_blobs(cx));
    return q_backup_pack_hashes(cx, pack_blob, NULL);
}
