// A node cut off for seven days catches up without loss or doubles: two installations in network namespaces of their own, the line between
// them cut, then bad (loss, delay, duplicates, disorder where tc netem is there), the week made by a clock that is ahead; either side killed.
// Needs root, ip and nsenter: else it says so and passes over. CHECK_LEVEL=long.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { allow, Box, furnish, introduce, S, X } from '../lib/boxes.mjs';
import { bin, Client, dropDir, freePort, newDir, officers, root, startServer, until } from '../lib/server.mjs';

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const tries = (...words) => { try { run(...words); return true; } catch { return false; } };
const [NA, NB] = [`bba${process.pid}`, `bbb${process.pid}`];
const WEEK_S = 7 * 86400;

/** Two namespaces with one wire; each is also reached from outside by a wire of its own (pages, programs). */
function lay() {
  for (const [i, ns] of [[1, NA], [2, NB]]) {
    run('ip', 'netns', 'add', ns);
    run('ip', 'link', 'add', `${ns}h`, 'type', 'veth', 'peer', 'name', `${ns}p`);
    run('ip', 'link', 'set', `${ns}p`, 'netns', ns);
    run('ip', 'addr', 'add', `10.213.${i}.1/24`, 'dev', `${ns}h`);
    run('ip', 'link', 'set', `${ns}h`, 'up');
    run('ip', '-n', ns, 'addr', 'add', `10.213.${i}.2/24`, 'dev', `${ns}p`);
    for (const dev of ['lo', `${ns}p`]) run('ip', '-n', ns, 'link', 'set', dev, 'up');
  }
  run('ip', 'link', 'add', `${NA}w`, 'netns', NA, 'type', 'veth', 'peer', 'name', `${NB}w`, 'netns', NB);
  for (const [i, ns] of [[1, NA], [2, NB]]) {
    run('ip', '-n', ns, 'addr', 'add', `10.213.9.${i}/24`, 'dev', `${ns}w`);
    run('ip', '-n', ns, 'link', 'set', `${ns}w`, 'up');
  }
}
const clear = () => [NA, NB].forEach((ns) => { tries('ip', 'link', 'del', `${ns}h`); tries('ip', 'netns', 'del', ns); });
const wire = (state) => run('ip', '-n', NA, 'link', 'set', `${NA}w`, state);

const isLong = process.env.CHECK_LEVEL === 'long';
let why = isLong ? '' : 'the long one: CHECK_LEVEL=long';
if (!why && !(process.getuid() === 0 && tries('ip', 'netns', 'add', `${NA}t`))) why = 'network namespaces are not permitted here (root, ip netns)';
tries('ip', 'netns', 'del', `${NA}t`);
if (why) console.log(`boxes-week: passed over: ${why}`);

const A = {}, B = {};
/** Starts the program of a node inside its namespace, with a clock so far ahead. */
async function up(node, aheadS = 0) {
  const wrapper = `${node.data}/in-${node.ns}`;
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${node.ns} ${bin} "$@"\n`, { mode: 0o755 });
  node.server = await startServer({ data: node.data, port: node.port, bin: wrapper,
    env: { CLOCK_AHEAD_S: String(aheadS), LD_PRELOAD: `${root}build/testtools/clock_ahead.so` },
    args: ['--relay-port', String(node.relayPort), '--node-port', String(node.nodePort), '--node-address', '0.0.0.0', '--node-name', node.name,
      '--box-retry-s', '5', '--base-url', node.url] });
  node.server.url = node.url;
  node.operator = new Client(node.server);
  assert.equal((await node.operator.signIn(officers.operator)).status, 303);
}

before(async () => {
  if (why) return;
  run('make', '-s', '-C', root, 'build/testtools/clock_ahead.so');
  lay();
  for (const [node, ns, i, name] of [[A, NA, 1, 'xa.test'], [B, NB, 2, 'so.test']]) {
    Object.assign(node, { name, ns, data: newDir(), port: await freePort(), relayPort: await freePort(), nodePort: await freePort() });
    Object.assign(node, { reach: `10.213.9.${i}:${node.nodePort}`, url: `http://10.213.${i}.2:${node.port}` });
    await up(node);
  }
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
  if (!why) clear();
});

test('seven days without a line, each side killed, then a bad line: all there, once, in order', { skip: why || false }, async () => {
  const one = await new Box(A, X).signIn(), other = await new Box(B, S).signIn();
  const sent = { one: [], other: [] }, got = { one: [], other: [] };
  const put = async (box, key, to, n) => {
    for (let i = 0; i < n; i++) {
      const id = `${key}-${sent[key].length}`;
      assert.equal((await box.put({ id, to, body: id.repeat(20) })).status, 201);
      sent[key].push(id);
    }
  };
  const take = async () => {
    got.other.push(...await other.drain());
    got.one.push(...await one.drain());
  };
  await put(one, 'one', S, 20);
  await until('the line is good', async () => { await take(); return got.other.length === 20; });
  wire('down');
  for (let day = 0; day <= 7; day++) { // each day the programs are killed and begin a day later
    const aheadS = (WEEK_S / 7) * day;
    for (const node of day === 0 ? [] : [A, B]) {
      await node.server.kill();
      await up(node, aheadS);
    }
    await Promise.all([one.signIn(), other.signIn()]);
    await put(one, 'one', S, 60);
    await put(other, 'other', X, 30);
  }
  await take();
  assert.deepEqual([got.other.length, got.one.length], [20, 0]);
  const page = await A.operator.get('/truc/hop-thu');
  assert.match(page.text, /is-late/);
  wire('up');
  const isBad = tries('ip', 'netns', 'exec', NA, 'tc', 'qdisc', 'add', 'dev', `${NA}w`, 'root', 'netem', 'delay', '40ms', '20ms', 'loss', '8%', 'duplicate', '2%', 'reorder', '10%');
  console.log(`boxes-week: the line is back${isBad ? ', with loss, delay, duplicates and disorder' : ' (no tc netem here)'}`);
  await until('something came', async () => { await take(); return got.other.length > 20; }, 120000);
  await B.server.kill();
  await up(B, WEEK_S);
  await other.signIn();
  await A.server.kill();
  await up(A, WEEK_S);
  await one.signIn();
  await until('all is there', async () => { await take(); return got.other.length >= sent.one.length && got.one.length >= sent.other.length; }, 300000);
  await take();
  assert.deepEqual(got.other.map((m) => m.id), sent.one);
  assert.deepEqual(got.one.map((m) => m.id), sent.other);
});
