#!/usr/bin/env python3
"""Runs the generators over the source tree; the outputs in build/gen are written only when changed.

gen_all.c includes every generated .c, so that the makefile knows one file."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main():
    out = sys.argv[1]
    parts = []
    for name in ("sqlgen", "tplgen", "uigen", "guidegen"):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        if os.path.exists(path):
            parts += __import__(name).generate("src", out)
    text = "/* made by tools/gen.py */\n" + "".join('#include "gen/%s"\n' % p for p in parts)
    write_if_changed(os.path.join(out, "gen_all.c"), text, touch=True)


def write_if_changed(path, text, touch=False):
    """Keeps the time stamp of an unchanged file, so that nothing is compiled again for it."""
    data = text.encode() if isinstance(text, str) else text
    try:
        with open(path, "rb") as f:
            if f.read() == data:
                if touch:
                    os.utime(path)
                return
    except FileNotFoundError:
        pass
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


if __name__ == "__main__":
    main()
