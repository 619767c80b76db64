// What belongs to one person or unit is not there for another: every route with an {id}, as page and as API, and
// every list of ids in a body, asked with ids of somebody else by somebody who holds the very same role.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allow, Box, furnish, S, X } from '../lib/boxes.mjs';
import { Program } from '../lib/api.mjs';
import { newPicture } from '../lib/filing.mjs';
import * as journey from '../lib/journey.mjs';
import { ask, doors, readRoutes, sampleFields } from '../lib/routes.mjs';
import { Client, dayIn, demo, officers, startServer } from '../lib/server.mjs';

const far = '25195'; // another commune, with officers of the same names
const routes = readRoutes();
let server, at, ids;
const them = {}; // those who ask for what is not theirs
const tokens = new Map();

async function signedIn(login, password) {
  const c = new Client(server);
  assert.equal((await c.signIn(login, password)).status, 303, login);
  tokens.set(c, Client.token((await c.get('/tai-khoan/phien')).text || (await c.get('/dang-nhap')).text));
  return c;
}

/** Another citizen, made at the counter as the law has it: identity seen, account opened. */
async function otherCitizen(receiver) {
  const added = await receiver.form('/can-bo/quay/nguoi', { number: '070085654321', name: 'Điểu Sơn', 'birth-d': '1', 'birth-m': '2', 'birth-y': '1985', sex: 'male' },
    { from: '/can-bo/quay/nguoi?q=070085654321' });
  const given = await receiver.form(`${added.location}/tai-khoan`, { checked: '1' }, { from: added.location });
  const c = await signedIn('070085654321', /big-number num">([^<]+)</.exec(given.text)[1]);
  const own = 'rung le mua nang';
  const changed = await c.form('/tai-khoan/mat-khau', { current: /big-number num">([^<]+)</.exec(given.text)[1], new_password: own, repeated: own });
  assert.equal(changed.status, 303, changed.text.slice(0, 300));
  return signedIn('070085654321', own);
}

const assign = async (operator, account, role) => {
  const at = `/quan-tri/nguoi-dung/${account}`;
  const r = await operator.form(`${at}/vi-tri`, { unit: `${far}@2025-07-01`, role, title: 'Cán bộ', from: '2026-01-01' }, { from: at });
  assert.equal(r.status, 303, r.text.slice(0, 600));
};

/** A member of the commune with a system, a key and an agreement; a service that is somebody else's. */
async function exchangeOf(operator) {
  const idOf = (r) => { assert.equal(r.status, 303, r.text.slice(0, 600)); return /\d+$/.exec(r.location)[0]; };
  const member = idOf(await operator.form('/truc/thanh-vien', { class: 'GOV', code: 'H19.25405', name: 'Xã Bom Bo', unit: `${demo.unit}@2025-07-01` }));
  const system = idOf(await operator.form(`/truc/thanh-vien/${member}/he-thong`, { code: 'PM', name: 'Phần mềm của xã' }, { from: `/truc/thanh-vien/${member}` }));
  const service = /\/truc\/dich-vu\/(\d+)">Cơ sở dữ liệu quốc gia về dân cư/.exec((await operator.get('/truc?q=dan+cu')).text)[1];
  const agreement = idOf(await operator.form(`/truc/dich-vu/${service}/xin-phep`, { consumer: system, operations: 'xac-minh',
    purpose: 'Giải quyết thủ tục của xã', legal_basis: 'Nghị định 278/2025/NĐ-CP' }));
  return { member, system, service, agreement };
}

/** A line between two other members' systems with one message that its receiver refused. */
async function boxesOf(operator) {
  const node = { server, operator };
  await furnish(node);
  await allow(node, X, S);
  await (await new Box(node, X).signIn()).put({ id: 'a-1', to: S, body: 'x' });
  const receiver = await new Box(node, S).signIn();
  const [{ message }] = await receiver.fetch(1);
  assert.equal((await receiver.call('POST', `/boxes/messages/${message}/refuse`, { reason: 'nhầm nơi' })).status, 200);
  return { message, line: /hop-thu\/dong\/(\d+)/.exec((await operator.get('/truc/hop-thu')).text)[1] };
}

before(async () => {
  server = await startServer();
  at = await journey.programs(server);
  const receiver = await signedIn(officers.receiver);
  them.citizen = await otherCitizen(receiver);
  for (const role of ['receiver', 'specialist', 'leader', 'clerk', 'cashier']) {
    them[role] = await signedIn(officers[role].replace(demo.unit, far));
  }
  const draft = await journey.fillDraft(at.citizen);
  const paper = (await journey.handIn(at.citizen, draft))[0].given[0].paper_id;
  const open = await journey.file(at.citizen);
  const done = await journey.file(at.citizen);
  await journey.act(at.receiver, done, 'accept');
  await journey.pay(at.citizen, done);
  await journey.act(at.specialist, done, 'propose');
  assert.equal((await journey.sign(at.leader, done)).status, 201);
  const result = /\d+$/.exec((await at.citizen.read(done.path)).results[0].href)[0];
  const unsigned = await journey.file(at.citizen);
  await journey.act(at.receiver, unsigned, 'accept');
  await journey.pay(at.citizen, unsigned);
  await journey.act(at.specialist, unsigned, 'propose');
  const waiting = (await at.leader.read(unsigned.office)).task;
  const number = (await at.citizen.read(open.path)).number;
  const cash = new Program(server, at.contract);
  cash.client = await signedIn(officers.cashier);
  const bill = /thu-phi\/(\d{6,})/.exec(JSON.stringify(await cash.read(`/can-bo/thu-phi?so=${number}`)) + (await cash.client.get(`/can-bo/thu-phi?so=${number}`)).text)[1];
  const officePaper = (await at.receiver.read(open.office)).papers[0].id;
  const record = /\d+$/.exec((await at.citizen.read('/toi/giay-to')).records[0].href)[0];
  const home = /\/can-bo\/quay\/nguoi\/\d+/.exec((await receiver.get(`/can-bo/quay/nguoi?q=${demo.citizen}`)).text)[0];
  assert.equal((await receiver.form(`${home}/nop`, { procedure: '1.011607', consent: 'present' }, { from: home })).status, 303);
  const consent = (await at.citizen.read('/toi/dong-y')).asked[0].id;
  // an operator of the other commune alone
  const op = new Program(server, at.contract);
  op.client = await signedIn(officers.operator);
  const listed = await Promise.all(['vanthu', 'thuphi'].map((role) => op.read(`/quan-tri/nguoi-dung?sau=${role}.25194`)));
  const users = listed.flatMap((l) => l.tables[0].rows).map((r) => ({ href: r.cells[0].href, login: r.cells[1].value }));
  const account = (login) => /\d+$/.exec(users.find((u) => u.login === login).href)[0];
  const made = await op.client.form(`/quan-tri/nguoi-dung/${account(`vanthu.${far}`)}/vi-tri`,
    { unit: `${far}@2025-07-01`, role: 'operator', title: 'Quản trị', from: '2026-01-01' }, { from: `/quan-tri/nguoi-dung/${account(`vanthu.${far}`)}` });
  assert.equal(made.status, 303, made.text.slice(0, 600));
  them.operator = await signedIn(`vanthu.${far}`);
  const clerk = account(officers.clerk);
  const position = /vi-tri\/ket-thuc"[\s\S]*?name="id" value="(\d+)"/.exec((await op.client.get(`/quan-tri/nguoi-dung/${clerk}`)).text)[1];
  const exchange = { ...await exchangeOf(op.client), ...await boxesOf(op.client) };
  await assign(op.client, account(`thuphi.${far}`), 'integrator');
  them.integrator = await signedIn(`thuphi.${far}`);
  ids = { ...exchange, consent, draft: /\d+$/.exec(draft)[0], paper, open: open.id, done: done.id, result, bill, record, officePaper, clerk, position, waiting, unsigned,
    task: (await at.receiver.read(open.office)).task, unit: `${demo.unit}@2025-07-01` };
});
after(async () => { await server?.stop(); });

/** Whose the {parameters} of a path are, and which id of theirs is put in. The longest prefix counts. */
const owned = () => ({
  '/toi/giay-to/': { who: 'citizen', id: ids.record },
  '/toi/dong-y/': { who: 'citizen', id: ids.consent },
  '/nhap/': { who: 'citizen', id: ids.draft, page: 'lien-he', path: 'birth_date', paper: ids.paper },
  '/ho-so/': { who: 'citizen', id: ids.done, result: ids.result },
  '/can-bo/ho-so/': { who: 'office', id: ids.open, form: 'kiem-soat', consent: ids.consent },
  '/can-bo/giay-to/': { who: 'office', paper: ids.officePaper },
  '/can-bo/ket-qua/': { who: 'office', result: ids.result },
  '/can-bo/viec/': { who: 'office', task: ids.task },
  '/can-bo/quay/giu/': { who: 'office', id: ids.open },
  '/can-bo/thu-phi/': { who: 'office', bill: ids.bill },
  '/quan-tri/nguoi-dung/': { who: 'operator', id: ids.clerk },
  '/lanh-dao/don-vi/': { who: 'office', unit: ids.unit },
  '/truc/he-thong/': { who: 'integrator', id: ids.system },
  '/truc/thoa-thuan/': { who: 'integrator', id: ids.agreement },
  '/truc/dich-vu/{id}/phien-ban': { who: 'integrator', id: ids.service },
  '/truc/dich-vu/{id}/dia-chi': { who: 'integrator', id: ids.service },
  '/truc/dich-vu/{id}/ngung': { who: 'integrator', id: ids.service },
  '/truc/thanh-vien/{id}/': { who: 'integrator', id: ids.member },
  '/truc/mo-phong/': { who: 'integrator', id: 'dan-cu' },
  '/truc/hop-thu/dong/': { who: 'integrator', id: ids.line },
  '/truc/hop-thu/tin/': { who: 'integrator', id: ids.message },
});
/** Parameters that belong to nobody, and why. */
const free = {
  '/giai-thich/': 'published', '/huong-dan/': 'published', '/thu-tuc/': 'published', '/su-kien/': 'published', '/nop/': 'published', '/don-vi/': 'published',
  '/quan-tri/vai-tro/': 'roles are the same for every operator',
  '/quan-tri/goi-noi-dung/': 'versions of the content are the same for every operator',
  '/truc/cong/': 'what the national portal handed over is for whoever runs the exchange (exchange.manage) and nobody else',
  '/cong/tep/': 'a paper by a sealed link that the national portal was told, for a month; the reading is recorded (national.test)',
  '/boxes/': 'programs, with the token of their system: of another one there is nothing (test_box: acknowledge_is_the_receivers_alone)',
  '/r1/': 'what there is to call is told to any system that proves itself; what of it one may call, to that one (opmon.test)',
  '/kiem-tra/': 'a result is checked by whoever holds its file',
  '/mo-phong/ngan-hang/': 'a bank, also a simulated one, takes money from whoever has the code',
  '/mo-phong/quoc-gia/': 'simulated national systems',
  '/truc/dich-vu/{id}': 'the catalogue is published; who asks for access must answer for the asking system: asked below',
  '/truc/bang-chung/': 'evidence of all members is for the auditors of the exchange (exchange.evidence) and nobody else',
  '/truc/tai-lieu/': 'descriptions of services are published',
  '/truc/thanh-vien/{id}': 'whoever reads the exchange knows its members',
  '/can-bo/quay/nguoi/': 'any counter serves any person; the reading is recorded',
};
const holder = (permission) => ({ 'dossier.receive': 'receiver', 'dossier.intake': 'receiver', 'paper.custody': 'receiver', 'paper.scan': 'receiver', 'dossier.return': 'receiver',
  'dossier.supplement': 'receiver', 'dossier.process': 'specialist', 'dossier.consult': 'specialist', 'pay.collect': 'cashier', 'pay.refund': 'cashier' })[permission] ?? 'leader';

async function send(client, method, path, route, given = {}) {
  const headers = { origin: server.url, 'x-csrf-token': tokens.get(client) };
  if (method === 'GET') return ask(client, 'GET', path);
  const fields = sampleFields(route, given);
  if (route.raw) return ask(client, method, path, { headers: { ...headers, 'content-type': 'application/json' }, body: '{}' });
  if (!route.fields.some((f) => f.type === 'file')) return ask(client, method, path, { headers, body: new URLSearchParams(fields) });
  const body = new FormData();
  for (const [k, v] of Object.entries(fields)) body.append(k, v);
  body.append(route.fields.find((f) => f.type === 'file').name, new Blob([newPicture()], { type: 'image/jpeg' }), 'a.jpg');
  return ask(client, method, path, { headers, body });
}

test('every route with a parameter says whose it is', () => {
  const known = [...Object.keys(owned()), ...Object.keys(free)];
  assert.deepEqual(routes.filter((r) => r.path.includes('{') && !known.some((k) => r.path.startsWith(k))).map((r) => r.path), []);
});

test("another's id in an address is not found or forbidden, in every route, and changes nothing", { timeout: 300000 }, async () => {
  const before = [await at.citizen.read(`/nhap/${ids.draft}`), await at.citizen.read(`/ho-so/${ids.open}`), await at.citizen.read(`/ho-so/${ids.done}`)];
  const wrong = [];
  let n = 0;
  for (const d of doors(routes).filter((x) => x.route.path.includes('{'))) {
    const key = Object.keys(owned()).filter((k) => d.route.path.startsWith(k)).sort((a, b) => b.length - a.length)[0];
    if (!key) continue;
    const whose = owned()[key];
    const who = whose.who === 'office' ? holder(d.route.permission) : whose.who;
    const r = await send(them[who], d.route.method, d.address((name) => whose[name] ?? '1'), d.route);
    n++;
    if (![403, 404].includes(r.status)) wrong.push(`${who} ${d.name}: ${r.status} ${r.location ?? r.text.slice(0, 300)}`);
  }
  assert.ok(n > 100, `${n} asked`);
  assert.deepEqual(wrong, []);
  const later = [await at.citizen.read(`/nhap/${ids.draft}`), await at.citizen.read(`/ho-so/${ids.open}`), await at.citizen.read(`/ho-so/${ids.done}`)];
  assert.deepEqual(later, before);
});

test("one's own address with another's id inside it", async () => {
  const me = new Program(server, at.contract);
  me.client = them.citizen;
  const post = async (path, body) => ask(them.citizen, 'POST', path, { body: new URLSearchParams(body), headers: { origin: server.url, 'x-csrf-token': tokens.get(them.citizen) } });
  const begun = await post(`/nop/${journey.procedure}`, { xa: demo.unit });
  assert.equal(begun.status, 303);
  const mine = begun.location;
  for (const [method, path, body] of [
    ['GET', `${mine}/giay-to/${ids.paper}`], ['POST', `${mine}/giay-to/${ids.paper}/bo`, {}],
    ['POST', `${mine}/giay-to/dung-lai`, { loai: 'khai-tu-vo-chong', giay: ids.record }],
  ]) {
    const r = method === 'GET' ? await ask(them.citizen, 'GET', path) : await post(path, body);
    assert.ok([403, 404].includes(r.status), `${method} ${path}: ${r.status} ${r.text.slice(0, 200)}`);
  }
});

test("another's id in a body does nothing", async () => {
  const act = (client, path, body) => ask(client, 'POST', path, { body: new URLSearchParams(body), headers: { origin: server.url, 'x-csrf-token': tokens.get(client) } });
  const owner = await signedIn(demo.citizen);
  const session = /name="id" value="(\d+)"/.exec((await owner.get('/tai-khoan/phien')).text)[1];
  const leader = await signedIn(officers.leader);
  const position = /<option value="(\d+)"/.exec((await leader.get('/tai-khoan/uy-quyen')).text)[1];
  const today = dayIn().iso;
  const cases = [
    ['citizen', '/tai-khoan/phien', { id: session }, 'to end a session of somebody'],
    ['citizen', '/tai-khoan/dai-dien', { id: ids.record }, 'to represent whom one does not'],
    ['leader', '/tai-khoan/uy-quyen', { position, to: officers.specialist, from: today, until: today, reason: 'x' }, "to lend another's position"],
    ['leader', '/can-bo/ky/tra-lai', { viec: ids.waiting, note: 'x' }, 'to send back for another unit'],
    ['operator', '/quan-tri/vi-tri/ket-thuc', { id: ids.position }, 'to end a position of another unit'],
  ];
  for (const [who, path, body, what] of cases) {
    const r = await act(them[who], path, body);
    assert.ok(r.status >= 400 && r.status < 500, `${what}: ${r.status} ${r.location}`);
  }
  const signed = await act(them.leader, '/can-bo/ky', { viec: ids.waiting, pin: demo.pin });
  const { number } = await at.leader.read(ids.unsigned.office);
  assert.ok(signed.status >= 400 || (signed.status === 200 && !signed.text.includes(number)), `to sign for another unit: ${signed.status}`);
  assert.equal((await at.leader.read(ids.unsigned.office)).task, ids.waiting, 'still to be signed');
  const accepted = await act(them.receiver, '/can-bo/tiep-nhan', { mot: ids.task });
  assert.ok(accepted.status >= 400 || /xong=0&loi=1/.test(accepted.location), `to accept for another unit: ${accepted.status} ${accepted.location}`);
  assert.equal((await at.receiver.read(`/can-bo/ho-so/${ids.open}`)).task, ids.task, 'still to be accepted');
  for (const path of ['', '.csv', '.xlsx']) {
    const r = await ask(them.leader, 'GET', `/lanh-dao/danh-sach${path}?chi-so=open&don-vi=${ids.unit}`);
    assert.equal(r.status, 403, `figures of another unit${path}`);
  }
  assert.equal((await owner.get('/tai-khoan')).status, 200);
});

test("the exchange: one's own member's system is one's own, another's cannot be used to ask for access", async () => {
  const own = await signedIn(`tichhop.${demo.unit}`);
  assert.equal((await own.get(`/truc/he-thong/${ids.system}`)).status, 200);
  assert.equal((await own.get(`/truc/thoa-thuan/${ids.agreement}`)).status, 200);
  const r = await them.integrator.form(`/truc/dich-vu/${ids.service}/xin-phep`, { consumer: ids.system, operations: 'xac-minh',
    purpose: 'Dùng hệ thống của người khác', legal_basis: 'không có' });
  assert.ok([403, 404].includes(r.status), `${r.status}`);
  const again = await own.get(`/truc/thoa-thuan/${ids.agreement}`);
  assert.match(again.text, /Đang chờ chủ dịch vụ quyết định/);
});
