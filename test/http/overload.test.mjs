// Too much at once, and attacks: what is accepted is answered, the rest is refused in plain words, memory stays bounded, and it
// recovers by itself. Answers and bytes are counted; nothing is timed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Client, freePort, officers, startServer, until } from '../lib/server.mjs';

const queue = 20;
const connections = 400;
const MiB = 1 << 20;
let server;
let admin;
let calm;

before(async () => {
  admin = await freePort();
  server = await startServer({ args: ['--workers', '1', '--loops', '1', '--queue', String(queue), '--connections', String(connections),
    '--admin', `127.0.0.1:${admin}`] });
  calm = memory('VmRSS');
});
after(() => server?.stop());

const memory = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
/** The most there ever was, also in the middle of the worst. */
const peak = () => memory('VmHWM');
const value = async (name) => {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return Number(text.split('\n').find((l) => l.startsWith(`${name} `))?.slice(name.length + 1));
};
/** A connection with what it got; `closed` resolves when the server ended it. */
function connect(more = {}) {
  const c = { text: '' };
  c.socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true, ...more });
  c.socket.on('data', (b) => (c.text += b));
  c.socket.setEncoding('utf8');
  c.socket.on('error', () => {});
  c.open = new Promise((resolve) => c.socket.on('connect', resolve).on('close', resolve));
  c.closed = new Promise((resolve) => c.socket.on('end', () => { c.socket.end(); resolve(c); }).on('close', () => resolve(c)));
  return c;
}
const status = (c) => Number(/^HTTP\/1\.1 (\d+)/.exec(c.text)?.[1] ?? 0);
const count = (list) => list.reduce((n, c) => ({ ...n, [status(c)]: (n[status(c)] ?? 0) + 1 }), {});
const isServing = async () => assert.equal((await fetch(`${server.url}/tra-cuu`)).status, 200);
/** Everything is given back: nobody waits, and one page comes as ever. */
async function recovered() {
  await until('an empty queue', async () => (await value('bombo_http_queue_length{class="default"}')) === 0);
  await until('closed connections', async () => (await value('bombo_http_connections')) <= 2);
  await isServing();
  assert.ok(peak() < calm + 96 * MiB, `memory grew from ${calm} to ${peak()}`);
}

test('ten times what it can hold: what is accepted is answered well, the rest gets 503 and Retry-After', async () => {
  const n = (queue + 1) * 10;
  const refused = await value('bombo_http_class_refused_total{class="default"}');
  server.process.kill('SIGSTOP'); // so that all stand before the door at once
  const all = Array.from({ length: n }, () => connect());
  await Promise.all(all.map((c) => c.open));
  for (const [i, c] of all.entries()) c.socket.write(`GET /tim?q=giay+khai+sinh+${i} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  server.process.kill('SIGCONT');
  await Promise.all(all.map((c) => c.closed));
  const got = count(all);
  assert.equal((got[200] ?? 0) + (got[503] ?? 0), n, JSON.stringify(got));
  assert.ok(got[200] >= queue, `at least a queue full is answered: ${JSON.stringify(got)}`);
  assert.ok(got[503] > 0, `what is too much is refused: ${JSON.stringify(got)}`); // how many depends on who is quicker, reader or worker
  for (const c of all.filter((x) => status(x) === 200)) assert.match(c.text, /<\/html>/, 'a whole page');
  for (const c of all.filter((x) => status(x) === 503)) assert.match(c.text, /\r\nRetry-After: \d+\r\n/);
  await until('each refusal to be counted', async () => (await value('bombo_http_class_refused_total{class="default"}')) - refused === got[503]);
  assert.equal(await value('bombo_http_refused_total{why="late"}'), 0, 'nobody was accepted and then let wait too long');
  await until('the operator to be told', async () => (await value('bombo_check_level{check="busy"}')) >= 1);
  await recovered();
});

test('slow work at ten times its limit holds up nobody else', async () => {
  const op = new Client(server);
  assert.equal((await op.signIn(officers.operator)).status, 303);
  const page = await op.get('/quan-tri/nhat-ky');
  const body = new URLSearchParams({ csrf: Client.token(page.text) });
  const cookie = [...op.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  const n = 330;
  server.process.kill('SIGSTOP');
  const all = Array.from({ length: n }, () => connect());
  await Promise.all(all.map((c) => c.open));
  for (const c of all) {
    c.socket.write(`POST /quan-tri/nhat-ky HTTP/1.1\r\nHost: localhost:${server.port}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\n`
      + `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${String(body).length}\r\nConnection: close\r\n\r\n${body}`);
  }
  server.process.kill('SIGCONT');
  const others = Promise.all(Array.from({ length: 5 }, isServing));
  await Promise.all(all.map((c) => c.closed));
  await others;
  const got = count(all);
  assert.equal((got[200] ?? 0) + (got[503] ?? 0), n, JSON.stringify(got));
  assert.ok(got[200] >= 32 && got[503] > 0, JSON.stringify(got));
  await recovered();
});

test('ten times the rate, on and on: what is accepted is answered before its deadline, the rest refused, others served', { timeout: 300000 }, async () => {
  const visitor = new Client(server);
  const csrf = Client.token((await visitor.get('/dang-nhap')).text);
  const cookie = [...visitor.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  let n = 0;
  /** A wrong password: one hashing on the one thread for them. Names and addresses differ, for each of these has a limit of its own. */
  const tryPassword = async () => {
    const body = String(new URLSearchParams({ csrf, login: `070190${String(n).padStart(6, '0')}`, password: 'sai' }));
    const c = connect({ localAddress: `127.0.2.${1 + (n++ % 250)}` });
    await c.open;
    c.socket.write(`POST /dang-nhap HTTP/1.1\r\nHost: localhost:${server.port}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\n`
      + `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    return c.closed;
  };
  const began = performance.now();
  for (let i = 0; i < 10; i++) assert.match((await tryPassword()).text, /^HTTP\/1\.1 422[^]*mật khẩu không đúng/);
  const each = (performance.now() - began) / 10; // what it can do: one in this time
  const all = [];
  for (const from = performance.now(); all.length < 600;) {
    while (all.length < 600 && all.length < (performance.now() - from) / (each / 10)) all.push(tryPassword());
    if (all.length % 100 === 0) await isServing();
    await new Promise((r) => setTimeout(r, 1));
  }
  const ended = await Promise.all(all);
  const got = count(ended);
  assert.equal((got[422] ?? 0) + (got[503] ?? 0), 600, JSON.stringify(got));
  assert.ok(got[422] > 64 && got[503] > 64, `more than its queue holds is answered, the rest refused: ${JSON.stringify(got)}`);
  for (const c of ended.filter((x) => status(x) === 503)) assert.match(c.text, /\r\nRetry-After: \d+\r\n/);
  assert.equal(await value('bombo_http_refused_total{why="late"}'), 0, 'nobody was accepted and then let wait too long');
  await recovered();
});

