// What the code names by a word, people read as a sentence: every purpose of a reading and every permission has its text
// in both languages; every permission is asked for by some code, and every purpose text is of a purpose there is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/server.mjs';

const files = readdirSync(join(root, 'src'), { recursive: true }).map((f) => join('src', f));
const sources = files.filter((f) => f.endsWith('.c') && !f.includes('/test/'));
const code = new Map(sources.map((f) => [f, readFileSync(join(root, f), 'utf8')]));

/** key -> text of one language over all modules. */
const texts = (lang) => {
  const all = new Map();
  for (const f of files.filter((x) => x.endsWith(`/text/${lang}.txt`))) {
    for (const line of readFileSync(join(root, f), 'utf8').split('\n')) {
      const m = /^([a-z0-9_.-]+) = (.*)$/.exec(line);
      if (m) all.set(m[1], m[2]);
    }
  }
  return all;
};
const vi = texts('vi');
const en = texts('en');

/** The arguments of a call that begins at `at` (after its bracket), split at top-level commas. */
function args(text, at) {
  const out = [''];
  let depth = 0, quoted = false;
  for (let i = at; i < text.length; i++) {
    const ch = text[i];
    if (ch === '"' && text[i - 1] !== '\\') quoted = !quoted;
    if (!quoted && depth === 0 && ch === ')') break;
    if (!quoted && '([{'.includes(ch)) depth++;
    if (!quoted && ')]}'.includes(ch)) depth--;
    if (!quoted && depth === 0 && ch === ',') out.push('');
    else out[out.length - 1] += ch;
  }
  return out.map((a) => a.trim());
}
const calls = (text, name) => [...text.matchAll(new RegExp(`(?<!\\w)${name}\\(`, 'g'))].map((m) => ({ at: m.index, args: args(text, m.index + m[0].length) }));

/** Purposes with their file; one given through a parameter is looked for in the calls of that function. */
function purposes() {
  const found = [];
  for (const [file, text] of code) {
    if (file.startsWith('src/web/')) continue;
    for (const c of calls(text, 'web_reads_person')) {
      const literal = /^"([^"]+)"$/.exec(c.args[3]);
      if (literal) { found.push([literal[1], file]); continue; }
      const before = text.slice(0, c.at);
      const fn = [...before.matchAll(/^([a-z]\w*)\(([^{;]*?)\)\n\{/gm)].pop();
      const place = args(fn[2], 0).findIndex((p) => new RegExp(`\\b${c.args[3]}$`).test(p));
      assert.ok(place >= 0, `${file}: whence does the purpose ${c.args[3]} come?`);
      const given = calls(text, fn[1]).filter((x) => x.at !== fn.index).map((x) => /^"([^"]+)"$/.exec(x.args[place])?.[1]);
      assert.ok(given.length > 0 && given.every(Boolean), `${file}: ${fn[1]} is called with a purpose that is no literal`);
      found.push(...given.map((p) => [p, file]));
    }
    for (const m of text.matchAll(/struct ledger_new[^;]*?\.purpose = STR\("([^"]+)"\)/g)) found.push([m[1], file]);
  }
  return found;
}

test('every purpose of a reading is told to the person in words', () => {
  const all = purposes();
  assert.ok(all.length > 25, `${all.length} purposes found`);
  for (const must of ['counter.account', 'custody', 'print', 'result.draft', 'stats.list', 'user.manage']) assert.ok(all.some(([p]) => p === must), must);
  const missing = all.filter(([p]) => !vi.has(`ledger.purpose.${p}`) || !en.has(`ledger.purpose.${p}`));
  assert.deepEqual(missing, []);
});

test('every permission has words, and some route or check asks for it', () => {
  const perms = [...readFileSync(join(root, 'src/engine/access/access_perms.def'), 'utf8').matchAll(/PERM\("([^"]+)"\)/g)].map((m) => m[1]);
  assert.ok(perms.length > 40);
  const asking = /(?:access_(?:may|may_in|require_in|require_over|positions_for)|counter_unit)\s*\(\s*cx,\s*"([^"]+)"|\{\s*HTTP_\w+,\s*"[^"]+",\s*"([^"]+)"|\{\s*"[a-z_]+",\s*"([a-z_]+\.[a-z_]+)"\s*\}|"[a-z]+",\s*"([a-z_]+\.[a-z_]+)"\s*\},|#define (?:\w+_PERM|EVIDENCE)\s+"([^"]+)"/g;
  const asked = new Set([...code.values()].flatMap((text) => [...text.matchAll(asking)].flatMap((m) => m.slice(1).filter(Boolean))));
  assert.deepEqual(perms.filter((p) => !asked.has(p)), [], 'permissions that nothing asks for promise what is not enforced');
  assert.deepEqual(perms.filter((p) => !vi.has(`access.perm.${p}`) || !en.has(`access.perm.${p}`)), []);
  const named = [...vi.keys()].filter((k) => k.startsWith('access.perm.')).map((k) => k.slice('access.perm.'.length));
  assert.deepEqual(named.filter((p) => !perms.includes(p)), [], 'words of permissions there are not');
});
