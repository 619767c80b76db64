// Papers in a bucket of an S3 server (s3rver) behind a line that can be away, cut, silent: nothing acknowledged is lost,
// what cannot be kept is refused with words, and is taken when sent again. s3rver does not check signatures of version
// 4, so the line does: with an implementation of its own, and the digest of the content too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import S3rver from 's3rver';
import { addPaper, begin, newPicture, paperLinks, sha256 } from '../lib/filing.mjs';
import { upload } from '../lib/form.mjs';
import { isPostgres } from '../lib/postgres.mjs';
import { Client, dropDir, newDir, root, runBombo, startServer, until } from '../lib/server.mjs';

const dir = mkdtempSync(join(tmpdir(), 'bombo-s3-'));
const data = newDir();
const keyFile = join(dir, 'key');
/** The line to the bucket: open, or away (refused), cut (once, in the middle of a request), silent (takes, never answers). */
const line = { mode: 'open', n: 0, refused: 0, held: new Set() };
let bucket, proxy, server, words;

const hash = (x) => createHash('sha256').update(x).digest('hex');
const hmac = (key, x) => createHmac('sha256', key).update(x).digest();

/** Whether a request's head is signed with the bucket's key (AWS Signature Version 4). */
function isSigned(head) {
  const [first, ...lines] = head.split('\r\n');
  const [method, target] = first.split(' ');
  const [path, query = ''] = target.split('?');
  const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
  const m = /^AWS4-HMAC-SHA256 Credential=S3RVER\/(\d{8})\/us-east-1\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization);
  if (!m) return false;
  const [, day, names, signature] = m;
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((n) => names.split(';').includes(n))) return false;
  const canonical = [method, path, query.split('&').sort().join('&'), ...names.split(';').map((n) => `${n}:${headers[n]}`), '', names,
    headers['x-amz-content-sha256']].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], `${day}/us-east-1/s3/aws4_request`, hash(canonical)].join('\n');
  const key = [day, 'us-east-1', 's3', 'aws4_request'].reduce(hmac, 'AWS4S3RVER');
  return hmac(key, text).toString('hex') === signature;
}

/** Lets a whole request through when it is signed and its content has the digest that is signed; one request a line. */
function inspect(client, pass) {
  let bytes = Buffer.alloc(0);
  let isWaved = false;
  client.on('data', (b) => {
    bytes = Buffer.concat([bytes, b]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = bytes.subarray(0, end).toString('latin1');
    if (/^expect: 100-continue/im.test(head) && !isWaved) {
      isWaved = true;
      client.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (bytes.length < end + 4 + length) return;
    client.removeAllListeners('data');
    const isGood = isSigned(head) && hash(bytes.subarray(end + 4)) === /^x-amz-content-sha256: (\w+)/im.exec(head)[1];
    // the bucket's clock does not go ahead with that of a program whose test lets days pass
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const fit = head.replace(/\r\nexpect:[^\r]*/i, '').replace(/(\r\nx-amz-date: *)\w+/i, `$1${now}`);
    if (isGood) return pass(Buffer.concat([Buffer.from(fit, 'latin1'), bytes.subarray(end)]));
    line.refused++;
    client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
}

function carry(client, to) {
  line.n++;
  line.held.add(client);
  client.on('error', () => {});
  client.on('close', () => line.held.delete(client));
  if (line.mode === 'away') return client.destroy();
  if (line.mode === 'silent') return client.resume();
  if (line.mode === 'cut') { // hears the beginning only
    line.mode = 'open';
    client.once('data', () => client.destroy());
    return undefined;
  }
  const s = net.connect(to, '127.0.0.1');
  s.on('error', () => client.destroy());
  s.on('close', () => client.destroy());
  client.on('close', () => s.destroy());
  s.pipe(client);
  return inspect(client, (whole) => s.write(whole));
}

before(async () => {
  bucket = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: join(dir, 's3'), configureBuckets: [{ name: 'bombo' }] });
  const { port: real } = await bucket.run();
  proxy = net.createServer((c) => carry(c, real)).listen(0, '127.0.0.1');
  await new Promise((ok) => proxy.on('listening', ok));
  writeFileSync(keyFile, 'S3RVER\nS3RVER\n', { mode: 0o600 });
  words = ['--blobs', `s3:http://127.0.0.1:${proxy.address().port}/bombo/giay`, '--blobs-key', keyFile];
  server = await startServer({ data, args: words });
});
after(async () => {
  await server?.kill();
  for (const c of line.held) c.destroy();
  proxy?.close();
  await bucket?.close();
  rmSync(dir, { recursive: true, force: true });
  dropDir(data);
});

const at3 = (folder) => join(dir, 's3/bombo/giay', folder);
const inBucket = (folder) => (existsSync(at3(folder)) ? [...new Set(readdirSync(at3(folder)).map((f) => f.slice(0, 64)))] : []);
const objects = () => inBucket('blobs');
const fileOf = (hash) => join(at3('blobs'), readdirSync(at3('blobs')).find((f) => f.startsWith(hash) && f.endsWith('object')));
const outOfTheWay = (hash) => readdirSync(at3('blobs')).filter((f) => f.startsWith(hash)).forEach((f) => renameSync(join(at3('blobs'), f), join(at3('gone'), f)));

async function citizen(at = server) {
  const c = new Client(at);
  assert.equal((await c.signIn()).status, 303);
  return c;
}

/** Hands in one more picture: the answer. */
async function handIn(c, at) {
  const loai = /name="loai" value="([^"]+)"/.exec((await c.get(at)).text)[1];
  return upload(c, at, { loai }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes: newPicture() }]);
}

