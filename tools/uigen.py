#!/usr/bin/env python3
"""Embeds the files of ui/ into the program: names that carry a hash of the content (so that browsers may
keep them for a year), the bytes as they are and precompressed with gzip and brotli."""
import glob
import gzip
import hashlib
import os
import re
import sys
from collections import Counter

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".png": "image/png",
         ".webmanifest": "application/manifest+json"}
# the style sheets link to others by name: these come after them
ORDER = {".woff2": 0, ".svg": 1, ".png": 1, ".js": 2, ".css": 3}


def squeeze_css(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,]) ?", r"\1", text)
    text = re.sub(r"([{;(][a-z-]+): ", r"\1:", text)
    text = re.sub(r" ([>+~]) (?=[.a-z*])", r"\1", text)
    text = re.sub(r"(\})(--?[a-z])", r"\1\2", text)
    text = re.sub(r'="([a-z]+)"\]', r"=\1]", text)
    text = re.sub(r'url\("([^"]+)"\)', r"url(\1)", text)
    return short_variables(text.replace(";}", "}").strip())


def short_variables(text):
    """The sheet's own variables by one or two letters, the most used first."""
    uses = Counter(re.findall(r"--[a-z][a-z0-9-]*", text))
    letters = "abcdefghijklmnopqrstuvwxyz"
    short = [a for a in letters] + [a + b for a in letters for b in letters]
    names = {name: "--" + to for (name, _), to in zip(sorted(uses.items(), key=lambda u: (-u[1], u[0])), short)}
    return re.sub(r"--[a-z][a-z0-9-]*", lambda m: names[m.group(0)], text)


def squeeze_js(text):
    """Comments of their own lines and indentation only: safe without a parser."""
    lines = [re.sub(r"^\s*//.*$", "", line).strip() for line in re.sub(r"(?m)^\s*/\*.*?\*/\s*$", "", text, flags=re.S).split("\n")]
    return "\n".join(line for line in lines if line) + "\n"


class Assets:
    def __init__(self, folder):
        self.files, self.icons = {}, set()
        paths = [p for p in glob.glob(os.path.join(folder, "**/*"), recursive=True) if os.path.splitext(p)[1] in ORDER]
        # a script comes after the parts it imports, which lie in a folder of their own
        for path in sorted(paths, key=lambda p: (ORDER[os.path.splitext(p)[1]], -p.count(os.sep), p)):
            self.add(path)

    def add(self, path):
        name = os.path.basename(path)
        stem, ext = os.path.splitext(name)
        with open(path, "rb") as f:
            data = f.read()
        if ext == ".css":
            text = data.decode()
            for name_in in re.findall(r'@import "([^"]+)";', text):
                with open(os.path.join(os.path.dirname(path), name_in), encoding="utf-8") as f:
                    text = text.replace('@import "%s";' % name_in, f.read())
            text = re.sub(r'url\("([^":]+)"\)', self.link, text)
            data = squeeze_css(text).encode()
        elif ext == ".js" and "vendor" not in path:
            text = re.sub(r'import\("([^":/]+)"\)', self.link_js, data.decode())
            data = squeeze_js(text).encode()
        elif name == "icons.svg":
            self.icons = set(re.findall(r'<symbol id="([^"]+)"', data.decode()))
        digest = hashlib.sha256(data).hexdigest()[:12]
        self.files[name] = {"href": "/static/%s.%s%s" % (stem, digest, ext), "data": data, "type": TYPES[ext], "hash": digest}

    def must_href(self, name):
        if name not in self.files:
            sys.exit("ui: a file links to %s, which is not there" % name)
        return self.files[name]["href"]

    def link(self, m):
        return 'url("%s")' % self.must_href(m.group(1))

    def link_js(self, m):
        return 'import("%s")' % self.must_href(m.group(1))

    def href(self, name):
        return self.files[name]["href"] if name in self.files else ""


def compressed(cache, data, kind):
    """Compressed bytes, kept between runs under the content's hash; None when not smaller by a tenth."""
    path = os.path.join(cache, hashlib.sha256(data).hexdigest() + "." + kind)
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        if kind == "br":
            import brotli
            out = brotli.compress(data, quality=11)
        else:
            out = gzip.compress(data, 9, mtime=0)
        with open(path + ".part", "wb") as f:
            f.write(out)
        os.replace(path + ".part", path)
    with open(path, "rb") as f:
        out = f.read()
    return out if len(out) < len(data) * 0.9 else None


def c_array(name, data):
    rows = [",".join(str(b) for b in data[i:i + 64]) for i in range(0, len(data), 64)]
    return "static const unsigned char %s[] = {\n%s\n};" % (name, ",\n".join(rows) or "0")


def c_ref(name, data):
    return "{ (const char *)%s, sizeof(%s) }" % (name, name) if data else "{ NULL, 0 }"


def generate(_src, out_dir):
    from gen import write_if_changed
    assets = Assets("ui")
    cache = os.path.join(out_dir, "cache")
    out = ["/* made by tools/uigen.py from ui/ */", '#include "web/asset.h"', ""]
    rows = []
    for i, (name, f) in enumerate(sorted(assets.files.items(), key=lambda kv: kv[1]["href"].encode())):
        forms = {"raw": f["data"], "gz": compressed(cache, f["data"], "gz"), "br": compressed(cache, f["data"], "br")}
        for kind, data in forms.items():
            if data:
                out.append(c_array("asset_%d_%s" % (i, kind), data))
        refs = ", ".join(c_ref("asset_%d_%s" % (i, kind), data) for kind, data in forms.items())
        rows.append('    { STR_INIT("%s"), STR_INIT("%s"), STR_INIT("%s"), STR_INIT("\\"%s\\""), %s },' %
                    (name, f["href"], f["type"], f["hash"], refs))
    out.append("const struct asset assets[] = {")
    out += rows or ["    { STR_INIT(\"\"), STR_INIT(\"\"), STR_INIT(\"\"), STR_INIT(\"\"), { NULL, 0 }, { NULL, 0 }, { NULL, 0 } },"]
    out.append("};\nconst size_t assets_n = %d;\n" % len(rows))
    write_if_changed(os.path.join(out_dir, "ui.c"), "\n".join(out))
    return ["ui.c"]
