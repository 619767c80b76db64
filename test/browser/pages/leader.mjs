const as = 'leader';
export default [
  { name: 'overview', path: '/lanh-dao', as },
  { name: 'overview-list', path: '/lanh-dao/danh-sach?chi-so=received', as },
];
