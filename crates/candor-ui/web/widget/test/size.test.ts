// @vitest-environment node
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build, type Rollup } from "vite";
import { expect, test } from "vitest";

test("the built file is smaller than 8 kB, compressed", async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const built = (await build({ root, mode: "production", logLevel: "error", build: { write: false } })) as Rollup.RollupOutput[];
  const [file, ...others] = built[0]?.output ?? [];
  expect(others).toEqual([]);
  expect(gzipSync(file?.code ?? "").length).toBeGreaterThan(1_000);
  expect(gzipSync(file?.code ?? "").length).toBeLessThan(8_000);
}, 60_000);
