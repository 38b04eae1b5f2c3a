// What pages read of the whole gateway: again with every event, and every few seconds for time itself.
import { useQuery } from '@tanstack/preact-query';
import type { Outputs } from './gateway.ts';
import { useSession } from './session.ts';

export type Stats = Outputs['jobs']['stats'];
export type Activity = Outputs['jobs']['activity'];
export type Workers = Outputs['workers']['list'];
export type Worker = Workers['workers'][number];
export type FailedDeliveries = Outputs['webhook']['failures'];
export type FailedDelivery = FailedDeliveries['deliveries'][number];

/** One pace for all of them: they then travel in one request. */
const EVERY_MS = 4000;

/** Failed webhooks that are shown. */
const LATEST = 5;

/** What else goes on in the queue is not told of a job that waits there. */
const PLACE_EVERY_MS = 3000;

export function useJob(jobId: string) {
  const { gateway } = useSession();
  return useQuery({
    queryKey: ['job', jobId],
    queryFn: () => gateway.job.get.query({ job_id: jobId }),
    refetchInterval: ({ state }) => state.data?.job_status === 'queued' && PLACE_EVERY_MS,
    // To compare results of megabytes takes longer than to draw what is shown of them.
    structuralSharing: false,
  });
}

export function useStats() {
  const { gateway } = useSession();
  return useQuery({
    queryKey: ['stats'],
    queryFn: () => gateway.jobs.stats.query(),
    refetchInterval: EVERY_MS,
  });
}

export function useActivity() {
  const { gateway } = useSession();
  return useQuery({
    queryKey: ['activity'],
    queryFn: () => gateway.jobs.activity.query(),
    refetchInterval: EVERY_MS,
  });
}

export function useWorkers() {
  const { gateway } = useSession();
  return useQuery({
    queryKey: ['workers'],
    queryFn: () => gateway.workers.list.query(),
    refetchInterval: EVERY_MS,
  });
}

export function useWebhookFailures() {
  const { gateway } = useSession();
  return useQuery({
    queryKey: ['webhook-failures'],
    queryFn: () => gateway.webhook.failures.query({ limit: LATEST }),
    refetchInterval: EVERY_MS,
  });
}
