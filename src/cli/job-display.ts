// What a person sees of a job that is followed: a live line on a terminal, a line per change elsewhere.
import type { WriteStream } from 'node:tty';
import type { JobChange } from '../client/client.ts';
import type { Progress } from '../contract/job.ts';
import { isEnd } from '../contract/job-event.ts';
import { changeText, timeText } from './job-text.ts';
import { onOneLine } from './one-line.ts';
import { columnsOf, progressLine, type Shown } from './progress-line.ts';

export interface JobDisplay {
  show(change: JobChange): void;
  /** Leaves the cursor at the beginning of an empty line. */
  close(): void;
}

const TICK_MS = 1000;
const CLEAR_LINE = '\r\u001B[K';

/** `stream` is that of the remarks: the result has stdout for itself. */
export function openJobDisplay(stream: WriteStream): JobDisplay {
  const isLive = stream.isTTY && process.env['TERM'] !== 'dumb';
  return isLive ? new LiveDisplay(stream) : new LineDisplay(stream);
}

class LineDisplay implements JobDisplay {
  readonly #stream: WriteStream;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  show(change: JobChange): void {
    this.#stream.write(lineOf(change));
  }

  close(): void {}
}

class LiveDisplay implements JobDisplay {
  readonly #stream: WriteStream;
  readonly #timer: NodeJS.Timeout;
  #shown: Shown | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
    this.#timer = setInterval(() => this.#draw(), TICK_MS);
  }

  show(change: JobChange): void {
    const { kind, job_status: status, at, data } = change;
    const now = Date.now();
    const before = this.#shown?.status === status ? this.#shown : undefined;
    const { progress } = data as { progress?: Progress };
    this.#shown = {
      status,
      since: before && kind !== 'running' ? before.since : (at ?? now),
      progress: progress ?? (kind === 'running' ? null : (before?.progress ?? null)),
      progressAt: progress ? (at ?? now) : (before?.progressAt ?? now),
    };
    // The end, or a change of plan, stays to be read; the rest is told by the live line.
    if (isRemarkable(change)) this.#stream.write(`${CLEAR_LINE}${lineOf(change)}`);
    if (isEnd(change)) this.#shown = undefined;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stream.write(CLEAR_LINE);
  }

  #draw(): void {
    if (!this.#shown) return;
    const format = { now: Date.now(), columns: columnsOf(this.#stream), stream: this.#stream };
    this.#stream.write(`${CLEAR_LINE}${progressLine(this.#shown, format)}`);
  }
}

function isRemarkable(change: JobChange): boolean {
  const { kind, data } = change;
  if (kind === 'cancel_requested' || isEnd(change)) return true;
  return kind === 'queued' && data['reason'] !== undefined;
}

function lineOf(change: JobChange): string {
  const { kind, at } = change;
  const text = onOneLine(changeText(change));
  return (
    `${timeText(at ?? Date.now())}  ${kind.replaceAll('_', ' ').padEnd(9)} ${text}`.trimEnd() + '\n'
  );
}
