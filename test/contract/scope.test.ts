// Scopes: admin implies all, submit implies read, work implies neither.
import { expect, it } from 'vitest';
import { allows, SCOPES, type Scope } from '../../src/contract/scope.ts';

const IMPLIED: Record<Scope, Scope[]> = {
  read: ['read'],
  submit: ['read', 'submit'],
  work: ['work'],
  admin: ['read', 'submit', 'work', 'admin'],
};

const PAIRS = SCOPES.flatMap((held) => SCOPES.map((needed) => ({ held, needed })));

it.each(PAIRS)('$held for what needs $needed', ({ held, needed }) => {
  expect(allows([held], needed)).toBe(IMPLIED[held].includes(needed));
});

it('several scopes allow what each of them does', () => {
  expect(allows(['read', 'work'], 'work')).toBe(true);
  expect(allows(['read', 'work'], 'submit')).toBe(false);
});

it('no scope allows nothing', () => {
  expect(SCOPES.filter((scope) => allows([], scope))).toEqual([]);
});
