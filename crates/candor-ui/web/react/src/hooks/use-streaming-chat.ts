import { useCallback } from "react";

import { streamAnswer, type StreamOptions } from "../core/stream-answer.js";
import { useCandor } from "../provider.js";
import { type Answerer, type Chat, type ChatOptions, useConversation } from "./conversation.js";

export interface StreamingChatOptions extends ChatOptions, Pick<StreamOptions, "maxResumptions" | "resumeDelayMs"> {}

/** A chat with a service that streams its answers as Server-Sent Events. */
export function useStreamingChat(options: StreamingChatOptions = {}): Chat {
  const { client } = useCandor();
  const { url, extra, headers, fetch: fetcher, maxResumptions, resumeDelayMs } = options;
  const answer = useCallback<Answerer>(
    async (message, update, signal) => {
      const events = streamAnswer({
        url: url ?? `${client.baseUrl}/chat/stream`,
        body: { ...extra, message },
        headers: { ...client.headers(), ...headers },
        fetch: fetcher,
        signal,
        maxResumptions,
        resumeDelayMs,
      });
      for await (const event of events) {
        if (event.type === "start") {
          const { traceId, clientRequestId } = event;
          update({ content: "", traceId, clientRequestId });
        } else if (event.type === "token") {
          update((reply) => ({ content: reply.content + event.content, status: "streaming" }));
        } else if (event.type === "done") {
          update((reply) => ({
            traceId: event.traceId ?? reply.traceId,
            clientRequestId: event.clientRequestId ?? reply.clientRequestId,
          }));
        } else {
          throw new Error(event.error);
        }
      }
    },
    [client, url, extra, headers, fetcher, maxResumptions, resumeDelayMs],
  );
  return useConversation(answer);
}
