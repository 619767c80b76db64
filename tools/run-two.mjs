// Two demo installations, a commune's and a province's, that know each other and exchange signed, time-stamped calls all the time:
// to look at the evidence (/truc/bang-chung), suspend a member, stop one of them. `make run-two`; `CALLS=5` ends after five calls.
// The service behind the second and the time-stamps are labelled simulators. Its folders are removed when it ends.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { furnish, introduce, makeKey, ownPort, start, token, until } from '../test/lib/nodes.mjs';
import { demo, newDir, officers } from '../test/lib/server.mjs';

const EVERY_MS = 2000;
const commune = { name: 'xa.mo-phong' }, province = { name: 'so.mo-phong' };
process.on('exit', () => { for (const n of [commune, province]) if (n.data) rmSync(n.data, { recursive: true, force: true }); });

const service = http.createServer((rq, rs) => {
  rs.setHeader('content-type', 'application/json');
  rs.end(JSON.stringify({ 'mô phỏng': true, so: rq.url.split('/').pop(), chu: 'Người không có thật' }));
}).listen(0, '127.0.0.1');
await once(service, 'listening');
for (const node of [commune, province]) {
  Object.assign(node, { data: newDir(), port: await ownPort(), relayPort: await ownPort(), nodePort: await ownPort() });
  await start(node);
}
await furnish(commune, 'node:');
await furnish(province, `http://127.0.0.1:${service.address().port}/mo-phong`);
await makeKey(commune, 'VN/GOV/X1');
await makeKey(province, 'VN/GOV/S1');
await introduce(commune, province, commune.nodePort);
await introduce(province, commune, province.nodePort);
const bearer = await token(commune);

async function call(n) {
  const r = await fetch(`http://127.0.0.1:${commune.relayPort}/r1/VN/GOV/S1/DAT-DAI/so-dat/thua/${n}`, { headers: {
    authorization: `Bearer ${bearer}`, 'x-road-client': 'VN/GOV/X1/MOT-CUA', 'x-road-issue': `HS-${n}` } });
  return { status: r.status, id: r.headers.get('x-road-request-id'), error: r.headers.get('x-road-error') };
}
await until('the two installations know each other', async () => (await call(1)).status === 200);
console.log(`Two installations exchange signed calls; sign in as ${officers.operator} with ${demo.password}:
  the commune's evidence   ${commune.server.url}/truc/bang-chung
  the province's evidence  ${province.server.url}/truc/bang-chung
To verify a call yourself (doc/auditor.md):
  bombo evidence export REQUEST-ID call.asice --data ${commune.data}
  AUTHORITY=${join(commune.data, 'node/mo-phong-dau-thoi-gian.pem')}
Ctrl-C ends both.`);
const last = Number(process.env.CALLS ?? Infinity);
for (let n = 2; n <= last + 1; n++) {
  const r = await call(n).catch((e) => ({ status: e.message }));
  console.log(`call ${n}: ${r.status}${r.error ? ` ${r.error}` : ''}${r.id ? ` ${r.id}` : ''}`);
  if (last === Infinity) await pause(EVERY_MS);
}
for (const node of [commune, province]) await node.server.stop();
service.close();
