import { useState } from "react";
import type { Draft } from "../../api/traces";
import type { Assessment, FeedbackValue } from "../../api/types";
import { readValue, type ValueKind } from "../../logic/draft";
import type { Span } from "../../logic/spans";
import { isFeedback, THUMB, valueOf } from "../../logic/verdicts";
import { useMessages, useSettings } from "../../state/settings";

const KINDS: ValueKind[] = ["boolean", "number", "text", "json"];

interface FormProps {
  /** What is edited or overridden; none for a new one. */
  old: Assessment | undefined;
  span: Span | undefined;
  onSave: (draft: Draft) => Promise<void>;
  onCancel: () => void;
}

/** Says what one thinks, of the whole or of a span. */
export function AssessmentForm({ old, span, onSave, onCancel }: FormProps) {
  const messages = useMessages();
  const { reviewer, setReviewer } = useSettings();
  const oldValue = old && valueOf(old);
  const [kind, setKind] = useState<Draft["kind"]>(old && !isFeedback(old) ? "expectation" : "feedback");
  const [name, setName] = useState(old?.assessment_name ?? THUMB);
  const [valueKind, setValueKind] = useState<ValueKind>(old ? kindOf(oldValue) : "boolean");
  const [text, setText] = useState(old ? textOf(oldValue) : "true");
  const [rationale, setRationale] = useState(old?.rationale ?? "");
  const [isOnSpan, setIsOnSpan] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const value = readValue(valueKind, text);
  const submit = async () => {
    if (value === undefined || isBusy) return;
    setIsBusy(true);
    const spanId = old ? old.span_id : isOnSpan ? span?.id : undefined;
    await onSave({ kind, name: name.trim(), value, rationale: rationale.trim(), spanId, reviewer: reviewer.trim() });
    setIsBusy(false);
  };
  return (
    <form
      className="assessment-form"
      aria-label={messages.trace.addVerdict}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {!old && (
        <label>
          {messages.trace.kind}
          <select value={kind} onChange={(event) => {
            setKind(event.target.value as Draft["kind"]);
            if (event.target.value === "expectation" && name === THUMB) { setName("expected_answer"); setValueKind("text"); setText(""); }
          }}>
            <option value="feedback">{messages.trace.kinds.feedback}</option>
            <option value="expectation">{messages.trace.kinds.expectation}</option>
          </select>
        </label>
      )}
      {!old && (
        <label>
          {messages.trace.name}
          <input required maxLength={250} value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      <label>
        {messages.trace.valueKind}
        <select value={valueKind} onChange={(event) => { setValueKind(event.target.value as ValueKind); setText(event.target.value === "boolean" ? "true" : ""); }}>
          {KINDS.map((form) => (
            <option key={form} value={form}>{messages.trace.valueKinds[form]}</option>
          ))}
        </select>
      </label>
      <label>
        {messages.trace.value}
        {valueKind === "boolean" ? (
          <select value={text} onChange={(event) => setText(event.target.value)}>
            <option value="true">{messages.positive}</option>
            <option value="false">{messages.negative}</option>
          </select>
        ) : valueKind === "number" ? (
          <input type="number" step="any" required value={text} onChange={(event) => setText(event.target.value)} />
        ) : (
          <textarea required rows={2} value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </label>
      {value === undefined && text !== "" && <p className="tone-negative wide">{messages.trace.badValue}</p>}
      <label className="wide">
        {messages.trace.rationale}
        <textarea rows={2} value={rationale} onChange={(event) => setRationale(event.target.value)} />
      </label>
      {!old && span && (
        <label>
          {messages.trace.target}
          <select value={isOnSpan ? "span" : ""} onChange={(event) => setIsOnSpan(event.target.value === "span")}>
            <option value="">{messages.trace.wholeTrace}</option>
            <option value="span">{messages.trace.thisSpan(span.name)}</option>
          </select>
        </label>
      )}
      <label title={messages.trace.reviewerHint}>
        {messages.trace.reviewer}
        <input value={reviewer} maxLength={250} onChange={(event) => setReviewer(event.target.value)} />
      </label>
      <div className="form-end">
        <button type="submit" className="button primary" disabled={value === undefined || isBusy}>
          {messages.save}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {messages.cancel}
        </button>
      </div>
    </form>
  );
}

function kindOf(value: FeedbackValue | undefined): ValueKind {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return "number";
  return typeof value === "object" && value !== null ? "json" : "text";
}

function textOf(value: FeedbackValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
