import type { Scope } from "../state/scope";

/** What may follow a field of the filter language. */
const NUMBER = ["=", "!=", ">", ">=", "<", "<="];
const TEXT = ["=", "!=", "LIKE", "ILIKE", "RLIKE", "IN"];

interface Field {
  text: string;
  operators: string[];
  values: string[];
}

const FIELDS: Field[] = [
  { text: "feedback.user_feedback", operators: ["=", "!="], values: ["'true'", "'false'"] },
  { text: "feedback.", operators: ["=", "!=", ">", "<", "IS NOT NULL", "IS NULL"], values: ["'true'", "'false'"] },
  { text: "trace.status", operators: ["=", "!="], values: ["'OK'", "'ERROR'", "'IN_PROGRESS'"] },
  { text: "trace.execution_time_ms", operators: NUMBER, values: ["1000", "5000"] },
  { text: "trace.timestamp_ms", operators: NUMBER, values: [] },
  { text: "trace.name", operators: TEXT, values: [] },
  { text: "trace.text", operators: ["LIKE", "ILIKE"], values: ["'%…%'"] },
  { text: "trace.client_request_id", operators: TEXT, values: [] },
  { text: "tags.", operators: [...TEXT, "IS NOT NULL", "IS NULL"], values: [] },
  { text: "metadata.", operators: [...TEXT, "IS NOT NULL", "IS NULL"], values: [] },
  { text: "metadata.`mlflow.trace.user`", operators: TEXT, values: [] },
  { text: "metadata.`mlflow.trace.session`", operators: TEXT, values: [] },
  { text: "expectation.", operators: ["=", "!=", "IS NOT NULL", "IS NULL"], values: [] },
  { text: "span.name", operators: TEXT, values: [] },
  { text: "span.type", operators: TEXT, values: ["'LLM'", "'CHAT_MODEL'", "'RETRIEVER'", "'TOOL'", "'AGENT'", "'CHAIN'"] },
  { text: "span.status", operators: ["=", "!="], values: ["'OK'", "'ERROR'"] },
  { text: "span.attributes.", operators: TEXT, values: [] },
  { text: "prompt", operators: ["="], values: ["'name/1'"] },
];

export interface Completion {
  /** What is offered. */
  options: string[];
  /** Where the word that an option replaces begins. */
  from: number;
}

/** What may stand at `caret`: a field, what may follow it, a value, or `AND`. */
export function complete(text: string, caret: number): Completion {
  const before = text.slice(0, caret);
  if (isInQuotes(before)) return { options: [], from: caret };
  const clause = before.slice(lastAnd(before));
  const start = caret - clause.trimStart().length;
  const [subject = "", ...rest] = words(clause);
  const word = /\s$/.test(before) ? "" : (before.match(/\S+$/)?.[0] ?? "");
  const from = caret - word.length;
  if (subject === "" || (rest.length === 0 && word !== "")) {
    return { options: matching(FIELDS.map((field) => field.text), word), from: subject === "" ? caret : start };
  }
  const field = FIELDS.find((known) => known.text === subject) ?? FIELDS.find((known) => known.text.endsWith(".") && subject.startsWith(known.text));
  if (!field) return { options: [], from };
  const said = rest.join(" ").toUpperCase();
  const operator = field.operators.find((known) => said === known || said.startsWith(`${known} `));
  if (operator === undefined || (said === operator && word !== "")) {
    return { options: matching(field.operators, word).filter((option) => option !== word), from };
  }
  const value = said.slice(operator.length).trim();
  if (operator.endsWith("NULL") || (value !== "" && word === "")) return { options: ["AND"], from };
  return { options: matching(field.values, word).filter((option) => option !== word), from };
}

/** The filter with `option` in the place of the word at `caret`, and where the caret goes. */
export function accept(text: string, caret: number, { from }: Completion, option: string): { text: string; caret: number } {
  const space = option.endsWith(".") ? "" : " ";
  const head = text.slice(0, from) + option + space;
  return { text: head + text.slice(caret).trimStart(), caret: head.length };
}

/** Where the server says that the filter is wrong, counted from 0; it counts characters from 1. */
export function errorColumn(message: string): number | undefined {
  const column = /at column (\d+)/.exec(message)?.[1];
  return column === undefined ? undefined : Number(column) - 1;
}

/** Both conditions, or the one there is. */
export function both(...filters: string[]): string {
  return filters.map((filter) => filter.trim()).filter((filter) => filter !== "").join(" AND ");
}

/** The page's period as a condition. */
export function periodFilter(scope: Scope, now: number): string {
  const from = scope.from ? Date.parse(scope.from) : now - scope.hours * 3_600_000;
  const until = scope.until ? ` AND trace.timestamp_ms < ${Date.parse(scope.until)}` : "";
  return `trace.timestamp_ms >= ${from}${until}`;
}

/** A text in the quotes of the filter language, or nothing where it has none for it. */
export function quoted(text: string): string | undefined {
  if (!text.includes("'")) return `'${text}'`;
  return text.includes('"') ? undefined : `"${text}"`;
}

function matching(options: string[], word: string): string[] {
  const wanted = word.toLowerCase();
  const starting = options.filter((option) => option.toLowerCase().startsWith(wanted) && option !== word);
  const containing = options.filter((option) => !starting.includes(option) && option.toLowerCase().includes(wanted) && option !== word);
  return [...starting, ...containing].slice(0, 8);
}

function lastAnd(text: string): number {
  let last = 0;
  for (const match of text.matchAll(/\bAND\b/gi)) {
    if (!isInQuotes(text.slice(0, match.index))) last = match.index + match[0].length;
  }
  return last;
}

function isInQuotes(text: string): boolean {
  let open = "";
  for (const letter of text) {
    if (open === "" && "'\"`".includes(letter)) open = letter;
    else if (letter === open) open = "";
  }
  return open === "'" || open === '"';
}

/** Parts at blanks, except inside of quotes. */
function words(text: string): string[] {
  return text.match(/(?:'[^']*'?|"[^"]*"?|`[^`]*`?|[^\s'"`])+/g) ?? [];
}
