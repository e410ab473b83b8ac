import { FEEDBACK_TEXTS, type FeedbackTexts, type Locale } from "./core/feedback-texts.js";

/** Everything that the components say. */
export interface Texts extends FeedbackTexts {
  conversation: string;
  you: string;
  assistant: string;
  message: string;
  ask: string;
  stop: string;
  retry: string;
  typing: string;
  stopped: string;
  chatFailed: string;
  rate: string;
  submit: string;
  optionalComment: string;
  /** Names of dimensions; one that is missing is shown as the server names it. */
  dimensions: Record<string, string>;
}

export const TEXTS: Record<Locale, Texts> = {
  en: {
    ...FEEDBACK_TEXTS.en,
    conversation: "Conversation",
    you: "You",
    assistant: "Assistant",
    message: "Your message",
    ask: "Send",
    stop: "Stop",
    retry: "Try again",
    typing: "An answer is being written…",
    stopped: "Stopped.",
    chatFailed: "There is no answer:",
    rate: "Rate this answer",
    submit: "Submit",
    optionalComment: "Comment (optional)",
    dimensions: { accuracy: "Accuracy", helpfulness: "Helpfulness", relevance: "Relevance" },
  },
  ru: {
    ...FEEDBACK_TEXTS.ru,
    conversation: "Разговор",
    you: "Вы",
    assistant: "Ассистент",
    message: "Ваше сообщение",
    ask: "Отправить",
    stop: "Остановить",
    retry: "Повторить",
    typing: "Ответ пишется…",
    stopped: "Остановлено.",
    chatFailed: "Ответа нет:",
    rate: "Оцените ответ",
    submit: "Отправить оценку",
    optionalComment: "Комментарий (необязательно)",
    dimensions: { accuracy: "Точность", helpfulness: "Полезность", relevance: "По теме" },
  },
};
