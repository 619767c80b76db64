// Pages of the web floor. Each entry: name (of its pictures), path (or async (page, place) => path, when it must be
// looked for), as (a name of `logins` in browser.mjs), status (default 200).
export default [
  { name: 'patterns', path: '/bo-mau', as: 'nobody' },
  { name: 'patterns-office', path: '/bo-mau/van-phong', as: 'receiver' },
  { name: 'not-found', path: '/khong-co-trang-nay', as: 'nobody', status: 404 },
];
