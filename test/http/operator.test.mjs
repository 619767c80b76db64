// The operators' pages: each opens for the operator and for nobody else; acts change what they say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, dayIn, demo, officers, startServer } from '../lib/server.mjs';
import { totp } from '../lib/totp.mjs';

const pages = ['/quan-tri', '/quan-tri/suc-khoe', '/quan-tri/nguoi-dung', '/quan-tri/nguoi-dung/moi', '/quan-tri/vai-tro',
  '/quan-tri/vai-tro/receiver', '/quan-tri/hang-doi', '/quan-tri/goi-noi-dung',
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

const plain = (text) => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const rowOf = (page, word) => [...page.text.matchAll(/<tr[\s\S]*?<\/tr>/g)].map((m) => plain(m[0])).find((r) => r.includes(word)) ?? '';

test('an officer is renamed with a reason: the old name stays on the page, the ledger tells', async () => {
  const made = await post('/quan-tri/nguoi-dung', { personal_id: '070090000778', name: 'Lê Tu', login: 'letu', new_password: 'mot cau dai de nho' });
  const href = made.location;
  assert.equal((await new Client(server).signIn('letu', 'mot cau dai de nho')).status, 303);
  const rename = (new_name, reason) => post(`${href}/ten`, { new_name, reason }, href);
  assert.equal((await rename('Lê Tú', '')).status, 422, 'a reason');
  assert.equal((await rename('Lê Tu', 'Sai chính tả')).status, 422, 'the same');
  assert.equal((await rename('L3', 'Sai chính tả')).status, 422, 'no name');
  assert.equal((await rename('Lê Tú', 'Sai chính tả')).status, 303);
  const page = await op.get(href);
  assert.match(page.text, /<h1>Lê Tú \(letu\)/);
  assert.match(rowOf(page, 'Sai chính tả'), /Lê Tu /);
  assert.match((await op.get('/quan-tri/nguoi-dung?tim=letu')).text, /Lê Tú/);
  assert.equal((await new Client(server).signIn('letu', 'mot cau dai de nho')).status, 303);
  const ledger = await op.get(`/quan-tri/nhat-ky?doi-tuong=account:${href.split('/').pop()}`);
  assert.match(ledger.text, /Đổi tên người có tài khoản/);
  const signedIn = [...ledger.text.matchAll(/<tr[\s\S]*?<\/tr>/g)].map((m) => plain(m[0])).filter((r) => r.includes('Đăng nhập'));
  assert.equal(signedIn.length, 2, 'before and after');
  assert.match(signedIn[0], /Lê Tú /, 'the newest under the new name');
  assert.match(signedIn[1], /Lê Tu /, 'what was done before stands under the name of then');
});

test('officers are found by name without marks, by login, unit and role, each with its unit and role; the list is a file too', async () => {
  const byName = await op.get('/quan-tri/nguoi-dung?tim=motcua.25405');
  const row = rowOf(byName, 'motcua.25405');
  assert.match(row, /Xã Bom Bo/);
  assert.match(row, /Cán bộ một cửa/);
  assert.ok(byName.text.match(/<tr class/g).length < 10, 'the search narrows');
  const name = />([^<]+)<\/a><\/td><td data-label="Tên đăng nhập">motcua\.25405</.exec(byName.text)[1];
  const folded = name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase();
  assert.match((await op.get(`/quan-tri/nguoi-dung?tim=${encodeURIComponent(folded)}`)).text, />motcua\.25405</);
  const unit = /value="(25405@[^"]*)"/.exec(byName.text)[1];
  const ofUnit = await op.get(`/quan-tri/nguoi-dung?don-vi=${unit}&vai-tro=leader`);
  assert.match(ofUnit.text, />lanhdao\.25405</);
  assert.doesNotMatch(ofUnit.text, />motcua\./);
  assert.match((await op.get('/quan-tri/nguoi-dung?tim=khong-co-ai')).text, /Không có cán bộ nào như vậy/);
  const csv = await op.get(`/quan-tri/nguoi-dung?don-vi=${unit}&dang=csv`);
  assert.match(csv.headers.get('content-type'), /text\/csv/);
  const lines = csv.text.trim().split('\r\n');
  assert.match(lines[0], /^\ufeff?Tên,Tên đăng nhập,Đơn vị,Vai trò,/);
  assert.ok(lines.some((l) => /,lanhdao\.25405,Xã Bom Bo,Lãnh đạo,/.test(l)), csv.text);
  const all = await op.get('/quan-tri/nguoi-dung?dang=csv');
  assert.ok(all.text.trim().split('\r\n').length > 101, 'a file has the whole list, not one page of it');
  const xlsx = await op.get('/quan-tri/nguoi-dung?dang=xlsx');
  assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK');
  assert.match(xlsx.headers.get('content-disposition'), /can-bo\.xlsx/);
});

