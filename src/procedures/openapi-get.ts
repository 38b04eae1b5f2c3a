// The GET twin of a POST in the OpenAPI document: its input in the query, its answer with an entity tag.
import type { AnyProcedure } from '@trpc/server';
import { errorResponses } from './openapi-errors.ts';
import type { Operation } from './openapi.ts';
import type { Meta } from './trpc.ts';

const DESCRIPTION =
  'The same as the POST, for clients that keep what they got: the answer has a weak `ETag`, made from the job, its version and its place in the queue, and a request whose `If-None-Match` names it gets 304 without a body.';

const IF_NONE_MATCH = {
  in: 'header',
  name: 'If-None-Match',
  description: 'The `ETag` of the answer the client has, or a list of them (RFC 9110, 13.1.2).',
  schema: { type: 'string' },
};

const CACHE_HEADERS = {
  ETag: {
    description: 'For `If-None-Match`; weak.',
    required: true,
    schema: { type: 'string', pattern: '^W/"[^"]+"$' },
  },
  'Cache-Control': {
    description: 'Only the client itself may keep it, and asks before it uses it again.',
    required: true,
    schema: { const: 'private, no-cache' },
  },
};

/** From the finished operation of the POST. */
export function toGet(post: Operation, procedure: AnyProcedure): object {
  const meta = procedure._def.meta as Meta;
  const { operationId, summary, tags, description, security, parameters = [], responses } = post;
  const success = responses[200];
  if (!success || !meta.openapi) throw new Error('only a POST that answers 200 has a GET twin');
  const headers = { ...success.headers, ...CACHE_HEADERS };
  return {
    operationId: `${operationId}-by-query`,
    summary,
    tags,
    description: `${DESCRIPTION}\n\n${description}`,
    security,
    parameters: [...queryParameters(post), ...parameters, IF_NONE_MATCH],
    responses: {
      200: { ...success, headers },
      304: { description: 'The client has it already.', headers },
      ...errorResponses({ ...meta, openapi: { ...meta.openapi, method: 'GET' } }),
    },
  };
}

function queryParameters({ requestBody }: Operation): object[] {
  const { properties = {}, required = [] } = requestBody?.content['application/json'].schema ?? {};
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as { description?: string };
    return { in: 'query', name, required: required.includes(name), description, schema };
  });
}
