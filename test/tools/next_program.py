#!/usr/bin/python3
"""next_program.py OUT: the schema that a coming version of the program might have, for test/http/upgrade.test.mjs.

Copies the tables of this program below OUT/src with a column, a table and an index more, and the migration that brings a
database of this program there; OUT/gen/q_all.c is then what tools/sqlgen.py makes of them."""
import os
import shutil
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import sqlgen  # noqa: E402  pylint: disable=wrong-import-position

LAST_COLUMN = "    created_us BIGINT NOT NULL\n);\nCREATE UNIQUE INDEX party_personal_id"
ADDED = """CREATE TABLE next_thing (
    id BIGINT PRIMARY KEY,
    party_id BIGINT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX next_thing_party ON next_thing (party_id, id);
"""


def schema_files():
    for folder, _, files in os.walk(os.path.join(ROOT, "src")):
        for name in files:
            if name in ("ORDER", "schema.sql", "queries.sql") or os.path.basename(folder) == "migrations":
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(out):
    shutil.rmtree(out, ignore_errors=True)
    numbers = [0]
    for path in schema_files():
        os.makedirs(os.path.dirname(os.path.join(out, path)), exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), os.path.join(out, path))
        if "/migrations/" in path:
            numbers.append(int(os.path.basename(path)[:4]))
    party = os.path.join(out, "src/engine/party")
    with open(os.path.join(party, "schema.sql"), encoding="utf-8") as f:
        schema = f.read()
    if schema.count(LAST_COLUMN) != 1:
        sys.exit("next_program.py: the end of the table party has changed: change LAST_COLUMN too")
    more = LAST_COLUMN.replace("NOT NULL\n", "NOT NULL,\n    next_word TEXT NOT NULL DEFAULT ''\n", 1)
    write(os.path.join(party, "schema.sql"), schema.replace(LAST_COLUMN, more) + ADDED)
    write(os.path.join(party, f"migrations/{max(numbers) + 1:04d}_next.sql"),
          "ALTER TABLE party ADD COLUMN next_word TEXT NOT NULL DEFAULT '';\n" + ADDED +
          "INSERT INTO next_thing (id, party_id, said) SELECT id, id, name_fold FROM party;\n"
          "UPDATE party SET next_word = 'brought forward';\n")
    os.makedirs(os.path.join(out, "gen"))
    sqlgen.generate(os.path.join(out, "src"), os.path.join(out, "gen"))


main(sys.argv[1])
