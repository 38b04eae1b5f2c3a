// The two charts of the last hour: how many jobs went through, and how long they ran.
import { useMemo } from 'preact/hooks';
import { duration } from '../../components/time.tsx';
import { formatNumber, useText } from '../../i18n/words.ts';
import { Chart, type Measure } from './chart.tsx';
import type { PlotSeries } from './plot.ts';
import type { Activity } from '../../readings.ts';

type Minute = Activity['minutes'][number];

/** The ends of a minute stand on one another; the last drawn is the lowest. */
const THROUGHPUT: PlotSeries[] = [
  { kind: 'bar', colour: '--ink-cancelled' },
  { kind: 'bar', colour: '--ink-failed' },
  { kind: 'bar', colour: '--ink-done' },
  { kind: 'line', colour: '--accent' },
];

const RUN_TIMES: PlotSeries[] = [
  { kind: 'line', colour: '--text-quiet' },
  { kind: 'line', colour: '--running' },
];

export function Throughput({ activity: { minutes } }: { activity: Activity }) {
  const t = useText('overview');
  const shared = useText('shell');
  const { times, rows } = useMemo(
    () => ({
      times: minutes.map(({ at }) => at),
      rows: [
        minutes.map(({ done, failed, cancelled }) => done + failed + cancelled),
        minutes.map(({ done, failed }) => done + failed),
        minutes.map(({ done }) => done),
        minutes.map(({ submitted }) => submitted),
      ],
    }),
    [minutes],
  );
  const measures = [
    measureOf(minutes, 'submitted', t('submitted'), 'accent'),
    measureOf(minutes, 'done', shared('done'), 'done'),
    measureOf(minutes, 'failed', shared('failed'), 'failed'),
    measureOf(minutes, 'cancelled', shared('cancelled'), 'cancelled'),
  ];
  const eventful = minutes.map((minute) => !isIdle(minute));
  return (
    <Chart
      title={t('throughput')}
      summary={t('throughput_summary', {
        counts: measures.map(({ name, total }) => `${name}: ${total}`).join(', '),
      })}
      minutes={times}
      eventful={eventful}
      measures={measures}
      drawn={THROUGHPUT}
      rows={rows}
      format={formatNumber}
      none={eventful.includes(true) ? undefined : t('throughput_none')}
    />
  );
}

function isIdle({ submitted, done, failed, cancelled }: Minute): boolean {
  return submitted + done + failed + cancelled === 0;
}

function measureOf(
  minutes: Minute[],
  field: Exclude<keyof Minute, 'at' | 'run_ms'>,
  name: string,
  ink: string,
): Measure {
  const total = minutes.reduce((sum, minute) => sum + minute[field], 0);
  const values = minutes.map((minute) => formatNumber(minute[field]));
  return { name, ink, total: formatNumber(total), values };
}

export function RunTimes({ activity: { minutes, run_ms: hour } }: { activity: Activity }) {
  const t = useText('overview');
  const { times, rows } = useMemo(
    () => ({
      times: minutes.map(({ at }) => at),
      rows: [
        minutes.map(({ run_ms }) => run_ms?.p95 ?? null),
        minutes.map(({ run_ms }) => run_ms?.p50 ?? null),
      ],
    }),
    [minutes],
  );
  const measured = (part: 'p50' | 'p95', name: string, ink: string): Measure => ({
    name,
    ink,
    total: hour ? duration(hour[part]) : '–',
    values: minutes.map(({ run_ms }) => (run_ms ? duration(run_ms[part]) : '–')),
  });
  return (
    <Chart
      title={t('run_times')}
      summary={
        hour
          ? t('run_times_summary', { p50: duration(hour.p50), p95: duration(hour.p95) })
          : t('run_times_none')
      }
      minutes={times}
      eventful={minutes.map(({ run_ms }) => run_ms !== null)}
      measures={[measured('p50', t('p50'), 'running'), measured('p95', t('p95'), 'quiet')]}
      drawn={RUN_TIMES}
      rows={rows}
      format={roundDuration}
      none={hour ? undefined : t('run_times_none')}
    />
  );
}

/** The steps at the side of a chart are round: "2 s" and "5 min". */
function roundDuration(ms: number): string {
  if (ms === 0) return '0';
  return duration(ms)
    .replace(/(\d)[.,]0 s$/, '$1 s')
    .replace(/ 0 (s|min|h)$/, '');
}
