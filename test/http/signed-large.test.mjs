// Signed exchange of bodies up to 100 MB between two installations: from file to file, in bounded memory, kept as evidence that
// xmlsec1 verifies; and the bad days of such a transfer: it is cut, lied about, has no room on the disk.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { furnish, introduce, makeKey, ownPort, start, token, until } from '../lib/nodes.mjs';
import { dropDir, newDir, runBombo } from '../lib/server.mjs';

const A = {}, B = {}; // the consumer's and the provider's installation
const MB = 1000 * 1000, LARGE = 100 * MB;
const MEMORY = 16 * 1024 * 1024;
const isInstrumented = /asan|tsan|ubsan/.test(process.env.BOMBO ?? '');
let service, scratch, asked = 0;

// 100 MB of which no block is like another, from a block and a count; the same ones each time
const block = randomBytes(64 * 1024);
function* pieces(n) {
  for (let at = 0, i = 0; at < n; i++) {
    const b = Buffer.from(block.subarray(0, Math.min(block.length, n - at)));
    if (b.length >= 4) b.writeUInt32BE(i, 0);
    at += b.length;
    yield b;
  }
}
const sumOf = (n) => { const h = createHash('sha256'); for (const b of pieces(n)) h.update(b); return h.digest('hex'); };
/** Writes them; what breaks off on the way is told by the stream's own events. */
const send = (stream, n) => pipeline(Readable.from(pieces(n)), stream, { end: false }).catch(() => {});

// The service of the provider: says the sum of what it got; gives as much as it is asked for; lies.
async function serve(rq, rs) {
  asked++;
  rq.on('error', () => {});
  rs.on('error', () => {});
  const what = rq.url.split('/').pop();
  if (rq.method === 'POST') {
    const h = createHash('sha256');
    let n = 0;
    for await (const b of rq) { h.update(b); n += b.length; }
    return rs.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ n, sum: h.digest('hex') }));
  }
  if (what.startsWith('lon-')) { // "large-N", with or without a length
    const n = Number(what.split('-')[1]);
    rs.writeHead(200, { 'content-type': 'application/octet-stream', ...(what.endsWith('-chunk') ? {} : { 'content-length': n }) });
    await send(rs, n);
    return rs.end();
  }
  if (what === 'noi-doi') { // says 2 MB, gives 1, hangs up
    rs.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 2 * MB });
    await send(rs, MB);
    return rq.socket.destroy();
  }
  return rs.writeHead(200, { 'content-type': 'application/json' }).end('{"so":"12"}');
}

const path = (rest) => `/r1/VN/GOV/S1/DAT-DAI/so-dat/${rest}`;
/** A call through A's relay; body: how many bytes are sent. Answers with the sum of what came, or its text. */
function call(rest, { n = 0, cut = 0, isChunked = false } = {}) {
  return new Promise((resolve, reject) => {
    const rq = http.request({ host: '127.0.0.1', port: A.relayPort, path: path(rest), method: n ? 'POST' : 'GET', agent: false, headers: {
      authorization: `Bearer ${A.token}`, 'x-road-client': 'VN/GOV/X1/MOT-CUA', ...(n ? { 'content-type': 'application/octet-stream' } : {}),
      ...(n && !isChunked ? { 'content-length': n } : {}) } }, (rs) => {
      const h = createHash('sha256'), parts = [];
      let size = 0;
      rs.on('data', (b) => { h.update(b); size += b.length; if (size < MB) parts.push(b); });
      rs.on('error', reject);
      rs.on('end', () => resolve({ status: rs.statusCode, headers: rs.headers, error: rs.headers['x-road-error'], size, sum: h.digest('hex'),
        text: size < MB ? Buffer.concat(parts).toString() : '' }));
      if (cut) rs.once('data', () => { rq.destroy(); reject(new Error('given up')); });
    });
    rq.on('error', reject);
    if (!n) return rq.end();
    return send(rq, cut > 0 ? cut : n).then(() => (cut > 0 ? rq.destroy() : rq.end()));
  });
}

const bodies = (node) => readdirSync(join(node.data, 'evidence/bodies'));
const spooled = (node) => ['spool-node-in', 'spool-node-out'].flatMap((d) => readdirSync(join(node.data, d)));
const nothingLeft = (node) => until(`nothing half is left at ${node.name}`, async () => !spooled(node).length && !bodies(node).some((x) => x.startsWith('part-')));
const rows = async (node, id) => (await node.operator.get(`/api/v1/truc/bang-chung?q=${id}`)).json().tables[0].rows;
const verified = async (node) => { const r = await runBombo(['evidence', 'verify', '--data', node.data]); assert.equal(r.code, 0, r.out + r.err); };

