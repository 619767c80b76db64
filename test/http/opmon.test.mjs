// The monitoring services of X-Road (PR-OPMON, PR-ENVMONMES), asked as its own clients ask: SOAP over HTTP, directly and through
// the relay. Records are told a minute late; the program is started again with its clock ahead instead of waiting.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { idOf } from '../lib/exchange.mjs';
import { Client, dropDir, freePort, newDir, officers, root, startServer, until } from '../lib/server.mjs';

const OWNER = 'VN/GOV/H19', M = 'VN/GOV/H19.77';
const AHEAD_S = 3600;
let server, upstream, operator, relayPort, begunS;
const data = newDir();
const systems = {}; // path -> {id, key, token}

async function begin(env = {}) {
  server = await startServer({ data, env, args: ['--relay-port', String(relayPort), '--relay-address', '127.0.0.1', '--node-name', 'tram.test'] });
  operator = new Client(server);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
}

async function system(member, code, path) {
  const at = `/truc/thanh-vien/${member}`;
  const id = idOf(await operator.form(`${at}/he-thong`, { code, name: `Hệ thống ${code}` }, { from: at }));
  const page = await operator.form(`/truc/he-thong/${id}/khoa`, { name: 'máy chủ', ttl_s: '600' }, { from: `/truc/he-thong/${id}` });
  systems[path] = { id, key: /id="secret">([a-z0-9]+) : (bbx_[A-Za-z0-9_-]+)/.exec(page.text).slice(1).join(':') };
}

