// The sender: hostile targets reach nothing inside, and honest ones are told truly what came of it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/cli/system-clock.ts';
import {
  WebhookSender,
  type Resolve,
  type WebhookRequest,
} from '../../src/webhooks/send-webhook.ts';
import { listen, startCanary, type Canary, type Listening } from './canary.ts';
import { BAD_URLS, HOSTILE_NAMES, INTERNAL_HOSTS, LOOPBACK_HOSTS } from './hostile-targets.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function senderWith(allow: readonly string[] = [], resolve?: Resolve): WebhookSender {
  const sender = new WebhookSender({ allow, clock: systemClock, ...(resolve && { resolve }) });
  open.push(() => sender.close());
  return sender;
}

/** A receiver on an address that is not the canary's. */
async function receiver(...given: Parameters<typeof listen>): Promise<Listening> {
  const [listener, at] = given;
  const listening = await listen(listener, { host: '127.0.0.2', ...at });
  open.push(() => listening.close());
  return listening;
}

function post(url: string, timeoutMs = 5000): WebhookRequest {
  return { url, headers: { 'content-type': 'application/json' }, body: '{"a":1}', timeoutMs };
}

/** Longer than a test may take: what ends, ends for another reason. */
const PATIENCE_MS = 60_000;

const REFUSED = { status: null, excerpt: null, retryAfterMs: null, refused: true };

describe('hostile targets', () => {
  let canary: Canary;

  beforeAll(async () => {
    canary = await startCanary();
  });

  afterEach(() => {
    if (canary.connections() > 0) throw new Error('the canary was reached');
  });

  afterAll(() => canary.close());

  it('are at least sixty', () => {
    const all = [...LOOPBACK_HOSTS, ...INTERNAL_HOSTS, ...BAD_URLS, ...HOSTILE_NAMES];
    expect(new Set(all).size).toBeGreaterThanOrEqual(60);
  });

  it.each([...LOOPBACK_HOSTS, ...INTERNAL_HOSTS])('http://%s', async (host) => {
    const { error, ...rest } = await senderWith().send(post(`http://${host}:${canary.port}/`));
    expect(rest).toMatchObject(REFUSED);
    expect(error).toMatch(/^\S+ (is|stands for) .+: to let webhooks reach it set WEBHOOK_ALLOW=/);
  });

  it.each(BAD_URLS)('%j', async (url) => {
    const target = url.replace('PORT', String(canary.port));
    expect(await senderWith().send(post(target))).toMatchObject(REFUSED);
  });

  it.each(HOSTILE_NAMES)('%s', async (name, addresses) => {
    const sender = senderWith([], async () => addresses);
    const answer = await sender.send(post(`http://${name}:${canary.port}/`));
    expect(answer).toMatchObject(REFUSED);
    expect(answer.error?.length).toBeLessThan(500);
  });

  it.each([
    ['http', 'another address', '127.0.0.1'],
    ['http', 'another family', '::1'],
    ['https', 'another address', '127.0.0.1'],
  ])('over %s a name that changes to %s after the look-up', async (scheme, _what, inside) => {
    const honest = await receiver((_request, response) => void response.end(), {
      port: canary.port,
    });
    let asked = 0;
    const sender = senderWith(['127.0.0.2'], async () => [asked++ === 0 ? '127.0.0.2' : inside]);
    const answer = await sender.send(post(`${scheme}://rebind.example:${canary.port}/`));
    expect(answer.status).toBe(scheme === 'http' ? 200 : null);
    expect({ asked, connections: honest.connections() }).toEqual({ asked: 1, connections: 1 });
    expect(await sender.send(post(`${scheme}://rebind.example:${canary.port}/`))).toMatchObject(
      REFUSED,
    );
    expect(honest.connections()).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])('a redirect inside, %i', async (status) => {
    const location = `http://127.0.0.1:${canary.port}/`;
    const { port } = await receiver(
      (_request, response) =>
        void response.writeHead(status, { location, refresh: `0;url=${location}` }).end(),
    );
    const answer = await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`));
    expect(answer).toMatchObject({ status, error: null, refused: false });
  });

  it('a network that is listed opens no other', async () => {
    const sender = senderWith(['127.0.0.2', '10.0.0.0/8', 'fd00::/8', '::ffff:10.0.0.0/104']);
    for (const host of LOOPBACK_HOSTS) {
      const { error, refused } = await sender.send(post(`http://${host}:${canary.port}/`));
      expect({ host, refused }).toEqual({ host, refused: true });
      expect(error).toMatch(/: to let webhooks reach it add \S+ to WEBHOOK_ALLOW$/);
    }
  });
});