test('the ledger and the queues are files too; the file of the ledger masks names and is itself recorded', async () => {
  const csv = await op.get('/quan-tri/nhat-ky?dang=csv');
  assert.match(csv.headers.get('content-type'), /text\/csv/);
  const lines = csv.text.trim().split('\r\n');
  assert.ok(lines.length > 1);
  const name = /class="[^"]*user[^"]*"[^>]*>([^<]+)</.exec((await op.get('/quan-tri')).text)?.[1];
  assert.ok(name === undefined || !csv.text.includes(name), 'names are masked');
  assert.match((await op.get('/quan-tri/nhat-ky')).text, /file n=\d+/);
  assert.equal((await op.get('/quan-tri/nhat-ky?dang=xlsx')).bytes.subarray(0, 2).toString(), 'PK');
  assert.match((await op.get('/quan-tri/hang-doi?dang=csv')).headers.get('content-type'), /text\/csv/);
});

test('the register of certificates is a file too', async () => {
  const page = await op.get('/quan-tri/chung-thu');
  assert.match(page.text, /href="\/quan-tri\/chung-thu\?dang=csv"/);
  const csv = await op.get('/quan-tri/chung-thu?dang=csv');
  const lines = csv.text.trim().split('\r\n');
  assert.match(lines[0], /Tên,Loại,Số sê-ri,Từ ngày,Đến ngày,Tình trạng$/);
  const shown = (p) => p.text.match(/<tr class/g).length;
  let whole = shown(page);
  const next = (p) => /href="([^"]*)" rel="next"/.exec(p.text)?.[1];
  for (let at = next(page); at;) {
    const p = await op.get(at);
    whole += shown(p);
    at = next(p);
  }
  assert.equal(lines.length - 1, whole, 'all pages, not one');
  assert.match(csv.text, /,Con dấu cơ quan,/);
});

test('roles stand in words, with who holds them', async () => {
  const list = await op.get('/quan-tri/vai-tro');
  assert.match(rowOf(list, 'Cán bộ một cửa'), /Chỉ trong đơn vị của mình.*Tiếp nhận hoặc từ chối hồ sơ; /);
  assert.match(rowOf(list, 'Lãnh đạo'), /Đơn vị của mình và các đơn vị cấp dưới.*Ký kết quả/);
  assert.doesNotMatch(plain(list.text), /dossier\.[a-z]/, 'no code where words should stand');
  const role = await op.get('/quan-tri/vai-tro/operator');
  assert.match(rowOf(role, 'quantri.25405'), /Đang dùng/);
  assert.match(role.text, /Quản lý tài khoản, vị trí của cán bộ/);
  assert.match((await op.get('/quan-tri/vai-tro/citizen')).text, /Mọi người đã đăng nhập/);
  assert.equal((await op.get('/quan-tri/vai-tro/khong-co')).status, 404);
});

test('an officer who lost password and telephone comes back through the operator: sessions end, the ledger tells', async () => {
  const login = officers.clerk;
  const clerk = new Client(server);
  assert.equal((await clerk.signIn(login)).status, 303);
  const page = await clerk.get('/tai-khoan/xac-thuc');
  const key = /<code class="num">([A-Z2-7]{32})<\/code>/.exec(page.text)[1];
  const secret = /name="secret" value="([0-9a-f]{40})"/.exec(page.text)[1];
  assert.equal((await clerk.form('/tai-khoan/xac-thuc', { secret, code: totp(key) })).status, 303);
  assert.equal((await new Client(server).signIn(login)).status, 422, 'the second factor is asked for');

  const href = /href="(\/quan-tri\/nguoi-dung\/\d+)"/.exec((await op.get(`/quan-tri/nguoi-dung?tim=${login}`)).text)[1];
  assert.match((await op.get(href)).text, /mất điện thoại xác thực/);
  assert.equal((await post(`${href}/mat-khau`, {}, href)).status, 422, 'identity first');
  assert.equal((await clerk.get('/tai-khoan')).status, 200);
  const given = await post(`${href}/mat-khau`, { checked: '1' }, href);
  assert.equal(given.status, 200, given.text.slice(0, 300));
  const first = /big-number num">([^<]+)</.exec(given.text)[1];
  assert.equal((await clerk.get('/tai-khoan')).status, 303, 'the old session has ended');
  assert.notEqual((await new Client(server).signIn(login)).status, 303, 'the old password is none any more');
  const back = new Client(server);
  assert.equal((await back.signIn(login, first)).location, '/tai-khoan/mat-khau', 'no second factor, but a change');
  const own = 'tieng chay trong dem trang';
  assert.equal((await back.form('/tai-khoan/mat-khau', { current: first, new_password: own, repeated: own })).status, 303);
  assert.equal((await back.get('/can-bo')).status, 200);
  assert.match(plain((await back.get('/toi/ai-da-xem')).text), /Cấp lại mật khẩu/, 'the officer sees who did it');

  const self = /href="(\/quan-tri\/nguoi-dung\/\d+)"/.exec((await op.get(`/quan-tri/nguoi-dung?tim=${officers.operator}`)).text)[1];
  assert.doesNotMatch((await op.get(self)).text, /Cấp mật khẩu mới/);
  assert.equal((await post(`${self}/mat-khau`, { checked: '1' }, self)).status, 409, 'nobody gives one to oneself');
});

