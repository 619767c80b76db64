// The built program for tests: starts it on a free port and a folder of its own, ends it by its pid, and
// a small client with cookies and form tokens. BOMBO names another binary, e.g. build/bombo-asan.
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

/** A port that was free a moment ago. */
export async function freePort() {
  const s = net.createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

export const newDir = () => mkdtempSync(join(tmpdir(), 'bombo-test-'));
export function dropDir(dir) {
  rmSync(dir, { recursive: true, force: true });
  if (isPostgres) dropStore(dir);
}

/** Runs a command of the program to its end. */
export async function runBombo(args, { timeoutMs = 120000 } = {}) {
  const at = args.indexOf('--data');
  const p = spawn(bin, [...args, ...(at < 0 ? [] : storeWords(args[at + 1], args))], { cwd: root });
  let out = '', err = '';
  p.stdout.on('data', (b) => (out += b));
  p.stderr.on('data', (b) => (err += b));
  const timer = setTimeout(() => p.kill('SIGKILL'), timeoutMs);
  const [code, signal] = await once(p, 'close');
  clearTimeout(timer);
  return { code, signal, out, err };
}

/**
 * Starts the program and waits until it says where it listens.
 * options: data (folder; default a new one, removed at stop), port, args (further words), demo (true).
 */
export async function startServer(options = {}) {
  const data = options.data ?? newDir();
  const port = options.port ?? (await freePort());
  const args = ['run', '--port', String(port), '--data', data, '--log-level', 'info', ...(options.demo === false ? [] : ['--demo']),
    ...(options.args ?? []), ...storeWords(data, options.args)];
  const begun = process.hrtime.bigint();
  const p = spawn(options.bin ?? bin, args, { cwd: root, env: { ...process.env, ...(options.env ?? {}) } });
  const server = { port, data, pid: p.pid, url: `http://localhost:${port}`, out: '', err: '', startMs: 0, process: p };
  const ended = once(p, 'close');
  const ready = new Promise((resolve, reject) => {
    p.stdout.on('data', (b) => {
      server.out += b;
      if (/Bom Bo: https?:\/\//.test(server.out)) resolve();
    });
    p.stderr.on('data', (b) => (server.err += b));
    p.on('close', (code) => reject(new Error(`bombo ended with ${code} before it served:\n${server.out}${server.err}`)));
  });
  const tidy = () => { if (options.data === undefined) dropDir(data); };
  server.stop = async () => {
    if (p.exitCode === null && p.signalCode === null) p.kill('SIGTERM');
    const [code] = await ended;
    tidy();
    logLines(server.err);
    return code;
  };
  server.kill = async () => {
    if (p.exitCode === null && p.signalCode === null) p.kill('SIGKILL');
    await ended;
    tidy();
  };
  const timer = setTimeout(() => p.kill('SIGKILL'), options.startTimeoutMs ?? 120000);
  try {
    await ready;
  } finally {
    clearTimeout(timer);
  }
  server.startMs = Number(process.hrtime.bigint() - begun) / 1e6;
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
    const body = new URLSearchParams({ ...fields, csrf: Client.token(page.text) });
    return this.request('POST', path, { body, headers: { origin: this.base, ...headers } });
  }

  /** 303 on success. */
  signIn(login = demo.citizen, password = demo.password) {
    return this.form('/dang-nhap', { login, password });
  }
}
