import { useId, useState } from "react";

import type { Target } from "../core/target.js";
import { useComment } from "../hooks/use-comment.js";
import { useCandor } from "../provider.js";
import { DeliveryStatus } from "./DeliveryStatus.js";

export interface CommentBoxProps extends Target {
  className?: string | undefined;
}

/** A comment on one answer that needs no verdict; logged as `user_comment`. */
export function CommentBox({ traceId, clientRequestId, className }: CommentBoxProps) {
  const { texts } = useCandor();
  const comment = useComment({ traceId, clientRequestId });
  const [text, setText] = useState("");
  const id = useId();
  return (
    <form
      className={`candor-comment ${className ?? ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        comment.submit(text);
      }}
    >
      <label htmlFor={id}>{texts.comment}</label>
      <textarea id={id} rows={3} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="candor-actions">
        <button type="submit" className="candor-button" disabled={!comment.isReady || !text.trim() || comment.status === "sending"}>
          {texts.send}
        </button>
        <DeliveryStatus {...comment} />
      </div>
    </form>
  );
}
