// Keys, certificates and versions of the exchange over HTTP, with a relay that speaks TLS: a key is given a new secret, bound to a
// certificate (RFC 8705), which ends with it; a service is described anew and retired; a failed question and a dead message go again.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { idOf } from '../lib/exchange.mjs';
import { Client, demo, dropDir, freePort, newDir, officers, startServer, until } from '../lib/server.mjs';

const dir = newDir();
const MEMBER = 'VN/GOV/H19.88';
const state = {};
let server, upstream, operator, port;

/** A certificate that signs itself, by the openssl command. */
function certificate(name) {
  const [key, crt] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', crt]);
  assert.equal(made.status, 0, String(made.stderr));
  const pem = readFileSync(crt, 'utf8');
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return { key: readFileSync(key), cert: pem, sha256: createHash('sha256').update(der).digest('hex'), x5t: createHash('sha256').update(der).digest('base64url') };
}
const certs = {};

const description = (version, more = {}) => JSON.stringify({
  openapi: '3.1.0', info: { title: 'Sổ cây xanh', version },
  paths: { '/cay/{so}': { get: { operationId: 'tra-cuu-cay', summary: 'Tra cứu một cây',
    parameters: [{ name: 'so', in: 'path', required: true, schema: { type: 'string' } }],
    responses: { 200: { description: 'cây', content: { 'application/json': { schema: { type: 'object',
      properties: { so: { type: 'string' }, loai: { type: 'string' }, chu: { type: 'string' }, ...more } } } } } } } } },
});

async function upload(path, fields, document, from = path, who = operator) {
  const body = new FormData();
  for (const [k, v] of Object.entries(fields)) body.set(k, v);
  body.set('csrf', Client.token((await who.get(from)).text));
  body.set('document', new Blob([document]), 'mo-ta');
  return who.request('POST', path, { body, headers: { origin: server.url } });
}

const token = (auth) => fetch(`${server.url}/token`, { method: 'POST', body: 'grant_type=client_credentials',
  headers: { authorization: `Basic ${Buffer.from(auth).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' } });
const bearer = async (auth) => { const r = await token(auth); assert.equal(r.status, 200, await r.clone().text()); return (await r.json()).access_token; };

/** A call through the relay by TLS, with a certificate of the client or none. */
const call = (access, who, path = `/r1/${MEMBER}/CAY/cay/cay/7`) => new Promise((resolve, reject) => {
  const rq = https.request({ port, host: '127.0.0.1', servername: 'localhost', ca: [certs.relay.cert], cert: who?.cert, key: who?.key, path, agent: false,
    headers: { authorization: `Bearer ${access}`, 'x-road-client': `${MEMBER}/TRA-CUU` } }, (rs) => {
    let text = '';
    rs.on('data', (b) => { text += b; }).on('end', () => resolve({ status: rs.statusCode, headers: rs.headers, json: /json/.test(rs.headers['content-type']) ? JSON.parse(text) : null, text }));
  });
  rq.on('error', reject);
  rq.end();
});
const secretOf = (page) => { assert.equal(page.status, 200, page.text.slice(0, 2000)); return /id="secret">([a-z0-9]+) : (bbx_[A-Za-z0-9_-]+)/.exec(page.text).slice(1); };
const system = () => `/truc/he-thong/${state.consumer}`;
const act = (what, fields) => operator.form(`${system()}/${what}`, fields, { from: system() });
/** The id that a button of the system's page sends: of the newest certificate or of the one key. */
const buttonId = async (what) => new RegExp(`action="${system()}/${what}">.*?name="id" value="(\\d+)"`).exec((await operator.get(system())).text)[1];

before(async () => {
  for (const name of ['relay', 'mine', 'theirs']) certs[name] = certificate(name);
  upstream = http.createServer((rq, rs) => {
    rs.setHeader('content-type', 'application/json');
    rs.end(JSON.stringify({ so: '7', loai: 'Sao đen', chu: 'Ủy ban nhân dân xã', toa_do: '11.8, 106.9' }));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  port = await freePort();
  server = await startServer({ args: ['--relay-port', String(port), '--relay-address', '127.0.0.1',
    '--relay-cert', join(dir, 'relay.crt'), '--relay-key', join(dir, 'relay.key')] });
  operator = new Client(server);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
});
after(async () => {
  await server?.stop();
  upstream?.close();
  upstream?.closeAllConnections();
  dropDir(dir);
});

test('a system, its key, a service and an agreement', async () => {
  const member = idOf(await operator.form('/truc/thanh-vien', { class: 'GOV', code: 'H19.88', name: 'Phòng cây xanh' }));
  const at = `/truc/thanh-vien/${member}`;
  state.provider = idOf(await operator.form(`${at}/he-thong`, { code: 'CAY', name: 'Sổ cây' }, { from: at }));
  state.consumer = idOf(await operator.form(`${at}/he-thong`, { code: 'TRA-CUU', name: 'Tra cứu cây' }, { from: at }));
  state.service = idOf(await upload('/truc/dich-vu-moi', { subsystem: state.provider, code: 'cay', name: 'Sổ cây xanh', data_class: 'internal',
    endpoint: `http://127.0.0.1:${upstream.address().port}`, sla_ms: '500' }, description('1.0')));
  state.agreement = idOf(await operator.form(`/truc/dich-vu/${state.service}/xin-phep`, { consumer: state.consumer, operations: 'tra-cuu-cay',
    fields: ['so', 'loai'], purpose: 'Tra cứu cây trồng trên đường phố', legal_basis: 'Nghị định 64/2010/NĐ-CP' }));
  idOf(await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'granted', version: '1', operations: 'tra-cuu-cay', removed: 'chu', rate_s: '0', quota_day: '0' }));
  [state.client, state.secret] = secretOf(await act('khoa', { name: 'máy chủ', ttl_s: '600' }));
});

