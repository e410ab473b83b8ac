import type { Assessment, FeedbackValue } from "../api/types";

/** The name of thumbs, as the feedback API logs them. */
export const THUMB = "user_feedback";

export interface Standing {
  /** What counts now. */
  current: Assessment;
  /** What it replaced, the latest first. */
  history: Assessment[];
  /** Whether the last word is that there is none. */
  isWithdrawn: boolean;
}

export function isFeedback(assessment: Assessment): boolean {
  return assessment.expectation === undefined;
}

export function isRetraction(assessment: Assessment): boolean {
  return assessment.metadata?.["candor.retracted"] !== undefined;
}

export function isValid(assessment: Assessment): boolean {
  return assessment.valid !== false;
}

/** Groups assessments into those that nothing replaced, each with what it replaced. */
export function standings(assessments: Assessment[]): Standing[] {
  const byId = new Map(assessments.map((assessment) => [assessment.assessment_id, assessment]));
  const replaced = new Set(assessments.flatMap((assessment) => assessment.overrides ?? []));
  const standing = assessments.filter((assessment) => !replaced.has(assessment.assessment_id));
  const all = standing.map((current) => ({ current, history: chain(current, byId), isWithdrawn: isRetraction(current) }));
  return all.sort((a, b) => rank(a) - rank(b) || b.current.create_time.localeCompare(a.current.create_time));
}

/** The thumbs that count. */
export function thumbs(assessments: Assessment[] = []): { up: number; down: number } {
  const values = assessments
    .filter((assessment) => assessment.assessment_name === THUMB && isFeedback(assessment) && isValid(assessment))
    .map((assessment) => assessment.feedback?.value);
  return { up: values.filter((value) => value === true).length, down: values.filter((value) => value === false).length };
}

/** Valid feedback beside thumbs, by name; the badges of the list. */
export function others(assessments: Assessment[] = []): Assessment[] {
  return assessments.filter((a) => a.assessment_name !== THUMB && isFeedback(a) && isValid(a) && !isRetraction(a));
}

/** What the people who judged said, first of all those who are unhappy. */
export function remark(assessments: Assessment[] = []): string {
  const said = assessments.filter((a) => isFeedback(a) && isValid(a) && a.rationale);
  const people = said.filter((a) => a.source.source_type === "HUMAN");
  const unhappy = people.find((a) => a.feedback?.value === false);
  return (unhappy ?? people[0])?.rationale ?? "";
}

export function valueText(value: FeedbackValue | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Math.round(value * 1000) / 1000);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value of a feedback or an expectation. */
export function valueOf(assessment: Assessment): FeedbackValue | undefined {
  if (!assessment.expectation) return assessment.feedback?.value;
  const nested = assessment.expectation.serialized_value?.value;
  if (nested === undefined) return assessment.expectation.value;
  try {
    return JSON.parse(nested) as FeedbackValue;
  } catch {
    return nested;
  }
}

function chain(current: Assessment, byId: Map<string, Assessment>): Assessment[] {
  const history: Assessment[] = [];
  const seen = new Set([current.assessment_id]);
  let older = current.overrides;
  while (older !== undefined && !seen.has(older)) {
    seen.add(older);
    const assessment = byId.get(older);
    if (!assessment) break;
    history.push(assessment);
    older = assessment.overrides;
  }
  return history;
}

/** People's thumbs first, then what people said, then machines. */
function rank({ current }: Standing): number {
  if (current.assessment_name === THUMB) return 0;
  return current.source.source_type === "HUMAN" ? 1 : 2;
}
