import { useState } from "react";
import { useSearchParams } from "wouter";
import { Icon } from "../../components/Icon";
import { useSetParameters } from "../../state/scope";
import { useMessages } from "../../state/settings";

interface View {
  name: string;
  filter?: string | undefined;
  sort?: string | undefined;
  columns?: string | undefined;
}

const KEY = "candor.views";

/** Lists that are often wanted, and one's own. What they show stands in the URL, to be sent to others. */
export function Views() {
  const messages = useMessages();
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  const [own, setOwn] = useState(readViews);
  const [name, setName] = useState<string>();
  const current = { filter: parameters.get("filter") ?? "", sort: parameters.get("sort") ?? "", columns: parameters.get("columns") ?? "" };
  const given: View[] = [
    { name: messages.list.views.all },
    { name: messages.list.views.negative, filter: "feedback.user_feedback = 'false'" },
    { name: messages.list.views.positive, filter: "feedback.user_feedback = 'true'" },
    { name: messages.list.views.errors, filter: "trace.status = 'ERROR'" },
    { name: messages.list.views.slow, sort: "execution_time_ms DESC" },
  ];
  const isCurrent = (view: View) => (view.filter ?? "") === current.filter && (view.sort ?? "") === current.sort && (view.columns ?? current.columns) === current.columns;
  const show = (view: View) => setParameters({ filter: view.filter, sort: view.sort, columns: view.columns ?? current.columns });
  const keep = (views: View[]) => {
    setOwn(views);
    writeViews(views);
  };
  const isNew = ![...given, ...own].some(isCurrent);
  return (
    <div className="views" role="group" aria-label={messages.list.viewsLabel}>
      {given.map((view) => (
        <button key={view.name} type="button" className="chip" aria-pressed={isCurrent(view)} onClick={() => show(view)}>
          {view.name}
        </button>
      ))}
      {own.map((view) => (
        <span key={view.name} className="chip-pair">
          <button type="button" className="chip" aria-pressed={isCurrent(view)} onClick={() => show(view)}>
            {view.name}
          </button>
          <button type="button" className="plain" aria-label={messages.list.deleteView(view.name)} onClick={() => keep(own.filter((other) => other !== view))}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      {isNew && name === undefined && (
        <button type="button" className="chip dashed" onClick={() => setName("")}>
          + {messages.list.saveView}
        </button>
      )}
      {name !== undefined && (
        <form
          className="inline"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== "") keep([...own.filter((view) => view.name !== name.trim()), { name: name.trim(), ...current }]);
            setName(undefined);
          }}
        >
          <input autoFocus aria-label={messages.list.viewName} placeholder={messages.list.viewName} value={name} onChange={(event) => setName(event.target.value)} />
          <button type="submit" className="button">
            {messages.save}
          </button>
        </form>
      )}
    </div>
  );
}

function readViews(): View[] {
  try {
    const views: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(views) ? views.filter((view): view is View => typeof view?.name === "string") : [];
  } catch {
    return [];
  }
}

function writeViews(views: View[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    // Storage is forbidden or full: the view holds until the page is left.
  }
}
