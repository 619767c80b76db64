// Dossiers and the national portal, both ways: each status arrives there once and in order, also when the portal is away, loses
// its answers, or speaks the other generation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decide, deskOf, fileHousehold, formTo, press, signedIn } from '../lib/desk.mjs';
import { newPicture } from '../lib/filing.mjs';
import { fill, upload } from '../lib/form.mjs';
import { Client, demo, officers, startServer, until } from '../lib/server.mjs';

let server, citizen, operator, receiver, specialist;
before(async () => {
  server = await startServer({ args: ['--n', '0'] });
  citizen = await signedIn(server, demo.citizen);
  operator = await signedIn(server, officers.operator);
  receiver = await signedIn(server, officers.receiver);
  specialist = await signedIn(server, officers.specialist);
});
after(() => server?.stop());

const behave = async (portal, mode) => {
  const at = `/truc/mo-phong/${portal}`;
  assert.equal((await operator.form(at, { mode }, { from: at })).status, 303);
};
const choose = async (connector) => assert.equal((await operator.form('/truc/cong', { connector })).status, 303);
const numberOf = async (own) => /\d{5}-\d{6}-\d{4}/.exec((await citizen.get(own)).text)[0];
/** What the portal was given of a dossier, oldest first: [message, status, how often it came again]. */
async function taken(portal, number) {
  const r = await operator.get(`/api/v1/truc/mo-phong/${portal}?ma=${number}`);
  assert.equal(r.status, 200, r.text.slice(0, 300));
  return r.json().tables.at(-1).rows.map((row) => row.cells.map((c) => c.value)).map((c) => ({ message: c[2], status: c[3], again: Number(c[4]) }));
}
/** What the portal knows of a dossier from all that it was given: our names of the fields that its tables carry. */
async function known(portal, number) {
  const r = await operator.get(`/api/v1/truc/mo-phong/${portal}?ma=${number}`);
  assert.equal(r.status, 200, r.text.slice(0, 300));
  return Object.fromEntries(r.json().tables.at(-2).rows.map((row) => row.cells.map((c) => c.value)));
}
/** What both generations tell of a dossier that is being worked on. */
function isWhole(have, number) {
  assert.equal(have.receipt, number);
  assert.match(have.summary, /hộ nghèo.*: /i);
  for (const at of ['received', 'started', 'due', 'at']) assert.match(have[at], /^\d{4}-\d\d-\d\dT/, at);
  for (const list of ['fees', 'supplements', 'results']) assert.deepEqual(JSON.parse(have[list]), [], list);
  for (const later of ['finished', 'returned', 'returned_how', 'reason']) assert.equal(have[later], undefined, later);
}
/** Asked for a paper by the officer, the citizen sends one and answers. */
async function sendsPaper(own, name) {
  const asked = await press(receiver, deskOf(own), '/bo-sung', { words: 'Ảnh bản kê đất' });
  assert.equal(asked.status, 303, asked.text.slice(0, 400));
  const sent = await upload(citizen, `${own}/bo-sung/tep`, {}, [{ name, type: 'image/jpeg', bytes: newPicture() }], `${own}/bo-sung`);
  assert.equal(sent.status, 303, sent.text.slice(0, 400));
  const answered = await fill(citizen, `${own}/bo-sung`, { loi_nhan: 'Đã gửi ảnh' });
  assert.equal(answered.status, 303, answered.text.slice(0, 400));
}
const statuses = async (portal, number) => (await taken(portal, number)).map((m) => m.status);

test('each status of a dossier arrives at the portal once, in order', async () => {
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  await until('reception is told', async () => (await statuses('dvcqg-mc', number)).includes('2'));
  const told = await until('the work is told', async () => { const s = await statuses('dvcqg-mc', number); return s.includes('4') && s; });
  assert.deepEqual(told, ['1', '2', '4']);
  assert.deepEqual((await taken('dvcqg-mc', number)).map((m) => m.again), [0, 0, 0]);
  isWhole(await known('dvcqg-mc', number), number);
  const page = await operator.get('/truc/cong');
  assert.match(page.text, /đang nhận/);
  assert.match((await citizen.get('/toi/ai-da-xem')).text, /Đồng bộ hồ sơ với Cổng dịch vụ công quốc gia/);
});

test('the portal is away: dossiers go on here, and arrive in order when it is back', async () => {
  await behave('dvcqg-mc', 'down');
  const all = [];
  for (let i = 0; i < 2; i++) {
    const own = await fileHousehold(citizen);
    all.push({ own, number: await numberOf(own) });
    assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  }
  await until('both wait', async () => /2 hồ sơ đang chờ gửi/.test((await operator.get('/truc/cong')).text));
  assert.match((await operator.get('/truc/cong')).text, /không trả lời, thử lại lúc/);
  for (const { number } of all) assert.deepEqual(await statuses('dvcqg-mc', number), []);
  await behave('dvcqg-mc', 'normal');
  for (const { number } of all) {
    await until('all is told', async () => (await statuses('dvcqg-mc', number)).includes('4'));
    assert.deepEqual(await statuses('dvcqg-mc', number), ['1', '2', '4']);
  }
  await until('nobody waits', async () => /0 hồ sơ đang chờ gửi, 0 hồ sơ bị/.test((await operator.get('/truc/cong')).text));
});

