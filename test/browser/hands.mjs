// Two ways to use a page: with the pointer (also with JavaScript off), and with nothing but keys. Journeys are written
// once for both.
import assert from 'node:assert/strict';
import { until } from '../lib/server.mjs';
import { leaves } from './browser.mjs';

const named = (name) => `main [name="${name}"]`;

/** The pointer: fills, chooses, clicks. */
export class Pointer {
  constructor(page, url) { this.page = page; this.url = url; }

  async open(path) {
    const answer = await this.page.goto(this.url + path);
    assert.ok(answer.status() < 400, `${path}: ${answer.status()}`);
  }

  get path() { return new URL(this.page.url()).pathname; }

  /** The first element that fits and is seen. */
  at(target) { return typeof target === 'string' ? this.page.locator(target).locator('visible=true').first() : target; }

  async has(name) { return (await this.page.locator(named(name)).count()) > 0; }

  /** Gives a field its value, whatever kind of field it is. */
  async set(name, value) {
    const field = this.page.locator(named(name)).first();
    const kind = await field.evaluate((e) => (e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase())).catch(() => {
      throw new Error(`${this.path} has no field ${name}`);
    });
    if (kind === 'radio') await this.pick(name, value);
    else if (kind === 'checkbox') await this.tick(this.page.locator(`${named(name)}[value="${value}"]`).first());
    else if (kind === 'select') await this.select(field, value);
    else await this.type(field, value);
  }

  async pick(name, value) { await this.page.check(`${named(name)}[value="${value}"]`); }
  async tick(box) { await box.check(); }
  async select(field, value) { await field.selectOption(value); }
  async type(field, text) { await field.fill(text); }
  async attach(target, files) { await this.at(target).setInputFiles(files); }
  async unfold(target) { await this.at(target).click(); }

  /** Presses a button or follows a link, and waits for the page it leads to. */
  async press(target) {
    const before = this.path;
    await leaves(this.page, () => this.act(this.at(target)));
    await this.arrived();
    return before;
  }

  /** Follows a link within the page. */
  async follow(target) { await this.act(this.at(target)); }

  async act(locator) { await locator.click(); }
  async arrived() {}
}

/** Keys alone: Tab, arrows, Space, Enter. Wherever the focus goes it must be seen. */
export class Keys extends Pointer {
  async open(path) {
    await super.open(path);
    await this.arrived();
  }

  /** On a new page: the skip link is the first stop and leads into the content; after an error the summary has the focus, and an address with # leads to its place. */
  async arrived() {
    if (await this.page.evaluate(() => document.activeElement?.id === 'errors' || location.hash !== '')) return;
    await this.page.keyboard.press('Tab');
    const first = await this.page.evaluate(() => document.activeElement?.getAttribute('href'));
    assert.equal(first, '#main', `${this.path}: the skip link comes first`);
    await this.page.keyboard.press('Enter');
    assert.equal(await this.page.evaluate(() => document.activeElement?.id), 'main', `${this.path}: the skip link leads to the content`);
  }

  /** Tab (or Shift+Tab, when it stands further up) until the element, or its group of radios, has the focus. */
  async reach(locator) {
    const element = await locator.elementHandle();
    for (let i = 0; i < 200; i++) {
      const state = await element.evaluate((e) => {
        const isNowhere = !document.activeElement || document.activeElement === document.body;
        const a = isNowhere ? document.getElementById(location.hash.slice(1)) : document.activeElement; // an address with # begins there
        if (!a) return 'lost';
        if (a === e || (e.type === 'radio' && a.type === 'radio' && a.name === e.name && a.form === e.form)) return 'here';
        const isBack = a.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING;
        return isBack ? 'back' : isNowhere ? 'lost' : 'on';
      });
      if (state === 'here') {
        await this.seen();
        return;
      }
      assert.ok(state !== 'lost' || i === 0, `${this.path}: the focus left the page before it reached ${await element.evaluate((e) => e.outerHTML.slice(0, 90))}`);
      await this.page.keyboard.press(state === 'back' ? 'Shift+Tab' : 'Tab');
    }
    assert.fail(`${this.path}: not reached in 200 steps: ${await element.evaluate((e) => e.outerHTML.slice(0, 90))}`);
  }

  /** The element with the focus is marked, stands within the window, and nothing lies over it. */
  async seen() {
    const fault = await this.page.evaluate(() => {
      const e = document.activeElement;
      const s = getComputedStyle(e);
      const name = e.outerHTML.slice(0, 90);
      if (!((s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none')) return `focus not marked: ${name}`;
      const r = e.getClientRects()[0];
      if (!r || r.bottom < 0 || r.top > innerHeight) return `focus out of the window: ${name}`;
      if (r.width < 2) return null; // hidden for the eye, e.g. a box drawn by its label
      const on = document.elementFromPoint(r.left + Math.min(r.width / 2, 20), Math.max(1, Math.min(innerHeight - 1, r.top + r.height / 2)));
      return on && (e.contains(on) || on.contains(e) || on.closest('label')?.control === e) ? null : `focus covered: ${name} by ${on?.outerHTML.slice(0, 60)}`;
    });
    assert.equal(fault, null, `${this.path}: ${fault}`);
  }

  async type(field, text) {
    await this.reach(field);
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.press('Delete');
    await this.page.keyboard.type(text);
  }

  async pick(name, value) {
    const radio = this.page.locator(`${named(name)}[value="${value}"]`).first();
    await this.reach(radio);
    await this.page.keyboard.press('Space');
    const n = await this.page.locator(named(name)).count();
    for (let i = 0; i < n && !(await radio.isChecked()); i++) await this.page.keyboard.press('ArrowDown');
    assert.ok(await radio.isChecked(), `${name}=${value} chosen by arrows`);
  }

  async tick(box) {
    await this.reach(box);
    if (!(await box.isChecked())) await this.page.keyboard.press('Space');
    assert.ok(await box.isChecked());
  }

  async select(field, value) {
    await this.reach(field);
    const steps = await field.evaluate((e, v) => [...e.options].findIndex((o) => o.value === v) - e.selectedIndex, value);
    for (let i = 0; i < Math.abs(steps); i++) await this.page.keyboard.press(steps > 0 ? 'ArrowDown' : 'ArrowUp');
    assert.equal(await field.inputValue(), value);
  }

  async attach(target, files) {
    // pressed once more when nothing opens: a press is lost while the window comes to the front
    const chooser = await until(`a choice of files for ${target}`, async () => {
      await this.page.bringToFront(); // only the page in front has the keys' focus
      await this.reach(this.at(target));
      const opened = this.page.waitForEvent('filechooser', { timeout: 10000 }).catch(() => null);
      await this.page.keyboard.press('Enter');
      return opened;
    });
    await chooser.setFiles(files);
  }

  async unfold(target) {
    await this.reach(this.at(target));
    await this.page.keyboard.press('Enter');
  }

  async act(locator) {
    await this.reach(locator);
    await this.page.keyboard.press('Enter');
  }
}
