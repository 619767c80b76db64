// `bombo store copy`: a whole installation from the embedded store to PostgreSQL and back. Every row of every table is the
// same afterwards, the ledger verifies at both ends, people go on where they were; what was tampered with is not taken for good.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPaper, begin, complete, newPicture, paperLinks, sha256, submit } from '../lib/filing.mjs';
import { isPostgres, sql, urlOf } from '../lib/postgres.mjs';
import { bin, Client, dropDir, newDir, officers, root, runBombo, start, startServer } from '../lib/server.mjs';

const skip = !isPostgres && 'needs tools/with-postgres';
const dir = newDir();
const data = join(dir, 'data');
const lite = (folder) => `sqlite:${join(folder, 'bombo.db')}`;
const dbs = ['copy_there', 'copy_bad'];
let citizen, had;

/** All rows of all tables of an embedded store as text, in the order of their columns; how many. */
function rowsOfAll(folder) {
  const p = spawnSync('/usr/bin/python3', ['-c', `
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
names = [r[0] for r in c.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT IN ('store_meta', 'store_lane', 'store_commit') ORDER BY name")]
for n in names:
    for row in sorted(map(repr, c.execute(f'SELECT * FROM {n}'))):
        print(n, row)
`, join(folder, 'bombo.db')], { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(p.status, 0, p.stderr);
  return p.stdout.split('\n');
}
const copy = async (from, to, folder) => {
  const p = start(bin, ['store', 'copy', from, to, '--data', folder], { cwd: root });
  return { code: await p.ended, out: p.out, err: p.err };
};
const verify = async (folder, store) => {
  const p = start(bin, ['ledger', 'verify', '--data', folder, '--store', store], { cwd: root });
  assert.equal(await p.ended, 0, p.out + p.err);
  assert.match(p.out, /faults 0\n/);
};

/** What was filed is there, with its paper; one more dossier can be filed. */
async function goesOn(folder, store) {
  const server = await startServer({ data: folder, args: ['--store', store] });
  const c = new Client(server);
  c.cookies = new Map(citizen.cookies); // sessions came along
  assert.equal((await c.get(had.location)).status, 200);
  assert.equal(sha256((await c.get(had.href)).bytes), had.paper);
  const r = await submit(c, await complete(c, await begin(c)));
  assert.equal(r.status, 303, r.text.slice(0, 300));
  const desk = new Client(server);
  assert.equal((await desk.signIn(officers.receiver)).status, 303);
  assert.equal((await desk.get('/can-bo')).status, 200);
  assert.equal(await server.stop(), 0);
}

before(async () => {
  if (skip) return;
  for (const db of dbs) assert.ok(sql('postgres', `CREATE DATABASE ${db} TEMPLATE template0`).isGood);
  const filled = await runBombo(['simulate', '--demo', '--n', '30', '--data', data, '--store', lite(data)]);
  assert.equal(filled.code, 0, filled.err);
  const server = await startServer({ data, args: ['--store', lite(data)] });
  citizen = new Client(server);
  assert.equal((await citizen.signIn()).status, 303);
  const at = await addPaper(citizen, await begin(citizen), newPicture());
  const [href] = await paperLinks(citizen, at);
  const paper = sha256((await citizen.get(href)).bytes);
  const { location } = await submit(citizen, await complete(citizen, await begin(citizen)));
  had = { location, href, paper };
  const busy = await copy(lite(data), urlOf(dbs[0]), data);
  assert.equal(busy.code, 1, 'a store that is in use is not copied');
  assert.equal(await server.stop(), 0);
});
after(() => {
  if (!skip) for (const db of dbs) sql('postgres', `DROP DATABASE IF EXISTS ${db} WITH (FORCE)`);
  dropDir(dir);
});

test('there and back every row is the same, the ledger verifies, and work goes on', { skip, timeout: 300000 }, async () => {
  const rows = rowsOfAll(data);
  const there = await copy(lite(data), urlOf(dbs[0]), data);
  assert.equal(there.code, 0, there.out + there.err);
  assert.match(there.out, new RegExp(`copied and compared: ${rows.length - 1} rows in \\d+ tables\nledger verified: \\d+ entries`));
  await verify(data, urlOf(dbs[0]));
  const again = await copy(lite(data), urlOf(dbs[0]), data);
  assert.equal(again.code, 1);
  assert.match(again.err, /Give an empty database/);
  const back = join(dir, 'back');
  cpSync(data, back, { recursive: true, filter: (path) => !/bombo\.db/.test(path) }); // papers and keys
  const home = await copy(urlOf(dbs[0]), lite(back), back);
  assert.equal(home.code, 0, home.out + home.err);
  assert.deepEqual(rowsOfAll(back), rows);
  await verify(back, lite(back));
  await goesOn(data, urlOf(dbs[0]));
  await goesOn(back, lite(back));
});

test('an entry of the ledger that was changed is told, and the copy is not called good', { skip, timeout: 300000 }, async () => {
  const p = spawnSync('/usr/bin/python3', ['-c', `
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("UPDATE ledger_entry SET kind = 'dossier.other' WHERE id = (SELECT min(id) FROM ledger_entry)")
c.commit()`, join(data, 'bombo.db')], { encoding: 'utf8' });
  assert.equal(p.status, 0, p.stderr);
  const r = await copy(lite(data), urlOf(dbs[1]), data);
  assert.equal(r.code, 1, r.out);
  assert.match(r.err, /the copied ledger has 1 faults/);
});