test('more connections than there may be: the rest is turned away with a word, and room comes back', async () => {
  const all = Array.from({ length: connections * 2 }, () => connect());
  await Promise.all(all.map((c) => c.open));
  const away = () => all.filter((c) => status(c) === 503).length;
  await until('those turned away', () => away() >= connections);
  assert.ok(await value('bombo_http_connections') <= connections);
  assert.ok(away() <= connections + 10, `${away()} turned away`); // a few places are held by this test's own idle connections
  for (const c of all) c.socket.destroy();
  await recovered();
});

test('slow heads, half-open lines, silence and huge heads end by themselves while others are served', { timeout: 300000 }, async () => {
  const each = 60;
  const make = (head) => Array.from({ length: each }, () => {
    const c = connect();
    c.socket.write(head);
    return c;
  });
  const slow = make('GET / HTTP/1.1\r\nHost: local');
  const drip = setInterval(() => slow.forEach((c) => c.socket.write('x')), 200); // a byte now and then does not help
  const half = make('GET /tra-cuu HTTP/1.1\r\nHost: localhost\r\nX-A: b'); // and never more, with our side closed
  half.forEach((c) => c.socket.end());
  const silent = Array.from({ length: each }, () => connect());
  const body = make('POST /dang-nhap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nlogin=');
  const huge = make(`GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(64 * 1024)}`);
  const long = make(`GET /${'a'.repeat(64 * 1024)}`);
  await Promise.all(Array.from({ length: 10 }, isServing));
  assert.ok(peak() < calm + 96 * MiB, `memory stays bounded meanwhile, not ${peak()}`);
  await Promise.all([...huge, ...long].map((c) => c.closed));
  assert.deepEqual(count(huge), { 431: each });
  assert.deepEqual(count(long), { 414: each });
  await Promise.all(half.map((c) => c.closed));
  assert.ok(half.every((c) => [0, 400, 408].includes(status(c))), JSON.stringify(count(half)));
  await Promise.all([...slow, ...silent].map((c) => c.closed)); // ten seconds: the time for a head
  clearInterval(drip);
  assert.deepEqual(count(slow), { 408: each });
  assert.deepEqual(count(silent), { 0: each }, 'to silence, silence');
  body.forEach((c) => c.socket.destroy()); // a body has a minute; the unit tests wait for it on a fake clock
  await recovered();
  await until('the slow to be counted', async () => (await value('bombo_http_refused_total{why="slow"}')) >= each);
});
