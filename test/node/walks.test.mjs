// Shell lines in documents are run by tests (test/lib/walk.mjs), and curl lines of the exchange's documents stand nowhere else.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/server.mjs';
import { blocksOf } from '../lib/walk.mjs';

const docs = readdirSync(join(root, 'doc'), { recursive: true }).filter((f) => f.endsWith('.md')).map((f) => join('doc', f));
const tests = readdirSync(join(root, 'test/http')).map((f) => readFileSync(join(root, 'test/http', f), 'utf8')).join('\n');

test('each document with a bash block is walked by a test', () => {
  const withBlocks = docs.filter((doc) => blocksOf(doc).length !== 0);
  assert.ok(withBlocks.length >= 4);
  assert.deepEqual(withBlocks.filter((doc) => !tests.includes(`new Walk('${doc}'`)), []);
});

test('no curl line of the exchange stands outside of a block that is run', () => {
  for (const doc of ['exchange', 'boxes', 'signed', 'auditor', 'relay'].map((name) => `doc/${name}.md`)) {
    const rest = readFileSync(join(root, doc), 'utf8').replace(/^```bash\n[\s\S]*?^```$/gm, '');
    assert.deepEqual(rest.match(/^\s*(?:curl|xmlsec1|openssl) .*$|`curl .*`/gm) ?? [], [], doc);
  }
});
