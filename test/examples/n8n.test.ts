// The workflows for n8n: whole as files, and run node by node against a real gateway and worker.
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JobFailure, type Handlers } from '../../src/worker/worker.ts';
import { post } from '../clients.ts';
import type { TestGateway } from '../gateway.ts';
import { assertDocumentedRequest, assertDocumentedWebhook } from '../openapi-answers.ts';
import { useGateway, work } from '../used-gateway.ts';
import { endOf } from '../worker/test-worker.ts';
import { runWorkflow, triggerOf, WorkflowStopped } from './n8n-workflow.ts';
import type { NodeRequest, Surroundings, Workflow } from './n8n-workflow.ts';

const FOLDER = fileURLToPath(new URL('../../examples/n8n/', import.meta.url));
const COUNT = '/v1/text/count';

const read = (file: string) => JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as Workflow;

const handlers: Handlers = {
  [COUNT]: async ({ payload }) => ({ words: String(payload['text']).split(' ').length }),
  '/v1/test/fail': async () => {
    throw new JobFailure('no audio in it', { code: 422, retry: false });
  },
};

/** The workflow with the values of its node "Job" changed, as a user does. */
function workflowFor({ url }: TestGateway, file: string, endpoint?: string): Workflow {
  const workflow = read(file);
  const job = workflow.nodes.find(({ name }) => name === 'Job');
  for (const field of job?.parameters.assignments.assignments ?? []) {
    if (field.name === 'jobgate_url') field.value = url;
    if (field.name === 'endpoint' && endpoint) field.value = endpoint;
  }
  return workflow;
}

interface Sent extends NodeRequest {
  answer: any;
}

function around(gateway: TestGateway, more: Partial<Surroundings> = {}) {
  const sent: Sent[] = [];
  const request = async (node: NodeRequest) => {
    const path = new URL(node.url).pathname;
    expect(node.url).toBe(gateway.url + path);
    assertDocumentedRequest(node.method, path, node);
    const options = { key: gateway.keys.submit, headers: node.headers, body: node.body };
    const answer = await gateway.request(node.method, path, options);
    sent.push({ ...node, answer: answer.json });
    if (answer.status >= 400) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  };
  const resumed = () => Promise.reject(new Error('this workflow does not wait'));
  return { sent, surroundings: { resumeUrl: '', resumed, request, ...more } };
}

describe.each(globSync('*.json', { cwd: FOLDER }))('%s', (file) => {
  const workflow = read(file);

  it('has nodes of current versions, named and numbered once', () => {
    const { nodes } = workflow;
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    const kinds = nodes.map(({ type, typeVersion }) => `${basename(type, '')} ${typeVersion}`);
    expect(kinds).toEqual(
      expect.arrayContaining([
        'n8n-nodes-base.httpRequest 4.2',
        'n8n-nodes-base.set 3.4',
        'n8n-nodes-base.switch 3.2',
      ]),
    );
  });

  it('connects what it has, from one trigger to every node', () => {
    const reached = new Set<string>();
    const follow = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      const targets = workflow.connections[name]?.main.flat() ?? [];
      for (const { node, type, index } of targets) {
        expect({ type, index }).toEqual({ type: 'main', index: 0 });
        follow(node);
      }
    };
    follow(triggerOf(workflow)?.name ?? 'no trigger');
    const working = workflow.nodes.filter(({ type }) => !type.endsWith('.stickyNote'));
    expect([...reached].sort()).toEqual(working.map(({ name }) => name).sort());
    expect(Object.keys(workflow.connections).every((name) => reached.has(name))).toBe(true);
  });

  it('has the key in a credential, and nothing of a key in the file', () => {
    expect(JSON.stringify(workflow)).not.toMatch(/jg_/);
    const requests = workflow.nodes.filter(({ type }) => type.endsWith('.httpRequest'));
    for (const { parameters, credentials } of requests) {
      expect(parameters.genericAuthType).toBe('httpHeaderAuth');
      expect(credentials).toEqual({ httpHeaderAuth: { id: null, name: 'Jobgate API key' } });
    }
  });
});

