// One's account and one's own pages, through the built program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { Client, dayIn, demo, officers, startServer } from '../lib/server.mjs';
import { totp } from '../lib/totp.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => { if (server) assert.equal(await server.stop(), 0); });

const signedIn = async (login = demo.citizen, password = demo.password) => {
  const c = new Client(server);
  const r = await c.signIn(login, password);
  assert.equal(r.status, 303, r.text.slice(0, 400));
  return c;
};

/** Names and contents of a ZIP by its central directory. */
function unzip(b) {
  const end = b.lastIndexOf(Buffer.from('PK\x05\x06'));
  const files = {};
  let at = b.readUInt32LE(end + 16);
  for (let n = b.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size, nameLen, extra, comment, local] = [b.readUInt16LE(at + 10), b.readUInt32LE(at + 20),
      b.readUInt16LE(at + 28), b.readUInt16LE(at + 30), b.readUInt16LE(at + 32), b.readUInt32LE(at + 42)];
    const name = b.toString('utf8', at + 46, at + 46 + nameLen);
    const from = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28);
    const data = b.subarray(from, from + size);
    files[name] = (method === 8 ? inflateRawSync(data) : data).toString('utf8');
    at += 46 + nameLen + extra + comment;
  }
  return files;
}

test('pages of an account need a sign-in and come back to where one was', async () => {
  const c = new Client(server);
  const r = await c.get('/tai-khoan');
  assert.equal(r.status, 303);
  assert.match(decodeURIComponent(r.location), /^\/dang-nhap\?tiep=\/tai-khoan/);
});

test('sign-in goes on only to local paths', async () => {
  for (const [tiep, to] of [['/toi/sua', '/toi/sua'], ['//evil.example/', '/toi'], ['https://evil.example/', '/toi']]) {
    const c = new Client(server);
    const r = await c.form('/dang-nhap', { login: demo.citizen, password: demo.password, tiep });
    assert.equal(r.status, 303);
    assert.equal(r.location, to);
  }
});

test('each page of the account and of one\'s own opens', async () => {
  const c = await signedIn();
  for (const path of ['/tai-khoan', '/tai-khoan/phien', '/tai-khoan/mat-khau', '/tai-khoan/xac-thuc', '/tai-khoan/khoa',
    '/tai-khoan/uy-quyen', '/tai-khoan/dai-dien', '/toi', '/toi/thong-bao', '/toi/giay-to', '/toi/ai-da-xem', '/toi/du-lieu', '/toi/sua']) {
    const r = await c.get(path);
    assert.equal(r.status, 200, path);
    assert.match(r.headers.get('cache-control'), /no-store/, path);
    assert.doesNotMatch(r.text, /(mine|account|ledger)\.[a-z_]+(\.[a-z_]+)*</, `${path} shows a text key`);
  }
});

test('a session that is ended is signed out at once', async () => {
  const here = await signedIn();
  const there = await signedIn();
  const list = await here.get('/tai-khoan/phien');
  const others = [...list.text.matchAll(/name="id" value="(\d+)"/g)].map((m) => m[1]);
  assert.ok(others.length >= 1);
  for (const id of others) {
    assert.equal((await here.form('/tai-khoan/phien', { id })).status, 303);
  }
  assert.equal((await there.get('/tai-khoan')).status, 303);
  assert.equal((await here.get('/tai-khoan')).status, 200);
});

test('sessions are told apart by browser and system, programs by their name', async () => {
  const agents = {
    'Chrome trên Android': 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
    'Edge trên Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0',
    'Safari trên iPhone': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1',
    'Chrome trên iPhone': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.0.0 Mobile/15E148 Safari/604.1',
    'Samsung Internet trên Android': 'Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A145F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/22.0 Chrome/111.0 Mobile Safari/537.36',
    'Cốc Cốc trên Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) coc_coc_browser/115.0 Chrome/109.0 Safari/537.36',
    'Firefox trên Linux': 'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0',
    'Trình duyệt khác trên Windows': 'Mozilla/5.0 (Windows NT 6.1)',
    'Chương trình curl': 'curl/7.88.1',
    'Thiết bị không nói tên': '"><script>',
  };
  for (const agent of Object.values(agents)) {
    assert.equal((await new Client(server, { 'user-agent': agent }).signIn(officers.specialist)).status, 303);
  }
  const list = await (await signedIn(officers.specialist)).get('/tai-khoan/phien');
  const names = [...list.text.matchAll(/<h2>([^<]+)/g)].map((m) => m[1].trim());
  for (const word of Object.keys(agents)) assert.ok(names.includes(word), `${word} is not among ${names.join(', ')}`);
  assert.match(list.text, /địa chỉ mạng (127\.0\.0\.1|::1)/);
});

test('second factor: on with a right code, then wanted, then off again', async () => {
  const login = officers.clerk;
  const c = await signedIn(login);
  const page = await c.get('/tai-khoan/xac-thuc');
  const key = /<code class="num">([A-Z2-7]{32})<\/code>/.exec(page.text)[1];
  const secret = /name="secret" value="([0-9a-f]{40})"/.exec(page.text)[1];
  assert.match(page.text, /<svg/);
  const wrong = await c.form('/tai-khoan/xac-thuc', { secret, code: '000000' });
  assert.equal(wrong.status, 422);
  assert.ok(wrong.text.includes(secret), 'the same secret is shown again');
  assert.equal((await c.form('/tai-khoan/xac-thuc', { secret, code: totp(key) })).status, 303);

  const again = new Client(server);
  assert.equal((await again.signIn(login)).status, 422);
  const ok = await again.form('/dang-nhap', { login, password: demo.password, code: totp(key, 1) });
  assert.equal(ok.status, 303, ok.text.slice(0, 300));
  assert.match((await again.get('/tai-khoan')).text, /Mức 2/);

  const bad = await again.form('/tai-khoan/xac-thuc/tat', { current: 'not this one' }, { from: '/tai-khoan/xac-thuc' });
  assert.equal(bad.status, 422);
  const off = await again.form('/tai-khoan/xac-thuc/tat', { current: demo.password }, { from: '/tai-khoan/xac-thuc' });
  assert.equal(off.status, 303);
  assert.equal((await new Client(server).signIn(login)).status, 303);
});

