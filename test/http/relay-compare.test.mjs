// What the relay, nginx and HAProxy make of the same hostile messages. Only the relay is judged: it must refuse, and no message may
// become a second one. What the others do is told as information. Part of the long check.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bin, freePort, start, until } from '../lib/server.mjs';

const NGINX = '/usr/sbin/nginx';
const HAPROXY = '/usr/sbin/haproxy';
const skip = process.env.CHECK_LEVEL === 'long' ? false : 'only in the long check';
const dir = mkdtempSync(join(tmpdir(), 'bombo-compare-'));
const proxies = [];
const children = [];
let service;
let answer = '';
let seen = [];

/** One answer, whatever it is, to each request; remembers the requests' first lines. */
function serve(socket) {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (b) => {
    text += b.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    seen.push(...text.split('\r\n').filter((l) => / HTTP\/1\.[01]$/.test(l)));
    text = '';
    socket.write(Buffer.from(answer, 'latin1'));
    socket.end();
  });
}
async function up(name, words, port) {
  const p = start(words[0], words.slice(1), { stdio: 'ignore' });
  children.push(p);
  proxies.push({ name, port });
  await until(`${name} to listen`, () => new Promise((done) => {
    const s = net.connect(port, '127.0.0.1', () => { s.destroy(); done(true); }).on('error', () => done(false));
  }));
  p.release();
}
/** Sends bytes, gives the statuses that came back until the other side ended. */
async function talk({ port, name }, bytes) {
  const isOurs = name === 'bombo';
  const s = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let got = '';
  s.on('data', (b) => { got += b.toString('latin1'); });
  s.on('error', () => {});
  await once(s, 'connect');
  s.write(Buffer.from(bytes, 'latin1')); // not ended: some take that for a client that has gone
  const timer = setTimeout(() => s.destroy(), isOurs ? 60000 : 700);
  s.on('end', () => s.destroy());
  await once(s, 'close');
  clearTimeout(timer);
  return { statuses: [...got.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((m) => Number(m[1])), got };
}

before(async () => {
  if (skip) return;
  service = net.createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const at = service.address().port;
  let port = await freePort();
  writeFileSync(join(dir, 'p.json'), JSON.stringify({ pools: [{ name: 'p', addresses: [`127.0.0.1:${at}`], fail_n: 100000 }], routes: [{ name: 'r', path: '/a', pool: 'p', is_open: true }] }));
  await up('bombo', [bin, 'relay', '--relay-address', '127.0.0.1', '--relay-port', String(port), '--relay-policy', join(dir, 'p.json')], port);
  if (existsSync(NGINX)) {
    port = await freePort();
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${dir}/${n};`).join(' ');
    writeFileSync(join(dir, 'n.conf'), `daemon off; master_process off; worker_processes 1; pid ${dir}/n.pid; error_log ${dir}/n.err; events {}
http { access_log off; ${temp} server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${at}; proxy_http_version 1.1; proxy_set_header Connection ''; } } }`);
    await up('nginx', [NGINX, '-c', join(dir, 'n.conf')], port);
  }
  if (existsSync(HAPROXY)) {
    port = await freePort();
    writeFileSync(join(dir, 'h.cfg'), `defaults\n mode http\n timeout connect 2s\n timeout client 2s\n timeout server 2s\nfrontend f\n bind 127.0.0.1:${port}\n default_backend b\nbackend b\n server s 127.0.0.1:${at}\n`);
    await up('HAProxy', [HAPROXY, '-q', '-f', join(dir, 'h.cfg')], port);
  }
});
after(async () => {
  for (const p of children) await p.stop('SIGKILL');
  service?.close();
  service?.closeAllConnections?.();
  rmSync(dir, { recursive: true, force: true });
});

const OK = 'HTTP/1.1 200 OK\r\n';
const ANSWERS = {
  'two different lengths': `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`,
  'the same length twice': `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
  'a list of lengths': `${OK}Content-Length: 2, 2\r\n\r\nab`,
  'length and chunks': `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'length with a sign': `${OK}Content-Length: +2\r\n\r\nab`,
  'negative length': `${OK}Content-Length: -2\r\n\r\nab`,
  'length too large': `${OK}Content-Length: 99999999999999999999\r\n\r\nab`,
  'chunks twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'unknown coding': `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'gzip, chunked': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'bare LF': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nab',
  'folded line': `${OK}A: b\r\n c\r\nContent-Length: 2\r\n\r\nab`,
  'space before colon': `${OK}Content-Length : 2\r\n\r\nab`,
  'NUL in a value': `${OK}A: b\0c\r\nContent-Length: 2\r\n\r\nab`,
  'bare CR in a value': `${OK}A: b\rc\r\nContent-Length: 2\r\n\r\nab`,
  'switching protocols': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nab',
  'version 2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab',
  'status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nab',
  'a page without a head': '<html>hello</html>',
  'chunk size with a sign': `${OK}Transfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n`,
  'chunk size with 0x': `${OK}Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n`,
  'chunk end by LF': `${OK}Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n`,
};
test('hostile answers', { skip }, async (t) => {
  for (const [what, bytes] of Object.entries(ANSWERS)) {
    answer = bytes;
    const told = [];
    for (const p of proxies) {
      const { statuses } = await talk(p, 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      told.push(`${p.name} ${statuses.join('+') || 'closed'}`);
      if (p.name === 'bombo') assert.deepEqual(statuses, [502], what);
    }
    t.diagnostic(`${what}: ${told.join(', ')}`);
  }
});

const H = 'Host: x\r\n';
const EVIL = 'GET /evil HTTP/1.1\r\nHost: x\r\n\r\n';
const REQUESTS = {
  'length and chunks': `POST /a HTTP/1.1\r\n${H}Content-Length: ${EVIL.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`,
  'chunks hidden by a tab': `POST /a HTTP/1.1\r\n${H}Content-Length: 5\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n${EVIL}`,
  'chunks hidden by another coding': `POST /a HTTP/1.1\r\n${H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${EVIL}`,
  'two lengths': `POST /a HTTP/1.1\r\n${H}Content-Length: 0\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
  'length with space before colon': `POST /a HTTP/1.1\r\n${H}Content-Length : ${EVIL.length}\r\n\r\n${EVIL}`,
  'body on GET': `GET /a HTTP/1.1\r\n${H}Content-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
  'chunk extension': `POST /a HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0;x=y\r\n\r\n${EVIL}`,
  'folded line': `GET /a HTTP/1.1\r\n${H}A: b\r\n Content-Length: 9\r\n\r\n${EVIL}`,
  'bare LF': `GET /a HTTP/1.1\n${H}\n${EVIL}`,
  'no Host': `GET /a HTTP/1.1\r\n\r\n${EVIL}`,
  'two Hosts': `GET /a HTTP/1.1\r\n${H}Host: y\r\n\r\n${EVIL}`,
  'version 1.0 with chunks': `POST /a HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`,
};
test('hostile requests', { skip }, async (t) => {
  answer = `${OK}Content-Length: 0\r\n\r\n`;
  for (const [what, bytes] of Object.entries(REQUESTS)) {
    const told = [];
    for (const p of proxies) {
      seen = [];
      // ours is called otherwise, of the same length: what another proxy passes on late is not taken for it
      const evil = p.name === 'bombo' ? '/ours' : '/evil';
      const { statuses } = await talk(p, bytes.replaceAll('/evil', evil));
      const smuggled = seen.some((l) => l.includes(evil));
      told.push(`${p.name} ${statuses.join('+') || 'closed'}${smuggled ? ' (its second part reached the service)' : ''}`);
      if (p.name === 'bombo') {
        assert.equal(statuses.length, 1, what);
        assert.ok(statuses[0] >= 400, what);
        assert.equal(smuggled, false, what);
      }
    }
    t.diagnostic(`${what}: ${told.join(', ')}`);
  }
});
