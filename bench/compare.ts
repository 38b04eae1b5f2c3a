// Comparing servers: interleaved rounds in rotating order, and the median of each server's rounds.
import { runLoad, type Exchange, type LoadSample } from './load.ts';
import type { Options } from './options.ts';
import { progress } from './report.ts';
import type { Server } from './workspace.ts';

/** One of the servers compared; the first of a list is what the others are measured against. */
export interface Subject {
  name: string;
  server: Server;
  next(): Exchange;
}

export interface Result {
  name: string;
  /** Medians over the rounds. */
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Median over the rounds of this server's rate by the first one's in the same round. */
  ratio: number;
  /** The slowest and the fastest round. */
  slowest: number;
  fastest: number;
}

type Pace = Pick<Options, 'rounds' | 'seconds' | 'connections'>;

const WARM_UP_SECONDS = 2;

/** Measures all subjects side by side, after a warm-up of each. */
export async function compare(subjects: Subject[], pace: Pace): Promise<Result[]> {
  for (const subject of subjects) {
    progress(`warming up: ${subject.name}`);
    await load(subject, { ...pace, seconds: Math.min(WARM_UP_SECONDS, pace.seconds) });
  }
  const samples = subjects.map((): LoadSample[] => []);
  for (let round = 0; round < pace.rounds; round += 1)
    await runRound(subjects, samples, round, pace);
  return subjects.map(({ name }, index) => toResult(name, samples[index] ?? [], samples[0] ?? []));
}

/** Each round begins with another subject, so that none always follows the same one. */
async function runRound(subjects: Subject[], samples: LoadSample[][], round: number, pace: Pace) {
  for (let turn = 0; turn < subjects.length; turn += 1) {
    const index = (round + turn) % subjects.length;
    const subject = subjects[index];
    if (!subject) continue;
    const sample = await load(subject, pace);
    samples[index]?.push(sample);
    progress(
      `round ${round + 1} of ${pace.rounds}: ${subject.name} ${Math.round(sample.perSecond)}/s`,
    );
  }
}

function load({ server, next }: Subject, { connections, seconds }: Pace): Promise<LoadSample> {
  return runLoad({ port: server.port, connections, seconds, next });
}

function toResult(name: string, samples: LoadSample[], yardstick: LoadSample[]): Result {
  const rates = samples.map(({ perSecond }) => perSecond);
  return {
    name,
    perSecond: median(rates),
    p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    ratio: median(rates.map((rate, round) => rate / (yardstick[round]?.perSecond ?? NaN))),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
  };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1] ?? NaN;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return (lower + upper) / 2;
}
