"""doc/scale.md gives each table of the schema a distribution key: none is missing, none stands twice, none is invented."""
import glob
import os
import re
import unittest
from collections import Counter

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Keys(unittest.TestCase):
    def test_each_table_has_one_key(self):
        tables = [t for path in glob.glob(f"{ROOT}/src/**/schema.sql", recursive=True)
                  for t in re.findall(r"^CREATE TABLE (\w+)", read(path), re.M)]
        self.assertGreater(len(tables), 80)
        rows = re.search(r"^key \| tables\n---\|---\n((?:.*\|.*\n)+)", read(f"{ROOT}/doc/scale.md"), re.M).group(1)
        named = Counter(t.strip() for row in rows.splitlines() for t in row.split("|")[1].split(","))
        self.assertEqual(set(tables) - set(named), set(), "name the key of these in doc/scale.md")
        self.assertEqual(set(named) - set(tables), set(), "no such tables")
        self.assertEqual([t for t, n in named.items() if n > 1], [])


if __name__ == "__main__":
    unittest.main()
