// A light worker of the soak: claims a job, holds it for as long as its payload says, completes it.
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayClient } from '../gateway-client.ts';

interface Settings {
  url: string;
  apiKey: string;
  workerId: string;
  endpoints: string[];
  leaseSeconds: number;
}

/** Shorter than the client's patience with an answer. */
const WAIT_SECONDS = 2;

const { url, apiKey, workerId, endpoints, leaseSeconds } = JSON.parse(
  process.argv[2] ?? '',
) as Settings;
const client = new GatewayClient(url, apiKey);
const tell = (told: object) => process.stdout.write(`${JSON.stringify(told)}\n`);
let isOver = false;
process.once('SIGTERM', () => (isOver = true));

const claim = { worker_id: workerId, endpoints, lease_seconds: leaseSeconds, pid: process.pid };
while (!isOver) {
  const { status, json, text } = await client.postUntilAnswered('worker/claim', {
    ...claim,
    wait_seconds: WAIT_SECONDS,
  });
  if (status !== 200) throw new Error(`The claim was answered ${status}: ${text}`);
  for (const job of json.jobs) await work(job);
}

async function work({ job_id: jobId, lease_token, payload }: any): Promise<void> {
  tell({ kind: 'run', jobId });
  const holder = { job_id: jobId, lease_token };
  await client.postUntilAnswered('worker/progress', { ...holder, percent: 50 });
  await sleep(payload.ms);
  const result = { worker_id: workerId, text: payload.text };
  const { status } = await client.postUntilAnswered('worker/complete', { ...holder, result });
  tell({ kind: 'reported', jobId, status });
}
