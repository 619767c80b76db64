import { drafted, filed } from '../filed.mjs';

const draft = (part) => async (page, place) => (await drafted(place)) + part;
const as = 'citizen';
export default [
  { name: 'begin', path: '/nop/1.004873', as },
  { name: 'tasks', path: draft(''), as },
  { name: 'form-page', path: draft('/trang/nguoi-yeu-cau'), as },
  { name: 'papers', path: draft('/giay-to'), as },
  { name: 'collect', path: draft('/nhan'), as },
  { name: 'check-answers', path: draft('/xem-lai'), as },
  { name: 'own-dossier', path: (page, place) => filed(place), as },
  { name: 'receipt', path: async (page, place) => `${await filed(place)}/bien-nhan`, as },
  { name: 'withdraw', path: async (page, place) => `${await filed(place)}/rut`, as },
];
