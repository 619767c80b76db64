// The main job by API alone: programs with bearer tokens find a procedure, file a dossier, accept it, pay,
// decide, sign, fetch the result, read the figures. Every answer is held against the OpenAPI document.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { after, before, test } from 'node:test';
import { Contract, Program, makeToken, unmarkedWords } from '../lib/api.mjs';
import { newPicture } from '../lib/filing.mjs';
import * as journey from '../lib/journey.mjs';
import { qrOf } from '../lib/pdf.mjs';
import { Client, demo, officers, startServer } from '../lib/server.mjs';

let server, at;
const world = {}; // what was made on the way, for the walk over all documents
before(async () => {
  server = await startServer();
  at = await journey.programs(server);
});
after(async () => { await server?.stop(); });

const figure = async (who, metric) => (await who.read('/lanh-dao')).tiles.find((t) => t.metric === metric).value;

test('one dossier from the search to the signed result, programs only', { timeout: 300000 }, async () => {
  const before = Number(await figure(at.leader, 'done'));
  const hits = (await at.nobody.read('/tim?q=giay+doc+than')).hits;
  assert.equal(hits[0].href, `/thu-tuc/${journey.procedure}`);
  assert.equal((await at.nobody.read(hits[0].href)).start, `/nop/${journey.procedure}`);
  const schema = await at.nobody.read(`/nop/${journey.procedure}/mau-don`);
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');

  // the form: a misspelt member is told by its path, and nothing is kept
  const draft = await at.citizen.act(`/nop/${journey.procedure}`, { xa: demo.unit });
  const wrong = await at.citizen.post(`${draft}/tra-loi`, { full_nam: 'Thị Mơ' });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.json().errors[0].field, 'a.full_nam');
  assert.equal((await at.citizen.read(`${draft}/tra-loi`)).full_name, 'Thị Mơ', 'what was prefilled stays');
  world.draft = await journey.fillDraft(at.citizen);
  world.draft2 = await journey.fillDraft(at.citizen);
  assert.equal((await at.citizen.post(`${world.draft}/nop`, { cam_doan: true })).status, 422, 'a paper is missing');
  world.paper = (await journey.handIn(at.citizen, world.draft2))[0].given[0].paper_id;
  const papers = await journey.handIn(at.citizen, world.draft);
  assert.match(papers[0].given[0].hash, /^[0-9a-f]{64}$/);

  // submitted once, however often it is sent
  await at.citizen.act(`${world.draft}/nhan`, { collect: 'electronic', phone: '0912345678' });
  const key = { 'idempotency-key': randomUUID() };
  const first = await at.citizen.post(`${world.draft}/nop`, { cam_doan: true }, key);
  assert.equal(first.status, 201, first.text);
  const again = await at.citizen.post(`${world.draft}/nop`, { cam_doan: true }, key);
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const other = await at.citizen.post(`${world.draft}/nop`, { cam_doan: false }, key);
  assert.equal(other.status, 422);
  assert.equal(other.json().errors[0].field, 'Idempotency-Key');
  const id = /\d{6,}/.exec(first.json().location)[0];
  const d = { id, path: `/ho-so/${id}`, office: `/can-bo/ho-so/${id}` };
  world.dossier = d;
  const own = await at.citizen.read(d.path);
  d.number = own.number;
  assert.equal(own.status, 1);

  // followed by number and code, by anybody who has both
  const track = await at.nobody.read(`/tra-cuu?so=${own.number}&ma=${own.code}`);
  assert.match(JSON.stringify(track), new RegExp(own.number));
  assert.equal((await at.nobody.get(`/tra-cuu?so=${own.number}&ma=ZZZZZZZZZZ`)).status, 422);
  world.track = `?so=${own.number}&ma=${own.code}`;

  // the office
  assert.ok((await at.receiver.read('/can-bo')).rows.some((r) => r.id === id));
  assert.equal((await at.citizen.get(d.office)).status, 403);
  assert.equal((await at.specialist.get('/can-bo/ky')).status, 403, 'the token was not given dossier.sign');
  await journey.act(at.receiver, d, 'accept');
  const bill = await journey.pay(at.citizen, d);
  world.bill = bill.code;
  assert.equal((await at.citizen.read(`${d.path}/thanh-toan`)).is_paid, true);
  await journey.act(at.specialist, d, 'propose', { remark: 'đủ điều kiện' });
  const draftPdf = await at.leader.get(`${d.office}/du-thao`);
  assert.equal(draftPdf.bytes.subarray(0, 5).toString(), '%PDF-');
  assert.equal((await journey.sign(at.leader, d, '111111')).status, 422, 'a wrong PIN');
  assert.equal((await journey.sign(at.leader, d)).status, 201);

  // the result
  const done = await at.citizen.read(d.path);
  assert.equal(done.status, 10);
  const result = done.results[0];
  world.result = /\d+$/.exec(result.href)[0];
  const pdf = await at.citizen.get(result.href);
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
  world.pdf = pdf.bytes;
  world.hash = createHash('sha256').update(pdf.bytes).digest('hex');
  assert.equal(result.verify, `/kiem-tra/${world.hash}`);
  assert.equal((await at.nobody.read(result.verify)).is_valid, true);
  await at.citizen.read(`${d.path}/danh-gia`);
  await at.citizen.act(`${d.path}/danh-gia`, { stars: 5, loi: 'nhanh' });
  assert.ok((await at.citizen.read('/toi/giay-to')).records.some((r) => r.check === result.verify));
  assert.ok((await at.citizen.read('/toi/ai-da-xem')).entries.length > 0, 'the readings of the officers are told');

  // the figures, and the dossiers behind one
  await journey.until(async () => Number(await figure(at.leader, 'done')) === before + 1, 'counted');
  const tile = (await at.leader.read('/lanh-dao')).tiles.find((t) => t.metric === 'done');
  assert.ok(JSON.stringify(await at.leader.read(tile.href)).includes(own.number));
  world.figure = tile.href.slice(tile.href.indexOf('?'));
});

