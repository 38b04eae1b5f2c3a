// A gateway of a media company after an hour of work: jobs in every state, workers, keys and webhooks.
import { expect } from 'vitest';
import { createApiKey } from '../../src/auth/api-keys.ts';
import type { Scope } from '../../src/contract/scope.ts';
import { post, UNKNOWN_ID } from '../clients.ts';
import { FakeClock } from '../fake-clock.ts';
import { startTestGateway, type TestGateway } from '../gateway.ts';
import { WebhookReceiver } from '../webhook-receiver.ts';

export interface BusyGateway extends TestGateway {
  /** A job in each state; the one that is done has a result, the failed one a webhook that failed. */
  jobs: { queued: string; running: string; done: string; failed: string; cancelled: string };
}

/** Every page of it. */
export function pathsOf({ jobs }: BusyGateway): string[] {
  const ofJobs = [...Object.values(jobs), UNKNOWN_ID].map((job) => `/jobs/${job}`);
  return ['/', '/jobs', ...ofJobs, '/try', '/keys', '/audit'];
}

interface Work {
  worker: string;
  endpoint: string;
  seconds: number;
  payload: object;
  result: object;
  phases: readonly string[];
}

const WORK: readonly Work[] = [
  {
    worker: 'transcriber-1',
    endpoint: '/v1/media/transcribe',
    seconds: 34,
    payload: { media_url: 'https://media.example/talks/2041.mp4', language: 'es', diarize: true },
    result: { language: 'es', duration_seconds: 1832, text: 'Buenos días y bienvenidos.' },
    phases: ['download', 'decode', 'transcribe'],
  },
  {
    worker: 'transcriber-2',
    endpoint: '/v1/media/transcribe',
    seconds: 27,
    payload: { media_url: 'https://media.example/podcast/118.mp3', language: 'en' },
    result: { language: 'en', duration_seconds: 2714, text: 'Welcome back to the show.' },
    phases: ['download', 'decode', 'transcribe'],
  },
  {
    worker: 'cutter-1',
    endpoint: '/v1/video/cut',
    seconds: 11,
    payload: {
      video_url: 'https://media.example/raw/a-roll.mov',
      cuts: [
        [12.5, 48],
        [61, 94.2],
      ],
    },
    result: { output_url: 'https://media.example/cut/a-roll.mp4', frames: 1731 },
    phases: ['download', 'cut', 'upload'],
  },
  {
    worker: 'converter-1',
    endpoint: '/v1/image/convert',
    seconds: 2.4,
    payload: { image_url: 'https://media.example/covers/118.png', format: 'avif', quality: 60 },
    result: { output_url: 'https://media.example/covers/118.avif', bytes: 48_211 },
    phases: ['download', 'encode'],
  },
];

const MINUTES = 60;
const MINUTE_MS = 60_000;

const FAULTS = [
  { code: 422, message: 'The file has no audio track' },
  { code: 404, message: 'HTTP 404 for https://media.example/talks/2039.mp4' },
  { code: 500, message: 'ffmpeg ended with code 187: Invalid data found when processing input' },
];

/** What its worker holds of a job. */
interface Held {
  lease: { job_id: string; lease_token: string };
  work: Work;
  ms: number;
}

/** The caller closes it. Its clock stands still at the present moment once it is there. */
export async function startBusyGateway(): Promise<BusyGateway> {
  const clock = new FakeClock(Date.now() - (MINUTES + 1) * MINUTE_MS);
  // Gone for good: that is a webhook that failed.
  const receiver = await WebhookReceiver.start(() => ({ status: 410, body: 'moved away' }));
  const webhookAllow = ['127.0.0.0/8'];
  const gateway = await startTestGateway({ clock, webhookAllow, maxQueueLength: 500 });
  const random = numbers();
  await makeKeys(gateway);
  let done = '';
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const held = await beginMinute(gateway, minute, random);
    let passed = 0;
    for (const each of held.toSorted((a, b) => a.ms - b.ms)) {
      clock.advance(each.ms - passed);
      passed = each.ms;
      await end(gateway, each, random() < 0.08 ? FAULTS[minute % FAULTS.length] : undefined);
      done = each.lease.job_id;
    }
    clock.setWall(Date.now() - (MINUTES - minute) * MINUTE_MS);
  }
  const jobs = { ...(await leaveEach(gateway, clock, receiver)), done };
  clock.setWall(Date.now());
  const close = async () => {
    await gateway.close();
    await receiver.close();
  };
  return { ...gateway, jobs, close };
}

