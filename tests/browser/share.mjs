// Opens shares as a stranger would: known payloads of cross-site scripting in the title, the content and a tag run nothing, the
// form takes the password, and the page looks well on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const origin = process.env.MEMO_URL;
const user = { email: `author-${Date.now()}@example.com`, password: 'a pass phrase to share with', display_name: '<b>김하나</b>' };

// The texts that the tests of the renderer read, too. NUL is refused in a memo.
const source = readFileSync(new URL('../../crates/markdown/tests/xss/payloads.rs', import.meta.url), 'utf8');
const literals = [...source.matchAll(/^ {4}"((?:[^"\\]|\\.|\\\n)*)",$/gms)].map(([, text]) => text);
const escapes = { n: '\n', t: '\t', r: '\r', 0: '\0', '"': '"', "'": "'", '\\': '\\' };
const payloads = literals
  .map((text) =>
    text
      .replace(/\\\n\s*/g, '')
      .replace(/\\(?:u\{([0-9a-f]+)\}|x([0-9a-f]{2})|(.))/gi, (_, wide, byte, one) =>
        one === undefined ? String.fromCodePoint(Number.parseInt(wide ?? byte, 16)) : escapes[one],
      ),
  )
  .filter((text) => !text.includes('\0'));
assert.ok(payloads.length >= 50, `${payloads.length} payloads`);

async function api(method, path, { token, body, form } = {}) {
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { 'Content-Type': 'application/json' }) };
  const response = await fetch(`${origin}${path}`, { method, headers, body: form ?? (body && JSON.stringify(body)) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.status === 204 ? undefined : response.json();
}

await api('POST', '/api/v1/auth/sign-up', { body: user });
const form = new URLSearchParams({ grant_type: 'password', username: user.email, password: user.password });
const { access_token: token } = await api('POST', '/api/v1/auth/token', { form });

async function share(memo, options = {}) {
  const { id } = await api('POST', '/api/v1/memos', { token, body: memo });
  return api('POST', `/api/v1/memos/${id}/shares`, { token, body: options });
}

// What a title or a tag can have of a text.
const line = (text, length) => [...text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')].slice(0, length).join('').trim() || '-';

const context = await chromium.launchPersistentContext(`${process.env.PROFILE}-share`, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 2,
  isMobile: true,
  locale: 'ko-KR',
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
});
context.setDefaultTimeout(60_000);
const page = context.pages()[0] ?? (await context.newPage());
const problems = [];
page.on('dialog', (dialog) => {
  problems.push(`a dialog: ${dialog.message()}`);
  dialog.dismiss().catch(() => {});
});
page.on('pageerror', (error) => problems.push(`page error: ${error}`));
page.on('framenavigated', (frame) => {
  if (!frame.url().startsWith(`${origin}/`) && frame.url() !== 'about:blank') problems.push(`navigated to ${frame.url()}`);
});
// A memo may have images of other servers, and of those alone.
await page.route((url) => url.origin !== origin, (route) => {
  const request = route.request();
  if (request.resourceType() !== 'image' || !request.url().startsWith('https:')) problems.push(`request: ${request.url()}`);
  return route.abort();
});

// What must not be in the document, whatever the browser made of the text.
function hostile() {
  const found = [];
  const allowed = 'link[rel="stylesheet"][href="/shared/style.css"], meta[charset], meta[name]';
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName;
    if (['script', 'iframe', 'frame', 'object', 'embed', 'svg', 'math', 'base', 'style', 'form', 'button', 'template'].includes(name)) {
      found.push(name);
    }
    if (['link', 'meta'].includes(name) && !element.matches(allowed)) found.push(element.outerHTML);
    for (const { name: attribute, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$|^formaction$/i.test(attribute)) found.push(`${name} ${attribute}`);
      const isUrl = ['href', 'src', 'action', 'xlink:href', 'cite', 'poster', 'data', 'background'].includes(attribute);
      if (isUrl && !['http:', 'https:', 'mailto:'].includes(new URL(value, location.href).protocol)) found.push(`${attribute}=${value}`);
    }
  }
  return found;
}

let currentStep = 'starting';
try {
  currentStep = 'open shares with hostile texts';
  for (const payload of payloads) {
    const { url } = await share({ title: line(payload, 200), content: payload, tags: [line(payload, 50)] });
    const response = await page.goto(url, { waitUntil: 'domcontentloaded' });
    assert.equal(response.status(), 200, payload);
    assert.match(response.headers()['content-security-policy'], /^default-src 'none'; style-src 'self'/);
    assert.deepEqual(await page.evaluate(hostile), [], payload);
    assert.deepEqual(problems, [], payload);
  }
  console.log(`browser: ${payloads.length} hostile texts in shares run nothing`);

  currentStep = 'open a share by its password';
  const memo = {
    title: '주간회의록',
    content:
      '# 주간회의록\n\n배포는 **금요일** 오후에 합니다. 자세한 내용은 [운영 문서](https://example.org)에 있습니다.\n\n## 할 일\n\n' +
      '- [x] 시험 서버에 배포\n- [ ] 데이터베이스 백업 확인\n- [ ] 공지 보내기\n\n> 급한 일은 전화로 알려 주세요.\n\n' +
      '| 누가 | 언제 |\n| --- | --- |\n| 하나 | 월요일 |\n| 두리 | 수요일 |\n\n```sh\nmemo check\n```\n',
    tags: ['work'],
  };
  await api('PATCH', '/api/v1/me', { token, body: { display_name: '김하나' } });
  const { url } = await share(memo, { password: '열려라 참깨' });
  assert.equal((await page.goto(url)).status(), 401);
  await page.getByLabel('비밀번호').fill('참깨');
  await page.getByRole('button', { name: '열기' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('비밀번호').fill('열려라 참깨');
  await page.getByRole('button', { name: '열기' }).click();
  await page.getByRole('heading', { name: '주간회의록' }).waitFor();
  assert.deepEqual(problems, []);

  currentStep = 'look at it on a phone, in light and in dark';
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const { width, background, text } = await page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      return { width: document.documentElement.scrollWidth, background: backgroundColor, text: color };
    });
    assert.ok(width <= 390, `nothing is wider than the screen: ${width}`);
    const brightness = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    const isDark = brightness(background) < brightness(text);
    assert.equal(isDark, colorScheme === 'dark', `${colorScheme}: ${text} on ${background}`);
    if (process.env.SHARE_SCREENSHOT) await page.screenshot({ path: `${process.env.SHARE_SCREENSHOT}-${colorScheme}.png`, scale: 'css' });
  }
  console.log('browser: a share looks as it should on a phone, in light and in dark');
} catch (error) {
  console.error(`browser: failed at: ${currentStep}\n${error.stack}\n${problems.join('\n')}`);
  await page.screenshot({ path: process.env.FAILURE_SCREENSHOT }).catch(() => {});
  process.exitCode = 1;
} finally {
  await context.close();
}
