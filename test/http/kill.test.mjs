// A server killed in the middle of its work, again and again: an outside client keeps its own list of what
// was acknowledged; after each start everything on the list must be there, exactly once.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { Client, demo, dropDir, freePort, newDir, runBombo, startServer } from '../lib/server.mjs';
import { Filing } from '../lib/filing.mjs';

const rounds = Number(process.env.KILL_ROUNDS ?? (process.env.CHECK_LEVEL === 'long' ? 100 : 30));
const data = newDir();
after(() => dropDir(data));

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
      if (r.status !== 303) return null;
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
  filing: {
    workers: 2,
    async act(server, state) {
      if (!state.filing) return null;
      return state.filing.submitOne(server);
    },
    async check(server, had) {
      const c = resume(server, had);
      const r = await c.get(had.href, { headers: { accept: 'application/json' } });
      assert.equal(r.status, 200, `${had.href} was lost`);
      assert.ok(r.text.includes(had.number), `${had.href} has another number`);
      for (const p of had.papers) {
        const f = await c.get(p.href);
        assert.equal(f.status, 200, `${p.href} was lost`);
        assert.equal(createHash('sha256').update(f.bytes).digest('hex'), p.sha256, `${p.href} differs`);
      }
    },
  },
};

function resume(server, had) {
  const c = new Client(server);
  c.cookies = new Map(had.cookies);
  return c;
}

async function load(server, state, acked) {
  let stop = false;
  const work = Object.entries(kinds).flatMap(([name, kind]) => Array.from({ length: kind.workers }, async () => {
    while (!stop) {
      let had;
      try {
        had = await kind.act(server, state);
      } catch {
        return; // the server is gone: what was under way is unknown and promised to nobody
      }
      if (had === null) return;
      acked.push({ name, had });
    }
  }));
  return { end: async () => { stop = true; await Promise.all(work); } };
}

test(`${rounds} kills under load lose nothing that was acknowledged`, { timeout: 20 * 60 * 1000 }, async (t) => {
  const port = await freePort();
  const starts = [];
  const counts = {};
  const numbers = new Set();
  const filings = [];
  let entries = 0;
  let server = await startServer({ data, port });
  const state = { filing: await Filing.find(server) };
  if (state.filing === null) t.diagnostic('no filing pages yet: sessions, sign-ins and sign-outs only');
  for (let round = 0; round < rounds; round++) {
    const acked = [];
    const running = await load(server, state, acked);
    // killed after a number of acknowledgements, not after a time
    const want = 8 + (round * 7) % 23;
    for (let i = 0; acked.length < want && i < 4000; i++) await new Promise((r) => setImmediate(r));
    while (acked.length < want) await new Promise((r) => setTimeout(r, 2));
    await server.kill();
    await running.end();
    server = await startServer({ data, port });
    starts.push(server.startMs);
    for (const { name, had } of acked) {
      counts[name] = (counts[name] ?? 0) + 1;
      await kinds[name].check(server, had);
      if (name === 'filing') {
        assert.equal(numbers.has(had.number), false, `number ${had.number} was given twice`);
        numbers.add(had.number);
        filings.push(had);
      }
    }
    const v = await runBombo(['ledger', 'verify', '--data', data]);
    assert.equal(v.code, 0, `ledger after round ${round}: ${v.out}${v.err}`);
    const n = Number(/entries (\d+)/.exec(v.out)[1]);
    assert.ok(n >= entries, 'ledger entries vanished');
    entries = n;
  }
  for (const had of filings) await kinds.filing.check(server, had);
  if (state.filing) await state.filing.checkCounts(server, filings, assert);
  assert.equal(await server.stop(), 0);
  starts.sort((a, b) => a - b);
  t.diagnostic(`acknowledged and found: ${JSON.stringify(counts)}; ledger entries ${entries}`);
  t.diagnostic(`start after a kill: median ${starts[starts.length >> 1].toFixed(0)} ms, longest ${starts.at(-1).toFixed(0)} ms`);
  assert.ok(counts.session > 0 && counts.signIn > 0, 'there was something to lose');
  assert.ok(demo.citizen);
});
