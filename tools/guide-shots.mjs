// Pictures of the user's guide: files one dossier in the demo and photographs each step on its way, phone pages at 360 px,
// office pages at 1280 px, into doc/guide/img. It is the tour of README.md as well: a step that fails ends it.
//   node tools/guide-shots.mjs
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { fill, forms, send } from '../test/lib/form.mjs';
import { Client, demo, root, startServer } from '../test/lib/server.mjs';

const out = `${root}doc/guide/img`;
mkdirSync(out, { recursive: true });
for (const f of readdirSync(out)) rmSync(`${out}/${f}`); // only what this run makes
const server = await startServer({ args: ['--n', '300'], startTimeoutMs: 180000 }); // a full inbox shows more than an empty one
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
let total = 0;

/** One picture; the client's cookies go to the browser. */
async function shot(client, path, name, { width = 360, height = 760, scrollTo } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'vi-VN', timezoneId: 'Asia/Ho_Chi_Minh' });
  await context.addCookies([...client.cookies].map(([n, value]) => ({ name: n, value, url: server.url })));
  const page = await context.newPage();
  const answer = await page.goto(server.url + path, { waitUntil: 'load' });
  if (answer.status() >= 400) throw new Error(`${path}: ${answer.status()}`);
  if (scrollTo) await page.locator(scrollTo).first().evaluate((e) => e.scrollIntoView());
  await page.evaluate(() => document.fonts.ready);
  const picture = await webp((await page.screenshot()).toString('base64'));
  await context.close();
  writeFileSync(`${out}/${name}.webp`, picture);
  total += picture.length;
  console.log(`${name}.webp  ${Math.round(picture.length / 1024)} kB`);
}

/** A picture in WebP, which the browser itself can write: a third of the PNG. */
async function webp(png) {
  const page = await browser.newPage();
  const text = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.8).split(',')[1];
  }, png);
  await page.close();
  return Buffer.from(text, 'base64');
}
const wide = { width: 1280, height: 800 };
const below = { scrollTo: 'main' }; // the heads of all pages look alike
const must = (r, what, status = 303) => {
  if (r.status !== status) throw new Error(`${what}: ${r.status}\n${r.text.replace(/[\s\S]*<main/, '<main').slice(0, 1500)}`);
  return r;
};
const signedIn = async (login) => {
  const c = new Client(server);
  must(await c.signIn(login), `sign in as ${login}`);
  return c;
};

async function look() {
  const nobody = new Client(server);
  await shot(nobody, '/', 'trang-chu-rong', wide);
  await shot(nobody, '/', 'trang-chu');
  await shot(nobody, '/tim?q=giay+doc+than', 'tim', below);
  await shot(nobody, '/thu-tuc/1.004873', 'thu-tuc', below);
  await shot(nobody, '/su-kien/sinh-con', 'viec-trong-doi', below);
  await shot(nobody, '/tra-cuu', 'tra-cuu', below);
  await shot(nobody, '/kiem-tra', 'kiem-tra', below);
  await shot(nobody, '/dang-nhap', 'dang-nhap', below);
}

const answers = {
  'lien-he': { 'a.phone': '0912 345 678' },
  'cap-cho-ai': { 'a.files_for': 'self' },
  'hon-nhan': { 'a.marital_history': 'never' },
  'thoi-gian': { 'a.period_kind': 'now', 'a.lived_elsewhere': 'false' },
  'muc-dich': { 'a.purpose': 'loan', 'a.n_wanted': '1', 'a.has_old_confirmation': 'false' },
  'le-phi': { 'a.fee_group': 'none' },
};

