// Our expressions against npm's feelin, an implementation of FEEL. The subset is doc/bpmn.md part 3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from 'feelin';
import { ask, seeded } from './tool.mjs';

const doc = { n: 7, big: 250000, half: 0.5, s: 'abc', vn: 'Đồng Xoài', yes: true, no: false, nil: null,
  list: ['a', 'b', 'c'], empty: [], day: '2026-11-23', home: { unit: '25405', rooms: 3 } };

/** Their value in our words. */
function theirs(e) {
  const { value } = evaluate(e, doc);
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `number ${Math.round(value * 10000)}`;
  if (typeof value === 'string') return `text ${JSON.stringify(value)}`;
  return 'node';
}

// Bounds in order: with the upper one below the lower, FEEL's standard (x >= a and x <= b) says false as we do, feelin true.
const between = (x, a, d) => `${x} between ${a} and (${a} + ${d})`;

/** A well-typed expression: kinds b(oolean), n(umber), s(tring). */
function make(r, kind, depth) {
  const sub = (k) => make(r, k, depth - 1);
  const leaf = depth <= 0 || r.chance(0.2);
  if (kind === 'n') {
    if (leaf) return r.pick(['0', '1', '12', '1.5', '0.25', 'n', 'big', 'half', 'home.rooms', String(r.below(1000))]);
    return r.pick([() => `(${sub('n')} + ${sub('n')})`, () => `(${sub('n')} - ${sub('n')})`, () => `(${make(r, 'n', 0)} * ${r.below(9)})`,
      () => `min(${sub('n')}, ${sub('n')})`, () => `max(${sub('n')}, ${sub('n')}, 3)`, () => 'count(list)', () => 'count(empty)'])();
  }
  if (kind === 's') return r.pick(['"abc"', '"a\\"b"', '"Đồng Xoài"', '""', 's', 'vn', 'home.unit', 'day', '"2026-11-22"']);
  if (leaf) return r.pick(['true', 'false', 'yes', 'no']);
  const k = r.pick(['n', 's']);
  return r.pick([() => `${sub(k)} ${r.pick(['=', '!='])} ${sub(k)}`, () => `(${sub(k)} ${r.pick(['<', '<=', '>', '>='])} ${sub(k)})`,
    () => `(${sub('b')} and ${sub('b')})`, () => `(${sub('b')} or ${sub('b')})`, () => `not(${sub('b')})`,
    () => between(sub('n'), sub('n'), r.below(50)), () => `s in ("x", ${sub('s')}, "y")`, () => `${r.pick(['nil', 'gone', 'home.gone', 's'])} = null`,
    () => `${r.pick(['nil', 'gone', 'n'])} != null`, () => `(${sub('b')})`])();
}

function compare(list) {
  const ours = ask('expr_values', list.map((e) => ({ e, doc })));
  const differ = list.map((e, i) => ({ e, ours: ours[i], theirs: theirs(e) })).filter((d) => d.ours !== d.theirs);
  assert.deepEqual(differ, []);
}

test('1,000 generated expressions have the same value', () => {
  const r = seeded();
  const list = Array.from({ length: 1000 }, () => make(r, r.pick(['b', 'b', 'n']), 4)).filter((e) => e.length < 900);
  compare(list);
});

test('three-valued logic', () => {
  const v = ['true', 'false', 'null', 'gone'];
  compare(v.flatMap((a) => v.flatMap((b) => [`${a} and ${b}`, `${a} or ${b}`, `not(${a})`, `${a} = ${b}`, `${a} != ${b}`])));
});

test('precedence and white space', () => {
  compare(['1 + 2 * 3', '(1 + 2) * 3', '10 - 2 - 3', '1 + 2 = 3 and 2 > 1', 'true or false and false', '1=1', ' n  >  6 ',
    'n > 6 and s = "abc" or false', 'n between 1 and 7 and yes', 'n in (1, 7)', 'n in (1, 2)', 'not(n in (1, 2))', '1.25 + 1.005', 'n between 8 and 1 + 8', 'not(n between 8 and 9)']);
});

test('what is not of the subset is refused where it stands', () => {
  const bad = ['', '1 +', '(1', 'if a then b else c', 'for x in y return x', '"open', '1..2', 'a b', '@"2020-01-01"', 'x => 1', 'count()'];
  ask('expr_values', bad.map((e) => ({ e, doc }))).forEach((a, i) => assert.match(a, /^fault /, bad[i]));
});
