#!/usr/bin/env python3
"""Turns every queries.sql, schema.sql and migrations/NNNN_*.sql below src/ into C.

For each module: gen/q_<module>.h (rows, arguments, one macro per statement) and gen/q_<module>.c (tables).
For all: gen/q_all.c (store_all_stmts, the schema, the migrations). The format is at the head of
src/store/store.h. Every fault is told as file:line; all faults of a run are told at once."""
import os
import re
import sys

import gen

TYPES = {
    "i64": ("int64_t", "STORE_I64"),
    "i64?": ("int64_t", "STORE_I64_NULL"),
    "str": ("struct str", "STORE_STR"),
    "blob": ("struct str", "STORE_BLOB"),
}
KINDS = {"one": "STORE_ONE", "many": "STORE_MANY", "exec": "STORE_EXEC", "each": "STORE_EACH"}
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::|:[A-Za-z_][A-Za-z0-9_]*""", re.S)
C_WORDS = set("""auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while""".split())


class Faults:
    def __init__(self):
        self.lines = []

    def add(self, path, line, text):
        self.lines.append("%s:%d: %s" % (path, line, text))

    def stop(self):
        if self.lines:
            sys.stderr.write("".join(line + "\n" for line in self.lines))
            sys.exit(1)


class Stmt:
    def __init__(self, path, line, name, kind):
        self.path, self.line, self.name, self.kind = path, line, name, kind
        self.ins, self.outs, self.has_out = [], [], False
        self.scan = None
        self.texts = {"sqlite": [], "postgres": []}
        self.sql = {}


# --- reading -----------------------------------------------------------------------------------------

def module_order(src):
    """Modules from the ground up, as src/ORDER names them."""
    floors, engine, office = [], [], []
    with open(os.path.join(src, "ORDER"), encoding="utf-8") as f:
        for raw in f:
            line = raw.split("#")[0].strip()
            if ":" not in line:
                continue
            head, tail = line.split(":", 1)
            if head == "engine-modules":
                engine = tail.split()
            elif head == "office-modules":
                office = tail.split()
            else:
                floors.append(head)
    out = []
    for floor in floors:
        if floor == "engine":
            out += [("engine", m) for m in engine]
        elif floor == "office":
            out += [("office", m) for m in office]
        else:
            out.append((floor, None))
    return out


def find_modules(src):
    """(module name, folder) of every folder that has SQL, in the order of src/ORDER, unknown ones last."""
    found = {}
    for folder, dirs, files in os.walk(src):
        dirs.sort()
        rel = os.path.relpath(folder, src).split(os.sep)
        if "test" in rel:
            continue
        if "queries.sql" in files or "schema.sql" in files or os.path.basename(folder) == "migrations":
            if rel[-1] == "migrations":
                folder, rel = os.path.dirname(folder), rel[:-1]
            found[folder] = tuple(rel[:2]) if len(rel) > 1 else (rel[0], None)
    order = {key: i for i, key in enumerate(module_order(src))}
    ranked = sorted(found.items(), key=lambda kv: (order.get(kv[1], len(order)), kv[0]))
    return [(os.path.basename(folder), folder) for folder, _ in ranked]


def read_cols(faults, st, line_no, text, what):
    out = []
    for word in text.split():
        name, _, typ = word.partition(":")
        if not NAME.match(name) or name in C_WORDS:
            faults.add(st.path, line_no, "%s '%s' in %s is not a lower-case C name" % (what, name, st.name))
        elif typ not in TYPES:
            faults.add(st.path, line_no, "unknown type '%s' of %s %s in %s (i64, i64?, str, blob)" % (typ, what, name, st.name))
        else:
            out.append((name, typ))
    return out


CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)")


def check_conflicts(faults, path):
    """Marks that a merge left behind read like SQL comments or operators to nobody but a person."""
    with open(path, encoding="utf-8") as f:
        for no, line in enumerate(f, 1):
            if CONFLICT.match(line.rstrip("\n")):
                faults.add(path, no, "a conflict mark of a merge: choose a side, delete the mark")


def read_queries(faults, path):
    stmts, st, section = [], None, "both"
    check_conflicts(faults, path)
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    for no, raw in enumerate(lines, 1):
        line = raw.strip()
        m = re.match(r"--\s*name:\s*(.*)$", line)
        if m:
            part = re.match(r"([a-z][a-z0-9_]*)\s+:(one|many|exec|each)$", m.group(1).strip())
            if not part:
                faults.add(path, no, "write '-- name: some_name :one|:many|:exec|:each', not '%s'" % line)
                st = None
                continue
            st = Stmt(path, no, part.group(1), part.group(2))
            stmts.append(st)
            section = "both"
            continue
        section = read_line(faults, st, path, no, raw, section)
    return stmts


def read_line(faults, st, path, no, raw, section):
    """One line below a '-- name:' line; returns the dialect section that holds from here on."""
    line = raw.strip()
    m = re.match(r"--\s*(in|out|scan|sqlite|postgres|end):?\s*(.*)$", line)
    key = m.group(1) if m and (":" in line or m.group(1) == "end") else None
    if key and re.match(r"--\s*%s(:|$)" % key, line):
        if st is None:
            if key != "scan":
                faults.add(path, no, "'%s' outside a statement" % line)
        elif key == "in":
            st.ins += read_cols(faults, st, no, m.group(2), "parameter")
        elif key == "out":
            st.outs += read_cols(faults, st, no, m.group(2), "column")
            st.has_out = True
        elif key == "scan":
            st.scan = m.group(2).strip()
            if not st.scan:
                faults.add(path, no, "'-- scan:' of %s needs the reason" % st.name)
        else:
            return "both" if key == "end" else key
        return section
    if line == "" or line.startswith("--"):
        return section
    if st is None:
        faults.add(path, no, "SQL before the first '-- name:' line")
        return section
    for dialect in ("sqlite", "postgres"):
        if section in ("both", dialect):
            st.texts[dialect].append(raw.rstrip())
    return section


# --- checking and converting -------------------------------------------------------------------------

def convert(text, dialect, numbers, used, unknown):
    """Replaces :name by ?N or $N and drops comments; what is inside quotes stays."""
    def one(m):
        t = m.group(0)
        if t.startswith("--") or t.startswith("/*"):
            return " "
        if t[0] in "'\"" or t == "::":
            return t
        name = t[1:]
        if name not in numbers:
            unknown.append(name)
            return t
        used.add(name)
        return ("?%d" if dialect == "sqlite" else "$%d") % numbers[name]
    return "\n".join(line.rstrip() for line in TOKEN.sub(one, text).split("\n") if line.strip())


def bare(text):
    """The text without quoted parts and comments, for word checks."""
    return TOKEN.sub(lambda m: m.group(0) if m.group(0)[0] == ":" else " ", text)


def check_stmt(faults, st):
    numbers = {}
    for name, _ in st.ins:
        if name in numbers:
            faults.add(st.path, st.line, "parameter %s of %s is declared twice" % (name, st.name))
        numbers[name] = len(numbers) + 1
    if len(set(n for n, _ in st.outs)) != len(st.outs):
        faults.add(st.path, st.line, "%s has two columns of one name in '-- out:'" % st.name)
    if st.kind == "exec" and st.outs:
        faults.add(st.path, st.line, "%s is :exec and has '-- out:'; use :one" % st.name)
    if st.kind != "exec" and not st.outs:
        faults.add(st.path, st.line, "%s is :%s and needs '-- out:'" % (st.name, st.kind))
    for dialect in ("sqlite", "postgres"):
        check_dialect(faults, st, dialect, numbers)


def check_dialect(faults, st, dialect, numbers):
    text = "\n".join(st.texts[dialect]).strip().rstrip(";").strip()
    if not text:
        faults.add(st.path, st.line, "%s has no SQL for %s" % (st.name, dialect))
        return
    words = bare(text)
    if ";" in words:
        faults.add(st.path, st.line, "%s holds more than one statement" % st.name)
    if st.kind == "many" and not re.search(r"\bLIMIT\b", words, re.I):
        faults.add(st.path, st.line, "%s is :many and has no LIMIT: no unbounded lists" % st.name)
    if re.search(r"\bOFFSET\b", words, re.I):
        faults.add(st.path, st.line, "%s uses OFFSET: page by key (WHERE id < :before)" % st.name)
    used, unknown = set(), []
    st.sql[dialect] = convert(text, dialect, numbers, used, unknown)
    for name in sorted(set(unknown)):
        faults.add(st.path, st.line, "parameter :%s of %s is not declared in '-- in:'" % (name, st.name))
    for name in numbers:
        if name not in used:
            faults.add(st.path, st.line, "parameter %s of %s is not used in the %s text" % (name, st.name, dialect))


def check_names(faults, stmts):
    """No two statements, and no statement and another's helper type, may share a C name."""
    seen = {}
    for st in stmts:
        for name in [st.name, st.name + "_in", st.name + "_run", st.name + "_st"] + ([st.name + "_list"] if st.kind == "many" else []):
            if name in seen:
                other = seen[name]
                faults.add(st.path, st.line, "statement name %s collides with %s at %s:%d" % (st.name, other.name, other.path, other.line))
                break
            seen[name] = st


