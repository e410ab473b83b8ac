import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { series, summary } from "../../api/analytics";
import { Failed, Loading } from "../../components/States";
import { useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";
import { Comments } from "./Comments";
import { Figures } from "./Figures";
import { Ratings } from "./Ratings";
import { Reasons } from "./Reasons";
import { Segments } from "./Segments";

// The charts' library is not needed to read the figures.
const OverTime = lazy(() => import("./OverTime"));

/** How satisfied people are, since when, and with what they are not. */
export function Overview() {
  const messages = useMessages();
  const scope = useScope();
  const figures = useQuery({ queryKey: ["summary", scope], queryFn: ({ signal }) => summary(scope, signal) });
  const buckets = useQuery({ queryKey: ["series", scope], queryFn: ({ signal }) => series(scope, signal) });
  return (
    <div className="overview">
      <h1 className="visually-hidden">{messages.overview.title}</h1>
      {figures.error ? (
        <Failed error={figures.error} retry={() => void figures.refetch()} />
      ) : figures.data ? (
        <Figures summary={figures.data} buckets={buckets.data} />
      ) : (
        <Loading />
      )}
      <section className="card" aria-labelledby="over-time">
        <header>
          <h2 id="over-time">{messages.overview.overTime}</h2>
          <p>{messages.overview.overTimeHint}</p>
        </header>
        {buckets.error ? (
          <Failed error={buckets.error} retry={() => void buckets.refetch()} />
        ) : (
          <Suspense fallback={<div className="chart-space" />}>
            {buckets.data ? <OverTime buckets={buckets.data} /> : <div className="chart-space" />}
          </Suspense>
        )}
      </section>
      <div className="columns">
        <div className="column">
          <Segments />
          <Ratings buckets={buckets.data} />
        </div>
        <div className="column">
          <Comments />
          <Reasons />
        </div>
      </div>
    </div>
  );
}
