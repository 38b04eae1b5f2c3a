// The request's id: taken from the caller where it is sane, made otherwise, and on every answer.
import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../src/http/request-id.ts';
import { finishJob, submitJob } from '../clients.ts';
import { openStream } from '../event-stream.ts';
import { useGateway } from '../used-gateway.ts';
import { sendBytes } from './sockets.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('requestIdOf', () => {
  it.each(['1', 'a.b_c-D', '01JDM3Z0V3W8Q', '0af7651916cd43dd8448eb211c80319c', 'x'.repeat(64)])(
    'takes %s as it is',
    (id) => expect(requestIdOf({ 'x-request-id': id })).toBe(id),
  );

  it.each(['', 'x'.repeat(65), 'a b', 'a\tb', '{"a":1}', 'é', '<script>', 'a,b', '../etc'])(
    'makes another for %j',
    (id) => expect(requestIdOf({ 'x-request-id': id })).toMatch(UUID),
  );

  it('makes one where there is none, each time another', () => {
    const made = Array.from({ length: 100 }, () => requestIdOf());
    expect(new Set(made).size).toBe(100);
    for (const id of made) expect(id).toMatch(UUID);
  });
});

describe('every answer', () => {
  it('over REST and tRPC has the id: results, errors, pages', async () => {
    const gateway = await useGateway();
    const key = gateway.keys.admin;
    const { job_id } = await finishJob(gateway);
    const get = `/v1/toolkit/job/get?job_id=${job_id}`;
    const { headers } = await gateway.request('GET', get, { key });
    const known = { 'if-none-match': headers.get('etag') ?? '' };
    const asked: [number, string, string, Parameters<typeof gateway.request>[2]][] = [
      [200, 'GET', get, { key }],
      [304, 'GET', get, { key, headers: known }],
      [200, 'POST', '/v1/toolkit/job/status', { key, body: { job_id } }],
      [400, 'POST', '/v1/toolkit/job/status', { key, body: 'no object' }],
      [401, 'POST', '/v1/toolkit/job/status', {}],
      [404, 'GET', '/nowhere', {}],
      [405, 'DELETE', '/healthz', {}],
      [414, 'GET', `/${'x'.repeat(12_001)}`, {}],
      [400, 'GET', '/%', {}],
      [200, 'GET', '/docs', {}],
      [200, 'GET', '/openapi.json', {}],
      [200, 'HEAD', '/healthz', {}],
      [200, 'GET', '/metrics', { key }],
      [200, 'GET', '/trpc/toolkit.authenticate', { key }],
      [207, 'GET', '/trpc/toolkit.authenticate,nope?batch=1&input=%7B%7D', { key }],
      [401, 'GET', '/trpc/toolkit.authenticate', {}],
      [404, 'GET', '/trpc/nope', { key }],
    ];
    for (const [index, [status, method, path, options]] of asked.entries()) {
      const headersSent = { ...options?.headers, 'x-request-id': `mine-${index}` };
      const answer = await gateway.request(method, path, { ...options, headers: headersSent });
      const got = [answer.status, answer.headers.get('x-request-id')];
      expect([method, path, ...got]).toEqual([method, path, status, `mine-${index}`]);
    }
  });

  it('has one of its own for a caller that has none, or a bad one', async () => {
    const gateway = await useGateway();
    const bad = { headers: { 'x-request-id': 'not sane' } };
    for (const options of [{}, bad]) {
      const { headers } = await gateway.request('GET', '/healthz', options);
      expect(headers.get('x-request-id')).toMatch(UUID);
    }
  });

  it('that is a stream has it', async () => {
    const gateway = await useGateway();
    const stream = await openStream(gateway, await submitJob(gateway));
    expect(stream.response.headers.get('x-request-id')).toMatch(UUID);
    stream.leave();
    const headers = { 'x-api-key': gateway.keys.read, 'x-request-id': 'watch-1' };
    const watch = await fetch(`${gateway.url}/trpc/jobs.watch`, { headers });
    expect(watch.headers.get('content-type')).toContain('text/event-stream');
    expect(watch.headers.get('x-request-id')).toBe('watch-1');
    await watch.body?.cancel();
  });

  it('that Fastify never sees has it', async () => {
    const { url } = await useGateway();
    const broken = await sendBytes(url, 'NONSENSE\r\n\r\n');
    expect(broken).toMatchObject({
      status: 400,
      headers: { 'x-request-id': expect.stringMatching(UUID) },
    });
    const head = 'Host: x\r\nX-Request-Id: mine\r\nConnection: close\r\n';
    const connect = await sendBytes(url, `CONNECT x:1 HTTP/1.1\r\n${head}\r\n`);
    expect(connect).toMatchObject({ status: 405, headers: { 'x-request-id': 'mine' } });
    const expecting = await sendBytes(url, `GET / HTTP/1.1\r\n${head}Expect: more\r\n\r\n`);
    expect(expecting).toMatchObject({ status: 417, headers: { 'x-request-id': 'mine' } });
  });
});
