// A confirmation of marital status filed through the citizen's pages, for tests that need many.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { fill, forms, send, upload } from './form.mjs';
import { demo } from './server.mjs';

export const procedure = '1.004873';
const jpeg = Buffer.from('/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q==', 'base64');

/** A picture unlike any other: its comment is random. */
export function newPicture() {
  const comment = randomBytes(24).toString('hex');
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, comment.length + 2]), Buffer.from(comment)]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const answers = {
  'nguoi-yeu-cau': {},
  'lien-he': { 'a.phone': '0912 345 678' },
  'cap-cho-ai': { 'a.files_for': 'self' },
  'hon-nhan': { 'a.marital_history': 'never' },
  'thoi-gian': { 'a.period_kind': 'now', 'a.lived_elsewhere': 'false' },
  'muc-dich': { 'a.purpose': 'loan', 'a.n_wanted': '1', 'a.has_old_confirmation': 'false' },
  'le-phi': { 'a.fee_group': 'none' },
};
const chosen = { 'a.ethnicity': /value="([^"]+)"[^>]*>Kinh</, 'a.nationality': /value="([^"]+)"[^>]*>Việt Nam</ };

/** Begins a draft: its path, /nhap/{id}. */
export async function begin(client) {
  const r = await fill(client, `/nop/${procedure}`, { xa: demo.unit });
  assert.equal(r.status, 303, r.text.slice(0, 400));
  return r.location;
}

/** Fills a draft until it can be submitted; the form that submits it. email: where notices go. */
export async function complete(client, base, { email = '' } = {}) {
  let at = `${base}/trang/nguoi-yeu-cau`;
  for (let i = 0; i < 12 && at.includes('/trang/'); i++) {
    const page = at.split('/').pop();
    const changes = { ...answers[page] };
    if (page === 'nguoi-yeu-cau') {
      const { text } = await client.get(at);
      for (const [k, re] of Object.entries(chosen)) changes[k] = re.exec(text)[1];
    }
    const r = await fill(client, at, changes, at);
    assert.equal(r.status, 303, at);
    at = r.location;
  }
  const r = await fill(client, `${base}/nhan`, { collect: 'electronic', phone: '0912345678', email });
  assert.equal(r.status, 303, r.text.slice(0, 400));
  return forms((await client.get(`${base}/xem-lai`)).text).find((f) => f.action === `${base}/nop`);
}

export const submit = (client, form) => send(client, form, { cam_doan: '1' });

/** Adds a paper to a draft that asks for one: {href, sha256} as the program shows it afterwards. */
export async function addPaper(client, base, bytes) {
  await fill(client, `${base}/trang/hon-nhan`, { 'a.marital_history': 'widowed', 'a.late_spouse_name': 'Trần Văn An', 'a.spouse_death_paper': '12/2020' });
  const at = `${base}/giay-to`;
  const loai = /name="loai" value="([^"]+)"/.exec((await client.get(at)).text)[1];
  const r = await upload(client, at, { loai }, [{ name: 'giay.jpg', type: 'image/jpeg', bytes }]);
  assert.equal(r.status, 303, r.text.slice(0, 400));
  return at;
}

/** Addresses of the papers on a draft's page. */
export async function paperLinks(client, at) {
  const page = await client.get(at);
  return [...new Set([...page.text.matchAll(/(\/nhap\/\d+\/giay-to\/\d+)(?=["/])/g)].map((m) => m[1]))];
}
