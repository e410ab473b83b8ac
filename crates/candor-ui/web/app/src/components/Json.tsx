import { useState } from "react";
import { useMessages } from "../state/settings";

/** Longer texts are cut until they are asked for. */
const SHOWN_CHARACTERS = 600;
/** More items are folded away. */
const SHOWN_ITEMS = 50;

/** A value as a tree that folds; the outer levels are open. */
export function Json({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (Array.isArray(value)) return <Tree entries={value.map((item, index) => [String(index), item])} brackets="[]" depth={depth} />;
  if (typeof value === "object" && value !== null) return <Tree entries={Object.entries(value)} brackets="{}" depth={depth} />;
  if (typeof value === "string") return <LongText text={value} />;
  return <code className="json-scalar">{String(value)}</code>;
}

function Tree({ entries, brackets, depth }: { entries: [string, unknown][]; brackets: "[]" | "{}"; depth: number }) {
  const messages = useMessages();
  const [isOpen, setIsOpen] = useState(depth < 2);
  const [limit, setLimit] = useState(SHOWN_ITEMS);
  if (entries.length === 0) return <code className="json-scalar">{brackets}</code>;
  return (
    <details className="json" open={isOpen} onToggle={(event) => { event.stopPropagation(); setIsOpen(event.currentTarget.open); }}>
      <summary>
        {brackets[0]}
        <span className="faint"> {entries.length} </span>
        {brackets[1]}
      </summary>
      {isOpen && (
        <dl>
          {entries.slice(0, limit).map(([key, item]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>
                <Json value={item} depth={depth + 1} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {isOpen && entries.length > limit && (
        <button type="button" className="plain" onClick={() => setLimit(limit + 500)}>
          {messages.trace.more(String(entries.length - limit))}
        </button>
      )}
    </details>
  );
}

function LongText({ text }: { text: string }) {
  const messages = useMessages();
  const [isWhole, setIsWhole] = useState(false);
  const isCut = !isWhole && text.length > SHOWN_CHARACTERS;
  return (
    <span className="json-text">
      {isCut ? text.slice(0, SHOWN_CHARACTERS) : text}
      {isCut && (
        <button type="button" className="plain" onClick={() => setIsWhole(true)}>
          … {messages.trace.more(String(text.length - SHOWN_CHARACTERS))}
        </button>
      )}
    </span>
  );
}
