import { filed } from '../filed.mjs';

const dossier = async (page, place) => `/can-bo${await filed(place)}`;
export default [
  { name: 'late', path: '/can-bo/xin-loi', as: 'leader' },
  { name: 'inbox', path: '/can-bo', as: 'receiver' },
  { name: 'dossier', path: dossier, as: 'receiver' },
  { name: 'find-dossier', path: '/can-bo/tim', as: 'receiver' },
  { name: 'inbox-specialist', path: '/can-bo', as: 'specialist' },
  { name: 'sign', path: '/can-bo/ky', as: 'leader' },
];
