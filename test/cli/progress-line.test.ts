// The line that a terminal shows: its bar, its words, its width.
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { progressLine, type Shown } from '../../src/cli/progress-line.ts';
import type { Progress } from '../../src/contract/job.ts';

const NOW = 1_764_000_000_000;

function lineOf(progress: Progress | null, columns = 100, more: Partial<Shown> = {}): string {
  const shown = { status: 'running' as const, since: NOW - 75_400, progressAt: NOW, progress };
  return progressLine({ ...shown, ...more }, { now: NOW, columns, stream: new PassThrough() });
}

describe('the bar', () => {
  it.each([
    [0, '░'.repeat(30)],
    [50, '█'.repeat(15) + '░'.repeat(15)],
    [99.9, `${'█'.repeat(29)}▉`],
    [100, '█'.repeat(30)],
  ])('at %d percent', (percent, bar) => {
    expect(lineOf({ percent })).toBe(`running  ${bar}  ${Math.floor(percent)} %  (1 min 15 s)`);
  });

  it('is left out where nothing is known, and where there is no room', () => {
    expect(lineOf(null)).toBe('running  (1 min 15 s)');
    expect(lineOf({ phase: 'decode' })).toBe('running  decode  (1 min 15 s)');
    expect(lineOf({ percent: 5, phase: 'decode' }, 40)).toBe('running  5 %  decode  (1 min 15 s)');
  });
});

describe('the words', () => {
  it('count down what was told to be left', () => {
    const told = { progressAt: NOW - 20_000 };
    expect(lineOf({ eta_seconds: 90 }, 100, told)).toContain('about 1 min 10 s left');
    expect(lineOf({ eta_seconds: 5 }, 100, told)).toContain('about 0 s left');
  });

  it.each([1, 8, 20, 40, 79, 120])('fit into %i columns, wide or not', (columns) => {
    for (const character of ['m', '界']) {
      const line = lineOf({ percent: 7, message: character.repeat(200) }, columns);
      const width = line.replaceAll('界', '  ').length;
      expect(width).toBeLessThan(Math.max(columns, 8));
    }
  });

  it('hold no control codes of a worker', () => {
    expect(lineOf({ message: '\u001B[2J\r\nx\u202E' })).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
