// Throughput beside other queues: durable submits and work over HTTP, and whole jobs in process.
import type { Bench, Finding } from './bench.ts';
import { median } from './compare.ts';
import { IN_PROCESS, liteque, ourStore, plainjob } from './in-process.ts';
import {
  BATCH,
  bunqueueOverHttp,
  IN_BATCHES,
  jobgateOverHttp,
  ONE_BY_ONE,
  SUBMIT,
} from './over-http.ts';
import { count, progress, type Table, type Verdict } from './report.ts';
import { installRivals } from './rivals.ts';

const GOAL = 2;
const OVER_HTTP = [SUBMIT, ONE_BY_ONE, IN_BATCHES];
const WARM_UP_SECONDS = 1;

/** One queue doing one kind of work. Of one work, ours comes first. */
export interface Contender {
  work: string;
  name: string;
  /** SQLite's `synchronous`, and what that makes of an answer. */
  durability: string;
  /** Works for about so long; jobs a second. */
  run(seconds: number): Promise<number>;
  /** After each run, outside of what is measured. */
  settle?(): Promise<void>;
  close(): unknown;
}

export interface Result extends Pick<Contender, 'work' | 'name' | 'durability'> {
  /** Jobs a second, round by round. */
  rates: number[];
  /** Why it is not measured. */
  leftOut?: string;
}

export async function measureThroughput(bench: Bench): Promise<Finding> {
  const ours = [...(await jobgateOverHttp(bench)), ourStore(bench, 1), ourStore(bench, BATCH)];
  const { rivals, leftOut } = await startRivals(bench);
  const contenders = [...ours, ...rivals];
  const results = await runAll(bench, contenders);
  for (const contender of contenders) await contender.close();
  return { table: toTable([...results, ...leftOut]), figures: [...results, ...leftOut] };
}

/** Those that cannot be run here are left out, with the reason. */
async function startRivals(bench: Bench): Promise<{ rivals: Contender[]; leftOut: Result[] }> {
  const rivals: Contender[] = [];
  const leftOut: Result[] = [];
  const starts = [
    { name: 'bunqueue', works: OVER_HTTP, start: () => bunqueueOverHttp(bench) },
    { name: 'plainjob', works: [IN_PROCESS], start: async () => [await plainjob(bench)] },
    { name: 'liteque', works: [IN_PROCESS], start: async () => [await liteque(bench)] },
  ];
  for (const { name, works, start } of starts) {
    try {
      installRivals();
      const started = await start();
      // A short turn: what a rival cannot do here shows now, and not in the middle of a round.
      for (const contender of started) await turn(contender, 0.1);
      rivals.push(...started);
    } catch (error) {
      const reason = (error as Error).message;
      progress(`${name} is left out: ${reason}`);
      leftOut.push(
        ...works.map((work) => ({ work, name, durability: '', rates: [], leftOut: reason })),
      );
    }
  }
  return { rivals, leftOut };
}

/** Work by work, so that those who do the same run one after the other. */
async function runAll({ options }: Bench, contenders: Contender[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const work of new Set(contenders.map((contender) => contender.work))) {
    const same = contenders.filter((contender) => contender.work === work);
    for (const contender of same) await turn(contender, Math.min(WARM_UP_SECONDS, options.seconds));
    const rates = same.map((): number[] => []);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const index of rotated(same.length, round)) {
        const contender = same[index];
        if (contender) rates[index]?.push(await turn(contender, options.seconds));
      }
      const told = same.map(({ name }, index) => `${name} ${count(rates[index]?.at(-1) ?? NaN)}/s`);
      progress(`${work}, round ${round + 1} of ${options.rounds}: ${told.join(', ')}`);
    }
    results.push(
      ...same.map(({ name, durability }, index) => ({
        work,
        name,
        durability,
        rates: rates[index] ?? [],
      })),
    );
  }
  return results;
}

async function turn(contender: Contender, seconds: number): Promise<number> {
  const rate = await contender.run(seconds);
  await contender.settle?.();
  return rate;
}

/** Each round begins with another one, so that none always follows the same one. */
function rotated(length: number, by: number): number[] {
  return Array.from({ length }, (_, index) => (index + by) % length);
}

export function toTable(results: Result[]): Table {
  return {
    title: 'Throughput beside other queues',
    head: ['work', 'queue', 'an answer is', 'jobs/s', 'ours by this', 'slowest to fastest round'],
    textColumns: 3,
    rows: [...OVER_HTTP, IN_PROCESS].flatMap((work) => rowsOf(work, results)),
    verdicts: OVER_HTTP.map((work) => verdictOf(work, results)),
  };
}

function rowsOf(work: string, results: Result[]): string[][] {
  const same = results.filter((result) => result.work === work);
  const [ours] = same;
  return same.map(({ name, durability, rates, leftOut }, index) => {
    const label = index === 0 ? work : '';
    if (leftOut !== undefined) return [label, name, `left out: ${leftOut}`, '', '', ''];
    const range = `${count(Math.min(...rates))} to ${count(Math.max(...rates))}`;
    const times = ratio(ours?.rates ?? [], rates).toFixed(2);
    return [label, name, durability, count(median(rates)), times, range];
  });
}

function verdictOf(work: string, results: Result[]): Verdict {
  const [ours, theirs] = results.filter((result) => result.work === work);
  const actual = ratio(ours?.rates ?? [], theirs?.rates ?? []);
  return {
    goal: `${work}: ours ahead of bunqueue's durable HTTP path by ${GOAL}x or more`,
    actual: Number.isNaN(actual) ? 'not measured' : `${actual.toFixed(2)}x`,
    reached: actual >= GOAL,
  };
}

/** Median over the rounds of one's rate by the other's in the same round. */
function ratio(rates: number[], others: number[]): number {
  return median(rates.map((rate, round) => rate / (others[round] ?? NaN)));
}
