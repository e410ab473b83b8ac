import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { Icon } from "../../components/Icon";
import { useLinkTo, useSetParameters } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { useMedia } from "../../state/media";
import { TraceRow } from "./TraceRow";
import type { PagesState, TracePages } from "./pages";
import { DEFAULT_SORT, SORTS, type Column, type ListView } from "./query";
import type { Selection } from "./Traces";

/** Low enough for a million rows within what browsers can scroll, 33 million pixels. */
const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 76;

interface TableProps {
  pages: TracePages;
  state: PagesState;
  view: ListView;
  selection: Selection;
  onSelect: (selection: Selection) => void;
}

/** The rows in sight, and the keys to move among them. */
export function TraceTable({ pages, state, view, selection, onSelect }: TableProps) {
  const messages = useMessages();
  const linkTo = useLinkTo();
  const [, navigate] = useLocation();
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(pages.place.row);
  const isNarrow = useMedia("(max-width: 720px)");
  // Rows that are not known yet stand at the end as one, which fetches them when it is seen.
  const count = state.rows + (state.isComplete ? 0 : 12);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions stay in this component
  const virtual = useVirtualizer({
    initialOffset: pages.place.offset,
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT),
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [virtual, isNarrow]);
  useEffect(() => {
    const element = scroller.current;
    return () => pages.leave({ offset: element?.scrollTop ?? 0, row: focused });
  }, [pages, focused]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    pages.want(first, last);
  }, [pages, first, last]);

  const toggle = (index: number) => {
    const trace = pages.row(index);
    if (!trace) return;
    const next = new Map(selection);
    if (!next.delete(trace.trace_id)) next.set(trace.trace_id, trace);
    onSelect(next);
  };
  const carried = { filter: view.filter, sort: view.sort === DEFAULT_SORT ? undefined : view.sort };
  const move = (event: KeyboardEvent) => {
    if ((event.target as Element).closest("input, select, a[href]:not(.row-link)") || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, last - first - 24);
    const steps: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(state.rows - 1, focused + step));
      setFocused(next);
      virtual.scrollToIndex(next);
    } else if (event.key === "x") {
      toggle(focused);
    } else if (event.key === "Enter") {
      const trace = pages.row(focused);
      if (trace) navigate(linkTo(`/traces/${trace.trace_id}`, carried));
    }
  };
  const columns = view.columns;
  return (
    <div
      className="table"
      ref={scroller}
      tabIndex={0}
      role="table"
      aria-label={messages.list.title}
      aria-rowcount={state.isComplete ? state.rows + 1 : -1}
      title={messages.list.keys}
      onKeyDown={move}
    >
      <div role="rowgroup" className="head">
        <Head view={view} columns={columns} />
      </div>
      <div role="rowgroup" className="body" ref={(body) => { if (body) body.style.height = `${virtual.getTotalSize()}px`; }}>
        {items.map((item) => (
          <TraceRow
            key={item.key}
            index={item.index}
            top={item.start}
            trace={pages.row(item.index)}
            columns={columns}
            isFocused={item.index === focused}
            isSelected={selection.has(pages.row(item.index)?.trace_id ?? "")}
            hrefOf={(id) => linkTo(`/traces/${id}`, carried)}
            onToggle={() => toggle(item.index)}
          />
        ))}
      </div>
    </div>
  );
}

function Head({ view, columns }: { view: ListView; columns: Column[] }) {
  const messages = useMessages();
  const setParameters = useSetParameters();
  const [sortedBy, direction] = view.sort.split(" ");
  const sortBy = (key: string) => {
    const next = `${key} ${sortedBy === key && direction === "DESC" ? "ASC" : "DESC"}`;
    setParameters({ sort: next === DEFAULT_SORT ? undefined : next });
  };
  return (
    <div role="row" className="row" aria-rowindex={1}>
      <span role="columnheader" className="cell select" aria-label={messages.list.select("")} />
      {columns.map((column) => {
        const key = column in SORTS ? SORTS[column as keyof typeof SORTS] : undefined;
        const sorted = key !== undefined && sortedBy === key ? (direction === "DESC" ? "descending" : "ascending") : undefined;
        return (
          <span key={column} role="columnheader" className={`cell ${column}`} aria-sort={sorted}>
            {key === undefined ? (
              messages.list.column[column]
            ) : (
              <button type="button" className="sort" onClick={() => sortBy(key)} title={messages.list.sortBy(messages.list.column[column])}>
                {messages.list.column[column]}
                {sorted && <span className={sorted}><Icon name="chevron" /></span>}
              </button>
            )}
          </span>
        );
      })}
    </div>
  );
}
