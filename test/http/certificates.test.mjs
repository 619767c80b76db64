// TLS certificates of the exchange that end: of the relay (ended), of a service, of another installation and of a
// system that calls (about to end), one that was renewed, and one
// that holds for long. What is told: alarms, /metrics, and what the caller gets when a service's certificate has ended.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { furnish, idOf, ownPort, start, token } from '../lib/nodes.mjs';
import { dropDir, newDir, root, until } from '../lib/server.mjs';

const node = { name: 'xa.test' };
const dir = newDir();
const answer = (rq, rs) => rs.setHeader('content-type', 'application/json').end('{"so":"12"}');
let service, certs, admin;

/** A self-signed certificate for so many days; made at another time when `at` says so. */
function certificate(name, days, at) {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', String(days), '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.pem`)];
  const made = at ? spawnSync(join(root, 'tools/at'), [at, 'openssl', ...words], { env: { ...process.env, MAKEFLAGS: '' } }) : spawnSync('openssl', words);
  assert.equal(made.status, 0, String(made.stderr));
  return { name, cert: readFileSync(join(dir, `${name}.pem`), 'utf8'), key: readFileSync(join(dir, `${name}.key`), 'utf8') };
}

const serve = async (c, port) => {
  service = https.createServer({ cert: c.cert, key: c.key }, answer).listen(port, '127.0.0.1');
  await once(service, 'listening');
};
const quit = async () => {
  const closed = once(service, 'close');
  service.close();
  service.closeAllConnections();
  await closed;
};

before(async () => {
  certs = { relay: certificate('relay-ended', 2, '2020-01-01 08:00'), soon: certificate('soon', 5), ended: certificate('ended', 2, '2020-01-01 08:00') };
  writeFileSync(join(dir, 'trusted.pem'), certs.soon.cert + certs.ended.cert);
  process.env.SSL_CERT_FILE = join(dir, 'trusted.pem'); // of the programs started from here
  admin = await ownPort();
  Object.assign(node, { data: newDir(), port: await ownPort(), relayPort: await ownPort(), nodePort: await ownPort(),
    args: ['--admin', `127.0.0.1:${admin}`, '--relay-cert', join(dir, 'relay-ended.pem'), '--relay-key', join(dir, 'relay-ended.key')] });
  await start(node);
  node.service = await ownPort();
  await serve(certs.soon, node.service);
  await furnish(node, `https://127.0.0.1:${node.service}/api`);
  node.token = await token(node);
});
after(async () => {
  await node.server?.stop();
  if (service?.listening) await quit();
  for (const d of [dir, node.data]) if (d) dropDir(d);
});

const call = () => new Promise((resolve, reject) => {
  https.get({ host: '127.0.0.1', port: node.relayPort, path: '/r1/VN/GOV/S1/DAT-DAI/so-dat/thua/12', rejectUnauthorized: false, agent: false,
    headers: { authorization: `Bearer ${node.token}`, 'x-road-client': 'VN/GOV/X1/MOT-CUA' } }, (rs) => {
    let text = '';
    rs.on('data', (b) => { text += b; }).on('end', () => resolve({ status: rs.statusCode, error: rs.headers['x-road-error'], text }));
  }).on('error', reject);
});

/** Another installation with one member, known by its card. */
async function meet(name, code, days) {
  const card = (await node.operator.get('/truc/diem-ket-noi/the')).json();
  idOf(await node.operator.form('/truc/thanh-vien', { class: 'GOV', code, name: `Cơ quan ${code}` }));
  const r = await node.operator.form('/truc/diem-ket-noi', { card: JSON.stringify({ ...card, node: name, address: '127.0.0.1:1',
    tls: certificate(name, days).cert, members: [{ member: `VN/GOV/${code}`, cert: certificate(code, 400).cert }] }) });
  assert.equal(r.status, 303, r.text.slice(0, 2000));
}

test('what ends within the limit, and what has ended, raises an alarm; what holds for long does not; /metrics has the first end', async () => {
  await until('a call through the relay', async () => (await call()).status === 200);
  await meet('gan-het.test', 'C1', 5);
  await meet('con-lau.test', 'C2', 60);
  const shows = async (system, name, days) => assert.equal((await node.operator.form(`/truc/he-thong/${system}/chung-thu`,
    { cert: certificate(name, days).cert }, { from: `/truc/he-thong/${system}` })).status, 303);
  const other = idOf(await node.operator.form(`/truc/thanh-vien/${node.consumerMember}/he-thong`, { code: 'KE-TOAN', name: 'Kế toán' },
    { from: `/truc/thanh-vien/${node.consumerMember}` }));
  await shows(node.consumer, 'may-goi', 5);
  await shows(other, 'ke-toan', 5);
  await shows(other, 'ke-toan-moi', 400); // renewed: the old one may end
  const alarms = await until('the four alarms', async () => {
    const all = (await node.operator.get('/api/v1/truc/giam-sat')).json().alarms.filter((a) => a.kind === 'late');
    return ['relay', 'gan-het.test', `127.0.0.1:${node.service}`, 'GOV/X1/MOT-CUA'].every((n) => all.some((a) => a.name.includes(n))) && all;
  }, 120000);
  const of = (part) => alarms.find((a) => a.name.includes(part));
  assert.match(of('relay').value, /^[-−]/, 'days since it ended');
  for (const part of ['gan-het.test', `127.0.0.1:${node.service}`, 'GOV/X1/MOT-CUA']) assert.match(of(part).value, /^[345]$/, part);
  for (const part of ['con-lau.test', 'KE-TOAN']) assert.equal(of(part), undefined, part);
  const metrics = await until('the figure of alarms', async () => { // it is looked at now and then
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    return Number(/^bombo_exchange_alarms (\d+)/m.exec(text)?.[1]) >= 4 && text;
  }, 120000);
  const [, first] = /^bombo_exchange_tls_first_expiry_timestamp_seconds (\d+)/m.exec(metrics);
  assert.equal(Number(first), Date.parse(new X509Certificate(certs.relay.cert).validTo) / 1000);
});

test('a service whose certificate has ended is not called: the caller is told so, and the account says why', async () => {
  await quit();
  await serve(certs.ended, node.service);
  const r = await until('a new connection to the service', async () => {
    const got = await call();
    return got.status !== 200 && got;
  });
  assert.deepEqual([r.status, r.error, JSON.parse(r.text).type], [500, 'Server.ServerProxy.SslAuthenticationFailed', 'Server.ServerProxy.SslAuthenticationFailed']);
  await until('its account', async () => /chứng thư|TLS/i.test((await node.operator.get(`/truc/nhat-ky?he-thong=${node.consumer}`)).text));
  await quit();
  await serve(certs.soon, node.service);
  await until('it is called again', async () => (await call()).status === 200);
});
