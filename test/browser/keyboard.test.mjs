// Every listed page by keyboard: the skip link comes first, every control is reached, the focus is seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listedPages, open, tabWalk } from './browser.mjs';

let place;
before(async () => { place = await open(); });
after(() => place?.close());

test('pages_are_walked_by_keyboard', async (t) => {
  for (const p of await listedPages()) {
    await t.test(`${p.name} as ${p.as}`, async () => {
      const context = await place.as(p.as);
      const page = await context.newPage();
      const path = typeof p.path === 'function' ? await p.path(page, place) : p.path;
      await page.goto(place.server.url + path);
      await page.keyboard.press('Tab');
      const first = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
      assert.match(first, /^#/, 'the first stop skips to the content');
      assert.deepEqual(await tabWalk(page), []);
      await context.close();
    });
  }
});

test('sign_in_by_keyboard_alone', async () => {
  const context = await place.as('nobody');
  const page = await context.newPage();
  await page.goto(`${place.server.url}/dang-nhap`);
  await page.focus('[name=login]');
  await page.keyboard.type('motcua.25405');
  for (let i = 0; i < 5 && (await page.evaluate(() => document.activeElement.name)) !== 'password'; i++) await page.keyboard.press('Tab');
  await page.keyboard.type('giagao-bombo');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.notEqual(new URL(page.url()).pathname, '/dang-nhap');
  await context.close();
});
