// The kill trial: a gateway and four workers under load, one of the five killed each round.
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom, type Random } from '../../store/sqlite/damage.ts';
import { GatewayProcess, WorkerProcess } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { Checker } from './checker.ts';
import { ENDPOINTS, Load } from './load.ts';
import { reckonFile, reckonOverHttp, untilAllEnded } from './reckoning.ts';

export interface KillOptions {
  rounds: number;
  seed: number;
  onRound?: (round: number) => void;
}

/** Milliseconds. */
export interface Start {
  /** From the kill until it answered again. */
  ready: number;
  /** Of the processor. */
  cpu: number;
  /** For a processor. */
  waited: number;
}

export interface KillReport {
  gatewayKills: number;
  workerKills: number;
  /** Of each kill of the gateway. */
  starts: Start[];
  roundsMs: number;
  /** Answered 202. */
  jobs: number;
  /** Submissions whose answer was lost with the gateway, and that were sent again. */
  unanswered: number;
  retries: number;
  handlerRuns: number;
  completions: number;
  looks: number;
  /** What did not hold; empty when all did. */
  faults: string[];
}

const WORKERS = 4;
const LEASE_SECONDS = 5;
/** Longest time between two kills, milliseconds, beside that of the start. */
const LONGEST_PAUSE_MS = 250;

/** Leaves no process and no file behind. */
export function runKillTrial(options: KillOptions): Promise<KillReport> {
  return inScratchFolder(tmpdir(), 'kill', (folder) => runIn(folder, options));
}

async function runIn(folder: string, { rounds, seed, onRound }: KillOptions): Promise<KillReport> {
  const gateway = await GatewayProcess.start(folder);
  const checker = new Checker(gateway.client);
  const random = randomFrom(seed);
  const crew = new Crew(gateway, checker, random);
  const load = new Load(gateway.client, checker, randomFrom(seed + 1));
  try {
    const startedAt = performance.now();
    load.start();
    for (let round = 1; round <= rounds; round += 1) {
      await sleep(random(LONGEST_PAUSE_MS));
      await crew.killOne();
      onRound?.(round);
    }
    await load.stop();
    const roundsMs = performance.now() - startedAt;
    await reckon(gateway, checker, crew);
    return { ...crew.kills, roundsMs, unanswered: load.unanswered, ...figuresOf(checker) };
  } finally {
    load.end();
    await crew.killAll();
  }
}

/** No more kills: everything ends, and everything is there. */
async function reckon(gateway: GatewayProcess, checker: Checker, crew: Crew): Promise<void> {
  if (!(await untilAllEnded(gateway.client))) checker.fault('jobs are left that do not end');
  await crew.stopWorkers();
  await reckonOverHttp(checker);
  const code = await gateway.stop();
  if (code !== 0) checker.fault(`the gateway stopped with ${code}`);
  reckonFile(gateway.databasePath, checker);
}

function figuresOf(checker: Checker) {
  const { retries, handlerRuns, completions, looks, faults } = checker;
  return { jobs: checker.jobs.size, retries, handlerRuns, completions, looks, faults };
}

/** The five processes. */
class Crew {
  readonly #gateway: GatewayProcess;
  readonly #checker: Checker;
  readonly #random: Random;
  readonly #workers: WorkerProcess[];
  readonly kills = {
    gatewayKills: 0,
    workerKills: 0,
    starts: [] as Start[],
  };
  #hired = 0;

  constructor(gateway: GatewayProcess, checker: Checker, random: Random) {
    this.#gateway = gateway;
    this.#checker = checker;
    this.#random = random;
    this.#workers = Array.from({ length: WORKERS }, () => this.#hire());
  }

  /** Kills any of the five, and starts another in its place. */
  async killOne(): Promise<void> {
    const victim = this.#random(WORKERS + 1);
    const worker = this.#workers[victim];
    if (!worker) {
      this.kills.gatewayKills += 1;
      // A worker that starts takes a core of two: it is the gateway's start that is measured.
      await Promise.all(this.#workers.map((one) => one.told('started')));
      const ready = await this.#gateway.killAndStart();
      const { cpuMs: cpu, waitedMs: waited } = this.#gateway;
      this.kills.starts.push({ ready, cpu, waited });
      return;
    }
    await worker.told('started');
    await worker.kill();
    this.kills.workerKills += 1;
    this.#workers[victim] = this.#hire();
  }

  async stopWorkers(): Promise<void> {
    const codes = await Promise.all(this.#workers.map((worker) => worker.stop()));
    if (codes.some((code) => code !== 0))
      this.#checker.fault(`workers stopped with ${codes.join()}`);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#workers, this.#gateway].map((one) => one.kill()));
  }

  #hire(): WorkerProcess {
    this.#hired += 1;
    const settings = {
      client: this.#gateway.client,
      workerId: `worker-${this.#hired}`,
      endpoints: ENDPOINTS,
      concurrency: 2,
      leaseSeconds: LEASE_SECONDS,
    };
    return new WorkerProcess(settings, (told) => this.#checker.noteTold(told));
  }
}
