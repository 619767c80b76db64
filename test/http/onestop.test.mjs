// A whole dossier at the counter and on the officers' desks, with plain requests: found, filed on the person's
// behalf, accepted in two clicks, paid in cash, examined, signed with one PIN, handed over.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fill, forms, send } from '../lib/form.mjs';
import { pdfWords } from '../lib/pdf.mjs';
import { Client, dayIn, demo, officers, startServer, untilShown } from '../lib/server.mjs';

let server;
const at = {};
before(async () => {
  server = await startServer();
  for (const who of ['receiver', 'specialist', 'leader', 'cashier', 'inspector']) {
    at[who] = new Client(server);
    assert.equal((await at[who].signIn(officers[who])).status, 303);
  }
  at.second = new Client(server);
  assert.equal((await at.second.signIn(officers.receiver)).status, 303);
  at.citizen = new Client(server);
  assert.equal((await at.citizen.signIn()).status, 303);
});
after(() => server?.stop());

const answers = {
  'nguoi-yeu-cau': { 'a.ethnicity': /value="([^"]+)"[^>]*>Kinh</, 'a.nationality': /value="([^"]+)"[^>]*>Việt Nam</ },
  'lien-he': { 'a.phone': '0912 345 678' },
  'cap-cho-ai': { 'a.files_for': 'self' },
  'hon-nhan': { 'a.marital_history': 'never' },
  'thoi-gian': { 'a.period_kind': 'now', 'a.lived_elsewhere': 'false' },
  'muc-dich': { 'a.purpose': 'loan', 'a.n_wanted': '1', 'a.has_old_confirmation': 'false' },
  'le-phi': { 'a.fee_group': 'none' },
};
const jpeg = Buffer.from('/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q==', 'base64');
const formTo = (text, end) => forms(text).find((f) => f.action.endsWith(end));

async function person(client) {
  const found = await client.get(`/can-bo/quay/nguoi?q=${demo.citizen}`);
  assert.equal(found.status, 200);
  assert.doesNotMatch(found.text, /Thị Mơ</, 'masked until opened');
  return /\/can-bo\/quay\/nguoi\/\d+/.exec(found.text)[0];
}

/** Files at the counter; gives the officer's address of the dossier. `more`: answers beside or instead of the usual ones. */
async function fileAtCounter(more = {}) {
  const c = at.receiver;
  const home = await person(c);
  const begun = await c.form(`${home}/nop`, { procedure: '1.004873', consent: 'present' }, { from: home });
  assert.equal(begun.status, 303, begun.text);
  const base = begun.location;
  let page = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 12 && page.includes('/trang/'); i++) {
    const { text } = await c.get(page);
    const changes = Object.fromEntries(Object.entries({ ...answers[page.split('/').pop()], ...more[page.split('/').pop()] })
      .map(([k, v]) => [k, v instanceof RegExp ? v.exec(text)[1] : v]));
    const r = await fill(c, page, changes, page);
    assert.equal(r.status, 303, `${page}: ${r.text.match(/id="errors"[\s\S]*?<\/ul>/)?.[0]}`);
    page = r.location;
  }
  assert.equal((await fill(c, `${base}/nhan`, { collect: 'counter', phone: '0912345678' })).status, 303);
  const check = await c.get(`${base}/xem-lai`);
  const done = await send(c, formTo(check.text, '/nop'), { cam_doan: '1' });
  assert.equal(done.status, 303, done.text);
  return `/can-bo/ho-so/${/\d+/.exec(done.location)[0]}`;
}

/** The words of a printed form. */
async function printed(dossier, form) {
  const pdf = await at.receiver.get(`${dossier}/in/${form}`);
  assert.equal(pdf.status, 200, `${form}: ${pdf.text}`);
  assert.match(pdf.headers.get('content-security-policy'), /frame-ancestors 'self'/);
  return pdfWords(pdf.bytes);
}

const taskOf = (text) => /\/can-bo\/viec\/(\d+)\//.exec(text)?.[1];

