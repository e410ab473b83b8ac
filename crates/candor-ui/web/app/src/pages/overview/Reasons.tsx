import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { values } from "../../api/analytics";
import { Failed } from "../../components/States";
import { quoted } from "../../logic/filter";
import { valueText } from "../../logic/verdicts";
import { useFormats } from "../../state/formats";
import { useLinkTo, useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";

/** The name under which reasons are logged. */
const REASON = "user_issue";

/** Why answers were judged bad, by the categories that were offered. */
export function Reasons() {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const scope = useScope();
  const found = useQuery({ queryKey: ["values", scope, REASON], queryFn: ({ signal }) => values(scope, REASON, signal) });
  const most = Math.max(1, ...(found.data?.values.map((one) => one.count) ?? []));
  return (
    <section className="card" aria-labelledby="reasons">
      <header>
        <h2 id="reasons">{messages.overview.reasons}</h2>
        <p>{messages.overview.reasonsHint}</p>
      </header>
      {found.error ? <Failed error={found.error} /> : null}
      {found.data?.values.length === 0 && <p className="empty">{messages.overview.noReasons}</p>}
      <ul className="bars">
        {found.data?.values.map(({ value, count }) => {
          const text = valueText(value);
          const literal = quoted(text);
          return (
            <li key={text}>
              {literal === undefined ? <span>{text}</span> : <Link href={linkTo("/traces", { filter: `feedback.${REASON} = ${literal}` })}>{text}</Link>}
              <meter min={0} max={most} value={count} aria-label={text} />
              <span className="number">{formats.count(count)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
