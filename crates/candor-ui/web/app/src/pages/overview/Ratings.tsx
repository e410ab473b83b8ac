import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { ratings } from "../../api/analytics";
import type { Bucket, DimensionRating } from "../../api/types";
import { Sparkline } from "../../components/Sparkline";
import { Failed, Loading } from "../../components/States";
import { useFormats } from "../../state/formats";
import { useLinkTo, useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";

/** Each dimension's mean, how it went, and how its scores are spread. */
export function Ratings({ buckets }: { buckets: Bucket[] | undefined }) {
  const messages = useMessages();
  const scope = useScope();
  const found = useQuery({ queryKey: ["ratings", scope], queryFn: ({ signal }) => ratings(scope, signal) });
  return (
    <section className="card" aria-labelledby="ratings">
      <header>
        <h2 id="ratings">{messages.overview.ratings}</h2>
        <p>{messages.overview.ratingsHint}</p>
      </header>
      {found.error ? <Failed error={found.error} /> : found.isLoading ? <Loading /> : null}
      {found.data?.dimensions.length === 0 && <p className="empty">{messages.overview.noRatings}</p>}
      <ul className="ratings">
        {found.data?.dimensions.map((dimension) => (
          <Dimension
            key={dimension.name}
            dimension={dimension}
            before={found.data.previous?.dimensions.find((other) => other.name === dimension.name)?.mean}
            line={buckets?.map((bucket) => bucket.dimensions.find((other) => other.name === dimension.name)?.mean ?? null)}
          />
        ))}
      </ul>
    </section>
  );
}

interface DimensionProps {
  dimension: DimensionRating;
  before: number | null | undefined;
  line: (number | null)[] | undefined;
}

function Dimension({ dimension, before, line }: DimensionProps) {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const most = Math.max(1, ...dimension.distribution.map((part) => part.count));
  return (
    <li>
      <div className="rating-name">
        <strong>{dimension.dimension}</strong>
        <span className="faint">{messages.overview.ratingCount(formats.count(dimension.count))}</span>
      </div>
      <div className="rating-mean">
        <strong>{formats.decimal(dimension.mean)}</strong>
        {before !== undefined && before !== null && <span className="faint">{messages.overview.before(formats.decimal(before))}</span>}
      </div>
      {line && <Sparkline values={line} />}
      <div className="distribution">
        {dimension.distribution.map((part) => (
          <Link
            key={part.low}
            href={linkTo("/traces", { filter: filterOf(dimension.name, part) })}
            aria-label={`${dimension.dimension} ${formats.decimal(part.low)}: ${formats.count(part.count)}`}
            title={`${formats.decimal(part.low)}: ${formats.count(part.count)}`}
          >
            <svg viewBox="0 0 10 40" preserveAspectRatio="none" aria-hidden="true">
              <rect x="1" width="8" y={40 - (part.count / most) * 38} height={Math.max(1, (part.count / most) * 38)} rx="1" />
            </svg>
            <small>{formats.decimal(part.low)}</small>
          </Link>
        ))}
      </div>
    </li>
  );
}

function filterOf(name: string, part: { low: number; high: number }): string {
  if (part.low === part.high) return `feedback.${name} = '${part.low}'`;
  return `feedback.${name} >= ${part.low} AND feedback.${name} <= ${part.high}`;
}
