import { beforeAll, beforeEach, expect, test, vi } from "vitest";

import { insertFor } from "../src/script.js";

const ENDPOINT = "https://candor.test";
const fetcher = vi.fn<typeof fetch>();

// jsdom has no sheets made by script.
CSSStyleSheet.prototype.replaceSync ??= () => undefined;

beforeAll(async () => {
  vi.stubGlobal("fetch", fetcher);
  await import("../src/main.js");
});

beforeEach(() => {
  document.body.replaceChildren();
  fetcher.mockReset();
  fetcher.mockImplementation(async (url) =>
    String(url).endsWith("/config") ? Response.json({ dimensions: [], categories: ["incorrect"] }) : Response.json({}),
  );
});

function show(attributes: Record<string, string>): ShadowRoot {
  const element = document.createElement("candor-feedback");
  for (const [name, value] of Object.entries({ endpoint: ENDPOINT, ...attributes })) element.setAttribute(name, value);
  document.body.append(element);
  return element.shadowRoot as ShadowRoot;
}

const button = (root: ShadowRoot, label: string) => root.querySelector(`[aria-label="${label}"]`) as HTMLButtonElement;
const sent = () => fetcher.mock.calls.filter(([, init]) => init?.method !== undefined);

test("a click is sent with its key and shown", async () => {
  const root = show({ "trace-id": "tr-w1", "user-id": "u-1" });
  button(root, "Helpful").click();
  button(root, "Helpful").click();
  await vi.waitFor(() => expect(root.querySelector("[role=status]")?.textContent).toBe("Thank you!"));
  expect(button(root, "Helpful").getAttribute("aria-pressed")).toBe("true");
  expect(sent()).toHaveLength(1);
  const url = new URL(String(sent()[0]?.[0]));
  expect(url.origin + url.pathname).toBe(`${ENDPOINT}/feedback`);
  expect(url.searchParams.get("idempotency_key")).toBe(new Headers(sent()[0]?.[1]?.headers).get("Idempotency-Key"));
});

test("a thumb down asks for reasons and sends them", async () => {
  const root = show({ "trace-id": "tr-w2" });
  button(root, "Not helpful").click();
  await vi.waitFor(() => expect(root.querySelector("form")).toBeTruthy());
  (root.querySelector("input[type=checkbox]") as HTMLInputElement).click();
  (root.querySelector("textarea") as HTMLTextAreaElement).value = "no";
  (root.querySelector("form") as HTMLFormElement).requestSubmit();
  await vi.waitFor(() => expect(sent()).toHaveLength(3));
  const bodies = sent().map(([, init]) => JSON.parse(init?.body as string) as Record<string, unknown>);
  expect(bodies).toContainEqual({ is_correct: false, comment: "no" });
  expect(bodies).toContainEqual(expect.objectContaining({ name: "user_issue", value: ["incorrect"] }));
});

test("without an id the buttons are off; the id may come later", () => {
  const root = show({});
  expect(button(root, "Helpful").disabled).toBe(true);
  root.host.setAttribute("client-request-id", "req-1");
  expect(button(root, "Helpful").disabled).toBe(false);
});

test("a verdict is withdrawn with one click", async () => {
  const root = show({ "trace-id": "tr-w3" });
  button(root, "Helpful").click();
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  (root.querySelector("button.link") as HTMLButtonElement).click();
  await vi.waitFor(() => expect(root.querySelector("[role=status]")?.textContent).toBe("Taken back."));
  expect(sent().map(([, init]) => init?.method)).toEqual(["POST", "DELETE"]);
});

test("a script tag with an id is followed by its buttons; one without is not", () => {
  const script = document.createElement("script");
  document.body.append(script);
  insertFor(script);
  expect(script.nextElementSibling).toBeNull();
  Object.assign(script.dataset, { traceId: "tr-w4", endpoint: ENDPOINT, lang: "ru" });
  insertFor(script);
  const root = script.nextElementSibling?.shadowRoot as ShadowRoot;
  expect(button(root, "Помог").disabled).toBe(false);
});
