// Versions of the content pack: the operator checks the folder, sees what would change, puts it in force, and goes back;
// dossiers finish under the version they were filed under, and a restart keeps what was put in force again.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { begin as beginDraft, complete, submit } from '../lib/filing.mjs';
import { Client, dropDir, newDir, officers, root, startServer } from '../lib/server.mjs';

const here = '/quan-tri/goi-noi-dung';
const code = '1.004873';
const dir = newDir();
const data = newDir();
const own = join(dir, 'own'); // its files win over the real pack's
const args = ['--pack', `${own}:${join(root, 'packs/binh-phuoc')}:${join(root, 'build/demo-pack')}`];
const real = readFileSync(join(root, `packs/binh-phuoc/procedures/${code}.json`), 'utf8');
let server;
let op;

const write = (change) => {
  const p = JSON.parse(real);
  change(p);
  writeFileSync(join(own, 'procedures', `${code}.json`), JSON.stringify(p));
};
const begin = async () => {
  server = await startServer({ data, args });
  op = new Client(server);
  assert.equal((await op.signIn(officers.operator)).status, 303);
};
before(async () => {
  mkdirSync(join(own, 'procedures'), { recursive: true });
  write(() => {});
  await begin();
});
after(async () => {
  await server?.stop();
  dropDir(data);
  dropDir(dir);
});

const plain = (text) => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const rows = (page) => [...page.text.matchAll(/<tr class[\s\S]*?<\/tr>/g)].map((m) => plain(m[0]));
const version = (row) => /[0-9a-f]{16}/.exec(row)[0];
const live = async () => version(rows(await op.get(here)).find((r) => r.includes('Đang áp dụng')));
const check = () => op.form(`${here}/kiem-tra`, {}, { from: here });
/** Sends what the form of the page that was shown sends. */
const publish = (page, reason) => op.form(here, { version: /name="version" value="([^"]*)"/.exec(page.text)[1], reason }, { from: here });
const procedure = async () => plain((await new Client(server).get(`/thu-tuc/${code}`)).text);
let first;
let second;

test('an unchanged folder has nothing to put in force; a faulty one is refused whole, with every fault', async () => {
  first = await live();
  assert.match(rows(await op.get(here))[0], /chương trình \(nhận khi khởi động\)/);
  assert.match((await check()).text, /không có gì để thay/);
  write((p) => { p.decides.level = 'nowhere'; p.minutes = 'x'; });
  for (const path of [`${here}/kiem-tra`, here]) {
    const page = await op.form(path, {}, { from: here });
    assert.equal(page.status, 422);
    assert.ok(rows(page).length >= 2, plain(page.text));
    assert.ok(rows(page).every((r) => r.includes(`procedures/${code}.json`)));
  }
  assert.equal(await live(), first);
});

test('the operator sees in words what the folder changes, and puts it in force', async () => {
  write((p) => {
    p.time.amount += 4;
    p.papers.push({ id: 'moi', name: { vi: 'Giấy mới', en: 'New paper' }, type: '', originals: 1, copies: 0, required: true });
  });
  mkdirSync(join(own, 'forms'), { recursive: true });
  writeFileSync(join(own, 'forms/khai-sinh.json'), `${readFileSync(join(root, 'packs/binh-phuoc/forms/khai-sinh.json'), 'utf8')}\n`);
  const seen = await check();
  assert.equal(seen.status, 200);
  const [change, form] = rows(seen);
  assert.match(change, /Thời hạn: .+ → .+/);
  assert.match(change, /Thêm giấy tờ: Giấy mới/);
  assert.match(form, /Biểu mẫu Có sửa .*forms\/khai-sinh\.json/);
  assert.equal(rows(seen).length, 2, 'nothing else differs');
  assert.equal(await live(), first, 'looking changes nothing');
  assert.doesNotMatch(await procedure(), /Giấy mới/);
  const me = new Client(server);
  assert.equal((await me.signIn()).status, 303);
  assert.equal((await submit(me, await complete(me, await beginDraft(me)))).status, 303);
  const old = await op.form(here, { version: '0123456789abcdef', reason: '' }, { from: here });
  assert.equal(old.status, 422, 'only what was looked at');
  assert.equal((await publish(seen, 'Theo quyết định mới')).status, 303);
  second = await live();
  assert.notEqual(second, first);
  assert.match(await procedure(), /Giấy mới/);
  const now = rows(await op.get(here)).find((r) => r.includes(second));
  assert.match(now, /người quản trị áp dụng/);
  assert.match(now, /Theo quyết định mới/);
});

test('going back needs a reason, is in the ledger, and stays over a restart; dossiers keep their version', async () => {
  const path = `${here}/${first}`;
  const seen = await op.get(path);
  assert.match(plain(seen.text), /Bỏ giấy tờ: Giấy mới/);
  assert.match(plain(seen.text), /vẫn làm xong theo đúng bản đó/);
  assert.match(plain(seen.text), /Hồ sơ nộp theo phiên bản này: 1 đang giải quyết, 0 đã xong/);
  assert.equal((await op.form(`${path}/quay-lai`, { reason: '' }, { from: path })).status, 422);
  assert.equal(await live(), second);
  assert.equal((await op.form(`${path}/quay-lai`, { reason: 'Bản mới sai thời hạn' }, { from: path })).status, 303);
  assert.equal(await live(), first);
  assert.doesNotMatch(await procedure(), /Giấy mới/);
  assert.match((await op.get('/quan-tri/nhat-ky')).text, /Áp dụng lại phiên bản trước/);
  assert.equal((await op.get(`${here}/0123456789abcdef`)).status, 404);

  await server.stop();
  await begin();
  assert.equal(await live(), first, 'the folder still holds the second version');
  const again = rows(await op.get(here)).find((r) => r.includes(first));
  assert.match(again, /\(áp dụng lại\) .*Bản mới sai thời hạn/);
  assert.equal((await publish(await check(), '')).status, 303);
  assert.equal(await live(), second, 'asked for, the folder goes into force');
});

test('a version that lacks a unit with an officer is not put in force', async () => {
  mkdirSync(join(own, 'units'), { recursive: true });
  const file = join(own, 'units/departments.csv');
  const before = readFileSync(join(root, 'packs/binh-phuoc/units/departments.csv'), 'utf8');
  writeFileSync(file, `${before.trimEnd()}\n75-SOMOI,Sở Mới,New department,so,department,75,2026-05-01,,,,,,\n`);
  const seen = await check();
  assert.match(plain(seen.text), /Đơn vị Có sửa units\/departments.csv/);
  assert.equal((await publish(seen, '')).status, 303);
  const users = await op.get('/quan-tri/nguoi-dung?tim=motcua.25405');
  const user = /href="(\/quan-tri\/nguoi-dung\/\d+)"/.exec(users.text)[1];
  const given = { unit: '75-SOMOI@2026-05-01', role: 'receiver', title: '', from: '2026-05-01', to: '' };
  assert.equal((await op.form(`${user}/vi-tri`, given, { from: user })).status, 303);
  writeFileSync(file, before);
  const lost = await check();
  assert.match(plain(lost.text), /không có Sở Mới/);
  assert.doesNotMatch(lost.text, /name="version"/, 'nothing to press');
  const now = await live();
  assert.equal((await op.form(here, { version: '', reason: '' }, { from: here })).status, 422);
  const back = await op.form(`${here}/${second}/quay-lai`, { reason: 'thử' }, { from: `${here}/${first}` });
  assert.equal(back.status, 422);
  assert.match(back.text, /thiếu đơn vị/);
  assert.equal(await live(), now);
});
