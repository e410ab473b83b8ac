import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { projects: ["react", "widget", "app"] },
});
