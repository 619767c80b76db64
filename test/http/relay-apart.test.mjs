// A relay in a process of its own beside one for pages and jobs, on one PostgreSQL: what an operator changes at the pages, and jobs
// of another process tell of, is in force at the relay within seconds. A suspended system must not go on being served.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { agree, askToken, idOf, newKey, newMember, newSystem, upload } from '../lib/exchange.mjs';
import { isPostgres, storeOf } from '../lib/postgres.mjs';
import { bin, Client, dropDir, freePort, hasSaid, newDir, officers, root, start, startServer, until } from '../lib/server.mjs';

const skip = !isPostgres && 'several processes need PostgreSQL: tools/with-postgres';
const MEMBER = 'VN/GOV/H19.91';
const data = newDir();
let pages, relay, service, port, operator;

before(async () => {
  if (skip) return;
  service = http.createServer((rq, rs) => rs.setHeader('content-type', 'application/json').end('{"so":"7"}')).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const base = ['--base-url', 'http://bombo.example']; // who issues tokens is one for all
  pages = await startServer({ data, args: ['--role', 'web,jobs', ...base] });
  operator = new Client(pages);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
  port = await freePort();
  relay = start(bin, ['run', '--data', data, '--demo', '--role', 'relay', '--store', storeOf(data), '--relay-port', String(port),
    '--relay-address', '127.0.0.1', ...base], { cwd: root });
  await hasSaid(relay, /at work/);
  relay.release();
});
after(async () => {
  await relay?.stop('SIGKILL');
  await pages?.kill();
  service?.close();
  dropDir(data);
});

const call = async (token) => {
  const r = await fetch(`http://127.0.0.1:${port}/r1/${MEMBER}/CAY/cay/cay/7`, { headers: { authorization: `Bearer ${token}`, 'x-road-client': `${MEMBER}/TRA-CUU` } });
  return `${r.status} ${r.headers.get('x-road-error') ?? ''} ${(await r.text()).slice(0, 300)}`;
};

test('an agreement and a suspension made at the pages are in force at a relay in another process', { skip, timeout: 300000 }, async () => {
  const member = await newMember(operator, 'H19.91', 'Đơn vị có cổng riêng');
  const owner = await newSystem(operator, member, 'CAY');
  const consumer = await newSystem(operator, member, 'TRA-CUU');
  const description = JSON.stringify({ openapi: '3.1.0', info: { title: 'Sổ cây xanh', version: '1' }, paths: { '/cay/{so}': { get: { operationId: 'tra-cuu-cay',
    parameters: [{ name: 'so', in: 'path', required: true, schema: { type: 'string' } }], responses: { 200: { description: 'cây' } } } } } });
  const id = idOf(await upload(pages, operator, '/truc/dich-vu-moi', { subsystem: owner, code: 'cay', name: 'Tra cứu cây xanh', data_class: 'internal',
    endpoint: `http://127.0.0.1:${service.address().port}`, sla_ms: '500' }, description));
  const agreement = await agree(operator, id, consumer, 'tra-cuu-cay');
  const token = (await (await askToken(pages, await newKey(operator, consumer))).json()).access_token;
  await until('the call passes', async () => /^200 /.test(await call(token)));
  const suspended = await operator.form(`/truc/thoa-thuan/${agreement}`, { state: 'suspended', version: '2', note: 'rà soát' });
  assert.equal(suspended.status, 303, suspended.text.slice(0, 1500));
  await until('it is refused', async () => /suspended|AccessDenied/i.test(await call(token)));
});
