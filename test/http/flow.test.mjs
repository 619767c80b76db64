// Work that leaves the straight path: questions to another unit, hands that change, steps that go back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decide, deskOf, fileHousehold, formTo, press, signedIn } from '../lib/desk.mjs';
import { newPicture } from '../lib/filing.mjs';
import { fill, forms, send as sendForm } from '../lib/form.mjs';
import { dayIn, demo, officers, startServer } from '../lib/server.mjs';

let server;
const at = {};
before(async () => {
  server = await startServer();
  for (const who of ['receiver', 'specialist', 'leader', 'operator']) at[who] = await signedIn(server, officers[who]);
  at.citizen = await signedIn(server, demo.citizen);
});
after(() => server?.stop());

const option = (text, label) => new RegExp(`<option value="([^"]+)"[^>]*>${label}<`).exec(text)?.[1];

/** A dossier that stands at the specialist's desk. */
async function atSpecialist() {
  const own = await fileHousehold(at.citizen);
  const dossier = deskOf(own);
  assert.equal((await decide(at.receiver, dossier, 'accept')).status, 303);
  return { own, dossier };
}

test('another unit is asked, answers with a paper, and the asker goes on', async () => {
  const { own, dossier } = await atSpecialist();
  const page = await at.specialist.get(dossier);
  const form = formTo(page.text, '/hoi');
  assert.ok(form, 'the process offers the question');
  const first = /<select id="unit"[\s\S]*?<\/select>/.exec(page.text)[0];
  assert.match(first, new RegExp(`^[\\s\\S]*?Chọn[\\s\\S]*?<option value="${demo.unit}@`), 'one\'s own unit comes first');
  const unit = option(page.text, 'Sở Nội vụ') ?? option(page.text, 'Sở Xây dựng');
  assert.ok(unit, 'departments can be asked');
  const ask = (fields) => press(at.specialist, dossier, '/hoi', { unit, question: 'Hộ này có trong danh sách năm trước không?', ...fields });
  const empty = await ask({ question: ' ' });
  assert.equal(empty.status, 422);
  assert.match(empty.text, /href="#question"/);
  const past = await ask({ 'until-d': '1', 'until-m': '1', 'until-y': '2020' });
  assert.equal(past.status, 422);
  assert.match(past.text, /Hạn trả lời phải sau hôm nay/);
  assert.equal((await ask({ unit: 'khong-co' })).status, 422);
  assert.match((await at.specialist.get(dossier)).text, /\/hoi"/, 'nothing was changed by the refused ones');
  const far = dayIn(400);
  const asked = await ask({ 'until-d': far.d, 'until-m': far.m, 'until-y': far.y });
  assert.equal(asked.status, 303, asked.text);

  const waiting = await at.specialist.get(dossier);
  assert.match(waiting.text, /Đang chờ trả lời/);
  assert.ok(waiting.text.includes(far.iso.split('-').reverse().join('/')));
  assert.equal(formTo(waiting.text, '/xong'), undefined, 'the step waits');
  assert.match((await at.citizen.get(own)).text, /Hỏi ý kiến đơn vị khác/);
  assert.match(waiting.text, /còn \d+ ngày/, 'the clock runs, as the process says');

  const code = unit.split('@')[0];
  const other = await signedIn(server, `chuyenvien.${code}`.toLowerCase());
  const stranger = await signedIn(server, 'chuyenvien.25195');
  assert.equal((await stranger.get(dossier)).status, 404, 'a unit that was not asked sees nothing');
  assert.match((await other.get('/can-bo')).text, new RegExp(`href="${dossier}"`));
  const theirs = await other.get(dossier);
  assert.match(theirs.text, /Hộ này có trong danh sách năm trước không/);
  const none = await press(other, dossier, '/y-kien', { opinion: '' });
  assert.equal(none.status, 422);
  assert.match(none.text, /href="#opinion"/);
  const answer = formTo(theirs.text, '/y-kien');
  const send = (bytes, type) => {
    const body = new FormData();
    for (const [k, v] of answer.fields) if (k !== 'opinion') body.append(k, v);
    body.append('opinion', 'Có, hộ nghèo từ năm 2024.');
    body.append('opinion_file', new Blob([bytes], { type }), 'tra-loi.jpg');
    return other.request('POST', answer.action, { body, headers: { origin: server.url } });
  };
  const wrong = await send(Buffer.from('MZ not a picture'), 'image/jpeg');
  assert.equal(wrong.status, 422, 'a forbidden file is refused');
  assert.match(wrong.text, /Có, hộ nghèo từ năm 2024\./, 'and the words are kept');
  const elsewhere = await signedIn(server, `chuyenvien.${code}`.toLowerCase());
  for (const f of forms((await elsewhere.get('/tai-khoan/phien')).text).filter((x) => x.fields.has('id'))) await sendForm(elsewhere, f);
  const ended = await send(newPicture(), 'image/jpeg');
  assert.equal(ended.status, 401, 'the officer\'s session ended while the answer was written');
  assert.match(ended.text, /<li>Có, hộ nghèo từ năm 2024\.<\/li>/, 'it can be read');
  const page401 = forms(ended.text).find((f) => f.fields.has('signin.password'));
  const again = new FormData();
  for (const [k, v] of page401.fields) if (!k.startsWith('signin.') || k === 'signin.mark') again.append(k, v);
  again.append('signin.login', `chuyenvien.${code}`.toLowerCase());
  again.append('signin.password', demo.password);
  again.append('opinion_file', new Blob([newPicture()], { type: 'image/jpeg' }), 'tra-loi.jpg');
  const answered = await other.request('POST', page401.action, { body: again, headers: { origin: server.url } });
  assert.equal(answered.status, 303, answered.text);

  assert.match((await at.specialist.get('/can-bo?loc=mine')).text, new RegExp(`href="${dossier}"`), 'back on the asker\'s own list');
  const back = await at.specialist.get(dossier);
  assert.match(back.text, /Đã trả lời/);
  assert.match(back.text, /Có, hộ nghèo từ năm 2024\./);
  assert.match(back.text, /Văn bản trả lời ý kiến/);
  assert.equal((await other.get(dossier)).status, 404, 'what was asked is over: the other unit no longer sees it');
  assert.equal((await decide(at.specialist, dossier, 'propose')).status, 303);
});

test('a question is taken back with a reason by the unit that asked, and by nobody else', async () => {
  const { dossier } = await atSpecialist();
  const page = await at.specialist.get(dossier);
  const unit = option(page.text, 'Sở Xây dựng');
  assert.equal((await press(at.specialist, dossier, '/hoi', { unit, question: 'Nhà ở này có giấy phép không?' })).status, 303);
  const waiting = await at.specialist.get(dossier);
  const recall = formTo(waiting.text, '/rut-cau-hoi');
  const other = await signedIn(server, `chuyenvien.${unit.split('@')[0]}`.toLowerCase());
  const foreign = await other.form(recall.action, { recall_reason: 'không phải việc của chúng tôi' }, { from: dossier });
  assert.equal(foreign.status, 403);
  assert.equal((await press(at.specialist, dossier, '/rut-cau-hoi', { recall_reason: '' })).status, 422);
  const done = await press(at.specialist, dossier, '/rut-cau-hoi', { recall_reason: 'Đã tìm thấy giấy phép trong hồ sơ cũ' });
  assert.equal(done.status, 303, done.text);
  const back = await at.specialist.get(dossier);
  assert.match(back.text, /Khép lại, không có trả lời/);
  assert.match(back.text, /Đã tìm thấy giấy phép trong hồ sơ cũ/);
  const late = await other.form(recall.action.replace('rut-cau-hoi', 'y-kien'), { opinion: 'muộn' }, { from: '/can-bo' });
  assert.ok([403, 404, 409].includes(late.status), String(late.status));
  assert.equal((await decide(at.specialist, dossier, 'propose')).status, 303);
});

test('an officer of the own unit can be asked too', async () => {
  const { dossier } = await atSpecialist();
  const page = await at.specialist.get(dossier);
  const own = /<option value="(25405@[^"]*)"/.exec(page.text)[1];
  assert.equal((await press(at.specialist, dossier, '/hoi', { unit: own, question: 'Địa chính: đất này thuộc hộ nào?' })).status, 303);
  assert.equal((await press(at.specialist, dossier, '/y-kien', { opinion: 'Thửa 12, tờ 5, của hộ này.' })).status, 303);
  assert.match((await at.specialist.get(dossier)).text, /Thửa 12, tờ 5/);
});

