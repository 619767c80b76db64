// Our JSON Schema validator against npm's ajv (draft 2020-12).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registerSchema, unregisterSchema, validate as judge } from '@hyperjump/json-schema/draft-2020-12';
import Ajv from 'ajv/dist/2020.js';
import { root } from '../lib/server.mjs';
import { ask, seeded } from './tool.mjs';

const names = ['a', 'b', 'c', 'xy', 'đ'];
const words = ['', 'a', 'ab', 'abc', 'Đồng', '2026', 'hà nội', '😀😀', 'A-1'];
const numbers = [0, 1, 2, 3, -1, 1.5, 0.1, 10, 100, 1e3, -2.25];

function value(r, depth = 3) {
  const kind = r.below(depth > 0 ? 8 : 5);
  if (kind === 0) return null;
  if (kind === 1) return r.chance(0.5);
  if (kind <= 3) return r.pick(numbers);
  if (kind === 4) return r.pick(words);
  if (kind <= 5) return Array.from({ length: r.below(4) }, () => value(r, depth - 1));
  return Object.fromEntries(names.filter(() => r.chance(0.4)).map((k) => [k, value(r, depth - 1)]));
}

const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
const patterns = ['^a', 'b$', '^[0-9]{4}$', '^\\p{L}+$', 'ộ|đ', '^.{2}$', '^[A-Z]-\\d$'];

function schema(r, depth = 3) {
  if (r.chance(0.06)) return r.chance(0.7);
  const sub = () => schema(r, depth - 1);
  const s = {};
  const n = 1 + r.below(3);
  const map = (f) => Object.fromEntries(names.filter(() => r.chance(0.4)).map((k) => [k, f()]));
  const simple = [
    () => (s.type = r.chance(0.3) ? [...new Set([r.pick(types), r.pick(types)])] : r.pick(types)),
    () => (s.enum = [...new Set([value(r, 1), r.pick(words), r.pick(numbers)].map((v) => JSON.stringify(v)))].map((v) => JSON.parse(v))),
    () => (s.const = value(r, 1)),
    () => (s.minimum = r.pick(numbers)), () => (s.maximum = r.pick(numbers)),
    () => (s.exclusiveMinimum = r.pick(numbers)), () => (s.exclusiveMaximum = r.pick(numbers)),
    () => (s.multipleOf = r.pick([1, 2, 0.5, 0.25, 10])),
    () => (s.minLength = r.below(4)), () => (s.maxLength = r.below(4)), () => (s.pattern = r.pick(patterns)),
    () => (s.required = names.filter(() => r.chance(0.25))), () => (s.minProperties = r.below(3)), () => (s.maxProperties = r.below(4)),
    () => (s.minItems = r.below(3)), () => (s.maxItems = r.below(3)), () => (s.uniqueItems = true),
    () => (s.dependentRequired = { a: ['b'], c: [] }),
  ];
  const nested = [
    () => (s.properties = map(sub)), () => (s.patternProperties = { [r.pick(['^a', 'y$', 'đ'])]: sub() }), () => (s.additionalProperties = sub()),
    () => (s.propertyNames = { maxLength: r.below(3) }), () => (s.dependentSchemas = { b: sub() }),
    () => (s.items = sub()), () => (s.prefixItems = [sub(), sub()]),
    () => { s.contains = sub(); if (r.chance(0.5)) s.minContains = r.below(3); if (r.chance(0.3)) s.maxContains = 1 + r.below(2); },
    () => (s.allOf = [sub(), sub()]), () => (s.anyOf = [sub(), sub()]), () => (s.oneOf = [sub(), sub()]), () => (s.not = sub()),
    () => { s.if = sub(); s.then = sub(); if (r.chance(0.5)) s.else = sub(); },
    () => { s.properties = map(sub); s.unevaluatedProperties = r.chance(0.5) ? false : sub(); s.allOf = [{ properties: map(sub) }]; },
    () => { s.prefixItems = [sub()]; s.unevaluatedItems = r.chance(0.5) ? false : sub(); },
    () => { s.$defs = { d: sub() }; s.$ref = '#/$defs/d'; },
  ];
  for (let i = 0; i < n; i++) r.pick(depth > 0 ? [...simple, ...nested, ...nested] : simple)();
  return s;
}

