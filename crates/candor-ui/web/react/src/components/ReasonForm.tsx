import { useEffect, useId, useRef, useState } from "react";

import { useCandor } from "../provider.js";

export interface ReasonFormProps {
  id?: string | undefined;
  /** Reasons to choose from. */
  categories: string[];
  /** What was said before. */
  comment: string;
  reasons: string[];
  onSubmit: (comment: string, reasons: string[]) => void;
  onClose: () => void;
}

/** Asks what was wrong. It lies over what follows, so that nothing moves; Escape closes it. */
export function ReasonForm({ id, categories, comment, reasons, onSubmit, onClose }: ReasonFormProps) {
  const { texts } = useCandor();
  const [chosen, setChosen] = useState(reasons);
  const [text, setText] = useState(comment);
  const field = useRef<HTMLTextAreaElement>(null);
  const commentId = useId();
  useEffect(() => field.current?.focus({ preventScroll: true }), []);

  const toggle = (category: string) =>
    setChosen(chosen.includes(category) ? chosen.filter((other) => other !== category) : [...chosen, category]);
  return (
    <form
      id={id}
      className="candor-why"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(text, chosen);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <fieldset className="candor-plain">
        <legend>{texts.why}</legend>
        <div className="candor-chips">
          {categories.map((category) => (
            <label key={category} className="candor-chip">
              <input type="checkbox" checked={chosen.includes(category)} onChange={() => toggle(category)} />
              {texts.categories[category] ?? category}
            </label>
          ))}
        </div>
      </fieldset>
      <label htmlFor={commentId}>{texts.comment}</label>
      <textarea id={commentId} ref={field} rows={3} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="candor-actions">
        <button type="submit" className="candor-button">{texts.send}</button>
        <button type="button" className="candor-link" data-shown onClick={onClose}>{texts.close}</button>
      </div>
    </form>
  );
}