/** Presses the button of an outcome on the dossier page. */
async function press(client, dossier, outcome, more = {}) {
  const page = await untilShown(client, dossier, /\/can-bo\/viec\/\d+\/xong/); // a payment's news travels through the outbox
  const task = taskOf(page.text);
  return client.form(`/can-bo/viec/${task}/xong`, { outcome, version: /name="version" value="(\d+)"/.exec(page.text)[1], ...more },
    { from: dossier });
}

async function payCash(dossier) {
  const number = (await at.receiver.get(dossier)).text.match(/<h1 class="num">([^<]+)</)[1];
  const from = `/can-bo/thu-phi?so=${number}`;
  const page = await at.cashier.get(from);
  const bill = /\/can-bo\/thu-phi\/\d+/.exec(page.text)[0];
  const r = await at.cashier.form(bill, {}, { from });
  assert.equal(r.status, 303, r.text);
  await untilShown(at.receiver, dossier, /đã nộp/);
  return number;
}

test('nobody, a citizen and a wrong role are refused', async () => {
  assert.equal((await new Client(server).get('/can-bo')).status, 303);
  assert.equal((await at.citizen.get('/can-bo')).status, 403);
  assert.equal((await at.specialist.get('/can-bo/quay')).status, 403);
  assert.equal((await at.receiver.get('/can-bo/ky')).status, 403);
});

