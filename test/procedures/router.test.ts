// The router: what every endpoint owes its callers, made from the router so that none is forgotten.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { mintKey } from '../../src/auth/key-format.ts';
import { allows, SCOPES, type Scope } from '../../src/contract/scope.ts';
import { appRouter } from '../../src/procedures/router.ts';
import type { Meta } from '../../src/procedures/trpc.ts';
import { expectAnswer } from '../clients.ts';
import { startTestGateway, type TestGateway, type TestRequest } from '../gateway.ts';

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));

interface Endpoint {
  name: string;
  type: 'query' | 'mutation';
  method: string;
  path: string;
  scope: Meta['scope'];
  bodyLimit: Meta['bodyLimit'];
  /** The document's own example. */
  example: Record<string, unknown> | undefined;
  /** Its path's methods, as in `Allow`. */
  allowed: string[];
  needsBody: boolean;
  ignoresUnknown: boolean;
}

/** Subscriptions have no route: their own tests refuse for them. */
const routed = Object.entries(appRouter._def.procedures).filter(
  ([, procedure]) => (procedure as any)._def.type !== 'subscription',
);

const endpoints = routed.map(([name, procedure]): Endpoint => {
  const { meta, type, inputs } = (procedure as any)._def;
  const { method, path } = meta.openapi;
  const body = document.paths[path][method.toLowerCase()].requestBody;
  const [first] = Object.values<any>(body?.content['application/json'].examples ?? {});
  return {
    name,
    type,
    method,
    path,
    scope: meta.scope,
    bodyLimit: meta.bodyLimit,
    example: first?.value,
    allowed: ['GET', 'HEAD', 'POST'].filter((verb) =>
      verb === 'POST' ? method === 'POST' : method === 'GET' || meta.alsoGet,
    ),
    needsBody: inputs.length > 0 && !inputs[0].safeParse(undefined).success,
    ignoresUnknown: ['/v1/toolkit/job/status', '/v1/toolkit/jobs/status'].includes(path),
  };
});
const withBody = endpoints.filter(({ method }) => method === 'POST');
const scoped = endpoints.filter(({ scope }) => scope !== 'any');

const JSON_BODY = { 'content-type': 'application/json' };

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.close());

/** A request that would be fine with this key. */
function call({ method, path, example }: Endpoint, request: TestRequest) {
  const body = request.rawBody === undefined && method === 'POST' ? { body: example } : {};
  return gateway.request(method, path, { ...body, ...request });
}

function callTrpc({ name, type, example }: Endpoint, key: string) {
  const input = `?input=${encodeURIComponent(JSON.stringify(example ?? {}))}`;
  const isQuery = type === 'query';
  return gateway.request(isQuery ? 'GET' : 'POST', `/trpc/${name}${isQuery ? input : ''}`, {
    key,
    ...(isQuery ? {} : { body: example }),
  });
}

/** The least scope that opens it. */
function keyFor({ scope }: Endpoint): string {
  return gateway.keys[scope === 'any' ? 'read' : scope];
}

describe('every endpoint', () => {
  it('is there, with an example of its body', () => {
    expect(endpoints.length).toBeGreaterThanOrEqual(13);
    expect(withBody.filter(({ example }) => example === undefined)).toEqual([]);
  });
});

describe.each(endpoints)('$method $path', (endpoint) => {
  const UNAUTHORIZED = { error: 'Unauthorized', code: 401 };

  it.each(['missing', 'empty', 'foreign', 'unknown', 'mistyped', 'revoked', 'expired'])(
    '401 where the key is %s, before anything in the body',
    async (fault) => {
      const key = await badKey(fault);
      expectAnswer(await call(endpoint, { key }), 401, UNAUTHORIZED);
      const bodies = endpoint.method === 'POST' ? ['{', ''] : [];
      for (const rawBody of bodies) {
        const odd = await call(endpoint, { key, rawBody, headers: { 'content-type': 'text/x' } });
        expectAnswer(odd, 401, UNAUTHORIZED);
      }
    },
  );

  it('401 over tRPC', async () => {
    const answer = await callTrpc(endpoint, mintKey().apiKey);
    expect(answer).toMatchObject({
      status: 401,
      json: { error: { message: 'Unauthorized', data: { code: 'UNAUTHORIZED' } } },
    });
  });

  it('405 with Allow for every other method', async () => {
    const { allowed } = endpoint;
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
    for (const method of methods.filter((other) => !allowed.includes(other))) {
      const answer = await gateway.request(method, endpoint.path, { key: keyFor(endpoint) });
      expect({ method, allow: answer.headers.get('allow') }).toEqual({
        method,
        allow: allowed.join(', '),
      });
      const body = { error: `Method not allowed: use ${allowed.join(', ')}`, code: 405 };
      expectAnswer(answer, 405, method === 'HEAD' ? undefined : body);
    }
  });

  it('404 with a slash at its end, below it and in capitals', async () => {
    const { method, path } = endpoint;
    for (const other of [`${path}/`, `${path}/x`, path.toUpperCase(), `/${path}`]) {
      const answer = await gateway.request(method, other, { key: keyFor(endpoint) });
      expectAnswer(answer, 404, { error: 'Not found', code: 404 });
    }
  });
});

