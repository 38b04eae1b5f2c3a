// The access matrix: every route with every fault a key can have, made from the router, over REST and tRPC.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../src/auth/api-keys.ts';
import { mintKey } from '../src/auth/key-format.ts';
import { allows, SCOPES, type Scope } from '../src/contract/scope.ts';
import { appRouter } from '../src/procedures/router.ts';
import type { Meta } from '../src/procedures/trpc.ts';
import { finishJob, submitJob, UNKNOWN_ID } from './clients.ts';
import { createTestKey, startTestGateway, type TestAnswer, type TestGateway } from './gateway.ts';

const document = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'));

/**
 * Inputs of the procedures whose example in openapi.json would not do here, and of subscriptions,
 * which have none there. `job_id` and `key_id` stand for ones that are there.
 */
const INPUTS: Record<string, Record<string, unknown>> = {
  'job.watch': { job_id: '' },
  'jobs.watch': {},
  'toolkit.authenticate': {},
};

/** Hand-written paths: whether they are open to everybody, and the scope they need otherwise. */
const HAND_WRITTEN: Record<string, Scope | 'open'> = {
  '/v1/toolkit/job/events': 'read',
  '/metrics': 'admin',
  '/healthz': 'open',
  '/readyz': 'open',
  '/openapi.json': 'open',
  '/docs': 'open',
};

interface Route {
  name: string;
  transport: 'REST' | 'tRPC';
  method: string;
  path: string;
  scope: Scope | 'any';
  input: Record<string, unknown>;
}

const procedures = Object.entries(appRouter._def.procedures).map(([name, procedure]) => {
  const { meta, type } = (procedure as unknown as { _def: { meta: Meta; type: string } })._def;
  return { name, meta, type };
});

function inputOf(name: string, meta: Meta): Record<string, unknown> {
  const operation =
    document.paths[meta.openapi?.path ?? '']?.[meta.openapi?.method?.toLowerCase() ?? ''];
  const examples = operation?.requestBody?.content['application/json'].examples ?? {};
  const [example] = Object.values<{ value: Record<string, unknown> }>(examples);
  const input = INPUTS[name] ?? example?.value;
  if (!input) throw new Error(`${name} has no example: add one to its input, or to INPUTS here`);
  return input;
}

const routes = procedures.flatMap(({ name, meta, type }): Route[] => {
  const { scope } = meta;
  const input = inputOf(name, meta);
  const method = type === 'mutation' ? 'POST' : 'GET';
  const over: Route = { name, transport: 'tRPC', method, path: `/trpc/${name}`, scope, input };
  if (!meta.openapi) return [over];
  const { path, method: restMethod } = meta.openapi as { path: string; method: string };
  const rest: Route = { ...over, transport: 'REST', method: restMethod, path };
  return meta.alsoGet ? [over, rest, { ...rest, method: 'GET' }] : [over, rest];
});

for (const [path, scope] of Object.entries(HAND_WRITTEN)) {
  if (scope === 'open') continue;
  const input: Route['input'] = path === '/metrics' ? {} : { job_id: '' };
  routes.push({ name: path, transport: 'REST', method: 'GET', path, scope, input });
}

let gateway: TestGateway;
let bad: Record<string, string | undefined>;
/** A job and a key of tenant `default`. */
let own: { job_id: string; key_id: string };
/** Keys of another tenant, by scope. */
let strangers: Record<Scope, string>;

beforeAll(async () => {
  gateway = await startTestGateway({ wrongKeyLimit: '0' });
  const { store, clock } = gateway.services;
  const make = (expiresAt: number | null) =>
    createApiKey(store, clock, { name: '', tenant: 'default', scopes: ['admin'], expiresAt });
  const revoked = await make(null);
  await store.revokeKey(revoked.key.keyId, clock.now());
  bad = {
    'no key': undefined,
    'a bad key': mintKey().apiKey,
    'a revoked key': revoked.apiKey,
    'an expired key': (await make(clock.now())).apiKey,
  };
  own = { job_id: (await finishJob(gateway)).job_id, key_id: (await make(null)).key.keyId };
  const pairs = SCOPES.map(async (scope) => {
    return [scope, await createTestKey(gateway.services, scope, 'other')] as const;
  });
  strangers = Object.fromEntries(await Promise.all(pairs)) as Record<Scope, string>;
});

afterAll(() => gateway.close());

function call(route: Route, key: string | undefined, ids: object = own): Promise<TestAnswer> {
  const { transport, method, path, input } = route;
  const given = Object.entries(ids).filter(([name]) => name in input);
  const body = { ...input, ...Object.fromEntries(given) };
  if (method === 'POST') return gateway.request('POST', path, { key, body });
  const query: Record<string, string> =
    transport === 'tRPC'
      ? { input: JSON.stringify(body) }
      : Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
  const text = new URLSearchParams(query).toString();
  return gateway.request('GET', text ? `${path}?${text}` : path, { key });
}