test('a day is looked at with the appointments it touches, set, refused twice, undone; the ledger tells', async () => {
  const lich = '/quan-tri/lich';
  const year = Number(dayIn().y) + 1;
  const off = { kieu: 'off', ngay: `16/03/${year + (new Date(`${year}-03-16`).getUTCDay() % 6 ? 0 : 1)}`, 'ngay-bu': '', cho: '', ten: 'Nghỉ mất điện', 'ly-do': 'Thông báo 5' };
  const wrong = await post(`${lich}/xem`, { ...off, ngay: '01/01/2020' }, lich);
  assert.equal(wrong.status, 422);
  assert.match(plain(wrong.text), /Ngày đã qua không đổi được/);
  assert.match(wrong.text, /value="Nghỉ mất điện"/, 'what was typed stays');
  assert.equal((await post(`${lich}/xem`, { ...off, 'ly-do': '' }, lich)).status, 422);
  assert.equal((await post(`${lich}/xem`, { ...off, kieu: 'work' }, lich)).status, 422, 'worked anyway');
  assert.equal((await post(`${lich}/xem`, { ...off, kieu: 'swap' }, lich)).status, 422, 'no day instead');
  const seen = await post(`${lich}/xem`, off, lich);
  assert.equal(seen.status, 200, plain(seen.text));
  assert.match(plain(seen.text), /Mọi đơn vị: 0 hồ sơ hẹn trả đúng ngày này/);
  assert.doesNotMatch((await op.get(lich)).text, /Nghỉ mất điện/, 'looking sets nothing');
  assert.equal((await post(`${lich}/ngay`, off, lich)).status, 303);
  assert.equal((await post(`${lich}/ngay`, off, lich)).status, 422, 'set already');
  const page = await op.get(`${lich}?nam=${off.ngay.slice(6)}`);
  assert.match(rowOf(page, 'Nghỉ mất điện'), new RegExp(off.ngay));
  const ids = /action="\/quan-tri\/lich\/bo"[\s\S]*?name="id" value="(\d+)"/.exec(page.text);
  assert.match((await op.get('/quan-tri/nhat-ky')).text, /Đặt ngày nghỉ/);
  assert.equal((await post(`${lich}/bo`, { id: ids[1] }, lich)).status, 303);
  assert.equal((await post(`${lich}/bo`, { id: ids[1] }, lich)).status, 409);
  assert.match(rowOf(await op.get(lich), 'Nghỉ mất điện'), /Đã bỏ/);
  assert.match((await op.get('/quan-tri/nhat-ky')).text, /Bỏ ngày đã đặt trong lịch/);
});

