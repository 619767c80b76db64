// Several processes on one PostgreSQL and one bucket (s3rver) behind HAProxy: two for pages, one for jobs. People file while every process is
// taken out, stopped and started again, one after the other, as at an upgrade: no request may fail, nothing filed may
// be lost or doubled, and what one process changes the other's open pages hear.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import S3rver from 's3rver';
import { addPaper, begin, complete, newPicture, paperLinks, submit } from '../lib/filing.mjs';
import { isPostgres, rowsOf, storeOf } from '../lib/postgres.mjs';
import { bin, Client, dropDir, freePort, hasSaid, newDir, officers, root, runBombo, start, startServer, until as untilTrue } from '../lib/server.mjs';

const skip = !isPostgres ? 'needs tools/with-postgres' : process.env.CHECK_LEVEL !== 'long' ? 'long' : false;
const data = newDir();
const dir = mkdtempSync(join(tmpdir(), 'bombo-ha-'));
const parts = new Map(); // name -> server
let proxy, bucket, blobs;
before(async () => {
  if (skip) return;
  bucket = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: join(dir, 's3'), configureBuckets: [{ name: 'bombo' }] });
  const { port } = await bucket.run();
  writeFileSync(join(dir, 'key'), 'S3RVER\nS3RVER\n', { mode: 0o600 });
  blobs = ['--blobs', `s3:http://127.0.0.1:${port}/bombo`, '--blobs-key', join(dir, 'key')];
});
after(async () => {
  for (const s of parts.values()) await s.kill();
  await bucket?.close();
  await proxy?.stop('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
  dropDir(data);
});

const startWeb = (port) => startServer({ data, port, args: ['--role', 'web', ...blobs] });

/** A process without web says so instead of an address. */
async function startJobs() {
  const p = start(bin, ['run', '--data', data, '--demo', '--role', 'jobs', '--store', storeOf(data), ...blobs], { cwd: root });
  await hasSaid(p, /at work/);
  p.release();
  return { stop: () => p.stop(), kill: () => p.stop('SIGKILL') };
}

/** One command on HAProxy's own socket. */
const tell = (command) => new Promise((resolve, reject) => {
  const s = net.connect(join(dir, 'admin.sock'), () => s.write(`${command}\n`));
  let out = '';
  s.on('data', (b) => (out += b));
  s.on('end', () => resolve(out));
  s.on('error', reject);
});

const until = (what, timeoutMs) => untilTrue(String(what), what, timeoutMs);

function startProxy(port, ports) {
  writeFileSync(join(dir, 'haproxy.cfg'), `
global
  stats socket ${join(dir, 'admin.sock')} level admin
defaults
  mode http
  log stdout format raw local0
  option httplog
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch
frontend people
  bind 127.0.0.1:${port}
  default_backend bombo
backend bombo
  balance roundrobin
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
${Object.entries(ports).map(([name, p]) => `  server ${name} 127.0.0.1:${p} check inter 300ms fall 2 rise 1`).join('\n')}
`);
  const log = openSync(join(dir, 'haproxy.log'), 'a');
  const p = start('haproxy', ['-db', '-f', join(dir, 'haproxy.cfg')], { stdio: ['ignore', log, log] });
  p.release();
  return p;
}

/** What an upgrade does to one process: take it out, let it finish, stop it, start the new one, take it in. */
async function renew(name, port) {
  await tell(`set server bombo/${name} state drain`);
  await until(async () => {
    const line = (await tell('show stat')).split('\n').find((l) => l.startsWith(`bombo,${name},`));
    return line.split(',')[4] === '0'; // sessions now
  });
  assert.equal(await parts.get(name).stop(), 0);
  parts.set(name, await startWeb(port));
  await tell(`set server bombo/${name} state ready`);
  await until(async () => (await tell('show stat')).split('\n').find((l) => l.startsWith(`bombo,${name},`)).split(',')[17] === 'UP');
}

test('a rolling restart behind HAProxy loses no request and nothing filed', { skip, timeout: 600000 }, async () => {
  assert.equal(spawnSync('haproxy', ['-v']).status, 0, 'haproxy is not installed');
  const ports = { a: await freePort(), b: await freePort() };
  const port = await freePort();
  parts.set('a', await startWeb(ports.a));
  parts.set('b', await startWeb(ports.b));
  parts.set('jobs', await startJobs());
  proxy = startProxy(port, ports);
  const site = { url: `http://127.0.0.1:${port}` };
  await until(async () => (await fetch(`${site.url}/dang-nhap`).catch(() => null))?.status === 200);

  let isOver = false;
  const filed = [];
  const looked = { n: 0, papers: 0 };
  async function person() {
    const c = new Client(site);
    assert.equal((await c.signIn()).status, 303);
    while (!isOver) {
      const form = await complete(c, await begin(c));
      const r = await submit(c, form);
      assert.equal(r.status, 303, r.text.slice(0, 300));
      filed.push(r.location);
    }
  }
  async function reader() {
    const c = new Client(site);
    assert.equal((await c.signIn(officers.receiver)).status, 303);
    while (!isOver) {
      const r = await c.get('/can-bo');
      assert.equal(r.status, 200, r.text.slice(0, 300));
      looked.n++;
    }
  }
  /** Hands in papers at one process; the next request, for the paper, goes to the other. */
  async function hander() {
    const c = new Client(site);
    assert.equal((await c.signIn()).status, 303);
    while (!isOver) {
      const at = await addPaper(c, await begin(c), newPicture());
      const [href] = await paperLinks(c, at);
      for (let i = 0; i < 2; i++) {
        const r = await c.get(href);
        assert.equal(r.status, 200, r.text.slice(0, 300));
        assert.equal(r.bytes.subarray(0, 2).toString('hex'), 'ffd8');
      }
      looked.papers++;
    }
  }
  const crowd = [person(), person(), reader(), hander()];
  const calm = Promise.all(crowd).catch((e) => {
    const said = [...parts.values()].map((s) => (s.err ?? '').slice(-1500)).join('\n');
    throw new Error(`${e.message}\n${said}\n${spawnSync('tail', ['-c', '1500', join(dir, 'haproxy.log')]).stdout}`);
  });
  calm.catch(() => {}); // awaited below
  const rounds = async () => {
    await until(() => filed.length > 0);
    for (const name of ['a', 'b']) await renew(name, ports[name]);
    assert.equal(await parts.get('jobs').stop(), 0);
    parts.set('jobs', await startJobs());
    const soFar = filed.length;
    await until(() => filed.length > soFar);
  };
  await Promise.race([rounds(), calm]);
  isOver = true;
  await calm;
  assert.ok(looked.n > 5 && looked.papers > 0);
  assert.equal(Number(rowsOf(data, 'SELECT count(*) FROM dossier')), filed.length);
  assert.equal(Number(rowsOf(data, 'SELECT count(DISTINCT number) FROM dossier')), filed.length);
  await until(() => rowsOf(data, 'SELECT count(*) FROM outbox WHERE is_dead = 0 AND tries = 0 AND due_us <= put_us') === '0', 120000);
  assert.equal(rowsOf(data, 'SELECT count(*) FROM outbox WHERE is_dead = 1'), '0');
  const ledger = await runBombo(['ledger', 'verify', '--data', data]);
  assert.equal(ledger.code, 0, ledger.out + ledger.err);
});

test('a page open at one process hears what the other changed', { skip, timeout: 300000 }, async () => {
  const officer = new Client(parts.get('b'));
  assert.equal((await officer.signIn(officers.receiver)).status, 303);
  const stop = new AbortController();
  const r = await fetch(`${parts.get('b').url}/can-bo/song`, {
    headers: { cookie: [...officer.cookies].map(([k, v]) => `${k}=${v}`).join('; ') }, signal: stop.signal });
  assert.equal(r.status, 200);
  const citizen = new Client(parts.get('a'));
  assert.equal((await citizen.signIn()).status, 303);
  const form = await complete(citizen, await begin(citizen));
  const heard = (async () => {
    let text = '';
    for await (const chunk of r.body) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.includes('changed')) return true;
    }
    return false;
  })();
  assert.equal((await submit(citizen, form)).status, 303);
  assert.equal(await heard, true);
  stop.abort();
});

test('content put in force at one process is in force at the other, which nobody told', { skip, timeout: 300000 }, async () => {
  const folder = newDir();
  const pack = join(dir, 'pack');
  cpSync(join(root, 'packs/binh-phuoc'), pack, { recursive: true });
  const args = ['--pack', `${pack}:build/demo-pack`];
  const [one, other] = [await startServer({ data: folder, args }), await startServer({ data: folder, args })];
  const home = async (s) => (await new Client(s).get('/')).text;
  try {
    const file = join(pack, 'pack.json');
    const text = readFileSync(file, 'utf8');
    assert.ok((await home(other)).includes(JSON.parse(text).name.vi));
    writeFileSync(file, text.replace(JSON.stringify(JSON.parse(text).name.vi), '"Bản Đôn"'));
    one.process.kill('SIGHUP');
    for (const s of [one, other]) await until(async () => (await home(s)).includes('Bản Đôn'));
  } finally {
    await one.kill();
    await other.kill();
    dropDir(folder);
  }
});
