// What the scripts add to pages that work without them: typed words kept, photographs reduced, figures that move by
// themselves, parts exchanged, keys in ledgers, one answer to two clicks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { begin, complete, submit } from '../lib/filing.mjs';
import { fill } from '../lib/form.mjs';
import { Client, demo, officers, root } from '../lib/server.mjs';
import { desk, hasRun, leaves, listen, logins, open, phone, signInOn } from './browser.mjs';

let place;
let citizen;
before(async () => {
  place = await open();
  citizen = new Client(place.server);
  await citizen.signIn(demo.citizen);
});
after(() => place?.close());

const opened = async (role, path, look = phone, more = {}) => {
  const page = await (await place.as(role, look, more)).newPage();
  await page.goto(place.server.url + path);
  return page;
};
const posts = (page, re) => {
  const sent = [];
  page.on('request', (r) => { if (r.method() === 'POST' && re.test(new URL(r.url()).pathname)) sent.push(r.url()); });
  return sent;
};
const file = async () => {
  const r = await submit(citizen, await complete(citizen, await begin(citizen)));
  return /\/ho-so\/\d+/.exec(r.location)[0];
};

test('what is typed is kept after a pause and goes on at another device', async () => {
  const at = `${await begin(citizen)}/trang/lien-he`;
  const page = await opened('citizen', at);
  const heard = listen(page);
  await hasRun(page, 'form');
  await page.fill('[name="a.phone"]', '0987 654 321');
  await page.waitForFunction(() => { const m = document.querySelector('.saved'); return m.textContent === m.dataset.saved; });
  const other = await (await place.as('nobody', desk, { javaScriptEnabled: false })).newPage();
  await signInOn(other, place.server.url, logins.citizen);
  await other.goto(place.server.url + at);
  assert.match(await other.inputValue('[name="a.phone"]'), /0987 ?654 ?321/);
  await leaves(page, () => page.click('.filing-form .actions button >> nth=0'));
  assert.doesNotMatch(page.url(), /lien-he/, 'its own autosave is no conflict');
  assert.deepEqual(heard.stop(), []);
  await page.context().close();
  await other.context().close();
});

test('a session that ends in the middle of a form loses no word', async () => {
  const at = `${await begin(citizen)}/trang/lien-he`;
  const page = await (await place.as('nobody', phone)).newPage();
  await signInOn(page, place.server.url, logins.citizen);
  await page.goto(place.server.url + at);
  await hasRun(page, 'form');
  await page.context().clearCookies();
  await page.fill('[name="a.phone"]', '0909 090 909');
  await page.waitForFunction(() => { const m = document.querySelector('.saved'); return m.textContent === m.dataset.expired && m.textContent !== ''; });
  await leaves(page, () => page.click('.filing-form .actions button >> nth=0'));
  assert.equal(await page.inputValue('[name="a.phone"]'), '0909 090 909', 'shown back');
  const other = await page.context().newPage(); // one signs in beside it
  await signInOn(other, place.server.url, logins.citizen);
  for (let i = 0; i < 3 && new URL(page.url()).pathname === at; i++) {
    await leaves(page, () => page.click('main form button[type=submit] >> nth=0'));
  }
  await page.goto(place.server.url + at);
  assert.match(await page.inputValue('[name="a.phone"]'), /0909 ?090 ?909/);
  await page.context().close();
});