async function file(citizen) {
  await shot(citizen, '/nop/1.004873', 'bat-dau', below);
  const base = must(await fill(citizen, '/nop/1.004873', { xa: demo.unit }), 'begin').location;
  await shot(citizen, base, 'danh-sach-phan', below);
  let at = `${base}/trang/nguoi-yeu-cau`;
  await shot(citizen, at, 'trang-khai', below);
  for (let i = 0; i < 12 && at.includes('/trang/'); i++) {
    const page = at.split('/').pop();
    at = must(await fill(citizen, at, answers[page] ?? {}, at), at).location;
  }
  must(await fill(citizen, `${base}/nhan`, { collect: 'electronic', phone: '0912345678' }), 'collect');
  await shot(citizen, `${base}/xem-lai`, 'xem-lai', below);
  const check = forms((await citizen.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
  const receipt = must(await send(citizen, check, { cam_doan: '1' }), 'submit').location;
  await shot(citizen, receipt, 'giay-hen', below);
  return receipt.replace('/bien-nhan', '');
}

/** An officer's page of the dossier, and pressing one of its outcome buttons. */
const office = async (client, id) => (await client.get(`/can-bo/ho-so/${id}`)).text;
async function act(client, id, outcome) {
  const html = await office(client, id);
  const form = forms(html).find((f) => f.action.endsWith('/xong'));
  if (!form || !html.includes(`value="${outcome}"`)) throw new Error(`dossier ${id} does not offer ${outcome}`);
  must(await send(client, form, { outcome }), outcome);
}

/** A payment moves the dossier on through a job: soon, not at once. */
async function waitFor(client, id, outcome) {
  for (let i = 0; i < 100 && !(await office(client, id)).includes(`value="${outcome}"`); i++) await new Promise((go) => setTimeout(go, 100));
}

async function work(own, citizen) {
  const id = own.split('/').pop();
  const receiver = await signedIn('motcua.25405');
  await shot(receiver, '/can-bo', 'can-bo', wide);
  await shot(receiver, '/can-bo/quay', 'quay', wide);
  const person = /\/can-bo\/quay\/nguoi\/\d+/.exec((await receiver.get(`/can-bo/quay/nguoi?q=${demo.citizen}`)).text)[0];
  await shot(receiver, `${person}?q=doc+than`, 'quay-nguoi', wide);
  await shot(receiver, '/can-bo/quay/chua-nhan', 'chua-nhan', wide);
  await shot(receiver, `/can-bo/ho-so/${id}`, 'can-bo-ho-so', wide);
  await act(receiver, id, 'accept');
  const specialist = await signedIn('chuyenvien.25405');
  await shot(citizen, own, 'ho-so', below);
  await shot(citizen, `${own}/thanh-toan`, 'nop-phi', below);
  const bank = /href="(\/mo-phong\/ngan-hang\/[^"]+)"/.exec((await citizen.get(`${own}/thanh-toan`)).text)[1];
  const paid = forms((await citizen.get(bank)).text).find((f) => f.action.includes('/mo-phong/'));
  must(await send(citizen, paid), 'pay');
  citizen.cookies.delete('flash'); // told once: not on every later picture
  await waitFor(specialist, id, 'propose');
  await act(specialist, id, 'propose');
  const leader = await signedIn('lanhdao.25405');
  await shot(leader, '/can-bo/ky', 'ky', wide);
  const sign = forms((await leader.get('/can-bo/ky')).text).find((f) => f.action === '/can-bo/ky');
  const task = /name="viec" value="(\d+)"/.exec((await leader.get('/can-bo/ky')).text)[1];
  const r = await send(leader, sign, { pin: demo.pin, viec: task });
  if (r.status >= 400) throw new Error(`sign: ${r.status}`);
  await shot(citizen, own, 'ket-qua', { scrollTo: 'main h2' });
  await shot(citizen, '/toi', 'cua-toi', below);
  await shot(citizen, '/toi/ai-da-xem', 'ai-da-xem', below);
  await shot(leader, '/lanh-dao', 'lanh-dao', wide);
  await shot(leader, '/lanh-dao/danh-sach?chi-so=received', 'lanh-dao-danh-sach', wide);
  await shot(citizen, '/toi/giay-to', 'kho-giay-to', below);
  const cashier = await signedIn('thuphi.25405');
  await shot(cashier, '/can-bo/thu-phi', 'thu-phi', wide);
}

/** The operator's pages; the inspector's ledger. */
async function operate() {
  const operator = await signedIn('quantri.25405');
  for (const name of ['', 'nguoi-dung', 'vai-tro', 'lich', 'don-vi', 'goi-noi-dung', 'hang-doi', 'gop-nguoi', 'sua-thong-tin', 'chung-thu']) {
    await shot(operator, `/quan-tri${name && `/${name}`}`, `quan-tri${name && `-${name}`}`, wide);
  }
  await shot(await signedIn('giamsat.25405'), '/quan-tri/nhat-ky', 'quan-tri-nhat-ky', wide);
}

try {
  await look();
  const citizen = await signedIn(demo.citizen);
  await work(await file(citizen), citizen);
  await operate();
  console.log(`all together ${Math.round(total / 1024)} kB`);
} finally {
  await browser.close();
  await server.stop();
}