test('a paper goes into the bucket under its hash, not into the folder, and comes back', async () => {
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const [href] = await paperLinks(c, at);
  const r = await c.get(href);
  assert.equal(r.status, 200);
  assert.ok(objects().includes(sha256(r.bytes)), 'the object has the name of its content');
  assert.equal(readdirSync(data).includes('blobs'), false);
  assert.equal((await c.get(`${at}`)).status, 200);
});

test('away: refused with words and nothing half; sent again it is there', async () => {
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const [href] = await paperLinks(c, at);
  line.mode = 'away';
  const asked = line.n;
  const r = await handIn(c, at);
  assert.equal(r.status, 502, r.text.slice(0, 300));
  assert.match(r.text, /Hệ thống liên thông chưa trả lời/);
  assert.equal(line.n - asked, 3, 'tried three times');
  assert.equal((await c.get(href)).status, 502);
  line.mode = 'open';
  assert.equal((await paperLinks(c, at)).length, 1, 'no row names a file that is not there');
  assert.equal((await c.get(href)).status, 200);
  assert.equal((await handIn(c, at)).status, 303);
  for (const one of await paperLinks(c, at)) assert.equal((await c.get(one)).status, 200);
});

test('an upload cut off in the middle is sent again by itself', async () => {
  const c = await citizen();
  const at = `${await begin(c)}`;
  line.mode = 'open';
  const papers = await addPaper(c, at, newPicture());
  line.mode = 'cut';
  assert.equal((await handIn(c, papers)).status, 303);
  assert.equal(line.mode, 'open', 'the line was cut');
  for (const one of await paperLinks(c, papers)) {
    const r = await c.get(one);
    assert.equal(r.status, 200);
    assert.ok(objects().includes(sha256(r.bytes)));
  }
});

test('silent: given up after a while, with words', async () => {
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  line.mode = 'silent';
  const r = await handIn(c, at);
  line.mode = 'open';
  for (const one of line.held) one.destroy();
  assert.equal(r.status, 504, r.text.slice(0, 300));
  assert.equal((await handIn(c, at)).status, 303);
});

test('an object that was changed in the bucket is never shown', async () => {
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const [href] = await paperLinks(c, at);
  const good = (await c.get(href)).bytes;
  const path = fileOf(sha256(good));
  const bad = Buffer.from(good);
  bad[bad.length - 1] ^= 1;
  writeFileSync(path, bad);
  assert.equal((await c.get(href)).status, 500);
  writeFileSync(path, good);
  assert.deepEqual((await c.get(href)).bytes, good);
});

test('a wrong key, and words that are wrong, are told', async () => {
  const wrong = join(dir, 'wrong');
  writeFileSync(wrong, 'S3RVER\nnot-the-secret\n');
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const good = readFileSync(keyFile);
  writeFileSync(keyFile, readFileSync(wrong)); // the key is read anew each time
  assert.equal(line.refused, 0, 'everything before was signed well');
  assert.equal((await handIn(c, at)).status, 502);
  assert.equal(line.refused, 1, 'not tried again: it would be refused again');
  writeFileSync(keyFile, good);
  assert.equal((await handIn(c, at)).status, 303);
  for (const args of [['--blobs', 'http://host/bucket'], ['--blobs', 's3:http://host'], ['--blobs', 's3:http://host/bucket']]) {
    const r = await runBombo(['run', '--data', join(dir, 'none'), ...args]);
    assert.equal(r.code, 2, r.err);
    assert.match(r.err, /--blobs/);
  }
});

