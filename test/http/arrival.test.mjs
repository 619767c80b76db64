// Dossiers that citizens file at the national portal enter the same inbox here: with papers, appointment and receipt back;
// once, whatever is repeated or lost; and what cannot be taken is kept with its reason for an operator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decide, formTo, signedIn } from '../lib/desk.mjs';
import { send } from '../lib/form.mjs';
import { demo, officers, startServer, until } from '../lib/server.mjs';

let server, citizen, operator, receiver;
before(async () => {
  server = await startServer({ args: ['--n', '0'] });
  citizen = await signedIn(server, demo.citizen);
  operator = await signedIn(server, officers.operator);
  receiver = await signedIn(server, officers.receiver);
});
after(() => server?.stop());

const behave = async (portal, mode) => {
  const at = `/truc/mo-phong/${portal}`;
  assert.equal((await operator.form(at, { mode }, { from: at })).status, 303);
};
const choose = async (connector) => assert.equal((await operator.form('/truc/cong', { connector })).status, 303);
/** The simulated portal hands a dossier over; its national number. */
async function handOver(portal, template, { what = 'new', national = '' } = {}) {
  const at = `/truc/mo-phong/${portal}`;
  const r = await operator.form(`${at}/giao`, { template, what, national }, { from: at });
  assert.equal(r.status, 303, r.text.slice(0, 300));
  return new URL(r.location, 'http://x').searchParams.get('ma');
}
const rowsOf = (r, i) => r.json().tables.at(i).rows.map((row) => row.cells.map((c) => c.value));
const table = async (path, title) => {
  const r = await operator.get(`/api/v1${path}`);
  assert.equal(r.status, 200, r.text.slice(0, 300));
  return r.json().tables.find((t) => t.title === title);
};
/** Our account of it: {state, number, told, why, href}. */
async function arrival(national) {
  const t = await table('/truc/cong', 'Hồ sơ cổng giao');
  const row = t.rows.find((x) => x.cells[1].value === national);
  return row && { href: row.cells[1].href, state: row.cells[2].value, number: row.cells[4].value, told: row.cells[5].value, why: row.cells[6].value };
}
const arrives = (national, state) => until(`${national} is ${state}`, async () => {
  const a = await arrival(national);
  return a?.state === state && !/chưa báo/.test(a.told) && a.told && a;
});
/** What the portal was told under a key, oldest first: [status, how often the same came again]. */
async function told(portal, key) {
  const r = await operator.get(`/api/v1/truc/mo-phong/${portal}?ma=${key}`);
  return rowsOf(r, -1).map((c) => [c[3], Number(c[4])]);
}
const deskOf = async (number) => {
  const r = await receiver.get(`/can-bo/tim?q=${number}`);
  const m = /\/can-bo\/ho-so\/\d+/.exec(r.status === 303 ? r.location : r.text);
  assert.ok(m, `${number} is not found at the desk: ${r.status}`);
  return m[0];
};

for (const portal of ['dvcqg-mc', 'dvcqg']) {
  test(`${portal}: a dossier arrives with its paper, its receipt and statuses go back in order`, async () => {
    await choose(portal);
    const national = await handOver(portal, 'du');
    const a = await arrives(national, 'Đã nhận');
    assert.match(a.number, /^25405-\d{6}-\d{4}$/);
    const desk = await deskOf(a.number);
    const page = await receiver.get(desk);
    assert.match(page.text, new RegExp(`Cổng dịch vụ công quốc gia[^<]*${national.replaceAll('.', '\\.')}`));
    assert.match(page.text, /trich-luc-khai-tu\.pdf/);
    // the applicant has an account here: there it is, with the readings
    const own = desk.replace('/can-bo', '');
    assert.ok((await citizen.get('/toi')).text.includes(a.number));
    assert.ok((await citizen.get(own)).text.includes(national));
    assert.match((await citizen.get('/toi/ai-da-xem')).text, /Nhận hồ sơ từ Cổng dịch vụ công quốc gia/);
    assert.equal((await decide(receiver, desk, 'accept')).status, 303);
    await until('the work is told', async () => (await told(portal, a.number)).some(([s]) => s === '4'));
    assert.deepEqual(await told(portal, national), [['taken', 0]], 'one receipt');
    assert.deepEqual(await told(portal, a.number), [['2', 0], ['4', 0]], 'then each status, once');
    // the paper came from the portal: it is told nothing of it but the number it gave itself
    const r = await operator.get(`/api/v1/truc/mo-phong/${portal}?ma=${a.number}`);
    const known = Object.fromEntries(rowsOf(r, -2));
    assert.match(known.unit_code, /25405/);
    if (portal === 'dvcqg') assert.deepEqual(JSON.parse(known.papers).map((p) => [p.file, p.requirement]), [['t1', 'trich-luc-khai-tu-cua-nguoi-mat']]);
    if (portal === 'dvcqg') assert.deepEqual((await told(portal, JSON.parse(known.papers)[0].hash)), [], 'not sent back');
  });
}

