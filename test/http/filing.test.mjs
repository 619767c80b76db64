// The citizen's path with plain requests, as a browser without scripts makes them.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { fill, forms, send, upload } from '../lib/form.mjs';
import { pdfWords } from '../lib/pdf.mjs';
import { Client, dayIn, demo, dropDir, newDir, officers, startServer, untilShown } from '../lib/server.mjs';

let server;
let citizen;
before(async () => {
  server = await startServer();
  citizen = new Client(server);
  assert.equal((await citizen.signIn()).status, 303);
});
after(() => server?.stop());

/** What a person still types for a confirmation of marital status, by page. */
const answers = {
  'nguoi-yeu-cau': { 'a.ethnicity': 'kinh', 'a.nationality': 'VN' },
  'lien-he': { 'a.phone': '0912 345 678' },
  'cap-cho-ai': { 'a.files_for': 'self' },
  'hon-nhan': { 'a.marital_history': 'never' },
  'thoi-gian': { 'a.period_kind': 'now', 'a.lived_elsewhere': 'false' },
  'muc-dich': { 'a.purpose': 'loan', 'a.n_wanted': '1', 'a.has_old_confirmation': 'false' },
  'le-phi': { 'a.fee_group': 'none' },
};
const first = { 'a.ethnicity': /value="([^"]+)">Kinh</, 'a.nationality': /value="([^"]+)">Việt Nam</ };

async function begin(client) {
  const r = await fill(client, '/nop/1.004873', { xa: demo.unit });
  assert.equal(r.status, 303, r.text);
  assert.match(r.location, /^\/nhap\/\d+$/);
  return r.location;
}

/** Follows the pages where "save and continue" leads, until papers, collect or check. */
async function fillForm(client, base) {
  let at = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 12 && at.includes('/trang/'); i++) {
    const page = at.split('/').pop();
    const changes = { ...answers[page] };
    if (page === 'nguoi-yeu-cau') {
      const { text } = await client.get(at);
      // what is prefilled already has another option chosen
      for (const [k, re] of Object.entries(first)) {
        const hit = re.exec(text);
        if (hit) changes[k] = hit[1];
      }
    }
    const r = await fill(client, at, changes, at);
    assert.equal(r.status, 303, `${at}: ${r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]}`);
    at = r.location;
  }
  return at;
}

async function complete(client) {
  const base = await begin(client);
  await fillForm(client, base);
  const r = await fill(client, `${base}/nhan`, { collect: 'electronic', phone: '0912345678' });
  assert.equal(r.status, 303);
  assert.equal(r.location, `${base}/xem-lai`);
  return base;
}

const jpeg = Buffer.from('/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q==', 'base64');

