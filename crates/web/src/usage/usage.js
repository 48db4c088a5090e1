// Reads the usage of the signed-in user by the API, and draws it.
"use strict";

const language = document.documentElement.lang;
const texts = {
  en: {
    requests: "Requests",
    errors: "Errors",
    received: "Received",
    sent: "Sent",
    day: "Day",
    operation: "Operation",
    api_key: "API key",
    perDay: "Requests per day",
    perWeek: "Requests per week",
    successful: "Successful",
    week: (day) => `Week from ${day}`,
    none: "No requests in this period.",
    sessions: "Sessions",
    removed: (id) => `Removed (${id.slice(-6)})`,
    unreachable: "The server can't be reached.",
    by: (name) => `Sign in with ${name}`,
    summary: (requests, errors) => `${requests} requests, ${errors} errors`,
  },
  ko: {
    requests: "요청",
    errors: "오류",
    received: "수신",
    sent: "송신",
    day: "날짜",
    operation: "작업",
    api_key: "API 키",
    perDay: "하루 요청 수",
    perWeek: "주간 요청 수",
    successful: "성공",
    week: (day) => `${day}부터 한 주`,
    none: "이 기간에는 요청이 없습니다.",
    sessions: "세션",
    removed: (id) => `삭제된 키 (${id.slice(-6)})`,
    unreachable: "서버에 연결할 수 없습니다.",
    by: (name) => `${name}(으)로 로그인`,
    summary: (requests, errors) => `요청 ${requests}건, 오류 ${errors}건`,
  },
}[language];

const DAY = 24 * 60 * 60 * 1000;
// Longer periods are drawn by week.
const MAX_BARS = 100;
const numbers = new Intl.NumberFormat(language);
const few = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat(language, { notation: "compact" });
const dates = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });

const find = (id) => document.getElementById(id);
let days = [];
let names = new Map();
let secondStep;
// Which answers are still wanted: a slow one of an earlier choice is not shown.
let turn = 0;