test('no upload leaves a file behind in the spool folder: taken, refused, cut off', { timeout: 180000 }, async () => {
  const spool = join(server.data, 'spool');
  const draft = await journey.fillDraft(at.citizen);
  const big = Buffer.concat([newPicture(), Buffer.alloc(300 << 10, 0x20)]);
  await journey.handIn(at.citizen, draft);
  for (const bytes of [big, Buffer.alloc(300 << 10, 0x41)]) { // a picture above what stays in memory, and no picture at all
    await at.citizen.upload(`${draft}/giay-to`, { loai: 'khai-tu-vo-chong' }, [{ name: 'a.jpg', type: 'image/jpeg', bytes }]);
  }
  const cut = net.connect(server.port, '127.0.0.1');
  cut.on('error', () => {});
  await once(cut, 'connect');
  cut.write(`POST /api/v1${draft}/giay-to HTTP/1.1\r\nHost: localhost:${server.port}\r\nAuthorization: ${at.citizen.client.headers.authorization}\r\n`
    + 'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n--b\r\n' + 'x'.repeat(200000));
  await journey.until(() => readdirSync(spool).length > 0, 'spooled');
  cut.destroy();
  await journey.until(() => readdirSync(spool).length === 0, 'tidied');
});

test('a token does what it was given and no more, and ends when its owner or an operator says so', async () => {
  const token = await makeToken(server, demo.citizen, ['correction.ask']);
  const narrow = new Program(server, at.contract, token);
  assert.equal((await narrow.get('/toi')).status, 403, 'one\'s dossiers need account.own');
  assert.equal((await narrow.post(`/nop/${journey.procedure}`, { xa: demo.unit })).status, 403);
  const c = new Client(server);
  await c.signIn();
  for (const perm of ['user.manage', 'dossier.sign', 'no.such']) {
    const page = await c.get('/tai-khoan/khoa');
    const body = new URLSearchParams({ csrf: Client.token(page.text), name: 'x', days: '7', perm });
    assert.equal((await c.request('POST', '/tai-khoan/khoa', { body, headers: { origin: server.url } })).status, 422, perm);
  }
  // by its owner: only the program that reads the own account is ended
  const mine = new Program(server, at.contract, await makeToken(server, officers.cashier, ['account.own']));
  await mine.read('/tai-khoan');
  const owner = new Client(server);
  await owner.signIn(officers.cashier);
  const mineId = /name="id" value="(\d+)"/.exec((await owner.get('/tai-khoan/khoa')).text)[1];
  assert.notEqual((await c.form('/tai-khoan/khoa/huy', { id: mineId }, { from: '/tai-khoan/khoa' })).status, 303, 'not another\'s');
  await mine.read('/tai-khoan');
  assert.equal((await owner.form('/tai-khoan/khoa/huy', { id: mineId }, { from: '/tai-khoan/khoa' })).status, 303);
  assert.equal((await mine.get('/tai-khoan')).status, 401);
  // by an operator
  const clerk = new Program(server, at.contract, await makeToken(server, officers.clerk, ['account.own']));
  await clerk.read('/tai-khoan');
  const op = new Client(server);
  await op.signIn(officers.operator);
  const list = new Program(server, at.contract);
  list.client = op;
  const row = (await list.read('/quan-tri/nguoi-dung?sau=vanthu.25404')).tables[0].rows[0];
  assert.equal(row.cells[1].value, officers.clerk);
  const user = row.cells[0].href;
  const id = /name="id" value="(\d+)"/.exec((await op.get(user)).text.split(`action="${user}/khoa"`)[1])[1];
  assert.equal((await op.form(`${user}/khoa`, { id }, { from: user })).status, 303);
  assert.equal((await clerk.get('/tai-khoan')).status, 401);
  assert.equal((await new Program(server, at.contract, 'bb_' + 'A'.repeat(43)).get('/toi/giay-to')).status, 401);
});