/** The same each time, between 0 and 1. */
function numbers(): () => number {
  let state = 7;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

async function makeKeys({ services: { store, clock } }: TestGateway): Promise<void> {
  const wanted: [name: string, scope: Scope, tenant: string][] = [
    ['n8n', 'submit', 'default'],
    ['web-frontend', 'submit', 'default'],
    ['transcribers', 'work', 'default'],
    ['grafana', 'read', 'default'],
    ['acme importer', 'submit', 'acme'],
  ];
  for (const [name, scope, tenant] of wanted) {
    await createApiKey(store, clock, { name, tenant, scopes: [scope], expiresAt: null }, 'cli');
  }
}

/** Submits what a minute brings, and gives it to the workers. */
async function beginMinute(
  gateway: TestGateway,
  minute: number,
  random: () => number,
): Promise<Held[]> {
  const wave = 1 + Math.round(1.5 + 1.5 * Math.sin(minute / 7) + random());
  const works = Array.from({ length: wave }, () => WORK[Math.floor(random() * WORK.length)]!);
  const jobs = works.map((work, index) => newJob(work, `${minute}-${index}`));
  await expectTaken(gateway, 'submit', 'jobs/submit', { jobs });
  const held: Held[] = [];
  for (const work of works) {
    held.push(await claim(gateway, work, Math.round(work.seconds * 1000 * (0.5 + random()))));
  }
  return held;
}

function newJob({ endpoint, payload }: Work, name: string) {
  return { endpoint, payload, id: `${endpoint.split('/').at(-1)}-${name}`, max_attempts: 2 };
}

async function claim(gateway: TestGateway, work: Work, ms = 0): Promise<Held> {
  const { worker: worker_id, endpoint } = work;
  const asked = { worker_id, endpoints: [endpoint], pid: 4242, lease_seconds: 3600 };
  const { jobs } = await expectTaken(gateway, 'work', 'worker/claim', asked);
  const [{ job_id, lease_token }] = jobs;
  return { lease: { job_id, lease_token }, work, ms };
}

async function end(gateway: TestGateway, { lease, work }: Held, fault?: object): Promise<void> {
  if (fault)
    await expectTaken(gateway, 'work', 'worker/fail', { ...lease, ...fault, retry: false });
  else await expectTaken(gateway, 'work', 'worker/complete', { ...lease, result: work.result });
}

/** What the last minutes leave behind: a job in each state, and every worker at work. */
async function leaveEach(gateway: TestGateway, clock: FakeClock, receiver: WebhookReceiver) {
  const [transcribing, , cutting, converting] = WORK as [Work, Work, Work, Work];
  const failed = await submit(gateway, cutting, 'b-roll', { webhook_url: receiver.url });
  await failOnce(gateway, clock, cutting);
  clock.advance(9_000);
  await end(gateway, await claim(gateway, cutting), FAULTS[2]);
  await receiver.untilArrived(1);
  const cancelled = await submit(gateway, converting, 'cover-117');
  await expectTaken(gateway, 'submit', 'job/cancel', { job_id: cancelled });
  const running = await submit(gateway, cutting, 'a-roll');
  await failOnce(gateway, clock, cutting);
  for (const [index, work] of WORK.entries()) {
    if (work !== cutting) await submit(gateway, work, `episode-${115 + index}`);
    clock.advance(6_000);
    const { lease } = await claim(gateway, work);
    const phase = work.phases[index % work.phases.length];
    const told = { percent: 88 - 19 * index, phase, eta_seconds: 9 + 4 * index };
    await expectTaken(gateway, 'work', 'worker/progress', { ...lease, ...told });
  }
  let queued = '';
  for (let index = 0; index < 6; index += 1) {
    clock.advance(3_000);
    queued = await submit(gateway, transcribing, `episode-${119 + index}`);
  }
  await submit(gateway, converting, 'cover-119', { delay_seconds: 900 });
  return { failed, cancelled, running, queued };
}

/** Its first attempt; it is ready for another. */
async function failOnce(gateway: TestGateway, clock: FakeClock, work: Work): Promise<void> {
  const { lease } = await claim(gateway, work);
  clock.advance(4_000);
  const fault = { ...FAULTS[2], retry_delay_seconds: 0 };
  await expectTaken(gateway, 'work', 'worker/fail', { ...lease, ...fault });
}

async function submit(gateway: TestGateway, { endpoint, payload }: Work, id: string, more = {}) {
  const wanted = { endpoint, payload, id, max_attempts: 2, ...more };
  return (await expectTaken(gateway, 'submit', 'job/submit', wanted)).job_id as string;
}

async function expectTaken(gateway: TestGateway, scope: Scope, path: string, body: object) {
  const { status, json, text } = await post(gateway, scope, path, body);
  expect([status < 300, text]).toEqual([true, text]);
  return json;
}
