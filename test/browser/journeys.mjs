// Whole journeys, told once; the tests hand in who acts (Pointer or Keys of hands.mjs) and in which browser.
import assert from 'node:assert/strict';
import { newPicture } from '../lib/filing.mjs';
import { Client, dayIn, demo, officers, until as untilTrue, untilShown } from '../lib/server.mjs';

const login = 'main form[action^="/dang-nhap"] button[type=submit]';
const main = (s) => `main ${s}`;

/** Signs in on the page that asks for it; the program leads back to where one wanted to go. */
export async function signIn(hands, who = demo.citizen) {
  await hands.set('login', who);
  await hands.set('password', demo.password);
  await hands.press(login);
  assert.notEqual(hands.path, '/dang-nhap', 'signed in');
}

/**
 * Answers one page of a form and presses "save and continue". An answer may ask for more on the same page: then the
 * page comes again with the new fields, and these are answered too.
 */
async function answer(hands, answers) {
  const at = hands.path;
  const left = new Map(Object.entries(answers));
  for (let round = 0; hands.path === at; round++) {
    const before = left.size;
    for (const [name, value] of [...left]) {
      if (!(await hands.has(`a.${name}`))) continue;
      await hands.set(`a.${name}`, value);
      left.delete(name);
    }
    assert.ok(round === 0 || left.size < before, `${at} stays: ${await hands.page.innerText("main")}`);
    await hands.press(main('form[action*="/trang/"] .actions button >> nth=0'));
  }
  assert.deepEqual([...left.keys()], [], `fields that ${at} did not show`);
}

/** A day so long ago that registering it is late: there is a fee then, and the journey pays. */
const born = dayIn(-100);
const day = (name, { d, m, y }) => ({ [`${name}-d`]: d, [`${name}-m`]: m, [`${name}-y`]: y });

/** What is typed for a birth, by page; in the order of the page. */
const birth = {
  'nguoi-yeu-cau': { applicant_relation: 'mother' },
  'lien-he': {},
  con: { child_name: 'Điểu Thị Hoa', ...day('child_birth', born), child_sex: 'female', child_ethnicity: '22', child_nationality: 'VN', child_hometown: 'Bom Bo, Đồng Nai' },
  'noi-sinh': { birth_place_kind: 'hospital', birth_place: 'Trung tâm Y tế Bù Đăng', has_birth_notice: 'true', birth_notice_no: '12/2026', ...day('birth_notice_date', born) },
  me: {}, // the mother who files is not asked for her own data again
  'hon-nhan-cha-me': { parents_married: 'false' },
  'le-phi': { fee_group: 'none' },
  'nhan-giay': { n_copies: '0', draft_by: 'online', is_true: '1' },
};

/** Fills every page where "save and continue" leads. */
async function fillPages(hands, all) {
  for (let i = 0; i < 16 && hands.path.includes('/trang/'); i++) {
    const page = hands.path.split('/').pop();
    assert.ok(page in all, `no answers for the page ${page}`);
    await answer(hands, all[page]);
  }
}

