// CORS: off unless asked for; preflights without a key, and every answer readable by the page.
import { describe, expect, it, onTestFinished } from 'vitest';
import { submitJob } from '../clients.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';

const ORIGIN = 'https://app.example';
const STATUS = '/v1/toolkit/job/status';

async function newGateway(...corsOrigins: string[]): Promise<TestGateway> {
  const gateway = await startTestGateway({ corsOrigins });
  onTestFinished(() => gateway.close());
  return gateway;
}

function preflight(gateway: TestGateway, path: string, origin = ORIGIN) {
  const headers = { origin, 'access-control-request-method': 'POST' };
  return gateway.request('OPTIONS', path, { headers });
}

const originOf = ({ headers }: { headers: Headers }) => headers.get('access-control-allow-origin');

describe('204', () => {
  it.each([STATUS, '/v1/toolkit/job/events', '/trpc/job.status,job.get', '/healthz'])(
    'for a preflight of %s, without a key',
    async (path) => {
      const answer = await preflight(await newGateway('https://other.example', ORIGIN), path);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
      const { headers } = answer;
      expect(originOf(answer)).toBe(ORIGIN);
      expect(headers.get('vary')).toBe('Origin');
      expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
      const allowed = headers.get('access-control-allow-headers')?.split(', ');
      expect(allowed).toEqual(expect.arrayContaining(['x-api-key', 'content-type', 'prefer']));
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    },
  );

  it('for any origin where it is *', async () => {
    const answer = await preflight(await newGateway('*'), STATUS, 'null');
    expect([answer.status, originOf(answer), answer.headers.get('vary')]).toEqual([204, '*', null]);
  });
});

describe('405', () => {
  it('for a preflight of another origin, of anybody by default, and for an OPTIONS that is none', async () => {
    const some = await newGateway(ORIGIN);
    const none = await newGateway();
    const key = some.keys.read;
    const answers = [
      await preflight(some, '/healthz', 'https://evil.example'),
      await preflight(some, '/healthz', `${ORIGIN}.evil.example`),
      await preflight(none, '/healthz'),
    ];
    for (const answer of answers) expect([answer.status, originOf(answer)]).toEqual([405, null]);
    const bare = await some.request('OPTIONS', STATUS, { key, headers: { origin: ORIGIN } });
    expect([bare.status, originOf(bare)]).toEqual([405, ORIGIN]);
  });
});

describe('any answer', () => {
  it('may be read by the page, with its headers, errors too', async () => {
    const gateway = await newGateway(ORIGIN);
    const headers = { origin: ORIGIN };
    const answers = [
      await gateway.request('GET', '/nowhere', { headers }),
      await gateway.request('POST', STATUS, { headers, body: {} }),
      await gateway.request('POST', STATUS, { headers, key: gateway.keys.read, rawBody: '{' }),
      await gateway.request('GET', '/trpc/jobs.stats', { headers, key: gateway.keys.read }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 401, 415, 200]);
    for (const answer of answers) {
      expect(originOf(answer)).toBe(ORIGIN);
      const exposed = answer.headers.get('access-control-expose-headers');
      expect(exposed).toContain('ETag');
      expect(exposed).toContain('Retry-After');
    }
    const evil = { origin: 'https://evil.example' };
    const refused = await gateway.request('GET', '/healthz', { headers: evil });
    expect([refused.status, originOf(refused), refused.headers.get('vary')]).toEqual([
      200,
      null,
      'Origin',
    ]);
  });

  it('may be a stream, over both transports', async () => {
    const gateway = await newGateway(ORIGIN);
    const job = await submitJob(gateway);
    const input = encodeURIComponent(JSON.stringify({ job_id: job }));
    for (const path of [`/v1/toolkit/job/events?job_id=${job}`, `/trpc/job.watch?input=${input}`]) {
      const abort = new AbortController();
      const accept = 'text/event-stream';
      const headers = { 'x-api-key': gateway.keys.read, accept, origin: ORIGIN };
      const answer = await fetch(gateway.url + path, { headers, signal: abort.signal });
      abort.abort();
      expect([answer.status, originOf(answer)]).toEqual([200, ORIGIN]);
      expect(answer.headers.get('content-type')).toContain(accept);
    }
  });
});
