import { type StreamingChatOptions, useStreamingChat } from "../hooks/use-streaming-chat.js";
import { ChatView, type ChatViewProps } from "./ChatView.js";

export interface StreamingChatWithFeedbackProps extends StreamingChatOptions, Omit<ChatViewProps, "chat"> {}

/** A chat whose answers appear as they are written; buttons are off until the trace id is known. */
export function StreamingChatWithFeedback(props: StreamingChatWithFeedbackProps) {
  const { url, extra, headers, fetch, maxResumptions, resumeDelayMs, ...view } = props;
  const chat = useStreamingChat({ url, extra, headers, fetch, maxResumptions, resumeDelayMs });
  return <ChatView chat={chat} {...view} />;
}
