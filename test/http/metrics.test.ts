// /metrics: who may read it, and that each figure says what happened.
import { describe, expect, it, vi } from 'vitest';
import { claimJob, ENDPOINT, expectAnswer, finishJob, submitJob } from '../clients.ts';
import { openStream } from '../event-stream.ts';
import { FakeClock } from '../fake-clock.ts';
import { createTestKey, type TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';

const TOKEN = 'a-token-for-prometheus';

const LACKS_SCOPE = { error: 'This key lacks the scope "admin"', code: 403 };
const UNAUTHORIZED = { error: 'Unauthorized', code: 401 };

function bearer(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

describe('GET /metrics', () => {
  it('is for the holder of the token or of an admin key, and never open', async () => {
    const gateway = await useGateway({ metricsToken: TOKEN });
    const get = (options = {}) => gateway.request('GET', '/metrics', options);
    expect((await get(bearer(TOKEN))).status).toBe(200);
    expect((await get({ headers: { authorization: `bearer  ${TOKEN} ` } })).status).toBe(200);
    expect((await get({ key: gateway.keys.admin })).status).toBe(200);
    for (const scope of ['read', 'submit', 'work'] as const) {
      expectAnswer(await get({ key: gateway.keys[scope] }), 403, LACKS_SCOPE);
    }
    const authorizations = [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, 'Bearer', 'Bearer  '];
    for (const authorization of [...authorizations, TOKEN, `Basic ${TOKEN}`]) {
      expectAnswer(await get({ headers: { authorization } }), 401, UNAUTHORIZED);
    }
    expectAnswer(await get(), 401, UNAUTHORIZED);
    expectAnswer(await get({ key: TOKEN }), 401, UNAUTHORIZED);
    expectAnswer(await get({ headers: { 'x-forwarded-for': '127.0.0.1' } }), 401, UNAUTHORIZED);
  });

  it('says nothing of backups where none are taken', async () => {
    const gateway = await useGateway();
    const { text } = await gateway.request('GET', '/metrics', { key: gateway.keys.admin });
    expect(text).toContain('# TYPE jobgate_last_backup_timestamp_seconds gauge');
    expect(text).not.toMatch(/^jobgate_last_backup_timestamp_seconds/m);
  });

  it('has no token where none is set', async () => {
    const gateway = await useGateway();
    for (const token of ['undefined', '', 'null', TOKEN]) {
      expectAnswer(await gateway.request('GET', '/metrics', bearer(token)), 401, UNAUTHORIZED);
    }
  });

  it('counts wrong tokens as wrong keys: who guesses too fast learns nothing', async () => {
    const clock = new FakeClock();
    const gateway = await useGateway({ clock, metricsToken: TOKEN, wrongKeyLimit: '3/h' });
    const get = (token: string) => gateway.request('GET', '/metrics', bearer(token));
    for (let guess = 0; guess < 3; guess += 1)
      expect((await get(`guess-${guess}`)).status).toBe(401);
    for (const token of ['guess-3', TOKEN]) {
      const { status, headers } = await get(token);
      expect([status, headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    }
    clock.advance(3_600_000);
    expect((await get(TOKEN)).status).toBe(200);
  });

  it('does not let the token do anything else', async () => {
    const gateway = await useGateway({ metricsToken: TOKEN });
    const path = '/v1/toolkit/authenticate';
    expectAnswer(await gateway.request('GET', path, bearer(TOKEN)), 401, UNAUTHORIZED);
    expectAnswer(await gateway.request('GET', path, { key: TOKEN }), 401, UNAUTHORIZED);
  });

  it('answers 405 to other methods, and HEAD without a body', async () => {
    const gateway = await useGateway();
    const key = gateway.keys.admin;
    const post = await gateway.request('POST', '/metrics', { key, body: {} });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await gateway.request('HEAD', '/metrics', { key });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('is text of version 0.0.4, each family once and with its type', async () => {
    const gateway = await useGateway();
    const { headers, text } = await scrape(gateway);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    const families = [...text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram|summary)$/gm)];
    const names = families.map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('process_cpu_seconds_total');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
    const sample = /^[a-z_0-9]+(\{[^}]*\})? (\S+)$/;
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples.filter((line) => !sample.test(line))).toEqual([]);
  });
});

describe('the figures', () => {
  it('count requests by route and status, over REST and tRPC', async () => {
    const gateway = await useGateway();
    const key = gateway.keys.read;
    await gateway.request('GET', '/v1/toolkit/authenticate', { key });
    await gateway.request('GET', '/v1/toolkit/authenticate', { key });
    await gateway.request('GET', '/v1/toolkit/authenticate');
    await gateway.request('GET', '/trpc/toolkit.authenticate', { key });
    await gateway.request('GET', '/never/heard/of');
    const { value } = await scrape(gateway);
    const requests = (method: string, route: string, status: number) =>
      value(`jobgate_http_requests_total{method="${method}",route="${route}",status="${status}"}`);
    expect(requests('GET', '/v1/toolkit/authenticate', 200)).toBe(2);
    expect(requests('GET', '/v1/toolkit/authenticate', 401)).toBe(1);
    expect(requests('GET', '/trpc/toolkit.authenticate', 200)).toBe(1);
    expect(requests('GET', '(unmatched)', 404)).toBe(1);
    const timed = (route: string) =>
      value(`jobgate_http_request_duration_seconds_count{route="${route}"}`);
    expect(timed('/v1/toolkit/authenticate')).toBe(3);
  });

  it('time answers, but not those that were held back, nor streams', async () => {
    const clock = new FakeClock();
    const gateway = await useGateway({ clock });
    const job_id = await submitJob(gateway);
    const key = gateway.keys.read;
    const get = (body: object) => gateway.request('POST', '/v1/toolkit/job/get', { key, body });
    await get({ job_id });
    const held = get({ job_id, wait_seconds: 1 });
    await vi.waitFor(() => expect(gateway.services.queue.waiting).toBe(1));
    clock.advance(2000);
    expect((await held).status).toBe(200);
    const stream = await openStream(gateway, job_id);
    stream.leave();
    const events = 'route="/v1/toolkit/job/events"';
    await vi.waitFor(async () => {
      const { value } = await scrape(gateway);
      expect(value(`jobgate_http_requests_total{method="GET",${events},status="200"}`)).toBe(1);
    });
    const { value } = await scrape(gateway);
    const route = 'route="/v1/toolkit/job/get"';
    expect(value(`jobgate_http_requests_total{method="POST",${route},status="200"}`)).toBe(2);
    expect(value(`jobgate_http_request_duration_seconds_count{${route}}`)).toBe(1);
    expect(value(`jobgate_http_request_duration_seconds_count{${events}}`)).toBeUndefined();
  });

  it('know the jobs of all tenants, how long they wait and waited, and what happened to them', async () => {
    const clock = new FakeClock();
    const gateway = await useGateway({ clock });
    await finishJob(gateway);
    await submitJob(gateway);
    await submitAs(gateway, 'acme');
    await submitAs(gateway, 'acme', { delay_seconds: 3600 });
    clock.advance(90_000);
    const before = await scrape(gateway);
    const of = `endpoint="${ENDPOINT}"`;
    expect(before.value(`jobgate_jobs{${of},job_status="queued"}`)).toBe(3);
    expect(before.value(`jobgate_jobs{${of},job_status="done"}`)).toBe(1);
    expect(before.value(`jobgate_queue_ready{${of}}`)).toBe(2);
    expect(before.value(`jobgate_queue_oldest_age_seconds{${of}}`)).toBe(90);
    await claimJob(gateway);
    const after = await scrape(gateway);
    expect(after.value(`jobgate_jobs{${of},job_status="running"}`)).toBe(1);
    expect(after.value(`jobgate_job_wait_seconds_sum{${of}}`)).toBe(90);
    expect(after.value(`jobgate_job_wait_seconds_bucket{${of},le="60"}`)).toBe(1);
    expect(after.value(`jobgate_job_wait_seconds_bucket{${of},le="300"}`)).toBe(2);
    expect(after.value('jobgate_claim_duration_seconds_count')).toBe(2);
    expect(after.value(`jobgate_job_changes_total{${of},kind="queued"}`)).toBe(4);
    expect(after.value(`jobgate_job_changes_total{${of},kind="done"}`)).toBe(1);
  });

  it('know of lost leases, of commits and of the files', async () => {
    const clock = new FakeClock();
    const gateway = await useGateway({ clock });
    await submitJob(gateway);
    await claimJob(gateway);
    clock.advance(31_000);
    await vi.waitFor(async () => {
      const { value } = await scrape(gateway);
      expect(value('jobgate_leases_lost_total{reason="lapsed"}')).toBe(1);
    }, 5000);
    const { value } = await scrape(gateway);
    expect(value('jobgate_leases_lost_total{reason="timed_out"}')).toBe(0);
    expect(value('jobgate_commit_writes_count')).toBeGreaterThan(2);
    expect(value('jobgate_commit_writes_sum')).toBeGreaterThan(2);
    expect(value('jobgate_commit_duration_seconds_count')).toBe(
      value('jobgate_commit_writes_count'),
    );
    for (const bytes of ['wal', 'database']) {
      expect(value(`jobgate_${bytes}_bytes`)).toBeGreaterThan(10_000);
    }
    expect(value('jobgate_store_has_room')).toBe(1);
    expect(value(`jobgate_build_info{version="${gateway.services.buildNumber}"}`)).toBe(1);
  });

  it('have a bounded number of series, whatever the endpoints', async () => {
    const gateway = await useGateway();
    const jobs = Array.from({ length: 150 }, (_, n) => ({ endpoint: `/v1/kind-${n}` }));
    const body = { jobs };
    const key = gateway.keys.submit;
    const answer = await gateway.request('POST', '/v1/toolkit/jobs/submit', { key, body });
    expect(answer.status).toBe(202);
    const { text, value } = await scrape(gateway);
    expect(text.match(/^jobgate_jobs\{/gm)).toHaveLength(101);
    expect(value('jobgate_jobs{endpoint="other",job_status="queued"}')).toBe(50);
    expect(value('jobgate_jobs{endpoint="/v1/kind-0",job_status="queued"}')).toBe(1);
    expect(text.match(/^jobgate_job_changes_total\{/gm)).toHaveLength(101);
  });
});

interface Scrape {
  headers: Headers;
  text: string;
  /** Of the series; undefined when there is none. */
  value(series: string): number | undefined;
}

async function scrape(gateway: TestGateway): Promise<Scrape> {
  const { keys, request } = gateway;
  const { status, headers, text } = await request('GET', '/metrics', { key: keys.admin });
  expect(status).toBe(200);
  const value = (series: string) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { headers, text, value };
}

async function submitAs({ services, request }: TestGateway, tenant: string, fields = {}) {
  const key = await createTestKey(services, 'submit', tenant);
  const body = { endpoint: ENDPOINT, ...fields };
  const answer = await request('POST', '/v1/toolkit/job/submit', { key, body });
  expect(answer.status).toBe(202);
}
