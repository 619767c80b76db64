/* app_conf.c: configuration files: the options of the command line, one a line. */
#include "app/app_int.h"

#include <stdio.h>

#define FILE_MAX_BYTES (256U * 1024U)

static bool
read_line(struct arena *a, struct app_options *o, struct str line, struct str where)
{
    struct str name;
    struct str value;
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#') {
        return true;
    }
    if (!str_cut(line, '=', &name, &value)) {
        (void)fprintf(stderr, "bombo: " STR_FMT ": write \"name = value\"\n", STR_ARG(where));
        return false;
    }
    value = str_trim(value);
    return app_option_set(o, str_trim(name), (struct str){ str_z(a, value), value.n }, where);
}

bool
app_conf_read(struct arena *a, struct str path, struct app_options *o)
{
    struct ctx cx = { .arena = a, .clock = &sys_clock_real, .random = &sys_random_real };
    struct str text;
    struct str line;
    bool is_good = true;
    if (sys_file_read(&cx, path, FILE_MAX_BYTES, &text) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the configuration file cannot be read: %s\n", cx.err.text);
        return false;
    }
    for (int n = 1; str_next(&text, '\n', &line); n++) {
        struct str where = str_fmt(a, STR_FMT ":%d", STR_ARG(path), n);
        is_good = read_line(a, o, line, where) && is_good;
    }
    return is_good;
}