const anonOf = (node) => Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${node.server.pid}/status`, 'utf8'))[1]) * 1024;
/** By how much the memory of both programs rose at most while fn ran. */
async function risen(fn) {
  const from = [A, B].map(anonOf), most = [0, 0];
  let isOver = false;
  const done = fn().finally(() => { isOver = true; });
  while (!isOver) {
    [A, B].forEach((node, i) => { most[i] = Math.max(most[i], anonOf(node) - from[i]); });
    await pause(5);
  }
  return { result: await done, most };
}

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'bombo-large-'));
  service = http.createServer((rq, rs) => serve(rq, rs).catch(() => rs.destroy())).listen(0, '127.0.0.1');
  await once(service, 'listening');
  for (const [node, name] of [[A, 'xa.test'], [B, 'so.test']]) {
    Object.assign(node, { name, data: newDir(), port: await ownPort(), relayPort: await ownPort(), nodePort: await ownPort() });
    await start(node);
  }
  const operations = ['tra-cuu', 'ghi'];
  await furnish(A, 'node:', operations);
  await furnish(B, `http://127.0.0.1:${service.address().port}/api`, operations);
  await makeKey(A, 'VN/GOV/X1');
  await makeKey(B, 'VN/GOV/S1');
  await introduce(A, B, A.nodePort);
  await introduce(B, A, B.nodePort);
  A.token = await token(A);
  await until('the two installations know each other', async () => (await call('thua/12')).status === 200);
});
after(async () => {
  for (const node of [A, B]) {
    await node.server?.stop();
    if (node.data) dropDir(node.data);
  }
  service?.close();
  service?.closeAllConnections();
  rmSync(scratch, { recursive: true, force: true });
});

