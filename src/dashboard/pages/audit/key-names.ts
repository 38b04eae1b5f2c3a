// What the audit list calls those who did something: by the names of their keys, where it knows them.
import type { Text } from '../../i18n/words.ts';
import type { ApiKey } from '../keys/key-state.ts';

export type AuditText = Text<'audit'>;

/** Ids that stand for what is no key in the store. */
export const UNSTORED_KEYS = {
  env: 'the_variable',
  cli: 'the_command',
  start: 'the_start',
} as const;

/** Undefined when nothing is known but the id. */
export function nameOfKey(
  keyId: string,
  keys: readonly ApiKey[],
  t: AuditText,
): string | undefined {
  if (keyId in UNSTORED_KEYS) return t(UNSTORED_KEYS[keyId as keyof typeof UNSTORED_KEYS]);
  return keys.find(({ key_id }) => key_id === keyId)?.name || undefined;
}
