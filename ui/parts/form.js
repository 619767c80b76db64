// Forms: autosave, large photographs made smaller, progress of uploads.
const all = (s, r = document) => [...r.querySelectorAll(s)];

// data-autosave="/path": what is typed is kept after each pause. Words come from the page's data- attributes.
for (const form of all('form[data-autosave]')) {
  const mark = form.querySelector('.saved');
  let timer = 0;
  const say = (k) => { if (mark) mark.textContent = mark.dataset[k] || ''; };
  const save = async () => {
    say('saving');
    const body = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string') body.append(k, v);
    try {
      const r = await fetch(form.dataset.autosave, { method: 'POST', body, headers: { Accept: 'application/json' } });
      if (r.ok && form.elements.v) form.elements.v.value = (await r.json()).v; // what this page has seen
      say(r.ok || r.status === 422 ? 'saved' : r.status === 401 || r.status === 403 ? 'expired' : 'unsaved');
    } catch {
      say('unsaved');
      timer = setTimeout(save, 10000);
    }
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(save, 1200); });
}

// Large photographs are made smaller before they travel (2,000 px, JPEG, turned upright); anything else goes as it is.
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
    const chosen = [...input.files];
    try {
      const box = new DataTransfer();
      for (const f of chosen) box.items.add(await shrink(f));
      if (chosen.length === input.files.length && chosen.every((f, i) => f === input.files[i])) input.files = box.files;
    } catch { /* the files stay as chosen */ }
  });
}

// Uploads show how far they are.
for (const form of all('form[enctype="multipart/form-data"][data-progress]')) {
  form.addEventListener('submit', (e) => {
    if (e.defaultPrevented || !all('input[type=file]', form).some((i) => i.files.length)) return;
    e.preventDefault();
    const bar = document.createElement('progress');
    bar.max = 100;
    bar.setAttribute('aria-label', form.dataset.progress);
    form.append(bar);
    const x = new XMLHttpRequest();
    x.upload.onprogress = (p) => { bar.value = p.lengthComputable ? (100 * p.loaded) / p.total : 0; };
    const body = new FormData(form, e.submitter);
    x.onerror = () => { bar.remove(); form.submit(); };
    x.onload = () => {
      if (x.status < 400 && x.responseURL) location.href = x.responseURL;
      else { document.open(); document.write(x.responseText); document.close(); }
    };
    x.open('POST', form.action);
    x.send(body);
  });
}
