import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { pending, stillWaiting } from "../api/feedback";
import { useLinkTo } from "../state/scope";
import { useMessages, useSettings, type Language, type Theme } from "../state/settings";
import { Icon } from "./Icon";
import { ScopePicker } from "./ScopePicker";

const PAGES = [
  { path: "/", name: "overview" },
  { path: "/traces", name: "traces" },
  { path: "/live", name: "live" },
  { path: "/ask", name: "ask" },
  { path: "/pending", name: "pending" },
] as const;

/** Where verdicts are about the time and experiment that are chosen. */
const SCOPED = ["/", "/traces", "/live"];

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const messages = useMessages();
  const [path] = useLocation();
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {messages.skipToContent}
      </a>
      <Sidebar path={path} />
      <div className="page">
        {SCOPED.includes(path) && <ScopePicker withPeriod={path !== "/live"} />}
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

function Sidebar({ path }: { path: string }) {
  const messages = useMessages();
  const linkTo = useLinkTo();
  const waiting = useQuery({
    queryKey: ["pending", "count"],
    queryFn: ({ signal }) => pending("all", undefined, signal),
    refetchInterval: 60_000,
  });
  const count = stillWaiting(waiting.data?.pending ?? []).length;
  return (
    <header className="sidebar">
      <Link href={linkTo("/")} className="brand">
        <img src="/favicon.svg" alt="" width="22" height="22" />
        Candor
      </Link>
      <nav aria-label={messages.nav.label}>
        {PAGES.map((page) => {
          const isHere = page.path === "/" ? path === "/" : path.startsWith(page.path);
          return (
            <Link key={page.path} href={linkTo(page.path)} aria-current={isHere ? "page" : undefined}>
              <Icon name={page.name} />
              <span>{messages.nav[page.name]}</span>
              {page.name === "pending" && count > 0 && <span className="count">{count >= 100 ? "99+" : count}</span>}
            </Link>
          );
        })}
      </nav>
      <Preferences />
    </header>
  );
}

function Preferences() {
  const messages = useMessages();
  const { theme, setTheme, language, setLanguage } = useSettings();
  return (
    <div className="preferences">
      <select aria-label={messages.theme} value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        {(["system", "light", "dark"] as const).map((name) => (
          <option key={name} value={name}>
            {messages.themes[name]}
          </option>
        ))}
      </select>
      <select aria-label={messages.language} value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
        <option value="en">English</option>
        <option value="ru">Русский</option>
      </select>
    </div>
  );
}
