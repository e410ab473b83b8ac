import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import type { Chat, ChatMessage } from "../hooks/conversation.js";
import { useCandor } from "../provider.js";
import { FeedbackButtons } from "./FeedbackButtons.js";

export interface ChatViewProps {
  chat: Chat;
  /** How an answer's text is shown, e.g. as Markdown; as plain text by default. */
  renderContent?: ((message: ChatMessage) => ReactNode) | undefined;
  /** What stands below an answer; {@link FeedbackButtons} by default. */
  renderFeedback?: ((message: ChatMessage) => ReactNode) | undefined;
  /** What is shown before the first question. */
  placeholder?: ReactNode;
  className?: string | undefined;
}

/** A conversation with a field to ask, for any {@link Chat}. */
export function ChatView({ chat, renderContent, renderFeedback, placeholder, className }: ChatViewProps) {
  const { texts } = useCandor();
  const end = useRef<HTMLDivElement>(null);
  const { messages } = chat;
  const length = messages.reduce((sum, message) => sum + message.content.length + 1, 0);
  useEffect(() => {
    const log = end.current?.parentElement;
    // Whoever scrolled up to read is left alone.
    if (log && log.scrollHeight - log.scrollTop - log.clientHeight < 120) log.scrollTop = log.scrollHeight;
  }, [length]);
  return (
    <section className={`candor-chat ${className ?? ""}`} aria-label={texts.conversation}>
      <div className="candor-log" role="log" aria-busy={chat.isBusy} tabIndex={0} aria-label={texts.conversation}>
        {messages.length === 0 && placeholder}
        {messages.map((message) => (
          <article key={message.id} className="candor-message" data-role={message.role} data-status={message.status}>
            <h3 className="candor-hidden">{message.role === "user" ? texts.you : texts.assistant}</h3>
            <div className="candor-content">{renderContent?.(message) ?? message.content}</div>
            {message.role === "assistant" && (
              <>
                <MessageState message={message} chat={chat} />
                {renderFeedback ? (
                  renderFeedback(message)
                ) : (
                  <FeedbackButtons traceId={message.traceId} clientRequestId={message.clientRequestId} />
                )}
              </>
            )}
          </article>
        ))}
        <div ref={end} />
      </div>
      <QuestionForm chat={chat} />
    </section>
  );
}

function MessageState({ message, chat }: { message: ChatMessage; chat: Chat }) {
  const { texts } = useCandor();
  const isLast = chat.messages.at(-1) === message;
  const retry = isLast && (
    <button type="button" className="candor-link" data-shown onClick={chat.retry}>
      {texts.retry}
    </button>
  );
  switch (message.status) {
    case "waiting":
    case "streaming":
      return (
        <p className="candor-typing" role="status">
          <span className="candor-dots" aria-hidden="true" />
          <span className="candor-hidden">{texts.typing}</span>
        </p>
      );
    case "failed":
      return (
        <p className="candor-error" role="alert">
          {texts.chatFailed} {message.error} {retry}
        </p>
      );
    case "stopped":
      return (
        <p className="candor-note">
          {texts.stopped} {retry}
        </p>
      );
    case "done":
      // The indicator's place stays, so that nothing moves when the answer is complete.
      return <p className="candor-note" />;
  }
}

function QuestionForm({ chat }: { chat: Chat }) {
  const { texts } = useCandor();
  const [question, setQuestion] = useState("");
  const id = useId();
  const ask = () => {
    if (chat.isBusy || !question.trim()) return;
    chat.send(question);
    setQuestion("");
  };
  return (
    <form
      className="candor-ask"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label className="candor-hidden" htmlFor={id}>{texts.message}</label>
      <textarea
        id={id}
        rows={1}
        placeholder={texts.message}
        value={question}
        onChange={(event) => setQuestion(event.target.value)}
        onKeyDown={(event) => {
          // Enter asks, Shift+Enter is a new line; while an input method composes, Enter is its own.
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          ask();
        }}
      />
      {chat.isBusy ? (
        <button type="button" className="candor-button" onClick={chat.stop}>{texts.stop}</button>
      ) : (
        <button type="submit" className="candor-button" disabled={!question.trim()}>{texts.ask}</button>
      )}
    </form>
  );
}