describe('the canary', () => {
  it.each(LOOPBACK_HOSTS)('hears http://%s once WEBHOOK_ALLOW lists it', async (host) => {
    const canary = await startCanary();
    open.push(() => canary.close());
    const url = `http://${host}:${canary.port}/`;
    const { error } = await senderWith().send(post(url));
    const asked = /WEBHOOK_ALLOW=(\S+)$/.exec(error ?? '')?.[1]?.split(',') ?? [];
    expect(await senderWith(asked).send(post(url))).toMatchObject({
      status: 200,
      excerpt: 'tweet',
    });
    expect(canary.connections()).toBe(1);
  });

  it.each(['127.0.0.1', '::1'])('hears a name that stands for %s once it is listed', async (to) => {
    const canary = await startCanary();
    open.push(() => canary.close());
    const sender = senderWith([to], async () => [to]);
    const answer = await sender.send(post(`http://inside.example:${canary.port}/`));
    expect(answer.status).toBe(200);
  });
});

describe('a request', () => {
  it('carries the body, the headers and the name it was sent to', async () => {
    const seen: unknown[] = [];
    const { port } = await receiver((request, response) => {
      const { method, url, headers } = request;
      void request.toArray().then((chunks) => {
        seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        response.end('thanks');
      });
    });
    const sender = senderWith(['127.0.0.0/8'], async () => ['127.0.0.2']);
    const answer = await sender.send(post(`http://Hooks.example:${port}/a%20b?c=d#e`));
    expect(answer).toMatchObject({ status: 200, error: null, excerpt: 'thanks', refused: false });
    expect(answer.durationMs).toBeGreaterThanOrEqual(0);
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/a%20b?c=d',
        headers: {
          host: `hooks.example:${port}`,
          'content-type': 'application/json',
          'content-length': '7',
          'accept-encoding': 'identity',
          connection: 'close',
        },
        body: '{"a":1}',
      },
    ]);
  });

  it('goes to the next checked address when the first does not answer', async () => {
    const { port } = await receiver((_request, response) => void response.end());
    const sender = senderWith(['127.0.0.0/8'], async () => ['127.0.0.3', '127.0.0.2']);
    expect(await sender.send(post(`http://two.example:${port}/`))).toMatchObject({ status: 200 });
  });

  it('uses no proxy of the environment', async () => {
    const proxy = await receiver((_request, response) => void response.end('proxied'));
    const { port } = await receiver((_request, response) => void response.end('direct'));
    const url = `http://127.0.0.2:${proxy.port}`;
    const before = { ...process.env };
    Object.assign(process.env, { http_proxy: url, HTTP_PROXY: url, ALL_PROXY: url });
    open.push(() => (process.env = before));
    const answer = await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`));
    expect(answer.excerpt).toBe('direct');
  });
});

describe('over TLS', () => {
  const read = (name: string) => readFileSync(new URL(`tls/${name}.pem`, import.meta.url), 'utf8');
  const [key, cert] = [read('key'), read('certificate')];

  /** Answers with the name that was asked for, on an address that only the resolver knows. */
  async function sendTo(name: string) {
    const server = createTlsServer({ key, cert }, ({ socket, httpVersion }, response) => {
      response.end(`${(socket as TLSSocket).servername} ${httpVersion}`);
    });
    open.push(() => server.close());
    await once(server.listen(0, '127.0.0.2'), 'listening');
    const { port } = server.address() as AddressInfo;
    const sender = senderWith(['127.0.0.2'], async () => ['127.0.0.2']);
    return sender.send(post(`https://${name}:${port}/`));
  }

  function trust(): void {
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, cert]);
    open.push(() => setDefaultCACertificates(before));
  }

  it.each(['hooks.example', 'hooks.example.'])('%s must prove its name', async (name) => {
    trust();
    const answer = await sendTo(name);
    expect(answer).toMatchObject({ status: 200, error: null, excerpt: `${name} 1.1` });
  });

  it('a certificate for another name is not enough', async () => {
    trust();
    const { status, error } = await sendTo('other.example');
    expect({ status, error }).toEqual({
      status: null,
      error: expect.stringContaining('has a TLS certificate for another name'),
    });
  });

  it('nor is one that nobody vouches for', async () => {
    const { status, error } = await sendTo('hooks.example');
    expect({ status, error }).toEqual({
      status: null,
      error: expect.stringContaining('has a TLS certificate that it signed itself'),
    });
  });

  it('a handshake that hangs ends with the attempt', async () => {
    const gone = Promise.withResolvers<boolean>();
    const server = createTcpServer((socket) => {
      socket.on('error', () => {}).on('close', () => gone.resolve(true));
      socket.resume();
    });
    open.push(() => server.close());
    await once(server.listen(0, '127.0.0.2'), 'listening');
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const sending = senderWith(['127.0.0.2']).send(
      post(`https://127.0.0.2:${port}/`, PATIENCE_MS),
      stop.signal,
    );
    await once(server, 'connection');
    stop.abort();
    expect((await sending).status).toBeNull();
    expect(await gone.promise).toBe(true);
  });
});

