import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";

import { FeedbackClient } from "./core/client.js";
import { type Locale, localeOf } from "./core/feedback-texts.js";
import { type Texts, TEXTS } from "./texts.js";

export interface CandorProviderProps {
  /** Who sends the verdicts; make it once, outside of components. A client for the page's origin by default. */
  client?: FeedbackClient | undefined;
  /** The language; by default that of the page (`<html lang>`). */
  locale?: Locale | undefined;
  /** Texts of one's own in place of some of the language's. */
  texts?: Partial<Texts> | undefined;
  children?: ReactNode;
}

interface Setting {
  client: FeedbackClient;
  texts: Texts;
}

const Context = createContext<Setting | null>(null);

/** Gives the components below it a client and a language. Optional: without it, defaults are used. */
export function CandorProvider({ client, locale, texts, children }: CandorProviderProps) {
  const used = client ?? defaultClient();
  const language = useLanguage();
  const setting = useMemo(
    () => ({ client: used, texts: { ...TEXTS[locale ?? language], ...texts } }),
    [used, locale, language, texts],
  );
  useEffect(() => used.outbox.attach(), [used]);
  return <Context.Provider value={setting}>{children}</Context.Provider>;
}

/** The client and the texts that are in force here. */
export function useCandor(): Setting {
  const setting = useContext(Context);
  const language = useLanguage();
  return useMemo(() => setting ?? { client: attachedDefault(), texts: TEXTS[language] }, [setting, language]);
}

/** The page's language. English when the page is made on a server. */
function useLanguage(): Locale {
  return useSyncExternalStore(never, () => localeOf(document.documentElement.lang), () => "en");
}

const never = () => () => undefined;

let shared: FeedbackClient | undefined;
let isAttached = false;

function defaultClient(): FeedbackClient {
  shared ??= new FeedbackClient();
  return shared;
}

/** Without a provider, the shared client looks after its queue as long as the page lives. */
function attachedDefault(): FeedbackClient {
  const client = defaultClient();
  if (!isAttached) {
    isAttached = true;
    client.outbox.attach();
  }
  return client;
}
