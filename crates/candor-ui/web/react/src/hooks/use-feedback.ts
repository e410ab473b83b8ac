import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { Feedback, type FeedbackState } from "../core/feedback.js";
import { isKnown, type Target } from "../core/target.js";
import { useCandor } from "../provider.js";

export interface UseFeedback extends FeedbackState {
  /** Whether the answer's id is known, so that a verdict can be given. */
  isReady: boolean;
  /** Reasons to offer after a thumb down, from the server's configuration. */
  categories: string[];
  /** Says thumbs up (`true`) or down. Saying the same again changes nothing. */
  give: (verdict: boolean) => void;
  /** Adds a comment and reasons to the verdict. */
  explain: (comment: string, reasons?: string[]) => void;
  /** Takes the verdict back. */
  withdraw: () => void;
}

/** A person's thumb on one answer, without any markup: for buttons of your own design. */
export function useFeedback({ traceId, clientRequestId }: Target): UseFeedback {
  const { client } = useCandor();
  const feedback = useMemo(() => new Feedback(client, { traceId, clientRequestId }), [client, traceId, clientRequestId]);
  const state = useSyncExternalStore(feedback.subscribe, () => feedback.state, () => feedback.state);
  const [categories, setCategories] = useState<string[]>([]);
  // Asked for when it is needed first, so that a page of answers asks nothing until somebody is unhappy.
  const isNegative = state.verdict === false;
  useEffect(() => {
    if (!isNegative) return;
    let isCurrent = true;
    void client.config().then((config) => isCurrent && setCategories(config.categories));
    return () => {
      isCurrent = false;
    };
  }, [client, isNegative]);
  return useMemo(
    () => ({
      ...state,
      isReady: isKnown(feedback.target),
      categories,
      give: (verdict: boolean) => feedback.give(verdict),
      explain: (comment: string, reasons?: string[]) => feedback.explain(comment, reasons),
      withdraw: () => feedback.withdraw(),
    }),
    [feedback, state, categories],
  );
}
