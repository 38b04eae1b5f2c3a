// job.watch: a job's events over tRPC, from the one the caller has up to the job's end.
import { tracked } from '@trpc/server';
import { z } from 'zod';
import { jobNotFound } from '../contract/errors.ts';
import { jobId } from '../contract/fields.ts';
import { refOf } from './job-answer.ts';
import { procedure } from './trpc.ts';
import { EventQueue } from './event-queue.ts';

/** The same over Server-Sent Events. */
export const JOB_EVENTS_PATH = '/v1/toolkit/job/events';

/** An event's id, as text; 0 for before the first. */
export const eventSeq = z
  .string()
  .regex(/^\d{1,15}$/, 'Must be the id of an event')
  .transform(Number);

/** tRPC's own name: its client sends the id of the last event when it comes back. */
export const lastEventId = z.union([eventSeq, z.int().min(0)]).nullish();

export const jobWatch = procedure
  .meta({ scope: 'read', failure: 'follow the job', errors: ['job_not_found'] })
  .input(z.strictObject({ job_id: jobId, lastEventId }))
  .subscription(async ({ ctx, input, signal }) => {
    const { feed } = ctx.services;
    const ref = refOf(ctx, input);
    const after = input.lastEventId ?? 0;
    const found = await feed.look(ref, after);
    if (found === 'gone') throw jobNotFound(ref.jobId);
    const queue = new EventQueue(signal);
    if (found === 'over') queue.finish();
    else queue.startedBy((sink) => feed.followJob(ref, after, sink));
    ctx.whenKeyEnds(() => queue.refuse());
    return watch(queue);
  });

/** Each with its id, so that a client that comes back says which it has. */
export async function* watch(queue: EventQueue) {
  for await (const event of queue) yield tracked(String(event.seq), event);
}
