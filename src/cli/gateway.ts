// The composition root: the one place where a whole gateway is put together, for commands and tests.
import type { Tracer } from '@opentelemetry/api';
import { lookup } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pkg from '#package.json' with { type: 'json' };
import { Authenticator } from '../auth/authenticator.ts';
import { OpenCalls } from '../auth/open-calls.ts';
import { limitOfKeys } from '../auth/rate-limits.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../contract/clock.ts';
import { buildServer } from '../http/server.ts';
import { Tallies } from '../http/tallies.ts';
import type { Services } from '../procedures/trpc.ts';
import { EventFeed } from '../queue/event-feed.ts';
import { KeyUses } from '../queue/key-uses.ts';
import type { OnError, Poll } from '../queue/maintenance.ts';
import { Queue } from '../queue/queue.ts';
import { takeBackups } from '../queue/take-backups.ts';
import type { JobStore } from '../store/job-store.ts';
import { FileLock } from '../store/sqlite/file-lock.ts';
import { AddressGuard } from '../webhooks/address-guard.ts';
import { Deliverer } from '../webhooks/deliverer.ts';
import { backupFolder, checkBackupFolder } from './backup-folder.ts';
import { makeFirstKey } from './first-key.ts';
import { openStore } from './open-store.ts';
import { assertPortFree, toListenError } from './port.ts';
import { systemClock } from './system-clock.ts';
import { logFailedAttempt } from './webhook-log.ts';

type Server = Awaited<ReturnType<typeof buildServer>>;

export interface GatewayOptions {
  /** Default: the system's. */
  clock?: Clock | undefined;
  /** Fastify's `logger` option. Default: JSON lines on stdout at the configuration's level. */
  logger?: Parameters<typeof buildServer>[1]['logger'] | undefined;
  /** How long a stop waits for what is under way, milliseconds. Default: 25,000. */
  drainMs?: number | undefined;
  /** Traces requests and what moves jobs. Default: none. */
  tracer?: Tracer | undefined;
  /** Called with the text of the first admin key before it is stored; its throwing stops the start. */
  deliverFirstKey?: ((apiKey: string) => void) | undefined;
}

export interface Gateway {
  /** Where it answers, such as `http://127.0.0.1:8080`. */
  url: string;
  services: Services;
  /** The admin key made because there was none at all. */
  firstKey: string | undefined;
  log: Server['log'];
  /** Stops accepting, answers who waits, finishes what runs, closes the file, frees the lock. */
  close(): Promise<void>;
}

