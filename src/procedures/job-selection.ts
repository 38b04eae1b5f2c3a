// Which jobs a call for many of them is about: a filter as in jobs.list, or a list of ids.
import { z } from 'zod';
import { callerId, endpointPath, jobId, timestamp } from '../contract/fields.ts';
import {
  changeMany,
  countMany,
  FITTING,
  type JobSelection,
  type ManyVerb,
} from '../queue/change-many.ts';
import type { Context } from './trpc.ts';

/** Ids in one call. */
const MAX_JOB_IDS = 1000;

const FILTERS = ['job_status', 'endpoint', 'id', 'since', 'until'] as const;

const count = z.int().min(0);

export const manyChanged = z
  .object({
    matched: count.describe('Jobs that were found in a state for it.'),
    changed: count.describe(
      'Without those to which nothing had to be done; 0 where `dry_run` is true.',
    ),
  })
  .meta({ examples: [{ matched: 2, changed: 2 }] });

/** The input of the verb. Empty selects nothing, so that all of the jobs are never meant by mistake. */
export function selectionFor(verb: ManyVerb) {
  return z
    .strictObject({
      job_status: z.enum(FITTING[verb]).optional().describe('Default: both.'),
      endpoint: endpointPath.optional(),
      id: callerId.optional().describe("The caller's own id."),
      since: timestamp.optional().describe('Submitted at or after; epoch milliseconds.'),
      until: timestamp.optional().describe('Submitted at or before; epoch milliseconds.'),
      job_ids: z
        .array(jobId)
        .min(1)
        .max(MAX_JOB_IDS)
        .optional()
        .describe('Instead of a filter: these jobs; any that is not there is left out.'),
      dry_run: z.boolean().default(false).describe('Only counts the jobs; changes none.'),
    })
    .refine((asked) => asked.job_ids !== undefined || hasFilter(asked), {
      message: `Say which jobs: give job_ids, or one of ${FILTERS.join(', ')}`,
    })
    .refine((asked) => asked.job_ids === undefined || !hasFilter(asked), {
      path: ['job_ids'],
      message: 'Give job_ids or a filter, not both',
    })
    .meta({ examples: [{ job_status: FITTING[verb][0], endpoint: '/v1/media/transcribe' }] });
}

type Selected = z.output<ReturnType<typeof selectionFor>>;

function hasFilter(asked: Partial<Record<(typeof FILTERS)[number], unknown>>): boolean {
  return FILTERS.some((name) => asked[name] !== undefined);
}

/** What the verb does to the selected jobs, or would do. Ends early when the caller goes away. */
export async function changeSelected(
  ctx: Context,
  verb: ManyVerb,
  asked: Selected,
): Promise<z.output<typeof manyChanged>> {
  const { store } = ctx.services;
  const { keyId: by } = ctx.principal;
  const selection = toSelection(ctx, asked);
  const signal = ctx.signal(false);
  if (!asked.dry_run) return changeMany(store, verb, selection, { signal, by });
  return { matched: await countMany(store, verb, selection, signal), changed: 0 };
}

function toSelection({ principal: { tenant } }: Context, asked: Selected): JobSelection {
  if (asked.job_ids) return { tenant, jobIds: [...new Set(asked.job_ids)] };
  const { job_status: status = null, endpoint = null, id = null } = asked;
  const { since = null, until = null } = asked;
  return { filter: { tenant, status, endpoint, id, since, until } };
}
