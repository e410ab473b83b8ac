import { useState } from "react";
import { assess, edit, judge, removeAssessment, type Draft } from "../../api/traces";
import type { Assessment, TraceInfo } from "../../api/types";
import { Icon } from "../../components/Icon";
import type { Span } from "../../logic/spans";
import { isFeedback, standings, THUMB } from "../../logic/verdicts";
import { useMessages, useSettings } from "../../state/settings";
import { AssessmentForm } from "./AssessmentForm";
import { AssessmentItem } from "./AssessmentItem";

interface AssessmentsProps {
  info: TraceInfo;
  spans: Span[];
  selected: Span | undefined;
  onChange: () => Promise<void>;
}

type Task = { kind: "add" } | { kind: "edit" | "override"; assessment: Assessment };

/** Every verdict on the answer and its spans, and one's own. */
export function Assessments({ info, spans, selected, onChange }: AssessmentsProps) {
  const messages = useMessages();
  const { reviewer } = useSettings();
  const [task, setTask] = useState<Task>();
  const [error, setError] = useState<string>();
  const all = standings(info.assessments ?? []);
  const verdicts = all.filter(({ current }) => isFeedback(current));
  const expectations = all.filter(({ current }) => !isFeedback(current));
  const mine = verdicts.find(({ current }) => current.assessment_name === THUMB && current.source.source_id === reviewer && reviewer !== "");

  const run = async (work: Promise<unknown>) => {
    setError(undefined);
    try {
      await work;
      await onChange();
      setTask(undefined);
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
  };
  const thumb = (value: boolean) =>
    run(judge(info.trace_id, { kind: "feedback", name: THUMB, value, rationale: "", reviewer }));
  const save = (draft: Draft) => {
    if (task?.kind === "edit") return run(edit(task.assessment, draft));
    if (task?.kind === "override") return run(assess(info.trace_id, draft, task.assessment.assessment_id));
    return run(draft.kind === "feedback" ? judge(info.trace_id, draft) : assess(info.trace_id, draft));
  };
  const item = (standing: (typeof all)[number]) => (
    <AssessmentItem
      key={standing.current.assessment_id}
      standing={standing}
      spanName={spans.find((span) => span.id === standing.current.span_id)?.name}
      onEdit={() => setTask({ kind: "edit", assessment: standing.current })}
      onOverride={() => setTask({ kind: "override", assessment: standing.current })}
      onDelete={() => run(removeAssessment(standing.current))}
    />
  );
  return (
    <section className="card verdicts" aria-labelledby="verdicts">
      <header>
        <h2 id="verdicts">{messages.trace.verdicts}</h2>
        <span className="spring" />
        {([true, false] as const).map((value) => (
          <button
            key={String(value)}
            type="button"
            className={`button thumb ${value ? "positive" : "negative"}`}
            aria-label={value ? messages.trace.good : messages.trace.bad}
            aria-pressed={mine?.current.feedback?.value === value}
            onClick={() => void thumb(value)}
          >
            <Icon name={value ? "up" : "down"} />
          </button>
        ))}
        <button type="button" className="button" title={messages.trace.addVerdict} onClick={() => setTask({ kind: "add" })}>
          {messages.trace.add}
        </button>
      </header>
      {error !== undefined && <p className="failed" role="alert">{error}</p>}
      {task && (
        <AssessmentForm
          key={task.kind + (task.kind === "add" ? "" : task.assessment.assessment_id)}
          old={task.kind === "add" ? undefined : task.assessment}
          span={selected}
          onSave={save}
          onCancel={() => setTask(undefined)}
        />
      )}
      {verdicts.length === 0 ? <p className="empty">{messages.trace.noVerdicts}</p> : <ul>{verdicts.map(item)}</ul>}
      {expectations.length > 0 && (
        <>
          <h3>{messages.trace.expectations}</h3>
          <ul>{expectations.map(item)}</ul>
        </>
      )}
    </section>
  );
}
