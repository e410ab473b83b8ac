import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { launch, openPage } from "./browser.mjs";
import { buildPages } from "./build.mjs";
import { TestServer } from "./server.mjs";

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

/** A page with nothing but the widget on it, under a policy that allows no inline code and no inline styles. */
async function widget(act, { lang = "en" } = {}) {
  const { context, page, faults } = await openPage(browser);
  await page.route("**/host", (route) =>
    route.fulfill({
      contentType: "text/html; charset=utf-8",
      headers: { "Content-Security-Policy": "default-src 'self'" },
      body: `<!doctype html><html lang="${lang}"><title>Any page</title><body><p>42</p>
        <script src="/widget.js" data-trace-id="tr-1"></script></body></html>`,
    }),
  );
  await page.goto(`${server.url}/host`);
  await act({ context, page, says: (text) => page.locator("candor-feedback").getByText(text).waitFor() });
  assert.deepEqual(faults, []);
  await context.close();
}

test("one script tag collects a verdict, a reason and a comment", async () => {
  await widget(async ({ page, says }) => {
    await page.getByRole("button", { name: "Helpful", exact: true }).dblclick();
    await says("Thank you!");
    await page.getByRole("button", { name: "Not helpful" }).click();
    await page.getByRole("checkbox", { name: "incorrect" }).check();
    await page.getByRole("textbox", { name: "Comment" }).fill("no");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Not helpful" }).click();
    await page.getByRole("checkbox", { name: "incorrect" }).check();
    await page.getByRole("button", { name: "Send" }).click();
    await until(() => server.received.length === 3);
    assert.deepEqual(server.valid, [false, ["incorrect"]]);
  });
});

test("a verdict given while leaving arrives once", async () => {
  await widget(async ({ page }) => {
    await page.getByRole("button", { name: "Helpful", exact: true }).evaluate((button) => {
      button.click();
      location.href = "/elsewhere";
    });
    await page.waitForURL("**/elsewhere");
    await until(() => server.received.length > 0);
    await page.goto(`${server.url}/host`);
    await page.locator("candor-feedback button[aria-pressed=true]").waitFor();
    assert.deepEqual(server.valid, [true]);
    assert.equal(new Set(server.received.map(({ key }) => key)).size, 1);
  });
});

test("a verdict that waits is handed over by a beacon when the page goes, and counts once", async () => {
  await widget(async ({ page, says }) => {
    server.mishaps.push(503);
    await page.getByRole("button", { name: "Not helpful" }).click();
    await says("Saved");
    await page.goto(`${server.url}/elsewhere`);
    await until(() => server.received.some(({ isBeacon }) => isBeacon));
    assert.deepEqual(server.valid, [false]);
    await page.goto(`${server.url}/host`);
    await says("Thank you!");
    assert.deepEqual(server.valid, [false]);
    assert.equal(new Set(server.received.map(({ key }) => key)).size, 1);
  });
});

test("a click offline survives the closing of the tab", async () => {
  await widget(async ({ context, page, says }) => {
    await context.setOffline(true);
    await page.getByRole("button", { name: "Helpful", exact: true }).click();
    await says("Saved");
    assert.deepEqual(server.received, []);
    // Chromium ends the emulation with the page, so the beacon may slip out: it must not count twice then.
    await page.close();
    await context.setOffline(false);
    const next = await context.newPage();
    await next.goto(`${server.url}/?chat=feedback`);
    await until(() => server.answered > 0);
    assert.deepEqual(server.valid, [true]);
    assert.equal(new Set(server.received.map(({ key }) => key)).size, 1);
  });
});

test("it speaks the page's language", async () => {
  await widget(async ({ page }) => page.getByRole("button", { name: "Не помог" }).waitFor(), { lang: "ru-RU" });
});

async function until(condition) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain for ${condition}`);
}
