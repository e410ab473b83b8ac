import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { build, defaultClientConditions } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Builds the page with the chats and the widget into a folder of their own. Returns it, and how to remove it. */
export async function buildPages() {
  const folder = await mkdtemp(join(tmpdir(), "candor-e2e-"));
  await build({
    root: join(here, "page"),
    configFile: false,
    logLevel: "error",
    plugins: [react()],
    resolve: { conditions: ["candor-source", ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true },
  });
  await build({ root: join(here, "..", "widget"), logLevel: "error", build: { outDir: folder, emptyOutDir: false } });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
