// /api/openapi.json: linted by npm's Redocly CLI, and complete enough to walk the API by it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { makeToken } from '../lib/api.mjs';
import { begin, complete, newPicture } from '../lib/filing.mjs';
import { Client, demo, dropDir, newDir, officers, root, startServer } from '../lib/server.mjs';
import { Walk } from '../lib/walk.mjs';

let server, client;
before(async () => {
  server = await startServer();
  client = new Client(server);
  assert.equal((await client.signIn()).status, 303);
});
after(async () => { await server?.stop(); });

test('the document is valid OpenAPI 3.1', { timeout: 300000 }, async () => {
  const dir = newDir();
  const file = join(dir, 'openapi.json');
  writeFileSync(file, (await client.get('/api/openapi.json')).text);
  const p = spawnSync(join(root, 'node_modules/.bin/redocly'), ['lint', file, '--extends=spec', '--format=stylish'],
    { encoding: 'utf8', cwd: dir, env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } });
  dropDir(dir);
  assert.equal(p.status, 0, p.stdout + p.stderr);
});

test('the document holds against the schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const r = await validator.validate((await client.get('/api/openapi.json')).json());
  assert.equal(r.valid, true, JSON.stringify(r.errors));
  assert.equal(validator.version, '3.1');
});

test('operation ids are unique, path parameters declared, every operation has a summary of its own', async () => {
  const doc = (await client.get('/api/openapi.json')).json();
  const ids = new Set();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      assert.equal(ids.has(op.operationId), false, op.operationId);
      ids.add(op.operationId);
      const declared = op.parameters.filter((p) => p.in === 'path').map((p) => p.name);
      assert.deepEqual(declared, [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]), path);
      assert.notEqual(op.summary, path, `${method} ${path} has no description`);
    }
  }
});

test('every answer is described: a document, a media type, or where to go on', async () => {
  const doc = (await client.get('/api/openapi.json')).json();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      const [status, answer] = Object.entries(op.responses)[0];
      assert.ok(['200', '201'].includes(status), `${method} ${path}`);
      const [[media, content]] = Object.entries(answer.content);
      assert.ok(media !== 'application/json' || content.schema || op.summary, `${method} ${path} says nothing of its answer`);
      assert.equal(op.responses.default.$ref, '#/components/responses/Problem');
      if (method === 'get') assert.ok(media !== 'application/json' || !content.schema?.$ref?.endsWith('/Location'), `${path} is a document`);
    }
  }
});

test('every public document without parameters is served as JSON, and its page as HTML', async () => {
  const doc = (await client.get('/api/openapi.json')).json();
  const nobody = new Client(server);
  for (const [path, item] of Object.entries(doc.paths)) {
    if (!item.get || item.get['x-permission'] !== 'public' || path.includes('{')) continue;
    if (item.get.parameters.some((p) => p.required)) continue;
    if (!item.get.responses['200'].content['application/json']?.schema) continue;
    const api = await nobody.get(`/api/v1${path}`);
    assert.equal(api.status, 200, path);
    assert.match(api.headers.get('content-type'), /^application\/json/, path);
    api.json();
    const twin = await nobody.get(path, { headers: { accept: 'application/json' } });
    assert.match(twin.headers.get('content-type'), /json/, `${path} with Accept`);
  }
});

test('an Idempotency-Key twice: one submission, the same answer; another person never gets it', async () => {
  const base = await begin(client);
  await complete(client, base);
  const post = async (who, key, body) => {
    const token = Client.token((await who.get('/dang-nhap')).text);
    return who.request('POST', `/api/v1${base}/nop`, {
      body, headers: { 'content-type': 'application/json', 'x-csrf-token': token, origin: server.url, 'idempotency-key': key },
    });
  };
  const one = await post(client, 'khoa-1', '{"cam_doan":true}');
  assert.ok(one.status === 200 || one.status === 201, one.text);
  assert.match(one.json().location, /^\/(api\/v1\/)?ho-so\//);
  const two = await post(client, 'khoa-1', '{"cam_doan":true}');
  assert.equal(two.status, one.status);
  assert.equal(two.text, one.text);
  assert.equal(two.headers.get('idempotency-replayed'), 'true');
  assert.equal((await post(client, 'khoa-1', '{"cam_doan":false}')).status, 422, 'another request under the same key');
  const other = new Client(server);
  await other.signIn('motcua.25405');
  const theirs = await post(other, 'khoa-1', '{"cam_doan":true}');
  assert.ok(theirs.status >= 400, theirs.text);
  assert.equal(theirs.headers.get('idempotency-replayed'), null);
});

test('the walk of doc/api.md runs as it stands', { timeout: 300000 }, async () => {
  const walk = new Walk('doc/api.md', { URL: server.url, PIN: demo.pin, PHOTO: 'photo.jpg',
    CITIZEN: await makeToken(server, demo.citizen, ['dossier.file', 'pay.own']),
    OFFICER: await makeToken(server, officers.receiver, ['dossier.read_unit', 'dossier.receive']),
    SPECIALIST: await makeToken(server, officers.specialist, ['dossier.read_unit', 'dossier.process']),
    LEADER: await makeToken(server, officers.leader, ['dossier.read_unit', 'dossier.sign', 'stats.read']) });
  writeFileSync(join(walk.dir, 'photo.jpg'), newPicture());
  const said = await walk.next();
  assert.equal(readFileSync(join(walk.dir, 'result.pdf')).subarray(0, 5).toString(), '%PDF-');
  assert.match(said, /Đúng bản đã cấp và còn hiệu lực/);
  assert.match(said, /Hôm nay nhận \d+ hồ sơ/);
  await walk.end();
});
