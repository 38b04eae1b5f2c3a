// What became of each file of an import: told as it goes on, counted for the end.
import type { EndedJob, Imported } from '../store/job-store.ts';
import { onOneLine } from './one-line.ts';
import { systemClock } from './system-clock.ts';
import { NoJobError } from './toolkit-job.ts';

/** Between two lines that say how far it is. */
const TICK_MS = 2000;

const TAKEN = new NoJobError('its job_id is that of a job of another tenant');

export class ImportReport {
  readonly #files: number;
  readonly #out: NodeJS.WritableStream;
  readonly #added = { done: 0, failed: 0 };
  readonly #reasons = new Map<string, number>();
  #present = 0;
  #read = 0;
  #nextTick = systemClock.monotonic() + TICK_MS;

  constructor(files: number, out: NodeJS.WritableStream) {
    this.#files = files;
    this.#out = out;
  }

  get imported(): number {
    return this.#added.done + this.#added.failed;
  }

  /** Files that were jobs. */
  get jobs(): number {
    return this.imported + this.#present + (this.#reasons.get(TAKEN.reason) ?? 0);
  }

  skip(fileName: string, { reason, message }: NoJobError): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#out.write(`Skipped ${onOneLine(fileName)}: ${onOneLine(message)}\n`);
  }

  keep({ jobId, status }: EndedJob, became: Imported): void {
    if (became === 'added') this.#added[status] += 1;
    else if (became === 'present') this.#present += 1;
    else this.skip(`${jobId}.json`, TAKEN);
  }

  /** One more file was read. */
  tick(): void {
    this.#read += 1;
    if (systemClock.monotonic() < this.#nextTick) return;
    this.#nextTick = systemClock.monotonic() + TICK_MS;
    this.#out.write(`${this.#read} of ${this.#files} files\n`);
  }

  counts() {
    const reasons = Object.fromEntries(this.#reasons);
    const skipped = [...this.#reasons.values()].reduce((sum, count) => sum + count, 0);
    return {
      imported: this.imported,
      ...this.#added,
      already_here: this.#present,
      skipped,
      reasons,
    };
  }

  text(): string {
    const { imported, done, failed, already_here, skipped } = this.counts();
    const lines = [
      `imported      ${imported} (${done} done, ${failed} failed)`,
      `already here  ${already_here}`,
      `skipped       ${skipped}`,
      ...[...this.#reasons].map(([reason, count]) => `  ${count}  ${reason}`),
    ];
    return `${lines.join('\n')}\n`;
  }
}
