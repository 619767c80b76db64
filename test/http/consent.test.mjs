// Consent: who is named in another's dossier is asked, answers in the account or at the counter, and takes it back; being
// helped stands in the same list.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerPage } from '../lib/any_form.mjs';
import { deskOf, formTo, signedIn } from '../lib/desk.mjs';
import { newPicture } from '../lib/filing.mjs';
import { fill, forms, send, upload } from '../lib/form.mjs';
import { Client, dayIn, demo, officers, startServer } from '../lib/server.mjs';

const number = '070088000017';
const date = (name, [d, m, y]) => ({ [`a.${name}-d`]: String(d), [`a.${name}-m`]: String(m), [`a.${name}-y`]: String(y) });
const soon = dayIn(14);
const marriage = { ...date('wanted_day', [soon.d, soon.m, soon.y]), 'a.partner_name': 'Điểu Sơn', 'a.partner_id': number,
  'a.partner_sex': 'male', ...date('partner_birth', [2, 5, 1988]) };
let server;
let citizen;
let receiver;
let partner;
before(async () => {
  server = await startServer({ args: ['--n', '0'] });
  citizen = await signedIn(server, demo.citizen);
  receiver = await signedIn(server, officers.receiver);
  const home = await personAtCounter();
  const given = await receiver.form(`${home}/tai-khoan`, { checked: '1' }, { from: home });
  assert.equal(given.status, 200, given.text);
  const once = /class="big-number num">([^<]+)</.exec(given.text)[1];
  partner = new Client(server);
  assert.equal((await partner.signIn(number, once)).status, 303);
  const own = 'nắng sớm trên nương điều';
  const set = await fill(partner, '/tai-khoan/mat-khau', { current: once, new_password: own, repeated: own });
  assert.equal(set.status, 303, set.text);
});
after(() => server?.stop());

/** The partner on record; the address of the person's page at the counter. */
async function personAtCounter() {
  const r = await receiver.form('/can-bo/quay/nguoi', { number, name: 'Điểu Sơn', birth: '02/05/1988', sex: 'male' }, { from: `/can-bo/quay/nguoi?q=${number}` });
  if (r.status === 303) return r.location;
  return /\/can-bo\/quay\/nguoi\/\d+/.exec((await receiver.get(`/can-bo/quay/nguoi?q=${number}`)).text)[0];
}

/** Fills the marriage form to its review page. */
async function fillMarriage(own) {
  const begun = await fill(citizen, '/nop/1.000894', { xa: demo.unit });
  assert.equal(begun.status, 303, begun.text);
  const base = begun.location;
  let at = base + /\/trang\/[\w-]+/.exec((await citizen.get(base)).text)[0];
  for (let i = 0; i < 30 && at.includes('/trang/'); i++) {
    const r = await answerPage(citizen, at, own);
    assert.equal(r.status, 303, `${at}: ${r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]}`);
    at = r.location;
  }
  const wanted = [...(await citizen.get(`${base}/giay-to`)).text.matchAll(/name="loai" value="([^"]+)"/g)].map((m) => m[1]);
  for (const loai of wanted) await upload(citizen, `${base}/giay-to`, { loai }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes: newPicture() }]);
  assert.equal((await fill(citizen, `${base}/nhan`, { collect: 'counter', phone: '0912345678' })).status, 303);
  return base;
}

async function fileMarriage(own = marriage) {
  const base = await fillMarriage(own);
  const check = await citizen.get(`${base}/xem-lai`);
  const done = await send(citizen, formTo(check.text, '/nop'), { cam_doan: '1' });
  assert.equal(done.status, 303, done.text);
  return { own: done.location.replace('/bien-nhan', ''), check: check.text };
}

const answer = async (client, value) => {
  const page = await client.get('/toi/dong-y');
  const form = forms(page.text).find((f) => f.action.startsWith('/toi/dong-y/'));
  return { form, r: await send(client, form, { answer: value }) };
};

