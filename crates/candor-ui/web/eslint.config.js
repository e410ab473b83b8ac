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
      globals: { process: "readonly", URL: "readonly", Buffer: "readonly", setTimeout: "readonly", console: "readonly",
        fetch: "readonly", document: "readonly", window: "readonly", localStorage: "readonly", customElements: "readonly" },
    },
  },
);