test('the demo business date moves and goes back', async () => {
  const far = dayIn(100).iso;
  const asShown = `Ngày nghiệp vụ: ${far.split('-').reverse().join('/')}`;
  assert.equal((await post('/quan-tri/lich', { today: far })).status, 303);
  assert.ok((await op.get('/quan-tri/lich')).text.includes(asShown));
  assert.equal((await post('/quan-tri/lich', { today: '' })).status, 303);
  assert.ok(!(await op.get('/quan-tri/lich')).text.includes(asShown));
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

test('two records of one person are found by name and birth date, compared and merged; nothing of the second is lost', async () => {
  const start = await op.get('/quan-tri/gop-nguoi');
  const pair = /href="(\/quan-tri\/gop-nguoi\?keep=(\d+)&amp;gone=(\d+))">([^<]+)</.exec(start.text);
  assert.ok(pair, 'the demo knows somebody twice');
  const [, , keep, gone, name] = pair;
  const row = rowOf(start, name);
  assert.match(row, /Ghi tại quầy/);
  const born = /\d\d\/\d\d\/\d{4}/.exec(row)[0];
  assert.match((await op.get(`/quan-tri/gop-nguoi?ten=${encodeURIComponent(name)}`)).text, /Ghi thêm ngày sinh/);
  const found = await op.get(`/quan-tri/gop-nguoi?ten=${encodeURIComponent(name)}&sinh=${born}`);
  assert.match(rowOf(found, 'Chưa có số định danh'), new RegExp(born));
  assert.ok(found.text.includes(`keep=${keep}&amp;`) && found.text.includes(`keep=${gone}&amp;`), 'either may be kept');
  const second = await op.get(`/quan-tri/gop-nguoi?keep=${keep}&ten=${encodeURIComponent(name)}&sinh=${born}`);
  assert.match(second.text, new RegExp(`Bản ghi được giữ: ${name}`));
  assert.ok(second.text.includes(`keep=${keep}&amp;gone=${gone}`));
  const href = `/quan-tri/gop-nguoi?keep=${keep}&gone=${gone}`;
  const preview = await op.get(href);
  assert.match(preview.text, /Sau khi gộp/);
  assert.match(rowOf(preview, 'Giới tính'), /Nam|Nữ/);
  assert.match(preview.text, /Đổi lại: giữ bản ghi kia/);
  assert.equal((await post('/quan-tri/gop-nguoi', { keep, gone }, href)).status, 303);
  assert.doesNotMatch((await op.get('/quan-tri/gop-nguoi')).text, new RegExp(`gone=${gone}`), 'no double any more');
  assert.match(plain((await op.get(`/quan-tri/gop-nguoi?keep=${gone}&gone=${keep}`)).text), /Không tìm thấy hai hồ sơ khác nhau/, 'both numbers lead to one record');
  assert.equal((await post('/quan-tri/gop-nguoi', { keep, gone }, href)).status, 409, 'not twice');
  const receiver = new Client(server);
  await receiver.signIn(officers.receiver);
  assert.equal((await receiver.get(`/can-bo/quay/nguoi/${gone}`)).status, 200, 'the old number still leads to the person');
});

test('calendars: each year, a unit of its own, the hours; days are set on the page', async () => {
  const tet = await op.get('/quan-tri/lich?nam=2025');
  assert.match(rowOf(tet, '26/04/2025'), /Thứ Bảy Làm bù cho ngày 02\/5\/2025 Làm việc/);
  assert.match(rowOf(tet, '02/05/2025'), /Thứ Sáu .*Nghỉ/);
  assert.match((await op.get('/quan-tri/lich?nam=2027')).text, /01\/01\/2027/);
  assert.match(rowOf(tet, 'Thứ Hai 07:30'), /07:30-11:30, 13:00-17:00/);
  const own = /<option value="([^"]*HCC)"/.exec(tet.text)[1];
  const saturday = (page) => /<tr[^>]*><td[^>]*>Thứ Bảy<\/td>[\s\S]*?<\/tr>/.exec(page.text.split('Giờ làm việc trong tuần').pop())[0];
  assert.match(plain(saturday(await op.get(`/quan-tri/lich?don-vi=${own}`))), /07:30-11:30/);
  assert.match(plain(saturday(tet)), /Nghỉ/);
  assert.match(plain(tet.text), /Đặt ngày nghỉ, ngày làm bù/);
  assert.match((await op.get('/quan-tri/lich?nam=2024&dang=csv')).text, /08\/02\/2024,Thứ Năm,Nghỉ Tết Nguyên đán,Nghỉ/);
});

test('a unit that has ended says when, how and into what, in words', async () => {
  assert.equal((await post('/quan-tri/lich', { today: '2025-06-15' })).status, 303);
  try {
    const list = await op.get('/quan-tri/don-vi');
    assert.match(plain(list.text), /Đến hết 30\/06\/2025: (nhập vào|đổi thành) (Xã|Phường) /);
    assert.doesNotMatch(plain(list.text), /\b(merge|retype)\b/);
  } finally {
    assert.equal((await post('/quan-tri/lich', { today: '' })).status, 303);
  }
  assert.match(rowOf(await op.get('/quan-tri/don-vi'), 'Xã Bom Bo'), /Đang hoạt động/);
});

