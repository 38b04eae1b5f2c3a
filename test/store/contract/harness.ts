// What the store's conformance tests share: a fresh store for each test, and short ways to use it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { JobgateError, type ErrorCode } from '../../../src/contract/errors.ts';
import type { Job, JobStatus } from '../../../src/contract/job.ts';
import { JsonText } from '../../../src/contract/json-text.ts';
import type {
  ClaimedJob,
  ClaimRequest,
  Failure,
  JobChange,
  JobRef,
  JobStore,
  JobStoreOptions,
  LeaseHolder,
  NewJob,
} from '../../../src/store/job-store.ts';
import type { FakeClock } from '../../fake-clock.ts';

/** Opens, or makes, the store that is kept in the folder. */
export type OpenStore = (folder: string, options: JobStoreOptions) => JobStore | Promise<JobStore>;

export const TENANT = 'acme';
export const ENDPOINT = '/v1/media/transcribe';
export const GATEWAY_PID = 4711;
export const BUILD_NUMBER = '7.8.9';
export const CANCEL_GRACE_MS = 30_000;
export const RETENTION_MS = 30 * 24 * 3600 * 1000;
export const LEASE_MS = 30_000;
export const MANY = 10_000;

/** The backoff of these tests: a second for each failure, so that a test can name it. */
export const retryDelayMs = (failures: number) => failures * 1000;

export interface Suite {
  open: OpenStore;
  clock: FakeClock;
}

/** A store in a folder of its own, and what it has told of its changes. */
export class Bench {
  readonly clock: FakeClock;
  readonly changes: JobChange[] = [];
  store: JobStore;
  readonly #open: () => Promise<JobStore>;

  private constructor(clock: FakeClock, store: JobStore, open: () => Promise<JobStore>) {
    this.clock = clock;
    this.store = store;
    this.#open = open;
    this.#listen();
  }

  /** Closed, and its folder removed, by `remove`. */
  static async make(
    { open, clock }: Suite,
    options: Partial<JobStoreOptions> = {},
  ): Promise<Bench & { remove(): Promise<void> }> {
    const folder = mkdtempSync(join(tmpdir(), 'jobgate-store-'));
    const reopen = async () => open(folder, { ...defaultOptions(clock), ...options });
    const bench = new Bench(clock, await reopen(), reopen);
    const remove = async () => {
      await bench.store.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return Object.assign(bench, { remove });
  }

  #listen(): void {
    this.store.onChange((change) => this.changes.push(change));
  }

  /** What a restart of the gateway does. */
  async restart(): Promise<void> {
    await this.store.close();
    this.store = await this.#open();
    this.#listen();
  }

  /** Submits one job; resolves to its id. */
  async submit(job: Partial<NewJob> = {}): Promise<string> {
    const [submitted] = await this.store.submit([newJob(job)]);
    return submitted!.jobId;
  }

  claim(request: Partial<ClaimRequest> = {}): Promise<ClaimedJob[]> {
    return this.store.claim({ ...CLAIM, ...request });
  }

  /** Claims the one job that must be there. */
  async claimOne(request: Partial<ClaimRequest> = {}): Promise<LeaseHolder & ClaimedJob> {
    const [claimed] = await this.claim(request);
    return { ...claimed!, tenant: request.tenant ?? TENANT };
  }

  /** A job that is running, and who holds it. */
  async running(job: Partial<NewJob> = {}): Promise<LeaseHolder & ClaimedJob> {
    await this.submit(job);
    return this.claimOne({ tenant: job.tenant ?? TENANT });
  }

  /** A job brought into the state. */
  async inState(status: JobStatus, job: Partial<NewJob> = {}): Promise<LeaseHolder> {
    if (status === 'queued') return { ...refTo(await this.submit(job)), leaseToken: 'none' };
    const holder = await this.running(job);
    if (status === 'done') await this.store.complete(holder, RESULT);
    if (status === 'failed') await this.store.fail(holder, failure({ retry: false }));
    if (status === 'cancelled') {
      await this.store.cancel(holder);
      await this.store.release(holder);
    }
    await this.#assertState(holder, status);
    return holder;
  }

