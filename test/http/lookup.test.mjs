// Forms ask other registers through the exchange: the birth form the population database, the household business the tax office.
// Works without a script; when nobody is found or nobody answers, one types on and the officer sees that it was not checked.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decide, deskOf, signedIn } from '../lib/desk.mjs';
import { newPicture } from '../lib/filing.mjs';
import { fill, forms, send, upload } from '../lib/form.mjs';
import { isPostgres } from '../lib/postgres.mjs';
import { demo, dropDir, newDir, officers, startServer } from '../lib/server.mjs';

const father = { 'a.father_name': 'Điểu Sơn', 'a.father_id': '070088000017', 'a.father_birth-d': '2', 'a.father_birth-m': '5', 'a.father_birth-y': '1988' };
const day = (name, at) => ({ [`a.${name}-d`]: String(at.getUTCDate()), [`a.${name}-m`]: String(at.getUTCMonth() + 1), [`a.${name}-y`]: String(at.getUTCFullYear()) });
const bornAt = new Date(Date.now() - 20 * 86400e3);
const birth = {
  'nguoi-yeu-cau': { 'a.applicant_relation': 'mother' },
  con: { 'a.child_name': 'Điểu Thị Hoa', ...day('child_birth', bornAt), 'a.child_sex': 'female', 'a.child_ethnicity': '22', 'a.child_nationality': 'VN', 'a.child_hometown': 'Bom Bo, Đồng Nai' },
  'noi-sinh': { 'a.birth_place_kind': 'hospital', 'a.birth_place': 'Trung tâm Y tế Bù Đăng', 'a.has_birth_notice': 'true', 'a.birth_notice_no': '12/2026', ...day('birth_notice_date', bornAt) },
  'hon-nhan-cha-me': { 'a.parents_married': 'true', 'a.parents_marriage_no': '' },
  'nhan-giay': { 'a.n_copies': '0', 'a.draft_by': 'online', 'a.is_true': '1' },
};
const faults = (r) => r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0] ?? r.text.slice(0, 300);
let server, citizen, operator;

before(async () => {
  server = await startServer({ args: ['--n', '0'] });
  citizen = await signedIn(server, demo.citizen);
  operator = await signedIn(server, officers.operator);
});
after(() => server?.stop());

/** Fills page after page until one of them is named `until`; its address. */
async function upTo(base, until) {
  let at = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 14 && at.includes('/trang/') && !at.endsWith(`/${until}`); i++) {
    const r = await fill(citizen, at, birth[at.split('/').pop()] ?? {});
    assert.equal(r.status, 303, `${at}: ${faults(r)}`);
    at = r.location;
  }
  return at;
}
const begin = async (code, more = {}) => {
  const r = await fill(citizen, `/nop/${code}`, { xa: demo.unit, ...more });
  assert.equal(r.status, 303, faults(r));
  return r.location;
};
const fieldsOf = async (at) => forms((await citizen.get(at)).text).find((f) => f.action === at).fields;
/** Presses the look-up of a page with what is typed there. */
async function look(at, id, changes = {}) {
  const page = forms((await citizen.get(at)).text).find((f) => f.action === at);
  return send(citizen, { ...page, action: `${at}/tra/${id}` }, changes);
}
const behave = async (service, mode) => assert.equal((await operator.form(`/truc/mo-phong/${service}`, { mode }, { from: `/truc/mo-phong/${service}` })).status, 303);

test('birth: the mother who files is not asked for her own data again, and sees where they come from', async () => {
  const base = await begin('1.001193');
  const at = await upTo(base, 'me');
  assert.match(at, /\/trang\/me$/);
  const { text } = await citizen.get(at);
  const fields = await fieldsOf(at);
  assert.equal(fields.get('a.mother_name'), 'Thị Mơ');
  assert.equal(fields.get('a.mother_id'), demo.citizen);
  assert.equal(fields.get('a.mother_birth-y'), '1990');
  assert.ok(fields.get('a.mother_ethnicity'));
  assert.equal(fields.get('a.mother_nationality'), 'VN');
  assert.equal(fields.get('a.mother_home.unit'), demo.unit);
  assert.ok((text.match(/class="source"/g) ?? []).length >= 6, 'each says its source');
  // she says she is the grandmother after all: nothing of hers stays as the mother's
  await fill(citizen, `${base}/trang/nguoi-yeu-cau`, { 'a.applicant_relation': 'grandparent' });
  assert.equal((await fieldsOf(at)).get('a.mother_name'), '');
  await fill(citizen, `${base}/trang/nguoi-yeu-cau`, { 'a.applicant_relation': 'mother' });
  assert.equal((await fieldsOf(at)).get('a.mother_name'), 'Thị Mơ');
});

