// Signing in through an OpenID provider (oidc-provider), with PKCE, as a browser would go.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Provider } from 'oidc-provider';
import { Client, freePort, startServer } from '../lib/server.mjs';

const person = { personal_id: '070301900017', name: 'Điểu Văn Khánh', birthdate: '2001-03-04' };
const acr2 = 'urn:vn:eid:muc-2';
let provider, web, server, issuer;
const asked = {}; // path -> how often the provider was asked for it

/** A provider at this port; each has signing keys of its own. */
async function startProvider(port, own) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
  provider = new Provider(issuer, {
    clients: [{ client_id: 'bombo', client_secret: 'a/secret+with&signs', grant_types: ['authorization_code'],
      redirect_uris: [`http://localhost:${own}/dang-nhap/dien-tu/ve`], response_types: ['code'] }],
    claims: { openid: ['sub'], profile: ['name', 'birthdate', 'personal_id'], acr: null },
    acrValues: [acr2],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (ctx, i) => `/interaction/${i.uid}` },
    findAccount: (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, ...person }) }),
    cookies: { keys: ['only for tests'] },
    jwks: { keys: [key] },
  });
  provider.use(async (ctx, next) => {
    asked[ctx.path] = (asked[ctx.path] ?? 0) + 1;
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
    if (web.refuse) return provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied' });
    if (prompt.name === 'login') {
      return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'u1', acr: acr2 } });
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid profile');
    return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
  });
  web = provider.listen(port);
  await once(web, 'listening');
}
async function stopProvider() {
  web.closeAllConnections();
  await new Promise((r) => web.close(r));
}

let port, own;
before(async () => {
  port = await freePort();
  own = await freePort();
  issuer = `http://localhost:${port}`;
  await startProvider(port, own);
  server = await startServer({ port: own, args: ['--oidc-issuer', issuer, '--oidc-client', 'bombo',
    '--oidc-secret', 'a/secret+with&signs', '--oidc-levels', `${acr2}=2`] });
});
after(async () => {
  if (server) assert.equal(await server.stop(), 0);
  web?.closeAllConnections();
  web?.close();
});

/** Walks the provider's redirects until it sends the browser home; returns the path at our side. */
async function atProvider(url) {
  const jar = new Map();
  for (let i = 0; i < 12; i++) {
    if (url.startsWith(server.url)) return url.slice(server.url.length);
    const r = await fetch(url, { redirect: 'manual', headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') } });
    for (const c of r.headers.getSetCookie()) {
      const [, k, v] = /^([^=]+)=([^;]*)/.exec(c);
      jar.set(k, v);
    }
    assert.ok([302, 303].includes(r.status), `${url}: ${r.status} ${(await r.text()).slice(0, 400)}`);
    url = new URL(r.headers.get('location'), url).href;
  }
  throw new Error('the provider goes in circles');
}

test('a new person signs in with a level, keeps the way back, and is known the second time', async () => {
  for (let round = 0; round < 2; round++) {
    const c = new Client(server);
    assert.match((await c.get('/dang-nhap')).text, /\/dang-nhap\/dien-tu/);
    const start = await c.get('/dang-nhap/dien-tu?tiep=/toi/sua');
    assert.equal(start.status, 303, start.text.slice(0, 400));
    const asked = new URL(start.location);
    assert.equal(asked.searchParams.get('code_challenge_method'), 'S256');
    assert.ok(asked.searchParams.get('nonce') && asked.searchParams.get('state'));
    const back = await c.get(await atProvider(start.location));
    assert.equal(back.status, 303, back.text.slice(0, 400) + server.err);
    assert.equal(back.location, '/toi/sua');
    const account = await c.get('/tai-khoan');
    assert.match(account.text, new RegExp(person.name));
    assert.match(account.text, /Mức 2/);
  }
});

test('a state works once and only in the browser that began', async () => {
  const c = new Client(server);
  const start = await c.get('/dang-nhap/dien-tu');
  const back = await atProvider(start.location);
  const stranger = new Client(server);
  const slipped = await stranger.get(back);
  assert.equal(slipped.location, '/dang-nhap');
  assert.equal((await stranger.get('/tai-khoan')).status, 303);
  assert.equal((await c.get(back)).location, '/toi');
  assert.equal((await c.get(back)).location, '/dang-nhap', 'the second time it is used up');
});

test('somebody who stops at the provider comes back to the sign-in page', async () => {
  web.refuse = true;
  const c = new Client(server);
  const start = await c.get('/dang-nhap/dien-tu');
  const back = await c.get(await atProvider(start.location));
  web.refuse = false;
  assert.equal(back.location, '/dang-nhap');
  assert.match((await c.get('/dang-nhap')).text, /Đã dừng đăng nhập/);
});

test('what the provider says about itself is kept, until a token is signed with a key that nobody knows yet', { timeout: 300000 }, async () => {
  const signIn = async () => {
    const c = new Client(server);
    const start = await c.get('/dang-nhap/dien-tu?tiep=/toi/sua');
    assert.equal(start.status, 303, start.text.slice(0, 400));
    return (await c.get(await atProvider(start.location))).location;
  };
  assert.equal(await signIn(), '/toi/sua');
  assert.deepEqual([asked['/.well-known/openid-configuration'], asked['/jwks']], [1, 1], 'asked once, for all sign-ins so far');
  await stopProvider();
  await startProvider(port, own);
  for (const end = Date.now() + 120000; (await signIn()) !== '/toi/sua';) { // keys are not asked for again within ten seconds
    assert.ok(Date.now() < end, 'the new keys are never known');
    await new Promise((ok) => setTimeout(ok, 3000));
  }
  assert.equal(asked['/jwks'], 2);
});

test('when the provider is down the page says what still works', async () => {
  const begun = new Client(server);
  const { location } = await begun.get('/dang-nhap/dien-tu?tiep=/toi');
  await stopProvider();
  const state = new URL(location).searchParams.get('state');
  const late = await begun.get(`/dang-nhap/dien-tu/ve?code=x&state=${encodeURIComponent(state)}&iss=${encodeURIComponent(issuer)}`);
  assert.equal(late.status, 503, 'noticed on the way back');
  const c = new Client(server);
  const r = await c.get('/dang-nhap/dien-tu?tiep=/toi');
  assert.equal(r.status, 503, 'and from then on before one is sent there');
  assert.match(r.text, /Định danh điện tử đang gián đoạn/);
  for (const path of ['/toi', '/tra-cuu', '/dang-nhap']) assert.ok(r.text.includes(`href="${path}`), path);
  assert.equal((await c.get('/toi')).status, 200);
});
