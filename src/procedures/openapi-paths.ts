// The paths that are no procedures, for the OpenAPI document: a job's event stream, health, metrics.
import { z } from 'zod';
import { EXAMPLE_JOB_ID } from '../contract/fields.ts';
import { jobEvent } from '../contract/job-event.ts';
import { errorResponses } from './openapi-errors.ts';

const EXAMPLE_STREAM = `retry: 3000

id: 4711
event: change
data: {"seq":4711,"job_id":"${EXAMPLE_JOB_ID}","endpoint":"/v1/media/transcribe","kind":"running","job_status":"running","version":2,"attempt":1,"at":1795523562830,"data":{"worker_id":"gpu-1"}}

: keep-alive

id: 4715
event: end
data: {"seq":4715,"job_id":"${EXAMPLE_JOB_ID}","endpoint":"/v1/media/transcribe","kind":"done","job_status":"done","version":3,"attempt":1,"at":1795523568064,"data":{"code":200,"message":"success"}}

`;

const STREAM_DESCRIPTION = `Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html): every change of the job from its first on, then as it happens. \`id\` is the event's \`seq\`, \`event\` is \`change\` or, for the one that the job has ended with, \`end\`, after which the stream closes; \`data\` is a \`JobEvent\`. A comment keeps the connection open every 15 s.

A client that comes back with \`Last-Event-ID\` gets what came after that event, also from a gateway that was restarted meanwhile; when the job has ended and there is nothing more, 204, which tells a browser to stop. An id that this gateway has not given out yet (its database was restored from a backup) begins anew with the first event. A job that is removed while it is followed ends with the event \`deleted\`, which is not kept. A reader that leaves more than 256 KiB unread is cut off. The result is not in the events: ask \`job/get\` for it.

Needs a key with the scope \`read\`.`;

const jobEvents = {
  get: {
    operationId: 'job-events',
    summary: 'Follow a job',
    description: STREAM_DESCRIPTION,
    tags: ['jobs'],
    security: [{ ApiKey: [] }],
    parameters: [
      {
        name: 'job_id',
        in: 'query',
        required: true,
        schema: { type: 'string', format: 'uuid' },
        example: EXAMPLE_JOB_ID,
      },
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'The `id` of the last event the client has. Default: before the first.',
        schema: { type: 'string', pattern: '^\\d{1,15}$' },
      },
    ],
    responses: {
      200: {
        description: 'The stream.',
        content: {
          'text/event-stream': {
            // OpenAPI 3.1 has no word for the items of a stream; 3.2 calls it `itemSchema`.
            schema: { type: 'string', 'x-event-data': { $ref: '#/components/schemas/JobEvent' } },
            examples: { stream: { value: EXAMPLE_STREAM } },
          },
        },
      },
      204: { description: 'The job has ended, and nothing came after that event.' },
      ...errorResponses({
        openapi: { method: 'GET', path: '/v1/toolkit/job/events' },
        scope: 'read',
        failure: 'follow the job',
        errors: ['job_not_found'],
      }),
    },
  },
};

/** Written out here: only a string refers to it. */
const { $schema: _, ...jobEventSchema } = z.toJSONSchema(jobEvent) as Record<string, unknown>;

export const HAND_WRITTEN_SCHEMAS = { JobEvent: jobEventSchema };

const EXAMPLE_METRICS = `# HELP jobgate_jobs Jobs in the store.
# TYPE jobgate_jobs gauge
jobgate_jobs{endpoint="/v1/media/transcribe",job_status="queued"} 3
`;

export const HAND_WRITTEN_PATHS = {
  '/v1/toolkit/job/events': jobEvents,
  '/metrics': metrics(),
  '/healthz': health('healthz', 'Whether the gateway runs', 'alive'),
  '/readyz': health('readyz', 'Whether the gateway takes new work in', 'ready'),
};

/** How a scraper without a key proves that it may. */
export const METRICS_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description: 'METRICS_TOKEN of the gateway; for `/metrics` only.',
};

function metrics() {
  return {
    get: {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus',
      description:
        'Of all tenants, in the text format of Prometheus. Needs a key with the scope `admin`, or METRICS_TOKEN as a bearer token.',
      tags: ['health'],
      security: [{ ApiKey: [] }, { MetricsToken: [] }],
      responses: {
        200: {
          description: 'Every metric.',
          content: {
            'text/plain': {
              schema: { type: 'string' },
              examples: { metrics: { value: EXAMPLE_METRICS } },
            },
          },
        },
        ...errorResponses({
          openapi: { method: 'GET', path: '/metrics' },
          scope: 'admin',
          failure: 'show the metrics',
        }),
      },
    },
  };
}

function health(operationId: string, summary: string, status: string) {
  const {
    401: _unauthorized,
    429: _tooFast,
    ...errors
  } = errorResponses({
    openapi: { method: 'GET', path: `/${operationId}` },
    scope: 'any',
    failure: 'answer the request',
  });
  const schema = {
    type: 'object',
    properties: { status: { const: status } },
    required: ['status'],
    additionalProperties: false,
  };
  return {
    get: {
      operationId,
      summary,
      tags: ['health'],
      security: [],
      responses: {
        200: {
          description: 'Yes.',
          content: { 'application/json': { schema, examples: { yes: { value: { status } } } } },
        },
        ...errors,
      },
    },
  };
}