test('one dossier from the counter to the hand of its applicant', async () => {
  const dossier = await fileAtCounter();
  const inbox = await at.second.get('/can-bo');
  assert.match(inbox.text, new RegExp(`href="${dossier}"`));
  assert.doesNotMatch(inbox.text, /Thị Mơ</, 'the list is masked');
  const opened = await at.receiver.get(dossier);
  assert.match(opened.text, /Thị Mơ/);
  assert.match(opened.text, /070190900018/);

  const accepted = await press(at.receiver, dossier, 'accept');
  assert.equal(accepted.status, 303, accepted.text);
  assert.equal(accepted.location, dossier, 'the person waits for the receipt');
  const form01 = await printed(dossier, 'tiep-nhan-hen-tra');
  assert.match(form01, /GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ/);
  assert.match(form01, /Số điện thoại: 0912345678/, 'the telephone given for this dossier, not that of the register');
  assert.match(form01, /Thời điểm hẹn trả kết quả: \d+ giờ/);
  const form05 = await printed(dossier, 'kiem-soat');
  assert.match(form05, /Tiếp nhận/);
  assert.match(form05, /Trước hạn|Đúng hạn|Quá hạn/);
  assert.match(form05, /Cơ quan phối hợp: Không có/);
  assert.doesNotMatch(form05, /\b(accept|propose|sign|receive|examine)\b/, 'words, not codes');
  const forms = (await at.receiver.get(dossier)).text.match(/\/in\/[a-z-]+/g);
  assert.deepEqual(forms, ['/in/tiep-nhan-hen-tra', '/in/kiem-soat'], 'nothing was asked, refused or late');
  for (const form of ['yeu-cau-bo-sung', 'tu-choi', 'xin-loi', 'bien-lai', 'giay-khai-sinh']) {
    assert.equal((await at.receiver.get(`${dossier}/in/${form}`)).status, 404, form);
  }

  const number = await payCash(dossier);
  const book = await at.cashier.get('/can-bo/thu-phi');
  assert.match(book.text, /0000001\/\d{4}/, 'the day book has the receipt');
  for (const day of ['2026-02-01', '1/2/2026', '01/02/2026']) {
    assert.match((await at.cashier.get(`/can-bo/thu-phi?ngay=${day}`)).text, /name="ngay"[^>]*value="01\/02\/2026"/, day);
  }
  const cash = await at.cashier.get(`/can-bo/thu-phi?so=${number}`);
  const receipt = await at.cashier.get(/\/can-bo\/thu-phi\/\d+\/bien-lai.pdf/.exec(cash.text)[0]);
  const words = pdfWords(receipt.bytes);
  assert.match(words, /BIÊN LAI THU PHÍ, LỆ PHÍ/);
  assert.match(words, /Số: 0000001\/\d{4}/);
  assert.match(words, /Người nộp: Thị Mơ/);
  assert.match(words, new RegExp(`Hồ sơ: ${number}`));
  assert.match(words, /15\.000 đồng.*Tổng cộng: 15\.000 đồng \(Mười lăm nghìn đồng\)/);
  assert.match(words, /Hình thức: Tiền mặt/);
  assert.match(words, /Thời điểm thu: \d+ giờ \d\d phút, ngày \d\d\/\d\d\/\d{4}/);
  assert.match(words, new RegExp(`NGƯỜI THU TIỀN.*${officers.cashier.name ?? ''}`));
  const again = await at.cashier.request('POST', /\/can-bo\/thu-phi\/\d+(?=\/bien-lai)/.exec(cash.text)[0], {
    body: new URLSearchParams({ csrf: Client.token(cash.text) }), headers: { origin: server.url } });
  assert.equal(again.status, 303, 'pressed twice: no second receipt, no error page');
  assert.match((await at.cashier.get(again.location)).text, /Khoản này đã thu từ trước/);

  const proposed = await press(at.specialist, dossier, 'propose', { remark: 'đủ điều kiện' });
  assert.equal(proposed.status, 303, proposed.text);
  const draft = await at.leader.get(`${dossier}/du-thao`);
  assert.equal(draft.status, 200);
  assert.equal(draft.bytes.subarray(0, 5).toString(), '%PDF-');

  const list = await at.leader.get('/can-bo/ky');
  assert.match(list.text, new RegExp(number));
  const task = /name="viec" value="(\d+)"/.exec(list.text)[1];
  const wrong = await at.leader.form('/can-bo/ky', { viec: task, pin: '111111' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /href="#pin"/);
  const none = await at.leader.form('/can-bo/ky', { pin: demo.pin });
  assert.equal(none.status, 422);
  const signed = await at.leader.form('/can-bo/ky', { viec: task, pin: demo.pin });
  assert.equal(signed.status, 303, signed.text);
  assert.equal(signed.location, '/can-bo/ky?xong=1');

  const waiting = await at.receiver.get('/can-bo/quay/chua-nhan');
  assert.match(waiting.text, new RegExp(number));
  const page = await at.receiver.get(dossier);
  const hand = formTo(page.text, '/tra');
  const handed = await send(at.receiver, hand, { to_whom: 'Thị Mơ', checked: '1' });
  assert.equal(handed.status, 303, handed.text);
  const end = await at.receiver.get(dossier);
  assert.match(end.text, /Đã trả kết quả/);
  const result = /\/can-bo\/ket-qua\/\d+/.exec(end.text)[0];
  const pdf = await at.receiver.get(result);
  assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
  const register = pdfWords((await at.receiver.get('/can-bo/quay/so-theo-doi')).bytes);
  assert.match(register, /SỔ THEO DÕI HỒ SƠ/);
  assert.match(register, new RegExp(number));
});

test('a refusal is printed as form 03 with its number, its reason and who refused', async () => {
  const dossier = await fileAtCounter();
  const refused = await press(at.receiver, dossier, 'refuse', { note: 'Không thuộc thẩm quyền của xã' });
  assert.equal(refused.status, 303, refused.text);
  const form03 = await printed(dossier, 'tu-choi');
  assert.match(form03, /Số: 01\/TC/);
  assert.match(form03, /với lý do sau: Không thuộc thẩm quyền của xã/);
  assert.match(form03, /NGƯỜI TIẾP NHẬN HỒ SƠ \(Ký và ghi rõ họ tên\) \S+/);
  assert.match((await at.receiver.get(dossier)).text, /\/in\/tu-choi/);
});

test('a wrong receipt is declared void: the line stays, the fee is open again, the next receipt has another number', async () => {
  const dossier = await fileAtCounter();
  assert.equal((await press(at.receiver, dossier, 'accept')).status, 303);
  const number = await payCash(dossier);
  const from = `/can-bo/thu-phi?so=${number}`;
  const page = await at.cashier.get(from);
  const receipt = /Đã nộp, biên lai số <span class="num">([^<]+)</.exec(page.text)[1];
  assert.equal(formTo((await at.receiver.get(from)).text, '/huy'), undefined, 'only who may give money back');
  const form = formTo(page.text, '/huy');
  const bare = await send(at.cashier, form, { ly_do: ' ' });
  assert.equal(bare.status, 422);
  assert.match(bare.text, /href="#ly_do"/);
  const gone = await send(at.cashier, form, { ly_do: 'Thu nhầm hồ sơ của người khác' });
  assert.equal(gone.status, 303, gone.text);
  assert.equal((await send(at.cashier, form, { ly_do: 'lần nữa' })).status, 422, 'once');
  const open = await at.cashier.get(from);
  assert.match(open.text, /Chưa nộp/);
  assert.match(open.text, new RegExp(`<td class="num">${receipt}</td>[\\s\\S]*?Đã hủy[\\s\\S]*?Thu nhầm hồ sơ của người khác`));
  await untilShown(at.receiver, dossier, /chưa nộp/);
  assert.match((await at.receiver.get(dossier)).text, /Biên lai bị hủy[\s\S]*Thu nhầm hồ sơ/);
  await payCash(dossier);
  const next = /Đã nộp, biên lai số <span class="num">([^<]+)</.exec((await at.cashier.get(from)).text)[1];
  assert.ok(Number.parseInt(next, 10) > Number.parseInt(receipt, 10), `${next} after ${receipt}`);
  const csv = (await at.cashier.get('/can-bo/thu-phi/so-thu.csv')).text;
  const line = csv.split('\r\n').find((l) => l.includes(receipt));
  assert.match(line, /,0,.*Thu nhầm hồ sơ của người khác/);
  const sums = csv.split('\r\n').slice(1).map((l) => Number(/BB\w+,(\d+)/.exec(l)?.[1] ?? 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const book = pdfWords((await at.cashier.get('/can-bo/thu-phi/so-thu.pdf')).bytes);
  assert.match(book, /BẢNG KÊ THU PHÍ, LỆ PHÍ BẰNG TIỀN MẶT/);
  assert.match(book, new RegExp(`${receipt}.*ĐÃ HỦY.*Thu nhầm hồ sơ của người khác.*0 đồng`));
  assert.match(book, /Biên lai đã hủy: 1/);
  assert.match(book, new RegExp(`Tổng số tiền: ${String(total).replace(/\B(?=(\d{3})+$)/g, '\\.')} đồng`));
});

test('from the inbox a dossier is accepted with one press', async () => {
  const dossier = await fileAtCounter();
  const inbox = await at.receiver.get('/can-bo');
  const task = /name="mot" value="(\d+)"/.exec(inbox.text)[1];
  const r = await at.receiver.form('/can-bo/tiep-nhan', { vt: '0', loc: 'all', mot: task }, { from: '/can-bo' });
  assert.equal(r.location, '/can-bo?vt=0&loc=all&xong=1&loi=0');
  assert.match((await at.receiver.get(r.location)).text, /Đã tiếp nhận 1 hồ sơ/);
  assert.doesNotMatch((await at.receiver.get('/can-bo')).text, new RegExp(`href="${dossier}"`));
});

test('the second officer sees who was quicker, what changed, and keeps the own words', async () => {
  const dossier = await fileAtCounter();
  const page = await at.second.get(dossier);
  const late = forms(page.text).filter((f) => f.action.endsWith('/xong'));
  assert.equal((await press(at.receiver, dossier, 'accept')).status, 303);
  const r = await send(at.second, late.at(-1), { outcome: 'refuse', note: 'thiếu chữ ký ở trang hai' });
  assert.equal(r.status, 409, r.text);
  assert.match(r.text, /Hồ sơ vừa có thay đổi/);
  assert.match(r.text, /id="kept"[^>]*>thiếu chữ ký ở trang hai</);
  assert.match(r.text, /Tiếp nhận/);
});

test('everything missing is asked for once; the clock stands; the counter takes the answer', async () => {
  const dossier = await fileAtCounter();
  const ask = async (fields) => {
    const page = await at.receiver.get(dossier);
    return at.receiver.form(`/can-bo/viec/${taskOf(page.text)}/bo-sung`, fields, { from: dossier });
  };
  const empty = await ask({ words: ' ' });
  assert.equal(empty.status, 422);
  assert.match(empty.text, /href="#items"/);
  const asked = await ask({ words: 'Bản sao hộ chiếu\nẢnh chân dung' });
  assert.equal(asked.status, 303, asked.text);
  const waiting = await at.receiver.get('/can-bo?loc=waiting');
  assert.match(waiting.text, new RegExp(`href="${dossier}"`));
  const form02 = await printed(dossier, 'yeu-cau-bo-sung');
  assert.match(form02, /Số: \d+\/HDHS/);
  assert.match(form02, /1 Bản sao hộ chiếu 2 Ảnh chân dung/);
  assert.match(form02, /tạm dừng từ \d+ giờ/);
  const body = new FormData();
  body.append('csrf', Client.token((await at.receiver.get(dossier)).text));
  body.append('file', new Blob([jpeg], { type: 'image/jpeg' }), 'ho-chieu.jpg');
  const scanned = await at.receiver.request('POST', `${dossier}/giay-to`, { body, headers: { origin: server.url } });
  assert.equal(scanned.status, 303, scanned.text);
  const seen = await at.receiver.get(scanned.location.replace('#xem', '&xoay=1&phong=2'));
  assert.match(seen.text, /zoom-2 turn-1/);
  const paper = await at.receiver.get(/\/can-bo\/giay-to\/\d+/.exec(seen.text)[0]);
  assert.equal(paper.headers.get('content-type'), 'image/jpeg');
  const answered = await at.receiver.form(`${dossier}/da-bo-sung`, { answer: 'đủ' }, { from: dossier });
  assert.equal(answered.status, 303, answered.text);
  const again = await ask({ words: 'thêm nữa' });
  assert.equal(again.status, 422);
  assert.match(again.text, /một lần/);
  const refused = await press(at.receiver, dossier, 'refuse');
  assert.equal(refused.status, 422, 'a refusal needs a reason');
  assert.equal((await press(at.receiver, dossier, 'refuse', { note: 'không thuộc thẩm quyền' })).status, 303);
});

test('originals are kept and given back against signature and identity, with a slip and a list of what is held', async () => {
  const dossier = await fileAtCounter();
  const page = dossier.replace('/ho-so/', '/quay/giu/');
  assert.equal((await at.receiver.get(`${page}/phieu.pdf`)).status, 404, 'nothing is kept yet');
  const nameless = await at.receiver.form(page, { requirement: '', what: ' ', copies: '1' });
  assert.equal(nameless.status, 422);
  assert.match(nameless.text, /href="#what"/);
  assert.equal((await at.receiver.form(page, { what: 'Giấy chứng sinh', copies: '1' })).status, 303);
  assert.equal((await at.receiver.form(page, { what: 'Sổ hộ khẩu cũ', copies: '2' })).status, 303);
  const held = await at.receiver.get(page);
  assert.match(held.text, /Giấy chứng sinh \(1 bản\)/);
  const list = await at.receiver.get('/can-bo/quay/ban-chinh');
  assert.match(list.text, new RegExp(`href="${page}"[\\s\\S]*?Giấy chứng sinh`));
  assert.match(await printed(dossier, 'tiep-nhan-hen-tra'), /Sổ hộ khẩu cũ 2 bản chính gửi giữ tại quầy/, 'form 01 names them');
  const form = formTo(held.text, '/tra');
  const first = form.fields.get('giay');
  for (const [wrong, where] of [[{ given_id: '' }, 'given_id'], [{ signed: null }, 'signed'], [{ to_whom: ' ' }, 'to_whom']]) {
    const r = await send(at.receiver, form, { to_whom: 'Thị Mơ', given_id: '070190900018', signed: '1', ...wrong });
    assert.equal(r.status, 422, where);
    assert.match(r.text, new RegExp(`href="#${where}"`));
  }
  const back = await send(at.receiver, form, { giay: first, to_whom: 'Thị Mơ', given_id: '070190900018', signed: '1' });
  assert.equal(back.status, 303, back.text);
  const slip = pdfWords((await at.receiver.get(`${page}/phieu.pdf`)).bytes);
  assert.match(slip, /PHIẾU GIAO NHẬN BẢN CHÍNH/);
  assert.match(slip, /Giấy chứng sinh 1/);
  assert.match(slip, /Thị Mơ, số 070190900018/);
  assert.match(slip, /NGƯỜI NHẬN LẠI/);
  const after = await at.receiver.get(page);
  assert.match(after.text, /người ký nhận: Thị Mơ \(số giấy tờ 070190900018\)/);
  assert.equal((await send(at.receiver, form, { giay: first, to_whom: 'Thị Mơ', given_id: '070190900018', signed: '1' })).status, 409, 'once');
  assert.equal((after.text.match(/name="giay"/g) ?? []).length, 1, 'the other one is still held');
});

test('the register holds the days that were chosen, on paper and as a table', async () => {
  const dossier = await fileAtCounter();
  const number = (await at.receiver.get(dossier)).text.match(/<h1 class="num">([^<]+)</)[1];
  const start = await at.receiver.get('/can-bo/quay');
  const day = /name="den"[^>]*value="([^"]+)"/.exec(start.text)[1];
  assert.match(day, /^\d\d\/\d\d\/\d{4}$/);
  const pdf = pdfWords((await at.receiver.get(`/can-bo/quay/so-theo-doi?tu=${day}&den=${day}`)).bytes);
  assert.match(pdf, new RegExp(`Từ ${day} đến ${day}`));
  assert.match(pdf, new RegExp(number), 'the number stands on one line');
  assert.match(pdf, /Thị Mơ/);
  const csv = await at.receiver.get(`/can-bo/quay/so-theo-doi.csv?tu=${day}&den=${day}`);
  const line = csv.text.split('\r\n').find((l) => l.includes(number));
  assert.match(line, new RegExp(`0912345678.*${day}`));
  const old = await at.receiver.get('/can-bo/quay/so-theo-doi.csv?tu=01/01/2020&den=02/01/2020');
  assert.ok(!old.text.includes(number));
  for (const [query, where] of [['tu=hom-qua', 'tu'], [`tu=${day}&den=01/01/2020`, 'den']]) {
    const wrong = await at.receiver.get(`/can-bo/quay/so-theo-doi?${query}`);
    assert.equal(wrong.status, 422, query);
    assert.match(wrong.text, new RegExp(`href="#${where}"`), 'told, not ignored');
  }
});

test('a person is added with the numbers checked, given an account, and signs in once with its password', async () => {
  const c = at.receiver;
  const add = (fields) => c.form('/can-bo/quay/nguoi', { name: 'Điểu Sơn', 'birth-d': '1', 'birth-m': '2', 'birth-y': '1985', sex: 'male', ...fields },
    { from: '/can-bo/quay/nguoi?q=070085654321' });
  assert.equal((await add({ number: '07008565432' })).status, 422);
  assert.equal((await add({ number: '070185654321' })).status, 422, 'the number says female');
  const added = await add({ number: '070085654321' });
  assert.equal(added.status, 303, added.text);
  assert.equal((await add({ number: '070085654321' })).status, 422, 'taken');
  const home = added.location;
  assert.equal((await c.form(`${home}/tai-khoan`, {}, { from: home })).status, 422, 'identity first');
  const given = await c.form(`${home}/tai-khoan`, { checked: '1' }, { from: home });
  assert.equal(given.status, 200, given.text);
  const password = /big-number num">([^<]+)</.exec(given.text)[1];
  const own = new Client(server);
  assert.equal((await own.signIn('070085654321', password)).status, 303);
});

test('the API gives the same documents', async () => {
  const inbox = await at.receiver.get('/api/v1/can-bo', { headers: { accept: 'application/json' } });
  assert.equal(inbox.status, 200);
  const doc = inbox.json();
  assert.ok(Array.isArray(doc.rows));
  assert.ok(doc.tabs.length === 6);
  const csv = await at.receiver.get('/can-bo/viec.csv');
  assert.equal(csv.status, 200);
  assert.ok(csv.text.split('\r\n').length >= 2);
});

test('every list is a file too: CSV with its mark, XLSX, the same rows as the page; the reading is recorded', async () => {
  const number = (await at.receiver.get(await fileAtCounter())).text.match(/<h1 class="num">([^<]+)</)[1];
  const lists = [
    [at.receiver, '/can-bo/viec.csv', '/can-bo/viec.xlsx', 'viec'],
    [at.receiver, `/can-bo/tim?dang=csv&q=${number}`, `/can-bo/tim?dang=xlsx&q=${number}`, 'ho-so'],
    [at.receiver, '/can-bo/quay/chua-nhan?dang=csv', '/can-bo/quay/chua-nhan?dang=xlsx', 'chua-nhan'],
    [at.receiver, '/can-bo/quay/so-theo-doi.csv', '/can-bo/quay/so-theo-doi.xlsx', 'so-theo-doi'],
    [at.cashier, '/can-bo/thu-phi/so-thu.csv', '/can-bo/thu-phi/so-thu.xlsx', 'so-thu-[\\d-]+'],
  ];
  for (const [who, csvPath, xlsxPath, file] of lists) {
    const csv = await who.get(csvPath);
    assert.equal(csv.status, 200, csvPath);
    assert.match(csv.headers.get('content-type'), /text\/csv/, csvPath);
    assert.match(csv.headers.get('content-disposition'), new RegExp(`${file}\\.csv`));
    assert.equal(csv.bytes.subarray(0, 3).toString('hex'), 'efbbbf', csvPath);
    const xlsx = await who.get(xlsxPath);
    assert.equal(xlsx.status, 200, xlsxPath);
    assert.match(xlsx.headers.get('content-type'), /spreadsheetml/, xlsxPath);
    assert.match(xlsx.headers.get('content-disposition'), new RegExp(`${file}\\.xlsx`));
    assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK', xlsxPath);
  }
  const found = (await at.receiver.get(lists[1][1])).text;
  assert.match(found, new RegExp(`${number},`));
  assert.doesNotMatch(found, /Thị Mơ/, 'names stay masked');
  const page = await at.receiver.get(`/can-bo/tim?q=${number}`);
  assert.ok(page.text.includes(`/can-bo/tim?dang=csv&amp;q=${number}`), 'the page offers it');
  assert.equal((await at.receiver.get('/can-bo/tim?dang=exe&q=x')).status, 422);
});

test('an answer that is not what the record holds is marked for the officers, with what is held', async () => {
  const rowOf = (page, label) => new RegExp(`<dt>${label}</dt>\\s*<dd>([\\s\\S]*?)</dd>`).exec(page.text)[1];
  const usual = await at.receiver.get(await fileAtCounter());
  assert.doesNotMatch(rowOf(usual, 'Họ, chữ đệm, tên'), /Khác với/);
  const dossier = await fileAtCounter({ 'nguoi-yeu-cau': { 'a.full_name': 'Thị Mơ Khác' } });
  for (const who of [at.receiver, at.leader]) {
    const page = await who.get(dossier);
    assert.equal(page.status, 200);
    assert.match(rowOf(page, 'Họ, chữ đệm, tên'), /Thị Mơ Khác[\s\S]*Khác với dữ liệu đang giữ: Thị Mơ</);
    assert.doesNotMatch(rowOf(page, 'Số định danh cá nhân'), /Khác với/);
  }
  assert.match((await at.leader.get(`${dossier}?lang=en`)).text, /Differs from what is on record: Thị Mơ</);
});

test('an organisation at the counter: its representative is recorded with the paper of authority', async () => {
  const c = at.receiver;
  const code = '0100109106'; // the check digit is right
  const search = await c.get(`/can-bo/quay/nguoi?q=${code}`);
  assert.match(search.text, /<details id="to-chuc" open>/, 'a tax code nobody has opens the form');
  const add = (tax) => c.form('/can-bo/quay/to-chuc', { tax_code: tax, org_name: 'Hợp tác xã Điều Bom Bo' }, { from: `/can-bo/quay/nguoi?q=${code}` });
  assert.equal((await add('0100109107')).status, 422, 'a wrong check digit');
  const added = await add(code);
  assert.equal(added.status, 303, added.text);
  const home = added.location;
  const bare = await c.form(`${home}/nop`, { procedure: '1.013225' }, { from: home });
  assert.equal(bare.status, 422);
  for (const name of ['agent_name', 'agent_number', 'agent_by', 'agent_paper', 'agent_seen']) assert.match(bare.text, new RegExp(`href="#${name}"`));
  const agent = { procedure: '1.013225', agent_name: 'Thị Mơ', agent_number: demo.citizen, agent_by: 'letter', agent_paper: '12/GUQ ngày 20/11/2026', agent_seen: '1' };
  const begun = await c.form(`${home}/nop`, agent, { from: home });
  assert.equal(begun.status, 303, begun.text);
  const draft = await c.get(begun.location);
  assert.equal(draft.status, 200);
  assert.match((await c.get(`${begun.location}/xem-lai`)).text, /Hợp tác xã Điều Bom Bo/, 'it is filed for the organisation');
});

test('the day is counted and closed: no receipt afterwards, none is void, and the list keeps it', async () => {
  const today = dayIn(0).iso;
  const dossier = await fileAtCounter();
  const number = await payCash(dossier);
  const later = await fileAtCounter();
  const cash = await at.cashier.get('/can-bo/thu-phi');
  const sum = Number(/Theo sổ, ngày này thu ([\d.]+)/.exec(cash.text)[1].replaceAll('.', ''));
  assert.ok(sum > 0);
  const close = (fields) => at.cashier.form('/can-bo/thu-phi/khoa-so', { ngay: today, ...fields }, { from: '/can-bo/thu-phi' });
  const short = await close({ dem_duoc: String(sum - 1000) });
  assert.equal(short.status, 422, 'a difference needs a reason');
  assert.match(short.text, /href="#ly_do_lech"/);
  assert.match(short.text, new RegExp(`value="${sum - 1000}"`), 'what was typed is kept');
  assert.equal((await close({ dem_duoc: String(sum), ngay: dayIn(3).iso })).status, 422, 'not a day to come');
  const done = await close({ dem_duoc: String(sum - 1000), ly_do_lech: 'Trả thiếu tiền thối' });
  assert.equal(done.status, 303, done.text);
  const closed = await at.cashier.get('/can-bo/thu-phi');
  assert.match(closed.text, /đã khóa: không thu thêm/);
  assert.match(closed.text, /Trả thiếu tiền thối/);
  assert.equal(formTo(closed.text, '/khoa-so'), undefined);
  assert.equal((await at.cashier.form('/can-bo/thu-phi/khoa-so', { ngay: today, dem_duoc: String(sum) }, { from: `/can-bo/thu-phi?so=${number}` })).status, 422, 'once');

  const next = (await at.receiver.get(later)).text.match(/<h1 class="num">([^<]+)</)[1];
  const page = await at.cashier.get(`/can-bo/thu-phi?so=${next}`);
  const bill = forms(page.text).find((f) => /thu-phi\/\d+$/.test(f.action));
  const refused = await send(at.cashier, bill);
  assert.equal(refused.status, 422, 'no receipt into a closed day');
  assert.match(refused.text, /Sổ thu tiền mặt của ngày này đã khóa/);
  const paid = formTo((await at.cashier.get(`/can-bo/thu-phi?so=${number}`)).text, '/huy');
  assert.equal((await send(at.cashier, paid, { ly_do: 'nhầm' })).status, 422, 'and none is taken out of it');
  assert.match((await at.cashier.get('/can-bo/thu-phi/khoa-so')).text, /Trả thiếu tiền thối/);
  const book = pdfWords((await at.cashier.get('/can-bo/thu-phi/so-thu.pdf')).bytes);
  assert.match(book, /Chênh lệch: .*Trả thiếu tiền thối/);
  assert.match(book, /Mã kiểm sổ/);
});
