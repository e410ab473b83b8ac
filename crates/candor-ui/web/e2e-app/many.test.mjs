import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../e2e/browser.mjs";
import { post, startCandor } from "./candor.mjs";
import { quietPage } from "./pages.mjs";

const TRACES = 200_000;
const BATCH = 500;
/** Rows to scroll to: a hundred pages deep. */
const DEPTH = 20_000;

let candor, browser;
before(async () => {
  candor = await startCandor();
  await fill(candor.url);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

test("a list of two hundred thousand traces opens, scrolls deep and searches with few rows in the page", async (t) => {
  const { page, close } = await quietPage(browser, candor.url);
  const opened = performance.now();
  await page.goto("/traces");
  await page.getByRole("link", { name: "question 0", exact: true }).waitFor();
  t.diagnostic(`rows shown after ${Math.round(performance.now() - opened)} ms`);

  const table = page.getByRole("table");
  const loaded = async () => Number((await page.getByRole("status").first().textContent()).replace(/\D/g, ""));
  while ((await loaded()) < DEPTH) {
    await table.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(30);
  }
  assert.ok((await page.getByRole("row").count()) < 100);
  const heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
  t.diagnostic(`${Math.round(heap / 1e6)} MB of scripts' memory at row ${await loaded()}`);

  // What was forgotten meanwhile is fetched again.
  await table.evaluate((element) => element.scrollTo(0, 0));
  await page.getByRole("link", { name: "question 0", exact: true }).waitFor();

  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.fill(`trace.name = 'answer ${TRACES - 1}'`);
  await filter.press("Escape");
  await filter.press("Enter");
  await page.getByText("1 in all").waitFor();
  await page.getByRole("link", { name: `question ${TRACES - 1}` }).waitFor();
  await close();
});

async function fill(url) {
  const now = Date.now();
  const hex = (index, length) => (index + 1).toString(16).padStart(length, "0");
  const json = (key, value) => ({ key, value: { stringValue: JSON.stringify(value) } });
  const span = (index) => {
    // A trace every two seconds, so that all are within the seven days that the page shows.
    const start = BigInt(now - index * 2000) * 1_000_000n;
    return {
      traceId: hex(index, 32), spanId: hex(index, 16), name: `answer ${index}`, kind: 1,
      startTimeUnixNano: String(start), endTimeUnixNano: String(start + 500_000_000n),
      attributes: [json("mlflow.spanInputs", { message: `question ${index}` }), json("mlflow.spanOutputs", `answer ${index}`)],
    };
  };
  let next = 0;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (next < TRACES) {
      const first = next;
      next += BATCH;
      const spans = Array.from({ length: BATCH }, (_, offset) => span(first + offset));
      await post(`${url}/v1/traces`, { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] }, { "x-mlflow-experiment-id": "0" });
    }
  }));
}
