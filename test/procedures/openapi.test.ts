// The OpenAPI document: valid, up to date, complete, and its examples are what it says.
import { readFileSync } from 'node:fs';
import { validate } from '@readme/openapi-parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import pkg from '#package.json' with { type: 'json' };
import { HTTP_STATUS } from '../../src/contract/errors.ts';
import { buildOpenApiDocument } from '../../src/procedures/openapi.ts';
import { HAND_WRITTEN_PATHS } from '../../src/procedures/openapi-paths.ts';
import { appRouter } from '../../src/procedures/router.ts';
import type { Meta } from '../../src/procedures/trpc.ts';

const FILE = new URL('../../openapi.json', import.meta.url);
const built = () => structuredClone(buildOpenApiDocument(pkg.version)) as any;
const document = built();
const described = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
  Object.entries<any>(methods).map(([method, operation]) => ({ path, method, operation })),
);
const isHandWritten = ({ path }: { path: string }) => path in HAND_WRITTEN_PATHS;
const handWritten = described.filter(isHandWritten);
const twins = described.filter(({ path, method }) => method === 'get' && document.paths[path].post);
const operations = described.filter((one) => !isHandWritten(one) && !twins.includes(one));
const definitions = Object.values(appRouter._def.procedures).map(
  (procedure) => (procedure as unknown as { _def: { meta: Meta; type: string } })._def,
);

