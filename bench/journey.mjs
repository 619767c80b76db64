// One dossier's whole journey over the real pages, as browsers without scripts make it: filed online with a paper,
// accepted, paid, examined, signed, its result downloaded. Counts what each officer presses and types.
// node bench/journey.mjs PORT  prints JSON. A click is a link followed, a button pressed, a box ticked or an
// option chosen; it counts only when the page in hand has that link, button or box.
import assert from 'node:assert/strict';
import { fill, forms, send } from '../test/lib/form.mjs';
import { addPaper, begin, complete, newPicture, submit } from '../test/lib/filing.mjs';
import { Client, demo, officers } from '../test/lib/server.mjs';

const server = { url: `http://localhost:${process.argv[2]}` };
const unescaped = (s) => s.replaceAll('&amp;', '&');

/** An officer at a screen: what cannot be seen on the page cannot be pressed. */
class Officer extends Client {
  clicks = 0;
  typed = 0;
  page = { text: '' };

  async open(path) { // where work begins: not counted
    this.page = await this.get(path);
    assert.equal(this.page.status, 200, path);
  }

  async arrive(answer) {
    this.page = answer.status === 303 ? await this.get(answer.location) : answer;
    assert.equal(this.page.status, 200, this.page.text.slice(0, 300));
  }

  sees(href) {
    return unescaped(this.page.text).includes(`href="${href}"`);
  }

  async follow(href) {
    assert.ok(this.sees(href), `no link to ${href}`);
    this.clicks++;
    await this.arrive(await this.get(href));
  }

  /** Searches by number, as one does who has the receipt in hand. */
  async look(number) {
    assert.ok(this.page.text.includes('action="/can-bo/tim"'));
    this.typed++;
    this.clicks++;
    await this.arrive(await this.get(`/can-bo/tim?q=${encodeURIComponent(number)}`));
  }

  /** Sends the form with this action: texts are typed; ticks and the button are clicks. */
  async press(action, { typed = {}, ticked = {}, button = {} } = {}) {
    const form = forms(this.page.text).find((f) => f.action === action);
    assert.ok(form, `no form to ${action}`);
    for (const [k, v] of Object.entries({ ...ticked, ...button })) {
      assert.match(this.page.text, new RegExp(`name="${k}"[^>]*value="${v}"|value="${v}"[^>]*name="${k}"`), `${k}=${v}`);
    }
    this.typed += Object.keys(typed).length;
    this.clicks += Object.keys(ticked).length + 1;
    await this.arrive(await send(this, form, { ...typed, ...ticked, ...button }));
  }
}

async function signedIn(who) {
  const c = who === 'citizen' ? new Client(server) : new Officer(server);
  assert.equal((await c.signIn(who === 'citizen' ? demo.citizen : officers[who])).status, 303, who);
  return c;
}

async function until(what, check) { // jobs follow commits by themselves
  for (let i = 0; i < 600; i++) {
    if (await check()) return;
    await new Promise((ok) => setTimeout(ok, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** From the inbox to the dossier's page. */
async function toDossier(officer, dossier, number) {
  await officer.open('/can-bo');
  if (!officer.sees(dossier)) await officer.look(number);
  if (officer.sees(dossier)) await officer.follow(dossier);
}

async function decide(officer, outcome) {
  const task = /\/can-bo\/viec\/(\d+)\/xong/.exec(officer.page.text)[1];
  await officer.press(`/can-bo/viec/${task}/xong`, { button: { outcome } });
}

async function file(citizen) {
  const base = await begin(citizen);
  const form = await complete(citizen, base);
  assert.ok(form);
  await addPaper(citizen, base, newPicture());
  const check = forms((await citizen.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
  const done = await submit(citizen, check);
  assert.equal(done.status, 303, done.text.slice(0, 300));
  const own = done.location.replace('/bien-nhan', '');
  const receipt = await citizen.get(`${own}/bien-nhan.pdf`);
  assert.equal(receipt.bytes.subarray(0, 5).toString(), '%PDF-');
  return own;
}

const citizen = await signedIn('citizen');
const receiver = await signedIn('receiver');
const specialist = await signedIn('specialist');
const leader = await signedIn('leader');

const own = await file(citizen);
const dossier = `/can-bo${own}`;
const number = /<h1[^>]*>[\s\S]*?([A-Z0-9.]+-\d{6}-\d{4,})/.exec((await receiver.get(dossier)).text)[1];

await receiver.open('/can-bo');
const row = unescaped(receiver.page.text).split('<tr').find((r) => r.includes(`href="${dossier}"`)) ?? '';
const one = /name="mot" value="(\d+)"/.exec(row)?.[1];
if (one) {
  await receiver.press('/can-bo/tiep-nhan', { button: { mot: one } });
} else {
  await toDossier(receiver, dossier, number);
  await decide(receiver, 'accept');
}

const bank = /\/mo-phong\/ngan-hang\/\w+/.exec((await citizen.get(`${own}/thanh-toan`)).text)[0];
assert.equal((await fill(citizen, bank)).status, 303);
await until('the payment', async () => /\/xong"/.test((await specialist.get(dossier)).text));

await toDossier(specialist, dossier, number);
await decide(specialist, 'propose');

await leader.open('/can-bo/ky');
const task = /\/can-bo\/viec\/(\d+)\//.exec((await leader.get(dossier)).text)?.[1] ?? /name="viec" value="(\d+)"/.exec(leader.page.text)[1];
await leader.press('/can-bo/ky', { typed: { pin: demo.pin }, ticked: { viec: task } });
await until('the result', async () => /\/ket-qua\/\d+/.test((await citizen.get(own)).text));
const result = /\/ho-so\/\d+\/ket-qua\/\d+/.exec((await citizen.get(own)).text)[0];
const pdf = await citizen.get(result);
assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');

const people = { receiver, specialist, leader };
const counts = Object.fromEntries(Object.entries(people).map(([k, o]) => [k, { clicks: o.clicks, typed: o.typed }]));
const sum = (k) => Object.values(people).reduce((n, o) => n + o[k], 0);
console.log(JSON.stringify({ clicks: sum('clicks'), typed: sum('typed'), counts, number, result_bytes: pdf.bytes.length }));
