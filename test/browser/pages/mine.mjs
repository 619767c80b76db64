const as = 'citizen';
export default [
  { name: 'home-citizen', path: '/', as },
  ...['', '/ai-da-xem', '/du-lieu', '/giay-to', '/sua', '/thong-bao'].map((p) => ({ name: `mine${p.replace('/', '-')}`, path: `/toi${p}`, as })),
];
