// jobs.list: every filter and all of them together, newest first, and pages that neither miss nor repeat.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { JobSummaryView } from '../../src/contract/job-view.ts';
import { ENDPOINT, expectAnswer, post, refusal, submitJob, trpcClient } from '../clients.ts';
import { createTestKey, startTestGateway, type TestGateway } from '../gateway.ts';
import { HeldClock } from '../held-clock.ts';

const OTHER = '/v1/other';
const STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

const clock = new HeldClock();
const BEGIN = clock.now();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ clock });
});

afterAll(() => gateway.close());

async function ownGateway(): Promise<TestGateway> {
  const own = await startTestGateway({ clock });
  onTestFinished(() => own.close());
  return own;
}

const list = (body: unknown, of = gateway) => post(of, 'read', 'jobs/list', body);

const idsOf = (jobs: { job_id: string }[]) => jobs.map(({ job_id }) => job_id);

const submitMany = async (own: TestGateway, count: number): Promise<string[]> => {
  const jobs = Array.from({ length: count }, () => ({ endpoint: ENDPOINT }));
  return idsOf((await post(own, 'submit', 'jobs/submit', { jobs })).json.jobs);
};

interface Page {
  jobs: JobSummaryView[];
  next_cursor: string | null;
}

/** All pages to the end; `between` runs before each next one, and gets its cursor. */
async function readPages(
  own: TestGateway,
  filter: object,
  between: (cursor: string) => Promise<unknown> = async () => {},
): Promise<Page[]> {
  const pages: Page[] = [(await list(filter, own)).json];
  for (let cursor = pages[0]?.next_cursor; cursor; cursor = pages.at(-1)?.next_cursor) {
    await between(cursor);
    pages.push((await list({ ...filter, cursor }, own)).json);
  }
  return pages;
}

/** Submits a job on its way to `state`. */
async function jobIn(own: TestGateway, state: (typeof STATES)[number], fields: object) {
  const priority = state === 'queued' ? 0 : 100;
  const job_id = await submitJob(own, { ...fields, priority });
  if (state === 'cancelled') await post(own, 'submit', 'job/cancel', { job_id });
  if (state === 'queued' || state === 'cancelled') return;
  const claim = { worker_id: 'tester', endpoints: [ENDPOINT, OTHER], lease_seconds: 3600 };
  const [claimed] = (await post(own, 'work', 'worker/claim', claim)).json.jobs;
  expect(claimed.job_id).toBe(job_id);
  const lease = { job_id, lease_token: claimed.lease_token };
  if (state === 'done') await post(own, 'work', 'worker/complete', { ...lease, result: 1 });
  const failure = { message: 'no', retry: false };
  if (state === 'failed') await post(own, 'work', 'worker/fail', { ...lease, ...failure });
}

describe('200', () => {
  it('an empty page where there is nothing, and with no body at all', async () => {
    for (const body of [{}, undefined, { job_status: 'done' }]) {
      expectAnswer(await list(body), 200, { jobs: [], next_cursor: null });
    }
  });

  it('what job.get shows, without payload, result, attempts and place', async () => {
    const own = await ownGateway();
    await jobIn(own, 'failed', { payload: { a: 1 }, id: 'mine' });
    const [listed] = (await list({}, own)).json.jobs;
    const { json } = await post(own, 'read', 'job/get', { job_id: listed.job_id });
    const { payload, result, attempts, queue_position, estimated_start_at, ...shown } = json;
    expect([payload, result, attempts.length]).toEqual([{ a: 1 }, null, 1]);
    expect([queue_position, estimated_start_at]).toEqual([null, null]);
    expect(listed).toEqual(shown);
  });

  it('newest first, also within a millisecond; 50 unless told', async () => {
    const own = await ownGateway();
    const ids = await submitMany(own, 30);
    clock.advance(1);
    ids.push(...(await submitMany(own, 30)));
    const { jobs, next_cursor } = (await list({}, own)).json;
    expect(idsOf(jobs)).toEqual(ids.toReversed().slice(0, 50));
    const rest = (await list({ cursor: next_cursor }, own)).json;
    expect(idsOf(rest.jobs)).toEqual(ids.toReversed().slice(50));
    expect(rest.next_cursor).toBeNull();
  });

  it('a last page that is full has no cursor', async () => {
    const own = await ownGateway();
    await submitMany(own, 10);
    const pages = await readPages(own, { limit: 5 });
    expect(pages.map(({ jobs }) => jobs.length)).toEqual([5, 5]);
  });

  it('only jobs of the key’s tenant', async () => {
    const key = await createTestKey(gateway.services, 'read', 'other');
    await submitJob(gateway, { endpoint: '/v1/mine' });
    const body = { endpoint: '/v1/mine' };
    const foreign = await gateway.request('POST', '/v1/toolkit/jobs/list', { key, body });
    expect(foreign.json.jobs).toEqual([]);
    expect((await list(body)).json.jobs).toHaveLength(1);
  });

  it('over tRPC the same', async () => {
    const own = await ownGateway();
    await submitMany(own, 3);
    const { query } = trpcClient(own, own.keys.read).jobs.list;
    expect(await query({ limit: 2 })).toEqual((await list({ limit: 2 }, own)).json);
    expect((await query()).jobs).toHaveLength(3);
  });
});

