// Runs two OpenID providers and signs in to memo with them. Takes two files as arguments: it writes memo's settings for
// the providers to the first, and waits until the second contains the URL of the running memo.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Provider } from 'oidc-provider';

const [settingsFile, memoFile] = process.argv.slice(2);
// With characters that a client must escape when it authenticates (RFC 6749, section 2.3.1).
const secret = `secret:+/=&%${randomBytes(16).toString('base64url')}`;

// The differences of the two providers: signature of tokens, authentication of the client, and where the e-mail claim is.
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

// The providers accept every login name, and derive the claims from it.
const claimsOf = (id) => ({
  sub: `${id}-there`,
  email: id === 'without-email' ? undefined : `${id}@example.com`,
  email_verified: id !== 'unverified',
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
    findAccount: (_, id) => ({ accountId: id, claims: () => claimsOf(id) }),
  });
  provider.on('server_error', (_, error) => console.error(`${name}:`, error));
  server.on('request', provider.callback());
}

// A minimal browser that stores cookies by origin and path, and does not follow redirects by itself.
class Browser {
  cookies = [];

  async go(url, { method = 'GET', form, json, from = 'none' } = {}) {
    const { origin, pathname } = new URL(url);
    const matches = ({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
    const sent = this.cookies.filter((cookie) => cookie.origin === origin && matches(cookie));
    const headers = { 'sec-fetch-site': from, cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') };
    if (!sent.length) delete headers.cookie;
    if (json) headers['content-type'] = 'application/json';
    const body = form ? new URLSearchParams(form) : json && JSON.stringify(json);
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(60_000) });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const get = (key) => attributes.map((a) => a.split('=')).find(([a]) => a.toLowerCase() === key)?.[1];
      const path = get('path') ?? '/';
      this.cookies = this.cookies.filter((c) => !(c.origin === origin && c.name === name && c.path === path));
      const isExpired = get('max-age') === '0' || new Date(get('expires') ?? '9999-01-01') < new Date();
      if (!isExpired) this.cookies.push({ origin, name, value, path });
    }
    const text = await response.text();
    return { url, status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  }

  api(path, options) {
    return this.go(`${memo}/api/v1${path}`, { from: 'same-origin', ...options });
  }

  /** Begins a flow at memo. Returns the authorization URL of the provider. */
  async authorize(provider, query = {}) {
    const response = await this.api(`/auth/providers/${provider}/authorize?${new URLSearchParams(query)}`);
    assert.equal(response.status, 302, response.text);
    return response.headers.get('location');
  }

  /** Signs in at the provider and consents, or denies consent. Returns the callback URL of memo. */
  async consent(url, login, { deny = false } = {}) {
    for (let steps = 0; steps < 20; steps += 1) {
      if (url.startsWith(memo)) return url;
      const page = await this.go(url);
      const next = page.headers.get('location');
      if (next) {
        url = new URL(next, page.url).href;
        continue;
      }
      assert.equal(page.status, 200, `${url}: ${page.text}`);
      const action = page.text.match(/<form [^>]*action="([^"]+)"/)?.[1];
      const prompt = page.text.match(/name="prompt" value="(\w+)"/)?.[1];
      const abort = page.text.match(/href="([^"]+\/abort)"/)?.[1];
      assert.ok(action && prompt && abort, page.text);
      if (deny && prompt === 'consent') {
        url = new URL(abort, url).href;
        continue;
      }
      const form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
      const response = await this.go(new URL(action, url).href, { method: 'POST', form });
      assert.equal(response.status, 303, response.text);
      url = new URL(response.headers.get('location'), url).href;
    }
    throw new Error(`no redirect to memo from ${url}`);
  }

  callback(url) {
    return this.go(url, { from: 'cross-site' });
  }

  /** Runs the whole flow. Returns the URL that memo redirects to in the end. */
  async signIn(provider, login, query = {}) {
    const response = await this.callback(await this.consent(await this.authorize(provider, query), login));
    assert.equal(response.status, 303, response.text);
    return response.headers.get('location');
  }

  async me() {
    const response = await this.api('/me');
    assert.equal(response.status, 200, response.text);
    return response.json();
  }

  async identities() {
    const response = await this.api('/me/identities');
    assert.equal(response.status, 200, response.text);
    return response.json().items.map(({ provider, email }) => [provider, email]);
  }
}

const assertProblem = (response, status, code) => {
  assert.equal(response.status, status, response.text);
  assert.equal(response.json().code, code);
};
const steps = [];
const step = async (name, work) => {
  await work();
  steps.push(name);
  console.log(`oidc: ${name}`);
};
const withParameters = (url, parameters) => {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) result.searchParams.set(name, value);
  return result.href;
};

const alice = new Browser();
let aliceId;

await step('a user who signs in for the first time gets an account', async () => {
  const list = (await alice.api('/auth/providers')).json().items;
  assert.deepEqual(list.map(({ name }) => name).sort(), ['acme', 'other']);
  const url = await alice.authorize('acme', { return_to: '/docs?a=b' });
  assert.ok(url.startsWith(`${servers.acme.issuer}/auth?`), url);
  const query = new URL(url).searchParams;
  assert.equal(query.get('code_challenge_method'), 'S256');
  assert.equal(query.get('response_type'), 'code');
  for (const name of ['state', 'nonce', 'code_challenge']) assert.equal(query.get(name).length, 43, name);

  const callback = await alice.consent(url, 'alice');
  assert.equal(new URL(callback).searchParams.get('iss'), servers.acme.issuer);
  const response = await alice.callback(callback);
  assert.equal(response.status, 303, response.text);
  assert.equal(response.headers.get('location'), '/docs?a=b');
  const me = await alice.me();
  assert.deepEqual([me.email, me.email_verified, me.display_name], ['alice@example.com', true, '앨리스']);
  aliceId = me.id;
  // A callback is accepted only once.
  assertProblem(await alice.callback(callback), 400, 'state_invalid');
});

