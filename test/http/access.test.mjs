// Deny by default over all routes of the running program: every route of its own tables, as page and as API,
// asked by nobody and by each role of the pack, answers as the table of roles says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { announce, ask, doors, mayDo, readRoutes } from '../lib/routes.mjs';
import { Client, demo, officers, root, startServer } from '../lib/server.mjs';

let server;
const routes = readRoutes();
const all = doors(routes);
const people = new Map();
const tokens = new Map();
const form = { 'content-type': 'application/x-www-form-urlencoded' };

before(async () => {
  server = await startServer();
  people.set('nobody', new Client(server));
  for (const [role, login] of [['citizen', demo.citizen], ...Object.entries(officers)]) {
    const c = new Client(server);
    assert.equal((await c.signIn(login)).status, 303, `${login} signs in`);
    people.set(role, c);
  }
  for (const [role, c] of people) tokens.set(role, Client.token((await c.get('/dang-nhap')).text));
});
after(async () => { await server?.stop(); });

const isWrite = (d) => d.route.method !== 'GET';
const allowed = (d) => [...people].find(([role]) => mayDo(role, d.route.permission) && (role !== 'nobody' || d.route.permission === 'public'));

test('the tables name known permissions, and the API document has exactly their API routes', async () => {
  const words = new Set(['public', 'signed-in', ...[...readFileSync(join(root, 'src/engine/access/access_perms.def'), 'utf8').matchAll(/PERM\("([^"]+)"\)/g)].map((m) => m[1])]);
  assert.deepEqual(routes.filter((r) => !words.has(r.permission)), []);
  assert.deepEqual(routes.filter((r) => !r.doc).map((r) => r.path), [], 'every route says what it is');
  assert.deepEqual(routes.filter((r) => r.method !== 'GET' && !r.csrf).map((r) => r.path), ['/thanh-toan/ngan-hang',
    '/boxes/messages', '/boxes/messages/{id}/ack', '/boxes/acks', '/boxes/messages/{id}/refuse', '/boxes/topics', '/boxes/files/{hash}',
    '/token', '/opmon', '/meta', '/adapter/login', '/adapter/call', '/mo-phong/quoc-gia/{id}/{op}'],
  'only what programs call with a proof of their own, and the labelled simulators, go without a token');
  const wanted = { '/boxes/sent': '?to=VN/GOV/X/Y&id=1', '/boxes/files/{hash}': '?at=0&total=1' };
  for (const r of routes.filter((x) => x.path.startsWith('/boxes/'))) {
    const path = r.path.replace('{id}', '1').replace('{hash}', 'a'.repeat(64)) + (isWrite({ route: r }) || r.path === '/boxes/sent' ? wanted[r.path] ?? '' : '');
    const answer = await people.get('nobody').request(r.method, path, { headers: { 'content-type': 'application/json' }, body: r.method === 'GET' ? undefined : '{}' });
    assert.equal(answer.status, 401, `${r.method} ${r.path} without the exchange's token`);
  }
  const doc = (await people.get('nobody').get('/api/openapi.json')).json();
  const documented = Object.entries(doc.paths).flatMap(([path, item]) => Object.keys(item).map((m) => `${m.toUpperCase()} ${path}`));
  assert.deepEqual(documented.sort(), routes.filter((r) => r.api).map((r) => `${r.method} ${r.path}`).sort());
});

test('each role is refused exactly what its table does not give', { timeout: 300000 }, async () => {
  const wrong = [];
  for (const [role, client] of people) {
    for (const d of all) {
      const r = await ask(client, d.route.method, d.address(), {
        headers: { origin: server.url, ...(isWrite(d) ? { 'content-type': d.isApi ? 'application/json' : form['content-type'] } : {}) },
        body: isWrite(d) ? (d.isApi ? '{}' : '') : undefined,
      });
      const say = (what) => wrong.push(`${role} ${d.name} (${d.route.permission}): ${r.status} ${what}`);
      const isSentToSignIn = r.status === 401 || (r.status === 303 && (r.location ?? '').startsWith('/dang-nhap?tiep='));
      if (r.status >= 500) say('fails');
      if (mayDo(role, d.route.permission)) {
        // a write without token is refused for the token; a read is refused for nothing but what it asks for
        if (isWrite(d) && d.route.csrf && r.status !== 403) say('done without a token');
        if (!isWrite(d) && isSentToSignIn && d.route.permission !== 'public') say('although allowed');
        if (!isWrite(d) && r.status === 403 && !d.route.path.includes('{')) say('although allowed');
      } else if (role === 'nobody' ? !isSentToSignIn || (d.isApi && r.status !== 401) : r.status !== 403) {
        say('although not allowed');
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('with a one-time password nothing opens but its change and leaving: every route, citizen and officer, page and API', { timeout: 300000 }, async () => {
  const open = new Set(['GET /tai-khoan/mat-khau', 'POST /tai-khoan/mat-khau', 'POST /dang-xuat']);
  const [receiver, op] = [people.get('receiver'), people.get('operator')];
  const added = await receiver.form('/can-bo/quay/nguoi', { number: '070085654321', name: 'Điểu Sơn', 'birth-d': '1', 'birth-m': '2', 'birth-y': '1985', sex: 'male' },
    { from: '/can-bo/quay/nguoi?q=070085654321' });
  const given = await receiver.form(`${added.location}/tai-khoan`, { checked: '1' }, { from: added.location });
  const officer = { personal_id: '070090000444', name: 'Lê Tư', login: 'letu', new_password: 'mot cau dai de nho' };
  const made = await op.form('/quan-tri/nguoi-dung', officer);
  assert.equal(made.status, 303);
  const unit = /value="(25405@[^"]*)"/.exec((await op.get(made.location)).text)[1];
  assert.equal((await op.form(`${made.location}/vi-tri`, { unit, role: 'operator', title: 'Quản trị', from: '2026-01-01', to: '' }, { from: made.location })).status, 303);
  const wrong = [];
  for (const [login, first] of [['070085654321', /big-number num">([^<]+)</.exec(given.text)[1]], [officer.login, officer.new_password]]) {
    const c = new Client(server);
    const begun = await c.signIn(login, first);
    assert.equal(`${begun.status} ${begun.location}`, '303 /tai-khoan/mat-khau');
    const page = await c.get('/tai-khoan/mat-khau');
    assert.match(page.text, /Mật khẩu này do người khác đặt/);
    assert.doesNotMatch(page.text, /href="\/(toi|can-bo|quan-tri)"/, 'nothing is offered that does not open');
    const token = Client.token(page.text);
    for (const d of all.filter((x) => !open.has(x.name))) {
      const r = await ask(c, d.route.method, d.address(), {
        headers: { origin: server.url, 'x-csrf-token': token, ...(isWrite(d) ? { 'content-type': d.isApi ? 'application/json' : form['content-type'] } : {}) },
        body: isWrite(d) ? (d.isApi ? '{}' : '') : undefined,
      });
      const isProgram = ['/boxes/', '/r1/', '/listClients', '/oauth2/'].some((p) => d.route.path.startsWith(p)); // told as to a program
      const isHeld = d.isApi || isWrite(d) || isProgram ? r.status === 403 && /password|mật khẩu/.test(r.text) : r.status === 303 && r.location === '/tai-khoan/mat-khau';
      if (!isHeld) wrong.push(`${login} ${d.name}: ${r.status} ${r.location ?? ''}`);
    }
    const change = (next) => c.form('/tai-khoan/mat-khau', { current: first, new_password: next, repeated: next });
    assert.equal((await change(first)).status, 422, 'the one-time password is no new one');
    assert.equal((await change('rung le mua nang')).status, 303);
    assert.equal((await c.get('/tai-khoan')).status, 200);
    assert.equal((await c.get(login === officer.login ? '/quan-tri' : '/toi')).status, 200);
  }
  assert.deepEqual(wrong, []);
});

test('no write is done without its token, with another one, from a foreign page, or with unknown fields', { timeout: 300000 }, async () => {
  const wrong = [];
  for (const d of all.filter((x) => isWrite(x) && x.route.csrf)) {
    const [role, client] = allowed(d);
    const send = (headers, body) => ask(client, d.route.method, d.address(), { headers: { ...form, ...headers }, body });
    const expect = async (what, statuses, headers, body) => {
      const r = await send(headers, body);
      if (!statuses.includes(r.status)) wrong.push(`${role} ${d.name} ${what}: ${r.status}`);
    };
    const token = tokens.get(role);
    const good = { origin: server.url, 'x-csrf-token': token };
    const another = tokens.get(role === 'citizen' ? 'leader' : 'citizen');
    await expect('without token', [403], { origin: server.url }, '');
    await expect('with a token nobody has', [403], { origin: server.url, 'x-csrf-token': 'A'.repeat(token.length) }, '');
    await expect("with another's token", [403], { origin: server.url, 'x-csrf-token': another }, '');
    await expect('from a foreign page', [403], { 'x-csrf-token': token, origin: 'https://elsewhere.example' }, '');
    await expect('cross-site', [403], { 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' }, '');
    await expect('with an unknown field', [404, 422], good, 'zz-unknown=1');
    if (d.route.raw) continue; // the handler reads the body itself, once it has found the draft
    await expect('with content nobody reads', [415], { ...good, 'content-type': 'text/plain' }, 'x');
    await expect('with JSON that is no object', [400], { ...good, 'content-type': 'application/json' }, '[]');
  }
  assert.deepEqual(wrong, []);
});

test('no read takes an unknown query key, a key twice, or a wrong type', { timeout: 300000 }, async () => {
  const wrong = [];
  const words = { int: 'x', id: '0', date: '31/2/2026', money: '-1', bool: 'maybe', choice: 'zz-none' };
  for (const d of all.filter((x) => !isWrite(x))) {
    const client = allowed(d)[1];
    const unknown = await ask(client, 'GET', `${d.address()}?zz-unknown=1`);
    const takesAny = d.route.fields.some((f) => f.name === '');
    if (!takesAny && unknown.status !== 400) wrong.push(`${d.name} with an unknown key: ${unknown.status}`);
    for (const f of d.route.fields.filter((x) => x.type in words)) {
      const r = await ask(client, 'GET', `${d.address()}?${f.name}=${encodeURIComponent(words[f.type])}`);
      if (![404, 422].includes(r.status)) wrong.push(`${d.name} with a wrong ${f.name}: ${r.status}`);
      const twice = await ask(client, 'GET', `${d.address()}?${f.name}=1&${f.name}=1`);
      if (![404, 422].includes(twice.status)) wrong.push(`${d.name} with ${f.name} twice: ${twice.status}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('a body over its limit is refused before it is sent, and methods that no table has', { timeout: 300000 }, async () => {
  const wrong = [];
  for (const d of all) {
    const client = allowed(d)[1];
    const cookie = [...client.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const head = { Cookie: cookie, Origin: server.url, 'Content-Type': form['content-type'] };
    if (isWrite(d)) {
      const status = await announce(server, 'POST', d.address(), { ...head, 'Content-Length': d.route.body_max + 1 });
      if (status !== 413) wrong.push(`${d.name} with ${d.route.body_max + 1} bytes: ${status}`);
    }
    const status = (await ask(client, 'DELETE', d.address(), { headers: { origin: server.url } }));
    if (status.status !== 405 || !(status.headers.get('allow') ?? '').includes(d.route.method)) wrong.push(`DELETE ${d.address()}: ${status.status}`);
  }
  assert.deepEqual(wrong, []);
});

test('refusals of the API are problem documents with a trace', async () => {
  const open = all.find((d) => d.isApi && !isWrite(d) && d.route.permission === 'public' && !d.route.path.includes('{'));
  const closed = all.find((d) => d.isApi && !isWrite(d) && d.route.permission !== 'public');
  const cases = [['GET', '/api/v1/khong-co', 404], ['DELETE', open.address(), 405], ['GET', closed.address(), 401]];
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
