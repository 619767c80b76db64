"""Tests of tools/sqlgen.py: what it makes, and that each fault is told with file and line."""
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import sqlgen  # noqa: E402

GOOD = """-- name: pet_by_id :one
-- in: id:i64
-- out: id:i64 name:str
SELECT id, name FROM pet WHERE id = :id AND name <> ':no' -- it's :not
"""


class SqlGen(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.src = os.path.join(self.dir.name, "src")
        self.out = os.path.join(self.dir.name, "out")
        self.put("ORDER", "base:\nstore: base\nengine: base store\nengine-modules: pet owner\n")

    def tearDown(self):
        self.dir.cleanup()

    def put(self, path, text):
        path = os.path.join(self.src, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def made(self, name):
        with open(os.path.join(self.out, name), encoding="utf-8") as f:
            return f.read()

    def faults(self, queries):
        self.put("engine/pet/queries.sql", queries)
        err = io.StringIO()
        with redirect_stderr(err), self.assertRaises(SystemExit):
            sqlgen.generate(self.src, self.out)
        return err.getvalue()

    def test_generate_converts_parameters_outside_quotes_only(self):
        self.put("engine/pet/queries.sql", GOOD)
        self.assertEqual(sqlgen.generate(self.src, self.out), ["q_pet.c", "q_all.c"])
        made = self.made("q_pet.c")
        self.assertIn("WHERE id = \\?1 AND name <> ':no'\"", made)
        self.assertIn("WHERE id = $1 AND name <> ':no'\"", made)
        self.assertIn("struct q_pet_by_id_in {\n    int64_t id;\n};", self.made("q_pet.h"))

    def test_generate_orders_modules_and_converts_types(self):
        self.put("engine/owner/schema.sql", "CREATE TABLE owner (id BIGINT PRIMARY KEY, pet_id BIGINT);\n")
        self.put("engine/pet/schema.sql", "CREATE TABLE pet (id BIGINT PRIMARY KEY, photo BLOB);\n")
        self.put("engine/zoo/schema.sql", "CREATE TABLE zoo (id BIGINT PRIMARY KEY);\n")
        self.put("store/schema.sql", "CREATE TABLE meta (id BIGINT NOT NULL PRIMARY KEY);\n")
        sqlgen.generate(self.src, self.out)
        made = self.made("q_all.c")
        places = [made.index("CREATE TABLE %s" % t) for t in ("meta", "pet", "owner", "zoo")]
        self.assertEqual(places, sorted(places))
        self.assertIn("meta (id INTEGER PRIMARY KEY)", made)
        self.assertIn("photo BYTEA", made)
        self.assertIn("photo BLOB", made)

    def test_generate_leaves_the_row_id_out_of_indexes_of_sqlite(self):
        self.put("engine/pet/queries.sql", GOOD)
        self.put("engine/pet/schema.sql", "CREATE TABLE pet (\n    id BIGINT PRIMARY KEY, -- x\n    name TEXT);\n"
                 "CREATE INDEX pet_name ON pet (name, id) WHERE name <> '';\nCREATE INDEX pet_id ON pet (id);\n"
                 "CREATE UNIQUE INDEX pet_both ON pet (name, id);\nCREATE TABLE owner (name TEXT, id BIGINT, PRIMARY KEY (name));\n"
                 "CREATE INDEX owner_name ON owner (name, id);\n")
        sqlgen.generate(self.src, self.out)
        made = self.made("q_all.c")
        self.assertIn("ON pet (name) WHERE name <> ''", made)   # SQLite
        self.assertIn("ON pet (name, id) WHERE name <> ''", made)  # PostgreSQL
        for kept in ("pet_id ON pet (id)", "pet_both ON pet (name, id)", "owner_name ON owner (name, id)"):
            self.assertEqual(made.count(kept), 2)

    def test_generate_dialect_sections(self):
        self.put("engine/pet/queries.sql", "-- name: pet_all :many\n-- out: n:i64\nSELECT\n-- sqlite:\n1\n-- postgres:\n2\n-- end\nLIMIT 3\n")
        sqlgen.generate(self.src, self.out)
        self.assertIn('"SELECT\\n"\n    "1\\n"\n    "LIMIT 3"', self.made("q_pet.c"))
        self.assertIn('"SELECT\\n"\n    "2\\n"\n    "LIMIT 3"', self.made("q_pet.c"))

    def test_faults_are_told_with_file_and_line(self):
        cases = [
            (GOOD.replace("id:i64\n", "id:int\n"), "queries.sql:2: unknown type 'int'"),
            (GOOD.replace("= :id", "= :idd"), "parameter :idd of pet_by_id is not declared"),
            (GOOD.replace("in: id:i64", "in: id:i64 x:str"), "parameter x of pet_by_id is not used"),
            (GOOD.replace(":one", ":many"), "queries.sql:1: pet_by_id is :many and has no LIMIT"),
            (GOOD.replace("-- out: id:i64 name:str\n", ""), "needs '-- out:'"),
            (GOOD.replace(":one", ":two"), "queries.sql:1: write '-- name:"),
            (GOOD + GOOD, "queries.sql:5: statement name pet_by_id collides"),
            (GOOD + "; SELECT 1\n", "holds more than one statement"),
            ("SELECT 1\n" + GOOD, "queries.sql:1: SQL before the first"),
            (GOOD + "LIMIT 1 OFFSET 5\n", "uses OFFSET"),
            (GOOD + "-- scan:\n", "needs the reason"),
        ]
        for text, expected in cases:
            with self.subTest(expected):
                self.assertIn(expected, self.faults(text))

    def test_faults_in_schema(self):
        self.put("engine/pet/schema.sql", "CREATE TABLE a (id BIGINT PRIMARY KEY,\n x BIGINT REFERENCES b DEFERRABLE INITIALLY DEFERRED);\n")
        self.assertIn("schema.sql:2: no deferred constraints", self.faults(GOOD))


if __name__ == "__main__":
    unittest.main()
