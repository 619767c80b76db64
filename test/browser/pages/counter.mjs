const as = 'receiver';
export default [
  { name: 'counter', path: '/can-bo/quay', as },
  { name: 'counter-people', path: '/can-bo/quay/nguoi', as },
  { name: 'counter-unclaimed', path: '/can-bo/quay/chua-nhan', as },
  { name: 'counter-held', path: '/can-bo/quay/ban-chinh', as },
  { name: 'cash', path: '/can-bo/thu-phi', as: 'cashier' },
];
