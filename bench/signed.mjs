// Signed and time-stamped exchange, measured: program -> relay -> node A -> mutual TLS -> node B -> service and back, every
// message signed, verified and on both disks before the answer is released. Everything shares the machine's cores.
//   node bench/signed.mjs [SECONDS]     needs build/bombo and build/bench/load; prints one JSON object
// a_us, b_us: processor time of each node for a call, which other work on the machine changes little. SIGNED_PERF=FOLDER
// writes a profile of each node there (perf record, and as text). SIGNED_RUNS="closed:64 open:400" runs only these, BOMBO another binary.
// a_sw, b_sw: how often a thread of each node gave the processor up for a call, and was made to.
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { furnish, introduce, makeKey, ownPort, start, token, until } from '../test/lib/nodes.mjs';
import { dropDir, newDir, root } from '../test/lib/server.mjs';

const seconds = Number(process.argv[2] ?? 5);
const scratch = mkdtempSync(join(tmpdir(), 'bombo-bench-'));
const A = { name: 'xa.test' }, B = { name: 'so.test' };
const target = '/r1/VN/GOV/S1/DAT-DAI/so-dat/thua/12';
const service = http.createServer((rq, rs) => rs.setHeader('content-type', 'application/json').end('{"so":"12","chu":"Điểu Minh"}')).listen(0, '127.0.0.1');
await once(service, 'listening');

/** A time-stamp authority made of openssl: once a second is asked. */
async function authority() {
  const at = (name) => join(scratch, name);
  writeFileSync(at('tsa.cnf'), `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Bench TSA\n[ext]\nextendedKeyUsage=critical,timeStamping
[tsa]\ndefault_tsa=t\n[t]\nserial=${at('serial')}\nsigner_cert=${at('tsa.pem')}\nsigner_key=${at('tsa.key')}\nsigner_digest=sha256\ndefault_policy=1.2.3\ndigests=sha256\ncrypto_device=builtin\n`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-config', at('tsa.cnf'), '-keyout', at('tsa.key'), '-out', at('tsa.pem')], { stdio: 'ignore' });
  writeFileSync(at('serial'), '01');
  let n = 0;
  const server = http.createServer(async (rq, rs) => {
    const parts = [];
    for await (const b of rq) parts.push(b);
    const name = at(`q${n++}`);
    writeFileSync(`${name}.tsq`, Buffer.concat(parts));
    await promisify(execFile)('openssl', ['ts', '-reply', '-config', at('tsa.cnf'), '-queryfile', `${name}.tsq`, '-out', `${name}.tsr`]);
    rs.setHeader('content-type', 'application/timestamp-reply').end(readFileSync(`${name}.tsr`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, args: ['--node-tsa', `http://127.0.0.1:${server.address().port}/`, '--node-tsa-ca', at('tsa.pem')] };
}

const tsa = await authority();
const run = async (kind, n, bearer, long = seconds) => JSON.parse((await promisify(execFile)(join(root, 'build/bench/load'), [kind, String(A.relayPort), String(n), String(long), target],
  { env: { ...process.env, LOAD_FIELDS: `Authorization: Bearer ${bearer}\r\nX-Road-Client: VN/GOV/X1/MOT-CUA\r\n` } })).stdout);
/** Microseconds of processor time that a process has used. */
const cpuUs = (pid) => { // user and system time, in ticks of 10 ms, behind the name in brackets
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) * 10000;
};
/** How often its threads were switched away from. */
const switches = (pid) => readdirSync(`/proc/${pid}/task`).reduce((n, tid) => n + [...readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8')
  .matchAll(/ctxt_switches:\t(\d+)/g)].reduce((k, m) => k + Number(m[1]), 0), 0);
async function measured(kind, n, bearer) {
  await run(kind, n, bearer, 2).catch(() => 0); // connections are open and warm, as they are all day; a machine that stands still is seen below
  if (process.env.SIGNED_HOLD) await promisify(execFile)(process.env.SIGNED_HOLD, [kind, String(n), String(A.server.pid), String(B.server.pid), String(A.relayPort), bearer, target]);
  const profiles = process.env.SIGNED_PERF ? [A, B].map((x) => once(execFile('perf', ['record', '-q', '-F', '999', '-o',
    join(process.env.SIGNED_PERF, `${x.name}-${kind}-${n}.perf`), '-p', String(x.server.pid), '--', 'sleep', String(seconds)]), 'exit')) : [];
  const before = [A, B].flatMap((x) => [cpuUs(x.server.pid), switches(x.server.pid)]);
  const got = await run(kind, n, bearer);
  const after = [A, B].flatMap((x) => [cpuUs(x.server.pid), switches(x.server.pid)]);
  const used = after.map((v, i) => (v - before[i]) / Math.max(1, got.n ?? 1));
  await Promise.all(profiles);
  for (const x of process.env.SIGNED_PERF ? [A, B] : []) {
    const data = join(process.env.SIGNED_PERF, `${x.name}-${kind}-${n}.perf`);
    writeFileSync(data.replace(/perf$/, 'txt'), execFileSync(join(root, 'tools/profile-text'), [data, `node ${x.name} in signed exchange, ${kind} ${n}, ${seconds} s`]));
  }
  return { ...got, a_us: Math.round(used[0]), b_us: Math.round(used[2]), a_sw: Number(used[1].toFixed(1)), b_sw: Number(used[3].toFixed(1)) };
}
const out = { cores: cpus().length, seconds, closed: [], open: [] };
try {
  for (const node of [A, B]) {
    Object.assign(node, { data: newDir(), port: await ownPort(), relayPort: await ownPort(), nodePort: await ownPort(), args: tsa.args });
    await start(node);
  }
  await furnish(A, 'node:');
  await furnish(B, `http://127.0.0.1:${service.address().port}/api`);
  await makeKey(A, 'VN/GOV/X1');
  await makeKey(B, 'VN/GOV/S1');
  await introduce(A, B, A.nodePort);
  await introduce(B, A, B.nodePort);
  const bearer = await token(A);
  await until('a signed call passes', async () => (await fetch(`http://127.0.0.1:${A.relayPort}${target}`,
    { headers: { authorization: `Bearer ${bearer}`, 'x-road-client': 'VN/GOV/X1/MOT-CUA' } })).status === 200);
  const runs = process.env.SIGNED_RUNS ?? 'closed:1 closed:16 closed:64 open:100 open:400 open:1000 open:2000';
  for (const [kind, n] of runs.split(' ').map((r) => r.split(':'))) out[kind].push({ [kind === 'open' ? 'rate' : 'connections']: Number(n), ...await measured(kind, Number(n), bearer) });
} finally {
  for (const node of [A, B]) {
    await node.server?.stop();
    if (node.data) dropDir(node.data);
  }
  for (const s of [service, tsa.server]) {
    s.close();
    s.closeAllConnections();
  }
  rmSync(scratch, { recursive: true, force: true });
}
console.log(JSON.stringify(out, null, 1));
process.exit(0);
