// Two installations of the program that exchange signed calls: begun, furnished with the same members, systems, service and agreement,
// and introduced to each other. For tests and for bench/signed.mjs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { idOf } from './exchange.mjs';
import { Client, officers, startServer } from './server.mjs';

const description = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Sổ đất', version: '1.0' },
  paths: {
    '/thua/{so}': { get: { operationId: 'tra-cuu', summary: 'Tra cứu một thửa',
      parameters: [{ name: 'so', in: 'path', required: true, schema: { type: 'string' } }], responses: { 200: { description: 'thửa' } } } },
    '/thua': { post: { operationId: 'ghi', summary: 'Ghi một thửa', responses: { 201: { description: 'đã ghi' } } } },
  },
});

export { idOf };

export async function until(what, fn) {
  for (let i = 0; i < 600; i++) {
    const got = await fn();
    if (got) return got;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`never: ${what}`);
}

/** Ports outside the range that the system hands out by itself: they stay free while a server is away. */
const taken = new Set();
export async function ownPort() {
  for (;;) {
    const port = 15000 + Math.floor(Math.random() * 15000);
    const s = net.createServer().listen(port, '127.0.0.1');
    const is = await Promise.race([once(s, 'listening').then(() => true), once(s, 'error').then(() => false)]);
    if (is) {
      s.close();
      await once(s, 'close');
    }
    if (is && !taken.has(port)) return taken.add(port) && port;
  }
}

export async function start(node) {
  node.server = await startServer({ data: node.data, port: node.port, args: ['--relay-port', String(node.relayPort), '--relay-address', '127.0.0.1',
    '--node-port', String(node.nodePort), '--node-address', '127.0.0.1', '--node-name', node.name, ...(node.args ?? [])] });
  node.operator = new Client(node.server);
  assert.equal((await node.operator.signIn(officers.operator)).status, 303);
}

/** The same two members, systems, service and agreement on both sides: each side decides for itself. */
export async function furnish(node, endpoint, operations = ['tra-cuu']) {
  const o = node.operator;
  const member = async (code, name) => idOf(await o.form('/truc/thanh-vien', { class: 'GOV', code, name }));
  const system = async (m, code, name) => idOf(await o.form(`/truc/thanh-vien/${m}/he-thong`, { code, name }, { from: `/truc/thanh-vien/${m}` }));
  node.consumerMember = await member('X1', 'Xã gọi');
  node.providerMember = await member('S1', 'Sở trả lời');
  node.consumer = await system(node.consumerMember, 'MOT-CUA', 'Một cửa xã');
  const provider = await system(node.providerMember, 'DAT-DAI', 'Đất đai');
  const body = new FormData();
  const fields = { subsystem: provider, code: 'so-dat', name: 'Sổ đất', data_class: 'personal', summary: 'Thửa đất', endpoint, sla_ms: '500' };
  for (const [k, v] of Object.entries(fields)) body.set(k, v);
  body.set('csrf', Client.token((await o.get('/truc/dich-vu-moi')).text));
  body.set('document', new Blob([description], { type: 'application/json' }), 'openapi.json');
  const offered = node.offered = idOf(await o.request('POST', '/truc/dich-vu-moi', { body, headers: { origin: node.server.url } }));
  node.agreement = idOf(await o.form(`/truc/dich-vu/${offered}/xin-phep`, { consumer: node.consumer, operations,
    purpose: 'Cấp giấy phép xây dựng', legal_basis: 'Luật Đất đai' }));
  idOf(await o.form(`/truc/thoa-thuan/${node.agreement}`, { state: 'granted', version: '1', operations, rate_s: '0', quota_day: '0' }));
}

export const makeKey = async (node, member) => assert.equal((await node.operator.form('/truc/diem-ket-noi/khoa', { member },
  { from: '/truc/diem-ket-noi' })).status, 303);

/** Gives a's card to b, as the operators would, with the address at which b reaches a. */
export async function introduce(a, b, port) {
  const card = (await a.operator.get('/truc/diem-ket-noi/the')).json();
  card.address = `127.0.0.1:${port}`;
  const r = await b.operator.form('/truc/diem-ket-noi', { card: JSON.stringify(card) });
  assert.equal(r.status, 303, r.text.slice(0, 3000));
}

export async function token(node, system = node.consumer) {
  const page = await node.operator.form(`/truc/he-thong/${system}/khoa`, { name: 'máy chủ', ttl_s: '3600' },
    { from: `/truc/he-thong/${system}` });
  const [, id, secret] = /id="secret">([a-z0-9]+) : (bbx_[A-Za-z0-9_-]+)/.exec(page.text);
  const r = await fetch(`${node.server.url}/token`, { method: 'POST', headers: {
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials' });
  return (await r.json()).access_token;
}
