// What an old phone on a slow line must fetch for a public page: HTML and style sheet at most 25 kB, with scripts and
// fonts at most 100 kB, compressed as they travel.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { begin, complete, submit } from '../lib/filing.mjs';
import { Client, demo, startServer } from '../lib/server.mjs';

const KB = 1000;
let server;
let citizen;
before(async () => {
  server = await startServer();
  citizen = new Client(server);
  await citizen.signIn(demo.citizen);
});
after(() => server?.stop());

/** Bytes of a body as it travels. */
const weigh = (path, cookies) => new Promise((ok, fail) => {
  http.get(server.url + path, { headers: { 'accept-encoding': 'br, gzip', cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') } }, (r) => {
    const parts = [];
    r.on('data', (b) => parts.push(b));
    r.on('end', () => ok({ status: r.statusCode, n: Buffer.concat(parts).length }));
  }).on('error', fail);
});

const open = ['/', '/thu-tuc', '/tim?q=khai+sinh', '/thu-tuc/1.004873', '/thu-tuc/1.001193', '/thu-tuc/2.000815', '/tra-cuu', '/kiem-tra', '/so-lieu',
  '/su-kien/sinh-con', '/giai-thich', '/giai-thich/tiep-can', '/huong-dan', '/dang-nhap', '/bo-mau', '/khong-co'];
const own = ['/nop/1.004873', '/toi', '/toi/giay-to', '/toi/ai-da-xem', '/toi/du-lieu', '/toi/sua', '/toi/thong-bao', '/tai-khoan', '/tai-khoan/phien',
  '/tai-khoan/mat-khau', '/tai-khoan/xac-thuc', '/tai-khoan/uy-quyen', '/tai-khoan/dai-dien'];

test('public pages stay light', async (t) => {
  const base = await begin(citizen);
  const filed = /\/ho-so\/\d+/.exec((await submit(citizen, await complete(citizen, base))).location)[0];
  const draft = await begin(citizen);
  const pages = [...open, ...own, filed, `${filed}/bien-nhan`, `${filed}/rut`, draft, `${draft}/giay-to`, `${draft}/nhan`, `${draft}/xem-lai`,
    ...['nguoi-yeu-cau', 'lien-he', 'hon-nhan'].map((p) => `${draft}/trang/${p}`)];
  const seen = new Map();
  const heaviest = { first: 0, all: 0 };
  for (const path of pages) {
    const cookies = open.includes(path) ? [] : citizen.cookies;
    const html = await new Client(server, { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') }).get(path);
    assert.ok(html.status < 400 || path === '/khong-co', `${path}: ${html.status}`);
    const linked = [...new Set([...html.text.matchAll(/(?:href|src)="(\/static\/[^"#]+\.(?:css|js|woff2))"/g)].map((m) => m[1]))];
    const css = linked.find((l) => l.endsWith('.css'));
    const script = linked.find((l) => l.endsWith('.js'));
    assert.ok(css && script, `${path} has a style sheet and a script`);
    // the fonts of the style sheet and every part the script may ask for are counted too
    for (const [from, re] of [[css, /\/static\/[^")]+\.woff2/g], [script, /\/static\/(?:form|live|ledger)[^"')]+\.js/g]]) {
      if (!seen.has(`in ${from}`)) seen.set(`in ${from}`, [...new Set((await new Client(server).get(from)).text.match(re) ?? [])]);
      for (const l of seen.get(`in ${from}`)) if (!linked.includes(l)) linked.push(l);
    }
    for (const l of linked) if (!seen.has(l)) seen.set(l, (await weigh(l, [])).n);
    const page = (await weigh(path, cookies)).n;
    const first = page + seen.get(css);
    const all = page + linked.reduce((sum, l) => sum + seen.get(l), 0);
    assert.ok(first <= 25 * KB, `${path}: HTML and CSS are ${first} bytes`);
    assert.ok(all <= 100 * KB, `${path}: all together ${all} bytes`);
    heaviest.first = Math.max(heaviest.first, first);
    heaviest.all = Math.max(heaviest.all, all);
  }
  t.diagnostic(`${pages.length} pages; heaviest HTML and CSS ${heaviest.first} bytes, all together ${heaviest.all} bytes`);
});
