// Rate limits over HTTP: per key, per address for wrong keys, and whose address that is.
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal, trpcClient, UNKNOWN_ID } from '../clients.ts';
import { FakeClock } from '../fake-clock.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../gateway.ts';

const STATUS = '/v1/toolkit/job/status';

async function newGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

function ask(gateway: TestGateway, key: string, forwardedFor?: string) {
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return gateway.request('POST', STATUS, { key, headers, body: { job_id: UNKNOWN_ID } });
}

async function statuses(gateway: TestGateway, key: string, ...from: (string | undefined)[]) {
  const answers = [];
  for (const each of from) answers.push((await ask(gateway, key, each)).status);
  return answers;
}

const fieldsOf = ({ headers }: { headers: Headers }) =>
  ['ratelimit-policy', 'ratelimit', 'retry-after'].map((name) => headers.get(name));

describe('RATE_LIMIT', () => {
  it('tells what is left, refuses what is over, and lets on when it is time', async () => {
    const clock = new FakeClock();
    const gateway = await newGateway({ rateLimit: '2/m', clock });
    const { read, submit } = gateway.keys;
    expect(fieldsOf(await ask(gateway, read))).toEqual(['"key";q=2;w=60', '"key";r=1;t=30', null]);
    expect(fieldsOf(await ask(gateway, read))).toEqual(['"key";q=2;w=60', '"key";r=0;t=60', null]);
    const refused = await ask(gateway, read);
    expect({ status: refused.status, body: refused.json }).toEqual({
      status: 429,
      body: { error: 'This key asks too fast (2/m): try again in 30 s', code: 429 },
    });
    expect(fieldsOf(refused)).toEqual(['"key";q=2;w=60', '"key";r=0;t=60', '30']);
    expect((await ask(gateway, submit)).status).toBe(404);
    clock.advance(30_000);
    expect(await statuses(gateway, read, undefined, undefined)).toEqual([404, 429]);
  });

  it('holds over tRPC too, where each call of a batch counts', async () => {
    const gateway = await newGateway({ rateLimit: '4/h' });
    const input = encodeURIComponent(JSON.stringify({ 0: {}, 1: {}, 2: {} }));
    const batch = `/trpc/jobs.stats,jobs.stats,jobs.stats?batch=1&input=${input}`;
    const answer = await gateway.request('GET', batch, { key: gateway.keys.read });
    expect(answer.headers.get('ratelimit')).toMatch(/^"key";r=1;t=/);
    const trpc = trpcClient(gateway, gateway.keys.read);
    await trpc.jobs.stats.query();
    expect(await refusal(trpc.jobs.stats.query())).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      message: 'This key asks too fast (4/h): try again in 900 s',
      retry_after_seconds: 900,
    });
  });

  it('is off by default, without a field', async () => {
    const gateway = await newGateway({});
    expect(fieldsOf(await ask(gateway, gateway.keys.read))).toEqual([null, null, null]);
  });
});

describe('WRONG_KEY_LIMIT', () => {
  it('refuses wrong keys of one address, and lets good ones pass', async () => {
    const gateway = await newGateway({ wrongKeyLimit: '3/h' });
    const none = [undefined, undefined, undefined];
    expect(await statuses(gateway, 'wrong', ...none)).toEqual([401, 401, 401]);
    const refused = await ask(gateway, 'wrong');
    expect({ status: refused.status, body: refused.json }).toEqual({
      status: 429,
      body: {
        error: 'Too many wrong API keys from this address (3/h): try again in 1200 s',
        code: 429,
      },
    });
    expect(fieldsOf(refused)).toEqual([
      '"wrong-keys";q=3;w=3600',
      '"wrong-keys";r=0;t=3600',
      '1200',
    ]);
    expect((await ask(gateway, gateway.keys.read)).status).toBe(404);
    const { status } = await gateway.request('POST', STATUS, { body: {} });
    expect(status).toBe(401);
  });

  it('takes no guess at API_KEY from an address that is over it, not even the right one', async () => {
    const apiKey = 'hunter2';
    const trustProxy = ['127.0.0.1'];
    const gateway = await newGateway({ wrongKeyLimit: '2/h', apiKey, trustProxy });
    const guesser = '192.0.2.1';
    expect(await statuses(gateway, 'guess', guesser, guesser)).toEqual([401, 401]);
    expect(await statuses(gateway, apiKey, guesser, '192.0.2.2')).toEqual([429, 404]);
  });
});

describe('TRUST_PROXY', () => {
  const wrongKeyLimit = '1/h';

  it('not set, X-Forwarded-For says nothing', async () => {
    const gateway = await newGateway({ wrongKeyLimit });
    expect(await statuses(gateway, 'wrong', '192.0.2.1', '192.0.2.2')).toEqual([401, 429]);
  });

  it.each([['127.0.0.0/8'], 1])('%s: the address is the one that proxy names', async (proxies) => {
    const trustProxy = typeof proxies === 'number' ? proxies : [String(proxies)];
    const gateway = await newGateway({ wrongKeyLimit, trustProxy });
    const from = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '10.9.9.9, 192.0.2.2'];
    expect(await statuses(gateway, 'wrong', ...from)).toEqual([401, 429, 401, 429]);
  });

  it('another proxy than those listed is not believed', async () => {
    const gateway = await newGateway({ wrongKeyLimit, trustProxy: ['10.0.0.0/8'] });
    expect(await statuses(gateway, 'wrong', '192.0.2.1', '192.0.2.2')).toEqual([401, 429]);
  });

  it('IPv6 addresses count by their first 64 bits, and what is no address as one', async () => {
    const gateway = await newGateway({ wrongKeyLimit, trustProxy: 1 });
    const from = ['2001:db8::1', '2001:db8::ffff:1', '2001:db8:0:1::1', '::ffff:192.0.2.1'];
    expect(await statuses(gateway, 'wrong', ...from)).toEqual([401, 429, 401, 401]);
    const odd = ['192.0.2.1', 'nonsense', '<script>', 'x'.repeat(5000)];
    expect(await statuses(gateway, 'wrong', ...odd)).toEqual([429, 401, 429, 429]);
  });
});
