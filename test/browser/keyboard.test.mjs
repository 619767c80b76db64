// Journeys by keyboard alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open } from './browser.mjs';

let place;
before(async () => { place = await open(); });
after(() => place?.close());

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
