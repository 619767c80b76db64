// Message boxes: within one installation, and between two over a line that breaks, with either side killed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allow, begin, Box, furnish, introduce, newNode, S, sha256, X } from '../lib/boxes.mjs';
import { Client, dropDir, freePort, until } from '../lib/server.mjs';
import { Walk } from '../lib/walk.mjs';

let A, B; // X's installation, S's installation
let one, other; // programs of X at A, of S at B

/** The line between the two: passes bytes on, or cuts. */
const line = { isCut: false, sockets: new Set(), server: null };
async function lay(to) {
  line.server = net.createServer((c) => {
    if (line.isCut) return c.destroy();
    const up = net.connect(to, '127.0.0.1');
    for (const [s, t] of [[c, up], [up, c]]) {
      line.sockets.add(s);
      s.on('error', () => {});
      s.on('close', () => { line.sockets.delete(s); t.destroy(); });
      s.pipe(t);
    }
    return up;
  }).listen(await freePort(), '127.0.0.1');
  await once(line.server, 'listening');
  return `127.0.0.1:${line.server.address().port}`;
}
function cut(isCut) {
  line.isCut = isCut;
  if (isCut) for (const s of line.sockets) s.destroy();
}

before(async () => {
  [A, B] = await Promise.all([newNode('xa.test'), newNode('so.test')]);
  await Promise.all([furnish(A, [S]), furnish(B, [X])]);
  B.reach = await lay(B.nodePort);
  await introduce(A, B);
  for (const node of [A, B]) for (const [from, to] of [[X, S], [S, X]]) await allow(node, from, to);
  one = await new Box(A, X).signIn();
  other = await new Box(B, S).signIn();
});
after(async () => {
  for (const node of [A, B]) {
    await node?.server?.stop();
    if (node?.data) dropDir(node.data);
  }
  line.server?.close();
  cut(true);
});

test('without a token, without an agreement, malformed: each refused with its word', async () => {
  const nobody = new Box(A, X);
  nobody.token = 'x';
  assert.deepEqual([(await nobody.put({ id: '1', to: S })).status, (await nobody.call('GET', '/boxes/messages')).status], [401, 401]);
  const away = await one.put({ id: '1', to: 'VN/GOV/KHONG/CO' });
  assert.deepEqual([away.status, away.json.error], [404, 'not_found']);
  assert.equal((await one.put({ id: '1', to: X, body: 'x' })).json.error, 'no_agreement');
  assert.equal((await one.put({ id: 'có dấu', to: S })).status, 422);
  assert.equal((await one.put({ id: '1', to: S, files: [{ hash: sha256('x'), name: 'x' }] })).status, 422);
  assert.equal((await one.put({ id: '1', to: S, body: 'x'.repeat(300000) })).status, 422);
});

test('wrong queries, paths and methods are told as problem documents; a page only when HTML is asked for', async () => {
  for (const [method, path, status] of [['GET', '/boxes/messages?max=x', 422], ['GET', '/boxes/messages?khac=1', 400], ['GET', '/boxes/khong-co', 404],
    ['PUT', '/boxes/messages', 405], ['GET', '/boxes/sent', 422], ['POST', '/boxes/files/abc', 422]]) {
    for (const accept of ['*/*', 'application/json', 'application/problem+json']) {
      const r = await one.call(method, path, undefined, { accept });
      assert.deepEqual([r.status, r.headers.get('content-type'), r.json?.status], [status, 'application/problem+json', status], `${method} ${path} ${accept}`);
      assert.match(r.json.type, /^urn:bombo:error:/);
    }
  }
  const page = await one.call('GET', '/boxes/messages?max=x', undefined, { accept: 'text/html,*/*;q=0.8' });
  assert.deepEqual([page.status, page.headers.get('content-type')], [422, 'text/html; charset=utf-8']);
});

test('messages come once, in order, and the sender learns that they were taken', async () => {
  for (let i = 0; i < 30; i++) assert.equal((await one.put({ id: `a-${i}`, to: S, type: 'text/plain', body: `tin ${i}` })).status, 201);
  const again = await one.put({ id: 'a-3', to: S, type: 'text/plain', body: 'tin 3' });
  assert.deepEqual([again.status, again.json.again, again.json.seq], [200, true, 4]);
  assert.equal((await one.put({ id: 'a-3', to: S, type: 'text/plain', body: 'khác' })).status, 409);
  const got = [];
  await until('all thirty', async () => got.push(...await other.drain()) >= 30);
  assert.deepEqual(got.map((m) => m.body), [...Array(30).keys()].map((i) => `tin ${i}`));
  assert.equal(got[0].from, X);
  await until('the receipt', async () => (await one.call('GET', `/boxes/sent?to=${S}&id=a-29`)).json.state === 'taken');
});

