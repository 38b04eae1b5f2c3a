// `jobgate import`: the Python toolkit's job files into the database, so that their status is answered here.
import { DEFAULT_TENANT } from '../auth/authenticator.ts';
import { readConfig, type Config } from '../config.ts';
import { JobgateError } from '../contract/errors.ts';
import { tenantName } from '../procedures/key-view.ts';
import type { EndedJob, JobStore } from '../store/job-store.ts';
import { parseArguments, refuseMore } from './arguments.ts';
import { CommandError, UsageError } from './command-error.ts';
import { printJson } from './follow-job.ts';
import { ImportReport } from './import-report.ts';
import { listJobFiles, noJobFiles, readJobFile } from './job-folder.ts';
import { onOneLine } from './one-line.ts';
import { openLockedStore, type LockedStore } from './open-store.ts';
import { systemClock } from './system-clock.ts';
import { NoJobError, readToolkitJob } from './toolkit-job.ts';

const USAGE = `Usage: jobgate import DIR [--tenant NAME] [--dry-run] [--json]

Reads the job files of the Python toolkit (DIR/<job_id>.json) into the database of DATABASE_URL, so
that job/status answers for them here. No gateway may run on that database. Files are not changed;
what is no whole job is named on stderr and skipped. A job that is here already is left alone: the
command may be run again.

  --tenant NAME  whose jobs they are from now on; default: ${DEFAULT_TENANT}
  --dry-run      only read and count; the database is not opened
  --json         print the counts as JSON
`;

const OPTIONS = {
  tenant: { type: 'string', default: DEFAULT_TENANT },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** Jobs, and bytes of files, in one commit. */
const BATCH_JOBS = 500;
const BATCH_BYTES = 16 * 1024 * 1024;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  if (values.help) return (process.stdout.write(USAGE), 0);
  const [folder, ...more] = positionals;
  if (folder === undefined) throw new UsageError('Say which folder: jobgate import DIR');
  refuseMore(more);
  const tenant = tenantFrom(values.tenant);
  const config = readConfig(process.env);
  const names = listJobFiles(folder);
  const report = new ImportReport(names.length, process.stderr);
  const target = values['dry-run'] ? undefined : new LazyStore(config);
  try {
    for (const batch of batches({ folder, names, tenant, config }, report)) {
      await keep(batch, target, report);
    }
  } finally {
    await target?.close();
  }
  if (report.jobs === 0)
    throw noJobFiles(folder, 'has no file that is a job of the Python toolkit');
  if (values.json) printJson(report.counts());
  else process.stdout.write(report.text());
  return 0;
}

function tenantFrom(text: string): string {
  const { data, error } = tenantName.safeParse(text);
  if (data !== undefined) return data;
  throw new UsageError(`--tenant: ${error.issues[0]?.message}`);
}

interface Source {
  folder: string;
  names: readonly string[];
  tenant: string;
  config: Config;
}

/** Jobs that can be kept in one commit; the others are reported. */
function* batches({ folder, names, tenant, config }: Source, report: ImportReport) {
  let batch: EndedJob[] = [];
  let bytes = 0;
  for (const name of names) {
    try {
      const file = readJobFile(folder, name, config.maxResultBytes);
      batch.push(readToolkitJob(tenant, file));
      bytes += file.bytes.length;
    } catch (error) {
      if (!(error instanceof NoJobError)) throw error;
      report.skip(name, error);
    }
    report.tick();
    if (batch.length < BATCH_JOBS && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  yield batch;
}

async function keep(
  batch: readonly EndedJob[],
  target: LazyStore | undefined,
  report: ImportReport,
): Promise<void> {
  if (batch.length === 0) return;
  const became = target
    ? await importInto(target, batch, report)
    : batch.map(() => 'added' as const);
  for (const [index, job] of batch.entries()) report.keep(job, became[index] ?? 'taken');
}

async function importInto(target: LazyStore, batch: readonly EndedJob[], report: ImportReport) {
  try {
    return await target.open().importEnded(batch);
  } catch (error) {
    if (!(error instanceof JobgateError)) throw error;
    const message = `The import stopped: ${onOneLine(error.message)}. ${report.imported} jobs are in; run it again for the others`;
    throw new CommandError(message);
  }
}

/** The database, opened and locked with the first job: nothing is made for a folder without any. */
class LazyStore {
  readonly #config: Config;
  #opened: LockedStore | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Throws StoreOpenError. */
  open(): JobStore {
    this.#opened ??= openLockedStore(this.#config, systemClock);
    return this.#opened.store;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }
}
