/* plans.c: what SQLite plans to do with a statement. */
#include "lib/plans.h"

#include <stdio.h>
#include <string.h>

/* The plan names a subquery's result as it names a table; such a scan is of what was already
 * chosen. */
static bool
is_subquery(sqlite3 *db, const char *sql, struct str name)
{
    sqlite3_stmt *s = NULL;
    bool is_found = false;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        return false;
    }
    while (!is_found && sqlite3_step(s) == SQLITE_ROW) {
        struct str detail = str_of((const char *)sqlite3_column_text(s, 3));
        is_found =
            (str_starts(detail, STR("CO-ROUTINE ")) || str_starts(detail, STR("MATERIALIZE "))) &&
            str_ends(detail, name);
    }
    (void)sqlite3_finalize(s);
    return is_found;
}

/* The first rows in the order of an index: no filter, no grouping, no sorting, and a LIMIT. */
static bool
is_head_of_index(sqlite3 *db, const char *sql)
{
    static const char *const words[] = { " WHERE", "\nWHERE", "GROUP BY", "count(",
                                         "sum(",   "max(",    "min(",     "avg(" };
    struct str text = str_of(sql);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_find(text, str_of(words[i])) < text.n) {
            return false;
        }
    }
    sqlite3_stmt *s = NULL;
    bool is_sorted = true;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        return false;
    }
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct str detail = str_of((const char *)sqlite3_column_text(s, 3));
        is_sorted = is_sorted && !str_starts(detail, STR("USE TEMP B-TREE"));
    }
    (void)sqlite3_finalize(s);
    return is_sorted && str_find(text, STR("LIMIT")) < text.n;
}

/* True for a plan line that goes through a whole table or index. */
bool
plan_is_full_scan(sqlite3 *db, const char *sql, struct str detail)
{
    struct str word;
    struct str name;
    struct str rest = detail;
    if (!str_starts(detail, STR("SCAN ")) || str_eq(detail, STR("SCAN CONSTANT ROW"))) {
        return false;
    }
    if (!str_next(&rest, ' ', &word) || !str_next(&rest, ' ', &name) || str_has_char(name, '(')) {
        return false;
    }
    size_t at = str_find(detail, STR("VIRTUAL TABLE INDEX "));
    if (at < detail.n) {
        /* FTS5 without MATCH has an empty plan text; a table-valued function reads its argument */
        return str_ends(detail, STR(":")) && str_find(detail, STR("json_")) == detail.n;
    }
    return !is_subquery(db, sql, name) && !is_head_of_index(db, sql);
}

/* The statement says "table alias", and there the alias ends. */
static bool
is_alias(struct arena *a, struct str sql, struct str table, struct str alias)
{
    struct str both = str_fmt(a, " " STR_FMT " " STR_FMT, STR_ARG(table), STR_ARG(alias));
    size_t at = str_find(sql, both);
    size_t end = at + both.n;
    return at < sql.n && (end == sql.n || strchr(" \n,)", sql.p[end]) != NULL);
}

/* Does the reason name the table of a scan? The plan may say the table's alias instead. */
static bool
is_allowed(struct arena *a, const struct store_stmt *st, struct str detail)
{
    struct str reason = st->scan_reason == NULL ? STR("") : str_of(st->scan_reason);
    struct str rest = detail;
    struct str word;
    struct str name = STR("");
    (void)str_next(&rest, ' ', &word);
    (void)str_next(&rest, ' ', &name);
    while (str_next(&reason, ' ', &word)) {
        word = str_ends(word, STR(":")) ? str_slice(word, 0, word.n - 1) : word;
        if (str_eq(word, name) || is_alias(a, str_of(st->sqlite), word, name)) {
            return true;
        }
    }
    return false;
}

bool
plan_is_good(sqlite3 *db, struct arena *a, const struct store_stmt *st, FILE *list)
{
    const char *sql = str_z(a, str_cat(a, STR("EXPLAIN QUERY PLAN "), str_of(st->sqlite)));
    const char *reason = st->scan_reason;
    sqlite3_stmt *s = NULL;
    bool is_good = true;
    ASSERT(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    if (list != NULL) {
        (void)fprintf(list, "%s%s%s\n", st->name,
                      reason == NULL ? "" : "; a scan: ", reason == NULL ? "" : reason);
    }
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct str detail = str_of((const char *)sqlite3_column_text(s, 3));
        if (list != NULL) {
            (void)fprintf(list, "    " STR_FMT "\n", STR_ARG(detail));
        }
        if (plan_is_full_scan(db, sql, detail) && !is_allowed(a, st, detail)) {
            (void)fprintf(stderr,
                          "%s: " STR_FMT "; add an index, or '-- scan: its small table, reason'\n",
                          st->name, STR_ARG(detail));
            is_good = false;
        }
    }
    (void)sqlite3_finalize(s);
    return is_good;
}