/** The error as its transport writes it: REST flat, tRPC wrapped, a subscription as its only event. */
function expectRefused(route: Route, answer: TestAnswer, status: number, message: string): void {
  expect(refusalOf(route, answer)).toEqual({ status, error: message });
}

function refusalOf({ transport }: Route, { status, json, text }: TestAnswer) {
  if (transport === 'REST') return { status, error: json?.error };
  const event = /^event: serialized-error\ndata: (.*)$/m.exec(text);
  const error = event ? JSON.parse(event[1] ?? '') : json?.error;
  return { status: event ? error.data.httpStatus : status, error: error?.message };
}

it('every path of openapi.json is one of these routes, or known to be written by hand', () => {
  const known = new Set([...routes.map(({ path }) => path), ...Object.keys(HAND_WRITTEN)]);
  const forgotten = Object.keys(document.paths).filter((path) => !known.has(path));
  expect(forgotten, 'add it to HAND_WRITTEN with the scope it needs').toEqual([]);
  expect(routes.length).toBeGreaterThan(procedures.length);
});

describe.each(Object.entries(HAND_WRITTEN).filter(([, scope]) => scope === 'open'))(
  'GET %s',
  (path) => {
    it('is open, whatever the key', async () => {
      for (const key of Object.values(bad)) {
        expect((await gateway.request('GET', path, { key })).status).toBe(200);
      }
    });
  },
);

describe.each(routes)('$transport $method $path', (route) => {
  const { scope } = route;

  it('401 with no key, a bad, a revoked and an expired one', async () => {
    for (const key of Object.values(bad)) {
      expectRefused(route, await call(route, key), 401, 'Unauthorized');
    }
  });

  it('403 with every scope but those that open it', async () => {
    for (const held of SCOPES.filter((each) => scope !== 'any' && !allows([each], scope))) {
      const answer = await call(route, gateway.keys[held]);
      expectRefused(route, answer, 403, `This key lacks the scope "${scope}"`);
    }
  });
});

/** Everything of an answer that another job_id could change, with the id taken out. */
function traceOf({ status, headers, text }: TestAnswer, id: string) {
  const ours = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  return { status, headers: ours, text: text.replaceAll(id, 'ID') };
}

const aboutJobs = routes.filter(({ input }) => 'job_id' in input);

describe.each(aboutJobs)('$transport $method $path', (route) => {
  it('a job of another tenant is answered byte for byte as one that is not there', async () => {
    const key = strangers[route.scope === 'any' ? 'read' : route.scope];
    const foreign = await call(route, key, own);
    const unknown = await call(route, key, { ...own, job_id: UNKNOWN_ID });
    expect(traceOf(foreign, own.job_id)).toEqual(traceOf(unknown, UNKNOWN_ID));
    expect(foreign.text).not.toMatch(/transcribe"|"ok"/);
  });
});

it('those routes are most of the jobs’ and the workers’', () => {
  const names = new Set(aboutJobs.map(({ name }) => name));
  const expected = 'cancel delete get retry status watch'.split(' ').map((verb) => `job.${verb}`);
  expect([...names]).toEqual(expect.arrayContaining([...expected, '/v1/toolkit/job/events']));
});

it('lists, counts and streams of another tenant hold nothing of it', async () => {
  const id = await submitJob(gateway, { id: 'mine', idempotency_key: 'once' });
  const ask = (path: string, body: object) =>
    gateway.request('POST', `/v1/toolkit/${path}`, { key: strangers.submit, body });
  const mine = [id, own.job_id];
  for (const [path, body] of [
    ['jobs/list', {}],
    ['jobs/list', { id: 'mine' }],
    ['jobs/status', {}],
    ['jobs/stats', {}],
  ] as const) {
    const { status, text } = await ask(path, body);
    expect(status).toBe(200);
    for (const job of mine) expect(text).not.toContain(job);
    expect(text).not.toContain('/v1/media/transcribe');
  }
  const { json } = await ask('jobs/status', { job_ids: mine });
  expect(json.response).toEqual({ [id]: 'unknown', [own.job_id]: 'unknown' });
  const again = { endpoint: '/v1/media/transcribe', id: 'mine', idempotency_key: 'once' };
  const submitted = await ask('job/submit', again);
  expect(submitted.status).toBe(202);
  expect(submitted.headers.get('idempotent-replayed')).toBeNull();
  expect(submitted.json.job_id).not.toBe(id);
});
