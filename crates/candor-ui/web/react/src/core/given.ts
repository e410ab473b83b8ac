import { pageStorage } from "./storage.js";

/** What a person has said of an answer by a thumb. */
export interface Given {
  verdict: boolean | null;
  comment: string;
  reasons: string[];
}

export const NOTHING_GIVEN: Given = { verdict: null, comment: "", reasons: [] };

/** What was said before the page was loaded anew in the same tab. */
export function recall(slot: string): Given {
  try {
    const text = pageStorage("sessionStorage").getItem(itemName(slot));
    return text ? { ...NOTHING_GIVEN, ...(JSON.parse(text) as Partial<Given>) } : NOTHING_GIVEN;
  } catch {
    return NOTHING_GIVEN;
  }
}

/** Keeps what was said for {@link recall}. */
export function remember(slot: string, given: Given): void {
  const storage = pageStorage("sessionStorage");
  try {
    if (given.verdict === null) storage.removeItem(itemName(slot));
    else storage.setItem(itemName(slot), JSON.stringify(given));
  } catch {
    // Full: after a reload the buttons show nothing pressed; the verdict itself is safe.
  }
}

function itemName(slot: string): string {
  return `candor.given.${slot}`;
}
