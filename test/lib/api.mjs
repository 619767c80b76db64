// A program that talks to the API: bearer token, JSON, and each answer held against the OpenAPI document.
import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import { Client } from './server.mjs';

/** No member that the document does not name. */
function close(schema) {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map(close);
  const copy = Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, close(v)]));
  return copy.type === 'object' && copy.properties ? { additionalProperties: false, ...copy } : copy;
}

/** 1.234 and 1,234: which numbers reach a thousand depends on the day's data, so that this alone proves nothing. */
const isGrouped = (vi, en) => /^\d{1,3}(\.\d{3})+$/.test(vi) && vi.replaceAll('.', ',') === en;

/** Members whose text differs between two answers though their schema does not call them words: "rows[].state". */
export function unmarkedWords(schema, vi, en, at = '', found = new Set()) {
  if (typeof vi === 'string' && typeof en === 'string') {
    if (vi !== en && !schema?.['x-localized'] && !isGrouped(vi, en)) found.add(at);
  } else if (Array.isArray(vi) && Array.isArray(en)) {
    vi.forEach((v, i) => unmarkedWords(schema?.items, v, en[i], `${at}[]`, found));
  } else if (vi && en && typeof vi === 'object') {
    for (const k of Object.keys(vi)) unmarkedWords(schema?.properties?.[k], vi[k], en[k], at === '' ? k : `${at}.${k}`, found);
  }
  return found;
}

/** Looks up the operation of a request in the document and checks answers by its schemas. */
export class Contract {
  constructor(doc) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    const closed = close({ components: doc.components });
    this.ajv.addSchema({ $id: 'doc', ...closed });
    this.operations = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => ({
      name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), op, path,
      literal: path.replace(/\{[^}]+\}/g, '').length, segments: path.split('/'),
    })));
    this.checked = new Map(); // operation -> how many good answers were checked
    this.compiled = new Map();
  }

  static async of(server) {
    return new Contract((await new Client(server).get('/api/openapi.json')).json());
  }

  find(method, path) {
    const at = path.replace(/^\/api\/v1/, '').replace(/\?.*$/, '').split('/');
    const fits = this.operations.filter((o) => o.method === method && o.segments.length === at.length
      && o.segments.every((s, i) => s === at[i] || (s.startsWith('{') && at[i] !== '')));
    // literal segments beat parameters, the leftmost first
    const rank = (o) => o.segments.map((s) => (s.startsWith('{') ? '1' : '0')).join('');
    return fits.sort((a, b) => rank(a).localeCompare(rank(b)))[0];
  }

  schema(key, schema) {
    if (!this.compiled.has(key)) {
      this.compiled.set(key, this.ajv.compile(JSON.parse(JSON.stringify(close(schema)).replaceAll('"#/components/', '"doc#/components/'))));
    }
    return this.compiled.get(key);
  }

  check(method, path, r) {
    const o = this.find(method, path);
    assert.ok(o, `${method} ${path} is not in the document`);
    const media = (r.headers.get('content-type') ?? '').split(';')[0];
    if (r.status >= 400) {
      assert.equal(media, 'application/problem+json', `${o.name}: ${r.status}`);
      const is = this.schema('problem', { $ref: '#/components/schemas/Problem' });
      assert.ok(is(r.json()), `${o.name}: ${JSON.stringify(is.errors)} ${r.text.slice(0, 400)}`);
      assert.equal(r.json().status, r.status, o.name);
      return undefined;
    }
    const answer = o.op.responses[r.status];
    assert.ok(answer, `${o.name} answered ${r.status}, which the document does not name: ${r.text.slice(0, 300)}`);
    if (r.status === 303) return assert.ok(r.location, o.name);
    const content = answer.content[media] ?? answer.content['*/*'];
    assert.ok(content, `${o.name} answered ${media}, the document says ${Object.keys(answer.content)}`);
    if (content.schema) {
      const is = this.schema(`${o.name} ${r.status}`, content.schema);
      assert.ok(is(r.json()), `${o.name}: ${JSON.stringify(is.errors?.slice(0, 5))} ${r.text.slice(0, 600)}`);
    }
    this.checked.set(o.name, (this.checked.get(o.name) ?? 0) + 1);
    return undefined;
  }
}

/** A program with a token. Paths are those of pages; /api/v1 is put before them where it is missing. */
export class Program {
  constructor(server, contract, token) {
    this.client = new Client(server, token ? { authorization: `Bearer ${token}` } : {});
    this.contract = contract;
  }

  async request(method, path, options = {}) {
    const at = path.startsWith('/api/v1/') ? path : `/api/v1${path}`;
    const r = await this.client.request(method, at, options);
    this.contract.check(method, at, r);
    return r;
  }

  get(path) { return this.request('GET', path); }

  /** A document; anything but 200 is a fault of the test. */
  async read(path) {
    const r = await this.get(path);
    assert.equal(r.status, 200, `GET ${path}: ${r.status} ${r.text.slice(0, 400)}`);
    return r.json();
  }

  post(path, body = {}, headers = {}) {
    return this.request('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  }

  /** Does something; the address to go on to, as a page's path. */
  async act(path, body, headers) {
    const r = await this.post(path, body, headers);
    assert.equal(r.status, 201, `POST ${path}: ${r.status} ${r.text.slice(0, 600)}`);
    return r.json().location.replace(/^\/api\/v1/, '');
  }

  upload(path, fields, files) {
    const body = new FormData();
    for (const [k, v] of Object.entries(fields)) body.append(k, v);
    for (const f of files) body.append(f.field ?? 'tep', new Blob([f.bytes], { type: f.type }), f.name);
    return this.request('POST', path, { body });
  }
}

/** Signs in as a person, makes a token with these permissions on the page of tokens: its text. */
export async function makeToken(server, login, perms, password) {
  const c = new Client(server);
  assert.equal((await c.signIn(login, password)).status, 303, login);
  const page = await c.get('/tai-khoan/khoa');
  const body = new URLSearchParams({ csrf: Client.token(page.text), name: 'chương trình thử', days: '7' });
  for (const p of perms) body.append('perm', p);
  const made = await c.request('POST', '/tai-khoan/khoa', { body, headers: { origin: server.url } });
  assert.equal(made.status, 200, made.text.slice(0, 400));
  return /<code class="num">(bb_[^<]+)<\/code>/.exec(made.text)[1];
}
