import { useId, useState } from "react";

import type { Dimension } from "../core/client.js";
import type { Target } from "../core/target.js";
import { useRating } from "../hooks/use-rating.js";
import { useCandor } from "../provider.js";
import { DeliveryStatus } from "./DeliveryStatus.js";

export interface RatingFormProps extends Target {
  /** What to rate, and on which scales; by default what the server asks. */
  dimensions?: Dimension[] | undefined;
  className?: string | undefined;
}

/** Scores for one answer in several dimensions, with a comment. */
export function RatingForm({ traceId, clientRequestId, dimensions, className }: RatingFormProps) {
  const { texts } = useCandor();
  const rating = useRating({ traceId, clientRequestId }, dimensions);
  const [comment, setComment] = useState("");
  const id = useId();
  return (
    <form
      className={`candor-rating ${className ?? ""}`}
      aria-label={texts.rate}
      onSubmit={(event) => {
        event.preventDefault();
        rating.submit(comment.trim());
      }}
    >
      {rating.dimensions.map((dimension) => (
        <fieldset key={dimension.name} className="candor-plain" disabled={!rating.isReady}>
          <legend>{texts.dimensions[dimension.name] ?? dimension.name}</legend>
          <div className="candor-scale">
            {scoresOf(dimension).map((score) => (
              <label key={score} className="candor-score">
                <input
                  type="radio"
                  name={`${id}-${dimension.name}`}
                  value={score}
                  checked={rating.scores[dimension.name] === score}
                  onChange={() => rating.setScore(dimension.name, score)}
                />
                {score}
              </label>
            ))}
          </div>
        </fieldset>
      ))}
      <label htmlFor={`${id}-comment`}>{texts.optionalComment}</label>
      <textarea id={`${id}-comment`} rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      <div className="candor-actions">
        <button type="submit" className="candor-button" disabled={!rating.isReady || !rating.isComplete || rating.status === "sending"}>
          {texts.submit}
        </button>
        <DeliveryStatus {...rating} />
      </div>
    </form>
  );
}

function scoresOf({ min, max }: Dimension): number[] {
  return Array.from({ length: max - min + 1 }, (_, step) => min + step);
}
