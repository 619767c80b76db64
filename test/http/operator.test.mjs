// The operators' pages: each opens for the operator and for nobody else; acts change what they say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, demo, officers, startServer } from '../lib/server.mjs';

const pages = ['/quan-tri', '/quan-tri/suc-khoe', '/quan-tri/nguoi-dung', '/quan-tri/vai-tro', '/quan-tri/hang-doi', '/quan-tri/goi-noi-dung',
  '/quan-tri/lich', '/quan-tri/don-vi', '/quan-tri/gop-nguoi', '/quan-tri/sua-thong-tin', '/quan-tri/chung-thu', '/quan-tri/nhat-ky'];
let server;
let op;

before(async () => {
  server = await startServer();
  op = new Client(server);
  assert.equal((await op.signIn(officers.operator)).status, 303);
});
after(() => server?.stop());

const post = async (path, fields, from) => op.form(path, fields, { from });

test('every page opens for the operator, in both languages, and for no receiver', async () => {
  const receiver = new Client(server);
  await receiver.signIn(officers.receiver);
  for (const path of pages) {
    const page = await op.get(path);
    assert.equal(page.status, 200, path);
    assert.match(page.text, /<h1>[^<]+<\/h1>/, path);
    assert.doesNotMatch(page.text, /operator\.[a-z_]+\.?[a-z_]*</, `${path}: a text is missing`);
    assert.equal((await receiver.get(path)).status, 403, path);
  }
  assert.equal((await new Client(server).get('/quan-tri')).status, 303);
});

test('an officer is added, gets a position, is locked and unlocked', async () => {
  const password = 'mot cau dai de nho';
  const bad = await post('/quan-tri/nguoi-dung', { personal_id: '12', name: 'Lê Ba', login: 'baba', new_password: password });
  assert.equal(bad.status, 422);
  assert.match(bad.text, /12 chữ số/);
  const made = await post('/quan-tri/nguoi-dung', { personal_id: '070090000777', name: 'Lê Ba', login: 'baba', new_password: password });
  assert.equal(made.status, 303, made.text.slice(0, 300));
  const href = made.location;
  const unit = /value="(25405@[^"]*)"/.exec((await op.get(href)).text)[1];
  assert.equal((await post(`${href}/vi-tri`, { unit, role: 'receiver', title: 'Một cửa', from: '2026-01-01', to: '' }, href)).status, 303);
  assert.match((await op.get(href)).text, /Cán bộ một cửa/);
  const ba = new Client(server);
  assert.equal((await ba.signIn('baba', password)).status, 303);
  assert.equal((await post(`${href}/khoa-lai`, {}, href)).status, 303);
  assert.notEqual((await new Client(server).signIn('baba', password)).status, 303);
  assert.equal((await post(`${href}/mo`, {}, href)).status, 303);
  assert.equal((await new Client(server).signIn('baba', password)).status, 303);
});

test('the demo business date moves and goes back', async () => {
  assert.equal((await post('/quan-tri/lich', { today: '2026-12-01' })).status, 303);
  assert.match((await op.get('/quan-tri/lich')).text, /01\/12\/2026/);
  assert.equal((await post('/quan-tri/lich', { today: '' })).status, 303);
  assert.doesNotMatch((await op.get('/quan-tri/lich')).text, /Ngày nghiệp vụ:[^<]*01\/12\/2026/);
});

test('the ledger is verified from its page and a new version of the pack is published', async () => {
  const checked = await post('/quan-tri/nhat-ky', {});
  assert.equal(checked.status, 200);
  assert.match(checked.text, /không sai lệch/);
  assert.equal((await post('/quan-tri/goi-noi-dung', {})).status, 303);
  assert.match((await op.get('/quan-tri/goi-noi-dung')).text, /Đang áp dụng/);
});

test('two persons with two numbers are not merged', async () => {
  const seen = await post('/quan-tri/gop-nguoi/xem', { a: demo.citizen, b: '070090000777' }, '/quan-tri/gop-nguoi');
  assert.equal(seen.status, 200);
  assert.match(seen.text, /Sau khi gộp/);
  const [keep] = /name="keep" value="(\d+)"/.exec(seen.text).slice(1);
  const [gone] = /name="gone" value="(\d+)"/.exec(seen.text).slice(1);
  assert.equal((await post('/quan-tri/gop-nguoi', { keep, gone }, '/quan-tri/gop-nguoi')).status, 422);
});

test('a unit is previewed and moved with its officers', async () => {
  const list = (await op.get('/quan-tri/don-vi')).text;
  const from = /from=(25378@[^"&]*)/.exec(list)?.[1] ?? /from=((?!25405)[^"&]+)/.exec(list)[1];
  const to = /from=(25405@[^"&]*)/.exec(list)[1];
  const href = `/quan-tri/don-vi?from=${from}&to=${to}`;
  const preview = await op.get(href);
  assert.match(preview.text, /5 vị trí cán bộ/);
  assert.equal((await post('/quan-tri/don-vi', { from, to }, href)).status, 303);
  assert.match((await op.get(href)).text, /0 vị trí cán bộ/);
});
