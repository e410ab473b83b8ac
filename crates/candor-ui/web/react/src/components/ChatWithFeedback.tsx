import type { ChatOptions } from "../hooks/conversation.js";
import { useChat } from "../hooks/use-chat.js";
import { ChatView, type ChatViewProps } from "./ChatView.js";

export interface ChatWithFeedbackProps extends ChatOptions, Omit<ChatViewProps, "chat"> {}

/** A chat whose service returns trace ids; every answer has its buttons. */
export function ChatWithFeedback({ url, extra, headers, fetch, ...view }: ChatWithFeedbackProps) {
  return <ChatView chat={useChat({ url, extra, headers, fetch })} {...view} />;
}