test('who is named is asked, refuses, agrees at the counter against signature, and takes it back', async () => {
  const { own, check } = await fileMarriage();
  assert.match(check, /Người khác có tên trong hồ sơ/, 'the applicant is told before');
  assert.match(check, /Điểu Sơn/);
  assert.match(check, /kết quả chỉ được ký khi người này đồng ý/);
  assert.match((await receiver.get(deskOf(own))).text, /Chưa ký được kết quả khi người này chưa đồng ý/, 'asked is not agreed');
  const waits = /Kết quả chỉ được ký khi Điểu Sơn \([^)]+\) đồng ý/;
  assert.match((await citizen.get(own)).text, waits, 'the applicant knows what the result waits for');
  assert.match((await partner.get('/toi')).text, /1 lời hỏi đang chờ/);
  const asked = await partner.get('/toi/dong-y');
  assert.match(asked.text, /Mục đích: Đăng ký kết hôn/);
  assert.match(asked.text, /91\/2025\/QH15/);
  const english = (await partner.get('/toi/dong-y?lang=en')).text;
  assert.match(english, /names you as: The other partner\. [\s\S]*Purpose: To register the marriage of both/, 'the question in English');
  assert.match(english, /<p lang="vi">[^<]*Mục đích: Đăng ký kết hôn/, 'and the Vietnamese, which counts');
  assert.doesNotMatch((await partner.get('/toi/dong-y?lang=vi')).text, /Purpose:|<p lang="vi">/);

  const mine = forms(asked.text).find((f) => f.action.startsWith('/toi/dong-y/'));
  const stranger = await citizen.form(mine.action, { answer: 'given' }, { from: '/toi' });
  assert.equal(stranger.status, 404, 'nobody answers for another');
  const { r } = await answer(partner, 'refused');
  assert.equal(r.status, 303, r.text);
  const dossier = deskOf(own);
  let page = await receiver.get(dossier);
  assert.match(page.text, /Điểu Sơn/);
  assert.match(page.text, /Không ký được kết quả/);

  const at = forms(page.text).find((f) => f.action.includes('/dong-y/'));
  const unsigned = await send(receiver, at, { answer: 'given', words: 'Tờ khai đăng ký kết hôn' });
  assert.equal(unsigned.status, 422, 'not without the signature');
  assert.equal((await send(receiver, at, { answer: 'given', words: 'Tờ khai đăng ký kết hôn', signed: '1' })).status, 303);
  page = await receiver.get(dossier);
  assert.match(page.text, /Đã đồng ý/);
  assert.doesNotMatch(page.text, /Không ký được kết quả|Chưa ký được kết quả/);
  assert.doesNotMatch((await citizen.get(own)).text, waits);
  assert.match((await partner.get('/toi/dong-y')).text, /tại quầy, trước cán bộ/);

  const back = await answer(partner, 'withdrawn');
  assert.equal(back.r.status, 303, back.r.text);
  assert.equal((await send(partner, back.form, { answer: 'withdrawn' })).status, 409, 'once');
  assert.match((await receiver.get(dossier)).text, /Không ký được kết quả/);
  assert.match((await citizen.get(own)).text, /rút lời đồng ý/);
  const seen = (await partner.get('/toi/ai-da-xem')).text;
  for (const words of ['Hỏi ý kiến về việc dùng dữ liệu', 'Không đồng ý cho dùng dữ liệu', 'Rút lời đồng ý']) assert.match(seen, new RegExp(words));
});

test('a name that does not go with the number reaches nobody: the officer is told to ask', async () => {
  const before = (await partner.get('/toi/dong-y')).text.match(/action="\/toi\/dong-y/g)?.length ?? 0;
  const { own } = await fileMarriage({ ...marriage, 'a.partner_name': 'Trần Văn Nhầm' });
  assert.equal((await partner.get('/toi/dong-y')).text.match(/action="\/toi\/dong-y/g)?.length ?? 0, before);
  assert.match((await receiver.get(deskOf(own))).text, /không khớp với dữ liệu đang giữ/);
});

test('being helped stands in the same list; taken back, the helper cannot submit', async () => {
  const home = await personAtCounter();
  const begun = await receiver.form(`${home}/nop`, { procedure: '1.011607', consent: 'present' }, { from: home });
  assert.equal(begun.status, 303, begun.text);
  const page = await partner.get('/toi/dong-y');
  assert.match(page.text, /nộp hồ sơ giúp ông\/bà/);
  const { r } = await answer(partner, 'withdrawn');
  assert.equal(r.status, 303, r.text);
  const tried = await receiver.form(`${begun.location}/nop`, { cam_doan: '1' }, { from: begun.location });
  assert.equal(tried.status, 422);
  assert.match(tried.text, /đã rút lời đồng ý được giúp/);
});
