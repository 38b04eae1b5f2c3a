// keys.revoke: an API key opens nothing any more, at once.
import { z } from 'zod';
import { EXAMPLE_KEY, keyId, keyNotFound, keyView, viewOfKey } from './key-view.ts';
import { answers, procedure } from './trpc.ts';

const input = z
  .strictObject({ key_id: keyId })
  .meta({ examples: [{ key_id: EXAMPLE_KEY.key_id }] });

export const keysRevoke = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/keys/revoke',
      tags: ['keys'],
      summary: 'Revoke an API key',
    },
    scope: 'admin',
    failure: 'revoke the key',
    errors: ['not_found'],
  })
  .input(input)
  .output(answers(keyView))
  .mutation(async ({ ctx, input: { key_id } }) => {
    const { store, clock } = ctx.services;
    await store.revokeKey(key_id, clock.now(), ctx.principal.keyId);
    const revoked = await store.findKey(key_id);
    if (!revoked) throw keyNotFound();
    return viewOfKey(revoked);
  });
