// The trial: every case at once, then many slow connections, on a gateway that must stay well.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GatewayProcess } from '../processes.ts';
import { spread } from '../report.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { attackOnce, faultOf, LIMIT_MS } from './attack.ts';
import { FRAMING_CASES } from './framing-cases.ts';
import { HEAD_CASES } from './head-cases.ts';
import { SLOW_CASES } from './slow-cases.ts';
import type { SocketCase } from './socket-case.ts';
import { VALID_CASES } from './valid-cases.ts';

export const SOCKET_CASES: readonly SocketCase[] = [
  ...FRAMING_CASES,
  ...HEAD_CASES,
  ...SLOW_CASES,
  ...VALID_CASES,
];

const ATTACKERS = fileURLToPath(new URL('slow-connections.ts', import.meta.url));

/** One healthy request this often, milliseconds: far from what the gateway can do. */
const ASK_EVERY_MS = 10;
/** How long the idle gateway is measured; under the attack, as long as that lasts. */
const IDLE_MS = 10_000;
/** Timers and sockets need a moment beyond what the gateway allows. */
const SLACK_MS = 2000;

export interface SocketReport {
  cases: number;
  slowestCaseMs: number;
  /** Undefined when no slow connections were asked for. */
  slow: SlowReport | undefined;
  faults: string[];
}

export interface SlowReport {
  connections: number;
  rounds: number;
  longestMs: number;
  /** The medians over the rounds: of the thousand requests of one, ten are above its p99. */
  idleP99Ms: number;
  attackedP99Ms: number;
  requests: number;
}

export interface SocketOptions {
  /** Slow ones at once; 0 for none. */
  connections: number;
  /** So many times idle, then slow connections. Default: 1. */
  rounds?: number;
  cases?: readonly SocketCase[];
  onRound?: (round: number, idleP99Ms: number, attackedP99Ms: number) => void;
}

export function runSocketTrial(options: SocketOptions): Promise<SocketReport> {
  const { connections, cases = SOCKET_CASES } = options;
  return inScratchFolder(tmpdir(), 'sockets', async (folder) => {
    const gateway = await GatewayProcess.start(folder);
    try {
      const { url, apiKey: key } = gateway.client;
      const outcomes = await Promise.all(cases.map((each) => attackOnce(url, key, each)));
      const faults = cases.flatMap((each, i) => faultOf(each, outcomes[i]!) ?? []);
      const slow = connections > 0 ? await holdSlowly(url, key, options) : undefined;
      if (slow) faults.push(...faultsOf(slow));
      faults.push(...(await healthFaults(url)), ...gateway.log.map((line) => `logged: ${line}`));
      const slowestCaseMs = Math.max(...outcomes.map(({ ms }) => ms));
      return { cases: cases.length, slowestCaseMs, slow, faults };
    } finally {
      await gateway.kill();
    }
  });
}

async function holdSlowly(
  url: string,
  key: string,
  { connections, rounds = 1, onRound }: SocketOptions,
): Promise<SlowReport> {
  const idle: number[] = [];
  const attacked: number[] = [];
  let longestMs = 0;
  let requests = 0;
  await ask(url, key, { until: sleep(1000) });
  for (let round = 1; round <= rounds; round += 1) {
    const quiet = await ask(url, key, { until: sleep(IDLE_MS) });
    const under = await askUnderAttack(url, key, connections);
    idle.push(spread(quiet).p99);
    attacked.push(spread(under.took).p99);
    longestMs = Math.max(longestMs, under.longestMs);
    requests += under.took.length;
    onRound?.(round, idle.at(-1)!, attacked.at(-1)!);
  }
  const [idleP99Ms, attackedP99Ms] = [spread(idle).p50, spread(attacked).p50];
  return { connections, rounds, longestMs, idleP99Ms, attackedP99Ms, requests };
}

/** For as long as the attack lasts. */
async function askUnderAttack(url: string, key: string, connections: number) {
  const child = spawn(process.execPath, [ATTACKERS, url, String(connections), key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  const ended = lines.next();
  const took = await ask(url, key, { until: ended });
  const { longestMs } = JSON.parse(String((await ended).value)) as { longestMs: number };
  return { took, longestMs };
}

/** Status reads one after another at an even pace; how long each took, from when it was due. */
async function ask(url: string, key: string, { until }: { until: Promise<unknown> }) {
  const took: number[] = [];
  let isOver = false;
  void until.finally(() => (isOver = true));
  const begun = performance.now();
  const pending: Promise<void>[] = [];
  for (let i = 0; !isOver; i += 1) {
    const due = begun + i * ASK_EVERY_MS;
    await sleep(Math.max(due - performance.now(), 0));
    const sentAt = performance.now();
    pending.push(askOnce(url, key).then(() => void took.push(performance.now() - sentAt)));
  }
  await Promise.all(pending);
  return took;
}

async function askOnce(url: string, key: string): Promise<void> {
  const response = await fetch(`${url}/v1/toolkit/job/status`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: '{"job_id":"00000000-0000-4000-8000-000000000000"}',
  });
  await response.text();
  if (response.status !== 404) throw new Error(`a healthy request was answered ${response.status}`);
}

function faultsOf({ longestMs, idleP99Ms, attackedP99Ms }: SlowReport): string[] {
  const faults = [];
  if (longestMs > LIMIT_MS + SLACK_MS) faults.push(`a slow connection lived ${longestMs} ms`);
  if (attackedP99Ms > 2 * idleP99Ms) {
    faults.push(`p99 of healthy requests: ${attackedP99Ms} ms, idle ${idleP99Ms} ms`);
  }
  return faults;
}

async function healthFaults(url: string): Promise<string[]> {
  const { status } = await fetch(`${url}/healthz`);
  return status === 200 ? [] : [`/healthz answers ${status} after the attacks`];
}
