// A database of three machines whose primary is lost again and again while people work (tools/with-cluster): killed,
// crashed, paused, cut off from the network. Outside clients keep their own lists of what was acknowledged: at the
// end every dossier, payment and ledger entry is there, exactly once. Meanwhile nobody sees any failure but "try
// again", with what was typed on the page. HA_ROUNDS: how many times (default 4); HA_FAULTS: which (kill,pause,cut,crash);
// HA_LIMIT_S: fail when writing takes longer to resume (default: only print).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { begin, complete, submit } from '../lib/filing.mjs';
import { fill } from '../lib/form.mjs';
import { Client, dropDir, newDir, officers, root, runBombo, startServer } from '../lib/server.mjs';

const store = process.env.BOMBO_HA_STORE;
const rounds = Number(process.env.HA_ROUNDS ?? 4);
const limitS = Number(process.env.HA_LIMIT_S ?? Infinity);
/** What happens to the primary's machine, and what heals it afterwards. */
const heals = { kill: 'start', pause: 'resume', cut: 'join', crash: null };
const faults = (process.env.HA_FAULTS ?? Object.keys(heals).join()).split(',').map((fault) => [fault, heals[fault]]);
const data = newDir();
const servers = [];
after(async () => {
  for (const s of servers) await s.kill();
  dropDir(data);
});

const rest = (ms) => new Promise((ok) => setTimeout(ok, ms));
async function until(what, name, timeoutMs = 300000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const got = await what();
    if (got) return got;
    assert.ok(Date.now() < end, `never: ${name}`);
    await rest(100);
  }
}
function cluster(...words) {
  const r = spawnSync(join(root, 'tools/with-cluster'), words, { encoding: 'utf8', timeout: 60000 });
  return r.stdout.trim();
}
function sql(text) {
  const r = spawnSync('psql', ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', store, '-c', text], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.trim();
}

const seen = { answers: 0, again: 0, unsure: 0, kept: 0 };
const marks = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text) => text.replace(/[&<>"']/g, (c) => marks[c]);
/** A page that says "try again": its title and nothing worse; what was typed stands on it. */
function lookAtRefusal(r, body) {
  assert.equal(r.headers.get('retry-after'), '5');
  const title = /<h1>([^<]*)<\/h1>/.exec(r.text)?.[1];
  assert.match(title, /chuyển máy|Chưa rõ|nhiều người dùng/, r.text.slice(0, 500));
  assert.deepEqual(r.headers.getSetCookie(), [], 'a session was replaced, or good news taken back');
  const typed = body instanceof URLSearchParams ? [...body].filter(([k, v]) => k.startsWith('a.') && v !== '') : [];
  for (const [k, v] of typed) {
    const text = escaped(v);
    assert.ok([`name="${k}" rows="1">${text}</textarea>`, `name="${k}" value="${text}"`].some((one) => r.text.includes(one)), `${k} is not kept as ${v}`);
    seen.kept++;
  }
  return title.startsWith('Chưa rõ');
}

/** Somebody who does what the page says: waits and tries again. */
class Patient extends Client {
  wasUnsure = false;
  past = [];

  /** What this one asked last, and what was answered: printed when something is wrong. */
  remember(method, path, began, r) {
    const title = /<h1[^>]*>([^<]*)/.exec(r.text)?.[1].trim() ?? '';
    this.past.push(`${new Date(began).toISOString()} +${Date.now() - began} ms ${this.base} ${method} ${path}: ${r.status} `
      + `${r.headers.get('x-request-id') ?? ''} ${r.location ?? title}`);
    if (this.past.length > 12) this.past.shift();
  }

  async request(method, path, options = {}) {
    for (;;) {
      const began = Date.now();
      const r = await super.request(method, path, options);
      this.remember(method, path, began, r);
      seen.answers++;
      if (r.status !== 503) {
        assert.ok(r.status < 500, `${method} ${path}: ${r.status} ${r.text.slice(0, 600)}`);
        return r;
      }
      seen.again++;
      if (lookAtRefusal(r, options.body)) {
        seen.unsure++;
        this.wasUnsure = true;
      }
      await rest(200);
    }
  }
}

let isOver = false;
const filed = []; // { location, number }
const paid = []; // { dossier, code }
const read = { n: 0 };

const people = [];
async function signedIn(server, login) {
  const c = new Patient(server);
  people.push(c);
  assert.equal((await c.signIn(login)).status, 303);
  return c;
}

async function fileOne(c) {
  const done = await submit(c, await complete(c, await begin(c)));
  assert.equal(done.status, 303, done.text.slice(0, 600));
  const had = { location: done.location };
  filed.push(had);
  return had;
}

/** An answer that never came leaves one free to do a step twice: then the step, not the test, is refused. */
async function unlessUnsure(c, work) {
  c.wasUnsure = false;
  try {
    return await work();
  } catch (e) {
    if (c.wasUnsure) return null;
    throw e;
  }
}

async function filer(server) {
  const c = await signedIn(server);
  while (!isOver) await unlessUnsure(c, () => fileOne(c));
}

async function payer(server) {
  const c = await signedIn(server);
  const desk = await signedIn(server, officers.receiver);
  while (!isOver) {
    await unlessUnsure(c, async () => {
      const own = (await fileOne(c)).location.replace('/bien-nhan', '');
      await unlessUnsure(desk, () => acceptAt(desk, own.replace('/ho-so/', '/can-bo/ho-so/')));
      const bill = await c.get(`${own}/thanh-toan`);
      const bank = /\/mo-phong\/ngan-hang\/(\w+)/.exec(bill.text);
      if (bank === null) return; // not accepted: the officer did not know whether it was
      const r = await fill(c, bank[0]);
      assert.equal(r.status, 303, r.text.slice(0, 600));
      paid.push({ dossier: own, code: bank[1] });
    });
  }
}

/** Writes the same page of a draft again and again: what was typed last is what stands there. */
async function typist(server) {
  const c = await signedIn(server);
  const at = `${await begin(c)}/trang/lien-he`;
  for (let n = 0; !isOver; n = (n + 1) % 1000) {
    const phone = `0912 345 ${String(n).padStart(3, '0')}`;
    const isTold = await unlessUnsure(c, async () => {
      const r = await fill(c, at, { 'a.phone': phone });
      assert.equal(r.status, 303, r.text.slice(0, 600));
      return true;
    });
    if (isTold) assert.ok((await c.get(at)).text.replaceAll(' ', '').includes(phone.replaceAll(' ', '')), `${phone} was lost`);
  }
}

async function acceptAt(desk, office) {
  const page = await desk.get(office);
  const action = /action="([^"]+\/xong)"/.exec(page.text)?.[1];
  assert.ok(action, `${office} has no task`);
  const r = await fill(desk, office, { outcome: 'accept' }, action);
  assert.equal(r.status, 303, r.text.slice(0, 600));
}

