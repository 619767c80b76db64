// The turns that a dossier's journey can take: back to an earlier step, asked again, late, filed for others,
// a result that was wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decide, deskOf, fileHousehold, formTo, household, press, signedIn } from '../lib/desk.mjs';
import { addPaper, begin, complete, newPicture, sha256, submit } from '../lib/filing.mjs';
import { fill, forms, send, upload } from '../lib/form.mjs';
import { pdfText, pdfWords, qrOf } from '../lib/pdf.mjs';
import { Client, dayIn, demo, officers, startServer, untilShown as until } from '../lib/server.mjs';

let server;
const at = {};
before(async () => {
  server = await startServer();
  for (const who of ['receiver', 'specialist', 'leader', 'operator']) at[who] = await signedIn(server, officers[who]);
  at.citizen = await signedIn(server, demo.citizen);
});
after(() => server?.stop());

const isPdf = (r) => r.bytes.subarray(0, 5).toString() === '%PDF-';

test('a step goes back with its reason to the hands it came from', async () => {
  const dossier = deskOf(await fileHousehold(at.citizen));
  assert.equal((await decide(at.receiver, dossier, 'accept')).status, 303);
  const bare = await press(at.specialist, dossier, '/tra-lai', { step: 'receive', back_note: ' ' });
  assert.equal(bare.status, 422);
  assert.match(bare.text, /href="#back_note"/);
  const back = await press(at.specialist, dossier, '/tra-lai', { step: 'receive', back_note: 'Thiếu chữ ký của chủ hộ' });
  assert.equal(back.status, 303, back.text);
  const again = await at.receiver.get(dossier);
  assert.match(again.text, /Thiếu chữ ký của chủ hộ/, 'the reason stands beside the task');
  assert.match((await at.receiver.get('/can-bo?loc=mine')).text, new RegExp(`href="${dossier}"`));
  const nowhere = await at.receiver.form(formTo(again.text, '/xong').action.replace('xong', 'tra-lai'), { step: 'sign', back_note: 'x' }, { from: dossier });
  assert.equal(nowhere.status, 422, 'only earlier steps that the process names');
  assert.equal((await decide(at.receiver, dossier, 'accept')).status, 303);
});

test('papers are asked for twice only when a leader allows it with a reason', async () => {
  const own = await fileHousehold(at.citizen);
  const dossier = deskOf(own);
  const ask = (words) => press(at.receiver, dossier, '/bo-sung', { words });
  assert.equal((await ask('Bản chụp sổ hộ khẩu cũ')).status, 303);
  assert.equal(formTo((await at.leader.get(dossier)).text, '/cho-bo-sung'), undefined, 'not while the first is unanswered');
  const page = await at.citizen.get(`${own}/bo-sung`);
  assert.match(page.text, /sổ hộ khẩu cũ/);
  const answered = await send(at.citizen, forms(page.text).find((f) => f.action === `${own}/bo-sung`), { loi_nhan: 'Đã gửi' });
  assert.equal(answered.status, 303, answered.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]);
  const second = await ask('Ảnh nhà ở');
  assert.equal(second.status, 422);
  assert.match(second.text, /lãnh đạo/);
  assert.equal(formTo((await at.receiver.get(dossier)).text, '/cho-bo-sung'), undefined);
  const empty = await press(at.leader, dossier, '/cho-bo-sung', { again_reason: '' });
  assert.equal(empty.status, 422);
  const allowed = await press(at.leader, dossier, '/cho-bo-sung', { again_reason: 'Bão làm hỏng nhà sau ngày nộp' });
  assert.equal(allowed.status, 303, allowed.text);
  assert.match((await at.receiver.get(dossier)).text, /Bão làm hỏng nhà sau ngày nộp/);
  assert.equal((await ask('Ảnh nhà ở')).status, 303);
  assert.match((await at.citizen.get(`${own}/bo-sung`)).text, /Ảnh nhà ở/);
});

