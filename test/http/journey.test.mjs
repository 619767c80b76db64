// What one dossier's whole journey takes: presses and typed fields of the officers, private memory of the program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { dropDir, newDir, root, startServer, until } from '../lib/server.mjs';

let server;
const data = newDir();
before(async () => {
  await (await startServer({ data })).stop(); // the demo is made by a run of its own: making it is not what is measured
  server = await startServer({ data, args: ['--workers', '2', '--loops', '1'] });
});
after(async () => {
  await server?.stop();
  dropDir(data);
});

// As if nothing else ran on the machine: pages of a library are counted also when another program has mapped them just now,
// but for those that every program has.
const everywhere = /\/(?:ld-linux|libc|libm|libgcc_s|libstdc\+\+)[.-]/;
const privateMib = () => readFileSync(`/proc/${server.pid}/smaps`, 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).reduce((sum, map) => {
  const counted = everywhere.test(map.split('\n', 1)[0]) ? /^Private_\w+:\s+(\d+) kB/gm : /^(?:Private_\w+|Shared_Clean):\s+(\d+) kB/gm;
  return [...map.matchAll(counted)].reduce((n, [, kib]) => n + Number(kib), sum);
}, 0) / 1024;

test('officers press five times and type one PIN; the program stays below 64 MiB', { skip: process.env.BOMBO && 'another build' }, async () => {
  const run = promisify(execFile); // not the waiting kind: the program's log must be read meanwhile
  const journey = async () => JSON.parse((await run('node', [join(root, 'bench/journey.mjs'), String(server.port)], { timeout: 300000 })).stdout);
  const first = await journey();
  assert.deepEqual(first.counts, {
    receiver: { clicks: 1, typed: 0 }, specialist: { clicks: 2, typed: 0 }, leader: { clicks: 2, typed: 1 },
  });
  // at rest: what is still under way on a busy machine is not what stays
  const rests = (when) => until(`less than 64 MiB ${when}`, async () => privateMib() < 64)
    .catch((e) => { throw new Error(`${e.message}: ${privateMib()}`); });
  await rests('after one journey');
  for (let i = 0; i < 4; i++) await journey();
  await rests('after five journeys');
});