def without_row_ids(text):
    """SQLite ends each entry of an index with the row's INTEGER PRIMARY KEY, in its order: named as the last column it would be there twice."""
    has_id = {m.group(1) for m in re.finditer(r"\bCREATE\s+TABLE\s+(\w+)\s*\(\s*id\s+INTEGER\s+PRIMARY\s+KEY\b", text, re.I)}
    return re.sub(r"\bCREATE\s+INDEX\s+\w+\s+ON\s+(\w+)\s*\([^()]*?(,\s*id)\s*\)",
                  lambda m: m.group(0).replace(m.group(2) + ")", ")") if m.group(1) in has_id else m.group(0), text, flags=re.I)


def read_schema(path, dialect):
    """schema.sql or a migration in one dialect, without comments."""
    out, section = [], "both"
    with open(path, encoding="utf-8") as f:
        for raw in f:
            m = re.match(r"\s*--\s*(sqlite|postgres|end)(:|\s*$)", raw)
            if m:
                section = "both" if m.group(1) == "end" else m.group(1)
            elif section in ("both", dialect):
                out.append(raw.rstrip("\n"))
    text = TOKEN.sub(lambda m: " " if m.group(0)[:2] in ("--", "/*") else m.group(0), "\n".join(out))
    if dialect == "sqlite":
        text = re.sub(r"\bBIGINT(\s+NOT\s+NULL)?\s+PRIMARY\s+KEY\b", "INTEGER PRIMARY KEY", text, flags=re.I)
        text = without_row_ids(text)
    else:
        # bytewise order, as in SQLite: ranges of folded names, keys of paging
        text = re.sub(r"\bBLOB\b", "BYTEA", text)
        text = re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', text)
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line) + "\n"


