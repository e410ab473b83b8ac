import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Bucket, Interval, Summary } from "../../api/types";
import { Sparkline } from "../../components/Sparkline";
import { useFormats } from "../../state/formats";
import { useLinkTo } from "../../state/scope";
import { useMessages } from "../../state/settings";

/** The figures at a glance, each with the period before. */
export function Figures({ summary, buckets }: { summary: Summary; buckets: Bucket[] | undefined }) {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const { previous } = summary;
  const verdicts = summary.positive + summary.negative;
  const known = (percent: number | null | undefined) => (percent === null || percent === undefined ? undefined : formats.percent(percent));
  const tracesThat = (filter: string) => linkTo("/traces", { filter });
  return (
    <div className="figures">
      <Figure
        label={messages.overview.positiveRate}
        value={formats.percent(summary.positive_rate_percent)}
        change={points(summary.positive_rate_percent, previous?.positive_rate_percent)}
        before={known(previous?.positive_rate_percent)}
        line={buckets?.map((bucket) => bucket.positive_rate_percent)}
        isMain
      >
        <IntervalBar interval={summary.positive_rate_interval} value={summary.positive_rate_percent} />
        {summary.positive_rate_interval &&
          messages.overview.positiveHint(formats.percent(summary.positive_rate_interval.low_percent), formats.percent(summary.positive_rate_interval.high_percent))}
      </Figure>
      <Figure
        label={messages.overview.feedbackRate}
        value={formats.percent(summary.feedback_rate_percent)}
        change={points(summary.feedback_rate_percent, previous?.feedback_rate_percent)}
        before={known(previous?.feedback_rate_percent)}
        line={buckets?.map((bucket) => bucket.feedback_rate_percent)}
      >
        {messages.overview.ofTraces(formats.count(summary.traces_with_feedback), formats.count(summary.total_traces))}
      </Figure>
      <Figure
        label={messages.overview.verdicts}
        value={formats.count(verdicts)}
        change={undefined}
        before={previous && formats.count(previous.positive + previous.negative)}
        line={buckets?.map((bucket) => bucket.positive + bucket.negative)}
      >
        <span className="up-down">
          <Link className="tone-positive" href={tracesThat("feedback.user_feedback = 'true'")}>
            {formats.count(summary.positive)} {messages.positive.toLowerCase()}
          </Link>
          <Link className="tone-negative" href={tracesThat("feedback.user_feedback = 'false'")}>
            {formats.count(summary.negative)} {messages.negative.toLowerCase()}
          </Link>
        </span>
      </Figure>
      <Figure
        label={messages.overview.totalTraces}
        value={formats.count(summary.total_traces)}
        change={undefined}
        before={previous && formats.count(previous.total_traces)}
        line={buckets?.map((bucket) => bucket.total_traces)}
      >
        <Link href={linkTo("/traces")}>{messages.overview.seeAll}</Link>
      </Figure>
    </div>
  );
}

interface FigureProps {
  label: string;
  value: string;
  change: number | undefined;
  before: string | null | undefined;
  line: (number | null)[] | undefined;
  isMain?: boolean;
  children: ReactNode;
}

function Figure({ label, value, change, before, line, isMain = false, children }: FigureProps) {
  const messages = useMessages();
  const formats = useFormats();
  const tone = change === undefined || Math.abs(change) < 0.05 ? "" : change > 0 ? "tone-positive" : "tone-negative";
  return (
    <section className={isMain ? "card figure main" : "card figure"} aria-label={label}>
      <h2>{label}</h2>
      <p className="value">{value}</p>
      {line && <Sparkline values={line} />}
      <div className="detail">{children}</div>
      <p className="faint">
        {change !== undefined && (
          <span className={`change ${tone}`}>
            {change > 0 ? "▲" : change < 0 ? "▼" : ""} {messages.overview.points(formats.signed(change))}{" "}
          </span>
        )}
        {before ? messages.overview.before(before) : messages.overview.noBefore}
      </p>
    </section>
  );
}

/** The interval as a bar on a scale from nought to a hundred per cent. */
export function IntervalBar({ interval, value }: { interval: Interval | null; value: number | null }) {
  const messages = useMessages();
  const formats = useFormats();
  if (!interval || value === null) return null;
  const text = messages.overview.positiveHint(formats.percent(interval.low_percent), formats.percent(interval.high_percent));
  return (
    <span className="interval" title={text}>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={text}>
        <rect className="track" x="0" y="3" width="100" height="2" />
        <rect className="range" x={interval.low_percent} y="1" width={Math.max(0.8, interval.high_percent - interval.low_percent)} height="6" />
        <rect className="mark" x={Math.min(99, Math.max(0, value - 0.5))} y="0" width="1" height="8" />
      </svg>
    </span>
  );
}

function points(now: number | null, before: number | null | undefined): number | undefined {
  return now === null || before === null || before === undefined ? undefined : now - before;
}