async function badKey(fault: string): Promise<string | undefined> {
  const { store, clock } = gateway.services;
  const wanted = { name: fault, tenant: 'default', scopes: ['admin' as const] };
  const make = (expiresAt: number | null) => createApiKey(store, clock, { ...wanted, expiresAt });
  switch (fault) {
    case 'missing':
      return undefined;
    case 'empty':
      return '';
    case 'foreign':
      return 'Bearer secret';
    case 'unknown':
      return mintKey().apiKey;
    case 'expired':
      return (await make(clock.now())).apiKey;
    case 'revoked': {
      const { apiKey, key } = await make(null);
      await store.revokeKey(key.keyId, clock.now());
      return apiKey;
    }
    default: {
      const { apiKey } = await make(null);
      return apiKey.slice(0, -1) + (apiKey.endsWith('0') ? '1' : '0');
    }
  }
}

describe.each(scoped)('$method $path', (endpoint) => {
  const needed = endpoint.scope as Scope;
  const error = `This key lacks the scope "${needed}"`;

  it.each(SCOPES.filter((scope) => !allows([scope], needed)))('403 with %s only', async (scope) => {
    const key = gateway.keys[scope];
    expectAnswer(await call(endpoint, { key }), 403, { error, code: 403 });
    const over = await callTrpc(endpoint, key);
    expect(over).toMatchObject({
      status: 403,
      json: { error: { message: error, data: { code: 'FORBIDDEN', reason: 'forbidden' } } },
    });
  });

  it.each(SCOPES.filter((scope) => allows([scope], needed)))('opens with %s', async (scope) => {
    const { status } = await call(endpoint, { key: gateway.keys[scope] });
    expect([200, 202, 404]).toContain(status);
  });
});

describe.each(withBody)('$method $path', (endpoint) => {
  const send = (rawBody: string, headers: Record<string, string> = JSON_BODY) =>
    call(endpoint, { key: keyFor(endpoint), rawBody, headers });

  it.each([
    ['an array', '[]', 'The body must be a JSON object'],
    ['a string', '"x"', 'The body must be a JSON object'],
    ['a number', '1', 'The body must be a JSON object'],
    ['a boolean', 'true', 'The body must be a JSON object'],
    ['null', 'null', 'The body must be a JSON object'],
    ['cut off', '{"job_id":', 'The body is not valid JSON'],
    ['white space', ' \n', 'The body is not valid JSON'],
    ['two values', '{}{}', 'The body is not valid JSON'],
    ['JavaScript', '{a:1}', 'The body is not valid JSON'],
  ])('400 where the body is %s', async (_what, rawBody, message) => {
    expectAnswer(await send(rawBody), 400, {
      error: `Invalid payload: ${message}`,
      code: 400,
      issues: [{ path: '', message }],
    });
  });

  it('400 naming the field of a wrong type', async () => {
    const fields = Object.keys(endpoint.example ?? {}).filter((field) => field !== 'result');
    for (const field of fields) {
      const { status, json } = await send(JSON.stringify({ ...endpoint.example, [field]: null }));
      expect({ status, path: json.issues[0].path }).toEqual({ status: 400, path: field });
      expect(json.error).toMatch(new RegExp(`^Invalid payload: ${field}: `));
    }
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    '415 for %s',
    async (type) => {
      expectAnswer(await send('{}', { 'content-type': type }), 415, {
        error: 'The body must be sent as Content-Type: application/json',
        code: 415,
      });
    },
  );

  it('413 for 10 MB', async () => {
    const limit = endpoint.bodyLimit === 'result' ? 8 * 1024 * 1024 + 4096 : 1024 * 1024;
    expectAnswer(await send(`{"x":"${'x'.repeat(10_000_000)}"}`), 413, {
      error: `The body is over the limit of ${limit} bytes`,
      code: 413,
    });
  });
});

/** Bytes as they are, declared as JSON. */
function sendJson(endpoint: Endpoint, rawBody: string) {
  return call(endpoint, { key: keyFor(endpoint), rawBody, headers: JSON_BODY });
}

function sendNothing(endpoint: Endpoint) {
  return gateway.request('POST', endpoint.path, { key: keyFor(endpoint) });
}

function sendSurplus(endpoint: Endpoint) {
  return sendJson(endpoint, JSON.stringify({ ...endpoint.example, max_atempts: 1, x: {} }));
}

describe.each(withBody.filter(({ needsBody }) => needsBody))('$method $path', (endpoint) => {
  it('400 without a body', async () => {
    const message = 'The body is missing: send a JSON object';
    const issues = [{ path: '', message }];
    const body = { error: `Invalid payload: ${message}`, code: 400, issues };
    expectAnswer(await sendNothing(endpoint), 400, body);
    expectAnswer(await sendJson(endpoint, ''), 400, body);
  });
});

describe.each(withBody.filter(({ needsBody }) => !needsBody))('$method $path', (endpoint) => {
  it('200 without a body', async () => {
    expect((await sendNothing(endpoint)).status).toBe(200);
    expect((await sendJson(endpoint, '')).status).toBe(200);
  });
});

describe.each(withBody.filter(({ ignoresUnknown }) => ignoresUnknown))(
  '$method $path',
  (endpoint) => {
    it('ignores properties it does not know', async () => {
      expect([200, 404]).toContain((await sendSurplus(endpoint)).status);
    });
  },
);

describe.each(withBody.filter(({ ignoresUnknown }) => !ignoresUnknown))(
  '$method $path',
  (endpoint) => {
    it('400 naming each property it does not know', async () => {
      const { status, json } = await sendSurplus(endpoint);
      const issues = ['max_atempts', 'x'].map((path) => ({ path, message: 'Unknown property' }));
      expect({ status, issues: json.issues }).toEqual({ status: 400, issues });
    });
  },
);
