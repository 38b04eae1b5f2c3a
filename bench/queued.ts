// Queues jobs of many kinds through the real store, as many as are asked for.
import type { JobStore } from '../src/store/job-store.ts';
import { ENDPOINT, newJob } from './fill.ts';
import { count, progress } from './report.ts';

const SUBMIT_BATCH = 1000;

/** The kinds of work that the queue is made of, each as often as another. */
export const ENDPOINTS = Array.from({ length: 20 }, (_, n) => `${ENDPOINT}-${n}`);

export async function queueJobs(store: JobStore, jobs: number): Promise<void> {
  progress(`queueing ${count(jobs)} jobs`);
  for (let from = 0; from < jobs; from += SUBMIT_BATCH) {
    await submit(store, from, Math.min(SUBMIT_BATCH, jobs - from));
  }
  await store.checkpoint();
}

async function submit(store: JobStore, from: number, jobs: number): Promise<void> {
  const many = Array.from({ length: jobs }, (_, index) => ({
    ...newJob(from + index),
    endpoint: ENDPOINTS[(from + index) % ENDPOINTS.length] ?? ENDPOINT,
  }));
  await store.submit(many);
}
