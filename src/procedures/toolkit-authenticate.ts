// toolkit.authenticate: whether a key is good.
import { z } from 'zod';
import { JsonText } from '../contract/json-text.ts';
import { asAnswer, composeEnvelope, envelopeSchema, exampleEnvelope } from '../contract/status.ts';
import { originOf } from './origin.ts';
import { answers, procedure } from './trpc.ts';

const PATH = '/v1/toolkit/authenticate';

const output = envelopeSchema(z.literal('Authorized')).meta({
  examples: [exampleEnvelope(PATH, null, 'Authorized')],
});

export const toolkitAuthenticate = procedure
  .meta({
    openapi: { method: 'GET', path: PATH, tags: ['toolkit'], summary: 'Whether the key is good' },
    scope: 'any',
    failure: 'authenticate',
  })
  .output(answers(output))
  .query(async ({ ctx }) => {
    const { services, principal } = ctx;
    const envelope = composeEnvelope(
      {
        endpoint: PATH,
        id: null,
        jobId: null,
        response: JsonText.of('Authorized'),
        runMs: services.clock.monotonic() - ctx.startedAt,
        queueLength: await services.store.queueLength(principal.tenant),
      },
      originOf(services),
    );
    return asAnswer<z.output<typeof output>>(envelope);
  });
