// The measures of the whole store, over all tenants, for whoever watches over the gateway.
import { statSync } from 'node:fs';
import { and, desc, eq, lt, sql } from '../../../db/drizzle.ts';
import { jobs } from '../../../db/schema.ts';
import type { JobStore, StatusCount } from '../job-store.ts';
import type { OldestReady } from '../store-observer.ts';
import type { Counter } from './counters.ts';
import { lazily, param, read, type Session } from './session.ts';

/** Endpoints are free text: however many there are, asking costs some milliseconds at the most. */
const MAX_QUEUES = 1000;

const ABOVE_ANY_PRIORITY = 1000;

export function measures(session: Session, hasRoom: () => boolean): Pick<JobStore, 'measure'> {
  const { sqlite, counters } = session;
  const best = lazily(() => prepareBest(session));

  /** The best job of each priority has waited longest of those: one step in the index for each. */
  function oldestOf({ tenant, endpoint }: Counter): OldestReady | undefined {
    let oldest = Infinity;
    let priority = ABOVE_ANY_PRIORITY;
    for (;;) {
      const found = best().get({ tenant, endpoint, below: priority });
      if (!found) break;
      oldest = Math.min(oldest, found.runAt);
      priority = found.priority;
    }
    return oldest === Infinity ? undefined : { endpoint, at: oldest };
  }

  function oldestReady(all: Counter[]): OldestReady[] {
    const queues = all.filter(
      ({ status, ready, n }) => status === 'queued' && ready === 1 && n > 0,
    );
    const busiest = queues.sort((a, b) => b.n - a.n).slice(0, MAX_QUEUES);
    const byEndpoint = new Map<string, OldestReady>();
    for (const found of busiest.flatMap((queue) => oldestOf(queue) ?? [])) {
      const known = byEndpoint.get(found.endpoint);
      if (!known || found.at < known.at) byEndpoint.set(found.endpoint, found);
    }
    return [...byEndpoint.values()];
  }

  const pages = (pragma: string) => Number(sqlite.pragma(pragma, { simple: true }));

  return {
    measure: () =>
      read(() => {
        const all = counters.all();
        const pageSize = pages('page_size');
        return {
          counts: overTenants(all),
          oldestReady: oldestReady(all),
          databaseBytes: pages('page_count') * pageSize,
          freeBytes: pages('freelist_count') * pageSize,
          logBytes: statSync(`${sqlite.name}-wal`, { throwIfNoEntry: false })?.size ?? 0,
          hasRoom: hasRoom(),
        };
      }),
  };
}

function overTenants(all: Counter[]): StatusCount[] {
  const sums = new Map<string, StatusCount>();
  for (const { endpoint, status, ready, n } of all) {
    const key = `${endpoint}\n${status}\n${ready}`;
    const sum = sums.get(key) ?? { endpoint, status, ready: ready === 1, count: 0 };
    sum.count += n;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

function prepareBest({ orm }: Session) {
  return orm
    .select({ priority: jobs.priority, runAt: jobs.runAt })
    .from(jobs)
    .where(
      and(
        eq(jobs.tenant, param('tenant')),
        eq(jobs.endpoint, param('endpoint')),
        // Literals: only then does SQLite see that the index of claims serves.
        sql`status = 'queued' and ready = 1`,
        lt(jobs.priority, param('below')),
      ),
    )
    .orderBy(desc(jobs.priority), jobs.runAt)
    .limit(1)
    .prepare();
}