function element(name, attributes = {}, ...children) {
  const isSvg = ["svg", "g", "rect", "line", "text", "title"].includes(name);
  const made = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

function alert(text) {
  find("alert").textContent = text ?? "";
  find("alert").hidden = !text;
}

async function api(path, options = {}) {
  const headers = { "Accept-Language": language, ...(options.body && { "Content-Type": "application/json" }) };
  const response = await fetch(path, { ...options, headers });
  const body = response.status === 204 ? undefined : await response.json();
  return { status: response.status, isOk: response.ok, body };
}

// Runs what a person has asked for, and says so if it fails.
async function attempt(work) {
  try {
    await work();
  } catch {
    alert(texts.unreachable);
  }
}

const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const textOf = (time) => new Date(time).toISOString().slice(0, 10);

function period() {
  const to = Math.floor(Date.now() / DAY) * DAY;
  return { from: to - (Number(chosen("days")) - 1) * DAY, to };
}

function usage(group) {
  const { from, to } = period();
  return api(`/api/v1/me/usage?group_by=${group}&from=${textOf(from)}&to=${textOf(to)}`);
}

async function load() {
  const mine = ++turn;
  const group = chosen("group");
  const [byDay, byGroup] = await Promise.all([usage("day"), group === "day" ? undefined : usage(group)]);
  if (mine !== turn) return;
  if (byDay.status === 401) return signedOut();
  const failed = [byDay, byGroup].find((answer) => answer && !answer.isOk);
  if (failed) return alert(failed.body.detail);
  alert();
  if (group === "api_key") await loadNames();
  days = byDay.body.items;
  find("sign-in").hidden = true;
  find("report").hidden = find("sign-out").hidden = false;
  drawTotals();
  drawChart();
  drawTable(group, byGroup ? byGroup.body.items : [...days].reverse());
}

async function loadNames() {
  const keys = await api("/api/v1/me/api-keys");
  if (keys.isOk) names = new Map(keys.body.items.map((key) => [key.id, key.name]));
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${few.format(bytes)} ${units[unit]}`;
}

function drawTotals() {
  const sum = (field) => days.reduce((total, day) => total + day[field], 0);
  const [requests, errors] = [sum("requests"), sum("errors")];
  const share = requests ? ` ${few.format((errors / requests) * 100)} %` : "";
  const total = (name, value, note) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value, element("small", {}, note ?? "")));
  find("totals").replaceChildren(
    total(texts.requests, numbers.format(requests)),
    total(texts.errors, numbers.format(errors), share),
    total(texts.received, size(sum("bytes_in"))),
    total(texts.sent, size(sum("bytes_out"))),
  );
}

// The days of the period, or its weeks if there are too many, also those without requests.
function bars() {
  const { from, to } = period();
  const width = (to - from) / DAY < MAX_BARS ? 1 : 7;
  const known = new Map(days.map((day) => [day.key, day]));
  const list = [];
  for (let start = from; start <= to; start += width * DAY) {
    const bar = { start, requests: 0, errors: 0 };
    for (let day = start; day < start + width * DAY; day += DAY) {
      const { requests = 0, errors = 0 } = known.get(textOf(day)) ?? {};
      bar.requests += requests;
      bar.errors += errors;
    }
    list.push(bar);
  }
  return { list, isWeekly: width > 1 };
}

// A round number that is not less, of which there are three parts that are round as well.
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 3)));
  const factor = [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 3, 4.5, 6, 7.5, 9, 12].find(
    (factor) => factor * power >= value && Number.isInteger((factor * power) / 3),
  );
  return (factor ?? 15) * power;
}

function drawChart() {
  const { list, isWeekly } = bars();
  const legend = [texts.successful, texts.errors].map((text, n) => element("span", { class: n ? "errors" : "requests" }, text));
  find("legend").replaceChildren(element("strong", {}, isWeekly ? texts.perWeek : texts.perDay), ...legend);
  const width = Math.max(find("chart").clientWidth, 240);
  const [height, left, right, top, bottom] = [220, 44, 4, 10, 24];
  const greatest = ceiling(Math.max(...list.map((bar) => bar.requests)));
  const y = (value) => top + (height - top - bottom) * (1 - value / greatest);
  const step = (width - left - right) / list.length;
  const parts = [];
  for (const part of [0, 1, 2, 3]) {
    const value = (greatest * part) / 3;
    parts.push(
      element("line", { class: "line", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      element("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, compact.format(value)),
    );
  }
  const every = Math.ceil(list.length / Math.max(2, Math.floor((width - left) / 90)));
  list.forEach((bar, n) => {
    const gap = Math.min(step * 0.25, 6);
    const x = left + n * step;
    const rect = (kind, from, to) =>
      element("rect", { class: kind, x: x + gap / 2, width: Math.max(step - gap, 0.5), y: y(to), height: y(from) - y(to), rx: Math.min(2, step / 6) });
    const date = dates.format(bar.start);
    const summary = texts.summary(numbers.format(bar.requests), numbers.format(bar.errors));
    const group = element("g", {}, element("title", {}, `${isWeekly ? texts.week(date) : date}: ${summary}`));
    group.append(element("rect", { class: "day", x, width: step, y: top, height: height - top - bottom }));
    if (bar.requests > bar.errors) group.append(rect("requests", bar.errors, bar.requests));
    if (bar.errors) group.append(rect("errors", 0, bar.errors));
    parts.push(group);
    if ((list.length - 1 - n) % every === 0) {
      // The last ones end with the chart.
      const middle = x + step / 2;
      const isLast = middle > width - right - 32;
      const place = { x: isLast ? width - right : middle, "text-anchor": isLast ? "end" : "middle" };
      parts.push(element("text", { ...place, y: height - 6 }, date));
    }
  });
  const total = (field) => numbers.format(list.reduce((sum, bar) => sum + bar[field], 0));
  const label = `${isWeekly ? texts.perWeek : texts.perDay}: ${texts.summary(total("requests"), total("errors"))}`;
  const chart = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...parts);
  find("chart").replaceChildren(chart);
}

function drawTable(group, items) {
  const columns = [texts[group], texts.requests, texts.errors, texts.received, texts.sent, "p50, ms", "p99, ms"];
  const nameOf = (key) => {
    if (group !== "api_key") return key;
    return key === "session" ? texts.sessions : (names.get(key) ?? texts.removed(key));
  };
  const row = (item) => {
    const cells = [
      numbers.format(item.requests),
      numbers.format(item.errors),
      size(item.bytes_in),
      size(item.bytes_out),
      few.format(item.p50_ms),
      few.format(item.p99_ms),
    ];
    const made = cells.map((text, n) => element("td", n === 1 && item.errors ? { class: "errors" } : {}, text));
    return element("tr", {}, element("th", { scope: "row" }, nameOf(item.key)), ...made);
  };
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
  const rows = items.map(row);
  if (!rows.length) rows.push(element("tr", {}, element("th", { colspan: columns.length }, texts.none)));
  const caption = element("caption", { id: "caption" }, `${document.querySelector("h1").textContent}: ${texts[group]}`);
  find("table").replaceChildren(
    element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)),
  );
}

async function signedOut() {
  alert();
  find("report").hidden = find("sign-out").hidden = true;
  find("sign-in").hidden = false;
  const providers = await api("/api/v1/auth/providers");
  if (!providers.isOk) return;
  const links = providers.body.items.map(({ authorize_url: url, display_name: name }) => {
    const target = new URL(url, location.href);
    target.searchParams.set("return_to", "/usage");
    return element("li", {}, element("a", { href: target.href }, texts.by(name)));
  });
  find("providers").replaceChildren(...links);
}

// Asks for the code of the second factor, or for the password again.
function askForCode(token) {
  secondStep = token;
  const form = find("sign-in");
  for (const [name, isAsked] of [["email", !token], ["password", !token], ["otp", Boolean(token)]]) {
    const input = form.elements[name];
    input.disabled = !isAsked;
    input.closest("label").hidden = !isAsked;
    if (!isAsked) input.value = "";
  }
  if (token) form.elements.otp.focus();
}

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  attempt(async () => {
    const step = secondStep ? { mfa_token: secondStep, otp: fields.otp } : fields;
    const answer = await api("/api/v1/auth/session", { method: "POST", body: JSON.stringify(step) });
    if (answer.isOk) {
      askForCode();
      event.target.reset();
      return load();
    }
    if (answer.body.mfa_token) {
      alert();
      return askForCode(answer.body.mfa_token);
    }
    // A code can be tried again. If too much time has passed, the page is loaded again to begin with the password.
    alert(answer.body.errors?.map((error) => error.detail).join(" ") ?? answer.body.detail);
  });
});

find("sign-out").addEventListener("click", () => {
  attempt(async () => {
    await api("/api/v1/auth/session", { method: "DELETE" });
    await signedOut();
  });
});
find("period").addEventListener("change", () => attempt(load));
find("grouping").addEventListener("change", () => attempt(load));
new ResizeObserver(() => {
  if (!find("report").hidden) drawChart();
}).observe(find("chart"));
attempt(load);
