import { readFile } from "node:fs/promises";
import { createServer, request as forward } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css", ".html": "text/html", ".ico": "image/x-icon", ".js": "text/javascript", ".json": "application/json",
  ".svg": "image/svg+xml",
};

/**
 * MLflow's own pages in front of another server: the files of `folder` where MLflow has them,
 * everything else is asked of `backend`.
 */
export class Proxy {
  /** What was asked of the back end: `{method, path, status}`. */
  calls = [];
  #backend;
  #folder;
  #http = createServer((request, response) => {
    this.#answer(request, response).catch((error) => response.destroy(error));
  });

  constructor(folder, backend) {
    this.#folder = folder;
    this.#backend = new URL(backend);
  }

  async listen() {
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
  }

  close() {
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, this.#backend);
    if (pathname === "/") return this.#file(response, "index.html");
    if (pathname.startsWith("/static-files/")) return this.#file(response, pathname.slice("/static-files/".length));
    return this.#forward(request, response, pathname);
  }

  async #file(response, path) {
    const name = normalize(decodeURIComponent(path)).replace(/^(\.\.[/\\])+/, "");
    const bytes = await readFile(join(this.#folder, name)).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
    response.end(bytes);
  }

  async #forward(request, response, path) {
    const { hostname, port, host } = this.#backend;
    const headers = { ...request.headers, host };
    const outgoing = forward({ hostname, port, method: request.method, path: request.url, headers });
    request.pipe(outgoing);
    const incoming = await new Promise((resolve, reject) => outgoing.on("response", resolve).on("error", reject));
    this.calls.push({ method: request.method, path, status: incoming.statusCode });
    response.writeHead(incoming.statusCode, incoming.headers);
    incoming.pipe(response);
  }
}
