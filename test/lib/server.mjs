// The built program for tests: starts it on a free port and a folder of its own, ends it by its pid, and
// a small client with cookies and form tokens. BOMBO names another binary, e.g. build/bombo-asan.
// Every program that a test starts goes through `start`: it ends with the test's process, whatever becomes of the test,
// and a test that failed before it stopped its server does not wait for it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropStore, isPostgres, storeWords } from './postgres.mjs';

export const root = new URL('../../', import.meta.url).pathname;
export const bin = process.env.BOMBO ?? join(root, 'build/bombo');
export const demo = { password: 'giagao-bombo', pin: '246810', citizen: '070190900018', unit: '25405' };

/** Logins of the demo's officers by role of the pack. */
export const officers = {
  receiver: 'motcua.25405', specialist: 'chuyenvien.25405', leader: 'lanhdao.25405', clerk: 'vanthu.25405',
  cashier: 'thuphi.25405', operator: 'quantri.25405', inspector: 'giamsat.25405',
};

/** What no line of the log may hold: the demo citizen's number, name and phone, however written. */
const personal = [demo.citizen, 'Thị Mơ', 'thi mo', 'Th%E1%BB%8B', '0912345678', '0912 345 678', demo.password];

/** The lines of a log that are JSON objects; every test's log is looked through for personal data when its server ends. */
export function logLines(text) {
  const lines = text.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l));
  for (const l of lines) assert.ok(l.at && l.level && l.event, JSON.stringify(l));
  for (const word of personal) assert.ok(!text.toLowerCase().includes(word.toLowerCase()), `the log holds ${word}`);
  return lines;
}

/** Waits until fn gives something true, and gives that; a minute is long, also for a machine with other work to do. */
export async function until(what, fn, ms = 60000) {
  for (const end = Date.now() + ms; ;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((ok) => setTimeout(ok, 20));
  }
}

/** Shows a page until it says what is awaited: news travels through the outbox. */
export const untilShown = (client, path, re) => until(`${re} on ${path}`, async () => {
  const r = await client.get(path);
  return re.test(r.text) && r;
});

// Below the ports that the system gives to outgoing connections: nobody else is handed one of these meanwhile. Each
// process begins at another place.
const PORTS = { first: 12000, n: 18000 };
let nextPort = PORTS.first + ((process.pid * 131) % PORTS.n);

/** A port that nobody listens at. */
export async function freePort() {
  for (let i = 0; i < PORTS.n; i++) {
    const port = nextPort;
    nextPort = nextPort + 1 < PORTS.first + PORTS.n ? nextPort + 1 : PORTS.first;
    const s = net.createServer();
    const isFree = await new Promise((ok) => s.once('error', () => ok(false)).listen(port, () => ok(true)));
    if (!isFree) continue;
    s.close();
    await once(s, 'close');
    return port;
  }
  throw new Error('no port is free');
}

/** Seconds of today in Vietnam. */
const secondsToday = () => (Math.floor(Date.now() / 1000) + 7 * 3600) % 86400;
const LAST_MINUTES_S = 150;

/** The day does not change while a test that counts on it runs: in the last minutes before midnight it is waited for. */
export async function pastMidnight() {
  while (secondsToday() > 86400 - LAST_MINUTES_S) await new Promise((ok) => setTimeout(ok, 1000));
}

/** Today in Vietnam and n days on: {d, m, y} as typed, iso. */
export function dayIn(n = 0) {
  const iso = new Date(Date.now() + 7 * 3600e3 + n * 864e5).toISOString().slice(0, 10);
  const [y, m, d] = iso.split('-').map((s) => String(Number(s)));
  return { d, m, y, iso };
}

export const newDir = () => mkdtempSync(join(tmpdir(), 'bombo-test-'));
export function dropDir(dir) {
  rmSync(dir, { recursive: true, force: true });
  if (isPostgres) dropStore(dir);
}

const running = new Set();
function endAll() {
  for (const p of running) p.kill('SIGKILL');
}
process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1)); // and so endAll

/** Whether the process of the test waits for this one. */
function hold(p, isHeld) {
  for (const x of [p, p.stdout, p.stderr]) isHeld ? x?.ref?.() : x?.unref?.();
}

/**
 * Starts any program: {process, out, err, ended}, ended resolves with its code when it has ended and all it said was read.
 * `release` lets the test's process end without it, `stop` ends it by a signal and waits.
 */
