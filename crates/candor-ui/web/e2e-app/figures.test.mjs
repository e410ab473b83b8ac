import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../e2e/browser.mjs";
import { get, startCandor } from "./candor.mjs";
import { quietPage } from "./pages.mjs";
import { fill } from "./traffic.mjs";

let candor, browser, traffic;
before(async () => {
  candor = await startCandor();
  traffic = await fill(candor.url, 900);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

const percent = (value) => `${value.toFixed(1)} %`;

test("the overview's figures are the API's, and the API's are a recount's", async () => {
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto(`/?experiment=${traffic.experiment}`);
  const summary = await get(`${candor.url}/api/v1/analytics/summary?experiment_id=${traffic.experiment}&hours=168`);
  const judged = traffic.traces.filter((trace) => trace.isJudged);
  assert.equal(summary.total_traces, traffic.traces.length);
  assert.equal(summary.positive, judged.filter((trace) => !trace.isBad).length);
  assert.equal(summary.negative, judged.filter((trace) => trace.isBad).length);
  const figure = (name) => page.getByRole("region", { name, exact: true });
  await figure("Positive rate").getByText(percent(summary.positive_rate_percent), { exact: true }).waitFor();
  await figure("Feedback rate").getByText(percent(summary.feedback_rate_percent), { exact: true }).waitFor();
  await figure("Feedback rate").getByText(`${summary.traces_with_feedback} of ${summary.total_traces} traces judged`).waitFor();
  await figure("Verdicts").getByRole("link", { name: `${summary.positive} positive` }).waitFor();
  const { low_percent, high_percent } = summary.positive_rate_interval;
  await figure("Positive rate").getByText(`95 % interval: ${percent(low_percent)} to ${percent(high_percent)}`).waitFor();
  const { dimensions } = await get(`${candor.url}/api/v1/analytics/ratings?experiment_id=${traffic.experiment}&hours=168`);
  for (const { dimension, mean } of dimensions) {
    await page.getByRole("listitem").filter({ hasText: dimension }).getByText(mean.toFixed(2), { exact: true }).first().waitFor();
  }
  await close();
});

test("a regression is seen over time, and three clicks lead to the answers that people reject", async () => {
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto(`/?experiment=${traffic.experiment}`);
  await page.getByText("As a table").click();
  const rows = page.locator(".as-table tbody tr");
  const rates = (await rows.locator("td:nth-child(2)").allTextContents()).map(Number.parseFloat);
  const mean = (list) => list.reduce((sum, rate) => sum + rate, 0) / list.length;
  assert.ok(mean(rates.slice(0, 4)) - mean(rates.slice(-2)) > 15, `${rates}`);
  const day = rows.nth((await rows.count()) - 2);
  const negative = Number(await day.locator("td:nth-child(5)").textContent());
  await day.getByRole("link").click();
  await page.getByRole("button", { name: "Negative" }).click();
  await page.getByText(`${negative} in all`).waitFor();
  assert.equal(await page.getByRole("table").getByRole("img", { name: "Negative: 1" }).count(), negative);
  await close();
});

test("a segment leads to its traces", async () => {
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto(`/?experiment=${traffic.experiment}&by=tag:prompt.version`);
  const { segments } = await get(`${candor.url}/api/v1/analytics/segments?experiment_id=${traffic.experiment}&hours=168&by=tag:prompt.version`);
  assert.equal(segments[0].segment, "7", "the newer prompt is the worse one");
  const row = page.getByRole("region", { name: "Segments" }).locator("tbody tr").first();
  await row.getByText(percent(segments[0].positive_rate_percent)).waitFor();
  await row.getByRole("link", { name: "7" }).click();
  await page.getByRole("row").nth(1).getByRole("link").waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Filter" }).inputValue(), "tags.prompt.version = '7'");
  await page.getByText(/in all|loaded/).waitFor();
  await close();
});

test("the list scrolls to its end, sorts, and is saved as it is shown", async () => {
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto(`/traces?experiment=${traffic.experiment}`);
  const table = page.getByRole("table");
  await table.getByRole("row").nth(3).waitFor();
  while (!(await page.getByText(`${traffic.traces.length} in all`).isVisible())) {
    await table.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(50);
  }
  assert.ok((await table.getByRole("row").count()) < 100, "only rows in sight are in the page");
  await table.getByRole("button", { name: "Duration" }).click();
  const slowest = Math.max(...traffic.traces.map((trace) => Number((trace.ms / 1000).toFixed(3))));
  await table.getByRole("row").nth(1).getByText(`${slowest.toFixed(2)} s`).waitFor();
  await page.getByRole("button", { name: "Errors" }).click();
  await page.getByText(/in all/).waitFor();
  const errors = traffic.traces.filter((trace) => trace.isFailed).length;
  await page.getByText(`${errors} in all`).waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSONL" }).click()]);
  const text = await (await download.createReadStream()).toArray().then((parts) => Buffer.concat(parts).toString());
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([lines.length, new Set(lines.map((line) => line.state))], [errors, new Set(["ERROR"])]);
  await close();
});

test("the first page is small and comes from this host alone", async () => {
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/", { waitUntil: "networkidle" });
  const bytes = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter((entry) => /\.(js|css|svg)$|\/$/.test(new URL(entry.name).pathname))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0));
  assert.ok(bytes > 20_000 && bytes < 250_000, `${bytes} bytes`);
  await close();
});
