import { CandorFeedbackElement } from "./element.js";
import { insertFor } from "./script.js";

if (!customElements.get("candor-feedback")) customElements.define("candor-feedback", CandorFeedbackElement);

if (document.currentScript instanceof HTMLScriptElement) insertFor(document.currentScript);
