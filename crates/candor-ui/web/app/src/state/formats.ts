import { useMemo } from "react";
import { formats, type Formats } from "../logic/format";
import { useMessages } from "./settings";

export function useFormats(): Formats {
  const { locale } = useMessages();
  return useMemo(() => formats(locale), [locale]);
}
