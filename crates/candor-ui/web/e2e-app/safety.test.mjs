import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch } from "../e2e/browser.mjs";
import { get, post, startCandor } from "./candor.mjs";
import { quietPage } from "./pages.mjs";
import { fill } from "./traffic.mjs";

const PAYLOADS = [
  "<script>window.hacked=1</script>",
  "<img src=x onerror=\"window.hacked=1\">",
  "[click](javascript:window.hacked=1) ![pixel](https://elsewhere.invalid/p.png) <svg/onload=window.hacked=1>",
  "\"><iframe srcdoc=\"<script>parent.hacked=1</script>\"></iframe>",
  "'-window.hacked=1-' ${window.hacked=1} {{constructor.constructor('window.hacked=1')()}}",
];
const TRACE = "tr-0000000000000000000000000000beef";

let candor, browser, axe;
before(async () => {
  candor = await startCandor("--demo");
  await fill(candor.url, 150);
  await poison(candor.url);
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

const PAGES = ["/", "/?by=user&order=most", "/traces", "/traces?columns=verdict,question,answer,comment,time,state,name,user,session,tags,id", `/traces/${TRACE}`, "/live", "/ask", "/pending"];

test("what users send is shown, and never run", async () => {
  for (const path of PAGES) {
    const { page, close } = await quietPage(browser, candor.url);
    await page.goto(path, { waitUntil: "load" });
    await page.locator("main").getByText(/./).first().waitFor();
    if (path.endsWith(TRACE)) await openEverything(page);
    if (path === "/live") await post(`${candor.url}/feedback?trace_id=${TRACE}&user_id=${encodeURIComponent(PAYLOADS[1])}`, { is_correct: false, comment: PAYLOADS[0] });
    await page.waitForTimeout(1200);
    assert.equal(await page.evaluate(() => window.hacked), undefined, path);
    assert.equal(await page.locator("main iframe, main script, main [onerror], main a[href^=javascript]").count(), 0, path);
    if (!["/ask"].includes(path)) assert.match(await page.locator("body").innerText(), /<script>|onerror|iframe/, `${path} shows the text`);
    await close();
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`no page has serious accessibility findings, ${colorScheme}`, async () => {
    for (const path of PAGES) {
      const { page, close } = await quietPage(browser, candor.url, { colorScheme });
      await page.goto(path, { waitUntil: "load" });
      await page.waitForTimeout(900);
      if (path.endsWith(TRACE)) {
        await openEverything(page);
        await page.getByRole("button", { name: "Add" }).click();
      }
      // Evaluated by the browser's tools, which the page's policy does not bind.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`);
      assert.deepEqual(told, [], path);
      await close();
    }
  });
}

test("the pages speak Russian and remember colours and language", async () => {
  const { page, close } = await quietPage(browser, candor.url, { locale: "ru-RU" });
  await page.goto("/");
  await page.getByRole("link", { name: "Обзор" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  await page.getByRole("combobox", { name: "Цвета" }).selectOption("dark");
  await page.getByRole("combobox", { name: "Язык" }).selectOption("en");
  await page.reload();
  await page.getByRole("link", { name: "Overview" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await close();
});

test("on a phone no page is wider than the screen", async () => {
  for (const path of PAGES) {
    const { page, close } = await quietPage(browser, candor.url, { viewport: { width: 360, height: 740 } });
    await page.goto(path, { waitUntil: "load" });
    await page.waitForTimeout(700);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, path);
    await close();
  }
});

async function openEverything(page) {
  await page.getByRole("region", { name: "Answer" }).waitFor();
  await page.evaluate(() => document.querySelectorAll("details").forEach((element) => { element.open = true; }));
  for (const item of await page.getByRole("treeitem").all()) await item.click();
}

/** Puts a payload wherever people and programs can put a text. */
async function poison(url) {
  const [script, image, markdown, frame, expression] = PAYLOADS;
  await post(`${url}/api/2.0/mlflow/experiments/create`, { name: `evil ${script}` });
  await post(`${url}/api/3.0/mlflow/traces`, { trace: { trace_info: {
    trace_id: TRACE, client_request_id: image, trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } },
    request_time: new Date().toISOString(), state: "OK", request_preview: `${script} ${image}`, response_preview: markdown,
    trace_metadata: { "mlflow.trace.user": image, "mlflow.trace.session": script, evil: frame },
    tags: { evil: script, "mlflow.traceName": image } } } });
  const text = (key, stringValue) => ({ key, value: { stringValue } });
  const time = BigInt(Date.now()) * 1_000_000n;
  await post(`${url}/v1/traces`, { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans: [{
    traceId: TRACE.slice(3), spanId: "00f067aa0ba902b7", name: frame, kind: 1, startTimeUnixNano: String(time), endTimeUnixNano: String(time + 5_000_000n),
    status: { code: 2, message: script },
    attributes: [text("mlflow.spanInputs", JSON.stringify({ messages: [{ role: "user", content: PAYLOADS.join("\n\n") }] })), text("mlflow.spanOutputs", JSON.stringify(PAYLOADS.join("\n\n"))), text("mlflow.spanType", JSON.stringify(script)), text("gen_ai.request.model", script), text(script, image)],
    events: [{ name: script, timeUnixNano: String(time), attributes: [text("exception.message", image)] }] }] }] }] }, { "x-mlflow-experiment-id": "0" });
  const shared = { trace_id: TRACE, source: { id: frame } };
  const { refused } = await post(`${url}/api/v1/feedback:batch`, { items: [
    { ...shared, name: "user_feedback", value: false, rationale: PAYLOADS.join(" ") },
    { ...shared, name: "user_feedback", value: false, rationale: script },
    { ...shared, name: "user_issue", value: [script, image] },
    { ...shared, name: `user_${expression}`, value: 0.5 },
    { ...shared, name: script, value: { [image]: frame } },
    { ...shared, name: "note", error: { code: script, message: image } },
    { ...shared, span_id: "00f067aa0ba902b7", name: "user_feedback", value: true, rationale: image, metadata: { [script]: frame } },
    { client_request_id: script, name: image, value: frame, rationale: script, source: { id: image } },
  ] });
  assert.equal(refused, 0);
  assert.ok((await get(`${url}/api/v1/feedback?trace_id=${TRACE}`)).feedback.length > 6);
}
