import { useState } from "react";
import { search as searchTraces, type TraceSearch } from "../../api/traces";
import type { TraceInfo } from "../../api/types";
import { Menu } from "../../components/Menu";
import { csv, jsonLines, save } from "../../logic/export";
import { useFormats } from "../../state/formats";
import { useMessages } from "../../state/settings";
import type { Selection } from "./Traces";

/** As many traces as a browser can hold without trouble; `candor export` has no limit. */
const LIMIT = 20_000;
const PAGE = 500;

const FORMS = {
  JSONL: { write: jsonLines, name: "traces.jsonl", type: "application/jsonl" },
  CSV: { write: csv, name: "traces.csv", type: "text/csv;charset=utf-8" },
} as const;

/** Saves what is selected, or else all that the search finds. */
export function ExportMenu({ search, selection }: { search: TraceSearch; selection: Selection }) {
  const messages = useMessages();
  const formats = useFormats();
  const [status, setStatus] = useState("");
  const run = async ({ write, name, type }: (typeof FORMS)[keyof typeof FORMS]) => {
    try {
      const chosen = [...selection.values()];
      const traces = chosen.length > 0 ? chosen : await all(search, (count) => setStatus(messages.list.exporting(formats.count(count))));
      save(write(traces), name, type);
      setStatus(traces.length < LIMIT ? "" : messages.list.exportLimit(formats.count(LIMIT)));
    } catch (error) {
      setStatus(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <span className="faint" role="status">
        {status}
      </span>
      <Menu label={messages.list.exportAs}>
        {(Object.keys(FORMS) as (keyof typeof FORMS)[]).map((form) => (
          <button key={form} type="button" className="item" onClick={() => void run(FORMS[form])}>
            {form}
          </button>
        ))}
      </Menu>
    </>
  );
}

async function all(search: TraceSearch, onProgress: (count: number) => void): Promise<TraceInfo[]> {
  const traces: TraceInfo[] = [];
  let token: string | undefined;
  do {
    const page = await searchTraces(search, PAGE, token);
    traces.push(...(page.traces ?? []));
    token = page.next_page_token;
    onProgress(traces.length);
  } while (token !== undefined && traces.length < LIMIT);
  return traces.slice(0, LIMIT);
}
