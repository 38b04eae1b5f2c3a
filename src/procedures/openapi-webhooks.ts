// The webhook in the OpenAPI document: what a receiver is sent when a job ends.
import { EXAMPLE_RESULT } from '../contract/status.ts';
import { EXAMPLE_DELIVERY } from '../contract/webhook-view.ts';

const DESCRIPTION = `Sent to the \`webhook_url\` of a job when it has ended. The body is the result envelope, byte for byte the \`response.response\` of \`job/status\`.

It is signed by Standard Webhooks 1.0 (https://www.standardwebhooks.com) with the tenant's secret, see \`webhook/secret\`. It comes at least once: the same end always has the same \`webhook-id\`, by which a receiver knows a repetition.

Any 2xx within 15 s delivers it; 410 ends it. Anything else, a redirect included, is tried again after 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h and 24 h, give or take a tenth, and not before \`Retry-After\` (up to a day). After ten attempts it has failed, until \`webhook/redeliver\` sends it again.`;

function header(name: string, description: string, example: string) {
  return { name, in: 'header', required: true, description, schema: { type: 'string' }, example };
}

export const WEBHOOKS = {
  'job-ended': {
    post: {
      operationId: 'job-ended',
      summary: 'A job has ended',
      description: DESCRIPTION,
      tags: ['webhooks'],
      security: [],
      parameters: [
        header('webhook-id', 'The same with every attempt.', EXAMPLE_DELIVERY.delivery_id),
        header('webhook-timestamp', 'When this attempt was sent, epoch seconds.', '1764000006'),
        header(
          'webhook-signature',
          '`v1,` and the base64 HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>`; two, separated by a space, for a day after a rotation of the secret.',
          'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
        ),
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/ResultEnvelope' },
            examples: { done: { value: EXAMPLE_RESULT } },
          },
        },
      },
      responses: {
        '2XX': { description: 'Delivered.' },
        410: { description: 'It is not sent again.' },
        default: { description: 'It is sent again later.' },
      },
    },
  },
};