await step('a user who signs in again gets the same account', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('acme', 'alice'), '/');
  assert.equal((await browser.me()).id, aliceId);
});

await step('a provider with other keys and another client authentication', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('other', 'carol'), '/');
  const me = await browser.me();
  assert.deepEqual([me.email, me.email_verified, me.display_name], ['carol@example.com', true, 'carol']);
});

await step('an unverified e-mail address, a missing one and one that is taken', async () => {
  const browser = new Browser();
  assert.equal(await browser.signIn('acme', 'unverified'), '/');
  assert.equal((await browser.me()).email_verified, false);
  const others = new Browser();
  assert.equal(await others.signIn('acme', 'without-email'), '/?sign_in_error=email_missing');
  // Another account at that provider, with the e-mail address of an existing user of memo.
  assert.equal(await new Browser().signIn('other', 'alice'), '/?sign_in_error=email_taken');
  assert.equal((await others.api('/me')).status, 401);
});

await step('a wrong state, a missing one and one of another browser are rejected', async () => {
  const [browser, stranger] = [new Browser(), new Browser()];
  const callback = await browser.consent(await browser.authorize('acme'), 'alice');
  const without = new URL(callback);
  without.searchParams.delete('state');
  assertProblem(await browser.callback(withParameters(callback, { state: 'A'.repeat(43) })), 400, 'state_invalid');
  assertProblem(await browser.callback(without.href), 400, 'state_invalid');
  assertProblem(await stranger.callback(callback), 400, 'state_invalid');
  await stranger.authorize('acme');
  assertProblem(await stranger.callback(callback), 400, 'state_invalid');
  assertProblem(await browser.callback(callback.replace('/acme/', '/other/')), 400, 'state_invalid');
  assert.equal((await stranger.api('/me')).status, 401);
  assert.equal((await browser.api('/me')).status, 401);
  assert.equal((await browser.callback(callback)).headers.get('location'), '/');
  assert.equal((await browser.me()).id, aliceId);
});

await step('a code of another flow and a response of another provider are rejected', async () => {
  const [mallory, victim] = [new Browser(), new Browser()];
  const stolen = await victim.consent(await victim.authorize('acme'), 'alice');
  const own = await mallory.consent(await mallory.authorize('acme'), 'mallory');
  const code = new URL(stolen).searchParams.get('code');
  // The provider rejects the code, since the verifier (PKCE) does not match.
  const response = await mallory.callback(withParameters(own, { code }));
  assert.equal(response.headers.get('location'), '/?sign_in_error=provider_failed');
  const mixed = await mallory.consent(await mallory.authorize('acme'), 'mallory');
  const mixUp = await mallory.callback(withParameters(mixed, { iss: servers.other.issuer }));
  assert.equal(mixUp.headers.get('location'), '/?sign_in_error=provider_mix_up');
  assert.equal((await mallory.api('/me')).status, 401);
});

await step('consent denied at the provider', async () => {
  const browser = new Browser();
  const callback = await browser.consent(await browser.authorize('acme'), 'dave', { deny: true });
  assert.equal(new URL(callback).searchParams.get('error'), 'access_denied');
  assert.equal((await browser.callback(callback)).headers.get('location'), '/?sign_in_error=access_denied');
  assert.equal((await browser.api('/me')).status, 401);
});

await step('an identity is linked and unlinked', async () => {
  const bob = { email: 'bob@example.org', password: 'a pass phrase of bob' };
  const browser = new Browser();
  assertProblem(await browser.api('/auth/providers/acme/authorize?link=true'), 401, 'authentication_required');
  const account = await browser.api('/auth/sign-up', { method: 'POST', json: { ...bob, display_name: 'Bob' } });
  assert.equal(account.status, 201, account.text);
  assert.equal((await browser.api('/auth/session', { method: 'POST', json: bob })).status, 200);
  assert.equal(await browser.signIn('acme', 'alice', { link: 'true' }), '/?sign_in_error=identity_taken');
  // Without its cookies, the provider asks for a login name again.
  browser.cookies = browser.cookies.filter(({ origin }) => origin === memo);
  assert.equal(await browser.signIn('acme', 'bobby', { link: 'true', return_to: '/docs' }), '/docs');
  assert.deepEqual(await browser.identities(), [['acme', 'bobby@example.com']]);
  const elsewhere = new Browser();
  assert.equal(await elsewhere.signIn('acme', 'bobby'), '/');
  assert.equal((await elsewhere.me()).id, account.json().id);
  assert.equal((await browser.api('/me/identities/acme', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await browser.identities(), []);
  assert.equal(await new Browser().signIn('acme', 'bobby'), '/');
  // An account without a password must keep its last identity.
  assertProblem(await alice.api('/me/identities/acme', { method: 'DELETE' }), 409, 'last_way_to_sign_in');
  assert.equal(await alice.signIn('other', 'alice', { link: 'true' }), '/');
  assert.equal((await alice.api('/me/identities/acme', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await alice.identities(), [['other', 'alice@example.com']]);
});

await step('a provider that is unavailable', async () => {
  const browser = new Browser();
  const callback = await browser.consent(await browser.authorize('other'), 'carol');
  servers.other.server.closeAllConnections();
  await new Promise((resolve) => servers.other.server.close(resolve));
  assert.equal((await browser.callback(callback)).headers.get('location'), '/?sign_in_error=provider_failed');
  assert.equal(await browser.signIn('acme', 'erin'), '/');
});

console.log(`oidc: ${steps.length} steps passed`);
process.exit(0);
