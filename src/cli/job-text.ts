// A job in words: how far it is, what happened to it, and the times that go with it.
import type { JobChange } from '../client/client.ts';
import type { Progress } from '../contract/job.ts';

/** Such as `40 %  decode  frame 12 of 30  about 5 s left`; empty when nothing is known. */
export function progressText({ percent, phase, message, eta_seconds: eta }: Progress): string {
  const parts = [
    percent === undefined ? '' : `${Math.floor(percent)} %`,
    phase ?? '',
    message ?? '',
    eta === undefined ? '' : `about ${durationText(eta * 1000)} left`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** What came with a change, in words; empty where its kind says all. */
export function changeText({ kind, attempt, data }: JobChange): string {
  const { progress, worker_id: worker, code, message, reason } = data as ChangeData;
  if (kind === 'progress') return progressText(progress ?? {});
  if (kind === 'running') return `attempt ${attempt}${worker ? ` by ${worker}` : ''}`;
  if (kind === 'queued') return [reason?.replaceAll('_', ' '), message].filter(Boolean).join(': ');
  return kind === 'failed' ? `${code} ${message}` : '';
}

interface ChangeData {
  progress?: Progress;
  worker_id?: string | null;
  code?: number;
  message?: string;
  reason?: string;
}

/** Such as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1).replace('.0', '')} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Such as `2026-11-24 23:10:05`, in the time zone of this machine. */
export function timeText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
}
