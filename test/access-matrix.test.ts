// The access matrix: every route with every fault a key can have, made from the router, over REST and tRPC.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApiKey } from '../src/auth/api-keys.ts';
import { mintKey } from '../src/auth/key-format.ts';
import { allows, SCOPES, type Scope } from '../src/contract/scope.ts';
import { appRouter } from '../src/procedures/router.ts';
import type { Meta } from '../src/procedures/trpc.ts';
import { claimJob, ENDPOINT, finishJob, post, submitJob, UNKNOWN_ID } from './clients.ts';
import { createTestKey, startTestGateway, type TestAnswer, type TestGateway } from './gateway.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

const document = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'));

/**
 * Inputs of the procedures whose example in openapi.json would not do here, and of subscriptions,
 * which have none there. `job_id`, `key_id` and the like stand for ones that are there.
 */
const INPUTS: Record<string, Record<string, unknown>> = {
  'job.watch': { job_id: '' },
  'jobs.cancel': { job_ids: [] },
  'jobs.retry': { job_ids: [] },
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
  '/docs/': 'open',
  '/docs/js/scalar.js': 'open',
  '/': 'open',
  '/jobs': 'open',
  '/jobs/:job_id': 'open',
  '/try': 'open',
  '/keys': 'open',
  '/audit': 'open',
  '/favicon.svg': 'open',
  '/assets/:name': 'open',
};

/** What tRPC is mounted at: behind it are the procedures, each of which is a route here. */
const TRPC_ROUTES = ['GET /trpc/:path', 'POST /trpc/:path'];

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
let receiver: WebhookReceiver;
/** What the server has, such as `GET /healthz`, as Fastify tells it. */
const mounted = new Set<string>();
let bad: Record<string, string | undefined>;
/** What tenant `default` has: a job that is done, one in every other state that ends or waits, and more. */
let own: { job_id: string; job_ids: string[]; delivery_id: string; key_id: string };
/** The same of nobody. */
const NOBODYS = {
  job_id: UNKNOWN_ID,
  job_ids: [1, 2].map((last) => UNKNOWN_ID.slice(0, -1) + last),
  delivery_id: UNKNOWN_ID,
};
/** A file that the dashboard loads. */
let asset: string;
/** Keys of another tenant, by scope. */
let strangers: Record<Scope, string>;

/** A gateway that notes each route as it is mounted: Fastify tells of every server that is made. */
async function startListed(): Promise<TestGateway> {
  const onServer = (made: unknown) => {
    (made as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) mounted.add(`${each} ${url}`);
    });
  };
  subscribe('fastify.initialization', onServer);
  const started = await startTestGateway({ wrongKeyLimit: '0', webhookAllow: ['127.0.0.0/8'] });
  unsubscribe('fastify.initialization', onServer);
  return started;
}

/** The delivery of a job of tenant `default`, once it failed for good. */
async function failDelivery(): Promise<string> {
  const job_id = await submitJob(gateway, { webhook_url: receiver.url });
  const result = { ...(await claimJob(gateway)), result: 'ok' };
  expect((await post(gateway, 'work', 'worker/complete', result)).status).toBe(200);
  return vi.waitFor(async () => {
    const { json } = await post(gateway, 'read', 'webhook/deliveries', { job_id });
    expect(json.deliveries[0]?.state).toBe('failed');
    return json.deliveries[0].delivery_id;
  }, 15_000);
}

