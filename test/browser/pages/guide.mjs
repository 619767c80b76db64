export default [{ name: 'guide', path: '/huong-dan', as: 'nobody' }];
