import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../e2e/browser.mjs";
import { get, post, startCandor } from "./candor.mjs";
import { quietPage, until } from "./pages.mjs";
import { feedbackInPython } from "./python.mjs";

let candor, browser;
before(async () => {
  candor = await startCandor("--demo");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

let made = 0;
async function newTrace(question = "What is it?", response = "An answer.") {
  made += 1;
  const trace_id = `tr-${String(made).padStart(32, "a")}`;
  await post(`${candor.url}/api/3.0/mlflow/traces`, { trace: { trace_info: {
    trace_id, client_request_id: `req-${made}`, trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } },
    request_time: new Date(Date.now() - 60_000 + made * 1000).toISOString(), state: "OK", request_preview: question, response_preview: response } } });
  return trace_id;
}

async function assessments(trace) {
  return (await get(`${candor.url}/api/3.0/mlflow/traces/${trace}`)).trace.trace_info.assessments ?? [];
}

test("ask, stream, thumb up, change to down with reason and comment: it is on the trace and in the overview", async () => {
  const negative = async () => (await get(`${candor.url}/api/v1/analytics/summary`)).negative;
  const before = await negative(); // the demonstration brings some along
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/ask");
  await page.getByRole("textbox", { name: "Your message" }).fill("What happens to a verdict that comes before its trace?");
  await page.keyboard.press("Enter");
  const answer = page.locator("[data-role=assistant][data-status=done]");
  await answer.waitFor();
  await answer.getByRole("button", { name: "Helpful", exact: true }).click();
  await answer.getByText("Thank you!").first().waitFor();
  await answer.getByRole("button", { name: "Not helpful" }).click();
  await page.getByRole("checkbox", { name: "too long" }).check();
  await page.getByRole("textbox", { name: "Comment" }).fill("Get to the point");
  await page.getByRole("button", { name: "Send", exact: true }).first().click();
  await until(async () => (await negative()) === before + 1, "the verdict's change");
  await answer.getByRole("link", { name: "See it on its trace" }).click();
  const verdicts = page.getByRole("region", { name: "Verdicts" });
  await verdicts.getByText("Get to the point").waitFor();
  await verdicts.getByText("Negative").first().waitFor();
  await verdicts.getByText("too long").waitFor();
  await verdicts.getByText(/Earlier: \d/).first().waitFor();
  await page.getByRole("treeitem").first().waitFor();
  const inPython = await feedbackInPython(candor.url, page.url().match(/tr-[0-9a-f]{32}/)[0]);
  const thumbs = inPython.filter(([name]) => name === "user_feedback");
  assert.deepEqual(thumbs.filter(([, , , valid]) => valid !== false).map(([, value, rationale]) => [value, rationale]), [[false, "Get to the point"]]);
  assert.ok(thumbs.some(([, value, , valid]) => value === true && valid === false));
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("region", { name: "Verdicts", exact: true }).getByRole("link", { name: /^[\d,]+ negative$/ }).waitFor();
  await page.getByRole("region", { name: "What people say" }).getByText("Get to the point").first().waitFor();
  await close();
});

test("a verdict is added, edited, overridden and deleted on the trace", async () => {
  const trace = await newTrace();
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto(`/traces/${trace}`);
  const verdicts = page.getByRole("region", { name: "Verdicts" });
  await verdicts.getByRole("button", { name: "Add" }).click();
  await verdicts.getByRole("textbox", { name: "Rationale" }).fill("well said");
  await verdicts.getByRole("textbox", { name: "Your name" }).fill("ada");
  await verdicts.getByRole("button", { name: "Save" }).click();
  await verdicts.getByText("well said").waitFor();
  assert.deepEqual((await assessments(trace)).map((a) => [a.source.source_id, a.feedback.value, a.rationale]), [["ada", true, "well said"]]);

  await verdicts.getByRole("button", { name: "Edit: user_feedback" }).click();
  await verdicts.getByRole("textbox", { name: "Rationale" }).fill("well put");
  await verdicts.getByRole("button", { name: "Save" }).click();
  await verdicts.getByText("well put").waitFor();
  assert.equal((await assessments(trace)).length, 1);

  await verdicts.getByRole("button", { name: "Override: user_feedback" }).click();
  await verdicts.getByRole("combobox", { name: "Value" }).selectOption("false");
  await verdicts.getByRole("button", { name: "Save" }).click();
  await verdicts.getByText("Earlier: 1").waitFor();
  assert.deepEqual((await assessments(trace)).map((a) => [a.feedback.value, a.valid ?? true]).sort(), [[false, true], [true, false]]);

  await verdicts.getByRole("button", { name: "Delete: user_feedback" }).click();
  await verdicts.getByRole("button", { name: "Delete", exact: true }).click();
  await verdicts.getByText("Earlier: 1").waitFor({ state: "detached" });
  assert.deepEqual((await assessments(trace)).map((a) => a.feedback.value), [true]);

  await verdicts.getByRole("button", { name: "Add" }).click();
  await verdicts.getByRole("combobox", { name: "Kind" }).selectOption("expectation");
  await verdicts.getByRole("textbox", { name: "Value" }).fill("The right answer");
  await verdicts.getByRole("button", { name: "Save" }).click();
  await verdicts.getByText("The right answer").waitFor();
  await close();
});

