// The public pages, through the built program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, startServer } from '../lib/server.mjs';

let server;
let nobody;
before(async () => { server = await startServer(); nobody = new Client(server); });
after(async () => { if (server) assert.equal(await server.stop(), 0); });
const page = async (path) => {
  const r = await new Client(server).get(path);
  assert.equal(r.status, 200, `${path}: ${r.text.slice(0, 300)}`);
  return r;
};

test('home asks one question, shows eight life events, tracking and three figures that say how they are counted', async () => {
  const r = await page('/');
  assert.match(r.text, /<h1>Bạn cần làm gì\?<\/h1>/);
  assert.equal([...r.text.matchAll(/class="card" href="\/su-kien\//g)].length, 8);
  for (const id of ['hom-nay', 'dung-han', 'cho-lau']) {
    assert.ok(r.text.includes(`/so-lieu#${id}`));
    assert.ok((await page('/so-lieu')).text.includes(`id="${id}"`));
  }
  assert.match(r.text, /action="\/tra-cuu"/);
  assert.match(r.headers.get('cache-control'), /no-cache/);
});

test('every link of the home page opens', async () => {
  const r = await page('/');
  const links = new Set([...r.text.matchAll(/href="(\/[^"#]*)/g)].map((m) => m[1].replaceAll('&amp;', '&')));
  for (const href of links) {
    assert.equal((await nobody.get(href)).status, 200, href);
  }
});

test('search understands words without marks and shows who, how long, how much and how', async () => {
  const r = await page('/tim?q=lam+giay+khai+sinh');
  const first = /<ul class="list">\s*<li>([\s\S]*?)<\/li>/.exec(r.text)[1];
  assert.match(first, /Làm giấy khai sinh/);
  assert.match(first, /Đăng ký khai sinh/);
  assert.match(first, /Ủy ban nhân dân xã, phường/);
  assert.match(first, /trực tuyến/);
});

test('search with no result shows at most three near ones and the hotline', async () => {
  const r = await page('/tim?q=zzqqxxwwvv');
  assert.match(r.text, /1022/);
  assert.ok([...r.text.matchAll(/href="\/thu-tuc\/\d/g)].length <= 3);
});

test('what is typed is shown as text, never as markup', async () => {
  const r = await page(`/tim?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
  assert.doesNotMatch(r.text, /<script>alert/);
});

test('the list pages by key and keeps its filters', async () => {
  const seen = new Set();
  let path = '/thu-tuc?cap=commune';
  for (let i = 0; path && i < 20; i++) {
    const r = await page(path);
    for (const m of r.text.matchAll(/<h2><a href="(\/thu-tuc\/[^"]+)"/g)) {
      assert.ok(!seen.has(m[1]), `${m[1]} twice`);
      seen.add(m[1]);
    }
    const more = /href="(\/thu-tuc\?sau=[^"]+)" rel="next"/.exec(r.text);
    path = more && more[1].replaceAll('&amp;', '&');
    if (path) assert.match(path, /cap=commune/);
  }
  const told = Number(/(\d+) thủ tục<\/p>/.exec((await page('/thu-tuc?cap=commune')).text)[1]);
  assert.equal(seen.size, told);
});

test('filters narrow the list; an unknown choice in the address changes nothing dangerous', async () => {
  const count = async (q) => Number(/(\d[\d.]*) thủ tục<\/p>/.exec((await page(`/thu-tuc${q}`)).text)[1].replaceAll('.', ''));
  const all = await count('');
  const parts = [await count('?hinh-thuc=full'), await count('?hinh-thuc=part'), await count('?hinh-thuc=counter')];
  assert.equal(parts[0] + parts[1] + parts[2], all);
  assert.equal((await nobody.get('/thu-tuc?khong-co=1')).status, 400);
});

test('every procedure of the pack has a page with the four boxes, and its API twin says the same', async () => {
  let path = '/api/v1/thu-tuc';
  let n = 0;
  const doc = (await nobody.get(path)).json();
  for (const hit of doc.hits) {
    const html = (await page(hit.href)).text;
    for (const word of ['Ai làm được', 'Bao lâu', 'Bao nhiêu tiền', 'Cần giấy gì', 'Các bước', 'Căn cứ pháp lý']) {
      assert.ok(html.includes(word), `${hit.href}: ${word}`);
    }
    const api = (await nobody.get(`/api/v1${hit.href}`)).json();
    assert.equal(api.name, hit.name);
    assert.ok(html.includes(`href="/nop/${api.code}"`) === api.may_start, hit.href);
    n++;
  }
  assert.ok(n >= 25);
  assert.equal((await nobody.get('/thu-tuc/9.999999')).status, 404);
});

test('a page that is the same for everyone is kept, and answers 304', async () => {
  const first = await page('/thu-tuc/1.000656');
  const etag = first.headers.get('etag');
  assert.ok(etag);
  const second = await new Client(server).get('/thu-tuc/1.000656', { headers: { 'if-none-match': etag } });
  assert.equal(second.status, 304);
});

test('tracking with a wrong code tells nothing, and too many tries are stopped', async () => {
  const c = new Client(server);
  const r = await c.get('/tra-cuu?so=H19.40-261122-0001&ma=ABCDEFGH');
  assert.equal(r.status, 422);
  assert.match(r.text, /Không có hồ sơ nào khớp/);
  assert.match(r.headers.get('cache-control'), /no-store/);
  let last = r;
  for (let i = 0; i < 60 && last.status !== 429; i++) last = await c.get('/tra-cuu?so=H19.40-261122-0001&ma=ABCDEFGH');
  assert.equal(last.status, 429);
});

test('checking a file that was never issued says so, by file and by hash', async () => {
  const c = new Client(server);
  const form = await c.get('/kiem-tra');
  const body = new FormData();
  body.set('csrf', Client.token(form.text));
  body.set('tep', new Blob(['%PDF-1.4 nothing of ours'], { type: 'application/pdf' }), 'la.pdf');
  const r = await c.request('POST', '/kiem-tra', { body, headers: { origin: server.url } });
  assert.equal(r.status, 200, r.text.slice(0, 500));
  assert.match(r.text, /Không phải bản do cơ quan ở đây cấp/);
  const hash = /<p class="num">([0-9a-f]{64})<\/p>/.exec(r.text)[1];
  assert.match((await page(`/kiem-tra/${hash}`)).text, /Không phải bản/);
  const typed = await c.get(`/kiem-tra?ma-bam=${hash.toUpperCase()}`);
  assert.equal(typed.status, 303);
  assert.equal(typed.location, `/kiem-tra/${hash}`);
  assert.equal((await c.get('/kiem-tra?ma-bam=abc')).status, 422);
  assert.equal((await c.get('/kiem-tra/abc')).status, 404);
});

test('explanations exist in both languages', async () => {
  for (const path of ['/giai-thich', '/giai-thich/tiep-can', '/giai-thich/du-lieu', '/giai-thich/nguon-mo', '/so-lieu']) {
    const vi = (await page(path)).text;
    const en = (await page(`${path}?lang=en`)).text;
    assert.notEqual(/<h1>(.*?)<\/h1>/.exec(vi)[1], /<h1>(.*?)<\/h1>/.exec(en)[1], path);
  }
  assert.equal((await nobody.get('/giai-thich/khong-co')).status, 404);
});

test('old and new communes: units of a day, what an old name is now, before and after; as a page and as a document', async () => {
  const c = new Client(server);
  const now = await c.get('/don-vi');
  assert.match(now.text, /40 xã, phường vào ngày/);
  assert.match((await c.get('/don-vi?ngay=2025-06-30')).text, /111 xã, phường vào ngày 30\/06\/2025/);
  const old = (await c.get('/api/v1/don-vi?ten=tan+phu')).json();
  const ended = old.units.find((u) => !u.is_now && u.to === '2025-06-30');
  assert.ok(ended && ended.now.length >= 1, JSON.stringify(old.units));
  const page = await c.get('/don-vi?ten=tan+phu');
  assert.match(page.text, new RegExp(`Nay là <strong>[^<]*${ended.now[0].name}`));
  const one = await c.get(`/don-vi/${ended.key}`);
  assert.match(one.text, /Nay là/);
  assert.match(one.text, /30\/06\/2025/);
  const doc = (await c.get(`/api/v1/don-vi/${ended.key}`)).json();
  assert.ok(['merge', 'split', 'retype', 'abolish'].includes(doc.end));
  assert.deepEqual(doc.now.map((u) => u.key), ended.now.map((u) => u.key));
  const after = (await c.get(`/api/v1/don-vi/${doc.after[0].key}`)).json();
  assert.ok(after.before.some((u) => u.key === ended.key), 'the successor knows where it comes from');
  assert.match((await c.get('/don-vi?ten=khong+co+noi+nay')).text, /Không có đơn vị nào như vậy/);
  assert.equal((await c.get('/don-vi/99999@2020-01-01')).status, 404);
});
