// The OpenAPI document: made from the router, completed with what is really sent.
import type { AnyProcedure } from '@trpc/server';
import { generateOpenApiDocument } from 'trpc-openapi';
import { ERROR_RESPONSES, ERROR_SCHEMAS, errorResponses } from './openapi-errors.ts';
import { toGet } from './openapi-get.ts';
import { HAND_WRITTEN_PATHS, HAND_WRITTEN_SCHEMAS, METRICS_TOKEN } from './openapi-paths.ts';
import { WEBHOOKS } from './openapi-webhooks.ts';
import { appRouter } from './router.ts';
import type { Meta } from './trpc.ts';

const TAGS = [
  { name: 'toolkit', description: 'The toolkit family: answers in an envelope of thirteen keys.' },
  { name: 'jobs', description: 'Submitting jobs and looking at them.' },
  { name: 'webhooks', description: 'What is sent when a job ends, and what became of it.' },
  { name: 'workers', description: 'For the programs that do the work.' },
  { name: 'keys', description: 'Managing API keys.' },
  { name: 'health', description: 'For what watches over the gateway. Open.' },
];

const DESCRIPTION = `A self-hosted job gateway: submit long-running work, let workers in any language run it, and get a true answer about its status at any time.

Every request carries an API key in the header \`x-api-key\`. Every error is a JSON object with \`error\`, a sentence for people, and \`code\`, the HTTP status; only a job that is not there has \`job_id\` in place of \`code\`. Another method on one of these paths answers 405 with \`Allow\`, another path 404. Every answer has \`x-request-id\`: the one that was sent, if it is up to 64 letters, digits, dots, dashes and underscores, or a new one.

The same procedures are served over tRPC at \`/trpc\`, by the names of their paths: \`job.status\`, \`job.submit\` and so on.`;

const API_KEY = {
  type: 'apiKey',
  in: 'header',
  name: 'x-api-key',
  description: 'Made with `jobgate keys create`; its scopes say what it may do.',
};

const DESCRIPTIONS = { 200: 'Success.', 202: 'Accepted: from now on it survives a power cut.' };

interface Media {
  schema: {
    properties?: Record<string, object>;
    required?: string[];
    examples?: unknown[];
    additionalProperties?: unknown;
  };
  examples?: Record<string, { value: unknown }>;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  description?: string;
  security: unknown;
  parameters?: unknown[];
  requestBody?: { content: { 'application/json': Media } };
  responses: Record<string, Response>;
}

interface Response {
  description: string;
  headers?: Record<string, object>;
  content: { 'application/json': Media };
}

/** What is read of a zod schema. */
interface Schema {
  meta(): { examples?: unknown[] } | undefined;
  def: { catchall?: Schema; innerType?: Schema; type: string };
}

/** The document of this version, OpenAPI 3.1; the same for the same router. */
export function buildOpenApiDocument(version: string): object {
  const { paths = {}, components } = generateOpenApiDocument(appRouter, {
    title: 'Jobgate',
    version,
    baseUrl: '/',
  });
  for (const [name, procedure] of Object.entries<AnyProcedure>(
    appRouter._def.procedures as never,
  )) {
    if (procedure._def.type === 'subscription') continue;
    const { path, method } = (procedure._def.meta as Meta).openapi as {
      path: string;
      method: string;
    };
    const operation = paths[path]?.[method.toLowerCase() as 'get'];
    if (!operation) throw new Error(`${name} is not in the OpenAPI document`);
    complete(operation as Operation, procedure);
    if ((procedure._def.meta as Meta).alsoGet) {
      Object.assign(paths[path] ?? {}, { get: toGet(operation as Operation, procedure) });
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Jobgate',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    security: [{ ApiKey: [] }],
    paths: { ...paths, ...HAND_WRITTEN_PATHS },
    webhooks: WEBHOOKS,
    components: {
      schemas: {
        ...withoutGenerated(components?.schemas ?? {}),
        ...HAND_WRITTEN_SCHEMAS,
        ...ERROR_SCHEMAS,
      },
      responses: ERROR_RESPONSES,
      securitySchemes: { ApiKey: API_KEY, MetricsToken: METRICS_TOKEN },
    },
  };
}

/** Without the generator's own error bodies: we send others. */
function withoutGenerated(schemas: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schemas).filter(([id]) => !id.startsWith('error.')));
}

function complete(operation: Operation, procedure: AnyProcedure): void {
  const { meta, inputs, output } = procedure._def as unknown as {
    meta: Meta;
    inputs: Schema[];
    output: Schema;
  };
  const { scope, status = 200 } = meta;
  const success = operation.responses[200];
  if (!success) throw new Error('the generator described no success');
  describeScope(operation, scope);
  success.description = DESCRIPTIONS[status];
  showExamples(success.content['application/json'], output);
  operation.responses = { [status]: success, ...errorResponses(meta) };
  const [input] = inputs;
  if (!operation.requestBody || !input) return;
  const body = operation.requestBody.content['application/json'];
  showExamples(body, input);
  if (isStrict(input)) body.schema.additionalProperties = false;
}

function describeScope(operation: Operation, scope: Meta['scope']): void {
  const needed = scope === 'any' ? 'any key' : `a key with the scope \`${scope}\``;
  operation.description = [operation.description, `Needs ${needed}.`].filter(Boolean).join('\n\n');
  operation.security = [{ ApiKey: [] }];
  if (operation.parameters?.length === 0) delete operation.parameters;
}

/** Beside the schema, where every tool finds them. */
function showExamples(media: Media, schema: Schema): void {
  const { examples = [] } = unwrap(schema).meta() ?? {};
  delete media.schema.examples;
  const named = examples.map((value, index) => [`example_${index + 1}`, { value }] as const);
  media.examples = Object.fromEntries(named);
}

/** The generator forgets it of objects that have rules across fields. */
function isStrict(schema: Schema): boolean {
  return unwrap(schema).def.catchall?.def.type === 'never';
}

function unwrap(schema: Schema): Schema {
  const { innerType } = schema.def;
  return innerType ? unwrap(innerType) : schema;
}