describe('200 with filters', () => {
  let world: TestGateway;
  let all: JobSummaryView[];
  const TIMES = [0, 60, 120].map((seconds) => BEGIN + 3600_000 + seconds * 1000);

  beforeAll(async () => {
    world = await startTestGateway({ clock });
    for (const at of TIMES) {
      clock.advance((at - clock.now()) / 1000);
      for (const state of STATES) {
        for (const endpoint of [ENDPOINT, OTHER]) {
          await jobIn(world, state, { endpoint });
          await jobIn(world, state, { endpoint, id: 'mine' });
        }
      }
    }
    all = (await list({ limit: 500 }, world)).json.jobs;
  });

  afterAll(() => world.close());

  it('the world has twelve jobs of each state', () => {
    const counts = STATES.map((state) => all.filter((job) => job.job_status === state).length);
    expect(counts).toEqual(STATES.map(() => 12));
  });

  const ranges = [
    {},
    { since: TIMES[1] },
    { until: TIMES[1] },
    { since: TIMES[1], until: TIMES[1] },
    { since: TIMES[0]! + 1, until: TIMES[2]! - 1 },
    { since: TIMES[2]! + 1 },
    { since: TIMES[2], until: TIMES[0] },
  ];

  it.each([undefined, ...STATES])(
    'job_status %s, with and without every other',
    async (job_status) => {
      for (const endpoint of [undefined, OTHER, '/v1/none']) {
        for (const id of [undefined, 'mine', 'none']) {
          for (const range of ranges) {
            const filter = { job_status, endpoint, id, ...range };
            const pages = await readPages(world, { ...filter, limit: 7 });
            const found = pages.flatMap(({ jobs }) => jobs);
            expect({ filter, found: idsOf(found) }).toEqual({ filter, found: expectedIds(filter) });
          }
        }
      }
    },
  );

  type Filter = Partial<Record<'job_status' | 'endpoint' | 'id', string | undefined>> & {
    since?: number | undefined;
    until?: number | undefined;
  };

  function expectedIds({ job_status, endpoint, id, since = 0, until = Infinity }: Filter) {
    const fits = (job: JobSummaryView) =>
      (job_status === undefined || job.job_status === job_status) &&
      (endpoint === undefined || job.endpoint === endpoint) &&
      (id === undefined || job.id === id) &&
      job.created_at >= since &&
      job.created_at <= until;
    return idsOf(all.filter(fits));
  }
});

describe('200 with a search', () => {
  it('by the begin of the caller’s id or of ours, in either case, page by page', async () => {
    const own = await ownGateway();
    const mine = await submitJob(own, { id: 'order-17' });
    await submitJob(own, { id: 'Order-18' });
    const other = await submitJob(own, { endpoint: OTHER, id: 'order-18' });
    const found = async (filter: object) => idsOf((await list(filter, own)).json.jobs);
    expect(await found({ search: 'order-1' })).toEqual([other, mine]);
    expect(await found({ search: 'order-17' })).toEqual([mine]);
    expect(await found({ search: 'order-1', endpoint: OTHER, job_status: 'queued' })).toEqual([
      other,
    ]);
    expect(await found({ search: 'order-1', job_status: 'done' })).toEqual([]);
    for (const search of [mine, mine.toUpperCase(), mine.slice(0, -1)]) {
      expect(await found({ search })).toEqual([mine]);
    }
    const pages = await readPages(own, { search: mine.slice(0, 8), limit: 1 });
    expect(pages.map(({ jobs }) => jobs[0]?.id)).toEqual(['order-18', 'Order-18', 'order-17']);
    const { query } = trpcClient(own, own.keys.read).jobs.list;
    expect(idsOf((await query({ search: 'order' })).jobs)).toEqual([other, mine]);
  });

  it('takes every character as it is', async () => {
    const own = await ownGateway();
    const ids = ['100%', '100_', "a'b", 'a"b', '🔑-1', 'É', ' x', '*', '[a]', '\u{10FFFF}z'];
    for (const id of ids) await submitJob(own, { id });
    for (const id of ids) {
      const { jobs } = (await list({ search: id }, own)).json;
      expect(jobs.map((job: JobSummaryView) => job.id)).toEqual([id]);
    }
    const none = ['%', '_', '100*', '?', "' or 1=1 --", 'é', 'x'.repeat(255)];
    for (const search of none) expect((await list({ search }, own)).json.jobs).toEqual([]);
  });

  it('of a job of another tenant: nothing', async () => {
    const job_id = await submitJob(gateway, { id: 'theirs' });
    const key = await createTestKey(gateway.services, 'admin', 'stranger');
    for (const search of [job_id, job_id.slice(0, 6), 't', 'theirs']) {
      const body = { search };
      const answer = await gateway.request('POST', '/v1/toolkit/jobs/list', { key, body });
      expectAnswer(answer, 200, { jobs: [], next_cursor: null });
    }
  });
});

