"""Rows of a bulk load against rows of dossiers that went through the engines: `bombo simulate --bulk`."""
import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.parse
from collections import Counter

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BOMBO = os.path.join(ROOT, "build", "bombo")
N_MODELS, N_BULK = 60, 1500

# How the rows of a table hang on a dossier; ? is the dossier's id.
HANGS = {
    "dossier": "id", "draft": "dossier_id", "dossier_event": "dossier_id",
    "dossier_step": "dossier_id", "supplement": "dossier_id", "result": "dossier_id",
    "register_entry": "dossier_id", "paper": "dossier_id", "record": "dossier_id", "custody": "dossier_id",
    "party_consent": "dossier_id",
    "pay_bill": "dossier_id", "notice": "dossier_id", "indicator_item": "subject_id", "indicator_stock": "subject_id",
    "flow_case": "subject_id", "flow_task": "subject_id", "flow_timer": "subject_id",
    "flow_token": "(SELECT c.subject_id FROM flow_case c WHERE c.id = case_id)",
    "pay_cash": "(SELECT b.dossier_id FROM pay_bill b WHERE b.id = bill_id)",
    "ledger_entry": "CASE WHEN object LIKE 'dossier:%' THEN CAST(substr(object, 9) AS INTEGER) END",
}
# Written for people and for all dossiers together; compared below in their own way.
WITH_PEOPLE = {"party", "account"}
TOGETHER = {"ledger_leaf", "ledger_head", "unit_counter", "indicator", "store_meta"}
# Nothing of a settled dossier is in these.
NOT_OF_DOSSIERS = {
    "outbox", "job_timed", "pack_version", "calendar_switch", "party_link", "party_correction", "party_double", "ledger_pending", "position",
    "acting", "session", "api_token", "rate", "idem", "oidc_state", "pay_nonce", "pay_stray", "pay_receipt", "sign_cert",
    "indicator_delta", "absence", "absence_stand_in", "calendar_override", "dossier_reminder", "pack_live", "pay_closing",
    # the exchange's own rows; what was asked of national services about a dossier is not copied with it
    "exchange_agreement", "exchange_call", "exchange_cert", "exchange_client", "exchange_mark", "exchange_member",
    "exchange_operation", "exchange_portal", "exchange_portal_file", "exchange_portal_line", "exchange_question", "exchange_secret",
    "exchange_service", "exchange_session", "exchange_sim_message",
    "exchange_sim_mode", "exchange_sim_row", "exchange_subsystem", "exchange_uplink", "exchange_version",
    "exchange_arrival", "exchange_sim_dossier", "watch_alarm", "watch_limit", "watch_mark", "watch_month",
    "box_attach", "box_file", "box_message", "box_stream", "box_sub",
    "node_evidence", "node_key", "node_mark", "node_peer", "node_stamp", "oidc_document",
}


def shape_of_json(v):
    if isinstance(v, dict):
        return {k: shape_of_json(w) for k, w in sorted(v.items())}
    if isinstance(v, list):
        return [shape_of_json(w) for w in v]
    return type(v).__name__


def shape(v):
    """What kind of value it is, without what it says."""
    if v is None:
        return "null"
    if isinstance(v, int):
        return "0" if v == 0 else "small" if v < 10**9 else f"{len(str(v))} digits"
    if v[:1] in "{[" and v:
        return json.dumps(shape_of_json(json.loads(v)))
    if re.fullmatch(r"[0-9a-f]{32,}", v):
        return f"hex {len(v)}"
    if re.fullmatch(r"[0-9A-Z]{8,16}", v):
        return f"code {len(v)}"
    v = re.sub(r"\b[0-9A-Z]{8,16}\b", "code", v)
    v = re.sub(r"\d+", "9", v)
    v = re.sub(r"[^\W\d_]+", "a", v)
    return re.sub(r"a(?:[ '/-]+a)+", "a", v)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, program):
    end = time.monotonic() + 60
    while program.poll() is None and time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the program did not start")


