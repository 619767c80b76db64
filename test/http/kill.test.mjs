// A server killed in the middle of its work, again and again: an outside client keeps its own list of what
// was acknowledged; after each start everything on the list must be there, exactly once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { addPaper, begin, complete, newPicture, paperLinks, sha256, submit } from '../lib/filing.mjs';
import { isPostgres, rowsOf } from '../lib/postgres.mjs';
import { Client, dropDir, freePort, newDir, runBombo, startServer } from '../lib/server.mjs';

const rounds = Number(process.env.KILL_ROUNDS ?? (process.env.CHECK_LEVEL === 'long' ? 200 : 30));
const data = newDir();
let server;
/** Signed in once; the session itself outlives every kill. */
let citizen;
after(async () => {
  await server?.kill();
  dropDir(data);
});

/** What a client may ask for, and how it looks for what it was promised. */
const kinds = {
  session: {
    workers: 3,
    async act(server) {
      const c = new Client(server);
      const r = await c.get('/dang-nhap');
      return r.status === 200 && c.cookies.has('bb_phien') ? { cookies: c.cookies } : null;
    },
    async check(server, had) {
      const c = resume(server, had);
      const r = await c.get('/dang-nhap');
      assert.equal(r.headers.getSetCookie().some((x) => x.startsWith('bb_phien=')), false, 'a session was lost');
    },
  },
  signIn: {
    workers: 2,
    async act(server) {
      const c = new Client(server);
      const r = await c.signIn();
      if (r.status === 429) return 'enough'; // sign-ins from one address are limited, rightly
      assert.equal(r.status, 303, r.text.slice(0, 400));
      const had = { cookies: new Map(c.cookies), isOut: false };
      if (Math.random() < 0.3) {
        had.isOut = 'perhaps';
        const out = await c.form('/dang-xuat', {}, { from: '/dang-nhap' }).catch(() => null);
        had.isOut = out === null ? 'perhaps' : out.status === 303;
      }
      return had;
    },
    async check(server, had) {
      if (had.isOut === 'perhaps') return;
      const r = await resume(server, had).get('/dang-nhap');
      assert.equal(r.text.includes('Thị Mơ'), !had.isOut, had.isOut ? 'a sign-out was lost' : 'a sign-in was lost');
    },
  },
  paper: {
    workers: 1,
    async act(server) {
      const c = resume(server, citizen);
      const at = await addPaper(c, await begin(c), newPicture());
      const page = await c.get(at);
      const [href] = await paperLinks(c, at);
      const kept = await c.get(href); // without the camera's notes, so not what was sent
      assert.ok(page.text.includes(sha256(kept.bytes).slice(0, 8)), 'the hash shown is the hash kept');
      return { cookies: c.cookies, at, sha256: sha256(kept.bytes) };
    },
    async check(server, had) {
      const c = resume(server, had);
      const links = await paperLinks(c, had.at);
      assert.equal(links.length, 1, `${had.at}: the paper is there once`);
      const r = await c.get(links[0]);
      assert.equal(r.status, 200, `${links[0]} was lost`);
      assert.equal(sha256(r.bytes), had.sha256, `${links[0]} has other bytes`);
    },
  },
  filing: {
    workers: 2,
    async act(server) {
      const c = resume(server, citizen);
      const form = await complete(c, await begin(c));
      const had = { cookies: c.cookies, form };
      try {
        const r = await submit(c, form);
        assert.equal(r.status, 303, r.text.slice(0, 400));
        had.location = r.location;
      } catch (e) {
        if (e.code === 'ERR_ASSERTION') throw e;
        had.isOpen = true; // cut off: filed or not, a second try must file it once
      }
      return had;
    },
    async check(server, had) {
      const c = resume(server, had);
      const again = await submit(c, had.form);
      assert.equal(again.status, 303, `sent again: ${again.status}`);
      assert.equal(again.location, had.location ?? again.location, 'sent again, another dossier');
      had.location = again.location;
      const r = await c.get(had.location);
      assert.equal(r.status, 200, `${had.location} was lost`);
      const number = /[\w.]+-\d{6}-\d{4}/.exec(r.text)?.[0];
      assert.ok(number, `${had.location} shows no number`);
      assert.equal(had.number ?? number, number, 'the number changed');
      had.number = number;
    },
  },
};

