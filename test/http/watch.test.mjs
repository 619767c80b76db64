// Monitoring of the exchange: the page, its live events, limits, and the open figures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, officers, startServer, until } from '../lib/server.mjs';

let server, operator;
before(async () => {
  server = await startServer();
  operator = new Client(server);
  assert.equal((await operator.signIn(officers.operator)).status, 303);
});
after(() => server?.stop());

test('the page has a drawing that names its meaning and a table with the same, and says that it renews itself', async () => {
  // a call that is refused is accounted for, too
  const r = await fetch(`${server.url}/adapter/call`, { method: 'POST', body: '{}', headers: { dstcode: 'VN:GOV:BTP:VBPL:van-ban' } });
  assert.equal(r.status, 200);
  const page = await operator.get('/truc/giam-sat');
  assert.equal(page.status, 200, page.text.slice(0, 2000));
  assert.match(page.text, /data-live="\/truc\/giam-sat\/song"/);
  const doc = (await operator.get('/api/v1/truc/giam-sat')).json();
  if (!doc.no_talk) assert.match(page.text, /<svg [^>]*role="img"[^>]*><title>/);
  await until('calls of the demo are added up by month', async () => {
    const now = (await operator.get('/api/v1/truc/giam-sat')).json();
    return now.months.length === 6 && /^\d{4}-\d\d$/.test(now.month);
  });
});

test('an operator sets limits; wrong ones are refused; others may not', async () => {
  const path = '/truc/giam-sat';
  assert.equal((await operator.form(path, { faults: '100', slow: '300', silence: '0', cert: '45' })).status, 303);
  assert.match((await operator.get(path)).text, /name="cert"[^>]*value="45"|value="45"[^>]*name="cert"/);
  assert.equal((await operator.form(path, { faults: '-1', slow: '300', silence: '0', cert: '45' })).status, 422);
  assert.equal((await fetch(server.url + path, { redirect: 'manual' })).status, 303);
});

test('the open figures are for everybody, as page, CSV and JSON, without callers', async () => {
  const nobody = new Client(server);
  assert.equal((await nobody.get('/so-lieu/truc')).status, 200);
  const csv = await nobody.get('/so-lieu/truc?dang=csv');
  assert.match(csv.text, /month,service,calls,failed,bytes/);
  const doc = (await nobody.get('/api/v1/so-lieu/truc')).json();
  assert.ok(Array.isArray(doc.rows) && doc.rows.every((r) => !('consumer' in r)));
});
