// The user's guide inside the product.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, root, startServer } from '../lib/server.mjs';

let server;
before(async () => { server = await startServer({ demo: false }); });
after(() => server?.stop());

test('every guide of doc/guide is a page, reached from the first one', async () => {
  const nobody = new Client(server);
  const first = await nobody.get('/huong-dan');
  assert.equal(first.status, 200);
  const names = readdirSync(`${root}doc/guide`).filter((n) => n.endsWith('.md') && n !== 'README.md').map((n) => n.slice(0, -3));
  assert.ok(names.length >= 5);
  for (const name of names) {
    assert.ok(first.text.includes(`href="/huong-dan/${name}"`), `${name} is linked`);
    const page = await nobody.get(`/huong-dan/${name}`);
    assert.equal(page.status, 200, name);
    assert.match(page.text, /<h1 lang="vi">.+<\/h1>/);
    assert.match(page.text, /<h2>/);
    assert.doesNotMatch(page.text.replace(/[\s\S]*<main/, '').replace(/<\/main>[\s\S]*/, ''), /<img|\.md"|!\[/);
  }
  assert.equal((await nobody.get('/huong-dan/khong-co')).status, 404);
});
