import { useId, useRef, useState } from "react";

import type { FeedbackState } from "../core/feedback.js";
import type { Target } from "../core/target.js";
import { useFeedback } from "../hooks/use-feedback.js";
import { useCandor } from "../provider.js";
import type { Texts } from "../texts.js";
import { ReasonForm } from "./ReasonForm.js";
import { ThumbIcon } from "./ThumbIcon.js";

export interface FeedbackButtonsProps extends Target {
  /** Whether to ask why after a thumb down; `true` by default. */
  askReason?: boolean | undefined;
  className?: string | undefined;
}

/** 👍 and 👎 for one answer: off until its id is known, changeable, and withdrawn with one click. */
export function FeedbackButtons({ traceId, clientRequestId, askReason = true, className }: FeedbackButtonsProps) {
  const { texts } = useCandor();
  const feedback = useFeedback({ traceId, clientRequestId });
  const id = useId();
  const target = traceId ?? clientRequestId ?? "";
  const [openFor, setOpenFor] = useState<string | null>(null);
  const down = useRef<HTMLButtonElement>(null);
  const isOpen = openFor === target && feedback.verdict === false;

  const give = (verdict: boolean) => {
    feedback.give(verdict);
    setOpenFor(askReason && !verdict ? target : null);
  };
  const close = () => {
    setOpenFor(null);
    down.current?.focus({ preventScroll: true });
  };
  return (
    <div className={`candor-feedback ${className ?? ""}`} role="group" aria-label={texts.question}>
      <div className="candor-feedback-row">
        {[true, false].map((verdict) => (
          <button
            key={String(verdict)}
            ref={verdict ? null : down}
            type="button"
            className="candor-thumb"
            aria-label={verdict ? texts.up : texts.down}
            title={verdict ? texts.up : texts.down}
            aria-pressed={feedback.verdict === verdict}
            {...(verdict || !askReason ? {} : { "aria-expanded": isOpen, "aria-controls": `${id}-why` })}
            disabled={!feedback.isReady}
            // The second click of a double click is no second verdict.
            onClick={(event) => event.detail < 2 && give(verdict)}
          >
            <ThumbIcon isUp={verdict} />
          </button>
        ))}
        <button
          type="button"
          className="candor-link"
          // Hidden, not absent: it keeps its place, so that nothing moves when it appears.
          data-shown={feedback.verdict !== null}
          disabled={feedback.verdict === null}
          onClick={() => {
            feedback.withdraw();
            setOpenFor(null);
          }}
        >
          {texts.withdraw}
        </button>
        <span className="candor-status" role="status">
          {statusText(feedback, texts)}
        </span>
      </div>
      {isOpen && (
        <ReasonForm
          id={`${id}-why`}
          categories={feedback.categories}
          comment={feedback.comment}
          reasons={feedback.reasons}
          onSubmit={(comment, reasons) => {
            feedback.explain(comment, reasons);
            close();
          }}
          onClose={close}
        />
      )}
    </div>
  );
}

function statusText({ status, error }: FeedbackState, texts: Texts): string {
  switch (status) {
    case "idle":
    case "sending":
      return "";
    case "sent":
      return texts.thanks;
    case "queued":
      return texts.queued;
    case "withdrawn":
      return texts.withdrawn;
    case "failed":
      return `${texts.failed} ${error ?? ""}`;
  }
}
