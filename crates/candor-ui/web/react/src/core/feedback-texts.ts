/** What the feedback parts say. */
export interface FeedbackTexts {
  question: string;
  up: string;
  down: string;
  thanks: string;
  queued: string;
  failed: string;
  withdraw: string;
  withdrawn: string;
  why: string;
  comment: string;
  send: string;
  close: string;
  /** Names of categories; one that is missing is shown as the server names it. */
  categories: Record<string, string>;
}

/** Languages that come with the package. */
export type Locale = "en" | "ru";

export const FEEDBACK_TEXTS: Record<Locale, FeedbackTexts> = {
  en: {
    question: "Was this answer helpful?",
    up: "Helpful",
    down: "Not helpful",
    thanks: "Thank you!",
    queued: "Saved. It is sent as soon as the connection is back.",
    failed: "This could not be saved:",
    withdraw: "Undo",
    withdrawn: "Taken back.",
    why: "What was wrong?",
    comment: "Comment",
    send: "Send",
    close: "Close",
    categories: {},
  },
  ru: {
    question: "Ответ помог?",
    up: "Помог",
    down: "Не помог",
    thanks: "Спасибо!",
    queued: "Сохранено. Отправим, как только появится связь.",
    failed: "Не удалось сохранить:",
    withdraw: "Отменить",
    withdrawn: "Оценка отозвана.",
    why: "Что не так?",
    comment: "Комментарий",
    send: "Отправить",
    close: "Закрыть",
    categories: {
      incorrect: "неверно",
      incomplete: "неполно",
      irrelevant: "не по теме",
      "too long": "слишком длинно",
      unsafe: "небезопасно",
    },
  },
};

/** The language to use for a BCP 47 tag such as `ru-RU`; English when it is none of ours. */
export function localeOf(tag: string | null | undefined): Locale {
  return tag?.toLowerCase().split("-")[0] === "ru" ? "ru" : "en";
}
