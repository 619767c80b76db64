// Whole journeys in the browser: with JavaScript off on a phone, and with nothing but keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk, leaves, logins, open, phone, signInOn } from './browser.mjs';
import { Keys, Pointer } from './hands.mjs';
import { officeDay, wholeBirth } from './journeys.mjs';

let place;
before(async () => { place = await open(); });
after(() => place?.close());

const onPhone = () => place.as('nobody', phone, { javaScriptEnabled: false });

test('sign_in_wrong_password_is_told_and_right_one_signs_in', async () => {
  const context = await onPhone();
  const page = await context.newPage();
  await signInOn(page, place.server.url, logins.citizen, 'khong-phai-mat-khau');
  assert.equal(new URL(page.url()).pathname, '/dang-nhap');
  assert.equal(await page.locator('.errors, .error-summary, [role=alert]').count() > 0, true, 'an error summary stands on the page');
  assert.equal(await page.inputValue('[name=login]'), logins.citizen, 'what was typed is still there');
  assert.equal(await page.inputValue('[name=password]'), '', 'but not the password');
  await signInOn(page, place.server.url, logins.citizen);
  assert.notEqual(new URL(page.url()).pathname, '/dang-nhap');
  await page.goto(`${place.server.url}/bo-mau`);
  const out = page.locator('form[action="/dang-xuat"] button');
  assert.equal(await out.count(), 1, 'signed in: the page offers to sign out');
  await leaves(page, () => out.click());
  await page.goto(`${place.server.url}/bo-mau`);
  assert.equal(await page.locator('form[action="/dang-xuat"]').count(), 0);
  await context.close();
});

test('language_link_changes_the_page_and_is_kept', async () => {
  const context = await onPhone();
  const page = await context.newPage();
  await page.goto(`${place.server.url}/dang-nhap`);
  assert.equal(await page.getAttribute('html', 'lang'), 'vi');
  await page.goto(`${place.server.url}/dang-nhap?lang=en`);
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.goto(`${place.server.url}/bo-mau`);
  assert.equal(await page.getAttribute('html', 'lang'), 'en', 'the next page keeps the language');
  await context.close();
});


const ways = {
  'with JavaScript off': { Hands: Pointer, look: phone, more: { javaScriptEnabled: false } },
  'by keyboard alone': { Hands: Keys, look: { ...desk, height: 700 }, more: {} },
};

for (const [way, { Hands, look, more }] of Object.entries(ways)) {
  // a file is chosen by keys only where the focus is: one page at a time then
  test(`whole journeys ${way}`, { concurrency: Hands === Keys ? 1 : 2, timeout: 900000 }, async (t) => {
    const handsOf = async (role) => new Hands(await (await place.as(role, look, more)).newPage(), place.server.url);
    const close = (hands) => hands.page.context().close();
    await Promise.all([
      t.test(`a birth from search to certificate, ${way}`, async () => {
        const hands = await handsOf('nobody');
        await wholeBirth(hands, place);
        await close(hands);
      }),
      t.test(`a day at the office, ${way}`, async () => {
        const used = [];
        await officeDay(async (role) => { used.push(await handsOf(role)); return used.at(-1); });
        await Promise.all(used.map(close));
      }),
    ]);
  });
}
