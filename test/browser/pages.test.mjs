// Looks at every kind of page as the person it is for: axe-core, width, picture. The pages that the offices list
// come first; then links are followed from them, so that a page nobody listed is still looked at once.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import unbuilt from './unbuilt.mjs';
import { axe, kindOf, listedPages, listen, looks, open, screens, shape, writeIndex } from './browser.mjs';

const FOLLOW_MOST = Number(process.env.FOLLOW_MOST ?? 60); // pages found by links, of all people together
const NOT_PAGES = /\.(pdf|csv|xlsx|json|xml|png|jpg|svg)$|\/(song|du-thao|in|so-theo-doi)(\/|$)|^\/api\//;
let place;
const shots = [];
const seen = new Set();
const dead = [];

before(async () => {
  rmSync(screens, { recursive: true, force: true });
  mkdirSync(screens, { recursive: true });
  place = await open({ args: ['--n', '40'] });
});
after(async () => {
  writeIndex(shots);
  await place?.close();
});

const fileName = (kind, role, look) =>
  `${kind.replace(/[^a-z0-9*]+/g, '_').replaceAll('*', 'x').replace(/^_$/, '_home')}-${role}-${look.width}${look.zoom ? 'z' : ''}-${look.scheme}-${look.lang}.png`;

/** True when the address gives a file to keep (a paper, a result) and not a page to look at; it must answer all the same. */
async function isFile(role, path) {
  const context = await place.as(role);
  const answer = await context.request.get(place.server.url + path);
  await context.close();
  const type = answer.headers()['content-type'] ?? '';
  const attached = (answer.headers()['content-disposition'] ?? '').startsWith('attachment');
  return answer.status() === 200 && (attached || !type.startsWith('text/html'));
}

/** One page in every look; returns the paths it links to. */
async function visit(role, path, kind, status) {
  const faults = [];
  let links = [];
  for (const look of looks) {
    const context = await place.as(role, look);
    const page = await context.newPage();
    const heard = listen(page);
    const answer = await page.goto(place.server.url + path, { waitUntil: 'load' });
    const say = (f) => faults.push(`${role} ${path} ${look.width} px ${look.scheme} ${look.lang}${look.zoom ? ' 200 %' : ''}: ${f}`);
    if (answer.status() !== status) say(`status ${answer.status()}, not ${status}`);
    (await shape(page)).forEach(say);
    if (look.axe) (await axe(page)).forEach(say);
    heard.forEach(say);
    if (look.screen) {
      const file = fileName(kind, role, look);
      await page.screenshot({ path: join(screens, file), fullPage: true });
      shots.push({ kind, role, file, ...look });
    }
    if (links.length === 0) links = await page.$$eval('a[href^="/"]', (all) => all.map((a) => a.getAttribute('href').split('#')[0]));
    await context.close();
    if (answer.status() !== status) break;
  }
  return { faults, links };
}

test('every kind of page fits its widths and has no axe violation', async (t) => {
  const found = [];
  for (const p of await listedPages()) {
    await t.test(`${p.name} as ${p.as}`, async () => {
      let path = p.path;
      if (typeof path === 'function') {
        const context = await place.as(p.as);
        path = await p.path(await context.newPage(), place);
        await context.close();
        assert.ok(path, 'the page was not found by its function');
      }
      seen.add(kindOf(path));
      const { faults, links } = await visit(p.as, path, p.name, p.status ?? 200);
      links.forEach((to) => found.push({ role: p.as, to }));
      assert.deepEqual(faults, []);
    });
  }
  for (let followed = 0; found.length > 0 && followed < FOLLOW_MOST; ) {
    const { role, to } = found.shift();
    const kind = kindOf(to);
    if (seen.has(kind) || NOT_PAGES.test(to.split('?')[0])) continue;
    seen.add(kind);
    followed++;
    await t.test(`${kind} by a link, as ${role}`, async () => {
      if (await isFile(role, to)) return;
      const { faults, links } = await visit(role, to, kind, 200);
      links.forEach((next) => found.push({ role, to: next }));
      if (faults.some((f) => f.includes('status 404'))) dead.push(`${to} (offered to ${role})`);
      else assert.deepEqual(faults, []);
    });
  }
});

test('every link leads somewhere', () => {
  const missing = dead.filter((d) => !unbuilt.some((u) => d.startsWith(`${u} `)));
  for (const d of dead) if (!missing.includes(d)) console.log(`link to an address that is not built yet: ${d}`);
  assert.deepEqual(missing, []);
});
