// A draft and a dossier of the citizen, for the pages that show one.
import { begin, complete, submit } from '../lib/filing.mjs';
import { Client, demo } from '../lib/server.mjs';

const kept = new WeakMap();
const citizen = async (server) => {
  const client = new Client(server);
  await client.signIn(demo.citizen);
  return client;
};

async function file(server) {
  const client = await citizen(server);
  const answer = await submit(client, await complete(client, await begin(client)));
  const id = /\/ho-so\/(\d+)/.exec(answer.location ?? '')?.[1];
  if (!id) throw new Error(`not filed: ${answer.status} ${answer.location}`);
  return `/ho-so/${id}`;
}

/** The citizen's address of a dossier filed on this server: /ho-so/{id}. */
export function filed({ server }) {
  if (!kept.has(server)) kept.set(server, file(server));
  return kept.get(server);
}

/** A new draft of the citizen: /nhap/{id}. */
export const drafted = async ({ server }) => begin(await citizen(server));
