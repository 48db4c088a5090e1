// The README's first session, by a client of the types that openapi-typescript generates: it compiles only if they fit.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Memo = components["schemas"]["Memo"];

function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

// The body of a success.
function body<T>({ data, error, response }: Answer<T>, status: number): NonNullable<T> {
  assert(response.status === status && data, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data;
}

async function signIn(client: Client<paths>): Promise<string> {
  const email = `reader-${crypto.randomUUID()}@example.com`;
  const password = `pass phrase ${crypto.randomUUID()}`;
  const user = body(
    await client.POST("/api/v1/auth/sign-up", { body: { email, password, display_name: "A reader 독자" } }),
    201,
  );
  const tokens = body(
    await client.POST("/api/v1/auth/token", {
      body: { grant_type: "password", username: email, password },
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    }),
    200,
  );
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
      return request;
    },
  });
  assert(body(await client.GET("/api/v1/me"), 200).id === user.id, "the token is of another user");
  return tokens.refresh_token;
}

async function list(client: Client<paths>): Promise<Memo[]> {
  const found: Memo[] = [];
  let cursor: string | null | undefined;
  do {
    const query = cursor ? { limit: 2, cursor } : { limit: 2 };
    const page = body(await client.GET("/api/v1/memos", { params: { query } }), 200);
    found.push(...page.items);
    cursor = page.page.next_cursor;
  } while (cursor);
  return found;
}

export async function session(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  const refreshToken = await signIn(client);

  const texts = ["# Groceries\n\n- [ ] milk\n", "# 주간 회의록\n\n1. 계획 ✅\n", "a tab\there\r\nno end"];
  const kept = new Map<string, string>();
  for (const content of texts) {
    const memo = body(await client.POST("/api/v1/memos", { body: { title: "A note", content, tags: ["notes"] } }), 201);
    kept.set(memo.id, content);
  }
  // A text as the body, not a string in JSON.
  const created = await client.POST("/api/v1/memos", {
    params: { query: { tag: ["notes"] } },
    body: "# From a text\n",
    bodySerializer: (text) => text as string,
    headers: { "Content-Type": "text/markdown" },
  });
  const fromText = body(created, 201);
  assert(fromText.title === "From a text", fromText.title);
  kept.set(fromText.id, fromText.content);

  const found = await list(client);
  assert(new Set(found.map((memo) => memo.id)).size === kept.size && found.length === kept.size, "pages skip or repeat");
  assert(found.every((memo) => memo.content === kept.get(memo.id)), "a memo came back changed");

  const params = { path: { id: fromText.id } };
  const read = await client.GET("/api/v1/memos/{id}", { params });
  const header = { "If-Match": read.response.headers.get("ETag") ?? "" };
  const edit = { params: { ...params, header }, body: { content: "edited" } };
  assert(body(await client.PATCH("/api/v1/memos/{id}", edit), 200).version === fromText.version + 1, "not edited");
  const lost = await client.PATCH("/api/v1/memos/{id}", edit);
  assert(lost.response.status === 412 && lost.error?.code === "precondition_failed", "the race is not lost");

  const trashed = await client.DELETE("/api/v1/memos/{id}", { params });
  assert(trashed.response.status === 204, "not in the trash");
  const restored = body(await client.POST("/api/v1/memos/{id}/restore", { params }), 200);
  assert(restored.deleted_at === null && restored.content === "edited", "restored, but changed");

  const lines = body(await client.GET("/api/v1/me/export", { parseAs: "text" }), 200) as string;
  const kinds = lines.trimEnd().split("\n").map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert(kinds.filter((kind) => kind === "memo").length === kept.size, "the export lacks memos");

  const ended = await client.POST("/api/v1/auth/revoke", {
    body: { token: refreshToken },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  assert(ended.response.status === 200, "not signed out");
  assert((await client.GET("/api/v1/me")).response.status === 401, "the token is valid after signing out");
}