test('addresses: well-formed ones only; from another one no token is given', async () => {
  const wrong = await act('dia-chi', { ip_allow: '10.0.0.0/99' });
  assert.equal(wrong.status, 422);
  assert.equal((await act('dia-chi', { ip_allow: '10.9.0.0/16' })).status, 303);
  assert.equal((await token(`${state.client}:${state.secret}`)).status, 401);
  assert.equal((await act('dia-chi', { ip_allow: '' })).status, 303);
  assert.equal((await token(`${state.client}:${state.secret}`)).status, 200);
});

test('a new secret: the old one works until its end, then not; only three are valid at once', async () => {
  const id = await buttonId('khoa/thay');
  const [, second] = secretOf(await act('khoa/thay', { id }));
  for (const s of [state.secret, second]) assert.equal((await token(`${state.client}:${s}`)).status, 200, 'both, for a week');
  const [, third] = secretOf(await act('khoa/thay', { id }));
  assert.equal((await act('khoa/thay', { id })).status, 409);
  assert.equal((await act('khoa/thay', { id, overlap_s: '-1' })).status, 422);
  for (const s of [state.secret, second, third]) assert.equal((await token(`${state.client}:${s}`)).status, 200);
  const other = secretOf(await act('khoa', { name: 'máy chủ 2', ttl_s: '600' }));
  const page = (await operator.get(system())).text;
  const otherId = [...page.matchAll(/khoa\/thay">.*?name="id" value="(\d+)"/g)].map((m) => m[1]).find((x) => x !== id);
  const [, fresh] = secretOf(await act('khoa/thay', { id: otherId, overlap_s: '4' }));
  assert.equal((await token(`${other[0]}:${fresh}`)).status, 200);
  await until('the old secret ends', async () => (await token(other.join(':'))).status === 401);
  assert.equal((await token(`${other[0]}:${fresh}`)).status, 200);
  assert.equal((await act('khoa/huy', { id: otherId })).status, 303);
  assert.equal((await token(`${other[0]}:${fresh}`)).status, 401);
  state.auth = `${state.client}:${third}`;
});

test('a key without a certificate calls by its token alone', async () => {
  const free = await bearer(state.auth);
  await until('the relay lets it through', async () => (await call(free)).status === 200);
  assert.deepEqual((await call(free)).json, { so: '7', loai: 'Sao đen', toa_do: '11.8, 106.9' });
  assert.equal((await call(free, certs.theirs)).status, 200, 'a certificate that nobody knows says nothing');
});

test('a certificate is registered once, and a key is bound to one of its own system only', async () => {
  const garbled = await act('chung-thu', { cert: 'không phải chứng thư' });
  assert.equal(garbled.status, 422);
  assert.equal((await act('chung-thu', { cert: certs.mine.cert })).status, 303);
  assert.equal((await act('chung-thu', { cert: certs.mine.cert })).status, 409);
  assert.ok((await operator.get(system())).text.includes(certs.mine.sha256));
  assert.equal((await act('khoa/gan', { client_id: state.client, thumb: certs.theirs.sha256 })).status, 422);
  assert.equal((await act('khoa/gan', { client_id: 'ai-do', thumb: certs.mine.sha256 })).status, 422);
  const shown = certs.mine.sha256.toUpperCase().replace(/..(?!$)/g, '$&:'); // as the openssl command shows it
  assert.equal((await act('khoa/gan', { client_id: state.client, thumb: shown })).status, 303);
});

test('a bound key gets bound tokens: good by TLS with that certificate, with none or another they are refused', async () => {
  const bound = await bearer(state.auth);
  const claims = JSON.parse(Buffer.from(bound.split('.')[1], 'base64url'));
  assert.deepEqual(claims.cnf, { 'x5t#S256': certs.mine.x5t });
  await until('the relay knows the certificate', async () => (await call(bound, certs.mine)).status === 200);
  for (const who of [undefined, certs.theirs]) {
    for (let i = 0; i < 2; i++) { // verified, then kept
      const r = await call(bound, who);
      assert.equal(r.status, 401);
      assert.equal(r.json.type, 'Client.InvalidToken');
      assert.match(r.json.message, /bound to a certificate/);
      assert.match(r.headers['www-authenticate'], /error="invalid_token"/);
    }
  }
  assert.equal((await call(bound, certs.mine)).status, 200);
  await until('the refusal is accounted for', async () => /gắn với chứng thư/.test((await operator.get(`/truc/nhat-ky?he-thong=${state.consumer}`)).text));
});

test('doors that see no certificate refuse what is bound to one', async () => {
  const bound = await bearer(state.auth);
  assert.equal((await fetch(`${server.url}/listClients`, { headers: { authorization: `Bearer ${bound}`, 'x-road-client': `${MEMBER}/TRA-CUU` } })).status, 401);
  assert.equal((await fetch(`${server.url}/boxes/messages`, { headers: { authorization: `Bearer ${bound}` } })).status, 401);
  const [username, password] = state.auth.split(':');
  const login = await fetch(`${server.url}/adapter/login`, { method: 'POST', body: JSON.stringify({ username, password }), headers: { 'content-type': 'application/json' } });
  assert.equal((await login.json()).error_code, '10');
  const asked = await call(bound, certs.mine, '/listClients');
  assert.equal(asked.status, 200, asked.text);
});

test('a revoked certificate ends the tokens bound to it; an unbound key works again', async () => {
  const bound = await bearer(state.auth);
  assert.equal((await act('chung-thu/huy', { id: await buttonId('chung-thu/huy') })).status, 303);
  await until('the relay forgets the certificate', async () => (await call(bound, certs.mine)).status === 401);
  const refused = await token(state.auth);
  assert.deepEqual([refused.status, (await refused.json()).error], [401, 'invalid_client']);
  assert.equal((await act('khoa/gan', { client_id: state.client, thumb: '' })).status, 303);
  const free = await bearer(state.auth);
  assert.equal((await call(free)).status, 200);
  assert.equal((await call(bound, certs.mine)).status, 401, 'a bound token does not become free');
});

const agreement = () => operator.get(`/truc/thoa-thuan/${state.agreement}`);
const importOf = (document, who) => upload(`/truc/dich-vu/${state.service}/phien-ban`, {}, document, `/truc/dich-vu/${state.service}`, who);

test('version 2 of a service: its new fields are held back until the owner says; the same number with other content is refused', async () => {
  const taken = await importOf(description('1.0', { toa_do: { type: 'string' } }));
  assert.equal(taken.status, 422);
  assert.match(taken.text, /Phiên bản 1\.0 đã có với nội dung khác/);
  assert.equal((await importOf(description('1.0'))).status, 303, 'the same again changes nothing');
  assert.equal((await importOf(description('2.0', { toa_do: { type: 'string', description: 'Toạ độ' }, sau: { type: 'object', properties: { benh: { type: 'string' } } } }))).status, 303);
  assert.match((await operator.get(`/truc/dich-vu/${state.service}`)).text, /2\.0/);
  const before = /href="(\/truc\/tai-lieu\/\d+)">1\.0</.exec((await operator.get(`/truc/dich-vu/${state.service}`)).text);
  assert.equal((await operator.get(before[1])).json().info.version, '1.0', 'the version before can still be read');
  const held = (await agreement()).text;
  assert.match(held, /chưa từng thấy: toa_do sau\./);
  assert.match(held, /data-label="Giá trị">chu toa_do sau</);
  for (const name of ['chu', 'toa_do', 'sau']) assert.match(held, new RegExp(`name="removed" value="${name}"\\s+checked`), 'who decides again sees it ticked');
  const free = await bearer(state.auth);
  await until('the new field is held back', async () => !('toa_do' in (await call(free)).json));
  const version = /name="version" value="(\d+)"/.exec(held)[1];
  assert.equal(version, '3', 'decided on before it was held: told');
  idOf(await operator.form(`/truc/thoa-thuan/${state.agreement}`, { state: 'granted', version, operations: 'tra-cuu-cay', removed: ['chu', 'sau'], rate_s: '0', quota_day: '0' }));
  await until('the owner has let it out', async () => 'toa_do' in (await call(free)).json);
  assert.doesNotMatch((await agreement()).text, /chưa từng thấy/);
});

test('the owner of a service sees who called it; a stranger gets 404', async () => {
  const path = `/truc/nhat-ky?dich-vu=${state.service}`;
  assert.ok((await operator.get(`/truc/dich-vu/${state.service}`)).text.includes(path));
  await until('the calls', async () => /Tra cứu cây/.test((await operator.get(path)).text));
  const stranger = new Client(server);
  assert.equal((await stranger.signIn(`tichhop.${demo.unit}`)).status, 303);
  assert.equal((await stranger.get(path)).status, 404);
  assert.equal((await stranger.get(`/truc/he-thong/${state.consumer}`)).status, 403);
  // a member of the stranger's own unit: its service, its calls, its agreements
  const found = (await operator.get('/api/v1/truc/thanh-vien?q=Bom+Bo')).json();
  const home = found.tables[0].rows.map((r) => r.cells).find((c) => c.some((x) => x.value === 'Xã Bom Bo'))[0].href;
  const own = idOf(await stranger.form(`${home}/he-thong`, { code: 'CAY-XA', name: 'Sổ cây của xã' }, { from: home }));
  const service = idOf(await upload('/truc/dich-vu-moi', { subsystem: own, code: 'cay-xa', name: 'Cây của xã', data_class: 'internal',
    endpoint: `http://127.0.0.1:${upstream.address().port}`, sla_ms: '500' }, description('1.0'), '/truc/dich-vu-moi', stranger));
  assert.equal((await stranger.get(`/truc/nhat-ky?dich-vu=${service}`)).status, 200);
  const asked = idOf(await operator.form(`/truc/dich-vu/${service}/xin-phep`, { consumer: state.consumer, operations: 'tra-cuu-cay',
    purpose: 'Tra cứu cây trồng trên đường phố', legal_basis: 'Nghị định 64/2010/NĐ-CP' }));
  const list = (await stranger.get('/api/v1/truc/thoa-thuan')).json();
  assert.ok(list.tables[0].rows.some((r) => r.cells[0].href === `/truc/thoa-thuan/${asked}`), 'what others ask of an own service');
  assert.ok(list.tables[0].rows.every((r) => r.cells[0].href !== `/truc/thoa-thuan/${state.agreement}`));
  const waiting = (await stranger.get(`/api/v1/truc/thoa-thuan?he-thong=${own}&tinh-trang=asked`)).json();
  assert.equal(waiting.tables[0].rows.length, 1);
  assert.equal((await stranger.get(`/api/v1/truc/thoa-thuan?he-thong=${own}&tinh-trang=ended`)).json().tables[0].rows.length, 0);
  state.stranger = stranger;
  state.wsdlSystem = own;
});

const WSDL = (doc) => `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:cay" targetNamespace="urn:cay" name="Cay">
<types><x:schema targetNamespace="urn:cay" elementFormDefault="qualified"><x:element name="Tim"><x:complexType><x:sequence><x:element name="So" type="x:string"/></x:sequence></x:complexType></x:element>
<x:element name="TimRa"><x:complexType><x:sequence><x:element name="Cay"><x:complexType><x:sequence><x:element name="Loai" type="x:string"/><x:element name="Tuoi" type="x:int"/></x:sequence></x:complexType></x:element></x:sequence></x:complexType></x:element></x:schema></types>
<message name="M"><part name="p" element="t:Tim"/></message><message name="N"><part name="p" element="t:TimRa"/></message>
<portType name="P"><operation name="Tim"><documentation>${doc}</documentation><input message="t:M"/><output message="t:N"/></operation></portType>
<service name="Cay"><port name="P"><s:address xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" location="http://127.0.0.1:9/cay"/></port></service></definitions>`;

test('the sandbox of a service without a simulator shows samples from its description, labelled as such', async () => {
  const at = `/truc/dich-vu/${state.service}/thu`;
  assert.match((await operator.get(at)).text, /không có lời gọi nào được gửi/);
  const made = await operator.form(at, { operation: 'tra-cuu-cay' });
  assert.equal(made.status, 200, made.text.slice(0, 2000));
  assert.match(made.text, /Đây không phải câu trả lời thật/);
  const sample = /<pre[^>]*id="answer">([^<]*)</.exec(made.text)[1].replaceAll('&quot;', '"').replaceAll('&#34;', '"');
  assert.deepEqual(JSON.parse(sample), { so: 'mẫu', loai: 'mẫu', chu: 'mẫu', toa_do: 'mẫu', sau: { benh: 'mẫu' } });
  assert.equal((await operator.form(at, { operation: 'khong-co' })).status, 404);
  const service = idOf(await upload('/truc/dich-vu-moi', { subsystem: state.wsdlSystem, code: 'cay-soap', name: 'Cây theo SOAP', data_class: 'internal',
    endpoint: 'http://127.0.0.1:9', sla_ms: '500' }, WSDL('Tìm một cây'), '/truc/dich-vu-moi', state.stranger));
  const soap = await state.stranger.form(`/truc/dich-vu/${service}/thu`, { operation: 'Tim' });
  assert.match(soap.text, /&lt;t:TimRa xmlns:t=(&quot;|&#34;)urn:cay(&quot;|&#34;)&gt;&lt;t:Cay&gt;&lt;t:Loai&gt;mẫu&lt;\/t:Loai&gt;&lt;t:Tuoi&gt;1&lt;\/t:Tuoi&gt;/);
  const page = `/truc/dich-vu/${service}`;
  assert.equal((await upload(`${page}/phien-ban`, {}, WSDL('Tìm cây theo số'), page, state.stranger)).status, 303, 'WSDL has no number of its own: it gets one');
  assert.match((await state.stranger.get(page)).text, /Tìm cây theo số/);
});

test('a retired service is called no more; only its owner retires it', async () => {
  const free = await bearer(state.auth);
  assert.equal((await state.stranger.form(`/truc/dich-vu/${state.service}/ngung`, {}, { from: '/truc/cua-toi' })).status, 403);
  assert.equal((await operator.form(`/truc/dich-vu/${state.service}/ngung`, {}, { from: `/truc/dich-vu/${state.service}` })).status, 303);
  await until('the relay forgets the service', async () => /UnknownService/.test((await call(free)).json.type ?? ''));
});

test('lines of a member are tried now, a question is put again: by the operator alone, and only what there is', async () => {
  assert.equal((await operator.form('/truc/quoc-gia/hoi-lai', { id: '1' }, { from: '/truc/quoc-gia' })).status, 404);
  assert.equal((await operator.form('/truc/hop-thu/thu-lai', { member: 'VN/GOV/X9' }, { from: '/truc/hop-thu' })).status, 303);
  for (const [path, fields] of [['/truc/quoc-gia/hoi-lai', { id: '1' }], ['/truc/hop-thu/thu-lai', { member: MEMBER }]]) {
    assert.equal((await state.stranger.form(path, fields, { from: '/truc/cua-toi' })).status, 403);
  }
});
