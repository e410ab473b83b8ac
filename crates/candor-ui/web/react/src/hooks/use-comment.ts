import { isKnown, type Target } from "../core/target.js";
import { useCandor } from "../provider.js";
import { type Delivery, useDelivery } from "./use-delivery.js";

/** The name under which comments without a verdict are logged. */
export const USER_COMMENT = "user_comment";

export interface UseComment extends Delivery {
  isReady: boolean;
  /** Sends the comment; a later one replaces it. */
  submit: (text: string) => void;
  withdraw: () => void;
}

/** A comment on one answer that needs no verdict, without any markup. */
export function useComment(target: Target): UseComment {
  const { client } = useCandor();
  const slot = isKnown(target) ? client.slot(target, USER_COMMENT) : null;
  const [delivery, follow] = useDelivery(slot);
  return {
    ...delivery,
    isReady: slot !== null,
    submit: (text) => {
      const comment = text.trim();
      if (slot !== null && comment && delivery.status !== "sending") follow(client.record(target, USER_COMMENT, comment));
    },
    withdraw: () => {
      if (slot !== null) follow(client.withdraw(target, USER_COMMENT));
    },
  };
}
