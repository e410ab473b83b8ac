// MLflow's own pages over another server, driven as a person drives them.
//
//   node stock_ui.mjs <folder of the pages> <url of the server> <experiment> <trace>
//
// Fails at the first thing that is not shown. Prints what the pages asked the server, as JSON.

import assert from "node:assert/strict";

import { launch, openPage } from "../../crates/candor-ui/web/e2e/browser.mjs";
import { Proxy } from "./proxy.mjs";

const [folder, server, experiment, trace] = process.argv.slice(2);
const proxy = new Proxy(folder, server);
await proxy.listen();
const browser = await launch();
try {
  const { page, faults } = await openPage(browser);
  await page.setViewportSize({ width: 1500, height: 1000 });
  for (const step of [listsTraces, opensATrace, addsFeedback, editsFeedback, drawsTheOverview, drawsTheQuality, listsWhatIsNotKept]) {
    await step(page).catch((error) => {
      throw new Error(`${step.name}, after ${JSON.stringify(proxy.calls.slice(-8))}: ${error.message}`);
    });
  }
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
  await proxy.close();
}
const unique = new Set(proxy.calls.map(({ status, method, path }) => `${status} ${method} ${path.replace(/tr-[^/]+/, "{trace}").replace(/a-[0-9a-f]{32}/, "{assessment}")}`));
console.log(JSON.stringify([...unique].sort()));

async function listsTraces(page) {
  await page.goto(`${proxy.url}/#/experiments`);
  await page.getByRole("link", { name: "shop", exact: true }).click();
  // The experiment's page goes on to its overview by itself.
  await shown(page.getByText("Overall error rate: 33.3%"));
  await page.getByRole("link", { name: "Traces", exact: true }).click();
  for (const question of ["Where is my parcel?", "Do you ship to Norway?", "What does it cost?"]) await shown(page.getByText(question));
  await shown(page.getByText("3 of 3"));
}

async function opensATrace(page) {
  await page.getByText("Where is my parcel?").click();
  const panel = panelOf(page);
  for (const span of ["answer", "retrieve", "generate"]) await shown(panel.getByText(span, { exact: true }).first());
  await shown(panel.getByText("It left our warehouse yesterday."));
  await panel.getByRole("button", { name: /Assess/ }).click();
  await shown(panel.getByText("Feedback (2)"));
  await shown(panel.getByText("accuracy", { exact: true }));
  await expand(panel, "user_feedback");
  await shown(panel.getByText("the parcel never came"));
  await shown(panel.getByText("ada", { exact: true }));
  await expand(panel, "user_feedback");
}

async function addsFeedback(page) {
  const panel = panelOf(page);
  await panel.getByRole("button", { name: "Add feedback" }).click();
  await page.getByRole("menuitem", { name: "Human feedback" }).click();
  await panel.getByPlaceholder("Enter a feedback name").fill("tone");
  await panel.getByPlaceholder("Enter a feedback name").press("Enter");
  await panel.getByText("Rationale", { exact: true }).locator("xpath=following::textarea[1]").fill("very polite");
  await panel.getByRole("button", { name: "Create", exact: true }).click();
  await shown(panel.getByText("Feedback (3)"));
  assert.deepEqual(await verdict("tone"), { value: true, rationale: "very polite" });
}

async function editsFeedback(page) {
  const panel = panelOf(page);
  await expand(panel, "tone");
  await panel.locator('[data-component-id="shared.model-trace-explorer.assessment-more-button"]').click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await panel.locator("label").filter({ hasText: /^False$/ }).click();
  await panel.getByText("Rationale", { exact: true }).locator("xpath=following::textarea[1]").fill("rather rude");
  await panel.getByRole("button", { name: "Save", exact: true }).first().click();
  await panel.getByText("Data Type", { exact: true }).waitFor({ state: "hidden" });
  await expand(panel, "tone");
  await shown(panel.getByText("rather rude"));
  assert.deepEqual(await verdict("tone"), { value: false, rationale: "rather rude" });
  await panel.getByRole("button", { name: "Close trace panel" }).click();
}

async function drawsTheOverview(page) {
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await shown(page.getByText("Overall error rate: 33.3%"));
  await shown(page.getByText("1.50s", { exact: true }));
  await shown(page.locator(".recharts-bar-rectangle path").first());
}

async function drawsTheQuality(page) {
  await page.getByRole("tab", { name: "Quality" }).click();
  // Name, count and mean of each row.
  for (const row of [/^user_feedback\s*3\s*-$/, /^accuracy\s*1\s*0\.75$/, /^tone\s*1\s*-$/]) {
    await shown(page.locator("div").filter({ hasText: row }).first());
  }
  await shown(page.locator(".recharts-bar-rectangle path").first());
}

async function listsWhatIsNotKept(page) {
  // The pages say so once they know that there is nothing.
  for (const [name, notice] of [
    ["Review", "Set up human review for your traces"],
    ["Datasets", "Create an evaluation dataset"],
    ["Evaluation runs", "Evaluate and improve the quality, cost, latency of your GenAI app"],
    ["Prompts", "Create your first prompt"],
    ["Agent versions", "Track and compare versions of your GenAI app"],
  ]) {
    await page.getByRole("link", { name, exact: true }).click();
    await shown(page.getByRole("main").getByText(notice, { exact: true }));
    assert.equal(await page.getByText(/There is no endpoint/).count(), 0, name);
  }
}

function panelOf(page) {
  return page.getByRole("dialog").first();
}

/** Opens or closes one assessment of the panel: the second button behind its name. */
function expand(panel, name) {
  return panel.getByText(name, { exact: true }).locator("xpath=following::button[2]").click();
}

function shown(locator) {
  return locator.waitFor({ state: "visible" });
}

/** What the server itself says about the trace's verdict of that name. */
async function verdict(name) {
  const answer = await fetch(`${server}/api/3.0/mlflow/traces/${trace}`);
  const { assessments } = (await answer.json()).trace.trace_info;
  const found = assessments.filter((one) => one.assessment_name === name);
  assert.equal(found.length, 1, JSON.stringify(assessments));
  return { value: found[0].feedback.value, rationale: found[0].rationale };
}
