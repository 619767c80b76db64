// Walks through the shell lines of a document as a reader would: its ```bash blocks, one after the other, in one shell and an own
// folder, stopped by the first line that fails. Between the blocks the test does what the document leaves to other people.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeWords } from './postgres.mjs';
import { bin, dropDir, newDir, root, start, until } from './server.mjs';

/** The ```bash blocks of a document, as they stand. */
export const blocksOf = (doc) => [...readFileSync(join(root, doc), 'utf8').matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map((m) => m[1]);

const MARK = '== end of a block ==';
const WALK_MS = 240000;

export class Walk {
  /** env: what the document says is given (URL, TOKEN, ...). `bombo` is on the path. */
  constructor(doc, env) {
    this.doc = doc;
    this.blocks = blocksOf(doc);
    this.dir = newDir();
    this.done = 0;
    // on PostgreSQL the program is told where its rows are, as a site's own configuration would tell it
    const words = storeWords(env.DATA).map((w) => `'${w}'`).join(' ');
    writeFileSync(join(this.dir, 'bombo'), `#!/bin/sh\nexec '${bin}' "$@" ${words}\n`, { mode: 0o755 });
    const script = ['exec 2>&1\n', ...this.blocks.map((b) => `read -r _ <&3\n${b}\nprintf '\\n${MARK}\\n'\n`)].join('');
    this.shell = start('bash', ['-euo', 'pipefail', '-c', script], { cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env, PATH: `${this.dir}:${process.env.PATH}` } });
    this.shell.process.stdio[3].on('error', () => {}); // a shell that ended says so itself
  }

  /** Runs the next block; what it said, on both ways. */
  async next() {
    assert.ok(this.done < this.blocks.length, `${this.doc} has ${this.blocks.length} blocks`);
    this.shell.process.stdio[3].write('\n');
    const parts = await until(`block ${this.done + 1} of ${this.doc} to end`, () => {
      const said = this.shell.out.split(`\n${MARK}\n`);
      return (said.length > this.done + 1 || this.shell.isEnded()) && said;
    }, WALK_MS).catch((e) => { this.shell.release(); throw new Error(`${e.message}:\n${this.shell.out}`); });
    assert.ok(parts.length > this.done + 1, `block ${this.done + 1} of ${this.doc} failed:\n${this.shell.out}`);
    return parts[this.done++];
  }

  /** Every block was run, and the shell ended well. */
  async end() {
    assert.equal(this.done, this.blocks.length, `${this.doc}: all blocks are run`);
    assert.equal(await this.shell.ended, 0, this.shell.out);
    dropDir(this.dir);
  }
}
