// Part of make bench: durable messages through the boxes, beside the disk's own limit: 201 comes after the message, its number, account and
// ledger entry are synced. The limit is what one thread does with a write and fdatasync on the same disk, one after the other: programs that
// put at the same time share a commit, so more than 1 is possible. Writes build/bench-boxes.json. BENCH_S: seconds a row; BENCH_WORKERS:
// worker threads of the program, each of which waits for one message to be durable.
import { closeSync, fdatasyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { allow, Box, furnish, newNode, S, X } from '../test/lib/boxes.mjs';
import { dropDir, freePort, root } from '../test/lib/server.mjs';

const SECONDS = Number(process.env.BENCH_S ?? 5);
const rows = [];
function row(name, value, unit, peer, peerValue) {
  const ratio = peerValue ? Math.round((value / peerValue) * 1000) / 1000 : null;
  rows.push({ name, value: Math.round(value * 10) / 10, unit, peer: peer ?? null, peer_value: peerValue ? Math.round(peerValue * 10) / 10 : null, ratio });
  console.log(`  ${name}: ${value.toFixed(1)} ${unit}${peer ? `  ${peer}: ${peerValue.toFixed(1)}  ratio ${ratio}` : ''}`);
}

function syncsPerSecond(dir) {
  const fd = openSync(join(dir, 'sync.probe'), 'w');
  const page = Buffer.alloc(4096, 1);
  const end = performance.now() + SECONDS * 1000;
  let n = 0;
  while (performance.now() < end) {
    writeSync(fd, page);
    fdatasyncSync(fd);
    n++;
  }
  closeSync(fd);
  return n / SECONDS;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
const post = (box, path, body) => new Promise((ok, no) => {
  const rq = http.request(box.node.server.url + path, { method: 'POST', agent, headers: { authorization: `Bearer ${box.token}`,
    'content-length': Buffer.byteLength(body) } }, (rs) => { rs.resume(); rs.on('end', () => ok(rs.statusCode)); });
  rq.on('error', no);
  rq.end(body);
});

/** Rounds after one that does not count: threads and connections to the store are opened in it. */
async function many(n, one, most = Infinity) {
  await Promise.all([...Array(n)].map(one));
  const begun = performance.now(), end = begun + SECONDS * 1000;
  let done = 0;
  await Promise.all([...Array(n)].map(async () => {
    while (performance.now() < end && done < most) {
      await one();
      done++;
    }
  }));
  return (done * 1000) / (performance.now() - begun);
}

const admin = await freePort();
const node = await newNode('bench.test', { args: ['--admin', `127.0.0.1:${admin}`, ...(process.env.BENCH_WORKERS ? ['--workers', process.env.BENCH_WORKERS] : [])] });
/** Milliseconds of processor that the program took so far. */
const cpuMs = () => { const f = readFileSync(`/proc/${node.server.pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
/** Transactions and commits so far. */
const counts = async () => {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return ['closures', 'commits'].map((x) => Number(text.match(new RegExp(`^bombo_store_${x}_total ([0-9]+)`, 'm'))[1]));
};
try {
  await furnish(node);
  await allow(node, X, S);
  const one = await new Box(node, X).signIn(), other = await new Box(node, S).signIn();
  const limit = syncsPerSecond(node.data);
  let id = 0;
  for (const [size, n, list] of [[200, 1, 1], [200, 64, 1], [10000, 64, 1], [200, 1, 64], [200, 8, 64], [10000, 8, 64]]) {
    const body = 'x'.repeat(size);
    const before = await counts();
    const begunMs = cpuMs(), first = id;
    const rate = list * await many(n, async () => {
      const v = [...Array(list)].map(() => ({ id: `m-${id++}`, to: S, body }));
      const status = await post(one, '/boxes/messages', JSON.stringify(list === 1 ? v[0] : { messages: v }));
      if (status !== 201) throw new Error(`put: ${status}`);
    }, list === 1 ? Infinity : 300); // a box holds 100,000 messages
    const [, commits] = (await counts()).map((x, i) => x - before[i]);
    row(`messages put and durable, ${size} B, ${n} at once${list === 1 ? '' : `, lists of ${list}`}`, rate, '/s', 'write and fdatasync', limit);
    row('the same: messages a commit', (id - first) / commits, '');
    row('the same: processor time a message', (cpuMs() - begunMs) / (id - first), 'ms');
  }
  const ways = {
    'each by itself': (v) => Promise.all(v.map((m) => post(other, `/boxes/messages/${m}/ack`, '{}'))),
    'in one list': async (v) => { const r = await other.ackAll(v); return r.json.messages.map((m) => (m.state === 'taken' ? r.status : m.error)); },
  };
  for (const [way, ack] of Object.entries(ways)) {
    const begun = performance.now();
    let taken = 0;
    for (let some = await other.fetch(); some.length; some = await other.fetch()) {
      if ((await ack(some.map((m) => m.message))).some((c) => c !== 200)) throw new Error('ack');
      taken += some.length;
      if (performance.now() - begun > SECONDS * 1000) break;
    }
    row(`messages fetched by 100 and acknowledged ${way}`, taken / ((performance.now() - begun) / 1000), '/s', 'write and fdatasync', limit);
  }
  writeFileSync(join(root, 'build/bench-boxes.json'), `${JSON.stringify(rows, null, 1)}\n`);
} finally {
  agent.destroy();
  await node.server.stop();
  dropDir(node.data);
}
