// The program as a service: probes, figures, log, reload, the supervisor, an end that loses nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { addPaper, begin, complete, newPicture, submit } from '../lib/filing.mjs';
import { isPostgres, storeWords } from '../lib/postgres.mjs';
import { bin, Client, demo, dropDir, freePort, hasSaid, logLines, newDir, officers, root, runBombo, start, startServer, until } from '../lib/server.mjs';

const dir = newDir();
const data = join(dir, 'data');
const conf = join(dir, 'bombo.conf');
const pack = join(dir, 'pack');
let server;
let admin;
let officer;

const makeCert = (name) => {
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
    '-subj', `/CN=${name}`, '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')]);
  assert.equal(r.status, 0, r.stderr?.toString());
};
const writeConf = (level, more = '') => writeFileSync(conf, `# test\naddress = 127.0.0.1\nlog-level = ${level}\n\npack = ${pack}:build/demo-pack\n${more}`);
/** Value of a series, by its whole name with labels. */
const value = (text, name) => Number(text.split('\n').find((l) => l.startsWith(`${name} `))?.slice(name.length + 1));
const metrics = async () => {
  const r = await fetch(`http://127.0.0.1:${admin}/metrics`);
  assert.equal(r.status, 200);
  assert.match(r.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  return r.text();
};

before(async () => {
  cpSync(join(root, 'packs/binh-phuoc'), pack, { recursive: true });
  admin = await freePort();
  writeConf('debug', `admin = 127.0.0.1:${admin}\n`);
  server = await startServer({ data, args: ['--config', conf] });
  officer = new Client(server);
  assert.equal((await officer.signIn(officers.operator)).status, 303);
});
after(async () => {
  await server?.kill();
  dropDir(dir);
});

test('probes answer on both addresses, figures only on the admin one', async () => {
  for (const at of [`http://127.0.0.1:${admin}`, server.url]) {
    for (const [path, want] of [['/healthz', 'ok\n'], ['/readyz', 'ready\n']]) {
      const r = await fetch(at + path);
      assert.equal(r.status, 200, at + path);
      assert.equal(await r.text(), want);
    }
  }
  assert.equal((await fetch(`${server.url}/metrics`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${admin}/`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${admin}/metrics`, { method: 'POST', body: 'x' })).status, 404);
});

test('a journey shows in the figures and in the log, without personal data', async () => {
  const from = server.err.length;
  const was = await metrics();
  const citizen = new Client(server);
  assert.equal((await citizen.signIn()).status, 303);
  const base = await begin(citizen);
  await addPaper(citizen, base, newPicture());
  const filed = await submit(citizen, await complete(citizen, base, { email: 'mo@vidu.example' }));
  assert.equal(filed.status, 303, filed.text.slice(0, 300));
  assert.equal((await citizen.get(filed.location)).status, 200);
  assert.equal((await citizen.get('/tim?q=Điểu+Thị+Mơ+070190900018')).status, 200);
  assert.equal((await citizen.get(`/khong-co/${demo.citizen}`)).status, 404);
  const receiver = new Client(server);
  assert.equal((await receiver.signIn(officers.receiver)).status, 303);
  const inbox = await receiver.get('/can-bo');
  const dossier = /href="(\/can-bo\/ho-so\/[^"?#]+)/.exec(inbox.text)?.[1];
  assert.ok(dossier, 'the dossier is in the inbox');
  assert.match((await receiver.get(dossier)).text, /Thị Mơ/);

  const isFiled = (l) => l.route === '/nhap/{id}/nop' && l.method === 'POST' && l.status === 303;
  const told = () => server.err.slice(from).split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l)).filter((l) => l.event === 'request');
  await until('the log of all requests', () => told().some(isFiled) && told().some((l) => l.route === '/can-bo/ho-so/{id}'));
  for (const name of ['bombo_store_commits_total', 'bombo_store_closure_duration_seconds_count', 'bombo_http_requests_total',
    'bombo_http_answers_total{status="2xx"}', 'bombo_http_answers_total{status="3xx"}', 'bombo_http_answers_total{status="4xx"}',
    'bombo_http_work_duration_seconds_count', 'bombo_ledger_leaves_total']) {
    await until(name, async () => value(await metrics(), name) > value(was, name));
  }
  const now = await metrics();
  assert.ok(value(now, 'bombo_http_request_duration_seconds_count{module="filing"}') > 5);
  assert.equal(value(now, 'bombo_ready'), 1);
  for (const word of [demo.citizen, 'Mơ', 'vidu.example']) assert.ok(!now.includes(word), `the figures hold ${word}`);

  const text = server.err.slice(from);
  const lines = logLines(text);
  for (const word of ['Mơ', 'vidu.example', 'Điểu', '%', '070190', filed.location.split('/')[2]]) {
    assert.ok(!text.includes(word), `the log holds ${word}`);
  }
  const asked = lines.filter((l) => l.event === 'request');
  assert.ok(asked.length > 20, `${asked.length} requests in the log`);
  for (const l of asked) assert.match(l.trace, /^[0-9a-f]{32}$/);
  assert.ok(asked.some(isFiled), text);
  assert.ok(asked.some((l) => l.route === '-' && l.status === 404), 'a path outside the tables is not written down');
});