test("the same person's second thumb replaces the first", async () => {
  const trace = await newTrace();
  const { page, close } = await quietPage(browser, candor.url);
  await page.addInitScript(() => localStorage.setItem("candor.reviewer", "grace"));
  await page.goto(`/traces/${trace}`);
  await page.getByRole("button", { name: "Good answer" }).click();
  await page.locator("[aria-label='Good answer'][aria-pressed=true]").waitFor();
  await page.getByRole("button", { name: "Bad answer" }).click();
  await page.locator("[aria-label='Bad answer'][aria-pressed=true]").waitFor();
  const valid = (await assessments(trace)).filter((a) => a.valid ?? true);
  assert.deepEqual(valid.map((a) => a.feedback.value), [false]);
  await close();
});

test("keys lead from trace to trace as the list has them", async () => {
  const older = await newTrace("first question");
  const newer = await newTrace("second question");
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/traces");
  await page.getByRole("link", { name: "second question" }).click();
  await page.getByRole("heading", { name: "second question" }).waitFor();
  await page.keyboard.press("j");
  await page.waitForURL(`**/traces/${older}*`);
  await page.keyboard.press("k");
  await page.waitForURL(`**/traces/${newer}*`);
  await close();
});

test("new verdicts appear live, are counted, and wait while paused", async () => {
  const trace = await newTrace("a live question");
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/live");
  await page.getByText("connected", { exact: true }).waitFor();
  const judge = (user, comment) => post(`${candor.url}/feedback?trace_id=${trace}&user_id=${user}`, { is_correct: false, comment });
  await judge("u-1", "at once");
  await page.getByText("at once").waitFor({ timeout: 3000 });
  await page.getByRole("link", { name: "a live question" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await judge("u-2", "meanwhile");
  await page.getByText("1 waiting").waitFor();
  assert.equal(await page.getByText("meanwhile").count(), 0);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("meanwhile").waitFor();
  await close();
});

test("a verdict that waits is attached to a trace by hand, and waits no more", async () => {
  const trace = await newTrace();
  await post(`${candor.url}/feedback?client_request_id=never&user_id=eve`, { is_correct: true, comment: "lost and found" });
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/pending");
  const item = page.getByRole("listitem").filter({ hasText: "lost and found" });
  await item.getByRole("button", { name: "Attach" }).click();
  await item.getByRole("textbox", { name: "Trace id" }).fill(trace);
  await item.getByRole("button", { name: "Attach" }).click();
  await item.waitFor({ state: "detached" });
  assert.deepEqual((await assessments(trace)).map((a) => [a.source.source_id, a.rationale]), [["eve", "lost and found"]]);
  await page.getByText("Nothing waits.").waitFor();
  await close();
});

test("the filter is completed, and its mistakes are shown where they are", async () => {
  await newTrace();
  const { page, faults, context } = await quietPage(browser, candor.url);
  await page.goto("/traces");
  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.fill("trace.sta");
  await page.getByRole("option", { name: "trace.status" }).click();
  await page.getByRole("option", { name: "=", exact: true }).click();
  await page.getByRole("option", { name: "'OK'" }).click();
  await filter.press("Escape");
  await filter.press("Enter");
  await page.waitForURL(/filter=trace\.status/);
  await page.getByText(/in all|loaded/).waitFor();
  await filter.fill("feedback.user_feedback == 'true'");
  await filter.press("Escape");
  await filter.press("Enter");
  await page.getByRole("alert").getByText('Unknown comparator "==" at column 24').waitFor();
  assert.equal(await page.getByRole("alert").locator("mark").textContent(), "==");
  // The browser itself notes the refusal in its console.
  assert.deepEqual(faults.filter((fault) => !fault.includes("400")), []);
  await context.close();
});

test("traces are tagged and deleted in bulk", async () => {
  const ids = [await newTrace("bulk one"), await newTrace("bulk two")];
  const { page, close } = await quietPage(browser, candor.url);
  await page.goto("/traces?columns=verdict,question,tags");
  for (const name of ["bulk one", "bulk two"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await page.getByRole("button", { name: "Tag", exact: true }).click();
  await page.getByRole("textbox", { name: "Key" }).fill("reviewed");
  await page.getByRole("textbox", { name: "Value" }).fill("yes");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await until(async () => (await Promise.all(ids.map((id) => get(`${candor.url}/api/3.0/mlflow/traces/${id}`)))).every(({ trace }) => trace.trace_info.tags.reviewed === "yes"), "the tags");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("link", { name: "bulk one" }).waitFor({ state: "detached" });
  const answers = await Promise.all(ids.map((id) => fetch(`${candor.url}/api/3.0/mlflow/traces/${id}`)));
  assert.deepEqual(answers.map((answer) => answer.status), [404, 404]);
  await close();
});
