import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { sourceConditions } from "../vite.shared";

// Where a running `candor serve` answers the calls of `npm run dev`.
const target = process.env["CANDOR_URL"] ?? "http://127.0.0.1:5000";
const served = ["/api", "/ajax-api", "/feedback", "/detailed-feedback", "/chat"];

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: sourceConditions },
  build: {
    outDir: "../../dist",
    emptyOutDir: true,
    target: "es2022",
    // The policy forbids inline code, and a file of its own is cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target }])) },
  test: { name: "app", environment: "jsdom", include: ["test/**/*.test.ts?(x)"] },
});
