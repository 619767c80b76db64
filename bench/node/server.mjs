// The same page by Node with fastify and SQLite: session by its cookie, the texts of the page from the store, every text
// escaped while rendering. node server.mjs PORT PAGE.html
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fastify from "fastify";

const require = createRequire(import.meta.url);
const [port, file] = process.argv.slice(2);

function openStore() {
  try {
    const Database = require("better-sqlite3");
    return { db: new Database(":memory:"), name: "better-sqlite3" };
  } catch {
    const { DatabaseSync } = require("node:sqlite");
    return { db: new DatabaseSync(":memory:"), name: "node:sqlite" };
  }
}

const unescapeHtml = (s) => s.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");
const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (s) => s.replace(/[&<>"']/g, (c) => marks[c]);

// Tags stay in the template, texts between them come from the store.
const parts = readFileSync(file, "utf8").split(/(<[^>]*>)/);
const fixed = [];
const texts = [];
for (const part of parts) {
  if (part === "" || part.startsWith("<") || part.trim() === "") fixed.push({ html: part });
  else {
    fixed.push({ text: texts.length });
    texts.push(unescapeHtml(part));
  }
}

const { db, name } = openStore();
db.exec("CREATE TABLE session (token_hash TEXT PRIMARY KEY, csrf TEXT, account_id INTEGER); CREATE TABLE procedure (code TEXT PRIMARY KEY, body TEXT)");
const hash = (s) => createHash("sha256").update(s).digest("hex");
db.prepare("INSERT INTO session VALUES (?, ?, ?)").run(hash("bench"), "x".repeat(40), 1);
db.prepare("INSERT INTO procedure VALUES (?, ?)").run("1.004873", JSON.stringify(texts));
const session = db.prepare("SELECT csrf, account_id FROM session WHERE token_hash = ?");
const procedure = db.prepare("SELECT body FROM procedure WHERE code = ?");

const app = fastify();
app.get("/thu-tuc/:code", (request, reply) => {
  const secret = /bb_phien=([^;]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "bench";
  session.get(hash(secret));
  const body = JSON.parse(procedure.get(request.params.code).body);
  let html = "";
  for (const part of fixed) html += part.html ?? escapeHtml(body[part.text]);
  reply.header("content-type", "text/html; charset=utf-8").header("cache-control", "no-store").send(html);
});
await app.listen({ port: Number(port), host: "127.0.0.1" });
console.log(`ready ${name}`);