beforeAll(async () => {
  receiver = await WebhookReceiver.start(() => ({ status: 410 }));
  gateway = await startListed();
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
  const { job_id } = await finishJob(gateway);
  const delivery_id = await failDelivery();
  const job_ids = [await submitJob(gateway), await submitJob(gateway)];
  await post(gateway, 'submit', 'job/cancel', { job_id: job_ids[1] });
  own = { job_id, job_ids, delivery_id, key_id: (await make(null)).key.keyId };
  asset = /assets\/([^"]+)"/.exec((await gateway.request('GET', '/')).text)?.[1] ?? '';
  const pairs = SCOPES.map(async (scope) => {
    return [scope, await createTestKey(gateway.services, scope, 'other')] as const;
  });
  strangers = Object.fromEntries(await Promise.all(pairs)) as Record<Scope, string>;
});

afterAll(async () => {
  await gateway.close();
  await receiver.close();
});

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

it('every route that the server has is one of these, or known to be written by hand', () => {
  const rest = routes.filter(({ transport }) => transport === 'REST');
  const known = rest.map(({ method, path }) => `${method} ${path}`);
  const written = Object.keys(HAND_WRITTEN).map((path) => `GET ${path}`);
  // A HEAD is Fastify's own twin of a GET.
  const asked = [...mounted].filter((each) => !each.startsWith('HEAD '));
  const expected = new Set([...known, ...written, ...TRPC_ROUTES]);
  expect(new Set(asked), 'add it to HAND_WRITTEN with the scope it needs').toEqual(expected);
});

it('every path of openapi.json is one that the server has', () => {
  const paths = new Set([...mounted].map((each) => each.split(' ')[1]));
  expect(Object.keys(document.paths).filter((path) => !paths.has(path))).toEqual([]);
  expect(routes.length).toBeGreaterThan(procedures.length);
});

describe.each(Object.entries(HAND_WRITTEN).filter(([, scope]) => scope === 'open'))(
  'GET %s',
  (path) => {
    it('is open, whatever the key', async () => {
      const filled = path.replace(':job_id', UNKNOWN_ID).replace(':name', asset);
      for (const key of Object.values(bad)) {
        expect((await gateway.request('GET', filled, { key })).status).toBe(200);
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

/** Everything of an answer that other ids could change, with the ids taken out. */
function traceOf({ status, headers, text }: TestAnswer, ids: object) {
  const ours = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  const without = (left: string, id: string) => left.replaceAll(id, 'ID');
  return { status, headers: ours, text: Object.values(ids).flat().reduce(without, text) };
}

const aboutJobs = routes.filter(({ input }) => Object.keys(NOBODYS).some((name) => name in input));

describe.each(aboutJobs)('$transport $method $path', (route) => {
  it('what is another tenant’s is answered byte for byte as what is not there', async () => {
    const key = strangers[route.scope === 'any' ? 'read' : route.scope];
    const foreign = await call(route, key, own);
    const unknown = await call(route, key, { ...own, ...NOBODYS });
    expect(traceOf(foreign, own)).toEqual(traceOf(unknown, NOBODYS));
    expect(foreign.text).not.toMatch(/transcribe"|"ok"/);
  });
});

describe.each(['jobs/cancel', 'jobs/retry'])('%s by a filter', (path) => {
  it.each([true, false])('finds nothing of another tenant (dry_run: %s)', async (dry_run) => {
    const body = { endpoint: ENDPOINT, dry_run };
    const key = strangers.submit;
    const { status, json } = await gateway.request('POST', `/v1/toolkit/${path}`, { key, body });
    expect({ status, json }).toEqual({ status: 200, json: { matched: 0, changed: 0 } });
  });
});

it('and nothing of it was changed by all these calls', async () => {
  const ids = [own.job_id, ...own.job_ids];
  const { json } = await post(gateway, 'read', 'jobs/status', { job_ids: ids });
  expect(ids.map((id) => json.response[id])).toEqual(['done', 'queued', 'cancelled']);
  const failures = await post(gateway, 'read', 'webhook/failures', {});
  expect(failures.json.deliveries).toMatchObject([{ delivery_id: own.delivery_id }]);
  expect(receiver.arrivals).toHaveLength(1);
});

it('those routes are most of the jobs’ and the workers’', () => {
  const names = new Set(aboutJobs.map(({ name }) => name));
  const expected = 'cancel delete get retry status watch'.split(' ').map((verb) => `job.${verb}`);
  const others = ['/v1/toolkit/job/events', 'jobs.cancel', 'jobs.retry', 'webhook.redeliver'];
  expect([...names]).toEqual(expect.arrayContaining([...expected, ...others]));
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
    ['jobs/list', { search: 'mi' }],
    ['jobs/list', { search: id }],
    ['jobs/activity', {}],
    ['workers/list', {}],
    ['webhook/failures', {}],
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