def check_schemas(faults, paths):
    """What the write path cannot bear: a constraint that fails at the commit takes the batch with it."""
    for path in paths:
        if not os.path.exists(path):
            continue
        check_conflicts(faults, path)
        with open(path, encoding="utf-8") as f:
            for no, line in enumerate(f, 1):
                code = line.split("--")[0]
                if re.search(r"\bDEFERR(ED|ABLE)\b", code, re.I):
                    faults.add(path, no, "no deferred constraints: they fail at the commit of a whole batch")
                if re.search(r"\bAUTOINCREMENT\b", code, re.I):
                    faults.add(path, no, "no AUTOINCREMENT: ids come from store_new_id")


def read_migrations(faults, modules):
    found, seen = [], {}
    for module, folder in modules:
        where = os.path.join(folder, "migrations")
        for name in sorted(os.listdir(where)) if os.path.isdir(where) else []:
            path = os.path.join(where, name)
            m = re.match(r"^(\d{4})_[a-z0-9_]+\.sql$", name)
            if not m or m.group(1) == "0000":
                faults.add(path, 1, "a migration is named NNNN_what_it_does.sql, from 0001")
                continue
            if m.group(1) in seen:
                faults.add(path, 1, "migration number %s is also used by %s" % (m.group(1), seen[m.group(1)]))
            seen[m.group(1)] = path
            found.append((int(m.group(1)), module, path))
    return sorted(found)


