// Near misses: what counts as one, and what is another word.
import { expect, it } from 'vitest';
import { nearMiss } from '../src/near-miss.ts';

const KNOWN = ['HOST', 'LOG_LEVEL', 'MAX_QUEUE_LENGTH'];

it.each([
  ['HSOT', 'HOST'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['LOG_LEVLE', 'LOG_LEVEL'],
  ['LOG_LEVELS', 'LOG_LEVEL'],
  ['LOG_LEBEL', 'LOG_LEVEL'],
  ['MAX_QUEU_LENGHT', 'MAX_QUEUE_LENGTH'],
])('%s is nearly %s', (name, known) => {
  expect(nearMiss(name, KNOWN)).toBe(known);
});

it.each(['HOST', 'POST', 'HOSTS', 'LG_LVEL', 'MAX_LENGTH', ''])('%j is no near miss', (name) => {
  expect(nearMiss(name, KNOWN)).toBeUndefined();
});