// Both must see `$ref` from the root of the question: nested definitions move there.
function hoist(s) {
  const defs = {};
  let n = 0;
  const walk = (v) => {
    if (v === null || typeof v !== 'object') return v;
    if (Array.isArray(v)) return v.map(walk);
    const out = {};
    for (const [k, x] of Object.entries(v)) if (k !== '$defs') out[k] = k === 'enum' || k === 'const' ? x : walk(x);
    if (v.$defs && v.$ref) {
      const name = `d${n++}`;
      defs[name] = walk(v.$defs.d);
      out.$ref = `#/$defs/${name}`;
    }
    return out;
  };
  const top = walk(s);
  return typeof top === 'object' && n > 0 ? { ...top, $defs: defs } : top;
}

/** A third opinion where two differ. */
async function third(s, doc) {
  const id = 'https://test.example/s';
  registerSchema(typeof s === 'boolean' ? { allOf: [s] } : s, id, 'https://json-schema.org/draft/2020-12/schema');
  try {
    return (await judge(id, doc)).valid ? '1' : '0';
  } finally {
    unregisterSchema(id);
  }
}

test('600 generated schemas give the same verdict on 20 documents each', async () => {
  const r = seeded();
  const cases = Array.from({ length: 600 }, () => ({ schema: hoist(schema(r)), docs: Array.from({ length: 20 }, () => value(r)) }));
  const answers = ask('schema_verdicts', cases);
  const differ = [];
  let yes = 0, no = 0, broken = 0, disputed = 0;
  for (const [i, c] of cases.entries()) {
    const ajv = new Ajv({ strict: false, logger: false });
    const validate = ajv.compile(c.schema);
    let want;
    try {
      want = c.docs.map((d) => (validate(d) ? '1' : '0')).join('');
    } catch {
      broken++; // ajv's own code for unevaluatedProperties beside if fails now and then
      continue;
    }
    yes += want.split('1').length - 1;
    no += want.split('0').length - 1;
    if (answers[i].length !== want.length) {
      differ.push({ schema: JSON.stringify(c.schema), ours: answers[i] });
      continue;
    }
    for (let k = 0; k < want.length; k++) {
      if (answers[i][k] === want[k]) continue;
      disputed++;
      const is = await third(c.schema, c.docs[k]);
      if (is !== answers[i][k]) differ.push({ schema: JSON.stringify(c.schema), doc: JSON.stringify(c.docs[k]), ours: answers[i][k] });
    }
  }
  assert.ok(disputed < 12, `ajv and we differ on ${disputed} documents`);
  assert.ok(broken < 12, `ajv failed ${broken} times`);
  assert.ok(yes > 1000 && no > 1000, `valid ${yes}, invalid ${no}`);
  assert.deepEqual(differ.slice(0, 5), []);
});

test('the schemas of the pack mean the same to both', () => {
  const dir = join(root, 'packs/binh-phuoc/forms');
  const cases = [];
  for (const f of readdirSync(dir).filter((x) => x.endsWith('.json')).sort()) {
    const form = JSON.parse(readFileSync(join(dir, f)));
    if (form.schema) cases.push({ file: f, schema: form.schema, docs: [{}, [], null, { a: 1 }] });
  }
  assert.ok(cases.length > 0);
  const answers = ask('schema_verdicts', cases);
  cases.forEach((c, i) => {
    const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
    const validate = ajv.compile(c.schema);
    assert.equal(answers[i], c.docs.map((d) => (validate(d) ? '1' : '0')).join(''), c.file);
  });
});
