#!/usr/bin/env python3
"""Compiles pages (src/**/pages/*.html) and texts (src/**/text/{vi,en}.txt) into C.

The language is described in HACKING.md. Every fault of every file is found in one run and reported as
file:line: what. A page knows at build time in which place of the HTML each value lands, so a value that
cannot be made safe there (in a tag, in an unquoted attribute, in a script) is a fault, not a risk."""
import glob
import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import uigen

VOID = set("area base br col embed hr img input link meta source track wbr".split())
RAW_KEEP = {"pre", "textarea"}
URL_ATTRS = {"href", "src", "action", "formaction", "poster"}
LANGS = ("vi", "en")
IDENT = r"[a-z_][a-z0-9_]*"
PATH = IDENT + r"(?:\." + IDENT + ")*"
C_TYPES = {"str": "struct str", "bool": "bool", "int": "int64_t", "html": "struct str"}
DEPTH_MAX = 12


class Faults:
    def __init__(self):
        self.list = []

    def add(self, path, line, what):
        entry = "%s:%d: %s" % (path, line, what)
        if entry not in self.list:
            self.list.append(entry)


def c_str(text):
    """A C string literal; split after each newline for readable output."""
    out = []
    for byte in text.encode():
        ch = chr(byte)
        if ch == "\n":
            out.append("\\n")
        elif ch in '"\\':
            out.append("\\" + ch)
        elif 32 <= byte < 127 and ch != "?":
            out.append(ch)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'


def html_escape(text):
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(a, b)
    return text


# --- texts -------------------------------------------------------------------------------------------
class Texts:
    """All texts of all modules: key -> {lang: (text, path, line)}."""

    def __init__(self, src, faults):
        self.keys = {}
        for lang in LANGS:
            for path in sorted(glob.glob(os.path.join(src, "**/text/%s.txt" % lang), recursive=True)):
                self.read(path, lang, faults)
        for key, per in sorted(self.keys.items()):
            self.check(key, per, faults)
        self.order = sorted(self.keys, key=lambda k: k.encode())
        self.index = {k: i for i, k in enumerate(self.order)}

    def read(self, path, lang, faults):
        with open(path, encoding="utf-8") as f:
            for no, line in enumerate(f, 1):
                line = line.rstrip("\n")
                if not line.strip() or line.startswith("#"):
                    continue
                m = re.match(r"([a-z0-9_][a-z0-9_.\-]*) ?= ?(.*)$", line)
                if not m:
                    faults.add(path, no, "not a line 'key = text'")
                    continue
                key, text = m.group(1), m.group(2).replace("\\n", "\n")
                if unicodedata.normalize("NFC", text) != text:
                    faults.add(path, no, "text of %s is not in NFC" % key)
                if lang in self.keys.setdefault(key, {}):
                    faults.add(path, no, "key %s is already in %s:%d" % ((key,) + self.keys[key][lang][1:]))
                self.keys[key][lang] = (text, path, no)

    def check(self, key, per, faults):
        for lang in LANGS:
            if lang not in per:
                _, path, no = next(iter(per.values()))
                faults.add(path, no, "key %s is missing in %s.txt" % (key, lang))
        if len(per) == len(LANGS):
            sets = [set(placeholders(per[lang][0])) for lang in LANGS]
            if sets[0] != sets[1]:
                _, path, no = per["en"]
                faults.add(path, no, "placeholders of %s differ between vi and en" % key)

    def needs(self, key):
        return set(placeholders(next(iter(self.keys[key].values()))[0]))


def placeholders(text):
    return re.findall(r"\{(" + IDENT + r")\}", text)


# --- data declarations -------------------------------------------------------------------------------
class Field:
    def __init__(self, name, kind, page_only):
        # words: a str in the language of the reader; the API's description says so
        self.name, self.kind, self.page_only, self.fields = name, "str" if kind == "words" else kind, page_only, []
        self.described = kind


