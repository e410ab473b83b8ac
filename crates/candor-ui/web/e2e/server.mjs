import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const ANSWER = ["An ", "open-source ", "platform, ", "größer 👋 ", "als 世界."];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/**
 * A chat service and a feedback API that can misbehave, and keep books as Candor does: a key counts
 * once, and of each person and answer the last verdict is valid.
 */
export class TestServer {
  /** Every feedback request that arrived: `{key, person, target, verdict}`. */
  received = [];
  /** Statuses to answer the next feedback requests with. */
  mishaps = [];
  /** Whether verdicts count but their answers get lost. */
  losesAnswers = false;
  /** How many feedback requests were answered well. */
  answered = 0;
  questions = 0;
  #counted = new Map();
  /** Keys of verdicts from before the books were closed, which may still be repeated. */
  #past = new Set();
  #http = createServer((request, response) => {
    this.#answer(request, response).catch((error) => response.destroy(error));
  });

  constructor(folder) {
    this.folder = folder;
  }

  async listen() {
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
  }

  close() {
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  forget() {
    for (const { key } of this.received) this.#past.add(key);
    this.received = [];
    this.mishaps = [];
    this.losesAnswers = false;
    this.answered = 0;
    this.#counted.clear();
  }

  /** The valid verdicts: the last that counted of each person on each answer. */
  get valid() {
    const last = new Map();
    for (const { person, target, verdict } of this.#counted.values()) last.set(`${person} ${target}`, verdict);
    return [...last.values()].filter((verdict) => verdict !== null);
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = text ? JSON.parse(text) : {};
    if (url.pathname === "/chat") return this.#chat(response, body);
    if (url.pathname === "/chat/stream") return this.#stream(request, response, body);
    if (url.pathname === "/api/v1/feedback/config") return json(response, 200, { dimensions: [], categories: ["incorrect", "too long"] });
    if (url.pathname === "/feedback" || url.pathname === "/api/v1/feedback") return this.#feedback(request, response, url, body);
    return this.#file(response, url.pathname);
  }

  async #chat(response, { mode }) {
    this.questions += 1;
    if (mode === "error") return json(response, 503, { detail: "the model is away" });
    if (mode === "disconnect") return response.destroy();
    await pause(mode === "slow" ? 200 : 0);
    const n = this.questions;
    return json(response, 200, { response: ANSWER.join(""), trace_id: traceId(n), client_request_id: `req-${n}` });
  }

  async #stream(request, response, { mode }) {
    const resumed = /^(\d+)\.(\d+)$/.exec(request.headers["last-event-id"] ?? "");
    const n = resumed ? Number(resumed[1]) : (this.questions += 1);
    const from = resumed ? Number(resumed[2]) + 1 : 0;
    const ids = { trace_id: traceId(n), client_request_id: `req-${n}` };
    const events = [
      ...(mode === "late-id" ? [] : [{ type: "start", ...ids }]),
      ...ANSWER.map((content) => ({ type: "token", content })),
      mode === "error" ? { type: "error", error: "the model went away" } : { type: "done", trace_id: ids.trace_id },
    ];
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
    response.flushHeaders();
    response.socket.setNoDelay(true);
    for (const [place, event] of events.entries()) {
      if (place < from) continue;
      const id = mode === "no-ids" ? "" : `id: ${n}.${place}\r\n`;
      const bytes = Buffer.from(`: keep-alive\r\n\r\n${id}data: ${JSON.stringify(event)}\r\n\r\n`);
      // In the middle of an event, several times per answer.
      const breaks = (mode === "disconnect" || mode === "no-ids") && place === from + 2 && place < events.length - 1;
      for (const byte of breaks ? bytes.subarray(0, bytes.length / 2) : bytes) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (breaks) {
        // Browsers throw away what they have not handed on yet when a connection breaks.
        await pause(200);
        return response.destroy();
      }
      if (mode === "slow") await pause(150);
      if (response.destroyed) return undefined;
    }
    return response.end();
  }

  #feedback(request, response, url, body) {
    const parameter = (name) => url.searchParams.get(name);
    const key = request.headers["idempotency-key"] ?? parameter("idempotency_key") ?? body.idempotency_key;
    const person = parameter("user_id") ?? body.source?.id ?? `session:${parameter("session_id") ?? request.headers["x-session-id"]}`;
    const target = `${parameter("trace_id") ?? parameter("client_request_id") ?? body.trace_id} ${body.name ?? parameter("name") ?? "user_feedback"}`;
    const verdict = request.method === "DELETE" ? null : (body.is_correct ?? body.value);
    const isBeacon = request.headers["idempotency-key"] === undefined;
    if (this.#past.has(key)) return json(response, 200, { status: "success" });
    this.received.push({ key, person, target, verdict, comment: body.comment, isBeacon });
    const mishap = this.mishaps.shift();
    if (mishap) return json(response, mishap, { detail: "told so" });
    if (!this.#counted.has(key)) this.#counted.set(key, { person, target, verdict });
    if (this.losesAnswers) return response.destroy();
    this.answered += 1;
    return json(response, 200, { status: "success" });
  }

  async #file(response, path) {
    const name = path === "/" ? "index.html" : normalize(path).replace(/^(\.\.[/\\])+/, "");
    try {
      const bytes = await readFile(join(this.folder, name));
      response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      // Any other path is an empty page, e.g. one to go to, or one that uses the widget.
      const isPage = extname(name) === "";
      response.writeHead(isPage ? 200 : 404, { "Content-Type": "text/html" });
      response.end(isPage ? '<!doctype html><html lang="en"><title>Elsewhere</title><body></body></html>' : "");
    }
  }
}

function traceId(n) {
  return `tr-${n.toString(16).padStart(32, "0")}`;
}

function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
