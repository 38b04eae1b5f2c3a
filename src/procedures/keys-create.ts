// keys.create: a new API key, whose text is shown this once.
import { z } from 'zod';
import { createApiKey } from '../auth/api-keys.ts';
import { timestamp } from '../contract/fields.ts';
import { EXAMPLE_KEY, keyName, keyView, scopes, tenantName, viewOfKey } from './key-view.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({
    name: keyName.default('').describe('What people call it.'),
    scopes: scopes.default(['submit']).describe('`submit` implies `read`; `admin` implies all.'),
    tenant: tenantName.optional().describe("Default: the caller's."),
    expires_at: timestamp.optional().describe('Default: never; epoch milliseconds.'),
  })
  .meta({ examples: [{ name: 'n8n', scopes: ['submit'] }] });

const API_KEY_EXAMPLE = `jg_${EXAMPLE_KEY.key_id}_${'0'.repeat(64)}_00000000`;

/** What is answered for a new key. */
export const madeKey = keyView
  .extend({ api_key: z.string().describe('The key: keep it, it is not shown again.') })
  .meta({ examples: [{ ...EXAMPLE_KEY, api_key: API_KEY_EXAMPLE }] });

export const keysCreate = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/keys/create',
      tags: ['keys'],
      summary: 'Make an API key',
    },
    scope: 'admin',
    failure: 'create the key',
  })
  .input(input)
  .output(answers(madeKey))
  .mutation(async ({ ctx, input: wanted }): Promise<z.output<typeof madeKey>> => {
    const { store, clock } = ctx.services;
    const { apiKey, key } = await createApiKey(
      store,
      clock,
      {
        name: wanted.name,
        tenant: wanted.tenant ?? ctx.principal.tenant,
        scopes: [...new Set(wanted.scopes)],
        expiresAt: wanted.expires_at ?? null,
      },
      ctx.principal.keyId,
    );
    return { ...viewOfKey(key), api_key: apiKey };
  });
