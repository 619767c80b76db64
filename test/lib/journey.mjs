// A dossier's way by API alone, in steps that tests put together: confirmation of marital status (1.004873).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { newPicture } from './filing.mjs';
import { Contract, Program, makeToken } from './api.mjs';
import { demo, officers, until as untilTrue } from './server.mjs';

const can = {
  citizen: ['account.own', 'dossier.file', 'dossier.withdraw', 'dossier.rate', 'pay.own', 'record.own', 'correction.ask'],
  receiver: ['dossier.read_unit', 'dossier.search', 'dossier.receive', 'dossier.supplement', 'dossier.return', 'dossier.intake', 'dossier.print'],
  specialist: ['dossier.read_unit', 'dossier.search', 'dossier.process', 'dossier.consult'],
  leader: ['dossier.read_unit', 'dossier.search', 'dossier.decide', 'dossier.sign', 'dossier.assign', 'stats.read', 'stats.export'],
  inspector: ['dossier.read_unit', 'stats.read', 'ledger.read'],
};

/** A program for each of the roles, and one of nobody. suffix: officers of another unit. */
export async function programs(server, roles = Object.keys(can), contract = undefined) {
  const c = contract ?? await Contract.of(server);
  const at = { contract: c, nobody: new Program(server, c) };
  for (const role of roles) {
    at[role] = new Program(server, c, await makeToken(server, role === 'citizen' ? demo.citizen : officers[role], can[role]));
  }
  return at;
}

export const procedure = '1.004873';
const answers = {
  files_for: 'self', marital_history: 'widowed', late_spouse_name: 'Trần Văn An', spouse_death_paper: '12/2020', period_kind: 'now',
  lived_elsewhere: false, purpose: 'loan', n_wanted: 1, has_old_confirmation: false, fee_group: 'none',
};

/** Begins a draft and answers its form: the draft's path. */
export async function fillDraft(me) {
  const draft = await me.act(`/nop/${procedure}`, { xa: demo.unit });
  const prefilled = await me.read(`${draft}/tra-loi`);
  await me.act(`${draft}/tra-loi`, { ...prefilled, ...answers });
  return draft;
}

/** Hands in what the draft asks for: the papers as the program lists them then. */
export async function handIn(me, draft) {
  for (const p of (await me.read(`${draft}/giay-to`)).papers) {
    const r = await me.upload(`${draft}/giay-to`, { loai: p.paper }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes: newPicture() }]);
    assert.equal(r.status, 201, r.text);
  }
  return (await me.read(`${draft}/giay-to`)).papers;
}

/** Submits: id, path of the owner's dossier. */
export async function submit(me, draft, collect = 'electronic') {
  await me.act(`${draft}/nhan`, { collect, phone: '0912345678' });
  assert.equal((await me.read(`${draft}/xem-lai`)).is_complete, true);
  const receipt = await me.act(`${draft}/nop`, { cam_doan: true }, { 'idempotency-key': randomUUID() });
  const id = /\d{6,}/.exec(receipt)[0];
  return { id, path: `/ho-so/${id}`, office: `/can-bo/ho-so/${id}` };
}

export async function file(me) {
  const draft = await fillDraft(me);
  await handIn(me, draft);
  return submit(me, draft);
}

/** Does the officer's open task of the dossier with one of its outcomes. */
export async function act(officer, dossier, outcome, more = {}) {
  let d;
  await until(async () => (d = await officer.read(dossier.office)).has_task, `a task to ${outcome}`); // steps follow a payment by themselves
  return officer.act(`/can-bo/viec/${d.task}/xong`, { outcome, version: Number(d.version), ...more });
}

/** Pays at the simulated bank and waits until the dossier knows. */
export async function pay(me, dossier) {
  const bill = await me.read(`${dossier.path}/thanh-toan`);
  await me.act(`/mo-phong/ngan-hang/${bill.code}`);
  await until(async () => (await me.read(`${dossier.path}/thanh-toan`)).is_paid, 'paid');
  return bill;
}

export async function sign(leader, dossier, pin = demo.pin) {
  const d = await leader.read(dossier.office);
  return leader.post('/can-bo/ky', { viec: [d.task], pin });
}

export const until = (fn, what) => untilTrue(what, fn);