def parse_data(path, first_line, text, faults):
    """The lines between {{data and }} as a list of Field; nesting by two spaces."""
    top = []
    levels = [top]
    for off, raw in enumerate(text.split("\n")):
        if not raw.strip() or raw.strip().startswith("#"):
            continue
        no = first_line + off
        body = raw.lstrip(" ")
        depth = (len(raw) - len(body)) // 2
        m = re.match(r"(- )?(" + IDENT + r") (str|words|bool|int|html|list|obj)\s*(?:#.*)?$", body)
        if not m:
            faults.add(path, no, "not a declaration 'name str|words|bool|int|html|list|obj': " + body)
            continue
        if depth >= len(levels):
            faults.add(path, no, "%s is indented below something that has no members" % m.group(2))
            continue
        del levels[depth + 1:]
        if any(f.name == m.group(2) for f in levels[depth]):
            faults.add(path, no, "%s is declared twice" % m.group(2))
            continue
        field = Field(m.group(2), m.group(3), bool(m.group(1)))
        levels[depth].append(field)
        if field.kind in ("list", "obj"):
            levels.append(field.fields)
    return top


# --- HTML place ----------------------------------------------------------------------------------------
class Html:
    """Where in the document the next byte lands. Only the HTML that we write ourselves: strict."""

    def __init__(self, fault):
        self.fault = fault
        self.state = "text"  # text, tag, eq, val, close, comment
        self.stack = []
        self.tag = self.attr = self.quote = self.word = self.val = ""

    def place(self):
        return (self.state, tuple(self.stack), self.tag if self.state != "text" else "", self.quote if self.state == "val" else "")

    def feed(self, text, line):
        i = 0
        while i < len(text):
            i = getattr(self, "in_" + self.state)(text, i, line)
            if i < 0:
                return

    def in_text(self, text, i, line):
        at = text.find("<", i)
        if at < 0:
            return len(text)
        here = line + text.count("\n", 0, at)
        if text.startswith("<!--", at):
            self.state = "comment"
            return at + 4
        m = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)").match(text, at)
        if not m:
            if re.compile(r"<!doctype html>", re.I).match(text, at):
                return at + 15
            self.fault(here, "a bare '<': write &lt;")
            return at + 1
        name = m.group(2)
        if name in ("script", "style") and not m.group(1):
            self.state, self.tag = "tag", name
        if m.group(1):
            if not self.stack or self.stack[-1][0] != name:
                was = "<%s> of line %d" % self.stack[-1] if self.stack else "nothing"
                self.fault(here, "</%s> closes %s" % (name, was))
                if any(t == name for t, _ in self.stack):
                    while self.stack.pop()[0] != name:
                        pass
            else:
                self.stack.pop()
            self.state = "close"
            return m.end()
        self.state, self.tag, self.word = "tag", name, ""
        self.tag_line, self.has_src = here, False
        return m.end()

    def in_comment(self, text, i, line):
        at = text.find("-->", i)
        if at < 0:
            return len(text)
        self.state = "text"
        return at + 3

    def in_close(self, text, i, line):
        at = text.find(">", i)
        if at < 0:
            return len(text)
        self.state = "text"
        return at + 1

    def in_tag(self, text, i, line):
        m = re.compile(r"\s*").match(text, i)
        i = m.end()
        if i >= len(text):
            return i
        here = line + text.count("\n", 0, i)
        if text[i] == ">" or text.startswith("/>", i):
            self.end_tag(here, text[i] == "/")
            return i + (1 if text[i] == ">" else 2)
        m = re.compile(r"([a-zA-Z_:@][\w:.@-]*)(\s*=\s*)?").match(text, i)
        if not m:
            self.fault(here, "unexpected %r in <%s>" % (text[i], self.tag))
            return i + 1
        self.attr = m.group(1).lower()
        if self.attr.startswith("on") or self.attr in ("style", "srcdoc"):
            self.fault(here, "attribute %s is not allowed: the content security policy forbids it" % self.attr)
        if self.attr == "src":
            self.has_src = True
        if m.group(2):
            q = text[m.end()] if m.end() < len(text) else ""
            if q not in "\"'" or not q:
                self.fault(here, "value of %s is not in quotes" % self.attr)
                m2 = re.compile(r"[^\s>]*").match(text, m.end())
                return max(m2.end(), m.end())
            self.state, self.quote, self.val = "val", q, ""
            return m.end() + 1
        return m.end()

    def in_val(self, text, i, line):
        at = text.find(self.quote, i)
        if at < 0:
            self.val += text[i:]
            return len(text)
        self.val += text[i:at]
        if self.attr in URL_ATTRS and re.match(r"\s*(javascript|data|vbscript):", self.val, re.I):
            self.fault(line, "%s must not carry a script" % self.attr)
        self.state = "tag"
        return at + 1

    def end_tag(self, here, selfclosed):
        if self.tag == "style" or (self.tag == "script" and not self.has_src):
            self.fault(here, "<%s> is not allowed in a page" % self.tag)
        if self.tag not in VOID and not selfclosed:
            self.stack.append((self.tag, here))
        self.state = "text"

    def keeps_space(self):
        return self.state == "val" or any(t in RAW_KEEP for t, _ in self.stack)