class Bulk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.data = os.path.join(cls.dir.name, "data")
        cls.run_bombo("simulate", "--n", str(N_MODELS))
        cls.db = sqlite3.connect(os.path.join(cls.data, "bombo.db"))
        cls.mark = int(cls.one("SELECT value FROM store_meta WHERE name = 'id_high'"))
        cls.before = {t: cls.all(f"SELECT * FROM {t}") for t in WITH_PEOPLE}
        cls.indexes = cls.all("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name")
        cls.files = cls.blobs()
        cls.db.close()
        cls.run_bombo("simulate", "--n", "0", "--bulk", str(N_BULK))
        cls.db = sqlite3.connect(os.path.join(cls.data, "bombo.db"))

    @classmethod
    def tearDownClass(cls):
        cls.db.close()
        cls.dir.cleanup()

    @classmethod
    def run_bombo(cls, *words):
        p = subprocess.run([BOMBO, *words, "--data", cls.data], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        if p.returncode != 0:
            raise AssertionError(p.stdout + p.stderr)
        return p.stdout

    @classmethod
    def all(cls, sql):
        return cls.db.execute(sql).fetchall()

    @classmethod
    def one(cls, sql):
        return cls.db.execute(sql).fetchone()[0]

    @classmethod
    def blobs(cls):
        return {name for _, _, names in os.walk(os.path.join(cls.data, "blobs")) for name in names}

    def columns(self, table):
        return [r[1] for r in self.all(f"PRAGMA table_info({table})")]

    def test_every_table_is_loaded_or_known_not_to_hang_on_a_dossier(self):
        tables = {r[0] for r in self.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")}
        known = set(HANGS) | WITH_PEOPLE | TOGETHER | NOT_OF_DOSSIERS
        self.assertEqual(tables - known, set(), "new tables: teach app_bulk_model.c or name them in NOT_OF_DOSSIERS")
        self.assertEqual(known - tables, set())

    def test_dossiers_are_as_many_as_asked_for(self):
        self.assertGreaterEqual(self.one(f"SELECT count(*) FROM dossier WHERE id > {self.mark}"), N_BULK)

    def test_papers_are_shared_by_hash(self):
        self.assertGreater(self.one(f"SELECT count(*) FROM paper WHERE id > {self.mark}"), 0)
        self.assertEqual(self.blobs(), self.files, "no file was written")
        for (name,) in self.all("SELECT hash FROM paper UNION SELECT hash FROM record UNION SELECT hash FROM result WHERE hash IS NOT NULL"):
            self.assertTrue(name in self.files, name)

    def test_a_backup_of_it_restores(self):
        file, to = (os.path.join(self.dir.name, name) for name in ("b.bbk", "back"))
        self.run_bombo("backup", file)
        p = subprocess.run([BOMBO, "restore", file, "--data", to], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)

    def test_a_disk_that_is_too_small_is_told_before_a_row_is_written(self):
        before = self.one("SELECT count(*) FROM dossier")
        n = 100_000_000
        if shutil.disk_usage(self.data).free > n * 13_000:
            self.skipTest("so large a disk")
        p = subprocess.run([BOMBO, "simulate", "--n", "0", "--bulk", str(n), "--data", self.data], cwd=ROOT, capture_output=True, text=True,
                           timeout=300, check=False)
        self.assertEqual(p.returncode, 1, p.stdout + p.stderr)
        self.assertRegex(p.stderr, r"want about \d+ MB of disk and \d+ MB are free")
        self.assertEqual(self.one("SELECT count(*) FROM dossier"), before)
        self.assertIn("faults 0", self.run_bombo("ledger", "verify"))

    def test_values_have_the_shapes_that_the_engines_write(self):
        for table in list(HANGS) + list(WITH_PEOPLE):
            if table in ("indicator_stock",):
                continue
            for i, column in enumerate(self.columns(table)):
                theirs, ours = set(), set()
                for row in self.all(f"SELECT * FROM {table}"):
                    (ours if row[0] > self.mark else theirs).add(shape(row[i]))
                self.assertLessEqual(ours, theirs, f"{table}.{column}")

    def rows_of_dossiers(self):
        """For each dossier what it is, and how many rows of each table hang on it, by kind."""
        what = {r[0]: r[1:] for r in self.all("SELECT id, procedure_code, state, status, clock FROM dossier")}
        counts = {d: Counter() for d in what}
        for table, hang in HANGS.items():
            kind = {"ledger_entry": "kind", "dossier_event": "kind", "dossier_step": "status", "flow_task": "step_id || state", "indicator_item": "metric",
                    "indicator_stock": "metric", "notice": "way || state"}.get(table, "''")
            for dossier, k in self.all(f"SELECT {hang}, {kind} FROM {table}"):
                if dossier:
                    counts[dossier][f"{table} {k}"] += 1
        return {d: (what[d], tuple(sorted(counts[d].items()))) for d in what}

    def test_each_dossier_has_the_rows_of_one_that_went_through_the_engines(self):
        rows = self.rows_of_dossiers()
        theirs = {v for d, v in rows.items() if d <= self.mark}
        for d, v in rows.items():
            self.assertIn(v, theirs, f"dossier {d}")

    def test_references_lead_to_rows(self):
        for table, column, target in [
                ("dossier", "party_id", "party"), ("dossier", "filed_by", "account"), ("dossier", "draft_id", "draft"),
                ("dossier", "case_id", "flow_case"), ("account", "party_id", "party"), ("flow_task", "case_id", "flow_case"),
                ("flow_token", "case_id", "flow_case"), ("result", "dossier_id", "dossier"), ("pay_bill", "dossier_id", "dossier"),
                ("notice", "party_id", "party"), ("paper", "owner_id", "party"), ("ledger_leaf", "entry_id", "ledger_entry")]:
            lost = self.one(f"SELECT count(*) FROM {table} x WHERE x.{column} <> 0 AND x.{column} IS NOT NULL"
                            f" AND NOT EXISTS (SELECT 1 FROM {target} y WHERE y.id = x.{column})")
            self.assertEqual(lost, 0, f"{table}.{column}")

    def test_numbers_count_on(self):
        for number, stem, n in self.all("SELECT d.number, c.stem, c.n FROM unit_counter c JOIN dossier d"
                                        " ON d.number LIKE replace(c.stem, '{seq}', '%') ORDER BY d.number"):
            self.assertLessEqual(int(number[len(stem) - len("{seq}"):]), n)
        for unit, book, n, last in self.all("SELECT unit, book, count(*), max(seq) FROM register_entry GROUP BY unit, book, year"):
            self.assertEqual(n, last, f"{unit} {book}")
        # a number of ours begins with a digit of its book; a partner's is its own
        wrong = self.one("SELECT count(*) FROM result r WHERE r.number GLOB '[0-9]*' AND NOT EXISTS (SELECT 1 FROM register_entry e"
                         " WHERE e.dossier_id = r.dossier_id AND e.seq = CAST(r.number AS INTEGER))")
        self.assertEqual(wrong, 0)

    def test_answers_name_the_person_who_filed(self):
        wrong = self.one(f"SELECT count(*) FROM dossier d JOIN party p ON p.id = d.party_id WHERE d.id > {self.mark}"
                         " AND d.parent_id = 0 AND (d.applicant <> p.name OR d.applicant_fold <> p.name_fold"
                         " OR (p.personal_id IS NOT NULL AND instr(d.answers, p.personal_id) = 0))")
        theirs = self.one(f"SELECT count(*) FROM dossier d JOIN party p ON p.id = d.party_id WHERE d.id <= {self.mark}"
                          " AND d.parent_id = 0 AND (d.applicant <> p.name OR d.applicant_fold <> p.name_fold"
                          " OR (p.personal_id IS NOT NULL AND instr(d.answers, p.personal_id) = 0))")
        self.assertEqual(bool(wrong), bool(theirs))

    def test_each_copy_was_filed_when_its_procedure_was_there(self):
        rows = self.all(f"SELECT number, code FROM dossier WHERE id > {self.mark} ORDER BY submitted_us LIMIT 120")
        port = free_port()
        asked = os.path.join(self.dir.name, "asked")  # readings are recorded, which is not the loader's doing
        shutil.copytree(self.data, asked)
        with subprocess.Popen([BOMBO, "run", "--data", asked, "--address", "127.0.0.1", "--port", str(port)],
                              cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            try:
                wait_for(port, p)
                for i, (number, code) in enumerate(rows):  # each address may ask a few times only
                    c = http.client.HTTPConnection("127.0.0.1", port, source_address=(f"127.0.1.{1 + i // 10}", 0))
                    c.request("GET", "/tra-cuu?" + urllib.parse.urlencode({"so": number, "ma": code}))
                    self.assertEqual(c.getresponse().status, 200, number)
                    c.close()
            finally:
                p.terminate()

    def test_figures_equal_a_recount(self):
        flows = ("SELECT metric, day, unit, procedure_code, field, sum(n) FROM %s WHERE metric NOT IN ('open', 'waiting', 'unpaid')"
                 " GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5")
        folded = "(SELECT metric, day, unit, procedure_code, field, n FROM indicator" \
                 " UNION ALL SELECT metric, day, unit, procedure_code, field, n FROM indicator_delta)"
        self.assertEqual(self.all(flows % folded), self.all(flows % "indicator_item"))
        for metric, now in self.all("SELECT metric, count(*) FROM indicator_stock GROUP BY metric"):
            self.assertEqual(self.one(f"SELECT sum(n) FROM {folded} WHERE metric = '{metric}'"), now, metric)
        self.assertEqual(self.one("SELECT count(*) FROM indicator_stock WHERE metric = 'open'"),
                         self.one("SELECT count(*) FROM dossier WHERE state = 'open'"))

    def test_the_ledger_verifies_and_the_indexes_are_back(self):
        self.assertIn("faults 0", self.run_bombo("ledger", "verify"))
        self.assertEqual(self.all("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"), self.indexes)
        self.assertEqual(self.one("PRAGMA integrity_check"), "ok")
        self.assertEqual(self.one("PRAGMA journal_mode"), "wal")
        self.assertEqual(self.all("SELECT name FROM store_meta WHERE name = 'bulk_load'"), [])
        self.assertGreaterEqual(int(self.one("SELECT value FROM store_meta WHERE name = 'id_high'")), self.one("SELECT max(id) FROM ledger_entry"))


if __name__ == "__main__":
    unittest.main()
