const parts = ['', '/chung-thu', '/don-vi', '/goi-noi-dung', '/gop-nguoi', '/hang-doi', '/lich', '/nguoi-dung', '/sua-thong-tin', '/suc-khoe', '/vai-tro'];
export default [
  ...parts.map((p) => ({ name: `operator${p.replace('/', '-')}`, path: `/quan-tri${p}`, as: 'operator' })),
  { name: 'ledger', path: '/quan-tri/nhat-ky', as: 'inspector' },
];
