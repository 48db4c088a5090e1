// Two OpenID providers, and people who sign in to memo by them. Called with two files: the first gets the settings that
// memo needs for the providers, the second says where memo runs once it does.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Provider } from 'oidc-provider';

const [settingsFile, memoFile] = process.argv.slice(2);
// With characters that a client has to escape where it shows who it is (RFC 6749, section 2.3.1).
const secret = `secret:+/=&%${randomBytes(16).toString('base64url')}`;

// What the two do otherwise: how tokens are signed, how memo shows who it is, and where the address of a person stands.
const kinds = {
  acme: { alg: 'RS256', key: ['rsa', { modulusLength: 2048 }], auth: 'client_secret_basic', inIdToken: false },
  other: { alg: 'ES256', key: ['ec', { namedCurve: 'P-256' }], auth: 'client_secret_post', inIdToken: true },
};
const servers = {};
for (const name of Object.keys(kinds)) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers[name] = { server, issuer: `http://127.0.0.1:${server.address().port}` };
}
const settings = Object.entries(servers).flatMap(([name, { issuer }]) =>
  Object.entries({ KIND: 'oidc', CLIENT_ID: 'memo', CLIENT_SECRET: secret, ISSUER: issuer }).map(
    ([key, value]) => `MEMO__AUTH__PROVIDERS__${name.toUpperCase()}__${key}=${value}`,
  ),
);
writeFileSync(`${settingsFile}.new`, `${settings.join('\n')}\n`);
renameSync(`${settingsFile}.new`, settingsFile);
while (!existsSync(memoFile)) await sleep(50);
const memo = readFileSync(memoFile, 'utf8').trim();