describe('200 while jobs are added and changed', () => {
  it('1,200 jobs, none missing and none twice', async () => {
    const own = await ownGateway();
    const ids: string[] = [];
    for (let n = 0; n < 12; n += 1) {
      ids.push(...(await submitMany(own, 100)));
      clock.advance(n % 2);
    }
    const seen = await readPages(own, { limit: 100 }, (cursor) => change(own, cursor));
    const jobs = seen.flatMap((page) => page.jobs);
    expect(idsOf(jobs)).toEqual(ids.toReversed());
    expect(new Set(jobs.map((job) => job.job_status)).size).toBe(5);
    expect((await list({ limit: 1 }, own)).json.jobs[0].job_id).not.toBe(ids.at(-1));
  });

  /** Adds some, and brings others at the end and on the next page of the list to another state. */
  async function change(own: TestGateway, cursor: string): Promise<void> {
    await submitMany(own, 20);
    const claim = { worker_id: 'tester', endpoints: [ENDPOINT], max: 60 };
    const { jobs } = (await post(own, 'work', 'worker/claim', claim)).json;
    for (const [n, { job_id, lease_token }] of jobs.entries()) {
      const lease = { job_id, lease_token };
      const body = { ...lease, message: 'no', retry: n % 4 === 0 };
      if (n % 2 === 0) await post(own, 'work', 'worker/fail', body);
      else if (n % 3 === 0) await post(own, 'work', 'worker/complete', { ...lease, result: n });
    }
    const next = (await list({ job_status: 'queued', limit: 5, cursor }, own)).json.jobs;
    for (const { job_id } of next) await post(own, 'submit', 'job/cancel', { job_id });
  }

  it('a job that leaves the filter is not on later pages; the others are all there', async () => {
    const own = await ownGateway();
    const ids = await submitMany(own, 30);
    const [gone = ''] = ids;
    const cancel = () => post(own, 'submit', 'job/cancel', { job_id: gone });
    const pages = await readPages(own, { job_status: 'queued', limit: 10 }, cancel);
    expect(idsOf(pages.flatMap(({ jobs }) => jobs))).toEqual(ids.slice(1).toReversed());
  });
});

describe('400', () => {
  it.each([
    ['job_status', 'waiting'],
    ['job_status', null],
    ['endpoint', 'media'],
    ['id', 'a\0b'],
    ['id', 'x'.repeat(256)],
    ['search', ''],
    ['search', 'x'.repeat(256)],
    ['search', 'a\0b'],
    ['search', '\ud800'],
    ['search', null],
    ['search', 7],
    ['search', ['a']],
    ['since', -1],
    ['since', '2026-01-01'],
    ['until', 0.5],
    ['limit', 0],
    ['limit', 501],
    ['cursor', ''],
    ['cursor', 'next'],
    ['cursor', 'MTIz'],
    ['cursor', '!!!'],
    ['cursor', 'x'.repeat(256)],
    ['cursor', 7],
    ['status', 'done'],
  ])('where %s is %j', async (path, value) => {
    const { status, json } = await list({ [path]: value });
    expect({ status, path: json.issues?.[0].path }).toEqual({ status: 400, path });
    const { query } = trpcClient(gateway, gateway.keys.read).jobs.list;
    const over = await refusal(query({ [path]: value }));
    expect(over).toMatchObject({ httpStatus: 400, issues: json.issues });
  });

  it('says what a cursor must be', async () => {
    const message = 'Not a next_cursor of this list';
    expectAnswer(await list({ cursor: 'Zm9vLmJhcg' }), 400, {
      error: `Invalid payload: cursor: ${message}`,
      code: 400,
      issues: [{ path: 'cursor', message }],
    });
  });
});
