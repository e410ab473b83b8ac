// Takes the pictures of the documentation, from a real server over two weeks of traffic: npm run screenshots
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { launch } from "../e2e/browser.mjs";
import { post, startCandor } from "./candor.mjs";
import { fill } from "./traffic.mjs";

const FOLDER = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));

const candor = await startCandor("--demo");
const browser = await launch();
try {
  await mkdir(FOLDER, { recursive: true });
  const { experiment, traces } = await fill(candor.url, 2600, 14);
  const rejected = traces.filter((trace) => trace.isJudged && trace.isBad && trace.answer.length > 150).sort((a, b) => b.at - a.at)[0];
  const id = `tr-${rejected.id}`;
  const judge = { trace_id: id, name: "user_feedback", source: { id: "reviewer" } };
  await post(`${candor.url}/api/v1/feedback`, { ...judge, value: true });
  await post(`${candor.url}/api/v1/feedback`, { ...judge, value: false, rationale: "The return window is missing." });
  const scope = `experiment=${experiment}`;
  await picture("overview", `/?${scope}&by=tag:prompt.version`, { height: 940 });
  await picture("traces", `/traces?${scope}`, { colorScheme: "dark" });
  await picture("trace", `/traces/${id}?${scope}`, { height: 700 });
  await picture("phone", `/?${scope}`, { width: 390, height: 760 });
} finally {
  await browser.close();
  await candor.stop();
}

async function picture(name, path, { width = 1280, height = 720, colorScheme = "light" } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, locale: "en-GB", timezoneId: "UTC" });
  await page.goto(candor.url + path, { waitUntil: "networkidle" });
  // The charts are drawn when their code has come.
  await page.waitForTimeout(800);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.close();
}
