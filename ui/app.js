// Small helps on top of pages that work without them. Nothing here is needed to get a service. What only some pages
// use stands in parts/ and is fetched by those pages.
const $ = (s) => document.querySelector(s);

// After an error: to the summary, and from its links into the field.
const errors = $('#errors');
if (errors) {
  errors.focus();
  errors.addEventListener('click', (e) => {
    const a = e.target.closest('a[href^="#"]');
    const at = a && document.getElementById(decodeURIComponent(a.hash.slice(1)));
    if (!at) return;
    e.preventDefault();
    const fields = 'input:not([type=hidden]),select,textarea';
    const input = at.matches(fields) ? at : at.querySelector(fields) || at;
    input.focus();
    at.scrollIntoView({ block: 'center' });
  });
}

// A form is sent once; a second press within the same page does nothing. (Captured: before any other hearer.)
addEventListener('submit', (e) => {
  const f = e.target;
  if (f.method !== 'post') return;
  if (f.dataset.sent) {
    e.preventDefault();
    e.stopImmediatePropagation();
    return;
  }
  f.dataset.sent = '1';
  setTimeout(() => delete f.dataset.sent, 8000);
}, true);
addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((f) => delete f.dataset.sent));

if ($('form[data-autosave], [data-photo], form[data-progress]')) import("form.js");
if ($('[data-live]')) import("live.js");
if ($('.ledger')) import("ledger.js");