async function reader(server) {
  const c = await signedIn(server);
  const desk = await signedIn(server, officers.receiver);
  while (!isOver) {
    const last = filed.at(-1);
    if (last) assert.equal((await c.get(last.location)).status, 200);
    assert.equal((await desk.get('/can-bo')).status, 200);
    read.n++;
    await rest(50);
  }
}

/** Asks for something written (a session for a stranger) four times a second; when the first one begun after `from` was answered. */
async function firstWrite(from) {
  return new Promise((resolve) => {
    let isFound = false;
    (async () => {
      while (!isFound && !isOver) {
        fetch(`${servers[0].url}/dang-nhap`, { redirect: 'manual' }).then(async (r) => {
          await r.arrayBuffer();
          if (r.status !== 200 || !r.headers.getSetCookie().some((c) => c.startsWith('bb_phien='))) return;
          isFound = true;
          resolve((performance.now() - from) / 1000);
        }, () => {});
        await rest(250);
      }
    })();
  });
}

async function oneRound(t, round, took) {
  const [fault, heal] = faults[round % faults.length];
  const n = await until(() => cluster('primary'), 'a primary');
  const acked = filed.length;
  const from = performance.now();
  cluster('machine', n, fault);
  const s = await firstWrite(from);
  took.push({ fault, s });
  t.diagnostic(`${round + 1}. machine ${n}: ${fault}; writing again after ${s.toFixed(1)} s`);
  assert.ok(s <= limitS, `writing resumed after ${s} s`);
  await until(() => filed.length > acked + 2, 'work going on');
  if (heal) cluster('machine', n, heal);
  await until(() => cluster('whole') === 'yes', 'both replicas following');
}

async function checkAll() {
  const c = await signedIn(servers[1]);
  for (const had of filed) {
    const page = await c.get(had.location);
    assert.equal(page.status, 200, `${had.location} was lost`);
    had.number = /[\w.]+-\d{6}-\d{4}/.exec(page.text)?.[0];
    assert.ok(had.number, `${had.location} shows no number`);
  }
  const n = new Set(filed.map((f) => f.location)).size;
  assert.equal(n, filed.length, 'an address twice');
  assert.equal(new Set(filed.map((f) => f.number)).size, n, 'a number twice');
  const extra = Number(sql('SELECT count(*) FROM dossier')) - n;
  assert.ok(extra >= 0 && extra <= seen.unsure, `${extra} dossiers that nobody was told of`);
  assert.equal(Number(sql("SELECT count(*) FROM ledger_entry WHERE kind = 'dossier.submitted'")), n + extra, 'entries of submissions');
  for (const p of paid) {
    assert.equal(sql(`SELECT count(*) FROM pay_bill WHERE code = '${p.code}' AND state = 'paid'`), '1', `${p.code} was lost`);
  }
  const paidExtra = Number(sql("SELECT count(*) FROM pay_bill WHERE state = 'paid'")) - paid.length;
  assert.ok(paidExtra >= 0 && paidExtra <= seen.unsure, `${paidExtra} payments that nobody was told of`);
  assert.equal(sql('SELECT count(*) FROM (SELECT code FROM pay_bill GROUP BY code HAVING count(*) > 1) x'), '0');
  await until(() => sql("SELECT count(*) FROM outbox WHERE topic = 'pay.paid'") === '0', 'all payments told to their dossiers', 60000);
  await until(() => sql('SELECT count(*) FROM ledger_pending') === '0', 'all entries sealed');
  const v = await runBombo(['ledger', 'verify', '--data', data, '--store', store]);
  assert.equal(v.code, 0, v.out + v.err);
  assert.equal(Number(/entries (\d+)/.exec(v.out)[1]), Number(sql('SELECT count(*) FROM ledger_entry')));
  checkEntriesOfPayments(paidExtra);
  await verifyOnReplicas(Number(/entries (\d+)/.exec(v.out)[1]));
  return { extra, paidExtra, entries: Number(sql('SELECT count(*) FROM ledger_entry')) };
}