/** A large noisy photograph, held sideways: 3,000 x 2,000 points, orientation 6, so it is upright as 2,000 x 3,000. */
async function bigPhoto(page) {
  const text = await page.evaluate(async () => {
    const c = Object.assign(document.createElement('canvas'), { width: 3000, height: 2000 });
    const g = c.getContext('2d');
    const noise = g.createImageData(3000, 2000);
    let x = 1;
    for (let i = 0; i < noise.data.length; i++) noise.data[i] = i % 4 === 3 ? 255 : (x = (x * 16807) % 2147483647) & 127;
    g.putImageData(noise, 0, 0);
    g.fillStyle = '#f00';
    g.fillRect(0, 0, 1500, 1000); // upper left of what the sensor saw
    const blob = await new Promise((ok) => c.toBlob(ok, 'image/jpeg', 0.8));
    return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (b) => String.fromCharCode(b)).join(''));
  });
  const plain = Buffer.from(text, 'base64');
  const exif = Buffer.from('ffe1002245786966' + '00004d4d002a00000008' + '0001' + '011200030000000100060000' + '00000000', 'hex');
  exif.writeUInt16BE(exif.length - 2, 2);
  return Buffer.concat([plain.subarray(0, 2), exif, plain.subarray(2)]);
}

/** Width, height and the colour near the upper right corner of a picture that the program gives back. */
const measured = (page, path) => page.evaluate(async (src) => {
  const image = await createImageBitmap(await (await fetch(src)).blob());
  const c = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  c.getContext('2d').drawImage(image, 0, 0);
  const [r, , b] = c.getContext('2d').getImageData(image.width - 40, 40, 1, 1).data;
  return { w: image.width, h: image.height, isRed: r > 180 && b < 90 };
}, path);