# --- compiler --------------------------------------------------------------------------------------------
class Value:
    """A resolved expression: kind str|int|bool|html|list|obj|lit|text, C expression or literal."""

    def __init__(self, kind, c="", fields=None, struct=""):
        self.kind, self.c, self.fields, self.struct = kind, c, fields or [], struct


class Page:
    def __init__(self, src, path, faults):
        self.path, self.faults = path, faults
        parts = path.split(os.sep)
        self.module = parts[parts.index("pages") - 1]
        self.base = os.path.splitext(parts[-1])[0].replace("-", "_")
        self.name = self.module + "/" + self.base
        with open(path, encoding="utf-8") as f:
            self.source = f.read()
        self.line0, self.fields, self.args = 1, [], None
        self.head()

    def head(self):
        m = re.match(r"\s*(?:\{\{![^}]*\}\}\s*)*\{\{(data|args)\b(.*?)\}\}\n?", self.source, re.S)
        self.body, self.has_data = self.source, False
        if not m:
            return
        self.body = self.source[m.end():]
        self.line0 = 1 + self.source.count("\n", 0, m.end())
        at = 1 + self.source.count("\n", 0, m.start(2))
        if m.group(1) == "data":
            self.has_data = True
            self.fields = parse_data(self.path, at, m.group(2), self.faults)
            return
        self.args = {}
        for name, default in re.findall(r'(' + IDENT + r')(?:="([^"]*)")?', m.group(2)):
            self.args[name] = default if '%s="' % name in m.group(2) else None

    @property
    def struct(self):
        return "tpl_%s_%s" % (self.module, self.base)


TOKEN = re.compile(r"\{\{\{\s*(?P<raw>" + PATH + r")\s*\}\}\}|\{\{(?P<tag>.*?)\}\}", re.S)