/** Finds the procedure by everyday words, signs in, fills, adds papers, checks, mends one answer, submits: /ho-so/{id}. */
export async function fileBirth(hands) {
  await hands.open('/');
  await hands.type(hands.at('main input[name=q]'), 'lam giay khai sinh');
  await hands.press(main('form[action="/tim"] button'));
  await hands.press('main .list a[href="/thu-tuc/1.001193"]');
  await hands.press('main a[href^="/nop/1.001193"] >> nth=0');
  if (await hands.page.locator(main('a[href^="/dang-nhap"]')).count()) {
    await hands.press(main('a[href^="/dang-nhap"]'));
    await signIn(hands);
  }
  assert.ok(hands.path.startsWith('/nop/'), 'back where one wanted to go');
  await hands.set('xa', demo.unit);
  await hands.press('main form[action^="/nop/"] button.btn-big');
  const draft = hands.path;
  assert.match(draft, /^\/nhap\/\d+$/);
  await hands.press(main('.btn-big'));
  // a fault first: the summary names it, its link leads into the field, what was typed stays
  await hands.set('a.personal_id', '0701909000');
  await hands.press(main('form[action*="/trang/"] .actions button >> nth=0'));
  assert.match(await hands.page.innerText('#errors'), /12 chữ số/);
  await hands.follow('#errors a >> nth=0');
  assert.equal(await hands.page.inputValue(main('[name="a.personal_id"]')), '0701909000');
  await hands.set('a.personal_id', demo.citizen);
  await fillPages(hands, birth);
  assert.ok(hands.path.endsWith('/giay-to'), hands.path);
  const slot = main('form[action$="/giay-to"]:has(input[value="giay-chung-sinh"])');
  await hands.attach(`${slot} input[type=file]`, [{ name: 'chung-sinh.jpg', mimeType: 'image/jpeg', buffer: newPicture() }]);
  await hands.press(`${slot} button[type=submit]`);
  assert.match(await hands.page.innerText('main'), /chung-sinh\.jpg[\s\S]*1 trang, \d+ kB, mã kiểm [0-9a-f]{8}/, 'pages and hash are shown back');
  await hands.press(main('.actions a[href*="/nhap/"]'));
  await hands.set('collect', 'counter');
  await hands.set('phone', '0912345678');
  await hands.press(main('form[action$="/nhan"] .actions button'));
  assert.ok(hands.path.endsWith('/xem-lai'), hands.path);
  await hands.press('main a[href*="/trang/con"] >> nth=0'); // "Sửa"
  await hands.set('a.child_name', 'Điểu Thị Hoa Mai');
  await hands.press(main('form[action*="/trang/"] .actions button >> nth=0'));
  if (!hands.path.endsWith('/xem-lai')) await hands.open(`${draft}/xem-lai`);
  assert.match(await hands.page.innerText('main'), /Điểu Thị Hoa Mai/);
  await hands.tick(hands.at('main [name=cam_doan]'));
  await hands.press(main('form[action$="/nop"] button[type=submit]'));
  assert.match(hands.path, /^\/ho-so\/\d+\/bien-nhan$/);
  assert.match(await hands.page.innerText('main'), /\d{5}-\d{6}-\d{4}/);
  await hands.press('main .actions a >> nth=0');
  return hands.path;
}

/** An officer by plain requests: opens the dossier and does the task that waits there, or comes there. */
export async function officer(server, who, dossier, part, fields) {
  const c = new Client(server);
  await c.signIn(officers[who]);
  const re = new RegExp(`/can-bo/viec/(\\d+)/${part}`);
  const page = await untilShown(c, `/can-bo${dossier}`, re); // a payment's news travels through the outbox
  const [, task] = re.exec(page.text);
  const body = new URLSearchParams({ csrf: Client.token(page.text), version: /name="version" value="(\d+)"/.exec(page.text)?.[1] ?? '', ...fields });
  const r = await c.request('POST', `/can-bo/viec/${task}/${part}`, { body, headers: { origin: server.url } });
  assert.equal(r.status, 303, r.text.match(/id="errors"[\s\S]{0,500}/)?.[0] ?? r.text.slice(0, 300));
  return c;
}

/** Shows a page again until it says what is awaited: news travels through the outbox. */
export async function until(hands, path, re) {
  await untilTrue(`${re} on ${path}`, async () => {
    await hands.page.goto(hands.url + path);
    return re.test(await hands.page.content());
  });
  await hands.arrived();
}

