#!/usr/bin/env python3
"""Makes ui/icons.svg from ui/icons.txt and the installed @tabler/icons, plus the drawings in ui/own.
Run after changing the list: npm ci --ignore-scripts && python3 tools/ui-icons.py"""
import re
import sys

FROM = "node_modules/@tabler/icons/icons/outline/%s.svg"


def symbol(name, source):
    with open(FROM % source, encoding="utf-8") as f:
        text = f.read()
    inner = re.sub(r"<!--.*?-->|<svg.*?>|</svg>", "", text, flags=re.S)
    inner = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", inner)
    inner = re.sub(r"\s+", " ", inner).replace(" />", "/>").replace("> <", "><").strip()
    return '<symbol id="%s" viewBox="0 0 24 24"><g fill="none" stroke="currentColor" stroke-width="2" ' \
           'stroke-linecap="round" stroke-linejoin="round">%s</g></symbol>' % (name, inner)


def main():
    out = ['<svg xmlns="http://www.w3.org/2000/svg">']
    with open("ui/icons.txt", encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                out.append(symbol(words[0], words[-1]))
    with open("ui/icons.svg", "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    sys.exit(main())