class Compiler:
    def __init__(self, page, pages, texts, assets):
        self.page, self.pages, self.texts, self.assets = page, pages, texts, assets
        self.out, self.depth, self.loops = [], 1, 0
        self.file, self.files = page, [page]
        self.line = page.line0
        self.html = Html(lambda line, what: page.faults.add(self.file.path, line, what))
        self.lit, self.has_csrf = "", False

    def fault(self, what):
        self.page.faults.add(self.file.path, self.line, what)

    def emit(self, text):
        self.flush()
        self.out.append("    " * self.depth + text)

    def flush(self):
        if self.lit:
            text, self.lit = self.lit, ""
            self.out.append("    " * self.depth + "BUF_LIT(b, %s);" % c_str(text))

    def literal(self, text):
        was = self.html.keeps_space()
        self.html.feed(text, self.line)
        if not was and not self.html.keeps_space():
            text = re.sub(r"[ \t]*\n\s*", "\n", text)
            if self.lit.endswith("\n"):
                text = text.lstrip("\n")
        self.lit += text

    # values ------------------------------------------------------------------------------------------
    def resolve(self, expr, scopes):
        m = re.fullmatch(r'"([^"]*)"', expr)
        if m:
            return Value("lit", m.group(1))
        if expr.startswith("t:"):
            key = expr[2:]
            self.use_key(key)
            return Value("text", key)
        if not re.fullmatch(PATH, expr):
            self.fault("not a variable, \"literal\" or t:key: %s" % expr)
            return None
        first, *rest = expr.split(".")
        for scope in reversed(scopes):
            if first in scope:
                value = scope[first]
                return self.members(value, rest, expr)
        self.fault("unknown variable %s" % expr)
        return None

    def members(self, value, rest, expr):
        for name in rest:
            hit = value and value.kind == "obj" and [f for f in value.fields if f.name == name]
            if not hit:
                self.fault("unknown variable %s" % expr)
                return None
            value = self.field_value(hit[0], value.c + ".", value.struct)
        return value

    @staticmethod
    def field_value(field, prefix, struct):
        return Value(field.kind, prefix + field.name, field.fields, struct + "_" + field.name)

    def scope_of(self, fields, prefix, struct):
        return {f.name: self.field_value(f, prefix, struct) for f in fields}

    def use_key(self, key, given=()):
        if key not in self.texts.keys:
            self.fault("unknown text key %s" % key)
            return
        need = self.texts.needs(key)
        for name in sorted(need - set(given)):
            self.fault("text %s needs %s=" % (key, name))
        for name in sorted(set(given) - need):
            self.fault("text %s has no {%s}" % (key, name))

    def c_of(self, value):
        """The value as a C expression of type struct str."""
        if value.kind == "lit":
            return "STR(%s)" % c_str(value.c)
        if value.kind == "text":
            return "text_at(cx, %d)" % self.texts.index.get(value.c, 0)
        if value.kind in ("str", "html"):
            return value.c
        if value.kind == "int":
            return "tpl_number(cx, %s)" % value.c
        self.fault("a %s cannot be shown" % value.kind)
        return "STR(\"\")"

    # statements ----------------------------------------------------------------------------------------
    def place_check(self, *allowed):
        if self.html.state not in allowed:
            where = {"tag": "inside a tag", "text": "in text", "val": "in an attribute value"}
            self.fault("not allowed %s" % where.get(self.html.state, "in " + self.html.state))

    def show(self, value):
        if value is None:
            return
        self.place_check("text", "val")
        if value.kind == "lit":
            text = html_escape(value.c)
            self.lit += text
            self.html.val += text
            return
        is_url = self.html.state == "val" and self.html.attr in URL_ATTRS and not self.html.val
        self.html.val += "x"
        if value.kind == "int":
            self.emit("buf_add_i64(b, %s);" % value.c)
        elif value.kind == "html":
            self.fault("html is shown with three braces")
        else:
            self.emit("%s(b, %s);" % ("tpl_url" if is_url else "tpl_esc", self.c_of(value)))

    def show_text(self, body, scopes):
        m = re.fullmatch(r"t\s+([a-z0-9_][a-z0-9_.\-]*)((?:\s+" + IDENT + r'=(?:"[^"]*"|[\w.:\-]+))*)', body)
        if not m:
            self.fault("not {{t key name=value}}: %s" % body)
            return
        self.place_check("text", "val")
        args = re.findall(r'(' + IDENT + r')=("[^"]*"|[\w.:\-]+)', m.group(2))
        self.use_key(m.group(1), [a for a, _ in args])
        index = self.texts.index.get(m.group(1), 0)
        self.html.val += "x"
        if not args:
            self.emit("tpl_esc(b, text_at(cx, %d)); /* %s */" % (index, m.group(1)))
            return
        values = [(a, self.resolve(e, scopes)) for a, e in args]
        inits = ", ".join("{ STR_INIT(\"%s\"), %s }" % (a, self.c_of(v)) for a, v in values if v)
        self.emit("tpl_text(b, cx, %d, (const struct tpl_arg[]){ %s }, %d); /* %s */" %
                  (index, inits, len(values), m.group(1)))

    def condition(self, expr, scopes):
        """C condition, or True/False when known at build time."""
        m = re.fullmatch(r'(not )?\s*(' + PATH + r')(?:\s*(==|!=)\s*"([^"]*)")?', expr.strip())
        if not m:
            self.fault("not a condition: %s" % expr)
            return False
        value = self.resolve(m.group(2), scopes)
        if value is None:
            return False
        flip = bool(m.group(1)) != (m.group(3) == "!=")
        if m.group(3):
            if value.kind == "lit":
                return (value.c == m.group(4)) != flip
            if value.kind != "str":
                self.fault("only a str is compared")
                return False
            return ("!" if flip else "") + "str_eq(%s, STR(%s))" % (value.c, c_str(m.group(4)))
        if value.kind in ("lit", "text"):
            return bool(value.c) != flip
        c = {"bool": "%s", "int": "%s != 0", "str": "%s.n != 0", "html": "%s.n != 0",
             "list": "%s.n != 0"}.get(value.kind)
        if c is None:
            self.fault("a %s is no condition" % value.kind)
            return False
        c = c % value.c
        return "!(%s)" % c if flip else c

    def helper(self, word, rest, scopes):
        args = re.findall(r'"[^"]*"|[^\s"]+', rest)
        spec = {"csrf": (0, 0, ("text",)), "errors": (0, 0, ("text",)), "error": (1, 1, ("text",)),
                "invalid": (1, 2, ("tag",)), "described": (1, 2, ("tag",)), "input": (2, 3, ("text", "val")),
                "checked": (3, 3, ("tag",)), "selected": (3, 3, ("tag",))}[word]
        if not spec[0] <= len(args) <= spec[1]:
            self.fault("{{%s}} takes %d to %d arguments" % (word, spec[0], spec[1]))
            return
        self.place_check(*spec[2])
        values = [self.resolve(a, scopes) for a in args]
        if None in values:
            return
        parts = []
        for v in values:
            if v.kind == "bool":
                parts.append('(%s ? STR("1") : STR(""))' % v.c)
            elif v.kind == "int":
                parts.append("tpl_plain(cx, %s)" % v.c)
            else:
                parts.append(self.c_of(v))
        self.has_csrf = self.has_csrf or word == "csrf"
        if word in ("invalid", "described") and len(parts) == 1:
            parts.append('STR("")')
        if word == "input" and len(parts) == 3:  # name, suffix of the name, value
            both = all(v.kind == "lit" for v in values[:2])
            joined = "STR(%s)" % c_str(values[0].c + values[1].c) if both else "str_cat(cx->arena, %s, %s)" % tuple(parts[:2])
            parts = [joined, parts[2]]
        self.html.val += "x"
        self.emit("tpl_%s(%s);" % (word, ", ".join(["b", "cx"] + parts)))

    def icon(self, rest, scopes):
        """A picture of the sprite beside words: hidden from screen readers."""
        self.place_check("text")
        args = re.findall(r'"[^"]*"|[^\s"]+', rest)
        if args and all(a.startswith('"') for a in args):
            name = "".join(a[1:-1] for a in args)
            if name not in self.assets.icons:
                self.fault("unknown icon %s" % name)
        self.literal('<svg class="icon" aria-hidden="true" focusable="false"><use href="%s#' % self.assets.href("icons.svg"))
        for a in args:
            value = self.resolve(a, scopes)
            if value is not None:
                self.show(value)
        self.literal('"/></svg>')

    def partial(self, rest, scopes):
        m = re.match(r"([a-z0-9_]+/[a-z0-9_-]+)\s*(.*)$", rest, re.S)
        target = m and self.pages.get(m.group(1).replace("-", "_"))
        if not target or target.args is None:
            self.fault("unknown partial %s (a partial begins with {{args ...}})" % rest.split()[0])
            return
        if target in self.files or len(self.files) > DEPTH_MAX:
            self.fault("partial %s includes itself" % target.name)
            return
        given = dict(re.findall(r'(' + IDENT + r')=("[^"]*"|[\w.:\-]+)', m.group(2)))
        scope = {}
        for name, default in target.args.items():
            if name in given:
                value = self.resolve(given.pop(name), scopes)
                scope[name] = value or Value("lit", "")
            elif default is None:
                self.fault("partial %s needs %s=" % (target.name, name))
                scope[name] = Value("lit", "")
            else:
                scope[name] = Value("lit", default)
        for name in sorted(given):
            self.fault("partial %s takes no %s" % (target.name, name))
        self.inline(target, [scope])

    def inline(self, target, scopes):
        was_file, was_line = self.file, self.line
        depth = len(self.html.stack)
        self.file, self.files, self.line = target, self.files + [target], target.line0
        self.block(target.body.rstrip("\n"), scopes)
        if len(self.html.stack) != depth:
            self.fault("a partial must close the tags it opens")
        self.file, self.files, self.line = was_file, self.files[:-1], was_line

    # blocks ---------------------------------------------------------------------------------------------
    def block(self, body, scopes):
        """Compiles one file's body; the open {{if}} and {{each}} are a stack of dicts."""
        opened, pos = [], 0
        for m in TOKEN.finditer(body):
            self.text_part(body[pos:m.start()], opened)
            pos = m.end()
            self.one(m, scopes, opened)
            self.line += m.group(0).count("\n")
        self.text_part(body[pos:], opened)
        for o in opened:
            self.page.faults.add(self.file.path, o["line"], "{{%s}} without {{end}}" % o["kind"])

    def text_part(self, text, opened):
        if not self.dead(opened):
            self.literal(text)
        self.line += text.count("\n")

    @staticmethod
    def dead(opened):
        return any(o["dead"] for o in opened)

    def one(self, m, scopes, opened):
        if m.group("raw"):
            if not self.dead(opened):
                self.raw(m.group("raw"), scopes)
            return
        body = m.group("tag").strip()
        word, _, rest = body.partition(" ")
        rest = rest.strip()
        if word == "if":
            self.open_if(rest, scopes, opened)
        elif word == "else":
            self.do_else(rest, scopes, opened)
        elif word == "each":
            self.open_each(rest, scopes, opened)
        elif word == "end":
            self.do_end(scopes, opened)
        elif body.startswith("!") or self.dead(opened):
            pass
        elif body.startswith(">"):
            self.partial(body[1:].strip(), scopes)
        elif word == "t":
            self.show_text(re.sub(r"\s+", " ", body), scopes)
        elif word == "icon":
            self.icon(rest, scopes)
        elif word == "asset":
            self.place_check("val")
            self.literal(self.assets.href(rest.strip('"')) or self.fault("unknown asset %s" % rest) or "")
        elif word in ("csrf", "errors", "error", "invalid", "described", "input", "checked", "selected"):
            self.helper(word, rest, scopes)
        else:
            self.show(self.resolve(body, scopes))

    def raw(self, expr, scopes):
        self.place_check("text")
        value = self.resolve(expr, scopes)
        if value and value.kind != "html":
            self.fault("{{{%s}}} is only for html" % expr)
        elif value:
            self.emit("buf_add(b, %s);" % value.c)

    def open_if(self, expr, scopes, opened):
        o = {"kind": "if", "line": self.line, "dead": False, "ends": 0, "outer": self.dead(opened),
             "place": self.html.place(), "val": self.html.val, "taken": False, "c": False}
        opened.append(o)
        if o["outer"]:
            o["dead"] = True
            return
        self.branch(o, self.condition(expr, scopes), "if")

    def branch(self, o, cond, how):
        """Starts a branch. cond True or False: decided at build time, no C is made for it."""
        if cond is True:
            o["taken"] = True
            if o["c"]:
                self.emit("} else {")
                self.depth += 1
        elif cond is False:
            o["dead"] = True
        else:
            self.emit("%s (%s) {" % ("} else if" if o["c"] else "if", cond))
            o["c"] = True
            self.depth += 1
        o["open"] = cond is not False and o["c"]

    def close_branch(self, o):
        if not o["dead"]:
            if self.html.place() != o["place"]:
                self.fault("a branch must leave the HTML as it found it ({{%s}} of line %d)" % (o["kind"], o["line"]))
            self.flush()
            if o.get("open"):
                self.depth -= 1
        self.html.val = o["val"] + ("x" if self.html.state == "val" else "")

    def do_else(self, rest, scopes, opened):
        if not opened or opened[-1]["kind"] != "if":
            self.fault("{{else}} without {{if}}")
            return
        o = opened[-1]
        if o["outer"]:
            return
        self.close_branch(o)
        o["dead"] = o["taken"]
        if o["taken"]:
            return
        cond = True
        if rest:
            cond = self.condition(re.sub(r"^if\s+", "", rest), scopes)
        self.branch(o, cond, "else")

    def open_each(self, expr, scopes, opened):
        o = {"kind": "each", "line": self.line, "dead": False, "outer": self.dead(opened),
             "place": self.html.place(), "val": self.html.val, "c": True, "open": True, "scope": False}
        opened.append(o)
        if o["outer"]:
            o["dead"] = True
            return
        value = self.resolve(expr, scopes)
        if value is None or value.kind != "list":
            if value is not None and not (value.kind == "lit" and value.c == ""):
                self.fault("%s is not a list" % expr)
            o["dead"], o["c"] = True, False
            return
        self.loops += 1
        i = "i%d" % self.loops
        self.emit("for (size_t %s = 0; %s < %s.n; %s++) {" % (i, i, value.c, i))
        self.depth += 1
        self.emit("const struct %s *e%d = &%s.v[%s];" % (value.struct, self.loops, value.c, i))
        self.emit("(void)e%d;" % self.loops)
        scopes.append(self.scope_of(value.fields, "e%d->" % self.loops, value.struct))
        o["scope"] = True

    def do_end(self, scopes, opened):
        if not opened:
            self.fault("{{end}} without {{if}} or {{each}}")
            return
        o = opened.pop()
        if o["outer"]:
            return
        self.close_branch(o)
        if o.get("scope"):
            scopes.pop()
        if o["c"]:
            self.emit("}")

    def run(self):
        scope = self.scope_of(self.page.fields, "d->", self.page.struct)
        self.block(self.page.body.rstrip() + "\n", [scope])
        for tag, line in self.html.stack:
            self.page.faults.add(self.page.path, line, "<%s> is never closed" % tag)
        if self.html.state != "text":
            self.page.faults.add(self.page.path, self.line, "the page ends inside a tag")
        self.flush()
        return self.out


