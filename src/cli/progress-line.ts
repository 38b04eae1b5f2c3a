// The one line that a terminal shows of a job that is followed: its state, a bar, and what is known.
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { JobStatus, Progress } from '../contract/job.ts';
import { durationText, progressText } from './job-text.ts';
import { onOneLine } from './one-line.ts';

export interface Shown {
  status: JobStatus;
  /** Since when it is in this state, epoch milliseconds. */
  since: number;
  progress: Progress | null;
  /** When the progress was told, epoch milliseconds. */
  progressAt: number;
}

export interface LineFormat {
  now: number;
  /** Of the terminal. */
  columns: number;
  /** Whether the terminal takes colours, and wants them. */
  stream: NodeJS.WritableStream;
}

const LONGEST_BAR = 30;
/** Below it the words need all the room. */
const NARROW_COLUMNS = 50;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Fits into one line of the terminal; the last column stays free, where some would wrap. */
export function progressLine(shown: Shown, { now, columns, stream }: LineFormat): string {
  const style = { stream };
  const state = shown.status.padEnd(7);
  const bar = barOf(shown.progress?.percent, columns);
  const room = columns - 1 - state.length - (bar === '' ? 0 : bar.length + 2);
  const words = cut(`  ${wordsOf(shown, now)}`, room);
  return `${styleText('bold', state, style)}${bar && `  ${styleText('cyan', bar, style)}`}${words}`;
}

function barOf(percent: number | undefined, columns: number): string {
  if (percent === undefined || columns < NARROW_COLUMNS) return '';
  const width = Math.min(LONGEST_BAR, Math.floor(columns / 3));
  const eighths = Math.floor((percent / 100) * width * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return full.padEnd(width, '░');
}

function wordsOf({ since, progress, progressAt }: Shown, now: number): string {
  const { eta_seconds: eta, ...rest } = progress ?? {};
  const left =
    eta === undefined ? {} : { eta_seconds: Math.max(eta - (now - progressAt) / 1000, 0) };
  const known = onOneLine(progressText({ ...rest, ...left }));
  return [known, `(${durationText(Math.floor((now - since) / 1000) * 1000)})`]
    .filter((part) => part !== '')
    .join('  ');
}

/** Of the terminal; some do not know it. */
export function columnsOf({ columns }: WriteStream): number {
  return columns || 80;
}

/** At most so many columns of the text. */
export function cut(text: string, columns: number): string {
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += WIDE.test(character) ? 2 : 1;
    if (used > columns) return kept;
    kept += character;
  }
  return kept;
}

/** What takes two columns, near enough: East Asian scripts, their punctuation and pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303F\uFF01-\uFF60]|\p{Extended_Pictographic}/u;
