"""What people ask a large store for: dossiers to look for, officers and leaders who are signed in, the pages they open."""
import os
import random
import re
import shutil
import sqlite3
import time
import urllib.parse

# pylint: disable=wrong-import-position
from measure import BOMBO, Browser, Failed, signed_in, tool

PAGE = "/thu-tuc/1.004873"
PAGE_MS, LOOKUP_MS = 100, 10  # aims for 99 of 100 answers
N_MODELS = 600
BYTES_A_DOSSIER = 13_000  # on the embedded store, with room to sort its indexes; bombo simulate --bulk asks for the same
SHOWN = "motcua.25405"


def query(path, **words):
    return f"{path}?{urllib.parse.urlencode(words)}"


def has_room(folder, n_bytes):
    return shutil.disk_usage(folder).free >= n_bytes


def bulk_load(data, n):
    """n dossiers more; the first time with the models that they are copies of. Seconds that it took."""
    if not has_room(os.path.dirname(data), n * BYTES_A_DOSSIER):
        raise Failed(f"{n:,} dossiers want {n * BYTES_A_DOSSIER >> 30} GiB of disk")
    if not os.path.exists(data):
        tool(BOMBO, "simulate", "--demo", "--n", str(N_MODELS), "--data", data)
    begun = time.monotonic()
    tool(BOMBO, "simulate", "--demo", "--n", "0", "--bulk", str(n), "--data", data, timeout=14400)
    return time.monotonic() - begun


class Found:
    """What is in the store: some thousand dossiers anywhere, those of some one-stop officers, tasks that wait for them."""

    def __init__(self, data):
        db = sqlite3.connect(f"file:{data}/bombo.db?mode=ro", uri=True)
        n = db.execute("SELECT count(*) FROM dossier INDEXED BY dossier_unit").fetchone()[0]
        self.n = n
        self.dossiers = db.execute("SELECT number, code, id, unit, applicant FROM dossier WHERE id IN (SELECT id FROM dossier INDEXED BY"
                                   " dossier_unit WHERE (id % 1000003 * 7919) % ? = 0)", (max(1, n // 4000),)).fetchall()
        random.shuffle(self.dossiers)
        logins = [r[0] for r in db.execute("SELECT login FROM account WHERE login LIKE 'motcua.%' AND is_officer = 1 ORDER BY login LIMIT 20")]
        self.own = {x: [d for d in self.dossiers if d[3].split("@")[0] == x.split(".")[1]]
                    for x in [SHOWN] + [x for x in logins if x != SHOWN]}
        self.waiting = {x: [r[0] for r in db.execute(
            "SELECT t.id FROM flow_task t JOIN dossier d ON d.id = t.subject_id WHERE t.state = 'open' AND t.role = 'receiver' AND"
            " t.action = 'receive' AND d.clock = 0 AND t.unit IN (SELECT DISTINCT unit FROM dossier INDEXED BY dossier_unit WHERE unit"
            " BETWEEN ? AND ?) ORDER BY t.id LIMIT 1000", (f"{x.split('.')[1]}@", f"{x.split('.')[1]}@~"))] for x in self.own}
        db.close()


class Asked:
    """Pages to ask for on a running server, by people who are signed in: {name: (what, cookie, aim in ms, requests a peer)}."""

    def __init__(self, server, found):
        self.cookies = {}
        for login in found.own:  # up to eight officers whose place is in force today
            b = Browser(server.port)
            if len(self.cookies) < 8 and b.sign_in(login) and b.ask("GET", "/can-bo")[0] == 200:
                self.cookies[login] = b.cookie()
        own = {x: found.own[x] for x in self.cookies}
        leader = re.search(r"leader above all units\s+(\S+)", server.said())
        self.person = signed_in(server, "070190900018")
        self.top = signed_in(server, leader.group(1)) if leader else signed_in(server, "lanhdao.25405")
        today = time.strftime("%Y-%m-%d")
        year_ago = f"{int(today[:4]) - 1}{today[4:]}"
        year = {"chi-so": "received", "tu": year_ago, "den": today}
        week_ago = time.strftime("%Y-%m-%d", time.localtime(time.time() - 7 * 86400))
        self.pages = {
            "procedure page": (PAGE, self.person, PAGE_MS, 0),
            "search for a procedure": (query("/tim", q="giay doc than"), "", PAGE_MS, 0),
            "public tracking": ([(query("/tra-cuu", so=d[0], ma=d[1]), "") for d in found.dossiers], "", LOOKUP_MS, 25),
            "citizen's own page": ("/toi", self.person, PAGE_MS, 0),
            "officer's inbox, reading recorded": ([("/can-bo", c) for c in self.cookies.values()], "", PAGE_MS, 0),
            "officer's dossier page, reading recorded": ([(f"/can-bo/ho-so/{d[2]}", self.cookies[x]) for x in own for d in own[x]], "",
                                                         PAGE_MS, 0),
            "officer's search by number, recorded": ([(query("/can-bo/tim", q=d[0]), self.cookies[x]) for x in own for d in own[x]], "",
                                                     PAGE_MS, 0),
            "officer's search by name, recorded": ([(query("/can-bo/tim", q=d[4]), self.cookies[x]) for x in own for d in own[x]], "",
                                                   PAGE_MS, 0),
            "leaders' page, one unit": ("/lanh-dao", signed_in(server, "lanhdao.25405"), PAGE_MS, 0),
            "leaders' page, the province": ("/lanh-dao", self.top, PAGE_MS, 0),
            "leaders' page, the province, one year": (query("/lanh-dao", ky="year"), self.top, PAGE_MS, 0),
            "list behind a figure, one year": (query("/lanh-dao/danh-sach", **year), self.top, PAGE_MS, 0),
            "report: register of a week (form 06), recorded": ([(query("/can-bo/quay/so-theo-doi.csv", tu=week_ago, den=today), c)
                                                                  for c in self.cookies.values()], "", PAGE_MS, 0),
        }