test('a nobody is shown what it takes and asked to sign in first', async () => {
  const r = await new Client(server).get('/nop/1.004873');
  assert.equal(r.status, 200);
  assert.match(r.text, /\/dang-nhap\?tiep=/);
  assert.doesNotMatch(r.text, /action="\/nop\//);
});

test('an old commune name leads to the unit of today', async () => {
  const r = await citizen.get(`/nop/1.004873?cu=${encodeURIComponent('Bom Bo')}`);
  assert.equal(r.status, 200);
  assert.match(r.text, /\/nop\/1\.004873\?xa=25405/);
});

test('no place chosen is refused beside its field', async () => {
  const r = await fill(citizen, '/nop/1.004873', { xa: '' });
  assert.equal(r.status, 422);
  assert.match(r.text, /id="errors"|class="errors"/);
});

test('the whole path: begin, fill, collect, check, submit, receipt, dossier', async () => {
  const base = await begin(citizen);
  const tasks = await citizen.get(base);
  assert.equal(tasks.status, 200);
  const page = await citizen.get(`${base}/trang/nguoi-yeu-cau`);
  assert.match(page.text, /070190900018/, 'known answers are filled in');
  assert.match(page.text, /\/sai\/full_name/, 'with a way to contest them');
  assert.ok((await fillForm(citizen, base)).endsWith('/nhan'));
  const wrong = await fill(citizen, `${base}/nhan`, { collect: 'electronic', phone: '12', email: 'x' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /value="12"/, 'what was typed is kept');
  await fill(citizen, `${base}/nhan`, { collect: 'electronic', phone: '0912 345 678' });
  const check = await citizen.get(`${base}/xem-lai`);
  const heads = check.text.match(/<h2[^>]*>[^<]+/g).map((h) => h.replace(/<h2[^>]*>/, ''));
  assert.deepEqual(heads, [...new Set(heads)], 'no heading twice');
  assert.equal(check.status, 200);
  assert.match(check.text, /summary-edit/);
  assert.equal((await fill(citizen, `${base}/xem-lai`, {}, `${base}/nop`)).status, 422, 'the declaration must be ticked');
  const form = forms(check.text).find((f) => f.action === `${base}/nop`);
  const done = await send(citizen, form, { cam_doan: '1' });
  assert.equal(done.status, 303, done.text);
  assert.match(done.location, /^\/ho-so\/\d+\/bien-nhan$/);
  const again = await send(citizen, form, { cam_doan: '1' });
  assert.equal(again.location, done.location, 'sent twice, filed once');
  const receipt = await citizen.get(done.location);
  assert.equal(receipt.status, 200);
  assert.match(receipt.text, /[\w.]+-\d{6}-\d{4}/);
  assert.match(receipt.text, /<svg/);
  const pdf = await citizen.get(`${done.location}.pdf`);
  assert.equal(pdf.status, 200, pdf.text.slice(0, 500));
  assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
  const own = await citizen.get(done.location.replace('/bien-nhan', ''));
  assert.equal(own.status, 200);
  assert.match(own.text, /timeline/);
  assert.match(own.text, /aria-current="step"/);
  assert.equal((await citizen.get(base)).location, done.location.replace('/bien-nhan', ''), 'the draft leads to its dossier');
});

test('two submissions at the same moment file one dossier', async () => {
  const base = await complete(citizen);
  const form = forms((await citizen.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
  const all = await Promise.all([1, 2, 3].map(() => send(citizen, form, { cam_doan: '1' })));
  assert.deepEqual(new Set(all.map((r) => r.status)), new Set([303]));
  assert.equal(new Set(all.map((r) => r.location)).size, 1);
});

test('what is wrong is kept as typed and said beside its field', async () => {
  const base = await begin(citizen);
  const at = `${base}/trang/nguoi-yeu-cau`;
  const r = await fill(citizen, at, { 'a.personal_id': '12345' });
  assert.equal(r.status, 422);
  assert.match(r.text, /value="12345"/);
  assert.match(r.text, /href="#a.personal_id"/);
  assert.match((await citizen.get(at)).text, /value="12345"/, 'also after coming back');
});

test('a page saved from another device meanwhile shows both and overwrites nothing', async () => {
  const base = await begin(citizen);
  const at = `${base}/trang/lien-he`;
  const other = new Client(server);
  await other.signIn();
  const stale = forms((await citizen.get(at)).text).find((f) => f.action === at);
  assert.equal((await fill(other, at, { 'a.phone': '0987 654 321' })).status, 303);
  const r = await send(citizen, stale, { 'a.phone': '0911 222 333' });
  assert.equal(r.status, 409);
  assert.match(r.text, /0987 ?654 ?321/);
  assert.match(r.text, /0911 ?222 ?333/);
  assert.match((await other.get(at)).text, /0987 ?654 ?321/);
  const chosen = await send(citizen, forms(r.text).find((f) => f.action === at));
  assert.equal(chosen.status, 303, 'pressing save again is a choice');
  assert.match((await other.get(at)).text, /0911 ?222 ?333/);
});

/** Ends every session of the citizen but a new one, as somebody does who lost a phone: cookies stay where they are. */
async function endOthers() {
  const other = new Client(server);
  await other.signIn();
  for (;;) {
    const ends = forms((await other.get('/tai-khoan/phien')).text).filter((f) => f.fields.has('id'));
    if (!ends.length) break;
    for (const f of ends) await send(other, f);
  }
  citizen = other;
}

/** The one form of a refused page that asks for the password. */
const asks = (text) => forms(text).find((f) => f.fields.has('signin.password'));

test('a session that ended in the middle: one signs in on the page and what was typed is saved, once', async () => {
  const lost = new Client(server);
  await lost.signIn();
  const base = await begin(lost);
  const at = `${base}/trang/lien-he`;
  const form = forms((await lost.get(at)).text).find((f) => f.action === at);
  await endOthers();
  let r = await send(lost, form, { 'a.phone': '0909 090 909' });
  assert.equal(r.status, 401);
  assert.match(r.text, /Phiên đăng nhập đã hết/);
  assert.doesNotMatch(r.text, />401</);
  assert.match(r.text, /0909 090 909/);
  let page = asks(r.text);
  assert.equal(page.action, `${at}?signin=1`, 'nothing of it stands in the address');
  assert.match(r.text, /<input type="hidden" name="v" value="[0-9a-f]{16}">/);

  r = await send(lost, page, { 'signin.login': demo.citizen, 'signin.password': 'sai mat khau' });
  assert.equal(r.status, 401, 'a wrong password');
  assert.match(r.text, /href="#signin.password"/);
  assert.match(r.text, new RegExp(`name="signin.login"[^>]*value="${demo.citizen}"`));
  assert.doesNotMatch(r.text, /sai mat khau/);
  page = asks(r.text);
  assert.equal(page.fields.get('a.phone'), '0909 090 909', 'keeps the text');

  assert.notEqual((await send(lost, { ...page, fields: new Map([...page.fields, ['csrf', 'x']]) },
    { 'signin.login': demo.citizen, 'signin.password': demo.password })).status, 303, 'a form of another site signs nobody in');
  r = await send(lost, page, { 'signin.login': demo.citizen, 'signin.password': demo.password });
  assert.equal(r.status, 303, r.text);
  assert.match(r.location, new RegExp(`^${base}/`), 'and goes on where one was');
  assert.match((await lost.get(at)).text, /0909 ?090 ?909/);
});

test('what one person wrote is not saved by another who signs in on that page before seeing it', async () => {
  const lost = new Client(server);
  await lost.signIn();
  const form = forms((await lost.get(`/nop/1.004873?xa=${demo.unit}`)).text).find((f) => f.action === '/nop/1.004873');
  await endOthers();
  let r = await send(lost, form);
  assert.equal(r.status, 401);
  r = await send(lost, asks(r.text), { 'signin.login': officers.specialist, 'signin.password': demo.password });
  assert.equal(r.status, 409, r.text);
  assert.match(r.text, /Chưa có gì được lưu hay gửi/);
  assert.match(r.text, new RegExp(`>${demo.unit}</textarea>`), 'all of it can be seen');
  assert.match((await lost.get('/can-bo')).text, /<main/, 'but is signed in');
  const drafts = async () => (await lost.get('/toi')).text.match(/\/nhap\/\d+"/g)?.length ?? 0;
  const n = await drafts();
  const mine = forms(r.text).find((f) => f.action === '/nop/1.004873');
  assert.equal((await send(lost, mine)).status, 303, 'and may send it as her own');
  assert.ok((await drafts()) > n);
});

test('a form that does not come from the ended session is shown before it is sent', async () => {
  const base = await begin(citizen);
  const at = `${base}/trang/lien-he`;
  const lost = new Client(server);
  await lost.signIn();
  const form = forms((await lost.get(at)).text).find((f) => f.action === at);
  lost.cookies.clear();
  let r = await send(lost, form, { 'a.phone': '0909 111 909' });
  assert.equal(r.status, 401);
  r = await send(lost, asks(r.text), { 'signin.login': demo.citizen, 'signin.password': demo.password });
  assert.equal(r.status, 409);
  assert.doesNotMatch((await lost.get(at)).text, /0909 ?111 ?909/);
  r = await send(lost, forms(r.text).find((f) => f.action === at));
  assert.equal(r.status, 303, r.text);
  assert.match((await lost.get(at)).text, /0909 ?111 ?909/);
});

test('an upload whose session ended says that the file must be chosen again, and takes it there', async () => {
  const lost = new Client(server);
  await lost.signIn();
  const base = await begin(lost);
  await fill(lost, `${base}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  const at = `${base}/giay-to`;
  const page = await lost.get(at);
  const token = Client.token(page.text.slice(page.text.indexOf('<main')));
  const post = (action, fields) => {
    const body = new FormData();
    for (const [k, v] of fields) body.append(k, v);
    body.append('tep', new Blob([jpeg], { type: 'image/jpeg' }), 'anh.jpg');
    return lost.request('POST', action, { body, headers: { origin: lost.base } });
  };
  const fields = [['csrf', token], ['loai', /name="loai" value="([^"]+)"/.exec(page.text)[1]]];
  await endOthers();
  let r = await post(at, fields);
  assert.equal(r.status, 401, r.text);
  assert.match(r.text, /xin chọn lại tệp/);
  assert.match(r.text, /enctype="multipart\/form-data"/);
  assert.match(r.text, /<input type="file" [^>]*name="tep"/);
  const again = asks(r.text);
  const signed = [...again.fields].filter(([k]) => !/^signin\.(login|password)$/.test(k));
  r = await post(again.action, [...signed, ['signin.login', demo.citizen], ['signin.password', demo.password]]);
  assert.equal(r.status, 303, r.text);
  assert.match((await lost.get(at)).text, /anh\.jpg/);
});

test('autosave keeps what is typed and tells the new mark of the page', async () => {
  const base = await begin(citizen);
  const at = `${base}/trang/lien-he`;
  const form = forms((await citizen.get(at)).text).find((f) => f.action === at);
  form.action = `${at}/luu`;
  const r = await send(citizen, form, { 'a.phone': '09' });
  assert.equal(r.status, 200, r.text);
  assert.match(r.json().v, /^[0-9a-f]{16}$/);
  assert.match((await citizen.get(at)).text, /value="09"/);
});

test('a page whose own autosave was quicker than its button is no conflict', async () => {
  const base = await begin(citizen);
  const at = `${base}/trang/lien-he`;
  const form = forms((await citizen.get(at)).text).find((f) => f.action === at);
  const typed = { 'a.phone': '0912 345 678' };
  assert.equal((await send(citizen, { ...form, action: `${at}/luu` }, typed)).status, 200);
  assert.equal((await send(citizen, form, typed)).status, 303, 'with the mark of before the autosave');
  assert.equal((await send(citizen, form, { 'a.phone': '0999 999 999' })).status, 409, 'other words are one');
});

test('a stranger sees neither draft nor dossier', async () => {
  const base = await begin(citizen);
  const officer = new Client(server);
  await officer.signIn('motcua.25405');
  assert.equal((await officer.get(base)).status, 404);
  assert.equal((await new Client(server).get(base)).status, 303);
});

test('papers: taken, shown with pages and hash, removed; a wrong one is refused with its reason', async () => {
  const base = await begin(citizen);
  await fill(citizen, `${base}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  const at = `${base}/giay-to`;
  const page = await citizen.get(at);
  const paper = /name="loai" value="([^"]+)"/.exec(page.text)?.[1];
  assert.ok(paper, 'a paper is asked for');
  assert.match(page.text, /20 MB/, 'limits are said beforehand');
  let r = await upload(citizen, at, { loai: paper }, [{ name: 'giay.exe', type: 'image/jpeg', bytes: Buffer.from('MZ not a picture') }]);
  assert.equal(r.status, 422);
  r = await upload(citizen, at, { loai: paper }, []);
  assert.equal(r.status, 422);
  r = await upload(citizen, at, { loai: paper }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes: jpeg }]);
  assert.equal(r.status, 303, r.text.match(/errors[\s\S]{0,600}/)?.[0]);
  const shown = await citizen.get(at);
  assert.match(shown.text, /giay\.jpg/);
  assert.match(shown.text, /1 trang, \d+ kB, mã kiểm [0-9a-f]{8}/);
  const remove = forms(shown.text).find((f) => /\/bo$/.test(f.action));
  assert.equal((await send(citizen, remove)).status, 303);
  assert.doesNotMatch((await citizen.get(at)).text, /giay\.jpg/);
});

test('an upload that is cut off leaves nothing behind', async () => {
  const base = await begin(citizen);
  const cookie = [...citizen.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  const s = net.connect(server.port, '127.0.0.1');
  s.on('error', () => {});
  s.write(`POST ${base}/giay-to HTTP/1.1\r\nHost: localhost:${server.port}\r\nCookie: ${cookie}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n--x\r\nContent-Disposition: form-data; name="tep"; filename="a.jpg"\r\n\r\n${'a'.repeat(2000)}`);
  await new Promise((ok) => s.write('b', ok));
  s.destroy();
  assert.doesNotMatch((await citizen.get(`${base}/giay-to`)).text, /a\.jpg/);
});

test('an upload that is too large is refused in words', async () => {
  const base = await begin(citizen);
  await fill(citizen, `${base}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  const loai = /name="loai" value="([^"]+)"/.exec((await citizen.get(`${base}/giay-to`)).text)[1];
  const r = await upload(citizen, `${base}/giay-to`, { loai }, [{ name: 'to.jpg', type: 'image/jpeg', bytes: Buffer.alloc(21 << 20, 1) }]);
  assert.equal(r.status === 413 || r.status === 422, true, String(r.status));
  assert.match(r.text, /quá lớn/);
});

/** An officer opens the dossier and does the task that waits there, or comes there: a payment's news travels through the outbox. */
async function act(login, dossier, part, fields) {
  const officer = new Client(server);
  await officer.signIn(login);
  const task = new RegExp(`/can-bo/viec/(\\d+)/${part}`);
  const page = await untilShown(officer, `/can-bo${dossier}`, task);
  const body = new URLSearchParams({ csrf: Client.token(page.text), ...fields });
  return officer.request('POST', `/can-bo/viec/${task.exec(page.text)[1]}/${part}`, { body, headers: { origin: server.url } });
}

const until = (path, re) => untilShown(citizen, path, re);

test('asked for more, answered, billed, paid at the simulated bank', async () => {
  const base = await complete(citizen);
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  const dossier = done.location.replace('/bien-nhan', '');
  assert.equal((await citizen.get(`${dossier}/bo-sung`)).status, 409, 'nothing is asked yet');
  const asked = await act('motcua.25405', dossier, 'bo-sung', { words: 'Ảnh căn cước rõ hơn' });
  assert.equal(asked.status, 303, asked.text.match(/errors[\s\S]{0,400}/)?.[0]);
  assert.match((await citizen.get(dossier)).text, /bo-sung/);
  assert.match((await citizen.get(`${dossier}/bo-sung`)).text, /Ảnh căn cước rõ hơn/);
  let r = await upload(citizen, `${dossier}/bo-sung/tep`, {}, [{ name: 'cc.jpg', type: 'image/jpeg', bytes: jpeg }], `${dossier}/bo-sung`);
  assert.equal(r.status, 303, r.text.match(/errors[\s\S]{0,400}/)?.[0]);
  assert.match((await citizen.get(`${dossier}/bo-sung`)).text, /cc\.jpg/);
  r = await fill(citizen, `${dossier}/bo-sung`, { loi_nhan: 'Đã chụp lại' });
  assert.equal(r.status, 303);
  r = await act('motcua.25405', dossier, 'xong', { outcome: 'accept' });
  assert.equal(r.status, 303, r.text.match(/errors[\s\S]{0,400}/)?.[0]);
  const bill = await citizen.get(`${dossier}/thanh-toan`);
  assert.equal(bill.status, 200, bill.text.slice(0, 300));
  assert.match(bill.text, /15\.000\sđ/);
  assert.match(bill.text, /<svg/);
  assert.equal((await citizen.get(`${dossier}/thanh-toan/bien-lai.pdf`)).status, 404, 'nothing is paid yet');
  const bank = /\/mo-phong\/ngan-hang\/\w+/.exec(bill.text)[0];
  assert.match((await citizen.get(bank)).text, /mô phỏng/);
  r = await fill(citizen, bank);
  assert.equal(r.status, 303);
  const paid = await citizen.get(`${dossier}/thanh-toan`);
  assert.match(paid.text, /Đã nộp 15\.000\sđ/);
  const number = /\d{7}\/\d{4}/.exec(paid.text)[0];
  const receipt = pdfWords((await citizen.get(`${dossier}/thanh-toan/bien-lai.pdf`)).bytes);
  assert.match(receipt, new RegExp(`Số: ${number}`));
  assert.match(receipt, /Hình thức: Chuyển khoản qua ngân hàng/);
  assert.match(receipt, /Mã giao dịch của ngân hàng: SIM\w+/);
  assert.match(receipt, /Tổng cộng: 15\.000 đồng/);
  assert.match(receipt, /lập tự động khi ngân hàng báo/);
  await until(dossier, /Đã nộp phí/);
});

test('to the end: signed result downloaded, service rated once', async () => {
  const base = await complete(citizen);
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  const dossier = done.location.replace('/bien-nhan', '');
  assert.equal((await citizen.get(`${dossier}/danh-gia`)).status, 303, 'nothing to rate yet');
  await act('motcua.25405', dossier, 'xong', { outcome: 'accept' });
  const bank = /\/mo-phong\/ngan-hang\/\w+/.exec((await citizen.get(`${dossier}/thanh-toan`)).text)[0];
  await fill(citizen, bank);
  assert.equal((await act('chuyenvien.25405', dossier, 'xong', { outcome: 'propose' })).status, 303);
  const leader = new Client(server);
  await leader.signIn('lanhdao.25405');
  const task = /\/can-bo\/viec\/(\d+)\//.exec((await leader.get(`/can-bo${dossier}`)).text)[1];
  const page = await leader.get('/can-bo/ky');
  const signed = await leader.request('POST', '/can-bo/ky', {
    body: new URLSearchParams({ csrf: Client.token(page.text), viec: task, pin: demo.pin }), headers: { origin: server.url },
  });
  assert.ok(signed.status === 303 || signed.status === 200, signed.text.match(/errors[\s\S]{0,400}/)?.[0]);
  const own = await until(dossier, /\/ket-qua\/\d+/);
  const result = await citizen.get(new RegExp(`${dossier}/ket-qua/\\d+`).exec(own.text)[0]);
  assert.equal(result.status, 200);
  assert.equal(result.bytes.subarray(0, 5).toString(), '%PDF-');
  assert.match((await citizen.get('/toi/giay-to')).text, /class="muted num">Số [^<·]+ · [^<·]+/, 'number and office are told apart');
  if (/\/tra"/.test((await (async () => { const o = new Client(server); await o.signIn('motcua.25405'); return o.get(`/can-bo${dossier}`); })()).text)) {
    await act('motcua.25405', dossier, 'tra', { to_whom: 'Thị Mơ', id_seen: demo.citizen, checked: '1' });
  }
  await until(dossier, /danh-gia/);
  const rated = await fill(citizen, `${dossier}/danh-gia`, { stars: '5', loi: 'Nhanh' });
  assert.equal(rated.status, 303, rated.text.match(/errors[\s\S]{0,400}/)?.[0]);
  assert.doesNotMatch((await citizen.get(dossier)).text, /danh-gia/);
});

test('withdrawal tells what it means, then ends the dossier', async () => {
  const base = await complete(citizen);
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  const dossier = done.location.replace('/bien-nhan', '');
  assert.match((await citizen.get(`${dossier}/rut`)).text, /btn-danger/);
  const r = await fill(citizen, `${dossier}/rut`, { vi_sao: 'Không cần nữa' });
  assert.equal(r.status, 303);
  assert.match((await citizen.get(dossier)).text, /Đã rút/);
  assert.equal((await citizen.request('POST', `${dossier}/rut`, { body: new URLSearchParams() })).status, 403);
});

test('a contested value becomes a request for correction', async () => {
  const base = await begin(citizen);
  const bad = await fill(citizen, `${base}/sai/full_name`, { dung: 'Thị M0', vi_sao: '' });
  assert.equal(bad.status, 422);
  assert.match(bad.text, /không có chữ số/);
  assert.match(bad.text, /value="Thị M0"/);
  const r = await fill(citizen, `${base}/sai/full_name`, { dung: 'Thị Mơ Mới', vi_sao: 'Giấy khai sinh ghi khác' });
  assert.equal(r.status, 303);
  assert.ok(r.location.startsWith(`${base}/trang/nguoi-yeu-cau`));
  const own = (await citizen.get('/toi/sua')).text;
  assert.match(own, /Họ và tên: [^<]+ → Thị Mơ Mới/, 'a request about the name of the record, which an operator can write there');
});

test('the bank callback without a right signature is refused', async () => {
  const r = await fetch(`${server.url}/api/v1/thanh-toan/ngan-hang`, {
    method: 'POST', body: '{"code":"BBXXXXXXXX"}',
    headers: { 'X-Bank-Timestamp': '1', 'X-Bank-Nonce': 'n', 'X-Bank-Signature': '00', 'Content-Type': 'application/json' },
  });
  assert.equal(r.status, 401);
});

test('a unit that was reorganised while the draft was open: the draft follows and says so', async () => {
  const data = newDir();
  let other = await startServer({ data, args: ['--today', '2026-04-20'] });
  let path;
  try {
    const c = new Client(other);
    await c.signIn();
    path = (await fill(c, '/nop/1.004873', { xa: '25270' })).location;
    assert.doesNotMatch((await c.get(path)).text, /sắp xếp lại/);
    await fill(c, `${path}/trang/lien-he`, { 'a.phone': '0912 345 678' });
    await other.stop();
    other = await startServer({ data, args: ['--today', '2026-05-04'] });
    const later = new Client(other);
    await later.signIn();
    const tasks = await later.get(path);
    assert.match(tasks.text, /Xã Lộc Ninh đã được sắp xếp lại. Hồ sơ sẽ được gửi đến Phường Lộc Ninh/);
    assert.match((await later.get(`${path}/trang/lien-he`)).text, /0912/, 'nothing filled in is lost');
  } finally {
    await other.stop();
    dropDir(data);
  }
});

test('birth: the parents see the draft certificate, correct it, then confirm it', async () => {
  const { d, m, y } = dayIn(-12);
  const day = (name) => ({ [`a.${name}-d`]: d, [`a.${name}-m`]: m, [`a.${name}-y`]: y });
  const born = {
    'nguoi-yeu-cau': { 'a.ethnicity': '22', 'a.nationality': 'VN', 'a.applicant_relation': 'mother' },
    'lien-he': {},
    con: { 'a.child_name': 'Điểu Thị Hoa', ...day('child_birth'), 'a.child_sex': 'female', 'a.child_ethnicity': '22', 'a.child_nationality': 'VN', 'a.child_hometown': 'Bom Bo, Đồng Nai' },
    'noi-sinh': { 'a.birth_place_kind': 'hospital', 'a.birth_place': 'Trung tâm Y tế Bù Đăng', 'a.has_birth_notice': 'true', 'a.birth_notice_no': `12/${y}`, ...day('birth_notice_date') },
    me: { 'a.mother_name': 'Thị Mơ', 'a.mother_birth-d': '8', 'a.mother_birth-m': '3', 'a.mother_birth-y': '1990', 'a.mother_id': demo.citizen, 'a.mother_ethnicity': '22', 'a.mother_nationality': 'VN', 'a.mother_home.unit': demo.unit, 'a.mother_home.line': 'Sóc Bom Bo' },
    'hon-nhan-cha-me': { 'a.parents_married': 'false' },
    'nhan-giay': { 'a.n_copies': '0', 'a.draft_by': 'online', 'a.is_true': '1' },
  };
  const base = (await fill(citizen, '/nop/1.001193', { xa: demo.unit })).location;
  let at = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 14 && at.includes('/trang/'); i++) {
    const r = await fill(citizen, at, born[at.split('/').pop()]);
    assert.equal(r.status, 303, `${at}: ${r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]}`);
    at = r.location;
  }
  assert.ok(at.endsWith('/giay-to'), at);
  await upload(citizen, at, { loai: 'giay-chung-sinh' }, [{ name: 'cs.jpg', type: 'image/jpeg', bytes: jpeg }]);
  await fill(citizen, `${base}/nhan`, { collect: 'counter', phone: '0912345678' });
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  const dossier = done.location.replace('/bien-nhan', '');
  await act('motcua.25405', dossier, 'xong', { outcome: 'accept' });
  assert.equal((await citizen.get(`${dossier}/xac-nhan`)).status, 409, 'no draft yet');
  await act('chuyenvien.25405', dossier, 'xong', { outcome: 'propose' });
  assert.equal((await citizen.get(`${dossier}/xac-nhan.pdf`)).bytes.subarray(0, 5).toString(), '%PDF-');
  assert.equal((await fill(citizen, `${dossier}/xac-nhan`, { dung: 'no' })).status, 422, 'what is wrong must be said');
  assert.equal((await fill(citizen, `${dossier}/xac-nhan`, { dung: 'no', sua: 'Chữ đệm là Hoa' })).status, 303);
  await act('chuyenvien.25405', dossier, 'xong', { outcome: 'propose' });
  assert.equal((await fill(citizen, `${dossier}/xac-nhan`, { dung: 'yes' })).status, 303);
  assert.match((await citizen.get(dossier)).text, /xác nhận bản nháp đúng/);
});
