// Times and durations: relative ones that go on by themselves, with the exact one on hover.
import { useEffect, useState } from 'preact/hooks';
import { currentLanguage, useLanguage, type Language } from '../i18n/words.ts';
import { createStore, useStore } from '../store.ts';

/** What relative times are measured from; moves while somebody looks. */
const now = createStore(Date.now());
const TICK_MS = 1000;
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Tells each second; returns how to stop. */
function watchNow(listener: () => void): () => void {
  watchers += 1;
  // While nobody looked it stood still.
  if (watchers === 1) now.set(Date.now());
  timer ??= setInterval(() => now.set(Date.now()), TICK_MS);
  const stop = now.subscribe(listener);
  return () => {
    stop();
    watchers -= 1;
    if (watchers > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The present moment, at most a second old, epoch milliseconds. */
export function useNow(): number {
  useEffect(() => watchNow(() => {}), []);
  return useStore(now);
}

/** `at`: epoch milliseconds. Drawn again when its text changes, not each second: lists have hundreds. */
export function Time({ at }: { at: number }) {
  const chosen = useLanguage();
  const [, setShown] = useState('');
  useEffect(() => {
    const tell = () => setShown(relativeTime(at, now.get()));
    const stop = watchNow(tell);
    tell();
    return stop;
  }, [at, chosen]);
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {relativeTime(at, now.get())}
    </time>
  );
}

export function exactTime(at: number): string {
  return formats().exact.format(at);
}

type Formats = ReturnType<typeof createFormats>;

/** Kept: to make one takes longer than to draw a row, and a long list has hundreds each second. */
const kept: Partial<Record<Language, Formats>> = {};

function formats(): Formats {
  const chosen = currentLanguage();
  return (kept[chosen] ??= createFormats(chosen));
}

function createFormats(chosen: Language) {
  return {
    exact: new Intl.DateTimeFormat(chosen, { dateStyle: 'medium', timeStyle: 'medium' }),
    tenths: new Intl.NumberFormat(chosen, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    relative: new Intl.RelativeTimeFormat(chosen, { numeric: 'auto', style: 'short' }),
  };
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

export function relativeTime(at: number, reference: number): string {
  const away = at - reference;
  const [unit, ms] = UNITS.find(([, size]) => Math.abs(away) >= size) ?? UNITS[3];
  return formats().relative.format(Math.trunc(away / ms), unit);
}

/** Such as `420 ms`, `3.2 s` (in Spanish `3,2 s`), `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(Math.round(ms), 0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60)
    return `${seconds < 10 ? formats().tenths.format(seconds) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Of what still goes on: tenths that change once a second only look restless. */
export function runningDuration(ms: number): string {
  const seconds = Math.max(Math.floor(ms / 1000), 0);
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000);
}
