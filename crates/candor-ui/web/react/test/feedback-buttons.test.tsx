import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { beforeEach, expect, test } from "vitest";

import { CandorProvider, FeedbackButtons, type FeedbackClient, type Locale, useFeedback } from "../src/index.js";
import { FakeServer } from "./fake-server.js";

let server: FakeServer;
let client: FeedbackClient;

beforeEach(() => {
  server = new FakeServer();
  client = server.client({ userId: "u-1" });
});

function show(traceId?: string, locale: Locale = "en") {
  const page = (id?: string) => (
    <StrictMode>
      <CandorProvider client={client} locale={locale}>
        <FeedbackButtons traceId={id} />
      </CandorProvider>
    </StrictMode>
  );
  const { rerender, unmount } = render(page(traceId));
  return { rerender: (id?: string) => rerender(page(id)), unmount };
}

const up = () => screen.getByRole("button", { name: "Helpful" });
const down = () => screen.getByRole("button", { name: "Not helpful" });
const isPressed = (button: HTMLElement) => button.getAttribute("aria-pressed") === "true";
const verdicts = () => server.received.filter(({ url }) => url.pathname === "/feedback").map(({ body }) => body?.["is_correct"]);

test("buttons are off until the id is known", async () => {
  const page = show();
  expect(up()).toHaveProperty("disabled", true);
  await userEvent.click(up());
  expect(server.received).toEqual([]);
  page.rerender("tr-1");
  expect(up()).toHaveProperty("disabled", false);
});

test("a thumb is sent, shown as pressed and thanked for in a live region", async () => {
  show("tr-1");
  await userEvent.click(up());
  expect(isPressed(up())).toBe(true);
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("Thank you!"));
  expect(verdicts()).toEqual([true]);
});

test("a double click and a click on what is pressed are one verdict", async () => {
  show("tr-1");
  await userEvent.dblClick(up());
  await userEvent.click(up());
  expect(verdicts()).toEqual([true]);
  expect(isPressed(up())).toBe(true);
});

test("a verdict can be changed, with a reason and a comment, and withdrawn", async () => {
  show("tr-1");
  await userEvent.click(up());
  await userEvent.click(down());
  await userEvent.click(await screen.findByRole("checkbox", { name: "too long" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Get to the point");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  await waitFor(() => expect(client.outbox.size).toBe(0));
  expect(verdicts()).toEqual([true, false, false]);
  expect(server.received[2]?.body).toEqual({ is_correct: false, comment: "Get to the point" });
  expect(server.received[3]?.body).toMatchObject({ name: "user_issue", value: ["too long"], source: { id: "u-1" } });
  expect(screen.queryByRole("textbox")).toBeNull();

  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("Taken back."));
  await waitFor(() => expect(client.outbox.size).toBe(0));
  const withdrawn = server.received.filter(({ method }) => method === "DELETE").map(({ url }) => url.searchParams.get("name"));
  expect(withdrawn.sort()).toEqual(["user_feedback", "user_issue"]);
  expect(isPressed(up()) || isPressed(down())).toBe(false);
});

test("the question for reasons takes the focus and Escape gives it up", async () => {
  show("tr-1");
  await userEvent.click(down());
  expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "Comment" }));
  expect(down().getAttribute("aria-expanded")).toBe("true");
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("textbox")).toBeNull();
  expect(document.activeElement).toBe(down());
  expect(isPressed(down())).toBe(true);
});

test("everything can be done by keyboard", async () => {
  show("tr-1");
  await userEvent.tab();
  await userEvent.tab();
  await userEvent.keyboard(" ");
  await userEvent.keyboard("wrong{Tab}{Enter}");
  await waitFor(() => expect(server.received.at(-1)?.body).toEqual({ is_correct: false, comment: "wrong" }));
});

test("what could not be sent is said, and thanked for when it has arrived", async () => {
  server.mishaps.push("offline");
  show("tr-1");
  await userEvent.click(up());
  await waitFor(() => expect(screen.getByRole("status").textContent).toMatch(/^Saved/));
  dispatchEvent(new Event("online"));
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("Thank you!"));
  expect(server.counted.size).toBe(1);
});

test("a refusal is shown, and the buttons show what the server has", async () => {
  show("tr-1");
  await userEvent.click(up());
  await waitFor(() => expect(client.outbox.size).toBe(0));
  server.mishaps.push({ status: 422 });
  await userEvent.click(down());
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("This could not be saved: told so"));
  expect([isPressed(up()), isPressed(down())]).toEqual([true, false]);
});

test("another answer has its own verdict, and a reload does not forget", async () => {
  const page = show("tr-1");
  await userEvent.click(up());
  page.rerender("tr-2");
  expect(isPressed(up())).toBe(false);
  expect(screen.getByRole("status").textContent).toBe("");
  page.unmount();
  show("tr-1");
  expect(isPressed(up())).toBe(true);
  await userEvent.click(up());
  expect(verdicts()).toEqual([true]);
});

test("nothing is added to or taken from the row of buttons when a verdict is given", async () => {
  show("tr-1");
  const row = () => Array.from(up().parentElement?.children ?? [], ({ tagName }) => tagName);
  const before = row();
  await userEvent.click(up());
  await waitFor(() => expect(client.outbox.size).toBe(0));
  expect(row()).toEqual(before);
});

test("it speaks Russian", () => {
  show("tr-1", "ru");
  expect(screen.getByRole("group", { name: "Ответ помог?" })).toBeTruthy();
});

test("the hook alone carries a design of one's own", async () => {
  function Own() {
    const { verdict, give, withdraw } = useFeedback({ clientRequestId: "req-1" });
    return <button onClick={() => (verdict === null ? give(true) : withdraw())}>{String(verdict)}</button>;
  }
  render(<CandorProvider client={client}><Own /></CandorProvider>);
  await userEvent.click(screen.getByRole("button"));
  expect(screen.getByRole("button").textContent).toBe("true");
  await userEvent.click(screen.getByRole("button"));
  expect(screen.getByRole("button").textContent).toBe("null");
  await waitFor(() => expect(server.received.at(-1)?.url.searchParams.get("client_request_id")).toBe("req-1"));
});
