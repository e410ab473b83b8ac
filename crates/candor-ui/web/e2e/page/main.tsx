import "candor-react/styles.css";

import {
  CandorProvider, ChatWithFeedback, ChatWithRequestTracking, FeedbackClient, StreamingChatWithFeedback,
} from "candor-react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

// `?chat=…` says which piece, `&mode=…` how the server is to misbehave, `&user=…` who judges.
const query = new URLSearchParams(location.search);
const client = new FeedbackClient({ userId: query.get("user") ?? undefined });
const extra = { mode: query.get("mode") };
const chats = { feedback: ChatWithFeedback, tracking: ChatWithRequestTracking, streaming: StreamingChatWithFeedback };
const Chat = chats[(query.get("chat") ?? "streaming") as keyof typeof chats];

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <CandorProvider client={client}>
      <Chat extra={extra} />
    </CandorProvider>
  </StrictMode>,
);
