// The requests of one operation: right ones, wrong ones, and what no client of ours would send.
import * as fc from 'fast-check';
import { hostileBodies, hostileHeaders, hostileQueries, otherTypes } from './hostile.ts';
import { ENDPOINTS, valuesOf } from './json-schema.ts';
import { methodsOf, type Operation } from './operations.ts';
import { allows, MISFITS, wrongValuesOf } from './wrong-values.ts';

/** Whose key is sent: an admin's, another tenant's, or none that opens anything. */
export type KeyName = 'own' | 'foreign' | 'none';

/** What the answer must be besides being documented. */
export type Expected =
  | { answer: 'any' }
  /** Not refused as invalid. */
  | { answer: 'taken' }
  /** 400, naming the place. */
  | { answer: 'refused'; place: string }
  | { answer: 'status'; status: number };

export interface FuzzRequest {
  kind: string;
  method: string;
  /** With its query. */
  path: string;
  /** Name, value, name, value: one may be there twice. */
  headers: string[];
  body: string | Buffer | undefined;
  /** Sent in chunks, without its length. */
  chunked: boolean;
  key: KeyName | { text: string };
  expected: Expected;
}

type Requests = fc.Arbitrary<FuzzRequest>;

const ANY: Expected = { answer: 'any' };
const JSON_TYPE = ['content-type', 'application/json'];

const METHODS = 'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND QUERY PURGE'.split(' ');

export function requestsFor(operation: Operation): Requests {
  const right = rightRequests(operation);
  const kinds: [number, string, Requests | undefined][] = [
    [34, 'right', right],
    [20, 'wrong', wrongRequests(operation)],
    [10, 'raw body', rawBodies(operation)],
    [8, 'headers', withHeaders(right)],
    [5, 'method', otherMethods(operation, right)],
    [5, 'type', operation.method === 'POST' ? withOtherType(right) : undefined],
    [5, 'query', withQuery(right)],
    [5, 'no key', withoutKey(operation, fc.oneof(right, withHeaders(right)))],
    [6, 'foreign', foreign(operation, right)],
    [8, 'trpc', overTrpc(operation)],
  ];
  const made = kinds.flatMap(([weight, kind, arbitrary]) =>
    arbitrary ? [{ weight, arbitrary: arbitrary.map((request) => ({ ...request, kind })) }] : [],
  );
  return fc.oneof(...made);
}

function rightRequests(operation: Operation): Requests {
  const { input, needsInput } = operation;
  if (!input) return fc.constant(requestWith(operation, undefined, { answer: 'taken' }));
  const some = valuesOf(input).map((value) => sensible(operation, value));
  const all = needsInput ? some : fc.option(some, { freq: 5, nil: undefined });
  return all.map((value) => requestWith(operation, value, { answer: 'taken' }));
}

function wrongRequests(operation: Operation): Requests | undefined {
  const { input, method } = operation;
  if (!input) return undefined;
  if (method === 'GET') return wrongQueries(operation);
  return wrongValuesOf(input).map(({ value, place }) =>
    requestWith(operation, value, { answer: 'refused', place }),
  );
}

/** In a query all is text, and numbers are read where the schema has them. */
function wrongQueries(operation: Operation): Requests {
  const { properties = {} } = operation.input ?? {};
  const wrong = Object.entries(properties).flatMap(([place, schema]) => {
    const isNumber = schema.type === 'integer' || schema.type === 'number';
    const texts = MISFITS.filter((value) => typeof value === 'string' && value.length < 2000);
    return [...texts, '56', '-0.5', '١', '0x10', '1e1']
      .filter((text) => !allows(schema, isNumber && !isNaN(Number(text)) ? Number(text) : text))
      .map((text) => ({ place, text }));
  });
  return fc.tuple(valuesOf(operation.input!), fc.constantFrom(...wrong)).map(([value, fault]) => {
    const query = { ...(value as object), [fault.place]: fault.text };
    return requestWith(operation, query, { answer: 'refused', place: fault.place });
  });
}

function rawBodies(operation: Operation): Requests | undefined {
  if (operation.method !== 'POST') return undefined;
  const text = valuesOf(operation.input ?? {}).map((value) => JSON.stringify(value));
  return fc.tuple(hostileBodies(text), fc.boolean()).map(([body, chunked]) => ({
    ...requestWith(operation, {}, ANY),
    body,
    chunked,
  }));
}

function withHeaders(right: Requests): Requests {
  return fc.tuple(right, hostileHeaders, fc.boolean()).map(([request, headers, chunked]) => ({
    ...request,
    headers: [...request.headers, ...headers],
    chunked,
    expected: ANY,
  }));
}

function otherMethods({ path }: Operation, right: Requests): Requests {
  const known = methodsOf(path);
  const all = [...known, ...(known.includes('GET') && !path.endsWith('/events') ? ['HEAD'] : [])];
  const others = METHODS.filter((method) => !all.includes(method));
  return fc.tuple(right, fc.constantFrom(...others)).map(([request, method]) => ({
    ...request,
    method,
    expected: { answer: 'status', status: 405 } as const,
  }));
}