/** Each payment has its entry, each act of a dossier that happens once has one. */
function checkEntriesOfPayments(paidExtra) {
  const entries = sql("SELECT object FROM ledger_entry WHERE kind = 'dossier.paid'").split('\n');
  assert.equal(entries.length, paid.length + paidExtra, 'entries of payments');
  for (const p of paid) assert.ok(entries.includes(`dossier:${p.dossier.split('/')[2]}`), `${p.dossier}: paid, and no entry`);
  assert.equal(sql("SELECT string_agg(DISTINCT object, ' ') FROM (SELECT object FROM ledger_entry WHERE kind IN ('dossier.submitted',"
    + " 'dossier.accepted', 'dossier.paid') GROUP BY object, kind HAVING count(*) > 1) x"), '', 'an act twice');
}

/** What may be read from a replica (doc/scale.md): the ledger's verification. */
async function verifyOnReplicas(entries) {
  const n = Number(await until(() => cluster('primary'), 'a primary'));
  for (const other of [1, 2, 3].filter((one) => one !== n)) {
    const at = `postgresql://bombo@10.77.0.1${other}:5432/bombo`;
    await until(async () => {
      const v = await runBombo(['ledger', 'verify', '--data', data, '--store', at]);
      return v.code === 0 && Number(/entries (\d+)/.exec(v.out)[1]) >= entries;
    }, `machine ${other} having the whole ledger`);
  }
}

test(`${rounds} losses of the primary under load`, { skip: !store && 'needs tools/with-cluster' }, async (t) => {
  for (let i = 0; i < 2; i++) servers.push(await startServer({ data, args: ['--store', store] }));
  const crowd = [filer(servers[0]), filer(servers[1]), payer(servers[1]), reader(servers[0]), reader(servers[1]), typist(servers[0])];
  const calm = Promise.all(crowd).catch((e) => {
    throw new Error(`${e.stack}\n${servers.map((s) => s.err.split('\n').filter((l) => l.includes('"failed"')).slice(-5).join('\n')).join('\n')}`);
  });
  calm.catch(() => {}); // awaited below
  const took = [];
  const all = async () => {
    await until(() => filed.length > 2 && paid.length > 0 && read.n > 0, 'work beginning');
    for (let round = 0; round < rounds; round++) await oneRound(t, round, took);
  };
  await Promise.race([all(), calm]).catch((e) => {
    isOver = true;
    for (const c of people) t.diagnostic(`someone:\n${c.past.join('\n')}`);
    for (const s of servers) t.diagnostic(`log of ${s.url}:\n${s.err.split('\n').slice(-60).join('\n')}`);
    t.diagnostic(`balancer:\n${spawnSync('tail', ['-n', '80', join(process.env.BOMBO_HA_DIR, 'haproxy.log')], { encoding: 'utf8' }).stdout}`);
    for (const n of [1, 2, 3]) {
      t.diagnostic(`machine ${n}:\n${spawnSync('tail', ['-n', '25', join(process.env.BOMBO_HA_DIR, `n${n}`, 'patroni.log')], { encoding: 'utf8' }).stdout}`);
    }
    throw e;
  });
  isOver = true;
  await calm;
  const sum = await checkAll();
  for (const [fault] of faults) {
    const s = took.filter((one) => one.fault === fault).map((one) => one.s).sort((a, b) => a - b);
    if (s.length) t.diagnostic(`${fault}: ${s.length} times; writing again after ${s[s.length >> 1].toFixed(1)} s (median), ${s.at(-1).toFixed(1)} s (longest)`);
  }
  t.diagnostic(`acknowledged and found once: ${filed.length} dossiers, ${paid.length} payments; ledger ${sum.entries} entries, verified`);
  t.diagnostic(`of ${seen.answers} answers ${seen.again} said "try again", ${seen.unsure} of them "not certain"; ${seen.kept} typed fields kept; `
    + `done though not told: ${sum.extra} dossiers, ${sum.paidExtra} payments; pages read ${read.n}`);
  assert.ok(seen.kept > 0 || rounds < 20, 'nobody was interrupted while typing: what is kept was not seen');
  const stale = servers.map((s) => s.err.match(/a primary of timeline/g)?.length ?? 0).reduce((a, b) => a + b);
  t.diagnostic(`requests refused because an old primary answered: ${stale}`);
  for (const s of servers) assert.equal(await s.stop(), 0);
});
