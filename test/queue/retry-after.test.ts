// Retry-After: from the worker's word, the endpoint's past, or the job's own age; never none.
import { describe, expect, it } from 'vitest';
import { retryAfterSeconds, type Paced } from '../../src/queue/retry-after.ts';

const NOW = 1_764_000_000_000;
const IDLE = { running: 0, done: 0, runMs: 0 };
const MEAN_20_SECONDS = { running: 1, done: 3, runMs: 60_000 };

const QUEUED: Paced = {
  status: 'queued',
  createdAt: NOW,
  runAt: NOW,
  startedAt: null,
  progress: null,
};
const RUNNING: Paced = { ...QUEUED, status: 'running', startedAt: NOW };

const after = (job: Partial<Paced>, of: Paced, load = IDLE, startsAt: number | null = null) =>
  retryAfterSeconds({ ...of, ...job }, load, NOW, startsAt);

describe('with nothing to go by', () => {
  it.each([
    [0, 1],
    [1, 1],
    [10, 1],
    [11, 2],
    [100, 10],
    [600, 60],
    [86_400, 60],
  ])('a job that is %i s old: %i', (age, seconds) => {
    expect(after({ createdAt: NOW - age * 1000, runAt: NOW - age * 1000 }, QUEUED)).toBe(seconds);
    expect(after({ createdAt: 0, startedAt: NOW - age * 1000 }, RUNNING)).toBe(seconds);
  });

  it('a clock that was set back is no reason for none', () => {
    expect(after({ createdAt: NOW + 60_000, startedAt: NOW + 60_000 }, RUNNING)).toBe(1);
  });
});

describe('a waiting job', () => {
  it('is not asked for before its run_at, however far', () => {
    expect(after({ runAt: NOW + 1 }, QUEUED)).toBe(1);
    expect(after({ runAt: NOW + 3_600_000 }, QUEUED, MEAN_20_SECONDS)).toBe(3600);
  });

  it('has the mean run time ahead of it, from its estimated start on', () => {
    expect(after({}, QUEUED, MEAN_20_SECONDS)).toBe(20);
    expect(after({}, QUEUED, MEAN_20_SECONDS, NOW + 7500)).toBe(28);
    expect(after({}, QUEUED, MEAN_20_SECONDS, NOW + 900_000)).toBe(60);
  });
});

describe('a running job', () => {
  it('is asked for when its worker expects to be done', () => {
    const job = { startedAt: NOW - 500_000, progress: { percent: 10, eta_seconds: 12.2 } };
    expect(after(job, RUNNING, MEAN_20_SECONDS)).toBe(13);
    expect(after({ progress: { eta_seconds: 3600 } }, RUNNING)).toBe(60);
    expect(after({ progress: { eta_seconds: 0 } }, RUNNING)).toBe(1);
    expect(after({ progress: { percent: 10 } }, RUNNING, MEAN_20_SECONDS)).toBe(20);
  });

  it('has what is left of the mean run time, and then a tenth of its age', () => {
    expect(after({ startedAt: NOW - 5500 }, RUNNING, MEAN_20_SECONDS)).toBe(15);
    expect(after({ startedAt: NOW - 19_999 }, RUNNING, MEAN_20_SECONDS)).toBe(1);
    expect(after({ startedAt: NOW - 20_000 }, RUNNING, MEAN_20_SECONDS)).toBe(2);
    expect(after({ startedAt: NOW - 200_000 }, RUNNING, MEAN_20_SECONDS)).toBe(20);
  });
});