# --- writing -----------------------------------------------------------------------------------------

def c_string(text):
    lines = text.rstrip("\n").split("\n")
    parts = []
    for i, line in enumerate(lines):
        if i + 1 < len(lines):
            line += "\n"
        parts.append('"%s"' % line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("?", "\\?"))
    return "\n    ".join(parts)


def header(module, stmts):
    out = ["/* made by tools/sqlgen.py from %s */" % (stmts[0].path if stmts else module),
           "#ifndef GEN_Q_%s_H" % module.upper(), "#define GEN_Q_%s_H" % module.upper(), "", '#include "store/store.h"', ""]
    for st in stmts:
        out += stmt_header(st)
    out += ["#endif", ""]
    return "\n".join(out)


def fields(cols):
    return ["    %s %s;" % (TYPES[t][0], n) for n, t in cols]


def stmt_header(st):
    name = "q_" + st.name
    out = ["/* %s:%d :%s */" % (st.path, st.line, st.kind)]
    if st.outs:
        out += ["struct %s {" % name] + fields(st.outs) + ["};"]
    if st.kind == "many":
        out += ["struct %s_list {" % name, "    struct %s *v;" % name, "    size_t n;", "};"]
    if st.ins:
        out += ["struct %s_in {" % name] + fields(st.ins) + ["};"]
    out.append("extern const struct store_stmt %s_st;" % name)
    in_decl = ", const struct %s_in *in" % name if st.ins else ""
    in_arg = "in" if st.ins else "NULL"
    if st.kind == "one":
        args, body = "struct %s *ret" % name, ["    return store_stmt_one(cx, &%s_st, %s, ret);" % (name, in_arg)]
    elif st.kind == "exec":
        args, body = "int64_t *ret_n", ["    return store_stmt_exec(cx, &%s_st, %s, ret_n);" % (name, in_arg)]
    elif st.kind == "each":
        args, body = "store_row_fn *fn, void *arg", ["    return store_stmt_each(cx, &%s_st, %s, fn, arg);" % (name, in_arg)]
    else:
        args = "struct %s_list *ret" % name
        body = ["    void *v = NULL;", "    size_t n = 0;",
                "    TRY(store_stmt_many(cx, &%s_st, %s, &v, &n));" % (name, in_arg),
                "    ret->v = v;", "    ret->n = n;", "    return ERR_OK;"]
    out += ["NODISCARD static inline enum err", "%s_run(struct ctx *cx, %s%s)" % (name, args, in_decl), "{"] + body + ["}"]
    outs = "fn, arg" if st.kind == "each" else "ret"
    if st.ins:
        out.append("#define %s(cx, %s, ...) %s_run((cx), %s, &(const struct %s_in){ __VA_ARGS__ })"
                   % (name, outs, name, ", ".join("(%s)" % o for o in outs.split(", ")), name))
    else:
        out.append("#define %s(cx, %s) %s_run((cx), %s)" % (name, outs, name, ", ".join("(%s)" % o for o in outs.split(", "))))
    return out + [""]


