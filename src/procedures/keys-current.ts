// keys.current: the API key that asks, so that its holder learns whose it is and what it may do.
import { z } from 'zod';
import { ENV_KEY_ID } from '../auth/authenticator.ts';
import { timestamp } from '../contract/fields.ts';
import { EXAMPLE_KEY, keyView, viewOfKey } from './key-view.ts';
import { answers, procedure, unauthorized, type Context } from './trpc.ts';

/** What people call the key given from outside. */
const ENV_KEY_NAME = 'API_KEY';

const output = keyView
  .omit({ revoked_at: true, last_used_at: true })
  .extend({
    key_id: z.string().describe('`env` for the key in API_KEY.'),
    created_at: timestamp.nullable().describe('Null for the key in API_KEY; epoch milliseconds.'),
  })
  .meta({ examples: [withoutPast(EXAMPLE_KEY)] });

export const keysCurrent = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/keys/current',
      tags: ['keys'],
      summary: 'The API key that asks',
    },
    scope: 'any',
    failure: 'find the key',
  })
  .input(
    z
      .strictObject({})
      .meta({ examples: [{}] })
      .optional(),
  )
  .output(answers(output))
  .query(async ({ ctx }): Promise<z.output<typeof output>> => {
    const { keyId } = ctx.principal;
    if (keyId === ENV_KEY_ID) return viewOfEnvKey(ctx);
    const key = await ctx.services.store.findKey(keyId);
    if (!key) throw unauthorized();
    return withoutPast(viewOfKey(key));
  });

/** Of a key that asks: it is not revoked, and used just now. */
function withoutPast(view: z.output<typeof keyView>) {
  const { revoked_at: _revokedAt, last_used_at: _lastUsedAt, ...rest } = view;
  return rest;
}

/** It is in no store: all that is known of it is what it may do. */
function viewOfEnvKey({ principal }: Context): z.output<typeof output> {
  const { keyId, tenant, scopes } = principal;
  const times = { created_at: null, expires_at: null };
  return { key_id: keyId, name: ENV_KEY_NAME, tenant, scopes: [...scopes], ...times };
}
