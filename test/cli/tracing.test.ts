// Traces: spans of a gateway arrive at a collector when OTEL_* variables say where, and cost nothing otherwise.
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebhookReceiver } from '../webhook-receiver.ts';
import { startServe, temporaryFolder, type Child } from './child.ts';

const KEY = 'canary-key-of-the-test';
const SECRET = 'canary-payload';

/** As OTLP over HTTP writes one in JSON. */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number };
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const ENDPOINT = '/v1/text/upper';

async function startCollector(): Promise<WebhookReceiver> {
  const collector = await WebhookReceiver.start(() => ({ status: 200, body: '{}' }));
  onTestFinished(() => collector.close());
  return collector;
}

function spansAt({ arrivals }: WebhookReceiver): Span[] {
  return arrivals.flatMap(({ body }) => {
    const { resourceSpans } = JSON.parse(body);
    return resourceSpans.flatMap(({ scopeSpans }: any) => scopeSpans.flatMap((s: any) => s.spans));
  });
}

function attributesOf({ attributes }: Span): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const),
  );
}

const serve = (environment: Record<string, string>) =>
  startServe({
    DATABASE_URL: `file:${join(temporaryFolder(), 'jobgate.db')}`,
    API_KEY: KEY,
    LOG_LEVEL: 'debug',
    ...environment,
  });

async function post(url: string, path: string, body: object, headers = {}) {
  const response = await fetch(`${url}/v1/toolkit/${path}`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as any };
}

async function stop({ process: child, ended }: Child): Promise<number | null> {
  child.kill('SIGTERM');
  return (await ended).code;
}

/** Makes the import of these packages fail, as where they are not installed. */
function without(packages: string): string {
  const hooks = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith('${packages}')) {
        throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
      }
      return next(name, context);
    } });`;
  return `--import=data:text/javascript,${encodeURIComponent(hooks)}`;
}

describe('with a collector', () => {
  it('each request is a span in the trace of its caller, with what it did to jobs inside', async () => {
    const collector = await startCollector();
    const gateway = await serve({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    });
    const { url } = gateway;
    const traceparent = `00-${TRACE_ID}-${PARENT_ID}-01`;
    const job = { endpoint: ENDPOINT, payload: { text: SECRET } };
    const submitted = await post(url, 'job/submit', job, { traceparent, 'x-request-id': KEY });
    expect(submitted.status).toBe(202);
    const { job_id } = submitted.json;
    const claim = { worker_id: 'w', endpoints: [ENDPOINT] };
    const [{ lease_token }] = (await post(url, 'worker/claim', claim)).json.jobs;
    const report = { job_id, lease_token, result: SECRET };
    expect((await post(url, 'worker/complete', report)).status).toBe(200);
    const late = await post(url, 'worker/fail', { job_id, lease_token, message: SECRET });
    expect(late.status).toBe(409);
    await gateway.line('/worker/fail');
    // The stop sends what is left.
    expect(await stop(gateway)).toBe(0);

    expect(new Set(collector.arrivals.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    const spans = spansAt(collector);
    const named = (name: string) => spans.find((span) => span.name === name)!;
    const submit = named('POST /v1/toolkit/job/submit');
    expect(submit).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT_ID, kind: 2 });
    expect(attributesOf(submit)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/toolkit/job/submit',
      'http.response.status_code': 202,
      'jobgate.request_id': '[redacted]',
    });
    expect(named('job.submit')).toMatchObject({ traceId: TRACE_ID, parentSpanId: submit.spanId });
    const claimed = named('worker.claim');
    expect(claimed.parentSpanId).toBe(named('POST /v1/toolkit/worker/claim').spanId);
    expect(attributesOf(claimed)).toMatchObject({ 'jobgate.jobs': 1 });
    expect(attributesOf(named('worker.complete'))).toMatchObject({ 'jobgate.job_status': 'done' });
    expect(attributesOf(named('worker.fail'))).toMatchObject({
      'error.type': 'illegal_transition',
    });
    expect(named('worker.fail').status.code).toBe(2);
    const sent = collector.arrivals.map(({ body }) => body).join('');
    for (const secret of [KEY, SECRET, lease_token]) expect(sent).not.toContain(secret);
    expect(sent).toContain('"jobgate"');
    // The log leads to the trace.
    expect(await gateway.line('/job/submit')).toContain(`"trace_id":"${TRACE_ID}"`);
  });

  it('that does not answer, a stop is not held up', async () => {
    const collector = await startCollector();
    collector.reply = () => 'hang';
    const gateway = await serve({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector.port}/v1/traces`,
    });
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const begunAt = performance.now();
    expect(await stop(gateway)).toBe(0);
    // Ten seconds is how long the SDK would wait.
    expect(performance.now() - begunAt).toBeLessThan(9000);
    collector.release();
  });
});

describe('without', () => {
  it('the variables nothing of OpenTelemetry is loaded', async () => {
    const gateway = await serve({ NODE_OPTIONS: without('@opentelemetry/') });
    expect((await post(gateway.url, 'jobs/stats', {})).status).toBe(200);
    expect(await stop(gateway)).toBe(0);
    expect(gateway.lines.join('')).not.toContain('trace');
  });

  it.each([
    ['OTEL_SDK_DISABLED', 'true'],
    ['OTEL_TRACES_EXPORTER', 'none'],
  ])('tracing that %s=%s switches off neither', async (name, off) => {
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    const gateway = await serve({ NODE_OPTIONS: without('@opentelemetry/'), ...on, [name]: off });
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect(await stop(gateway)).toBe(0);
  });

  it('the SDK the gateway works, and says in one line what to install', async () => {
    const gateway = await serve({
      OTEL_TRACES_EXPORTER: 'otlp',
      NODE_OPTIONS: without('@opentelemetry/sdk-node'),
    });
    const line = JSON.parse(await gateway.line('no traces')) as { level: number; msg: string };
    expect(line.level).toBe(40);
    expect(line.msg).toContain('npm install @opentelemetry/sdk-node');
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect(await stop(gateway)).toBe(0);
  });
});
