// Looks at every kind of page as the person it is for: axe-core, width, keyboard, picture. The pages that the offices list
// come first; then links are followed from them, so that a page nobody listed is still looked at once.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import unbuilt from './unbuilt.mjs';
import { axe, desk, kindOf, listedPages, listen, looks, open, screens, shape, tabWalk, writeIndex } from './browser.mjs';

const FOLLOW_MOST = Number(process.env.FOLLOW_MOST ?? 60); // pages found by links, of all people together
const NOT_PAGES = /\.(pdf|csv|xlsx|json|xml|png|jpg|svg)$|\/(song|du-thao|in|so-theo-doi)(\/|$)|^\/api\//;
const LANES = Number(process.env.LANES ?? 2); // pages looked at side by side
const PAGE_MS = 240000;
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

const fileName = (kind, role, view, lang) =>
  `${kind.replace(/[^a-z0-9*]+/g, '_').replaceAll('*', 'x').replace(/^_$/, '_home')}-${role}-${view.width}-${view.scheme}-${lang}.png`;

/** True when the address gives a file to keep (a paper, a result) and not a page to look at; it must answer all the same. */
async function isFile(page, path) {
  const answer = await page.context().request.get(place.server.url + path);
  const type = answer.headers()['content-type'] ?? '';
  const attached = (answer.headers()['content-disposition'] ?? '').startsWith('attachment');
  return answer.status() === 200 && (attached || !type.startsWith('text/html'));
}

/** One lane: pages of each person and language stay open and go from address to address. */
class Lane {
  constructor() { this.pages = new Map(); }

  async page(role, lang) {
    const key = `${role} ${lang}`;
    if (!this.pages.has(key)) this.pages.set(key, await (await place.as(role, { ...desk, lang })).newPage());
    return this.pages.get(key);
  }

  async close() { for (const p of this.pages.values()) await p.context().close(); }

  /** A page loaded once, then seen in every view of this language; the paths it links to. */
  async look(role, path, kind, status, { lang, views }, say) {
    const page = await this.page(role, lang);
    const heard = listen(page);
    await page.emulateMedia({ colorScheme: views[0].scheme });
    await page.setViewportSize({ width: views[0].width, height: 900 });
    const answer = await page.goto(place.server.url + path, { waitUntil: 'load' });
    if (answer.status() !== status) {
      heard.stop();
      say(lang, `status ${answer.status()}, not ${status}`);
      return [];
    }
    const links = await page.$$eval('a[href^="/"]', (all) => all.map((a) => a.getAttribute('href').split('#')[0]));
    for (const view of views) {
      const tell = (f) => say(`${view.width} px ${view.scheme} ${lang} ${view.note ?? ''}`, f);
      await page.emulateMedia({ colorScheme: view.scheme });
      await page.setViewportSize({ width: view.width, height: 900 });
      (await shape(page)).forEach(tell);
      if (view.axe) (await axe(page, view.axe)).forEach(tell);
      if (view.screen) {
        const file = fileName(kind, role, view, lang);
        await page.screenshot({ path: join(screens, file), fullPage: true });
        shots.push({ kind, role, file, lang, ...view });
      }
      if (view.keys) (await tabWalk(page)).forEach(tell);
      await page.evaluate('document.activeElement?.blur(); scrollTo(0, 0)');
    }
    heard.stop().forEach((f) => say(lang, f));
    return links;
  }

  async visit(role, path, kind, status) {
    const faults = [];
    const say = (how, f) => faults.push(`${role} ${path} ${how}: ${f}`);
    let links = [];
    for (const look of looks) {
      const found = await this.look(role, path, kind, status, look, say);
      if (links.length === 0) links = found;
      if (faults.some((f) => f.includes(': status '))) break;
    }
    return { faults, links };
  }
}

/** Works through a list that may grow meanwhile, in several lanes. */
async function inLanes(next) {
  const lanes = Array.from({ length: LANES }, () => new Lane());
  await Promise.all(lanes.map(async (lane) => {
    for (let job = next(); job; job = next()) await job(lane);
  }));
  await Promise.all(lanes.map((lane) => lane.close()));
}

test('every kind of page fits its widths, is walked by keyboard and has no axe violation', { concurrency: LANES }, async (t) => {
  const found = [];
  const listed = await listedPages();
  await inLanes(() => {
    const p = listed.shift();
    return p && ((lane) => t.test(`${p.name} as ${p.as}`, { timeout: PAGE_MS }, async () => {
      const path = typeof p.path === 'function' ? await p.path(await lane.page(p.as, 'vi'), place) : p.path;
      assert.ok(path, 'the page was not found by its function');
      seen.add(kindOf(path));
      const { faults, links } = await lane.visit(p.as, path, p.name, p.status ?? 200);
      links.forEach((to) => found.push({ role: p.as, to }));
      assert.deepEqual(faults, []);
    }));
  });
  let followed = 0;
  await inLanes(() => {
    while (found.length > 0 && followed < FOLLOW_MOST) {
      const { role, to } = found.shift();
      const kind = kindOf(to);
      if (seen.has(kind) || NOT_PAGES.test(to.split('?')[0])) continue;
      seen.add(kind);
      followed++;
      return (lane) => t.test(`${kind} by a link, as ${role}`, { timeout: PAGE_MS }, async () => {
        if (await isFile(await lane.page(role, 'vi'), to)) return;
        const { faults, links } = await lane.visit(role, to, kind, 200);
        links.forEach((next) => found.push({ role, to: next }));
        if (faults.some((f) => f.includes('status 404'))) dead.push(`${to} (offered to ${role})`);
        else assert.deepEqual(faults, []);
      });
    }
    return null;
  });
});

test('every link leads somewhere', () => {
  const missing = dead.filter((d) => !unbuilt.some((u) => d.startsWith(`${u} `)));
  for (const d of dead) if (!missing.includes(d)) console.log(`link to an address that is not built yet: ${d}`);
  assert.deepEqual(missing, []);
});

// A page of the exchange lists at most twenty rows, and a row's card on a phone is ten lines of text at most: twenty of 270 px with the
// head and a form below are nine screens of 740 px. What is longer lists all it has, or its rows have grown: then page it, or fold it.
const TALLEST_PX = 9 * 740;

test('pages of the exchange stay within nine screens of a phone, without the script', { timeout: PAGE_MS }, async () => {
  const listed = (await listedPages()).filter((p) => p.name.startsWith('exchange') && typeof p.path === 'string');
  const [service] = (await (await fetch(`${place.server.url}/api/v1/truc`)).json()).services;
  const context = await place.as('operator', { width: 360, height: 740, lang: 'vi' }, { javaScriptEnabled: false });
  const page = await context.newPage();
  const tall = [];
  for (const path of [...listed.map((p) => p.path), '/truc/nhat-ky?loi=1', '/so-lieu/truc', service.href, `${service.href}/xin-phep`, `${service.href}/thu`]) {
    assert.equal((await page.goto(place.server.url + path, { waitUntil: 'load' })).status(), 200, path);
    const px = Math.ceil((await page.locator('html').boundingBox()).height);
    if (px > TALLEST_PX) tall.push(`${path}: ${px} px`);
  }
  await context.close();
  assert.deepEqual(tall, []);
});
