import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { comments } from "../../api/analytics";
import { Failed, Loading } from "../../components/States";
import { ValueBadge } from "../../components/Verdict";
import { gist } from "../../logic/content";
import { useFormats } from "../../state/formats";
import { useNow } from "../../state/now";
import { useLinkTo, useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";

const KINDS = ["negative", "positive", "any"] as const;

/** What people say, in their own words, beside what they were answered. */
export function Comments() {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const now = useNow();
  const scope = useScope();
  const [kind, setKind] = useState<(typeof KINDS)[number]>("negative");
  const [text, setText] = useState("");
  const words = useDeferredValue(text);
  const found = useInfiniteQuery({
    queryKey: ["comments", scope, kind, words],
    queryFn: ({ pageParam, signal }) => comments(scope, kind, words, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
  const all = found.data?.pages.flatMap((page) => page.comments) ?? [];
  return (
    <section className="card comments" aria-labelledby="comments">
      <header>
        <h2 id="comments">{messages.overview.comments}</h2>
        <div className="controls">
          <select aria-label={messages.overview.comments} value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
            {KINDS.map((name) => (
              <option key={name} value={name}>
                {messages.overview.commentsOf[name]}
              </option>
            ))}
          </select>
          <input type="search" aria-label={messages.overview.findInComments} placeholder={messages.overview.findInComments} value={text} onChange={(event) => setText(event.target.value)} />
        </div>
      </header>
      {found.error ? <Failed error={found.error} /> : found.isLoading ? <Loading /> : null}
      {found.data && all.length === 0 && <p className="empty">{messages.overview.noComments}</p>}
      <div className="scroll" tabIndex={0} role="region" aria-label={messages.overview.comments}>
        <ul>
          {all.map(({ feedback, trace }) => (
            <li key={feedback.assessment_id}>
              <Link href={linkTo(`/traces/${trace.trace_id}`)} className="comment">
                <ValueBadge value={feedback.value} />
                <q>{feedback.rationale}</q>
                <span className="faint ellipsis">{gist(trace.request_preview ?? undefined, "question")}</span>
                <span className="faint">
                  {feedback.source.id} · {formats.ago(feedback.create_time, now)}
                </span>
              </Link>
            </li>
          ))}
        </ul>
        {found.hasNextPage && (
          <button type="button" className="button" disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
            {messages.overview.moreComments}
          </button>
        )}
      </div>
    </section>
  );
}
