import type { Delivery } from "../hooks/use-delivery.js";
import { useCandor } from "../provider.js";

/** Says how what was sent fares; read out by screen readers. */
export function DeliveryStatus({ status, error }: Delivery) {
  const { texts } = useCandor();
  const said = { idle: "", sending: "", sent: texts.thanks, queued: texts.queued, failed: `${texts.failed} ${error ?? ""}` };
  return <span className="candor-status" role="status">{said[status]}</span>;
}
