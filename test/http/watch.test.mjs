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
  assert.equal((await operator.get('/api/v1/truc/giam-sat')).json().months.length, 6);
});

test('an operator sets limits; wrong ones are refused; others may not', async () => {
  const path = '/truc/giam-sat';
  assert.equal((await operator.form(path, { faults: '100', slow: '300', silence: '0', cert: '45', tls: '21', pair: '500' })).status, 303);
  assert.match((await operator.get(path)).text, /name="cert"[^>]*value="45"|value="45"[^>]*name="cert"/);
  assert.equal((await operator.form(path, { faults: '-1', slow: '300', silence: '0', cert: '45', tls: '21', pair: '500' })).status, 422);
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
  assert.equal(overview.services.length, 20);
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

/** All rows of a list that is paged, as the texts of their cells. */
async function walk(path) {
  const rows = [];
  for (let next = path; next;) {
    const page = (await operator.get(`/api/v1${next}`)).json();
    assert.ok(page.tables[0].rows.length <= 20, `${page.tables[0].rows.length} rows on a page`);
    rows.push(...page.tables[0].rows.map((r) => r.cells.map((c) => c.value)));
    next = page.next;
  }
  return rows;
}
const numberIn = (text, what) => Number(new RegExp(`([\\d.]+) ${what}`).exec(text)[1].replaceAll('.', ''));

test('a dead message of the demo is dropped with a reason; each of the two reasons has a field and label of its own', async () => {
  const [, at] = /href="(\/truc\/hop-thu\/tin\/\d+)"/.exec((await operator.get('/truc/hop-thu')).text);
  const page = (await operator.get(at)).text;
  for (const id of ['why', 'drop_why']) assert.equal(page.match(new RegExp(`(id|for)="${id}"`, 'g')).length, 2, id);
  assert.equal((await operator.form(`${at}/bo`, { drop_why: '' }, { from: at })).status, 422);
  assert.equal((await operator.form(`${at}/bo`, { drop_why: 'đã gửi lại bằng tin khác' }, { from: at })).status, 303);
  assert.doesNotMatch((await operator.get('/truc/hop-thu')).text, /Dữ liệu mẫu: thiếu phụ lục 2/);
});

// 234 systems, each with twenty services, eleven calls a pair; one pair more has ten calls, the fewest of all, and all of them fail.
const generated = `
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1])
c.execute("DELETE FROM exchange_call"); c.execute("DELETE FROM watch_month"); c.execute("DELETE FROM watch_alarm")
systems = [r[0] for r in c.execute("SELECT min(id) FROM exchange_subsystem GROUP BY member_id ORDER BY 1")]
services = [r[0] for r in c.execute("SELECT id FROM exchange_service WHERE state = 'published' ORDER BY id")]
assert len(systems) == 234 and len(services) == 200, (len(systems), len(services))
id = int(time.time() * 1000000) - 300000000
def calls(consumer, service, n, fault):
    global id
    for i in range(n):
        id += 1
        c.execute("INSERT INTO exchange_call VALUES (?,?,'simulated',?,?,NULL,'tra-cuu',?,?,10,20,2000,0,0,'','','')", (id, id, consumer, service, 504 if fault else 200, fault))
for i in range(234 * 20):
    calls(systems[i // 20], services[i % 200], 11, '')
calls(systems[233], services[0], 10, 'wait_time')
c.commit()
print(c.execute("SELECT name FROM exchange_subsystem WHERE id = ?", (systems[233],)).fetchone()[0] + '|' + c.execute("SELECT name FROM exchange_service WHERE id = ?", (services[0],)).fetchone()[0])
`;

test('of 4,681 pairs none is left out: the last one, which fails, is on the page, in the month, and raises the alarm', async () => {
  const data = newDir();
  let other = await startServer({ data });
  await other.stop();
  const made = spawnSync('/usr/bin/python3', ['-c', generated, join(data, 'bombo.db')], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const [system, service] = made.stdout.trim().split('|');
  other = await startServer({ data });
  const before = operator;
  try {
    operator = new Client(other);
    assert.equal((await operator.signIn(officers.operator)).status, 303);
    const alarm = await until('the alarm of the pair', async () => (await operator.get('/api/v1/truc/giam-sat')).json().alarms
      .find((a) => a.kind === 'late' && a.name.includes(' → ')), 120000);
    assert.equal(alarm.value, '1.000');
    const page = (await operator.get('/truc/giam-sat')).text;
    assert.equal(page.match(/<line /g).length, 30);
    const pairsN = numberIn(page, 'cặp bên gọi'); // and what the running program itself calls
    assert.ok(pairsN >= 4681 && numberIn(page, 'lời gọi, ') >= 51490, `${pairsN}`);
    assert.equal(numberIn(page, 'cặp với'), pairsN - 30, 'what the drawing leaves out');
    const isLast = (r) => r[0] === system && r[1] === service && r[2] === '10' && r[3] === '10';
    assert.ok((await walk('/truc/giam-sat/cap?loi=1')).some(isLast));
    const pairs = await walk(`/truc/giam-sat/cap?q=${encodeURIComponent(service)}`); // test_watch.c walks through all of them
    assert.ok(new Set(pairs.map((r) => r.slice(0, 2).join('|'))).size >= 24);
    assert.ok(pairs.slice(-3).some(isLast), 'the fewest calls come last');
    const services = await walk('/truc/giam-sat/dich-vu');
    assert.equal(services.length, 200);
    assert.equal(services[0][0], service, 'the worst is first');
    const found = await walk(`/truc/giam-sat/cap?q=${encodeURIComponent(system)}`);
    assert.ok(found.length >= 21 && found.some((r) => r[0] === system && r[1] === service), `${found.length}`);
    const month = await until('the sums', async () => {
      const doc = (await operator.get('/api/v1/truc/giam-sat/thang')).json();
      return numberIn(doc.sentences[0].text, 'lời gọi') >= 51490 && doc;
    }, 120000);
    const sheet = (await operator.get('/truc/giam-sat/thang?dang=csv')).text.trim().split('\r\n');
    assert.equal(sheet.length - 1, numberIn(month.sentences[0].text, 'dòng'), 'the file has all');
    assert.equal((await operator.get('/truc/giam-sat/cap?sau=khong')).status, 422);
  } finally {
    operator = before;
    await other.stop();
    dropDir(data);
  }
});

test('the lists are found by name, with and without marks', async () => {
  const some = await walk('/truc/giam-sat/cap?gio=24&q=so+noi+vu');
  assert.ok(some.length >= 2 && some.length < 100, `${some.length}: calls by it, and to its services`);
  assert.ok(some.some((r) => /Sở Nội vụ/.test(r[0])) && some.some((r) => !/Sở Nội vụ/.test(r[0])));
  const coded = await walk('/truc/giam-sat/dich-vu?gio=24&q=BTC%2FTHUE');
  assert.ok(coded.length >= 1, 'by the path of its owner');
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
