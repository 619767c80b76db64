// Fills any form page of the pack as a patient person would: what is known stays, the first choice is taken, and the rest
// is typed by what the field is about. Tests give what their own story needs.
import { forms, send } from './form.mjs';
import { dayIn, demo } from './server.mjs';

const nextYear = String(Number(dayIn().y) + 1);
const words = [
  [/(start|visit|wanted|expected|end)_\w+-y$/, nextYear],
  [/phone/, '0912 345 678'], [/email|fax|website/, ''], [/(_|\.)id$|personal_id|_id_no/, demo.citizen], [/-d$/, '10'], [/-m$/, '3'], [/-y$/, '2020'],
  [/_unit$|\.unit$/, demo.unit], [/_vnd$/, '2000000'], [/_m2$|_m$/, '100'], [/^a\.n_|_count$|_years$|floors|age|percent/, '1'], [/note|other|old_/, ''],
  [/line$|address|place/, 'Sóc Bom Bo'], [/name/, 'Điểu Hoa'], [/year/, '2020'], [/date|month/, '10/03/2020'],
];
const guess = (name) => words.find(([re]) => re.test(name))?.[1] ?? 'Như đã khai';

/** What the controls of a page offer: name -> {kind, values}. */
function controls(html) {
  const main = html.slice(html.indexOf('<main'), html.indexOf('</main>'));
  const found = new Map();
  for (const [tag] of main.matchAll(/<(?:input|textarea)\b[^>]*>/g)) {
    const name = /\sname="(a\.[^"]+)"/.exec(tag)?.[1];
    if (!name) continue;
    const kind = /^<textarea/.test(tag) ? 'text' : (/\stype="([^"]+)"/.exec(tag)?.[1] ?? 'text');
    const value = /\svalue="([^"]*)"/.exec(tag)?.[1] ?? '';
    found.set(name, { kind, values: [...(found.get(name)?.values ?? []), value] });
  }
  for (const [, name, inner] of main.matchAll(/<select\b[^>]*\sname="(a\.[^"]+)"[^>]*>([\s\S]*?)<\/select>/g)) {
    const values = [...inner.matchAll(/<option\b[^>]*\svalue="([^"]*)"/g)].map((m) => m[1]).filter(Boolean);
    found.set(name, { kind: 'select', values });
  }
  return found;
}

/** The answer for one control that is empty. */
function answer(name, { kind, values }) {
  if (kind === 'radio' || kind === 'select') return values[0] ?? '';
  if (kind === 'checkbox') return values[0] || 'on';
  return guess(name);
}

/** Names of fields that a page complains of, with what it says. */
const complaints = (html) => new Map([...html.matchAll(/<a href="#(a\.[^"]+)">([\s\S]*?)<\/a>/g)].map((m) => [m[1], m[2]]));

/** Changes that a person would make on this page: empty fields, and those that the page complains of. */
function changesFor(html, form, own) {
  const wrong = complaints(html);
  const changes = {};
  for (const [name, control] of controls(html)) {
    const said = wrong.get(name) ?? wrong.get(name.replace(/-[dmy]$/, ''));
    if (name in own) changes[name] = own[name];
    else if (/chữ số/.test(said ?? '')) changes[name] = '1';
    else if (!form.fields.get(name)) changes[name] = answer(name, control);
  }
  return changes;
}

/** Fills the form page at `at` and saves it, correcting what is said to be wrong; own: {name: value}. The last answer. */
export async function answerPage(client, at, own = {}) {
  let { text } = await client.get(at);
  for (let i = 0; ; i++) {
    const form = forms(text).find((f) => f.action === at);
    if (!form) throw new Error(`${at} has no form`);
    const r = await send(client, form, changesFor(text, form, own));
    if (r.status !== 422 || i === 3) return r;
    text = r.text;
  }
}
