// The calls to a gateway that answers as a real one would not on demand: a server with a script.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { GatewayApi } from '../../src/worker/gateway-api.ts';
import { retryUntilAnswered, type Retry } from '../../src/client/retry.ts';
import { completion } from '../../src/worker/report.ts';
import { json, startScriptedServer, type Answer } from '../scripted-server.ts';

const LEASE = { job_id: 'a-job', lease_token: 'a-token' };

async function startApi(...script: Answer[]) {
  const { url, bodies } = await startScriptedServer(...script);
  return { url, bodies, api: new GatewayApi({ url: `${url}/`, apiKey: 'key' }) };
}

const never = new AbortController().signal;

describe('a report', () => {
  it('is sent again, byte for byte, until it is answered', async () => {
    const { api, bodies } = await startApi(
      (_response, request) => request.socket.destroy(),
      json(503, { error: 'starting', code: 503 }, { 'retry-after': '0' }),
      json(429, { error: 'too fast', code: 429 }, { 'retry-after': '0' }),
      (response) => response.writeHead(502).end('<html>Bad Gateway</html>'),
      json(200, { job_id: 'a-job', job_status: 'done' }),
    );
    const retries: Retry[] = [];
    const report = completion(LEASE, { text: 'ü' });
    const send = () => api.report(report, never);
    const answer = await retryUntilAnswered(send, {
      signal: never,
      onRetry: (retry) => retries.push(retry),
    });
    expect(answer).toMatchObject({ job_status: 'done' });
    expect(retries.map(({ error }) => error.status)).toEqual([undefined, 503, 429, 502]);
    expect(new Set(bodies)).toEqual(
      new Set(['{"job_id":"a-job","lease_token":"a-token","result":{"text":"ü"}}']),
    );
    expect(bodies.length).toBe(5);
  });

  it('waits as long as Retry-After asks', async () => {
    const { api } = await startApi(
      json(429, { error: 'too fast', code: 429 }, { 'retry-after': '1' }),
      json(200, { job_status: 'done' }),
    );
    const startedAt = performance.now();
    const send = () => api.report(completion(LEASE, null), never);
    await retryUntilAnswered(send, { signal: never });
    expect(performance.now() - startedAt).toBeGreaterThan(1000);
  });

  it.each([400, 401, 403, 404, 409, 413, 422])('is not sent again after %i', async (status) => {
    const { api, bodies } = await startApi(json(status, { error: 'no', code: status }));
    const send = () => api.report(completion(LEASE, null), never);
    await expect(retryUntilAnswered(send, { signal: never })).rejects.toMatchObject({
      status,
      message: `The gateway answered ${status} no`,
    });
    expect(bodies.length).toBe(1);
  });
});

describe('a claim', () => {
  const call = {
    worker_id: 'w',
    endpoints: ['/v1/x'],
    pid: 1,
    max: 1,
    lease_seconds: undefined,
    wait_seconds: 0,
  };

  it('follows no redirect: the key would go with it', async () => {
    const other = await startApi(json(200, { jobs: [] }));
    const { api } = await startApi(json(307, {}, { location: other.url }));
    await expect(api.claim(call, never)).rejects.toMatchObject({ status: 307, isPassing: false });
    expect(other.bodies).toEqual([]);
  });

  it.each([
    ['HTML', (response: ServerResponse) => response.end('<html></html>')],
    ['no jobs', json(200, { hello: 'world' })],
  ])('answered with %s is refused', async (_what, answer) => {
    const { api } = await startApi(answer);
    await expect(api.claim(call, never)).rejects.toThrow(/200, not as a gateway does/);
  });

  it('is left when the worker stops', async () => {
    const stop = new AbortController();
    const { api } = await startApi((_response, request) => {
      void once(request.socket, 'close').then(left.resolve);
      stop.abort();
    });
    const left = Promise.withResolvers<unknown>();
    await expect(api.claim(call, stop.signal)).rejects.toMatchObject({ name: 'NetworkError' });
    await left.promise;
  });

  it('is read to its end when its answer has begun: it may hand out jobs', async () => {
    const stop = new AbortController();
    const { api } = await startApi((response) => {
      response.write('{"jobs":[');
      stop.signal.addEventListener('abort', () => response.end('{"job_id":"a-job"}]}'));
    });
    const fetched = vi.spyOn(globalThis, 'fetch');
    const claimed = api.claim(call, stop.signal);
    await fetched.mock.results[0]?.value;
    stop.abort();
    expect(await claimed).toEqual([{ job_id: 'a-job' }]);
  });
});
