import { lazy, Suspense, useState } from "react";
import { messages as chatOf, parse } from "../logic/content";
import { useMessages } from "../state/settings";
import { Json } from "./Json";

// Only answers that are shown in full need it.
const Markdown = lazy(() => import("./Markdown"));

/** Inputs or outputs as a person reads them: a chat as messages, text as Markdown, all else as folded JSON. */
export function Content({ value }: { value: unknown }) {
  const messages = useMessages();
  const [isRaw, setIsRaw] = useState(false);
  const parsed = typeof value === "string" ? parse(value) : value;
  const chat = chatOf(parsed);
  if (parsed === undefined || parsed === null || parsed === "") return <p className="faint">{messages.trace.none}</p>;
  if (!chat && typeof parsed !== "string") return <Json value={parsed} />;
  return (
    <div className="content">
      <button type="button" className="plain raw" onClick={() => setIsRaw(!isRaw)}>
        {isRaw ? messages.trace.rendered : messages.trace.raw}
      </button>
      {isRaw ? (
        <Json value={parsed} />
      ) : chat ? (
        chat.map((message, index) => (
          // Messages have no id, and their order never changes.
          <div key={index} className={`message ${message.role}`}>
            <span className="role">{messages.trace.roles[message.role] ?? message.role}</span>
            <Text text={message.text} />
          </div>
        ))
      ) : (
        <Text text={String(parsed)} />
      )}
    </div>
  );
}

export function Text({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className="pre">{text}</p>}>
      <Markdown text={text} />
    </Suspense>
  );
}
