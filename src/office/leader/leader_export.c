/* leader_export.c: any list as CSV or XLSX, page by page, never held as a whole. Names stay masked.
 */
#include "codec/csv.h"
#include "codec/xlsx.h"
#include "engine/calendar/calendar.h"
#include "office/leader/leader_int.h"
#include "sys/sys.h"

#define BLOCK_MAX (256U * 1024U)
#define COLUMNS_N 10

/* The clock tells what an open one waits for; only a running one can be late or have time left. */
static struct str
open_state(const struct dossier_figure_row *row)
{
    if (row->status == 5 || row->status == 6) {
        return STR("waiting");
    }
    switch (row->clock) {
    case DOSSIER_CLOCK_WAITING:
        return STR("new");
    case DOSSIER_CLOCK_PAUSED:
        return STR("paused");
    case DOSSIER_CLOCK_STOPPED:
        return STR("ready");
    case DOSSIER_CLOCK_RUNNING:
        break;
    }
    return row->left_s < 0 ? STR("late") : STR("open");
}

struct str
leader_state(const struct dossier_figure_row *row)
{
    if (str_eq(row->state, STR("open"))) {
        return open_state(row);
    }
    return str_eq(row->state, STR("done")) && row->left_s < 0 ? STR("done_late") : row->state;
}

struct str
leader_left_text(struct ctx *cx, const struct dossier_figure_row *row)
{
    bool is_running = str_eq(row->state, STR("open")) && row->clock == DOSSIER_CLOCK_RUNNING;
    bool is_late = row->clock == DOSSIER_CLOCK_STOPPED && row->left_s < 0;
    return is_running || is_late ? calendar_left_text(cx, row->left_s) : STR("");
}

struct str
leader_state_word(struct ctx *cx, const struct dossier_figure_row *row)
{
    struct str state = leader_state(row);
    struct str word = text_find(cx, str_cat(cx->arena, STR("leader.state."), state));
    return word.p == NULL ? state : word;
}

static void
cells(struct ctx *cx, const struct dossier_figure_row *row, struct str *v)
{
    v[0] = row->number;
    v[1] = row->applicant;
    v[2] = row->procedure_code;
    v[3] = row->procedure;
    v[4] = unit_name(cx, row->unit);
    v[5] = date_iso_instant_vn(cx->arena, row->submitted_us);
    v[6] = row->due_us == 0 ? STR("") : date_iso_instant_vn(cx->arena, row->due_us);
    v[7] = row->finished_us == 0 ? STR("") : date_iso_instant_vn(cx->arena, row->finished_us);
    v[8] = leader_state_word(cx, row);
    v[9] = leader_left_text(cx, row);
}

static void
headings(struct ctx *cx, struct str *v)
{
    v[0] = text(cx, "leader.col.number");
    v[1] = text(cx, "leader.col.applicant");
    v[2] = text(cx, "leader.col.procedure_code");
    v[3] = text(cx, "leader.col.procedure");
    v[4] = text(cx, "leader.col.unit");
    v[5] = text(cx, "leader.col.submitted");
    v[6] = text(cx, "leader.col.due");
    v[7] = text(cx, "leader.col.done");
    v[8] = text(cx, "leader.col.state");
    v[9] = text(cx, "leader.col.left");
}

/* Calls fn for each page of the list with an arena that is emptied in between. */
typedef enum err page_fn(struct ctx *cx, void *arg, const struct dossier_figure_row *rows,
                         size_t n);

static enum err
each_page(struct ctx *cx, const struct leader_export *x, page_fn *fn, void *arg)
{
    struct ctx page = *cx;
    int64_t after = 0;
    enum err e = ERR_OK;
    size_t n = 1;
    page.arena = arena_open(0);
    while (e == ERR_OK && n > 0) {
        struct dossier_figure_row *rows = NULL;
        page.deadline_us = cx->deadline_us;
        e = dossier_figure_list(&page, &x->figure, after, &rows, &n);
        if (e == ERR_OK && n > 0) {
            after = rows[n - 1].key;
            e = fn(&page, arg, rows, n);
        }
        arena_reset(page.arena);
    }
    arena_close(page.arena);
    return e;
}

