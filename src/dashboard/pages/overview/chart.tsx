// A chart of the last hour: its legend tells the sums, or the minute pointed at; a table has it in words.
import type { AlignedData } from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { currentLanguage, useText } from '../../i18n/words.ts';
import { createPlot, type Plot, type PlotSeries } from './plot.ts';

/** What stands in the legend and in the table, not always what is drawn. */
export interface Measure {
  name: string;
  /** The token of its colour, without the dashes. */
  ink: string;
  /** Of the hour. */
  total: string;
  /** Of each minute. */
  values: string[];
}

interface ChartProps {
  title: string;
  /** What is to be seen, in a sentence. */
  summary: string;
  /** Epoch milliseconds. */
  minutes: number[];
  /** Of each minute, whether there is something to tell of it. */
  eventful: boolean[];
  measures: Measure[];
  drawn: PlotSeries[];
  /** A row for each of `drawn`. */
  rows: (number | null)[][];
  format(value: number): string;
  /** Said in place of the drawing; undefined when there is something to draw. */
  none: string | undefined;
}

export function Chart(props: ChartProps) {
  const { title, summary, minutes, eventful, measures, none } = props;
  const t = useText('overview');
  const [pointed, setPointed] = useState<number>();
  const { frame, isAway } = usePlot(props, setPointed);
  const at = pointed === undefined ? undefined : minutes[pointed];
  return (
    <figure class="card chart">
      <figcaption class="chart-head">
        <h2>{title}</h2>
        <span class="quiet small">{at === undefined ? t('last_hour') : clockTime(at)}</span>
      </figcaption>
      <dl class="chart-legend">
        {measures.map(({ name, ink, total, values }) => (
          <div key={name} class="chart-measure">
            <dt data-ink={ink}>{name}</dt>
            <dd>{at === undefined ? total : values[pointed ?? 0]}</dd>
          </div>
        ))}
      </dl>
      <div class="chart-place">
        <div ref={frame} class="chart-frame" role="img" aria-label={summary} />
        {(isAway || none) && <p class="chart-none">{isAway ? t('chart_away') : none}</p>}
      </div>
      <div class="visually-hidden">
        <MinuteTable title={title} minutes={minutes} eventful={eventful} measures={measures} />
      </div>
    </figure>
  );
}

/** Draws into the frame what the props say, again whenever they change. */
function usePlot(
  { minutes, rows, drawn, format }: ChartProps,
  onPoint: (index: number | undefined) => void,
) {
  const frame = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot>();
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    let isGone = false;
    let made: Plot | undefined;
    createPlot(frame.current!, { series: drawn, format, onPoint }).then(
      (created) => {
        made = created;
        if (isGone) made.destroy();
        else setPlot(made);
      },
      () => setAway(true),
    );
    return () => {
      isGone = true;
      made?.destroy();
    };
  }, []);
  useEffect(() => plot?.show([minutes, ...rows] as AlignedData), [plot, minutes, rows]);
  return { frame, isAway };
}

/** The minutes in which there was something. */
function MinuteTable({
  title,
  minutes,
  eventful,
  measures,
}: Pick<ChartProps, 'title' | 'minutes' | 'eventful' | 'measures'>) {
  const t = useText('overview');
  const told = [...minutes.keys()].filter((index) => eventful[index]);
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{t('minute')}</th>
          {measures.map(({ name }) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {told.map((index) => (
          <tr key={minutes[index]}>
            <th scope="row">{clockTime(minutes[index] ?? 0)}</th>
            {measures.map(({ name, values }) => (
              <td key={name}>{values[index]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function clockTime(at: number): string {
  return new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'short' }).format(at);
}