test('histograms add up, and promtool finds nothing to say', async () => {
  const text = await metrics();
  const series = [...text.matchAll(/^(\w+)_bucket\{((?:\w+="[^"]*",)*)le="([^"]+)"\} (\d+)$/gm)];
  assert.ok(series.length > 100);
  let last;
  for (const [, name, labels, le, n] of series) {
    if (last && last.name === name && last.labels === labels) assert.ok(Number(n) >= last.n, `${name} falls at ${le}`);
    last = { name, labels, n: Number(n) };
    const plain = labels ? `{${labels.slice(0, -1)}}` : '';
    if (le === '+Inf') assert.equal(value(text, `${name}_count${plain}`), Number(n), name);
  }
  for (const name of ['bombo_http_requests_total', 'bombo_http_request_duration_seconds', 'bombo_http_work_duration_seconds', 'bombo_http_queue_length',
    'bombo_http_queue_wait_seconds', 'bombo_store_closure_duration_seconds', 'bombo_store_commit_duration_seconds', 'bombo_store_queue_length',
    'bombo_store_size_bytes', 'bombo_outbox_waiting', 'bombo_ledger_lag_seconds', 'bombo_ledger_pending', 'bombo_disk_free_bytes']) {
    assert.match(text, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'), `no ${name}`);
  }
  const tool = spawnSync('tools/promtool', { cwd: root, encoding: 'utf8' });
  assert.equal(tool.status, 0, tool.stderr);
  const r = spawnSync(tool.stdout.trim(), ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.equal((r.stdout + r.stderr).trim(), '');
});

test('SIGHUP takes over the log level and the content, and refuses a faulty content', async () => {
  const home = async () => (await new Client(server).get('/')).text;
  const hup = async () => {
    const from = server.err.length;
    server.process.kill('SIGHUP');
    return until('the end of the reload', () => {
      const lines = server.err.slice(from).split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l));
      return lines.some((l) => l.event === 'reload' && l.what === 'end') && lines;
    });
  };
  const file = join(pack, 'pack.json');
  const original = readFileSync(file, 'utf8');
  const name = JSON.parse(original).name.vi;
  assert.ok((await home()).includes(name));
  writeFileSync(file, original.replace(JSON.stringify(name), '"Bản Đôn sau khi nạp lại"'));
  let lines = await hup();
  assert.ok(lines.some((l) => l.what === 'pack' && l.level === 'info'), JSON.stringify(lines));
  assert.ok((await home()).includes('Bản Đôn sau khi nạp lại'));
  writeFileSync(file, '{ not json');
  lines = await hup();
  assert.ok(lines.some((l) => l.what === 'pack' && l.level === 'error' && /pack\.json/.test(l.detail)), JSON.stringify(lines));
  assert.ok((await home()).includes('Bản Đôn sau khi nạp lại'), 'the faulty version is not in force');
  writeFileSync(file, original);
  // the words of the command line win over the file, so the level is changed where no word names it
  writeConf('debug', 'workers = 3\n');
  lines = await hup();
  assert.ok(lines.some((l) => l.what === '--workers' && /next start/.test(l.detail)), JSON.stringify(lines));
  assert.ok(lines.some((l) => l.what === '--admin'), 'a line that is gone counts too');
  writeFileSync(conf, 'log-level = loud\nnobody = 1\nworkers\n');
  lines = await hup();
  assert.ok(lines.some((l) => l.what === 'configuration' && l.level === 'error'));
  for (const word of ['there is no option nobody', 'write "name = value"']) assert.ok(server.err.includes(word), word);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test('SIGHUP changes how much the log says', async () => {
  const port = await freePort();
  const own = join(dir, 'level.conf');
  const write = (level) => writeFileSync(own, `address = 127.0.0.1\nport = ${port}\nlog-level = ${level}\n`);
  const folder = join(dir, 'level');
  write('warn');
  const s = start(bin, ['run', '--config', own, '--data', folder, '--demo', ...storeWords(folder)], { cwd: root });
  try {
    await hasSaid(s, /Bom Bo: http/);
    s.release();
    const told = () => s.err.split('\n').filter((l) => l.includes('"event":"request"') && l.includes('"route":"/dang-nhap"')).length;
    const get = async () => assert.equal((await fetch(`http://127.0.0.1:${port}/dang-nhap`)).status, 200);
    for (let i = 0; i < 20; i++) await get();
    write('info');
    s.process.kill('SIGHUP');
    let n = 0; // asked since
    await until('requests in the log', async () => {
      await get();
      n++;
      return told() > 0;
    });
    assert.ok(told() <= n + 1, 'at "warn" requests are not told (but for one that was still to be written down)');
    write('error');
    s.process.kill('SIGHUP');
    await until('silence', async () => { // a line comes after its answer: asked until five in a row were not told
      const was = told();
      for (let i = 0; i < 5; i++) await get();
      return told() === was;
    });
  } finally {
    assert.equal(await s.stop(), 0);
    dropDir(folder);
  }
});

test('the operator sees checks and charts', async () => {
  const page = await until('two samples', async () => {
    const r = await officer.get('/quan-tri/suc-khoe');
    assert.equal(r.status, 200);
    return r.text.includes('<svg class="chart"') && r;
  });
  assert.equal([...page.text.matchAll(/<svg class="chart"[^>]*>/g)].length, 6);
  assert.match(page.text, /points="\d+,\d+ \d+,\d+/);
  assert.match(page.text, isPostgres ? /sao lưu bằng công cụ của chính nó/ : /Chưa có bản sao lưu nào/);
  const doc = await officer.get('/api/v1/quan-tri/suc-khoe');
  assert.equal(doc.status, 200);
  assert.deepEqual(doc.json().checks.map((c) => c.name),
    ['store', 'writer', 'log', 'loops', 'disk', 'ledger', 'outbox', 'dead', 'jobs', 'busy', 'failures', 'tls', 'backup', 'evidence', 'stamps']);
  assert.equal(doc.json().charts, undefined, 'pictures are for pages');
});

test('a request that runs is finished, then the program ends; meanwhile it is not ready', async () => {
  const s = await startServer({ args: ['--drain', '8'] }); // longer than the slowest machine takes for what is asked meanwhile
  const form = await new Client(s).get('/dang-nhap');
  const body = new URLSearchParams({ login: demo.citizen, password: 'x', csrf: Client.token(form.text) }).toString();
  const slow = net.connect(s.port, '127.0.0.1');
  let answer = '';
  slow.on('data', (b) => (answer += b));
  slow.on('error', () => {});
  slow.write(`POST /dang-nhap HTTP/1.1\r\nHost: localhost:${s.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`);
  slow.write(body.slice(0, 10));
  const ended = s.stop();
  await until('"stopping"', async () => (await fetch(`${s.url}/readyz`)).status === 503);
  assert.equal((await fetch(`${s.url}/`)).status, 200, 'until the drain is over, work is taken');
  await until('the end of accepting', () => new Promise((r) => {
    const c = net.connect(s.port, '127.0.0.1').on('error', () => r(true)).on('connect', () => { c.destroy(); r(false); });
  }));
  slow.write(body.slice(10));
  await once(slow, 'close');
  assert.match(answer, /^HTTP\/1\.1 (403|422|303|401)/, answer.slice(0, 200));
  assert.equal(await ended, 0);
});

test('the supervisor is told: ready, alive, reloading, stopping', async () => {
  const path = join(dir, 'notify');
  const listener = start('/usr/bin/python3', ['-u', '-c',
    'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("bound")\nwhile True: print(s.recv(4096).decode().replace("\\n","|"))', path]);
  await until('the listener', () => listener.out.includes('bound'));
  const s = await startServer({ demo: false, env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '2000000' } });
  try {
    await until('READY', () => listener.out.includes('READY=1|STATUS=serving\n'));
    await until('WATCHDOG', () => listener.out.split('WATCHDOG=1\n').length > 2);
    s.process.kill('SIGHUP');
    await until('the reload', () => /RELOADING=1\|MONOTONIC_USEC=\d+\n(.*\n)*READY=1\n/.test(listener.out));
  } finally {
    assert.equal(await s.stop(), 0);
  }
  await until('STOPPING', () => listener.out.includes('STOPPING=1'));
  await listener.stop();
});

test('SIGHUP takes over a renewed certificate; open connections keep theirs', async () => {
  makeCert('truoc.vidu.example');
  const port = await freePort();
  const s = await startServer({ port, demo: false, args: ['--tls-cert', join(dir, 'cert.pem'), '--tls-key', join(dir, 'key.pem')] });
  const open = async () => {
    const c = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(c, 'secureConnect');
    return c;
  };
  const ask = async (c) => {
    c.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    return (await once(c, 'data'))[0].toString();
  };
  const old = await open();
  assert.equal(old.getPeerCertificate().subject.CN, 'truoc.vidu.example');
  makeCert('sau.vidu.example');
  s.process.kill('SIGHUP');
  const fresh = await until('the new certificate', async () => {
    const c = await open();
    if (c.getPeerCertificate().subject.CN === 'sau.vidu.example') return c;
    c.destroy();
    return null;
  });
  assert.match(await ask(old), /^HTTP\/1\.1 200/);
  assert.match(await ask(fresh), /^HTTP\/1\.1 200/);
  writeFileSync(join(dir, 'cert.pem'), 'not a certificate');
  s.process.kill('SIGHUP');
  await until('the refusal', () => s.err.includes('"level":"error","event":"reload"'));
  const c = await open();
  assert.equal(c.getPeerCertificate().subject.CN, 'sau.vidu.example', 'a faulty file changes nothing');
  for (const x of [old, fresh, c]) x.destroy();
  assert.equal(await s.stop(), 0);
});

test('a second program on the same port is refused, also by the same user', async () => {
  const other = newDir();
  const r = await runBombo(['run', '--port', String(server.port), '--address', '127.0.0.1', '--data', other]);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /port is taken/);
  dropDir(other);
});

test('the unit is hardened and the configuration file is the one the program reads', async (t) => {
  const r = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=12', 'deploy/bombo.service'], { cwd: root, encoding: 'utf8' });
  if (r.error) t.diagnostic('no systemd-analyze here: the figure was not computed');
  else assert.equal(r.status, 0, r.stdout.split('\n').slice(-4).join('\n'));
  const check = await runBombo(['help', '--config', 'deploy/bombo.conf']);
  assert.equal(check.code, 0, check.err);
});