test('birth: the father is found by number, name and birth date, without a script; he and the officer see it', async () => {
  const base = await begin('1.001193');
  const at = await upTo(base, 'cha');
  assert.match(at, /\/trang\/cha$/);
  const page = await citizen.get(at);
  assert.match(page.text, /formaction="[^"]*\/trang\/cha\/tra\/cha"/);
  const early = await look(at, 'cha', { 'a.father_name': 'Điểu Sơn' });
  assert.equal(early.status, 422);
  assert.match(early.text, /href="#a\.father_id"/);
  assert.doesNotMatch(early.text, /href="#a\.father_ethnicity"/, 'only what is asked with must be there');
  assert.equal((await fieldsOf(at)).get('a.father_name'), 'Điểu Sơn', 'what was typed is kept');
  const wrong = await look(at, 'cha', { ...father, 'a.father_name': 'Điểu Khác' });
  assert.equal(wrong.status, 303);
  assert.match(wrong.location, /#tra-cha$/);
  assert.match((await citizen.get(at)).text, /Không tìm thấy người có đủ các thông tin này/);
  assert.equal((await look(at, 'cha', father)).status, 303);
  const found = await citizen.get(at);
  assert.match(found.text, /Khớp với Cơ sở dữ liệu quốc gia về dân cư \(mô phỏng\)/);
  const fields = await fieldsOf(at);
  assert.ok(fields.get('a.father_ethnicity'));
  assert.equal(fields.get('a.father_nationality'), 'VN');
  assert.equal(fields.get('a.father_home.unit'), demo.unit);
  assert.match(found.text, /Lấy từ Cơ sở dữ liệu quốc gia về dân cư \(mô phỏng\)/);

  const next = await fill(citizen, at);
  assert.equal(next.status, 303, faults(next));
  const rest = await upTo(base, 'giay-to');
  assert.match(rest, /giay-to$/);
  await upload(citizen, rest, { loai: 'giay-chung-sinh' }, [{ name: 'cs.jpg', type: 'image/jpeg', bytes: newPicture() }]);
  await fill(citizen, `${base}/nhan`, { collect: 'counter', phone: '0912345678' });
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  assert.equal(done.status, 303, faults(done));
  const desk = deskOf(done.location.replace('/bien-nhan', ''));
  const seen = await (await signedIn(server, officers.receiver)).get(desk);
  assert.match(seen.text, /Khớp với Cơ sở dữ liệu quốc gia về dân cư \(mô phỏng\), \d/);
  assert.match(seen.text, /Chưa kiểm tra/, 'the mother was not looked up, and it says so');
  assert.match(seen.text, /Lấy từ Cơ sở dữ liệu quốc gia về dân cư/);
});

test('the question stands in the exchange with purpose and draft, and the person sees the reading', async () => {
  const base = await begin('1.001193');
  const at = await upTo(base, 'me');
  assert.equal((await look(at, 'me')).status, 303);
  assert.match((await citizen.get(at)).text, /Khớp với/);
  const own = await citizen.get('/toi/ai-da-xem');
  assert.match(own.text, /Xác minh cha, mẹ khi khai sinh, hỏi qua trục tích hợp/);
  const asked = await operator.get('/truc/quoc-gia');
  assert.match(asked.text, /dan-cu\/xac-minh<\/td><td[^>]*>Xác minh cha, mẹ khi khai sinh, hỏi qua trục tích hợp<\/td><td[^>]*>bản nháp \d+/);
});

test('the register is away: one types on by hand, files, and the officer sees that it was not checked', async () => {
  const base = await begin('1.001193');
  const at = await upTo(base, 'cha');
  await behave('dan-cu', 'down');
  try {
    assert.equal((await look(at, 'cha', father)).status, 303);
    assert.match((await citizen.get(at)).text, /nơi giữ dữ liệu không trả lời. Xin tự điền tiếp/);
    const typed = await fill(citizen, at, { ...father, 'a.father_ethnicity': '22', 'a.father_nationality': 'VN', 'a.father_home.unit': demo.unit, 'a.father_home.line': 'Sóc Bom Bo' });
    assert.equal(typed.status, 303, faults(typed));
    const rest = await upTo(base, 'giay-to');
    await upload(citizen, rest, { loai: 'giay-chung-sinh' }, [{ name: 'cs.jpg', type: 'image/jpeg', bytes: newPicture() }]);
    await fill(citizen, `${base}/nhan`, { collect: 'counter', phone: '0912345678' });
    const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
    assert.equal(done.status, 303, faults(done));
    const officer = await signedIn(server, officers.receiver);
    const desk = deskOf(done.location.replace('/bien-nhan', ''));
    assert.match((await officer.get(desk)).text, /Chưa kiểm tra được: nơi giữ dữ liệu không trả lời/);
    assert.equal((await decide(officer, desk, 'accept')).status, 303);
  } finally {
    await behave('dan-cu', 'normal');
  }
});

test('what failed while the register was away is put again by the operator', async () => {
  const failed = async () => [...(await operator.get('/truc/quoc-gia?loi=1')).text.matchAll(/quoc-gia\/hoi-lai"[\s\S]*?name="id" value="(\d+)"/g)].map((m) => m[1]);
  const [id] = await failed();
  assert.ok(id);
  assert.equal((await operator.form('/truc/quoc-gia/hoi-lai', { id }, { from: '/truc/quoc-gia?loi=1' })).status, 303);
  assert.match((await operator.get('/truc/quoc-gia')).text, /Đã hỏi lại và có trả lời/);
});

test('household business: the owner\'s tax identity is checked by the 12-digit number', async () => {
  const base = await begin('1.001612', { cho: 'self' });
  const at = `${base}/trang/nguoi-yeu-cau`;
  assert.match((await citizen.get(at)).text, /Kiểm tra mã số thuế/);
  assert.equal((await look(at, 'thue')).status, 303);
  assert.match((await citizen.get(at)).text, /Khớp với Hệ thống đăng ký thuế \(mô phỏng\)/);
  assert.equal((await look(at, 'thue', { 'a.full_name': 'Người Khác' })).status, 303);
  assert.match((await citizen.get(at)).text, /Không tìm thấy người có đủ/);
  assert.match((await citizen.get('/toi/ai-da-xem')).text, /Kiểm tra mã số thuế của chủ hộ/);
});

test('nobody walks through the register: look-ups are limited, and what is typed is kept', async () => {
  const base = await begin('1.001193');
  const at = await upTo(base, 'cha');
  for (let i = 0; i < 30; i++) {
    assert.equal((await look(at, 'cha', { ...father, 'a.father_id': `0700880009${String(i).padStart(2, '0')}` })).status, 303);
    if (/nhiều lần trong một giờ/.test((await citizen.get(at)).text)) {
      assert.equal((await fieldsOf(at)).get('a.father_name'), 'Điểu Sơn');
      assert.equal((await citizen.request('POST', `${at}/tra/khong-co`, { body: new URLSearchParams(), headers: { origin: server.url } })).status, 403);
      return;
    }
  }
  assert.fail('thirty look-ups in a row were let through');
});

test('a real service behind the connector is told purpose, dossier and who asks', { skip: isPostgres && 'of the embedded store' }, async () => {
  const seen = [];
  const register = http.createServer((rq, rs) => { seen.push(rq.headers); rs.writeHead(503).end(); }).listen(0, '127.0.0.1');
  await once(register, 'listening');
  const data = newDir(), before = citizen;
  let other = await startServer({ data, args: ['--n', '0'] });
  await other.stop();
  const moved = spawnSync('/usr/bin/python3', ['-c', 'import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n'
    + 'assert c.execute("UPDATE exchange_service SET endpoint = ? WHERE code = \'cong-dan\'", (sys.argv[2],)).rowcount == 1\nc.commit()',
  join(data, 'bombo.db'), `http://127.0.0.1:${register.address().port}`], { encoding: 'utf8' });
  assert.equal(moved.status, 0, moved.stderr);
  other = await startServer({ data, args: ['--n', '0'] });
  try {
    citizen = await signedIn(other, demo.citizen);
    const base = await begin('1.001193');
    const at = await upTo(base, 'me');
    assert.equal((await look(at, 'me')).status, 303);
    assert.match((await citizen.get(at)).text, /nơi giữ dữ liệu không trả lời/);
    assert.ok(seen.length >= 1);
    assert.equal(seen[0]['x-purpose'], 'parents');
    assert.equal(seen[0]['x-road-issue'], `draft-${/\d+$/.exec(base)[0]}`);
    assert.match(seen[0]['x-road-userid'], /^\d+$/);
    assert.match(seen[0]['x-road-id'], /\S/);
  } finally {
    citizen = before;
    await other.stop();
    dropDir(data);
    register.close();
  }
});
