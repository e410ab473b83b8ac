import type { FeedbackTexts } from "candor-react/core";

import { element } from "./dom.js";

export interface Reasons {
  comment: string;
  reasons: string[];
}

/** A form that asks what was wrong; calls `done` with the answer, or with null when it was closed. */
export function reasonForm(
  texts: FeedbackTexts,
  { categories, comment, reasons }: Reasons & { categories: string[] },
  done: (answer: Reasons | null) => void,
): HTMLFormElement {
  const form = element("form", { className: "why" });
  const chips = element("fieldset");
  chips.append(element("legend", { textContent: texts.why }));
  const boxes = categories.map((category) => {
    const box = element("input", { type: "checkbox", value: category, checked: reasons.includes(category) });
    const label = element("label", { className: "chip" });
    label.append(box, texts.categories[category] ?? category);
    chips.append(label);
    return box;
  });
  const text = element("textarea", { rows: 3, value: comment });
  const label = element("label", { textContent: texts.comment });
  label.append(text);
  const close = element("button", { type: "button", className: "link", textContent: texts.close });
  const send = element("button", { type: "submit", className: "send", textContent: texts.send });
  const actions = element("div", { className: "row" });
  actions.append(send, close);
  form.append(chips, label, actions);

  close.addEventListener("click", () => done(null));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done(null);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    done({ comment: text.value, reasons: boxes.filter((box) => box.checked).map((box) => box.value) });
  });
  return form;
}
