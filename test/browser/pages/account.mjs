const as = 'citizen';
export default [
  { name: 'sign-in', path: '/dang-nhap', as: 'nobody' },
  ...['', '/phien', '/mat-khau', '/xac-thuc', '/khoa', '/uy-quyen', '/dai-dien'].map((p) => ({ name: `account${p.replace('/', '-')}`, path: `/tai-khoan${p}`, as })),
  { name: 'forbidden', path: '/quan-tri', as, status: 403 },
];
