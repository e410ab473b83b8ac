/** Where the widget was loaded from: its server takes the verdicts unless the page says otherwise. */
const home = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";

/** The server that the widget came from. */
export function homeUrl(): string {
  return home ? new URL(".", home).href : "";
}

/** Puts the buttons where a `<script data-trace-id>` stands; nothing for one that names no answer. */
export function insertFor(script: HTMLScriptElement): void {
  const { traceId, clientRequestId, endpoint, userId, sessionId, lang } = script.dataset;
  if (!traceId && !clientRequestId) return;
  const element = document.createElement("candor-feedback");
  const attributes = {
    "trace-id": traceId,
    "client-request-id": clientRequestId,
    endpoint,
    "user-id": userId,
    "session-id": sessionId,
    lang,
  };
  for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, value);
  script.after(element);
}
