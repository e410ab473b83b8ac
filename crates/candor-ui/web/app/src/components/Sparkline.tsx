/** A line without axes, for the eye alone: the figures beside it say the same. */
export function Sparkline({ values }: { values: (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <svg className="sparkline" viewBox="0 0 100 24" aria-hidden="true" />;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = 100 / Math.max(1, values.length - 1);
  const path = values.map((value, index) => {
    if (value === null) return "";
    const command = (values[index - 1] ?? null) === null ? "M" : "L";
    return `${command}${(index * step).toFixed(2)} ${(21 - ((value - low) / span) * 18).toFixed(2)}`;
  });
  return (
    <svg className="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path.join("")} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