test('password change: wrong current, differing, too easy, then done; other devices are out', async () => {
  const login = officers.cashier;
  const c = await signedIn(login);
  const other = await signedIn(login);
  const fresh = 'suoi da rung cao su';
  const change = (current, next, repeated = next) => c.form('/tai-khoan/mat-khau', { current, new_password: next, repeated });
  assert.equal((await change('wrong password', fresh)).status, 422);
  assert.equal((await change(demo.password, fresh, 'something else')).status, 422);
  assert.equal((await change(demo.password, '1234567890')).status, 422);
  assert.equal((await change(demo.password, fresh)).status, 303);
  assert.equal((await c.get('/tai-khoan')).status, 200);
  assert.equal((await other.get('/tai-khoan')).status, 303);
  assert.notEqual((await new Client(server).signIn(login)).status, 303);
  assert.equal((await new Client(server).signIn(login, fresh)).status, 303);
});

test('a token is shown once, works on the API within its permissions, and ends when revoked', async () => {
  const c = await signedIn();
  const made = await c.form('/tai-khoan/khoa', { name: 'máy của tôi', days: '7', perm: 'account.own' });
  assert.equal(made.status, 200, made.text.slice(0, 300));
  const token = /<code class="num">([^<]+)<\/code>/.exec(made.text)[1];
  assert.ok(!(await c.get('/tai-khoan/khoa')).text.includes(token));
  const api = new Client(server, { authorization: `Bearer ${token}` });
  const mine = await api.get('/api/v1/tai-khoan');
  assert.equal(mine.status, 200);
  assert.equal(mine.json().login, demo.citizen);
  assert.equal((await api.get('/api/v1/toi/giay-to')).status, 403, 'record.own was not given');
  const id = /name="id" value="(\d+)"/.exec((await c.get('/tai-khoan/khoa')).text)[1];
  assert.equal((await c.form('/tai-khoan/khoa/huy', { id }, { from: '/tai-khoan/khoa' })).status, 303);
  assert.equal((await api.get('/api/v1/tai-khoan')).status, 401);
});

test('a position is lent to a colleague and taken back', async () => {
  const c = await signedIn(officers.leader);
  const page = await c.get('/tai-khoan/uy-quyen');
  const position = /<option value="(\d+)"/.exec(page.text)[1];
  const { d, m, y } = dayIn();
  const days = { 'from-d': d, 'from-m': m, 'from-y': y, 'until-d': d, 'until-m': m, 'until-y': y };
  const nobody = await c.form('/tai-khoan/uy-quyen', { position, to: 'khongco', reason: 'nghỉ phép', ...days });
  assert.equal(nobody.status, 422);
  const done = await c.form('/tai-khoan/uy-quyen', { position, to: officers.specialist, reason: 'nghỉ phép', ...days });
  assert.equal(done.status, 303, done.text.slice(0, 600));
  const deputy = await signedIn(officers.specialist);
  assert.match((await deputy.get('/tai-khoan/uy-quyen')).text, /Đang làm thay người khác/);
  const id = /name="id" value="(\d+)"/.exec((await c.get('/tai-khoan/uy-quyen')).text)[1];
  assert.equal((await c.form('/tai-khoan/uy-quyen/thoi', { id }, { from: '/tai-khoan/uy-quyen' })).status, 303);
  assert.doesNotMatch((await deputy.get('/tai-khoan/uy-quyen')).text, /Đang làm thay người khác/);
});

test('nobody represents an organisation without a link', async () => {
  const c = await signedIn();
  assert.equal((await c.form('/tai-khoan/dai-dien', { id: '12345' }, { from: '/toi/sua' })).status, 403);
});

test('the copy of one\'s data is a ZIP of JSON and CSV, and taking it leaves a line in the record', async () => {
  const c = await signedIn();
  const r = await c.form('/toi/du-lieu', {});
  assert.equal(r.status, 200, r.text.slice(0, 300));
  assert.equal(r.headers.get('content-type'), 'application/zip');
  const files = unzip(r.bytes);
  for (const part of ['person', 'dossiers', 'messages', 'records', 'who-looked']) {
    assert.ok(Array.isArray(JSON.parse(files[`${part}.json`])), part);
    assert.ok(files[`${part}.csv`].startsWith('\ufeff'), part);
  }
  assert.equal(JSON.parse(files['person.json'])[0].personal_id, demo.citizen);
  assert.match((await c.get('/toi/ai-da-xem')).text, /Tải bản sao dữ liệu của mình/);
});

test('a correction is asked for and shown as waiting', async () => {
  const c = await signedIn();
  assert.equal((await c.form('/toi/sua', { field: 'name', wanted: '', reason: '' })).status, 422);
  const r = await c.form('/toi/sua', { field: 'ethnicity', wanted: 'S’tiêng', reason: 'Giấy khai sinh số 12' });
  assert.equal(r.status, 303);
  const page = await c.get('/toi/sua');
  assert.match(page.text, /Dân tộc: [^<]* → S’tiêng/);
  assert.match(page.text, /Đang chờ trả lời/);
});

test('/toi opens for nobody with a way to sign in', async () => {
  const r = await new Client(server).get('/toi');
  assert.equal(r.status, 200);
  assert.match(r.text, /dang-nhap\?tiep=/);
});
