// Polling: what an answer about a job tells who will ask again, and the headers it says it in.
import { z } from 'zod';
import { MAX_WAIT_SECONDS } from '../contract/fields.ts';
import { hasEnded } from '../contract/job.ts';
import { JsonText } from '../contract/json-text.ts';
import type { Paced } from '../queue/retry-after.ts';
import type { Place, Placed } from '../queue/place.ts';
import type { Context } from './trpc.ts';

const retryAfter = z
  .int()
  .min(1)
  .describe('Whole seconds until it is worth asking again; of a job that has not ended.');

/** Of any answer about one job. */
export const pollHeaders = z.object({ 'Retry-After': retryAfter.optional() });

export const waitRequestHeaders = z.object({
  Prefer: z
    .string()
    .optional()
    .meta({
      description: `\`wait=N\` (RFC 7240): as \`wait_seconds\`, lowered to ${MAX_WAIT_SECONDS}; \`wait_seconds\` wins where both are there. What is malformed is ignored.`,
      examples: ['wait=30'],
    }),
});

export const waitResponseHeaders = pollHeaders.extend({
  'Preference-Applied': z
    .string()
    .optional()
    .meta({
      description: 'The `wait` that was applied, where `Prefer` asked for one.',
      examples: ['wait=30'],
    }),
});

/** Answered in place of what the caller has already: 304. */
export const NOT_MODIFIED = new JsonText('');

/** Sets `Retry-After`, unless the job has ended. */
export async function setRetryAfter(
  ctx: Context,
  job: Paced & Placed,
  place?: Place,
): Promise<void> {
  if (hasEnded(job.status)) return;
  const seconds = await ctx.services.queue.retryAfter(job, place);
  ctx.setHeader('retry-after', String(seconds));
}
