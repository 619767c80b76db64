// Signed exchange between two installations, over mutual TLS, to a real service: signed, verified, kept as evidence, time-stamped;
// the containers are checked with xmlsec1 and openssl alone. Between the two stands a proxy that can change bytes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { furnish, idOf, introduce, makeKey, ownPort, start, token, until } from '../lib/nodes.mjs';
import { Client, dayIn, dropDir, newDir, officers, root, runBombo, start as startAny } from '../lib/server.mjs';
import { Walk } from '../lib/walk.mjs';

const A = {}, B = {}; // the consumer's and the provider's installation
const seen = [];
let service, scratch;

const path = '/r1/VN/GOV/S1/DAT-DAI/so-dat/thua/12';
async function call(extra = {}, target = path) {
  const r = await fetch(`http://127.0.0.1:${A.relayPort}${target}`, { headers: { authorization: `Bearer ${A.token}`, 'x-road-client': 'VN/GOV/X1/MOT-CUA', ...extra } });
  return { status: r.status, headers: r.headers, error: r.headers.get('x-road-error'), text: await r.text() };
}
const good = async (extra) => { const r = await call(extra); assert.equal(r.status, 200, `${r.error} ${r.text}`); return r; };

/** An RFC 3161 authority made of openssl; away when told so. */
const authority = { isAway: false, port: 0, server: null };
async function stampAuthority() {
  const at = (name) => join(scratch, name);
  writeFileSync(at('tsa.cnf'), `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Test TSA\n[ext]\nextendedKeyUsage=critical,timeStamping
[tsa]\ndefault_tsa=t\n[t]\nserial=${at('serial')}\nsigner_cert=${at('tsa.pem')}\nsigner_key=${at('tsa.key')}\nsigner_digest=sha256\ndefault_policy=1.2.3\ndigests=sha256\ncrypto_device=builtin\n`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-config', at('tsa.cnf'), '-keyout', at('tsa.key'), '-out', at('tsa.pem')], { stdio: 'ignore' });
  writeFileSync(at('serial'), '01');
  authority.server = http.createServer((rq, rs) => {
    const parts = [];
    rq.on('data', (b) => parts.push(b));
    rq.on('end', () => {
      if (authority.isAway) return rs.writeHead(503).end();
      writeFileSync(at('q.tsq'), Buffer.concat(parts));
      execFileSync('openssl', ['ts', '-reply', '-config', at('tsa.cnf'), '-section', 't', '-queryfile', at('q.tsq'), '-out', at('q.tsr')], { stdio: 'ignore' });
      rs.setHeader('content-type', 'application/timestamp-reply');
      return rs.end(readFileSync(at('q.tsr')));
    });
  }).listen(0, '127.0.0.1');
  await once(authority.server, 'listening');
  return ['--node-tsa', `http://127.0.0.1:${authority.server.address().port}/`, '--node-tsa-ca', at('tsa.pem')];
}

/**
 * Between the two nodes, with both their TLS keys, as somebody who broke into a node would stand: passes messages on, alters them,
 * sends them again. meddle: { request?, answer? } get a Buffer and return what goes on; last: the last envelope that passed.
 */
const middle = { meddle: {}, last: null, port: 0, server: null };
const keyOf = (node) => ({ key: readFileSync(join(node.data, 'node/tls.key.pem')), cert: readFileSync(join(node.data, 'node/tls.cert.pem')) });
function post(body) {
  return new Promise((resolve, reject) => {
    const rq = https.request({ host: '127.0.0.1', port: B.nodePort, path: '/node/1', method: 'POST', rejectUnauthorized: false, ...keyOf(A),
      headers: { 'content-type': 'application/vnd.bombo.signed', 'content-length': body.length } }, (rs) => {
      const parts = [];
      rs.on('data', (b) => parts.push(b));
      rs.on('end', () => resolve({ status: rs.statusCode, headers: rs.headers, body: Buffer.concat(parts) }));
      rs.on('error', reject);
    });
    rq.on('error', reject);
    rq.end(body);
  });
}
async function stand() {
  middle.server = https.createServer(keyOf(B), (rq, rs) => {
    const parts = [];
    rq.on('data', (b) => parts.push(b));
    rq.on('end', async () => {
      try {
        middle.last = Buffer.concat(parts);
        const got = await post(middle.meddle.request?.(middle.last) ?? middle.last);
        const body = middle.meddle.answer?.(got.body) ?? got.body;
        rs.writeHead(got.status, { ...got.headers, 'content-length': body.length });
        rs.end(body);
      } catch {
        rs.destroy();
      }
    });
  }).listen(middle.port, '127.0.0.1');
  await once(middle.server, 'listening');
}
const replaced = (from, to) => (b) => {
  const s = b.toString('latin1');
  assert.ok(s.includes(from) && from.length === to.length);
  return Buffer.from(s.replace(from, to), 'latin1');
};
async function meddled(meddle, extra) {
  middle.meddle = meddle;
  const r = await call(extra);
  middle.meddle = {};
  return r;
}

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'bombo-signed-'));
  service = http.createServer((rq, rs) => {
    seen.push({ url: rq.url, headers: rq.headers });
    rs.setHeader('content-type', 'application/json');
    rs.setHeader('etag', '"thua-12"');
    rs.setHeader('content-disposition', 'inline; filename="thua-12.json"');
    rs.setHeader('link', ['</thua/11>; rel="prev"', '</thua/13>; rel="next"']);
    rs.setHeader('x-road-error', 'Server.Forged');
    rs.setHeader('x-road-userid', 'VN999');
    rs.setHeader('x-hop', 'of this connection only');
    rs.setHeader('connection', 'keep-alive, x-hop');
    rs.end(JSON.stringify({ so: '12', chu: 'Điểu Minh' }));
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  A.args = await stampAuthority();
  for (const [node, name] of [[A, 'xa.test'], [B, 'so.test']]) {
    Object.assign(node, { name, data: newDir(), port: await ownPort(), relayPort: await ownPort(), nodePort: await ownPort() });
    await start(node);
  }
  await furnish(A, 'node:');
  await furnish(B, `http://127.0.0.1:${service.address().port}/api`);
  await makeKey(A, 'VN/GOV/X1');
  await makeKey(B, 'VN/GOV/S1');
  await introduce(A, B, A.nodePort);
  middle.port = await ownPort();
  await stand();
  await introduce(B, A, middle.port);
  A.token = await token(A);
});
after(async () => {
  for (const node of [A, B]) {
    await node.server?.stop();
    if (node.data) dropDir(node.data);
  }
  authority.server?.close();
  middle.server?.close();
  middle.server?.closeAllConnections();
  service?.close();
  service?.closeAllConnections();
  rmSync(scratch, { recursive: true, force: true });
});

