import { useEffect, useState } from "react";

import type { Outcome } from "../core/parcel.js";
import { useCandor } from "../provider.js";

export interface Delivery {
  status: "idle" | "sending" | "sent" | "queued" | "failed";
  /** Why the server refused it; null unless `failed`. */
  error: string | null;
}

const IDLE: Delivery = { status: "idle", error: null };

/** How what was sent in a slot fares; `slot` is null as long as there is nothing to send to. */
export function useDelivery(slot: string | null): [Delivery, (outcome: Promise<Outcome>) => void] {
  const { client } = useCandor();
  const [known, setKnown] = useState<{ slot: string | null; delivery: Delivery }>({ slot, delivery: IDLE });
  useEffect(() => {
    if (slot === null) return;
    return client.outbox.listen(slot, (outcome) => setKnown({ slot, delivery: deliveryOf(outcome) }));
  }, [client, slot]);
  const follow = (outcome: Promise<Outcome>) => {
    setKnown({ slot, delivery: { status: "sending", error: null } });
    void outcome.then((settled) => setKnown({ slot, delivery: deliveryOf(settled) }));
  };
  // What was said of another answer is no news of this one.
  return [known.slot === slot ? known.delivery : IDLE, follow];
}

function deliveryOf(outcome: Outcome): Delivery {
  return { status: outcome.state, error: outcome.state === "failed" ? outcome.reason : null };
}
