// Ten thousand followers of one gateway: what each costs in memory and time while nothing happens.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gateway, type Bench, type Finding } from './bench.ts';
import { compare } from './compare.ts';
import { fill, openStore, submitBatch, type Filled } from './fill.ts';
import { Line, openLines } from './line.ts';
import { count, progress, type Table, type Verdict } from './report.ts';
import { post, readOverRest } from './requests.ts';
import { STREAM, SUBSCRIPTION, WAITER, type Way } from './ways.ts';
import { processorMs, residentMib, type Server } from './workspace.ts';

/** With those of the reads and the files below the 20,000 descriptors that a process may often have. */
const FOLLOWERS = 10_000;
/** Done jobs, for the reads beside them. */
const DONE = 1000;

/** Until what connecting left behind is swept, and how long the idle process is watched, milliseconds. */
const SETTLE_MS = 3000;
const IDLE_MS = 3000;

const MEMORY_GOAL_KIB = 30;
const RATE_GOAL = 0.5;
/** Those of the maintenance and the one for all streams or waiters. */
const TIMERS_GOAL = 20;

const RESOURCES = fileURLToPath(new URL('servers/resources.ts', import.meta.url));

interface Held {
  name: string;
  kibEach: number;
  /** Timers of the process while they are connected, and before. */
  timers: number;
  timersBefore: number;
  /** Processor time in a second in which nothing happens but their being kept alive, milliseconds. */
  idleMs: number;
  idleMsBefore: number;
  /** Status reads a second, by those of a gateway without followers in the same round. */
  rateRatio: number;
  perSecond: number;
}

interface File extends Filled {
  waitingIds: string[];
}

export async function measureFollowers(bench: Bench): Promise<Finding> {
  const file = await prepare(bench);
  const held: Held[] = [];
  for (const way of [STREAM, WAITER, SUBSCRIPTION]) held.push(await hold(bench, file, way));
  return { table: toTable(held), figures: held };
}

async function prepare({ workspace }: Bench): Promise<File> {
  const filled = await fill(workspace.newFile(), DONE);
  const store = openStore(filled.path);
  try {
    const waitingIds: string[] = [];
    while (waitingIds.length < FOLLOWERS) {
      waitingIds.push(...(await submitBatch(store, waitingIds.length, 1000)));
    }
    await store.checkpoint();
    return { ...filled, waitingIds };
  } finally {
    await store.close();
  }
}

async function hold(bench: Bench, file: File, way: Way): Promise<Held> {
  const free = await bench.startGateway(bench.copyOf(file));
  const resourcesFile = bench.workspace.newFile();
  const server = await startWatched(bench, file, resourcesFile);
  const look = () => lookAt(server, resourcesFile);
  const subjects = [free, server].map((one) => ({
    name: `${way.name}: ${one === free ? 'without' : 'with'}`,
    server: one,
    next: readOverRest(file),
  }));
  // What a process holds anyway once it has answered some.
  await compare(subjects, { ...bench.options, rounds: 1 });
  const before = await look();
  progress(`${way.name}: ${count(FOLLOWERS)} connect`);
  const lines = await follow(server, file, way);
  const after = await look();
  const seconds = Math.min(bench.options.seconds, MOST_SECONDS / bench.options.rounds);
  const [, rate] = await compare(subjects, { ...bench.options, seconds });
  await assertHeard(server, file, way, lines);
  for (const line of lines) line.close();
  await Promise.all([free, server].map((one) => one.stop()));
  return {
    name: way.name,
    kibEach: ((after.mib - before.mib) * 1024) / FOLLOWERS,
    timers: after.timers,
    timersBefore: before.timers,
    idleMs: after.idleMs,
    idleMsBefore: before.idleMs,
    rateRatio: rate?.ratio ?? NaN,
    perSecond: rate?.perSecond ?? NaN,
  };
}

function startWatched(bench: Bench, file: File, resourcesFile: string): Promise<Server> {
  const { environment, ...program } = gateway(bench.copyOf(file));
  const watched = { NODE_OPTIONS: `--import=${RESOURCES}`, RESOURCES_FILE: resourcesFile };
  return bench.workspace.start({ ...program, environment: { ...environment, ...watched } });
}

/** Of all rounds of one subject: a wait ends after 55 s. */
const MOST_SECONDS = 12;

async function follow({ port }: Server, file: File, way: Way): Promise<Line[]> {
  const lines: Line[] = [];
  const { begun } = way;
  while (lines.length < FOLLOWERS) {
    const some = await openLines(port, Math.min(500, FOLLOWERS - lines.length));
    for (const [n, line] of some.entries()) {
      line.send(way.request(file.waitingIds[lines.length + n] ?? '', file.apiKey));
    }
    if (begun) await Promise.all(some.map((line) => line.until(begun)));
    lines.push(...some);
  }
  return lines;
}

/** The process while nobody asks anything. */
async function lookAt({ pid }: Server, resourcesFile: string) {
  await sleep(SETTLE_MS);
  const mib = residentMib(pid) ?? NaN;
  const busyMs = processorMs(pid) ?? NaN;
  await sleep(IDLE_MS);
  const idleMs = (((processorMs(pid) ?? NaN) - busyMs) * 1000) / IDLE_MS;
  rmSync(resourcesFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(resourcesFile)) await sleep(10);
  const resources = JSON.parse(readFileSync(resourcesFile, 'utf8')) as { Timeout?: number };
  return { mib, idleMs, timers: resources.Timeout ?? 0 };
}

/** They follow indeed: the last and the first hear of an end. */
async function assertHeard(server: Server, file: File, way: Way, lines: Line[]): Promise<void> {
  const caller = await Line.open(server.port);
  for (const n of [FOLLOWERS - 1, 0]) {
    const heard = lines[n]?.until(way.ended);
    const body = JSON.stringify({ job_id: file.waitingIds[n] });
    caller.send(post('/v1/toolkit/job/cancel', file.apiKey, body));
    await heard;
  }
  caller.close();
}

function toTable(held: Held[]): Table {
  return {
    title: `${count(FOLLOWERS)} followers of a job each, in one process`,
    head: ['followers', 'memory each', 'timers', 'idle', 'reads/s', 'by those without'],
    rows: held.map((one) => [
      one.name,
      `${one.kibEach.toFixed(1)} KiB`,
      `${one.timers} (${one.timersBefore} before)`,
      `${one.idleMs.toFixed(0)} ms/s (${one.idleMsBefore.toFixed(0)} before)`,
      count(one.perSecond),
      one.rateRatio.toFixed(2),
    ]),
    verdicts: held.filter(({ name }) => name !== SUBSCRIPTION.name).flatMap(toVerdicts),
  };
}

function toVerdicts({ name, kibEach, timers, rateRatio }: Held): Verdict[] {
  return [
    {
      goal: `${name}: under ${MEMORY_GOAL_KIB} KiB each`,
      actual: `${kibEach.toFixed(1)} KiB`,
      reached: kibEach < MEMORY_GOAL_KIB,
    },
    {
      goal: `${name}: no timer for each`,
      actual: `${timers} timers`,
      reached: timers < TIMERS_GOAL,
    },
    {
      goal: `${name}: at least ${RATE_GOAL} of the reads without them`,
      actual: rateRatio.toFixed(2),
      reached: rateRatio >= RATE_GOAL,
    },
  ];
}
