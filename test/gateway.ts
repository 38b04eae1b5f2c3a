// The gateway of the tests: a real one on a temporary file; its every answer is held to openapi.json.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey } from '../src/auth/api-keys.ts';
import { startGateway, type Gateway, type GatewayOptions } from '../src/cli/gateway.ts';
import { readConfig, type Config } from '../src/config.ts';
import type { Clock } from '../src/contract/clock.ts';
import type { Scope } from '../src/contract/scope.ts';
import { assertDocumented } from './openapi-answers.ts';

export interface TestGatewayOptions extends Partial<Config> {
  clock?: Clock | undefined;
  /** Fastify's `logger` option. Default: no log. */
  logger?: GatewayOptions['logger'];
}

export interface TestRequest {
  /** Sent as `x-api-key`. Default: none. */
  key?: string | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is; `content-type` is then up to `headers`. */
  rawBody?: string | Uint8Array<ArrayBuffer> | undefined;
  headers?: Record<string, string>;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The body parsed; undefined when it is empty or not JSON. */
  json: any;
}

export interface TestGateway {
  url: string;
  services: Gateway['services'];
  /** The whole text of one key for each scope, all of tenant `default`. */
  keys: Record<Scope, string>;
  /** The database file. */
  databasePath: string;
  request(method: string, path: string, options?: TestRequest): Promise<TestAnswer>;
  /** Stops the gateway and removes its folder. */
  close(): Promise<void>;
}

const TEST_ENVIRONMENT = {
  PORT: '0',
  // The test shares the event loop: how late that is says nothing.
  MAX_EVENT_LOOP_LAG_MS: '0',
  // A file of tests sends more wrong keys in a minute than anybody should.
  WRONG_KEY_LIMIT: '0',
};

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { clock, logger = false, ...config } = options;
  const folder = await mkdtemp(join(tmpdir(), 'jobgate-test-'));
  const databasePath = join(folder, 'jobgate.db');
  const defaults = { ...readConfig(TEST_ENVIRONMENT), databasePath };
  const remove = () => rm(folder, { recursive: true });
  const starting = startGateway({ ...defaults, ...config }, { clock, logger });
  const gateway = await starting.catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    url: gateway.url,
    services: gateway.services,
    keys: await createKeys(gateway.services),
    databasePath: config.databasePath ?? databasePath,
    request: (method, path, request) => send(gateway.url, method, path, request),
    close: async () => {
      await gateway.close();
      await remove();
    },
  };
}

/** A key of one scope. */
export async function createTestKey(
  { store, clock }: Pick<Gateway['services'], 'store' | 'clock'>,
  scope: Scope,
  tenant = 'default',
): Promise<string> {
  const wanted = { name: `test ${scope}`, tenant, scopes: [scope], expiresAt: null };
  return (await createApiKey(store, clock, wanted)).apiKey;
}

async function createKeys(services: Gateway['services']): Promise<Record<Scope, string>> {
  return {
    admin: await createTestKey(services, 'admin'),
    read: await createTestKey(services, 'read'),
    submit: await createTestKey(services, 'submit'),
    work: await createTestKey(services, 'work'),
  };
}

async function send(
  url: string,
  method: string,
  path: string,
  { key, body, rawBody, headers = {} }: TestRequest = {},
): Promise<TestAnswer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { 'x-api-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: toBytes(rawBody ?? (body === undefined ? undefined : JSON.stringify(body))),
  });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, text, json: parse(text) };
  assertDocumented(method, path, answer);
  return answer;
}

/** `fetch` would give a string a content type of its own. */
function toBytes(body: string | Uint8Array<ArrayBuffer> | undefined) {
  return typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? null);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
