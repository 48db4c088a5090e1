// Uses the explorer as a new user would: signs up, signs in, creates a memo and reads it. Any problem that the browser
// reports (a console error, a violation of the Content-Security-Policy, a request to another origin) is a failure.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { chromium } from 'playwright-core';

const origin = process.env.MEMO_URL;
const problems = [];
const user = {
  email: `newcomer-${Date.now()}@example.com`,
  password: 'a pass phrase to explore with',
  display_name: 'A new user',
};
const memo = {
  title: 'Groceries 장보기',
  content: '- [ ] milk\n- [x] 두부\n',
  tags: ['home'],
  pinned: true,
};

const context = await chromium.launchPersistentContext(process.env.PROFILE, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  viewport: { width: 1280, height: 900 },
  locale: 'en-US',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // No host name resolves, so a page can't load anything from elsewhere.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
context.setDefaultTimeout(60_000);

// The console shows these violations as well, but the event names the directive and the source location.
await context.addInitScript(() => {
  addEventListener('securitypolicyviolation', (event) => {
    console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
  });
});
const page = context.pages()[0] ?? (await context.newPage());
page.on('console', (message) => {
  if (['error', 'warning', 'assert'].includes(message.type())) {
    problems.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  }
});
page.on('pageerror', (error) => problems.push(`page error: ${error.stack ?? error}`));
page.on('request', (request) => {
  const url = new URL(request.url());
  if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) {
    problems.push(`request to another origin: ${request.url()}`);
  }
});
page.on('requestfailed', (request) => {
  problems.push(`request failed: ${request.method()} ${request.url()} (${request.failure()?.errorText})`);
});

let currentStep = 'starting';
function step(text) {
  currentStep = text;
  console.log(`browser: ${text}`);
}

