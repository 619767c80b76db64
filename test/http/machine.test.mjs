// What programs are told when they ask wrongly: each machine address, at the program and at the relay, with each kind of error.
// Never an HTML page; X-Road's addresses in X-Road's form (PR-REST 4.6), the others as JSON documents.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { freePort, startServer, until } from '../lib/server.mjs';

let server;
const ports = {};
before(async () => {
  ports.relay = await freePort();
  server = await startServer({ args: ['--relay-port', String(ports.relay), '--relay-address', '127.0.0.1'] });
  ports.program = server.port;
  await until('the relay has its policy', async () => (await ask('relay', 'GET', '/r1/VN/GOV/BTP/VBPL/listMethods')).status !== 503);
});
after(() => server?.stop());

/** One request as written, on a connection of its own: fetch would mend what is wrong in it. */
async function ask(at, method, target, { headers = {}, body = '' } = {}) {
  const c = net.connect(ports[at], '127.0.0.1');
  const parts = [];
  c.on('data', (b) => parts.push(b));
  c.on('error', () => {}); // a refusal may come before all was sent
  const fields = { Host: `localhost:${ports[at]}`, Connection: 'close', ...(body && { 'Content-Length': body.length }), ...headers };
  c.write(`${method} ${target} HTTP/1.1\r\n${Object.entries(fields).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`);
  await once(c, 'close');
  const [head, ...rest] = Buffer.concat(parts).toString().split('\r\n\r\n');
  const field = (name) => new RegExp(`^${name}: (.*)$`, 'im').exec(head.replaceAll('\r', ''))?.[1] ?? null;
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), type: field('content-type'), error: field('x-road-error'), text: rest.join('\r\n\r\n') };
}

const PROVIDER = '/r1/VN/GOV/BTP/VBPL';
/** Machine addresses: how they are asked rightly; whether X-Road's form is theirs; where they are. */
const addresses = [
  { path: `${PROVIDER}/listMethods`, method: 'GET', isXroad: true },
  { path: `${PROVIDER}/allowedMethods`, method: 'GET', isXroad: true },
  { path: `${PROVIDER}/getOpenAPI`, method: 'GET', isXroad: true },
  { path: `${PROVIDER}/van-ban/van-ban`, method: 'GET', isXroad: true },
  { path: '/r1', method: 'GET', isXroad: true },
  { path: '/listClients', method: 'GET', isXroad: true },
  { path: '/opmon', method: 'POST' },
  { path: '/meta', method: 'POST' },
  { path: '/token', method: 'POST', only: 'program' },
  { path: '/oauth2/jwks', method: 'GET', only: 'program', isOpen: true },
  { path: '/boxes/messages', method: 'GET', only: 'program' },
  { path: '/boxes/files/abc', method: 'POST', only: 'program' },
  { path: '/adapter/login', method: 'POST', only: 'program', isOpen: true },
  { path: '/adapter/call', method: 'POST', only: 'program', isOpen: true },
];
const kinds = {
  'a path that goes up': ({ method, path }) => [method, `${path}/../x`],
  'a path with an empty segment': ({ method, path }) => [method, `${path}//x`],
  'a wrong percent escape': ({ method, path }) => [method, `${path}/%zz`],
  'a null byte': ({ method, path }) => [method, `${path}/%00`],
  'a wrong escape in the query': ({ method, path }) => [method, `${path}?a=%zz`],
  'an unknown method': ({ path }) => ['BREW', path],
  'another method': ({ path }) => ['DELETE', path],
  'an unknown path below': ({ method, path }) => [method, `${path}/khong/co`],
  'an unknown query field': ({ method, path }) => [method, `${path}?khong_co=1`],
  'a head that is too large': ({ method, path }) => [method, path, { headers: { 'X-Long': 'x'.repeat(70000) } }],
  'a target that is too long': ({ method, path }) => [method, `${path}/${'x'.repeat(12000)}`],
  'a field twice': ({ method, path }) => [method, path, { headers: { host: 'localhost' } }],
  'a length that is none': ({ method, path }) => [method, path, { headers: { 'Content-Length': 'x' } }],
  'too many bytes': ({ path }) => ['POST', path, { headers: { 'Content-Length': '99000000000' } }],
  'no token': ({ method, path, isOpen }) => !isOpen && [method, path],
  'a wrong token': ({ method, path, isOpen }) => !isOpen && [method, path, { headers: { Authorization: 'Bearer x.y.z', 'X-Road-Client': 'VN/GOV/X/Y' } }],
  'a wrong token, and a page asked for': ({ method, path, isOpen, isXroad }) => !isOpen && isXroad
    && [method, path, { headers: { Authorization: 'Bearer x.y.z', 'X-Road-Client': 'VN/GOV/X/Y', Accept: 'text/html' } }],
};

