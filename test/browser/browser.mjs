// What the browser tests share: one program with demo data, one Chromium, people signed in, and the looks at a page.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { demo, officers, root, startServer } from '../lib/server.mjs';

export const isLong = process.env.CHECK_LEVEL === 'long';
export const screens = join(root, 'build/screens');
const axeSource = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');
const chromes = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The people a page can be looked at as. */
export const logins = { nobody: null, citizen: demo.citizen, ...officers };

/**
 * How a page is looked at: one load in each language, then width (CSS pixels) and colour scheme are changed on the
 * loaded page. axe: all rules, or those that depend on the layout. 200 % zoom of a window of 1,280 px is a page of 640.
 */
export const looks = [
  {
    lang: 'vi',
    views: [
      { width: 1440, scheme: 'light', axe: 'all', screen: true, keys: true },
      { width: 768, scheme: 'light', screen: true },
      { width: 360, scheme: 'light', axe: 'layout', screen: true },
      ...(isLong
        ? [
            { width: 320, scheme: 'light', axe: 'layout' },
            { width: 640, scheme: 'light', axe: 'layout', note: '200 %' },
            { width: 360, scheme: 'dark', axe: 'layout', screen: true },
            { width: 1440, scheme: 'dark', axe: 'layout', screen: true },
          ]
        : []),
    ],
  },
  ...(isLong
    ? [{
        lang: 'en',
        views: [
          { width: 1440, scheme: 'light', axe: 'all', screen: true },
          { width: 360, scheme: 'light', axe: 'layout' },
          { width: 320, scheme: 'dark', axe: 'layout', screen: true },
        ],
      }]
    : []),
];
/** For journeys: an everyday phone and an office screen. */
export const phone = { width: 360, height: 740, scheme: 'light', lang: 'vi' };
export const desk = { width: 1280, height: 900, scheme: 'light', lang: 'vi' };

/** Pages listed by the offices: test/browser/pages/<office>.mjs, each a default array. PAGES=regex picks by name. */
export async function listedPages() {
  const dir = new URL('pages/', import.meta.url);
  const all = [];
  for (const f of readdirSync(dir).filter((n) => n.endsWith('.mjs')).sort()) all.push(...(await import(new URL(f, dir))).default);
  return all.filter((p) => new RegExp(process.env.PAGES ?? '').test(p.name));
}

