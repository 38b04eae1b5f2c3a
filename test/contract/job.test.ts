// The state machine: which moves are legal, said once more by hand.
import { describe, expect, it } from 'vitest';
import { canTransition, hasEnded, JOB_STATUSES, TRANSITIONS } from '../../src/contract/job.ts';

const LEGAL = [
  'queued -> running',
  'queued -> cancelled',
  'running -> queued',
  'running -> done',
  'running -> failed',
  'running -> cancelled',
  'failed -> queued',
  'cancelled -> queued',
];

const PAIRS = JOB_STATUSES.flatMap((from) => JOB_STATUSES.map((to) => ({ from, to })));

describe('transitions', () => {
  it.each(PAIRS)('$from -> $to', ({ from, to }) => {
    expect(canTransition(from, to)).toBe(LEGAL.includes(`${from} -> ${to}`));
  });

  it('are all in the table, and nothing leads out of done', () => {
    expect(Object.keys(TRANSITIONS).toSorted()).toEqual([...JOB_STATUSES].toSorted());
    expect(TRANSITIONS.done).toEqual([]);
  });
});

it('a job has ended in three of its five states', () => {
  expect(JOB_STATUSES.filter(hasEnded)).toEqual(['done', 'failed', 'cancelled']);
});
