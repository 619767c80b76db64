// data-live="/path": parts of the page with the same id are renewed when the server says so, at most once a second;
// what comes meanwhile is not lost but asks for one more round, and what came before the line stood is fetched when it does.
let busy = false;
let again = false;
const renew = async () => {
  if (busy || document.hidden) { again = true; return; }
  busy = true;
  again = false;
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
    for (const part of document.querySelectorAll('[data-part]')) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.innerHTML = fresh.innerHTML;
    }
  } catch { again = true; }
  setTimeout(() => { busy = false; if (again) renew(); }, 900);
};
const source = new EventSource(document.querySelector('[data-live]').dataset.live);
for (const name of ['open', 'message', 'changed', 'resync']) source.addEventListener(name, renew);
document.addEventListener('visibilitychange', () => { if (!document.hidden && again) renew(); });