test('answers are lost after the portal acted: sent again, known there, nothing twice', async () => {
  await behave('dvcqg-mc', 'lossy');
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  await until('it waits', async () => /[1-9]\d* hồ sơ đang chờ gửi/.test((await operator.get('/truc/cong')).text));
  await behave('dvcqg-mc', 'normal');
  await until('all is told', async () => (await statuses('dvcqg-mc', number)).includes('4'));
  assert.deepEqual(await statuses('dvcqg-mc', number), ['1', '2', '4']);
});

test('a slow portal, and one that errs now and then: told all the same, in order, once', async () => {
  for (const mode of ['slow', 'faulty']) {
    await behave('dvcqg-mc', mode);
    const own = await fileHousehold(citizen);
    const number = await numberOf(own);
    assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303, `${mode}: nobody here waits for the portal`);
    const isTried = async () => (await statuses('dvcqg-mc', number)).length > 0 || /[1-9]\d* hồ sơ đang chờ gửi/.test((await operator.get('/truc/cong')).text);
    await until(`${mode}: it is tried`, isTried);
    await behave('dvcqg-mc', 'normal');
    await until(`${mode}: all is told`, async () => (await statuses('dvcqg-mc', number)).includes('4'));
    assert.deepEqual(await statuses('dvcqg-mc', number), ['1', '2', '4'], mode);
  }
});

test('what was asked for goes to the portal as a change of the dossier, then as its status', async () => {
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  await until('it is told', async () => (await statuses('dvcqg-mc', number)).includes('1'));
  const asked = await press(receiver, deskOf(own), '/bo-sung', { words: 'Thiếu bản kê đất canh tác' });
  assert.equal(asked.status, 303, asked.text.slice(0, 400));
  await until('the request is told', async () => (await taken('dvcqg-mc', number)).filter((m) => m.status === '5').length === 2);
  const have = await known('dvcqg-mc', number);
  assert.equal(have.is_update, 'true');
  const [one, ...more] = JSON.parse(have.supplements);
  assert.equal(more.length, 0);
  assert.equal(one.state, 'open');
  assert.match(one.asked, /Thiếu bản kê đất/);
  assert.ok(one.at && one.id);
});

test('the second generation: the portal\'s own number, then the dossier, then its statuses', async () => {
  await choose('dvcqg');
  await behave('dvcqg', 'lossy');
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  await until('it waits', async () => /[1-9]\d* hồ sơ đang chờ gửi/.test((await operator.get('/truc/cong')).text));
  await behave('dvcqg', 'normal');
  await until('all is told', async () => (await statuses('dvcqg', number)).includes('4'));
  const v = await taken('dvcqg', number);
  assert.match(v[0].message, /\/ho-so$/);
  assert.deepEqual(v.slice(1).map((m) => m.status), ['1', '2', '4']);
  isWhole(await known('dvcqg', number), number);
  await choose('dvcqg-mc');
});

test('papers of a dossier go along: told with a link that opens for a month, and only it', async () => {
  await behave('dvcqg-mc', 'slow'); // the paper comes while a message without it is on its way: it goes with the next one
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  await sendsPaper(own, 'ban-ke.jpg');
  await behave('dvcqg-mc', 'normal');
  assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  const paper = await until('the paper is told', async () => JSON.parse((await known('dvcqg-mc', number)).others ?? '[]')[0]);
  assert.equal(paper.name, 'ban-ke.jpg');
  assert.equal(paper.deleted, 'false');
  assert.match(paper.id, /^\d+$/);
  assert.match((await known('dvcqg-mc', number)).unit_code, /25405/);
  const anyone = new Client(server);
  const path = new URL(paper.url).pathname;
  const file = await anyone.get(path);
  assert.equal(file.status, 200, file.text.slice(0, 300));
  assert.equal(file.headers.get('content-type'), 'image/jpeg');
  assert.equal((await anyone.get(`${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`)).status, 404, 'an altered link');
  assert.equal((await anyone.get('/cong/tep/1')).status, 404);
  assert.match((await citizen.get('/toi/ai-da-xem')).text, /Đồng bộ hồ sơ với Cổng dịch vụ công quốc gia/);
});

test('the second generation takes each file once, by its hash, before the message that names it', async () => {
  await choose('dvcqg');
  const own = await fileHousehold(citizen);
  const number = await numberOf(own);
  await until('it is told', async () => (await statuses('dvcqg', number)).includes('1'));
  await behave('dvcqg', 'lossy');
  await sendsPaper(own, 'ban-ke.jpg');
  assert.equal((await decide(receiver, deskOf(own), 'accept')).status, 303);
  await until('it waits', async () => /[1-9]\d* hồ sơ đang chờ gửi/.test((await operator.get('/truc/cong')).text));
  await behave('dvcqg', 'normal');
  const paper = await until('the paper is told', async () => JSON.parse((await known('dvcqg', number)).others ?? '[]')[0]);
  assert.equal(paper.name, 'ban-ke.jpg');
  assert.equal(paper.file, `T-${paper.hash}`);
  assert.match((await known('dvcqg', number)).unit_code, /25405/);
  const file = await known('dvcqg', paper.hash);
  assert.equal(file.bytes, undefined, 'the simulator keeps no content');
  assert.ok(Number(file.size) > 100);
  assert.equal((await taken('dvcqg', paper.hash)).length, 1, 'one file, however often it came');
  const page = await citizen.get(own);
  assert.match(page.text, /ban-ke\.jpg/);
  await choose('dvcqg-mc');
});