test('handed over again, answers lost: one dossier, one receipt', async () => {
  await choose('dvcqg-mc');
  const national = await handOver('dvcqg-mc', 'xa-cu');
  const { number } = await arrives(national, 'Đã nhận');
  assert.equal(await handOver('dvcqg-mc', '', { national }), national);
  await until('the portal hears it again', async () => (await told('dvcqg-mc', national))[0][1] === 1);
  assert.equal((await arrival(national)).number, number);
  await behave('dvcqg-mc', 'lossy');
  const lost = await handOver('dvcqg-mc', 'du');
  await until('the line is seen as away', async () => /không trả lời, thử lại lúc/.test((await operator.get('/truc/cong')).text));
  await behave('dvcqg-mc', 'normal');
  const a = await arrives(lost, 'Đã nhận');
  assert.equal((await told('dvcqg-mc', lost)).filter(([s]) => s === 'taken').length, 1);
  const found = await receiver.get(`/can-bo/tim?q=${a.number}`);
  assert.equal(new Set(`${found.location ?? ''}${found.text}`.match(/\/can-bo\/ho-so\/\d+/g)).size, 1);
});

test('the portal is away: nothing is lost, and work goes on when it is back', async () => {
  await behave('dvcqg-mc', 'down');
  const national = await handOver('dvcqg-mc', 'du');
  await until('it is seen', async () => /không trả lời, thử lại lúc/.test((await operator.get('/truc/cong')).text));
  assert.equal(await arrival(national), undefined);
  await behave('dvcqg-mc', 'normal');
  await arrives(national, 'Đã nhận');
});

