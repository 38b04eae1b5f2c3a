// The text of a key: its parts, and that a mistyped one is not read as one.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashKey, keyIdOf, mintKey } from '../../src/auth/key-format.ts';

it('mints a prefix, an id, a 256-bit secret and a checksum', () => {
  const { keyId, apiKey } = mintKey();
  expect(apiKey).toMatch(/^jg_[0-9a-f]{12}_[0-9a-f]{64}_[0-9a-f]{8}$/);
  expect(apiKey.split('_')[1]).toBe(keyId);
  expect(keyIdOf(apiKey)).toBe(keyId);
});

it('never mints the same twice', () => {
  const keys = Array.from({ length: 1000 }, () => mintKey().apiKey);
  expect(new Set(keys).size).toBe(1000);
});

it('notices every single mistyped character', () => {
  const { apiKey } = mintKey();
  for (let at = 0; at < apiKey.length; at += 1) {
    const wrong = apiKey[at] === '0' ? '1' : '0';
    expect(keyIdOf(apiKey.slice(0, at) + wrong + apiKey.slice(at + 1))).toBeUndefined();
  }
});

it.each(['', 'jg_', 'x'.repeat(100_000), 'jg_é', `${mintKey().apiKey} `])(
  'reads no id from what is no key',
  (text) => {
    expect(keyIdOf(text)).toBeUndefined();
  },
);

it('hashes with SHA-256', () => {
  expect(hashKey('abc')).toEqual(createHash('sha256').update('abc').digest());
});