test('two processes share the bucket', { skip: !isPostgres && 'needs tools/with-postgres' }, async () => {
  const other = await startServer({ data, args: words });
  const c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const [href] = await paperLinks(c, at);
  const there = new Client(other);
  there.cookies = new Map(c.cookies);
  assert.deepEqual((await there.get(href)).bytes, (await c.get(href)).bytes);
  await other.kill();
});

/** The program again, some days later by a clock that stands ahead for it alone; a citizen signed in there. */
async function daysLater(days) {
  const ahead = 'build/testtools/clock_ahead.so';
  assert.equal(spawnSync('make', ['-s', ahead], { cwd: root, stdio: 'inherit' }).status, 0);
  await server.stop();
  const env = { LD_PRELOAD: root + ahead, CLOCK_AHEAD_S: String(days * 86400 + Number(process.env.CLOCK_AHEAD_S ?? 0)) };
  server = await startServer({ data, args: words, env });
  return citizen();
}

/** Puts files into the bucket that no row names, as a program does that ends between writing a file and its row. */
async function orphans(...files) {
  const from = join(dir, 'orphans');
  for (const bytes of files) {
    const h = sha256(bytes);
    mkdirSync(join(from, 'blobs', h.slice(0, 2), h.slice(2, 4)), { recursive: true });
    writeFileSync(join(from, 'blobs', h.slice(0, 2), h.slice(2, 4), h), bytes);
  }
  const r = await runBombo(['blobs', 'push', '--data', from, ...words]);
  assert.equal(r.code, 0, r.out + r.err);
  return files.map(sha256);
}

test('what no row names goes out of the way, and later for good; who asks for what went too early finds it', async () => {
  let c = await citizen();
  const at = await addPaper(c, await begin(c), newPicture());
  const [kept] = await paperLinks(c, at);
  const keptHash = sha256((await c.get(kept)).bytes);
  const [lost] = await orphans(randomBytes(3000));
  assert.ok(objects().includes(keptHash) && objects().includes(lost));

  c = await daysLater(3);
  await until('the orphan out of the way', () => inBucket('gone').includes(lost) && !objects().includes(lost));
  assert.ok(objects().includes(keptHash));
  outOfTheWay(keptHash); // as if its row had been written just then
  assert.equal(sha256((await c.get(kept)).bytes), keptHash);
  assert.ok(objects().includes(keptHash), 'put back by the first who asks');
  outOfTheWay(keptHash);

  c = await daysLater(6);
  await until('the orphan removed', () => !inBucket('gone').includes(lost) && !objects().includes(lost));
  await until('what a row names put back', () => objects().includes(keptHash) && !inBucket('gone').includes(keptHash));
  assert.equal(sha256((await c.get(kept)).bytes), keptHash);
  await daysLater(0);
});

test('pushed, pulled, backed up and restored: every paper is there, under the hash it had', { skip: isPostgres && 'a backup is of the embedded store' }, async () => {
  const hashes = objects().sort();
  const file = join(dir, 'b.bak');
  const taken = await runBombo(['backup', file, '--data', data, ...words]);
  assert.equal(taken.code, 0, taken.out + taken.err);
  const restored = join(dir, 'restored');
  const back = await runBombo(['restore', file, '--data', restored, ...words]);
  assert.equal(back.code, 0, back.out + back.err);
  const inFolder = (at) => readdirSync(join(at, 'blobs'), { recursive: true }).map((f) => f.split('/').pop()).filter((f) => f.length === 64).sort();
  assert.deepEqual(inFolder(restored), hashes);
  const other = [words[0], `${words[1]}-moi`, ...words.slice(2)];
  line.mode = 'cut'; // one of them is sent twice
  const pushed = await runBombo(['blobs', 'push', '--data', restored, ...other]);
  assert.equal(pushed.code, 0, pushed.out + pushed.err);
  assert.match(pushed.out, new RegExp(`pushed and proven: ${hashes.length} files`));
  const pulled = await runBombo(['blobs', 'pull', '--data', join(dir, 'pulled'), ...other]);
  assert.equal(pulled.code, 0, pulled.out + pulled.err);
  assert.deepEqual(inFolder(join(dir, 'pulled')), hashes);
  line.mode = 'away';
  const refused = await runBombo(['blobs', 'pull', '--data', join(dir, 'pulled'), ...other]);
  line.mode = 'open';
  assert.equal(refused.code, 1);
  assert.match(refused.err, /not all files are over/);
});
