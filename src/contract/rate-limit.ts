// A rate limit as an operator writes it: so many requests in a second, a minute or an hour.

export interface RateLimit {
  /** Requests in one window, and so many at once; 0 for no limit. */
  quota: number;
  windowSeconds: number;
}

const WINDOWS = { s: 1, m: 60, h: 3600 } as const;

const MAX_QUOTA = 1e9;

/** Reads `100/s`, `600/m`, `5000/h`, or `0` for no limit; undefined for anything else. */
export function readRateLimit(text: string): RateLimit | undefined {
  if (text === '0') return { quota: 0, windowSeconds: 1 };
  const [, digits, unit] = /^([1-9]\d{0,9})\/([smh])$/.exec(text) ?? [];
  const quota = Number(digits ?? Number.NaN);
  if (!(quota <= MAX_QUOTA)) return undefined;
  return { quota, windowSeconds: WINDOWS[unit as keyof typeof WINDOWS] };
}
