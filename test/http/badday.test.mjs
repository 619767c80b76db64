// Bad days of the machine: the message is plain, nothing is half-written, and work goes on afterwards.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { isPostgres } from '../lib/postgres.mjs';
import { Client, dropDir, freePort, newDir, runBombo, startServer } from '../lib/server.mjs';

const sql = (file, statement) => {
  const p = spawnSync('/usr/bin/python3', ['-c',
    'import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); r=c.execute(sys.argv[2]).fetchall(); c.commit(); print(r); c.close()', file, statement], { encoding: 'utf8' });
  assert.equal(p.status, 0, p.stderr);
  return p.stdout;
};
const hash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

test('a second program on the same data folder is refused, the first works on', { skip: isPostgres && 'of the embedded store' }, async () => {
  const server = await startServer();
  const second = await runBombo(['run', '--port', String(await freePort()), '--data', server.data, '--demo']);
  assert.notEqual(second.code, 0);
  assert.match(second.err, /Another bombo uses this data folder: stop it, or choose another with --data/);
  const c = new Client(server);
  assert.equal((await c.signIn()).status, 303);
  const v = await runBombo(['ledger', 'verify', '--data', server.data]);
  assert.equal(v.code, 0, v.err);
  assert.match(v.out, /faults 0\n/);
  assert.equal(await server.stop(), 0);
});

test('a port in use is named, with what to do', async () => {
  const taken = net.createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  const data = newDir();
  const r = await runBombo(['run', '--port', String(taken.address().port), '--data', data]);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /Is the port free\? Choose another with --port/);
  taken.close();
  dropDir(data);
});

test('a faulty pack is refused at the start, with every fault at once', async () => {
  const data = newDir();
  const r = await runBombo(['run', '--port', String(await freePort()), '--data', data, '--pack', 'test/packs/faulty']);
  const check = await runBombo(['pack', 'check', 'test/packs/faulty']);
  const faults = (text) => [...text.matchAll(/^\S+\.(?:csv|json|txt|bpmn|md|xml)(?::\d+)?:/gm)].length;
  assert.notEqual(r.code, 0);
  assert.notEqual(check.code, 0);
  assert.ok(faults(check.out) >= 5, check.out);
  assert.equal(faults(r.err), faults(check.out), r.err);
  assert.match(r.err, /Mend the lines above, or give another folder with --pack/);
  dropDir(data);
});

test('no pack at all is said so', async () => {
  const data = newDir();
  const r = await runBombo(['run', '--port', String(await freePort()), '--data', data, '--pack', 'no/such/folder']);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /--pack/);
  dropDir(data);
});

test('a database of a newer program is refused and left as it is', { skip: isPostgres && 'of the embedded store' }, async () => {
  const server = await startServer({ data: newDir(), demo: false });
  const { data } = server;
  assert.equal(await server.stop(), 0);
  const file = join(data, 'bombo.db');
  sql(file, "UPDATE store_meta SET value = '999' WHERE name = 'schema_version'");
  const before = hash(file);
  const r = await runBombo(['run', '--port', String(await freePort()), '--data', data]);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /schema version 999/);
  assert.match(r.err, /newer program/);
  assert.doesNotMatch(r.err, /free space/);
  assert.equal(hash(file), before, 'the file was touched');
  const v = await runBombo(['ledger', 'verify', '--data', data]);
  assert.notEqual(v.code, 0);
  dropDir(data);
});

test('a data folder that cannot be written is named', { skip: !existsSync('/proc/self') }, async () => {
  const r = await runBombo(['run', '--port', String(await freePort()), '--data', '/proc/self/bombo']);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /Choose a folder you may write to with --data/);
});

test('wrong words on the command line are all told at once', async () => {
  const r = await runBombo(['run', '--prot', '1', '--port', 'x', '--today', '31/12']);
  assert.equal(r.code, 2);
  for (const word of ['--prot', '--port wants a number', '--today wants a date']) assert.ok(r.err.includes(word), r.err);
});

test('a full disk: 507 with a plain page, what was typed is kept, and all works again afterwards', { timeout: 300000, skip: isPostgres && 'of the embedded store' }, async (t) => {
  const data = newDir();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', data]).status !== 0) {
    dropDir(data);
    t.skip('needs the right to mount a small file system');
    return;
  }
  let server;
  try {
    const folder = join(data, 'd');
    mkdirSync(folder);
    server = await startServer({ data: folder, args: ['--sign-in-tries', '1000', '--sign-in-peer', '10000'] });
    const before = new Client(server);
    assert.equal((await before.signIn()).status, 303);
    // a form is open in a browser when the disk fills up
    const open = new Client(server);
    const page = await open.get('/dang-nhap');
    const filler = join(data, 'filler');
    const fill = () => {
      const { bavail, bsize } = statfsSync(data);
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, `bs=${bsize}`, `count=${bavail + 8}`, 'oflag=append', 'conv=notrunc']);
    };
    fill();
    const typed = { login: '070190900018', password: 'giagao-bombo', csrf: Client.token(page.text) };
    let full;
    for (let i = 0; i < 200 && full?.status !== 507; i++) { // until the log's last page is used up
      full = await open.request('POST', '/dang-nhap', { body: new URLSearchParams(typed), headers: { origin: server.url } });
      fill();
      if (full.status === 303) { open.cookies.clear(); const again = await open.get('/dang-nhap'); if (again.status !== 200) { full = again; break; } typed.csrf = Client.token(again.text); }
    }
    assert.equal(full.status, 507, full.text.slice(0, 400));
    assert.match(full.text, /Máy chủ hết chỗ lưu/);
    assert.match(full.text, /những gì đã lưu vẫn an toàn/);
    // reading goes on for those who are signed in
    assert.equal((await before.get('/thu-tuc')).status, 200);
    const v = await runBombo(['ledger', 'verify', '--data', folder]);
    assert.equal(v.code, 0, v.out + v.err);
    rmSync(filler);
    const c = new Client(server);
    assert.equal((await c.signIn()).status, 303, 'works again after space is freed');
    assert.equal((await before.get('/dang-nhap')).text.includes('Thị Mơ'), true, 'the earlier session is still there');
    const w = await runBombo(['ledger', 'verify', '--data', folder]);
    assert.equal(w.code, 0, w.out + w.err);
    assert.equal(await server.stop(), 0);
    const restarted = await startServer({ data: folder });
    assert.equal(await restarted.stop(), 0);
    writeFileSync(join(data, 'ok'), '');
  } finally {
    await server?.kill(); // of a test that failed: nothing may wait for it
    spawnSync('umount', ['-l', data]);
    dropDir(data);
  }
});
