import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface ChartColours {
  text: string;
  grid: string;
  positive: string;
  negative: string;
  band: string;
  bar: string;
}

interface ChartProps {
  label: string;
  data: uPlot.AlignedData;
  height: number;
  /** Whether its second and third series are the edges of an interval. */
  isRate?: boolean;
  options: (colours: ChartColours) => Omit<uPlot.Options, "width" | "height">;
  /** The index of the point that was chosen. */
  onChoose: (index: number) => void;
}

/** uPlot in the page's colours and width. */
export function Chart({ label, data, height, isRate = false, options, onChoose }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const choose = useRef(onChoose);
  useEffect(() => {
    choose.current = onChoose;
  }, [onChoose]);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot({ ...options(coloursOf(element)), width: element.clientWidth, height }, data, element);
      plot.over.addEventListener("click", () => {
        const index = plot?.cursor.idx;
        if (typeof index === "number") choose.current(index);
      });
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      theme.disconnect();
      system.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [data, height, options]);
  return <div ref={host} className={isRate ? "chart is-rate" : "chart"} role="img" aria-label={label} />;
}

function coloursOf(element: Element): ChartColours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: colour("--text-soft"),
    grid: colour("--line"),
    positive: colour("--positive"),
    negative: colour("--negative"),
    band: colour("--positive-band"),
    bar: colour("--bar"),
  };
}
