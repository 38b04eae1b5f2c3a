// webhook.secret: what the tenant's webhooks are signed with; made when it is first asked for.
import { z } from 'zod';
import { secretView, viewOfSecret } from '../contract/webhook-view.ts';
import { liveSecrets, rotateSecret } from '../webhooks/secrets.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({
    rotate: z
      .boolean()
      .default(false)
      .describe(
        'Makes a new one. The present one signs beside it for 24 h; one from an earlier rotation ends at once.',
      ),
  })
  .meta({ examples: [{ rotate: true }] })
  .default({ rotate: false });

const output = z
  .object({ secrets: z.array(secretView).min(1).max(2).describe('Newest first.') })
  .meta({
    examples: [
      {
        secrets: [
          {
            secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwmfKQ9r8GKYo=',
            created_at: 1764000000000,
            expires_at: null,
          },
        ],
      },
    ],
  });

export const webhookSecret = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/webhook/secret',
      tags: ['webhooks'],
      summary: 'The secrets that webhooks are signed with',
      description:
        "One for each tenant, the caller's. While there are two, every webhook carries both signatures.",
    },
    scope: 'admin',
    failure: 'get the webhook secret',
  })
  .input(input)
  .output(answers(output))
  .mutation(async ({ ctx, input: { rotate } }): Promise<z.output<typeof output>> => {
    const { store } = ctx.services;
    const { tenant, keyId } = ctx.principal;
    const secrets = rotate ? rotateSecret(store, tenant, keyId) : liveSecrets(store, tenant);
    return { secrets: (await secrets).map(viewOfSecret) };
  });
