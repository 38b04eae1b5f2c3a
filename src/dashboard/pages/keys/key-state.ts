// Whether a key opens anything, and why not.
import type { Outputs } from '../../gateway.ts';

export type ApiKey = Outputs['keys']['list']['keys'][number];

export type KeyState = 'live' | 'expired' | 'revoked';

/** `now`: epoch milliseconds. */
export function stateOf({ revoked_at, expires_at }: ApiKey, now: number): KeyState {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && expires_at <= now ? 'expired' : 'live';
}

/** Those that open something first, then the newest first. */
export function inOrder(keys: readonly ApiKey[], now: number): ApiKey[] {
  const rank = (key: ApiKey) => (stateOf(key, now) === 'live' ? 0 : 1);
  return keys.toSorted((a, b) => rank(a) - rank(b) || b.created_at - a.created_at);
}
