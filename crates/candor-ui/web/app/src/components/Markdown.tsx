import Renderer from "markdown-to-jsx";
import type { ReactNode } from "react";

/** Texts longer than this are shown as they are: they are data, and would take long to lay out. */
const LONGEST = 200_000;

const OPTIONS = {
  // What people and models write is never HTML of ours.
  disableParsingRawHTML: true,
  forceBlock: true,
  overrides: { a: { component: OutsideLink }, img: { component: Picture }, input: { component: Tick } },
};

/** Markdown without HTML, without pictures from elsewhere, and with links that lead out safely. */
export default function Markdown({ text }: { text: string }) {
  if (text.length > LONGEST) return <p className="pre">{text}</p>;
  return (
    <div className="markdown">
      <Renderer options={OPTIONS}>{text}</Renderer>
    </div>
  );
}

function OutsideLink({ href, children }: { href?: string; children?: ReactNode }) {
  const isSafe = href !== undefined && /^(https?:|mailto:)/i.test(href);
  if (!isSafe) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** A picture would tell another host who reads here; its address is shown instead. */
function Picture({ src, alt }: { src?: string; alt?: string }) {
  return <OutsideLink {...(src === undefined ? {} : { href: src })}>🖼 {alt || src}</OutsideLink>;
}

function Tick({ checked }: { checked?: boolean }) {
  return <span aria-hidden="true">{checked ? "☑ " : "☐ "}</span>;
}
