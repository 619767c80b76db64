// What officers do on their pages, and a filing that asks for no paper and no fee, for tests that need one.
import assert from 'node:assert/strict';
import { fill, forms, send } from './form.mjs';
import { Client, demo } from './server.mjs';

/** Recognition of a poor household: no paper, no fee, its own process with a site visit. */
export const household = '1.011607';
const answers = {
  'nguoi-yeu-cau': { 'a.ethnicity': '22' },
  'lien-he': { 'a.phone': '0912 345 678' },
  ho: { 'a.head_name': 'Thị Mơ', 'a.applicant_relation': 'head' },
  'de-nghi': { 'a.request_kind': 'poor', 'a.change': 'Mất mùa điều hai năm liền' },
  'thu-nhap': { 'a.income_vnd': '900000', 'a.farmland_m2': '1000', 'a.has_debt': 'true' },
  'nha-o': { 'a.house': 'poor', 'a.house_area_m2': '40', 'a.water': 'well', 'a.toilet': 'poor', 'a.has_health_card': 'true', 'a.has_internet': 'false' },
  'cam-doan': { 'a.agrees_public': 'true', 'a.is_true': '1' },
};

const errorsOf = (r) => r.text.match(/class="errors"[\s\S]*?<\/ul>/)?.[0] ?? r.text.slice(0, 300);

/** Files it online in a commune; the owner's address /ho-so/{id}. */
export async function fileHousehold(client, { unit = demo.unit, collect = 'counter' } = {}) {
  const begun = await fill(client, `/nop/${household}`, { xa: unit });
  assert.equal(begun.status, 303, errorsOf(begun));
  const base = begun.location;
  let at = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 12 && at.includes('/trang/'); i++) {
    const r = await fill(client, at, answers[at.split('/').pop()] ?? {});
    assert.equal(r.status, 303, `${at}: ${errorsOf(r)}`);
    at = r.location;
  }
  const how = await fill(client, `${base}/nhan`, { collect, phone: '0912345678' });
  assert.equal(how.status, 303, errorsOf(how));
  const done = await fill(client, `${base}/xem-lai`, { cam_doan: '1' }, `${base}/nop`);
  assert.equal(done.status, 303, errorsOf(done));
  return done.location.replace('/bien-nhan', '');
}

export const deskOf = (own) => own.replace('/ho-so/', '/can-bo/ho-so/');
export const formTo = (text, end) => forms(text).find((f) => f.action.endsWith(end));

/** Sends the form of a dossier's page whose action ends in `end`, as the officer sees it. */
export async function press(client, dossier, end, fields) {
  const page = await client.get(dossier);
  assert.equal(page.status, 200, `${dossier}: ${page.status}`);
  const form = formTo(page.text, end);
  assert.ok(form, `${dossier} has no form ending in ${end}`);
  return send(client, form, fields);
}
export const decide = (client, dossier, outcome, more = {}) => press(client, dossier, '/xong', { outcome, ...more });

/** A signed-in client. */
export async function signedIn(server, login, password) {
  const c = new Client(server);
  const r = await c.signIn(login, password);
  assert.equal(r.status, 303, `${login}: ${r.status}`);
  return c;
}