/** What has a body in another type is refused before it is looked at. */
function withOtherType(right: Requests): Requests {
  return fc.tuple(right, otherTypes).map(([request, { headers, status }]) => ({
    ...request,
    body: request.body ?? '{}',
    headers,
    expected: status === undefined ? ANY : { answer: 'status', status },
  }));
}

function withQuery(right: Requests): Requests {
  return fc.tuple(right, hostileQueries).map(([request, query]) => ({
    ...request,
    path: `${request.path}${request.path.includes('?') ? '&' : '?'}${query}`,
    expected: ANY,
  }));
}

function withoutKey({ open }: Operation, any: Requests): Requests {
  const keys = fc.constantFrom<FuzzRequest['key']>(
    'none',
    { text: '' },
    { text: 'jg_' },
    { text: '__proto__' },
    { text: "' OR 1=1 --" },
    { text: 'k'.repeat(4000) },
    { text: 'caf\u00e9' },
  );
  const expected: Expected = open ? { answer: 'taken' } : { answer: 'status', status: 401 };
  return fc.tuple(any, keys).map(([request, key]) => ({ ...request, key, expected }));
}

/** What one tenant has is not there for another. */
function foreign({ input, path, open }: Operation, right: Requests): Requests {
  const names = Object.keys(input?.properties ?? {});
  // What a key is told of itself is no admin's.
  const isAdmins = /\/(keys|audit)\/(?!current$)|\/secret$/.test(path);
  const isOfOne = names.includes('job_id') || names.includes('delivery_id');
  const status = isAdmins ? 403 : isOfOne ? 404 : undefined;
  const expected: Expected = open || status === undefined ? ANY : { answer: 'status', status };
  return right.map((request) => ({ ...request, key: 'foreign', expected }));
}

/** The same inputs, right, wrong and raw, in a POST, in the query of a GET, or twice in a batch. */
function overTrpc(operation: Operation): Requests | undefined {
  const { procedure, input } = operation;
  if (procedure === undefined) return undefined;
  const right = rightRequests({ ...operation, method: 'POST' });
  const text = valuesOf(input ?? {}).map((value) => JSON.stringify(value));
  const raw = hostileBodies(text).map((body) => ({ ...requestWith(operation, {}, ANY), body }));
  const wrong = operation.method === 'POST' ? wrongRequests(operation) : undefined;
  const inputs = fc.oneof(right, raw, ...(wrong ? [wrong] : []));
  const ways = fc.constantFrom('post', 'get', 'batch', 'foreign');
  return fc.tuple(inputs, ways).map(([request, way]) => toTrpc(procedure, request, way));
}

function toTrpc(procedure: string, request: FuzzRequest, way: string): FuzzRequest {
  const { body } = request;
  const path = `/trpc/${procedure}`;
  const all = { ...request, path, method: 'POST', headers: JSON_TYPE, expected: ANY };
  if (way === 'get') {
    const input = body === undefined ? '' : `?input=${encodeURIComponent(shortText(body))}`;
    return { ...all, method: 'GET', path: path + input, headers: [], body: undefined };
  }
  if (way === 'batch') {
    const batch = `{"0":${String(body)},"1":${String(body)}}`;
    return { ...all, path: `${path},${procedure}?batch=1`, body: batch };
  }
  const key = way === 'foreign' ? 'foreign' : request.key;
  return { ...all, key };
}

/** Half a surrogate pair cannot be in a URL; a longer one is refused for its length. */
function shortText(body: string | Buffer): string {
  return String(body).slice(0, 3000).toWellFormed();
}

function requestWith({ method, path }: Operation, value: any, expected: Expected): FuzzRequest {
  const isGet = method === 'GET';
  const query = isGet && value !== undefined ? `?${queryText(value)}` : '';
  return {
    kind: '',
    method,
    path: path + query,
    headers: isGet || value === undefined ? [] : JSON_TYPE,
    body: isGet || value === undefined ? undefined : JSON.stringify(value),
    chunked: false,
    key: 'own',
    expected,
  };
}

function queryText(value: Record<string, unknown>): string {
  const texts = Object.entries(value).map(([name, one]) => [name, String(one)] as const);
  return new URLSearchParams(Object.fromEntries(texts)).toString();
}

/** What the schemas do not say, but their descriptions do: which fields exclude one another. */
function sensible({ id }: Operation, value: any): unknown {
  if (id === 'job-submit') return withOneStart(value);
  if (id === 'jobs-submit') return { jobs: value.jobs.map(withOneStart) };
  if (id === 'jobs-cancel' || id === 'jobs-retry') return withOneSelection(value);
  return value;
}

function withOneStart({ run_at, ...job }: any): unknown {
  return run_at === undefined || 'delay_seconds' in job ? job : { ...job, run_at };
}

function withOneSelection({ job_ids, dry_run = true, ...filter }: any): unknown {
  if (job_ids !== undefined) return { job_ids, dry_run };
  return Object.keys(filter).length > 0 ? { ...filter, dry_run } : { endpoint: ENDPOINTS[0] };
}
