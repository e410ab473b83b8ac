import { useCallback, useEffect, useRef, useState } from "react";

import { randomId } from "../core/random.js";
import type { Target } from "../core/target.js";

/** A question or an answer. */
export interface ChatMessage extends Target {
  /** Unique on this page. */
  id: string;
  role: "user" | "assistant";
  content: string;
  /** Of an answer: `waiting` until its first token. Questions are `done`. */
  status: "waiting" | "streaming" | "done" | "stopped" | "failed";
  /** Why there is no answer, or no whole one; null unless `failed`. */
  error: string | null;
}

export interface ChatOptions {
  /** Where questions go. */
  url?: string | undefined;
  /** Sent beside the question in the body. */
  extra?: Record<string, unknown> | undefined;
  /** Added to the request's headers. */
  headers?: Record<string, string> | undefined;
  fetch?: typeof fetch | undefined;
}

export interface Chat {
  messages: ChatMessage[];
  /** Whether an answer is being written; a question asked meanwhile is ignored. */
  isBusy: boolean;
  /** Why the last question has no whole answer. */
  error: string | null;
  send: (question: string) => void;
  /** Stops the answer that is being written; what is there stays. */
  stop: () => void;
  /** Asks the last question again if it failed or was stopped, in place of its answer. */
  retry: () => void;
  /** Forgets the conversation. */
  clear: () => void;
}

/** Changes the answer that is being written. */
export type Update = (change: Partial<ChatMessage> | ((answer: ChatMessage) => Partial<ChatMessage>)) => void;

/** Writes one answer through `update`; rejects when it fails or is aborted. */
export type Answerer = (question: string, update: Update, signal: AbortSignal) => Promise<void>;

/** Keeps a conversation: one question at a time, each with an answer of its own. */
export function useConversation(answer: Answerer): Chat {
  const [messages, setMessages] = useState<ChatMessage[]>([]);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = useCallback(
    async (question: string, answerId: string) => {
      const controller = new AbortController();
      running.current = controller;
      const update: Update = (change) => {
        if (running.current !== controller) return;
        setMessages((all) =>
          all.map((one) => (one.id === answerId ? { ...one, ...(typeof change === "function" ? change(one) : change) } : one)),
        );
      };
      try {
        await answer(question, update, controller.signal);
        update({ status: "done" });
      } catch (error) {
        if (controller.signal.aborted) update({ status: "stopped" });
        else update({ status: "failed", error: error instanceof Error ? error.message : String(error) });
      } finally {
        if (running.current === controller) running.current = null;
      }
    },
    [answer],
  );

  const send = useCallback(
    (text: string) => {
      const question = text.trim();
      if (!question || running.current) return;
      const reply = message("assistant", "", "waiting");
      setMessages((all) => [...all, message("user", question, "done"), reply]);
      void run(question, reply.id);
    },
    [run],
  );
  const stop = useCallback(() => running.current?.abort(), []);
  const retry = useCallback(() => {
    const [question, last] = messages.slice(-2);
    if (!question || !last || running.current || (last.status !== "failed" && last.status !== "stopped")) return;
    // A new answer is another trace: nothing of the old one stays.
    const reply = message("assistant", "", "waiting");
    setMessages((all) => [...all.slice(0, -1), reply]);
    void run(question.content, reply.id);
  }, [messages, run]);
  const clear = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setMessages([]);
  }, []);

  const last = messages.at(-1);
  return {
    messages,
    isBusy: last?.status === "waiting" || last?.status === "streaming",
    error: last?.error ?? null,
    send,
    stop,
    retry,
    clear,
  };
}

function message(role: ChatMessage["role"], content: string, status: ChatMessage["status"]): ChatMessage {
  return { id: randomId(), role, content, status, error: null };
}
