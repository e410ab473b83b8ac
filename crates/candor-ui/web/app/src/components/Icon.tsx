/** Line drawings of 20 by 20, in the colour of the text around them. */
const PATHS = {
  overview: "M3 17V9m5 8V4m5 13v-6m4 6V7",
  traces: "M3 5h14M3 10h14M3 15h9",
  live: "M10 11.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM6.2 13.8a5.4 5.4 0 0 1 0-7.6m7.6 0a5.4 5.4 0 0 1 0 7.6M3.7 16.3a8.9 8.9 0 0 1 0-12.6m12.6 0a8.9 8.9 0 0 1 0 12.6",
  ask: "M4 4h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H9l-4 3v-3H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Z",
  pending: "M5 3h10M5 17h10M6 3v3l4 4 4-4V3M6 17v-3l4-4 4 4v3",
  up: "M6 9v8H3.5V9H6Zm0 0 3.5-6c1.2 0 2 .9 1.8 2l-.5 3h4.4c1 0 1.700.9 1.5 1.900l-1 5.200c-.2.900-.9 1.900-1.900 1.900H6",
  down: "M14 11V3h2.500v8H14Zm0 0-3.500 6c-1.200 0-2-.900-1.800-2l.5-3H4.800c-1 0-1.700-.900-1.500-1.900l1-5.200C4.500 4 5.200 3 6.200 3H14",
  previous: "M12.500 4 6.500 10l6 6",
  next: "M7.500 4l6 6-6 6",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4 10.500 8 14.500 16 6",
  chevron: "M6 8l4 4 4-4",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.300-1.700L17 17",
  pause: "M7 4v12M13 4v12",
  play: "M6 4l10 6-10 6V4Z",
  edit: "M13 4l3 3-9 9H4v-3l9-9Z",
  trash: "M4 6h12M8 6V4h4v2m3 0-.7 11H5.700L5 6",
  replace: "M4 8h9.500L10.500 5M16 12H6.500l3 3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
