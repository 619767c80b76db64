// The way to the next version and back, with real programs: a data folder of this program is brought forward by one with a newer
// schema, which this one then refuses and leaves as it is; the backup from before gives this one everything back, and the newer
// program takes the old backup too. On PostgreSQL a copy of the database stands for the backup, for that is how it is backed up there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPaper, begin, complete, newPicture, paperLinks, sha256, submit } from '../lib/filing.mjs';
import { copyStore, isPostgres, rowsOf } from '../lib/postgres.mjs';
import { bin, Client, dropDir, newDir, root, runBombo, start, startServer } from '../lib/server.mjs';

const next = join(root, 'build/testtools/bombo-next');
const dir = newDir();
const data = join(dir, 'data'), back = join(dir, 'back'), backup = join(dir, 'before.bbk');
let cookies;
const old = []; // filed before the backup
const late = []; // after it

/** What a statement gives, one value. */
function one(folder, statement) {
  if (isPostgres) return rowsOf(folder, statement);
  const p = spawnSync('/usr/bin/python3', ['-c', 'import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])',
    join(folder, 'bombo.db'), statement], { encoding: 'utf8' });
  assert.equal(p.status, 0, p.stderr);
  return p.stdout.trim();
}
const version = (folder) => one(folder, "SELECT value FROM store_meta WHERE name = 'schema_version'");

async function file(server) {
  const c = new Client(server);
  if (cookies) c.cookies = new Map(cookies);
  else assert.equal((await c.signIn()).status, 303);
  cookies = new Map(c.cookies);
  const at = await addPaper(c, await begin(c), newPicture()); // a draft with a paper, and a dossier
  const [href] = await paperLinks(c, at);
  const paper = sha256((await c.get(href)).bytes);
  const r = await submit(c, await complete(c, await begin(c)));
  assert.equal(r.status, 303, r.text.slice(0, 300));
  return { location: r.location, href, paper };
}

async function holds(server, promised, others = []) {
  const c = new Client(server);
  c.cookies = new Map(cookies); // sessions survive
  for (const f of promised) {
    assert.equal((await c.get(f.location)).status, 200, f.location);
    assert.equal(sha256((await c.get(f.href)).bytes), f.paper, f.href);
  }
  for (const f of others) assert.equal((await c.get(f.location)).status, 404, f.location);
}

async function ledgerIsWhole(program, folder) {
  const store = isPostgres ? ['--store', copyStore(folder)] : [];
  const p = start(program, ['ledger', 'verify', '--data', folder, ...store], { cwd: root });
  assert.equal(await p.ended, 0, p.out + p.err);
  assert.match(p.out, /faults 0\n/);
}

before(async () => {
  const p = spawnSync('make', ['-s', 'build/testtools/bombo-next'], { cwd: root, encoding: 'utf8' });
  assert.equal(p.status, 0, p.stdout + p.stderr);
  const server = await startServer({ data });
  old.push(await file(server));
  if (!isPostgres) {
    const r = await runBombo(['backup', backup, '--data', data]);
    assert.equal(r.code, 0, r.err);
    late.push(await file(server));
  }
  assert.equal(await server.stop(), 0);
  if (isPostgres) { // with the program at rest, as before an upgrade
    cpSync(data, back, { recursive: true });
    copyStore(back, data);
    const again = await startServer({ data });
    late.push(await file(again));
    assert.equal(await again.stop(), 0);
  }
});
after(() => {
  dropDir(dir);
  for (const folder of isPostgres ? [data, back] : []) dropDir(folder);
});

test('a newer program brings the store forward in place, and everything is there', async () => {
  const people = one(data, 'SELECT count(*) FROM party');
  assert.equal(version(data), '0');
  const server = await startServer({ data, bin: next });
  await holds(server, [...old, ...late]);
  assert.equal(version(data), '1');
  assert.equal(one(data, 'SELECT count(*) FROM next_thing'), people);
  assert.equal(one(data, "SELECT count(*) FROM party WHERE next_word = 'brought forward'"), people);
  late.push(await file(server)); // work goes on
  assert.equal(await server.stop(), 0);
  await ledgerIsWhole(next, data);
});

test('this program refuses what is newer, says what to do, and changes nothing', async () => {
  const dossiers = one(data, 'SELECT count(*) FROM dossier');
  for (const words of [['run', '--demo', '--port', '0'], ['ledger', 'verify']]) {
    const r = await runBombo([...words, '--data', data]);
    assert.equal(r.code, 1, r.out);
    assert.match(r.err, /schema version 1, this program knows 0: use the newer program/);
  }
  assert.equal(version(data), '1');
  assert.equal(one(data, 'SELECT count(*) FROM dossier'), dossiers);
  const server = await startServer({ data, bin: next }); // a second start brings nothing forward
  await holds(server, [...old, ...late]);
  assert.equal(await server.stop(), 0);
});

test('the way back: this program goes on from the backup taken before', async () => {
  if (!isPostgres) {
    const r = await runBombo(['restore', backup, '--data', back]);
    assert.equal(r.code, 0, r.err);
  }
  const server = await startServer({ data: back });
  assert.equal(version(back), '0');
  await holds(server, old, late);
  await holds(server, [await file(server)]);
  assert.equal(await server.stop(), 0);
  await ledgerIsWhole(bin, back);
});

test('the newer program takes the old backup and brings it forward', { skip: isPostgres && 'a backup file is of the embedded store' }, async () => {
  const to = join(dir, 'forward');
  const p = start(next, ['restore', backup, '--data', to], { cwd: root });
  assert.equal(await p.ended, 0, p.err);
  assert.match(p.err, /restored and verified/);
  const server = await startServer({ data: to, bin: next });
  assert.equal(version(to), '1');
  await holds(server, old, late);
  assert.equal(await server.stop(), 0);
  await ledgerIsWhole(next, to);
  assert.ok(readFileSync(backup).length > 0); // and is still there for another time
});
