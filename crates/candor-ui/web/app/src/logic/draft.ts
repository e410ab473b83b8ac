import type { FeedbackValue } from "../api/types";

export type ValueKind = "boolean" | "number" | "text" | "json";

/** The value that a text stands for; undefined when it is none of that kind. */
export function readValue(kind: ValueKind, text: string): FeedbackValue | undefined {
  switch (kind) {
    case "boolean":
      return text === "true";
    case "number": {
      const number = Number(text);
      return text.trim() !== "" && Number.isFinite(number) ? number : undefined;
    }
    case "text":
      return text === "" ? undefined : text;
    case "json":
      try {
        return JSON.parse(text) as FeedbackValue;
      } catch {
        return undefined;
      }
  }
}
