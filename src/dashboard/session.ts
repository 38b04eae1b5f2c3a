// The session: the API key of this tab, what it may do, and why it ended.
import { allows, type Scope } from '../contract/scope.ts';
import { connect, type CurrentKey, type Gateway } from './gateway.ts';
import { keptIn } from './kept.ts';
import { createStore, useStore } from './store.ts';

/** Of this tab only. */
const storedKey = keptIn('sessionStorage', 'jobgate.api-key');

export interface Session {
  gateway: Gateway;
  key: CurrentKey;
}

export type SessionState =
  | { phase: 'signed_out'; ended?: 'revoked' | undefined }
  | { phase: 'resuming' }
  | { phase: 'unreachable' }
  | ({ phase: 'signed_in' } & Session);

export const session = createStore<SessionState>({ phase: 'resuming' });

/** Those of sessions that are over: what they still answer belongs to no later one. */
const past = new WeakSet<Gateway>();

/** Resolves once the key was accepted; rejects with what the gateway said. */
export async function signIn(apiKey: string): Promise<void> {
  const gateway = open(apiKey);
  begin(apiKey, gateway, await gateway.keys.current.query());
}

function open(apiKey: string): Gateway {
  const gateway: Gateway = connect(apiKey, () => past.has(gateway));
  return gateway;
}

function begin(apiKey: string, gateway: Gateway, key: CurrentKey): void {
  storedKey.set(apiKey);
  become({ phase: 'signed_in', gateway, key });
}

/** A key that is made in the place of the session's own. */
let successor: Promise<unknown> | undefined;

/** Goes on with the key that is made, at once: the one of before may have ended already. */
export function succeed<Made extends CurrentKey & { api_key: string }>(
  making: Promise<Made>,
): Promise<Made> {
  const made = making.then((key) => {
    begin(key.api_key, open(key.api_key), key);
    return key;
  });
  successor = made.catch(() => undefined);
  return made;
}

/** The gateway does not take the key any more. Its successor's answer may come after that of its end. */
export async function endRefused(): Promise<void> {
  const refused = session.get();
  await successor;
  if (session.get() === refused) signOut('revoked');
}

/** Forgets the key. `ended`: the gateway did not take it any more. */
export function signOut(ended?: 'revoked'): void {
  storedKey.set(null);
  become({ phase: 'signed_out', ended });
}

function become(next: SessionState): void {
  const before = session.get();
  if (before.phase === 'signed_in') past.add(before.gateway);
  session.set(next);
}

/** After a reload of the tab. */
export async function resume(): Promise<void> {
  const apiKey = storedKey.get();
  if (apiKey === null) return session.set({ phase: 'signed_out' });
  session.set({ phase: 'resuming' });
  try {
    await signIn(apiKey);
  } catch (error) {
    if (statusOf(error) === 401) signOut('revoked');
    else session.set({ phase: 'unreachable' });
  }
}

/** The HTTP status of a failed call; undefined when the gateway could not be reached. */
export function statusOf(error: unknown): number | undefined {
  const { data } = (error ?? {}) as { data?: { httpStatus?: number } | null };
  return data?.httpStatus;
}

/** Only below what is drawn when somebody is signed in. */
export function useSession(): Session {
  const state = useStore(session);
  if (state.phase !== 'signed_in') throw new Error('nobody is signed in');
  return state;
}

/** Whether the key may do what needs `scope`: what it may not is not offered. */
export function useMay(scope: Scope): boolean {
  const { key } = useSession();
  return allows(key.scopes, scope);
}
