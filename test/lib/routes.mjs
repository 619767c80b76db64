// The route tables of the built program (`bombo routes --json`), who may do what by the pack's table of
// roles, and values that fit a field.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { bin, dayIn, root } from './server.mjs';

/** [{method, path, permission, page, api, csrf, raw, idempotent, again, body_max, reply, media, doc, fields}] */
export function readRoutes() {
  const p = spawnSync(bin, ['routes', '--json'], { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (p.status !== 0) throw new Error(p.stderr);
  return JSON.parse(p.stdout);
}

/** Each route under the addresses it has: {route, name, address(params)}; params may be a function of the name. */
export const doors = (routes) => routes.flatMap((route) => [
  ...(route.page ? [{ route, base: '' }] : []), ...(route.api ? [{ route, base: '/api/v1' }] : []),
].map((d) => ({ ...d, isApi: d.base !== '', name: `${route.method} ${d.base}${route.path}`,
  address: (params = () => '1') => d.base + route.path.replace(/\{([^}]+)\}/g, (_, n) => encodeURIComponent(params(n))) })));

/** roles.csv: role -> set of permissions. */
export const roles = new Map(readFileSync(join(root, 'packs/binh-phuoc/roles/roles.csv'), 'utf8').trim().split('\n').slice(1).map((line) => {
  const cells = [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]);
  return [cells[0], new Set(cells[3].split(' '))];
}));
/** Everybody with an account is a citizen too. */
export const mayDo = (role, perm) => perm === 'public'
  || (role !== 'nobody' && (perm === 'signed-in' || roles.get('citizen').has(perm) || (roles.get(role)?.has(perm) ?? false)));

const fits = {
  text: 'x', lines: 'x', int: '1', money: '1000', date: dayIn(3).iso, bool: '1', id: '1', secret: 'khong dung', list: '1',
};
/** A body that the field table takes: required fields, or all of them. */
export function sampleFields(route, given = {}, isAll = true) {
  const body = {};
  for (const f of route.fields) {
    if (f.type === 'any' || f.type === 'file' || (!isAll && !f.required)) continue;
    body[f.name] = given[f.name] ?? (f.type === 'choice' ? f.choices[0] : fits[f.type]);
  }
  return body;
}

/** Asks and looks at the head alone: live events never end. */
export async function ask(client, method, path, { body, headers = {} } = {}) {
  const h = { ...client.headers, ...headers };
  if (client.cookies.size) h.cookie = [...client.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  const r = await fetch(client.base + path, { method, body, headers: h, redirect: 'manual' });
  const isStream = /event-stream/.test(r.headers.get('content-type') ?? '');
  const text = isStream ? '' : await r.text();
  if (isStream) await r.body.cancel();
  return { status: r.status, headers: r.headers, location: r.headers.get('location'), text };
}

/** The status line of a request whose body is announced but never sent. */
export function announce(server, method, path, headers) {
  return new Promise((resolve, reject) => {
    const s = net.connect(server.port, '127.0.0.1');
    let got = '';
    s.setTimeout(60000, () => s.destroy(new Error(`${method} ${path}: no answer`)));
    s.on('connect', () => s.write(`${method} ${path} HTTP/1.1\r\nHost: localhost:${server.port}\r\n${Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`));
    s.on('data', (b) => {
      got += b.toString('latin1');
      const m = /^HTTP\/1\.1 (\d+)/.exec(got);
      if (m) { s.destroy(); resolve(Number(m[1])); }
    });
    s.on('error', reject);
  });
}
