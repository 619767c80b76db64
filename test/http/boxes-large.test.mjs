// The largest file of a message, 100 MB (a byte more: boxes.test.mjs), between two installations that are both killed in mid-transfer: it goes on where it
// stopped, its hash is right at the other end, and neither program ever holds it in its memory. CHECK_LEVEL=long.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allow, begin, Box, furnish, introduce, newNode, S, sha256, X } from '../lib/boxes.mjs';
import { dropDir, freePort, until } from '../lib/server.mjs';

const isLong = process.env.CHECK_LEVEL === 'long';
const skip = isLong ? false : 'the long one: CHECK_LEVEL=long';
const MIB = 1 << 20, MOST = 100 * MIB;
let A, B, one, other;

/** The line between the two: passes on; while `gate` is closed only so many bytes from A to B as `left` says. */
const line = { server: null, isGated: false, left: 0, sockets: new Set() };
async function lay(to) {
  line.server = net.createServer((c) => {
    const up = net.connect(to, '127.0.0.1');
    for (const s of [c, up]) {
      line.sockets.add(s);
      s.on('error', () => {});
    }
    c.on('close', () => { line.sockets.delete(c); up.destroy(); });
    up.on('close', () => { line.sockets.delete(up); c.destroy(); });
    up.pipe(c);
    c.on('data', (bytes) => {
      if (line.isGated && (line.left -= bytes.length) < 0) return c.pause(); // held here until the gate opens or the socket ends
      if (!up.write(bytes)) { c.pause(); up.once('drain', () => c.resume()); }
      return true;
    });
    c.on('end', () => up.end());
  }).listen(await freePort(), '127.0.0.1');
  await once(line.server, 'listening');
  return `127.0.0.1:${line.server.address().port}`;
}
/** Lets so many MiB through from now on, or all; what was held is cut, to be sent anew. */
function gate(mib) {
  line.isGated = mib !== undefined;
  line.left = (mib ?? 0) * MIB;
  for (const s of line.sockets) s.destroy();
}

/** MiB that belong to the program alone and were written to. */
const dirtyMib = (node) => Number(/Private_Dirty:\s+(\d+)/.exec(readFileSync(`/proc/${node.server.pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
const parts = (node) => (existsSync(join(node.data, 'box-parts')) ? readdirSync(join(node.data, 'box-parts')) : []);
/** Bytes of the file that have come to the node, and are on its disk. */
const come = (node) => parts(node).reduce((n, f) => { try { return n + statSync(join(node.data, 'box-parts', f)).size; } catch { return n; } }, 0);

before(async () => {
  if (skip) return;
  [A, B] = await Promise.all([newNode('xa.test'), newNode('so.test')]);
  await Promise.all([furnish(A, [S]), furnish(B, [X])]);
  B.reach = await lay(B.nodePort);
  await introduce(A, B);
  for (const node of [A, B]) for (const [from, to] of [[X, S], [S, X]]) await allow(node, from, to);
  one = await new Box(A, X).signIn();
  other = await new Box(B, S).signIn();
});
after(async () => {
  for (const node of [A, B]) {
    await node?.server?.stop();
    if (node?.data) dropDir(node.data);
  }
  line.server?.close();
  gate();
});

test('100 MB go over, though both sides are killed on the way; no program holds them', { skip, timeout: 900000 }, async () => {
  const bytes = Buffer.alloc(MOST);
  for (let i = 0; i < MOST; i += 4) bytes.writeUInt32LE(Math.imul(i + 1, 2654435761) >>> 0, i);
  const most = { A: 0, B: 0 };
  const rest = { A: dirtyMib(A), B: dirtyMib(B) };
  const watch = setInterval(() => {
    for (const [name, node] of [['A', A], ['B', B]]) {
      try { most[name] = Math.max(most[name], dirtyMib(node)); } catch { /* between two lives */ }
    }
  }, 50);
  try {
    const hash = await one.bring(bytes);
    assert.deepEqual(parts(A), [], 'whole: no longer a part');
    gate(30);
    assert.equal((await one.put({ id: 'lon', to: S, files: [{ hash, name: 'ho-so-100MB.bin' }] })).status, 201);

    // each side is killed with a part of the file at B; what has come stays, and the rest follows
    let had = 0;
    for (const [victim, box, more] of [[B, other, 30], [A, one, undefined]]) {
      await until(`more than ${had} bytes have come`, async () => come(B) > had, 120000);
      await until('nothing passes any more', async () => line.left < 0, 120000);
      assert.deepEqual(await other.fetch(), [], 'no message before its file');
      await victim.server.kill();
      had = come(B);
      assert.ok(had > 5 * MIB && had < 95 * MIB, `in mid-transfer: ${had}`);
      gate(more);
      await begin(victim);
      await box.signIn();
      assert.ok(come(B) >= had, 'what had come is kept');
    }

    let m;
    await until('the message with its file', async () => { [m] = await other.fetch(); return m; }, 300000);
    assert.deepEqual(m.files, [{ hash, name: 'ho-so-100MB.bin', type: m.files[0].type, bytes: MOST }]);
    const got = await other.call('GET', `/boxes/files/${hash}`);
    assert.equal(got.bytes.length, MOST);
    assert.equal(sha256(got.bytes), hash);
    assert.equal((await other.ack(m.message)).status, 200);
    await until('its sender learns that it was taken', async () => (await one.call('GET', `/boxes/sent?to=${S}&id=lon`)).json.state === 'taken', 60000);
    assert.deepEqual(parts(B), []);
  } finally {
    clearInterval(watch);
  }
  console.log(`boxes-large: written private memory, MiB: A ${rest.A.toFixed(0)} at rest, ${most.A.toFixed(0)} at most; B ${rest.B.toFixed(0)}, ${most.B.toFixed(0)}`);
  for (const name of ['A', 'B']) assert.ok(most[name] < rest[name] + 48, `the file is not in memory: ${JSON.stringify({ rest, most })}`);
});
