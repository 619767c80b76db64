// Ledger tables: j k move, o opens, e accepts, ? shows the keys. Rows may be exchanged meanwhile.
const rows = () => [...document.querySelectorAll('.ledger tbody tr')];
let at = -1;
const go = (to) => {
  const r = rows();
  if (!r.length) return;
  r.forEach((row) => row.classList.remove('is-here'));
  at = Math.max(0, Math.min(r.length - 1, to));
  r[at].classList.add('is-here');
  r[at].scrollIntoView({ block: 'nearest' });
  r[at].querySelector('a')?.focus({ preventScroll: true });
};
addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input:not([type=checkbox]),select,textarea')) return;
  const row = rows()[at];
  if (e.key === 'j') go(at + 1);
  else if (e.key === 'k') go(at - 1);
  else if (e.key === 'o') row?.querySelector('a')?.click();
  else if (e.key === 'e') row?.querySelector('[data-accept]')?.click();
  else if (e.key === '?') document.querySelector('#keys')?.showModal?.();
});
