import { useEffect, useState, useSyncExternalStore } from "react";
import { ApiError } from "../../api/http";
import type { TraceInfo } from "../../api/types";
import { Failed, Loading } from "../../components/States";
import { useFormats } from "../../state/formats";
import { useMessages } from "../../state/settings";
import { BulkBar } from "./BulkBar";
import { ColumnMenu } from "./ColumnMenu";
import { ExportMenu } from "./ExportMenu";
import { FilterBox } from "./FilterBox";
import { forgetPages, pagesOf } from "./memory";
import type { TracePages } from "./pages";
import { useSearch, useView } from "./query";
import { TraceTable } from "./TraceTable";
import { Views } from "./Views";
import type { TraceSearch } from "../../api/traces";

/** All traces of the experiment and period, with their verdicts. */
export default function Traces() {
  const search = useSearch();
  // A new visit sees what is new; within it, going back and forth does not ask again.
  const [visit, setVisit] = useState(0);
  if (!search) return <Loading />;
  const reload = () => {
    forgetPages();
    setVisit(visit + 1);
  };
  return <List key={visit} search={search} reload={reload} />;
}

function List({ search, reload }: { search: TraceSearch; reload: () => void }) {
  const messages = useMessages();
  const formats = useFormats();
  const view = useView();
  const pages = pagesOf(search);
  const state = useSyncExternalStore(pages.subscribe, pages.snapshot);
  const [selection, setSelection] = useSelection(pages);
  useEffect(() => {
    if (search.experiments.length > 0) pages.want(0, 0);
  }, [pages, search.experiments.length]);
  const isFilterWrong = state.error instanceof ApiError && state.error.status === 400;
  const isEmpty = state.rows === 0 && (state.isComplete || search.experiments.length === 0);
  return (
    <div className="list-page">
      <h1 className="visually-hidden">{messages.list.title}</h1>
      <FilterBox filter={view.filter} search={search} error={isFilterWrong ? state.error : undefined} />
      <div className="toolbar">
        <Views />
        <span className="faint" role="status">
          {state.isComplete ? messages.list.loadedAll(formats.count(state.rows)) : state.rows > 0 ? messages.list.loaded(formats.count(state.rows)) : state.isLoading ? messages.loading : ""}
        </span>
        <span className="spring" />
        <ColumnMenu />
        <ExportMenu search={search} selection={selection} />
      </div>
      {selection.size > 0 && <BulkBar selection={selection} pages={pages} onSelect={setSelection} reload={reload} />}
      {state.error !== undefined && !isFilterWrong && <Failed error={state.error} retry={() => pages.retry()} />}
      {isFilterWrong ? null : isEmpty ? (
        <div className="empty">
          <strong>{messages.noTraces}</strong>
          <p>{messages.noTracesHint}</p>
        </div>
      ) : (
        <TraceTable pages={pages} state={state} view={view} selection={selection} onSelect={setSelection} />
      )}
    </div>
  );
}

export type Selection = ReadonlyMap<string, TraceInfo>;

/** What is selected, of the list that is shown. */
function useSelection(pages: TracePages): [Selection, (selection: Selection) => void] {
  const [state, setState] = useState<{ pages: TracePages; selection: Selection }>({ pages, selection: new Map() });
  const selection = state.pages === pages ? state.selection : new Map<string, TraceInfo>();
  return [selection, (next) => setState({ pages, selection: next })];
}