test('a representative files for the business, and the dossier is the business\'s', async () => {
  const c = await signedIn(server, demo.citizen);
  const orgs = await c.get('/tai-khoan/dai-dien');
  assert.match(orgs.text, /Hợp tác xã Thổ cẩm Sóc Bom Bo/);
  const own = forms(orgs.text).find((f) => f.action === '/tai-khoan/dai-dien' && f.fields.get('id') !== '0');
  assert.equal((await send(c, own)).status, 303);
  const begun = await fill(c, '/nop/1.013225', { xa: demo.unit });
  assert.equal(begun.status, 303, begun.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]);
  assert.match((await c.get(begun.location)).text, /Hợp tác xã Thổ cẩm Sóc Bom Bo/, 'the page says for whom');
  assert.match((await c.get('/toi')).text, /Hợp tác xã Thổ cẩm Sóc Bom Bo/);
  const stranger = await signedIn(server, 'motcua.25195');
  const id = own.fields.get('id');
  const foreign = await stranger.form('/tai-khoan/dai-dien', { id });
  assert.equal(foreign.status, 403, 'nobody speaks for a business without a link');
});

test('somebody else is helped only with recorded consent', async () => {
  const other = { cho: 'other', xa: demo.unit, nguoi_ten: 'Điểu Sơn', nguoi_so: '070085654321', 'nguoi_sinh-d': '1', 'nguoi_sinh-m': '2', 'nguoi_sinh-y': '1985' };
  assert.equal((await fill(at.citizen, `/nop/${household}`, other)).status, 403, 'a citizen helps nobody unknown');
  const silent = await fill(at.receiver, `/nop/${household}`, other);
  assert.equal(silent.status, 422);
  assert.match(silent.text, /href="#dong_y"/);
  const begun = await fill(at.receiver, `/nop/${household}`, { ...other, dong_y: 'phone', dong_y_loi: 'Ông Sơn đồng ý qua điện thoại lúc 9 giờ' });
  assert.equal(begun.status, 303, begun.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]);
  assert.match((await at.receiver.get(`${begun.location}/trang/nguoi-yeu-cau`)).text, /Điểu Sơn/);
});