test('lists go on by key: every page once, nothing twice', async () => {
  const seen = [];
  let path = '/thu-tuc';
  for (let i = 0; path && i < 500; i++) {
    const page = await at.nobody.read(path);
    seen.push(...page.hits.map((h) => h.href));
    path = page.more;
  }
  assert.ok(seen.length > 60);
  assert.equal(new Set(seen).size, seen.length);
});

test('problem documents say the same thing in both languages', async () => {
  const vi = (await at.nobody.get('/tra-cuu?so=1&ma=x')).json();
  const en = (await at.nobody.request('GET', '/tra-cuu?so=1&ma=x', { headers: { 'accept-language': 'en' } })).json();
  assert.equal(vi.type, en.type);
  assert.deepEqual(vi.errors.map((e) => [e.field, e.code]), en.errors.map((e) => [e.field, e.code]));
  assert.notEqual(vi.title, en.title);
});

/** Whoever may, by what the operation asks for. */
async function everybody() {
  const people = new Map();
  for (const [role, login] of [['citizen', demo.citizen], ...Object.entries(officers)]) {
    const p = new Program(server, at.contract);
    assert.equal((await p.client.signIn(login)).status, 303);
    people.set(role, p);
  }
  people.set('nobody', at.nobody);
  return people;
}

test('every document of the API is as its schema says', { timeout: 300000 }, async () => {
  const { mayDo } = await import('../lib/routes.mjs');
  const people = await everybody();
  const receiver = people.get('receiver');
  const someone = (await receiver.read(`/can-bo/quay/nguoi?q=${demo.citizen}`)).rows[0];
  const open = await journey.file(at.citizen);
  const asked = await journey.file(at.citizen);
  const task = (await at.receiver.read(asked.office)).task;
  await at.receiver.act(`/can-bo/viec/${task}/bo-sung`, { words: 'Bản sao hộ chiếu' });
  const params = {
    '/toi/giay-to/{id}': { id: /\d+$/.exec((await at.citizen.read('/toi/giay-to')).records[0].href)[0] },
    '/nhap/{id}': { id: /\d{6,}/.exec(world.draft2)[0], page: 'lien-he', path: 'birth_date', paper: world.paper },
    '/ho-so/{id}': { id: world.dossier.id, result: world.result },
    '/ho-so/{id}/bo-sung': { id: asked.id },
    '/can-bo/ho-so/{id}': { id: open.id, form: 'kiem-soat' },
    '/can-bo/giay-to/{paper}': { paper: (await receiver.read(open.office)).papers[0].id },
    '/can-bo/ket-qua/{result}': { result: world.result },
    '/can-bo/quay/nguoi/{party}': { party: /\d+$/.exec(someone.href)[0] },
    '/can-bo/quay/giu/{id}': { id: open.id },
    '/can-bo/thu-phi/{bill}': { bill: (await receiver.read(`/can-bo/thu-phi?so=${world.dossier.number}`)).bills[0].id },
    '/quan-tri/nguoi-dung/{id}': { id: /\d+$/.exec((await people.get('operator').read('/quan-tri/nguoi-dung')).tables[0].rows[0].cells[0].href)[0] },
    '/quan-tri/vai-tro/{role}': { role: 'receiver' },
    '/quan-tri/goi-noi-dung/{version}': { version: /[^/]+$/.exec((await people.get('operator').read('/quan-tri/goi-noi-dung')).tables[0].rows[0].cells[0].href)[0] },
    '/don-vi/{key}': { key: `${demo.unit}@2025-07-01` },
    '/su-kien/{id}': { id: /su-kien\/([^"]+)"/.exec((await people.get('nobody').client.get('/')).text)[1] },
    '/lanh-dao/don-vi/{unit}': { unit: `${demo.unit}@2025-07-01` },
    '/kiem-tra/{hash}': { hash: world.hash },
    '/kiem-tra/k/{code}': { code: qrOf(world.pdf).slice(-12) },
    '/mo-phong/ngan-hang/{code}': { code: world.bill },
    '': { code: journey.procedure },
  };
  const queries = { '/tra-cuu': world.track, '/lanh-dao/danh-sach': world.figure, '/lanh-dao/danh-sach.csv': world.figure, '/lanh-dao/danh-sach.xlsx': world.figure,
    '/tim': '?q=khai+sinh', '/can-bo/quay/nguoi': `?q=${demo.citizen}` };
  const streams = new Set(['/can-bo/song', '/lanh-dao/song']); // they never end: access.test.mjs opens them
  // no paper was signed for, no original is kept, there is no draft certificate to confirm, none to sign yet, and what was rated sends on
  const notNow = new Map([['/toi/giay-to/{id}/phieu', 404], ['/can-bo/quay/giu/{id}/phieu.pdf', 404], ['/can-bo/ho-so/{id}/du-thao', 404], ['/ho-so/{id}/danh-gia', 303],
    ['/ho-so/{id}/xac-nhan', 409], ['/ho-so/{id}/xac-nhan.pdf', 409]]);
  const wrong = [];
  for (const o of at.contract.operations.filter((x) => x.method === 'GET' && !streams.has(x.path))) {
    const known = Object.entries(params).filter(([prefix]) => o.path.startsWith(prefix)).sort((a, b) => b[0].length - a[0].length)[0][1];
    const path = o.path.replace(/\{([^}]+)\}/g, (_, n) => known[n] ?? `no-${n}`) + (queries[o.path] ?? '');
    const role = [...people.keys()].find((r) => mayDo(r, o.op['x-permission']) && !(r === 'nobody' && o.op['x-permission'] !== 'public'));
    try {
      const r = await people.get(role).get(path);
      const isExchange = o.path.startsWith('/truc/') && o.path.includes('{'); // no member of the exchange is made here
      if (r.status !== (isExchange ? 404 : notNow.get(o.path) ?? 200)) wrong.push(`${role} ${path}: ${r.status} ${r.text.slice(0, 200)}`);
      const schema = o.op.responses[200]?.content['application/json']?.schema;
      if (r.status === 200 && schema) {
        const inLanguage = async (lang) => (await people.get(role).request('GET', path, { headers: { 'accept-language': lang } })).json();
        const [vi, en, again] = [await inLanguage('vi'), await inLanguage('en'), await inLanguage('vi')];
        const words = isDeepStrictEqual(vi, again) ? unmarkedWords(schema, vi, en) : [];
        for (const field of words) wrong.push(`${o.path}: ${field} is told in the reader's language: words, not str`);
      }
    } catch (e) {
      wrong.push(e.message);
    }
  }
  assert.deepEqual(wrong, []);
});
