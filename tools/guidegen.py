#!/usr/bin/env python3
"""Takes the user's guide (doc/guide/*.md) into the program, so that it can be read at /huong-dan. Pictures stay outside: they
would weigh more than the program. Links between the guides become addresses."""
import glob
import os
import re
import sys

TEXT_MAX = 256 * 1024


def c_text(text):
    return "\n".join('    "%s\\n"' % line.replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))


def read(path):
    """(name, title, text): the title is the first heading, README.md is the first page."""
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path, encoding="utf-8") as f:
        text = f.read()
    head = re.match(r"# (.+)\n", text)
    if head is None or len(text) > TEXT_MAX:
        sys.exit("%s:1: a guide begins with '# Title' and has at most %d characters" % (path, TEXT_MAX))
    text = re.sub(r"(?m)^!\[.*\n", "", text[head.end():])
    text = re.sub(r"\]\(([a-z-]+)\.md\)", r"](/huong-dan/\1)", text)
    return "" if name == "README" else name, head.group(1), text.strip()


def generate(_src, out_dir):
    from gen import write_if_changed
    pages = [read(p) for p in sorted(glob.glob("doc/guide/*.md"))]
    rows = ['    { STR_INIT("%s"), STR_INIT("%s"), STR_INIT(\n%s) },' % (name, title, c_text(text)) for name, title, text in pages]
    out = ["/* made by tools/guidegen.py from doc/guide/ */", '#include "office/guide/guide.h"', "",
           "const struct guide_text guide_texts[] = {"] + rows + ["};", "const size_t guide_texts_n = %d;" % len(pages), ""]
    write_if_changed(os.path.join(out_dir, "guide.c"), "\n".join(out))
    return ["guide.c"]
