import { useEffect, useState } from "react";

import type { Dimension } from "../core/client.js";
import { isKnown, type Target } from "../core/target.js";
import { useCandor } from "../provider.js";
import { type Delivery, useDelivery } from "./use-delivery.js";

export interface UseRating extends Delivery {
  isReady: boolean;
  /** The server's dimensions, unless others were passed; empty until they are known. */
  dimensions: Dimension[];
  scores: Record<string, number>;
  /** Whether every dimension has its score. */
  isComplete: boolean;
  setScore: (dimension: string, score: number) => void;
  /** Sends the scores; a later submission replaces the earlier one. */
  submit: (comment?: string) => void;
}

/** Scores of one answer in several dimensions, without any markup. */
export function useRating(target: Target, ownDimensions?: Dimension[]): UseRating {
  const { client } = useCandor();
  const slot = isKnown(target) ? client.slot(target, "ratings") : null;
  const [delivery, follow] = useDelivery(slot);
  const [asked, setAsked] = useState<Dimension[]>([]);
  const [rated, setRated] = useState<{ slot: string | null; scores: Record<string, number> }>({ slot, scores: {} });
  useEffect(() => {
    if (ownDimensions) return;
    let isCurrent = true;
    void client.config().then((config) => isCurrent && setAsked(config.dimensions));
    return () => {
      isCurrent = false;
    };
  }, [client, ownDimensions]);
  const dimensions = ownDimensions ?? asked;
  const scores = rated.slot === slot ? rated.scores : {};
  const isComplete = dimensions.length > 0 && dimensions.every(({ name }) => scores[name] !== undefined);
  return {
    ...delivery,
    isReady: slot !== null,
    dimensions,
    scores,
    isComplete,
    setScore: (dimension, score) => setRated({ slot, scores: { ...scores, [dimension]: score } }),
    submit: (comment) => {
      if (slot !== null && isComplete && delivery.status !== "sending") follow(client.rate(target, scores, comment));
    },
  };
}
