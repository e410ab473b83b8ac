import { useCallback } from "react";

import { reasonOf } from "../core/refusal.js";
import { useCandor } from "../provider.js";
import { type Answerer, type Chat, type ChatOptions, useConversation } from "./conversation.js";

interface ChatAnswer {
  response?: string;
  trace_id?: string | null;
  client_request_id?: string | null;
}

/** A chat with a service that answers `{"response", "trace_id"}` or `{"response", "client_request_id"}`. */
export function useChat({ url, extra, headers, fetch: fetcher = fetch }: ChatOptions = {}): Chat {
  const { client } = useCandor();
  const answer = useCallback<Answerer>(
    async (message, update, signal) => {
      const response = await fetcher(url ?? `${client.baseUrl}/chat`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...client.headers(), ...headers },
        body: JSON.stringify({ ...extra, message }),
        signal,
      });
      if (!response.ok) throw new Error(await reasonOf(response));
      const body = (await response.json()) as ChatAnswer;
      if (typeof body.response !== "string") throw new Error("the server's answer has no text");
      update({
        content: body.response,
        traceId: body.trace_id ?? undefined,
        clientRequestId: body.client_request_id ?? undefined,
      });
    },
    [client, url, extra, headers, fetcher],
  );
  return useConversation(answer);
}
