#!/usr/bin/env python3
"""Reads every #include under src/ and refuses what src/ORDER does not allow; checks the shape of modules."""
import os
import re
import sys

SHAPE = re.compile(r"^(README\.md|(schema|queries)\.sql|[a-z0-9_]+\.([ch]|def))$")
FOLDERS = {"pages", "text", "test", "migrations"}
LINES_MAX = 640  # as clang-format lays it out
TEST_LINES_MAX = 720  # a test file is a list of cases: long is not tangled


def read_order():
    floors, modules = {}, {"engine": [], "office": []}
    for line in open("src/ORDER", encoding="utf-8"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, rest = line.partition(":")
        if name.endswith("-modules"):
            modules[name[:-8]] = rest.split()
        else:
            floors[name] = rest.split()
    return floors, modules


def place(path):
    """src/engine/dossier/x.c -> ("engine", "dossier"); src/base/x.c -> ("base", None)."""
    parts = path.split("/")
    if parts[0] == "src":
        parts = parts[1:]
    return parts[0], parts[1] if parts[0] in ("engine", "office") and len(parts) > 2 else None


def check_include(path, line, target, floors, modules, faults):
    floor, module = place(path)
    to_floor, to_module = place(target)
    if to_floor == "gen" or to_floor not in floors:
        return
    if to_floor == floor:
        if module is None or to_module is None or module == to_module:
            return
        order = modules[floor]
        if target != "%s/%s/%s.h" % (floor, to_module, to_module):
            faults.append("%s:%d: include only the public header %s/%s/%s.h" % (path, line, floor, to_module, to_module))
        if to_module not in order or module not in order or order.index(to_module) >= order.index(module):
            faults.append("%s:%d: %s stands after %s in src/ORDER" % (path, line, to_module, module))
        return
    if to_floor not in floors[floor]:
        faults.append("%s:%d: %s must not include %s" % (path, line, floor, to_floor))
    elif to_module is not None and target != "%s/%s/%s.h" % (to_floor, to_module, to_module):
        faults.append("%s:%d: include only the public header of %s" % (path, line, to_module))


def main():
    floors, modules = read_order()
    faults = []
    for folder, dirs, files in os.walk("src"):
        parts = folder.split("/")
        in_module = len(parts) == 3 and parts[1] in modules
        if len(parts) == 2 and parts[1] not in floors:
            faults.append("%s: no such floor in src/ORDER" % folder)
        if in_module:
            if parts[2] not in modules[parts[1]]:
                faults.append("%s: module is not in src/ORDER" % folder)
            for d in dirs:
                if d not in FOLDERS:
                    faults.append("%s/%s: a module has no such folder" % (folder, d))
            for need in ("README.md", parts[2] + ".h"):
                if need not in files:
                    faults.append("%s: %s is missing" % (folder, need))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if in_module and not SHAPE.match(name):
                faults.append("%s: a module has no such file" % path)
            if in_module and name.endswith((".c", ".h")) and not name.startswith(parts[2]):
                faults.append("%s: the name must begin with %s" % (path, parts[2]))
            if not name.endswith((".c", ".h")):
                continue
            text = open(path, encoding="utf-8").read()
            n = text.count("\n")
            most = TEST_LINES_MAX if "/test/" in path else LINES_MAX
            if n > most:
                faults.append("%s: %d lines, at most %d" % (path, n, most))
            if "/test/" in path:
                continue
            for i, line in enumerate(text.split("\n"), 1):
                m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                if m:
                    check_include(path, i, m.group(1), floors, modules, faults)
    for f in faults:
        print(f)
    print("layercheck: %d faults" % len(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
