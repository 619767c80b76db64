// The limits of HTTP against the running program, over raw connections. Nothing is timed: the server's own
// deadlines end what is slow, and answers are counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Client, startServer } from '../lib/server.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => { if (server) assert.equal(await server.stop(), 0); });

/** Sends pieces on one connection and reads until the other side ends it. */
async function talk(pieces, { halfClose = false, onConnect } = {}) {
  const s = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(s, 'connect');
  onConnect?.(s);
  let got = Buffer.alloc(0);
  s.on('data', (b) => (got = Buffer.concat([got, b])));
  s.on('end', () => s.end());
  s.on('error', () => {});
  for (const p of pieces) if (!s.destroyed) s.write(p);
  if (halfClose) s.end();
  await once(s, 'close').catch(() => {});
  return got.toString('latin1');
}
/** As talk, for connections that the server rightly keeps open: ends after `until` matches. */
async function talkUntil(pieces, until) {
  const s = net.connect({ port: server.port, host: '127.0.0.1' });
  await once(s, 'connect');
  let got = '';
  const done = new Promise((resolve, reject) => {
    s.on('data', (b) => { got += b.toString('latin1'); if (until(got)) resolve(); });
    s.on('close', () => (until(got) ? resolve() : reject(new Error(`closed after ${got.slice(0, 300)}`))));
    s.on('error', () => {});
  });
  for (const p of pieces) s.write(p);
  await done;
  s.destroy();
  return got;
}
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1]));
const alive = async () => assert.equal((await new Client(server).get('/dang-nhap')).status, 200);

test('50 pipelined requests get 50 answers in order', async () => {
  const paths = Array.from({ length: 50 }, (_, i) => (i % 2 ? '/dang-nhap' : '/khong-co'));
  const last = paths.length - 1;
  const got = await talk(paths.map((p, i) => `GET ${p} HTTP/1.1\r\nHost: localhost\r\n${i === last ? 'Connection: close\r\n' : ''}\r\n`));
  assert.deepEqual(statuses(got), paths.map((p) => (p === '/dang-nhap' ? 200 : 404)));
});

test('a request in single bytes is answered', async () => {
  const got = await talk([...'GET /dang-nhap HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n']);
  assert.deepEqual(statuses(got), [200]);
});

test('a head that never ends is cut with 408', { timeout: 180000 }, async () => {
  assert.deepEqual(statuses(await talk(['GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '])), [408]);
  await alive();
});

test('a body that never comes whole is cut with 408', { timeout: 300000, skip: process.env.CHECK_LEVEL === 'quick' }, async () => {
  const got = await talk(['POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nlogin=']);
  assert.deepEqual(statuses(got), [408]);
  await alive();
});

test('a client that closes its sending half gets its answer', async () => {
  const got = await talk(['GET /dang-nhap HTTP/1.1\r\nHost: localhost\r\n\r\n'], { halfClose: true });
  assert.deepEqual(statuses(got), [200]);
});

test('a body cut off in the middle leaves nothing running', async () => {
  await talk(['POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nlogin='],
    { halfClose: true });
  await alive();
});

test('heads over the limit: 431; too many fields: 431; a long target: 414', async () => {
  const get = (target, fields) => [`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`];
  assert.deepEqual(statuses(await talk(get('/', `X-Big: ${'x'.repeat(20000)}\r\n`))), [431]);
  assert.deepEqual(statuses(await talk(get('/', Array.from({ length: 300 }, (_, i) => `X-${i}: 1\r\n`).join('')))), [431]);
  assert.deepEqual(statuses(await talk(get('/' + 'a'.repeat(9000), ''))), [414]);
});

test('a body over the limit is refused with 413 before it is sent', async () => {
  const head = (n) => `POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${n}\r\n\r\n`;
  assert.deepEqual(statuses(await talk([head(1 << 30)])), [413]);
  assert.deepEqual(statuses(await talk([head(70000), 'a='.padEnd(70000, 'x')])), [413]);
});

test('two bodies in one message, unknown codings, other versions are refused', async () => {
  const cases = [
    ['POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
    ['POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
    ['GET / HTTP/1.0\r\nHost: localhost\r\n\r\n', 505],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n', 501],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost : localhost\r\n\r\n', 400],
    ['GET http://[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ];
  for (const [message, want] of cases) assert.deepEqual(statuses(await talk([Buffer.from(message, 'latin1')], { halfClose: true })), [want], message.slice(0, 60));
});

test('700 silent connections do not keep others from being served', { timeout: 300000 }, async () => {
  const silent = [];
  for (let i = 0; i < 700; i++) {
    const s = net.connect({ port: server.port, host: '127.0.0.1' });
    s.on('error', () => {});
    silent.push(s);
    if (i % 50 === 49) await once(s, 'connect');
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => new Client(server).get('/dang-nhap')));
  assert.deepEqual(answers.map((a) => a.status), Array(20).fill(200));
  silent.forEach((s) => s.destroy());
});

test('200 requests at once are all answered: served, or told to come back', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => new Client(server).get('/thu-tuc')));
  const counts = {};
  for (const a of answers) counts[a.status] = (counts[a.status] ?? 0) + 1;
  assert.equal((counts[200] ?? 0) + (counts[404] ?? 0) + (counts[503] ?? 0), 200, JSON.stringify(counts));
  for (const a of answers) if (a.status === 503) assert.ok(a.headers.get('retry-after'));
});

test('an answer is not begun before the whole request is there, and keep-alive holds', async () => {
  const one = 'GET /dang-nhap HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const got = await talkUntil([one, one, one], (t) => statuses(t).length === 3);
  assert.deepEqual(statuses(got), [200, 200, 200]);
});
