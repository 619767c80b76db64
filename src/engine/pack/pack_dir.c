/* pack_dir.c: pack folders to files in memory, and files to one byte string and back. */
#include "engine/pack/pack_int.h"

#include "sys/sys.h"

#define WALK_MAX 256 /* folders waiting to be read */

struct walk {
    struct str root;
    struct str dirs[WALK_MAX]; /* relative, "" or ending with '/' */
    size_t n_dirs;
    struct pack_file *files;
    size_t n_files, cap_files;
    size_t n_bytes;
};

static int
file_cmp(const void *x, const void *y)
{
    const struct pack_file *a = x;
    const struct pack_file *b = y;
    return str_cmp(a->path, b->path);
}

void
pack_files_sort(struct pack_file *files, size_t n)
{
    if (n > 1) {
        qsort(files, n, sizeof(files[0]), file_cmp);
    }
}

static bool
is_ignored(struct str name)
{
    return name.n == 0 || name.p[0] == '.' || str_ends(name, STR("~")) ||
           str_eq(name, STR("README.md"));
}

static enum err
push_file(struct ctx *cx, struct walk *w, struct str path)
{
    if (w->n_files >= PACK_FILES_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "more than %d files in the pack", PACK_FILES_MAX);
    }
    struct str bytes;
    TRY(sys_file_read(cx, str_cat(cx->arena, w->root, path), PACK_FILE_MAX_BYTES, &bytes));
    w->n_bytes = size_add(w->n_bytes, bytes.n);
    if (w->n_bytes > PACK_MAX_BYTES) {
        return err_set(cx, ERR_TOO_LARGE, "the pack is larger than %zu bytes", PACK_MAX_BYTES);
    }
    if (w->n_files == w->cap_files) {
        w->cap_files = w->cap_files == 0 ? 128 : size_mul(w->cap_files, 2);
        struct pack_file *v = ARENA_ARRAY(cx->arena, struct pack_file, w->cap_files);
        for (size_t i = 0; i < w->n_files; i++) {
            v[i] = w->files[i];
        }
        w->files = v;
    }
    w->files[w->n_files++] = (struct pack_file){ path, bytes };
    return ERR_OK;
}

static size_t
depth_of(struct str dir)
{
    size_t n = 0;
    for (size_t i = 0; i < dir.n; i++) {
        n += dir.p[i] == '/';
    }
    return n;
}

static enum err
walk_one(struct ctx *cx, struct walk *w, struct str dir)
{
    struct sys_entry *entries = NULL;
    size_t n = 0;
    TRY(sys_dir_list(cx, str_cat(cx->arena, w->root, dir), &entries, &n));
    for (size_t i = 0; i < n; i++) {
        struct str path = str_cat(cx->arena, dir, entries[i].name);
        if (is_ignored(entries[i].name)) {
            continue;
        }
        if (!entries[i].is_dir) {
            TRY(push_file(cx, w, path));
        } else if (w->n_dirs < WALK_MAX && depth_of(dir) < PACK_DEPTH_MAX) {
            w->dirs[w->n_dirs++] = str_cat(cx->arena, path, STR("/"));
        } else {
            return err_set(cx, ERR_TOO_LARGE, "folders too deep or too many: " STR_FMT,
                           STR_ARG(path));
        }
    }
    return ERR_OK;
}

/* Files of earlier folders hide those of later ones with the same path. */
static size_t
drop_hidden(struct pack_file *files, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_hidden = false;
        for (size_t k = 0; k < kept && !is_hidden; k++) {
            is_hidden = str_eq(files[k].path, files[i].path);
        }
        if (!is_hidden) {
            files[kept++] = files[i];
        }
    }
    return kept;
}

static enum err
walk_all(struct ctx *cx, struct str dirs, struct walk *w)
{
    struct str rest = dirs;
    struct str root;
    while (str_next(&rest, ':', &root)) {
        if (root.n == 0) {
            continue;
        }
        w->root = str_ends(root, STR("/")) ? root : str_cat(cx->arena, root, STR("/"));
        w->dirs[0] = STR("");
        w->n_dirs = 1;
        while (w->n_dirs > 0) {
            TRY(walk_one(cx, w, w->dirs[--w->n_dirs]));
        }
    }
    return ERR_OK;
}

enum err
pack_dir_read(struct ctx *cx, struct str dirs, struct arena *a, struct pack_file **ret,
              size_t *ret_n)
{
    struct walk *w = ARENA_NEW(a, struct walk);
    struct arena *request = cx->arena;
    cx->arena = a;
    enum err e = walk_all(cx, dirs, w);
    cx->arena = request;
    if (e != ERR_OK) {
        return e;
    }
    w->n_files = drop_hidden(w->files, w->n_files);
    pack_files_sort(w->files, w->n_files);
    *ret = w->files;
    *ret_n = w->n_files;
    return ERR_OK;
}

/* --- bundle: "bombo-pack 1\n", then for each file "<path length> <byte count>\n<path><bytes>" - */

#define BUNDLE_HEAD "bombo-pack 1\n"

struct str
pack_bundle(struct arena *a, const struct pack_file *files, size_t n)
{
    size_t total = sizeof(BUNDLE_HEAD);
    for (size_t i = 0; i < n; i++) {
        total = size_add(total, size_add(files[i].path.n, size_add(files[i].bytes.n, 64)));
    }
    struct buf b = buf_new(a, size_mul(total, 2));
    BUF_LIT(&b, BUNDLE_HEAD);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&b, "%zu %zu\n", files[i].path.n, files[i].bytes.n);
        buf_add(&b, files[i].path);
        buf_add(&b, files[i].bytes);
    }
    return buf_str(&b);
}

static bool
take_number(struct str *rest, char end, size_t *ret)
{
    struct str head;
    struct str tail;
    int64_t v = 0;
    if (!str_cut(*rest, end, &head, &tail) || !str_to_i64(head, 0, (int64_t)PACK_MAX_BYTES, &v)) {
        return false;
    }
    *ret = (size_t)v;
    *rest = tail;
    return true;
}

bool
pack_unbundle(struct arena *a, struct str bundle, struct pack_file **ret, size_t *ret_n)
{
    if (!str_starts(bundle, STR(BUNDLE_HEAD))) {
        return false;
    }
    struct str rest = str_slice(bundle, sizeof(BUNDLE_HEAD) - 1, bundle.n);
    struct pack_file *v = ARENA_ARRAY(a, struct pack_file, PACK_FILES_MAX);
    size_t n = 0;
    while (rest.n > 0) {
        size_t path_n = 0;
        size_t bytes_n = 0;
        if (n == PACK_FILES_MAX || !take_number(&rest, ' ', &path_n) ||
            !take_number(&rest, '\n', &bytes_n) || path_n > rest.n || bytes_n > rest.n - path_n) {
            return false;
        }
        v[n].path = str_slice(rest, 0, path_n);
        v[n++].bytes = str_slice(rest, path_n, path_n + bytes_n);
        rest = str_slice(rest, path_n + bytes_n, rest.n);
    }
    *ret = v;
    *ret_n = n;
    return true;
}
