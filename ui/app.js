// Small helps on top of pages that work without them. Nothing here is needed to get a service.
const $ = (s, r = document) => r.querySelector(s);
const all = (s, r = document) => [...r.querySelectorAll(s)];

// After an error: to the summary, and from its links into the field.
const errors = $('#errors');
if (errors) {
  errors.focus();
  errors.addEventListener('click', (e) => {
    const a = e.target.closest('a[href^="#"]');
    const at = a && document.getElementById(decodeURIComponent(a.hash.slice(1)));
    if (!at) return;
    e.preventDefault();
    const input = at.matches('input,select,textarea') ? at : $('input,select,textarea', at) || at;
    input.focus();
    at.scrollIntoView({ block: 'center' });
  });
}

// A form is sent once; a second press within the same page does nothing.
document.addEventListener('submit', (e) => {
  const f = e.target;
  if (f.method !== 'post') return;
  if (f.dataset.sent) { e.preventDefault(); return; }
  f.dataset.sent = '1';
  setTimeout(() => delete f.dataset.sent, 8000);
});
addEventListener('pageshow', () => all('form[data-sent]').forEach((f) => delete f.dataset.sent));

// data-autosave="/path": what is typed is kept after each pause. Words come from the page's data- attributes.
for (const form of all('form[data-autosave]')) {
  const mark = $('.saved', form);
  let timer = 0;
  const say = (k) => { if (mark) mark.textContent = mark.dataset[k] || ''; };
  const save = async () => {
    say('saving');
    const body = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string') body.append(k, v);
    try {
      const r = await fetch(form.dataset.autosave, { method: 'POST', body, headers: { Accept: 'application/json' } });
      if (r.ok && form.elements.v) form.elements.v.value = (await r.json()).v; // what this page has seen
      say(r.ok || r.status === 422 ? 'saved' : 'unsaved');
    } catch { say('unsaved'); timer = setTimeout(save, 10000); }
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(save, 1200); });
}

// Large photographs are made smaller before they travel (2,000 px, JPEG); anything else goes as it is.
const shrink = async (file) => {
  if (!/^image\/(jpeg|png)$/.test(file.type) || file.size < 1e6) return file;
  const image = await createImageBitmap(file);
  const scale = Math.min(1, 2000 / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((ok) => canvas.toBlob(ok, 'image/jpeg', 0.85));
  return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, '.jpg'), { type: 'image/jpeg' }) : file;
};
for (const input of all('input[type=file][data-photo]')) {
  input.addEventListener('change', async () => {
    try {
      const box = new DataTransfer();
      for (const f of input.files) box.items.add(await shrink(f));
      input.files = box.files;
    } catch { /* the files stay as chosen */ }
  });
}

// Uploads show how far they are.
for (const form of all('form[enctype="multipart/form-data"][data-progress]')) {
  form.addEventListener('submit', (e) => {
    if (!all('input[type=file]', form).some((i) => i.files.length) || e.defaultPrevented) return;
    e.preventDefault();
    const bar = document.createElement('progress');
    bar.max = 100;
    bar.setAttribute('aria-label', form.dataset.progress);
    form.append(bar);
    const x = new XMLHttpRequest();
    x.upload.onprogress = (p) => { bar.value = p.lengthComputable ? (100 * p.loaded) / p.total : 0; };
    const body = new FormData(form, e.submitter);
    const plainly = () => { bar.remove(); form.submit(); };
    x.onerror = plainly;
    x.onload = () => {
      if (x.status < 400 && x.responseURL) location.href = x.responseURL;
      else { document.open(); document.write(x.responseText); document.close(); }
    };
    x.open('POST', form.action);
    x.send(body);
  });
}

// data-live="/path": parts of the page with the same id are renewed when the server says so, at most
// once a second; what comes meanwhile is not lost but asks for one more round.
const live = $('[data-live]');
if (live && window.EventSource) {
  let busy = false;
  let again = false;
  const renew = async () => {
    if (busy || document.hidden) { again = true; return; }
    busy = true;
    again = false;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
      for (const part of all('[data-part]')) {
        const fresh = page.getElementById(part.id);
        if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.innerHTML = fresh.innerHTML;
      }
    } catch { again = true; }
    setTimeout(() => { busy = false; if (again) renew(); }, 900);
  };
  const source = new EventSource(live.dataset.live);
  for (const name of ['message', 'changed', 'resync']) source.addEventListener(name, renew);
  document.addEventListener('visibilitychange', () => { if (!document.hidden && again) renew(); });
}

// Ledger tables: j k move, o opens, e accepts, ? shows the keys.
const ledger = $('.ledger');
if (ledger) {
  const rows = () => all('tbody tr', ledger);
  let at = -1;
  const go = (to) => {
    const r = rows();
    if (!r.length) return;
    if (r[at]) r[at].classList.remove('is-here');
    at = Math.max(0, Math.min(r.length - 1, to));
    r[at].classList.add('is-here');
    r[at].scrollIntoView({ block: 'nearest' });
    const a = $('a', r[at]);
    if (a) a.focus({ preventScroll: true });
  };
  addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input:not([type=checkbox]),select,textarea')) return;
    const row = rows()[at];
    if (e.key === 'j') go(at + 1);
    else if (e.key === 'k') go(at - 1);
    else if (e.key === 'o' && row) $('a', row).click();
    else if (e.key === 'e' && row) { const b = $('[data-accept]', row); if (b) b.click(); }
    else if (e.key === '?') { const d = $('#keys'); if (d && d.showModal) d.showModal(); }
  });
}
