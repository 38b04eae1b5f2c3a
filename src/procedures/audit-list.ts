// audit.list: who did what and when, newest first, page by page.
import { z } from 'zod';
import { AUDIT_ACTIONS, type AuditEntry } from '../contract/audit.ts';
import { EXAMPLE_JOB_ID, jobId, jsonObject, timestamp } from '../contract/fields.ts';
import { EXAMPLE_KEY, keyId, tenantName } from './key-view.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({
    tenant: tenantName.optional().describe('Of what was acted on. Default: every tenant.'),
    key_id: keyId.optional().describe('Who did it; `env` for the key in API_KEY.'),
    action: z.enum(AUDIT_ACTIONS).optional(),
    job_id: jobId.optional(),
    since: timestamp.optional().describe('Done at or after; epoch milliseconds.'),
    until: timestamp.optional().describe('Done at or before; epoch milliseconds.'),
    limit: z.int().min(1).max(500).default(50),
    cursor: z.string().max(255).optional().describe('The `next_cursor` of the page before.'),
  })
  .meta({ examples: [{ action: 'job.cancel', limit: 20 }] })
  .prefault({});

const entry = z.object({
  seq: z.int().min(1).describe('Rises with time.'),
  tenant: z.string().describe('Of what was acted on.'),
  at: timestamp,
  key_id: z
    .string()
    .describe(
      'Who did it: a key; `env`, the key in API_KEY; `cli`, a command on the file; `start`, the first start.',
    ),
  action: z.enum(AUDIT_ACTIONS).describe('Named after the procedure that does it.'),
  target: z.string().describe('Id of the job or of the key; the tenant, for its webhook secret.'),
  detail: jsonObject.nullable().describe('What the name of the action does not say.'),
});

const EXAMPLE = {
  seq: 4711,
  tenant: 'default',
  at: 1764000000000,
  key_id: EXAMPLE_KEY.key_id,
  action: 'job.cancel' as const,
  target: EXAMPLE_JOB_ID,
  detail: null,
};

const output = z
  .object({
    entries: z.array(entry).describe('May be fewer than `limit`, also where others follow.'),
    next_cursor: z.string().nullable().describe('Null on the last page.'),
  })
  .meta({ examples: [{ entries: [EXAMPLE], next_cursor: null }] });

export const auditList = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/audit/list',
      tags: ['keys'],
      summary: 'Who did what',
      description:
        'Submissions, cancellations, retries and removals of jobs, and what was done to keys. Kept for RETENTION_DAYS.',
    },
    scope: 'admin',
    failure: 'list the audit table',
  })
  .input(input)
  .output(answers(output))
  .query(async ({ ctx, input: asked }): Promise<z.output<typeof output>> => {
    const { entries, nextCursor } = await ctx.services.store.listAudit({
      tenant: asked.tenant ?? null,
      keyId: asked.key_id ?? null,
      action: asked.action ?? null,
      target: asked.job_id ?? null,
      since: asked.since ?? null,
      until: asked.until ?? null,
      limit: asked.limit,
      cursor: asked.cursor ?? null,
    });
    return { entries: entries.map(viewOf), next_cursor: nextCursor };
  });

function viewOf({ keyId: key_id, ...rest }: AuditEntry): z.output<typeof entry> {
  return { ...rest, key_id };
}