function resume(server, had) {
  const c = new Client(server);
  c.cookies = new Map(had.cookies);
  return c;
}

function load(server, acked) {
  let stop = false;
  let failure = null;
  const work = Object.entries(kinds).flatMap(([name, kind]) => Array.from({ length: kind.workers }, async () => {
    while (!stop) {
      let had;
      try {
        had = await kind.act(server);
      } catch (e) {
        if (e.code === 'ERR_ASSERTION' && !stop) failure = e;
        return; // the server is gone: what was under way is unknown and promised to nobody
      }
      if (had === 'enough') return;
      if (had === null) {
        if (!stop) failure = new Error(`${name} was refused`);
        return;
      }
      acked.push({ name, had });
    }
  }));
  return { failure: () => failure, stop: () => { stop = true; }, end: () => Promise.all(work) };
}

test(`${rounds} kills under load lose nothing that was acknowledged`, { timeout: 20 * 60 * 1000 }, async (t) => {
  const port = await freePort();
  const starts = [];
  const counts = {};
  const filings = [];
  const papers = [];
  let entries = 0;
  server = await startServer({ data, port });
  citizen = new Client(server);
  assert.equal((await citizen.signIn()).status, 303);
  for (let round = 0; round < rounds; round++) {
    const acked = [];
    const running = load(server, acked);
    // killed after a number of acknowledgements, one of them a submission now and then, not after a time
    const want = 6 + ((round * 5) % 13);
    const isReady = () => acked.length >= want && (round % 5 !== 0 || acked.some((x) => x.name === 'filing'));
    while (!isReady()) {
      if (running.failure()) throw running.failure();
      await new Promise((r) => setTimeout(r, 1));
    }
    running.stop();
    await server.kill();
    await running.end();
    server = await startServer({ data, port });
    starts.push(server.startMs);
    for (const { name, had } of acked) {
      counts[name] = (counts[name] ?? 0) + 1;
      await kinds[name].check(server, had);
      if (name === 'filing') filings.push(had);
      if (name === 'paper') papers.push(had);
    }
    const v = await runBombo(['ledger', 'verify', '--data', data]);
    assert.equal(v.code, 0, `ledger after round ${round}: ${v.out}${v.err}`);
    const n = Number(/entries (\d+)/.exec(v.out)[1]);
    assert.ok(n >= entries, 'ledger entries vanished');
    entries = n;
  }
  for (const had of papers) await kinds.paper.check(server, had);
  for (const had of filings) await kinds.filing.check(server, had);
  assert.equal(new Set(filings.map((f) => f.number)).size, filings.length, 'no number twice');
  assert.equal(await server.stop(), 0);
  assert.equal(countRows('dossier'), filings.length, 'each submission is one dossier');
  starts.sort((a, b) => a - b);
  t.diagnostic(`acknowledged and found: ${JSON.stringify(counts)}; cut off and filed once by a second try: ${filings.filter((f) => f.isOpen).length}; ledger entries ${entries}`);
  t.diagnostic(`start after a kill: median ${starts[starts.length >> 1].toFixed(0)} ms, longest ${starts.at(-1).toFixed(0)} ms`);
  for (const name of Object.keys(kinds)) assert.ok(counts[name] > 0 || rounds < 10, `no ${name} was acknowledged`);
});

/** Rows of a table, read after the end. */
function countRows(table) {
  if (isPostgres) return Number(rowsOf(data, `SELECT count(*) FROM ${table}`));
  const p = spawnSync('/usr/bin/python3', ['-c', `import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM ${table}').fetchone()[0])`,
    join(data, 'bombo.db')], { encoding: 'utf8' });
  return Number(p.stdout);
}
