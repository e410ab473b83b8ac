import type { Assessment, FeedbackValue } from "../api/types";
import { others, THUMB, thumbs, valueText } from "../logic/verdicts";
import { useMessages } from "../state/settings";
import { Icon } from "./Icon";

/** One value as a badge: thumbs by colour, form and word, all else as text. */
export function ValueBadge({ name, value, isMuted = false }: { name?: string; value: FeedbackValue | undefined; isMuted?: boolean }) {
  const messages = useMessages();
  const muted = isMuted ? " muted" : "";
  if (typeof value === "boolean" && (name === undefined || name === THUMB)) {
    return (
      <span className={`badge ${value ? "positive" : "negative"}${muted}`}>
        <Icon name={value ? "up" : "down"} />
        {value ? messages.positive : messages.negative}
      </span>
    );
  }
  const tone = typeof value === "boolean" ? (value ? " positive" : " negative") : "";
  return <span className={`badge${tone}${muted}`}>{valueText(value)}</span>;
}

/** What counts on an answer, in little room. */
export function Badges({ assessments }: { assessments: Assessment[] | undefined }) {
  const messages = useMessages();
  const { up, down } = thumbs(assessments);
  const rest = others(assessments);
  if (up + down + rest.length === 0) return <span className="faint" aria-label={messages.noVerdict}>–</span>;
  return (
    <span className="badges">
      {down > 0 && <Count tone="negative" label={messages.negative} count={down} />}
      {up > 0 && <Count tone="positive" label={messages.positive} count={up} />}
      {rest.slice(0, 2).map((assessment) => (
        <span key={assessment.assessment_id} className="badge small" title={`${assessment.assessment_name}: ${valueText(assessment.feedback?.value)}`}>
          {short(assessment)}
        </span>
      ))}
      {rest.length > 2 && <span className="faint">+{rest.length - 2}</span>}
    </span>
  );
}

function Count({ tone, label, count }: { tone: "positive" | "negative"; label: string; count: number }) {
  return (
    <span className={`badge ${tone}`} role="img" aria-label={`${label}: ${count}`} title={label}>
      <Icon name={tone === "positive" ? "up" : "down"} />
      {count > 1 && count}
    </span>
  );
}

function short({ assessment_name, feedback }: Assessment): string {
  const value = feedback?.error ? "!" : valueText(feedback?.value);
  // What a text says is more than what it is called.
  return typeof feedback?.value === "number" ? `${assessment_name.replace(/^user_/, "")} ${value}` : value;
}
