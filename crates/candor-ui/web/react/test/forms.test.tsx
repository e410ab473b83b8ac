import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import { CandorProvider, CommentBox, RatingForm } from "../src/index.js";
import { FakeServer } from "./fake-server.js";

test("every dimension that the server asks needs a score before it is sent", async () => {
  const server = new FakeServer();
  server.config.dimensions.push({ name: "tone", min: 0, max: 2 });
  render(<CandorProvider client={server.client()}><RatingForm traceId="tr-1" /></CandorProvider>);
  const accuracy = within(await screen.findByRole("group", { name: "Accuracy" }));
  const tone = within(screen.getByRole("group", { name: "tone" }));
  const submit = screen.getByRole("button", { name: "Submit" });
  expect(tone.getAllByRole("radio").map((radio) => radio.getAttribute("value"))).toEqual(["0", "1", "2"]);
  await userEvent.click(accuracy.getByRole("radio", { name: "4" }));
  expect(submit).toHaveProperty("disabled", true);
  await userEvent.click(tone.getByRole("radio", { name: "0" }));
  await userEvent.type(screen.getByRole("textbox"), "fine");
  await userEvent.click(submit);
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("Thank you!"));
  expect(Object.fromEntries(server.received[0]?.url.searchParams ?? [])).toMatchObject({ accuracy: "4", tone: "0", comment: "fine" });
});

test("scores of one answer are not shown for the next", async () => {
  const server = new FakeServer();
  const client = server.client();
  const page = (id: string) => <CandorProvider client={client}><RatingForm traceId={id} /></CandorProvider>;
  const { rerender } = render(page("tr-1"));
  await userEvent.click(await screen.findByRole("radio", { name: "5" }));
  rerender(page("tr-2"));
  expect(screen.getByRole("radio", { name: "5" })).toHaveProperty("checked", false);
});

test("a comment needs no verdict, and an empty one is not sent", async () => {
  const server = new FakeServer();
  render(<CandorProvider client={server.client()}><CommentBox traceId="tr-1" /></CandorProvider>);
  const send = screen.getByRole("button", { name: "Send" });
  await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "  ");
  expect(send).toHaveProperty("disabled", true);
  await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Nice");
  await userEvent.click(send);
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("Thank you!"));
  expect(server.received[0]?.body).toMatchObject({ name: "user_comment", value: "Nice", trace_id: "tr-1" });
});
