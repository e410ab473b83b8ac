import { CandorProvider, ChatWithFeedback, ChatWithRequestTracking, FeedbackButtons, StreamingChatWithFeedback, type ChatMessage } from "candor-react";
import "candor-react/styles.css";
import { useState } from "react";
import { Link } from "wouter";
import { Text } from "../../components/Content";
import { useLinkTo } from "../../state/scope";
import { useMessages, useSettings } from "../../state/settings";

const PIECES = ["streaming", "chat", "history"] as const;

/** The chats of the package `candor-react`, as an application would mount them. */
export default function Ask() {
  const messages = useMessages();
  const { language } = useSettings();
  const [piece, setPiece] = useState<(typeof PIECES)[number]>("streaming");
  const shared = { placeholder: <p className="empty">{messages.ask.example}</p>, renderContent: (message: ChatMessage) => <Text text={message.content} /> };
  const judge = (message: ChatMessage) => <Judge message={message} />;
  return (
    <div className="ask">
      <div className="toolbar">
        <h1>{messages.ask.title}</h1>
        <span className="spring" />
        <div className="segmented" role="group" aria-label={messages.ask.title}>
          {PIECES.map((name) => (
            <button key={name} type="button" aria-pressed={name === piece} onClick={() => setPiece(name)}>
              {messages.ask[name]}
            </button>
          ))}
        </div>
      </div>
      <p className="faint">{messages.ask.hint}</p>
      <CandorProvider locale={language}>
        {piece === "streaming" && <StreamingChatWithFeedback url="/chat/stream" renderFeedback={judge} {...shared} />}
        {piece === "chat" && <ChatWithFeedback url="/chat" renderFeedback={judge} {...shared} />}
        {piece === "history" && <ChatWithRequestTracking url="/chat" {...shared} />}
      </CandorProvider>
    </div>
  );
}

/** The buttons, and the way to where the verdict is kept. */
function Judge({ message }: { message: ChatMessage }) {
  const messages = useMessages();
  const linkTo = useLinkTo();
  return (
    <div className="judge">
      <FeedbackButtons traceId={message.traceId} clientRequestId={message.clientRequestId} />
      {message.traceId && <Link href={linkTo(`/traces/${message.traceId}`)}>{messages.ask.seeTrace}</Link>}
    </div>
  );
}
