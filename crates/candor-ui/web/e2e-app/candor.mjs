import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.CANDOR ?? fileURLToPath(new URL("../../../../target/debug/candor", import.meta.url));

/** Starts `candor serve` on a free port over a store of its own; `CANDOR` names another binary. */
export async function startCandor(...options) {
  const folder = await mkdtemp(join(tmpdir(), "candor-e2e-"));
  const child = spawn(BINARY, ["serve", "--port", "0", "--store", `sqlite:${join(folder, "candor.db")}`, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, RUST_LOG: "warn" },
  });
  let logged = "";
  child.stderr.on("data", (chunk) => { logged += chunk; });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /http:\/\/[\d.:]+/.exec(text);
      if (found) resolve(found[0]);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`candor ended early: ${logged}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

export async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

export async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}
