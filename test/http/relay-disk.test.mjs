// The disk under the relay's own log is full: calls pass while their records find room in memory, then they are refused; when
// somebody has made room, calls pass again, and every call that was answered stands in the log, its chain whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bin, freePort, hasSaid, start, until } from '../lib/server.mjs';

const CALLS_MAX = 40000; // the ring of the one loop holds 16,384
const AT_ONCE = 64;
// a small disk of its own that only the relay sees (its namespace), nearly full of something else
const SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$0" && head -c 900k /dev/zero > "$0/ballast" && exec "$@"';
const skip = spawnSync('unshare', ['-rm', 'true']).status !== 0 && 'this system lets nobody mount a disk of his own';

test('a full disk under the log: what cannot be accounted for is refused, and nothing answered is missing', { skip, timeout: 300000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bombo-relay-disk-'));
  const disk = join(dir, 'disk');
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const service = http.createServer((rq, rs) => rs.end('ok')).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const port = await freePort();
  writeFileSync(join(dir, 'policy.json'), JSON.stringify({ version: '1', pools: [{ name: 'p', addresses: [`127.0.0.1:${service.address().port}`] }],
    routes: [{ id: 1, name: 'open', path: '/open', pool: 'p', is_open: true }] }));
  assert.equal(spawnSync('mkdir', [disk]).status, 0);
  const relay = start('unshare', ['-rm', 'sh', '-c', SMALL_DISK, disk, bin, 'relay', '--relay-address', '127.0.0.1', '--relay-port', String(port), '--relay-loops', '1',
    '--relay-policy', join(dir, 'policy.json'), '--relay-log', join(disk, 'calls.log')]);
  const seen = (name) => `/proc/${relay.pid}/root${join(disk, name)}`;
  const call = () => new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', path: '/open/x', agent }, (rs) => {
      let text = '';
      rs.on('data', (b) => { text += b; }).on('end', () => resolve({ status: rs.statusCode, text, again: rs.headers['retry-after'] }));
    }).on('error', reject);
  });
  try {
    await hasSaid(relay, /Bom Bo relay:/);
    assert.ok(existsSync(seen('ballast')), relay.err);
    let answered = 0, asked = 0, refused = null;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (!refused && asked < CALLS_MAX) {
        asked++;
        const r = await call();
        if (r.status === 200) answered++;
        else refused ??= r;
      }
    }));
    assert.ok(refused, `${answered} calls were answered without room for their records`);
    assert.equal(refused.status, 503);
    assert.match(refused.text, /records_full/);
    assert.ok(Number(refused.again) > 0, 'the caller is told when to try again');
    assert.ok(answered >= 16000, `${answered}: not before the memory for records is full`);
    rmSync(seen('ballast'));
    assert.equal(spawnSync('nsenter', ['-t', String(relay.pid), '-U', '--preserve-credentials', '-m', 'mount', '-o', 'remount,size=64m', disk]).status, 0);
    await until('a call passes again', async () => {
      const r = await call();
      answered += r.status === 200;
      return r.status === 200;
    });
    const inLog = () => Number(spawnSync('grep', ['-c', '"status":200', seen('calls.log')], { encoding: 'utf8' }).stdout);
    await until(`${answered} answered calls in the log`, () => inLog() >= answered);
    assert.equal(inLog(), answered);
    copyFileSync(seen('calls.log'), join(dir, 'calls.log'));
    const verified = spawnSync(bin, ['relay', 'verify', '--relay-log', join(dir, 'calls.log')], { encoding: 'utf8' });
    assert.match(verified.stdout, /lines, all good/);
    assert.ok(statSync(join(dir, 'calls.log')).size > 1 << 20);
  } finally {
    agent.destroy();
    await relay.stop();
    service.close();
    service.closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  }
});
