// The workers of the soak: one that holds a lease is killed at a time, and another takes its place.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../store/sqlite/damage.ts';
import { WorkerProcess, type GatewayProcess, type Told } from '../processes.ts';
import { ENDPOINT } from './load.ts';

const PROGRAM = fileURLToPath(new URL('worker-program.ts', import.meta.url));
const WORKERS = 4;
const LEASE_SECONDS = 5;
/** How long a kill waits for a worker that holds a lease, and how often it looks. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 5;

export class Crew {
  readonly #gateway: GatewayProcess;
  readonly #random: Random;
  readonly #fault: (what: string) => void;
  readonly #workers = new Map<string, WorkerProcess>();
  /** Workers with a job in hand. */
  readonly #holding = new Set<string>();
  #hired = 0;
  #isOver = false;
  kills = 0;
  completions = 0;
  /** Reports that came after the lease. */
  refused = 0;

  constructor(gateway: GatewayProcess, random: Random, fault: (what: string) => void) {
    this.#gateway = gateway;
    this.#random = random;
    this.#fault = fault;
    for (let i = 0; i < WORKERS; i += 1) this.#hire();
  }

  async killOne(): Promise<void> {
    const victim = await this.#pickHolder();
    if (victim === undefined) return this.#fault('no worker holds a lease that could be killed');
    await this.#workers.get(victim)?.kill();
    this.#workers.delete(victim);
    this.#holding.delete(victim);
    this.kills += 1;
    this.#hire();
  }

  async #pickHolder(): Promise<string | undefined> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const holding = [...this.#holding];
      if (holding.length > 0) return holding[this.#random(holding.length)];
      await sleep(LOOK_MS);
    }
    return undefined;
  }

  async stop(): Promise<void> {
    const codes = await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
    if (codes.some((code) => code !== 0)) this.#fault(`workers stopped with ${codes.join()}`);
  }

  async killAll(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
  }

  #hire(): void {
    if (this.#isOver) return;
    this.#hired += 1;
    const settings = {
      client: this.#gateway.client,
      workerId: `worker-${this.#hired}`,
      endpoints: [ENDPOINT],
      concurrency: 1,
      leaseSeconds: LEASE_SECONDS,
    };
    const worker = new WorkerProcess(settings, (told) => this.#note(told), PROGRAM);
    this.#workers.set(settings.workerId, worker);
  }

  #note({ kind, workerId, jobId, status }: Told): void {
    if (kind === 'run') {
      this.#holding.add(workerId);
      return;
    }
    this.#holding.delete(workerId);
    if (status === 200) this.completions += 1;
    else if (status === 409) this.refused += 1;
    else this.#fault(`the completion of ${jobId} was answered ${status}`);
  }
}
