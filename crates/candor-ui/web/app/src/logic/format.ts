/** Numbers and times as people of a locale read them. */
export interface Formats {
  count: (value: number) => string;
  /** Per cent, one decimal; `–` for none. */
  percent: (value: number | null | undefined) => string;
  decimal: (value: number | null | undefined) => string;
  signed: (value: number) => string;
  time: (iso: string) => string;
  /** Day, or day and hour. */
  bucket: (iso: string, size: "hour" | "day") => string;
  ago: (iso: string, now: number) => string;
}

const NONE = "–";

export function formats(locale: string): Formats {
  const count = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const signed = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const hour = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  return {
    count: (value) => count.format(value),
    percent: (value) => (value === null || value === undefined ? NONE : `${percent.format(value)} %`),
    decimal: (value) => (value === null || value === undefined ? NONE : decimal.format(value)),
    signed: (value) => signed.format(value),
    time: (iso) => safely(iso, (date) => time.format(date)),
    bucket: (iso, size) => safely(iso, (date) => (size === "day" ? day : hour).format(date)),
    ago: (iso, now) => safely(iso, (date) => ago(relative, date.getTime() - now)),
  };
}

/** A duration on the wire, e.g. `1.500s`, in milliseconds. */
export function durationMs(text: string | undefined): number | undefined {
  const seconds = text?.endsWith("s") ? Number(text.slice(0, -1)) : Number.NaN;
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

export function duration(ms: number | undefined): string {
  if (ms === undefined) return NONE;
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

function ago(format: Intl.RelativeTimeFormat, ms: number): string {
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];
  for (const [unit, length] of steps) {
    if (Math.abs(ms) >= length) return format.format(Math.round(ms / length), unit);
  }
  return format.format(Math.round(ms / 1000), "second");
}

function safely(iso: string, write: (date: Date) => string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : write(date);
}
