// The zombie trial: workers frozen past their lease and woken; another does their job, once.
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GatewayProcess, WorkerProcess, type Told } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';

export interface ZombieOptions {
  rounds: number;
  onRound?: () => void;
}

export interface ZombieReport {
  /** Reports of woken workers that were refused as they must be. */
  refused: number;
  /** Milliseconds from the freeze until another worker had the job. */
  takeoverMs: number[];
  faults: string[];
}

export const LEASE_SECONDS = 5;

/** Rounds at the same time: more processes than this take their time to start. */
const ROUNDS_AT_ONCE = 10;
/** How long a handler works. */
const WORK_MS = 2000;
/** Workers are frozen at different moments of it, some after heartbeats (one a second). */
const FREEZE_AFTER_MS = [0, 400, 1500];

const PLAIN = fileURLToPath(new URL('zombie-program.ts', import.meta.url));

/** Leaves no process and no file behind. */
export function runZombieTrial(options: ZombieOptions): Promise<ZombieReport> {
  return inScratchFolder(tmpdir(), 'zombie', (folder) => runIn(folder, options));
}

async function runIn(folder: string, { rounds, onRound }: ZombieOptions): Promise<ZombieReport> {
  const report: ZombieReport = { refused: 0, takeoverMs: [], faults: [] };
  const gateway = await GatewayProcess.start(folder);
  const runOne = async (number: number) => {
    await runRound(new Round(gateway, number), report);
    onRound?.();
  };
  try {
    for (let from = 0; from < rounds; from += ROUNDS_AT_ONCE) {
      const many = Math.min(ROUNDS_AT_ONCE, rounds - from);
      await Promise.all(Array.from({ length: many }, (_, i) => runOne(from + i)));
    }
    if ((await gateway.stop()) !== 0) report.faults.push('the gateway did not stop cleanly');
    return report;
  } finally {
    await gateway.kill();
  }
}

async function runRound(round: Round, report: ZombieReport): Promise<void> {
  try {
    await round.freezeAWorker();
    report.takeoverMs.push(await round.awaitTakeover());
    await round.wakeIt();
    const { faults, refused } = await round.reckon();
    report.faults.push(...faults);
    report.refused += refused;
  } catch (error) {
    report.faults.push(`round ${round.number}: ${String(error)}`);
  } finally {
    await round.end();
  }
}

/** One job, the worker that is frozen with it, and the one that takes it over. */
class Round {
  readonly number: number;
  readonly #gateway: GatewayProcess;
  readonly #endpoint: string;
  readonly #told: Told[] = [];
  /** The plain one reports in every way when it is woken; the product's knows to let go. */
  readonly #isPlain: boolean;
  readonly #workers: WorkerProcess[] = [];
  #jobId = '';
  #frozenAt = 0;

  constructor(gateway: GatewayProcess, number: number) {
    this.#gateway = gateway;
    this.number = number;
    this.#endpoint = `/v1/trial/zombie-${number}`;
    this.#isPlain = number % 2 === 0;
  }

  async freezeAWorker(): Promise<void> {
    const payload = { plan: { end: 'done', ms: WORK_MS }, text: 'once' };
    const job = { endpoint: this.#endpoint, payload };
    this.#jobId = (await this.#gateway.client.postUntilAnswered('job/submit', job)).json.job_id;
    const zombie = this.#hire('zombie', this.#isPlain ? PLAIN : undefined);
    await zombie.told('run');
    await sleep(FREEZE_AFTER_MS[this.number % FREEZE_AFTER_MS.length]);
    // Its last sign of life was before this: the lease counts from there.
    this.#frozenAt = performance.now();
    zombie.freeze();
  }

  async awaitTakeover(): Promise<number> {
    await this.#hire('rescuer').told('run');
    return performance.now() - this.#frozenAt;
  }

  /** In every second pair of rounds while the other still works, else when the job is done. */
  async wakeIt(): Promise<void> {
    const [zombie, rescuer] = this.#workers;
    if (this.number % 4 < 2) await rescuer?.told('completed');
    zombie?.wake();
    await zombie?.told(this.#isPlain ? 'over' : 'dropped');
    await rescuer?.told('completed');
  }

  async reckon(): Promise<{ faults: string[]; refused: number }> {
    const answer = await this.#gateway.client.postUntilAnswered('job/get', { job_id: this.#jobId });
    const refusals = this.#told.filter(isRefusal);
    const reports = this.#told.filter(({ kind }) => kind === 'answered' || kind === 'dropped');
    const faults = [
      ...(refusals.length === (this.#isPlain ? 5 : 1) && reports.length === refusals.length
        ? []
        : [`the woken worker was answered ${JSON.stringify(reports)}`]),
      ...findFaults(answer.json, this.#told),
    ];
    const named = faults.map((fault) => `round ${this.number}: ${fault}`);
    return { faults: named, refused: refusals.length };
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }

  #hire(role: string, program?: string): WorkerProcess {
    const settings = {
      client: this.#gateway.client,
      workerId: `${role}-${this.number}`,
      endpoints: [this.#endpoint],
      concurrency: 1,
      leaseSeconds: LEASE_SECONDS,
    };
    const worker = new WorkerProcess(settings, (told) => this.#told.push(told), program);
    this.#workers.push(worker);
    return worker;
  }
}

function isRefusal({ kind, status, reason, message = '' }: Told): boolean {
  if (kind === 'dropped') return message.startsWith('The gateway answered 409 The lease');
  return kind === 'answered' && status === 409 && reason === 'lease_lost';
}

/** The job is done once, by the other, under the second fence. */
function findFaults(job: any, told: Told[]): string[] {
  const outcomes = job.attempts.map((attempt: any) => `${attempt.fence} ${attempt.outcome}`).join();
  const completed = told.filter(({ kind }) => kind === 'completed').map(({ workerId }) => workerId);
  const runs = told.filter(({ kind }) => kind === 'run').length;
  const isRescued = job.result?.worker_id.startsWith('rescuer-') === true;
  return [
    ...(job.job_status === 'done' && isRescued
      ? []
      : [`it is ${job.job_status}: ${JSON.stringify(job.result)}`]),
    ...(outcomes === '1 lease_lost,2 done' ? [] : [`its attempts are ${outcomes}`]),
    ...(completed.length === 1 ? [] : [`it was completed by ${completed.join(' and ')}`]),
    ...(runs === 2 ? [] : [`it ran ${runs} times`]),
  ];
}
