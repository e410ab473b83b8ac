import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/node_modules/", "**/dist/"] },
  js.configs.recommended,
  tseslint.configs.strict,
  reactHooks.configs.flat.recommended,
  {
    rules: {
      // Event handlers of ours that await end in state, not in a promise that somebody looks at.
      "@typescript-eslint/no-invalid-void-type": "off",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: {
      // Of Node.js, and of the browser for what is run in the page.
      globals: Object.fromEntries(
        ["Buffer", "URL", "console", "fetch", "performance", "process", "setImmediate", "setTimeout"]
          .concat(["document", "localStorage", "location", "window"])
          .map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["e2e-app/**/*.mjs"],
    languageOptions: { globals: { fetch: "readonly", window: "readonly", document: "readonly", localStorage: "readonly", performance: "readonly" } },
  },
);