for (const portal of ['dvcqg-mc', 'dvcqg']) {
  test(`${portal}: what another unit answered, words and paper, is kept from the portal; the citizen's paper is not`, async () => {
    await choose(portal);
    const own = await fileHousehold(citizen);
    const number = await numberOf(own);
    const dossier = deskOf(own);
    assert.equal((await decide(receiver, dossier, 'accept')).status, 303);
    const [, unit, code] = /<option value="(([^"@]+)@[^"]*)"[^>]*>Sở Xây dựng</.exec((await specialist.get(dossier)).text);
    assert.equal((await press(specialist, dossier, '/hoi', { unit, question: 'Nhà này có giấy phép không?' })).status, 303);
    const other = await signedIn(server, `chuyenvien.${code}`.toLowerCase());
    const answer = formTo((await other.get(dossier)).text, '/y-kien');
    const body = new FormData();
    for (const [k, v] of answer.fields) if (k !== 'opinion') body.append(k, v);
    body.append('opinion', 'Chưa có giấy phép.');
    body.append('opinion_file', new Blob([newPicture()], { type: 'image/jpeg' }), 'tra-loi.jpg');
    const given = await other.request('POST', answer.action, { body, headers: { origin: server.url } });
    assert.equal(given.status, 303, given.text.slice(0, 400));
    assert.match((await specialist.get(dossier)).text, /Văn bản trả lời ý kiến/, 'it is a paper of the dossier');

    await behave(portal, 'down'); // the paper comes before the message of the request went: it goes with it
    assert.equal((await press(specialist, dossier, '/tra-lai', { step: 'receive', back_note: 'Thiếu bản kê đất' })).status, 303);
    await sendsPaper(own, 'ban-ke.jpg');
    await behave(portal, 'normal');
    const have = await until('the citizen\'s paper is told', async () => { const k = await known(portal, number); return JSON.parse(k.others ?? '[]').length && k; });
    assert.deepEqual(JSON.parse(have.others).map((p) => p.name), ['ban-ke.jpg']);
    assert.doesNotMatch(JSON.stringify(have), /tra-loi|Chưa có giấy phép|ý kiến/i);
    await choose('dvcqg-mc');
  });
}

test('the portal\'s link opens the right form for the right unit, also for units of before July 2025', async () => {
  const anyone = new Client(server);
  const to = async (query) => anyone.get(`/nop-ho-so?${query}`);
  const link = await to('MaTTHCDP=1.004873.000.00.00.H19&MaCoQuanThucHien=H19.25405&vnconnect=1&MaDVC=1.004873.01&MDT=MTIz&khac=1');
  assert.equal(link.status, 303, link.text.slice(0, 400));
  assert.equal(link.location, '/nop/1.004873?xa=25405');
  assert.match((await anyone.get(link.location)).text, /dang-nhap[^"]*xa%3D25405/, 'the unit is kept over the sign-in');
  assert.equal((await to('MaDVC=1.004873.01&MaCoQuanThucHien=25405')).location, '/nop/1.004873?xa=25405');
  // Lộc Hòa commune was merged; its code no longer stands for a unit
  const old = await to('MaTTHCDP=1.004873&MaCoQuanThucHien=H10.25273');
  assert.equal(old.status, 303, old.text.slice(0, 400));
  assert.match(old.location, /^\/nop\/1\.004873\?xa=\d{5}&cu=/);
  assert.equal((await anyone.get(old.location)).status, 200);
  for (const [query, why] of [
    ['', 'không có thủ tục mang mã'], ['MaTTHCDP=9.999999', '9.999999'], ['MaTTHCDP=%3Cscript%3E&MaCoQuanThucHien=H19.25405', '&lt;script&gt;'],
    ['MaTTHCDP=1.004873&MaCoQuanThucHien=H55.242', 'Không biết cơ quan mang mã “H55.242”'],
    ['MaTTHCDP=1.004873&MaCoQuanThucHien=H19.99999', 'Không biết cơ quan'],
  ]) {
    const r = await to(query);
    assert.equal(r.status, 404, query);
    assert.ok(r.text.includes(why), `${query}: ${why}`);
  }
  const district = await to('MaTTHCDP=1.004873&MaCoQuanThucHien=H10.696');
  assert.equal(district.status, 404);
  assert.match(district.text, /đã được sắp xếp lại thành nhiều đơn vị/);
  assert.match(district.text, /\/nop\/1\.004873\?xa=25405/);
});