test('a list is put whole or not at all, and goes over in its order', async () => {
  const list = (name, n) => [...Array(n).keys()].map((i) => ({ id: `${name}-${i}`, to: S, body: `tin ${i}` }));
  const r = await one.call('POST', '/boxes/messages', { messages: list('ds', 100) });
  assert.equal(r.status, 201, r.bytes.toString());
  assert.deepEqual(r.json.messages.map((m) => [m.id, m.again]), list('ds', 100).map((m) => [m.id, false]));
  assert.deepEqual(r.json.messages.map((m) => m.seq - r.json.messages[0].seq), [...Array(100).keys()]);
  const again = await one.call('POST', '/boxes/messages', { messages: list('ds', 100) });
  assert.deepEqual([again.status, again.json.messages.every((m, i) => m.again && m.seq === r.json.messages[i].seq)], [200, true]);
  const bad = list('hong', 3);
  bad[1] = { id: 'ds-1', to: S, body: 'khác' };
  const refused = await one.call('POST', '/boxes/messages', { messages: bad });
  assert.deepEqual([refused.status, refused.json.error], [409, 'conflict']);
  assert.match(refused.json.detail, /message 2 \(ds-1\)/);
  assert.equal((await one.call('GET', `/boxes/sent?to=${S}&id=hong-0`)).status, 404);
  for (const messages of [[], list('nhieu', 101), [{ id: 'x', topic: 'thong-bao' }], 'x', [1]]) {
    assert.equal((await one.call('POST', '/boxes/messages', { messages })).status, 422, JSON.stringify(messages).slice(0, 60));
  }
  const got = [];
  await until('all hundred', async () => {
    const some = await other.fetch();
    if (!some.length) return false;
    const acked = await other.ackAll(some.map((m) => m.message));
    assert.deepEqual([acked.status, acked.json.messages], [200, some.map((m) => ({ message: m.message, state: 'taken' }))]);
    return got.push(...some) >= 100;
  });
  assert.deepEqual(got.map((m) => m.id), list('ds', 100).map((m) => m.id));
});

test('acknowledged in a list: each id has its own outcome, malformed lists are refused whole', async () => {
  const state = async () => (await one.call('GET', `/boxes/sent?to=${S}&id=al-2`)).json.state;
  for (let i = 0; i < 3; i++) assert.equal((await one.put({ id: `al-${i}`, to: S, body: `${i}` })).status, 201);
  await until('all three are there', async () => await state() === 'sent'); // one fetched before would hold the others
  const [first, second, third] = (await other.fetch()).map((m) => m.message);
  assert.equal((await other.call('POST', `/boxes/messages/${second}/refuse`, { reason: 'nhầm nơi' })).status, 200);
  const r = await other.ackAll([first, second, '12345', third, first]);
  assert.equal(r.status, 200, r.bytes.toString());
  assert.deepEqual(r.json.messages.map((m) => [m.message, m.state ?? m.error]),
    [[first, 'taken'], [second, 'conflict'], ['12345', 'not_found'], [third, 'taken'], [first, 'taken']]);
  assert.match(r.json.messages[1].detail, /the message is dead/);
  for (const messages of [[], 'x', [first, 7], [first, 'a'], Array(101).fill(first), undefined]) {
    const wrong = await other.ackAll(messages);
    assert.deepEqual([wrong.status, wrong.json.error], [422, 'invalid'], JSON.stringify(messages)?.slice(0, 60));
  }
  await until('the receipt', async () => await state() === 'taken');
  assert.deepEqual(await other.fetch(), []);
});

test('what is fetched and not acknowledged is hidden and holds what follows; refused is dead until a person decides', async () => {
  await other.put({ id: 'b-1', to: X, body: '1' });
  await other.put({ id: 'b-2', to: X, body: '2' });
  let first;
  await until('the first', async () => { [first] = await one.fetch(1); return first; });
  assert.equal(first.id, 'b-1');
  assert.deepEqual(await one.fetch(), []);
  const r = await one.call('POST', `/boxes/messages/${first.message}/refuse`, { reason: 'không phải của xã' });
  assert.equal(r.status, 200);
  const rest = [];
  await until('what followed', async () => rest.push(...await one.drain()) > 0);
  assert.deepEqual(rest.map((m) => m.id), ['b-2']);
  const page = `/truc/hop-thu/tin/${first.message}`;
  assert.match((await A.operator.get(page)).text, /không phải của xã/);
  assert.equal((await A.operator.form(`${page}/dua-lai`, { why: '' }, { from: page })).status, 422);
  assert.equal((await A.operator.form(`${page}/dua-lai`, { why: 'gửi đúng rồi' }, { from: page })).status, 303);
  await until('it came again', async () => (await one.drain()).some((m) => m.id === 'b-1'));
  await until('its sender learns of the end', async () => (await other.call('GET', `/boxes/sent?to=${X}&id=b-1`)).json.state === 'taken');
});