export function start(command, args, options = {}) {
  const p = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const it = { process: p, pid: p.pid, out: '', err: '' };
  running.add(p);
  p.on('exit', () => running.delete(p));
  p.stdout?.on('data', (b) => (it.out += b));
  p.stderr?.on('data', (b) => (it.err += b));
  it.isEnded = () => p.exitCode !== null || p.signalCode !== null;
  it.ended = new Promise((ok) => {
    p.on('error', (e) => { it.err += e.message; running.delete(p); ok(-1); });
    p.on('close', ok);
  });
  it.release = () => hold(p, false);
  it.stop = async (signal = 'SIGTERM') => {
    hold(p, true);
    if (!it.isEnded()) p.kill(signal);
    return it.ended;
  };
  return it;
}

/** Runs a command of the program to its end. */
export async function runBombo(args, { timeoutMs = 300000 } = {}) {
  const at = args.indexOf('--data');
  const p = start(bin, [...args, ...(at < 0 ? [] : storeWords(args[at + 1], args))], { cwd: root });
  const timer = setTimeout(() => p.process.kill('SIGKILL'), timeoutMs);
  await p.ended;
  clearTimeout(timer);
  return { code: p.process.exitCode, signal: p.process.signalCode, out: p.out, err: p.err };
}

/** Waits until a program has said it on its standard output; refuses when it ended before. */
export async function hasSaid(it, re, ms = 300000) {
  const timer = setTimeout(() => it.process.kill('SIGKILL'), ms);
  const isSaid = new Promise((ok) => it.process.stdout.on('data', () => re.test(it.out) && ok(true)));
  const said = re.test(it.out) || (await Promise.race([isSaid, it.ended.then(() => re.test(it.out))]));
  clearTimeout(timer);
  if (!said) throw new Error(`ended with ${it.process.exitCode ?? it.process.signalCode} before it said ${re}:\n${it.out}${it.err}`);
}

/**
 * Starts the program and waits until it says where it listens.
 * options: data (folder; default a new one, removed at stop), port, args (further words), demo (true), cwd, env, bin.
 */
export async function startServer(options = {}) {
  await pastMidnight();
  const data = options.data ?? newDir();
  const port = options.port ?? (await freePort());
  const args = ['run', '--port', String(port), '--data', data, '--log-level', 'info', ...(options.demo === false ? [] : ['--demo']),
    ...(options.args ?? []), ...storeWords(data, options.args)];
  const begun = process.hrtime.bigint();
  const server = start(options.bin ?? bin, args, { cwd: options.cwd ?? root, env: { ...process.env, ...(options.env ?? {}) } });
  const end = server.stop;
  const tidy = () => { if (options.data === undefined) dropDir(data); };
  Object.assign(server, { port, data, url: `http://localhost:${port}`, startMs: 0 });
  server.stop = async () => {
    const code = await end();
    tidy();
    logLines(server.err);
    return code;
  };
  server.kill = async () => {
    await end('SIGKILL');
    tidy();
  };
  await hasSaid(server, /Bom Bo: https?:\/\//);
  server.startMs = Number(process.hrtime.bigint() - begun) / 1e6;
  server.release();
  return server;
}

/** A browser without scripts: keeps cookies, sends the hidden token of the form it was shown. */
export class Client {
  constructor(server, headers = {}) {
    this.base = server.url;
    this.headers = headers;
    this.cookies = new Map();
  }

  async request(method, path, { body, headers = {} } = {}) {
    const h = { ...this.headers, ...headers };
    if (this.cookies.size) h.cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const r = await fetch(this.base + path, { method, body, headers: h, redirect: 'manual' });
    for (const c of r.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(c);
      if (value === '' || /max-age=0/i.test(c)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const bytes = Buffer.from(await r.arrayBuffer());
    return { status: r.status, headers: r.headers, location: r.headers.get('location'), bytes, text: bytes.toString('utf8'),
      json() { return JSON.parse(this.text); } };
  }

  get(path, options) { return this.request('GET', path, options); }

  /** Token of the first form on a page. */
  static token(text) {
    return /name="csrf"\s+value="([^"]+)"|value="([^"]+)"\s+name="csrf"/.exec(text)?.slice(1).find(Boolean) ?? '';
  }

  /** Shows the page `from` (default: the same path) and posts fields with its token. */
  async form(path, fields = {}, { from = path, headers = {} } = {}) {
    const page = await this.get(from);
    const body = new URLSearchParams(Object.entries(fields).flatMap(([k, v]) => [v].flat().map((one) => [k, one]))); // a list: a field of that name each
    body.set('csrf', Client.token(page.text));
    return this.request('POST', path, { body, headers: { origin: this.base, ...headers } });
  }

  /** 303 on success. */
  signIn(login = demo.citizen, password = demo.password) {
    return this.form('/dang-nhap', { login, password });
  }
}
