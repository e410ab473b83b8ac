/** The answer that is judged: any id the app has. At least one; several must belong to one trace. */
export interface Target {
  /** `tr-` and 32 hex digits, or the digits alone. */
  traceId?: string | undefined;
  /** The app's own id of the request. */
  clientRequestId?: string | undefined;
}

/** Whether there is an id to send a verdict to. */
export function isKnown(target: Target): boolean {
  return Boolean(target.traceId ?? target.clientRequestId);
}

/** One text per answer, for keys of maps and of storage. */
export function targetKey(target: Target): string {
  return target.traceId ? `trace:${target.traceId}` : `request:${target.clientRequestId ?? ""}`;
}

/** The ids by the names that the HTTP API gives them. */
export function targetFields(target: Target): Record<string, string> {
  const fields: Record<string, string> = {};
  if (target.traceId) fields["trace_id"] = target.traceId;
  if (target.clientRequestId) fields["client_request_id"] = target.clientRequestId;
  return fields;
}
