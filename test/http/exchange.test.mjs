// The exchange over HTTP: a service is offered, asked for, granted, called through the relay, limited, suspended; tokens; the
// older session style; national simulators with outages; nothing is callable without an agreement.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeToken } from '../lib/api.mjs';
import { agree, askToken, idOf, newKey, newMember, newSystem, startExchange, upload } from '../lib/exchange.mjs';
import { Client, demo, dropDir, freePort, newDir, officers, startServer, until } from '../lib/server.mjs';
import { blocksOf, Walk } from '../lib/walk.mjs';

let server, relay, upstream, operator;
const seen = [];
const state = {};

const description = {
  openapi: '3.1.0',
  info: { title: 'Sổ hộ nghèo', version: '1.0' },
  paths: {
    '/ho/{so}': { get: { operationId: 'tra-cuu-ho', summary: 'Tra cứu một hộ',
      parameters: [{ name: 'so', in: 'path', required: true, schema: { type: 'string' } }],
      responses: { 200: { description: 'hộ', content: { 'application/json': { schema: { type: 'object',
        properties: { so: { type: 'string' }, chu_ho: { type: 'string' }, thu_nhap: { type: 'integer' } } } } } } } } },
    '/ho': { post: { operationId: 'ghi-ho', summary: 'Ghi một hộ', responses: { 201: { description: 'đã ghi' } } } },
  },
};

before(async () => {
  upstream = http.createServer((rq, rs) => {
    seen.push({ url: rq.url, headers: rq.headers });
    rs.setHeader('content-type', 'application/json');
    rs.end(JSON.stringify({ so: '12', chu_ho: 'Điểu Minh', thu_nhap: 1500000 }));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  ({ server, relay, operator } = await startExchange());
});
after(async () => {
  await server?.stop();
  upstream?.close();
  upstream?.closeAllConnections();
});

const token = (auth, extra) => askToken(server, auth, extra);
const call = (path, headers = {}) => fetch(relay + path, { headers });

test('anybody finds the services of the exchange, labelled where they are simulated', async () => {
  const page = await new Client(server).get('/truc?q=dan+cu');
  assert.equal(page.status, 200);
  assert.match(page.text, /Cơ sở dữ liệu quốc gia về dân cư/);
  assert.match(page.text, /Mô phỏng/);
  const [, id] = /\/truc\/dich-vu\/(\d+)/.exec(page.text);
  const service = await new Client(server).get(`/truc/dich-vu/${id}`);
  assert.match(service.text, /Xác minh công dân/);
  assert.match(service.text, /CongDan\.DanToc/);
  const api = await new Client(server).get(`/api/v1/truc/dich-vu/${id}`);
  assert.ok(api.json().operations.some((o) => o.code === 'xac-minh'));
  assert.equal((await new Client(server).get('/truc/thanh-vien')).status, 303);
});

test('a member, its system, and a service from an OpenAPI file', async () => {
  const member = await newMember(operator, 'H19.77', 'Sở thử nghiệm');
  state.provider = await newSystem(operator, member, 'HO-NGHEO', 'Phần mềm hộ nghèo');
  state.consumer = await newSystem(operator, member, 'BHYT', 'Phần mềm bảo hiểm');
  const fields = { subsystem: state.provider, code: 'ho', name: 'Sổ hộ nghèo', data_class: 'personal', summary: 'Hộ nghèo của xã',
    endpoint: `http://127.0.0.1:${upstream.address().port}/api`, sla_ms: '500' };
  const wrong = await upload(server, operator, '/truc/dich-vu-moi', fields, '{"openapi":"2.0"}');
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /Phiên bản OpenAPI phải là 3.0 hoặc 3.1/);
  state.service = idOf(await upload(server, operator, '/truc/dich-vu-moi', fields, JSON.stringify(description)));
  const page = await operator.get(`/truc/dich-vu/${state.service}`);
  assert.match(page.text, /Tra cứu một hộ/);
});

test('nothing is callable before the owner grants it; then what was granted, without the removed field', async () => {
  state.auth = await newKey(operator, state.consumer);
  const got = await token(state.auth);
  assert.equal(got.status, 200);
  const answer = await got.json();
  assert.equal(answer.token_type, 'Bearer');
  assert.equal(answer.expires_in, 600);
  assert.equal(answer.scope, 'default');
  state.bearer = { authorization: `Bearer ${answer.access_token}`, 'x-road-client': 'VN/GOV/H19.77/BHYT' };
  const path = '/r1/VN/GOV/H19.77/HO-NGHEO/ho/ho/12';
  await until('the relay knows the service', async () => (await call(path, state.bearer)).status !== 500
    || /AccessDenied/.test((await call(path, state.bearer)).headers.get('x-road-error') ?? ''));
  assert.equal(seen.length, 0);

  const asked = await operator.form(`/truc/dich-vu/${state.service}/xin-phep`, { consumer: state.consumer, operations: 'tra-cuu-ho',
    fields: ['so', 'chu_ho'], purpose: 'Cấp thẻ bảo hiểm y tế cho hộ nghèo', legal_basis: 'Luật Bảo hiểm y tế', quota_day: '1000' });
  state.agreement = idOf(asked);
  const before = await operator.get(`/truc/thoa-thuan/${state.agreement}`);
  assert.match(before.text, /Trường bỏ khỏi câu trả lời<\/td><td data-label="Giá trị">thu_nhap</, 'what is not asked for is taken out, unless the owner says otherwise');
  assert.match(before.text, /Giờ được gọi<\/td><td data-label="Giá trị">Mọi lúc</, 'a term left open says what that means; a row is a card on a phone');
  assert.match(before.text, /<input type="hidden" name="version" value="1">/);
  assert.match(before.text, /Đang chờ chủ dịch vụ quyết định/);
  idOf(await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'granted', version: '1', operations: 'tra-cuu-ho',
    removed: 'thu_nhap', rate_s: '0', quota_day: '1000' }));
  await until('the relay lets it through', async () => (await call(path, state.bearer)).status === 200);
  const answered = await (await call(path, state.bearer)).json();
  assert.deepEqual(answered, { so: '12', chu_ho: 'Điểu Minh' });
  assert.equal(seen[0].url, '/api/ho/12');
  assert.equal(seen[0].headers.authorization, undefined);
  const other = await fetch(`${relay}/r1/VN/GOV/H19.77/HO-NGHEO/ho/ho`, { method: 'POST', headers: state.bearer, body: '{}' });
  assert.ok(other.status >= 400); // an operation that was not granted
  assert.equal((await call(path)).status >= 400, true);
  assert.equal((await call(path, { ...state.bearer, authorization: 'Bearer x.y.z' })).status, 401);
});