describe('the document', () => {
  it('is the one that is committed (npm run openapi writes it)', () => {
    const text = `${JSON.stringify(buildOpenApiDocument(pkg.version), null, 2)}\n`;
    expect(readFileSync(FILE, 'utf8')).toBe(text);
  });

  it('is valid by two validators', async () => {
    expect(await validate(built())).toMatchObject({ valid: true, warnings: [] });
    expect(await new Validator().validate(built())).toMatchObject({ valid: true });
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it('would be found invalid by both', async () => {
    const broken = () => ({ ...built(), info: {} });
    expect(await validate(broken())).toMatchObject({ valid: false });
    expect(await new Validator().validate(broken())).toMatchObject({ valid: false });
  });

  it('has every procedure and nothing else', () => {
    const procedures = definitions
      .filter(({ type }) => type !== 'subscription')
      .map(({ meta: { openapi } }) => `${openapi?.method.toLowerCase()} ${openapi?.path}`);
    const has = described.map(({ method, path }) => `${method} ${path}`);
    const others = Object.keys(HAND_WRITTEN_PATHS).map((path) => `get ${path}`);
    const also = definitions.filter(({ meta }) => meta.alsoGet).map(({ meta }) => meta.openapi);
    const gets = also.map((openapi) => `get ${openapi?.path}`);
    expect(gets.length).toBeGreaterThan(0);
    expect(has.toSorted()).toEqual([...procedures, ...others, ...gets].toSorted());
  });

  it('uses every component it has, and has every one it uses', () => {
    const text = JSON.stringify(document);
    const used = [...text.matchAll(/"#\/components\/(\w+)\/([\w.]+)"/g)];
    const names = new Set(used.map(([, kind, name]) => `${kind}/${name}`));
    const { schemas, responses } = document.components;
    const had = [
      ...Object.keys(schemas).map((name) => `schemas/${name}`),
      ...Object.keys(responses).map((name) => `responses/${name}`),
    ];
    expect(had.toSorted()).toEqual([...names].toSorted());
  });

  it('asks for the key in x-api-key, everywhere', () => {
    expect(document.components.securitySchemes).toMatchObject({
      ApiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    });
    for (const { operation } of operations) expect(operation.security).toEqual([{ ApiKey: [] }]);
    const open = handWritten.filter(({ operation }) => operation.security.length === 0);
    expect(open.map(({ path }) => path)).toEqual(['/healthz', '/readyz']);
  });
});

describe.each(operations)('$method $path', ({ operation, path, method }) => {
  const { meta } = definitions.find(
    ({ meta: { openapi } }) => openapi?.path === path && openapi.method.toLowerCase() === method,
  )!;

  it('has what is said of the procedure', () => {
    const statuses = Object.keys(operation.responses).map(Number);
    const own = (meta.errors ?? []).map((code) => HTTP_STATUS[code]);
    const scope = meta.scope === 'any' ? [] : [403];
    const body = method === 'post' ? [413, 415] : [];
    const always = [400, 401, 408, 414, 417, 429, 431, 500, 503];
    const expected = new Set([meta.status ?? 200, ...always, ...scope, ...body, ...own]);
    expect(statuses).toEqual([...expected].toSorted((a, b) => a - b));
    expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
    expect(document.tags.map(({ name }: any) => name)).toContain(operation.tags[0]);
  });

  it('tells its own verb in the example of a 500', () => {
    const { examples } = operation.responses[500].content['application/json'];
    const [{ value }] = Object.values<any>(examples);
    expect(value.error).toMatch(new RegExp(`^Failed to ${meta.failure}: `));
  });

  it('has examples everywhere, and they are valid', () => {
    const answers = Object.values<any>(operation.responses).map(dereference);
    const bodies = [...answers, operation.requestBody].filter((body) => body !== undefined);
    expect(bodies.length).toBeGreaterThan(8);
    for (const { content } of bodies) {
      const { schema, examples } = content['application/json'];
      const check = compile(schema);
      const values = Object.values<any>(examples).map(({ value }) => value);
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(check(value) || check.errors).toBe(true);
    }
  });

  it('is strict about what is answered', () => {
    const answers = Object.values<any>(operation.responses).map(dereference);
    for (const { content } of answers) {
      const { schema, examples } = content['application/json'];
      const check = compile(schema);
      const [{ value }] = Object.values<any>(examples);
      expect(check({ ...value, surplus: 1 })).toBe(false);
      for (const key of Object.keys(value)) {
        const { [key]: _left, ...rest } = value;
        expect({ key, valid: check(rest) }).toEqual({ key, valid: key === 'issues' });
      }
    }
  });

  it('tells of Retry-After where it is sent', () => {
    const busy = [429, 503].map((status) => dereference(operation.responses[status]));
    for (const { headers } of busy.filter((response) => response !== undefined)) {
      expect(headers).toHaveProperty(['Retry-After', 'required'], true);
    }
  });
});

describe.each(twins)('$method $path', ({ operation, path }) => {
  const { post } = document.paths[path];

  it('answers what the POST does, or 304', () => {
    const { 413: _large, 415: _type, ...shared } = post.responses;
    const { 200: success, 304: known, ...errors } = operation.responses;
    const { 200: posted, ...postErrors } = shared;
    expect(errors).toEqual(postErrors);
    expect(success.content).toEqual(posted.content);
    expect(known.content).toBeUndefined();
    const names = ['ETag', 'Cache-Control', 'Retry-After', 'Preference-Applied'];
    expect(Object.keys(success.headers).toSorted()).toEqual(names.toSorted());
    expect(known.headers).toEqual(success.headers);
  });

  it('takes the fields of the POST in its query, and the same headers', () => {
    const { properties, required } = post.requestBody.content['application/json'].schema;
    const inQuery = operation.parameters.filter((parameter: any) => parameter.in === 'query');
    const names = (of: any[]) => of.map(({ name }) => name);
    expect(names(inQuery)).toEqual(Object.keys(properties));
    expect(names(inQuery.filter((parameter: any) => parameter.required))).toEqual(required);
    const headers = names(
      operation.parameters.filter((parameter: any) => parameter.in === 'header'),
    );
    expect(headers).toEqual([...names(post.parameters), 'If-None-Match']);
    expect(operation).not.toHaveProperty('requestBody');
    expect(operation.operationId).not.toBe(post.operationId);
  });
});

describe('the webhook', () => {
  const { post } = document.webhooks['job-ended'];

  it('has the headers of Standard Webhooks, and an example that is valid', () => {
    const names = post.parameters.map(({ name }: any) => name);
    expect(names).toEqual(['webhook-id', 'webhook-timestamp', 'webhook-signature']);
    const { schema, examples } = post.requestBody.content['application/json'];
    const check = compile(schema);
    expect(check(examples.done.value) || check.errors).toBe(true);
    expect(check({ ...examples.done.value, surplus: 1 })).toBe(false);
  });
});

function dereference(response: any): any {
  const name = response?.$ref?.split('/').at(-1);
  return name === undefined ? response : document.components.responses[name];
}

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
ajv.addSchema(document, 'document');

/** References in it are meant within the document. */
function compile(schema: object) {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
  return ajv.compile(JSON.parse(text));
}
