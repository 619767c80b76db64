// Boxes of two installations over a bad line: packets lost, late, doubled and out of order, for the whole life of the connection (a line that
// is away for a week: boxes-week.test.mjs). Needs root, network namespaces and TUN devices: else it says so and passes over.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { allow, Box, furnish, introduce, S, sha256, X } from '../lib/boxes.mjs';
import { bin, Client, dropDir, freePort, newDir, officers, root, startServer, until } from '../lib/server.mjs';

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const tries = (...words) => { try { run(...words); return true; } catch { return false; } };
const [NA, NB] = [`bla${process.pid}`, `blb${process.pid}`];
const NET = `10.214.${process.pid % 80}`; // three networks of its own, whoever else runs this test
let why = process.getuid() === 0 && tries('ip', 'netns', 'add', `${NA}t`) ? '' : 'network namespaces are not permitted here (root, ip netns)';
tries('ip', 'netns', 'del', `${NA}t`);
if (!why && !(existsSync('/dev/net/tun') && existsSync('/usr/bin/python3'))) why = 'no TUN devices here (/dev/net/tun), or no python3';
if (why) console.log(`boxes-line: passed over: ${why}`);

const A = {}, B = {};
let bad; // the line
/** A namespace that the test reaches by a wire of its own: a /30 for each. */
function lay(ns, at) {
  run('ip', 'netns', 'add', ns);
  run('ip', 'link', 'add', `${ns}h`, 'type', 'veth', 'peer', 'name', `${ns}p`);
  run('ip', 'link', 'set', `${ns}p`, 'netns', ns);
  run('ip', 'addr', 'add', `${NET}.${at + 1}/30`, 'dev', `${ns}h`);
  run('ip', 'link', 'set', `${ns}h`, 'up');
  run('ip', '-n', ns, 'addr', 'add', `${NET}.${at + 2}/30`, 'dev', `${ns}p`);
  for (const dev of ['lo', `${ns}p`]) run('ip', '-n', ns, 'link', 'set', dev, 'up');
}
async function up(node) {
  const wrapper = `${node.data}/in-${node.ns}`;
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${node.ns} ${bin} "$@"\n`, { mode: 0o755 });
  node.server = await startServer({ data: node.data, port: node.port, bin: wrapper, args: ['--relay-port', String(node.relayPort),
    '--node-port', String(node.nodePort), '--node-address', '0.0.0.0', '--node-name', node.name, '--box-retry-s', '1', '--base-url', node.url] });
  node.server.url = node.url;
  node.operator = new Client(node.server);
  assert.equal((await node.operator.signIn(officers.operator)).status, 303);
}

before(async () => {
  if (why) return;
  for (const [node, ns, i, name] of [[A, NA, 1, 'xa.test'], [B, NB, 2, 'so.test']]) {
    lay(ns, (i - 1) * 4);
    Object.assign(node, { name, ns, data: newDir(), port: await freePort(), relayPort: await freePort(), nodePort: await freePort() });
    Object.assign(node, { reach: `${NET}.${16 + i}:${node.nodePort}`, url: `http://${NET}.${(i - 1) * 4 + 2}:${node.port}` });
  }
  bad = spawn('/usr/bin/python3', [`${root}test/tools/lossy_wire.py`, NA, `${NET}.17/28`, NB, `${NET}.18/28`, '0.04', '0.02', '15', '20']);
  bad.said = '';
  for (const s of [bad.stdout, bad.stderr]) s.on('data', (d) => { bad.said += d; });
  await until('the line is laid', async () => { if (bad.exitCode !== null) throw new Error(bad.said); return /ready/.test(bad.said); });
  await Promise.all([up(A), up(B)]);
  await furnish(A, [S]);
  await furnish(B, [X]);
  await introduce(A, B);
  for (const node of [A, B]) for (const [from, to] of [[X, S], [S, X]]) await allow(node, from, to);
});
after(async () => {
  for (const node of [A, B]) {
    await node.server?.stop();
    if (node.data) dropDir(node.data);
  }
  if (bad && bad.exitCode === null) {
    const ended = new Promise((ok) => { bad.on('exit', ok); });
    bad.kill('SIGTERM');
    await ended;
    console.log(`boxes-line: packets: ${bad.said.split('\n').at(-2)}`);
  }
  if (!why) [NA, NB].forEach((ns) => { tries('ip', 'link', 'del', `${ns}h`); tries('ip', 'netns', 'del', ns); });
});

test('over a line that loses, delays, doubles and disorders packets: all there, once, in order, files whole', { skip: why || false, timeout: 600000 }, async () => {
  const one = await new Box(A, X).signIn(), other = await new Box(B, S).signIn();
  const list = (name, to, n) => [...Array(n).keys()].map((i) => ({ id: `${name}-${i}`, to, body: `${name} ${i} `.repeat(40) }));
  const file = Buffer.alloc((1 << 20) + 7, 'bản đồ ');
  const hash = await one.bring(file);
  const go = list('one', S, 200), back = list('other', X, 100);
  go[150].files = [{ hash, name: 'ban-do.bin' }]; // what is behind it waits for it
  const got = { one: [], other: [] };
  for (const [box, messages] of [[one, go.slice(0, 100)], [other, back], [one, go.slice(100)]]) {
    const r = await box.call('POST', '/boxes/messages', { messages });
    assert.equal(r.status, 201, r.bytes.toString());
  }
  await until('all is there', async () => {
    got.other.push(...await other.drain());
    got.one.push(...await one.drain());
    return got.other.length >= go.length && got.one.length >= back.length;
  }, 300000);
  got.other.push(...await other.drain());
  got.one.push(...await one.drain());
  assert.deepEqual(got.other.map((m) => [m.id, m.body]), go.map((m) => [m.id, m.body]));
  assert.deepEqual(got.one.map((m) => [m.id, m.body]), back.map((m) => [m.id, m.body]));
  assert.equal(sha256((await other.call('GET', `/boxes/files/${hash}`)).bytes), hash);
  await until('the sender learns of the last', async () => (await one.call('GET', `/boxes/sent?to=${S}&id=one-199`)).json.state === 'taken', 120000);
});
