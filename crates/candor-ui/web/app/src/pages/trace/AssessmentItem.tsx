import { useState, type ReactNode } from "react";
import type { Assessment } from "../../api/types";
import { Icon, type IconName } from "../../components/Icon";
import { Json } from "../../components/Json";
import { ValueBadge } from "../../components/Verdict";
import { isRetraction, valueOf, type Standing } from "../../logic/verdicts";
import { useFormats } from "../../state/formats";
import { useNow } from "../../state/now";
import { useMessages } from "../../state/settings";

interface ItemProps {
  standing: Standing;
  spanName: string | undefined;
  onEdit: () => void;
  onOverride: () => void;
  onDelete: () => Promise<void>;
}

/** One verdict with who, when and why, and what it replaced. */
export function AssessmentItem({ standing, spanName, onEdit, onOverride, onDelete }: ItemProps) {
  const messages = useMessages();
  const [isSure, setIsSure] = useState(false);
  const { current, history, isWithdrawn } = standing;
  return (
    <li className="assessment">
      <Said assessment={current}>
        {isSure ? null : (
          <span className="actions">
            {!isWithdrawn && <Action icon="edit" label={messages.trace.editVerdict} name={current.assessment_name} onClick={onEdit} />}
            {!isWithdrawn && <Action icon="replace" label={messages.trace.overrideVerdict} name={current.assessment_name} onClick={onOverride} />}
            <Action icon="trash" label={messages.trace.deleteVerdict} name={current.assessment_name} onClick={() => setIsSure(true)} />
          </span>
        )}
      </Said>
      {spanName !== undefined && <p className="faint">{messages.trace.onSpan(spanName)}</p>}
      <OwnMetadata assessment={current} />
      {history.length > 0 && (
        <details>
          <summary>{messages.trace.history(String(history.length))}</summary>
          <ol className="history">
            {history.map((older) => (
              <li key={older.assessment_id}>
                <Said assessment={older} isMuted />
              </li>
            ))}
          </ol>
        </details>
      )}
      {isSure && (
        <div className="sure">
          <span>{messages.trace.deleteSure(current.assessment_name)}</span>
          <button type="button" className="button danger" onClick={() => void onDelete()}>
            {messages.trace.deleteVerdict}
          </button>
          <button type="button" className="button" onClick={() => setIsSure(false)}>
            {messages.cancel}
          </button>
        </div>
      )}
    </li>
  );
}

function Said({ assessment, isMuted = false, children }: { assessment: Assessment; isMuted?: boolean; children?: ReactNode }) {
  const messages = useMessages();
  const formats = useFormats();
  const now = useNow();
  const value = valueOf(assessment);
  const error = assessment.feedback?.error;
  // Short lists are labels; what is deeper is shown as a tree.
  const isDeep = typeof value === "object" && value !== null && !(Array.isArray(value) && value.every((item) => typeof item !== "object"));
  return (
    <div className={isMuted ? "said muted" : "said"}>
      <div className="said-head">
        {isRetraction(assessment) ? (
          <span className="badge muted">{messages.withdrawn}</span>
        ) : error ? (
          <span className="badge negative">{messages.error}</span>
        ) : isDeep ? null : (
          <ValueBadge name={assessment.assessment_name} value={value} isMuted={isMuted} />
        )}
        <strong className="ellipsis">{assessment.assessment_name}</strong>
      </div>
      {isDeep && <Json value={value} />}
      {error && (
        <p className="tone-negative">
          {error.error_code} {error.error_message}
        </p>
      )}
      {assessment.rationale && <q>{assessment.rationale}</q>}
      <div className="said-by">
        <span className="ellipsis">
          {assessment.source.source_type !== "HUMAN" && <span className="badge small">{assessment.source.source_type}</span>} {assessment.source.source_id}
        </span>
        <span>·</span>
        <time dateTime={assessment.create_time} title={formats.time(assessment.create_time)}>
          {formats.ago(assessment.create_time, now)}
        </time>
        <span className="spring" />
        {children}
      </div>
    </div>
  );
}

/** Metadata that people and programs gave; the server's own stays out of sight. */
function OwnMetadata({ assessment }: { assessment: Assessment }) {
  const own = Object.entries(assessment.metadata ?? {}).filter(([key]) => !key.startsWith("candor.") && !key.startsWith("mlflow."));
  if (own.length === 0) return null;
  return (
    <p className="faint">
      {own.map(([key, value]) => `${key}: ${value}`).join(" · ")}
    </p>
  );
}

function Action({ icon, label, name, onClick }: { icon: IconName; label: string; name: string; onClick: () => void }) {
  return (
    <button type="button" className="plain" aria-label={`${label}: ${name}`} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
