// Numbers and times that flags hold.
import { UsageError } from './command-error.ts';

/** Throws UsageError on what is no number. */
export function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`${flag} must be a number, and "${text}" is none`);
}

const UNIT_MS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Epoch milliseconds of a time (`2026-11-24`, `2026-11-24T23:10:05Z`) or of an age before `now`
 * (`90s`, `15m`, `6h`, `3d`, `2w`). Throws UsageError.
 */
export function readTime(flag: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Math.max(now - Number(count) * (UNIT_MS[unit] ?? 0), 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (time >= 0) return time;
  throw new UsageError(
    `${flag} must be a time such as 2026-11-24T23:10:05Z, or an age such as 15m or 3d`,
  );
}
