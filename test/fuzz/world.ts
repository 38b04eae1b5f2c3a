// The gateway that is fuzzed, and what there is in it: jobs in every state, leases, keys, deliveries.
import { createApiKey } from '../../src/auth/api-keys.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { ENDPOINTS } from './json-schema.ts';
import type { FuzzRequest, KeyName } from './requests.ts';
import type { FuzzAnswer } from './sender.ts';
import type { Kind } from './stand-ins.ts';

/** Small, so that what is too large need not be large. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_RESULT_BYTES = 96 * 1024;

/** In each of our own jobs; nobody else may ever read it. */
export const MARKER = 'only-for-the-tenant-default';

const FEWEST_LEASES = 8;
const MORE_LEASES = 36;
const MOST_KEPT = 120;

interface Lease {
  job_id: string;
  lease_token: string;
}

export class World {
  readonly gateway: TestGateway;
  /** Lines that the gateway logged as errors. */
  readonly log: string[];
  readonly #foreignKey: string;
  readonly #jobs: string[] = [];
  readonly #spent: Lease[] = [];
  #leases: Lease[] = [];
  readonly #keyIds: string[] = [];
  readonly #deliveries: string[] = [];
  readonly #cursors: Record<string, string> = {};
  #renewing: Promise<void> | undefined;

  private constructor(gateway: TestGateway, foreignKey: string, log: string[]) {
    this.gateway = gateway;
    this.#foreignKey = foreignKey;
    this.log = log;
  }

  static async make(): Promise<World> {
    const log: string[] = [];
    const gateway = await startTestGateway({
      maxBodyBytes: MAX_BODY_BYTES,
      maxResultBytes: MAX_RESULT_BYTES,
      webhookAllow: ['127.0.0.0/8'],
      // All come from one address, and many with a wrong key.
      wrongKeyLimit: '0',
      logger: { level: 'error', stream: { write: (line) => void log.push(line) } },
    });
    const { store, clock } = gateway.services;
    const foreign = { name: 'foreign', tenant: 'other', expiresAt: null };
    const key = await createApiKey(store, clock, { ...foreign, scopes: ['submit', 'work'] });
    const world = new World(gateway, key.apiKey, log);
    await world.#populate();
    return world;
  }

  close(): Promise<void> {
    return this.gateway.close();
  }

  keyText(name: KeyName): string | undefined {
    if (name === 'none') return undefined;
    return name === 'own' ? this.gateway.keys.admin : this.#foreignKey;
  }

  /** What a stand-in stands for now. `operation` says whose cursor is meant. */
  find(kind: Kind, number: number, operation: string): string {
    const found: Record<Kind, () => string> = {
      job: () => pick(this.#jobs, number),
      leasedJob: () => pick(this.#leases, number).job_id,
      leaseToken: () => pick(this.#leases, number).lease_token,
      spentJob: () => pick(this.#spent, number).job_id,
      spentToken: () => pick(this.#spent, number).lease_token,
      key: () => pick(this.#keyIds, number),
      delivery: () => pick(this.#deliveries, number),
      cursor: () => this.#cursors[operation] ?? '',
    };
    return found[kind]();
  }

  /** Learns what an answer made or ended; when few leases are left, there are new ones. */
  async note(
    operation: string,
    { body, key }: FuzzRequest,
    { status, json }: Pick<FuzzAnswer, 'status' | 'json'>,
  ): Promise<void> {
    const ends = /^worker-(complete|fail|release)$/.test(operation) && status === 200;
    if (ends || status === 409) this.#spend(String(body).toLowerCase());
    if (key === 'own') this.#learn(operation, status, json);
    if (this.#leases.length < FEWEST_LEASES) await (this.#renewing ??= this.#renew());
  }

  #learn(operation: string, status: number, json: any): void {
    if (operation.startsWith('keys-') && json?.api_key) keep(this.#keyIds, json.key_id);
    if (operation === 'job-submit' && status === 202) keep(this.#jobs, json.job_id);
  }

  #spend(body: string): void {
    const over = this.#leases.filter(({ job_id }) => body.includes(job_id));
    this.#leases = this.#leases.filter((lease) => !over.includes(lease));
    keep(this.#spent, ...over);
  }

  async #renew(): Promise<void> {
    await this.#start(MORE_LEASES);
    await this.#endSome(6);
    this.#renewing = undefined;
  }

  async #populate(): Promise<void> {
    await this.#start(MORE_LEASES);
    await this.#endSome(3);
    await this.#submit(10);
    const made = Array.from({ length: 12 }, (_, i) => this.#post('keys/create', { name: `${i}` }));
    keep(this.#keyIds, ...(await Promise.all(made)).map(({ key_id }) => key_id));
    for (const verb of ['jobs/list', 'audit/list']) {
      const { next_cursor } = await this.#post(verb, { limit: 2 });
      this.#cursors[verb.replace('/', '-')] = next_cursor;
    }
  }

  /** Jobs that run, and who may say so. The endpoint is theirs alone: no request claims them away. */
  async #start(count: number): Promise<void> {
    await this.#submit(count, '/v1/fuzz/leased');
    const claim = { worker_id: MARKER, endpoints: ['/v1/fuzz/leased'], max: count };
    const { jobs } = await this.#post('worker/claim', { ...claim, lease_seconds: 3600 });
    this.#leases.push(...jobs.map(({ job_id, lease_token }: Lease) => ({ job_id, lease_token })));
  }

  async #submit(count: number, endpoint?: string): Promise<void> {
    const jobs = Array.from({ length: count }, (_, i) => ({
      endpoint: endpoint ?? ENDPOINTS[i % ENDPOINTS.length],
      id: MARKER,
      payload: { marker: MARKER },
      webhook_url: 'http://127.0.0.1:9/',
    }));
    const answer = await this.#post('jobs/submit', { jobs });
    keep(this.#jobs, ...answer.jobs.map(({ job_id }: Lease) => job_id));
  }

  /** So many done, failed and cancelled ones, with their deliveries. */
  async #endSome(each: number): Promise<void> {
    const ended = this.#leases.splice(0, 3 * each);
    for (const [at, lease] of ended.entries()) {
      if (at % 3 === 2) await this.#post('job/cancel', { job_id: lease.job_id });
      const report = at % 3 === 0 ? { result: MARKER } : { message: MARKER, retry: false };
      await this.#post(at % 3 === 0 ? 'worker/complete' : 'worker/fail', { ...lease, ...report });
      const { deliveries = [] } = await this.#post('webhook/deliveries', { job_id: lease.job_id });
      keep(this.#deliveries, ...deliveries.map((one: any) => one.delivery_id));
    }
    keep(this.#spent, ...ended);
  }

  async #post(path: string, body: unknown): Promise<any> {
    const key = this.gateway.keys.admin;
    const answer = await this.gateway.request('POST', `/v1/toolkit/${path}`, { key, body });
    // A request of the fuzzing that was on its way may have come before.
    const isOvertaken = answer.status === 404 || answer.status === 409;
    if (answer.status >= 300 && !isOvertaken)
      throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }
}

/** The newest ones only. */
function keep<T>(all: T[], ...more: T[]): void {
  all.push(...more);
  all.splice(0, all.length - MOST_KEPT);
}

function pick<T>(from: readonly T[], number: number): T {
  const found = from[number % from.length];
  if (found === undefined) throw new Error('the world has nothing of this kind');
  return found;
}
