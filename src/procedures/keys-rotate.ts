// keys.rotate: a new API key in the place of an old one, with a time in which both are good.
import { z } from 'zod';
import { isLive, rotateApiKey, sameLifetime } from '../auth/api-keys.ts';
import { ENV_KEY_ID } from '../auth/authenticator.ts';
import { invalidPayload, type JobgateError } from '../contract/errors.ts';
import { timestamp } from '../contract/fields.ts';
import type { ApiKey } from '../store/job-store.ts';
import { EXAMPLE_KEY, keyId, keyNotFound, viewOfKey } from './key-view.ts';
import { madeKey } from './keys-create.ts';
import { answers, procedure, type Services } from './trpc.ts';

const DAY_SECONDS = 24 * 60 * 60;

const input = z
  .strictObject({
    key_id: keyId,
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * DAY_SECONDS)
      .default(DAY_SECONDS)
      .describe('How long the old key stays good; 0 ends it at once.'),
    expires_at: timestamp
      .optional()
      .describe('Of the new key; epoch milliseconds. Default: it is given as long as the old was.'),
  })
  .meta({ examples: [{ key_id: EXAMPLE_KEY.key_id, overlap_seconds: DAY_SECONDS }] });

export const keysRotate = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/keys/rotate',
      tags: ['keys'],
      summary: 'Put a new API key in the place of an old one',
      description:
        'Makes a key with the same name, tenant and scopes. The old one is good for `overlap_seconds` more, so that whoever uses it can be given the new one meanwhile.',
    },
    scope: 'admin',
    failure: 'rotate the key',
    errors: ['not_found'],
  })
  .input(input)
  .output(answers(madeKey))
  .mutation(async ({ ctx, input: asked }): Promise<z.output<typeof madeKey>> => {
    const { store, clock } = ctx.services;
    const old = await findRotatable(ctx.services, asked.key_id);
    const made = await rotateApiKey(store, clock, old, {
      by: ctx.principal.keyId,
      overlapMs: asked.overlap_seconds * 1000,
      expiresAt: asked.expires_at ?? sameLifetime(clock, old),
    });
    if (!made) throw hasEnded();
    return { ...viewOfKey(made.key), api_key: made.apiKey };
  });

async function findRotatable({ store, clock }: Services, id: string): Promise<ApiKey> {
  if (id === ENV_KEY_ID) {
    throw refusedKey('This is the key in API_KEY: change it there and start the gateway again');
  }
  const key = await store.findKey(id);
  if (!key) throw keyNotFound();
  if (!isLive(key, clock.now())) throw hasEnded();
  return key;
}

function hasEnded(): JobgateError {
  return refusedKey('This key is revoked or expired: make a new one with keys.create');
}

function refusedKey(message: string): JobgateError {
  return invalidPayload([{ path: 'key_id', message }]);
}