const xmlIds = ['--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:Manifest', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties'];
async function sumOfFile(file, from) {
  const h = createHash('sha256');
  for await (const b of createReadStream(file, { start: from })) h.update(b);
  return h.digest('hex');
}
/** The container of a call, unpacked: both signatures are good for the files in it. */
async function unpack(node, id, name) {
  const dir = join(scratch, name), file = `${dir}.asice`;
  const r = await runBombo(['evidence', 'export', id, file, '--data', node.data]);
  assert.equal(r.code, 0, r.err);
  execFileSync('unzip', ['-q', file, '-d', dir]);
  for (const which of ['request', 'answer']) {
    const out = spawnSync('xmlsec1', ['--verify', '--pubkey-cert-pem', `cert/${which}.pem`, ...xmlIds, `META-INF/signatures-${which}.xml`], { cwd: dir, encoding: 'utf8' });
    assert.match(out.stdout + out.stderr, /Manifests References \(ok\/all\): 1\/1/);
  }
  return dir;
}

test('100 MB go up and come down signed, in bounded memory on both sides', { timeout: 600000 }, async () => {
  const want = sumOf(LARGE);
  await call('thua', { n: MB }); // what is made once is made
  await call('thua/lon-1000000');
  const up = await risen(() => call('thua', { n: LARGE }));
  assert.equal(up.result.status, 201, `${up.result.error} ${up.result.text}`);
  assert.deepEqual(JSON.parse(up.result.text), { n: LARGE, sum: want });
  const down = await risen(() => call(`thua/lon-${LARGE}`));
  assert.deepEqual([down.result.status, down.result.size, down.result.sum], [200, LARGE, want]);
  assert.equal(down.result.headers['content-type'], 'application/octet-stream');
  if (!isInstrumented) for (const n of [...up.most, ...down.most]) assert.ok(n < MEMORY, `memory rose by ${up.most} and ${down.most} bytes`);
  for (const node of [A, B]) {
    for (const r of [up.result, down.result]) {
      await until('the evidence is indexed', async () => (await rows(node, r.headers['x-road-request-id'])).length === 2);
    }
    await nothingLeft(node);
    assert.equal(bodies(node).length, 4);
  }
  A.up = up.result.headers['x-road-request-id'];
  A.down = down.result.headers['x-road-request-id'];
});

test('the evidence of a large body: its container is verified by xmlsec1, the file is what was sent; a changed file is found', { timeout: 600000 }, async () => {
  const want = sumOf(LARGE);
  const dir = await unpack(A, A.up, 'up');
  const head = readFileSync(join(dir, 'request.http')).subarray(0, 4096).indexOf('\r\n\r\n') + 4;
  assert.equal(await sumOfFile(join(dir, 'request.http'), head), want);
  rmSync(dir, { recursive: true });
  const page = await B.operator.get(`/truc/bang-chung/${A.down}`);
  assert.match(page.text, /chữ ký và nội dung khớp/);
  const before = anonOf(B);
  const file = await B.operator.request('GET', `/truc/bang-chung/${A.down}/tep`);
  assert.equal(file.headers.get('content-type'), 'application/vnd.etsi.asic-e+zip');
  if (!isInstrumented) assert.ok(anonOf(B) - before < MEMORY, `memory rose from ${before} to ${anonOf(B)}`);
  const one = join(B.data, 'evidence/bodies', bodies(B)[0]), whole = readFileSync(one);
  const bad = Buffer.from(whole);
  bad[bad.length >> 1] ^= 1;
  writeFileSync(one, bad);
  const r = await runBombo(['evidence', 'verify', '--data', B.data]);
  assert.equal(r.code, 1);
  assert.match(r.out, /is changed/);
  writeFileSync(one, whole);
  await verified(B);
});

test('without a length, and just around the size that memory takes: the same', { timeout: 300000 }, async () => {
  for (const n of [200 * 1024, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 300 * 1024, 3 * MB]) {
    const up = await call('thua', { n, isChunked: true });
    assert.deepEqual([up.status, JSON.parse(up.text)], [201, { n, sum: sumOf(n) }]);
    const down = await call(`thua/lon-${n}-chunk`);
    assert.deepEqual([down.status, down.size, down.sum], [200, n, sumOf(n)]);
  }
});

test('by agreement only the hash is kept: the signature is still proved, and the content by whoever has it', { timeout: 300000 }, async () => {
  const decide = (version, kept) => B.operator.form(`/truc/thoa-thuan/${B.agreement}`, { state: 'granted', version, operations: ['tra-cuu', 'ghi'], rate_s: '0', quota_day: '0', bodies: kept });
  assert.equal((await decide('2', 'some')).status, 422);
  assert.equal((await decide('2', 'hash')).status, 303);
  assert.match((await B.operator.get(`/truc/thoa-thuan/${B.agreement}`)).text, /Chỉ lưu giá trị băm/);
  const kept = async (rest, options) => {
    const r = await call(rest, options);
    assert.ok(r.status < 300, r.text);
    const id = r.headers['x-road-request-id'];
    await until('both have it', async () => (await rows(A, id)).length === 2 && (await rows(B, id)).length === 2);
    return { id, page: (await B.operator.get(`/truc/bang-chung/${id}`)).text };
  };
  await until('the agreement is in force', async () => /Nội dung không được lưu/.test((await kept('thua/12')).page));
  const from = bodies(B).length;
  for (const [rest, options] of [['thua/12', {}], [`thua/lon-${MB}`, {}], ['thua', { n: MB }]]) {
    const { id, page } = await kept(rest, options);
    assert.match(page, /Nội dung không được lưu/);
    assert.match((await A.operator.get(`/truc/bang-chung/${id}`)).text, /chữ ký và nội dung khớp/);
    const whole = await unpack(A, id, `whole-${id}`), dir = join(scratch, `hash-${id}`);
    assert.equal((await runBombo(['evidence', 'export', id, `${dir}.asice`, '--data', B.data])).code, 0);
    execFileSync('unzip', ['-q', `${dir}.asice`, '-d', dir]);
    const which = options.n ? 'request' : 'answer'; // the one that had a body
    assert.ok(!existsSync(join(dir, `${which}.http`)));
    const xmlsec = (...more) => spawnSync('xmlsec1', ['--verify', ...more, '--pubkey-cert-pem', `cert/${which}.pem`, ...xmlIds, `META-INF/signatures-${which}.xml`], { cwd: dir, encoding: 'utf8' });
    assert.equal(xmlsec('--ignore-manifests').status, 0);
    const head = readFileSync(join(dir, `${which}.head`)), bytes = readFileSync(join(whole, `${which}.http`));
    assert.equal(head.subarray(-4).toString(), '\r\n\r\n');
    writeFileSync(join(dir, `${which}.http`), Buffer.concat([head, bytes.subarray(head.length)]));
    const both = xmlsec();
    assert.match(both.stdout + both.stderr, /Manifests References \(ok\/all\): 1\/1/);
  }
  await nothingLeft(B);
  assert.equal(bodies(B).length, from);
  await verified(B);
  assert.equal((await decide('3', '')).status, 303);
  await until('it is kept again', async () => /chữ ký và nội dung khớp/.test((await kept('thua/12')).page) && !/Nội dung không được lưu/.test((await kept('thua/12')).page));
});

test('larger than 100 MB is refused with a word for it, and asks nobody', { timeout: 300000 }, async () => {
  const n = asked;
  const r = await call('thua', { n: 106 * MB }).catch((e) => ({ status: e.code })); // refused by its length: may be cut before it is read
  assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(r.status), String(r.status));
  assert.equal(asked, n);
  const down = await call(`thua/lon-${106 * MB}`);
  assert.deepEqual([down.status, down.error], [500, 'Server.ServerProxy.ServiceFailed.InvalidResponse']);
  for (const node of [A, B]) await nothingLeft(node);
});

