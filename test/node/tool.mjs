// Asks a small program of test/tools: one JSON value a line in, one line out.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../lib/server.mjs';

/** Lines that build/testtools/<name> prints. */
export function runTool(name, input = '') {
  const p = spawnSync(join(root, 'build/testtools', name), [], {
    cwd: root, input, encoding: 'utf8', maxBuffer: 1 << 28,
    env: { ...process.env, LSAN_OPTIONS: 'suppressions=tools/lsan.supp:print_suppressions=0' },
  });
  process.stderr.write(p.stderr); // what it has to say of those that are not good
  if (p.status !== 0) throw new Error(`${name} ended with ${p.status ?? p.signal}: ${p.stderr}`);
  return p.stdout.split('\n').slice(0, -1);
}

/** One answer a question. */
export function ask(name, questions) {
  const lines = runTool(name, questions.map((q) => JSON.stringify(q) + '\n').join(''));
  if (lines.length !== questions.length) throw new Error(`${name}: ${lines.length} answers to ${questions.length}`);
  return lines;
}

/** Seeded random numbers (mulberry32): the same cases each time. SEED in the environment gives others. */
export function seeded(seed = Number(process.env.SEED ?? 20261123)) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { below, pick: (list) => list[below(list.length)], chance: (p) => next() < p };
}
