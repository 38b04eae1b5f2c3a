// The soak: a gateway under steady mixed load, and a worker with a job in hand killed every second.
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../store/sqlite/damage.ts';
import { untilAllEnded } from '../kill/reckoning.ts';
import { GatewayProcess } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { Crew } from './crew.ts';
import { Load, type Timed } from './load.ts';
import { keepSampling, METRICS_TOKEN, type Sample } from './sampler.ts';

export interface SoakOptions {
  seconds: number;
  /** Before that, many times as fast, and not measured. Default: 120 s. */
  warmUpSeconds?: number;
  seed: number;
  /** Default: 10 s. */
  sampleEveryMs?: number;
  /** After each kill. */
  onKill?: (kills: number, faults: number) => void;
}

export interface SoakReport {
  samples: Sample[];
  statusReads: Timed[];
  jobs: number;
  waits: number;
  gets: number;
  /** Of these, answered 304. */
  unchanged: number;
  follows: number;
  cancels: number;
  lists: number;
  /** Workers killed with a job in hand. */
  kills: number;
  completions: number;
  /** Completions after the lease. */
  refused: number;
  /** What did not hold; empty when all did. */
  faults: string[];
}

/**
 * What V8 compiles, it compiles once it was called often: at the steady pace the rarest paths take
 * an hour to get there. Their code is 2 to 4 MB/h of the first half of an hour, also of a gateway that
 * nobody asks for anything, and would be taken for a leak. This shortens it; the first third of what
 * is measured is left out as well.
 */
const WARM_UP_SECONDS = 120;
const WARM_UP_SPEED = 10;

const KILL_EVERY_MS = 1000;
const SAMPLE_EVERY_MS = 10_000;
/** Many of one kind say no more than the first. */
const MOST_FAULTS = 100;

const ENVIRONMENT = {
  METRICS_TOKEN,
  // How much a busy machine is spared is not what is asked here.
  MAX_EVENT_LOOP_LAG_MS: '0',
};

/** Leaves no process and no file behind. */
export function runSoakTrial(options: SoakOptions): Promise<SoakReport> {
  return inScratchFolder(tmpdir(), 'soak', (folder) => runIn(folder, options));
}

async function runIn(folder: string, options: SoakOptions): Promise<SoakReport> {
  const { seed, warmUpSeconds = WARM_UP_SECONDS, sampleEveryMs = SAMPLE_EVERY_MS } = options;
  const gateway = await GatewayProcess.start(folder, ENVIRONMENT);
  const faults: string[] = [];
  const fault = (what: string) => void (faults.length < MOST_FAULTS && faults.push(what));
  const load = new Load(gateway.client, randomFrom(seed), fault);
  const crew = new Crew(gateway, randomFrom(seed + 1), fault);
  const over = new AbortController();
  try {
    load.start();
    await warmUp(load, warmUpSeconds);
    const sampling = keepSampling(gateway, sampleEveryMs, over.signal);
    await Promise.race([keepKilling(crew, faults, options, over.signal), sampling]);
    over.abort();
    const samples = await sampling;
    await settle(gateway, load, crew, fault);
    const { statusReads, counts } = load;
    const { kills, completions, refused } = crew;
    return { samples, statusReads, ...counts, kills, completions, refused, faults };
  } finally {
    over.abort();
    load.end();
    await crew.killAll();
    await gateway.kill();
  }
}

async function warmUp(load: Load, seconds: number): Promise<void> {
  load.speed = WARM_UP_SPEED;
  await sleep(seconds * 1000);
  load.speed = 1;
  load.statusReads.length = 0;
}

async function keepKilling(
  crew: Crew,
  faults: string[],
  { seconds, onKill }: SoakOptions,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end && !signal.aborted) {
    const next = performance.now() + KILL_EVERY_MS;
    await crew.killOne();
    onKill?.(crew.kills, faults.length);
    await sleep(Math.max(0, next - performance.now()));
  }
}

/** No more kills: everything ends, and everybody stops when asked to. */
async function settle(
  gateway: GatewayProcess,
  load: Load,
  crew: Crew,
  fault: (what: string) => void,
): Promise<void> {
  await load.stop();
  if (!(await untilAllEnded(gateway.client))) fault('jobs are left that do not end');
  await crew.stop();
  const code = await gateway.stop();
  if (code !== 0) fault(`the gateway stopped with ${code}`);
}