# --- C output ----------------------------------------------------------------------------------------------
def struct_decl(name, fields, doc=""):
    """Structs of nested lists and objects first, then the struct itself."""
    before, lines = [], []
    for f in fields:
        if f.kind in ("list", "obj"):
            before += struct_decl(name + "_" + f.name, f.fields)
        if f.kind == "list":
            lines.append("    struct {\n        struct %s_%s *v;\n        size_t n;\n    } %s;" % (name, f.name, f.name))
        elif f.kind == "obj":
            lines.append("    struct %s_%s %s;" % (name, f.name, f.name))
        else:
            lines.append("    %s %s;" % (C_TYPES[f.kind], f.name))
    if not lines:
        lines.append("    char unused;")
    return before + ["%sstruct %s {\n%s\n};" % (doc, name, "\n".join(lines))]


def desc_decl(name, fields):
    out, rows = [], []
    for f in fields:
        sub, size = "NULL, 0", "0"
        if f.kind in ("list", "obj"):
            out += desc_decl(name + "_" + f.name, f.fields)
            if f.fields:
                sub = "desc_%s_%s, %d" % (name, f.name, len(f.fields))
            size = "sizeof(struct %s_%s)" % (name, f.name)
        rows.append('    { "%s", "%s", %s, (uint32_t)offsetof(struct %s, %s), (uint32_t)%s, %s },' %
                    (f.name, f.described, sub, name, f.name, size, "true" if f.page_only else "false"))
    if rows:
        out.append("static const struct tpl_desc desc_%s[] = {\n%s\n};" % (name, "\n".join(rows)))
    return out


