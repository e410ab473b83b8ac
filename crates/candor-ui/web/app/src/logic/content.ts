/** What is said in the inputs and outputs of traces, whatever form they have. */

export interface Message {
  role: string;
  text: string;
}

/** Keys under which applications keep their question or answer, the best known first. */
const TEXT_KEYS = ["question", "message", "query", "prompt", "input", "response", "answer", "output", "content", "text", "result"];

/** The messages of a chat in the shapes that are about, or none. */
export function messages(value: unknown): Message[] | undefined {
  if (!isObject(value) && !Array.isArray(value)) return undefined;
  if (Array.isArray(value)) {
    const found = value.map(message);
    return found.length > 0 && found.every((one) => one !== undefined) ? (found as Message[]) : undefined;
  }
  if (Array.isArray(value["messages"])) return messages(value["messages"]);
  if (Array.isArray(value["choices"])) return messages(value["choices"].map((choice: unknown) => (isObject(choice) ? choice["message"] : null)));
  const one = message(value);
  return one && [one];
}

/** The text that a person wrote or read: what a list shows. */
export function gist(preview: string | undefined, side: "question" | "answer"): string {
  if (preview === undefined) return "";
  return gistOf(parse(preview), side) ?? preview;
}

/** The same of a value that is parsed. */
export function gistOf(value: unknown, side: "question" | "answer"): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const chat = messages(value);
  if (chat) {
    const wanted = side === "question" ? "user" : "assistant";
    return (chat.findLast((one) => one.role === wanted) ?? chat.at(-1))?.text;
  }
  if (!isObject(value)) return undefined;
  for (const key of TEXT_KEYS) {
    if (typeof value[key] === "string") return value[key];
  }
  const texts = Object.values(value).filter((part) => typeof part === "string");
  return texts.length === 1 ? texts[0] : undefined;
}

/** A text without the marks of Markdown that only disturb on one line. */
export function oneLine(text: string): string {
  return text
    .slice(0, 400)
    .replace(/\|?[ \t]*:?-{3,}:?[ \t]*\|?/g, " ")
    .replace(/(\*\*|__|`)/g, "")
    .replace(/^#+ /gm, "")
    .replace(/\s*\|\s*/g, " · ")
    .replace(/(?: · )+/g, " · ")
    .replace(/\s+/g, " ")
    .replace(/^ · /, "")
    .trim();
}

/** Reads JSON; what is none stays text. */
export function parse(text: string): unknown {
  if (!/^\s*[[{"]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function message(value: unknown): Message | undefined {
  if (!isObject(value) || typeof value["role"] !== "string") return undefined;
  const text = contentText(value["content"]);
  const calls = Array.isArray(value["tool_calls"]) ? value["tool_calls"].map((call) => JSON.stringify(call)) : [];
  if (text === undefined && calls.length === 0) return undefined;
  return { role: value["role"], text: [text, ...calls].filter(Boolean).join("\n") };
}

function contentText(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  return content.map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
