// The gateway's metrics at the moment they are asked for.
import type { StatusCount } from '../store/job-store.ts';
import type { OldestReady } from '../store/store-observer.ts';
import type { Services } from '../procedures/trpc.ts';
import type { BoundedLabels } from './bounded-labels.ts';
import {
  counter,
  gauge,
  histogramOf,
  labelled,
  single,
  Sums,
  type Family,
  type Sample,
} from './metric-family.ts';
import type { Tallies } from './tallies.ts';

export async function gatewayMetrics(services: Services, tallies: Tallies): Promise<Family[]> {
  return [
    ...requestFamilies(tallies),
    ...(await storeFamilies(services, tallies)),
    ...jobFamilies(tallies),
    ...commitFamilies(tallies),
    counter(
      'jobgate_webhook_attempts_total',
      'Attempts to deliver a webhook: delivered, pending (will be tried again), or failed for good.',
      Object.entries(tallies.webhookAttempts).map(([outcome, value]) => ({
        labels: { outcome },
        value,
      })),
    ),
    gauge(
      'jobgate_last_backup_timestamp_seconds',
      'When the newest good backup in BACKUP_DIR was taken; 0 for never, none without BACKUP_DIR.',
      tallies.newestBackupAt === undefined ? [] : [single(tallies.newestBackupAt / 1000)],
    ),
    gauge('jobgate_waiting_requests', 'Requests that are held back until something happens.', [
      single(services.queue.waiting),
    ]),
    gauge('jobgate_build_info', 'The version of the gateway; always 1.', [
      { labels: { version: services.buildNumber }, value: 1 },
    ]),
  ];
}

function requestFamilies({ routes }: Tallies): Family[] {
  const timed = [...routes].filter(([, { durations }]) => durations.counts.some((n) => n > 0));
  return [
    counter(
      'jobgate_http_requests_total',
      'Requests by route and status; 499 for those whose caller did not wait for the answer.',
      [...routes].flatMap(([route, { counts }]) =>
        counts
          .entries()
          .map(([method, status, value]) => ({ labels: { method, route, status }, value })),
      ),
    ),
    histogramOf(
      'jobgate_http_request_duration_seconds',
      'How long answers took, without streams and those that were held back on purpose.',
      timed.map(([route, { durations }]) => [{ route }, durations]),
    ),
  ];
}

function jobFamilies({ changes, waits, claims, leasesLost }: Tallies): Family[] {
  return [
    counter(
      'jobgate_job_changes_total',
      'What happened to jobs; "queued" is a submission, a retry or a job that came back.',
      changes.entries().map(([endpoint, kind, value]) => ({ labels: { endpoint, kind }, value })),
    ),
    histogramOf(
      'jobgate_job_wait_seconds',
      'How long jobs could have been claimed before they were.',
      labelled('endpoint', waits),
    ),
    histogramOf('jobgate_claim_duration_seconds', 'How long a claim took in the store.', [
      [{}, claims],
    ]),
    counter(
      'jobgate_leases_lost_total',
      'Running jobs taken from their workers: silent, over the runtime, or past the cancel grace.',
      Object.entries(leasesLost).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ];
}

function commitFamilies({ batchSizes, commits }: Tallies): Family[] {
  return [
    histogramOf('jobgate_commit_writes', 'Writes that shared a commit.', [[{}, batchSizes]]),
    histogramOf('jobgate_commit_duration_seconds', 'How long commits took, with their sync.', [
      [{}, commits],
    ]),
  ];
}

async function storeFamilies(
  { store, clock, maxQueueLength }: Services,
  { endpoints }: Tallies,
): Promise<Family[]> {
  const measures = await store.measure();
  const counts = measures.counts.toSorted((a, b) => b.count - a.count);
  return [
    gauge('jobgate_jobs', 'Jobs in the store.', jobSamples(counts, endpoints)),
    gauge(
      'jobgate_queue_ready',
      'Queued jobs that may be claimed now.',
      readySamples(counts, endpoints),
    ),
    gauge(
      'jobgate_queue_oldest_age_seconds',
      'How long the job that waits longest could have been claimed.',
      ageSamples(measures.oldestReady, endpoints, clock.now()),
    ),
    gauge('jobgate_queue_max_length', 'MAX_QUEUE_LENGTH; 0 for no limit.', [
      single(maxQueueLength),
    ]),
    gauge('jobgate_database_bytes', 'Size of the database.', [single(measures.databaseBytes)]),
    gauge('jobgate_database_free_bytes', 'Free bytes in it.', [single(measures.freeBytes)]),
    gauge('jobgate_wal_bytes', 'Size of the write-ahead log.', [single(measures.logBytes)]),
    gauge('jobgate_store_has_room', '0 while the disk is too full for new work.', [
      single(measures.hasRoom ? 1 : 0),
    ]),
  ];
}

function jobSamples(counts: StatusCount[], endpoints: BoundedLabels): Sample[] {
  const sums = new Sums();
  for (const { endpoint, status, count } of counts) {
    sums.add({ endpoint: endpoints.of(endpoint), job_status: status }, count);
  }
  return sums.samples();
}

function readySamples(counts: StatusCount[], endpoints: BoundedLabels): Sample[] {
  const sums = new Sums();
  for (const { endpoint, status, ready, count } of counts) {
    // What has no job that is ready has a series too: a graph shows 0 then.
    if (status === 'queued') sums.add({ endpoint: endpoints.of(endpoint) }, ready ? count : 0);
  }
  return sums.samples();
}

function ageSamples(oldest: OldestReady[], endpoints: BoundedLabels, now: number): Sample[] {
  const ages = new Map<string, number>();
  for (const { endpoint, at } of oldest) {
    const label = endpoints.of(endpoint);
    ages.set(label, Math.max(ages.get(label) ?? 0, (now - at) / 1000));
  }
  return [...ages].map(([endpoint, value]) => ({ labels: { endpoint }, value }));
}