// The providers know everybody, by whatever name they sign in with.
const person = (id) => ({
  sub: `${id}-there`,
  email: id === 'silent' ? undefined : `${id}@example.com`,
  email_verified: id !== 'unproved',
  name: id === 'alice' ? '앨리스' : id,
});
for (const [name, { server, issuer }] of Object.entries(servers)) {
  const { alg, key, auth, inIdToken } = kinds[name];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'memo',
        client_secret: secret,
        redirect_uris: [`${memo}/api/v1/auth/providers/${name}/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: auth,
        id_token_signed_response_alg: alg,
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: !inIdToken,
    clientAuthMethods: [auth],
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    jwks: { keys: [{ ...generateKeyPairSync(...key).privateKey.export({ format: 'jwk' }), kid: name, alg, use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    findAccount: (_, id) => ({ accountId: id, claims: () => person(id) }),
  });
  provider.on('server_error', (_, error) => console.error(`${name}:`, error));
  server.on('request', provider.callback());
}

// A browser: it keeps cookies by place and path, and shows each step.
class Browser {
  cookies = [];

  async go(url, { method = 'GET', form, json, from = 'none' } = {}) {
    const { origin, pathname } = new URL(url);
    const fits = ({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
    const sent = this.cookies.filter((cookie) => cookie.origin === origin && fits(cookie));
    const headers = { 'sec-fetch-site': from, cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') };
    if (!sent.length) delete headers.cookie;
    if (json) headers['content-type'] = 'application/json';
    const body = form ? new URLSearchParams(form) : json && JSON.stringify(json);
    const answer = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(15_000) });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const get = (wanted) => attributes.map((a) => a.split('=')).find(([a]) => a.toLowerCase() === wanted)?.[1];
      const path = get('path') ?? '/';
      this.cookies = this.cookies.filter((c) => !(c.origin === origin && c.name === name && c.path === path));
      const isOver = get('max-age') === '0' || new Date(get('expires') ?? '9999-01-01') < new Date();
      if (!isOver) this.cookies.push({ origin, name, value, path });
    }
    const text = await answer.text();
    return { url, status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
  }

  api(path, options) {
    return this.go(`${memo}/api/v1${path}`, { from: 'same-origin', ...options });
  }

  /** Begins a flow; where the browser is sent. */
  async depart(provider, query = {}) {
    const answer = await this.api(`/auth/providers/${provider}/authorize?${new URLSearchParams(query)}`);
    assert.equal(answer.status, 302, answer.text);
    return answer.headers.get('location');
  }

  /** Signs in at the provider and agrees, or says no; the address of memo that the browser is sent back to. */
  async agree(place, login, { isNo = false } = {}) {
    for (let steps = 0; steps < 20; steps += 1) {
      if (place.startsWith(memo)) return place;
      const page = await this.go(place);
      const next = page.headers.get('location');
      if (next) {
        place = new URL(next, page.url).href;
        continue;
      }
      assert.equal(page.status, 200, `${place}: ${page.text}`);
      const action = page.text.match(/<form [^>]*action="([^"]+)"/)?.[1];
      const prompt = page.text.match(/name="prompt" value="(\w+)"/)?.[1];
      const abort = page.text.match(/href="([^"]+\/abort)"/)?.[1];
      assert.ok(action && prompt && abort, page.text);
      if (isNo && prompt === 'consent') {
        place = new URL(abort, place).href;
        continue;
      }
      const form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
      const answer = await this.go(new URL(action, place).href, { method: 'POST', form });
      assert.equal(answer.status, 303, answer.text);
      place = new URL(answer.headers.get('location'), place).href;
    }
    throw new Error(`no way back from ${place}`);
  }

  callback(url) {
    return this.go(url, { from: 'cross-site' });
  }

  /** The whole flow; where the browser ends. */
  async signIn(provider, login, query = {}) {
    const answer = await this.callback(await this.agree(await this.depart(provider, query), login));
    assert.equal(answer.status, 303, answer.text);
    return answer.headers.get('location');
  }

  async me() {
    const answer = await this.api('/me');
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  }

  async identities() {
    const answer = await this.api('/me/identities');
    assert.equal(answer.status, 200, answer.text);
    return answer.json().items.map(({ provider, email }) => [provider, email]);
  }
}

const refused = (answer, status, code) => {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json().code, code);
};
const steps = [];
const step = async (name, work) => {
  await work();
  steps.push(name);
  console.log(`oidc: ${name}`);
};
const changed = (url, parameters) => {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) result.searchParams.set(name, value);
  return result.href;
};

const alice = new Browser();
let aliceId;

await step('a new account, signed in', async () => {
  const list = (await alice.api('/auth/providers')).json().items;
  assert.deepEqual(list.map(({ name }) => name).sort(), ['acme', 'other']);
  const place = await alice.depart('acme', { return_to: '/docs?a=b' });
  assert.ok(place.startsWith(`${servers.acme.issuer}/auth?`), place);
  const query = new URL(place).searchParams;
  assert.equal(query.get('code_challenge_method'), 'S256');
  assert.equal(query.get('response_type'), 'code');
  for (const name of ['state', 'nonce', 'code_challenge']) assert.equal(query.get(name).length, 43, name);

  const back = await alice.agree(place, 'alice');
  assert.equal(new URL(back).searchParams.get('iss'), servers.acme.issuer);
  const answer = await alice.callback(back);
  assert.equal(answer.status, 303, answer.text);
  assert.equal(answer.headers.get('location'), '/docs?a=b');
  const me = await alice.me();
  assert.deepEqual([me.email, me.email_verified, me.display_name], ['alice@example.com', true, '앨리스']);
  aliceId = me.id;
  // The same answer once more is none.
  refused(await alice.callback(back), 400, 'state_invalid');
});

await step('the same account comes back', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('acme', 'alice'), '/');
  assert.equal((await browser.me()).id, aliceId);
});

await step('another provider: other keys, another way to show who memo is', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('other', 'carol'), '/');
  const me = await browser.me();
  assert.deepEqual([me.email, me.email_verified, me.display_name], ['carol@example.com', true, 'carol']);
});

await step('an address that is not proved, one that is missing, one that is taken', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('acme', 'unproved'), '/');
  assert.equal((await browser.me()).email_verified, false);
  const others = new Browser();
  assert.equal(await others.signIn('acme', 'silent'), '/?sign_in_error=email_missing');
  // It is another account there, with an address that somebody has here.
  assert.equal(await new Browser().signIn('other', 'alice'), '/?sign_in_error=email_taken');
  assert.equal((await others.api('/me')).status, 401);
});

await step('a state that is wrong, missing or of another browser', async () => {
  const [browser, stranger] = [new Browser(), new Browser()];
  const back = await browser.agree(await browser.depart('acme'), 'alice');
  const without = new URL(back);
  without.searchParams.delete('state');
  refused(await browser.callback(changed(back, { state: 'A'.repeat(43) })), 400, 'state_invalid');
  refused(await browser.callback(without.href), 400, 'state_invalid');
  refused(await stranger.callback(back), 400, 'state_invalid');
  await stranger.depart('acme');
  refused(await stranger.callback(back), 400, 'state_invalid');
  refused(await browser.callback(back.replace('/acme/', '/other/')), 400, 'state_invalid');
  assert.equal((await stranger.api('/me')).status, 401);
  assert.equal((await browser.api('/me')).status, 401);
  assert.equal((await browser.callback(back)).headers.get('location'), '/');
  assert.equal((await browser.me()).id, aliceId);
});

await step("a code of somebody else's flow, and one of another provider", async () => {
  const [mallory, victim] = [new Browser(), new Browser()];
  const stolen = await victim.agree(await victim.depart('acme'), 'alice');
  const own = await mallory.agree(await mallory.depart('acme'), 'mallory');
  const code = new URL(stolen).searchParams.get('code');
  // The provider compares the verifier (PKCE) and refuses.
  const answer = await mallory.callback(changed(own, { code }));
  assert.equal(answer.headers.get('location'), '/?sign_in_error=provider_failed');
  const mixed = await mallory.agree(await mallory.depart('acme'), 'mallory');
  const mixUp = await mallory.callback(changed(mixed, { iss: servers.other.issuer }));
  assert.equal(mixUp.headers.get('location'), '/?sign_in_error=provider_mix_up');
  assert.equal((await mallory.api('/me')).status, 401);
});

await step('a no at the provider', async () => {
  const browser = new Browser();
  const back = await browser.agree(await browser.depart('acme'), 'dave', { isNo: true });
  assert.equal(new URL(back).searchParams.get('error'), 'access_denied');
  assert.equal((await browser.callback(back)).headers.get('location'), '/?sign_in_error=access_denied');
  assert.equal((await browser.api('/me')).status, 401);
});

await step('linked and unlinked', async () => {
  const bob = { email: 'bob@example.org', password: 'a pass phrase of bob' };
  const browser = new Browser();
  refused(await browser.api('/auth/providers/acme/authorize?link=true'), 401, 'authentication_required');
  const account = await browser.api('/auth/sign-up', { method: 'POST', json: { ...bob, display_name: 'Bob' } });
  assert.equal(account.status, 201, account.text);
  assert.equal((await browser.api('/auth/session', { method: 'POST', json: bob })).status, 200);
  assert.equal(await browser.signIn('acme', 'alice', { link: 'true' }), '/?sign_in_error=identity_taken');
  // Who is signed in at the provider already is not asked again, so this is another one.
  browser.cookies = browser.cookies.filter(({ origin }) => origin === memo);
  assert.equal(await browser.signIn('acme', 'bobby', { link: 'true', return_to: '/docs' }), '/docs');
  assert.deepEqual(await browser.identities(), [['acme', 'bobby@example.com']]);
  const elsewhere = new Browser();
  assert.equal(await elsewhere.signIn('acme', 'bobby'), '/');
  assert.equal((await elsewhere.me()).id, account.json().id);
  assert.equal((await browser.api('/me/identities/acme', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await browser.identities(), []);
  assert.equal(await new Browser().signIn('acme', 'bobby'), '/');
  // Who has no password keeps a way to sign in.
  refused(await alice.api('/me/identities/acme', { method: 'DELETE' }), 409, 'last_way_to_sign_in');
  assert.equal(await alice.signIn('other', 'alice', { link: 'true' }), '/');
  assert.equal((await alice.api('/me/identities/acme', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await alice.identities(), [['other', 'alice@example.com']]);
});

await step('a provider that is away', async () => {
  const browser = new Browser();
  const back = await browser.agree(await browser.depart('other'), 'carol');
  servers.other.server.closeAllConnections();
  await new Promise((resolve) => servers.other.server.close(resolve));
  assert.equal((await browser.callback(back)).headers.get('location'), '/?sign_in_error=provider_failed');
  assert.equal(await browser.signIn('acme', 'erin'), '/');
});

console.log(`oidc: ${steps.length} steps passed`);
process.exit(0);
