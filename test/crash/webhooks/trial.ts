// The webhook trial: jobs end, their webhooks are sent, and the gateway is killed while they are.
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom, type Random } from '../../store/sqlite/damage.ts';
import { GatewayProcess } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { Receivers } from './receivers.ts';
import { endAll, JobEnder } from './job-ender.ts';

export interface WebhookTrialOptions {
  kills: number;
  seed: number;
  /** Bad answers to one webhook at the most: each makes it wait longer. */
  mostFaults: number;
  /** Asks for what is still pending at the end, instead of waiting for the schedule. */
  inHurry?: boolean;
  onKill?: (kill: number) => void;
}

export interface WebhookReport {
  kills: number;
  /** Of these, while a receiver had a request that it had not answered. */
  killsInTheMiddle: number;
  /** Requests that these left without an answer. */
  cutOff: number;
  killingMs: number;
  /** From each kill until the next process answered. */
  readyMs: number[];
  /** From the last kill until every webhook was told. */
  settlingMs: number;
  jobs: number;
  /** Of these, whose webhook arrived. */
  told: number;
  /** Webhooks that arrived, every repetition counted. */
  requests: number;
  repeated: number;
  badAnswers: number;
  /** What did not hold; empty when all did. */
  faults: string[];
}

/** Jobs that are submitted before a kill. */
const BATCH = 6;
/** A kill comes at most as long after the first request of its round, milliseconds. */
const LONGEST_PAUSE_MS = 25;
/** Without a request there is nothing to wait for, milliseconds. */
const PATIENCE_MS = 1000;

/** Leaves no process and no file behind. */
export function runWebhookTrial(options: WebhookTrialOptions): Promise<WebhookReport> {
  return inScratchFolder(tmpdir(), 'webhooks', (folder) => runIn(folder, options));
}

async function runIn(folder: string, options: WebhookTrialOptions): Promise<WebhookReport> {
  const random = randomFrom(options.seed);
  const gateway = await GatewayProcess.start(folder, { WEBHOOK_ALLOW: '127.0.0.0/8' });
  const receivers = await Receivers.start(randomFrom(options.seed + 1), options.mostFaults);
  try {
    const { json } = await gateway.client.postUntilAnswered('webhook/secret', {});
    receivers.secret = json.secrets[0].secret;
    const ender = new JobEnder(gateway.client, receivers.urls, random);
    const killing = await killAgainAndAgain({ gateway, receivers, ender, random }, options);
    const settlingAt = performance.now();
    receivers.calmDown();
    await endAll(gateway.client, ender);
    const reckoned = await receivers.reckon(
      gateway.client,
      [...ender.jobIds],
      options.inHurry === true,
    );
    const settlingMs = performance.now() - settlingAt;
    return { ...killing, ...reckoned, settlingMs, jobs: ender.jobIds.size };
  } finally {
    await gateway.kill();
    await receivers.close();
  }
}

interface Parts {
  gateway: GatewayProcess;
  receivers: Receivers;
  ender: JobEnder;
  random: Random;
}

async function killAgainAndAgain(parts: Parts, { kills, onKill }: WebhookTrialOptions) {
  const { gateway, receivers, ender, random } = parts;
  const startedAt = performance.now();
  const readyMs: number[] = [];
  let killsInTheMiddle = 0;
  let cutOff = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const arrival = receivers.nextArrival();
    await ender.endSome(BATCH);
    await Promise.race([arrival, sleep(PATIENCE_MS)]);
    await sleep(random(LONGEST_PAUSE_MS));
    const { open } = receivers;
    if (open > 0) killsInTheMiddle += 1;
    cutOff += open;
    readyMs.push(await gateway.killAndStart());
    onKill?.(kill);
  }
  return { kills, killsInTheMiddle, cutOff, readyMs, killingMs: performance.now() - startedAt };
}
