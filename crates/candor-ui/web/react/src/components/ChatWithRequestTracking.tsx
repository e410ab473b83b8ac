import { useChat } from "../hooks/use-chat.js";
import { ChatView } from "./ChatView.js";
import type { ChatWithFeedbackProps } from "./ChatWithFeedback.js";
import { FeedbackButtons } from "./FeedbackButtons.js";

/**
 * A chat whose service returns client request ids: verdicts name those alone, with the user and the
 * session of the {@link FeedbackClient}. So the service need not know of traces.
 */
export function ChatWithRequestTracking({ url, extra, headers, fetch, ...view }: ChatWithFeedbackProps) {
  const chat = useChat({ url, extra, headers, fetch });
  return (
    <ChatView
      chat={chat}
      renderFeedback={(message) => <FeedbackButtons clientRequestId={message.clientRequestId} />}
      {...view}
    />
  );
}
