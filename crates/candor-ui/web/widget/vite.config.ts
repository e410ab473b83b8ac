import { defineConfig } from "vitest/config";

import { sourceConditions } from "../vite.shared.ts";

export default defineConfig({
  resolve: { conditions: sourceConditions },
  build: {
    outDir: "../../dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: "src/main.ts", formats: ["iife"], name: "CandorFeedback", fileName: () => "widget.js" },
  },
  test: { name: "widget", environment: "jsdom", include: ["test/**/*.test.ts"] },
});
