export default [{ name: 'sign-in', path: '/dang-nhap', as: 'nobody' }];