test('one sees the calls of one\'s own system, refused ones with their reason', async () => {
  await until('calls are accounted for', async () => {
    const page = await operator.get(`/truc/nhat-ky?he-thong=${state.consumer}`);
    return /Sổ hộ nghèo/.test(page.text) && /Không có thỏa thuận|Thao tác không được phép/.test(page.text);
  });
  const page = await operator.get(`/truc/nhat-ky?he-thong=${state.consumer}`);
  const [, failed] = /href="([^"]*loi=1)"/.exec(page.text);
  const { tables } = (await operator.get(`/api/v1${failed.replaceAll('&amp;', '&')}`)).json();
  const good = (rows) => rows.filter((r) => r.cells.some((c) => c.value === '200')).length;
  assert.ok(tables[0].rows.length > 0, 'the failed calls of this system');
  assert.equal(tables.length, 1, 'and of no other');
  assert.equal(good(tables[0].rows), 0);
});

test('a suspended agreement ends the calls, with its reason asked for', async () => {
  const silent = await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'suspended', version: '2', operations: 'tra-cuu-ho' });
  assert.equal(silent.status, 422);
  assert.match(silent.text, /Cần ghi lý do/);
  const old = await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'suspended', version: '1', note: 'rà soát' });
  assert.equal(old.status, 409);
  idOf(await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'suspended', version: '2', note: 'rà soát' }));
  await until('the relay refuses', async () => (await call('/r1/VN/GOV/H19.77/HO-NGHEO/ho/ho/12', state.bearer)).status >= 400);
  const kept = await operator.get(`/truc/thoa-thuan/${state.agreement}`);
  assert.match(kept.text, /Trường bỏ khỏi câu trả lời<\/td><td data-label="Giá trị">thu_nhap</, 'who suspends does not touch the terms');
});

