// jobs.list: jobs by filter, newest first, page by page.
import { z } from 'zod';
import { callerId, endpointPath, storedText, timestamp } from '../contract/fields.ts';
import { EXAMPLE_SUMMARY, jobSummary, summaryOf } from '../contract/job-view.ts';
import { JOB_STATUSES } from '../contract/job.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({
    job_status: z.enum(JOB_STATUSES).optional(),
    endpoint: endpointPath.optional(),
    id: callerId.optional().describe("The caller's own id."),
    search: storedText(255)
      .min(1)
      .optional()
      .describe("What the job_id, in either case, or the caller's own id begins with."),
    since: timestamp.optional().describe('Submitted at or after; epoch milliseconds.'),
    until: timestamp.optional().describe('Submitted at or before; epoch milliseconds.'),
    limit: z.int().min(1).max(500).default(50),
    cursor: z.string().max(255).optional().describe('The `next_cursor` of the page before.'),
  })
  .meta({ examples: [{ job_status: 'failed', limit: 20 }, { search: 'transcribe_job_' }] })
  .prefault({});

const output = z
  .object({
    jobs: z.array(jobSummary).describe('Without payload, result and attempts: job.get has them.'),
    next_cursor: z
      .string()
      .nullable()
      .describe(
        'Null on the last page. With `search` a page may have fewer jobs than `limit`, or none, and others follow.',
      ),
  })
  .meta({ examples: [{ jobs: [EXAMPLE_SUMMARY], next_cursor: null }] });

export const jobsList = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/jobs/list',
      tags: ['jobs'],
      summary: 'List jobs',
    },
    scope: 'read',
    failure: 'list the jobs',
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: filter }): Promise<z.output<typeof output>> => {
    const page = await ctx.services.store.list({
      tenant: ctx.principal.tenant,
      status: filter.job_status ?? null,
      endpoint: filter.endpoint ?? null,
      id: filter.id ?? null,
      search: filter.search ?? null,
      since: filter.since ?? null,
      until: filter.until ?? null,
      limit: filter.limit,
      cursor: filter.cursor ?? null,
    });
    return { jobs: page.jobs.map(summaryOf), next_cursor: page.nextCursor };
  });
