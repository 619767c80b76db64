"""Sections of make bench that write: submissions, officers' steps, PostgreSQL, kills, simulation, backups; each beside a bare loop,
the disk, or an aim."""
import hashlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import time

# pylint: disable=wrong-import-position
from measure import BOMBO, BUILD, ROOT, ROUNDS, bombo, note, row, tool

MIB = 1 << 20
PG_CONNECTIONS = 3 * os.cpu_count() if os.cpu_count() > 1 else 4  # as many as the program holds


def object_in(out):
    return json.loads(next(x for x in out.splitlines() if x.startswith("{")))


def last_object(out):
    return json.loads([x for x in out.splitlines() if x.startswith("{")][-1])


# --- submissions --------------------------------------------------------------------------------
def submissions(work, n, delay_us, label):
    ours, bare, writer_us, bare_us = [], [], [], []
    for i in range(max(1, min(ROUNDS, 3))):
        data = f"{work}/submit-{delay_us}-{i}"
        r = object_in(tool(f"{BUILD}/bench/inproc", "submit", data, str(n), "64", str(delay_us)))
        if r["failed"]:
            note(f"{r['failed']} of {r['n']} submissions failed")
        b = json.loads(tool(f"{BUILD}/bench/bare", data, str(r["commits"]), str(delay_us)))
        ours.append(r["n"] / r["took_us"] * 1e6)
        bare.append(r["n"] / b["took_us"] * 1e6)
        writer_us.append(r["writer_cpu_us"] / r["n"])
        bare_us.append(b["cpu_us"] / r["n"])
        if i == 0:
            note(f"{label}: {b['rows'] / r['n']:.1f} new and {b['changed'] / r['n']:.1f} changed rows a submission,"
                 f" {r['n'] / max(1, r['commits']):.0f} submissions a commit")
        shutil.rmtree(data)
    a, b = statistics.median(ours), statistics.median(bare)
    row(f"durable submissions, {label}", a, "1/s", "bare loop, same rows and batches", b, True)
    row(f"durable submissions, {label}", a, "1/s", "aim: half the bare loop", b / 2, True)
    row(f"CPU of the writer for a submission, {label}", statistics.median(writer_us), "µs", "CPU of the bare loop",
        statistics.median(bare_us))


def submit(work):
    submissions(work, 1000, 0, "this disk")
    submissions(work, 300, 2000, "a sync of 2 ms")


# --- officers' steps, and the other store -------------------------------------------------------
def steps_rows(r, store):
    if r["failed"]:
        note(f"{r['failed']} steps failed on {store}")
    row(f"durable steps of a case, {store}", r["steps"] / r["steps_us"] * 1e6, "1/s", "aim", 2000, True)
    row(f"dossiers accepted, papers signed for, {store}", r["accepted"] / r["accepted_us"] * 1e6, "1/s", "aim", 500, True)


def steps(work):
    data = f"{work}/steps"
    steps_rows(last_object(tool(f"{BUILD}/bench/inproc", "steps", data, "1000", "64")), "embedded store")
    shutil.rmtree(data)


def with_postgres(script):
    """Runs the script (bash) beside a PostgreSQL of its own that syncs each commit; $URL_x is the database x."""
    urls = "".join(f'URL_{x}="${{BOMBO_TEST_PG/DBNAME/{x}}}"; createdb -h "$BOMBO_TEST_PG_DIR" -U bombo {x}; ' for x in ("ours", "bare"))
    return tool("env", "PG_DURABLE=1", f"{ROOT}/tools/with-postgres", "bash", "-ec", urls + script)


