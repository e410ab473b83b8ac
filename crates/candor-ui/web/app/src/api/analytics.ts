import type { Scope } from "../state/scope";
import { call, type Parameters } from "./http";
import type { Bucket, Comment, FeedbackValue, Ratings, Segment, Summary } from "./types";

/** The longest period that is drawn, in hours: two years of days are the most that reads as a line. */
const LONGEST_SERIES_HOURS = 2 * 365 * 24;
/** Up to this many hours are drawn hour by hour. */
const HOURLY_UP_TO_HOURS = 72;

export function period(scope: Scope): Parameters {
  const experiment = { experiment_id: scope.experiment };
  if (scope.from) return { ...experiment, from: scope.from, until: scope.until };
  return { ...experiment, hours: scope.hours };
}

export const summary = (scope: Scope, signal?: AbortSignal) =>
  call<Summary>("GET", "/api/v1/analytics/summary", { query: period(scope), signal });

export const ratings = (scope: Scope, signal?: AbortSignal) =>
  call<Ratings>("GET", "/api/v1/analytics/ratings", { query: period(scope), signal });

export const series = async (scope: Scope, signal?: AbortSignal) => {
  const query: Parameters = { ...period(scope), bucket: bucket(scope), time_zone: timeZone() };
  if (query.hours !== undefined) query.hours = Math.min(Number(query.hours), LONGEST_SERIES_HOURS);
  return (await call<{ buckets: Bucket[] }>("GET", "/api/v1/analytics/series", { query, signal })).buckets;
};

export const segments = (scope: Scope, by: string, order: "worst" | "most", signal?: AbortSignal) =>
  call<{ segments: Segment[]; segments_total: number }>("GET", "/api/v1/analytics/segments", {
    query: { ...period(scope), by, order, max_results: 12 },
    signal,
  });

export const values = (scope: Scope, name: string, signal?: AbortSignal) =>
  call<{ values: { value: FeedbackValue; count: number }[]; other: number }>("GET", "/api/v1/analytics/values", {
    query: { ...period(scope), name, max_results: 8 },
    signal,
  });

export const comments = (scope: Scope, verdict: string, words: string, token: string | undefined, signal?: AbortSignal) =>
  call<{ comments: Comment[]; next_page_token: string | null }>("GET", "/api/v1/analytics/comments", {
    query: { ...period(scope), verdict, q: words.trim() || undefined, page_token: token, max_results: 20 },
    signal,
  });

export function bucket(scope: Scope): "hour" | "day" {
  const hours = scope.from
    ? (Date.parse(scope.until ?? new Date().toISOString()) - Date.parse(scope.from)) / 3_600_000
    : scope.hours;
  return hours <= HOURLY_UP_TO_HOURS ? "hour" : "day";
}

function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