async function widowed() {
  const base = await begin(citizen);
  await fill(citizen, `${base}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  return `${base}/giay-to`;
}

const keptPaper = async (page) => page.getAttribute('main a[href*="/giay-to/"]', 'href');

test('a large photograph is reduced and turned upright before it travels', { timeout: 300000 }, async () => {
  const page = await opened('citizen', await widowed());
  const buffer = await bigPhoto(page);
  await hasRun(page, 'form');
  assert.ok(buffer.length > 1e6, `${buffer.length} bytes`);
  await page.setInputFiles('input[data-photo]', { name: 'giay.jpg', mimeType: 'image/jpeg', buffer });
  await page.waitForFunction((n) => document.querySelector('input[data-photo]').files[0].size < n, buffer.length);
  const sent = posts(page, /giay-to$/);
  await leaves(page, () => page.dblclick('main form[data-progress] button'));
  await page.waitForLoadState();
  assert.equal(sent.length, 1, 'two clicks send one file');
  assert.match(await page.innerText('main'), /giay\.jpg[\s\S]*1 trang, \d+ kB, mã kiểm [0-9a-f]{8}/);
  assert.equal(await page.locator('main a[href*="/giay-to/"]').count(), 1);
  assert.deepEqual(await measured(page, await keptPaper(page)), { w: 1333, h: 2000, isRed: true });
  await page.context().close();
});

test('without scripts the program reduces and turns it', { timeout: 300000 }, async () => {
  const helper = await opened('citizen', '/toi');
  const page = await opened('citizen', await widowed(), phone, { javaScriptEnabled: false });
  await page.setInputFiles('input[name=tep]', { name: 'giay.jpg', mimeType: 'image/jpeg', buffer: await bigPhoto(helper) });
  await leaves(page, () => page.click('main form[enctype] button'));
  assert.deepEqual(await measured(helper, await keptPaper(page)), { w: 1600, h: 2400, isRed: true });
  await page.context().close();
  await helper.context().close();
});

test('a HEIC photograph is kept as JPEG', async () => {
  const page = await opened('citizen', await widowed());
  await hasRun(page, 'form');
  await page.setInputFiles('input[data-photo]', { name: 'IMG_0001.HEIC', mimeType: 'image/heic', buffer: readFileSync(join(root, 'test/data/photo.heic')) });
  await leaves(page, () => page.click('main form[data-progress] button'));
  await page.waitForLoadState();
  assert.match(await page.innerText('main'), /IMG_0001[\s\S]*1 trang, \d+ kB, mã kiểm [0-9a-f]{8}/);
  const path = await keptPaper(page);
  assert.equal((await page.context().request.get(place.server.url + path)).headers()['content-type'], 'image/jpeg');
  assert.deepEqual(await measured(page, path), { w: 2400, h: 1600, isRed: false });
  await page.context().close();
});

test('two clicks on submit file one dossier', async () => {
  const base = await begin(citizen);
  await complete(citizen, base);
  const page = await opened('citizen', `${base}/xem-lai`);
  const sent = posts(page, /\/nop$/);
  await page.check('[name=cam_doan]');
  await Promise.all([page.waitForURL(/\/bien-nhan$/), page.dblclick(`form[action="${base}/nop"] button[type=submit]`)]);
  assert.equal(sent.length, 1);
  await page.context().close();
});

test("the leader's figures move by themselves, without the page being loaded again", async () => {
  const page = await opened('leader', '/lanh-dao', desk);
  const heard = listen(page);
  const before = await page.innerText('#leader-tiles');
  await page.evaluate(() => { window.isSame = true; });
  await file();
  await page.waitForFunction((old) => document.querySelector('#leader-tiles').innerText !== old, before);
  assert.equal(await page.evaluate('window.isSame'), true);
  assert.deepEqual(heard.stop(), []);
  await page.context().close();
});

test('a glance at a dossier changes only the list; back and reload work', async () => {
  await file();
  await file();
  const page = await opened('receiver', '/can-bo?loc=all', { ...desk, width: 1400 });
  const heard = listen(page);
  await page.evaluate(() => { window.isSame = true; });
  const link = page.locator('.peek-link').nth(1);
  const number = (await page.locator('.ledger tbody tr').nth(1).locator('td a').first().innerText()).trim();
  await link.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.peek');
  assert.equal((await page.innerText('.peek h2')).trim(), number);
  assert.equal(await page.evaluate('window.isSame'), true, 'no new page');
  assert.match(await page.evaluate('document.activeElement.className'), /peek-link/, 'the focus stays in the list');
  await page.reload();
  assert.equal((await page.innerText('.peek h2')).trim(), number, 'the address is that of the glance');
  await page.goBack();
  await page.waitForFunction(() => !document.querySelector('.peek'));
  assert.deepEqual(heard.stop(), []);
  await page.context().close();
});

test('keys in the inbox: j k move, ? explains, e accepts, o opens', async () => {
  await file();
  await file();
  const page = await opened('receiver', '/can-bo?loc=all', desk);
  await hasRun(page, 'ledger');
  const rows = page.locator('.ledger tbody tr');
  const here = () => page.locator('.ledger tr.is-here a').first().innerText();
  await page.keyboard.press('j');
  const first = await here();
  await page.keyboard.press('j');
  assert.notEqual(await here(), first);
  await page.keyboard.press('k');
  assert.equal(await here(), first);
  await page.keyboard.press('?');
  assert.equal(await page.locator('#keys[open]').count(), 1);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#keys[open]').count(), 0);
  const n = await rows.count();
  await leaves(page, () => page.keyboard.press('e'));
  assert.match(await page.innerText('main'), /Đã tiếp nhận 1 hồ sơ/);
  assert.ok((await rows.count()) < n || !(await page.innerText('.ledger')).includes(first));
  await hasRun(page, 'ledger');
  await page.keyboard.press('j');
  const next = (await here()).trim();
  await leaves(page, () => page.keyboard.press('o'));
  assert.equal((await page.innerText('h1')).trim(), next);
  await page.context().close();
});

test('scripts that only some pages use come only there', async () => {
  const page = await (await place.as('citizen', phone)).newPage();
  const got = [];
  page.on('request', (r) => { if (r.url().endsWith('.js')) got.push(/static\/(\w+)/.exec(r.url())[1]); });
  await page.goto(`${place.server.url}/thu-tuc/1.004873`, { waitUntil: 'networkidle' });
  assert.deepEqual(got, ['app']);
  await page.goto(`${place.server.url}${await begin(citizen)}/trang/lien-he`);
  await hasRun(page, 'form');
  assert.deepEqual(got.slice(1), ['app', 'form']);
  await page.context().close();
});
