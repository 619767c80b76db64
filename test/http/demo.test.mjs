// `make run` for the first time: the simulated month leaves work for everybody and no alarm, from whatever folder it is started.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { isPostgres } from '../lib/postgres.mjs';
import { Client, dropDir, logLines, newDir, officers, startServer } from '../lib/server.mjs';

let server;
const data = newDir();
before(async () => { server = await startServer({ data, cwd: tmpdir(), args: ['--n', '150'] }); });
after(async () => {
  await server?.stop();
  dropDir(data);
});
const signedIn = async (login) => {
  const c = new Client(server);
  assert.equal((await c.signIn(login)).status, 303);
  return c;
};

test('the program finds its content although it was started elsewhere', async () => {
  assert.equal((await new Client(server).get('/thu-tuc/1.004873')).status, 200);
});

test('the leader has dossiers to sign, the other desks have work', async () => {
  const leader = await signedIn(officers.leader);
  assert.match((await leader.get('/can-bo/ky')).text, /name="viec" value="\d+"/);
  for (const who of ['receiver', 'specialist']) {
    const c = await signedIn(officers[who]);
    assert.match((await c.get('/can-bo?loc=all')).text, /href="\/can-bo\/ho-so\/\d+"/, who);
  }
});

test('nothing is wrong with a demo that was just made', async () => {
  const op = await signedIn(officers.operator);
  const { checks } = (await op.get('/api/v1/quan-tri/suc-khoe')).json();
  const bad = checks.filter((c) => ['outbox', 'dead', 'jobs', 'backup'].includes(c.name) && c.kind !== 'ontime');
  assert.deepEqual(bad, []);
  const page = (await op.get('/quan-tri/suc-khoe')).text;
  assert.match(page, isPostgres ? /sao lưu bằng công cụ của chính nó/ : /Chưa có bản sao lưu nào/, 'said, but not an alarm');
  const told = logLines(server.err).filter((l) => l.event === 'check' && ['outbox', 'dead', 'jobs', 'backup'].includes(l.check));
  assert.deepEqual(told, []);
});
