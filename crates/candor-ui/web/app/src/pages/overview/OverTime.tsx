import { useCallback, useMemo } from "react";
import { Link, useLocation } from "wouter";
import uPlot from "uplot";
import { bucket as bucketSize } from "../../api/analytics";
import type { Bucket } from "../../api/types";
import { Chart, type ChartColours } from "../../components/Chart";
import { useFormats } from "../../state/formats";
import { useLinkTo, useScope } from "../../state/scope";
import { useMessages } from "../../state/settings";

/** Positive rate with its interval, and below what it is made of, both on one cursor. */
export default function OverTime({ buckets }: { buckets: Bucket[] }) {
  const messages = useMessages();
  const formats = useFormats();
  const linkTo = useLinkTo();
  const [, navigate] = useLocation();
  const size = bucketSize(useScope());
  const linkOf = useCallback(
    (bucket: Bucket) => linkTo("/traces", { from: new Date(bucket.start).toISOString(), until: new Date(bucket.end).toISOString() }),
    [linkTo],
  );
  const choose = useCallback(
    (index: number) => {
      const bucket = buckets[index];
      if (bucket) navigate(linkOf(bucket));
    },
    [buckets, linkOf, navigate],
  );
  const rate = useMemo(() => rateData(buckets), [buckets]);
  const volume = useMemo(() => volumeData(buckets), [buckets]);
  const axis = useCallback((seconds: number) => formats.bucket(new Date(seconds * 1000).toISOString(), size), [formats, size]);
  const rateOptions = useCallback((colours: ChartColours) => optionsOfRate(colours, axis, messages.overview), [axis, messages]);
  const volumeOptions = useCallback(
    (colours: ChartColours) => optionsOfVolume(colours, axis, [messages.overview.time, messages.overview.totalTraces, messages.positive, messages.negative]),
    [axis, messages],
  );
  return (
    <>
      <Chart label={messages.overview.positiveRate} data={rate} height={210} isRate options={rateOptions} onChoose={choose} />
      <Chart label={`${messages.overview.verdicts}, ${messages.overview.totalTraces}`} data={volume} height={120} options={volumeOptions} onChoose={choose} />
      <details className="as-table">
        <summary>{messages.overview.asTable}</summary>
        <div className="scroll" tabIndex={0} role="region" aria-label={messages.overview.overTime}>
          <table>
            <thead>
              <tr>
                <th scope="col">{messages.overview.time}</th>
                <th scope="col">{messages.overview.positiveRate}</th>
                <th scope="col">{messages.overview.interval}</th>
                <th scope="col">{messages.positive}</th>
                <th scope="col">{messages.negative}</th>
                <th scope="col">{messages.overview.judged}</th>
                <th scope="col">{messages.overview.totalTraces}</th>
              </tr>
            </thead>
            <tbody>
              {buckets.map((bucket) => (
                <tr key={bucket.start}>
                  <th scope="row">
                    <Link href={linkOf(bucket)}>{formats.bucket(bucket.start, size)}</Link>
                  </th>
                  <td>{formats.percent(bucket.positive_rate_percent)}</td>
                  <td>
                    {bucket.positive_rate_interval
                      ? `${formats.percent(bucket.positive_rate_interval.low_percent)} – ${formats.percent(bucket.positive_rate_interval.high_percent)}`
                      : "–"}
                  </td>
                  <td>{formats.count(bucket.positive)}</td>
                  <td>{formats.count(bucket.negative)}</td>
                  <td>{formats.count(bucket.traces_with_feedback)}</td>
                  <td>{formats.count(bucket.total_traces)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

function times(buckets: Bucket[]): number[] {
  return buckets.map((bucket) => Date.parse(bucket.start) / 1000);
}

function rateData(buckets: Bucket[]): uPlot.AlignedData {
  return [
    times(buckets),
    buckets.map((bucket) => bucket.positive_rate_interval?.high_percent ?? null),
    buckets.map((bucket) => bucket.positive_rate_interval?.low_percent ?? null),
    buckets.map((bucket) => bucket.positive_rate_percent),
  ];
}

/** Drawn one over the other: all traces behind, then judged ones, of which the negative in front. */
function volumeData(buckets: Bucket[]): uPlot.AlignedData {
  return [
    times(buckets),
    buckets.map((bucket) => bucket.total_traces),
    buckets.map((bucket) => bucket.positive + bucket.negative),
    buckets.map((bucket) => bucket.negative),
  ];
}

/** Words for a time on the axis, in seconds. */
type Axis = (seconds: number) => string;

function optionsOfRate(colours: ChartColours, axis: Axis, words: { time: string; interval: string; positiveRate: string }) {
  const edge = { stroke: "transparent", points: { show: false }, spanGaps: true };
  return {
    ...common(colours, axis, (value) => `${value} %`),
    scales: { x: { time: true, range: withRoom }, y: { range: [0, 100] as uPlot.Range.MinMax } },
    bands: [{ series: [1, 2] as uPlot.Band.Bounds, fill: colours.band }],
    series: [
      { label: words.time, value: (_: uPlot, seconds: number | null) => (seconds === null ? "–" : axis(seconds)) },
      { ...edge, label: words.interval, value: intervalOf },
      edge,
      { label: words.positiveRate, stroke: colours.positive, width: 2, points: { size: 5, fill: colours.positive }, spanGaps: true, value: percentOf },
    ],
  };
}

function optionsOfVolume(colours: ChartColours, axis: Axis, [time = "", all = "", positive = "", negative = ""]: string[]) {
  const bars = uPlot.paths.bars?.({ size: [0.7, 24] });
  const bar = (label: string, fill: string) => ({
    label, fill, stroke: fill, width: 0, points: { show: false }, ...(bars && { paths: bars }),
  });
  const positives = (plot: uPlot, _value: number | null, _series: number, index: number | null) => {
    if (index === null) return "–";
    return String((plot.data[2]?.[index] ?? 0) - (plot.data[3]?.[index] ?? 0));
  };
  return {
    ...common(colours, axis, (value) => (Number.isInteger(value) ? String(value) : "")),
    scales: { x: { time: true, range: withRoom }, y: { range: (_: uPlot, _low: number, high: number): uPlot.Range.MinMax => [0, Math.max(1, high * 1.1)] } },
    series: [
      { label: time, value: (_: uPlot, seconds: number | null) => (seconds === null ? "–" : axis(seconds)) },
      bar(all, colours.bar),
      { ...bar(positive, colours.positive), value: positives },
      bar(negative, colours.negative),
    ],
  };
}

function common(colours: ChartColours, axis: Axis, value: (value: number) => string) {
  const line = { stroke: colours.text, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    cursor: { sync: { key: "over-time" }, drag: { x: false, y: false }, points: { size: 7 } },
    legend: { live: true },
    axes: [
      { ...line, grid: { show: false }, size: 28, space: 90, values: (_: uPlot, splits: number[]) => splits.map(axis) },
      { ...line, size: 48, space: 34, values: (_: uPlot, splits: number[]) => splits.map(value) },
    ],
  };
}

/** Half a bucket on both sides, so that the first and the last bar are whole. */
function withRoom(plot: uPlot, low: number, high: number): uPlot.Range.MinMax {
  const step = (high - low) / Math.max(1, (plot.data[0]?.length ?? 1) - 1);
  const room = Math.max(step, 1800) / 2;
  return [low - room, high + room];
}

function intervalOf(plot: uPlot, high: number | null, _series: number, index: number | null): string {
  const low = index === null ? null : plot.data[2]?.[index];
  return high === null || low === null || low === undefined ? "–" : `${low.toFixed(1)} – ${high.toFixed(1)} %`;
}

function percentOf(_: uPlot, value: number | null): string {
  return value === null ? "–" : `${value.toFixed(1)} %`;
}
