// A plot over the last hour, by uPlot: bars and lines in the page's colours, as wide as its frame.
import type uPlot from 'uplot';
import { currentLanguage } from '../../i18n/words.ts';

/** A row of values, one for each minute. */
export interface PlotSeries {
  kind: 'bar' | 'line';
  /** A token, such as `--done`. */
  colour: string;
}

export interface PlotOptions {
  series: PlotSeries[];
  /** Of the values at the side. */
  format(value: number): string;
  /** Told the minute that is pointed at, by its index. */
  onPoint(index: number | undefined): void;
}

export interface Plot {
  /** `data`: the minutes, epoch milliseconds, then a row for each series. */
  show(data: uPlot.AlignedData): void;
  destroy(): void;
}

const HALF_MINUTE_MS = 30_000;
const FONT_SIZE_PX = 11;

/** Of a figure, and of what is left free beside the texts. */
const CHARACTER_PX = 6.5;
const MARGIN_PX = 14;

/** Whole numbers, and round durations in milliseconds. */
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 18_000_000, 36_000_000, 86_400_000,
];

/** Loads uPlot first, which nothing else needs. */
export async function createPlot(frame: HTMLElement, options: PlotOptions): Promise<Plot> {
  const { default: UPlot } = await import('uplot');
  const colour = colours(frame);
  const plot = new UPlot(
    {
      ...sizeOf(frame),
      ms: 1,
      padding: [8, 28, 0, 0],
      // The legend is the page's own, with the names in its language.
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { range: (_, first, last) => [first - HALF_MINUTE_MS, last + HALF_MINUTE_MS] },
        y: { range: (_, __, most) => [0, most ? most * 1.1 : 1] },
      },
      axes: axesOf(frame, colour, options.format),
      series: [{}, ...options.series.map((series) => drawnAs(series, UPlot, colour))],
      hooks: { setCursor: [({ cursor }) => options.onPoint(cursor.idx ?? undefined)] },
    },
    undefined,
    frame,
  );
  return follow(frame, plot);
}

/** Redraws it when the frame's size or the theme changes. */
function follow(frame: HTMLElement, plot: uPlot): Plot {
  const resizing = new ResizeObserver(() => plot.setSize(sizeOf(frame)));
  resizing.observe(frame);
  const theme = matchMedia('(prefers-color-scheme: dark)');
  const redraw = () => plot.redraw();
  theme.addEventListener('change', redraw);
  return {
    show: (data) => plot.setData(data),
    destroy: () => {
      resizing.disconnect();
      theme.removeEventListener('change', redraw);
      plot.destroy();
    },
  };
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement) {
  return { width: clientWidth, height: clientHeight };
}

type Colour = (token: string) => string;

/** A token's colour in the theme of the moment: as written, it names those of both. */
function colours(frame: HTMLElement): Colour {
  const probe = frame.appendChild(document.createElement('span'));
  probe.hidden = true;
  return (token) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
}

function axesOf(frame: HTMLElement, colour: Colour, format: PlotOptions['format']): uPlot.Axis[] {
  const text = {
    stroke: () => colour('--text-quiet'),
    font: `${FONT_SIZE_PX}px ${getComputedStyle(frame).fontFamily}`,
    ticks: { show: false },
  };
  return [
    { ...text, size: 24, space: 64, grid: { show: false }, values: (_, times) => clock(times) },
    {
      ...text,
      size: (_, texts) => MARGIN_PX + CHARACTER_PX * longestOf(texts),
      space: 32,
      incrs: STEPS,
      grid: { stroke: () => colour('--line'), width: 1 },
      values: (_, values) => values.map(format),
    },
  ];
}

/** There are none before the first drawing. */
function longestOf(texts: string[] | null): number {
  return Math.max(0, ...(texts ?? []).map(({ length }) => length));
}

/** Asked with each drawing: the language may have changed. */
function clock(times: number[]): string[] {
  const format = new Intl.DateTimeFormat(currentLanguage(), { hour: '2-digit', minute: '2-digit' });
  return times.map((at) => format.format(at));
}

function drawnAs(
  { kind, colour: token }: PlotSeries,
  { paths }: typeof uPlot,
  colour: Colour,
): uPlot.Series {
  const ink = () => colour(token);
  if (kind === 'line') return { stroke: ink, width: 1.5, points: { size: 4, fill: ink } };
  const bars = paths.bars?.({ size: [0.7, 14] });
  return { fill: ink, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
}
