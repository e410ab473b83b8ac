import { lazy, Suspense, useEffect, useRef } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Boundary, Loading } from "./components/States";
import { Shell } from "./components/Shell";
import { Overview } from "./pages/overview/Overview";
import { useMessages } from "./state/settings";

// The first page comes with the application, the others when they are opened.
const Traces = lazy(() => import("./pages/traces/Traces"));
const Trace = lazy(() => import("./pages/trace/Trace"));
const Live = lazy(() => import("./pages/live/Live"));
const Ask = lazy(() => import("./pages/ask/Ask"));
const Pending = lazy(() => import("./pages/pending/Pending"));

export function App() {
  const messages = useMessages();
  const [path] = useLocation();
  return (
    <Shell>
      <Boundary key={path}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Overview} />
            <Route path="/traces" component={Traces} />
            <Route path="/traces/:id">{({ id }) => <Trace id={id} />}</Route>
            <Route path="/live" component={Live} />
            <Route path="/ask" component={Ask} />
            <Route path="/pending" component={Pending} />
            <Route>
              <p className="empty">{messages.nothingHere}</p>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
      <FocusOnPage path={path} />
    </Shell>
  );
}

/** Moves the focus to a new page, so that a screen reader begins there. */
function FocusOnPage({ path }: { path: string }) {
  const known = useRef(path);
  useEffect(() => {
    if (known.current === path) return;
    known.current = path;
    document.getElementById("content")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return null;
}
