import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import type { TraceSearch } from "../../api/traces";
import { Icon } from "../../components/Icon";
import { accept, complete, errorColumn, type Completion } from "../../logic/filter";
import { useSetParameters } from "../../state/scope";
import { useMessages } from "../../state/settings";

const NOTHING: Completion = { options: [], from: 0 };

/** The filter language, with what may follow, and with a mark where the server finds fault. */
export function FilterBox({ filter, search, error }: { filter: string; search: TraceSearch; error: unknown }) {
  // A filter that came by a link begins anew; one that is typed is not disturbed.
  return <Box key={filter} filter={filter} sent={search.filter} error={error instanceof Error ? error.message : undefined} />;
}

function Box({ filter, sent, error }: { filter: string; sent: string; error: string | undefined }) {
  const messages = useMessages();
  const setParameters = useSetParameters();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(filter);
  const [completion, setCompletion] = useState(NOTHING);
  const [active, setActive] = useState(-1);
  useSlashKey(input);

  const suggest = (value: string, caret: number) => {
    setCompletion(complete(value, caret));
    setActive(-1);
  };
  const close = () => setCompletion(NOTHING);
  const submit = () => {
    close();
    setParameters({ filter: text.trim() });
  };
  const take = (option: string) => {
    const caret = input.current?.selectionStart ?? text.length;
    const next = accept(text, caret, completion, option);
    setText(next.text);
    suggest(next.text, next.caret);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const onKey = (event: KeyboardEvent) => {
    const { options } = completion;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length > 0) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + options.length) % options.length);
    } else if (event.key === "Escape") {
      close();
    } else if (event.key === "Tab" && options.length > 0 && active >= 0) {
      event.preventDefault();
      take(options[active] ?? "");
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = options[active];
      if (option === undefined) submit();
      else take(option);
    }
  };
  const isOpen = completion.options.length > 0;
  // The server counts in what was sent, which begins with the period.
  const column = error === undefined ? undefined : errorColumn(error);
  const own = column === undefined ? undefined : column - (sent.length - filter.length);
  return (
    <form
      className="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="filter-field">
        <Icon name="search" />
        <input
          ref={input}
          type="text"
          role="combobox"
          spellCheck={false}
          autoComplete="off"
          aria-label={messages.list.filter}
          aria-expanded={isOpen}
          aria-controls={`${id}-options`}
          aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={error !== undefined}
          aria-describedby={error === undefined ? undefined : `${id}-error`}
          placeholder={messages.list.filterHint}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            suggest(event.target.value, event.target.selectionStart ?? event.target.value.length);
          }}
          onClick={(event) => suggest(text, event.currentTarget.selectionStart ?? text.length)}
          onFocus={() => suggest(text, text.length)}
          onBlur={close}
          onKeyDown={onKey}
        />
        {text !== "" && (
          <button type="button" className="plain" aria-label={messages.list.clear} onClick={() => { setText(""); setParameters({ filter: undefined }); }}>
            <Icon name="close" />
          </button>
        )}
        <ul id={`${id}-options`} role="listbox" aria-label={messages.list.suggestions} hidden={!isOpen}>
          {completion.options.map((option, index) => (
            <li
              key={option}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              onPointerDown={(event) => {
                event.preventDefault();
                take(option);
              }}
            >
              {option}
            </li>
          ))}
        </ul>
      </div>
      <button type="submit" className="button">
        {messages.list.apply}
      </button>
      {error !== undefined && (
        <div className="filter-error" id={`${id}-error`} role="alert">
          <p>{own === undefined ? error : error.split("\n")[0]?.replace(/ at column \d+/, ` at column ${own + 1}`)}</p>
          {own !== undefined && own >= 0 && own <= filter.length && <Pointer filter={filter} column={own} />}
        </div>
      )}
    </form>
  );
}

function Pointer({ filter, column }: { filter: string; column: number }) {
  const rest = filter.slice(column);
  const wrong = /^\S+/.exec(rest)?.[0] ?? " ";
  return (
    <code>
      {filter.slice(0, column)}
      <mark>{wrong}</mark>
      {rest.slice(wrong.length)}
    </code>
  );
}

/** The key `/` leads into the box, as in many lists. */
function useSlashKey(input: { current: HTMLInputElement | null }) {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || (event.target as Element).closest("input, textarea, select")) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [input]);
}