def cols_table(st, what, cols, struct):
    if not cols:
        return []
    out = ["static const struct store_col q_%s_%s_cols[] = {" % (st.name, what)]
    out += ['    { "%s", %s, offsetof(struct %s, %s) },' % (n, TYPES[t][1], struct, n) for n, t in cols]
    return out + ["};"]


def tables(module, stmts, indexes):
    out = ["/* made by tools/sqlgen.py */", '#include "gen/q_%s.h"' % module, ""]
    for st in stmts:
        name = "q_" + st.name
        out += cols_table(st, "in", st.ins, name + "_in") + cols_table(st, "out", st.outs, name)
        out += ["const struct store_stmt %s_st = {" % name, '    .name = "%s",' % st.name]
        for dialect in ("sqlite", "postgres"):
            out.append("    .%s =\n    %s," % (dialect, c_string(st.sql.get(dialect, ""))))
        out.append("    .kind = %s," % KINDS[st.kind])
        if st.ins:
            out.append("    .in = %s_in_cols, .n_in = %d," % (name, len(st.ins)))
        if st.outs:
            out.append("    .out = %s_out_cols, .n_out = %d, .row_bytes = sizeof(struct %s)," % (name, len(st.outs), name))
        if st.scan:
            out.append("    .scan_reason = %s," % c_string(st.scan))
        out += ["    .index = %d," % indexes[st.name], "};", ""]
    return "\n".join(out)


def all_tables(modules, stmts, migrations):
    out = ["/* made by tools/sqlgen.py */", '#include "store/store.h"', ""]
    out += ["extern const struct store_stmt q_%s_st;" % st.name for st in stmts]
    out += ["", "const struct store_stmt *const store_all_stmts[] = {"]
    out += ["    &q_%s_st," % st.name for st in stmts]
    out += ["    NULL,", "};", "const size_t store_n_stmts = %d;" % len(stmts), ""]
    texts = []
    for module, folder in modules:
        path = os.path.join(folder, "schema.sql")
        if os.path.exists(path):
            texts.append((0, module, path))
    for var, rows in (("schema_parts", texts), ("migration_parts", migrations)):
        out.append("static const struct store_schema_part %s[] = {" % var)
        for number, module, path in rows:
            out.append('    { "%s", "%s", %d,\n    %s,\n    %s },' % (
                module, path, number, c_string(read_schema(path, "sqlite")), c_string(read_schema(path, "postgres"))))
        out += ["    { NULL, NULL, 0, NULL, NULL },", "};", ""]
    out += ["const struct store_schema_set store_program_schema = {",
            "    .schema = schema_parts, .n_schema = %d," % len(texts),
            "    .migrations = migration_parts, .n_migrations = %d," % len(migrations), "};", ""]
    return "\n".join(out)


def generate(src, out):
    """Writes gen/q_*.h and gen/q_*.c below out; returns the names of the .c files."""
    faults = Faults()
    modules = find_modules(src)
    per_module, stmts = [], []
    for module, folder in modules:
        path = os.path.join(folder, "queries.sql")
        mine = read_queries(faults, path) if os.path.exists(path) else []
        for st in mine:
            check_stmt(faults, st)
        if any(module == m for m, _ in per_module):
            faults.add(path, 1, "two modules are named %s" % module)
        per_module.append((module, mine))
        stmts += mine
    check_names(faults, stmts)
    migrations = read_migrations(faults, modules)
    check_schemas(faults, [os.path.join(folder, "schema.sql") for _, folder in modules] + [path for _, _, path in migrations])
    faults.stop()
    indexes = {st.name: i for i, st in enumerate(stmts)}
    names = []
    for module, mine in per_module:
        gen.write_if_changed(os.path.join(out, "q_%s.h" % module), header(module, mine))
        gen.write_if_changed(os.path.join(out, "q_%s.c" % module), tables(module, mine, indexes))
        names.append("q_%s.c" % module)
    gen.write_if_changed(os.path.join(out, "q_all.c"), all_tables(modules, stmts, migrations))
    return names + ["q_all.c"]
