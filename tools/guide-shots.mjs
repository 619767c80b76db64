// Pictures of the user's guide: files one dossier in the demo and photographs each step on its way, phone pages at 360 px,
// office pages at 1280 px, into doc/guide/img. It is the tour of README.md as well: a step that fails ends it.
//   node tools/guide-shots.mjs
import { mkdirSync, statSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { fill, forms, send } from '../test/lib/form.mjs';
import { Client, demo, root, startServer } from '../test/lib/server.mjs';

const out = `${root}doc/guide/img`;
mkdirSync(out, { recursive: true });
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
  await page.screenshot({ path: `${out}/${name}.png` });
  await context.close();
  const bytes = statSync(`${out}/${name}.png`).size;
  total += bytes;
  console.log(`${name}.png  ${Math.round(bytes / 1024)} kB`);
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
  await shot(nobody, '/kiem-tra', 'kiem-tra', below);
}

const answers = {
  'lien-he': { 'a.phone': '0912 345 678' },
  'cap-cho-ai': { 'a.files_for': 'self' },
  'hon-nhan': { 'a.marital_history': 'never' },
  'thoi-gian': { 'a.period_kind': 'now', 'a.lived_elsewhere': 'false' },
  'muc-dich': { 'a.purpose': 'loan', 'a.n_wanted': '1', 'a.has_old_confirmation': 'false' },
  'le-phi': { 'a.fee_group': 'none' },
};
const known = { 'a.ethnicity': /value="([^"]+)">Kinh</, 'a.nationality': /value="([^"]+)">Việt Nam</ };

async function file(citizen) {
  await shot(citizen, '/nop/1.004873', 'bat-dau', below);
  const base = must(await fill(citizen, '/nop/1.004873', { xa: demo.unit }), 'begin').location;
  await shot(citizen, base, 'danh-sach-phan', below);
  let at = `${base}/trang/nguoi-yeu-cau`;
  await shot(citizen, at, 'trang-khai', below);
  for (let i = 0; i < 12 && at.includes('/trang/'); i++) {
    const page = at.split('/').pop();
    const changes = { ...answers[page] };
    if (page === 'nguoi-yeu-cau') {
      const { text } = await citizen.get(at);
      for (const [k, re] of Object.entries(known)) changes[k] = re.exec(text)[1];
    }
    at = must(await fill(citizen, at, changes, at), at).location;
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
}

try {
  await look();
  const citizen = await signedIn(demo.citizen);
  await work(await file(citizen), citizen);
  console.log(`all together ${Math.round(total / 1024)} kB`);
} finally {
  await browser.close();
  await server.stop();
}