/** Pays what is due at the simulated bank. */
export async function pay(hands, dossier) {
  await until(hands, dossier, /\/thanh-toan"/);
  await hands.press(main('a[href$="/thanh-toan"]'));
  await hands.press(main('a[href^="/mo-phong/ngan-hang/"]'));
  await hands.press(main('form[action^="/mo-phong/"] button'));
  await until(hands, `${dossier}/thanh-toan`, /Đã nộp/);
}

/** Downloads by a link; the bytes. */
export async function download(hands, target) {
  const href = await hands.at(target).getAttribute('href');
  const r = await hands.page.context().request.get(hands.url + href);
  assert.equal(r.status(), 200, href);
  return r.body();
}

/** The whole of a birth: filed, accepted, paid, the draft certificate confirmed, signed; the electronic copy fetched. */
export async function wholeBirth(hands, { server }) {
  const dossier = await fileBirth(hands);
  await officer(server, 'receiver', dossier, 'xong', { outcome: 'accept' });
  await pay(hands, dossier);
  await until(hands, dossier, /Lập bản nháp[^<]*<[\s\S]{0,200}Đang ở bước này/);
  await officer(server, 'specialist', dossier, 'xong', { outcome: 'propose' });
  await until(hands, dossier, /\/xac-nhan"/);
  await hands.press(main('a[href$="/xac-nhan"]'));
  assert.equal((await download(hands, main('a[href$="/xac-nhan.pdf"]'))).subarray(0, 5).toString(), '%PDF-');
  await hands.set('dung', 'no');
  await hands.press(main('form[action$="/xac-nhan"] button'));
  assert.equal(await hands.page.locator('#errors').count(), 1, 'what is wrong must be said');
  await hands.set('dung', 'yes');
  await hands.press(main('form[action$="/xac-nhan"] button'));
  assert.equal(hands.path, dossier);
  await signed(server, dossier);
  await until(hands, dossier, /\/ket-qua\/\d+/);
  const result = await download(hands, main('a.btn[href*="/ket-qua/"]'));
  assert.equal(result.subarray(0, 5).toString(), '%PDF-');
  await hands.press(main('a[href^="/kiem-tra/"]'));
  assert.match(await hands.page.innerText('main'), /Giấy khai sinh/);
  await hands.open('/toi/giay-to');
  assert.match(await hands.page.innerText('main'), /Giấy khai sinh/, 'kept for the next time');
}

/** The leader signs by plain requests. */
async function signed(server, dossier) {
  const c = new Client(server);
  await c.signIn(officers.leader);
  const task = await untilTrue(`${dossier} to be signed`, async () => /\/can-bo\/ky\?viec=(\d+)/.exec((await c.get(`/can-bo${dossier}`)).text)?.[1]);
  const r = await c.form('/can-bo/ky', { viec: task, pin: demo.pin });
  assert.equal(r.status, 303, r.text.match(/id="errors"[\s\S]{0,500}/)?.[0]);
}

/** Filed at the counter for a person who stands there: the officer's address of the dossier. */
export async function fileAtCounter(hands) {
  await hands.open('/can-bo');
  await hands.press('nav a[href="/can-bo/quay"]');
  await hands.type(hands.at('main input[name=q]'), demo.citizen);
  await hands.press(main('form[action="/can-bo/quay/nguoi"] button'));
  await hands.press(main('a[href^="/can-bo/quay/nguoi/"]'));
  await hands.type(hands.at('main input[name=q]'), 'doc than');
  await hands.press(main('form[role=search] button'));
  await hands.set('procedure', '1.004873');
  await hands.set('consent', 'present');
  await hands.press(main('form[action$="/nop"] button'));
  if (!hands.path.includes('/trang/')) await hands.press(main('.btn-big'));
  await fillPages(hands, marital);
  if (hands.path.endsWith('/giay-to')) await hands.press(main('.actions a[href*="/nhap/"]'));
  if (hands.path.endsWith('/nhan')) {
    await hands.set('phone', '0912345678');
    await hands.press(main('form[action$="/nhan"] .actions button'));
  }
  await hands.tick(hands.at('main [name=cam_doan]'));
  await hands.press(main('form[action$="/nop"] button[type=submit]'));
  return `/can-bo/ho-so/${/\d+/.exec(hands.path)[0]}`;
}

const marital = {
  'nguoi-yeu-cau': {}, // known already
  'lien-he': { phone: '0912 345 678' },
  'cap-cho-ai': { files_for: 'self' },
  'hon-nhan': { marital_history: 'never' },
  'thoi-gian': { period_kind: 'now', lived_elsewhere: 'false' },
  'muc-dich': { purpose: 'loan', n_wanted: '1', has_old_confirmation: 'false' },
  'le-phi': { fee_group: 'none' },
};

/**
 * Officers at work, each with hands of their own (handsOf(role)): the counter files two dossiers, one is asked for more
 * and answered, both accepted, paid in cash, examined, signed together with one PIN, one handed over.
 */
export async function officeDay(handsOf) {
  const receiver = await handsOf('receiver');
  const first = await fileAtCounter(receiver);
  const second = await fileAtCounter(receiver);
  const number = {};
  for (const at of [first, second]) {
    await receiver.open(at);
    number[at] = (await receiver.page.innerText('h1')).trim();
  }
  // one is asked for what is missing, in the officer's own words; the answer comes to the counter
  await receiver.unfold(main('details:has(form[action$="/bo-sung"]) > summary'));
  await receiver.set('words', 'Ảnh căn cước rõ hơn');
  await receiver.press(main('form[action$="/bo-sung"] button'));
  await receiver.open(second);
  await receiver.unfold(main('details:has(input[name=file]) > summary'));
  await receiver.attach(main('input[name=file]'), [{ name: 'can-cuoc.jpg', mimeType: 'image/jpeg', buffer: newPicture() }]);
  await receiver.press(main('form:has(input[name=file]) button'));
  assert.match(await receiver.page.innerText('main'), /can-cuoc\.jpg/);
  await receiver.press(main('form[action$="/da-bo-sung"] button'));
  // both accepted from the inbox, ticked together
  await receiver.open('/can-bo?loc=all');
  for (const at of [first, second]) {
    await receiver.tick(receiver.at(`main tr:has(a[href="${at}"]) input[name=viec]`));
  }
  await receiver.press(main('.bulk button[type=submit]'));
  assert.match(await receiver.page.innerText('main'), /Đã tiếp nhận 2 hồ sơ/);

  const cashier = await handsOf('cashier');
  for (const at of [first, second]) {
    await cashier.open(`/can-bo/thu-phi?so=${number[at]}`);
    await cashier.press(main('form[action^="/can-bo/thu-phi/"] button'));
  }
  const specialist = await handsOf('specialist');
  for (const at of [first, second]) {
    await until(specialist, at, /value="propose"/);
    await specialist.press(main('button[name=outcome][value=propose]'));
  }
  const leader = await handsOf('leader');
  await leader.open('/can-bo');
  await leader.press('nav a[href="/can-bo/ky"]');
  await leader.press(main(`tr:has(a[href="${first}"]) a[href*="#xem"]`));
  assert.equal(await leader.page.locator(main('iframe.viewer')).count(), 1, 'the draft is seen before it is signed');
  for (const at of [first, second]) await leader.tick(leader.at(`main tr:has(a[href="${at}"]) input[name=viec]`));
  await leader.type(leader.at('main [name=pin]'), '111111');
  await leader.press(main('form[action="/can-bo/ky"] button'));
  assert.match(await leader.page.innerText('#errors'), /PIN/);
  for (const at of [first, second]) assert.ok(await leader.at(`main tr:has(a[href="${at}"]) input[name=viec]`).isChecked(), 'what was ticked stays ticked');
  await leader.type(leader.at('main [name=pin]'), demo.pin);
  await leader.press(main('form[action="/can-bo/ky"] button'));
  assert.equal(await leader.page.locator('#errors').count(), 0);

  await receiver.open('/can-bo/quay/chua-nhan');
  assert.match(await receiver.page.innerText('main'), new RegExp(number[first]));
  await until(receiver, first, /name="to_whom"/);
  await receiver.tick(receiver.at('main [name=checked]'));
  await receiver.press(main('form[action$="/tra"] button'));
  assert.match(await receiver.page.innerText('main'), /Đã trả kết quả/);
}
