import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { launch, openPage } from "./browser.mjs";
import { buildPages } from "./build.mjs";
import { TestServer } from "./server.mjs";

const ANSWER = "An open-source platform, größer 👋 als 世界.";
let built, server, browser;

before(async () => {
  built = await buildPages();
  server = new TestServer(built.folder);
  await server.listen();
  browser = await launch();
});
beforeEach(() => server.forget());
after(async () => {
  await browser?.close();
  await server?.close();
  await built?.remove();
});

/** Opens a chat, asks, and hands the page to `act`; nothing may go wrong in it. */
async function chat(query, act, { question = "What is it?" } = {}) {
  const { context, page, faults } = await openPage(browser);
  await page.goto(`${server.url}/?${query}`);
  const ask = async (text) => {
    await page.getByRole("textbox", { name: "Your message" }).fill(text);
    await page.keyboard.press("Enter");
  };
  await ask(question);
  const answer = page.locator("[data-role=assistant]").last();
  await act({
    page, context, ask, answer,
    content: answer.locator(".candor-content"),
    up: answer.getByRole("button", { name: "Helpful", exact: true }),
    down: answer.getByRole("button", { name: "Not helpful" }),
    says: (text) => answer.locator(".candor-feedback .candor-status", { hasText: text }).waitFor(),
  });
  assert.deepEqual(faults, []);
  await context.close();
}

const done = (answer) => answer.and(answer.page().locator("[data-status=done]")).waitFor();

for (const piece of ["feedback", "tracking", "streaming"]) {
  test(`${piece}: ask, thumb up, change to thumb down with a reason and a comment, one is valid`, async () => {
    await chat(`chat=${piece}&user=u-1`, async ({ page, answer, content, up, down, says }) => {
      await done(answer);
      assert.equal(await content.textContent(), ANSWER);
      await up.click();
      await says("Thank you!");
      await down.click();
      await page.getByRole("checkbox", { name: "too long" }).check();
      await page.getByRole("textbox", { name: "Comment" }).fill("Get to the point");
      await page.getByRole("button", { name: "Send", exact: true }).first().click();
      await says("Thank you!");
      await until(() => server.received.length === 4);
      assert.deepEqual(server.valid, [false, ["too long"]]);
      assert.ok(server.received.every(({ person }) => person === "u-1"));
      const isTrace = server.received[0].target.startsWith("tr-");
      assert.equal(isTrace, piece !== "tracking");
    });
  });

  test(`${piece}: a double click, a reload and a lost response leave one valid verdict`, async () => {
    // All of them, since the browser itself repeats a request when a connection that was in use before breaks.
    server.losesAnswers = true;
    await chat(`chat=${piece}`, async ({ page, answer, up, says }) => {
      await done(answer);
      await up.dblclick();
      await says("Saved");
      server.losesAnswers = false;
      await page.reload();
      await until(() => server.answered > 0);
      assert.equal(new Set(server.received.map(({ key }) => key)).size, 1);
      assert.deepEqual(server.valid, [true]);
    });
  });

  test(`${piece}: a click offline arrives once the connection is back`, async () => {
    await chat(`chat=${piece}`, async ({ context, answer, down, says }) => {
      await done(answer);
      await context.setOffline(true);
      await down.click();
      await says("Saved");
      assert.deepEqual(server.received, []);
      await context.setOffline(false);
      await says("Thank you!");
      assert.deepEqual(server.valid, [false]);
    });
  });

  test(`${piece}: a failed answer is said and can be asked for again`, async () => {
    await chat(`chat=${piece}&mode=error`, async ({ page, answer }) => {
      const alert = answer.getByRole("alert");
      await alert.waitFor();
      assert.match(await alert.textContent(), /the model (is|went) away/);
      const asked = server.questions;
      await page.getByRole("button", { name: "Try again" }).click();
      await until(() => server.questions === asked + 1);
    });
  });

  test(`${piece}: a slow answer shows that it is being written`, async () => {
    await chat(`chat=${piece}&mode=slow`, async ({ answer }) => {
      await answer.locator(".candor-typing").waitFor();
      await done(answer);
      assert.equal(await answer.locator(".candor-typing").count(), 0);
    });
  });
}

test("streaming: a stream that breaks off is resumed, and the answer is whole", async () => {
  const asked = server.questions;
  await chat("chat=streaming&mode=disconnect", async ({ answer, content }) => {
    await done(answer);
    assert.equal(await content.textContent(), ANSWER);
    assert.equal(server.questions, asked + 1);
  });
});

test("streaming: without event ids a broken stream is an error, and what was said stays", async () => {
  await chat("chat=streaming&mode=no-ids", async ({ answer, content }) => {
    await answer.getByRole("alert").waitFor();
    assert.equal(await content.textContent(), "An ");
  });
});

test("streaming: buttons are off until the trace id is known", async () => {
  await chat("chat=streaming&mode=late-id", async ({ answer, up }) => {
    await done(answer);
    assert.equal(await up.isEnabled(), true);
  });
  await chat("chat=streaming&mode=no-ids", async ({ answer, up }) => {
    await answer.getByRole("alert").waitFor();
    assert.equal(await up.isEnabled(), true, "the start event named the trace");
  });
});

test("streaming: stopping keeps what is there", async () => {
  await chat("chat=streaming&mode=slow", async ({ page, answer, content, ask }) => {
    await content.getByText("An").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await answer.getByText("Stopped.").waitFor();
    assert.ok(ANSWER.startsWith(await content.textContent()));
    await ask("And now?");
    await page.locator("[data-role=assistant]").nth(1).waitFor();
  });
});

test("nothing moves when a verdict is given", async () => {
  await chat("chat=streaming", async ({ page, answer, down, says }) => {
    await done(answer);
    const places = () => page.locator("button, textarea, article").evaluateAll((all) =>
      all.filter((one) => !one.closest(".candor-why")).map((one) => JSON.stringify(one.getBoundingClientRect())));
    const before = await places();
    await down.click();
    await says("Thank you!");
    assert.deepEqual(await places(), before);
  });
});

async function until(condition) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain for ${condition}`);
}