export async function open(options = {}) {
  const server = await startServer({ ...options });
  const browser = await chromium.launch({
    executablePath: chromes.find((p) => p && existsSync(p)),
    timeout: 120000,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  const kept = new Map();
  return {
    server,
    browser,
    /** A context of this person (cookies of one sign-in are shared), looking in this way. */
    async as(role, look = desk, more = {}) {
      if (!(role in logins)) throw new Error(`no such person: ${role}; known: ${Object.keys(logins).join(' ')}`);
      if (logins[role] && !kept.has(role)) kept.set(role, signIn(browser, server, logins[role]));
      const context = await browser.newContext({
        viewport: { width: look.width, height: look.height ?? 900 }, colorScheme: look.scheme ?? 'light',
        locale: look.lang === 'en' ? 'en-GB' : 'vi-VN', timezoneId: 'Asia/Ho_Chi_Minh', reducedMotion: 'reduce',
        storageState: (await kept.get(role)) ?? undefined, ...more,
      });
      context.setDefaultTimeout(60000);
      await context.addCookies([{ name: 'lang', value: look.lang ?? 'vi', url: server.url }]);
      return context;
    },
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

/** Does something that leads to another page, and waits until that has come. */
export async function leaves(page, act) {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), act()]);
}

/**
 * Waits until a part of the script (ui/parts) has run. Parts come after the page has loaded; importing one again
 * resolves when it has run.
 */
export async function hasRun(page, part) {
  const url = await page.waitForFunction((name) => performance.getEntriesByType('resource')
    .map((e) => e.name).find((u) => u.includes(`/${name}`) && u.endsWith('.js')), part).then((h) => h.jsonValue());
  await page.evaluate((u) => import(u), url);
}

/** Fills in the page of signing in; leaves the page where the program leads to. */
export async function signInOn(page, url, login, password = demo.password) {
  await page.goto(`${url}/dang-nhap`);
  await page.fill('[name=login]', login);
  await page.fill('[name=password]', password);
  await leaves(page, () => page.click('main form[action^="/dang-nhap"] button[type=submit]'));
}

async function signIn(browser, server, login) {
  const context = await browser.newContext({ locale: 'vi-VN', javaScriptEnabled: false });
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  await signInOn(page, server.url, login);
  if (new URL(page.url()).pathname === '/dang-nhap') throw new Error(`${login} could not sign in: ${await page.innerText('main')}`);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Faults that a page shows by itself, until stop() gives them: errors of scripts and of the content security policy, failed requests. */
export function listen(page) {
  const faults = [];
  const hear = {
    console: (m) => { if (m.type() === 'error' && !/status of (404|403|422)/.test(m.text())) faults.push(`console: ${m.text()}`); },
    pageerror: (e) => faults.push(`script: ${e.message}`),
    response: (r) => { if (r.status() >= 500) faults.push(`${r.status()} ${r.url()}`); },
  };
  for (const [name, f] of Object.entries(hear)) page.on(name, f);
  return { stop() {
    for (const [name, f] of Object.entries(hear)) page.off(name, f);
    return faults;
  } };
}

// What axe can find anew when only width or colours changed.
const layoutRules = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size', 'region', 'page-has-heading-one', 'landmark-one-main', 'aria-hidden-focus', 'label', 'link-name', 'button-name'];

/** axe-core's violations of WCAG 2.2 AA and its best practices, one line each. rules: 'all' or 'layout'. */
export async function axe(page, rules = 'all') {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axeSource);
  return page.evaluate(async (only) => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'], ...(only ? { runOnly: { type: 'rule', values: only } } : {}) });
    return violations.map((v) => `axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`).join(' | ')}`);
  }, rules === 'layout' ? layoutRules : null);
}

/** What every page keeps to, besides axe: no sideways scrolling, one h1, a title, no unfilled text. */
export async function shape(page) {
  return page.evaluate(() => {
    const faults = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) {
      const by = [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)[0];
      faults.push(`scrolls sideways by ${wide} px${by ? `, because of <${by.tagName.toLowerCase()} class="${by.className}">` : ''}`);
    }
    const h1 = document.querySelectorAll('h1').length;
    if (h1 !== 1) faults.push(`${h1} h1 headings`);
    if (!document.title.trim()) faults.push('no title');
    const raw = /\{\{|\}\}|\{[a-z_]+\}/.exec(document.querySelector('main')?.innerText ?? '');
    if (raw) faults.push(`unfilled text ${raw[0]}`);
    return faults;
  });
}

/**
 * Walks through a page with the Tab key: the skip link comes first, every field, button and link in view is reached,
 * and the place of the focus is seen. Stops after `most` steps; the keys are sent in bundles, the page takes notes.
 */
export async function tabWalk(page, most = 300) {
  const wanted = await page.evaluate(() => {
    const all = document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select, main textarea, main summary');
    const seen = [...all].filter((e) => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({ checkVisibilityCSS: true }));
    const groups = new Set(); // a group of radios is one stop
    const stops = seen.filter((e) => e.type !== 'radio' || (!groups.has(e.form?.id + e.name) && groups.add(e.form?.id + e.name)));
    stops.forEach((e, i) => e.setAttribute('data-stop', e.type === 'radio' ? `r-${e.name}` : String(i)));
    seen.filter((e) => e.type === 'radio').forEach((e) => e.setAttribute('data-stop', `r-${e.name}`));
    const notes = (window.walked = { reached: new Set(), faults: [], first: null, n: 0, last: null });
    document.addEventListener('focusin', ({ target: e }) => {
      notes.n++;
      notes.last = e;
      notes.first ??= e.getAttribute('href') ?? e.tagName;
      if (e.dataset.stop !== undefined) notes.reached.add(e.dataset.stop);
      const s = getComputedStyle(e);
      const isShown = (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
      const name = `<${e.tagName.toLowerCase()} ${e.name || e.getAttribute('href') || e.className}>`;
      if (!isShown) notes.faults.push(`focus is not seen on ${name}`);
    });
    document.activeElement?.blur();
    getSelection()?.removeAllRanges();
    return stops.map((e) => e.getAttribute('data-stop'));
  });
  for (let i = 0; i < most; i += 25) {
    const before = await page.evaluate('window.walked.n');
    for (let j = 0; j < 25; j++) page.keyboard.press('Tab').catch(() => {});
    await page.keyboard.press('Tab');
    const { n, isRound } = await page.evaluate(() => ({ n: window.walked.n, isRound: !document.activeElement || document.activeElement === document.body }));
    if (n === before || isRound || n >= wanted.length + 60) break;
  }
  return page.evaluate((stops) => {
    const { reached, faults, first } = window.walked;
    if (!/^#/.test(first ?? '')) faults.unshift(`the first stop is ${first}, not a link that skips to the content`);
    const missed = stops.filter((s) => !reached.has(s));
    if (missed.length > 0) faults.push(`Tab never reaches: ${missed.slice(0, 3).map((s) => document.querySelector(`[data-stop="${s}"]`)?.outerHTML.slice(0, 80)).join(', ')}`);
    return faults;
  }, wanted);
}

/** The kind of a page: its path with ids, codes and hashes left out. */
export const kindOf = (path) => path.split('?')[0].split('/').map((s) => (/\d/.test(s) || s.length > 30 ? '*' : s)).join('/');

/** Writes build/screens/index.html over the pictures taken. */
export function writeIndex(shots) {
  mkdirSync(screens, { recursive: true });
  const rows = [...new Set(shots.map((s) => s.kind))].sort().map((kind) => {
    const of = shots.filter((s) => s.kind === kind);
    return `<h2>${kind}</h2><p>${of.map((s) => `<a href="${s.file}"><figure><img loading="lazy" src="${s.file}" width="${Math.round(s.width / 4)}" alt=""><figcaption>${s.role}, ${s.width} px, ${s.scheme}, ${s.lang}</figcaption></figure></a>`).join('')}</p>`;
  });
  writeFileSync(join(screens, 'index.html'), `<!doctype html><html lang="en"><meta charset="utf-8"><title>Screens of Bom Bo</title>
<style>body{font:16px sans-serif;margin:2em}p{display:flex;gap:1em;align-items:start;flex-wrap:wrap}figure{margin:0}img{border:1px solid #999;max-height:600px;object-fit:cover;object-position:top}</style>
<h1>Screens</h1>${rows.join('\n')}</html>\n`);
}