describe('an answer', () => {
  async function answerTo(listener: Parameters<typeof listen>[0]) {
    const { port } = await receiver(listener);
    return senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`, PATIENCE_MS));
  }

  it('of any status is told', async () => {
    expect(await answerTo((_, response) => void response.writeHead(503).end('no'))).toMatchObject({
      status: 503,
      error: null,
      excerpt: 'no',
    });
  });

  it('without an end is read to 1,024 bytes and cut off', async () => {
    const chunk = 'x'.repeat(60_000);
    const gone = Promise.withResolvers<boolean>();
    const answer = await answerTo((_request, response) => {
      const more = () => void (response.destroyed || (response.write(chunk), setImmediate(more)));
      more();
      response.on('close', () => gone.resolve(true));
    });
    expect(answer).toMatchObject({ status: 200, excerpt: 'x'.repeat(1024) });
    expect(await gone.promise).toBe(true);
  });

  it('that stalls after its headers keeps its status', async () => {
    const { port } = await receiver((_request, response) => void response.write('half'));
    const answer = await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`, 150));
    expect(answer).toMatchObject({ status: 200, error: null, excerpt: 'half' });
  });

  it('that is compressed has no excerpt', async () => {
    const answer = await answerTo((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.alloc(100));
    });
    expect(answer).toMatchObject({ status: 200, excerpt: null });
  });

  it('may say when to come back', async () => {
    const answer = await answerTo((_request, response) => {
      response.writeHead(429, { 'retry-after': '120' }).end();
    });
    expect(answer).toMatchObject({ status: 429, retryAfterMs: 120_000 });
  });
});

describe('no answer', () => {
  it('from a port where nobody listens', async () => {
    const { port, close } = await listen(() => {}, { host: '127.0.0.2' });
    await close();
    expect(await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`))).toMatchObject({
      status: null,
      error: `127.0.0.2:${port} refused the connection (ECONNREFUSED)`,
      refused: false,
    });
  });

  it('from a name without an address', async () => {
    const answer = await senderWith([], async () => []).send(post('http://none.example/'));
    expect(answer).toMatchObject({
      error: 'none.example is not a name that has an address (ENOTFOUND)',
      refused: false,
    });
  });

  it('through the resolver of the system, which is the default', async () => {
    const answer = await senderWith().send(post('http://nothing.invalid/'));
    expect(answer.error).toMatch(/^nothing\.invalid .*\((ENOTFOUND|EAI_AGAIN)\)$/);
  });

  it('in time', async () => {
    const { port } = await receiver(() => {});
    const answer = await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`, 150));
    expect(answer).toMatchObject({ status: null, refused: false });
    expect(answer.error).toContain('no answer within 0.15 s');
  });

  it('from a resolver that hangs', async () => {
    const sender = senderWith([], () => new Promise(() => {}));
    const answer = await sender.send(post('http://slow.example/', 50));
    expect(answer.error).toContain('no answer within 0.05 s');
  });

  it.each([
    ['closes at once', '', 'closed the connection without an answer'],
    ['talks something else', 'SSH-2.0-OpenSSH_9.9\r\n', 'did not answer in HTTP'],
    [
      'sends endless headers',
      `HTTP/1.1 200 OK\r\na: ${'x'.repeat(20_000)}`,
      'headers that are too',
    ],
  ])('from a receiver that %s', async (_what, bytes, sentence) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end(bytes));
    open.push(() => server.close());
    await once(server.listen(0, '127.0.0.2'), 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await senderWith(['127.0.0.2']).send(post(`http://127.0.0.2:${port}/`));
    expect(answer.error).toContain(sentence);
  });

  it('over TLS from a receiver without it', async () => {
    const { port } = await receiver((_request, response) => void response.end());
    const answer = await senderWith(['127.0.0.2']).send(post(`https://127.0.0.2:${port}/`));
    expect(answer.error).toContain('does not speak TLS as we do');
  });

  it('when the caller or the gateway stops', async () => {
    const { port, server } = await receiver(() => {});
    const sender = senderWith(['127.0.0.2']);
    const stop = new AbortController();
    const stopped = sender.send(post(`http://127.0.0.2:${port}/`), stop.signal);
    const closed = sender.send(post(`http://127.0.0.2:${port}/`));
    await once(server, 'request');
    stop.abort();
    expect((await stopped).error).toMatch(/could not be sent to: .*aborted$/);
    await sender.close();
    expect((await closed).error).toContain('the gateway is stopping');
    expect((await sender.send(post(`http://127.0.0.2:${port}/`))).error).toContain('stopping');
  });

  it('with headers that HTTP does not allow', async () => {
    const { port } = await receiver((_request, response) => void response.end());
    const request = { ...post(`http://127.0.0.2:${port}/`), headers: { 'x-a': 'b\r\nx-c: d' } };
    const answer = await senderWith(['127.0.0.2']).send(request);
    expect(answer).toMatchObject({ status: null, refused: false });
    expect(answer.error).toContain('could not be sent to');
  });
});
