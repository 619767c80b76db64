// What tests of the exchange begin with: a program with its relay and an operator who is signed in; members, systems, keys, tokens.
import assert from 'node:assert/strict';
import { Client, freePort, officers, startServer } from './server.mjs';

/** The id of what a form has made: the end of the address that it leads to. */
export const idOf = (r) => { assert.equal(r.status, 303, r.text.slice(0, 3000)); return r.location.split('/').pop(); };

/** A program with a relay: `{ server, relay, operator }`, relay is its address. */
export async function startExchange() {
  const port = await freePort();
  const server = await startServer({ args: ['--relay-port', String(port), '--relay-address', '127.0.0.1'] });
  const operator = new Client(server);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
  return { server, relay: `http://127.0.0.1:${port}`, operator };
}

export const newMember = async (operator, code, name) => idOf(await operator.form('/truc/thanh-vien', { class: 'GOV', code, name }));

export const newSystem = async (operator, member, code, name = `Hệ thống ${code}`) =>
  idOf(await operator.form(`/truc/thanh-vien/${member}/he-thong`, { code, name }, { from: `/truc/thanh-vien/${member}` }));

/** A key of a system as `id:secret`. */
export async function newKey(operator, system) {
  const page = await operator.form(`/truc/he-thong/${system}/khoa`, { name: 'máy chủ', ttl_s: '600' }, { from: `/truc/he-thong/${system}` });
  assert.equal(page.status, 200, page.text.slice(0, 2000));
  return /id="secret">([a-z0-9]+) : (bbx_[A-Za-z0-9_-]+)/.exec(page.text).slice(1).join(':');
}

/** What /token answers for a key. */
export const askToken = (server, key, more = '') => fetch(`${server.url}/token`, { method: 'POST', body: `grant_type=client_credentials${more}`,
  headers: { authorization: `Basic ${Buffer.from(key).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' } });

/** Sends a form with a description of a service as its file. */
export async function upload(server, operator, path, fields, document, { from = path, type = 'application/json' } = {}) {
  const body = new FormData();
  for (const [k, v] of Object.entries(fields)) body.set(k, v);
  body.set('csrf', Client.token((await operator.get(from)).text));
  body.set('document', new Blob([document], { type }), type === 'text/xml' ? 'service.wsdl' : 'openapi.json');
  return operator.request('POST', path, { body, headers: { origin: server.url } });
}

/** Asks for operations of a service and grants them. */
export async function agree(operator, service, consumer, operations) {
  const agreement = idOf(await operator.form(`/truc/dich-vu/${service}/xin-phep`, { consumer, operations, purpose: 'Thử gọi dịch vụ', legal_basis: 'Luật Giao dịch điện tử' }));
  return idOf(await operator.form(`/truc/thoa-thuan/${agreement}`, { state: 'granted', version: '1', operations }));
}
