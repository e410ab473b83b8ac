/** A thumb, drawn so that it takes the colour of the text around it. */
export function ThumbIcon({ isUp }: { isUp: boolean }) {
  return (
    <svg className="candor-icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path
        fill="currentColor"
        transform={isUp ? undefined : "rotate(180 12 12)"}
        d="M2 10h4v11H2zM8 21h9.3a2.5 2.5 0 0 0 2.4-1.8l2.1-7.4A2.2 2.2 0 0 0 19.7 9H14l.9-4.3A2 2 0 0 0 13 2.2L8 9z"
      />
    </svg>
  );
}
