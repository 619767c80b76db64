// Two installations with a system each that writes to the other's box, for tests of message boxes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { idOf } from './exchange.mjs';
import { Client, freePort, newDir, officers, startServer } from './server.mjs';

export const X = 'VN/GOV/X1/MOT-CUA', S = 'VN/GOV/S1/VAN-BAN';
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Starts (again) the program of an installation {name, data, port, ...}; the operator signs in. */
export async function begin(node, options = {}) {
  node.server = await startServer({ data: node.data, port: node.port, ...options, args: ['--relay-port', String(node.relayPort),
    '--relay-address', '127.0.0.1', '--node-port', String(node.nodePort), '--node-address', node.address ?? '127.0.0.1', '--node-name', node.name,
    '--box-retry-s', '1', ...(node.args ?? [])] });
  node.operator = new Client(node.server);
  assert.equal((await node.operator.signIn(officers.operator)).status, 303);
}

export async function newNode(name, more = {}) {
  const node = { name, data: newDir(), port: await freePort(), relayPort: await freePort(), nodePort: await freePort(), ...more };
  await begin(node, more.options);
  return node;
}

/** The members and systems X and S; `away` names those that are at the other installation. */
export async function furnish(node, away = []) {
  const o = node.operator;
  node.systems = {};
  node.services = {};
  for (const [member, code, path] of [['X1', 'MOT-CUA', X], ['S1', 'VAN-BAN', S]]) {
    const m = idOf(await o.form('/truc/thanh-vien', { class: 'GOV', code: member, name: `Cơ quan ${member}` }));
    const at = `/truc/thanh-vien/${m}`;
    node.systems[path] = idOf(await o.form(`${at}/he-thong`, { code, name: `Hệ thống ${code}` }, { from: at }));
    node.services[path] = idOf(await o.form('/truc/hop-thu', { system: node.systems[path], place: away.includes(path) ? 'away' : 'here' }));
  }
}

/** from may write into to's box, or read its topics. */
export async function allow(node, from, to, operations = ['gui', 'theo-doi']) {
  const o = node.operator;
  const body = new URLSearchParams({ consumer: node.systems[from], purpose: 'Liên thông văn bản', legal_basis: 'Quyết định 28/2018/QĐ-TTg' });
  const ask = `/truc/dich-vu/${node.services[to]}/xin-phep`;
  for (const op of operations) body.append('operations', op);
  body.set('csrf', Client.token((await o.get(ask)).text));
  const agreement = idOf(await o.request('POST', ask, { body, headers: { origin: node.server.url } }));
  const decide = new URLSearchParams({ state: 'granted', version: '1', rate_s: '0', quota_day: '0' });
  for (const op of operations) decide.append('operations', op);
  decide.set('csrf', Client.token((await o.get(`/truc/thoa-thuan/${agreement}`)).text));
  idOf(await o.request('POST', `/truc/thoa-thuan/${agreement}`, { body: decide, headers: { origin: node.server.url } }));
  return agreement;
}

/** A program of a system: talks to /boxes with its token. */
export class Box {
  constructor(node, path) { this.node = node; this.path = path; }

  async signIn() {
    const at = `/truc/he-thong/${this.node.systems[this.path]}`;
    if (!this.key) {
      const page = await this.node.operator.form(`${at}/khoa`, { name: 'máy chủ', ttl_s: '3600' }, { from: at });
      this.key = /id="secret">([a-z0-9]+) : (bbx_[A-Za-z0-9_-]+)/.exec(page.text).slice(1);
    }
    const r = await fetch(`${this.node.server.url}/token`, { method: 'POST', body: 'grant_type=client_credentials', headers: {
      authorization: `Basic ${Buffer.from(this.key.join(':')).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' } });
    this.token = (await r.json()).access_token;
    return this;
  }

  async call(method, path, body, headers = {}) {
    const r = await fetch(this.node.server.url + path, { method, headers: { authorization: `Bearer ${this.token}`, ...headers },
      body: body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body) });
    const bytes = Buffer.from(await r.arrayBuffer());
    const isJson = /json/.test(r.headers.get('content-type') ?? '');
    return { status: r.status, headers: r.headers, bytes, json: isJson ? JSON.parse(bytes.toString()) : null };
  }

  put(message) { return this.call('POST', '/boxes/messages', message); }
  ackAll(messages) { return this.call('POST', '/boxes/acks', { messages }); }
  ack(id) { return this.call('POST', `/boxes/messages/${id}/ack`, {}); }

  async fetch(max = 100) {
    const r = await this.call('GET', `/boxes/messages?max=${max}`);
    assert.equal(r.status, 200, r.bytes.toString());
    return r.json.messages;
  }

  /** Fetches and acknowledges what there is. */
  async drain() {
    const all = [];
    for (;;) {
      const some = await this.fetch();
      if (!some.length) return all;
      for (const m of some) assert.equal((await this.ack(m.message)).status, 200);
      all.push(...some);
    }
  }

  /** Brings a file in parts; gives its hash. */
  async bring(bytes, { from = 0, to = bytes.length, part = 1 << 20 } = {}) {
    const hash = sha256(bytes);
    let have = from;
    while (have < to) {
      const r = await this.call('POST', `/boxes/files/${hash}?at=${have}&total=${bytes.length}`, bytes.subarray(have, Math.min(have + part, to)));
      assert.ok(r.status === 200 || r.status === 201, r.bytes.toString());
      have = r.json.have;
    }
    return hash;
  }
}

/** Both sides know each other; a reaches b at b.reach (host:port), and the other way round. */
export async function introduce(a, b) {
  for (const [from, to, member] of [[a, b, 'VN/GOV/X1'], [b, a, 'VN/GOV/S1']]) {
    assert.equal((await from.operator.form('/truc/diem-ket-noi/khoa', { member }, { from: '/truc/diem-ket-noi' })).status, 303);
    const card = (await from.operator.get('/truc/diem-ket-noi/the')).json();
    card.address = from.reach ?? `127.0.0.1:${from.nodePort}`;
    const r = await to.operator.form('/truc/diem-ket-noi', { card: JSON.stringify(card) });
    assert.equal(r.status, 303, r.text.slice(0, 2000));
  }
}