/* --- CSV
 * ------------------------------------------------------------------------------------------ */
struct csv_job {
    struct http_stream *s;
    bool has_amount;
};

static enum err
csv_page(struct ctx *cx, void *arg, const struct dossier_figure_row *rows, size_t n)
{
    const struct csv_job *job = arg;
    struct buf b = buf_new(cx->arena, BLOCK_MAX);
    struct csv_out o = csv_out(&b, false, true);
    struct str v[COLUMNS_N];
    for (size_t i = 0; i < n; i++) {
        cells(cx, &rows[i], v);
        for (size_t c = 0; c < COLUMNS_N; c++) {
            csv_put(&o, v[c]);
        }
        if (job->has_amount) {
            csv_put_i64(&o, rows[i].n);
        }
        csv_end_row(&o);
    }
    return http_stream_write(job->s, buf_str(&b));
}

enum err
leader_csv(struct ctx *cx, void *arg, struct http_stream *s)
{
    const struct leader_export *x = arg;
    struct csv_job job = { s, x->has_amount };
    struct buf b = buf_new(cx->arena, BLOCK_MAX);
    struct csv_out o = csv_out(&b, true, true);
    struct str v[COLUMNS_N];
    headings(cx, v);
    for (size_t c = 0; c < COLUMNS_N; c++) {
        csv_put(&o, v[c]);
    }
    if (x->has_amount) {
        csv_put(&o, text(cx, "leader.col.amount"));
    }
    csv_end_row(&o);
    TRY(http_stream_write(s, buf_str(&b)));
    return each_page(cx, x, csv_page, &job);
}

/* --- XLSX
 * ------------------------------------------------------------------------------------------ */
static enum err
sink(void *arg, struct str bytes)
{
    return http_stream_write(arg, bytes);
}

struct xlsx_job {
    struct xlsx_out *out;
    bool has_amount;
};

static enum err
xlsx_page(struct ctx *cx, void *arg, const struct dossier_figure_row *rows, size_t n)
{
    const struct xlsx_job *job = arg;
    struct str v[COLUMNS_N];
    for (size_t i = 0; i < n; i++) {
        cells(cx, &rows[i], v);
        for (size_t c = 0; c < COLUMNS_N; c++) {
            xlsx_text(job->out, v[c]);
        }
        if (job->has_amount) {
            xlsx_i64(job->out, rows[i].n);
        }
        TRY(xlsx_end_row(job->out));
    }
    return ERR_OK;
}

enum err
leader_xlsx(struct ctx *cx, void *arg, struct http_stream *s)
{
    const struct leader_export *x = arg;
    struct xlsx_column columns[COLUMNS_N + 1] = { 0 };
    struct str v[COLUMNS_N];
    headings(cx, v);
    for (size_t c = 0; c < COLUMNS_N; c++) {
        columns[c] = (struct xlsx_column){ .heading = v[c], .width_chars = c == 3 ? 40 : 22 };
    }
    columns[COLUMNS_N] = (struct xlsx_column){ .heading = text(cx, "leader.col.amount") };
    struct xlsx_sheet sheet = { .name = text(cx, "leader.sheet"),
                                .columns = columns,
                                .n_columns = x->has_amount ? COLUMNS_N + 1 : COLUMNS_N,
                                .at_us = sys_now_us(cx) };
    struct xlsx_job job = { .has_amount = x->has_amount };
    TRY(xlsx_open(cx->arena, sink, s, &sheet, &job.out));
    enum err e = each_page(cx, x, xlsx_page, &job);
    if (e != ERR_OK) {
        xlsx_abandon(job.out);
        return e;
    }
    return xlsx_finish(job.out);
}
