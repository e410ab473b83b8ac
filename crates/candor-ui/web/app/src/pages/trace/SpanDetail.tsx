import { Content } from "../../components/Content";
import { Json } from "../../components/Json";
import { duration } from "../../logic/format";
import type { Span } from "../../logic/spans";
import { useMessages } from "../../state/settings";

/** What went into a span, what came out, and what was noted on the way. */
export function SpanDetail({ span }: { span: Span }) {
  const messages = useMessages();
  return (
    <section className="span-detail" aria-label={span.name}>
      <h3>
        {span.name} {span.type && <span className="faint">{span.type}</span>}
      </h3>
      {span.isError && <p className="failed">{span.message || messages.error}</p>}
      <Part title={messages.trace.inputs} value={span.inputs} />
      <Part title={messages.trace.outputs} value={span.outputs} />
      {span.events.length > 0 && (
        <details open={span.isError}>
          <summary>
            {messages.trace.events} <span className="faint">{span.events.length}</span>
          </summary>
          <ul className="events">
            {span.events.map((event, index) => (
              // Events have no id, and their order never changes.
              <li key={index}>
                <strong>{event.name}</strong> <span className="faint">+{duration(event.at - span.start)}</span>
                {event.attributes.length > 0 && <Json value={Object.fromEntries(event.attributes)} depth={1} />}
              </li>
            ))}
          </ul>
        </details>
      )}
      {span.attributes.length > 0 && (
        <details>
          <summary>
            {messages.trace.attributes} <span className="faint">{span.attributes.length}</span>
          </summary>
          <dl className="pairs">
            {span.attributes.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>
                  <Json value={value} depth={1} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function Part({ title, value }: { title: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  return (
    <>
      <h4>{title}</h4>
      <Content value={value} />
    </>
  );
}
