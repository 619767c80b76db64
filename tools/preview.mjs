// Looks at the pages that test_web writes: screenshots at 360 and 1280 px, light and dark, and axe-core.
// PREVIEW_DIR=/tmp/pv build/test/web/test/test_web && node tools/preview.mjs /tmp/pv
import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const dir = process.argv[2];
const types = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', woff2: 'font/woff2' };
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";
const server = createServer((rq, rs) => {
  const path = join(dir, rq.url.split('?')[0]);
  if (!existsSync(path)) { rs.writeHead(404).end(); return; }
  rs.writeHead(200, { 'Content-Type': types[path.split('.').pop()], 'Content-Security-Policy': csp });
  rs.end(readFileSync(path));
}).listen(0);
const base = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
let bad = 0;
for (const [w, scheme] of [[360, 'light'], [1280, 'light'], [1280, 'dark'], [360, 'dark']]) {
  const context = await browser.newContext({ viewport: { width: w, height: 800 }, colorScheme: scheme, bypassCSP: false });
  for (const name of (process.argv[3] || 'public,office,error,again').split(',')) {
    const page = await context.newPage();
    page.on('console', (m) => m.type() === 'error' && (bad++, console.log(name, w, scheme, m.text())));
    await page.goto(`${base}/${name}.html`);
    await page.waitForTimeout(200);
    await page.screenshot({ path: join(dir, `${name}-${w}-${scheme}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) { bad++; console.log(name, w, 'scrolls sideways by', wide); }
    const found = await page.evaluate(async (src) => {
      (0, Function)(src)();
      return (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target + ' ' + (n.any[0]?.message || n.all[0]?.message || '')).slice(0, 3).join(' | ')}`);
    }, axe).catch((e) => ['axe did not run: ' + e.message]);
    for (const v of found) { bad++; console.log(name, w, scheme, v); }
    await page.close();
  }
  await context.close();
}
await browser.close();
server.close();
process.exit(bad ? 1 : 0);
