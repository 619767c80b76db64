// Backups: taken from a running program, also under load; every one is restored, served and compared; damaged ones are refused whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPaper, begin, complete, newPicture, paperLinks, sha256, submit } from '../lib/filing.mjs';
import { isPostgres } from '../lib/postgres.mjs';
import { bin, Client, dropDir, newDir, root, runBombo, startServer } from '../lib/server.mjs';

const skip = isPostgres && 'a backup is of the embedded store; PostgreSQL: tools/pitr-check'; // doc/backup.md

const dir = newDir();
const data = join(dir, 'data');
const pass = join(dir, 'pass');
let server;
let citizen;
const filed = [];

async function file() {
  const at = await addPaper(citizen, await begin(citizen), newPicture()); // a draft with a paper, and a dossier
  const [href] = await paperLinks(citizen, at);
  const paper = sha256((await citizen.get(href)).bytes);
  const r = await submit(citizen, await complete(citizen, await begin(citizen)));
  assert.equal(r.status, 303, r.text.slice(0, 300));
  filed.push({ location: r.location, paper, href });
}

before(async () => {
  if (skip) return;
  writeFileSync(pass, 'một cụm từ dài để thử\n');
  server = await startServer({ data });
  citizen = new Client(server);
  assert.equal((await citizen.signIn()).status, 303);
  await file();
});
after(async () => {
  await server?.kill();
  dropDir(dir);
});

const ok = (r) => { assert.equal(r.code, 0, r.out + r.err); return r; };
/** Restores into a new folder, serves it, and looks for what was promised. */
async function prove(backup, name, promised, more = []) {
  const to = join(dir, name);
  const r = ok(await runBombo(['restore', backup, '--data', to, ...more]));
  assert.match(r.err, /restored and verified .*ledger \d+ entries/);
  assert.ok(!existsSync(`${to}.restoring`));
  const v = ok(await runBombo(['ledger', 'verify', '--data', to]));
  assert.match(v.out, /faults 0\n/);
  const restored = await startServer({ data: to });
  const c = new Client(restored);
  c.cookies = new Map(citizen.cookies); // sessions are part of it
  for (const f of promised) {
    assert.equal((await c.get(f.location)).status, 200, f.location);
    assert.equal(sha256((await c.get(f.href)).bytes), f.paper, f.href);
  }
  assert.equal(await restored.stop(), 0);
  return to;
}

test('a backup of a running program restores to the same, once only, and is noted for the alarm', { skip }, async () => {
  const to = join(dir, 'plain.bbk');
  const r = ok(await runBombo(['backup', to, '--data', data]));
  assert.match(r.err, /backup .*: \d+ files \(\d+ papers and results\), .* MiB\/s; ledger \d+ entries, root [0-9a-f]{16}/);
  assert.equal(statSync(to).mode & 0o777, 0o600);
  assert.match(readFileSync(join(data, 'backup.last'), 'utf8'), /^\d{16} \d+\n$/);
  assert.deepEqual(readdirSync(data).filter((n) => n.startsWith('backup.tmp') || n.endsWith('.part')), []);
  const place = await prove(to, 'plain', filed);
  const again = await runBombo(['restore', to, '--data', place]);
  assert.equal(again.code, 1);
  assert.match(again.err, /not empty: choose a new folder/);
  ok(await runBombo(['ledger', 'verify', '--data', place]));
});

test('an encrypted backup shows nothing and opens only with its passphrase', { skip }, async () => {
  const to = join(dir, 'secret.bbk');
  ok(await runBombo(['backup', to, '--data', data, '--passphrase-file', pass]));
  const bytes = readFileSync(to);
  for (const word of ['SQLite format 3', 'Thị Mơ', '070190900018', 'PRIVATE KEY', 'manifest.json', 'dossier']) {
    assert.equal(bytes.indexOf(word), -1, word);
  }
  const none = await runBombo(['restore', to, '--data', join(dir, 'no')]);
  assert.equal(none.code, 1);
  assert.match(none.err, /passphrase/);
  writeFileSync(`${pass}.wrong`, 'một cụm từ dài để thử lại\n');
  const wrong = await runBombo(['restore', to, '--data', join(dir, 'no'), '--passphrase-file', `${pass}.wrong`]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /the passphrase is wrong, or the file was changed/);
  assert.ok(!existsSync(join(dir, 'no')) && !existsSync(join(dir, 'no.restoring')));
  await prove(to, 'secret', filed, ['--passphrase-file', pass]);
});

