// keys.list: all API keys, of every tenant, without their secrets.
import { z } from 'zod';
import { EXAMPLE_KEY, keyView, viewOfKey } from './key-view.ts';
import { answers, procedure } from './trpc.ts';

const output = z.object({ keys: z.array(keyView) }).meta({ examples: [{ keys: [EXAMPLE_KEY] }] });

export const keysList = procedure
  .meta({
    openapi: {
      method: 'POST',
      path: '/v1/toolkit/keys/list',
      tags: ['keys'],
      summary: 'List API keys',
    },
    scope: 'admin',
    failure: 'list the keys',
  })
  .input(
    z
      .strictObject({})
      .meta({ examples: [{}] })
      .optional(),
  )
  .output(answers(output))
  .query(async ({ ctx }): Promise<z.output<typeof output>> => {
    const keys = await ctx.services.store.listKeys();
    return { keys: keys.map(viewOfKey) };
  });
