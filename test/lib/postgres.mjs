// Databases for tests that run below tools/with-postgres (BOMBO_TEST_STORE=postgres): one per data folder, so that
// a server started again on the same folder finds its rows again.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';

export const isPostgres = process.env.BOMBO_TEST_STORE === 'postgres';

const nameOf = (data) => `h_${createHash('sha256').update(data).digest('hex').slice(0, 16)}`;
export const urlOf = (name) => process.env.BOMBO_TEST_PG.replace('DBNAME', name);

/** Runs SQL; what it printed. */
export function sql(db, text) {
  const r = spawnSync('psql', ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', urlOf(db), '-c', text], { encoding: 'utf8' });
  return { isGood: r.status === 0, out: r.stdout.trim(), err: r.stderr };
}

/** Address of the folder's database, made when it is not there. */
export function storeOf(data) {
  const name = nameOf(data);
  const r = sql('postgres', `CREATE DATABASE ${name} TEMPLATE template0`);
  if (!r.isGood && !r.err.includes('already exists')) throw new Error(r.err);
  return urlOf(name);
}
/** The folder's database; made as a copy of another folder's, which nobody may use meanwhile, when that is given. */
export function copyStore(data, from) {
  if (from === undefined) return urlOf(nameOf(data));
  const r = sql('postgres', `CREATE DATABASE ${nameOf(data)} TEMPLATE ${nameOf(from)}`);
  if (!r.isGood) throw new Error(r.err);
  return urlOf(nameOf(data));
}
export const rowsOf = (data, text) => sql(nameOf(data), text).out;
export const dropStore = (data) => sql('postgres', `DROP DATABASE IF EXISTS ${nameOf(data)} WITH (FORCE)`);

/** Words for the command line; none on the embedded store or where a test names its own. */
export function storeWords(data, args = []) {
  return isPostgres && data !== undefined && !args.includes('--store') ? ['--store', storeOf(data)] : [];
}
