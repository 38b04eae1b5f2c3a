// The workers: who spoke lately, in memory, and the jobs that each of them has.
import { inArray, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { Clock } from '../../contract/clock.ts';
import type { ActiveWorker, ClaimRequest, JobStore, RunningJob } from '../job-store.ts';
import { toProgress } from './job-row.ts';
import type { Lease } from './leases.ts';
import { lazily, read, type Session } from './session.ts';

/** Workers remembered at the most, those that spoke last, and characters of what they said. */
const MAX_WORKERS = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Who was silent for so long is gone: a worker that crashes every second comes back as another. */
const REMEMBERED_MS = 10 * 60 * 1000;

/** Jobs in one list at the most: some milliseconds. */
const MAX_JOBS = 20_000;

type Identity = Pick<ClaimRequest, 'tenant' | 'workerId' | 'workerPid'>;

interface SeenWorker extends Identity {
  /** Of its last claim; null when it made none that is remembered. */
  endpoints: readonly string[] | null;
  seenAt: number;
  /** The same on the monotonic clock. */
  seenMonotonic: number;
}

export class SeenWorkers {
  readonly #clock: Clock;
  /** Who spoke longest ago comes first. */
  readonly #byKey = new Map<string, SeenWorker>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  noteClaim({ tenant, workerId, workerPid, endpoints }: ClaimRequest): void {
    this.#note({ tenant, workerId, workerPid }, endpoints);
  }

  /** Something was said of a job by the one who holds it. */
  noteHolder({ tenant, workerId, workerPid }: Identity): void {
    const known = this.#byKey.get(keyOf({ tenant, workerId }));
    if (known) this.#note(known, known.endpoints);
    else this.#note({ tenant, workerId, workerPid }, null);
  }

  /** Those of the tenant, by their ids. */
  of(tenant: string): Map<string, SeenWorker> {
    const own = [...this.#byKey.values()].filter((worker) => worker.tenant === tenant);
    return new Map(own.map((worker) => [worker.workerId, worker]));
  }

  #note({ tenant, workerId, workerPid }: Identity, endpoints: SeenWorker['endpoints']): void {
    const [seenAt, seenMonotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const key = keyOf({ tenant, workerId });
    this.#forget(key);
    const worker = { tenant, workerId, workerPid, endpoints, seenAt, seenMonotonic };
    this.#byKey.set(key, worker);
    this.#characters += charactersOf(worker);
    this.#forgetOldest(seenMonotonic);
  }

  #forgetOldest(now: number): void {
    for (const [key, { seenMonotonic }] of this.#byKey) {
      const isTooMany = this.#byKey.size > MAX_WORKERS || this.#characters > MAX_CHARACTERS;
      if (!isTooMany && now - seenMonotonic < REMEMBERED_MS) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const known = this.#byKey.get(key);
    if (!known) return;
    this.#byKey.delete(key);
    this.#characters -= charactersOf(known);
  }
}

const keyOf = ({ tenant, workerId }: Pick<Identity, 'tenant' | 'workerId'>) =>
  `${tenant}\n${workerId}`;

function charactersOf({ workerId, endpoints }: SeenWorker): number {
  return (endpoints ?? []).reduce((sum, { length }) => sum + length, workerId.length);
}

export function workers(session: Session): Pick<JobStore, 'listWorkers'> {
  const { clock } = session.options;
  const running = lazily(() => prepareRunning(session));

  function findJobs(leases: readonly Lease[]): Map<number, RunningJob> {
    const seqs = JSON.stringify(leases.map(({ seq }) => seq));
    const rows = running().all({ seqs });
    return new Map(
      rows.map(({ seq, jobId, endpoint, startedAt, ...row }) => [
        seq,
        { jobId, endpoint, startedAt: startedAt ?? 0, progress: toProgress(row) },
      ]),
    );
  }

  function wallTimeOf(monotonic: number): number {
    return Math.round(clock.now() - (clock.monotonic() - monotonic));
  }

  /** What is not remembered of it is told by its jobs: after a restart it may only have those. */
  function compose(
    workerId: string,
    seen: SeenWorker | undefined,
    leases: readonly Lease[],
    own: RunningJob[],
  ): ActiveWorker {
    const last = leases.at(-1);
    const endpoints = seen?.endpoints ?? own.map(({ endpoint }) => endpoint).toSorted();
    return {
      workerId,
      workerPid: seen ? seen.workerPid : (last?.workerPid ?? null),
      seenAt: seen?.seenAt ?? wallTimeOf(last?.startedAt ?? 0),
      endpoints: [...new Set(endpoints)],
      running: leases.length,
      jobs: own,
    };
  }

  return {
    listWorkers: (tenant, { seenWithinMs, maxJobs }) =>
      read(() => {
        const since = clock.monotonic() - seenWithinMs;
        const seen = session.workers.of(tenant);
        const held = Map.groupBy(session.leases.of(tenant), ({ workerId }) => workerId);
        const lately = [...seen.values()].filter(({ seenMonotonic }) => seenMonotonic >= since);
        const known = new Set([...held.keys(), ...lately.map(({ workerId }) => workerId)]);
        const ids = [...known].sort().slice(0, MAX_WORKERS);
        // Who has had a job longest comes first.
        for (const leases of held.values()) leases.sort((a, b) => a.startedAt - b.startedAt);
        const shown = ids.flatMap((id) => held.get(id)?.slice(0, maxJobs) ?? []);
        const found = findJobs(shown.slice(0, MAX_JOBS));
        return ids.map((id) => {
          const leases = held.get(id) ?? [];
          const own = leases.slice(0, maxJobs).flatMap(({ seq }) => found.get(seq) ?? []);
          return compose(id, seen.get(id), leases, own);
        });
      }),
  };
}

function prepareRunning({ orm }: Session) {
  return orm
    .select({
      seq: jobs.seq,
      jobId: jobs.jobId,
      endpoint: jobs.endpoint,
      startedAt: jobs.startedAt,
      progress: jobs.progress,
    })
    .from(jobs)
    .where(inArray(jobs.seq, sql`(select value from json_each(${sql.placeholder('seqs')}))`))
    .prepare();
}