test('the API asks and answers too', async () => {
  const { dossier } = await atSpecialist();
  const doc = (await at.specialist.get(`/api/v1${dossier}`, { headers: { accept: 'application/json' } })).json();
  assert.ok(doc.can_consult);
  assert.deepEqual(doc.opinions, []);
});

/** Days from today as three boxes of a date. */
function days(name, n) {
  const { d, m, y } = dayIn(n);
  return { [`${name}-d`]: d, [`${name}-m`]: m, [`${name}-y`]: y };
}
const person = (text, name) => option(text, `[^<]*${name}[^<]*`);

test('an officer is away: tasks go to the stand-in with the position, and come back', async () => {
  const { dossier } = await atSpecialist();
  const page = await at.specialist.get(dossier);
  const claim = formTo(page.text, '/nhan');
  if (claim) await sendForm(at.specialist, claim);
  assert.equal((await at.specialist.get('/can-bo/vang-mat')).status, 403, 'a specialist does not decide this');
  const before = await at.leader.get('/can-bo/vang-mat');
  assert.equal(before.status, 200);
  const who = person(before.text, 'Chuyên viên thụ lý');
  const standIn = person(before.text, 'Cán bộ một cửa');
  const register = (client, more) => fill(client, '/can-bo/vang-mat', { who, stand_in: standIn, ...days('from', 0), ...days('until', 2), reason: 'Nghỉ phép', ...more });
  const nobody = await register(at.leader, { stand_in: null });
  assert.equal(nobody.status, 422);
  assert.match(nobody.text, /href="#stand_in"/);
  const unable = await register(at.leader);
  assert.equal(unable.status, 422, 'the stand-in lacks the role');
  assert.match(unable.text, /vai trò Chuyên viên thụ lý/);
  assert.match(unable.text, /value="Nghỉ phép"/, 'what was typed is kept');
  const done = await register(at.leader, { lends: '1' });
  assert.equal(done.status, 303, done.text);
  const listed = await at.leader.get('/can-bo/vang-mat');
  assert.match(listed.text, /Đang vắng/);
  assert.match(listed.text, /\d+ việc đang ở người làm thay/);

  const theirs = await at.receiver.get(dossier);
  assert.match(theirs.text, /Làm thay [^<]+ đang vắng/);
  assert.match(theirs.text, /Chuyển người làm thay/, 'the history says so');
  assert.equal((await decide(at.receiver, dossier, 'propose', { remark: 'làm thay' })).status, 303, 'with the lent position');
  const second = (await atSpecialist()).dossier;
  const again = await at.operator.get('/can-bo/vang-mat?don-vi=' + encodeURIComponent(/name="unit" value="([^"]+)"/.exec(listed.text)[1]));
  assert.match(again.text, /Đang vắng/, 'the operator sees it too');
  const ended = await sendForm(at.operator, formTo(again.text, '/het'));
  assert.equal(ended.status, 303, ended.text);
  assert.equal((await at.receiver.get('/can-bo')).text.includes('thay'), false, 'the lent position is over');
  assert.equal((await decide(at.specialist, second, 'propose')).status, 303);
});