test('a backup taken under load holds everything that was acknowledged before it began', { skip }, async () => {
  let stop = false;
  let failure = null;
  const work = Array.from({ length: 2 }, async () => {
    while (!stop) await file().catch((e) => { failure ??= e; stop = true; });
  });
  const target = filed.length + 2;
  while (filed.length < target && !failure) await new Promise((r) => setTimeout(r, 5));
  const promised = [...filed];
  const to = join(dir, 'load.bbk');
  const r = await runBombo(['backup', to, '--data', data]);
  const during = filed.length - promised.length;
  stop = true;
  await Promise.all(work);
  assert.ifError(failure);
  ok(r);
  const place = await prove(to, 'load', promised);
  const n = Number(spawnSync('/usr/bin/python3', ['-c', 'import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM dossier").fetchone()[0])',
    join(place, 'bombo.db')], { encoding: 'utf8' }).stdout);
  assert.ok(n >= promised.length && n <= filed.length, `${n} dossiers, ${promised.length} promised, ${during} filed meanwhile`);
});

test('cut, changed and foreign files are refused, and nothing is left behind', { skip }, async () => {
  const whole = join(dir, 'whole.bbk');
  ok(await runBombo(['backup', whole, '--data', data]));
  const { size } = statSync(whole);
  const place = join(dir, 'refused');
  const refused = async (path, why) => {
    const r = await runBombo(['restore', path, '--data', place]);
    assert.equal(r.code, 1, why);
    assert.match(r.err, /nothing was restored/);
    assert.ok(!existsSync(place) && !existsSync(`${place}.restoring`), `${why}: something was left behind`);
  };
  const bad = join(dir, 'bad.bbk');
  for (const at of [0, 30, 64, 70, Math.floor(size / 2), size - 20, size - 1]) {
    const bytes = readFileSync(whole);
    bytes[at] ^= 0x10;
    writeFileSync(bad, bytes);
    await refused(bad, `one bit changed at ${at}`);
  }
  for (const n of [0, 63, 64, 1000, Math.floor(size / 2), size - 1]) {
    writeFileSync(bad, readFileSync(whole));
    const fd = openSync(bad, 'r+');
    ftruncateSync(fd, n);
    closeSync(fd);
    await refused(bad, `cut to ${n}`);
  }
  writeFileSync(bad, Buffer.concat([readFileSync(whole).subarray(0, 64), readFileSync(whole)]));
  await refused(bad, 'shifted');
  await refused(join(data, 'bombo.db'), 'a database');
  await refused(join(dir, 'nobody.bbk'), 'no file');
  await prove(whole, 'whole', filed); // and the one that nobody touched is good
});

test('a folder keeps as many as it is told; the standard output works too', { skip }, async () => {
  const folder = join(dir, 'many');
  mkdirSync(folder);
  writeFileSync(join(folder, 'letter.txt'), 'not ours');
  for (const day of ['20250101', '20250102', '20250103']) writeFileSync(join(folder, `bombo-${day}-000000.bbk`), 'old');
  ok(await runBombo(['backup', folder, '--data', data, '--keep', '2']));
  const names = readdirSync(folder).sort();
  assert.equal(names.length, 3, names.join(' '));
  assert.deepEqual([names[0], names[2]], ['bombo-20250103-000000.bbk', 'letter.txt']);
  await prove(join(folder, names[1]), 'many-back', filed);
  const piped = spawnSync('sh', ['-c', '"$0" backup - --data "$1" | "$0" restore - --data "$2"', bin, data, join(dir, 'piped')], { cwd: root, encoding: 'utf8' });
  assert.equal(piped.status, 0, piped.stderr);
  assert.match(piped.stderr, /restored and verified/);
  const nowhere = await runBombo(['backup', '/proc/nowhere/x.bbk', '--data', data]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.err, /the backup was not taken/);
});
