// The power cut trial: one recorded load, cut at random points, and what was found at each.
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { randomFrom, type Random } from '../../store/sqlite/damage.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { OUTCOMES, type CutResult, type Outcome } from './cut.ts';
import { readRecording, record, type Watched } from './recording.ts';
import type { Point, Replay } from './replay.ts';

export interface TrialOptions {
  points: number;
  sync: 'FULL' | 'NORMAL';
  seed: number;
  /** How many the load submits. 1,000 make 40 MB of writes. */
  jobs: number;
  onCut?: (result: CutResult) => void;
}

export interface TrialReport {
  events: number;
  syncs: number;
  acks: number;
  /** What the load wrote, bytes. */
  written: number;
  /** Of that, what checkpoints moved into the database, bytes. */
  checkpointed: number;
  /** How many cuts came to what. */
  outcomes: Record<Outcome, number>;
  /** Those that did not stay whole. */
  failures: CutResult[];
}

const LOAD = fileURLToPath(new URL('load.ts', import.meta.url));
const REPLAY = new URL('replay.ts', import.meta.url);

/** Traces, and an image for each point: in memory where there is enough of that. */
const MEMORY_DISK = '/dev/shm';
const SCRATCH_BYTES = 2 * 1024 ** 3;

function scratchParent(): string {
  if (!existsSync(MEMORY_DISK)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY_DISK);
  return bavail * bsize > SCRATCH_BYTES ? MEMORY_DISK : tmpdir();
}

/** Records a load and cuts it; leaves nothing behind. Needs strace. */
export function runTrial(options: TrialOptions): Promise<TrialReport> {
  return inScratchFolder(scratchParent(), 'power-cut', async (scratch) => {
    const watched = { folder: join(scratch, 'disk'), acks: join(scratch, 'acks') };
    mkdirSync(watched.folder);
    const traces = await recordLives(options, watched, scratch);
    const { starts, ...summary } = await summarize(traces, watched);
    const { events } = summary;
    const results = await cutAll({ ...options, traces, watched, scratch, events, starts });
    return { ...summary, ...sortOut(results) };
  });
}

/** How the process of each life ends: the next one starts after a kill, and after a clean stop. */
const LIVES = ['kill', 'stop', 'kill'];

/** The load in several lives, because starts and stops write too. */
async function recordLives(
  { sync, seed, jobs }: TrialOptions,
  watched: Watched,
  scratch: string,
): Promise<string[]> {
  const traces: string[] = [];
  for (const [i, end] of LIVES.entries()) {
    const trace = join(scratch, `trace-${i}`);
    const upTo = Math.round((jobs * (i + 1)) / LIVES.length);
    const { folder, acks } = watched;
    await record([LOAD, folder, acks, sync, `${seed + i}`, `${upTo}`, end], trace);
    traces.push(trace);
  }
  return traces;
}

async function summarize(traces: string[], watched: Watched) {
  const starts: number[] = [];
  const summary = { events: 0, syncs: 0, acks: 0, written: 0, checkpointed: 0, starts };
  for await (const event of readRecording(traces, watched)) {
    if (event.kind === 'create' && event.name === 'jobgate.db-wal') starts.push(summary.events);
    summary.events += 1;
    if (event.kind === 'sync') summary.syncs += 1;
    if (event.kind === 'ack') summary.acks += 1;
    if (event.kind !== 'write') continue;
    summary.written += event.bytes.length;
    if (event.name === 'jobgate.db') summary.checkpointed += event.bytes.length;
  }
  return summary;
}

interface Cutting extends TrialOptions {
  traces: string[];
  watched: Watched;
  scratch: string;
  events: number;
  starts: number[];
}

/** One in so many points is near a start or a stop, of which there are few. */
const NEAR_START = 10;
/** How near: events before and after. */
const NEAR_EVENTS = 100;

function pick({ events, starts }: Cutting, random: Random): number {
  if (random(NEAR_START) > 0) return random(events);
  const start = starts[random(starts.length)] ?? 0;
  return Math.min(Math.max(0, start - NEAR_EVENTS + random(2 * NEAR_EVENTS)), events - 1);
}

/** The points are dealt out to as many threads as there are processors. */
async function cutAll(cutting: Cutting): Promise<CutResult[]> {
  const random = randomFrom(cutting.seed);
  const points = Array.from({ length: cutting.points }, () => ({
    at: pick(cutting, random),
    seed: random(2 ** 32),
  })).toSorted((a, b) => a.at - b.at);
  const threads = availableParallelism();
  const hands = Array.from({ length: threads }, (_, hand) =>
    points.filter((_point, i) => i % threads === hand),
  );
  return (await Promise.all(hands.map((hand, i) => cutOnThread(cutting, hand, i)))).flat();
}

function cutOnThread(cutting: Cutting, points: Point[], hand: number): Promise<CutResult[]> {
  const { traces, watched, scratch, onCut } = cutting;
  const folder = join(scratch, `images-${hand}`);
  const workerData: Replay = { traces, watched, points, folder };
  const results: CutResult[] = [];
  return new Promise((resolve, reject) => {
    const thread = new Worker(REPLAY, { workerData });
    thread.on('message', (result: CutResult) => {
      results.push(result);
      onCut?.(result);
    });
    thread.on('error', reject);
    thread.on('exit', () => {
      if (results.length === points.length) resolve(results);
      else reject(new Error(`${results.length} of ${points.length} cuts were made`));
    });
  });
}

function sortOut(results: CutResult[]): Pick<TrialReport, 'outcomes' | 'failures'> {
  const counts = OUTCOMES.map((outcome) => [
    outcome,
    results.filter((result) => result.outcome === outcome).length,
  ]);
  return {
    outcomes: Object.fromEntries(counts) as Record<Outcome, number>,
    failures: results.filter(({ outcome }) => outcome !== 'whole'),
  };
}
