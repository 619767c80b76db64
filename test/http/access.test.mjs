// Deny by default over all routes of the running program: every operation of /api/openapi.json, asked by
// nobody and by each role of the pack, answers as the table of roles says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, demo, officers, root, startServer } from '../lib/server.mjs';

let server, doc, operations;
const people = new Map();

/** roles.csv: role -> set of permissions. */
const roles = new Map(readFileSync(join(root, 'packs/binh-phuoc/roles/roles.csv'), 'utf8').trim().split('\n').slice(1).map((line) => {
  const cells = [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]);
  return [cells[0], new Set(cells[3].split(' '))];
}));

before(async () => {
  server = await startServer();
  doc = (await new Client(server).get('/api/openapi.json')).json();
  operations = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item)
    .map(([method, op]) => ({ path, method: method.toUpperCase(), op, perm: op['x-permission'] })));
  people.set('nobody', new Client(server));
  for (const [role, login] of [['citizen', demo.citizen], ...Object.entries(officers)]) {
    const c = new Client(server);
    assert.equal((await c.signIn(login)).status, 303, `${login} signs in`);
    people.set(role, c);
  }
});
after(async () => { await server?.stop(); });

const sample = (path) => '/api/v1' + path.replace(/\{[^}]+\}/g, '1');
const mayDo = (role, perm) => perm === 'public' || (role !== 'nobody' && (perm === 'signed-in' || everyone.has(perm) || (roles.get(role)?.has(perm) ?? false)));
/** What everybody with an account may, officers as persons too. */
const everyone = roles.get('citizen');

test('every operation names its permission', () => {
  assert.ok(operations.length > 0);
  const words = new Set(['public', 'signed-in', ...[...readFileSync(join(root, 'src/engine/access/access_perms.def'), 'utf8').matchAll(/PERM\("([^"]+)"\)/g)].map((m) => m[1])]);
  assert.deepEqual(operations.filter((o) => !words.has(o.perm)).map((o) => `${o.method} ${o.path}: ${o.perm}`), []);
});

test('each role is refused exactly what its table does not give', { timeout: 300000 }, async () => {
  const wrong = [];
  for (const [role, client] of people) {
    for (const o of operations) {
      const r = await client.request(o.method, sample(o.path), {
        headers: { origin: server.url, ...(o.method === 'GET' ? {} : { 'content-type': 'application/json' }) },
        body: o.method === 'GET' ? undefined : '{}',
      });
      const name = `${role} ${o.method} ${o.path} (${o.perm}): ${r.status}`;
      if (r.status >= 500) wrong.push(name);
      if (mayDo(role, o.perm)) {
        // allowed: a read is not refused for its permission; a write without token is refused for the token
        const detail = r.status === 403 || r.status === 401 ? r.text : '';
        if (o.method === 'GET' && r.status === 401) wrong.push(`${name} although allowed`);
        if (o.method === 'GET' && r.status === 403 && o.perm === 'public') wrong.push(`${name} although public`);
        if (o.method !== 'GET' && r.status < 300) wrong.push(`${name} done without a token ${detail}`);
      } else if (role === 'nobody' ? r.status !== 401 : r.status !== 403) {
        wrong.push(`${name} although not allowed`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('no write is done without its token, from a foreign page, with unknown fields, or too large', { timeout: 300000 }, async () => {
  const wrong = [];
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const o of operations.filter((x) => x.method !== 'GET')) {
    for (const [role, client] of people) {
      if (!mayDo(role, o.perm)) continue;
      const send = (headers, body, path = sample(o.path)) => client.request(o.method, path, { headers: { ...form, ...headers }, body });
      const name = `${role} ${o.method} ${o.path}`;
      const page = await client.get('/dang-nhap');
      const token = Client.token(page.text);
      const foreign = await send({ origin: 'https://elsewhere.example' }, `csrf=${token}`);
      const cross = await send({ 'sec-fetch-site': 'cross-site' }, `csrf=${token}`);
      const bare = await send({ origin: server.url }, '');
      const isProof = /callback/i.test(o.op.summary ?? '');
      if (!isProof && foreign.status !== 403) wrong.push(`${name} from a foreign page: ${foreign.status}`);
      if (!isProof && cross.status !== 403) wrong.push(`${name} cross-site: ${cross.status}`);
      if (!isProof && ![401, 403].includes(bare.status)) wrong.push(`${name} without token: ${bare.status}`);
      const unknown = await send({ origin: server.url, 'x-csrf-token': token }, 'zz-unknown=1');
      if (unknown.status < 400 || unknown.status >= 500) wrong.push(`${name} with an unknown field: ${unknown.status}`);
      break; // one who may is enough
    }
  }
  assert.deepEqual(wrong, []);
});

test('refusals of the API are problem documents with a trace', async () => {
  const cases = [['GET', '/api/v1/khong-co', 404], ['DELETE', '/api/v1' + (operations.find((o) => !o.path.includes('{'))?.path ?? '/'), 405]];
  const closed = operations.find((o) => o.method === 'GET' && o.perm !== 'public');
  if (closed) cases.push(['GET', sample(closed.path), 401]);
  for (const [method, path, status] of cases) {
    const r = await people.get('nobody').request(method, path, { headers: { accept: 'application/json', origin: server.url } });
    assert.equal(r.status, status, `${method} ${path}`);
    assert.match(r.headers.get('content-type'), /^application\/problem\+json/);
    const p = r.json();
    assert.equal(p.status, status);
    for (const member of ['type', 'title', 'detail', 'trace_id']) assert.equal(typeof p[member], 'string', `${path}: ${member}`);
    assert.doesNotMatch(r.text, /\.c:\d|sqlite|SELECT/i, 'no inside of the program');
  }
});

test('every answer carries the security headers', async () => {
  for (const path of ['/', '/dang-nhap', '/khong-co', '/api/openapi.json', '/api/v1/khong-co']) {
    const r = await people.get('nobody').get(path);
    const csp = r.headers.get('content-security-policy') ?? '';
    assert.match(csp, /default-src 'none'/, path);
    assert.doesNotMatch(csp, /unsafe/, path);
    assert.equal(r.headers.get('x-content-type-options'), 'nosniff', path);
    assert.ok(r.headers.get('referrer-policy'), path);
  }
  const c = new Client(server);
  const r = await c.get('/dang-nhap');
  const cookie = r.headers.getSetCookie().find((x) => x.startsWith('bb_phien='));
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=(Lax|Strict)/i);
  assert.match(cookie, /Path=\//i);
});
