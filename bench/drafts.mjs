// Drafts that are ready to be submitted, for a load that submits them: node bench/drafts.mjs PORT N
// prints N lines "path TAB cookie TAB body" of the forms that submit them, as one citizen's browser would send them.
import { begin, complete } from '../test/lib/filing.mjs';
import { Client, demo } from '../test/lib/server.mjs';

const [port, n] = process.argv.slice(2).map(Number);
const citizen = new Client({ url: `http://localhost:${port}` });
if ((await citizen.signIn(demo.citizen)).status !== 303) throw new Error('the citizen could not sign in');
for (let i = 0; i < n; i++) {
  const base = await begin(citizen);
  const form = await complete(citizen, base);
  const body = new URLSearchParams([...form.fields, ['cam_doan', '1']]);
  const cookie = [...citizen.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  console.log([form.action, cookie, body].join('\t'));
}
