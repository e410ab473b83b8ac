import { Feedback, type FeedbackClient, FEEDBACK_TEXTS, type FeedbackState, type FeedbackTexts, localeOf } from "candor-react/core";

import { clientFor } from "./clients.js";
import { element, thumb } from "./dom.js";
import { reasonForm } from "./reasons.js";
import { homeUrl } from "./script.js";
import { styles } from "./styles.js";

/**
 * 👍 and 👎 for one answer, on any page: `<candor-feedback trace-id="tr-…">`.
 *
 * Attributes: `trace-id`, `client-request-id`, `endpoint`, `user-id`, `session-id`, `lang`. They may
 * change; without an id the buttons are off. It sends the event `candor-feedback` on every change,
 * with the state as its detail.
 */
export class CandorFeedbackElement extends HTMLElement {
  static readonly observedAttributes = ["trace-id", "client-request-id", "endpoint", "user-id", "session-id", "lang"];

  #client: FeedbackClient | null = null;
  #feedback: Feedback | null = null;
  #stop: () => void = () => undefined;
  #texts: FeedbackTexts = FEEDBACK_TEXTS.en;
  #up = thumb(true);
  #down = thumb(false);
  #status = element("span", { className: "status", role: "status" });
  #withdraw = element("button", { type: "button", className: "link" });
  #form: HTMLFormElement | null = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles()];
    const row = element("div", { className: "row" });
    row.append(this.#up, this.#down, this.#withdraw, this.#status);
    root.append(row);
    for (const [button, verdict] of [[this.#up, true], [this.#down, false]] as const) {
      button.addEventListener("click", (event) => {
        // The second click of a double click is no second verdict.
        if (event.detail < 2) this.#give(verdict);
      });
    }
    this.#withdraw.addEventListener("click", () => {
      this.#close();
      this.#feedback?.withdraw();
    });
  }

  connectedCallback(): void {
    this.#bind();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#bind();
  }

  #bind(): void {
    this.#stop();
    this.#close();
    const value = (name: string) => this.getAttribute(name) ?? undefined;
    this.#texts = FEEDBACK_TEXTS[localeOf(value("lang") ?? (document.documentElement.lang || navigator.language))];
    this.#client = clientFor({
      baseUrl: value("endpoint") ?? homeUrl(),
      userId: value("user-id"),
      sessionId: value("session-id"),
    });
    const feedback = new Feedback(this.#client, { traceId: value("trace-id"), clientRequestId: value("client-request-id") });
    this.#feedback = feedback;
    this.#stop = feedback.subscribe(() => {
      this.#show();
      this.dispatchEvent(new CustomEvent("candor-feedback", { detail: feedback.state, bubbles: true, composed: true }));
    });
    this.#show();
  }

  #give(verdict: boolean): void {
    this.#feedback?.give(verdict);
    this.#close();
    if (!verdict) void this.#ask();
  }

  /** Asks for reasons. */
  async #ask(): Promise<void> {
    const feedback = this.#feedback;
    const categories = (await this.#client?.config())?.categories ?? [];
    if (!feedback || feedback !== this.#feedback || feedback.state.verdict !== false || this.#form) return;
    const { comment, reasons } = feedback.state;
    this.#form = reasonForm(this.#texts, { categories, comment, reasons }, (answer) => {
      this.#close();
      if (answer) feedback.explain(answer.comment, answer.reasons);
      this.#down.focus();
    });
    this.shadowRoot?.append(this.#form);
    this.#form.querySelector("textarea")?.focus({ preventScroll: true });
    this.#down.ariaExpanded = "true";
  }

  #close(): void {
    this.#form?.remove();
    this.#form = null;
    this.#down.ariaExpanded = "false";
  }

  #show(): void {
    const feedback = this.#feedback;
    if (!feedback) return;
    const { state, target } = feedback;
    const isReady = Boolean(target.traceId ?? target.clientRequestId);
    this.setAttribute("role", "group");
    this.ariaLabel = this.#texts.question;
    for (const [button, verdict, label] of [[this.#up, true, this.#texts.up], [this.#down, false, this.#texts.down]] as const) {
      button.disabled = !isReady;
      button.setAttribute("aria-pressed", String(state.verdict === verdict));
      button.setAttribute("aria-label", label);
      button.title = label;
    }
    this.#status.textContent = statusText(state, this.#texts);
    this.#withdraw.textContent = this.#texts.withdraw;
    this.#withdraw.disabled = state.verdict === null;
  }
}

function statusText({ status, error }: FeedbackState, texts: FeedbackTexts): string {
  const said = { idle: "", sending: "", sent: texts.thanks, queued: texts.queued, withdrawn: texts.withdrawn };
  return status === "failed" ? `${texts.failed} ${error ?? ""}` : said[status];
}