test('a service that lies about its length: refused, signed and kept; nothing of it is released', { timeout: 300000 }, async () => {
  const r = await call('thua/noi-doi');
  assert.deepEqual([r.status, r.error], [500, 'Server.ServerProxy.ServiceFailed']);
  await until('the refusal is kept', async () => (await rows(A, r.headers['x-road-request-id'])).length === 2);
  for (const node of [A, B]) await nothingLeft(node);
});

test('a caller that gives up, sending or receiving, leaves nothing half', { timeout: 300000 }, async () => {
  await assert.rejects(call('thua', { n: 20 * MB, cut: 5 * MB }));
  await assert.rejects(call(`thua/lon-${20 * MB}`, { cut: -1 }));
  for (const node of [A, B]) await nothingLeft(node);
  assert.equal((await call('thua/12')).status, 200);
  await verified(A);
  await verified(B);
});

test('no room for a body: the caller is told, nothing is answered without evidence, and all goes on when there is room', { timeout: 300000 }, async (t) => {
  for (const [node, error] of [[B, 'Server.ServerProxy.LoggingFailed'], [A, 'Server.ClientProxy.LoggingFailed']]) {
    const at = join(node.data, 'evidence/bodies');
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', at]).status !== 0) return t.skip('needs the right to mount a small file system');
    try {
      const n = asked;
      const up = await call('thua', { n: 8 * MB });
      assert.deepEqual([up.status, up.error], [503, error]);
      if (node === B) assert.equal(asked, n, 'the service was not asked: the request is no evidence yet');
      const down = await call(`thua/lon-${8 * MB}`);
      assert.deepEqual([down.status, down.error], [503, error]);
      assert.ok(down.size < 4096);
      assert.equal((await call('thua/12')).status, 200); // small ones go on
      assert.deepEqual(readdirSync(at), []);
    } finally {
      spawnSync('umount', ['-l', at]);
    }
    const again = await call(`thua/lon-${8 * MB}`);
    assert.deepEqual([again.status, again.size], [200, 8 * MB]);
    await nothingLeft(node);
    await verified(node);
  }
});

test('killed in the middle of a large body: after the next start no file is left without its record', { timeout: 300000 }, async () => {
  for (const node of [A, B]) {
    const under = node === A ? call('thua', { n: 60 * MB }) : call(`thua/lon-${60 * MB}`);
    const ended = under.catch(() => {});
    const isOnItsWay = () => spooled(node).length > 0 || bodies(node).some((x) => x.startsWith('part-'));
    await until('the body is on its way, or was too fast', async () => isOnItsWay() || Promise.race([ended.then(() => true), pause(1)]));
    node.server.process.kill('SIGKILL');
    await once(node.server.process, 'close');
    await ended;
    mkdirSync(join(node.data, 'evidence/bodies'), { recursive: true });
    writeFileSync(join(node.data, 'evidence/bodies/part-KILLED'), 'half');
    writeFileSync(join(node.data, 'evidence/bodies', 'ab'.repeat(32)), 'whole, but its record was never written');
    writeFileSync(join(node.data, 'spool-node-in/body-1-x'), 'half');
    await start(node);
    await nothingLeft(node);
    assert.ok(!existsSync(join(node.data, 'evidence/bodies', 'ab'.repeat(32))));
    await until('calls pass again', async () => (await call('thua/12')).status === 200);
    await verified(node);
  }
});