/** What is wrong with an answer as a machine's; '' when nothing is. */
function faultOf(r, isXroad) {
  if (!(r.status >= 400)) return `status ${r.status}`;
  if (isXroad) {
    if (!/^application\/json/.test(r.type)) return r.type ?? 'no type';
    const { type, message, detail } = JSON.parse(r.text);
    if (!/^(Client|Server\.(Client|Server)Proxy)\.\w/.test(type) || !message || !detail) return r.text;
    return type === r.error ? '' : `X-Road-Error ${r.error}, not ${type}`;
  }
  if (/^text\/xml/.test(r.type)) return /<faultcode>\w/.test(r.text) ? '' : r.text;
  if (!/^application\/(problem\+)?json/.test(r.type)) return r.type ?? 'no type';
  const told = JSON.parse(r.text);
  return told.error || (told.type && told.title && told.status === r.status) ? '' : r.text;
}

for (const at of ['program', 'relay']) {
  test(`${at}: each machine address tells each error in the form of machines`, async () => {
    const wrong = [];
    for (const address of addresses.filter((a) => (a.only ?? at) === at)) {
      for (const [kind, of] of Object.entries(kinds)) {
        const asked = of(address);
        if (!asked) continue;
        const r = await ask(at, ...asked);
        const fault = faultOf(r, address.isXroad);
        if (fault) wrong.push(`${address.path}, ${kind}: ${r.status} ${fault}`.slice(0, 300));
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('the type says whose fault it is, and the status what to do', async () => {
  const table = [
    ['program', 'GET', `${PROVIDER}/khong-co`, 500, 'Server.ServerProxy.UnknownService'],
    ['program', 'GET', `${PROVIDER}/listMethods`, 401, 'Client.NotAuthenticated'],
    ['program', 'GET', '/listClients?khong_co=1', 400, 'Client.BadRequest'],
    ['program', 'DELETE', '/listClients', 405, 'Client.BadRequest'],
    ['program', 'GET', '/r1/%zz', 400, 'Client.BadRequest'],
    ['relay', 'GET', '/r1', 500, 'Server.ServerProxy.UnknownService'],
    ['relay', 'GET', '/r1/VN/GOV/KHONG/CO/gi', 500, 'Server.ServerProxy.UnknownService'],
    ['relay', 'GET', `${PROVIDER}/van-ban/%zz`, 400, 'Client.BadRequest'],
    ['relay', 'GET', `${PROVIDER}/van-ban/van-ban`, 400, 'Client.MissingClient'],
    ['relay', 'GET', '/listClients', 401, 'Client.NotAuthenticated'],
  ];
  for (const [at, method, target, status, error] of table) {
    const r = await ask(at, method, target);
    assert.deepEqual([r.status, r.error], [status, error], `${at} ${method} ${target}: ${r.text}`);
  }
});

test('a person still gets a page', async () => {
  const r = await ask('program', 'GET', '/thu-tuc/%zz');
  assert.deepEqual([r.status, r.type], [400, 'text/html; charset=utf-8']);
  assert.match(r.text, /<html lang="vi"/);
});