test('what cannot be taken is held with its reason, told to the portal, and is the operator\'s to decide', async () => {
  const cases = {
    'thu-tuc-la': /không có thủ tục mang mã này.*9\.999999/, 'don-vi-la': /Không biết cơ quan.*H55\.242/, 'don-vi-tach': /nhiều đơn vị/,
    'ten-khac': /người có tên khác/, 'thieu-loi-khai': /Tờ khai chưa đúng.*request/, 'thieu-giay': /Hồ sơ chưa đủ.*trich-luc-khai-tu/,
    'giay-hong': /trich-luc-khai-tu\.pdf: .*(hỏng|đọc)/i, 'giay-doi': /khác với mã băm/, 'giay-mat': /không lấy được tệp/,
  };
  const numbers = {};
  for (const name of Object.keys(cases)) numbers[name] = await handOver('dvcqg-mc', name);
  for (const [name, why] of Object.entries(cases)) {
    const a = await arrives(numbers[name], 'Chờ xem xét');
    assert.match(a.why, why, name);
    assert.equal(a.number, '');
    assert.deepEqual(await told('dvcqg-mc', numbers[name]), [['held', 0]], name);
  }
  assert.match((await operator.get('/truc/cong')).text, /9 hồ sơ cổng giao đang chờ xem xét/);

  // replay: the same reason stands, and is told under a name of its own
  let at = (await arrival(numbers['thu-tuc-la'])).href;
  let page = await operator.get(at);
  assert.equal((await send(operator, formTo(page.text, page.text.match(/\/truc\/cong\/xu-ly-lai\/\d+/)[0]), {})).status, 303);
  await until('held once more', async () => (await operator.get(at)).text.includes('Chờ xem xét') && (await told('dvcqg-mc', numbers['thu-tuc-la']))[0][1] === 1);

  // given back, with a reason
  page = await operator.get(at);
  const back = formTo(page.text, page.text.match(/\/truc\/cong\/tra-ve\/\d+/)[0]);
  assert.equal((await send(operator, back, { reason: '' })).status, 422);
  assert.equal((await send(operator, back, { reason: 'Thủ tục không thuộc thẩm quyền của tỉnh' })).status, 303);
  const refused = await arrives(numbers['thu-tuc-la'], 'Đã trả về cổng');
  assert.match(refused.why, /không thuộc thẩm quyền/);
  assert.equal((await told('dvcqg-mc', numbers['thu-tuc-la'])).at(-1)[0], 'refused');

  // the applicant mends it at the portal
  await handOver('dvcqg-mc', '', { what: 'changed', national: numbers['thieu-giay'] });
  const mended = await arrives(numbers['thieu-giay'], 'Đã nhận');
  assert.match(mended.number, /^25405-/);
  // or thinks better of it
  await handOver('dvcqg-mc', '', { what: 'withdrawn', national: numbers['giay-hong'] });
  await arrives(numbers['giay-hong'], 'Đã rút trên cổng');
});

test('somebody new gets a record; a change reaches the officer; a withdrawal is one, while there is time', async () => {
  const stranger = await arrives(await handOver('dvcqg-mc', 'nguoi-moi'), 'Đã nhận');
  assert.match((await receiver.get(await deskOf(stranger.number))).text, /Điểu Krang/);

  const national = await handOver('dvcqg-mc', 'du');
  const { number } = await arrives(national, 'Đã nhận');
  const desk = await deskOf(number);
  await handOver('dvcqg-mc', '', { what: 'changed', national });
  await until('the change is told', async () => (await told('dvcqg-mc', national)).some(([s]) => s === 'changed'));
  const page = (await receiver.get(desk)).text;
  assert.match(page, /Người nộp thay đổi hồ sơ trên Cổng/);
  assert.match(page, /quan-he\.pdf/);

  await handOver('dvcqg-mc', '', { what: 'withdrawn', national });
  await until('the withdrawal is told', async () => (await told('dvcqg-mc', number)).some(([s]) => s === '7'));
  assert.match((await citizen.get(desk.replace('/can-bo', ''))).text, /rút/);
  await handOver('dvcqg-mc', '', { what: 'changed', national });
  await until('too late', async () => (await told('dvcqg-mc', national)).some(([s]) => s === 'late'));
  assert.deepEqual((await told('dvcqg-mc', national)).map(([s]) => s), ['taken', 'changed', 'withdrawn', 'late']);
});

test('papers that we asked for come by the portal: the request is answered and the clock goes on', async () => {
  const national = await handOver('dvcqg-mc', 'du');
  const { number } = await arrives(national, 'Đã nhận');
  const desk = await deskOf(number);
  const form = formTo((await receiver.get(desk)).text, '/bo-sung');
  assert.ok(form, 'the receiver may ask for papers');
  const asked = await send(receiver, form, { words: 'Giấy tờ về quan hệ' });
  assert.equal(asked.status, 303, asked.text.slice(0, 400));
  await until('the request is told', async () => (await told('dvcqg-mc', number)).some(([s]) => s === '5'));
  await handOver('dvcqg-mc', '', { what: 'changed', national });
  await until('the answer is told', async () => (await told('dvcqg-mc', national)).some(([s]) => s === 'changed'));
  assert.match((await receiver.get(desk)).text, /Đã gửi thêm giấy tờ về quan hệ/);
});
