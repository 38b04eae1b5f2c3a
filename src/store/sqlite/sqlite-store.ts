// The embedded store: one SQLite file behind the JobStore port.
import { randomBytes } from 'node:crypto';
import { eq, sql } from '../../../db/drizzle.ts';
import { jobs, meta } from '../../../db/schema.ts';
import type { JobChange, JobStore, JobStoreOptions, WebhookHost } from '../job-store.ts';
import { StoreOpenError } from '../store-open-error.ts';
import { Activity } from './activity.ts';
import { auditLog, AuditWriter } from './audit.ts';
import { apiKeys } from './api-keys.ts';
import { claims } from './claims.ts';
import { Counters } from './counters.ts';
import { eventLog } from './event-log.ts';
import { openDatabase, type OpenDatabase, type Orm } from './database.ts';
import { decisions } from './decisions.ts';
import { GroupCommit, type CommitHooks } from './group-commit.ts';
import { JobWriter } from './job-writer.ts';
import { Leases } from './leases.ts';
import { lists } from './lists.ts';
import { measures } from './measures.ts';
import { queuePlaces } from './queue-places.ts';
import { reads } from './reads.ts';
import { recentChanges } from './recent-changes.ts';
import { reports } from './reports.ts';
import { imports } from './imports.ts';
import { rowColumns } from './job-row.ts';
import type { Session } from './session.ts';
import { SpaceReserve } from './space-reserve.ts';
import { toOpenError } from './sqlite-errors.ts';
import { submissions } from './submissions.ts';
import { upkeep } from './upkeep.ts';
import { webhookSecrets } from './webhook-secrets.ts';
import { webhooks } from './webhooks.ts';
import { SeenWorkers, workers } from './workers.ts';
import { Writability } from './writability.ts';

/**
 * Opens or makes the database at `path`. The caller holds its FileLock. Throws StoreOpenError, and
 * then the file is as it was.
 */
export function openSqliteStore(path: string, options: JobStoreOptions): JobStore {
  const opened = openInSpaceLeft(path);
  try {
    return assemble({ ...opened, options });
  } catch (error) {
    opened.checkpoints.close();
    throw toOpenError(path, error);
  }
}

/** A full disk keeps nobody from asking what became of their jobs. */
function openInSpaceLeft(path: string): OpenDatabase {
  try {
    return openDatabase(path);
  } catch (error) {
    const isFull = error instanceof StoreOpenError && error.fault === 'disk_full';
    if (isFull && SpaceReserve.giveUp(path)) return openDatabase(path);
    throw error;
  }
}

type Opened = Pick<Session, 'sqlite' | 'orm' | 'checkpoints' | 'options'>;

function assemble(opened: Opened): JobStore {
  const { sqlite, orm, checkpoints } = opened;
  const reserve = new SpaceReserve(sqlite.name, opened.options.reserveBytes ?? 0);
  const listeners = new Set<(change: JobChange) => void>();
  const keyListeners = new Set<(keyId: string) => void>();
  const webhookListeners = new Set<(due: WebhookHost) => void>();
  const counters = new Counters(orm);
  const activity = new Activity(orm, opened.options.clock.now());
  const commits = new GroupCommit(sqlite, {
    beforeCommit: () => {
      counters.flush();
      activity.flush();
    },
    afterCommit: () => {
      counters.settle();
      activity.settle();
      checkpoints.noteCommit(!reserve.isWhole);
    },
    hasRoom: () => reserve.isWhole,
    makeRoom: () => {
      const isFreed = reserve.spend();
      return checkpoints.tryRun() || isFreed;
    },
    written: (isWritten) => writability.note(isWritten),
    observe: observeCommits(opened.options),
  });
  const writability = new Writability(opened.options.clock, () =>
    commits.runProbe(() => writeProbe(orm)),
  );
  const session: Session = {
    ...opened,
    counters,
    activity,
    audit: new AuditWriter(orm, () => opened.options.clock.now()),
    commits,
    leases: new Leases(),
    workers: new SeenWorkers(opened.options.clock),
    announce: (change) => {
      for (const listener of listeners) listener(change);
    },
    announceKey: (keyId) => {
      for (const listener of keyListeners) listener(keyId);
    },
    announceWebhook: (due) => {
      for (const listener of webhookListeners) listener(due);
    },
  };
  const writer = new JobWriter(session);
  renewLeases(session);
  return {
    queueId: findQueueId(orm),
    ...submissions(session, writer),
    ...imports(session, writer),
    ...reads(session),
    ...eventLog(session),
    ...lists(session),
    ...recentChanges(session),
    ...queuePlaces(session),
    ...claims(session, writer),
    ...reports(session, writer),
    ...decisions(session, writer),
    ...upkeep(session, writer),
    ...apiKeys(session),
    ...auditLog(session),
    ...webhooks(session),
    ...webhookSecrets(session),
    ...workers(session),
    ...measures(session, () => reserve.isWhole),
    keepReserve: async () => reserve.refill(),
    isWritable: async () => reserve.isWhole && (await writability.find()),
    onChange: (listener) => subscribe(listeners, listener),
    onKeyChange: (listener) => subscribe(keyListeners, listener),
    onWebhookDue: (listener) => subscribe(webhookListeners, listener),
    close: async () => {
      commits.flush();
      checkpoints.close();
    },
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Undefined when nobody watches: then no time is read either. */
function observeCommits({ observer, clock }: JobStoreOptions): CommitHooks['observe'] {
  return (
    observer && {
      now: () => clock.monotonic(),
      committed: (writes, ms) => observer.committed(writes, ms),
    }
  );
}

/** Another value each time: SQLite does not write what stays as it was. */
function writeProbe(orm: Orm): void {
  const value = randomBytes(8).toString('hex');
  const row = { key: 'probe', value };
  orm.insert(meta).values(row).onConflictDoUpdate({ target: meta.key, set: { value } }).run();
}

/** Made once for a database: 53 random bits. */
function findQueueId(orm: Orm): number {
  const kept = orm.select().from(meta).where(eq(meta.key, 'queue_id')).get();
  if (kept) return Number(kept.value);
  const made = Number(randomBytes(8).readBigUInt64BE() >> 11n);
  orm
    .insert(meta)
    .values({ key: 'queue_id', value: String(made) })
    .run();
  return made;
}

/** After a restart every running job has one whole new lease: its worker may well be alive. */
function renewLeases({ orm, options, leases }: Session): void {
  const { clock, cancelGraceMs } = options;
  const monotonic = clock.monotonic();
  // A literal: only then does SQLite see that the index of running jobs serves.
  const isRunning = sql`status = 'running'`;
  for (const row of orm.select(rowColumns).from(jobs).where(isRunning).all()) {
    const lengthMs = (row.leaseSeconds ?? 0) * 1000;
    const startedAt = monotonic - Math.max(0, clock.now() - (row.startedAt ?? 0));
    leases.set({
      seq: row.seq,
      jobId: row.jobId,
      tenant: row.tenant,
      workerId: row.workerId ?? '',
      workerPid: row.workerPid,
      token: row.leaseToken ?? '',
      lengthMs,
      startedAt,
      lapsesAt: monotonic + lengthMs,
      runtimeEndsAt: Math.max(startedAt + row.maxRuntimeSeconds * 1000, monotonic + lengthMs),
      graceEndsAt: row.cancelRequestedAt === null ? Infinity : monotonic + cancelGraceMs,
      progressEventAt: -Infinity,
      hasUntoldProgress: false,
    });
  }
}
