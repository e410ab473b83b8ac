import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteTraces, setTag } from "../../api/traces";
import { Icon } from "../../components/Icon";
import { groupBy } from "../../logic/group";
import { useFormats } from "../../state/formats";
import { useMessages } from "../../state/settings";
import type { TracePages } from "./pages";
import type { Selection } from "./Traces";

interface BulkProps {
  selection: Selection;
  pages: TracePages;
  onSelect: (selection: Selection) => void;
  reload: () => void;
}

/** What can be done with all that is selected. */
export function BulkBar({ selection, pages, onSelect, reload }: BulkProps) {
  const messages = useMessages();
  const formats = useFormats();
  const client = useQueryClient();
  const [asks, setAsks] = useState<"delete" | "tag">();
  const [status, setStatus] = useState("");
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const count = formats.count(selection.size);

  const remove = async () => {
    try {
      const byExperiment = groupBy(selection.values(), (trace) => trace.trace_location?.mlflow_experiment?.experiment_id ?? "0");
      for (const [experiment, traces] of byExperiment) await deleteTraces(experiment, traces.map((trace) => trace.trace_id));
      await client.invalidateQueries();
      reload();
    } catch (error) {
      setStatus(error instanceof Error ? error.message : String(error));
    }
    setAsks(undefined);
  };
  const tag = async () => {
    const done = await Promise.allSettled([...selection.keys()].map((id) => setTag(id, key.trim(), value)));
    const failed = done.filter((one) => one.status === "rejected");
    const why = failed[0]?.reason instanceof Error ? failed[0].reason.message : "";
    setStatus(failed.length > 0 ? messages.list.failedSome(formats.count(failed.length), why) : messages.list.done(count));
    pages.replace((trace) => (selection.has(trace.trace_id) ? { ...trace, tags: { ...trace.tags, [key.trim()]: value } } : trace));
    setAsks(undefined);
  };
  return (
    <div className="bulk" role="region" aria-label={messages.list.selected(count)}>
      <strong>{messages.list.selected(count)}</strong>
      <button type="button" className="button" onClick={() => onSelect(new Map(pages.loaded().map((trace) => [trace.trace_id, trace])))}>
        {messages.list.selectLoaded}
      </button>
      <button type="button" className="button" onClick={() => onSelect(new Map())}>
        {messages.list.unselect}
      </button>
      <span className="spring" role="status">
        {status}
      </span>
      {asks === "tag" ? (
        <form
          className="inline"
          onSubmit={(event) => {
            event.preventDefault();
            void tag();
          }}
        >
          <input autoFocus required aria-label={messages.list.tagKey} placeholder={messages.list.tagKey} value={key} onChange={(event) => setKey(event.target.value)} />
          <input aria-label={messages.list.tagValue} placeholder={messages.list.tagValue} value={value} onChange={(event) => setValue(event.target.value)} />
          <button type="submit" className="button primary">
            {messages.save}
          </button>
        </form>
      ) : asks === "delete" ? (
        <>
          <span>{messages.list.removeSure(count)}</span>
          <button type="button" className="button danger" onClick={() => void remove()}>
            {messages.list.remove}
          </button>
          <button type="button" className="button" onClick={() => setAsks(undefined)}>
            {messages.cancel}
          </button>
        </>
      ) : (
        <>
          <button type="button" className="button" onClick={() => setAsks("tag")}>
            {messages.list.tag}
          </button>
          <button type="button" className="button" onClick={() => setAsks("delete")}>
            <Icon name="trash" />
            {messages.list.remove}
          </button>
        </>
      )}
    </div>
  );
}