/**
 * Starts a gateway and resolves once it answers. Rejects with StoreOpenError or ListenError; the
 * database is then as it was and nothing stays open.
 */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const undo: (() => unknown)[] = [];
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= runBackwards(undo));
  try {
    return { ...(await start(config, options, undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function runBackwards(undo: (() => unknown)[]): Promise<void> {
  for (const step of undo.toReversed()) await step();
}

async function start(
  config: Config,
  options: GatewayOptions,
  undo: (() => unknown)[],
): Promise<Omit<Gateway, 'close'>> {
  const { clock = systemClock, logger = { level: config.logLevel }, deliverFirstKey } = options;
  const { drainMs = DRAIN_MS, tracer } = options;
  if (config.backupDir !== undefined) checkBackupFolder(config.backupDir);
  const lock = FileLock.acquire(config.databasePath, process.pid);
  undo.push(() => lock.release());
  // Before the file is opened: a start that will fail must not make or migrate it.
  await assertPortFree(config);
  const tallies = new Tallies();
  const opened = openStore(config, clock, tallies);
  undo.push(() => opened.close());
  const store = tracer ? await traced(opened, tracer) : opened;
  store.onChange((change) => tallies.jobChanged(change));
  const firstKey = config.apiKey ? undefined : await makeFirstKey(store, clock, deliverFirstKey);
  const onError = (error: unknown, what: string) => server.log.error({ err: error }, what);
  const keyUses = new KeyUses();
  const onNewest = (at: number) => void (tallies.newestBackupAt = at);
  const onBackup = (file: string, said: string) => server.log.info({ file, said }, 'took a backup');
  const queue = new Queue({
    store,
    clock,
    maxWaiters: config.maxWaiters,
    onError,
    keyUses,
    more: backupUnit(config, { queueId: store.queueId, clock, onError, onBackup, onNewest }),
  });
  const feed = new EventFeed(store);
  const services = composeServices(config, { store, clock, queue, feed, keyUses });
  const secrets = [config.apiKey, config.metricsToken];
  const server: Server = await buildServer(services, {
    logger,
    secrets,
    ...config,
    dashboardFolder: config.dashboard ? DASHBOARD_FOLDER : undefined,
    tallies,
    tracer,
  });
  const deliverer = new Deliverer({
    store,
    clock,
    openSender: () => openSender(config, clock),
    buildNumber: pkg.version,
    onAttempt: (made) => {
      tallies.webhookAttempted(made.fate.state);
      logFailedAttempt(server.log, made);
    },
    onError,
  });
  undo.push(() => stopServing(server, services, deliverer, drainMs));
  queue.start();
  feed.start();
  const url = await listen(server, config);
  deliverer.start();
  lock.publish({ url });
  return { url, services, firstKey, log: server.log };
}

/** By the package's own map: the built program lies elsewhere than its source. */
const PACKAGE = dirname(createRequire(import.meta.url).resolve('#package.json'));
const DASHBOARD_FOLDER = join(PACKAGE, 'dist/dashboard');

async function traced(store: JobStore, tracer: Tracer): Promise<JobStore> {
  const { tracedStore } = await import('./traced-store.ts');
  return tracedStore(store, tracer);
}

function composeServices(
  config: Config,
  {
    keyUses,
    ...parts
  }: Pick<Services, 'store' | 'clock' | 'queue' | 'feed'> & { keyUses: KeyUses },
): Services {
  return {
    ...parts,
    authenticator: new Authenticator({
      ...parts,
      keyUses,
      adminKey: config.apiKey,
      wrongKeyLimit: config.wrongKeyLimit,
    }),
    keyLimit: limitOfKeys(parts.clock, config.rateLimit),
    openCalls: new OpenCalls(parts),
    addressGuard: new AddressGuard({ ...parts, allow: config.webhookAllow }),
    pid: process.pid,
    buildNumber: pkg.version,
    maxQueueLength: config.maxQueueLength,
    maxBodyBytes: config.maxBodyBytes,
    maxResultBytes: config.maxResultBytes,
  };
}

interface BackupParts {
  queueId: number;
  clock: Clock;
  onError: OnError;
  onBackup: (file: string, said: string) => void;
  onNewest: (at: number) => void;
}

function backupUnit(
  config: Config,
  { queueId, onBackup, ...parts }: BackupParts,
): Record<string, Poll> {
  const { backupDir: folder, databasePath, backupEveryMs: everyMs, backupKeep: keep } = config;
  if (folder === undefined) return {};
  const opened = backupFolder({ folder, databasePath, queueId, onTaken: onBackup });
  const schedule = { ...parts, folder: opened, everyMs, keep };
  return { 'take backups': (signal) => takeBackups(schedule, signal) };
}

/**
 * The port may have been taken since it was found free. A name is looked up here: for localhost Fastify
 * would make a second server, on `::1`, which none of ours looks after.
 */
async function listen(server: Server, { host, port }: Config): Promise<string> {
  try {
    const { address } = await lookup(host);
    return await server.listen({ host: address, port });
  } catch (error) {
    throw toListenError({ host, port }, error);
  }
}

/** Loaded with the first webhook: its HTTP client takes 60 ms of a start. */
async function openSender({ webhookAllow: allow }: Config, clock: Clock) {
  const { WebhookSender } = await import('../webhooks/send-webhook.ts');
  return new WebhookSender({ allow, clock });
}

/** Below the 30 s after which Kubernetes, and our unit and compose file, kill what does not end. */
const DRAIN_MS = 25_000;

/**
 * The server first stops accepting; then streams are ended and who waits is answered, so that both
 * can come back to the next gateway. What is still under way at the bound is cut off.
 */
async function stopServing(
  server: Server,
  { queue, feed }: Services,
  deliverer: Deliverer,
  drainMs: number,
): Promise<void> {
  const bound = setTimeout(() => {
    server.log.warn({ drain_ms: drainMs }, 'cutting off what has not ended');
    server.server.closeAllConnections();
  }, drainMs);
  const closed = server.close();
  feed.stop();
  await Promise.all([queue.stop(), deliverer.stop()]);
  await closed;
  clearTimeout(bound);
}
