import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { en } from "../i18n/en";
import type { Messages } from "../i18n/en";
import { ru } from "../i18n/ru";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "ru";

interface Settings {
  theme: Theme;
  setTheme: (theme: Theme) => void;
  language: Language;
  setLanguage: (language: Language) => void;
  /** The name that one's own verdicts carry. */
  reviewer: string;
  setReviewer: (reviewer: string) => void;
}

const MESSAGES: Record<Language, Messages> = { en, ru };
const Context = createContext<Settings | null>(null);

/** What this browser remembers of its user. */
export function SettingsProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useRemembered<Theme>("candor.theme", "system");
  const [language, setLanguage] = useRemembered<Language>("candor.language", preferredLanguage());
  const [reviewer, setReviewer] = useRemembered<string>("candor.reviewer", "");
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const settings = useMemo(
    () => ({ theme, setTheme, language, setLanguage, reviewer, setReviewer }),
    [theme, setTheme, language, setLanguage, reviewer, setReviewer],
  );
  return <Context value={settings}>{children}</Context>;
}

export function useSettings(): Settings {
  const settings = useContext(Context);
  if (!settings) throw new Error("SettingsProvider is missing");
  return settings;
}

export function useMessages(): Messages {
  return MESSAGES[useSettings().language] ?? en;
}

function useRemembered<T extends string>(key: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => (recall(key) as T | null) ?? initial);
  const remember = useMemo(
    () => (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(key, next);
      } catch {
        // Storage is forbidden or full: it holds until the page is left.
      }
    },
    [key],
  );
  return [value, remember];
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function preferredLanguage(): Language {
  return navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
}
