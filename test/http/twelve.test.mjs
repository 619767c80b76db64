// Each of the twelve procedures with a form and a process of its own, from its first page to its signed result, through the
// pages of the citizen and of every office that takes part.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { answerPage } from '../lib/any_form.mjs';
import { formTo, signedIn } from '../lib/desk.mjs';
import { newPicture } from '../lib/filing.mjs';
import { fill, forms, send, upload } from '../lib/form.mjs';
import { pdfText, qrOf } from '../lib/pdf.mjs';
import { Client, dayIn, demo, dropDir, newDir, root, startServer, until } from '../lib/server.mjs';

const STEPS_MAX = 60;
const IDLE_MS = 60000; // news travels through the outbox
const day = (name, [d, m, y]) => ({ [`a.${name}-d`]: String(d), [`a.${name}-m`]: String(m), [`a.${name}-y`]: String(y) });
const inDays = (n) => { const { d, m, y } = dayIn(n); return [d, m, y]; };
const born = inDays(-40);
const soon = inDays(14);
const father = { 'a.father_name': 'Điểu Sơn', 'a.father_id': '070088000017', ...day('father_birth', [2, 5, 1988]) };
const child = { ...day('child_birth', born), ...day('birth_notice_date', born) };
const mother = { 'a.mother_name': 'Thị Mơ', 'a.mother_id': demo.citizen, ...day('mother_birth', [8, 3, 1990]) };
const stories = [
  { code: '1.004873', name: 'marital status' },
  { code: '1.001193', name: 'birth', own: { ...mother, ...father, ...child } },
  { code: '1.000894', name: 'marriage', hears: true, own: { ...day('wanted_day', soon), 'a.partner_id': '070088000017', 'a.partner_sex': 'male', ...day('partner_birth', [2, 5, 1988]) } },
  { code: '1.000656', name: 'death', own: { 'a.deceased_id': '070040000011', 'a.deceased_sex': 'male', ...day('deceased_birth', [1, 2, 1940]), 'a.death_time': '08:30' } },
  { code: '2.000815', name: 'certified copy', own: day('visit_day', soon) },
  { code: '1.001612', name: 'household business' },
  { code: '1.013225', name: 'building permit', own: { 'a.height_cm': '400' } },
  { code: '1.012766', name: 'land change', desk: '75-vpdk' },
  { code: '3.000722', name: 'birth, residence and health card', linked: '25405-ca', own: { ...mother, ...father, ...child, 'a.household_head': 'Thị Mơ' } },
  { code: '1.001776', name: 'monthly allowance', posts: true, own: { 'a.other_aid': 'Không', 'a.bank_account': '0123456789' } },
  { code: '1.001699', name: 'disability', posts: true },
  { code: '1.011607', name: 'poor household', posts: true },
];
let server;
let citizen;
const desks = new Map();

const data = newDir();
before(async () => {
  server = await startServer({ data, args: ['--n', '0'] });
  citizen = await signedIn(server, demo.citizen);
});
after(async () => {
  await server?.stop();
  dropDir(data);
});

/** The officers who may have the next task. */
async function officersOf(desk) {
  if (!desks.has(desk)) {
    const all = ['motcua', 'chuyenvien', 'lanhdao', 'vanthu', 'thuphi'].map((role) => `${role}.${desk}`);
    const in_ = await Promise.all(all.map((login) => signedIn(server, login).catch(() => null)));
    desks.set(desk, in_.filter(Boolean));
  }
  return desks.get(desk);
}

const faults = (r) => r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0] ?? r.text.slice(0, 300);

async function fillAll(story) {
  const begun = await fill(citizen, `/nop/${story.code}`, { xa: demo.unit });
  assert.equal(begun.status, 303, faults(begun));
  const base = begun.location;
  const first = /\/trang\/[\w-]+/.exec((await citizen.get(base)).text)[0];
  let at = base + first;
  for (let i = 0; i < 30 && at.includes('/trang/'); i++) {
    const r = await answerPage(citizen, at, story.own);
    assert.equal(r.status, 303, `${at}: ${faults(r)}`);
    at = r.location;
  }
  return base;
}

async function addPapers(base) {
  for (let i = 0; i < 12; i++) {
    const page = await citizen.get(`${base}/giay-to`);
    const wanted = [...page.text.matchAll(/name="loai" value="([^"]+)"/g)].map((m) => m[1]);
    const loai = wanted[i];
    if (!loai) return;
    const r = await upload(citizen, `${base}/giay-to`, { loai }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes: newPicture() }]);
    assert.equal(r.status, 303, faults(r));
  }
}