test('tokens: wrong secrets, grants and scopes are refused as RFC 6749 says', async () => {
  const bad = await token(`${state.auth}x`);
  assert.equal(bad.status, 401);
  assert.equal((await bad.json()).error, 'invalid_client');
  assert.match(bad.headers.get('www-authenticate'), /Basic/);
  assert.equal((await (await token(state.auth, '&scope=VN%2FGOV%2FX%2FY%2FZ')).json()).error, 'invalid_scope');
  const [id, secret] = state.auth.split(':');
  const inBody = await fetch(`${server.url}/token`, { method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }) });
  assert.equal(inBody.status, 200);
  const other = await fetch(`${server.url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'password' }) });
  assert.equal((await other.json()).error, 'unsupported_grant_type');
  const keys = await (await fetch(`${server.url}/oauth2/jwks`)).json();
  assert.equal(keys.keys[0].alg, 'ES256');
});

test('SIGHUP takes over another key of tokens; tokens of the one before pass until they end', async () => {
  const path = '/r1/VN/GOV/H19.77/HO-NGHEO/ho/ho/12';
  const kid = (t) => JSON.parse(Buffer.from(t.split('.')[0], 'base64url')).kid;
  const keyed = async () => (await (await token(state.auth)).json()).access_token;
  const refusal = async (t) => (await call(path, { ...state.bearer, authorization: `Bearer ${t}` })).headers.get('x-road-error');
  const old = await keyed();
  const suspended = await refusal(old); // the agreement, above: who calls is known
  assert.match(suspended, /AccessDenied/);
  renameSync(join(server.data, 'keys/exchange-token.pem'), join(server.data, 'keys/exchange-token.pem.old'));
  server.process.kill('SIGHUP');
  await until('another key signs', async () => kid(await keyed()) !== kid(old));
  const fresh = await keyed();
  assert.equal(await refusal(fresh), suspended, 'the relay knew the key before it signed');
  assert.equal(await refusal(old), suspended);
  assert.notEqual(await refusal(`${old.slice(0, -8)}AAAAAAAA`), suspended);
  const [now, before, ...more] = (await (await fetch(`${server.url}/oauth2/jwks`)).json()).keys;
  assert.deepEqual([now.kid, before.kid, more.length], [kid(fresh), kid(old), 0]);
  assert.equal(now.exp, undefined);
  const left = before.exp - Date.now() / 1000;
  assert.ok(left > 86000 && left <= 86460, 'until the longest life of a token is over');
});

test('a service whose address leads nowhere holds back nobody else: neither changes of the policy nor the start', async () => {
  const data = newDir(), port = await freePort(), at = `http://127.0.0.1:${port}`;
  const words = { data, args: ['--relay-port', String(port), '--relay-address', '127.0.0.1'] };
  let own = await startServer(words);
  const o = new Client(own);
  assert.equal((await o.signIn(officers.operator)).status, 303);
  const member = await newMember(o, 'H19.78', 'Sở có địa chỉ sai');
  const system = await newSystem(o, member, 'PM'), consumer = await newSystem(o, member, 'GOI');
  const auth = await newKey(o, consumer);
  const offer = (code, endpoint) => upload(own, o, '/truc/dich-vu-moi', { subsystem: system, code, name: `Dịch vụ ${code}`, data_class: 'internal', endpoint, sla_ms: '500' },
    JSON.stringify(description));
  for (const wrong of ['http://', 'http://may chu/api', 'http://127.0.0.1:x/api', 'http://u@may-chu/', 'https://may-chu/api?khoa=1', 'https://may-chu/api#a', 'https://may-chu/"']) {
    const r = await offer('sai', wrong);
    assert.equal(r.status, 422, wrong);
    assert.match(r.text, /Địa chỉ dịch vụ phải/, wrong);
  }
  const lost = idOf(await offer('lac', 'http://khong-co.invalid/api'));
  const good = idOf(await offer('dung', `http://127.0.0.1:${upstream.address().port}/api/`)); // as people write it: with a slash
  for (const service of [lost, good]) await agree(o, service, consumer, 'tra-cuu-ho');
  const bearer = async () => ({ authorization: `Bearer ${(await (await askToken(own, auth)).json()).access_token}`, 'x-road-client': 'VN/GOV/H19.78/GOI' });
  let headers = await bearer();
  const ask = (code) => fetch(`${at}/r1/VN/GOV/H19.78/PM/${code}/ho/12`, { headers });
  try {
    await until('what was granted after it is in force', async () => (await ask('dung')).status === 200);
    assert.equal(seen.at(-1).url, '/api/ho/12');
    assert.equal((await ask('lac')).headers.get('x-road-error'), 'Server.ServerProxy.NetworkError');
    await own.stop();
    own = await startServer(words);
    headers = await bearer();
    await until('it passes after a start', async () => (await ask('dung')).status === 200);
    assert.equal((await ask('lac')).headers.get('x-road-error'), 'Server.ServerProxy.NetworkError');
    // its owner mends the address, and says whom to ask
    const page = `/truc/dich-vu/${lost}`;
    const o2 = new Client(own);
    assert.equal((await o2.signIn(officers.operator)).status, 303);
    const move = (endpoint) => o2.form(`${page}/dia-chi`, { endpoint, contact: 'Tổ tích hợp, 0271 3870 000' }, { from: page });
    for (const wrong of ['sim:dan-cu', 'khong phai']) assert.equal((await move(wrong)).status, 422, wrong);
    assert.equal((await move(`http://127.0.0.1:${upstream.address().port}/moi`)).status, 303);
    await until('it is reached', async () => (await ask('lac')).status === 200);
    assert.equal(seen.at(-1).url, '/moi/ho/12');
    const nobody = await new Client(own).get(page);
    assert.match(nobody.text, /Tổ tích hợp, 0271 3870 000/);
    assert.doesNotMatch(nobody.text, /\/moi/, 'where it is is its owner\'s business');
  } finally {
    await own.stop();
    dropDir(data);
  }
});

