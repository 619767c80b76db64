const as = 'nobody';
export default [
  { name: 'home', path: '/', as },
  { name: 'procedures', path: '/thu-tuc', as },
  { name: 'search', path: '/tim?q=giay+khai+sinh', as },
  { name: 'search-nothing', path: '/tim?q=zzzz', as },
  { name: 'procedure', path: '/thu-tuc/1.004873', as },
  { name: 'track', path: '/tra-cuu', as },
  { name: 'verify', path: '/kiem-tra', as },
  { name: 'explained', path: '/giai-thich', as },
];