async function signIn(path) {
  const r = await fetch(`${server.url}/token`, { method: 'POST', body: 'grant_type=client_credentials', headers: {
    authorization: `Basic ${Buffer.from(systems[path].key).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' } });
  systems[path].token = (await r.json()).access_token;
}

const identifier = (tag, type, path, more = '') => {
  const names = ['xRoadInstance', 'memberClass', 'memberCode', type === 'SERVER' ? 'serverCode' : 'subsystemCode'];
  return `<${tag} id:objectType="${type}">${path.split('/').map((v, i) => `<id:${names[i]}>${v}</id:${names[i]}>`).join('')}${more}</${tag}>`;
};
function message(path, service, body, { target, provider = OWNER, version = '4.0', client = path } = {}) {
  return `<?xml version="1.0" encoding="utf-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xroad="http://x-road.eu/xsd/xroad.xsd"
  xmlns:om="http://x-road.eu/xsd/op-monitoring.xsd" xmlns:m="http://x-road.eu/xsd/monitoring" xmlns:id="http://x-road.eu/xsd/identifiers">
 <SOAP-ENV:Header>${identifier('xroad:client', client.split('/').length === 3 ? 'MEMBER' : 'SUBSYSTEM', client)}
  ${identifier('xroad:service', 'SERVICE', provider, `<id:serviceCode>${service}</id:serviceCode>`)}
  ${target ? identifier('xroad:securityServer', 'SERVER', target) : ''}<xroad:id>q-1</xroad:id>
  <xroad:protocolVersion>${version}</xroad:protocolVersion></SOAP-ENV:Header>
 <SOAP-ENV:Body>${body}</SOAP-ENV:Body>
</SOAP-ENV:Envelope>`;
}
const post = async (url, body, headers) => {
  const r = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/xml; charset=UTF-8', ...headers } });
  return { status: r.status, headers: r.headers, bytes: Buffer.from(await r.arrayBuffer()) };
};
const ask = (path, service, body, options = {}) => post(options.url ?? `${server.url}/opmon`, message(path, service, body, options),
  { authorization: `Bearer ${systems[path].token}`, ...options.headers });
const search = (from, to, more = '', spec = '') => `<om:getSecurityServerOperationalData><om:searchCriteria><om:recordsFrom>${from}</om:recordsFrom>` +
  `<om:recordsTo>${to}</om:recordsTo>${more}</om:searchCriteria>${spec}</om:getSecurityServerOperationalData>`;

/** The parts of a multipart answer as a MIME reader takes them. */
function parts(r) {
  const [, boundary] = /boundary=([^;]+)/.exec(r.headers.get('content-type'));
  const out = [];
  for (let at = r.bytes.indexOf(`--${boundary}`); ;) {
    const from = at + boundary.length + 2;
    at = r.bytes.indexOf(`\r\n--${boundary}`, from);
    if (at < 0) return out;
    const part = r.bytes.subarray(from + 2, at);
    const end = part.indexOf('\r\n\r\n');
    out.push({ head: part.subarray(0, end).toString(), body: part.subarray(end + 4) });
    at += 2;
  }
}
async function records(path, from, to, { more, spec, ...options } = {}) {
  const r = await ask(path, 'getSecurityServerOperationalData', search(from, to, more, spec), options);
  assert.equal(r.status, 200, r.bytes.toString());
  assert.match(r.headers.get('content-type'), /^multipart\/related; type="text\/xml"/);
  const [soap, gzip] = parts(r);
  const text = soap.body.toString();
  assert.match(soap.head, /Content-Type: text\/xml/);
  assert.match(gzip.head, /Content-Type: application\/gzip/);
  const cid = /<om:records>cid:([^<]+)</.exec(text)[1];
  assert.ok(gzip.head.includes(`Content-ID: <${cid}>`));
  const list = JSON.parse(gunzipSync(gzip.body)).records;
  assert.equal(Number(/<om:recordsCount>(\d+)</.exec(text)[1]), list.length);
  return { list, text, next: Number(/<om:nextRecordsFrom>(\d+)</.exec(text)?.[1] ?? 0) };
}
const faultOf = (r) => `${r.status} ${/<faultcode>([^<]*)</.exec(r.bytes.toString())?.[1]}`;

before(async () => {
  assert.equal(spawnSync('make', ['-s', 'build/testtools/clock_ahead.so'], { cwd: root, env: { ...process.env, MAKEFLAGS: '' } }).status, 0);
  upstream = http.createServer((rq, rs) => rs.end('{"so":"12"}')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  relayPort = await freePort();
  await begin();
  const own = (await operator.get('/api/v1/truc/thanh-vien?q=GOV/H19')).json().tables[0].rows.map((r) => r.cells)
    .find((cells) => cells.some((c) => c.value === OWNER || c.value === 'GOV/H19'));
  assert.ok(own, 'the owner is a member');
  await system(own[0].href.split('/').pop(), 'GIAM-SAT', `${OWNER}/GIAM-SAT`);
  const member = idOf(await operator.form('/truc/thanh-vien', { class: 'GOV', code: 'H19.77', name: 'Sở thử nghiệm' }));
  for (const code of ['HO-NGHEO', 'BHYT', 'KHAC']) await system(member, code, `${M}/${code}`);
  const form = new FormData();
  const fields = { subsystem: systems[`${M}/HO-NGHEO`].id, code: 'ho', name: 'Sổ hộ nghèo', data_class: 'personal', summary: 'Hộ nghèo',
    endpoint: `http://127.0.0.1:${upstream.address().port}/api`, sla_ms: '500', csrf: Client.token((await operator.get('/truc/dich-vu-moi')).text) };
  for (const [k, v] of Object.entries(fields)) form.set(k, v);
  form.set('document', new Blob([JSON.stringify({ openapi: '3.1.0', info: { title: 'Sổ', version: '1.0' }, paths: { '/ho/{so}': { get: {
    operationId: 'tra-cuu-ho', parameters: [{ name: 'so', in: 'path', required: true, schema: { type: 'string' } }], responses: { 200: { description: 'hộ' } } } } } })]), 'openapi.json');
  const service = idOf(await operator.request('POST', '/truc/dich-vu-moi', { body: form, headers: { origin: server.url } }));
  const agreement = idOf(await operator.form(`/truc/dich-vu/${service}/xin-phep`, { consumer: systems[`${M}/BHYT`].id, operations: 'tra-cuu-ho',
    purpose: 'Cấp thẻ', legal_basis: 'Luật Bảo hiểm y tế' }));
  idOf(await operator.form(`/truc/thoa-thuan/${agreement}`, { state: 'granted', version: '1', operations: 'tra-cuu-ho', rate_s: '0', quota_day: '0' }));
  await signIn(`${M}/BHYT`);
  const call = (n, path = '/ho/12') => fetch(`http://127.0.0.1:${relayPort}/r1/${M}/HO-NGHEO/ho${path}`, { headers: {
    authorization: `Bearer ${systems[`${M}/BHYT`].token}`, 'x-road-client': `${M}/BHYT`, 'x-road-id': `call-${n}` } });
  await until('the relay lets it through', async () => (await call('first')).status === 200);
  begunS = Math.floor(Date.now() / 1000) - 600;
  for (let n = 1; n <= 3; n++) assert.equal((await call(n)).status, 200);
  assert.notEqual((await call('refused', '/cam/070190900018')).status, 200);
  const stored = async () => (await operator.get(`/api/v1/truc/nhat-ky?he-thong=${systems[`${M}/BHYT`].id}`)).json().tables[0].rows;
  await until('the calls are stored', async () => {
    const rows = (await stored()).map((r) => r.cells.map((c) => c.value).join('|'));
    return rows.filter((r) => r.includes('|200|')).length >= 4 && rows.some((r) => r.includes('|/cam/'));
  });
  await server.stop();
  await begin({ LD_PRELOAD: join(root, 'build/testtools/clock_ahead.so'), CLOCK_AHEAD_S: String(AHEAD_S) });
  for (const path of Object.keys(systems)) await signIn(path);
});
after(async () => {
  await server?.stop();
  upstream?.close();
  upstream?.closeAllConnections();
  dropDir(data);
});

const nowS = () => Math.floor(Date.now() / 1000) + AHEAD_S;

test('a client gets the records of its own calls, gzipped beside the SOAP answer, with the times of each step', async () => {
  const { list, text, next } = await records(`${M}/BHYT`, begunS, nowS() - 600);
  const mine = list.filter((r) => /^call-[123]$/.test(r.messageId)).sort((a, b) => (a.messageId < b.messageId ? -1 : 1)); // in any order
  assert.deepEqual(mine.map((r) => r.messageId), ['call-1', 'call-2', 'call-3']);
  assert.equal(next, 0);
  for (const r of mine) {
    assert.deepEqual([r.clientXRoadInstance, r.clientMemberClass, r.clientMemberCode, r.clientSubsystemCode], [...M.split('/'), 'BHYT']);
    assert.deepEqual([r.serviceXRoadInstance, r.serviceMemberClass, r.serviceMemberCode, r.serviceSubsystemCode, r.serviceCode],
      [...M.split('/'), 'HO-NGHEO', 'ho']);
    assert.deepEqual([r.succeeded, r.statusCode, r.serviceType, r.restPath, r.securityServerType], [true, 200, 'OPENAPI3', '/ho/{so}', 'Client']);
    assert.ok(r.requestInTs <= r.requestOutTs && r.requestOutTs <= r.responseInTs && r.responseInTs <= r.responseOutTs, JSON.stringify(r));
    assert.ok(r.responseSize === 11 && r.monitoringDataTs >= begunS);
  }
  const refused = list.find((r) => r.messageId === 'call-refused');
  assert.deepEqual([refused.succeeded, refused.faultCode, refused.restPath, refused.requestOutTs], [false, 'no_operation', undefined, undefined]);
  assert.ok(!JSON.stringify(list).includes('070190900018'), 'a path that was not agreed may name a person');
  const sent = message(`${M}/BHYT`, 'getSecurityServerOperationalData', search(begunS, nowS()));
  assert.match(text, /<xroad:id>q-1<\/xroad:id>/);
  assert.match(text, /<id:serviceCode>getSecurityServerOperationalData<\/id:serviceCode>/);
  const r = await post(`${server.url}/opmon`, sent, { authorization: `Bearer ${systems[`${M}/BHYT`].token}` });
  assert.ok(r.bytes.includes(`<xroad:requestHash algorithmId="http://www.w3.org/2001/04/xmlenc#sha512">${createHash('sha512').update(sent).digest('base64')}<`));
});

test('who takes no part sees nothing; the provider sees its side; the owner sees all, but only when it names the server', async () => {
  const to = nowS() - 600;
  assert.equal((await records(`${M}/KHAC`, begunS, to)).list.length, 0);
  assert.ok((await records(`${M}/HO-NGHEO`, begunS, to)).list.length >= 4);
  assert.equal((await records(`${OWNER}/GIAM-SAT`, begunS, to)).list.length, 0);
  const all = await records(`${OWNER}/GIAM-SAT`, begunS, to, { target: `${OWNER}/tram.test` });
  assert.ok(all.list.filter((r) => r.messageId?.startsWith('call-')).length >= 4);
  assert.ok(all.list.some((r) => r.clientMemberCode !== 'H19.77'), 'those of the demo too');
  const as = { target: `${OWNER}/tram.test`, client: OWNER };
  assert.equal((await records(`${OWNER}/GIAM-SAT`, begunS, to, as)).list.length, all.list.length, 'as the member itself');
  const partner = identifier('om:client', 'MEMBER', M);
  const some = await records(`${OWNER}/GIAM-SAT`, begunS, to, { ...as, more: partner });
  assert.ok(some.list.length >= 4 && some.list.every((r) => r.clientMemberCode === 'H19.77'));
  const none = identifier('om:client', 'SUBSYSTEM', `${M}/KHAC`);
  assert.equal((await records(`${M}/BHYT`, begunS, to, { more: none })).list.length, 0);
});

test('outputSpec names the fields; a range into the last minute is cut and says where to go on', async () => {
  const spec = '<om:outputSpec><om:outputField>messageId</om:outputField><om:outputField>succeeded</om:outputField><om:outputField>messageIssue</om:outputField></om:outputSpec>';
  const { list, next } = await records(`${M}/BHYT`, begunS, nowS() + 1000, { spec });
  assert.ok(list.length >= 4 && list.every((r) => Object.keys(r).every((k) => ['messageId', 'succeeded'].includes(k)) && 'succeeded' in r));
  assert.ok(next > nowS() - 600 && next <= nowS() - 60, `${next} of ${nowS()}`);
  assert.equal((await records(`${M}/BHYT`, next - 1, nowS())).list.length, 0);
});

test('wrong questions are answered with a SOAP fault that says why', async () => {
  const who = `${M}/BHYT`, data1 = 'getSecurityServerOperationalData';
  const fault = async (body, options) => faultOf(await ask(who, options?.service ?? data1, body, options));
  const good = search(begunS, begunS + 10);
  assert.equal(await fault(search(nowS() + 100, nowS() + 200)), '500 Client.InvalidRequest');
  assert.equal(await fault(search(20, 10)), '500 Client.InvalidRequest');
  assert.equal(await fault(search(-1, 10)), '500 Client.InvalidRequest');
  assert.equal(await fault('<om:getSecurityServerOperationalData/>'), '500 Client.InvalidRequest');
  assert.equal(await fault(search(1, 2, '', '<om:outputSpec><om:outputField>ten</om:outputField></om:outputSpec>')), '500 Client.InvalidRequest');
  assert.equal(await fault('<om:getSecurityServerHealthData/>'), '500 Client.InvalidRequest');
  assert.equal(await fault(good, { version: '3.1' }), '500 Client.InvalidProtocolVersion');
  assert.equal(await fault(good, { client: `${M}/KHAC` }), '500 Client.InvalidClientIdentifier');
  assert.equal(await fault(good, { client: 'VN/GOV/H19' }), '500 Client.InvalidClientIdentifier');
  assert.equal(await fault(good, { provider: M }), '500 Server.ServerProxy.UnknownMember');
  assert.equal(await fault(good, { target: `${OWNER}/khac` }), '500 Server.ServerProxy.InvalidSecurityServer');
  assert.equal(await fault(good, { service: 'listMethods' }), '500 Server.ServerProxy.UnknownService');
  assert.equal(await fault('<m:getSecurityServerMetrics/>', { service: 'getSecurityServerMetrics' }), '500 Server.ServerProxy.AccessDenied');
  assert.equal(await fault(''), '500 Client.MissingBody');
  const raw = async (text) => faultOf(await post(`${server.url}/opmon`, text, { authorization: `Bearer ${systems[who].token}` }));
  assert.equal(await raw('không phải XML'), '500 Client.InvalidSoap');
  assert.equal(await raw(message(who, data1, good).replace('<SOAP-ENV:Envelope', '<!DOCTYPE a [<!ENTITY b "c">]><SOAP-ENV:Envelope')), '500 Client.InvalidSoap');
  assert.equal(await raw(message(who, data1, good).replace('<xroad:id>q-1</xroad:id>', '')), '500 Client.MissingHeaderField');
  assert.equal(await raw(message(who, data1, good).replace('<xroad:id>', '<xroad:id>1</xroad:id><xroad:id>')), '500 Client.DuplicateHeaderField');
  assert.equal(await raw(message(`${M}/BHYT`, data1, good).replace('>BHYT<', '>BHYT/..<')), '500 Client.InvalidHeaderField');
  assert.equal((await post(`${server.url}/opmon`, 'x'.repeat(70000), { authorization: `Bearer ${systems[who].token}` })).status, 413);
});

test('nobody asks without a proof: a name alone, or a wrong token, is 401', async () => {
  const body = message(`${M}/BHYT`, 'getSecurityServerOperationalData', search(begunS, begunS + 10));
  for (const headers of [{}, { authorization: 'Bearer x' }, { 'x-road-client': `${M}/BHYT` }]) {
    assert.equal(faultOf(await post(`${server.url}/opmon`, body, headers)), '401 Client.AuthenticationFailed');
  }
});

test('through the relay: any client that proves itself, without an agreement; others are refused there', async () => {
  const url = `http://127.0.0.1:${relayPort}/opmon`;
  const { list } = await records(`${M}/BHYT`, begunS, nowS() - 600, { url });
  assert.ok(list.length >= 4);
  assert.equal((await records(`${M}/KHAC`, begunS, nowS() - 600, { url })).list.length, 0);
  const r = await ask(`${M}/KHAC`, 'getSecurityServerOperationalData', search(begunS, begunS + 10), { url, client: `${M}/BHYT` });
  assert.equal(faultOf(r), '500 Client.InvalidClientIdentifier');
  const nobody = await post(url, 'x', { 'x-road-client': `${M}/BHYT` });
  assert.equal(nobody.status, 401, nobody.bytes.toString());
});

test('health data: each published service with the calls of the last period; metrics for the owner', async () => {
  const h = await ask(`${M}/KHAC`, 'getSecurityServerHealthData', '<om:getSecurityServerHealthData/>');
  const text = h.bytes.toString();
  assert.equal(h.status, 200, text);
  assert.match(text, /<om:statisticsPeriodSeconds>600</);
  const startedMs = Number(/<om:monitoringStartupTimestamp>(\d+)</.exec(text)[1]);
  assert.ok(startedMs > (nowS() - 1200) * 1000 && startedMs <= (nowS() + 60) * 1000);
  assert.match(text, /<id:serviceCode>ho<\/id:serviceCode>/);
  const call = () => fetch(`http://127.0.0.1:${relayPort}/r1/${M}/HO-NGHEO/ho/ho/12`, { headers: { authorization: `Bearer ${systems[`${M}/BHYT`].token}`, 'x-road-client': `${M}/BHYT` } });
  for (let n = 0; n < 2; n++) assert.equal((await call()).status, 200);
  const filter = `<om:getSecurityServerHealthData><om:filterCriteria>${identifier('om:client', 'SUBSYSTEM', `${M}/HO-NGHEO`)}</om:filterCriteria></om:getSecurityServerHealthData>`;
  const own = await until('the two calls are counted', async () => {
    const t = (await ask(`${M}/KHAC`, 'getSecurityServerHealthData', filter)).bytes.toString();
    return t.includes('<om:successfulRequestCount>2<') && t;
  });
  assert.equal(own.match(/<om:serviceEvents>/g).length, 1);
  assert.match(own, /<om:unsuccessfulRequestCount>0</);
  assert.match(own, /<om:responseMinSize>11<.*<om:responseAverageSize>11\.0<.*<om:responseMaxSize>11<.*<om:responseSizeStdDev>0\.0</);
  assert.match(own, /<om:lastSuccessfulRequestTimestamp>\d{13}</);
  const metrics = await ask(`${OWNER}/GIAM-SAT`, 'getSecurityServerMetrics', '<m:getSecurityServerMetrics/>', { target: `${OWNER}/tram.test` });
  assert.match(metrics.bytes.toString(), /<m:name>SERVER:VN\/GOV\/H19\/tram.test<\/m:name>.*<m:name>DiskSpaceFree<\/m:name><m:value>\d+</);
});

test('metadata services: who there is, what a system offers, what of it one may call, its description', async () => {
  const get = async (at, path, who, headers = {}) => {
    const r = await fetch(`${at}${path}`, { headers: { authorization: `Bearer ${systems[who].token}`, 'x-road-client': who, ...headers } });
    return { status: r.status, type: r.headers.get('content-type'), text: await r.text() };
  };
  const provider = `/r1/${M}/HO-NGHEO`;
  const id = { object_type: 'SERVICE', xroad_instance: 'VN', member_class: 'GOV', member_code: 'H19.77', subsystem_code: 'HO-NGHEO', service_code: 'ho' };
  const offered = [{ ...id, service_type: 'OPENAPI', endpoint_list: [{ method: 'GET', path: '/ho/*' }] }];
  for (const at of [server.url, `http://127.0.0.1:${relayPort}`]) {
    const first = await until(`an answer at ${at}`, async () => {
      const r = await get(at, `${provider}/listMethods`, `${M}/KHAC`);
      return r.status === 200 && r;
    });
    assert.deepEqual(JSON.parse(first.text).service, offered);
    assert.deepEqual(JSON.parse((await get(at, `${provider}/allowedMethods`, `${M}/BHYT`)).text).service, offered);
    assert.deepEqual(JSON.parse((await get(at, `${provider}/allowedMethods`, `${M}/KHAC`)).text).service, [], 'no agreement, nothing');
    const document = await get(at, `${provider}/getOpenAPI?serviceCode=ho`, `${M}/KHAC`);
    assert.equal(document.status, 200, document.text);
    assert.equal(JSON.parse(document.text).paths['/ho/{so}'].get.operationId, 'tra-cuu-ho');
    assert.equal((await get(at, `${provider}/getOpenAPI?serviceCode=khong-co`, `${M}/KHAC`)).status, 500);

    const clients = JSON.parse((await get(at, '/listClients', `${M}/KHAC`, { accept: 'application/json' })).text).member;
    const mine = clients.filter((c) => c.id.member_code === 'H19.77');
    assert.deepEqual(mine.map((c) => [c.id.object_type, c.id.subsystem_code, c.name, c.subsystem_name]), [
      ['MEMBER', undefined, 'Sở thử nghiệm', undefined], ...['BHYT', 'HO-NGHEO', 'KHAC'].map((c) => ['SUBSYSTEM', c, 'Sở thử nghiệm', `Hệ thống ${c}`])]);
    assert.ok(clients.length >= 234, `${clients.length} clients: all pages of them`);
    const xml = await get(at, '/listClients?xRoadInstance=VN', `${M}/KHAC`, { accept: '*/*' });
    assert.match(xml.type, /^text\/xml/);
    assert.match(xml.text, /<id:subsystemCode>HO-NGHEO<\/id:subsystemCode><\/xrd:id><xrd:name>Sở thử nghiệm<\/xrd:name>/);
    assert.equal((await get(at, '/listClients?xRoadInstance=EE', `${M}/KHAC`)).status, 400);
  }
  for (const at of [server.url, `http://127.0.0.1:${relayPort}`]) {
    for (const path of ['/listClients', `${provider}/listMethods`]) assert.equal((await fetch(`${at}${path}`, { headers: { 'x-road-client': `${M}/KHAC` } })).status, 401, path);
    if (at === server.url) assert.match((await (await fetch(`${at}/listClients`)).json()).detail, /\/token/, 'says what to send');
  }
  const taken = new FormData();
  const fields = { subsystem: systems[`${M}/KHAC`].id, code: 'listMethods', name: 'Trùng', data_class: 'open', endpoint: 'http://127.0.0.1:1/', csrf: Client.token((await operator.get('/truc/dich-vu-moi')).text) };
  for (const [k, v] of Object.entries(fields)) taken.set(k, v);
  taken.set('document', new Blob([JSON.stringify({ openapi: '3.1.0', info: { title: 'Trùng', version: '1.0' }, paths: { '/a': { get: { operationId: 'a', responses: { 200: { description: 'a' } } } } } })]), 'openapi.json');
  const r = await operator.request('POST', '/truc/dich-vu-moi', { body: taken, headers: { origin: server.url } });
  assert.equal(r.status, 422);
  assert.match(r.text, /Mã này trùng với dịch vụ của chính nền tảng/);
});
