// jobs.watch: the events of all of the caller's jobs over tRPC, from now on or from the one it has.
import { z } from 'zod';
import { endpointPath } from '../contract/fields.ts';
import { JOB_STATUSES } from '../contract/job.ts';
import { EventQueue } from './event-queue.ts';
import { lastEventId, watch } from './job-watch.ts';
import { procedure } from './trpc.ts';

const input = z
  .strictObject({
    endpoint: endpointPath.optional(),
    /** Events that left their job in this state. */
    job_status: z.enum(JOB_STATUSES).optional(),
    lastEventId,
  })
  .default({});

export const jobsWatch = procedure
  .meta({ scope: 'read', failure: 'follow the jobs' })
  .input(input)
  .subscription(async ({ ctx, input: asked, signal }) => {
    const { store, feed } = ctx.services;
    const after = asked.lastEventId ?? (await store.lastEventSeq());
    const queue = new EventQueue(signal, ({ endpoint, job_status }) => {
      const { endpoint: wanted = endpoint, job_status: state = job_status } = asked;
      return endpoint === wanted && job_status === state;
    });
    queue.startedBy((sink) => feed.followTenant(ctx.principal.tenant, after, sink));
    ctx.whenKeyEnds(() => queue.refuse());
    return watch(queue);
  });