test('dead messages are paged, the last to die first, each once; only one\'s own are shown', async () => {
  const ids = [...Array(45).keys()].map((i) => `chet-${i}`);
  assert.equal((await other.call('POST', '/boxes/messages', { messages: ids.map((id) => ({ id, to: X, body: id })) })).status, 201);
  const refused = [];
  await until('all of them', async () => {
    for (const m of await one.fetch()) {
      assert.equal((await one.call('POST', `/boxes/messages/${m.message}/refuse`, { reason: 'nhầm nơi' })).status, 200);
      refused.unshift(m.message);
    }
    return refused.length >= 45;
  });
  const listed = (page) => [...page.text.matchAll(/hop-thu\/tin\/(\d+)/g)].map((m) => m[1]);
  const pages = async (client, first) => {
    const seen = [];
    for (let next = first; next;) {
      const page = await client.get(next);
      assert.equal(page.status, 200, next);
      assert.ok(listed(page).length <= 20, 'a page is not the whole list');
      seen.push(...listed(page));
      next = /href="([^"]*khong-phat[^"]*)" rel="next"/.exec(page.text)?.[1].replaceAll('&amp;', '&');
    }
    return seen;
  };
  const front = await A.operator.get('/truc/hop-thu');
  assert.deepEqual(listed(front), refused.slice(0, 20));
  const rest = /href="(\/truc\/hop-thu\/khong-phat\?sau=[^"]*)"/.exec(front.text)[1];
  const all = [...listed(front), ...await pages(A.operator, rest)];
  assert.deepEqual(all.slice(0, 45), refused);
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(await pages(A.operator, '/truc/hop-thu/khong-phat'), all);
  const ofX = await pages(A.operator, `/truc/hop-thu/khong-phat?he-thong=${A.systems[X]}`);
  assert.deepEqual(ofX, all.filter((id) => ofX.includes(id)));
  assert.deepEqual(ofX.slice(0, 45), refused);
  assert.ok(ofX.length < all.length, 'the demo has one between its communes');
  const commune = new Client(A.server);
  assert.equal((await commune.signIn('tichhop.25405')).status, 303);
  assert.deepEqual(await pages(commune, '/truc/hop-thu/khong-phat'), all.filter((id) => !ofX.includes(id)));
  assert.equal((await commune.get(`/truc/hop-thu/khong-phat?he-thong=${A.systems[X]}`)).status, 403);
  assert.equal((await commune.get('/truc/hop-thu/khong-phat?sau=x.1')).status, 422);
});

test('a topic reaches who subscribed, also at the other installation', async () => {
  assert.equal((await other.call('POST', '/boxes/topics', { owner: X, topic: 'thong-bao' })).status, 200);
  assert.equal((await other.call('GET', '/boxes/topics')).json.topics[0].topic, 'thong-bao');
  const r = await one.put({ id: 'c-1', topic: 'thong-bao', body: 'nghỉ lễ' });
  assert.deepEqual([r.status, r.json.boxes], [201, 1]);
  await until('the topic', async () => (await other.drain()).some((m) => m.topic === 'thong-bao' && m.body === 'nghỉ lễ'));
  assert.equal((await other.call('POST', '/boxes/topics', { owner: X, topic: 'thong-bao', on: false })).status, 200);
  assert.equal((await one.put({ id: 'c-2', topic: 'thong-bao', body: 'x' })).json.boxes, 0);
});

test('a file goes apart, in parts, goes on where it stopped, and is fetched with Range', async () => {
  const bytes = Buffer.alloc((5 << 20) + 17);
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE((i * 2654435761) >>> 0, Math.min(i, bytes.length - 4));
  const hash = await one.bring(bytes, { to: 2 << 20 });
  const asked = await one.call('POST', `/boxes/files/${hash}?at=0&total=${bytes.length}`, Buffer.alloc(0));
  assert.equal(asked.json.have, 2 << 20);
  assert.equal((await one.put({ id: 'd-0', to: S, files: [{ hash, name: 'quyết định.pdf' }] })).status, 422);
  await one.bring(bytes, { from: asked.json.have });
  assert.equal((await one.put({ id: 'd-1', to: S, files: [{ hash, name: 'quyết định.pdf', type: 'application/pdf' }] })).status, 201);
  let m;
  await until('the message with its file', async () => { [m] = await other.drain(); return m; });
  assert.deepEqual(m.files, [{ hash, name: 'quyết định.pdf', type: 'application/pdf', bytes: bytes.length }]);
  const all = await other.call('GET', `/boxes/files/${hash}`);
  assert.equal(sha256(all.bytes), hash);
  const part = await other.call('GET', `/boxes/files/${hash}`, undefined, { range: 'bytes=1048576-1048585' });
  assert.deepEqual([part.status, part.bytes.equals(bytes.subarray(1048576, 1048586))], [206, true]);
  const wrong = sha256('khác');
  assert.equal((await one.call('POST', `/boxes/files/${wrong}?at=0&total=4`, Buffer.from('abcd'))).status, 422);
});

