// Reads a form as a browser without scripts would send it: what is filled in, ticked and chosen.
import { Client } from './server.mjs';

const plain = (s) => s.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const attr = (tag, name) => {
  const m = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return m ? plain(m[1]) : undefined;
};

/** Forms of a page inside <main>: {action, fields: Map}. */
export function forms(html) {
  const main = html.slice(html.indexOf('<main'), html.indexOf('</main>'));
  return [...main.matchAll(/<form\b[^>]*method="post"[^>]*>[\s\S]*?<\/form>/g)].map(([f]) => {
    const fields = new Map();
    for (const [tag] of f.matchAll(/<input\b[^>]*>/g)) {
      const type = attr(tag, 'type') ?? 'text';
      if (['file', 'submit'].includes(type)) continue;
      if (['radio', 'checkbox'].includes(type) && !/\schecked\b/.test(tag)) continue;
      fields.set(attr(tag, 'name'), attr(tag, 'value') ?? (type === 'checkbox' ? 'on' : ''));
    }
    for (const [all, inner] of f.matchAll(/<select\b[^>]*>([\s\S]*?)<\/select>/g)) {
      const options = [...inner.matchAll(/<option\b[^>]*>/g)].map(([t]) => t);
      const at = options.find((t) => /\sselected\b/.test(t)) ?? options[0];
      fields.set(attr(all, 'name'), at ? attr(at, 'value') : '');
    }
    for (const [all, inner] of f.matchAll(/<textarea\b[^>]*>([\s\S]*?)<\/textarea>/g)) fields.set(attr(all, 'name'), plain(inner).replace(/^\n/, ''));
    return { action: attr(f, 'action'), fields };
  });
}

/** The names a person could answer on a page. */
export const names = (html) => [...new Set([...html.matchAll(/\sname="(a\.[^"]*)"/g)].map((m) => m[1]))];

/** Opens a page, changes some fields of its form to `action` (default: the page itself), sends it. */
export async function fill(client, path, changes = {}, action = path) {
  const page = await client.get(path);
  const form = forms(page.text).find((f) => f.action === action);
  if (!form) throw new Error(`${path} (${page.status}) has no form to ${action}`);
  return send(client, form, changes);
}

export function send(client, form, changes = {}) {
  const body = new URLSearchParams();
  for (const [k, v] of form.fields) if (!(k in changes)) body.append(k, v);
  for (const [k, v] of Object.entries(changes)) if (v !== null) body.append(k, v);
  return client.request('POST', form.action, { body, headers: { origin: client.base } });
}

/** A multipart upload as a plain form sends it. files: [{name, type, bytes}]. */
export async function upload(client, path, fields, files, from = path) {
  const page = await client.get(from);
  const body = new FormData();
  body.append('csrf', Client.token(page.text.slice(page.text.indexOf('<main'))));
  for (const [k, v] of Object.entries(fields)) body.append(k, v);
  for (const f of files) body.append('tep', new Blob([f.bytes], { type: f.type }), f.name);
  return client.request('POST', path, { body, headers: { origin: client.base } });
}