test('a paper that was accepted is signed for by the officer, lies in the records store and is offered next time', async () => {
  const bytes = newPicture();
  const base = await begin(at.citizen);
  await complete(at.citizen, base);
  const giay = await addPaper(at.citizen, base, bytes);
  assert.doesNotMatch((await at.citizen.get(giay)).text, /dung-lai/, 'nothing to reuse yet');
  const form = forms((await at.citizen.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
  const own = (await submit(at.citizen, form)).location.replace('/bien-nhan', '');
  const records = async () => (await at.citizen.get('/api/v1/toi/giay-to')).json().records;
  assert.ok(!(await records()).some((r) => r.attest), 'not before an officer accepted it');
  assert.equal((await decide(at.receiver, deskOf(own), 'accept')).status, 303);
  await until(at.citizen, own, /ký số và lưu giấy tờ vào kho/);
  const kept = (await records()).find((r) => r.attest);
  assert.match(kept.title, /khai tử/i);
  const file = await at.citizen.get(kept.href);
  const sheet = await at.citizen.get(kept.attest);
  const words = pdfText(sheet.bytes);
  assert.ok(words.replace(/\s/g, '').includes(sha256(file.bytes)), 'the sheet names the very file');
  assert.ok(words.includes(kept.attest_by), kept.attest_by);
  const body = new FormData();
  body.set('csrf', Client.token((await at.citizen.get('/kiem-tra')).text));
  body.set('tep', new Blob([sheet.bytes], { type: 'application/pdf' }), 'phieu.pdf');
  const checked = await at.citizen.request('POST', '/kiem-tra', { body, headers: { origin: server.url } });
  assert.match(checked.text, new RegExp(`<h3>${kept.attest_by}</h3>[\\s\\S]*tag-ontime`), "the officer's own signature, intact");
  const stranger = await signedIn(server, officers.leader);
  assert.ok([403, 404].includes((await stranger.get(kept.attest)).status), 'nobody else has it');
  const next = await begin(at.citizen);
  await complete(at.citizen, next);
  await fill(at.citizen, `${next}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  const reuse = forms((await at.citizen.get(`${next}/giay-to`)).text).find((f) => /dung-lai$/.test(f.action));
  assert.ok(reuse, 'offered in the next filing');
  assert.equal((await send(at.citizen, reuse)).status, 303);
  assert.ok(forms((await at.citizen.get(`${next}/xem-lai`)).text).some((f) => f.action === `${next}/nop`), 'complete with it');
});

test('a required paper that was taken away again keeps the draft from being filed', async () => {
  const base = await begin(at.citizen);
  await complete(at.citizen, base);
  const giay = await addPaper(at.citizen, base, newPicture());
  assert.ok(forms((await at.citizen.get(`${base}/xem-lai`)).text).some((f) => f.action === `${base}/nop`), 'complete with it');
  const form = forms((await at.citizen.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
  const remove = forms((await at.citizen.get(giay)).text).find((f) => /\/bo$/.test(f.action));
  assert.equal((await send(at.citizen, remove)).status, 303);
  const refused = await submit(at.citizen, form);
  assert.ok([409, 422].includes(refused.status), String(refused.status));
  assert.match((await at.citizen.get(base)).text, /giay-to/);
  assert.equal((await upload(at.citizen, giay, { loai: /name="loai" value="([^"]+)"/.exec((await at.citizen.get(giay)).text)[1] },
    [{ name: 'khoa.pdf', type: 'application/pdf', bytes: Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n4 0 obj<</Filter/Standard/V 1/R 2/O(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)/U(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)/P -4>>endobj\ntrailer<</Root 1 0 R/Encrypt 4 0 R/Size 5>>\n%%EOF\n') }])).status, 422, 'an encrypted PDF is refused');
});

/** A confirmation of marital status with its signed result: the owner's and the officer's address. */
async function proposed() {
  const base = await begin(at.citizen);
  const own = (await submit(at.citizen, await complete(at.citizen, base))).location.replace('/bien-nhan', '');
  const dossier = deskOf(own);
  assert.equal((await decide(at.receiver, dossier, 'accept')).status, 303);
  const bank = /\/mo-phong\/ngan-hang\/\w+/.exec((await at.citizen.get(`${own}/thanh-toan`)).text)?.[0];
  if (bank) await fill(at.citizen, bank);
  await until(at.specialist, dossier, /\/xong"/);
  assert.equal((await decide(at.specialist, dossier, 'propose')).status, 303);
  const task = /\/can-bo\/ky\?viec=(\d+)/.exec((await at.leader.get(dossier)).text)[1];
  return { own, dossier, task };
}

async function signedResult() {
  const { own, dossier, task } = await proposed();
  assert.equal((await at.leader.form('/can-bo/ky', { viec: task, pin: demo.pin })).status, 303);
  await until(at.citizen, own, /\/ket-qua\/\d+/);
  return { own, dossier };
}

test('a wrong result is corrected, and whoever verifies the old one is led to the new one', async () => {
  const { own, dossier } = await signedResult();
  const result = /\/can-bo\/ket-qua\/\d+/.exec((await at.leader.get(dossier)).text)[0];
  const first = await at.citizen.get(new RegExp(`${own}/ket-qua/\\d+`).exec((await at.citizen.get(own)).text)[0]);
  assert.ok(isPdf(first));
  const hash = sha256(first.bytes);
  assert.match((await at.citizen.get(`/kiem-tra/${hash}`)).text, /note-ontime/);
  assert.equal((await at.receiver.form(`${result}/sua`, { reason: 'x' }, { from: dossier })).status, 403);
  const empty = await at.leader.form(`${result}/sua`, { reason: '' }, { from: dossier });
  assert.equal(empty.status, 422);
  const begun = await at.leader.form(`${result}/sua`, { reason: 'Ghi sai tình trạng hôn nhân' }, { from: dossier });
  assert.equal(begun.status, 303, begun.text);
  assert.match((await at.citizen.get(`/kiem-tra/${hash}`)).text, /note-ontime/, 'in force until the correction is signed');
  const fields = await press(at.leader, dossier, '/ket-qua', { 'f.status_text': 'Đã kết hôn với ông Điểu Bình' });
  assert.equal(fields.status, 303, fields.text);
  assert.ok(isPdf(await at.leader.get(`${dossier}/du-thao`)));
  const wrong = await press(at.leader, dossier, '/ky-lai', { pin: '000000' });
  assert.equal(wrong.status, 422);
  const signed = await press(at.leader, dossier, '/ky-lai', { pin: demo.pin });
  assert.equal(signed.status, 303, signed.text);
  const old = await at.citizen.get(`/kiem-tra/${hash}`);
  assert.match(old.text, /note-late/);
  assert.match(old.text, /Ghi sai tình trạng hôn nhân/);
  const newer = [...old.text.matchAll(/href="\/kiem-tra\/([0-9a-f]{64})"/g)].map((m) => m[1]).find((h) => h !== hash);
  assert.ok(newer, 'it leads to the new one');
  assert.match((await at.citizen.get(`/kiem-tra/${newer}`)).text, /note-ontime/);
  const owner = await at.citizen.get(own);
  assert.match(owner.text, /sửa và cấp lại/);
  assert.equal((owner.text.match(new RegExp(`href="${own}/ket-qua/\\d+"`, 'g')) ?? []).length >= 1, true);
});

test('the QR and the code printed on a result open its page; a wrong code tells nothing and is not tried for ever', async () => {
  const { own, dossier } = await signedResult();
  const file = await at.citizen.get(new RegExp(`${own}/ket-qua/\\d+`).exec((await at.citizen.get(own)).text)[0]);
  const url = qrOf(file.bytes);
  const [, code] = /^http:\/\/[^/]+\/kiem-tra\/k\/([0-9A-Z]{12})$/.exec(url) ?? [];
  assert.ok(code, url);
  const printed = pdfText(file.bytes);
  const groups = code.match(/.{4}/g).join('-');
  assert.ok(printed.includes(groups), `the code stands on the paper: ${printed.slice(-400)}`);
  const anybody = new Client(server);
  const typed = await anybody.get(`/kiem-tra?ma=${groups.toLowerCase()}`);
  assert.equal(typed.status, 303);
  const seen = await anybody.get(typed.location);
  assert.match(seen.text, /note-ontime/);
  const said = (await anybody.get(`/api/v1/kiem-tra/k/${code}`)).json();
  assert.equal(said.is_valid, true);
  assert.equal(said.title, 'Giấy xác nhận tình trạng hôn nhân');
  assert.match(printed, new RegExp(`Số: ?${said.number}/`));
  assert.ok(printed.includes(said.signer), said.signer);
  assert.equal(said.hash, sha256(file.bytes));
  assert.match(said.holder, /\*/, 'the name is masked');
  assert.ok(!seen.text.includes('Thị Mơ'), 'a stranger does not learn the name');
  const result = /\/can-bo\/ket-qua\/\d+/.exec((await at.leader.get(dossier)).text)[0];
  assert.equal((await at.leader.form(`${result}/thu-hoi`, { reason: 'Cấp nhầm người' }, { from: dossier })).status, 303);
  const later = (await anybody.get(`/api/v1/kiem-tra/k/${code}`)).json();
  assert.equal(later.is_valid, false);
  assert.equal(later.reason, 'Cấp nhầm người');
  let last = await anybody.get('/kiem-tra/k/AAAAAAAAAAAA');
  assert.match(last.text, /Không có giấy tờ nào mang mã này/);
  for (let i = 0; i < 60 && last.status !== 429; i++) last = await anybody.get('/kiem-tra/k/AAAAAAAAAAAA');
  assert.equal(last.status, 429);
});

test('a revoked result says so to everybody who verifies it', async () => {
  const { own, dossier } = await signedResult();
  const file = await at.citizen.get(new RegExp(`${own}/ket-qua/\\d+`).exec((await at.citizen.get(own)).text)[0]);
  const hash = sha256(file.bytes);
  const result = /\/can-bo\/ket-qua\/\d+/.exec((await at.leader.get(dossier)).text)[0];
  const bare = await at.leader.form(`${result}/thu-hoi`, { reason: ' ' }, { from: dossier });
  assert.equal(bare.status, 422, 'a reason is a must');
  assert.equal((await at.leader.form(`${result}/thu-hoi`, { reason: 'Cấp nhầm người' }, { from: dossier })).status, 303);
  const seen = await at.citizen.get(`/kiem-tra/${hash}`);
  assert.match(seen.text, /note-late/);
  assert.match(seen.text, /Cấp nhầm người/);
});

const today = (day) => at.operator.form('/quan-tri/lich', { today: day });

test('a draft whose unit an operator moved to its successor says so from then on', async () => {
  const begun = await fill(at.citizen, `/nop/${household}`, { xa: '25390' });
  assert.equal(begun.status, 303, begun.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0]);
  assert.doesNotMatch((await at.citizen.get(begun.location)).text, /sắp xếp lại/);
  const list = (await at.operator.get('/quan-tri/don-vi')).text;
  const [from] = /25390@[0-9-]*/.exec(list), [to] = /25399@[0-9-]*/.exec(list);
  const preview = await at.operator.get(`/quan-tri/don-vi?from=${from}&to=${to}`);
  assert.equal((await send(at.operator, forms(preview.text).find((f) => f.action === '/quan-tri/don-vi'))).status, 303);
  const moved = /Xã Đồng Tâm đã được sắp xếp lại. Hồ sơ sẽ được gửi đến Xã Đak Nhau/;
  assert.match((await at.citizen.get(begun.location)).text, moved);
  await fill(at.citizen, `${begun.location}/trang/lien-he`, { 'a.phone': '0912 345 678' });
  assert.match((await at.citizen.get(begun.location)).text, moved, 'still said after something was saved');
});

test('late: one apology with reason and new date, and never a second', async () => {
  const own = await fileHousehold(at.citizen);
  const dossier = deskOf(own);
  assert.equal((await decide(at.receiver, dossier, 'accept')).status, 303);
  assert.equal(formTo((await at.leader.get(dossier)).text, '/xin-loi'), undefined, 'there is time left');
  const day = (n) => dayIn(n).iso;
  assert.equal((await today(day(90))).status, 303);
  try {
    const apologise = (fields) => press(at.leader, dossier, '/xin-loi', fields);
    const bare = await apologise({ reason: '', new_due: day(95) });
    assert.equal(bare.status, 422);
    assert.match(bare.text, /href="#reason"/);
    const past = await apologise({ reason: 'Mưa lũ', new_due: day(80) });
    assert.equal(past.status, 422);
    const done = await apologise({ reason: 'Mưa lũ chia cắt đường vào ấp', new_due: day(97) });
    assert.equal(done.status, 303, done.text);
    assert.match((await at.citizen.get(own)).text, /xin lỗi/i);
    assert.equal(formTo((await at.leader.get(dossier)).text, '/xin-loi'), undefined, 'once');
    const twice = await at.leader.form(`${dossier}/xin-loi`, { reason: 'lại trễ', new_due: day(99) }, { from: dossier });
    assert.equal(twice.status, 422);
    const form04 = pdfWords((await at.receiver.get(`${dossier}/in/xin-loi`)).bytes);
    assert.match(form04, /Số: 01\/PXL/);
    assert.match(form04, /Mưa lũ chia cắt đường vào ấp/);
    const [was, now] = [/Thời gian hẹn trả kết quả: .*?ngày ([\d/]+)/, /hẹn trả kết quả vào .*?ngày ([\d/]+)/].map((r) => r.exec(form04)[1]);
    assert.notEqual(was, now, 'the missed date and the new one');
    assert.match(form04, /CHỦ TỊCH \(Ký, ghi rõ họ tên và đóng dấu\)/);
    assert.doesNotMatch(form04, /chữ ký số/, 'nobody signed this paper digitally');
  } finally {
    await today('');
  }
});

test('past its appointment nothing is signed before somebody apologised; the leader has a list', async () => {
  const { own, dossier, task } = await proposed();
  const number = (await at.leader.get(dossier)).text.match(/<h1 class="num">([^<]+)</)[1];
  assert.doesNotMatch((await at.leader.get('/can-bo/xin-loi')).text, new RegExp(number), 'not late yet');
  const sign = () => at.leader.form('/can-bo/ky', { viec: task, pin: demo.pin });
  const day = (n) => dayIn(n).iso;
  assert.equal((await today(day(90))).status, 303);
  try {
    const refused = await sign();
    assert.notEqual(refused.status, 303);
    assert.match(refused.text, new RegExp(`${dossier}#xin-loi[\\s\\S]*?${number}[\\s\\S]*?xin lỗi và hẹn lại rồi mới ký`));
    assert.match((await at.leader.get('/can-bo')).text, /quá hẹn mà chưa xin lỗi[\s\S]{0,200}href="\/can-bo\/xin-loi"/);
    assert.match((await at.leader.get('/can-bo/xin-loi')).text, new RegExp(`href="${dossier}#xin-loi"[\\s\\S]*?${number}`));
    assert.match((await at.leader.get(dossier)).text, /Phải ghi phiếu xin lỗi và ngày hẹn mới/);
    assert.equal((await at.specialist.get('/can-bo/xin-loi')).status, 403);
    const done = await press(at.leader, dossier, '/xin-loi', { reason: 'Đang chờ xác minh', new_due: day(97) });
    assert.equal(done.status, 303, done.text);
    assert.doesNotMatch((await at.leader.get('/can-bo/xin-loi')).text, new RegExp(number));
    assert.equal((await sign()).status, 303);
    await until(at.citizen, own, /\/ket-qua\/\d+/);
  } finally {
    await today('');
  }
});

test('each thing asked for has a place of its own for files, ticked when it has one', async () => {
  const own = await fileHousehold(at.citizen);
  const dossier = deskOf(own);
  assert.match((await at.citizen.get(own)).text, /sẽ trả lời có tiếp nhận hay không trước/);
  assert.equal((await press(at.receiver, dossier, '/bo-sung', { words: 'Bản chụp sổ hộ khẩu cũ\nẢnh nhà ở' })).status, 303);
  const held = await at.receiver.get(dossier);
  assert.match(held.text, /Tạm dừng, chờ người nộp[\s\S]*?từ [^<]*; khi người nộp trả lời/);
  assert.doesNotMatch(held.text, /phải trả lời tiếp nhận trước/);
  const mine = await at.citizen.get(own);
  assert.match(mine.text, /Thời gian giải quyết tạm dừng từ/);
  assert.doesNotMatch(mine.text, /sẽ trả lời có tiếp nhận hay không trước/);
  const send2 = (place, name) => upload(at.citizen, `${own}/bo-sung/tep`, { muc: place }, [{ name, type: 'image/jpeg', bytes: newPicture() }], `${own}/bo-sung`);
  assert.equal((await send2('1', 'nha.jpg')).status, 303);
  const doc = (await at.citizen.get(`/api/v1${own}/bo-sung`)).json();
  assert.deepEqual(doc.items.map((i) => [i.words, i.is_given, i.files.map((f) => f.file)]),
    [['Bản chụp sổ hộ khẩu cũ', false, []], ['Ảnh nhà ở', true, ['nha.jpg']]]);
  assert.equal(doc.n_missing, 1);
  assert.equal((await send2('0', 'ho-khau.jpg')).status, 303);
  assert.equal((await at.citizen.get(`/api/v1${own}/bo-sung`)).json().n_missing, 0);
  const answered = await send(at.citizen, forms((await at.citizen.get(`${own}/bo-sung`)).text).find((f) => f.action === `${own}/bo-sung`), { loi_nhan: '' });
  assert.equal(answered.status, 303);
  const again = await at.receiver.get(dossier);
  assert.match(again.text, /phải trả lời tiếp nhận trước/, 'the office has its time again');
  assert.match(again.text, /nha\.jpg/);
});