def postgres(work):
    """The same work on PostgreSQL. Rows for the bare loop are those that the embedded store wrote for as many submissions."""
    if not shutil.which("createdb"):
        note("PostgreSQL is not installed: not measured")
        return
    n, threads = 600, 32
    inproc, lite, data = f"{BUILD}/bench/inproc", f"{work}/lite", f"{work}/pg"
    tool(inproc, "submit", lite, str(n), str(threads), "0")
    out = with_postgres(f'export BENCH_STORE="$URL_ours"; {inproc} submit {data} {n} {threads} 0; '
                        f'BENCH_STORE="$URL_bare" {inproc} fields {data}-bare >/dev/null; '
                        f'{BUILD}/bench/bare {lite} {n} 0 "$URL_bare" {PG_CONNECTIONS}')
    ours, bare = object_in(out), last_object(out)
    rate, limit = ours["n"] / ours["took_us"] * 1e6, n / bare["took_us"] * 1e6
    row("durable submissions, PostgreSQL", rate, "1/s", f"bare loops on {PG_CONNECTIONS} connections, same rows", limit, True)
    note(f"PostgreSQL: {bare['rows'] / n:.1f} new and {bare['changed'] / n:.1f} changed rows a submission, each in a transaction of its own,"
         " on both sides")
    out = with_postgres(f'BENCH_STORE="$URL_ours" {inproc} steps {data}-steps {n} {threads}')
    steps_rows(last_object(out), "PostgreSQL")


# --- simulation, and a kill in the middle of it -------------------------------------------------
def simulation(work):
    data, n = f"{work}/simulated", 200
    words = [BOMBO, "simulate", "--demo", "--data", data, "--n"]
    tool(*words, "0")
    begun = time.monotonic()
    tool(*words, str(n))
    row("simulation: dossiers through the engines, filed and worked on", n / (time.monotonic() - begun), "1/s",
        "aim: 100,000 in an hour", 100_000 / 3600, True)
    with subprocess.Popen([*words, "5000"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        before = os.path.getsize(f"{data}/bombo.db")
        log = f"{data}/bombo.db-wal"
        while p.poll() is None and os.path.getsize(f"{data}/bombo.db") <= before:
            time.sleep(0.1)
        time.sleep(2)
        size = os.path.getsize(log) if os.path.exists(log) else 0
        p.send_signal(signal.SIGKILL)
    server = bombo(data)
    recovered = server.start_s
    server.end()
    server = bombo(data)
    row(f"recovery after a kill while writing ({size / MIB:.1f} MiB of log)", recovered, "s", "aim", 1.0)
    row(f"recovery after a kill while writing ({size / MIB:.1f} MiB of log)", recovered, "s", "start after a clean end", server.start_s)
    server.end()


# --- backup -------------------------------------------------------------------------------------
def copied(source, target):
    """MiB/s of a plain copy of the folder, each file synced: what the disk can do."""
    begun, n = time.monotonic(), 0
    for folder, _, names in os.walk(source):
        into = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(into, exist_ok=True)
        for name in names:
            with open(os.path.join(folder, name), "rb") as f, open(os.path.join(into, name), "wb") as t:
                n += t.write(f.read())
                t.flush()
                os.fsync(t.fileno())
    took = time.monotonic() - begun
    shutil.rmtree(target)
    return n / MIB / took


def backups(work):
    """An installation with BENCH_BACKUP_MIB of papers: there and back, plain and encrypted."""
    n = int(os.environ.get("BENCH_BACKUP_MIB", "512"))
    data, secret = os.path.join(work, "backup-data"), os.path.join(work, "pass")
    subprocess.run([BOMBO, "simulate", "--n", "20", "--data", data, "--demo"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for _ in range(n):
        paper = os.urandom(1 << 20)
        name = hashlib.sha256(paper).hexdigest()
        folder = os.path.join(data, "blobs", name[:2], name[2:4])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as f:
            f.write(paper)
    with open(secret, "w", encoding="utf-8") as f:
        f.write("a passphrase for measuring\n")
    for name, more in (("plain", []), ("encrypted", ["--passphrase-file", secret])):
        file, back = os.path.join(work, name + ".bbk"), os.path.join(work, name + "-back")
        for what, words in (("backup", [file, "--data", data]), ("restore", [file, "--data", back])):
            begun = time.monotonic()
            subprocess.run([BOMBO, what, *words, *more], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
            took = time.monotonic() - begun
            row(f"{what}, {name}", os.path.getsize(file) / MIB / took, "MiB/s", "plain copy of the files, each synced",
                copied(data, f"{work}/copied"), True)
        shutil.rmtree(back)
        os.remove(file)