test('the older style: a session, dstcode, error codes in the body', async () => {
  const [username, password] = state.auth.split(':');
  const post = async (path, body, headers = {}) => (await fetch(server.url + path, { method: 'POST',
    headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })).json();
  assert.equal((await post('/adapter/login', { username, password: 'x' })).error_code, '10');
  const { session, error_code: code } = await post('/adapter/login', { username, password });
  assert.equal(code, '0');
  const refused = await post('/adapter/call', { session, madonvi: 'H19', service: 'LayThuTuc', MaTTHC: '1.001193' },
    { dstcode: 'VN:GOV:VPCP:CSDL-TTHC:thu-tuc' });
  assert.deepEqual([refused.error_code, refused.fault], ['05', 'no_grant']);
  const found = await operator.get('/truc?q=thu+tuc');
  const [, id] = /\/truc\/dich-vu\/(\d+)">Cơ sở dữ liệu quốc gia về thủ tục/.exec(found.text);
  await agree(operator, id, state.consumer, 'LayThuTuc');
  const answered = await post('/adapter/call', { session, madonvi: 'H19', service: 'LayThuTuc', MaTTHC: '1.001193' },
    { dstcode: 'VN:GOV:VPCP:CSDL-TTHC:thu-tuc' });
  assert.equal(answered.error_code, '00');
  assert.equal(answered.TenTTHC, 'Đăng ký khai sinh');
});

test('the sandbox answers without an agreement, from the simulator', async () => {
  const found = await operator.get('/truc?q=thue');
  const [, id] = /\/truc\/dich-vu\/(\d+)">Hệ thống đăng ký thuế/.exec(found.text);
  const tried = await operator.form(`/truc/dich-vu/${id}/thu`, { operation: 'KiemTraMST',
    body: '{"SoGiayTo":"070190900018","TenNNT":"Thị Mơ"}' });
  assert.match(tried.text, /&lt;t:MST&gt;070190900018/);
  const direct = await fetch(`${server.url}/mo-phong/quoc-gia/vbpl/van-ban?soKyHieu=60%2F2014%2FQH13`);
  assert.equal(direct.headers.get('x-simulated'), 'true');
  assert.equal((await direct.json()).tinhTrangHieuLuc, 'CHL');
});

test('the guide of doc/exchange.md runs as it stands, from nothing to the first call', { timeout: 300000 }, async () => {
  const INTEGRATOR = await makeToken(server, `tichhop.${demo.unit}`, ['exchange.read', 'exchange.call']);
  const walk = new Walk('doc/exchange.md', { URL: server.url, RELAY: relay, INTEGRATOR });
  const asked = await walk.next();
  const [, agreement] = /thoa-thuan\/(\d+)/.exec(asked);
  idOf(await operator.form(`/truc/thoa-thuan/${agreement}`, { state: 'granted', version: '1', operations: 'van-ban' }));
  const called = await walk.next();
  assert.match(called, /"soKyHieu": "60\/2014\/QH13"/);
  assert.match(called, /Phần mềm tra cứu văn bản \| Cơ sở dữ liệu quốc gia về pháp luật \| .* \| 200/);
  const [, soapAgreement] = /thoa-thuan\/(\d+)/.exec(await walk.next());
  idOf(await operator.form(`/truc/thoa-thuan/${soapAgreement}`, { state: 'granted', version: '1', operations: 'KiemTraMST' }));
  assert.match(await walk.next(), /<t:MST>070190900018<\/t:MST>/);
  const told = await walk.next();
  assert.match(told, /VN\/GOV\/H19\.X25405\/TRA-CUU/);
  assert.match(told, /van-ban +GET \/van-ban/);
  assert.match(told, /KiemTraMST<\/id:serviceCode><id:serviceVersion>1\n/);
  assert.equal([...told.matchAll(/^<id:serviceCode>(\w+)$/gm)].map((m) => m[1]).join(), 'KiemTraMST', 'what was granted');
  assert.match(told, /^<operation name="KiemTraMST"/m);
  await walk.end();
  // a block run twice by mistake says what is wrong, not only that something is
  const again = spawnSync('bash', ['-euo', 'pipefail', '-c', blocksOf('doc/exchange.md')[0]], { encoding: 'utf8', env: { ...process.env, URL: server.url, INTEGRATOR } });
  assert.notEqual(again.status, 0);
  assert.match(again.stderr, /"field":"code"[^}]*"gateway\.code_taken"/);
});
