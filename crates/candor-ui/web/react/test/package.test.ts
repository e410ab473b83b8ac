// @vitest-environment node
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import ts from "typescript";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

import { sourceConditions } from "../../vite.shared.js";

const root = fileURLToPath(new URL("..", import.meta.url));
// Inside of the package, so that its own name can be imported.
const folder = `${root}test/.examples`;

beforeAll(() => void mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true }));

test("the examples of the README compile", () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const examples = [...readme.matchAll(/```tsx\n(.*?)```/gs)].map(([, code], place) => {
    const file = `${folder}/example-${String(place)}.tsx`;
    writeFileSync(file, code ?? "");
    return file;
  });
  expect(examples.length).toBeGreaterThanOrEqual(4);
  const { config } = ts.readConfigFile(`${root}../tsconfig.base.json`, (path) => ts.sys.readFile(path));
  const { options } = ts.convertCompilerOptionsFromJson((config as { compilerOptions: object }).compilerOptions, root);
  writeFileSync(`${folder}/css.d.ts`, 'declare module "*.css";');
  const program = ts.createProgram([...examples, `${folder}/css.d.ts`], options);
  const faults = ts.getPreEmitDiagnostics(program).map(({ messageText, file }) =>
    `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  expect(faults).toEqual([]);
}, 60_000);

test("who takes the thumbs alone does not get the chats", async () => {
  const bundle = async (name: string) => {
    const entry = `${folder}/${name}.js`;
    writeFileSync(entry, `import { ${name} } from "candor-react"; console.log(${name});`);
    const built = (await build({
      root: folder,
      configFile: false,
      logLevel: "error",
      resolve: { conditions: sourceConditions },
      build: { write: false, minify: false, rollupOptions: { input: entry, external: [/^react/] } },
    })) as Rollup.RollupOutput;
    return built.output[0].code;
  };
  expect(await bundle("FeedbackButtons")).not.toContain("text/event-stream");
  expect(await bundle("useStreamingChat")).toContain("text/event-stream");
}, 60_000);