/** Asks to have a field corrected and gives the operator's page of that request. */
async function asked(citizen, field, wanted, paper) {
  assert.equal((await citizen.form('/toi/sua', { field, wanted, reason: paper })).status, 303);
  const list = await op.get('/quan-tri/sua-thong-tin');
  const row = [...list.text.matchAll(/<tr class[\s\S]*?<\/tr>/g)].map((m) => m[0]).find((r) => r.includes(paper));
  const href = /href="(\/quan-tri\/sua-thong-tin\?id=(\d+))"/.exec(row);
  return { href: href[1], id: href[2], row: plain(row) };
}
const kept = async (citizen, label) => new RegExp(`<dt>${label}</dt>\\s*<dd[^>]*>([^<]*)<`).exec((await citizen.get('/toi/sua')).text)?.[1];

test('a request for correction, answered, changes the person\'s record with source and ledger entry; a refused one changes nothing', async () => {
  const mo = new Client(server);
  assert.equal((await mo.signIn(demo.citizen)).status, 303);
  const bad = await mo.form('/toi/sua', { field: 'phone', wanted: '12 ba', reason: 'Sổ' });
  assert.equal(bad.status, 422);
  assert.match(bad.text, /10 chữ số và bắt đầu bằng số 0/);
  assert.match(bad.text, /value="12 ba"/, 'what was typed is kept');

  const before = await kept(mo, 'Nơi ở');
  const name = await kept(mo, 'Họ và tên');
  const asks = await asked(mo, 'address', 'Thôn 9, số 21', 'Sổ cư trú số 4171');
  assert.match(asks.row, new RegExp(`${name} Nơi ở ${before} Thôn 9, số 21`), 'the item in words, old and new');
  assert.doesNotMatch(asks.row, /\baddress\b/);
  const page = await op.get(asks.href);
  assert.match(page.text, /name="value"[^>]*value="Thôn 9, số 21"/);
  const answer = (fields, of = asks) => op.form('/quan-tri/sua-thong-tin', { id: of.id, ...fields }, { from: of.href });
  const empty = await answer({ state: 'done', value: '  ', answer: 'Theo sổ cư trú' });
  assert.equal(empty.status, 422);
  assert.match(empty.text, /Ghi số nhà, thôn, ấp/);
  assert.match(empty.text, /value="Theo sổ cư trú"/, 'what was typed is kept');
  assert.equal((await answer({ state: 'done', value: before, answer: '' })).status, 422, 'nothing to correct');
  assert.equal(await kept(mo, 'Nơi ở'), before, 'nothing is written yet');
  assert.equal((await answer({ state: 'done', value: 'Thôn 9,  số 21B', answer: 'Theo sổ cư trú' })).status, 303);
  assert.equal(await kept(mo, 'Nơi ở'), 'Thôn 9, số 21B');
  const own = plain((await mo.get('/toi/sua')).text);
  assert.ok(own.includes(`Nơi ở: ${before} → Thôn 9, số 21B Đã sửa. Theo sổ cư trú`), own);
  assert.match(own, /Đã sửa theo đề nghị của người dân/, 'the source');
  assert.match(plain((await mo.get('/toi/ai-da-xem')).text), /Sửa thông tin theo yêu cầu/);
  assert.match(plain((await op.get('/quan-tri/nhat-ky')).text), /Sửa thông tin theo yêu cầu/);
  assert.equal((await answer({ state: 'done', value: 'Thôn 1', answer: '' })).status, 409, 'not twice');
  assert.match((await op.get(asks.href)).text, /đã được trả lời/);

  const born = await kept(mo, 'Ngày sinh');
  const second = await asked(mo, 'birth_date', `01/01/${born.slice(-4)}`, 'Giấy khai sinh số 4172');
  const year = await answer({ state: 'done', value: '01/01/1955', answer: '' }, second);
  assert.equal(year.status, 422);
  assert.match(year.text, /không khớp với năm sinh/, 'the number tells another year');
  assert.match(year.text, /value="01\/01\/1955"/);
  assert.equal((await answer({ state: 'refused', value: '', answer: '' }, second)).status, 422, 'a refusal says why');
  assert.equal((await answer({ state: 'refused', value: '', answer: 'Giấy khai sinh ghi khác' }, second)).status, 303);
  assert.equal(await kept(mo, 'Ngày sinh'), born);
  const entries = [...plain((await mo.get('/toi/ai-da-xem')).text).matchAll(/Sửa thông tin theo yêu cầu/g)];
  assert.equal(entries.length, 1, 'a refusal is no correction');
  assert.match(plain((await mo.get('/toi/sua')).text), /Không sửa. Giấy khai sinh ghi khác/);
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
