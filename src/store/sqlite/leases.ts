// The leases of running jobs, in memory and on the monotonic clock: a clock set back or forward
// neither ends one early nor keeps one for ever, and a heartbeat costs no write.

export interface Lease {
  seq: number;
  jobId: string;
  tenant: string;
  /** Who holds it. */
  workerId: string;
  workerPid: number | null;
  token: string;
  /** Length of one lease, milliseconds. */
  lengthMs: number;
  /** All on the monotonic clock, milliseconds. */
  startedAt: number;
  lapsesAt: number;
  runtimeEndsAt: number;
  /** When the grace after a requested cancellation is over; Infinity when none was. */
  graceEndsAt: number;
  /** When progress last became an event; -Infinity before the first. */
  progressEventAt: number;
  /** Whether progress came since that was too soon for another event. */
  hasUntoldProgress: boolean;
}

export class Leases {
  readonly #byJob = new Map<string, Lease>();

  set(lease: Lease): void {
    this.#byJob.set(lease.jobId, lease);
  }

  get(jobId: string): Lease | undefined {
    return this.#byJob.get(jobId);
  }

  end(jobId: string): void {
    this.#byJob.delete(jobId);
  }

  /** Those of the tenant's jobs. */
  of(tenant: string): Lease[] {
    return [...this.#byJob.values()].filter((lease) => lease.tenant === tenant);
  }

  /** Leases that are over at `monotonic`, at most `limit`. */
  due(monotonic: number, limit: number): Lease[] {
    const due: Lease[] = [];
    for (const lease of this.#byJob.values()) {
      if (due.length === limit) break;
      if (isOver(lease, monotonic)) due.push(lease);
    }
    return due;
  }

  /** Those with progress that is still to be told, and whose last event of it was by `monotonic`. */
  untold(monotonic: number): Lease[] {
    return [...this.#byJob.values()].filter(
      ({ hasUntoldProgress, progressEventAt }) => hasUntoldProgress && progressEventAt <= monotonic,
    );
  }

  /** Monotonic milliseconds at which the next lease is over; undefined when none runs. */
  next(): number | undefined {
    let next: number | undefined;
    for (const lease of this.#byJob.values()) {
      const at = endsAt(lease);
      if (next === undefined || at < next) next = at;
    }
    return next;
  }
}

export function isOver(lease: Lease, monotonic: number): boolean {
  return endsAt(lease) <= monotonic;
}

function endsAt(lease: Lease): number {
  return Math.min(lease.lapsesAt, lease.runtimeEndsAt, lease.graceEndsAt);
}
