// The leaders' pages: figures move with a dossier within a second, open their dossiers, leave as files.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, complete } from '../lib/filing.mjs';
import { send } from '../lib/form.mjs';
import { Client, officers, runBombo, startServer, newDir, dropDir, until } from '../lib/server.mjs';

let server;
let leader;
let data;

before(async () => {
  data = newDir();
  const made = await runBombo(['simulate', '--n', '12', '--data', data, '--demo']);
  assert.equal(made.code, 0, made.err);
  server = await startServer({ data });
  leader = new Client(server);
  assert.equal((await leader.signIn('lanhdao.75')).status, 303);
});
after(async () => { await server?.stop(); dropDir(data); });

const tile = async (c, metric) => {
  const doc = (await c.get('/api/v1/lanh-dao?ky=month')).json();
  return doc.tiles.find((t) => t.metric === metric);
};

test('the first line is a sentence and every number opens a list of as many dossiers', async () => {
  const page = await leader.get('/lanh-dao?ky=month');
  assert.equal(page.status, 200);
  assert.match(page.text, /class="sentence">Hôm nay nhận \d+ hồ sơ/);
  const counted = async (t) => {
    let href = t.href, n = 0;
    while (href) {
      const doc = (await leader.get('/api/v1' + href)).json();
      n += doc.rows.length;
      href = /rel="next"/.test((await leader.get(href)).text)
        ? /href="([^"]+)" rel="next"/.exec((await leader.get(href)).text)[1].replaceAll('&amp;', '&') : '';
    }
    return String(n);
  };
  for (const metric of ['received', 'open', 'waiting', 'done', 'unpaid', 'late', 'due_today']) {
    // between the two looks an hour may strike that makes a dossier late
    await until(`${metric} and its list to be equal`, async () => {
      const t = await tile(leader, metric);
      return (await counted(t)) === t.value.replaceAll('.', '');
    });
  }
  assert.notEqual((await tile(leader, 'received')).value, '0');
});

test('a list leaves as CSV and XLSX with names masked', async () => {
  const { href, value } = await tile(leader, 'received');
  const csv = await leader.get(href.replace('/danh-sach', '/danh-sach.csv'));
  assert.equal(csv.status, 200);
  const lines = csv.text.trim().split('\r\n');
  assert.equal(lines.length - 1, Number(value));
  assert.match(lines[1], /\*\*\*/);
  const xlsx = await leader.get(href.replace('/danh-sach', '/danh-sach.xlsx'));
  assert.equal(xlsx.status, 200);
  assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK');
});

test('a commune leader sees the own unit only; a specialist nothing', async () => {
  const own = new Client(server);
  await own.signIn(officers.leader);
  assert.equal((await own.get('/lanh-dao')).status, 200);
  assert.equal((await own.get('/lanh-dao/don-vi/25195@2025-07-01')).status, 403);
  assert.equal((await own.get('/lanh-dao/danh-sach?chi-so=received&don-vi=25195@2025-07-01')).status, 403);
  const specialist = new Client(server);
  await specialist.signIn(officers.specialist);
  assert.equal((await specialist.get('/lanh-dao')).status, 403);
  assert.equal((await leader.get('/lanh-dao/danh-sach?chi-so=khong-co')).status, 404);
});

test('a filed dossier is told to open pages and counted at once', async () => {
  const cookie = [...leader.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  const stop = new AbortController();
  const r = await fetch(server.url + '/lanh-dao/song', { headers: { cookie }, signal: stop.signal });
  assert.equal(r.status, 200);
  assert.match(r.headers.get('content-type'), /text\/event-stream/);
  const citizen = new Client(server);
  await citizen.signIn();
  const told = (async () => {
    let text = '';
    for await (const part of r.body) {
      text += Buffer.from(part).toString('utf8');
      if (text.includes('event: changed')) return text;
    }
    return text;
  })();
  const was = Number((await tile(leader, 'received')).value);
  const base = await begin(citizen);
  const done = await send(citizen, await complete(citizen, base), { cam_doan: '1' });
  assert.equal(done.status, 303, done.text.slice(0, 300));
  // a deadline for a hung server only: that it is quick is measured elsewhere
  assert.match(await Promise.race([told, new Promise((ok) => setTimeout(() => ok('nothing came'), 60000).unref())]), /event: changed/);
  assert.equal(Number((await tile(leader, 'received')).value), was + 1);
  stop.abort();
  // nobody has accepted it: its clock has not begun, so it has neither time left nor is it late
  const [row] = (await leader.get('/api/v1/lanh-dao/danh-sach?chi-so=received')).json().rows;
  assert.equal(row.href, done.location.replace(/\/bien-nhan$/, '').replace('/ho-so/', '/can-bo/ho-so/'));
  assert.deepEqual([row.state, row.left], ['Chưa tiếp nhận', '']);
  const csv = (await leader.get('/lanh-dao/danh-sach.csv?chi-so=received')).text.trim().split('\r\n');
  assert.match(csv[0], /Mã thủ tục.*Tình trạng,Thời gian còn lại hoặc trễ$/);
  assert.match(csv[1], /,Chưa tiếp nhận,$/);
});
