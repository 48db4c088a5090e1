// Looks at one's own usage as a user would: signed out, by the form of the page, in both languages, in light and in dark, and on a
// phone.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const origin = process.env.MEMO_URL;
const user = { email: `usage-${Date.now()}@example.com`, password: 'a pass phrase to count with', display_name: '김하나' };

async function api(method, path, { token, body, form } = {}) {
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { 'Content-Type': 'application/json' }) };
  const response = await fetch(`${origin}${path}`, { method, headers, body: form ?? (body && JSON.stringify(body)) });
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() };
}

// Some requests, of which some are errors, with a session and with API keys.
assert.equal((await api('POST', '/api/v1/auth/sign-up', { body: user })).status, 201);
const form = new URLSearchParams({ grant_type: 'password', username: user.email, password: user.password });
const { access_token: token } = (await api('POST', '/api/v1/auth/token', { form })).body;
const scopes = ['memos:read', 'memos:write', 'account:read'];
const keys = [];
for (const name of ['backup', '알림 봇', 'removed']) {
  keys.push((await api('POST', '/api/v1/me/api-keys', { token, body: { name, scopes } })).body);
}
for (let n = 0; n < 40; n++) {
  const with_ = { token: n % 4 ? keys[n % 3].secret : token };
  const body = { title: `메모 ${n}`, content: '회의 '.repeat(20 * n) };
  const { body: memo } = await api('POST', '/api/v1/memos', { ...with_, body: n % 9 ? body : { title: '' } });
  await api('GET', `/api/v1/memos/${n % 9 ? memo.id : 'x'}`, with_);
  await api('GET', '/api/v1/memos?limit=5', with_);
}
await api('DELETE', `/api/v1/me/api-keys/${keys[2].id}`, { token });

const options = {
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
};
const problems = [];
let page;

async function open(profile, more) {
  const context = await chromium.launchPersistentContext(`${process.env.PROFILE}-${profile}`, { ...options, ...more });
  context.setDefaultTimeout(60_000);
  page = context.pages()[0] ?? (await context.newPage());
  page.on('pageerror', (error) => problems.push(`page error: ${error}`));
  page.on('console', (message) => {
    // A 401 is how the page learns that nobody is signed in. allow-word
    if (message.type() === 'error' && !message.text().includes('401')) problems.push(`console: ${message.text()}`);
  });
  await page.route((url) => url.origin !== origin, (route) => {
    problems.push(`request: ${route.request().url()}`);
    return route.abort();
  });
  return context;
}