test('a signed call reaches the service of the other installation and comes back with the hash of its request', async () => {
  const r = await until('the two installations know each other', async () => {
    const got = await call({ 'x-road-issue': 'HS-1', 'x-road-id': 'goi-dau' });
    return got.status === 200 && got;
  });
  assert.deepEqual(JSON.parse(r.text), { so: '12', chu: 'Điểu Minh' });
  assert.equal(seen.at(-1).url, '/api/thua/12');
  assert.equal(seen.at(-1).headers['x-road-client'], 'VN/GOV/X1/MOT-CUA');
  assert.match(r.headers.get('x-road-request-hash'), /^[A-Za-z0-9+/]{86}==$/);
  assert.equal(r.headers.get('etag'), '"thua-12"');
  assert.equal(r.headers.get('content-disposition'), 'inline; filename="thua-12.json"');
  assert.equal(r.headers.get('link'), '</thua/11>; rel="prev", </thua/13>; rel="next"');
  for (const name of ['x-road-error', 'x-hop', 'x-road-userid']) assert.equal(r.headers.get(name), null, name);
  A.first = r.headers.get('x-road-request-id');
});

const xmlIds = ['--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:Manifest', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties'];
const run = (cwd, command, ...args) => {
  try {
    return { code: 0, out: execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' }) };
  } catch (e) {
    return { code: e.status, out: `${e.stdout}${e.stderr}` };
  }
};
const xmlsec = (dir, which) => run(dir, 'sh', '-c', `xmlsec1 --verify --pubkey-cert-pem cert/${which}.pem ${xmlIds.join(' ')} META-INF/signatures-${which}.xml 2>&1`);

async function unpack(node, id, name) {
  const dir = join(scratch, name);
  const file = `${dir}.asice`;
  const r = await runBombo(['evidence', 'export', id, file, '--data', node.data]);
  assert.equal(r.code, 0, r.err);
  assert.equal(run(scratch, 'unzip', '-q', file, '-d', dir).code, 0);
  return dir;
}

test('both installations keep the exchange; its container is verified by xmlsec1 alone', async () => {
  for (const node of [A, B]) {
    const rows = await until('the evidence is indexed', async () => {
      const page = (await node.operator.get(`/api/v1/truc/bang-chung?q=${A.first}`)).json();
      return page.tables[0].rows.length === 2 && page.tables[0].rows;
    });
    assert.match(JSON.stringify(rows), /VN\/GOV\/X1\/MOT-CUA/);
    const dir = await unpack(node, A.first, node.name);
    assert.equal(readFileSync(join(dir, 'mimetype'), 'utf8'), 'application/vnd.etsi.asic-e+zip');
    for (const which of ['request', 'answer']) {
      const good = xmlsec(dir, which);
      assert.equal(good.code, 0, good.out);
      assert.match(good.out, /Manifests References \(ok\/all\): 1\/1/);
      const message = join(dir, `${which}.http`), bytes = readFileSync(message);
      writeFileSync(message, bytes.toString().replace('X-Road-Id: goi-dau', 'X-Road-Id: goi-sau'));
      assert.match(xmlsec(dir, which).out, /Manifests References \(ok\/all\): 0\/1/);
      writeFileSync(message, bytes);
    }
    const [head, body] = readFileSync(join(dir, 'answer.http'), 'utf8').split('\r\n\r\n');
    assert.deepEqual(JSON.parse(body), { so: '12', chu: 'Điểu Minh' });
    assert.match(head, /\r\netag: "thua-12"\r\n/i, 'the fields of the answer are signed too');
    assert.doesNotMatch(head, /forged|VN999|x-hop/i);
    const request = readFileSync(join(dir, 'request.http'));
    assert.match(head, new RegExp(`X-Road-Request-Hash: ${createHash('sha512').update(request).digest('base64').replace(/[+/]/g, '\\$&')}`));
  }
});

test('altered on the way, even by one who has the node\'s keys: refused on either side, and nothing was asked or answered', async () => {
  const before = seen.length;
  const request = await meddled({ request: replaced('/thua/12', '/thua/13') });
  assert.deepEqual([request.status, request.error], [500, 'Server.ServerProxy.InvalidSignature.MessageChanged']);
  const other = await meddled({ request: (b) => Buffer.concat([b.subarray(0, 60), Buffer.from([b[60] ^ 1]), b.subarray(61)]) });
  assert.equal(other.error, 'Server.ServerProxy.InvalidSignature');
  const broken = await meddled({ request: () => Buffer.from('BB1\n\0\0\0\0nonsense') });
  assert.equal(broken.error, 'Server.ServerProxy.InvalidMessage');
  assert.equal(seen.length, before);
  const answer = await meddled({ answer: replaced('"12"', '"13"') });
  assert.deepEqual([answer.status, answer.error], [500, 'Server.ClientProxy.InvalidSignature.MessageChanged']);
  assert.ok(!answer.text.includes('chu'));
  assert.equal(JSON.parse(answer.text).type, answer.error);
  await good();
});

test('the same message again is refused; an old answer to a new request too', async () => {
  await good();
  const again = await post(middle.last);
  assert.deepEqual([again.status, again.headers['x-road-error']], [500, 'Server.ServerProxy.DuplicateMessage']);
  let old;
  await meddled({ answer: (b) => { old = b; return b; } });
  const mixed = await meddled({ answer: () => old });
  assert.equal(mixed.error, 'Server.ClientProxy.InconsistentResponse');
});

test('who is not known, suspended or revoked does not pass, and each has its own word', async () => {
  const unknown = await new Promise((resolve, reject) => {
    const rq = https.request({ host: '127.0.0.1', port: B.nodePort, path: '/node/1', method: 'POST', rejectUnauthorized: false }, (rs) => { rs.resume(); resolve(rs); });
    rq.on('error', reject);
    rq.end('x');
  });
  assert.equal(unknown.headers['x-road-error'], 'Server.ServerProxy.SslAuthenticationFailed');

  const member = `/truc/thanh-vien/${B.consumerMember}`;
  assert.equal((await B.operator.form(`${member}/tinh-trang`, { note: 'rà soát' }, { from: member })).status, 303);
  await until('the other side refuses the suspended member', async () => (await call()).error === 'Server.ServerProxy.MemberSuspended');
  assert.equal((await B.operator.form(`${member}/tinh-trang`, { note: 'xong' }, { from: member })).status, 303);
  await until('the member is let in again', async () => (await call()).status === 200);

  const peers = '/truc/diem-ket-noi';
  const rowOf = async (node, which, table) => (await node.operator.get(`/api/v1${peers}`)).json().tables[table].rows.find((r) => r.cells[0].value === which);
  assert.ok(await rowOf(B, A.name, 0));
  const [, peerId] = /name="id" value="(\d+)"/.exec((await B.operator.get(peers)).text);
  assert.equal((await B.operator.form(`${peers}/tinh-trang`, { id: peerId }, { from: peers })).status, 303);
  await until('the suspended node is refused', async () => (await call()).error === 'Server.ServerProxy.AccessDenied');
  assert.equal((await B.operator.form(`${peers}/tinh-trang`, { id: peerId }, { from: peers })).status, 303);
  await until('the node is let in again', async () => (await call()).status === 200);

  idOf(await B.operator.form(`/truc/thoa-thuan/${B.agreement}`, { state: 'suspended', version: '2', note: 'rà soát' }));
  const denied = await until('the provider\'s own agreement holds', async () => {
    const r = await call();
    return r.error === 'Server.ServerProxy.AccessDenied' && r.headers.get('x-road-request-hash') && r;
  });
  // a refusal after a good signature is signed too: both keep it, and it is proved like any answer
  const id = denied.headers.get('x-road-request-id');
  await until('the refusal is indexed', async () => (await A.operator.get(`/api/v1/truc/bang-chung?q=${id}`)).json().tables[0].rows.length === 2);
  const dir = await unpack(A, id, 'refusal');
  assert.equal(xmlsec(dir, 'answer').code, 0);
  assert.match(readFileSync(join(dir, 'answer.http'), 'latin1'), /^HTTP\/1\.1 500[\s\S]*X-Road-Error: Server\.ServerProxy\.AccessDenied/);
  idOf(await B.operator.form(`/truc/thoa-thuan/${B.agreement}`, { state: 'granted', version: '3', operations: 'tra-cuu', rate_s: '0', quota_day: '0' }));
  await until('it is granted again', async () => (await call()).status === 200);
});

test('the page of evidence shows the rows that were asked for: by id, member, dossier and day; what was typed stays', async () => {
  const page = async (fields) => (await B.operator.get(`/truc/bang-chung?${new URLSearchParams(fields)}`)).text;
  const rows = (text) => [...text.matchAll(/<tr[^>]*>(?:(?!<\/tr>)[\s\S])*?href="\/truc\/bang-chung\/([^"]+)"[\s\S]*?<\/tr>/g)].map(([row, id]) => ({ id, row }));
  const all = rows(await page({}));
  assert.ok(all.length > 2 && all.length <= 20);
  const byId = await page({ q: A.first });
  assert.equal(rows(byId).length, 2, 'the request and its answer');
  for (const { id, row } of rows(byId)) {
    assert.equal(id, A.first);
    assert.match(row, /VN\/GOV\/X1\/MOT-CUA/);
  }
  assert.match(byId, new RegExp(`name="q"[^>]*value="${A.first}"|value="${A.first}"[^>]*name="q"`));
  assert.ok(rows(await page({ 'thanh-vien': 'VN/GOV/X1' })).length >= 2);
  assert.deepEqual(rows(await page({ 'thanh-vien': 'VN/GOV/X9' })), []);
  const ofDossier = await until('indexed', async () => { const r = rows(await page({ 'ho-so': 'HS-1' })); return r.length && r; });
  assert.deepEqual(ofDossier.map((r) => r.id), [A.first]);
  const day = (n) => dayIn(n).iso;
  assert.deepEqual(rows(await page({ tu: day(-1), den: day(1), q: A.first })).length, 2);
  assert.deepEqual(rows(await page({ tu: day(2), den: day(3) })), []);
});

test('an operator finds a call by dossier and member, sees it computed again, and the reading is recorded', async () => {
  const found = await until('found by its dossier', async () => {
    const page = (await B.operator.get('/api/v1/truc/bang-chung?ho-so=HS-1')).json();
    return page.tables[0].rows.length === 1 && page; // the request names it; its page shows the answer too
  });
  assert.match(JSON.stringify(found), new RegExp(A.first));
  assert.equal((await B.operator.get('/api/v1/truc/bang-chung?ho-so=HS-2')).json().tables[0].rows.length, 0);
  assert.ok((await B.operator.get('/api/v1/truc/bang-chung?thanh-vien=VN/GOV/X1')).json().tables[0].rows.length >= 2);
  assert.equal((await B.operator.get('/api/v1/truc/bang-chung?thanh-vien=VN/GOV/X9')).json().tables[0].rows.length, 0);
  assert.equal((await B.operator.get('/api/v1/truc/bang-chung?tu=2020-01-01&den=2020-01-02')).json().tables[0].rows.length, 0);
  const page = await B.operator.get(`/truc/bang-chung/${A.first}`);
  assert.match(page.text, /chữ ký và nội dung khớp/);
  assert.match(page.text, /X-Road-Issue: HS-1/);
  const file = await B.operator.get(`/truc/bang-chung/${A.first}/tep`);
  assert.equal(file.headers.get('content-type'), 'application/vnd.etsi.asic-e+zip');
  assert.equal((await B.operator.get('/truc/bang-chung/khong-co')).status, 404);
  const leader = new Client(B.server);
  assert.equal((await leader.signIn(officers.leader)).status, 303);
  assert.equal((await leader.get('/truc/bang-chung')).status, 403);
});

/** Calls without pause until told to stop; the request ids of those that were answered. */
function caller() {
  const answered = [];
  let going = true;
  const one = async () => {
    while (going) {
      try {
        const r = await call();
        if (r.status === 200 && JSON.parse(r.text).so === '12') answered.push(r.headers.get('x-road-request-id'));
      } catch { /* the server is gone */ }
    }
  };
  const all = Promise.all([one(), one(), one(), one()]);
  return { answered, stop: () => { going = false; return all; } };
}

async function provesAll(node, ids) {
  const log = await runBombo(['evidence', 'verify', '--data', node.data]);
  assert.equal(log.code, 0, log.out + log.err);
  for (const id of ids) {
    await until(`evidence of ${id} at ${node.name}`, async () => {
      const { tables } = (await node.operator.get(`/api/v1/truc/bang-chung?q=${id}`)).json();
      return tables[0].rows.length === 2;
    });
  }
}

test('signatures are time-stamped; while the authority is away calls go on, and are stamped when it is back', async () => {
  authority.isAway = true;
  const id = (await good()).headers.get('x-road-request-id');
  await until('the page says that stamps are waited for', async () => /Đang chờ dấu thời gian/.test((await A.operator.get('/truc/bang-chung')).text));
  authority.isAway = false;
  await until('the call is stamped', async () => {
    const page = (await A.operator.get(`/truc/bang-chung?q=${id}`)).text;
    return (page.match(/Đã có/g) ?? []).length === 2;
  });
  const dir = await unpack(A, id, 'stamped');
  for (const which of ['request', 'answer']) {
    assert.match(run(dir, 'sh', `stamp/${which}.sh`).out, /the signature is under the stamped root/);
    const root = readFileSync(join(dir, `stamp/${which}.root`), 'utf8').trim();
    const good = run(dir, 'openssl', 'ts', '-verify', '-in', `stamp/${which}.tsr`, '-digest', root, '-CAfile', join(scratch, 'tsa.pem'));
    assert.equal(good.code, 0, good.out);
    const other = run(dir, 'openssl', 'ts', '-verify', '-in', `stamp/${which}.tsr`, '-digest', root.replace(/./, (c) => (c === '0' ? '1' : '0')), '-CAfile', join(scratch, 'tsa.pem'));
    assert.notEqual(other.code, 0);
  }
  assert.match((await A.operator.get(`/truc/bang-chung/${id}`)).text, /chữ ký và nội dung khớp/);
});

test('the lines of doc/signed.md and doc/auditor.md run as they stand', { timeout: 300000 }, async () => {
  const call = new Walk('doc/signed.md', { URL: A.server.url, RELAY: `http://127.0.0.1:${A.relayPort}`, DATA: A.data, TOKEN: A.token });
  const said = await call.next();
  assert.match(said, /"chu": "Điểu Minh"/);
  assert.match(said, /X-Road-Request-Hash: [A-Za-z0-9+/]{86}==/i);
  assert.match(said, /META-INF\/signatures-answer\.xml[\s\S]*messages/);
  const [, id] = /^x-road-request-id: (\S+)/im.exec(readFileSync(join(call.dir, 'head.txt'), 'utf8'));
  await call.end();

  await until('the call is stamped', async () => ((await A.operator.get(`/truc/bang-chung?q=${id}`)).text.match(/Đã có/g) ?? []).length === 2);
  const audit = new Walk('doc/auditor.md', { AUTHORITY: join(scratch, 'tsa.pem') });
  const exported = await runBombo(['evidence', 'export', id, join(audit.dir, 'call.asice'), '--data', A.data]);
  assert.equal(exported.code, 0, exported.err);
  const [, who, what, digest, hash, , when] = [await audit.next(), await audit.next(), await audit.next(), await audit.next(), await audit.next(),
    await audit.next(), await audit.next()];
  const [, thumb] = /VN\/GOV\/X1[\s\S]*\n([0-9a-f]{64}) /.exec(who);
  assert.ok((await A.operator.get(`/truc/bang-chung/${id}`)).text.includes(thumb), 'the fingerprint is written as the page writes it');
  assert.match(what, /^OK\n[\s\S]*Manifests References \(ok\/all\): 1\/1/);
  assert.doesNotMatch(what, /failed/i, 'nothing that frightens who reads it');
  const dir = join(audit.dir, 'call');
  // the container's own words say the same, and another certificate than the compared one does not verify it
  const [command] = /xmlsec1 [\s\S]*?signatures-request\.xml/.exec(readFileSync(join(dir, 'README.txt'), 'utf8'));
  assert.match(run(dir, 'sh', '-c', `${command} 2>&1`).out, /^OK\n[^]*1\/1\n$/);
  assert.match(run(dir, 'sh', '-c', `${command.replace('cert/request', 'cert/answer')} 2>&1`).out, /^FAIL$/m);
  assert.ok(readFileSync(join(dir, 'META-INF/signatures-request.xml'), 'utf8').includes(digest.trim()), digest);
  assert.ok(readFileSync(join(dir, 'answer.http'), 'utf8').includes(`X-Road-Request-Hash: ${hash.trim()}\r\n`), hash);
  assert.match(when, /the signature is under the stamped root[\s\S]*Time stamp:/);
  await audit.end();
});

test('in the demo a simulator stamps where no authority is named; it says on each page what it is', async () => {
  const id = (await good()).headers.get('x-road-request-id');
  const page = await until('the call is stamped', async () => {
    const r = (await B.operator.get(`/truc/bang-chung?q=${id}`)).text;
    return (r.match(/Đã có/g) ?? []).length === 2 && r;
  });
  assert.match(page, /MÔ PHỎNG/);
  assert.match((await B.operator.get(`/truc/bang-chung/${id}`)).text, /MÔ PHỎNG/);
  assert.doesNotMatch((await A.operator.get('/truc/bang-chung')).text, /MÔ PHỎNG: dấu/); // A has an authority
  const dir = await unpack(B, id, 'simulated'), root = join(B.data, 'node/mo-phong-dau-thoi-gian.pem');
  assert.match(run(dir, 'openssl', 'x509', '-in', root, '-noout', '-subject', '-nameopt', 'utf8').out, /MÔ PHỎNG/);
  for (const which of ['request', 'answer']) {
    assert.match(run(dir, 'sh', `stamp/${which}.sh`).out, /the signature is under the stamped root/);
    const stamped = readFileSync(join(dir, `stamp/${which}.root`), 'utf8').trim();
    const r = run(dir, 'openssl', 'ts', '-verify', '-in', `stamp/${which}.tsr`, '-digest', stamped, '-CAfile', root);
    assert.equal(r.code, 0, r.out);
  }
  const refused = await runBombo(['run', '--port', '0', '--data', join(scratch, 'none'), '--node-port', String(await ownPort()), '--node-tsa', 'sim:']);
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /--demo/);
});

test('killed at any moment: every answered call has its evidence on both sides', async () => {
  for (const node of [B, A]) {
    const c = caller();
    await until('calls are answered', async () => c.answered.length >= 25);
    node.server.process.kill('SIGKILL');
    await once(node.server.process, 'close');
    await c.stop();
    const ids = [...c.answered];
    await start(node);
    await until('calls pass again', async () => (await call()).status === 200);
    await provesAll(A, ids);
    await provesAll(B, ids);
    const again = await post(middle.last);
    assert.equal(again.headers['x-road-error'], 'Server.ServerProxy.DuplicateMessage');
  }
});

test('a node cannot speak for a member of another one, whatever it signs with', async () => {
  const o = A.operator;
  const member = idOf(await o.form('/truc/thanh-vien', { class: 'GOV', code: 'X2', name: 'Xã ở nơi khác' }));
  const system = idOf(await o.form(`/truc/thanh-vien/${member}/he-thong`, { code: 'MOT-CUA', name: 'Một cửa' }, { from: `/truc/thanh-vien/${member}` }));
  const agreement = idOf(await o.form(`/truc/dich-vu/${A.offered}/xin-phep`, { consumer: system, operations: 'tra-cuu', purpose: 'Cấp giấy phép xây dựng', legal_basis: 'Luật Đất đai' }));
  idOf(await o.form(`/truc/thoa-thuan/${agreement}`, { state: 'granted', version: '1', operations: 'tra-cuu', rate_s: '0', quota_day: '0' }));
  // the key is genuine, but where B knows it, it belongs to a third installation
  await makeKey(A, 'VN/GOV/X2');
  const card = await until('the new key is on the card', async () => {
    const got = (await o.get('/truc/diem-ket-noi/the')).json();
    return got.members.some((m) => m.member === 'VN/GOV/X2') && got;
  });
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=c.test',
    '-keyout', join(scratch, 'c.key'), '-out', join(scratch, 'c.pem')], { stdio: 'ignore' });
  const third = { ...card, node: 'c.test', address: '127.0.0.1:1', tls: readFileSync(join(scratch, 'c.pem'), 'utf8'), members: card.members.filter((m) => m.member === 'VN/GOV/X2') };
  const r = await B.operator.form('/truc/diem-ket-noi', { card: JSON.stringify(third) });
  assert.equal(r.status, 303, r.text.slice(0, 500));
  const other = { authorization: `Bearer ${await token(A, system)}`, 'x-road-client': 'VN/GOV/X2/MOT-CUA' };
  await until('the relay knows the new system, and the other side refuses it', async () => (await call(other)).error === 'Server.ServerProxy.IncorrectMember');
  await good();
});

test('a revoked key signs nothing that is taken', async () => {
  const peers = '/truc/diem-ket-noi';
  const page = (await B.operator.get(peers)).text;
  const row = page.split('<tr').find((x) => x.includes('VN/GOV/X1') && x.includes('khoa/huy'));
  const [, id] = /name="id" value="(\d+)"/.exec(row);
  assert.equal((await B.operator.form(`${peers}/khoa/huy`, { id }, { from: peers })).status, 303);
  await until('the revoked key is refused', async () => (await call()).error === 'Server.ServerProxy.CertificateRevoked');
});

test('make run-two: two demo installations exchange signed calls, and end', { timeout: 300000 }, async () => {
  const two = startAny(process.execPath, ['tools/run-two.mjs'], { cwd: root, env: { ...process.env, CALLS: '2' } });
  assert.equal(await two.ended, 0, two.out + two.err);
  assert.match(two.out, /bombo evidence export REQUEST-ID call\.asice --data \S+\n +AUTHORITY=\S+\.pem\n/);
  assert.match(two.out, /bang-chung[\s\S]*call 2: 200 [0-9a-f-]{36}\ncall 3: 200 [0-9a-f-]{36}/);
});
