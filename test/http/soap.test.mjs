// SOAP through the exchange: a service of one address, described by WSDL 1.1, called with the envelope of X-Road's message
// protocol 4.0 at the relay's "/" and at the service's own path; the header must name who calls, the agreement the operation.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { agree, askToken, idOf, newKey, newMember, newSystem, startExchange, upload } from '../lib/exchange.mjs';
import { until } from '../lib/server.mjs';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const XROAD = 'http://x-road.eu/xsd/xroad.xsd';
const ID = 'http://x-road.eu/xsd/identifiers';
const wsdl = (address) => `<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:ho"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:ho" name="Ho">
<types><xs:schema targetNamespace="urn:ho" elementFormDefault="qualified">
${['TraCuuHo', 'GhiHo'].map((n) => `<xs:element name="${n}"><xs:complexType><xs:sequence><xs:element name="So" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="${n}Response"><xs:complexType><xs:sequence><xs:element name="ChuHo" type="xs:string"/></xs:sequence></xs:complexType></xs:element>`).join('\n')}
</xs:schema></types>
${['TraCuuHo', 'GhiHo'].map((n) => `<message name="${n}In"><part name="p" element="t:${n}"/></message><message name="${n}Out"><part name="p" element="t:${n}Response"/></message>`).join('\n')}
<portType name="P">${['TraCuuHo', 'GhiHo'].map((n) => `<operation name="${n}"><input message="t:${n}In"/><output message="t:${n}Out"/></operation>`).join('')}</portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
${['TraCuuHo', 'GhiHo'].map((n) => `<operation name="${n}"><soap:operation soapAction="urn:ho/${n}"/></operation>`).join('\n')}</binding>
<service name="Ho"><port name="P" binding="t:B"><soap:address location="${address}"/></port></service></definitions>`;

const identifier = (tag, type, parts) => {
  const names = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode', 'serviceCode', 'serviceVersion'];
  return `<x:${tag} id:objectType="${type}">${parts.map((p, i) => `<id:${names[i]}>${p}</id:${names[i]}>`).join('')}</x:${tag}>`;
};
const PROVIDER = ['VN', 'GOV', 'H19.78', 'HO-SOAP'];
const CLIENT = ['VN', 'GOV', 'H19.78', 'GOI'];
const header = ({ client = CLIENT, service = [...PROVIDER, 'ho'], id = 'ma-thu-1', version = '4.0', user = 'VN070190900018' } = {}) =>
  `<s:Header>${identifier('client', 'SUBSYSTEM', client)}${identifier('service', 'SERVICE', service)}<x:id>${id}</x:id>`
  + `${user ? `<x:userId>${user}</x:userId>` : ''}<x:issue>HS-Hộ-12</x:issue><x:protocolVersion>${version}</x:protocolVersion></s:Header>`;
const open = `<s:Envelope xmlns:s="${SOAP}" xmlns:x="${XROAD}" xmlns:id="${ID}">`;
const envelope = (head, operation = 'TraCuuHo', inner = '<t:So>12</t:So>') =>
  `${open}${head}<s:Body><t:${operation} xmlns:t="urn:ho">${inner}</t:${operation}></s:Body></s:Envelope>`;

let server, relay, service, operator, bearer;
const seen = [];
const state = {};
let answerWith = null; // (request body) => [status, type, body]; null: as the protocol asks

