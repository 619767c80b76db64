const parts = ['', '/thanh-vien', '/cua-toi', '/thoa-thuan', '/nhat-ky', '/quoc-gia', '/cong', '/mo-phong/dvcqg-mc', '/dich-vu-moi', '/giam-sat', '/giam-sat/cap?gio=24', '/giam-sat/dich-vu', '/giam-sat/thang', '/giam-sat/canh-bao', '/bang-chung', '/diem-ket-noi', '/hop-thu', '/hop-thu/khong-phat'];
export default [
  ...parts.map((p) => ({ name: `exchange${p.replaceAll('/', '-').replace(/\?.*/, '')}`, path: `/truc${p}`, as: 'operator' })),
  { name: 'exchange-catalogue', path: '/truc', as: 'nobody' },
  { name: 'link-wrong', path: '/nop-ho-so?MaTTHCDP=9.999999&MaCoQuanThucHien=H19.25405', as: 'nobody', status: 404 },
  { name: 'link-split', path: '/nop-ho-so?MaTTHCDP=1.004873&MaCoQuanThucHien=H10.696', as: 'nobody', status: 404 },
];