  async #assertState(ref: JobRef, status: JobStatus): Promise<void> {
    const actual = await this.status(ref);
    if (actual !== status) throw new Error(`The job is ${actual} and should be ${status}`);
  }

  async find({ tenant, jobId }: JobRef): Promise<Job> {
    const job = await this.store.find({ tenant, jobId });
    if (!job) throw new Error(`There is no job ${jobId}`);
    return job;
  }

  async status(ref: JobRef): Promise<JobStatus | undefined> {
    return (await this.store.findState(ref))?.status;
  }

  /** Outcomes of every attempt, oldest first. */
  async outcomes(ref: JobRef): Promise<unknown[]> {
    return (await this.store.listAttempts(ref)).map(({ outcome }) => outcome);
  }

  /** Time passes, and the maintenance ends the leases that are over. */
  async pass(ms: number): Promise<number> {
    this.clock.advance(ms);
    return this.store.expireLeases(MANY);
  }

  /** Time passes, and the maintenance wakes the jobs that are due. */
  async passAndWake(ms: number): Promise<number> {
    this.clock.advance(ms);
    return this.store.wakeDelayed(MANY);
  }

  kinds(jobId: string): string[] {
    return this.changes.filter((change) => change.jobId === jobId).map(({ kind }) => kind);
  }
}

/** A bench that is gone after the test. */
export async function benchFor(
  suite: Suite,
  options: Partial<JobStoreOptions> = {},
): Promise<Bench> {
  const bench = await Bench.make(suite, options);
  onTestFinished(() => bench.remove());
  return bench;
}

function defaultOptions(clock: FakeClock): JobStoreOptions {
  return {
    clock,
    pid: GATEWAY_PID,
    buildNumber: BUILD_NUMBER,
    maxQueueLength: 0,
    retryDelayMs,
    cancelGraceMs: CANCEL_GRACE_MS,
    retentionMs: RETENTION_MS,
  };
}

const CLAIM: ClaimRequest = {
  tenant: TENANT,
  endpoints: [ENDPOINT],
  workerId: 'worker-1',
  workerPid: 99,
  max: 1,
  leaseSeconds: LEASE_MS / 1000,
};

export const RESULT = JsonText.of({ text: 'Hello' });

export function newJob(job: Partial<NewJob> = {}): NewJob {
  return {
    tenant: TENANT,
    endpoint: ENDPOINT,
    payload: new JsonText('{"media_url":"https://example.com/talk.mp3"}'),
    id: null,
    priority: 0,
    runAt: null,
    maxAttempts: 3,
    maxRuntimeSeconds: 3600,
    retentionSeconds: null,
    webhookUrl: null,
    idempotency: null,
    ...job,
  };
}

export function refTo(jobId: string, tenant = TENANT): JobRef {
  return { tenant, jobId };
}

export function failure(parts: Partial<Failure> = {}): Failure {
  return { code: 500, message: 'It broke', retry: true, retryDelayMs: null, ...parts };
}

/** The call is refused with the code, and with the status where one is given. */
export async function expectRefusal(
  call: Promise<unknown>,
  code: ErrorCode,
  jobStatus?: JobStatus,
): Promise<JobgateError> {
  const error: unknown = await call.then(
    () => 'nothing: the call was accepted',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(JobgateError);
  const refusal = error as JobgateError;
  expect(refusal.code).toBe(code);
  if (jobStatus) expect(refusal.details.jobStatus).toBe(jobStatus);
  return refusal;
}

/** The call is refused and nothing at all of the job changes. */
export async function expectUnchanged(
  bench: Bench,
  ref: JobRef,
  call: () => Promise<unknown>,
): Promise<void> {
  const before = await snapshot(bench, ref);
  await call();
  expect(await snapshot(bench, ref)).toEqual(before);
}

async function snapshot(bench: Bench, ref: JobRef) {
  return {
    job: await bench.store.find(ref),
    attempts: await bench.store.listAttempts(ref),
    counts: await bench.store.countByStatus(ref.tenant),
    changes: bench.changes.length,
  };
}

/** Counters and queue length say what the jobs themselves say. */
export async function expectCountersToAgree({ store }: Bench, tenant: string): Promise<void> {
  const counted = new Map<string, number>();
  let waiting = 0;
  for await (const job of allJobs(store, tenant)) {
    const ready = job.status === 'queued' && (await store.queuePosition(job)) !== null;
    if (ready) waiting += 1;
    const key = `${job.endpoint} ${job.status} ${ready}`;
    counted.set(key, (counted.get(key) ?? 0) + 1);
  }
  const counters = await store.countByStatus(tenant);
  const kept = new Map(
    counters
      .filter(({ count }) => count !== 0)
      .map(({ endpoint, status, ready, count }) => [`${endpoint} ${status} ${ready}`, count]),
  );
  expect(sorted(kept)).toEqual(sorted(counted));
  expect(await store.queueLength(tenant)).toBe(waiting);
}

const sorted = (counts: Map<string, number>) => Object.fromEntries(counts);

async function* allJobs(store: JobStore, tenant: string) {
  const filter = { status: null, endpoint: null, id: null, search: null, since: null, until: null };
  let cursor: string | null = null;
  do {
    const page = await store.list({ tenant, ...filter, limit: 500, cursor });
    yield* page.jobs;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