before(async () => {
  service = http.createServer((rq, rs) => {
    const parts = [];
    rq.on('data', (b) => parts.push(b));
    rq.on('end', () => {
      const body = Buffer.concat(parts).toString();
      seen.push({ url: rq.url, headers: rq.headers, body });
      const [head] = /<s:Header>.*<\/s:Header>/s.exec(body) ?? [''];
      const [status, type, text] = answerWith?.(body, head) ?? [200, 'text/xml; charset=utf-8',
        `${open}${head}<s:Body><t:TraCuuHoResponse xmlns:t="urn:ho"><t:ChuHo>Điểu Minh</t:ChuHo></t:TraCuuHoResponse></s:Body></s:Envelope>`];
      rs.writeHead(status, { 'content-type': type });
      rs.end(text);
    });
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  ({ server, relay, operator } = await startExchange());
});
after(async () => {
  await server?.stop();
  service?.close();
  service?.closeAllConnections();
});

const ask = (body, { path = '/', type = 'text/xml; charset=utf-8', headers = {} } = {}) =>
  fetch(relay + path, { method: 'POST', body, headers: { 'content-type': type, ...bearer, ...headers } });
async function fault(answer, code, status = 500) {
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  assert.match(answer.headers.get('content-type'), /^text\/xml/);
  assert.match(text, new RegExp(`<faultcode>${code.replaceAll('.', '\\.')}</faultcode>`), text);
  assert.match(text, /<faultDetail xmlns="">[0-9a-f-]{36}<\/faultDetail>/);
  assert.equal(answer.headers.get('x-road-error'), code);
  return text;
}

test('a SOAP service of one address is offered, asked for, and granted for one of its operations', async () => {
  const member = await newMember(operator, 'H19.78', 'Sở có dịch vụ SOAP');
  const provider = state.provider = await newSystem(operator, member, 'HO-SOAP');
  const consumer = await newSystem(operator, member, 'GOI');
  const endpoint = `http://127.0.0.1:${service.address().port}/soap`;
  const fields = { subsystem: provider, code: 'ho', name: 'Sổ hộ SOAP', data_class: 'personal', summary: 'Sổ hộ', endpoint, sla_ms: '500' };
  const nowhere = await upload(server, operator, '/truc/dich-vu-moi', fields, wsdl(endpoint).replace(/<soap:address[^>]*>/, ''), { type: 'text/xml' });
  assert.equal(nowhere.status, 422);
  assert.match(nowhere.text, /WSDL không nêu địa chỉ dịch vụ/);
  const offered = state.service = idOf(await upload(server, operator, '/truc/dich-vu-moi', fields, wsdl(endpoint), { type: 'text/xml' }));
  const operations = (await operator.get(`/api/v1/truc/dich-vu/${offered}`)).json().operations.map((o) => o.code);
  const code = operations.find((c) => /tracuuho|tra-cuu-ho/i.test(c));
  assert.ok(code, operations.join());
  const got = await askToken(server, await newKey(operator, consumer));
  bearer = { authorization: `Bearer ${(await got.json()).access_token}` };
  await until('the relay knows the service', async () =>
    /AccessDenied/.test((await ask(envelope(header()))).headers.get('x-road-error') ?? ''));
  await agree(operator, offered, consumer, code);
  assert.equal(seen.length, 0, 'nothing came to the service before it was granted');
  await until('the relay lets it through', async () => (await ask(envelope(header()))).status === 200);
});

test('an envelope at "/" reaches the one address; its id, user and issue are taken over and kept', async () => {
  seen.length = 0;
  const body = envelope(header({ id: 'ma-thu-2' }));
  const answer = await ask(body, { headers: { SOAPAction: '"urn:ho/TraCuuHo"', 'X-Road-Id': 'an-other' } });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  assert.match(text, /Điểu Minh/);
  assert.match(text, /<x:id>ma-thu-2<\/x:id>/);
  assert.equal(answer.headers.get('x-road-id'), 'ma-thu-2');
  assert.equal(answer.headers.get('x-road-client'), CLIENT.join('/'));
  const [one] = seen;
  assert.equal(one.url, '/soap');
  assert.equal(one.body, body, 'byte for byte');
  assert.equal(one.headers['x-road-id'], 'ma-thu-2');
  assert.equal(one.headers['x-road-userid'], 'VN070190900018');
  assert.equal(one.headers['x-road-issue'], 'HS-H%E1%BB%99-12');
  assert.equal(one.headers['x-road-client'], CLIENT.join('/'));
  assert.equal(one.headers.soapaction, '"urn:ho/TraCuuHo"');
  assert.equal(one.headers.authorization, undefined);
});

test('serviceCode may be the operation, as X-Road has it; and the service has its address below /r1 too', async () => {
  seen.length = 0;
  assert.equal((await ask(envelope(header({ service: [...PROVIDER, 'TraCuuHo', 'v1'] })))).status, 200);
  const own = `/r1/${PROVIDER.join('/')}/ho`;
  assert.equal((await ask(envelope(header()), { path: own })).status, 200);
  assert.equal((await ask(envelope(header()), { path: `${own}/TraCuuHo` })).status, 200);
  const plain = await ask(envelope(''), { path: own, headers: { 'X-Road-Client': CLIENT.join('/'), 'X-Road-Id': 'tu-http' } });
  assert.equal(plain.status, 200, 'a service that knows nothing of X-Road: fields of HTTP');
  assert.equal(seen.at(-1).headers['x-road-id'], 'tu-http');
  assert.deepEqual(seen.map((s) => s.url), ['/soap', '/soap', '/soap', '/soap']);
  await fault(await ask(envelope(header()), { path: `${own}/GhiHo` }), 'Client.InconsistentHeaders');
  // what the portal tells a program to write is such a call: its fields and address, with an envelope
  const shown = (await operator.get(`/api/v1/truc/dich-vu/${state.service}`)).json().curl;
  const fields = Object.fromEntries([...shown.matchAll(/-H '([^:]+): ([^']*)'/g)].map((m) => [m[1], m[2]]));
  assert.match(shown, /--data-binary @/);
  assert.equal(fields.SOAPAction, '"urn:ho/GhiHo"', 'of the first operation; granted is the other');
  const told = await ask(envelope(''), { path: /\$RELAY([^"]+)"/.exec(shown)[1], type: fields['Content-Type'],
    headers: { SOAPAction: fields.SOAPAction.replace('GhiHo', 'TraCuuHo'), 'X-Road-Client': CLIENT.join('/') } });
  assert.equal(told.status, 200, shown);
});

test('who is named must be who calls, what is named what is agreed; nothing reaches the service', async () => {
  seen.length = 0;
  await fault(await ask(envelope(header({ client: ['VN', 'GOV', 'H19', 'MOT-CUA'] }))), 'Server.ClientProxy.AccessDenied');
  await fault(await ask(envelope(header({ client: CLIENT.slice(0, 3) }))), 'Server.ClientProxy.AccessDenied');
  await fault(await ask(envelope(header(), 'GhiHo')), 'Server.ServerProxy.AccessDenied');
  await fault(await ask(envelope(header({ service: [...PROVIDER, 'GhiHo'] }), 'GhiHo')), 'Server.ServerProxy.AccessDenied');
  await fault(await ask(envelope(header({ service: [...PROVIDER, 'TraCuuHo'] }), 'GhiHo')), 'Client.InconsistentHeaders');
  await fault(await ask(envelope(header()), { headers: { SOAPAction: '"urn:ho/GhiHo"' } }), 'Client.InconsistentHeaders');
  await fault(await ask(envelope(header({ service: [...PROVIDER, 'khong-co'] }))), 'Server.ServerProxy.UnknownService');
  await fault(await ask(envelope(header()), { path: `/r1/${PROVIDER.join('/')}/ho`, headers: { 'X-Road-Client': 'VN/GOV/H19/MOT-CUA' } }),
    'Server.ClientProxy.AccessDenied');
  await fault(await ask(envelope(header()), { headers: { authorization: 'Bearer x.y.z' } }), 'Client.InvalidToken', 401);
  await fault(await ask(envelope(header()), { headers: { authorization: 'Basic eDp5' } }), 'Client.NotAuthenticated', 401);
  assert.equal(seen.length, 0);
});

// --- metadata by SOAP (PR-META 3, 4): the messages of its annex C, sent as any SOAP message is ---
const bare = (code, { body = `<x:${code}/>`, provider = PROVIDER, client = CLIENT, more = '' } = {}) =>
  `${open}<s:Header>${identifier('client', 'SUBSYSTEM', client)}${identifier('service', 'SERVICE', [...provider, code])}${more}<x:id>hoi-1</x:id>`
  + `<x:userId>VN1</x:userId><x:protocolVersion>4.0</x:protocolVersion></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const doors = () => ({ 'the relay at "/"': `${relay}/`, 'the relay at /meta': `${relay}/meta`, 'the program': `${server.url}/meta` });
const send = (url, body, headers = {}) => fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/xml; charset=utf-8', SOAPAction: '""', ...bearer, ...headers } });
/** Services of an answer as paths; their identifiers must be whole. */
const servicesIn = (text) => [...text.matchAll(/<xroad:service id:objectType="SERVICE">(.*?)<\/xroad:service>/gs)]
  .map((m) => [...m[1].matchAll(/<id:(\w+)>(.*?)<\/id:\1>/g)].map(([, k, v]) => (k === 'serviceVersion' ? `v${v}` : v)).join('/'));
const inBody = (text) => text.slice(text.indexOf('<SOAP-ENV:Body>'));
const getWsdl = (code, version) => `<x:getWsdl><x:serviceCode>${code}</x:serviceCode>${version ? `<x:serviceVersion>${version}</x:serviceVersion>` : ''}</x:getWsdl>`;
/** The parts of a multipart message, by its own boundary (RFC 2046). */
async function partsOf(answer) {
  const type = answer.headers.get('content-type');
  assert.match(type, /^multipart\/related; type="text\/xml"/);
  const [, boundary] = /boundary="?([^";]+)/.exec(type);
  const pieces = (await answer.text()).split(`--${boundary}`);
  assert.equal(pieces.pop(), '--\r\n', 'it ends as it should');
  assert.equal(pieces.shift(), '');
  return pieces.map((p) => {
    const [head, ...rest] = p.split('\r\n\r\n');
    return { head, body: rest.join('\r\n\r\n').replace(/\r\n$/, '') };
  });
}

test('listMethods and allowedMethods by SOAP: what a system offers, and what of it the caller may call', async () => {
  const path = PROVIDER.join('/');
  for (const [where, url] of Object.entries(doors())) {
    const request = bare('listMethods');
    const listed = await send(url, request);
    const text = await listed.text();
    assert.equal(listed.status, 200, `${where}: ${text}`);
    assert.match(listed.headers.get('content-type'), /^text\/xml/);
    assert.deepEqual(servicesIn(inBody(text)), [`${path}/GhiHo/v1`, `${path}/TraCuuHo/v1`], where);
    assert.match(inBody(text), /<xroad:listMethodsResponse>/);
    assert.ok(text.includes(createHash('sha512').update(request).digest('base64')), 'the hash of the request');
    assert.match(text, /<xroad:id>hoi-1<\/xroad:id>/);
    const allowed = await (await send(url, bare('allowedMethods'))).text();
    assert.deepEqual(servicesIn(inBody(allowed)), [`${path}/TraCuuHo/v1`], `${where}: GhiHo was not granted`);
    assert.match(allowed, /<xroad:allowedMethodsResponse>/);
    assert.deepEqual(servicesIn(inBody(await (await send(url, bare('listMethods', { provider: CLIENT }))).text())), [], 'a system that offers nothing');
  }
  const [named] = servicesIn(inBody(await (await send(`${relay}/`, bare('allowedMethods'))).text()));
  const [, code, version] = /\/([^/]+)\/v(\d+)$/.exec(named);
  assert.equal((await ask(envelope(header({ service: [...PROVIDER, code, version] })))).status, 200, 'what is listed can be called as it is listed');
});

test('getWsdl: the description is the second part, its address hidden', async () => {
  for (const [where, url] of Object.entries(doors())) {
    for (const [code, version] of [['TraCuuHo'], ['ho'], ['GhiHo', '1']]) {
      const answer = await send(url, bare('getWsdl', { body: getWsdl(code, version) }));
      assert.equal(answer.status, 200, where);
      const [soap, attached, ...none] = await partsOf(answer);
      assert.equal(none.length, 0);
      assert.match(soap.head, /Content-Type: text\/xml/);
      assert.match(soap.body, new RegExp(`<xroad:getWsdlResponse><xroad:serviceCode>${code}</xroad:serviceCode>${version ? `<xroad:serviceVersion>${version}</xroad:serviceVersion>` : ''}</xroad:getWsdlResponse>`));
      assert.match(attached.head, /Content-Type: text\/xml/);
      assert.equal(attached.body, wsdl('http://example.org/xroad-endpoint'), `${where}: the document as it was imported, but for its address`);
    }
  }
});

test('metadata by SOAP is refused as the protocol says: who, whose, which, and what form', async () => {
  for (const url of Object.values(doors())) {
    const no = async (body, code, status = 500, headers = {}) => {
      const r = await send(url, body, headers);
      const text = await r.text();
      assert.equal(r.status, status, `${url}: ${text}`);
      assert.match(text, new RegExp(`<faultcode>${code}</faultcode>`), url);
      assert.equal(r.headers.get('x-road-error'), code);
      return text;
    };
    await no(bare('listMethods', { provider: ['VN', 'GOV', 'H19.78', 'KHONG-CO'] }), 'Server.ServerProxy.UnknownMember');
    await no(bare('getWsdl', { body: getWsdl('khong-co') }), 'Server.ServerProxy.UnknownService');
    assert.match(await no(bare('getWsdl', { body: getWsdl('ho', '9') }), 'Server.ServerProxy.UnknownService'), /in force is 1</);
    assert.match(await no(bare('getWsdl', { body: getWsdl('van-ban'), provider: ['VN', 'GOV', 'BTP', 'VBPL'] }), 'Server.ServerProxy.UnknownService'), /getOpenAPI/);
    await no(bare('getWsdl'), 'Client.InvalidRequest');
    await no(bare('listMethods', { more: `<x:securityServer id:objectType="SERVER">${['xRoadInstance', 'memberClass', 'memberCode', 'serverCode'].map((n) => `<id:${n}>A</id:${n}>`).join('')}</x:securityServer>` }),
      'Server.ServerProxy.InvalidSecurityServer');
    const other = bare('listMethods', { client: ['VN', 'GOV', 'H19', 'MOT-CUA'] });
    await no(other, url.startsWith(relay) ? 'Server.ClientProxy.AccessDenied' : 'Client.InvalidClientIdentifier');
    assert.equal((await send(url, bare('listMethods'), { authorization: 'Bearer x.y.z' })).status, 401);
    assert.equal((await send(url, bare('listMethods', { body: '<x:allowedMethods/>' }))).status, 500, 'the body is not what the header says');
  }
  await fault(await ask(bare('listMethods'), { path: `/r1/${PROVIDER.join('/')}/ho` }), 'Server.ServerProxy.AccessDenied');
  const taken = await operator.form('/truc/dich-vu-moi', { subsystem: state.provider, code: 'getWsdl', name: 'Trùng', data_class: 'open', endpoint: 'http://127.0.0.1:1/' });
  assert.equal(taken.status, 422, 'no service may have such a code');
});

test('malformed, hostile and too large messages are Faults; REST callers keep JSON, or XML where they ask for it', async () => {
  seen.length = 0;
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>${envelope(header({ id: '&b;' }))}`;
  const file = `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>${envelope(header({ id: '&f;' }))}`;
  for (const body of ['', 'x', '<a/>', bomb, file, envelope(header()).slice(0, -4), `${envelope(header())}<x/>`,
    `<?xml version="1.0" encoding="UTF-7"?>${envelope(header())}`, envelope(header(), 'TraCuuHo', '<a>'.repeat(300) + '</a>'.repeat(300)),
    envelope(header()).replace('</s:Body>', '</s:Body><s:Body/>')]) {
    await fault(await ask(body), 'Client.InvalidSoap');
  }
  await fault(await ask(envelope(header({ version: '3.1' }))), 'Client.InvalidProtocolVersion');
  await fault(await ask(envelope('')), 'Client.MissingHeaderField');
  await fault(await ask(envelope(header().replace(/<x:id>.*<\/x:id>/, ''))), 'Client.MissingHeaderField');
  await fault(await ask(envelope(header().replace('<x:id>', '<x:id>a</x:id><x:id>'))), 'Client.DuplicateHeaderField');
  await fault(await ask(envelope(header({ id: 'a\nX-Road-Client: b' }))), 'Client.InvalidHeaderField');
  await fault(await ask(envelope(header()).replace('</t:TraCuuHo>', '</t:TraCuuHo><t:GhiHo xmlns:t="urn:ho"/>')), 'Client.MissingBody');
  await fault(await ask(envelope(header(), 'TraCuuHo', 'x'.repeat(300 * 1024))), 'Client.TooLarge');
  await fault(await ask(envelope(header()), { type: 'multipart/related; boundary=x' }), 'Client.InvalidContentType');
  await fault(await ask(envelope(header()), { type: 'text/xml; charset=utf-16' }), 'Client.InvalidContentType');
  const rest = await fetch(`${relay}/r1/VN/GOV/khong/co/dich-vu`, { headers: bearer });
  assert.match((await rest.json()).type, /UnknownService/);
  const xml = await fetch(`${relay}/r1/VN/GOV/khong/co/dich-vu`, { headers: { ...bearer, accept: 'application/xml' } });
  assert.match(xml.headers.get('content-type'), /^application\/xml/);
  assert.match(await xml.text(), /<xrd:error xmlns:xrd="http:\/\/x-road.eu\/xsd\/xroad.xsd"><xrd:type>Server.ServerProxy.UnknownService</);
  assert.equal(seen.length, 0);
});

test('a Fault of the service passes; an answer with another header, none, or no XML does not', async () => {
  const body = envelope(header());
  const answer = (head, inner) => `${open}${head}<s:Body>${inner}</s:Body></s:Envelope>`;
  const good = '<t:TraCuuHoResponse xmlns:t="urn:ho"/>';
  answerWith = () => [500, 'text/xml', answer('', '<s:Fault><faultcode>s:Server</faultcode><faultstring>Không có hộ</faultstring></s:Fault>')];
  const passed = await ask(body);
  assert.equal(passed.status, 500);
  assert.equal(passed.headers.get('x-road-error'), null);
  assert.match(await passed.text(), /Không có hộ/);
  answerWith = () => [200, 'text/xml', answer('', good)];
  await fault(await ask(body), 'Server.ServerProxy.ServiceFailed.MissingHeaderField');
  answerWith = () => [200, 'text/xml', answer(header({ id: 'khac' }), good)];
  await fault(await ask(body), 'Server.ServerProxy.ServiceFailed.InconsistentHeaders');
  answerWith = () => [200, 'text/xml', '<a'];
  await fault(await ask(body), 'Server.ServerProxy.ServiceFailed.InvalidSoap');
  answerWith = () => [404, 'text/html', '<p>'];
  await fault(await ask(body), 'Server.ServerProxy.ServiceFailed.HttpError');
  const rows = '<t:ChuHo>Điểu Minh</t:ChuHo>'.repeat(60000);
  answerWith = (_, head) => [200, 'text/xml', answer(head, `<t:TraCuuHoResponse xmlns:t="urn:ho">${rows}</t:TraCuuHoResponse>`)];
  const large = await ask(body);
  assert.equal(large.status, 200);
  assert.equal((await large.text()).match(/Điểu Minh/g).length, 60000, 'a long answer streams on behind its header');
  answerWith = null;
});