def page_c(page, body, has_csrf):
    s = page.struct
    out = desc_decl(s, page.fields)
    desc = "desc_%s" % s if page.fields else "NULL"
    out.append("static void\n%s_html(struct buf *b, struct ctx *cx, const void *data)\n{\n"
               "    const struct %s *d = data;\n    (void)d;\n    (void)cx;\n%s\n}" % (s, s, "\n".join(body)))
    out.append('const struct tpl %s_t = { "%s", %s_html, %s, %d, sizeof(struct %s), %s };' %
               (s, page.name, s, desc, len(page.fields), s, "true" if has_csrf else "false"))
    return "\n".join(out) + "\n"


def write_module(out_dir, module, pages, bodies, write):
    guard = "GEN_TPL_%s_H" % module.upper()
    h = ["/* made by tools/tplgen.py from pages of %s */" % module, "#ifndef " + guard, "#define " + guard,
         '#include "web/web.h"', ""]
    c = ["/* made by tools/tplgen.py from pages of %s */" % module, '#include "gen/tpl_%s.h"' % module,
         '#include "web/tpl.h"', ""]
    for p in pages:
        h += struct_decl(p.struct, p.fields, "/* %s */\n" % p.path)
        h.append("extern const struct tpl %s_t;\n" % p.struct)
        c.append(page_c(p, *bodies[p.name]))
    h.append("#endif\n")
    write(os.path.join(out_dir, "tpl_%s.h" % module), "\n".join(h))
    write(os.path.join(out_dir, "tpl_%s.c" % module), "\n".join(c) + "\n")
    return "tpl_%s.c" % module


