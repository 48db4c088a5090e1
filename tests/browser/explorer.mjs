// A newcomer's way through the explorer: sign up, sign in, create a memo, see it. Any complaint of the browser on the
// way (an error on the console, a violation of the Content-Security-Policy, a request to anywhere else) is a failure.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { chromium } from 'playwright-core';

const origin = process.env.MEMO_URL;
const complaints = [];
const member = {
  email: `newcomer-${Date.now()}@example.com`,
  password: 'a pass phrase to explore with',
  display_name: 'A newcomer',
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
    // No name is looked up: whatever a page would like to load from elsewhere is not there.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
context.setDefaultTimeout(15_000);

// The browser says so on the console too; the event names the directive and the place.
await context.addInitScript(() => {
  addEventListener('securitypolicyviolation', (event) => {
    console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
  });
});
const page = context.pages()[0] ?? (await context.newPage());
page.on('console', (message) => {
  if (['error', 'warning', 'assert'].includes(message.type())) {
    complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  }
});
page.on('pageerror', (error) => complaints.push(`page error: ${error.stack ?? error}`));
page.on('request', (request) => {
  const url = new URL(request.url());
  if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) {
    complaints.push(`request to another origin: ${request.url()}`);
  }
});
page.on('requestfailed', (request) => {
  complaints.push(`request failed: ${request.method()} ${request.url()} (${request.failure()?.errorText})`);
});

let doing = 'starting';
function step(text) {
  doing = text;
  console.log(`browser: ${text}`);
}

// Opens an operation, fills in what is asked for, presses Execute, and reads the answer where a person would.
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
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === method && new URL(response.url()).origin === origin),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  const shown = operation.locator('.live-responses-table .response');
  await shown.waitFor();
  const status = (await shown.locator('.response-col_status').innerText()).trim();
  const text = await shown.locator('.response-col_description .highlight-code pre').first().innerText();
  const where = `${method} ${new URL(answer.url()).pathname}`;
  assert.equal(status.split(/\s/)[0], String(answer.status()), `${where}: the status that is shown`);
  assert.ok(!/undocumented/i.test(status), `${where}: ${answer.status()} is not in the document`);
  return { operation, status: answer.status(), text, where };
}

function parsed({ text, where }) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${where}: what is shown is no JSON: ${text}`);
  }
}

async function explore() {
  step('open /docs');
  const docs = await page.goto(`${origin}/docs`);
  assert.equal(docs.status(), 200);
  const policy = docs.headers()['content-security-policy'] ?? '';
  assert.match(policy, /frame-ancestors 'none'/, '/docs has a Content-Security-Policy');
  assert.doesNotMatch(policy, /unsafe-|\*|https?:/, 'the policy allows own files only');
  await page.locator('.opblock').first().waitFor();

  step('sign up');
  const signUp = await tryOut('POST', '/api/v1/auth/sign-up', { body: member });
  assert.equal(signUp.status, 201, signUp.text);
  assert.equal(parsed(signUp).email, member.email);
  await signUp.operation.locator('.opblock-summary-control').click();

  step('sign in by the dialog');
  await page.locator('.auth-wrapper .authorize').click();
  const dialog = page.locator('.modal-ux');
  const flow = dialog.locator('.auth-container').filter({ hasText: 'OAuth2, password' });
  await flow.locator('#oauth_username').fill(member.email);
  await flow.locator('#oauth_password').fill(member.password);
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

  step('see it');
  const read = await tryOut('GET', '/api/v1/memos/{id}', { parameters: { id } });
  assert.equal(read.status, 200, read.text);
  assert.deepEqual(parsed(read), parsed(created));
  if (process.env.SCREENSHOT) await picture(read.operation);
  await read.operation.locator('.opblock-summary-control').click();

  step('see it in the list');
  const list = await tryOut('GET', '/api/v1/memos');
  assert.equal(list.status, 200, list.text);
  assert.deepEqual(parsed(list).items.map((item) => item.id), [id]);

  step('look for what the explorer leaves behind');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!kept.includes(member.password), 'the password is in the browser’s storage');

  step('open /docs/errors');
  const errors = await page.goto(`${origin}/docs/errors`);
  assert.equal(errors.status(), 200);
  assert.match(errors.headers()['content-security-policy'] ?? '', /frame-ancestors 'none'/);
  const text = await page.locator('body').innerText();
  for (const code of ['memo_not_found', 'precondition_failed', 'validation_failed']) {
    assert.ok(text.includes(code), `${code} is not listed`);
  }
}

// The request and its answer, as far as they fit into the window. The command line has an access token in it, which is
// long, and nobody's business.
async function picture(operation) {
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
  assert.ok(size < 400_000, `the picture has ${size} bytes`);
  console.log(`browser: ${process.env.SCREENSHOT} has ${size} bytes`);
}

let failure;
try {
  await explore();
} catch (error) {
  failure = error;
}
// What came last may still be on its way.
await page.waitForTimeout(300).catch(() => {});
if (failure || complaints.length > 0) {
  await page.screenshot({ path: process.env.FAILURE_SCREENSHOT, fullPage: true }).catch(() => {});
}
await context.close().catch(() => {});

if (failure) console.error(`browser: FAILED at "${doing}":\n${failure.message ?? failure}`);
for (const complaint of new Set(complaints)) console.error(`browser: the browser complains: ${complaint}`);
if (failure || complaints.length > 0) {
  console.error(`browser: the page as it was then: ${process.env.FAILURE_SCREENSHOT}`);
  process.exit(1);
}
console.log('browser: signed up, signed in, created a memo and saw it');
