import { useMemo, useState, type KeyboardEvent } from "react";
import type { Assessment } from "../../api/types";
import { Badges } from "../../components/Verdict";
import { duration } from "../../logic/format";
import { extent, type Span } from "../../logic/spans";
import { useMessages } from "../../state/settings";

interface WaterfallProps {
  spans: Span[];
  selected: Span | undefined;
  assessments: Assessment[];
  onSelect: (id: string) => void;
}

/** More rows than this are drawn on demand. */
const SHOWN_SPANS = 300;

/** The tree of spans, each with its bar on the time of the whole. */
export function Waterfall({ spans, selected, assessments, onSelect }: WaterfallProps) {
  const messages = useMessages();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState(SHOWN_SPANS);
  const total = useMemo(() => extent(spans), [spans]);
  const parents = useMemo(() => new Set(spans.map((span) => span.parent)), [spans]);
  const open = useMemo(() => unfolded(spans, folded), [spans, folded]);
  const shown = open.slice(0, limit);
  const fold = (id: string, isFolded: boolean) => {
    const next = new Set(folded);
    if (isFolded) next.add(id);
    else next.delete(id);
    setFolded(next);
  };
  const onKey = (event: KeyboardEvent<HTMLUListElement>) => {
    const index = shown.findIndex((span) => span.id === selected?.id);
    const steps: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: shown.length - 1 };
    const next = shown[steps[event.key] ?? -1];
    if (next) {
      event.preventDefault();
      onSelect(next.id);
      event.currentTarget.querySelector<HTMLElement>(`[data-span="${CSS.escape(next.id)}"]`)?.focus();
    } else if (selected && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      fold(selected.id, event.key === "ArrowLeft");
    }
  };
  return (
    <div className="waterfall">
      <ul role="tree" aria-label={messages.trace.waterfall} onKeyDown={onKey}>
        {shown.map((span) => (
          <li
            key={span.id}
            role="treeitem"
            data-span={span.id}
            aria-level={span.depth + 1}
            aria-selected={span.id === selected?.id}
            aria-expanded={parents.has(span.id) ? !folded.has(span.id) : undefined}
            tabIndex={span.id === selected?.id ? 0 : -1}
            onClick={() => onSelect(span.id)}
            onDoubleClick={() => fold(span.id, !folded.has(span.id))}
          >
            <Name span={span} isFolded={folded.has(span.id)} isParent={parents.has(span.id)} />
            {assessments.some((one) => one.span_id === span.id) && <Badges assessments={assessments.filter((one) => one.span_id === span.id)} />}
            <Bar span={span} total={total} />
            <span className="number faint">{span.end === undefined ? "…" : duration(span.end - span.start)}</span>
          </li>
        ))}
      </ul>
      {open.length > limit && (
        <button type="button" className="button" onClick={() => setLimit(limit + 1000)}>
          {messages.trace.more(String(open.length - limit))}
        </button>
      )}
    </div>
  );
}

function Name({ span, isFolded, isParent }: { span: Span; isFolded: boolean; isParent: boolean }) {
  // React sets it through the object model, which the policy on styles allows.
  return (
    <span className="span-name" style={{ paddingInlineStart: `${Math.min(span.depth, 12) * 14}px` }}>
      <span className="fold" aria-hidden="true">
        {isParent ? (isFolded ? "▸" : "▾") : ""}
      </span>
      {span.type && <span className={`type type-${span.type.toLowerCase()}`}>{span.type.replaceAll("_", " ").toLowerCase()}</span>}
      <span className={span.isError ? "ellipsis tone-negative" : "ellipsis"}>
        {span.isError && "⚠ "}
        {span.name}
      </span>
    </span>
  );
}

function Bar({ span, total }: { span: Span; total: number }) {
  const width = (((span.end ?? total) - span.start) / total) * 100;
  return (
    <svg className={span.isError ? "span-bar is-error" : "span-bar"} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect className="track" width="100" height="10" />
      <rect x={(span.start / total) * 100} width={Math.max(0.4, width)} y="1" height="8" />
    </svg>
  );
}

function unfolded(spans: Span[], folded: ReadonlySet<string>): Span[] {
  let hiddenBelow = Number.POSITIVE_INFINITY;
  return spans.filter((span) => {
    if (span.depth > hiddenBelow) return false;
    hiddenBelow = folded.has(span.id) ? span.depth : Number.POSITIVE_INFINITY;
    return true;
  });
}