def write_texts(out_dir, texts, write):
    c = ["/* made by tools/tplgen.py from text/{vi,en}.txt */", '#include "web/tpl.h"', ""]
    c.append("const size_t text_keys_n = %d;" % len(texts.order))
    rows = {"keys": texts.order or [""]}
    for lang in LANGS:
        rows[lang] = [texts.keys[k].get(lang, ("",))[0] for k in texts.order] or [""]
    for name, values in rows.items():
        c.append("const struct str text_%s[] = {" % name)
        c += ["    STR_INIT(%s)," % c_str(v) for v in values]
        c.append("};")
    write(os.path.join(out_dir, "texts.c"), "\n".join(c) + "\n")
    return "texts.c"


# --- keys used by C ------------------------------------------------------------------------------------------
C_USES = [
    re.compile(r'\btext(?:_fill)?\(\s*\w+(?:->\w+)*,\s*"([^"]*)"'),
    re.compile(r'\bctx_problem2?\(\s*[\w>&.-]+,[^;]*?,\s*STR\("([a-z0-9_.\-]+\.[a-z0-9_.\-]+)"\)', re.S),
    re.compile(r'\.label = "([a-z0-9_]+\.[^"]*)"'),
    re.compile(r'\bweb_flash\(\s*\w+(?:->\w+)*,\s*\w+(?:->\w+)*,\s*"([^"]*)"'),
]


