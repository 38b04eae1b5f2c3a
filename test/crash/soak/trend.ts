// What the samples of a soak say: slopes with their errors, percentiles of its parts, and the verdicts.
import { spread } from '../report.ts';
import type { Timed } from './load.ts';
import type { Sample } from './sampler.ts';

const MS_PER_HOUR = 3_600_000;
/** Memory may grow by less, once warm: megabytes an hour. */
const MOST_MB_PER_HOUR = 1;
/** The last third may on average have fewer than so many more open than the first. */
const MOST_DESCRIPTORS = 2;
const MOST_DRIFT = 1.1;

export interface Slope {
  perHour: number;
  /** Of the slope, as if each sample erred on its own. */
  standardError: number;
}

/** Least squares of `y` over `atMs`; an error of NaN below three points. */
export function slopeOf(points: readonly { atMs: number; y: number }[]): Slope {
  const meanX = mean(points.map(({ atMs }) => atMs));
  const meanY = mean(points.map(({ y }) => y));
  const spreadX = sum(points.map(({ atMs }) => (atMs - meanX) ** 2));
  const slope = sum(points.map(({ atMs, y }) => (atMs - meanX) * (y - meanY))) / spreadX;
  const rest = sum(points.map(({ atMs, y }) => (y - meanY - slope * (atMs - meanX)) ** 2));
  const error = Math.sqrt(rest / (points.length - 2) / spreadX);
  return { perHour: slope * MS_PER_HOUR, standardError: error * MS_PER_HOUR };
}

export interface Trend {
  rss: Slope;
  private: Slope;
  heap: Slope;
  descriptors: { least: number; most: number; firstMean: number; lastMean: number };
  /** Milliseconds, of status reads: of the first and the last third the median of their windows. */
  p99: { first: number; last: number };
}

/** The first third of the time is the warm-up: no slope has it. */
export function trendOf(samples: readonly Sample[], reads: readonly Timed[]): Trend {
  const warm = [...thirdOf(samples, 1), ...thirdOf(samples, 2)];
  const slope = (field: 'rssMb' | 'privateMb' | 'heapMb') =>
    slopeOf(warm.map((sample) => ({ atMs: sample.atMs, y: sample[field] })));
  const open = samples.map(({ descriptors }) => descriptors);
  const meanOpen = (third: number) => mean(thirdOf(samples, third).map((one) => one.descriptors));
  const windows = windowsOf(samples, reads);
  const p99Of = (third: number) => spread(thirdOf(windows, third).map((one) => one.p99)).p50;
  return {
    rss: slope('rssMb'),
    private: slope('privateMb'),
    heap: slope('heapMb'),
    descriptors: {
      least: Math.min(...open),
      most: Math.max(...open),
      firstMean: meanOpen(0),
      lastMean: meanOpen(2),
    },
    p99: { first: p99Of(0), last: p99Of(2) },
  };
}

export interface Verdict {
  what: string;
  isReached: boolean;
}

/** What is not a number has not been reached. */
export function verdictsOn({ rss, private: own, descriptors, p99 }: Trend): Verdict[] {
  const { least, most, firstMean, lastMean } = descriptors;
  const opened = lastMean - firstMean;
  const ratio = p99.last / p99.first;
  return [
    memoryVerdict('resident', rss),
    memoryVerdict('private', own),
    {
      what: `descriptors flat: ${least} to ${most}, on average ${signed(opened)} from the first third to the last`,
      isReached: opened < MOST_DESCRIPTORS,
    },
    {
      what: `p99 of status reads: ${p99.first.toFixed(1)} ms, then ${p99.last.toFixed(1)} ms, ratio ${ratio.toFixed(2)} (under ${MOST_DRIFT})`,
      isReached: p99.last > 0 && ratio < MOST_DRIFT,
    },
  ];
}

function memoryVerdict(name: string, { perHour, standardError }: Slope): Verdict {
  const slope = `${signed(perHour)} ± ${standardError.toFixed(2)} MB/h`;
  return {
    what: `${name} memory after warm-up: ${slope} (under ${MOST_MB_PER_HOUR})`,
    isReached: perHour < MOST_MB_PER_HOUR,
  };
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}

/** By time, not by number: a slow part has fewer. */
function thirdOf<T extends { atMs: number }>(all: readonly T[], third: number): T[] {
  const from = all[0]?.atMs ?? 0;
  const length = (all.at(-1)?.atMs ?? 0) - from;
  return all.filter(({ atMs }) => {
    const part = Math.floor((3 * (atMs - from)) / length);
    return Math.min(part, 2) === third;
  });
}

/**
 * The p99 of the reads from each sample to the next. By windows, because the slow reads of a start
 * would be the p99 of all that is read in ten minutes.
 */
function windowsOf(samples: readonly Sample[], reads: readonly Timed[]) {
  return samples.slice(1).flatMap(({ atMs }, i) => {
    const from = samples[i]!.atMs;
    const inside = reads.filter((read) => read.atMs > from && read.atMs <= atMs);
    return inside.length > 0 ? [{ atMs, p99: spread(inside.map((one) => one.tookMs)).p99 }] : [];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
