"""Sections of make bench that ask how a store behaves as it grows, on both stores, and under the mixed load of a working day."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import contextmanager

# pylint: disable=wrong-import-position
from asks import Asked, Found, bulk_load, has_room
from measure import BUILD, LOAD_CPU, ROOT, SECONDS, Browser, Failed, bombo, load, note, pinned, row, tool

N_LARGE = int(os.environ.get("BENCH_N", "1000000"))
CURVE_RATE = 50
CURVE = ["public tracking", "officer's inbox, reading recorded", "officer's search by number, recorded", "officer's search by name, recorded",
         "leaders' page, the province, one year", "list behind a figure, one year"]
STORES = os.environ.get("BENCH_STORES", "sqlite postgres").split()
DAY_RATES = [int(x) for x in os.environ.get("BENCH_RATES", "50 200 500").split()]
PG_BYTES_A_DOSSIER = 24_000  # rows, indexes, and the log while they are loaded

# Of a thousand requests of a working day, how many are which. A dossier is looked at some 60 times and moved on about 5 times by all
# sides (doc/scale.md); so of 1,000 requests some 15 submit and 60 do a step. The citizen asks "where is it" far more often than
# she files: tracking and her own page. Officers live in their inbox and open a dossier for each second look at it; leaders are few.
DAY = [("public tracking", 230), ("officer's inbox, reading recorded", 200), ("officer's dossier page, reading recorded", 150),
       ("procedure page", 100), ("citizen's own page", 90), ("officer's search by number, recorded", 50),
       ("search for a procedure", 40), ("officer's search by name, recorded", 30), ("leaders' page, one unit", 15),
       ("leaders' page, the province", 10), ("list behind a figure, one year", 5), ("report: register of a week (form 06), recorded", 5),
       ("a submission", 15), ("a step (accepted)", 60)]
AIMS_MS = {"public tracking": 10}


# --- PostgreSQL filled from an embedded store ---------------------------------------------------
@contextmanager
def postgres_server(work):
    """A PostgreSQL of its own below work that syncs each commit: its address for the database "bombo"."""
    env = {**os.environ, "PG_DURABLE": "1", "TMPDIR": work,
           "PG_OPTIONS": "-c shared_buffers=1GB -c maintenance_work_mem=512MB -c max_wal_size=8GB -c checkpoint_timeout=30min"}
    with subprocess.Popen([f"{ROOT}/tools/with-postgres", "bash", "-ec",
                           'createdb -h "$BOMBO_TEST_PG_DIR" -U bombo bombo; echo "$BOMBO_TEST_PG"; cat >/dev/null'],
                          env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        try:
            address = p.stdout.readline().strip()
            if not address:
                raise Failed("PostgreSQL did not start")
            yield address.replace("DBNAME", "bombo")
        finally:
            p.stdin.close()
            p.wait(300)


def psql(address, text):
    return tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-At", "-d", address, "-c", text, timeout=14400)


def fill_postgres(data, address):
    """The rows of an embedded store, far faster than `bombo store copy` brings (and checks) them: COPY, indexes afterwards."""
    bombo(data, "--store", address).end()  # makes the schema
    db = sqlite3.connect(f"file:{data}/bombo.db?mode=ro", uri=True)
    tables = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'store_meta'")]
    columns = {t: [r[1] for r in db.execute(f"PRAGMA table_info({t})")] for t in tables}
    high = db.execute("SELECT value FROM store_meta WHERE name = 'id_high'").fetchone()[0]
    db.close()
    indexes = psql(address, "SELECT indexdef FROM pg_indexes i WHERE schemaname = current_schema() AND NOT EXISTS"
                            " (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)").splitlines()
    for name in re.findall(r"INDEX (\S+) ON", "\n".join(indexes)):
        psql(address, f"DROP INDEX {name}")
    for t in tables:
        cols = ", ".join(f'"{c}"' for c in columns[t])
        psql(address, f"TRUNCATE {t}")
        copy_table(data, address, t, cols)
    for index in indexes:
        psql(address, index)
    psql(address, f"UPDATE store_meta SET value = '{high}' WHERE name LIKE 'id_high%'")
    psql(address, "VACUUM ANALYZE")


def copy_table(data, address, table, cols):
    with subprocess.Popen(["sqlite3", "-readonly", "-csv", f"{data}/bombo.db", f"SELECT {cols} FROM {table}"], stdout=subprocess.PIPE) as out:
        p = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address, "-c",
                            f"COPY {table} ({cols}) FROM STDIN (FORMAT csv)"], stdin=out.stdout, capture_output=True, text=True, check=False)
    if p.returncode or out.returncode:
        raise Failed(f"{table} could not be copied: {p.stderr}")


# --- the curve ----------------------------------------------------------------------------------
def sizes():
    return sorted({max(2000, N_LARGE // 10), max(2000, N_LARGE * 3 // 10), N_LARGE})


def measure_curve(server, found, label, medians):
    asked = Asked(server, found)
    for name in CURVE:
        what, cookie, aim_ms, per_peer = asked.pages[name]
        if not what:
            note(f"{name}: nothing to ask for")
            continue
        load(server, "open", CURVE_RATE, what, cookie, 2, per_peer)  # the first look fills what is kept in memory
        out = load(server, "open", CURVE_RATE, what, cookie, max(SECONDS * 2, 5), per_peer)
        medians.setdefault(name, []).append(out["p50_us"])
        row(f"{name}, {label}, 99 % at {CURVE_RATE}/s", out["p99_us"] / 1000, "ms", "aim", aim_ms)


def growths(medians, store, ns):
    for name, m in medians.items():
        if len(m) == len(ns) > 1:
            row(f"{name}, {store}: median at {ns[-1]:,} over that at {ns[0]:,}", m[-1] / m[0], "times", "aim: at most twice", 2)


def at_size(work, data, medians):
    """What is asked of one size, on the stores that were chosen."""
    found = Found(data)
    row(f"embedded store on disk at {found.n:,}, a dossier", os.path.getsize(f"{data}/bombo.db") / found.n / 1000, "kB", "aim", 12)
    if "sqlite" in STORES:
        server = bombo(data)
        try:
            measure_curve(server, found, f"SQLite, {found.n:,}", medians["sqlite"])
        finally:
            server.end()
    if "postgres" in STORES:
        on_postgres(work, data, found, medians["postgres"])


def growth(work):
    """The same store at three sizes, each then on PostgreSQL; one of these at a time. With BENCH_DATA: that store as it is."""
    medians = {s: {} for s in STORES}
    if "BENCH_DATA" in os.environ:
        at_size(work, os.environ["BENCH_DATA"], medians)
        return
    data, ns, have = f"{work}/grown", sizes(), 0
    for n in ns:
        took = bulk_load(data, n - have)
        row(f"bulk load up to {n:,} dossiers", (n - have) / took, "1/s", "aim: 1,000 a second", 1000, True)
        have = n
        at_size(work, data, medians)
    for s in STORES:
        growths(medians[s], {"sqlite": "SQLite", "postgres": "PostgreSQL"}[s], ns)
    shutil.rmtree(data)


def on_postgres(work, data, found, medians):
    if not shutil.which("createdb") or not shutil.which("sqlite3"):
        note("PostgreSQL or sqlite3 is not installed: no curve on PostgreSQL")
        return
    if not has_room(work, found.n * PG_BYTES_A_DOSSIER):
        note(f"no room for {found.n:,} dossiers on PostgreSQL: not measured")
        return
    os.chmod(work, 0o755)
    with postgres_server(work) as address:
        fill_postgres(data, address)
        size = int(psql(address, "SELECT pg_database_size(current_database())"))
        row(f"PostgreSQL on disk at {found.n:,}, a dossier", size / found.n / 1000, "kB")
        server = bombo(data, "--store", address)
        try:
            measure_curve(server, found, f"PostgreSQL, {found.n:,}", medians)
        finally:
            server.end()


# --- a working day ------------------------------------------------------------------------------
def lines_of(asked, name):
    what, cookie, _, _ = asked.pages[name]
    return [f"{p}\t{c}\t{name}" for p, c in (what if isinstance(what, list) else [(what, cookie)])]


def submissions(server, n):
    """n drafts that are ready, as forms to post."""
    out = tool("node", f"{ROOT}/bench/drafts.mjs", str(server.port), str(n))
    return ["{0}\t{1}\ta submission\t{2}".format(*x.split("\t")) for x in out.splitlines()]


def steps(server, asked, found, n):
    """The one-click acceptance of n dossiers that wait in the inboxes; each is taken once."""
    lines = []
    for login, cookie in asked.cookies.items():
        b = Browser(server.port)
        b.cookies = dict(x.split("=", 1) for x in cookie.split("; "))
        _, page = b.ask("GET", "/can-bo")
        token = re.search(r'action="?/can-bo/tiep-nhan"?.*?name="?csrf"? value="?([^" >]+)', page.decode(), re.S)
        while token and found.waiting[login] and len(lines) < n:
            lines.append(f"/can-bo/tiep-nhan\t{cookie}\ta step (accepted)\tcsrf={token.group(1)}&vt=0&loc=all&mot={found.waiting[login].pop()}")
    return lines


def day_lines(server, asked, found, n):
    """n requests as a day mixes them: spread evenly by their shares; what writes is never asked twice."""
    ready = {name: lines_of(asked, name) for name in asked.pages}
    shares = dict(DAY)
    ready["a submission"] = submissions(server, n * shares["a submission"] // 1000 + 1)
    ready["a step (accepted)"] = steps(server, asked, found, n * shares["a step (accepted)"] // 1000 + 1)
    given, lines = {name: 0 for name in shares}, []
    for i in range(n):
        name = max(shares, key=lambda k: shares[k] * (i + 1) / 1000 - given[k])
        if not ready[name] or (given[name] >= len(ready[name]) and name.startswith("a s")):
            shares.pop(name)
            note(f"too few of \"{name}\" for {n} requests")
            name = max(shares, key=lambda k: shares[k] * (i + 1) / 1000 - given[k])
        lines.append(ready[name][given[name] % len(ready[name])])
        given[name] += 1
    return lines


def done_steps(data, lines):
    """How many of the steps were really done: their page goes on to the inbox either way."""
    tasks = [x.rsplit("mot=", 1)[1] for x in lines if "mot=" in x]
    db = sqlite3.connect(f"file:{data}/bombo.db?mode=ro", uri=True)
    n = sum(db.execute("SELECT state = 'done' FROM flow_task WHERE id = ?", (t,)).fetchone()[0] for t in tasks)
    db.close()
    return n, len(tasks)


def day_at(server, data, asked, found, rate):
    seconds, label = max(SECONDS * 4, 10), f"{found.n:,} dossiers"
    lines = day_lines(server, asked, found, int(rate * seconds))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.writelines(x + "\n" for x in lines)
        f.flush()
        before = server.cpu_us()
        p = subprocess.run(pinned(LOAD_CPU, [f"{BUILD}/bench/load", "open", str(server.port), str(rate), str(seconds), f"@{f.name}"]),
                           check=False, capture_output=True, text=True, env={**os.environ, "LOAD_PER_PEER": "20"})
    if p.returncode:
        raise Failed(f"a working day at {rate}/s: {p.stderr}")
    out = json.loads(p.stdout)
    row(f"a working day at {rate}/s, {label}: CPU", (server.cpu_us() - before) / out["n"], "µs/request", "aim: 500/s on one core", 2000)
    row(f"a working day at {rate}/s, {label}: answered", out["n"] / out["seconds"], "1/s", "asked", rate, True)
    for name, k in sorted(out["kinds"].items()):
        row(f"a working day at {rate}/s, {label}: {name}, 99 % (median {k['p50_us'] / 1000:.1f})", k["p99_us"] / 1000, "ms", "aim",
            AIMS_MS.get(name, 100))
        if k["bad"]:
            note(f"{name} at {rate}/s: {k['bad']} of {k['n']} answers were not what was asked for. {p.stderr.strip()}")
    done, n = done_steps(data, lines)
    if done < n:
        note(f"only {done} of {n} steps at {rate}/s were done")


def day(work):
    """The mix at each rate, on the large store (BENCH_DATA, or one of BENCH_N)."""
    data = os.environ.get("BENCH_DATA") or f"{work}/day"
    if not os.path.exists(data):
        bulk_load(data, N_LARGE)
    found = Found(data)
    server = bombo(data)
    try:
        asked = Asked(server, found)
        for rate in DAY_RATES:
            day_at(server, data, asked, found, rate)
    finally:
        server.end()
    if "BENCH_DATA" not in os.environ:
        shutil.rmtree(data)
