// The stream trial: followers of a gateway that is killed each round; at the end each has every event.
import { isDeepStrictEqual } from 'node:util';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { JobEvent } from '../../../src/contract/job-event.ts';
import { randomFrom } from '../../store/sqlite/damage.ts';
import { GatewayProcess } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { followOverSse, followOverTrpc, type Followed, type Follower } from './followers.ts';
import { Load } from './load.ts';

export interface StreamOptions {
  rounds: number;
  seed: number;
  onRound?: () => void;
}

export interface StreamReport {
  jobs: number;
  /** In the table at the end. */
  events: number;
  followers: number;
  /** Connections that went on after the last id of the one before. */
  resumes: number;
  /** Events told, of all followers. */
  told: number;
  /** What was missing, told twice, out of order or otherwise than it is in the table. */
  faults: string[];
}

/** Followers over SSE of each job; one in so many jobs has one over tRPC too. */
const SSE_FOLLOWERS = 2;
const TRPC_EVERY = 3;
/** Longest time between a start and the next kill, milliseconds. */
const LONGEST_LIFE_MS = 800;
/** After one in so many kills it is stopped as well. */
const STOP_EVERY = 10;
/** `EventSource` comes back 3 s after a connection broke. */
const PATIENCE_MS = 20_000;

/** Leaves no process and no file behind. */
export function runStreamTrial(options: StreamOptions): Promise<StreamReport> {
  return inScratchFolder(tmpdir(), 'stream', (folder) => runIn(folder, options));
}

async function runIn(folder: string, { rounds, seed, onRound }: StreamOptions) {
  const random = randomFrom(seed);
  const gateway = await GatewayProcess.start(folder);
  const crowd = new Crowd(gateway);
  const load = new Load(gateway.client, randomFrom(seed + 1), (jobId) => crowd.join(jobId));
  try {
    load.start();
    for (let round = 0; round < rounds; round += 1) {
      await sleep(random(LONGEST_LIFE_MS));
      // With short lives nobody may have been told anything yet that could be gone on from.
      if (round === rounds - 1) await crowd.untilTold();
      await gateway.killAndStart();
      if (round % STOP_EVERY === 0) await stopAndStart(gateway);
      onRound?.();
    }
    await load.stop();
    const faults = await crowd.untilOver();
    await gateway.stop();
    const kept = readEvents(gateway.databasePath);
    return { ...crowd.figures, events: kept.length, faults: [...faults, ...crowd.reckon(kept)] };
  } finally {
    load.abandon();
    crowd.leave();
    await gateway.kill();
  }
}

/** As for a new version: streams are ended, not cut. */
async function stopAndStart(gateway: GatewayProcess): Promise<void> {
  const code = await gateway.stop();
  if (code !== 0) throw new Error(`the gateway stopped with ${code}`);
  await gateway.start();
}

/** All followers. */
class Crowd {
  readonly #gateway: GatewayProcess;
  readonly #ofJobs: Follower[] = [];
  readonly #ofAll: Follower;
  #jobs = 0;

  constructor(gateway: GatewayProcess) {
    this.#gateway = gateway;
    this.#ofAll = followOverTrpc(gateway.client);
  }

  join(jobId: string): void {
    const { client } = this.#gateway;
    for (let n = 0; n < SSE_FOLLOWERS; n += 1) this.#ofJobs.push(followOverSse(client, jobId));
    if (this.#jobs % TRPC_EVERY === 0) this.#ofJobs.push(followOverTrpc(client, jobId));
    this.#jobs += 1;
  }

  get #all(): Follower[] {
    return [...this.#ofJobs, this.#ofAll];
  }

  get figures() {
    const all = this.#all.map(({ followed }) => followed);
    return {
      jobs: this.#jobs,
      followers: all.length,
      resumes: all.reduce((sum, { resumes }) => sum + resumes, 0),
      told: all.reduce((sum, { ids }) => sum + ids.length, 0),
    };
  }

  /** Who follows all was told something: that one comes back. */
  async untilTold(): Promise<void> {
    const { ids } = this.#ofAll.followed;
    for (let waited = 0; ids.length === 0 && waited < PATIENCE_MS; waited += 50) await sleep(50);
  }

  /** Every job has ended: those who follow one are told so, and who follows all has the last event. */
  async untilOver(): Promise<string[]> {
    const ended = Promise.all(this.#ofJobs.map(({ over }) => over));
    const late = await Promise.race([ended, sleep(PATIENCE_MS, 'late', { ref: false })]);
    const lastOf = ({ followed }: Follower) => Number(followed.ids.at(-1) ?? 0);
    const last = Math.max(...this.#ofJobs.map(lastOf));
    for (let waited = 0; lastOf(this.#ofAll) < last && waited < PATIENCE_MS; waited += 50)
      await sleep(50);
    return late === 'late' ? ['some were not told that there is no more'] : [];
  }

  reckon(kept: JobEvent[]): string[] {
    return this.#all.flatMap(({ followed }) => {
      const { jobId } = followed;
      const due = jobId === undefined ? kept : kept.filter((event) => event.job_id === jobId);
      return findFaults(followed, due);
    });
  }

  leave(): void {
    for (const follower of this.#all) follower.leave();
  }
}

function findFaults({ who, jobId = 'all', ids, events, faults }: Followed, due: JobEvent[]) {
  const dueIds = due.map(({ seq }) => String(seq));
  const missing = dueIds.filter((id) => !ids.includes(id));
  const twice = ids.filter((id, n) => ids.indexOf(id) !== n);
  const unknown = ids.filter((id) => !dueIds.includes(id));
  const found = [
    ...faults,
    ...(missing.length > 0 ? [`${missing.length} missing, first ${missing[0]}`] : []),
    ...(twice.length > 0 ? [`${twice.length} twice, first ${twice[0]}`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} that are not kept, first ${unknown[0]}`] : []),
    ...(isDeepStrictEqual(events, due) ? [] : ['not the same events in the same order']),
  ];
  return found.map((fault) => `${who} of ${jobId}: ${fault}`);
}

/** As they are in the stopped gateway's file, read without any of its code. */
function readEvents(path: string): JobEvent[] {
  const sqlite = new Database(path, { readonly: true });
  try {
    const rows = sqlite
      .prepare(
        'select e.seq, e.job_id, j.endpoint, e.kind, e.version, e.at, e.data from events e join jobs j on j.seq = e.job_seq order by e.seq',
      )
      .all() as (Omit<JobEvent, 'data' | 'job_status' | 'attempt'> & { data: string })[];
    return rows.map(({ data, ...row }) => {
      const { job_status, attempt, ...own } = JSON.parse(data);
      return { ...row, job_status, attempt, data: own };
    });
  } finally {
    sqlite.close();
  }
}
