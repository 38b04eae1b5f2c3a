// The backup trial: backups of a gateway that is written to all the while, each restored and reckoned.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Checker } from '../kill/checker.ts';
import { reckonFile, reckonOverHttp, untilAllEnded } from '../kill/reckoning.ts';
import { GatewayProcess, MAIN, WorkerProcess } from '../processes.ts';
import { inScratchFolder } from '../scratch-folder.ts';
import { BackupLoad, BULK_ENDPOINT, WORK_ENDPOINT } from './load.ts';

export interface BackupTrialOptions {
  backups: number;
  /** How long the load runs before each. */
  secondsBetween: number;
  /** Ten calls a second are made, with so many jobs each. */
  jobsPerCall: number;
}

export interface BackupTrialReport {
  /** Submissions acknowledged a second, of the time of each backup alone. */
  ratesDuring: number[];
  backupMs: number[];
  /** Jobs acknowledged before each began. */
  jobs: number[];
  /** Of these, those seen to have ended. */
  ended: number[];
  faults: string[];
}

const LEASE_SECONDS = 5;
/** Before each backup so many more must have been seen to end. */
const LEAST_ENDED = 5;
const POLL_MS = 20;
/** Of those that nobody works on, so many are asked for over HTTP; in the file, all. */
const ASKED_FOR = 100;

/** Leaves no process and no file behind. */
export function runBackupTrial(options: BackupTrialOptions): Promise<BackupTrialReport> {
  return inScratchFolder(tmpdir(), 'backup', (folder) => runIn(folder, options));
}

interface Taken {
  file: string;
  /** What was known when it began. */
  known: Checker;
}

async function runIn(folder: string, options: BackupTrialOptions): Promise<BackupTrialReport> {
  const report = { ratesDuring: [], backupMs: [], jobs: [], ended: [], faults: [] };
  const backups = await takeUnderLoad(folder, options, report);
  for (const [i, taken] of backups.entries()) {
    await restoreAndReckon(join(folder, `restored-${i + 1}`), taken, report);
  }
  return report;
}

async function takeUnderLoad(
  folder: string,
  { backups, secondsBetween, jobsPerCall }: BackupTrialOptions,
  report: BackupTrialReport,
): Promise<Taken[]> {
  const gateway = await GatewayProcess.start(folder);
  const checker = new Checker(gateway.client);
  const worker = startWorker(gateway, checker, 'worker-before');
  const load = new BackupLoad(gateway.client, checker, jobsPerCall);
  const taken: Taken[] = [];
  try {
    await worker.told('started');
    load.start();
    for (let i = 1; i <= backups; i += 1) {
      await sleep(secondsBetween * 1000);
      while (checker.ended.length < i * LEAST_ENDED) await sleep(POLL_MS);
      taken.push(await takeOne(join(folder, `backup-${i}.db`), gateway, checker, report));
    }
    await load.stop();
  } finally {
    await load.stop();
    await worker.kill();
    await gateway.kill();
  }
  report.faults.push(...checker.faults);
  return taken;
}

async function takeOne(
  file: string,
  { client, databasePath }: GatewayProcess,
  checker: Checker,
  report: BackupTrialReport,
): Promise<Taken> {
  const known = checker.copyFor(client);
  const began = performance.now();
  await jobgate(['backup', file], databasePath);
  const ms = performance.now() - began;
  report.backupMs.push(ms);
  report.ratesDuring.push(((checker.jobs.size - known.jobs.size) / ms) * 1000);
  report.jobs.push(known.jobs.size);
  report.ended.push(known.ended.length);
  return { file, known };
}

/** Everything acknowledged before the backup began is there, and can be brought to its end. */
async function restoreAndReckon(
  folder: string,
  { file, known }: Taken,
  report: BackupTrialReport,
): Promise<void> {
  mkdirSync(folder);
  await jobgate(['restore', file], join(folder, 'jobgate.db'));
  const gateway = await GatewayProcess.start(folder);
  const checker = known.copyFor(gateway.client);
  try {
    for (const jobId of checker.ended) await checker.look(jobId);
    const worker = startWorker(gateway, checker, 'worker-after');
    try {
      await cancelBulk(gateway);
      if (!(await untilAllEnded(gateway.client))) checker.fault('jobs are left that do not end');
    } finally {
      await worker.stop();
    }
    await reckonOverHttp(checker, askedFor(checker));
    const code = await gateway.stop();
    if (code !== 0) checker.fault(`the gateway stopped with ${code}`);
  } finally {
    await gateway.kill();
  }
  reckonFile(gateway.databasePath, checker);
  report.faults.push(...checker.faults);
}

function askedFor(checker: Checker): Set<string> {
  const all = [...checker.jobs.keys()];
  const every = Math.ceil(all.length / ASKED_FOR);
  return new Set([...checker.ended, ...all.filter((_, i) => i % every === 0)]);
}

function startWorker(gateway: GatewayProcess, checker: Checker, workerId: string): WorkerProcess {
  const endpoints = [WORK_ENDPOINT];
  const settings = { endpoints, concurrency: 2, leaseSeconds: LEASE_SECONDS };
  return new WorkerProcess({ client: gateway.client, workerId, ...settings }, (told) =>
    checker.noteTold(told),
  );
}

async function cancelBulk({ client }: GatewayProcess): Promise<void> {
  const answer = await client.postUntilAnswered('jobs/cancel', { endpoint: BULK_ENDPOINT });
  if (answer.status !== 200) throw new Error(`jobs/cancel: ${answer.text}`);
}

/** Rejects with what it complains of. */
async function jobgate(args: string[], databasePath: string): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: `file:${databasePath}` };
  await promisify(execFile)(process.execPath, [MAIN, ...args], { env });
}