describe('submit-and-wait.json', () => {
  const FILE = 'submit-and-wait.json';

  it('gives the result', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const { surroundings } = around(gateway);
    const given = await runWorkflow(workflowFor(gateway, FILE), surroundings);
    expect(given).toEqual({ job_id: expect.any(String), result: { words: 3 } });
  });

  it('asks again as long as the job is still going', async () => {
    const gateway = await useGateway();
    const workflow = workflowFor(gateway, FILE);
    const wait = workflow.nodes.find(({ name }) => name === 'Wait for its end');
    wait!.parameters.jsonBody = wait!.parameters.jsonBody.replace('55', '1');
    const { surroundings, sent } = around(gateway);
    const running = runWorkflow(workflow, surroundings);
    await expect.poll(() => sent.length, { interval: 20, timeout: 5000 }).toBe(2);
    work(gateway, handlers);
    expect(await running).toMatchObject({ result: { words: 3 } });
    const states = sent.slice(1).map(({ answer }) => answer.response.job_status);
    expect([states[0], states.at(-1)]).toEqual(['queued', 'done']);
  });

  it('stops with the reason where there is no result', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    const workflow = workflowFor(gateway, FILE, '/v1/test/fail');
    const running = runWorkflow(workflow, around(gateway).surroundings);
    await expect(running).rejects.toThrow(WorkflowStopped);
    await expect(running).rejects.toThrow(/^Job [0-9a-f-]{36} is failed: no audio in it$/);
  });

  it('stops where the job was cancelled', async () => {
    const gateway = await useGateway();
    const { surroundings, sent } = around(gateway);
    const running = runWorkflow(workflowFor(gateway, FILE), surroundings);
    const why = running.catch((error: unknown) => (error as Error).message);
    await expect.poll(() => gateway.services.queue.waiting, { interval: 20 }).toBe(1);
    await post(gateway, 'submit', 'job/cancel', { job_id: sent[0]?.answer.job_id });
    expect(await why).toMatch(/is cancelled: cancelled$/);
  });

  it('makes one job of a request that n8n repeats', async () => {
    const gateway = await useGateway();
    work(gateway, handlers);
    for (const _ of [1, 2]) {
      await runWorkflow(workflowFor(gateway, FILE), around(gateway).surroundings);
    }
    expect((await post(gateway, 'read', 'jobs/list', {})).json.jobs).toHaveLength(1);
  });
});

describe('submit-with-webhook.json', () => {
  const FILE = 'submit-with-webhook.json';

  it.each<[string, string, unknown]>([
    ['gives the result', COUNT, { job_id: expect.any(String), result: { words: 3 } }],
    ['stops with the reason', '/v1/test/fail', expect.stringMatching(/is failed: no audio in it$/)],
  ])('%s once the gateway has called', async (_what, endpoint, expected) => {
    const gateway = await useGateway({ webhookAllow: ['127.0.0.1'] });
    const { url, called } = await startReceiver();
    const { surroundings, sent } = around(gateway, { resumeUrl: url, resumed: called });
    const running = runWorkflow(workflowFor(gateway, FILE, endpoint), surroundings);
    const outcome = running.catch((error: unknown) => (error as Error).message);
    await expect.poll(() => sent.length, { interval: 20, timeout: 5000 }).toBe(1);
    work(gateway, handlers);
    expect(await outcome).toEqual(expected);
    const { body, headers } = await called();
    expect(body).toMatchObject({ endpoint, job_id: sent[0]?.answer.job_id });
    assertDocumentedWebhook(body, headers);
    // The submission, and one look at the job after the call.
    expect(sent).toHaveLength(2);
  });

  it('waits on where somebody else called', async () => {
    const gateway = await useGateway({ webhookAllow: ['127.0.0.1'] });
    let calls = 0;
    const resumed = async () => {
      calls += 1;
      if (calls === 2) work(gateway, handlers);
      if (calls > 2) await endOf(gateway, sent[0]?.answer.job_id);
      return {};
    };
    const { surroundings, sent } = around(gateway, { resumeUrl: 'http://127.0.0.1:9/x', resumed });
    const given = await runWorkflow(workflowFor(gateway, FILE), surroundings);
    expect(given).toMatchObject({ result: { words: 3 } });
    expect(calls).toBeGreaterThan(1);
  });
});

/** What n8n has at a resume URL: it takes one POST and goes on with it. */
async function startReceiver() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const first = once(server, 'request').then(async ([request, response]) => {
    const { method, headers } = request as IncomingMessage;
    const body = await json(request as IncomingMessage);
    (response as ServerResponse).end('{}');
    return { method, headers, body };
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/webhook-waiting/17`, called: () => first };
}
