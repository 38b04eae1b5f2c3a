// The lines about requests: which are written at which level, and what they hold.
import Database from 'better-sqlite3';
import { expect, it, onTestFinished, vi } from 'vitest';
import { submitJob, UNKNOWN_ID } from '../clients.ts';
import type { TestGateway } from '../gateway.ts';
import { useGateway } from '../used-gateway.ts';
import { sendBytes } from './sockets.ts';

type Line = Record<string, unknown>;

const LEVELS: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** A gateway, and the lines about its requests at this level. */
async function logging(level: string) {
  const lines: Line[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Line);
  const gateway = await useGateway({ logger: { level, stream: { write } } });
  const requests = () =>
    lines
      .filter(({ msg }) => msg === 'request')
      .map(({ level: number, route, status, method, key_id, request_id, ms }) => ({
        is: `${LEVELS[Number(number)]} ${String(method)} ${String(route)} ${String(status)}`,
        key_id,
        request_id,
        ms,
      }));
  return { gateway, requests };
}

async function askAll({ request, url, keys }: TestGateway): Promise<void> {
  const headers = { 'x-request-id': 'mine' };
  await request('POST', '/v1/toolkit/jobs/stats', { key: keys.read, body: {}, headers });
  await request('GET', '/trpc/jobs.stats?input=%7B%7D', { key: keys.read });
  await request('GET', '/trpc/jobs.stats,jobs.stats?batch=1&input=%7B%7D', { key: keys.read });
  await request('GET', '/trpc/a-payload', { key: keys.read });
  await request('POST', '/v1/toolkit/jobs/stats?token=secret', {});
  await request('GET', '/a-payload?in=the-url', {});
  await sendBytes(url, 'NONSENSE\r\n\r\n');
}

const REFUSED = [
  'info GET /trpc/(unknown) 404',
  'info POST /v1/toolkit/jobs/stats 401',
  'info GET (unmatched) 404',
  'info undefined (unmatched) 400',
];

it('at info are about what was refused, and nothing about the caller but the key’s id', async () => {
  const { gateway, requests } = await logging('info');
  await askAll(gateway);
  await vi.waitFor(() => expect(requests().map(({ is }) => is)).toEqual(REFUSED));
});

it('at debug are about every request, with its id, its key’s id and its time', async () => {
  const { gateway, requests } = await logging('debug');
  await askAll(gateway);
  const all = [
    'debug POST /v1/toolkit/jobs/stats 200',
    'debug GET /trpc/jobs.stats 200',
    'debug GET /trpc/(batch) 200',
    ...REFUSED,
  ];
  await vi.waitFor(() => expect(requests().map(({ is }) => is)).toEqual(all));
  const [first] = requests();
  const keyId = gateway.keys.read.split('_')[1];
  expect(first).toMatchObject({ request_id: 'mine', key_id: keyId, ms: expect.any(Number) });
});

it('tell of a caller that did not wait, as 499', async () => {
  const { gateway, requests } = await logging('debug');
  const job_id = await submitJob(gateway);
  const controller = new AbortController();
  const waiting = fetch(`${gateway.url}/v1/toolkit/job/status`, {
    method: 'POST',
    headers: { 'x-api-key': gateway.keys.read, 'content-type': 'application/json' },
    body: JSON.stringify({ job_id, wait_seconds: 50 }),
    signal: controller.signal,
  });
  await vi.waitFor(() => expect(gateway.services.queue.waiting).toBe(1));
  controller.abort();
  await expect(waiting).rejects.toThrow('aborted');
  await vi.waitFor(() =>
    expect(requests().at(-1)).toMatchObject({ is: 'debug POST /v1/toolkit/job/status 499' }),
  );
});

it('are warnings where the gateway failed', async () => {
  const { gateway, requests } = await logging('info');
  const database = new Database(gateway.databasePath);
  onTestFinished(() => void database.close());
  database.exec('ALTER TABLE jobs RENAME TO elsewhere');
  const path = '/v1/toolkit/job/status';
  const body = { job_id: UNKNOWN_ID };
  const answer = await gateway.request('POST', path, { key: gateway.keys.read, body });
  expect(answer.status).toBe(500);
  await vi.waitFor(() => expect(requests()[0]?.is).toBe(`warn POST ${path} 500`));
  database.exec('ALTER TABLE elsewhere RENAME TO jobs');
});