// Opens an operation, fills in its inputs, presses Execute, and returns the response that the page shows.
async function tryOut(method, path, { body, parameters = {} } = {}) {
  const operation = page
    .locator('.opblock')
    .filter({ has: page.locator(`.opblock-summary-path[data-path="${path}"]`) })
    .filter({ has: page.locator('.opblock-summary-method', { hasText: new RegExp(`^${method}$`, 'i') }) });
  assert.equal(await operation.count(), 1, `${method} ${path} is in the explorer once`);
  await operation.locator('.opblock-summary-control').click();
  const open = operation.getByRole('button', { name: 'Try it out' });
  await operation.locator('.opblock-body').waitFor();
  if (await open.isVisible()) await open.click();
  if (body) await operation.locator('textarea.body-param__text').fill(JSON.stringify(body, null, 2));
  for (const [name, value] of Object.entries(parameters)) {
    await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  const [response] = await Promise.all([
    page.waitForResponse((sent) => sent.request().method() === method && new URL(sent.url()).origin === origin),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  const shown = operation.locator('.live-responses-table .response');
  await shown.waitFor();
  const status = (await shown.locator('.response-col_status').innerText()).trim();
  const text = await shown.locator('.response-col_description .highlight-code pre').first().innerText();
  const request = `${method} ${new URL(response.url()).pathname}`;
  assert.equal(status.split(/\s/)[0], String(response.status()), `${request}: the status on the page`);
  assert.ok(!/undocumented/i.test(status), `${request}: ${response.status()} is not in the document`);
  return { operation, status: response.status(), text, request };
}

function parsed({ text, request }) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${request}: the body on the page is not JSON: ${text}`);
  }
}

async function explore() {
  step('open /docs');
  const docs = await page.goto(`${origin}/docs`);
  assert.equal(docs.status(), 200);
  const policy = docs.headers()['content-security-policy'] ?? '';
  assert.match(policy, /frame-ancestors 'none'/, '/docs has a Content-Security-Policy');
  assert.doesNotMatch(policy, /unsafe-|\*|https?:/, 'the policy allows only files of the server itself');
  await page.locator('.opblock').first().waitFor();

  step('sign up');
  const signUp = await tryOut('POST', '/api/v1/auth/sign-up', { body: user });
  assert.equal(signUp.status, 201, signUp.text);
  assert.equal(parsed(signUp).email, user.email);
  await signUp.operation.locator('.opblock-summary-control').click();

  step('sign in with the dialog');
  await page.locator('.auth-wrapper .authorize').click();
  const dialog = page.locator('.modal-ux');
  const flow = dialog.locator('.auth-container').filter({ hasText: 'OAuth2, password' });
  await flow.locator('#oauth_username').fill(user.email);
  await flow.locator('#oauth_password').fill(user.password);
  await flow.getByText('select all').click();
  const [token] = await Promise.all([
    page.waitForResponse(`${origin}/api/v1/auth/token`),
    flow.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click(),
  ]);
  assert.equal(token.status(), 200, await token.text());
  await flow.getByRole('button', { name: 'Remove authorization' }).waitFor();
  await flow.getByRole('button', { name: 'Close' }).click();

  step('create a memo');
  const created = await tryOut('POST', '/api/v1/memos', { body: memo });
  assert.equal(created.status, 201, created.text);
  const { id } = parsed(created);
  for (const [name, value] of Object.entries(memo)) assert.deepEqual(parsed(created)[name], value, name);
  await created.operation.locator('.opblock-summary-control').click();

  step('read the memo');
  const read = await tryOut('GET', '/api/v1/memos/{id}', { parameters: { id } });
  assert.equal(read.status, 200, read.text);
  assert.deepEqual(parsed(read), parsed(created));
  if (process.env.SCREENSHOT) await takeScreenshot(read.operation);
  await read.operation.locator('.opblock-summary-control').click();

  step('list the memos');
  const list = await tryOut('GET', '/api/v1/memos');
  assert.equal(list.status, 200, list.text);
  assert.deepEqual(parsed(list).items.map((item) => item.id), [id]);

  step('check that the browser’s storage has no password');
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!stored.includes(user.password), 'the password is in the browser’s storage');

  step('open /docs/errors');
  const errors = await page.goto(`${origin}/docs/errors`);
  assert.equal(errors.status(), 200);
  assert.match(errors.headers()['content-security-policy'] ?? '', /frame-ancestors 'none'/);
  const text = await page.locator('body').innerText();
  for (const code of ['memo_not_found', 'precondition_failed', 'validation_failed']) {
    assert.ok(text.includes(code), `${code} is not listed`);
  }
}

// Takes a screenshot of a request and its response, as far as they fit into the window. Hides the curl command, which
// contains an access token.
async function takeScreenshot(operation) {
  await operation.locator('.curl-command').evaluate((element) => {
    element.style.display = 'none';
  });
  await operation.evaluate((element) => {
    document.body.style.zoom = '0.75';
    element.scrollIntoView();
  });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: process.env.SCREENSHOT, animations: 'disabled' });
  await page.evaluate(() => {
    document.body.style.zoom = '';
  });
  const size = statSync(process.env.SCREENSHOT).size;
  assert.ok(size < 400_000, `the screenshot has ${size} bytes`);
  console.log(`browser: ${process.env.SCREENSHOT} has ${size} bytes`);
}

let failure;
try {
  await explore();
} catch (error) {
  failure = error;
}
// The last events may still be pending.
await page.waitForTimeout(300).catch(() => {});
if (failure || problems.length > 0) {
  await page.screenshot({ path: process.env.FAILURE_SCREENSHOT, fullPage: true }).catch(() => {});
}
await context.close().catch(() => {});

if (failure) console.error(`browser: FAILED at "${currentStep}":\n${failure.message ?? failure}`);
for (const problem of new Set(problems)) console.error(`browser: reported by the browser: ${problem}`);
if (failure || problems.length > 0) {
  console.error(`browser: screenshot of the failure: ${process.env.FAILURE_SCREENSHOT}`);
  process.exit(1);
}
console.log('browser: signed up, signed in, created a memo and read it');
