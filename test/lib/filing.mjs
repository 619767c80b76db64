// One submission with papers through the citizen's pages, for tests that need many.
import { createHash } from 'node:crypto';
import { Client } from './server.mjs';

export class Filing {
  /** Null while the program has no filing pages. */
  static async find(server) {
    const r = await new Client(server).get('/nop/1.004873');
    return r.status === 200 || r.status === 303 ? new Filing() : null;
  }

  static hash(bytes) {
    return createHash('sha256').update(bytes).digest('hex');
  }
}