// The numbers of the table, by the first column.
const rows = () =>
  page.locator('#table tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

async function choose(label, report) {
  const answered = page.waitForResponse((response) => response.url().includes(report));
  await page.getByText(label, { exact: true }).click();
  await (await answered).finished();
}

// Days before today, for a picture: the server counts today alone.
async function invent() {
  await page.route(/\/me\/usage\?group_by=day/, async (route) => {
    const response = await route.fetch();
    const report = await response.json();
    const today = Date.parse(report.items.at(-1).key);
    for (let ago = 1; ago < 30; ago++) {
      const wave = Math.abs(Math.sin(ago * 1.3)) + Math.abs(Math.cos(ago * 0.37));
      const requests = Math.round(ago % 7 === 3 ? 12 : 55 + 70 * wave);
      report.items.unshift({
        key: new Date(today - ago * 864e5).toISOString().slice(0, 10),
        requests,
        errors: Math.round(requests * (ago === 11 ? 0.3 : 0.03 * wave)),
        bytes_in: requests * 312,
        bytes_out: requests * 2_417,
        p50_ms: 0.7 + 0.1 * wave,
        p99_ms: 6 + 4 * wave,
      });
    }
    return route.fulfill({ response, json: report });
  });
}

let context;
let currentStep = 'starting';
try {
  currentStep = 'sign in on the page';
  context = await open('usage', { viewport: { width: 1000, height: 860 }, locale: 'en-US' });
  const shown = await page.goto(`${origin}/usage`);
  assert.equal(shown.status(), 200);
  assert.doesNotMatch(shown.headers()['content-security-policy'], /unsafe-|\*|https?:/);
  await page.getByText('Sign in to see your usage.').waitFor();
  assert.equal(await page.locator('#report').isVisible(), false);
  await page.getByLabel('E-mail address').fill(user.email);
  await page.getByLabel('Password').fill('a wrong one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('img').waitFor();
  assert.equal(await page.getByRole('alert').isVisible(), false);

  currentStep = 'read the table';
  const today = new Date().toISOString().slice(0, 10);
  const [day] = await rows();
  assert.equal(day[0], today);
  assert.ok(Number(day[1]) >= 120 && Number(day[2]) >= 5, day);
  assert.match(await page.getByRole('img').getAttribute('aria-label'), /^Requests per day: \d+ requests, \d+ errors$/);
  await choose('By operation', 'group_by=operation');
  await page.locator('#table th', { hasText: 'list_memos' }).waitFor();
  const operations = new Map((await rows()).map((row) => [row[0], row]));
  assert.equal(operations.get('list_memos')[1], '40');
  assert.deepEqual(operations.get('create_memo').slice(1, 3), ['40', '5']);
  await choose('By API key', '/me/api-keys');
  await page.locator('#table th', { hasText: 'backup' }).waitFor();
  const names = (await rows()).map(([name]) => name);
  assert.ok(names.includes('알림 봇') && names.includes('Sessions') && names.some((name) => /^Removed \(/.test(name)), names);
  for (const label of ['7 days', '90 days', '1 year']) {
    await choose(label, 'group_by=day');
    await page.getByRole('img').waitFor();
  }
  await page.getByRole('img', { name: /^Requests per week: / }).waitFor();
  // With the keyboard alone: the next period is chosen by an arrow.
  await page.locator('input[name=days][value="365"]').focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.locator('input[name=days]:checked').getAttribute('value'), '90');
  console.log('browser: usage is shown by day, operation and API key');

  currentStep = 'look at it in light and in dark';
  await invent();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${origin}/usage`);
    await page.getByRole('img').waitFor();
    const { width, background, text } = await page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      return { width: document.documentElement.scrollWidth, background: backgroundColor, text: color };
    });
    assert.ok(width <= 1000, `nothing is wider than the screen: ${width}`);
    const brightness = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    assert.equal(brightness(background) < brightness(text), colorScheme === 'dark', `${colorScheme}: ${text} on ${background}`);
    if (process.env.USAGE_SCREENSHOT) await page.screenshot({ path: `${process.env.USAGE_SCREENSHOT}-${colorScheme}.png` });
  }
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Sign in to see your usage.').waitFor();
  assert.deepEqual(problems, []);
  await context.close();

  currentStep = 'look at it on a phone, in Korean';
  context = await open('usage-phone', { viewport: { width: 360, height: 760 }, deviceScaleFactor: 2, isMobile: true, locale: 'ko-KR' });
  await page.goto(`${origin}/usage`);
  await page.getByLabel('이메일 주소').fill(user.email);
  await page.getByLabel('비밀번호').fill(user.password);
  await page.getByRole('button', { name: '로그인' }).click();
  await page.getByRole('img', { name: /^하루 요청 수: / }).waitFor();
  await choose('작업별', 'group_by=operation');
  await page.locator('#table th', { hasText: 'create_memo' }).waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `nothing is wider than the screen: ${width}`);
  if (process.env.USAGE_SCREENSHOT_PHONE) await page.screenshot({ path: process.env.USAGE_SCREENSHOT_PHONE, fullPage: true });
  assert.deepEqual(problems, []);
  console.log('browser: usage looks as it should in light, in dark and on a phone');
} catch (error) {
  console.error(`browser: failed at: ${currentStep}\n${error.stack}\n${problems.join('\n')}`);
  await page?.screenshot({ path: process.env.FAILURE_SCREENSHOT }).catch(() => {});
  process.exitCode = 1;
} finally {
  await context?.close();
}
