import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import {
  CandorProvider, ChatWithFeedback, ChatWithRequestTracking, type FeedbackClient, StreamingChatWithFeedback,
} from "../src/index.js";
import { FakeServer } from "./fake-server.js";

let server: FakeServer;
let client: FeedbackClient;

beforeEach(() => {
  server = new FakeServer();
  client = server.client({ userId: "u-1", sessionId: "chat-7" });
});

const ask = async (question: string) => userEvent.type(screen.getByRole("textbox", { name: "Your message" }), `${question}{Enter}`);
const answers = () => screen.getAllByRole("article").filter((article) => within(article).queryByRole("heading", { name: "Assistant" }));
const lastAnswer = () => within(answers().at(-1) as HTMLElement);

/** A stream that the test writes. */
function writtenByHand() {
  let write!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (write = controller) });
  return {
    response: new Response(body),
    say: (event: object) => write.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`)),
    breakOff: () => write.error(new TypeError("network error")),
  };
}

test("an answer can be judged by the trace id it came with", async () => {
  const fetcher = vi.fn<typeof fetch>(async () => Response.json({ response: "42", trace_id: "tr-1", client_request_id: "req-1" }));
  render(<CandorProvider client={client}><ChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("What is it?");
  await screen.findByText("42");
  const [url, init] = fetcher.mock.calls[0] ?? [];
  expect([String(url), init?.body]).toEqual(["http://localhost:3000/chat", '{"message":"What is it?"}']);
  expect(new Headers(init?.headers).get("X-Session-ID")).toBe("chat-7");
  await userEvent.click(lastAnswer().getByRole("button", { name: "Helpful" }));
  await waitFor(() => expect(server.received[0]?.url.searchParams.get("trace_id")).toBe("tr-1"));
});

test("with request tracking the verdict names the client request id alone", async () => {
  let turn = 0;
  const fetcher = vi.fn<typeof fetch>(async () => Response.json({ response: "yes", client_request_id: `req-${String(++turn)}` }));
  render(<CandorProvider client={client}><ChatWithRequestTracking fetch={fetcher} /></CandorProvider>);
  await ask("one");
  await waitFor(() => expect(lastAnswer().getByRole("button", { name: "Helpful" })).toHaveProperty("disabled", false));
  await ask("two");
  await waitFor(() => expect(answers()).toHaveLength(2));
  await waitFor(() => expect(lastAnswer().getByRole("button", { name: "Not helpful" })).toHaveProperty("disabled", false));
  await userEvent.click(lastAnswer().getByRole("button", { name: "Not helpful" }));
  await waitFor(() => expect(server.received).toHaveLength(1));
  expect(Object.fromEntries(server.received[0]?.url.searchParams ?? [])).toMatchObject({
    client_request_id: "req-2", user_id: "u-1", session_id: "chat-7",
  });
  expect(server.received[0]?.url.searchParams.has("trace_id")).toBe(false);
});

test("a failed question says why and can be asked again", async () => {
  const fetcher = vi.fn<typeof fetch>()
    .mockResolvedValueOnce(Response.json({ detail: "the model is away" }, { status: 503 }))
    .mockResolvedValueOnce(Response.json({ response: "here", trace_id: "tr-2" }));
  render(<CandorProvider client={client}><ChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("hello?");
  expect((await screen.findByRole("alert")).textContent).toContain("the model is away");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("here");
  expect(answers()).toHaveLength(1);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a streamed answer grows, and its buttons wait for the trace id", async () => {
  const stream = writtenByHand();
  render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={async () => stream.response} /></CandorProvider>);
  await ask("tell me");
  const helpful = () => lastAnswer().getByRole("button", { name: "Helpful" });
  expect(lastAnswer().getByText("An answer is being written…")).toBeTruthy();
  stream.say({ type: "token", content: "Once " });
  await screen.findByText("Once");
  expect(helpful()).toHaveProperty("disabled", true);
  stream.say({ type: "token", content: "upon" });
  await screen.findByText("Once upon");
  stream.say({ type: "done", trace_id: "tr-9" });
  await waitFor(() => expect(helpful()).toHaveProperty("disabled", false));
  expect(screen.queryByText("An answer is being written…")).toBeNull();
  await userEvent.click(helpful());
  await waitFor(() => expect(server.received[0]?.url.searchParams.get("trace_id")).toBe("tr-9"));
});

test("each question starts with nothing of the last one", async () => {
  const streams = [writtenByHand(), writtenByHand()];
  let turn = 0;
  const fetcher = async () => (streams[turn++] as (typeof streams)[0]).response;
  render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("one");
  streams[0]?.say({ type: "token", content: "first" });
  streams[0]?.say({ type: "done", trace_id: "tr-1" });
  await waitFor(() => expect(lastAnswer().getByRole("button", { name: "Helpful" })).toHaveProperty("disabled", false));
  await userEvent.click(lastAnswer().getByRole("button", { name: "Helpful" }));
  await ask("two");
  await waitFor(() => expect(answers()).toHaveLength(2));
  const helpful = lastAnswer().getByRole("button", { name: "Helpful" });
  expect([helpful.getAttribute("aria-pressed"), helpful]).toMatchObject(["false", { disabled: true }]);
});

test("stopping keeps what is there, closes the connection and lets go on", async () => {
  const stream = writtenByHand();
  let signal: AbortSignal | null | undefined;
  const fetcher: typeof fetch = async (_, init) => {
    signal = init?.signal;
    signal?.addEventListener("abort", stream.breakOff);
    return stream.response;
  };
  render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("tell me");
  stream.say({ type: "start", trace_id: "tr-5" });
  stream.say({ type: "token", content: "Half" });
  await screen.findByText("Half");
  await userEvent.click(screen.getByRole("button", { name: "Stop" }));
  await screen.findByText(/Stopped\./);
  expect(signal?.aborted).toBe(true);
  expect(screen.getByText("Half")).toBeTruthy();
  expect(lastAnswer().getByRole("button", { name: "Helpful" })).toHaveProperty("disabled", false);
  expect(screen.getByRole("button", { name: "Send" })).toBeTruthy();
});

test("an error in the stream is shown beside what was said", async () => {
  const stream = writtenByHand();
  render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={async () => stream.response} /></CandorProvider>);
  await ask("tell me");
  stream.say({ type: "token", content: "Half" });
  stream.say({ type: "error", error: "the model went away" });
  expect((await screen.findByRole("alert")).textContent).toContain("the model went away");
  expect(screen.getByText("Half")).toBeTruthy();
});

test("leaving the page part closes the connection", async () => {
  const stream = writtenByHand();
  let signal: AbortSignal | null | undefined;
  const fetcher: typeof fetch = async (_, init) => ((signal = init?.signal), stream.response);
  const { unmount } = render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("tell me");
  unmount();
  expect(signal?.aborted).toBe(true);
});

test("while an answer is written, no second question goes out", async () => {
  const fetcher = vi.fn<typeof fetch>(async () => writtenByHand().response);
  render(<CandorProvider client={client}><StreamingChatWithFeedback fetch={fetcher} /></CandorProvider>);
  await ask("one");
  await ask("two");
  expect(fetcher).toHaveBeenCalledTimes(1);
});
