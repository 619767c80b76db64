"""Machinery of make bench: servers and their cost, the load, a browser, rows and the table of them."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BUILD = os.path.join(ROOT, "build")
BOMBO = os.path.join(BUILD, "bombo")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_S", "3"))
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU, LOAD_CPU = str(CPUS[0]), str(CPUS[-1])
PASSWORD = "giagao-bombo"

rows, notes = [], []


class Failed(Exception):
    """A section could not be measured; the others go on."""


def row(name, value, unit, peer=None, peer_value=None, is_more_better=False):
    """peer_value: what another does for the same, or the limit we set ourselves ("aim")."""
    ratio = None
    if peer_value is not None and value:
        ratio = round(value / peer_value if is_more_better else peer_value / value, 3)
    rows.append({"name": name, "value": round(value, 3), "unit": unit, "peer": peer,
                 "peer_value": None if peer_value is None else round(peer_value, 3), "ratio": ratio})
    beside = f"  {peer}: {peer_value:.3f}  ratio {ratio}" if peer_value is not None else ""
    print(f"  {name}: {value:.3f} {unit}{beside}", flush=True)


def note(text):
    notes.append(text)
    print("  note:", text, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pinned(cpu, words):
    return (["taskset", "-c", cpu] if shutil.which("taskset") and len(CPUS) > 1 else []) + words


class Server:
    """A process that serves; ended by its pid."""

    def __init__(self, name, words, port, cwd=ROOT):
        self.name, self.port = name, port
        self.log = tempfile.TemporaryFile()
        begun = time.monotonic()
        self.process = subprocess.Popen(pinned(SERVER_CPU, words), cwd=cwd, stdout=self.log, stderr=subprocess.STDOUT)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() - begun > 300:
                raise Failed(f"{name} does not serve:\n{self.said()}")
            time.sleep(0.005)
        self.start_s = time.monotonic() - begun

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5):
                return True
        except OSError:
            return False

    def cpu_us(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_US

    def private_mib(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return sum(int(x) for x in re.findall(r"^Private_\w+:\s+(\d+) kB", f.read(), re.M)) / 1024

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(120)


def bombo(data, *more):
    port = free_port()
    words = [BOMBO, "run", "--port", str(port), "--data", data, "--demo", "--workers", "2", "--loops", "1", *more]
    return Server("bombo", words, port)


def load(server, kind, n, what, cookie="", seconds=None, per_peer=0):
    """what: a path, or a list of (path, cookie) asked for in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        if isinstance(what, list):
            f.writelines(f"{p}\t{c}\n" for p, c in what)
            f.flush()
        words = [f"{BUILD}/bench/load", kind, str(server.port), str(n), str(seconds or SECONDS),
                 f"@{f.name}" if isinstance(what, list) else what] + ([cookie] if cookie else [])
        env = {**os.environ, **({"LOAD_PER_PEER": str(per_peer)} if per_peer else {})}
        p = subprocess.run(pinned(LOAD_CPU, words), check=False, capture_output=True, text=True, env=env)
    shown = what if isinstance(what, str) else what[0][0]
    if p.returncode != 0:
        raise Failed(f"load on {server.name} {shown}: {p.stderr}")
    out = json.loads(p.stdout)
    if out["bad"]:
        note(f"{server.name} {shown}: {out['bad']} of {out['n']} answers were not 200. {p.stderr.strip()}")
    return out


def cpu_per_request(server, what, cookie="", per_peer=0):
    before = server.cpu_us()
    out = load(server, "closed", 8, what, cookie, per_peer=per_peer)
    return (server.cpu_us() - before) / out["n"]


def in_turns(contenders, rounds=ROUNDS):
    """Median CPU per request of each [(server, path, cookie)], taking turns."""
    took = [[] for _ in contenders]
    for _ in range(rounds):
        for i, c in enumerate(contenders):
            took[i].append(cpu_per_request(*c))
    return [statistics.median(t) for t in took]


class Browser:
    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, method, path, form=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        head = {"Cookie": self.cookie()} if self.cookies else {}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            head["Content-Type"] = "application/x-www-form-urlencoded"
            head["Origin"] = f"http://localhost:{self.port}"
        head["Host"] = f"localhost:{self.port}"
        c.request(method, path, body, head)
        r = c.getresponse()
        text = r.read()
        for v in r.headers.get_all("Set-Cookie") or []:
            k, _, w = v.split(";")[0].partition("=")
            self.cookies[k] = w
        c.close()
        return r.status, text

    def cookie(self):
        return "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    def sign_in(self, login):
        _, page = self.ask("GET", "/dang-nhap")
        hidden = dict(re.findall(r'<input type="?hidden"? name="?([^" >]+)"? value="?([^" >]*)"?', page.decode()))
        status, _ = self.ask("POST", "/dang-nhap", {**hidden, "login": login, "password": PASSWORD})
        return status in (302, 303)


def signed_in(server, login):
    b = Browser(server.port)
    if not b.sign_in(login):
        raise Failed(f"{login} could not sign in")
    return b.cookie()


def tool(*words, timeout=3600):
    p = subprocess.run(list(words), check=False, capture_output=True, text=True, cwd=ROOT, timeout=timeout)
    if p.returncode != 0:
        raise Failed(f"{' '.join(words)}: {p.stdout[-500:]}{p.stderr[-2000:]}")
    return p.stdout


def report(head):
    with open(f"{BUILD}/bench.json", "w", encoding="utf-8") as f:
        json.dump(rows, f, ensure_ascii=False, indent=1)
    width = max([len(r["name"]) for r in rows] + [4])
    with open(f"{BUILD}/bench.txt", "w", encoding="utf-8") as f:
        f.write(f"{head}\n\n{'what':{width}} {'value':>11} {'unit':12} {'peer or aim':34} {'its value':>11} {'ratio':>8}\n")
        for r in rows:
            peer_value = "" if r["peer_value"] is None else f"{r['peer_value']:.2f}"
            f.write(f"{r['name']:{width}} {r['value']:11.2f} {r['unit']:12} {r['peer'] or '':34} {peer_value:>11}"
                    f" {'' if r['ratio'] is None else r['ratio']:>8}\n")
        f.write("\nratio >= 1: as good as the peer or aim, or better.\n")
        f.writelines(f"- {n}\n" for n in notes)
    print(f"\nwritten: build/bench.txt, build/bench.json ({len(rows)} rows)", file=sys.stderr)