async function file(story) {
  const base = await fillAll(story);
  await addPapers(base);
  const how = forms((await citizen.get(`${base}/nhan`)).text).find((f) => f.action === `${base}/nhan`);
  const set = await send(citizen, how, { collect: 'counter', phone: '0912345678' });
  assert.equal(set.status, 303, faults(set));
  const done = await fill(citizen, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  assert.equal(done.status, 303, faults(done));
  return done.location.replace('/bien-nhan', '');
}

/** What the citizen is asked for while the case runs: a fee, a look at the draft. True when something was done. */
async function citizenActs(own) {
  const page = await citizen.get(own);
  if (/is-now|aria-current/.test(page.text) && page.text.includes(`${own}/xac-nhan"`)) {
    const r = await fill(citizen, `${own}/xac-nhan`, { dung: 'yes' });
    assert.equal(r.status, 303, faults(r));
    return true;
  }
  if (page.text.includes(`${own}/thanh-toan"`)) {
    const bank = /\/mo-phong\/ngan-hang\/\w+/.exec((await citizen.get(`${own}/thanh-toan`)).text)?.[0];
    if (bank && !/Đã nộp/.test((await citizen.get(`${own}/thanh-toan`)).text)) {
      assert.equal((await fill(citizen, bank)).status, 303);
      return true;
    }
  }
  return false;
}

async function sign(officer, task, says) {
  const page = await officer.get('/can-bo/ky');
  const form = formTo(page.text, '/can-bo/ky');
  const r = await send(officer, form, { viec: task, pin: demo.pin });
  assert.ok(r.status === 303 || r.status === 200, faults(r));
  assert.match(r.text, says);
}

const heard = new Set();

/** Nothing is signed before others who are named agreed: the leader is told so, the desk writes the answer down. */
async function hearOthers(officer, own, d) {
  await sign(officer, d.task, /Chưa có lời đồng ý của người có tên trong hồ sơ/);
  const at = own.replace('/ho-so/', '/can-bo/ho-so/');
  for (const desk of await officersOf(demo.unit)) {
    const { text } = await desk.get(at);
    const form = forms(text).find((f) => f.action.includes('/dong-y/'));
    if (!form) continue;
    assert.equal((await send(desk, form, { answer: 'given', words: 'Tờ khai', signed: '1' })).status, 303);
    heard.add(own);
    return true;
  }
  throw new Error(`${own}: nobody can write the answer down`);
}

/** The officer does the task that is open for this desk, the first way it offers. */
async function officerActs(officer, own) {
  const at = own.replace('/ho-so/', '/can-bo/ho-so/');
  const doc = await officer.get(`/api/v1${at}`);
  if (doc.status !== 200 || !doc.json().has_task) return false;
  const d = doc.json();
  if (d.can_sign) {
    const sorry = formTo((await officer.get(at)).text, '/xin-loi'); // posted longer than its appointment allows
    if (sorry) assert.equal((await send(officer, sorry, { reason: 'Thời gian niêm yết', new_due: dayIn(60).iso })).status, 303);
    if (d.consents.some((c) => c.waits)) return hearOthers(officer, own, d);
    await sign(officer, d.task, /^/);
    return true;
  }
  const page = await officer.get(at);
  const hand = formTo(page.text, '/tra');
  if (d.can_hand && hand) {
    const r = await send(officer, hand, { to_whom: 'Thị Mơ', id_seen: demo.citizen, checked: '1' });
    assert.equal(r.status, 303, faults(r));
    return true;
  }
  if (d.outcomes.length === 0) return false;
  const form = formTo(page.text, '/xong');
  if (!form) return false; // an answer from outside was quicker
  const r = await send(officer, form, { outcome: d.outcomes[0].value });
  if (r.status === 409) return false; // so it was
  assert.equal(r.status, 303, `${d.step}: ${faults(r)}`);
  return true;
}

/** True when the owner's page tells of a result and nothing more can happen. */
const isEnded = (own, text) => !text.includes(`${own}/rut"`) && text.includes('/ket-qua/') && text.includes(`${own}/danh-gia"`);
const isPosted = (text) => /aria-current="step"[\s\S]{0,200}Niêm yết/.test(text);

/** Goes on until the case ends or its result is posted in public; what the owner's page says then. */
async function play(own, desk) {
  const people = await officersOf(desk);
  let idleSince = 0;
  for (let i = 0; i < STEPS_MAX && (idleSince === 0 || Date.now() - idleSince < IDLE_MS);) {
    const { text } = await citizen.get(own);
    if (isEnded(own, text) || isPosted(text)) return text;
    let did = await citizenActs(own);
    for (const officer of did ? [] : people) did = did || (await officerActs(officer, own));
    i += did ? 1 : 0;
    idleSince = did ? 0 : idleSince || Date.now();
    if (!did) await new Promise((ok) => setTimeout(ok, 50));
  }
  const { text } = await citizen.get(own);
  throw new Error(`${own} does not end: ${text.slice(text.indexOf('<main')).replace(/<[^>]+>|\s+/g, ' ').slice(0, 900)}`);
}

async function checkResult(own, text) {
  const result = await citizen.get(new RegExp(`${own}/ket-qua/\\d+`).exec(text)[0]);
  assert.equal(result.status, 200);
  assert.equal(result.bytes.subarray(0, 5).toString(), '%PDF-');
}

const BUNDLE = ['Giấy khai sinh', 'Thẻ bảo hiểm y tế điện tử', 'Thông báo kết quả đăng ký thường trú'];

/** One filing, three results: all on its page, each a sealed PDF that says what it is, can be checked and lies in the records store. */
async function checkBundle(own, other) {
  const results = async () => (await citizen.get(`/api/v1${own}`)).json().results;
  const all = await until('three results', async () => { const r = await results(); return r.length >= 3 && r; }); // sealed by a job
  assert.deepEqual(all.map((r) => r.title), BUNDLE);
  assert.equal(all.filter((r) => r.href.startsWith(`${own}/`)).length, 2);
  assert.ok(all[2].href.startsWith(`${other}/`));
  const page = (await citizen.get(own)).text;
  const kept = (await citizen.get('/api/v1/toi/giay-to')).json().records;
  const texts = [];
  for (const r of all) {
    assert.ok(page.includes(`href="${r.href}"`), `${r.title} can be downloaded from the page of the filing`);
    const { bytes } = await citizen.get(r.href);
    texts.push(pdfText(bytes));
    assert.match(qrOf(bytes), /\/kiem-tra\/k\/[0-9A-Z]{12}$/);
    const body = new FormData();
    body.set('csrf', Client.token((await citizen.get('/kiem-tra')).text));
    body.set('tep', new Blob([bytes], { type: 'application/pdf' }), 'ket-qua.pdf');
    const checked = await citizen.request('POST', '/kiem-tra', { body, headers: { origin: server.url } });
    assert.match(checked.text, /Đúng bản đã cấp[\s\S]*Chữ ký số trong tệp[\s\S]*tag-ontime/, `${r.title}: ${checked.text.slice(checked.text.indexOf('<main'), 1500)}`);
    assert.ok(kept.some((k) => k.title === r.title && k.check === r.verify && k.is_usable), `${r.title} lies in the records store`);
  }
  assert.match(texts[0], /GIẤY KHAI SINH/);
  assert.match(texts[1], /THẺ BẢO HIỂM Y TẾ ĐIỆN TỬ[\s\S]*Mã thẻ:?\s+TE175\d{10}[\s\S]*MÔ PHỎNG/);
  assert.match(texts[2], /Đăng ký thường trú/);
  assert.deepEqual(all.map((r) => r.is_simulated), [false, true, false]);
  assert.match(page, /Mô phỏng: số do bản trình diễn sinh ra/);
}

const posted = [];
for (const story of stories) {
  test(`${story.name} (${story.code}) from its first page to its ${story.posts ? 'posting' : 'signed result'}`, async () => {
    const own = await file(story);
    const text = await play(own, story.desk ?? demo.unit);
    if (story.posts) {
      assert.ok(isPosted(text), 'the owner sees that the case is posted, and until when');
      posted.push(own);
    } else await checkResult(own, text);
    assert.equal(heard.has(own), story.hears ?? false, 'asked another adult before the signature');
    if (story.linked) {
      const [, other] = /Hồ sơ khác trong cùng lần nộp[\s\S]*?href="(\/ho-so\/\d+)"/.exec(text);
      await checkResult(other, await play(other, story.linked));
      await checkBundle(own, other);
    }
  });
}

test('the posted cases go on when their time is over, also over a restart', async () => {
  assert.equal(posted.length, stories.filter((s) => s.posts).length);
  await server.stop();
  // three weeks later, by a clock that stands ahead for the program alone
  const ahead = 'build/testtools/clock_ahead.so';
  assert.equal(spawnSync('make', ['-s', ahead], { cwd: root, stdio: 'inherit' }).status, 0);
  const env = { LD_PRELOAD: root + ahead, CLOCK_AHEAD_S: String(21 * 86400 + Number(process.env.CLOCK_AHEAD_S ?? 0)) };
  server = await startServer({ data, args: ['--n', '0'], env });
  citizen = await signedIn(server, demo.citizen);
  desks.clear();
  for (const own of posted) {
    await until('the end of the posting', async () => !isPosted((await citizen.get(own)).text));
    await checkResult(own, await play(own, demo.unit));
  }
});