def check_c(src, texts, faults):
    for path in sorted(glob.glob(os.path.join(src, "**/*.c"), recursive=True)):
        if "/test/" in path:
            continue
        with open(path, encoding="utf-8") as f:
            source = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), f.read(), flags=re.S)
        for rx in C_USES:
            for m in rx.finditer(source):
                if m.group(1) not in texts.keys:
                    faults.add(path, 1 + source.count("\n", 0, m.start(1)), "unknown text key %s" % m.group(1))


def compile_all(src, faults):
    texts = Texts(src, faults)
    assets = uigen.Assets("ui")
    pages = {}
    for path in sorted(glob.glob(os.path.join(src, "**/pages/*.html"), recursive=True)):
        page = Page(src, path, faults)
        if page.name in pages:
            faults.add(path, 1, "page %s exists twice" % page.name)
        pages[page.name] = page
    bodies = {}
    for page in pages.values():
        if page.args is None:
            compiler = Compiler(page, pages, texts, assets)
            bodies[page.name] = (compiler.run(), compiler.has_csrf)
    check_c(src, texts, faults)
    return texts, pages, bodies


def generate(src, out_dir):
    """Writes gen/tpl_<module>.{h,c} and gen/texts.c. Ends the run with all faults when there are any."""
    from gen import write_if_changed
    faults = Faults()
    texts, pages, bodies = compile_all(src, faults)
    if faults.list:
        sys.exit("\n".join(faults.list) + "\n%d faults in pages and texts" % len(faults.list))
    out = [write_texts(out_dir, texts, write_if_changed)]
    for module in sorted({p.module for p in pages.values()}):
        mine = [p for p in pages.values() if p.module == module and p.args is None]
        if mine:
            out.append(write_module(out_dir, module, mine, bodies, write_if_changed))
    return out


if __name__ == "__main__":
    found = Faults()
    compile_all(sys.argv[1] if len(sys.argv) > 1 else "src", found)
    print("\n".join(found.list))
    sys.exit(1 if found.list else 0)
