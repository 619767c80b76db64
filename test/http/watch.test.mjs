// Monitoring of the exchange: the page, its live events, limits, and the open figures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Client, dropDir, freePort, newDir, officers, startServer, until } from '../lib/server.mjs';

let server, operator;
before(async () => {
  server = await startServer();
  operator = new Client(server);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
});
after(() => server?.stop());

test('the page has a drawing that names its meaning and a table with the same, and says that it renews itself', async () => {
  // a call that is refused is accounted for, too
  const r = await fetch(`${server.url}/adapter/call`, { method: 'POST', body: '{}', headers: { dstcode: 'VN:GOV:BTP:VBPL:van-ban' } });
  assert.equal(r.status, 200);
  const page = await operator.get('/truc/giam-sat');
  assert.equal(page.status, 200, page.text.slice(0, 2000));
  assert.match(page.text, /data-live="\/truc\/giam-sat\/song"/);
  const doc = (await operator.get('/api/v1/truc/giam-sat')).json();
  if (!doc.no_talk) assert.match(page.text, /<svg [^>]*role="img"[^>]*><title>/);
  await until('calls of the demo are added up by month', async () => {
    const now = (await operator.get('/api/v1/truc/giam-sat')).json();
    return now.months.length === 6 && /^\d{4}-\d\d$/.test(now.month);
  });
});

test('an operator sets limits; wrong ones are refused; others may not', async () => {
  const path = '/truc/giam-sat';
  assert.equal((await operator.form(path, { faults: '100', slow: '300', silence: '0', cert: '45', tls: '21' })).status, 303);
  assert.match((await operator.get(path)).text, /name="cert"[^>]*value="45"|value="45"[^>]*name="cert"/);
  assert.equal((await operator.form(path, { faults: '-1', slow: '300', silence: '0', cert: '45', tls: '21' })).status, 422);
  assert.equal((await fetch(server.url + path, { redirect: 'manual' })).status, 303);
});

test('the open figures are for everybody, as page, CSV and JSON, without callers', async () => {
  const nobody = new Client(server);
  assert.equal((await nobody.get('/so-lieu/truc')).status, 200);
  const csv = await nobody.get('/so-lieu/truc?dang=csv');
  assert.match(csv.text, /month,service,calls,failed,bytes/);
  const doc = (await nobody.get('/api/v1/so-lieu/truc')).json();
  assert.ok(Array.isArray(doc.rows) && doc.rows.every((r) => !('consumer' in r)));
});

test('the demo has 234 members and 200 services, marked as generated; lists are paged and found by name', async () => {
  const nobody = new Client(server);
  const overview = (await nobody.get('/api/v1/truc')).json();
  assert.deepEqual([overview.n_members, overview.n_services], ['234', '200']);
  assert.equal(overview.services.length, 60);
  const all = new Map(overview.services.map((s) => [s.path, s]));
  for (let next = overview.next; next;) {
    const page = (await nobody.get(`/api/v1${next}`)).json();
    for (const s of page.services) all.set(s.path, s);
    next = page.next;
  }
  assert.equal(all.size, 200);
  const samples = [...all.values()].filter((s) => s.path.includes('/mau-'));
  assert.ok(samples.length > 150 && samples.every((s) => s.is_simulated && /Dịch vụ mẫu/.test(s.summary)), `${samples.length}`);
  const found = (await nobody.get('/api/v1/truc?q=giay+phep+ban+le+ruou')).json().services;
  assert.deepEqual(found.map((s) => s.name), ['Tra cứu giấy phép bán lẻ rượu']);

  const names = new Set();
  for (let next = '/truc/thanh-vien'; next;) {
    const page = (await operator.get(`/api/v1${next}`)).json();
    for (const r of page.tables[0].rows) names.add(r.cells[0].value);
    next = page.next;
  }
  assert.equal(names.size, 234);
  const some = (await operator.get('/api/v1/truc/thanh-vien?q=bom+bo')).json().tables[0].rows.map((r) => r.cells[1].value);
  assert.ok(some.length >= 1 && some.length < 10 && some.every((n) => /Bom Bo/.test(n)), some.join());
  assert.equal((await operator.get('/api/v1/truc/thanh-vien?q=khong+co')).json().tables[0].is_empty, true);
});

test('boxes of the demo have messages that were taken, one that waits, one dead with its reason, all labelled', async () => {
  const page = await operator.get('/truc/hop-thu');
  assert.equal(page.status, 200);
  assert.match(page.text, /Dữ liệu mẫu: thiếu phụ lục 2/);
  const words = [];
  for (const [, href] of page.text.matchAll(/href="(\/truc\/hop-thu\/dong\/\d+)"/g)) {
    for (const t of (await operator.get(`/api/v1${href}`)).json().tables) words.push(...t.rows.map((r) => r.cells.map((c) => c.value).join('|')));
  }
  assert.ok(words.some((w) => w.includes('mau-5')));
  for (const state of ['Đã nhận', 'Đang chờ']) assert.ok(words.some((w) => w.includes(state)), `${state}: ${words.join()}`);
});

test('the map and its tables show the busiest pairs and say so; the others are found by name', async () => {
  const doc = (await operator.get('/api/v1/truc/giam-sat')).json();
  assert.equal(doc.talk.length, 40);
  const page = await operator.get('/truc/giam-sat');
  assert.match(page.text, /Đang hiện 40 trong \d+/);
  assert.ok(page.text.match(/<line /g).length <= 30);
  const some = (await operator.get('/api/v1/truc/giam-sat?q=so+noi+vu')).json();
  assert.ok(some.talk.length >= 1 && some.talk.every((r) => /Sở Nội vụ/.test(r.consumer + r.service)), JSON.stringify(some.talk));
});

test("a TLS certificate of the relay that ends soon raises an alarm, and its end is a figure", async () => {
  const dir = newDir();
  const [cert, key] = [join(dir, 'relay.pem'), join(dir, 'relay.key')];
  assert.equal(spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '5', '-subj', '/CN=localhost',
    '-keyout', key, '-out', cert]).status, 0);
  const other = await startServer({ args: ['--relay-port', String(await freePort()), '--relay-address', '127.0.0.1', '--relay-cert', cert, '--relay-key', key] });
  try {
    const o = new Client(other);
    assert.equal((await o.signIn(officers.operator)).status, 303);
    const alarm = await until('the alarm', async () => (await o.get('/api/v1/truc/giam-sat')).json().alarms.find((a) => a.name === 'relay'), 120000);
    assert.match(alarm.rule, /Chứng thư TLS/);
    assert.ok(Number(alarm.value) <= 5 && alarm.limit === '21', JSON.stringify(alarm));
  } finally {
    await other.stop();
    dropDir(dir);
  }
});
