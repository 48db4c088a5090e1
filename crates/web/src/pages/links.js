// Sends the token of a link, with what the form holds, to the API.
"use strict";

const token = new URLSearchParams(location.search).get("token") ?? "";
// It stays neither in the address nor in the history.
history.replaceState(null, "", location.pathname);

const main = document.querySelector("main");
const form = main.querySelector("form");
const status = main.querySelector("[role=status]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = "…";
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  try {
    const answer = await fetch(main.dataset.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": navigator.language },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      form.hidden = true;
      status.textContent = "Done. · 완료되었습니다.";
      return;
    }
    const problem = await answer.json();
    status.textContent = problem.errors?.map((error) => error.detail).join(" ") ?? problem.detail;
  } catch {
    status.textContent = "The server can't be reached. · 서버에 연결할 수 없습니다.";
  }
});
