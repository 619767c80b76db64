// Every statement of the program explained on a filled store with the statistics of its rows: none goes through a
// whole table; the plans are listed in build/plans-sqlite.txt. (test_statements.c asks the same of an empty store, where SQLite knows no sizes.)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dropDir, newDir, root, runBombo } from '../lib/server.mjs';
import { runTool } from './tool.mjs';

test('no statement reads a whole table of a filled store', { timeout: 300000 }, async () => {
  const data = newDir();
  const filled = await runBombo(['simulate', '--n', '120', '--days', '30', '--data', data], { timeoutMs: 280000 });
  assert.equal(filled.code, 0, filled.err);
  const [explained, bad] = runTool('plans', `${join(data, 'bombo.db')}\n`).map((line) => Number(line.split(' ')[1]));
  dropDir(data);
  assert.ok(explained > 200);
  assert.equal(bad, 0);
  const list = readFileSync(join(root, 'build/plans-sqlite.txt'), 'utf8').split('\n').filter((l) => l !== '' && !l.startsWith(' '));
  assert.equal(list.length, explained, 'every plan is listed');
});