test('a byte more than 100 MB is refused with the limit, and nothing of it is kept', async () => {
  const part = Buffer.alloc(1 << 20, 'quá lớn ');
  const hash = sha256('quá lớn'), MOST = 100 << 20;
  const parts = () => (existsSync(join(A.data, 'box-parts')) ? readdirSync(join(A.data, 'box-parts')).filter((f) => f.endsWith(hash)) : []);
  for (const [at, total, bytes] of [[0, MOST + 1, part], [0, MOST + 1, Buffer.alloc(0)], [MOST, MOST + 1, Buffer.alloc(1)], [MOST, MOST, Buffer.alloc(1)], [0, MOST, Buffer.alloc((1 << 20) + 1)]]) {
    const r = await one.call('POST', `/boxes/files/${hash}?at=${at}&total=${total}`, bytes);
    assert.ok(r.status === 422 || r.status === 413, `${at} of ${total}: ${r.status}`);
    if (r.status === 422) assert.match(r.json.detail, /100 MB/, `${at} of ${total}`);
  }
  assert.deepEqual(parts(), []);
  assert.equal((await one.call('GET', `/boxes/files/${hash}`)).status, 404);
  assert.equal((await one.put({ id: 'qua-lon', to: S, files: [{ hash, name: 'x' }] })).status, 422);
});

test('the lines of doc/boxes.md run as they stand', { timeout: 300000 }, async () => {
  const state = async (id) => (await other.call('GET', `/boxes/sent?to=${X}&id=${id}`)).json.state;
  for (const id of ['doc-1', 'doc-2']) assert.equal((await other.put({ id, to: X, body: 'xin báo cáo' })).status, 201);
  await until('they are at the other installation', async () => await state('doc-2') === 'sent');
  const walk = new Walk('doc/boxes.md', { URL: A.server.url, TOKEN: one.token });
  const report = Buffer.alloc((2 << 20) + 3, 'báo cáo ');
  writeFileSync(join(walk.dir, 'report.pdf'), report);
  const said = await walk.next();
  assert.match(said, new RegExp(`work on doc-1 of ${S}`));
  assert.match(said, /(waiting|sent|taken)\n/);
  await walk.end();
  assert.match(said, /"message":"\d+","state":"taken"/);
  await until('their sender learns that they were taken', async () => await state('doc-1') === 'taken' && await state('doc-2') === 'taken');
  const got = [];
  await until('both messages of the document', async () => got.push(...await other.drain()) >= 2);
  assert.deepEqual(got.map((m) => m.id), ['vb-2026-17', 'vb-2026-18']);
  assert.equal(sha256((await other.call('GET', `/boxes/files/${got[1].files[0].hash}`)).bytes), sha256(report));
});

test('the line is cut, both sides are killed: nothing is lost, doubled or out of order', async () => {
  const sent = { one: [], other: [] };
  const put = async (box, key, to, n) => {
    for (let i = 0; i < n; i++) {
      const id = `${key}-${sent[key].length}`;
      assert.equal((await box.put({ id, to, body: id })).status, 201);
      sent[key].push(id);
    }
  };
  const got = { one: [], other: [] };
  cut(true);
  await put(one, 'one', S, 60);
  await until('the page tells of the line', async () => /is-late/.test((await A.operator.get('/truc/hop-thu')).text));
  await A.server.kill();
  await begin(A);
  await put(one, 'one', S, 60);
  cut(false);
  await until('something arrived', async () => got.other.push(...await other.drain()) > 0);
  await Promise.all([put(one, 'one', S, 60), put(other, 'other', X, 60)]);
  await B.server.kill();
  await put(one, 'one', S, 30);
  await begin(B);
  await put(other, 'other', X, 30);
  await until('everything is there', async () => {
    got.other.push(...await other.drain());
    got.one.push(...await one.drain());
    return got.other.length >= sent.one.length && got.one.length >= sent.other.length;
  });
  assert.deepEqual(got.other.map((m) => m.id), sent.one);
  assert.deepEqual(got.one.map((m) => m.id), sent.other);
});
